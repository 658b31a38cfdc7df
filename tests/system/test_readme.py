"""README is typed as it stands: every command line that it prints is run, and ends with a status that fits it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.bounds import HANG_S
from tests.system.commands import each, groups
from tests.system.plc_commands import needs_modems

HOUSE = Path(__file__).parents[2]
README = (HOUSE / "README.md").read_text()
PROGRAM = re.compile(r"(?:sudo )?v2g-(?:plc-)?tool \S")
PASSPHRASE = "four words of bench"
SIDE_BY_SIDE = 4
"""So many benches at once leave few cores idle, and none of them waits for long."""

RECEIVED = '"$V2G_BENCH_EMS/var/lib/v2g/received/utility-root.crt"'
PLACEHOLDERS = {
    "sudo ": "",
    '"Your Name"': '"Your Name" --passphrase-fd 3 3< passphrase',
    "FINGERPRINT": "$(openssl x509 -in reports/FOLDER/signer.pem -noout -fingerprint -sha256 | sed 's/.*=//')",
    "eth1": "plc1",
    "/mnt/image": '"$V2G_BENCH_EMS"',
    "root-ca.crt": RECEIVED,
    "SHA256": f'"$(openssl x509 -in {RECEIVED} -noout -fingerprint -sha256)"',
    "telemetry-srv.utility.example": "198.51.100.10",
    # Nobody is there to answer.
    "--persist": "--persist --yes",
    "--undo": "--undo --yes",
    # So short that nothing can be decided.
    "v2g-tool throughput": "v2g-tool throughput --max-time 2",
    "--seconds 60 --max-time 600": "--seconds 1",
    "--seconds 120": "--seconds 2",
    # Ctrl-C, as soon as there is something to stop.
    "--watch": "--watch & until find reports -newer begun -name evidence.jsonl | grep -q . || ! kill -0 $!; do "
    "sleep 0.2; done; sleep 2; kill -INT $!; wait $!",
}
"""What stands in README for something of a site, and what the bench has in its place."""

BUSY = (1, 3)
"""Not judged in so short a time, or answers that a busy machine brought too late."""
ALONE: Mapping[str, tuple[int, ...]] = {
    "v2g-tool bench run -- v2g-tool --calibrate --target=meter_01 --yes": (0,),
    "v2g-tool bench run --fault swapped-l1-l2 -- v2g-tool --calibrate --target=meter_01 --yes": (1,),
    "v2g-tool bench run -- v2g-plc-tool --snr-map --target=modem_02": (0,),
    "v2g-tool bench run -- bash": (0,),
    "v2g-tool bench run -- sh -c 'v2g-plc-tool listen --seconds 8 & sleep 2; v2g-plc-tool snr-map --active; wait'": (
        0,
    ),
    "v2g-tool bench run --fault crl-stale --fault chain-link-missing --fault key-readable -- bash": (0,),
    "v2g-tool bench run -- v2g-tool throughput --seconds 16": (0, *BUSY),
    "v2g-tool bench run --fault telemetry-loss:ratio=0.01 -- v2g-tool throughput --seconds 16": (1,),
    "v2g-tool bench run --fault telemetry-modbus -- v2g-tool throughput": BUSY,
}
"""Lines that bring their own bench, and how they may end."""

Steps = Mapping[str, tuple[int, ...]]
PREPARED = "# "
"""Begins a step that is not of README: what the next one needs."""
ON_A_BENCH: Sequence[Steps] = (
    {
        "v2g-tool --version": (0,),
        "v2g-tool --help": (0,),
        "v2g-tool help calibrate": (0,),
        "v2g-tool calibrate --help": (0,),
        "v2g-tool bench faults": (0,),
        "v2g-tool report schema": (0,),
        "v2g-tool explain": (0,),
        "v2g-tool explain CAL-TUR": (0,),
        "v2g-tool explain CERT-CRL-002": (0,),
    },
    {
        "v2g-tool profiles list": (0,),
        "v2g-tool profiles show sites/example > site.toml": (0,),
        "v2g-tool profiles check site.toml": (0,),
        "v2g-tool profiles show meters/ems-meter-service > my-meter.toml": (0,),
        "v2g-tool profiles check my-meter.toml": (0,),
        f"{PREPARED}echo {PASSPHRASE} > passphrase": (0,),
        'v2g-tool keys init --name "Your Name"': (0,),
    },
    {
        "v2g-tool read --target meter_01": (0,),
        "v2g-tool --calibrate --target=meter_01": (1, 3),
        "v2g-tool calibrate --target meter_01": (1, 3),
        f"{PREPARED}cp -r $(ls -d reports/* | head -n 1) reports/FOLDER": (0,),
        "v2g-tool verify reports/FOLDER": (0,),
        "v2g-tool report show reports/FOLDER": (0,),
        "v2g-tool report verify reports/FOLDER --trust FINGERPRINT": (0,),
    },
    {
        "v2g-tool calibrate meter_01": (1, 3),
        "v2g-tool -calibrate -target=meter_01": (1, 3),
        "v2g-tool –calibrate –target=meter_01": (1, 3),
    },
    {
        "v2g-plc-tool --snr-map": (3,),
        "v2g-plc-tool snr-map": (3,),
        f"{PREPARED}cp reports/*/frames.pcapng .; mv frames.pcapng capture.pcapng": (0,),
        "v2g-plc-tool snr-map --from capture.pcapng": (3,),
        "v2g-tool snr-map --target modem_01": (3,),
        f"{PREPARED}cd reports; set -- *; cp -r $1 BEFORE; cp -r $2 AFTER; cd ..": (0,),
        "v2g-plc-tool diff reports/BEFORE reports/AFTER": (0,),
        "v2g-plc-tool stations": (0,),
    },
    {
        "v2g-plc-tool snr-map --interface eth1 --unsigned": (3,),
        "v2g-plc-tool snr-map --active": (3,),
        "v2g-plc-tool listen --seconds 120": (3,),
        f"{PREPARED}touch begun": (0,),
        "v2g-plc-tool snr-map --watch": (3, 4),
    },
    {
        "v2g-tool sysctl": (1,),
        "v2g-tool sysctl --root /mnt/image": (1,),
        "sudo v2g-tool sysctl --apply --persist": (0,),
        "sudo v2g-tool sysctl --undo": (1,),
    },
    {
        "v2g-tool certs": (0,),
        "v2g-tool certs --at 2027-03-01": (0, 1),  # the bench's certificates live around the day of the test
        "v2g-tool certs --root /mnt/image": (0,),
        "sudo v2g-tool certs install root-ca.crt --fingerprint SHA256": (0,),
        "sudo v2g-tool certs fix-modes": (0,),
    },
    {
        "v2g-tool throughput": BUSY,
        "v2g-tool throughput --server telemetry-srv.utility.example --port 502 --unsigned": BUSY,
        "v2g-tool throughput -c telemetry-srv.utility.example -p 502 -u -b 10M --unsigned": BUSY,
        "v2g-tool throughput --seconds 60 --max-time 600": BUSY,
    },
)
"""Lines of a site, those of each group one after the other on one bench, and how they may end there."""

SCRIPTS = ("scripts/demo", "scripts/test")
"""Lines that are run otherwise: they set up the whole house."""


def code_lines(text: str) -> Iterator[str]:
    """Give each line of the indented blocks, without its remark; blocks of a site file and the tree are none."""
    for block in re.findall(r"(?:^    .*\n)+", text, re.MULTILINE):
        if not re.match(r" +(?:\[|\w+/)", block) or block.strip().startswith("scripts/"):
            yield from (re.sub(r"\s+# .*", "", line).strip() for line in block.splitlines())


def inline_commands(text: str) -> Iterator[str]:
    """Give what stands between backticks and begins as a command does."""
    prose = re.sub(r"^    .*$", "", text, flags=re.MULTILINE)
    for found in re.findall(r"`([^`]+)`", prose):
        line = " ".join(found.split())
        if PROGRAM.match(line):
            yield line


def typed_on_bench(line: str) -> str:
    """Give a step as it is typed on the bench."""
    if line.startswith(PREPARED):
        return line.removeprefix(PREPARED)
    for word, instead in PLACEHOLDERS.items():
        line = line.replace(word, instead)
    return line


def run(folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script in a new folder, with the programs by their names and nobody at a terminal."""
    folder.mkdir()
    home = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config"), "COLUMNS": "80"}
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        ["sh", "-c", script],
        env={**os.environ, **home, "PATH": path},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )


