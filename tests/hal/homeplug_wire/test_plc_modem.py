"""The driver against a scripted modem: what counts as an answer, and in which order it asks."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hal.homeplug_wire import namespace
from tests.hal.homeplug_wire.fake_wire import Answers, FakeWire
from tests.hal.homeplug_wire.peer import (
    ACTIVE,
    EVERYBODY,
    HOST,
    LOCAL,
    MODEM,
    PEER,
    QCA,
    Qca,
    codes,
    counters,
    mme,
    rx_map_v0,
    rx_map_v1,
    version,
)
from v2g_tool.errors import Implausible, Refused, Unreachable
from v2g_tool.hal.homeplug.evidence import FrameLog
from v2g_tool.hal.homeplug.exchange import Exchange
from v2g_tool.hal.homeplug.modem import Modems
from v2g_tool.hal.homeplug.observation import observe
from v2g_tool.model.plc import Captured

MAC, PEER_MAC = "00:b0:52:aa:bb:01", "00:b0:52:cc:dd:02"
ROUND_TRIP_S = 0.001
STRANGER = bytes.fromhex("00b052999999")


def at_once(peer: Callable[[bytes], Iterable[bytes]]) -> Callable[[bytes], Answers]:
    return lambda request: [(ROUND_TRIP_S, answer) for answer in peer(request)]


def driver(peer: Callable[[bytes], Answers], *, seconds: float = 60.0) -> tuple[Modems, FakeWire]:
    wire = FakeWire(peer)
    log = FrameLog("plc0")
    return Modems(Exchange(wire, log, wire.now_s + seconds, clock=wire.clock)), wire


def kinds(wire: FakeWire) -> list[str]:
    """Give what was sent: version and type of each request."""
    return [f"{frame[14]}:{struct.unpack('<H', frame[15:17])[0]:04x}" for _, frame in wire.sent]


def test_a_modem_is_found_by_the_local_address_and_by_broadcast() -> None:
    modems, wire = driver(at_once(Qca().answers))

    (found,) = modems.identify()

    assert (found.mac, found.maker, found.chip) == (MAC, "Qualcomm", "QCA7420")
    assert [frame[:6] for _, frame in wire.sent] == [LOCAL, LOCAL, EVERYBODY, EVERYBODY]
    assert kinds(wire) == ["0:a000", "1:a000"] * 2


def test_modems_on_this_wire_come_before_those_across_the_powerline() -> None:
    def both(request: bytes) -> Answers:
        yield from ((0.02, answer) for answer in Qca().answers(request))
        if request[:6] == EVERYBODY and request[14:17] == b"\0\0\xa0":
            yield ROUND_TRIP_S, version(HOST, PEER)

    modems, _ = driver(both)

    assert [found.mac for found in modems.identify()] == [MAC, PEER_MAC]


def test_the_slots_of_a_tone_map_are_read_until_the_modem_knows_no_more() -> None:
    modems, wire = driver(at_once(Qca(slots=5).answers))

    maps = modems.tone_maps(MAC, PEER_MAC)

    assert [found.slot for found in maps] == [0, 1, 2, 3, 4]
    assert all(list(found.codes) == codes(found.slot) for found in maps)
    assert {(found.reporter, found.peer, found.direction, found.agc, found.gil) for found in maps} == {
        (MAC, PEER_MAC, "rx", 7, 3)
    }
    assert kinds(wire)[2:] == ["1:a090"] * 7, "five slots, and the refusal of the sixth, which is asked for twice"


def test_no_more_than_six_slots_are_read() -> None:
    modems, _ = driver(at_once(Qca(slots=255).answers))

    assert len(modems.tone_maps(MAC, PEER_MAC)) == 6


def test_an_old_modem_is_asked_in_the_old_form_and_then_in_no_other() -> None:
    modems, wire = driver(at_once(Qca(slots=2, old=True).answers))

    maps = modems.tone_maps(MAC, PEER_MAC)

    assert [list(found.codes) for found in maps] == [codes(0), codes(1)]
    assert {found.peer for found in maps} == {PEER_MAC}, "the old answer does not say it: it comes from the request"
    assert kinds(wire)[2:] == ["1:a090", "0:a090", "0:a090", "0:a090", "0:a090"]


def test_the_default_map_of_a_modem_without_any_is_read_once() -> None:
    """Captured: a QCA7420 asked for its map towards a QCA7000 gives QPSK throughout for all 256 slots."""
    head = struct.pack("<BBHBB6sBBBBHI", 0, 0, 18 + 459, 0, 0, PEER, 0, 0, 0, 0, ACTIVE, 0)
    body = bytes(2) + QCA + head + b"\x22" * 458 + b"\2"
    default = mme(HOST, MODEM, 1, 0xA071, body)
    modems, wire = driver(at_once(lambda r: [default] if r[15:17] == b"\x70\xa0" else Qca().answers(r)))

    (found,) = modems.tone_maps(MAC, PEER_MAC, "tx")

    assert (found.maps, set(found.codes)) == (0, {2})
    assert kinds(wire).count("1:a070") == 1


def test_a_modem_without_tone_maps_gives_none() -> None:
    """Captured: QCA7000 and QCA7005 refuse with status 2, unknown slot."""
    modems, wire = driver(at_once(Qca(slots=0).answers))

    assert modems.tone_maps(MAC, PEER_MAC) == ()
    assert kinds(wire)[2:] == ["1:a090"] * 2


def test_an_unknown_peer_is_told_as_a_refusal_with_its_status() -> None:
    refusal = mme(HOST, MODEM, 1, 0xA091, bytes(2) + QCA + b"\1\0" + struct.pack("<H", 22) + bytes(2) + PEER)
    modems, _ = driver(at_once(lambda r: [refusal] if r[15:17] == b"\x90\xa0" else Qca().answers(r)))

    with pytest.raises(Refused, match="the peer's MAC address is unknown") as told:
        modems.tone_maps(MAC, PEER_MAC)

    assert told.value.code == 1
    assert told.value.todo


def test_a_single_refusal_is_not_believed() -> None:
    refusals = [rx_map_v1(HOST, PEER, 9, 0)]

    def lying(request: bytes) -> Iterable[bytes]:
        return [refusals.pop()] if request[15:17] == b"\x90\xa0" and refusals else Qca(slots=2).answers(request)

    modems, _ = driver(at_once(lying))
    refusals[0] = refusals[0][:34] + b"\0" + refusals[0][35:]  # of slot 0

    assert len(modems.tone_maps(MAC, PEER_MAC)) == 2


def test_counters_are_never_cleared_by_reading() -> None:
    modems, wire = driver(at_once(Qca().answers))

    (of_peer,) = modems.counters(MAC, PEER_MAC)
    (of_all,) = modems.counters(MAC, "")

    assert (of_peer.peer, of_peer.lid, of_all.peer, of_all.lid) == (PEER_MAC, 0xF8, "", 0xFC)
    assert of_peer.rx is not None
    assert (of_peer.rx.pb_passed, of_peer.rx.bit_errors_passed) == (259, 109)
    asked = [frame[20:29] for _, frame in wire.sent if frame[15:17] == b"\x30\xa0"]
    assert asked == [b"\0\2\xf8" + PEER, b"\0\2\xfc" + bytes(6)], "MCONTROL 0, both directions"


def test_network_and_link_are_read() -> None:
    modems, _ = driver(at_once(Qca().answers))

    (network,) = modems.network(MAC)

    assert modems.linked(MAC)
    assert (network.reporter, network.role, network.nid) == (MAC, "CCo", "5a97fe49d9ea0b")
    assert [(station.mac, station.tx_mbit_s) for station in network.stations] == [(PEER_MAC, 9)]


def test_a_lost_answer_is_asked_for_once_more() -> None:
    lost = [True]

    def losing(request: bytes) -> Iterable[bytes]:
        return [] if request[15:17] == b"\xb8\xa0" and lost and lost.pop() else Qca().answers(request)

    modems, wire = driver(at_once(losing))

    assert modems.linked(MAC)
    assert kinds(wire).count("0:a0b8") == 2


def test_a_silent_modem_is_told_after_three_tries_in_its_time() -> None:
    modems, wire = driver(at_once(lambda r: [] if r[15:17] == b"\x30\xa0" else Qca().answers(r)))
    modems.linked(MAC)
    began_s = wire.now_s

    with pytest.raises(Unreachable, match="does not answer VS_LNK_STATS") as told:
        modems.counters(MAC, PEER_MAC)

    assert wire.now_s - began_s == pytest.approx(0.05 + 0.1 + 0.2, abs=0.001)
    assert told.value.why
    assert told.value.todo


def answers_to_something_else(request: bytes) -> Answers:
    """Give wrong answers only, then the right one."""
    slot = request[32]
    wrong = [
        rx_map_v1(HOST, PEER, slot, 6, sender=STRANGER),
        rx_map_v1(STRANGER, PEER, slot, 6),
        rx_map_v1(HOST, STRANGER, slot, 6),
        rx_map_v1(HOST, PEER, slot + 1, 6),
        rx_map_v1(HOST, PEER, slot, 6)[:70],
        rx_map_v1(HOST, PEER, slot, 6).replace(QCA, b"\0\x1f\x84", 1),
        counters(HOST, 0xF8, 0),
        rx_map_v1(HOST, PEER, slot, 6)[:60] + b"\xff" * 400,
    ]
    return [(ROUND_TRIP_S * at, frame) for at, frame in enumerate([*wrong, rx_map_v1(HOST, PEER, slot, 6)])]


def test_answers_of_strangers_about_others_and_broken_ones_are_counted_and_ignored() -> None:
    modems, _ = driver(lambda r: answers_to_something_else(r) if r[15:17] == b"\x90\xa0" else at_once(Qca().answers)(r))

    maps = modems.tone_maps(MAC, PEER_MAC)

    assert [list(found.codes) for found in maps if found.slot < 2] == [codes(0), codes(1)]
    assert set(modems.exchange.ignored) == {"other station", "other content", "other message", "damaged"}


def test_a_modem_that_never_answers_the_question_is_called_implausible() -> None:
    wrong = rx_map_v1(HOST, STRANGER, 0, 6)
    modems, _ = driver(at_once(lambda r: [wrong] if r[15:17] == b"\x90\xa0" else Qca().answers(r)))

    with pytest.raises(Implausible, match="none to this question"):
        modems.tone_maps(MAC, PEER_MAC)


def test_answers_from_before_the_question_do_not_count() -> None:
    modems, wire = driver(at_once(Qca(errors=5).answers))
    modems.linked(MAC)
    wire.put(wire.now_s, counters(HOST, 0xF8, 0))
    wire.now_s += 1.0

    (counted,) = modems.counters(MAC, PEER_MAC)

    assert counted.rx is not None
    assert counted.rx.bit_errors_passed == 109 + 5
    assert modems.exchange.ignored["late"] == 1


def test_a_late_answer_about_one_peer_is_not_taken_for_one_about_another() -> None:
    """The answer does not name the peer; the second request about the first peer is answered 80 ms later, too."""
    asked: list[bytes] = []

    def slow(request: bytes) -> Answers:
        if request[15:17] != b"\x30\xa0":
            return at_once(Qca().answers)(request)
        asked.append(request[23:29])
        return [(0.08, counters(HOST, 0xF8, 1 if request[23:29] == PEER else 1000))]

    modems, _ = driver(slow)

    (first,) = modems.counters(MAC, PEER_MAC)
    (second,) = modems.counters(MAC, "00:b0:52:ee:ee:03")

    assert first.rx is not None
    assert second.rx is not None
    assert (first.rx.bit_errors_passed, second.rx.bit_errors_passed) == (110, 1109)
    assert modems.exchange.ignored["late"] == 1


def test_a_repeated_answer_about_one_peer_is_not_taken_for_one_about_another() -> None:
    def doubling(request: bytes) -> Answers:
        if request[15:17] != b"\x30\xa0":
            return at_once(Qca().answers)(request)
        answer = counters(HOST, 0xF8, 1 if request[23:29] == PEER else 1000)
        return [(0.001, answer), (0.002, answer)]

    modems, _ = driver(doubling)
    modems.counters(MAC, PEER_MAC)

    (second,) = modems.counters(MAC, "00:b0:52:ee:ee:03")

    assert second.rx is not None
    assert second.rx.bit_errors_passed == 1109
    assert modems.exchange.ignored["repeated"] == 1


def test_what_another_program_here_sends_is_no_answer() -> None:
    modems, wire = driver(at_once(Qca(slots=1).answers))
    modems.linked(MAC)
    wire.put(wire.now_s + 0.0005, rx_map_v1(HOST, PEER, 0, 6), sent=True)

    modems.tone_maps(MAC, PEER_MAC)

    assert modems.exchange.ignored["other station"] == 1


def fragments(frame: bytes, size: int, low_is_last: bool) -> list[bytes]:
    """Give a frame of MMV 1 in pieces; data of later ones begin at byte 19."""
    data = [frame[19:][at : at + size] for at in range(0, len(frame) - 19, size)]
    last = len(data) - 1
    marks = [bytes((at << 4 | last if low_is_last else last << 4 | at, 77)) for at in range(len(data))]
    return [(frame[:17] + mark + piece).ljust(60, b"\0") for mark, piece in zip(marks, data, strict=True)]


@pytest.mark.parametrize("low_is_last", [True, False])
def test_a_map_in_pieces_is_joined_and_every_piece_is_evidence(low_is_last: bool) -> None:
    def in_pieces(request: bytes) -> Iterable[bytes]:
        for answer in Qca(slots=1).answers(request):
            yield from fragments(answer, 200, low_is_last) if len(answer) > 400 else [answer]

    modems, _ = driver(at_once(in_pieces))

    (found,) = modems.tone_maps(MAC, PEER_MAC)

    assert list(found.codes) == codes(0)
    assert observe(modems.frames).tone_maps == (found,)


def test_the_old_map_of_a_qca7420_reaches_beyond_the_active_carriers() -> None:
    """Captured: 1345 bytes of codes, of which the first 917 carriers count."""
    longer = rx_map_v0(HOST, 0, 1)[:603] + bytes(1345 - 578) + b"\3\7"
    old = Qca(slots=1, old=True).answers
    modems, _ = driver(at_once(lambda r: [longer] if r[14:17] == b"\0\x90\xa0" and not r[26] else old(r)))

    assert list(modems.tone_maps(MAC, PEER_MAC)[0].codes) == codes(0)


def test_nobody_there_is_told_with_what_to_check() -> None:
    modems, wire = driver(lambda _request: [])
    began_s = wire.now_s

    with pytest.raises(Unreachable, match="no PLC modem answers on 'plc0'") as told:
        modems.identify()

    assert "00:b0:52:00:00:01" in told.value.why
    assert wire.now_s - began_s < 1.0


@pytest.mark.parametrize(
    ("answer", "maker"),
    [
        (mme(HOST, bytes.fromhex("001f84000001"), 1, 0x0015, b"\0\0\0\0"), "Broadcom"),
        (mme(HOST, STRANGER, 1, 0x6061, bytes(2) + b"\1\0\1\0\1\0\0"), "of unknown make"),
        (mme(HOST, STRANGER, 0, 0xA00D, bytes.fromhex("0016e8") + bytes(9)), "Lumissil"),
    ],
)
def test_a_modem_of_another_maker_is_named(answer: bytes, maker: str) -> None:
    public = (b"\x14\x00", b"\x60\x60")
    modems, _ = driver(at_once(lambda request: [answer] if request[15:17] in public else []))

    with pytest.raises(Refused, match=maker):
        modems.identify()


def vertexcom(request: bytes, *, listed: int = 1) -> Iterable[bytes]:
    """Answer as an MSE1022 with 917 values in four combs: TUL's layout, payload from byte 22."""
    oui = bytes.fromhex("0013d7")
    if request[19:22] != oui:
        return
    if request[15:17] == b"\x00\xa0":
        text = struct.pack("<BHB16s64s16s64s", 0, 0x1022, 0, b"1.6.3", b"AV-2.4", b"", b"")
        yield mme(HOST, MODEM, 1, 0xA001, bytes(2) + oui + text)
    elif request[15:17] == b"\x38\xa0":
        interval, comb = request[28], request[30]
        head = struct.pack(f"<BBB{listed}HHB", 0, 7, listed, *range(100, 100 + listed), 33, comb)
        values = bytes((interval % 16 + comb) & 0xFF for _ in range(230 if comb == 0 else 229))
        yield mme(HOST, MODEM, 1, 0xA039, bytes(2) + oui + head + values)


