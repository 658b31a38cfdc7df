"""`sysctl --apply --persist` struck at every journal position: `python -m tests.system.sysctl_campaign [FIRST [LAST]]`.

After each strike a second run has to end with the wanted values, and --undo with the tree as it was, byte for byte.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.system.commands import HERE, Site, site
from tests.system.test_sysctl import APPLY, folders, journal, live, snapshot, sysctl, tree

PHASES = ("torn", "after", "SIGINT", "SIGTERM")


@contextmanager
def bench() -> Iterator[Site]:
    """Give a bench of its own, in memory."""
    with tempfile.TemporaryDirectory(prefix="v2g-sysctl-", dir="/dev/shm") as name, site(Path(name)) as here:
        yield here


def journal_lines() -> int:
    """Give the number of journal lines of one undisturbed run."""
    with bench() as here:
        done = sysctl(here, *APPLY)
        if done.returncode != 0:
            raise SystemExit(f"the undisturbed run ended with {done.returncode}: {done.stderr}")
        return len(journal(here).splitlines())


def one(position: int, phase: str) -> str:
    """Strike one run; give what is wrong afterwards, "" for nothing, "not reached" behind the end of the journal."""
    with bench() as here:
        before = snapshot(tree(here))
        struck = here.run(
            "sysctl", *APPLY, program=(sys.executable, str(HERE / "kill_at.py"), str(position), phase, "--")
        )
        if struck.returncode in (0, 1):
            return "not reached"
        if phase.startswith("SIG") and struck.returncode == 4 and live(here) not in ("500", "200"):
            return f"half set: {live(here)}"
        again = sysctl(here, *APPLY)
        if again.returncode != 0 or live(here) != "200":
            return f"second run ended {again.returncode}: {again.stderr[-200:]}"
        sysctl(here, "--undo", "--yes", "--quiet")
        left = list(Path(here.bench.environment()["V2G_STATE_DIR"]).glob("sysctl*.json"))
        same = snapshot(tree(here)) == before
        return "" if same and not left and folders(here) else f"after undo: same {same}, kept {left}"


def main() -> None:
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    last = int(sys.argv[2]) if len(sys.argv) > 2 else journal_lines()
    trials = [(position, phase) for position in range(first, last + 1) for phase in PHASES]
    print(f"positions {first}..{last}, {len(PHASES)} phases", flush=True)
    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(lambda trial: one(*trial), trials))
    bad = [(trial, said) for trial, said in zip(trials, outcomes, strict=True) if said not in ("", "not reached")]
    for (position, phase), said in bad:
        print(f"position {position}, {phase}: {said}")
    reached = len(trials) - outcomes.count("not reached")
    print(f"{reached} of {len(trials)} struck, {len(bad)} bad")
    sys.exit(bool(bad) or not reached)


if __name__ == "__main__":
    main()
