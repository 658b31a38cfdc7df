"""Who stops reading, or cannot be written to, does not change what a command found."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from tests.bounds import HANG_S
from tests.report.sample import PASSPHRASE, signed_bundle
from tests.system.commands import TOOL
from v2g_tool.report.signing.keys import init_key, load_signer

Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give an intact report of somebody whom nobody here knows."""
    folder = tmp_path_factory.mktemp("stranger")
    files = init_key(folder / "keys", "A. Stranger", PASSPHRASE, datetime(2026, 1, 2, tzinfo=UTC))
    return signed_bundle(folder, load_signer(files.key, files.certificate, PASSPHRASE))


@pytest.fixture
def judged(stranger: Path, tmp_path: Path) -> dict[str, tuple[int, Sequence[str]]]:
    """Give commands with the status that each must end with, whoever reads."""
    altered = tmp_path / "altered" / stranger.name
    altered.mkdir(parents=True)
    for file in stranger.iterdir():
        (altered / file.name).write_bytes(file.read_bytes().replace(b'"verdict":"pass"', b'"verdict":"fail"'))
    for part in ("etc", "proc/sys"):
        (tmp_path / "image" / part).mkdir(parents=True)
    examine = ("sysctl", "--unsigned", "--root", str(tmp_path / "image"), "--out", str(tmp_path / "reports"))
    return {
        "a finding failed": (1, examine),
        "a finding failed, as JSON": (1, (*examine, "--json")),
        "a wrong command line": (2, ("sysctl", "--no-such-option")),
        "a wrong request": (2, ("explain", "NO-SUCH-FINDING")),
        "a stranger's report": (3, ("report", "verify", str(stranger))),
        "an altered report": (5, ("report", "verify", str(altered))),
    }


JUDGED = (
    "a finding failed",
    "a finding failed, as JSON",
    "a wrong command line",
    "a wrong request",
    "a stranger's report",
    "an altered report",
)
SHOWN = (("--version",), ("--help",), ("report", "schema"), ("bench", "faults"))


def run(
    words: Sequence[str],
    home: Path,
    *,
    redirected: str = "",
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = TOOL,
    **options: int,
) -> Done:
    """Run v2g-tool with what a shell writes behind it, such as `>&-`; whatever is not given is captured."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    variables = {name: value for name, value in os.environ.items() if not name.startswith("V2G_")}
    own = {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "COLUMNS": "80"}
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", *program, *words],
        env={**variables, **own, **(env or {})},
        cwd=home,
        encoding=(env or {}).get("PYTHONIOENCODING", "utf-8"),
        timeout=HANG_S,
        check=False,
        **pipes,  # type: ignore[call-overload]
    )


@contextmanager
def nobody_reads() -> Iterator[int]:
    """Give the writing end of a pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


@pytest.mark.parametrize("name", JUDGED)
def test_a_reader_that_has_gone_does_not_change_the_status(judged, name: str, tmp_path: Path):
    status, words = judged[name]

    with nobody_reads() as pipe:
        done = run(words, tmp_path, stdout=pipe)

    assert done.returncode == status, done.stderr
    assert "Exception ignored" not in done.stderr
    assert "Broken pipe" not in done.stderr


@pytest.mark.parametrize("words", SHOWN)
def test_a_reader_that_has_gone_leaves_status_0_where_nothing_is_judged(words: Sequence[str], tmp_path: Path):
    with nobody_reads() as pipe:
        done = run(words, tmp_path, stdout=pipe)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_finding_that_failed_is_no_success_behind_a_pipe_that_is_closed_after_the_first_line(judged, tmp_path: Path):
    status, words = judged["a finding failed"]
    reading, writing = os.pipe()
    with os.fdopen(reading) as lines, os.fdopen(writing, "w") as pipe:
        child = subprocess.Popen([*TOOL, *words], cwd=tmp_path, stdout=pipe, stderr=subprocess.PIPE, text=True)
        pipe.close()
        assert lines.readline()
        lines.close()
        _, said = child.communicate(timeout=HANG_S)

    assert (child.returncode, said) == (status, "")


@pytest.mark.parametrize("name", JUDGED)
@pytest.mark.parametrize("redirected", ["2>/dev/full", "2>&-"])
def test_an_error_that_cannot_be_told_does_not_change_the_status(judged, name: str, redirected: str, tmp_path: Path):
    status, words = judged[name]

    assert run(words, tmp_path, redirected=redirected).returncode == status


