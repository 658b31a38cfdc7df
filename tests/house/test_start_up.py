"""What starting up loads: a help text no library, one read of a meter nothing of another domain."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.report.sample import authority, issued_signer, lone_signer, signed_bundle
from tests.system.commands import site
from v2g_tool.report.signing.keys import Signer, fingerprint_of

HEAVY = {
    *("pydantic", "pymodbus", "serial", "pyvisa", "scapy", "cryptography", "asn1crypto", "rfc8785", "iperf3"),
    *("typst", "pyhanko", "numpy", "rich"),
}
"""What neither a version nor a help text needs."""
NOT_FOR_A_READ = {
    *("rich", "pyvisa", "scapy", "cryptography", "asn1crypto", "rfc8785", "iperf3"),
    *("plc_tool.procedure", "plc_tool.rules", "plc_tool.work", "plc_tool.pictures", "plc_tool.section"),
    *("v2g_tool.backhaul", "v2g_tool.host", "v2g_tool.bench", "v2g_tool.report", "v2g_tool.record", "v2g_tool.run"),
    *("v2g_tool.hal.scpi", "v2g_tool.hal.backhaul", "v2g_tool.hal.homeplug", "v2g_tool.hal.linux"),
    *("v2g_tool.hal.by_hand", "v2g_tool.hal.modbus.inverter", "v2g_tool.metering.procedure"),
    *("v2g_tool.model.carriers", "v2g_tool.model.plc", "v2g_tool.model.report"),
}
"""What one read of a meter on a site without modems does not need; whatever lies below counts too."""
PROGRAM = """
import json, sys
from {room} import {entry}
sys.argv = ["tool", *sys.argv[1:]]
try:
    {entry}()
except SystemExit as end:
    assert not end.code, end.code
print(json.dumps(list(sys.modules)))
"""


def program(room: str = "v2g_tool.app", entry: str = "v2g_tool") -> tuple[str, ...]:
    """Give the program that runs an entry, and says last what is loaded."""
    return (sys.executable, "-c", PROGRAM.format(room=room, entry=entry))


def loaded(done: subprocess.CompletedProcess[str], watched: set[str]) -> list[str]:
    """Give the modules of the watched packages that a program said it has loaded."""
    assert done.returncode == 0, done.stderr
    names = json.loads(done.stdout.splitlines()[-1])
    return [name for name in names if any(f"{name}.".startswith(f"{package}.") for package in watched)]


@pytest.mark.parametrize(("room", "entry"), [("v2g_tool.app", "v2g_tool"), ("plc_tool.cli", "v2g_plc_tool")])
@pytest.mark.parametrize("word", ["--version", "--help", "–help", "help", "-h"])
def test_version_and_help_load_no_library_but_typer(room: str, entry: str, word: str) -> None:
    done = subprocess.run([*program(room, entry), word], capture_output=True, text=True, timeout=HANG_S, check=False)

    assert loaded(done, HEAVY) == []


def test_a_read_loads_nothing_of_another_domain(tmp_path: Path) -> None:
    with site(tmp_path) as here:
        done = here.run("read", "--target", "meter_01", program=program())

    assert "EMS-0001" in done.stdout, done.stderr
    assert loaded(done, {"pymodbus"})
    assert loaded(done, NOT_FOR_A_READ) == []


def test_only_a_signer_with_an_issuer_loads_the_path_engine(tmp_path: Path) -> None:
    def verified(signer: Signer) -> list[str]:
        name = fingerprint_of(signer.certificates[-1])
        words = ("report", "verify", str(signed_bundle(tmp_path / name, signer)), "--trust", name)
        done = subprocess.run(
            [*program(), *words], cwd=tmp_path, capture_output=True, text=True, timeout=HANG_S, check=False
        )
        return loaded(done, {"pyhanko_certvalidator", "asyncio", "v2g_tool.hal.x509"})

    assert verified(lone_signer()) == []
    assert "pyhanko_certvalidator" in verified(issued_signer(authority("Utility Root")))
