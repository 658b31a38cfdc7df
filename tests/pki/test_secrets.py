"""No private key and no passphrase is in anything that `certs` writes, prints or calls other programs with."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bounds import HANG_S

TOOL = Path(sys.executable).with_name("v2g-tool")
SCRIPT = """
import json, os, shutil, sys
shutil.copy(os.environ["V2G_BENCH_PKI"], "truth.json")

def listen(event, values):
    if event in ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.system"):
        with open("called", "a") as called:
            print(values, file=called)

sys.addaudithook(listen)
from v2g_tool.app import v2g_tool
sys.argv = ["v2g-tool", *json.loads(sys.argv[1])]
v2g_tool()
"""
ROOT = "ems/var/lib/v2g/received/utility-root.crt"


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        (["key-with-passphrase"], ["certs"]),
        (["key-in-pkcs12", "key-reused"], ["certs", "--json"]),
        (["key-passphrase-readable"], ["certs", "fix-modes", "--dry-run"]),
        (["key-with-passphrase", "key-foreign"], ["certs", "--quiet", "--at", "2040-01-01"]),
    ],
)
def test_no_secret_is_in_report_evidence_streams_or_commands(
    faults: list[str], words: list[str], tmp_path: Path
) -> None:
    planted = [word for fault in faults for word in ("--fault", fault)]
    done = subprocess.run(
        [TOOL, "bench", "run", *planted, "--", sys.executable, "-c", SCRIPT, json.dumps(words)],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        timeout=HANG_S,
    )
    truth = json.loads((tmp_path / "truth.json").read_text())
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.name != "truth.json"]
    said = b"\0".join([done.stdout, done.stderr, *written])

    assert done.returncode in (0, 1, 3), done.stderr
    assert len(written) >= 5
    # For another moment the clock does not count, and nobody is asked for it.
    assert ("--at" in words) != (tmp_path / "called").exists()
    for secret in (bytes.fromhex(digits) for digits in truth["secrets"].values()):
        plain = base64.b64encode(secret).rstrip(b"=")
        for form in (secret, secret.hex().encode(), secret.hex().upper().encode(), plain[:-2]):
            assert form not in said
        # Inside a longer text base64 begins at any of three places.
        assert all(base64.b64encode(bytes(shift) + secret)[4:-4] not in said for shift in (1, 2))
    assert truth["passphrase"].encode() not in said