@pytest.mark.parametrize("name", JUDGED)
def test_an_error_that_nobody_reads_does_not_change_the_status(judged, name: str, tmp_path: Path):
    status, words = judged[name]

    with nobody_reads() as pipe:
        assert run(words, tmp_path, stderr=pipe).returncode == status


def defect(number: int, *, redirected: str = "", before: str = "") -> Done:
    """Run a program in which a command fails with an error of the operating system that nothing expects."""
    program = f"""
import typer
from v2g_tool.cli.entry import run_app
app = typer.Typer()
@app.command()
def measure() -> None:
    raise OSError({number}, "the instrument has gone")
{before}
run_app(app)
"""
    return subprocess.run(
        ["sh", "-c", f'exec "$@" {redirected}', "sh", TOOL[0], "-c", program],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )


def kept_in(folder: Path) -> str:
    return f"import tempfile; tempfile.tempdir = {str(folder)!r}"


def test_a_broken_pipe_to_something_else_is_not_taken_for_a_reader_that_has_gone(tmp_path: Path):
    done = defect(errno.EPIPE, before=kept_in(tmp_path))

    assert done.returncode == 70
    assert "the instrument has gone" in done.stderr


@pytest.mark.parametrize("redirected", ["2>/dev/full", "2>&-"])
def test_a_defect_that_cannot_be_told_is_a_defect(redirected: str, tmp_path: Path):
    assert defect(errno.EIO, redirected=redirected, before=kept_in(tmp_path)).returncode == 70


def test_a_defect_whose_trace_cannot_be_kept_is_a_defect_and_told_in_three_lines(tmp_path: Path):
    done = defect(errno.EIO, before=kept_in(tmp_path / "nowhere"))

    assert done.returncode == 70
    assert "the instrument has gone" in done.stderr
    assert len(done.stderr.splitlines()) == 3


# Closed and full


@pytest.mark.parametrize(
    ("name", "redirected"), [("a finding failed", "<&-"), *product(JUDGED, [">&-", "<&- >&- 2>&-"])]
)
def test_closed_streams_do_not_change_the_status(judged, name: str, redirected: str, tmp_path: Path):
    status, words = judged[name]

    done = run(words, tmp_path, redirected=redirected)

    assert done.returncode == status
    assert not done.stderr or "✗" in done.stderr or "Usage" in done.stderr or "--json" in words


def test_nothing_is_printed_into_the_files_of_a_run_whose_streams_are_closed(judged, tmp_path: Path):
    _, words = judged["a finding failed, as JSON"]
    run(words, tmp_path, redirected="<&- >&- 2>&-")
    (folder,) = (tmp_path / "reports").iterdir()

    verified = run(("report", "verify", str(folder)), tmp_path)

    assert (verified.returncode, verified.stderr.splitlines()[0]) == (3, "✗ the report is not signed")


@pytest.mark.parametrize("words", SHOWN)
def test_a_full_standard_output_is_told_in_three_lines_by_every_command(words: Sequence[str], tmp_path: Path):
    done = run(words, tmp_path, redirected=">/dev/full")

    assert done.returncode == 3
    assert done.stderr.startswith("✗ standard output could not be written: No space left on device\n")
    assert len(done.stderr.splitlines()) == 3


@pytest.mark.parametrize("name", JUDGED)
def test_a_full_standard_output_does_not_change_a_verdict(judged, name: str, tmp_path: Path):
    status, words = judged[name]

    assert run(words, tmp_path, redirected=">/dev/full").returncode == status


def test_a_slow_reader_of_a_pipe_that_another_program_made_impatient_gets_everything(tmp_path: Path):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    with os.fdopen(reading) as lines, os.fdopen(writing, "w") as pipe:
        child = subprocess.Popen([*TOOL, "report", "schema"], cwd=tmp_path, stdout=pipe)
        pipe.close()
        schema = json.loads(lines.read())

        assert child.wait(HANG_S) == 0
        assert schema["title"] == "v2g-tool report"


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_terminal_that_lacks_characters_shows_the_others(stranger: Path, encoding: str, tmp_path: Path):
    done = run(("report", "verify", str(stranger)), tmp_path, env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})

    assert done.returncode == 3, done.stderr
    assert "INTACT" in done.stdout
