"""Planted defects of files, keys and folders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from v2g_tool.bench.pki.defects.defect import Alter, Defect
from v2g_tool.bench.pki.plan import CERTS, TRUST, File, Plan
from v2g_tool.bench.pki.sound import SECC

PASSPHRASE_FILE = f"{CERTS}/seccLeafPassword.txt"
"""Where other programs for chargers put the passphrase of the SECC key."""
_KEY_ELSEWHERE = "/etc/v2g/keys/secc.key"
_BOM = b"\xef\xbb\xbf"


def _finished(finish: Callable[[bytes], bytes]) -> Alter:
    def alter(plan: Plan) -> None:
        plan.files[SECC.certificate].finish = finish

    return alter


def _is(path: str, file: File) -> Alter:
    return lambda plan: plan.files.update({path: replace(file)})


def _gone(path: str) -> Alter:
    def alter(plan: Plan) -> None:
        del plan.files[path]

    return alter


def _two_roots(plan: Plan) -> None:
    plan.keys["mo-root-2"] = "p256"
    second = plan.copied("mo-root-2", of="mo-root")
    second.issuer = second.key = "mo-root-2"
    second.subject = {**second.subject, "CN": "MORootCA2"}
    plan.files[f"{TRUST}/mo/mo-root.pem"].holds += ("mo-root-2",)
    plan.pins.append("mo-root-2")


def _cut(content: bytes) -> bytes:
    """Take a line out of the middle of the first certificate; the text around it stays right."""
    lines = content.split(b"\n")
    return b"\n".join(lines[:4] + lines[5:])


def _foreign_key(plan: Plan) -> None:
    plan.keys["stranger"] = "p256"
    plan.files[SECC.key].holds = ("stranger",)


def _key_form(form: str) -> Alter:
    def alter(plan: Plan) -> None:
        plan.files[SECC.key].form = form

    return alter


def _opened_by_file(form: str) -> Alter:
    def alter(plan: Plan) -> None:
        plan.files[SECC.key].form = form
        plan.files[PASSPHRASE_FILE] = File("passphrase", mode=0o600)
        plan.credentials["secc"] = replace(plan.credentials["secc"], passphrase_file=PASSPHRASE_FILE)

    return alter


def _key_mode(plan: Plan) -> None:
    plan.files[SECC.key].mode = 0o644


def _key_link(plan: Plan) -> None:
    plan.files[_KEY_ELSEWHERE] = replace(plan.files.pop(SECC.key), mode=0o644)
    plan.links[SECC.key] = "../keys/secc.key"


def _key_owner(plan: Plan) -> None:
    plan.files[SECC.key].foreign = True


def _passphrase_readable(plan: Plan) -> None:
    plan.files[SECC.key].form = "key-encrypted"
    plan.files[PASSPHRASE_FILE] = File("passphrase")


def _reused(plan: Plan) -> None:
    plan.certificates["ocpp"].key = "secc"
    plan.files[plan.credentials["ocpp"].key].holds = ("secc",)


def _open_folder(plan: Plan) -> None:
    plan.folders[CERTS] = 0o755


FILES: Mapping[str, Defect] = {
    "cert-file-missing": Defect("the SECC chain file is not there", _gone(SECC.certificate)),
    "cert-file-not-pem": Defect(
        "the SECC chain file holds a web page", _is(SECC.certificate, File("text", ("<html>404 Not Found</html>\n",)))
    ),
    "cert-file-cut": Defect("the SECC certificate lacks a line of its text", _finished(_cut)),
    "cert-file-trailing": Defect(
        "text follows the last certificate of the SECC chain",
        _finished(lambda content: content + b"exported by hand\n"),
    ),
    "cert-file-bom": Defect("the SECC chain begins with a byte order mark", _finished(lambda content: _BOM + content)),
    "cert-file-crlf": Defect(
        "the SECC chain has the line ends of Windows", _finished(lambda content: content.replace(b"\n", b"\r\n"))
    ),
    "cert-file-der": Defect(
        "the MO root is DER in a .pem file", _is(f"{TRUST}/mo/mo-root.pem", File("certificate-der", ("mo-root",)))
    ),
    "cert-file-several": Defect("the file of the MO root holds two roots", _two_roots),
}
"""Defects of the files that certificates are in."""

KEYS: Mapping[str, Defect] = {
    "key-missing": Defect("the SECC key is not there", _gone(SECC.key)),
    "key-foreign": Defect("the SECC key is that of another request", _foreign_key),
    "key-readable": Defect("the SECC key has mode 0644", _key_mode),
    "key-link-readable": Defect("the SECC key is a link to a file of mode 0644", _key_link),
    "key-owner": Defect("the SECC key belongs to nobody (the bench must run as root)", _key_owner),
    "key-tpm": Defect("the SECC key is kept by a TPM; its file is a TSS2 PRIVATE KEY", _key_form("key-tpm")),
    "key-encrypted": Defect("the SECC key is an ENCRYPTED PRIVATE KEY", _key_form("key-encrypted")),
    "key-locked": Defect("the SECC key is an EC PRIVATE KEY with a Proc-Type lock", _key_form("key-locked")),
    "key-with-passphrase": Defect(
        "sound: the SECC key is locked, and the site file names its passphrase file", _opened_by_file("key-encrypted")
    ),
    "key-in-pkcs12": Defect(
        "sound: the SECC key is in a PKCS#12 file whose passphrase the site file names", _opened_by_file("key-pkcs12")
    ),
    "key-passphrase-readable": Defect("the passphrase of the SECC key is in a file of mode 0644", _passphrase_readable),
    "key-reused": Defect("the station has the key of the SECC", _reused),
    "key-folder-open": Defect("the folder of the keys has mode 0755", _open_folder),
}
"""Defects of the private keys."""
