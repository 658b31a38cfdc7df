"""Writes a PKI into the file tree of the EMS."""

from __future__ import annotations

import datetime
import hashlib
import os
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from v2g_tool.bench.pki.defects.table import DEFECTS
from v2g_tool.bench.pki.der import pem
from v2g_tool.bench.pki.plan import ACCOUNT, CRL_SERVER, CRLS, OCSP, SYSTEM_STORE, Credential, File, Plan
from v2g_tool.bench.pki.site import Pki
from v2g_tool.bench.pki.sound import sound_plan
from v2g_tool.errors import RequestError

if TYPE_CHECKING:
    from v2g_tool.bench.pki.issue import Made

_NOBODY = 65534
_LFDI_OCTETS, _SFDI_BITS = 20, 36


def write_pki(
    root: Path, faults: Iterable[str] = (), now: datetime.datetime | None = None, crl_server: str = CRL_SERVER
) -> Pki:
    """Write a PKI into a file tree, and give what the site file and the tests need of it.

    Args:
        root: the tree; folders that are not there are made.
        faults: names of defects, applied in this order.
        now: the moment around which all lives are laid; the present one when None.
        crl_server: where the certificates say that their revocation lists are.

    Raises:
        RequestError: a fault is not known, or cannot be planted here.
    """
    plan = sound_plan((now or datetime.datetime.now(datetime.UTC)).replace(microsecond=0), crl_server)
    for name in faults:
        _plant(plan, name)
    from v2g_tool.bench.pki.issue import issue

    made, passphrase = issue(plan), secrets.token_urlsafe(16)
    _make_folders(root, plan)
    for path, file in plan.files.items():
        _write(_under(root, path), _content(file, made, passphrase), file)
    _make_links(root, plan)
    return _pki(plan, made, passphrase)


def _plant(plan: Plan, name: str) -> None:
    if name not in DEFECTS:
        raise RequestError(
            f"The bench knows no fault of a PKI named {name!r}.", todo="List them: v2g-tool bench faults."
        )
    try:
        DEFECTS[name].alter(plan)
    except (KeyError, ValueError) as error:
        raise RequestError(
            f"The fault {name} cannot be planted beside the ones before it.",
            why=f"They leave nothing to alter: {error}.",
            todo="Plant fewer at once.",
        ) from error


def _make_folders(root: Path, plan: Plan) -> None:
    for path, mode in plan.folders.items():
        folder = _under(root, path)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(mode)


def _under(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def _write(path: Path, content: bytes, file: File) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)
    path.chmod(file.mode)
    if file.modified is not None:
        os.utime(path, (file.modified.timestamp(),) * 2)
    if file.foreign:
        _give_away(path)


def _give_away(path: Path) -> None:
    why = "It runs as the account that the file would be given to."
    try:
        os.chown(path, _NOBODY, -1)
    except OSError as error:
        why = f"The system says: {error.strerror}."
    if path.stat().st_uid in {0, os.getuid()}:
        raise RequestError(
            f"The bench could not give {path.name} to another account.", why=why, todo="Start the bench as root."
        )


def _content(file: File, made: Made, passphrase: str) -> bytes:
    content = _FORMS[file.form](file, made, passphrase)
    return file.finish(content) if file.finish else content


def _certificates(file: File, made: Made, _: str) -> bytes:
    return b"".join(pem("CERTIFICATE", made.certificates[label]) for label in file.holds)


def _key(file: File, made: Made, passphrase: str) -> bytes:
    from v2g_tool.bench.pki.private_keys import key_file

    return key_file(made.keys[file.holds[0]], file.form, passphrase)


_FORMS: Mapping[str, Callable[[File, Made, str], bytes]] = {
    "certificates": _certificates,
    "certificate-der": lambda file, made, _: made.certificates[file.holds[0]],
    "crl": lambda file, made, _: made.crls[file.holds[0]],
    "ocsp": lambda file, made, _: made.ocsp[file.holds[0]],
    "passphrase": lambda _file, _made, passphrase: f"{passphrase}\n".encode(),
    "text": lambda file, _made, _passphrase: file.holds[0].encode(),
    **dict.fromkeys(("key", "key-encrypted", "key-locked", "key-pkcs12", "key-tpm"), _key),
}


def _make_links(root: Path, plan: Plan) -> None:
    from v2g_tool.bench.pki.issue import distinguished
    from v2g_tool.bench.pki.subject_hash import subject_hash

    for path, target in plan.links.items():
        _link(_under(root, path), target)
    for label, target in plan.hash_links.items():
        name = subject_hash(distinguished(plan.certificates[label].subject))
        _link(_under(root, f"{SYSTEM_STORE}/{name}.0"), target)


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def _pki(plan: Plan, made: Made, passphrase: str) -> Pki:
    from v2g_tool.bench.pki.issue import distinguished
    from v2g_tool.bench.pki.private_keys import secret_of

    fingerprints = {label: hashlib.sha256(der).hexdigest() for label, der in made.certificates.items()}
    return Pki(
        ACCOUNT,
        [CRLS],
        [OCSP] if OCSP in plan.folders else [],
        [fingerprints[label] for label in plan.pins],
        plan.utility_root,
        plan.stores,
        {name: _registered(entry, fingerprints) for name, entry in plan.credentials.items()},
        made.serials,
        {label: distinguished(entry.subject).rfc4514_string() for label, entry in plan.certificates.items()},
        fingerprints,
        {label: secret_of(key) for label, key in made.keys.items()},
        {f"{label}.crl": der for label, der in made.fresh.items()},
        passphrase,
    )


def _registered(entry: Credential, fingerprints: Mapping[str, str]) -> Credential:
    """Give a credential as the server has registered it, where no defect says otherwise (IEEE 2030.5, 6.3.3, 6.3.4)."""
    if entry.role != "sep2-device":
        return entry
    fingerprint = bytes.fromhex(fingerprints[entry.leaf])
    lfdi = fingerprint[:_LFDI_OCTETS].hex().upper()
    return replace(entry, lfdi=entry.lfdi or lfdi, sfdi=entry.sfdi or short_form(fingerprint))


def short_form(fingerprint: bytes) -> str:
    """Give the SFDI of a fingerprint: 36 bits in decimal, and a digit that makes the digit sum a multiple of 10."""
    number = str(int.from_bytes(fingerprint[:8], "big") >> (64 - _SFDI_BITS))
    return f"{number}{-sum(map(int, number)) % 10}"
