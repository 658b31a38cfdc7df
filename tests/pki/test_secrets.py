"""No private key and no passphrase is in anything that `certs` writes, prints or is called with."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bounds import HANG_S

TOOL = str(Path(sys.executable).with_name("v2g-tool"))
SCRIPT = 'cp "$V2G_BENCH_PKI" truth.json; "$TOOL" certs {words}; echo "status $?"'


@pytest.mark.parametrize("fault", ["", "key-encrypted", "key-passphrase-readable", "key-foreign", "key-reused"])
@pytest.mark.parametrize("words", ["", "--json"])
def test_no_secret_is_in_report_evidence_or_streams(fault: str, words: str, tmp_path: Path) -> None:
    faults = ["--fault", fault] if fault else []
    done = subprocess.run(
        [TOOL, "bench", "run", *faults, "--", "sh", "-c", SCRIPT.format(words=words)],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "TOOL": TOOL},
        capture_output=True,
        timeout=HANG_S,
        check=True,
    )
    truth = json.loads((tmp_path / "truth.json").read_text())
    written = [path.read_bytes() for path in (tmp_path / "reports").rglob("*") if path.is_file()]
    said = b"\0".join([done.stdout, done.stderr, *written])

    assert b"status 0" in done.stdout or b"status 1" in done.stdout or b"status 3" in done.stdout
    assert len(written) >= 5
    for secret in (bytes.fromhex(digits) for digits in truth["secrets"].values()):
        plain = base64.b64encode(secret).rstrip(b"=")
        for form in (secret, secret.hex().encode(), secret.hex().upper().encode(), plain[:-2]):
            assert form not in said
        # Inside a longer text base64 begins at any of three places.
        assert all(base64.b64encode(bytes(shift) + secret)[4:-4] not in said for shift in (1, 2))
    assert truth["passphrase"].encode() not in said
