"""`read`: what a meter says just now, for a look before and after. Reads only, and leaves no report."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from v2g_tool.data.library import find_site_file, load_site
from v2g_tool.drawing.text import plain
from v2g_tool.errors import NotPermitted
from v2g_tool.hal.connect import open_meter
from v2g_tool.model.quantities import UNITS


def read_meter(target: str, site_file: Path | None, *, as_json: bool) -> None:
    """Print identity, all values and the corrections of a meter; raises what the meter's driver raises."""
    site = load_site(find_site_file(site_file))
    with open_meter(site, target, _Alone()) as (meter, _, _):
        identity = meter.identity()
        values = dict(sorted(meter.measure().values.items()))
        corrections = dict(meter.corrections()) if meter.trims else {}
    if as_json:
        import json

        measured = {str(channel): value for channel, value in values.items()}
        record = {"target": target, "identity": vars(identity), "values": measured, "corrections": corrections}
        sys.stdout.write(json.dumps(record) + "\n")
        return
    rows = [f"  {c!s:<12} {_shown(meter.resolution(c, v), v):>14} {UNITS[c.quantity]}" for c, v in values.items()]
    trims = [f"  {name:<12} {raw:>14} (raw)" for name, raw in corrections.items()]
    sys.stdout.write("\n".join(map(plain, [f"{target}  {identity}", *rows, *trims])) + "\n")


def _shown(step: float, value: float) -> str:
    """Give a value with no more digits than its register resolves, at most 4 decimals."""
    decimals = next((d for d in range(5) if step >= 10**-d), 4)
    return f"{value:.{decimals}f}"


class _Alone:
    """A look without a run: nothing is recorded and nobody is asked."""

    monotonic = staticmethod(time.monotonic)
    sleep = staticmethod(time.sleep)

    def record(self, kind: str, data: Mapping[str, object]) -> None:
        """Keep nothing."""

    def ask(self, question: str) -> str:
        raise NotPermitted(
            f"a person is needed to answer: {question}", todo="Use an instrument that answers by itself."
        )
