"""Runs at known loss: the stated interval against what the firewall counted.

`python -m tests.system.throughput_campaign [RUNS [SECONDS]]` makes RUNS (20) runs at each loss and prints the table.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.sections import section

RATIOS = (0.0, 0.0005, 0.002, 0.01)
LIMIT_RATIO = 0.001
SIDE_BY_SIDE = 4
# The report first, then the counts that only the bench knows.
_SCRIPT = (
    "{tool} throughput --seconds {seconds} --max-time {seconds} --quiet --json --out {out}; "
    'echo; sleep 0.5; cat "$V2G_BENCH_BACKHAUL"'
)


@dataclass(frozen=True)
class Outcome:
    """One run: true and stated loss, and the verdict about it."""

    ratio: float
    dropped: int
    passed: int
    overflowed: int
    sent: int
    lost: int
    lower: float
    upper: float
    verdict: str
    bursty: bool
    unaccounted: int

    @property
    def truth(self) -> float:
        """The share of datagrams that the firewall dropped or the server's socket could not hold."""
        return (self.dropped + self.overflowed) / (self.dropped + self.passed)

    @property
    def covered(self) -> bool:
        """Whether the stated interval holds the true loss, as the firewall counted it."""
        return self.lower <= self.truth <= self.upper

    @property
    def agrees(self) -> bool:
        """Whether what was counted as lost, and at most what was sent behind the last one that arrived, were lost."""
        return self.lost <= self.dropped + self.overflowed <= self.lost + self.unaccounted

    @property
    def drawn_covered(self) -> bool:
        """Whether it also holds the probability with which the firewall drew."""
        return self.lower <= self.ratio <= self.upper


def run(ratio: float, seed: int, seconds: int) -> Outcome:
    """Make one run on a bench of its own."""
    with tempfile.TemporaryDirectory(prefix="v2g-campaign-") as folder:
        tool = f"{sys.executable} -m v2g_tool"
        script = _SCRIPT.format(tool=tool, seconds=seconds, out=folder)
        words = [sys.executable, "-m", "v2g_tool", "bench", "run", "--seed", str(seed)]
        words += ["--fault", f"telemetry-loss:ratio={ratio:g}", "--", "sh", "-c", script]
        home = {"HOME": folder, "XDG_CONFIG_HOME": folder}
        done = subprocess.run(
            words,
            env={**os.environ, **home},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds + 60,
            check=False,
        )
    return _outcome(ratio, done.stdout, done.stderr)


def _outcome(ratio: float, stdout: str, stderr: str) -> Outcome:
    lines = [line for line in stdout.splitlines() if line.strip()]
    if not lines or not lines[0].startswith("{"):
        raise RuntimeError(f"no report: {stderr}")
    report, truth = json.loads(lines[0]), json.loads("".join(lines[1:]))
    loss = section(report, "backhaul")["loss"]
    if loss is None:
        raise RuntimeError(f"nothing was measured: {[f['statement'] for f in report['findings']]}")
    (found,) = [f for f in report["findings"] if f["check"] == "NET-LOSS"]
    return Outcome(
        ratio,
        truth["dropped"],
        truth["passed"],
        truth["server_rcvbuf_errors"],
        loss["sent"],
        loss["lost"],
        float(loss["lower"]["value"]) / 100,
        float(loss["upper"]["value"]) / 100,
        found["verdict"],
        loss["effective"] is not None,
        loss["unaccounted"],
    )


def campaign(runs: int, seconds: int, ratios: Sequence[float] = RATIOS) -> list[Outcome]:
    """Make `runs` runs at each loss, a few side by side."""
    asked = [(ratio, seed) for seed in range(1, runs + 1) for ratio in ratios]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        return list(pool.map(lambda one: run(one[0], one[1], seconds), asked))


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    outcomes = campaign(runs, seconds)
    for ratio in RATIOS:
        here = [o for o in outcomes if o.ratio == ratio]
        verdicts = {v: sum(o.verdict == v for o in here) for v in ("pass", "inconclusive", "fail")}
        exact = sum(o.agrees for o in here)
        print(
            f"loss {100 * ratio:5.2f} %: counted loss covered in {sum(o.covered for o in here)} of {len(here)}, drawn "
            f"loss in {sum(o.drawn_covered for o in here)}; counts agree in {exact}; {verdicts}"
        )
    print(f"counted loss covered in all: {sum(o.covered for o in outcomes)} of {len(outcomes)}")
    wrong = [o for o in outcomes if o.verdict == "pass" and o.ratio > LIMIT_RATIO]
    print(f"passes above the limit: {len(wrong)}")
    sys.exit(bool(wrong) or sum(o.covered for o in outcomes) < 0.95 * len(outcomes))


if __name__ == "__main__":
    assert Path("v2g_tool").is_dir(), "run it in the checkout"
    main()
