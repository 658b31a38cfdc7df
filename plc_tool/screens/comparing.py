"""`diff A B`: two maps of one link side by side, for the terminal and as a picture."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from plc_tool.places import find_link
from plc_tool.procedure import FRAMES, yardstick_of
from plc_tool.rules.difference import Change, Difference, difference
from plc_tool.work.evaluation import Yardstick, evaluate
from v2g_tool.data.reading import is_folder
from v2g_tool.data.writing import write_whole
from v2g_tool.drawing.text import plain
from v2g_tool.errors import ExitStatus, NotPermitted, RequestError
from v2g_tool.hal.homeplug.capture import read_capture
from v2g_tool.model.plc import LinkMap
from v2g_tool.run.request import located_site

MARKS = {"better": "✓ better", "worse": "✗ worse", "unchanged": "– no change shown", "mixed": "± mixed"}


def compare(before: Path, after: Path, svg: Path | None) -> ExitStatus:
    """Print what changed from one map to the other; both must be of the same kind. Gives status 0 when compared.

    A damaged capture is compared as far as it goes, said, and status 3.
    """
    if svg is not None and svg.suffix != ".svg":
        raise RequestError(f"{plain(str(svg))} is no name for a picture", todo="Give a name that ends in .svg.")
    yardstick = yardstick_of(find_link(located_site(None, needed=False).site, "", "", capture=True))
    (earlier, hurt), (later, hurt_too) = _maps(before, yardstick), _maps(after, yardstick)
    first, second = _of_one_link(earlier, later)
    found = difference(first, second)
    lines = [f"Before  {_named(before, first)}{hurt}", f"After   {_named(after, second)}{hurt_too}", *text(found)]
    sys.stdout.write(plain_lines(lines))
    if svg is not None:
        from plc_tool.pictures.svg import difference_svg

        picture = difference_svg(first, second, yardstick.mask, yardstick.services)
        try:
            write_whole(svg, picture)
        except OSError as exc:
            raise NotPermitted(f"{svg} cannot be written: {exc.strerror}", todo="Give another file as --svg.") from exc
    return ExitStatus.NOT_JUDGED if hurt or hurt_too else ExitStatus.WITHIN_LIMITS


def text(found: Difference) -> list[str]:
    """Give the comparison as paragraphs: the verdict, the regions, the error ratios, the method."""
    lines = ["", f"{MARKS[found.verdict].upper()}  {found.sentence}", ""]
    parts = [part for part in (found.whole, *found.regions) if part is not None]
    if parts:
        lines.append("  MHz            gain dB (95 %)         p")
        lines += [_row(part) for at, part in enumerate(parts) if part not in parts[:at]]
    for change in found.errors:
        low, high = f"{change.rise.low:+.2g}", f"{change.rise.high:+.2g}"
        lines.append(f"  {change.name}: {change.before:.2g} → {change.after:.2g} (rise {low} to {high})")
        lines.append(f"    {MARKS[change.verdict]}")
    return [*lines, "", f"Method: {found.method}"]


def plain_lines(paragraphs: Sequence[str]) -> str:
    """Give paragraphs as lines of at most the terminal's width; behind a pipe they stay whole."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    if not width:
        return "\n".join(paragraphs) + "\n"
    wrapped = (textwrap.wrap(p, width, subsequent_indent="    ", break_on_hyphens=False) or [""] for p in paragraphs)
    return "\n".join(line for lines in wrapped for line in lines) + "\n"


def _named(path: Path, link: LinkMap) -> str:
    return plain(f"{path}: tier {int(link.tier)}, {link.reporter} hears {link.peer or 'all'}")


def _row(change: Change) -> str:
    band = f"{change.band.low_hz / 1e6:.2f}-{change.band.high_hz / 1e6:.2f}"
    gain = f"{change.gain.value:+.1f} ({change.gain.low:+.1f} to {change.gain.high:+.1f})"
    return f"  {band:<13}  {gain:<21}  {change.p_value:<7.2g} {MARKS[change.verdict]}"


def _maps(path: Path, yardstick: Yardstick) -> tuple[Sequence[LinkMap], str]:
    """Give the maps of a report folder or a capture, the one that counts first, and how the capture is damaged."""
    capture = path / FRAMES if is_folder(path) else path
    if not os.path.lexists(path):
        raise RequestError(f"there is no {path}", todo="Give the folder of a report of snr-map, or a capture file.")
    if capture is not path and not os.path.lexists(capture):
        raise RequestError(
            f"{path} holds no {FRAMES}",
            why="Nothing was heard in that run, or it is no report of a PLC link.",
            todo="Give the folder of a report of snr-map.",
        )
    read = read_capture(capture)
    evaluation = evaluate(path.name, read.frames, yardstick)
    maps = (*evaluation.maps, *evaluation.others)
    if not maps:
        raise RequestError(f"{path} holds no map", why="No frame in it says anything about a link.")
    return maps, f" (INCOMPLETE: {plain(read.damage)})" if read.damage else ""


def _of_one_link(before: Sequence[LinkMap], after: Sequence[LinkMap]) -> tuple[LinkMap, LinkMap]:
    """Give the first map of the one, and the first of the other that is of the same quantity, link and direction."""
    for one in before:
        for other in after:
            if (one.tier, one.reporter, one.peer) == (other.tier, other.reporter, other.peer):
                return one, other
    first, second = before[0], after[0]
    raise RequestError(
        "the two maps are not of one link",
        why=f"{first.reporter} hears {first.peer} (tier {int(first.tier)}), "
        f"{second.reporter} hears {second.peer} (tier {int(second.tier)}).",
        todo="Compare two maps of the same modems, measured in the same way.",
    )
