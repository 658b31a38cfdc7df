"""A computer with a trust store that the real `update-ca-certificates` built, and commands that change it."""

from __future__ import annotations

import datetime
import errno
import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.bounds import HANG_S
from tests.system.commands import HERE, TOOL, on_terminal
from v2g_tool.bench.pki.plan import BUNDLE, RECEIVED, SYSTEM_SOURCES, SYSTEM_STORE
from v2g_tool.bench.pki.site import Pki, pki_text
from v2g_tool.errors import V2GError
from v2g_tool.pki.procedure import InstallRoot, OnTree
from v2g_tool.run.commission import commission
from v2g_tool.run.request import Request, passphrase_from

REBUILD = "/usr/sbin/update-ca-certificates"
PACKAGED = "usr/share/ca-certificates"
Snapshot = Mapping[str, tuple[object, ...]]


@dataclass(frozen=True)
class Ran:
    """What a run came to: its exit status, its report where it made one, and what it said where it made none."""

    status: int
    report: Mapping[str, Any]
    folder: Path | None
    said: str = ""

    def findings(self, check: str) -> list[tuple[str, str]]:
        """Give verdict and statement of each finding of a check."""
        rows = self.report.get("findings", [])
        return [(row["verdict"], row["statement"]) for row in rows if row["check"] == check]

    @property
    def kinds(self) -> list[str]:
        """The kinds of its evidence about the store or modes, in order."""
        assert self.folder is not None
        lines = (self.folder / "evidence.jsonl").read_bytes().splitlines()
        kinds = [str(json.loads(line)["kind"]) for line in lines]
        return [kind for kind in kinds if kind.startswith(("ca-store", "mode"))]


