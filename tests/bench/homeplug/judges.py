"""Runs inside the bench: independent programs, what they printed, and all frames as a capture file.

Programs give up after 50 ms; on a busy machine a modem may need longer, so each has several tries. They take any
answer of the right kind for theirs, so only one at a time works on an interface.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NEAR, FAR = "00:b0:52:02:00:01", "00:b0:52:02:00:02"
TRIES = 20

TONES = r"SNR .*\n(.*\n)*.*GIL"
# Name: what success looks like in the output, and the command. The exit status of these programs says nothing.
PROGRAMS = {
    "int6ktone": (TONES, f"int6ktone -s -i plc1 local {FAR}"),
    "int6ktone-far": (TONES, f"int6ktone -s -i plc1 {FAR} {NEAR}"),
    "amptone": (r"SNR,.*\n(.*\n)*.*GIL", f"amptone -s -h -t 200 -i plc1 local {FAR}"),
    "int6ktone-green": (r"No Tone Maps", "int6ktone -s -i plc0 local 00:b0:52:01:00:02"),
    "plctone-green": (r"Unknown Slot", "plctone -s -i plc0 local 00:b0:52:01:00:02"),
    "plcstat-t": (r"REM .*INT6400", "plcstat -i plc1 -t"),
    "plcstat-green": (r"REM .*QCA7000", "plcstat -i plc0 -t"),
    "plcstat-d": (r"RX +\d", f"plcstat -i plc1 -d both -s 0xF8 -p {FAR} local"),
    "plctool-r": (r"QCA\d+ MAC", "plctool -r -i plc0 local"),
    "plctool-L": (r":01:00:01 1", "plctool -L -i plc0 local"),
    "plcget": (r"0x01", "plcget -i plc0 -n 100 -h local"),
    "plcrate": (r"RX \d+ mbps", "plcrate -n -i plc1 local"),
    "plcrate-green": (r"RX \d+ mbps", "plcrate -n -i plc0 local"),
    "int6krate": (r"RX \d+ mbps", "int6krate -n -i plc1 local"),
    "pev-secc": (r"Average attenuation", "pev -K -i plc0 -p pev.ini"),
}


class Sniffer(threading.Thread):
    """Writes every frame that passes the hosts' interfaces to a capture file."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.path = path
        self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        self.wire.settimeout(0.1)
        self.ended = threading.Event()

    def run(self) -> None:
        with self.path.open("wb") as file:
            file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
            while not self.ended.is_set():
                try:
                    frame, (interface, *_) = self.wire.recvfrom(2048)
                except TimeoutError:
                    continue
                if interface.startswith("plc"):
                    now_us = int(time.time() * 1e6)
                    file.write(struct.pack("<IIII", now_us // 10**6, now_us % 10**6, len(frame), len(frame)) + frame)


def one_by_one(interface: str) -> dict[str, str]:
    """Run the programs of an interface."""
    chosen = {name: entry for name, entry in PROGRAMS.items() if f" {interface} " in entry[1]}
    return {name: tried(*entry) for name, entry in chosen.items()}


def probes() -> dict[str, str]:
    return one_by_one("plc1") | (faifa() if shutil.which("faifa") else {})


def output(command: str, timeout_s: float = 8.0) -> str:
    done = subprocess.run(
        ["timeout", str(timeout_s), *command.split()], capture_output=True, text=True, errors="replace", check=False
    )
    return done.stdout + done.stderr


def tried(success: str, command: str) -> str:
    """Give the first output that shows success; of tones the first that stands twice.

    After an answer that came too late, int6ktone prints the slot before once more.
    """
    text, earlier = "", set[str]()
    for _ in range(TRIES):
        text = output(command)
        if re.search(success, text) and (success != TONES or text in earlier):
            break
        earlier.add(text)
    return text


def pair() -> dict[str, str]:
    """Let evse and pev find each other over one line."""
    shown = {"pev": "", "evse": ""}
    for _ in range(TRIES):
        with Path("evse.txt").open("w") as file:
            evse = subprocess.Popen(["evse", "-K", "-l", "-i", "plc4", "-p", "evse.ini"], stdout=file, stderr=file)
        time.sleep(0.3)
        shown["pev"] = output("pev -K -i plc3 -p pev.ini")
        time.sleep(0.2)
        evse.send_signal(signal.SIGKILL)
        evse.wait()
        shown["evse"] = Path("evse.txt").read_text(errors="replace")
        if "Average attenuation" in shown["pev"]:
            break
    return shown


def faifa() -> dict[str, str]:
    """Ask for version and network; faifa reads its menu from standard input, which must stay open."""
    with Path("faifa.txt").open("w") as file:
        child = subprocess.Popen(
            ["stdbuf", "-oL", "faifa", "-i", "plc1", "-m"], stdin=subprocess.PIPE, stdout=file, stderr=file, text=True
        )
        assert child.stdin is not None
        for line in ("a000", "a038", "a068"):
            time.sleep(0.3)
            child.stdin.write(line + "\n")
            child.stdin.flush()
        time.sleep(0.5)
        child.terminate()
        child.wait()
    return {"faifa": Path("faifa.txt").read_text(errors="replace")}


def main(folder: Path) -> None:
    os.chdir(folder)
    for program in ("pev", "evse"):
        Path(f"{program}.ini").write_text(output(f"{program} -c"))
    sniffer = Sniffer(folder / "all.pcap")
    sniffer.start()
    with ThreadPoolExecutor() as pool:
        parts = [pool.submit(pair), pool.submit(probes), pool.submit(one_by_one, "plc0")]
    shown = {name: text for part in parts for name, text in part.result().items()}
    time.sleep(0.1)
    sniffer.ended.set()
    sniffer.join()
    (folder / "shown.json").write_text(json.dumps(shown))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
