"""`diff A B`: two maps of one link side by side, for the terminal and as a picture."""

from __future__ import annotations

import sys
from pathlib import Path

from plc_tool.difference import Change, Difference, difference
from plc_tool.evaluation import Yardstick, evaluate
from plc_tool.places import located_link
from plc_tool.reporting import FRAMES, yardstick_of
from v2g_tool.errors import ExitStatus, NotPermitted, RequestError
from v2g_tool.hal.homeplug.capture import read_capture
from v2g_tool.model.plc import LinkMap

MARKS = {"better": "✓ better", "worse": "✗ worse", "unchanged": "– no change shown", "mixed": "± mixed"}


def compare(before: Path, after: Path, svg: Path | None) -> ExitStatus:
    """Print what changed from one map to the other; both must be of the same kind. Gives status 0 when compared."""
    yardstick = yardstick_of(located_link(None, "", "", capture=True))
    first, second = (_map(path, yardstick) for path in (before, after))
    found = difference(first, second)
    sys.stdout.write(text(found))
    if svg is not None:
        from plc_tool.pictures.svg import difference_svg

        picture = difference_svg(first, second, yardstick.mask, yardstick.services)
        try:
            svg.write_bytes(picture)
        except OSError as exc:
            raise NotPermitted(f"{svg} cannot be written: {exc.strerror}", todo="Give another file as --svg.") from exc
    return ExitStatus.WITHIN_LIMITS


def text(found: Difference) -> str:
    """Give the comparison as lines: the verdict, the regions, the error ratios, the method."""
    lines = [f"{MARKS[found.verdict].upper()}  {found.sentence}", ""]
    if found.whole is not None:
        lines += ["  MHz              gain dB (95 %)         p       ", _row(found.whole)]
        lines += [_row(region) for region in found.regions]
    for change in found.errors:
        interval = f"{100 * change.rise.low:+.3g} to {100 * change.rise.high:+.3g} %"
        lines.append(
            f"  {change.name}: {change.before:.3g} → {change.after:.3g} (rise {interval})  {MARKS[change.verdict]}"
        )
    return "\n".join([*lines, "", f"Method: {found.method}"]) + "\n"


def _row(change: Change) -> str:
    band = f"{change.band.low_hz / 1e6:.2f}-{change.band.high_hz / 1e6:.2f}"
    gain = f"{change.gain.value:+.1f} ({change.gain.low:+.1f} to {change.gain.high:+.1f})"
    return f"  {band:<15}  {gain:<21}  {change.p_value:<7.2g} {MARKS[change.verdict]}"


def _map(path: Path, yardstick: Yardstick) -> LinkMap:
    """Give the first map of a report folder or a capture."""
    capture = path / FRAMES if path.is_dir() else path
    if path.is_dir() and not capture.exists():
        raise RequestError(
            f"{path} holds no {FRAMES}", why="It is no report of snr-map.", todo="Give the folder of such a report."
        )
    primary = evaluate(path.name, read_capture(capture).frames, yardstick).primary
    if primary is None:
        raise RequestError(f"{path} holds no map", why="No frame in it says anything about a link.")
    return primary
