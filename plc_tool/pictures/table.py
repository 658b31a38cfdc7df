"""A map as CSV (RFC 4180), for a spreadsheet or a script."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from plc_tool.pictures.curve import UNDRAWN
from v2g_tool.drawing.text import plain
from v2g_tool.model.plc import LinkMap


def map_csv(link: LinkMap) -> bytes:
    """Give a line for each point of a map, ascending in frequency: its band in MHz and its values in dB.

    The columns are the band, each row of the map (slot, sound, interval), then median, minimum and maximum over the
    rows. A value that was not measured is empty; masked carriers have no line; a map without values is a header only.
    """
    spectrum = None if UNDRAWN & set(link.flags) else link.spectrum
    rows = spectrum.rows if spectrum else ()
    stream = io.StringIO(newline="")
    write = csv.writer(stream).writerow
    write(["low (MHz)", "high (MHz)", *(f"{plain(r.name)} (dB)" for r in rows), *_SUMMARY])
    if spectrum is not None:
        summary = zip(spectrum.medians(), spectrum.lowest(), spectrum.highest(), strict=True)
        for at, (point, over_rows) in enumerate(zip(spectrum.points, summary, strict=True)):
            band = (f"{point.low_hz / 1e6:.6f}", f"{point.high_hz / 1e6:.6f}")
            write([*band, *_decibels([row.values[at] for row in rows]), *_decibels(over_rows)])
    return stream.getvalue().encode()


_SUMMARY = ("median (dB)", "minimum (dB)", "maximum (dB)")


def _decibels(values: Sequence[float | None]) -> list[str]:
    return ["" if value is None else f"{value:.12g}" for value in values]