@dataclass(frozen=True)
class Computer:
    """A file tree with its site file, and a folder for state and reports."""

    folder: Path
    pki: Pki
    tree_name: str = "ems"

    @property
    def tree(self) -> Path:
        return self.folder / self.tree_name

    @property
    def received(self) -> Path:
        """The utility's root as it came by mail."""
        return self.tree / RECEIVED[1:]

    @property
    def installed(self) -> Path:
        """Where the site file wants the utility's root."""
        return self.tree / self.pki.utility_root[1:]

    @property
    def built(self) -> Path:
        return self.tree / SYSTEM_STORE[1:]

    @property
    def fingerprint(self) -> str:
        return self.pki.fingerprints["utility-root"]

    @property
    def site_file(self) -> Path:
        return self.folder / "site.toml"

    def describe(self, *, credentials: bool = False) -> None:
        """Write the site file; judging takes longer with credentials in it."""
        head = f'[site]\nname = "test"\nbench = true\n\n[ems]\nroot = "{self.tree}"\n\n'
        text = pki_text(self.pki)
        self.site_file.write_text(head + (text if credentials else text.partition("[pki.credentials")[0]))

    def edit(self, old: str, new: str) -> None:
        text = self.site_file.read_text()
        assert old in text
        self.site_file.write_text(text.replace(old, new))

    def environment(self) -> dict[str, str]:
        ours = {"HOME": str(self.folder), "V2G_SITE": str(self.site_file), "V2G_STATE_DIR": str(self.folder / "state")}
        keys = {"V2G_BENCH_KEY": str(self.folder / "key.pem"), "V2G_BENCH_CERT": str(self.folder / "cert.pem")}
        return {**os.environ, **ours, **keys, "COLUMNS": "80"}

    def run(self, procedure: OnTree, *, yes: bool = False) -> Ran:
        """Run a procedure here, without a terminal, as the command line does."""
        reports = self.folder / "reports"
        before = {*reports.glob("*")}
        request = Request(self.site_file, reports, False, True, yes, False, passphrase_from(None))
        try:
            status, said = int(commission(request, procedure)), ""
        except V2GError as exc:
            status, said = int(exc.status), f"{exc.what}\n{exc.why}\n{exc.todo}"
        made = [*({*reports.glob("*")} - before)]
        report = json.loads((made[0] / "report.json").read_bytes()) if made and not said else {}
        return Ran(status, report, made[0] if made else None, said)

    def install(self, file: Path | None = None, fingerprint: str | None = None, **options: Any) -> Ran:
        """Install a root, the utility's with its fingerprint by default."""
        given = self.fingerprint if fingerprint is None and file is None else fingerprint or ""
        return self.run(InstallRoot(file or self.received, given, **options))

    def command(self, *words: str, program: Sequence[str] = TOOL) -> subprocess.CompletedProcess[str]:
        """Run a whole command, without a terminal."""
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True}
        return subprocess.run(
            [*program, *words], env=self.environment(), cwd=self.folder, timeout=HANG_S, check=False, **options
        )

    def killed(self, position: int, phase: str = "after") -> None:
        """Install the utility's root and die at a line of the evidence."""
        program = (sys.executable, str(HERE / "kill_at.py"), str(position), phase, "--")
        words = ("certs", "install", str(self.received), "--fingerprint", self.fingerprint)
        assert self.command(*words, program=program).returncode == -9

    def typed(self, answers: Sequence[str], *words: str) -> tuple[int, str]:
        """Run a whole command on a terminal."""
        status, shown = on_terminal([*TOOL, *words], answers, self.environment(), self.folder)
        return status, " ".join(shown.split())

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a whole command and go on."""
        options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([*TOOL, *words], env=self.environment(), cwd=self.folder, text=True, **options)

    @contextmanager
    def held_rebuild(self) -> Iterator[HeldRebuild]:
        """Let the next rebuild stand still in its midst: its list of packaged roots becomes a pipe."""
        listed = self.tree / "etc/ca-certificates.conf"
        kept = listed.with_name("kept.conf")
        listed.rename(kept)
        os.mkfifo(listed)
        held = HeldRebuild(listed, kept)
        try:
            yield held
        finally:
            held.let_go()

    def open_intents(self) -> list[Path]:
        return sorted((self.folder / "state").glob("ca-*.json"))


class HeldRebuild:
    """A rebuild that waits for its list of packaged roots."""

    def __init__(self, pipe: Path, kept: Path) -> None:
        self._pipe, self._kept = pipe, kept
        self._descriptor = -1

    def wait_until_it_stands(self) -> None:
        """Wait until the program has opened its list."""
        end = time.monotonic() + HANG_S
        while self._descriptor < 0:
            try:
                self._descriptor = os.open(self._pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as exc:
                if exc.errno != errno.ENXIO:
                    raise
                assert time.monotonic() < end, "no rebuild has begun"
                time.sleep(0.005)

    def let_go(self) -> None:
        """Give it the list that it had before."""
        if self._kept.exists():
            self._kept.replace(self._pipe)
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def snapshot(root: Path, *, times: bool = False) -> Snapshot:
    """Give what lies under a folder: kinds, modes, bytes and targets; on demand also when it was written."""
    found: dict[str, tuple[object, ...]] = {}
    for path in [root, *sorted(root.rglob("*"))]:
        status = path.lstat()
        when = status.st_mtime_ns if times else 0
        content: object = ""
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            content = path.read_bytes()
        found[str(path.relative_to(root))] = (stat.filemode(status.st_mode), content, when)
    return found


def programs_find(computer: Computer, root: Path) -> bool:
    """Say whether OpenSSL trusts a root by the hash of its name, and whether it does by the bundle; both or none."""
    ways = (["-no-CAfile", "-CApath", str(computer.built)], ["-no-CApath", "-CAfile", str(computer.tree / BUNDLE[1:])])
    verify = ["openssl", "verify", "-no-CAstore"]
    found = [
        subprocess.run([*verify, *way, str(root)], capture_output=True, timeout=HANG_S, check=False) for way in ways
    ]
    trusted = {done.returncode == 0 for done in found}
    assert len(trusted) == 1, [done.stderr for done in found]
    return trusted.pop()


def rebuilt(tree: Path) -> None:
    """Build the store of a tree as its administrator would, with links that are right inside of it."""
    up = "../../.."
    folders = ["--certsdir", f"{up}/{PACKAGED}", "--localcertsdir", f"{up}{SYSTEM_SOURCES}"]
    words = [*folders, "--certsconf", str(tree / "etc/ca-certificates.conf"), "--hooksdir", "/nonexistent"]
    subprocess.run(
        [REBUILD, *words, "--etccertsdir", str(tree / SYSTEM_STORE[1:]), "--fresh"],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        capture_output=True,
        timeout=HANG_S,
        check=True,
    )


NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def root_certificate(
    name: str = "Any Root",
    key: Key | None = None,
    *,
    subject: x509.Name | None = None,
    life: tuple[int, int] = (-10, 10),
    signer: Key | None = None,
    cert_sign: bool = True,
) -> x509.Certificate:
    """Give a certificate that names itself as its issuer; its life is in days from now."""
    key = key or new_key()
    subject = subject or x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    begin, end = (NOW + datetime.timedelta(days=days) for days in life)
    usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
    usage |= {"encipher_only": False, "decipher_only": False, "digital_signature": True, "crl_sign": True}
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), begin, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(x509.KeyUsage(key_cert_sign=cert_sign, **usage), critical=True)
    return builder.sign(signer or key, hashes.SHA256())


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)