def on_one_bench(folder: Path, steps: Steps) -> None:
    """Run steps on one bench and look at the status and the words of each."""
    script = "".join(
        f"{{ {typed_on_bench(line)}\n}} > {number}.out 2> {number}.err\necho $? > {number}.status\n"
        for number, line in enumerate(steps)
    )

    done = run(folder, f"v2g-tool bench run -- sh -c {shlex.quote(script)}")

    assert done.returncode == 0, done.stderr
    for number, (line, expected) in enumerate(steps.items()):
        said = (folder / f"{number}.out").read_text() + (folder / f"{number}.err").read_text()
        assert int((folder / f"{number}.status").read_text()) in expected, f"{line}\n{said}"
        assert "Traceback" not in said, line


def test_every_command_line_of_readme_is_known_here() -> None:
    printed = {*code_lines(README), *inline_commands(README)}
    known = {*ALONE, *SCRIPTS, *(line for steps in ON_A_BENCH for line in steps if not line.startswith(PREPARED))}

    assert printed == known


def test_the_scripts_that_readme_names_can_be_run() -> None:
    for script in {*SCRIPTS, *re.findall(r"`(scripts/\w[\w-]*)", README)}:
        assert os.access(HOUSE / script, os.X_OK), script


def test_a_line_with_its_own_bench_ends_as_documented(folder: Path) -> None:
    needs_modems()

    def check(line: str) -> None:
        done = run(folder / str(list(ALONE).index(line)), line)

        assert done.returncode in ALONE[line], done.stdout + done.stderr
        assert "Traceback" not in done.stderr

    for some in groups(list(ALONE), SIDE_BY_SIDE):
        each(some, check)


def test_a_line_of_a_site_ends_as_documented_on_the_bench(folder: Path) -> None:
    needs_modems()
    for some in groups(ON_A_BENCH, SIDE_BY_SIDE):
        each(some, lambda steps: on_one_bench(folder / str(ON_A_BENCH.index(steps)), steps))
