"""The openssl program as the judge of a PKI in a file tree."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

SECC = "secc-chain.pem"


def openssl(*arguments: object) -> str:
    """Give what openssl prints, on both streams; it must not crash, but may refuse."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, timeout=60)
    assert done.returncode >= 0
    return (done.stdout + done.stderr).decode(errors="replace")


def verify(root: Path, *options: object, chain: str = SECC, anchor: str = "v2g/v2g-root.pem", crls: bool = True) -> str:
    """Give `OK`, the numbers of the errors that `openssl verify` sees, in its order, or `-` where it has no input."""
    certs = root / "etc/v2g/certs"
    lists = [word for crl in sorted((root / "etc/v2g/crl").glob("*.crl")) for word in ("-CRLfile", crl)]
    revocation = ["-crl_check_all", *lists] if crls else []
    trust = ["-CAfile", root / "etc/v2g/trust" / anchor, "-no-CApath", "-no-CAstore"]
    said = openssl("verify", *revocation, *trust, "-untrusted", certs / chain, *options, certs / chain)
    errors = re.findall(r"^error (\d+) at", said, re.MULTILINE)
    return " ".join(errors) or ("OK" if f"{chain}: OK" in said else "-")


def certificates(path: Path) -> str:
    """Give all certificates of a file in words."""
    return openssl("storeutl", "-noout", "-text", "-certs", path)


def subjects(path: Path) -> list[str]:
    """Give the subject of every certificate of a file."""
    return re.findall(r"Subject: ?(.*)", certificates(path))


def crl(path: Path) -> str:
    """Give a revocation list in words."""
    return openssl("crl", "-inform", "DER", "-in", path, "-noout", "-text")


def subject_hash(path: Path) -> str:
    """Give the hash of the subject of a certificate."""
    return openssl("x509", "-in", path, "-noout", "-subject_hash").strip()
