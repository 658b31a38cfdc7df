"""The findings about a link: the 10 dB rule where it can be judged, and what a tier cannot say."""

from __future__ import annotations

import pytest

from plc_tool import checks
from plc_tool.rules.cause import Cause
from plc_tool.rules.judge import Case, judge, megahertz
from plc_tool.rules.ladder import link_maps
from plc_tool.rules.link_choice import Ends
from plc_tool.rules.snr_rule import THE_MANUALS, SnrLimit
from v2g_tool.model.carriers import NORTH_AMERICA
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.plc import (
    Band,
    Direction,
    LinkCounters,
    LinkState,
    ModemIdentity,
    ModemSnr,
    Network,
    Observation,
    Refusal,
    RxCounters,
    SoundProfile,
    Station,
    ToneMap,
)

LOCAL, PEER = "00:b0:52:aa:bb:01", "00:b0:52:cc:dd:02"
PROBE = ModemIdentity(LOCAL, "Qualcomm", "QCA7420", "MAC-QCA7420-1.3.0.2134-00-20151212-CS", 0x20)
GREENPHY = ModemIdentity(LOCAL, "Qualcomm", "QCA7005", "MAC-QCA7005-1.1.0.730-04-20140815-CS", 0x22)


def judged(observation: Observation, limit: SnrLimit = THE_MANUALS, peer: str = "") -> dict[str, Finding]:
    maps = link_maps(observation, NORTH_AMERICA, 50.0)
    case = Case("modem_01", observation, maps, limit, ends=Ends("", peer), named=bool(peer))
    return {f.check: f for f in judge(case, [])}


def direction(name: Direction, *slots: list[int]) -> tuple[ToneMap, ...]:
    return tuple(ToneMap(LOCAL, PEER, name, n, len(slots), tuple(codes), 7, 3, 1.0) for n, codes in enumerate(slots))


def probe(*slots: list[int]) -> Observation:
    """Give a probe that receives like this and is received well."""
    return Observation(identities=(PROBE,), tone_maps=direction("rx", *slots) + direction("tx", [7] * 917))


def test_all_carriers_of_16_qam_or_better_pass() -> None:
    found = judged(probe([4] * 917, [7] * 917))["PLC-SNR"]
    assert found.verdict is Verdict.PASS
    assert found.statement.endswith(": all 917 carriers have at least 10 dB.")


def test_one_carrier_below_in_one_slot_fails_and_is_named_by_its_frequency() -> None:
    codes = [7] * 917
    codes[400] = 2
    found = judged(probe([7] * 917, codes))["PLC-SNR"]
    assert found.verdict is Verdict.FAIL
    assert found.statement.startswith(
        f"{LOCAL} hears {PEER}: 1 of 917 carriers (0.1 %) are below 10 dB in their worst slot"
    )
    assert {e.name for e in found.evidence} >= {"carriers below", "share", "band"}


def test_a_few_carriers_one_constellation_below_are_neither_passed_nor_failed() -> None:
    few, many = [3] * 9 + [7] * 908, [3] * 10 + [7] * 907
    found = judged(probe(few))["PLC-SNR"]
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "That is within what bit loading can tell." in found.statement
    assert judged(probe(many))["PLC-SNR"].verdict is Verdict.FAIL


def test_one_direction_alone_is_not_passed() -> None:
    found = judged(Observation(identities=(PROBE,), tone_maps=direction("rx", [7] * 917)))["PLC-SNR"]
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.statement.endswith("The other direction was not measured.")


def test_a_slot_that_was_not_read_is_not_passed() -> None:
    rx = direction("rx", [7] * 917, [7] * 917, [7] * 917)
    seen = Observation(identities=(PROBE,), tone_maps=rx[:2] + direction("tx", [7] * 917))
    assert judged(seen)["PLC-SNR"].verdict is Verdict.INCONCLUSIVE


