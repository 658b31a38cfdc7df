"""The test load is ended on every way out, and what the inverter never showed as taken is not called restored."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

from tests.bounds import HANG_S
from tests.system.commands import Site, each, findings, report_of, site, verdicts

HIDES = "inverter-hides"


def open_intents(here: Site) -> list[Path]:
    return list((here.bench.directory / "state").glob("inverter-*.json"))


def doubt(report: dict[str, Any]) -> str:
    """Give what the report says against the end of the test load."""
    (row,) = findings(report, "CAL-INVERTER")
    assert row["verdict"] == "fail"
    return str(row["statement"])


def a_run_that_ends_well(folder: Path) -> None:
    with site(folder, HIDES) as here:
        done = here.calibrate("--adjust", "never")

        assert done.returncode == 1
        assert "never showed" in doubt(report_of(done))
        assert "still shows" not in doubt(report_of(done))
        assert here.inverter_is_back()
        assert open_intents(here), "what is not proven stays open"


def a_run_that_ends_with_an_error(folder: Path) -> None:
    with site(folder, HIDES, "analyzer-silent:after=40") as here:
        report = report_of(here.calibrate("--adjust", "never"))

        assert verdicts(report)["CAL-INSTRUMENT"] == "inconclusive"
        assert "never showed" in doubt(report)
        assert here.inverter_is_back()


def a_run_that_is_stopped(folder: Path) -> None:
    with site(folder, HIDES) as here:
        child = here.start("calibrate", "--target", "meter_01", "--yes", "--quiet", "--json")
        here.wait_for("inverter.command", 2)

        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=HANG_S)

        assert child.returncode in (1, 4)
        assert here.inverter_is_back()


def a_run_that_is_killed(folder: Path) -> None:
    with site(folder, HIDES) as here:
        child = here.start("calibrate", "--target", "meter_01", "--yes", "--quiet", "--json")
        here.wait_for("inverter.command", 2)
        child.kill()
        child.communicate(timeout=HANG_S)
        assert not here.inverter_is_back()
        flowing = len(here.writes("inverter_01"))

        for words in (["meter_01", "--dry-run"], ["meter_01"], ["meter_03", "--dry-run"]):
            looked = here.run("calibrate", *words, "--quiet", "--json")
            assert looked.returncode != 0
            (told,) = [row for row in findings(report_of(looked), "CAL-RECOVERY") if "commanded" in row["statement"]]
            assert (told["verdict"], "may still flow" in told["statement"]) == ("inconclusive", True)
        assert len(here.writes("inverter_01")) == flowing

        report = report_of(here.calibrate("--adjust", "never"))

        first = here.writes("inverter_01")[flowing : flowing + 2]
        assert [write["values"][0] for write in first] == [0, 0], "ended before anything else"
        assert "told to end" in findings(report, "CAL-RECOVERY")[0]["statement"]
        assert here.inverter_is_back()


def test_a_load_that_never_showed_is_ended_on_every_way_out(folder: Path):
    ways = [a_run_that_ends_well, a_run_that_ends_with_an_error, a_run_that_is_stopped, a_run_that_is_killed]
    each(ways, lambda way: way(folder / way.__name__))


def test_a_load_that_flows_on_is_seen_by_the_reference_although_the_controls_read_as_before(folder: Path):
    with site(folder / "first") as here:
        here.calibrate("--adjust", "never")
        kinds = [(line["kind"], line["data"].get("device"), "write" in line["data"]) for line in here.evidence()]
    second = [number for number, kind in enumerate(kinds) if kind[0] == "inverter.command"][1]
    requests = sum(kind[:2] == ("modbus", "inverter_01") for kind in kinds[:second])

    with site(folder / "second", f"inverter-stuck:after={requests}") as here:
        here.edit("[inverters.inverter_01]", "[inverters.inverter_01]\nreversion_s = 3600")
        report = report_of(here.calibrate("--adjust", "never"))

    assert "the reference still shows" in doubt(report)
    assert "never showed" not in doubt(report)


def test_a_run_that_commanded_no_load_writes_nothing_to_the_inverter(folder: Path):
    with site(folder) as here:
        here.calibrate("--adjust", "never")
        position = [line["kind"] for line in here.evidence()].index("inverter.before") + 1
        before = here.writes("inverter_01")
        assert open_intents(here) == []

        stopped = here.struck(position, "SIGTERM", "calibrate", "--target", "meter_01", "--yes", "--quiet")

        assert stopped.returncode == 4
        assert here.writes("inverter_01") == before
        assert open_intents(here) == []


def test_a_late_or_lost_answer_to_the_inverter_leaves_no_load(folder: Path):
    def check(fault: str) -> None:
        with site(folder / fault.replace(":", "-"), fault) as here:
            done = here.calibrate("--adjust", "never")

            assert done.returncode in (1, 3), done.stderr
            assert "CAL-INVERTER" not in verdicts(report_of(done))
            assert here.inverter_is_back()
            assert open_intents(here) == []

    each([f"{name}:target=inverter_01:after=20:every=7:count=6" for name in ("late-reply", "reset", "busy")], check)
