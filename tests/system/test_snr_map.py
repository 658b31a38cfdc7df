"""`snr-map` on the bench's modems: each tier with its own verdict, its evidence, its spellings and its failures."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import jsonschema
import pytest

from tests.sections import section
from tests.system.commands import findings
from tests.system.plc_commands import checks, folders, needs_modems, on_bench, reports
from v2g_tool.register import all_sections
from v2g_tool.report.schema import report_schema


@pytest.fixture(autouse=True)
def _modems() -> None:
    needs_modems()


def test_every_tier_gives_its_own_verdict_and_the_three_spellings_are_one(folder: Path) -> None:
    script = """
        $PLC --snr-map --target=modem_02 --json --quiet; echo; echo "status $?"
        $TOOL –snr-map –target=modem_02 --json --quiet > /dev/null; echo "status $?"
        $PLC snr-map --target modem_03 --json --quiet; echo
        $PLC --snr-map --active --json --quiet; echo
        $PLC --snr-map --seconds 0 --json --quiet; echo
        $TOOL report verify $(ls -d reports/* | head -1); echo "status $?"
        """
    text = on_bench(folder, script)
    probe, vertexcom, sounded, counted = reports(text)

    assert [section(report, "plc")["tier"] for report in (probe, vertexcom, sounded, counted)] == [2, 1, 3, 4]
    assert [checks(r)["PLC-SNR"] for r in (probe, vertexcom, sounded, counted)] == ["pass", *["inconclusive"] * 3]
    assert (probe["verdict"], section(probe, "plc")["judged"], section(probe, "plc")["below"]) == ("pass", 917, 0)
    assert [line for line in text.splitlines() if line.startswith("status")] == ["status 0", "status 0", "status 0"]
    assert "AUTHENTIC" in text
    assert [m["flags"] for m in section(counted, "plc")["maps"] if m["tier"] == 2] == [["robo-default"]]
    assert section(sounded, "plc")["maps"][0]["rows"] == 10
    for report in (probe, vertexcom, sounded, counted):
        jsonschema.Draft202012Validator(report_schema(all_sections())).validate(report)


def test_a_line_without_a_charger_was_sounded_in_vain_and_says_so(folder: Path) -> None:
    script = "$PLC --snr-map --target=modem_02 --active --json --quiet; echo"
    (report,) = reports(on_bench(folder, script, "modem-refusing:target=modem_02"))

    (said,) = findings(report, "PLC-SOUNDING")

    assert (said["verdict"], said["subject"]) == ("inconclusive", "modem_02")
    assert "no charger confirmed CM_SLAC_PARM.REQ, which was sent 3 times" in said["statement"]
    assert said["remedy"].startswith("Check that the charger is on")
    assert report["verdict"] == "inconclusive"


def test_the_frames_of_a_report_give_the_same_map_again(folder: Path) -> None:
    script = """
        $PLC --snr-map --active --json --quiet; echo
        $PLC snr-map --target modem_01 --from reports/*/frames.pcapng --json --quiet; echo
        """
    live, again = reports(on_bench(folder, script))

    def same(report: dict[str, dict[str, object]]) -> object:
        return {name: section(report, "plc")[name] for name in ("maps", "modems", "tier", "judged")}

    assert same(live) == same(again)
    assert checks(live) == checks(again)


def test_a_report_carries_the_map_and_the_frames(folder: Path) -> None:
    on_bench(folder, "$PLC --snr-map --active --quiet")
    (here,) = folders(folder)
    names = {path.name for path in here.iterdir()}
    assert names >= {"report.json", "report.json.p7s", "frames.pcapng", "snr-map.svg", "snr-map.csv", "evidence.jsonl"}
    bound = {a["name"] for a in json.loads((here / "report.json").read_text())["attachments"]}
    assert bound == {"frames.pcapng", "snr-map.svg", "snr-map.csv", "VERIFY.txt"}
    assert (here / "snr-map.csv").read_bytes().count(b"\r\n") == 1 + 58


@pytest.mark.parametrize(
    ("fault", "target", "extra", "check"),
    [
        ("long-cable:target=modem_02", "modem_02", "", "PLC-LONG-CABLE"),
        ("narrowband:target=modem_02", "modem_02", "", "PLC-NARROWBAND"),
        ("broadband-low:target=modem_02", "modem_02", "", "PLC-BROADBAND-LOW"),
        ("mains-synchronous:target=modem_02", "modem_02", "", "PLC-MAINS-SYNCHRONOUS"),
        ("coupling-loss", "modem_01", "--active", "PLC-COUPLING"),
        ("crosstalk", "modem_01", "--active", "PLC-CROSSTALK"),
    ],
)
def test_a_planted_cause_is_named_first(folder: Path, fault: str, target: str, extra: str, check: str) -> None:
    script = f"$PLC --snr-map --target={target} {extra} --json --quiet; echo"
    (report,) = reports(on_bench(folder, script, fault))
    causes = [f["check"] for f in report["findings"] if f["check"] in ("PLC-NOISE", check) or "confidence" in str(f)]
    assert causes[0] == check
    assert report["verdict"] in ("fail", "inconclusive")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("modem-silent", "no PLC modem answers on 'plc0'"),
        ("modem-refusing", "Nothing about the link could be measured: "),
    ],
)
def test_a_modem_that_does_not_tell_is_named_and_leaves_a_report(folder: Path, fault: str, words: str) -> None:
    text = on_bench(folder, "$PLC --snr-map --seconds 0 2>&1; echo status $?", fault)
    assert "status 3" in text
    assert words in " ".join(text.split())
    assert len(folders(folder)) == 1


def test_frames_that_are_lost_late_doubled_or_lie_do_not_change_the_map(folder: Path) -> None:
    faults = ["frame-lost:every=5", "frame-duplicated:every=3", "frame-foreign", "lying-peer:count=2"]
    script = "$PLC --snr-map --target=modem_02 --json --quiet; echo"
    (report,) = reports(on_bench(folder, script, *(f"{fault}:target=modem_02" for fault in faults)))
    assert (section(report, "plc")["tier"], section(report, "plc")["judged"], report["verdict"]) == (2, 917, "pass")


def test_a_flood_of_hostile_frames_does_not_keep_the_map_from_coming(folder: Path) -> None:
    script = "$PLC --snr-map --target=modem_02 --json --quiet; echo"
    (report,) = reports(on_bench(folder, script, "frame-flood:target=modem_02"))
    assert (section(report, "plc")["tier"], section(report, "plc")["judged"]) == (2, 917)


def test_mistakes_of_the_user_are_told_in_three_lines(folder: Path) -> None:
    script = """
        $PLC --snr-map --interface plc9 2>&1; echo "status $?"
        $PLC --snr-map --target=modem_7 2>&1; echo "status $?"
        $PLC --snr-map --from nowhere.pcapng 2>&1; echo "status $?"
        $PLC --snr-map --from $V2G_SITE 2>&1; echo "status $?"
        ip link set line0 down; $PLC --snr-map 2>&1; echo "status $?"
        """
    text = on_bench(folder, script)
    assert [line for line in text.splitlines() if line.startswith("status")] == [f"status {n}" for n in (2, 2, 2, 2, 3)]
    assert text.count("✗") == 5
    assert "modem_01" in text
    assert not folders(folder)


def test_without_the_right_nothing_is_measured_and_the_right_is_named(folder: Path) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("setpriv is not installed")
    script = """
        setpriv --bounding-set=-net_raw --inh-caps=-net_raw --ambient-caps=-net_raw $PLC --snr-map 2>&1
        echo "status $?"
        """
    text = " ".join(on_bench(folder, script).split())
    assert "status 3" in text
    assert "lacks the capability CAP_NET_RAW" in text
    assert "root" not in text
    assert not folders(folder)


def test_stations_lists_the_modems_and_their_network(folder: Path) -> None:
    text = on_bench(folder, "$PLC stations --target modem_01; $PLC stations --target modem_02 --json")
    assert "QCA7005" in text
    assert '"chip": "QCA7420"' in text


def test_two_maps_are_compared(folder: Path) -> None:
    before = folder / "before"
    after = folder / "after"
    for where, faults in ((before, ["broadband-low:target=modem_02"]), (after, [])):
        where.mkdir()
        on_bench(where, "$PLC --snr-map --target=modem_02 --quiet", *faults, seed=3)
    (a,), (b,) = folders(before), folders(after)
    script = f"""
        $PLC diff {a} {b} --svg difference.svg; echo status $?
        head -c $(( $(stat -c %s {b}/frames.pcapng) * 9 / 10 )) {b}/frames.pcapng > cut.pcapng
        $PLC diff {a} cut.pcapng; echo status $?
        mkfifo pipe.svg; $PLC diff {a} {b} --svg pipe.svg 2>&1; echo status $?
        $PLC diff {a} cut.pcapng --svg cut.pcapng 2>&1; echo status $?
        """
    text = on_bench(folder, script)
    assert "✓ BETTER" in text
    assert re.findall(r"^status (\d)", text, re.MULTILINE) == ["0", "3", "3", "2"]
    assert "INCOMPLETE: " in text
    assert (folder / "difference.svg").read_bytes().startswith(b"<")


def test_a_listening_that_is_stopped_keeps_what_it_heard(folder: Path) -> None:
    script = """
        $PLC listen --json --quiet --seconds 600 > heard.json & listener=$!
        until grep -qs . reports/*/evidence.jsonl; do sleep 0.2; done; sleep 1
        $PLC snr-map --active --quiet --unsigned --out other
        kill -INT $listener; wait $listener; echo "status $?"
        cat heard.json; echo
        """
    text = on_bench(folder, script)
    (report,) = reports(text)
    assert "status 4" in text
    assert checks(report)["PLC-INTERRUPTED"] == "inconclusive"
    assert section(report, "plc")["maps"][0]["rows"] == 10
    assert report["procedure"] == "listen"


WATCHED = """
    $PLC snr-map --target modem_02 --watch --json --quiet > watched.json & watch=$!
    until grep -qs . reports/*/evidence.jsonl; do sleep 0.2; done
    sleep {seconds}; kill -INT $watch; wait $watch; echo "status $?"
    cat watched.json; echo
    """


def test_a_watch_that_is_stopped_is_complete_with_the_status_of_its_worst_map(folder: Path) -> None:
    for seconds in (4, 16, 64):  # until there was time for a second round, on any machine
        shutil.rmtree(folder / "reports", ignore_errors=True)
        text = on_bench(folder, WATCHED.format(seconds=seconds))
        (report,) = reports(text)
        statement = section(report, "plc")["statement"]
        if "A watch of " in statement:
            break
    assert "status 0" in text
    assert "A watch of " in statement


def test_a_full_standard_output_is_named_and_the_report_is_whole(folder: Path) -> None:
    text = on_bench(folder, "$PLC snr-map --target modem_02 --json --quiet 2>&1 > /dev/full; echo status $?")
    assert "standard output could not be written" in text
    assert "status 3" in text
    assert (folders(folder)[0] / "report.json").exists()