def test_several_links_without_a_word_on_which_is_meant_are_not_passed() -> None:
    strangers = tuple(
        ToneMap(f"00:b0:52:00:00:0{n}", "00:b0:52:00:00:09", "rx", 0, 1, (7,) * 917, 7, 3, 1.0) for n in (3,)
    )
    seen = Observation(identities=(PROBE,), tone_maps=(*probe([7] * 917).tone_maps, *strangers))
    found = judged(seen)["PLC-SNR"]
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "Several links were measured" in found.statement


def test_a_failure_without_a_known_cause_does_not_point_to_one() -> None:
    assert "No known cause" in judged(probe([0] * 917))["PLC-SNR"].remedy


def test_the_site_may_allow_a_share_of_carriers_below() -> None:
    codes = [7] * 917
    codes[400:409] = [2] * 9
    allowed = SnrLimit(10.0, 1.0)
    assert judged(probe(codes), allowed)["PLC-SNR"].verdict is Verdict.PASS
    assert judged(probe([2, *codes[1:]]), allowed)["PLC-SNR"].verdict is Verdict.FAIL


def test_a_greenphy_modem_leaves_the_rule_open_and_says_what_would_close_it() -> None:
    flat = tuple(ToneMap(LOCAL, PEER, "tx", slot, 0, (2,) * 917, None, None, 1.0) for slot in range(6))
    refused = (Refusal(LOCAL, "VS_RX_TONE_MAP_CHAR", 2, "unknown slot", 0),)
    polls = tuple(
        LinkCounters(LOCAL, PEER, 0xF8, None, RxCounters(9, 0, 500 * n, 0, 9 * n, 0), float(n)) for n in (1, 2)
    )
    found = judged(Observation(identities=(GREENPHY,), tone_maps=flat, refusals=refused, counters=polls))
    assert found["PLC-SNR"].verdict is Verdict.INCONCLUSIVE
    assert "--active" in found["PLC-SNR"].remedy
    assert "HomePlug AV probe" in found["PLC-SNR"].remedy
    assert found["PLC-TIER"].statement.startswith("Tier 4: error rates of the whole link")
    reasons = [e.value for e in found["PLC-TIER"].evidence]
    assert any("unknown slot" in reason for reason in reasons)
    assert any("ROBO default, no SNR information" in reason for reason in reasons)


def test_attenuation_is_told_but_carries_no_verdict() -> None:
    sounds = tuple(SoundProfile(PEER, LOCAL, tuple(range(58)), "CM_ATTEN_PROFILE.IND", 1 + 0.03 * n) for n in range(10))
    found = judged(Observation(identities=(GREENPHY,), profiles=sounds))
    assert found["PLC-ATTENUATION"].verdict is Verdict.INFO
    assert "mean 28.5 dB" in found["PLC-ATTENUATION"].statement
    assert found["PLC-SNR"].verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("first_group_db", "failed", "name"),
    [(0, 0, "ok"), (20, 0, "cable-coupling"), (0, 100, "noise-EMI"), (20, 100, "cable and EMI")],
)
def test_attenuation_and_errors_together_tell_cable_from_noise(first_group_db: int, failed: int, name: str) -> None:
    groups = tuple(first_group_db + n % 20 for n in range(58))
    sounds = tuple(SoundProfile(PEER, LOCAL, groups, "CM_ATTEN_PROFILE.IND", 1 + 0.03 * n) for n in range(10))
    polls = tuple(
        LinkCounters(LOCAL, PEER, 0xF8, None, RxCounters(9, 0, 500 * n, failed * n, 9 * n, 0), float(n)) for n in (1, 2)
    )

    found = judged(Observation(identities=(GREENPHY,), profiles=sounds, counters=polls))["PLC-CLASS"]

    assert found.verdict is Verdict.INFO
    assert found.statement.endswith(f": {name}.")
    assert found.remedy == ""