def test_a_vertexcom_modem_gives_its_snr_in_four_combs() -> None:
    modems, wire = driver(at_once(vertexcom))

    snrs = modems.snr(MAC, PEER_MAC)

    assert [(snr.comb, len(snr.values), snr.peer) for snr in snrs] == [
        (0, 230, PEER_MAC),
        (1, 229, PEER_MAC),
        (2, 229, PEER_MAC),
        (3, 229, PEER_MAC),
    ]
    assert kinds(wire).count("1:a038") == 4
    assert modems.tone_maps(MAC, PEER_MAC) == ()
    assert modems.counters(MAC, PEER_MAC) == ()


def test_all_intervals_that_a_vertexcom_modem_lists_are_asked_for() -> None:
    modems, _ = driver(at_once(lambda request: vertexcom(request, listed=3)))

    snrs = modems.snr(MAC, PEER_MAC)

    assert [snr.interval for snr in snrs] == [255] * 4 + [0] * 4 + [1] * 4 + [2] * 4


def test_a_list_of_intervals_that_changes_meanwhile_is_asked_for_again() -> None:
    changed = [True]
    refusal = mme(HOST, MODEM, 1, 0xA039, bytes(2) + bytes.fromhex("0013d7") + b"\2")

    def changing(request: bytes) -> Iterable[bytes]:
        if request[15:17] == b"\x38\xa0" and request[28] == 1 and changed:
            changed[:] = changed[1:] if len(changed) < 2 else []
            return [refusal]
        return vertexcom(request, listed=2)

    changed.append(True)  # both times that one question is put
    modems, _ = driver(at_once(changing))

    assert [snr.interval for snr in modems.snr(MAC, PEER_MAC)] == [255] * 4 + [0] * 4 + [1] * 4


