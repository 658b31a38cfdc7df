"""Strike a calibration at every journal position: python -m tests.system.soak [FIRST [LAST [WORKERS [STEP]]]]."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bounds import HANG_S
from tests.system.commands import site
from tests.system.interruption import CALIBRATE

PHASES = ("torn", "after", "SIGINT", "SIGTERM")
TRIAL = """
import sys
from pathlib import Path
from tests.system.interruption import trial
done = trial(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
print("struck" if done.struck else "not reached", "; ".join(done.problems))
sys.exit(1 if done.problems else 0)
"""


def journal_lines() -> int:
    """Give the number of journal lines of one undisturbed calibration."""
    with tempfile.TemporaryDirectory() as folder, site(Path(folder)) as here:
        done = here.run(*CALIBRATE)
        if done.returncode != 0:
            raise SystemExit(f"the undisturbed run ended with {done.returncode}: {done.stderr}")
        return len((here.reports()[0] / "evidence.jsonl").read_bytes().splitlines())


def one(position: int, phase: str) -> tuple[int, str, str, bool]:
    """Run one trial in a process of its own, with its own bench."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", TRIAL, folder, str(position), phase],
            capture_output=True,
            text=True,
            check=False,
            timeout=HANG_S,
        )
    return position, phase, (done.stdout + done.stderr).strip(), done.returncode == 0


def positions(first: int, last: int, step: int = 1) -> Iterator[tuple[int, str]]:
    """Give every position, or every so many, with every phase."""
    for position in range(first, last + 1, step):
        for phase in PHASES:
            yield position, phase


def main(words: list[str]) -> int:
    """Strike everywhere and print what was wrong and a count; the status is 1 if anything was, or nothing struck."""
    first = int(words[0]) if words else 1
    last = int(words[1]) if len(words) > 1 else journal_lines()
    workers = int(words[2]) if len(words) > 2 else 8
    step = int(words[3]) if len(words) > 3 else 1
    print(f"positions {first}..{last} by {step}, {len(PHASES)} phases, {workers} side by side", flush=True)
    counts: Counter[str] = Counter()
    with ThreadPoolExecutor(workers) as pool:
        for position, phase, text, good in pool.map(lambda job: one(*job), positions(first, last, step)):
            counts["struck" if text.startswith("struck") else "not reached"] += 1
            counts["good" if good else "bad"] += 1
            if not good:
                print(f"position {position} {phase}: {text}", flush=True)
            if position % 25 == 0 and phase == PHASES[-1]:
                print(f"  up to position {position}: {dict(counts)}", flush=True)
    print(", ".join(f"{name} {count}" for name, count in sorted(counts.items())))
    return 1 if counts["bad"] or not counts["struck"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
