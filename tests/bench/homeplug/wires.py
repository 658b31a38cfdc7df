"""Runs inside the bench: what passes between two hosts over one line, and how fast a flood comes."""

from __future__ import annotations

import json
import socket
import struct
import sys
import time

EV, EVSE = bytes.fromhex("020000040001"), bytes.fromhex("020000050001")


def opened(interface: str) -> socket.socket:
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # bound first: else frames of all interfaces come in
    wire.bind((interface, 3))
    wire.setsockopt(263, 8, 1)  # PACKET_AUXDATA: the kernel tells VLAN tags beside the frame
    wire.settimeout(2.0)
    return wire


def passed(sender: socket.socket, receiver: socket.socket, frame: bytes) -> tuple[str, int]:
    """Send a frame and give how it arrives: its bytes, and its VLAN number or 0."""
    sender.send(frame)
    while True:
        heard, beside, _, address = receiver.recvmsg(2048, 64)
        if address[2] != socket.PACKET_OUTGOING:
            tags = [struct.unpack_from("=IIIHHHH", data)[5] for *_, data in beside]
            return heard.hex(), tags[0] & 0xFFF


def flood(interface: str, seconds: float) -> int:
    wire, count, end_s = opened(interface), 0, time.monotonic() + seconds
    while time.monotonic() < end_s:
        wire.recv(2048)
        count += 1
    return count


def main() -> None:
    vehicle, charger = opened("plc3"), opened("plc4")
    payload = bytes(range(60))
    told = {
        "unicast": passed(vehicle, charger, EVSE + EV + b"\x86\xdd" + payload),
        "back": passed(charger, vehicle, EV + EVSE + b"\x86\xdd" + payload),
        "tagged": passed(vehicle, charger, EVSE + EV + bytes.fromhex("8100 0007 88e1") + payload),
        "flood": flood("plc2", 0.4),
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