def test_the_frames_alone_give_the_same_as_the_modem_did() -> None:
    modems, _ = driver(at_once(Qca().answers))
    identities, maps = modems.identify(), modems.tone_maps(MAC, PEER_MAC)
    counted = modems.counters(MAC, PEER_MAC)

    observed = observe(modems.frames)

    assert (observed.identities, observed.tone_maps, observed.counters) == (identities, maps, counted)
    assert [frame.time_s for frame in modems.frames] == sorted(frame.time_s for frame in modems.frames)


def test_each_frame_goes_into_the_evidence() -> None:
    records: list[tuple[str, Any]] = []
    wire = FakeWire(at_once(Qca().answers))
    log = FrameLog("plc0", lambda kind, data: records.append((kind, data)))
    modems = Modems(Exchange(wire, log, wire.now_s + 1, clock=wire.clock))

    modems.linked(MAC)

    assert [kind for kind, _ in records] == ["homeplug"] * len(modems.frames)
    assert [data["sent"] for _, data in records] == [True, True, False, True, False]
    assert bytes.fromhex(records[-1][1]["frame"])[15:17] == b"\xb9\xa0"


def test_the_network_key_of_a_charger_stays_out_of_the_evidence() -> None:
    key = bytes.fromhex("9ed1f8a5b566e83dc4f1700e4a89afec")
    match = mme(HOST, MODEM, 1, 0x607D, bytes(4) + b"\x56\0" + bytes(62) + b"\xb4\x68\xac\xe9\xff\x56\3\0" + key)
    records: list[Any] = []

    FrameLog("plc0", lambda _kind, data: records.append(data)).add(Captured(0.0, match))

    assert key in match
    assert key.hex() not in records[0]["frame"]


