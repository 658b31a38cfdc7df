"""What happens on real interfaces: functions that run in a network namespace of their own (see `namespace.py`)."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from plc_tool.work.sounding import sound
from tests.bounds import HANG_S
from tests.hal.homeplug_wire.peer import EVERYBODY, HOST, MODEM, QCA, Qca, mme
from v2g_tool.errors import V2GError
from v2g_tool.hal.homeplug.evidence import FrameLog
from v2g_tool.hal.homeplug.interface import interfaces
from v2g_tool.hal.homeplug.modem import modems_on
from v2g_tool.hal.homeplug.wire import open_wire

PACKET_OUTGOING = 4
REQUEST = b"\x88\xe1\x00\x00\xa0" + QCA + bytes(40)
IP = b"\x08\x00" + bytes(46)
FLOOD_S = 0.3
PER_SECOND = 20_000


def raw(interface: str, protocol: int = 0x88E1) -> socket.socket:
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    opened.bind((interface, protocol))
    opened.settimeout(2)
    return opened


def soon() -> float:
    return time.monotonic() + 0.2


def tags() -> dict[str, Any]:
    modem = raw("modem0")
    frames = [HOST + MODEM + tag + REQUEST for tag in (b"", b"\x81\0\0\x64", b"\x88\xa8\0\x64\x81\0\0\x65")]
    with open_wire("plc0") as wire:
        for frame in [*frames, HOST + MODEM + IP, HOST + MODEM + b"\x81\0\0\x64" + IP]:
            modem.send(frame)
        heard = [wire.receive(soon()) for _ in range(4)]
    return {
        "sent": [frame.hex() for frame in frames],
        "heard": [captured and captured.frame.hex() for captured in heard],
        "age_s": [time.time() - captured.time_s for captured in heard if captured],
    }


def chosen_kinds() -> dict[str, Any]:
    modem = raw("modem0")
    kinds = [bytes.fromhex(kind) for kind in ("01a0", "91a0", "5560")]
    messages = [HOST + MODEM + b"\x88\xe1\x01" + kind + QCA + bytes(40) for kind in kinds]
    tagged = HOST + MODEM + b"\x81\0\0\x64" + messages[1][12:]
    short = HOST + MODEM + b"\x88\xe1\x01"
    with open_wire("plc0") as wire:
        heard = []
        for only in (kinds[:1], kinds[::2], kinds, []):
            with wire.only(only):
                for frame in (*messages, tagged, short):
                    modem.send(frame)
            while captured := wire.receive(soon()):
                heard.append(captured.frame)
            heard.append(b"")
    return {"frames": [frame.hex() for frame in (*messages, tagged, short, b"")], "heard": [f.hex() for f in heard]}


def forgotten() -> dict[str, Any]:
    modem = raw("modem0")
    with open_wire("plc0") as wire, child(lambda: flood([HOST + MODEM + REQUEST] * 20)):
        time.sleep(0.1)
        wire.forget()  # comes to its end amid a flood
    with open_wire("plc0") as wire:
        for _ in range(3):
            modem.send(HOST + MODEM + REQUEST)
        wire.forget()
        silent = wire.receive(soon())
        modem.send(HOST + MODEM + REQUEST)
        again = wire.receive(soon())
    return {"silent": silent is None, "again": again is not None}


def own_frames() -> dict[str, Any]:
    other = raw("plc0", 0)
    with open_wire("plc0") as wire:
        sent = wire.send(MODEM + HOST + REQUEST)
        after_own = wire.receive(soon())
        other.send(MODEM + HOST + REQUEST)
        after_other = wire.receive(soon())
    return {"sent": sent.sent, "own": after_own is None, "other": after_other is not None and after_other.sent}


def silence() -> dict[str, Any]:
    with open_wire("plc0") as wire:
        wall, cpu = time.monotonic(), time.process_time()
        heard = wire.receive(wall + 0.3)
        return {"heard": heard, "wall_s": time.monotonic() - wall, "cpu_s": time.process_time() - cpu}


def objections() -> dict[str, Any]:
    found = {}
    for name in ("plc", "lo", "br0", "dark0", "dark1"):
        try:
            with open_wire(name):
                found[name] = ["opened"]
        except V2GError as exc:
            found[name] = [type(exc).__name__, exc.what, exc.why, exc.todo]
    return found


def bridge_port() -> dict[str, Any]:
    modem = raw("port1")
    mac = bytes.fromhex(interfaces()["port0"].mac.replace(":", ""))
    with open_wire("port0") as wire:
        modem.send(mac + MODEM + REQUEST)
        heard = wire.receive(soon())
        wire.send(MODEM + mac + REQUEST)
        return {"heard": heard is not None, "sent": modem.recv(100).startswith(MODEM + mac)}


def switched_off() -> dict[str, Any]:
    with open_wire("plc0") as wire:
        subprocess.run(["ip", "link", "set", "plc0", "down"], check=True)
        try:
            wire.receive(soon())
        except V2GError as exc:
            return {"error": type(exc).__name__, "what": exc.what}
    return {"error": ""}


def without_right() -> dict[str, Any]:
    """Started by `denied` without CAP_NET_RAW."""
    return objections_of("plc0")


def denied() -> dict[str, Any]:
    command = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", sys.executable, "-m", __spec__.name]
    done = subprocess.run([*command, "without_right"], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout)["without_right"])


def objections_of(name: str) -> dict[str, Any]:
    try:
        with open_wire(name):
            return {"error": ""}
    except V2GError as exc:
        return {"error": type(exc).__name__, "what": exc.what, "why": exc.why, "todo": exc.todo}


@contextmanager
def child(work: Callable[[], None]) -> Iterator[None]:
    """Run `work` beside us until we are done."""
    pid = os.fork()
    if not pid:
        work()
        os._exit(0)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def flood(frames: list[bytes]) -> None:
    """Send the frames over and over, 20,000 in a second."""
    modem = raw("modem0", 0)
    began, count = time.monotonic(), 0
    while True:
        for frame in frames:
            modem.send(frame)
        count += len(frames)
        time.sleep(max(0.0, began + count / PER_SECOND - time.monotonic()))


def serve() -> None:
    """Answer as a modem."""
    modem, qca = raw("modem0"), Qca()
    modem.settimeout(None)
    while True:
        for answer in qca.answers(modem.recv(2048)):
            modem.send(answer)


def foreign_flood() -> dict[str, Any]:
    with open_wire("plc0") as wire, child(lambda: flood([HOST + MODEM + IP] * 20)):
        time.sleep(0.1)
        wall, cpu = time.monotonic(), time.process_time()
        heard = wire.receive(wall + FLOOD_S)
        return {
            "heard": heard is not None,
            "wall_s": time.monotonic() - wall,
            "cpu_s": time.process_time() - cpu,
            "lost": wire.lost,
        }


def hostile() -> list[bytes]:
    """Answers that nobody should take: of strangers, to others, too early, of wrong content, cut."""
    body = bytes(2) + QCA + bytes(500)
    stranger = bytes.fromhex("00b052999999")
    return [
        mme(HOST, stranger, 1, 0xA091, body),
        mme(HOST, MODEM, 1, 0xA091, body),
        mme(HOST, MODEM, 1, 0xA091, body[:7]),
        mme(stranger, MODEM, 0, 0xA031, QCA + bytes(100)),
        mme(HOST, MODEM, 0, 0xA031, QCA + bytes((0, 1, 0x77)) + bytes(100)),
        mme(HOST, MODEM, 1, 0xA091, b"\x12\x34" + QCA + bytes(200)),
        mme(b"\xff" * 6, MODEM, 0, 0xA14E, QCA + bytes(80)),
        b"\xff" * 6 + MODEM + b"\x88\xe1",
    ]


def hostile_flood() -> dict[str, Any]:
    """Read tone maps and counters amid hostile frames of the right type."""
    with open_wire("plc0") as wire, child(serve), child(lambda: flood(hostile() * 3)):
        time.sleep(0.1)
        modems = modems_on(wire, "plc0", lambda _kind, _data: None, time.monotonic() + HANG_S)
        maps = modems.tone_maps("00:b0:52:aa:bb:01", "00:b0:52:cc:dd:02")
        (counted,) = modems.counters("00:b0:52:aa:bb:01", "00:b0:52:cc:dd:02")
        return {
            "slots": len(maps),
            "errors": counted.rx and counted.rx.bit_errors_passed,
            "ignored": dict(modems.exchange.ignored),
            "frames": len(modems.frames),
            "lost": wire.lost,
        }


def whole_measurement() -> dict[str, Any]:
    """Ask a modem everything."""
    with open_wire("plc0") as wire, child(serve):
        modems = modems_on(wire, "plc0", lambda _kind, _data: None, time.monotonic() + HANG_S)
        identities = modems.identify()
        mac, peer = identities[0].mac, "00:b0:52:cc:dd:02"
        (network,) = modems.network(mac)
        maps = modems.tone_maps(mac, peer)
        return {
            "chips": [identity.chip for identity in identities],
            "linked": modems.linked(mac),
            "stations": [station.mac for station in network.stations],
            "codes": [list(tone_map.codes) for tone_map in maps],
            "counters": len(modems.counters(mac, peer)),
            "ignored": dict(modems.exchange.ignored),
        }


EVSE_INI = """[default]
station identifier = BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB
network membership key = B59319D7E8157BA001B018669CCEE30D
network identifier = 026BCBA5354E08
number of sounds = 10
time to sound = 6
response type = 1
settle time = 1
charge time = 1
"""
"""As `evse -c` prints it."""


def tell_profiles() -> None:
    """Give a profile for each sound to the charger's host, as its modem would."""
    heard, told = raw("modem0"), raw("plc0", 0)
    heard.settimeout(None)
    while True:
        frame = heard.recv(2048)
        if frame[15:17] == b"\x76\x60":
            body = bytes(2) + frame[6:12] + b"\x3a\0" + bytes(range(10, 68))
            told.send(mme(EVERYBODY, MODEM, 1, 0x6086, body))


def evse_judges() -> dict[str, Any]:
    """Sound towards Qualcomm's own charger emulator."""
    with tempfile.TemporaryDirectory() as folder:
        profile = Path(folder, "evse.ini")
        profile.write_text(EVSE_INI)
        command = ["evse", "-K", "-l", "-i", "modem0", "-p", str(profile)]
        with open_wire("plc0") as wire, child(tell_profiles):
            charger = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            try:
                said = sound(wire, FrameLog("plc0"), random.Random(1))
                output, _ = charger.communicate(timeout=HANG_S)
            finally:
                charger.kill()
    return {"reported": said.reported, "missing": said.missing, "gaps_s": said.gaps_s, "evse": output}


if __name__ == "__main__":
    sys.stdout.write(json.dumps({name: globals()[name]() for name in sys.argv[1:]}))
