#!/usr/bin/env python3
"""Names of planted causes: the confusion table of the diagnosis over drawn channels, and its false alarms.

Each channel is drawn with one planted cause and seen through the receivers of the bench, as a tone map of six slots
(tier 2) and as ten sounds with error counters (tier 3). The first table takes, for each cause, the tier that can show
it: what acts on the level shows in attenuation, what acts on the noise in SNR. The second one tells what the other tier
says about the same channels: much stays hidden there, but it should not get a wrong name. Narrowband and broadband
noise can only be PLC-NOISE at tier 3, by the error counters.

    .venv/bin/python benchmarks/plc_diagnosis.py [CHANNELS [FIRST_SEED]]

CHANNELS (500) is the number with a planted cause; three fifths as many sound ones are drawn, too. The limits were set
with seeds below 20000; FIRST_SEED (100000) keeps away from those.
"""

import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.plc.planted import CHECKS, NOTHING, SHOWN_BY, first_name
from v2g_tool.model.plc import Tier

CHANNELS = int(sys.argv[1]) if len(sys.argv) > 1 else 500
FIRST = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
CLEAN = CHANNELS * 3 // 5
TIERS = (Tier.BIT_LOADING, Tier.ATTENUATION)
NAMES = (*CHECKS.values(), "PLC-NOISE", "PLC-NOTCHES", NOTHING)


def shares():
    """Give how many channels each cause gets, all together CHANNELS."""
    return {cause: CHANNELS // len(CHECKS) + (at < CHANNELS % len(CHECKS)) for at, cause in enumerate(CHECKS)}


def campaign(cause, count, tier):
    return Counter(first_name(cause, seed, tier) for seed in range(FIRST, FIRST + count))


def print_table(title, rows):
    print(f"\n{title}\n")
    print(
        f"{'planted':<18}{'tier':>4} " + "".join(f"{name.removeprefix('PLC-')[:9]:>10}" for name in NAMES) + "   right"
    )
    for cause, tier, counts in rows:
        total, right = counts.total(), counts[CHECKS.get(cause, NOTHING)]
        cells = "".join(f"{counts[name] or '·':>10}" for name in NAMES)
        print(f"{cause:<18}{int(tier):>4} {cells}  {100 * right / total:5.1f} %")


def main():
    began = time.perf_counter()
    counts = shares()
    shown = [(cause, tier, campaign(cause, counts[cause], tier)) for cause, tier in SHOWN_BY.items()]
    others = [
        (cause, other, campaign(cause, counts[cause], other))
        for cause, tier in SHOWN_BY.items()
        for other in TIERS
        if other is not tier and cause not in ("crosstalk", "saturation")
    ]
    clean = [("clean", tier, campaign("clean", CLEAN, tier)) for tier in TIERS]
    print_table("First diagnosis at the tier that can show the cause", shown)
    print_table("First diagnosis of the same channels at the other tier", others)
    print_table("Sound channels", clean)
    right = sum(found[CHECKS[cause]] for cause, _, found in shown)
    print(f"\nplanted: {right} of {CHANNELS} named first ({100 * right / CHANNELS:.1f} %)")
    for _, tier, found in clean:
        alarms = CLEAN - found[NOTHING]
        print(f"false alarms at tier {int(tier)}: {alarms} of {CLEAN} ({100 * alarms / CLEAN:.2f} %)")
    most = max(CLEAN, *counts.values())
    print(f"seeds {FIRST} to {FIRST + most - 1}, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