def test_listening_sends_nothing_keeps_what_says_something_and_ends_in_time() -> None:
    modems, wire = driver(lambda _request: [])
    profile = mme(EVERYBODY, MODEM, 0, 0xA14E, QCA + PEER + b"\x3a\0\x10" + bytes(7) + bytes(range(58)))
    wire.put(101.0, profile)
    wire.put(102.0, mme(EVERYBODY, MODEM, 1, 0x7777, bytes(60)))
    wire.put(103.0, profile[:40])
    heard: list[Captured] = []

    modems.listen(5.0, heard.append)  # type: ignore[arg-type]

    assert wire.sent == []
    assert [captured.frame for captured in heard] == [profile]
    assert list(modems.frames) == heard
    assert wire.now_s == 105.0


def test_listening_ends_when_enough_was_heard() -> None:
    modems, wire = driver(lambda _request: [])
    wire.put(101.0, mme(EVERYBODY, MODEM, 0, 0xA14E, QCA + PEER + b"\0\0\x10" + bytes(40)))

    modems.listen(60.0, lambda _captured: True)

    assert wire.now_s == 101.0


def test_the_whole_measurement_has_an_end() -> None:
    modems, wire = driver(at_once(lambda r: Qca().answers(r) if r[15:17] == b"\x00\xa0" else []), seconds=0.1)

    with pytest.raises(Unreachable, match="the time for this measurement is over"):
        modems.linked(MAC)

    assert wire.now_s == pytest.approx(100.1)