def test_the_snr_of_a_vertexcom_modem_carries_no_verdict_while_its_unit_is_unconfirmed() -> None:
    combs = tuple(ModemSnr(LOCAL, PEER, 0xFF, comb, (20,) * 289, 0.0, 1.0) for comb in range(4))
    found = judged(Observation(snrs=combs))["PLC-SNR"]
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "unit" in found.statement


def test_nothing_observed_is_open_not_passed() -> None:
    found = judged(Observation())
    assert {check: f.verdict for check, f in found.items()} == {
        "PLC-MODEM": Verdict.SKIPPED,
        "PLC-TIER": Verdict.INCONCLUSIVE,
        "PLC-SNR": Verdict.INCONCLUSIVE,
    }


@pytest.mark.parametrize(
    ("observation", "verdict"),
    [
        (Observation(link_states=(LinkState(LOCAL, True),)), Verdict.PASS),
        (Observation(link_states=(LinkState(LOCAL, False),)), Verdict.INCONCLUSIVE),
        (Observation(networks=(Network(LOCAL, "00", 1, 1, "STA", PEER, (Station(PEER, 2, "", 9, 9),)),)), Verdict.PASS),
    ],
)
def test_whether_the_modem_has_joined_a_network_is_said(observation: Observation, verdict: Verdict) -> None:
    assert judged(observation)["PLC-LINK"].verdict is verdict


def test_several_stations_leave_open_which_link_is_meant() -> None:
    stations = tuple(Station(f"00:b0:52:00:00:0{n}", n, "", 9, 9) for n in (2, 3))
    seen = Observation(networks=(Network(LOCAL, "00", 1, 1, "STA", PEER, stations),))
    assert judged(seen)["PLC-LINK"].verdict is Verdict.INCONCLUSIVE
    assert judged(seen, peer="00:b0:52:00:00:02")["PLC-LINK"].verdict is Verdict.PASS
    assert judged(seen, peer="00:b0:52:00:00:09")["PLC-LINK"].verdict is Verdict.INCONCLUSIVE


def test_the_worse_direction_decides() -> None:
    good = ToneMap(LOCAL, PEER, "rx", 0, 1, (7,) * 917, 7, 3, 1.0)
    bad = ToneMap(LOCAL, PEER, "tx", 0, 1, (3,) * 917, 7, 3, 1.0)
    assert judged(Observation(tone_maps=(good, bad)))["PLC-SNR"].verdict is Verdict.FAIL


def test_few_blocks_are_said_and_not_made_a_rate() -> None:
    polls = (LinkCounters(LOCAL, PEER, 0xF8, None, RxCounters(36, 0, 39, 0, 2952, 0), 1.0),)
    found = judged(Observation(identities=(GREENPHY,), counters=polls))["PLC-ERRORS"]
    assert found.verdict is Verdict.SKIPPED
    assert found.statement.startswith("Only 39 blocks")


def test_damaged_frames_are_told() -> None:
    found = judged(Observation(frames=7, damaged=2))["PLC-CAPTURE"]
    assert found.statement == "2 of 7 frames are damaged; they were left out."


def test_carriers_that_the_modem_masks_are_no_fault() -> None:
    maps = link_maps(probe([0] * 40 + [3] * 877), NORTH_AMERICA, 50.0)
    cause = Cause(checks.NOTCHES, 1.0, "40 carriers are masked.", (), None)
    found = {f.check: f for f in judge(Case("modem_01", Observation(), maps), [cause])}
    assert (found["PLC-SNR"].verdict, found["PLC-NOTCHES"].verdict) == (Verdict.FAIL, Verdict.INFO)


def test_many_bands_are_told_by_the_widest() -> None:
    bands = [Band(2e6 + n * 1e6, 2e6 + n * 1e6 + (n + 1) * 1e4) for n in range(7)]
    assert megahertz(bands) == "5.00-5.04, 6.00-6.05, 7.00-7.06, 8.00-8.07 MHz and 3 more"