@given(st.lists(st.tuples(st.sampled_from([0x71, 0x91, 0x31, 0x01]), st.binary(max_size=80)), max_size=12))
@settings(max_examples=100)
def test_any_answers_give_maps_or_an_instrument_error_in_time(junk: list[tuple[int, bytes]]) -> None:
    noise = [mme(HOST, MODEM, code & 1, 0xA000 | code, bytes(2) + QCA + body) for code, body in junk]
    modems, wire = driver(at_once(lambda r: noise if r[15:17] == b"\x90\xa0" else Qca().answers(r)), seconds=2.0)

    with suppress(Unreachable, Refused, Implausible):
        modems.tone_maps(MAC, PEER_MAC)

    assert wire.now_s <= 102.1


@pytest.fixture(scope="module")
def driven() -> dict[str, Any]:
    return namespace.run("whole_measurement", "hostile_flood")


def test_on_a_real_wire_a_modem_is_asked_everything(driven: dict[str, Any]) -> None:
    said = driven["whole_measurement"]

    assert said["chips"] == ["QCA7420"]
    assert said["linked"]
    assert said["stations"] == [PEER_MAC]
    assert said["codes"] == [codes(slot) for slot in range(5)]
    assert said["ignored"] == {}


def test_amid_a_flood_of_hostile_frames_the_map_is_read(driven: dict[str, Any]) -> None:
    said = driven["hostile_flood"]

    assert said["slots"] == 5
    assert said["errors"] == 109
    assert sum(said["ignored"].values()) > 100
    assert said["frames"] < 60, "what is hostile is counted, not kept"
