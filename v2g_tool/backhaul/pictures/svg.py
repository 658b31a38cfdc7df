"""Loss, jitter and round trips over time as SVG for the signed report: nothing loaded, always the same bytes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from v2g_tool.backhaul.pictures.table import start_of
from v2g_tool.backhaul.rules.facts import TelemetryFacts, TelemetryLimits
from v2g_tool.backhaul.rules.latency import KIND_WORDS, Latency, latency, milliseconds
from v2g_tool.backhaul.rules.loss import LossVerdict, loss_words, percent
from v2g_tool.backhaul.rules.path import megabits, rates
from v2g_tool.backhaul.rules.verdict import look_at
from v2g_tool.drawing.chart import (
    AXIS_HEIGHT,
    INNER,
    LEFT,
    LEGEND_HEIGHT,
    TEXT_SIZE,
    WIDTH,
    Key,
    Said,
    draw_header,
    draw_legend,
    header,
    header_height,
    value_range,
    words_only,
)
from v2g_tool.drawing.columns import in_columns
from v2g_tool.drawing.sheet import BLUE, GREY, HATCH, INK, LIGHT_BLUE, ORANGE, Sheet, boxes
from v2g_tool.drawing.time_plot import (
    Level,
    TimePlot,
    decade_range,
    draw_edge,
    draw_grid,
    draw_levels,
    draw_times,
)
from v2g_tool.model.telemetry import Echo, Piece

LOSS_HEIGHT, JITTER_HEIGHT, TRIPS_HEIGHT = 190.0, 110.0, 210.0
BETWEEN = 36.0
PLOT_WIDTH = INNER - 30
"""Names of levels need more room at the right than the numbers of a map."""
MOST_BARS = 276
"""So many bars are told apart on a sheet; of more seconds, each bar shows the worst of a few."""
DOT = 2.6
DASHES = "8 5"
FASTEST_MS = 0.001


@dataclass(frozen=True)
class Second:
    """What is drawn of an interval: times in s on the sheet's axis, loss in % (None: nothing arrived), jitter in ms."""

    start: float
    end: float
    loss_pct: float | None
    jitter_ms: float


@dataclass(frozen=True)
class Picture:
    """What is drawn.

    Attributes:
        facts: what was measured.
        limits: what is asked.
        loss: the loss as it was judged; None where nothing was sent.
        trips: the round trips in numbers; None where none was measured.
        seconds: the bars.
        zero: where times count from.
        ends: first and last time on the axis, s.
    """

    facts: TelemetryFacts
    limits: TelemetryLimits
    loss: LossVerdict | None
    trips: Latency | None
    seconds: tuple[Second, ...]
    zero: float
    ends: tuple[float, float]


def telemetry_svg(facts: TelemetryFacts, limits: TelemetryLimits, look: int = 1, *, title: str) -> bytes:
    """Give the picture of a run; one without any measurement gives a sheet with the reason in words.

    Args:
        facts: what was measured.
        limits: the limits that are drawn.
        look: the number of the look that was judged, as for `judge`.
        title: the headline, for example server and site.
    """
    picture = _picture(facts, limits, max(look, 1))
    lines = header(title, _said(picture))
    if not picture.seconds and picture.trips is None:
        return words_only(title, lines, "Nothing was measured, so there is no picture.")
    heights = [
        *([LOSS_HEIGHT, JITTER_HEIGHT] if picture.seconds else []),
        *([TRIPS_HEIGHT] if picture.trips is not None else []),
    ]
    top = header_height(lines) + BETWEEN
    legend = top + sum(heights) + BETWEEN * (len(heights) - 1) + AXIS_HEIGHT + LEGEND_HEIGHT
    sheet = Sheet(WIDTH, legend + 0.6 * LEGEND_HEIGHT, title)
    draw_header(sheet, lines)
    draw_times(sheet, _draw_plots(sheet, picture, top))
    draw_legend(sheet, legend, _keys(picture))
    return sheet.svg()


def _picture(facts: TelemetryFacts, limits: TelemetryLimits, look: int) -> Picture:
    zero = start_of(facts)
    seconds = tuple(_worst(group) for group in in_columns(_seconds(facts.pieces, zero), MOST_BARS))
    times = [*(t for s in seconds for t in (s.start, s.end)), *(echo.sent_s - zero for echo in facts.echoes)]
    start, end = (min(times), max(times)) if times else (0.0, 1.0)
    return Picture(
        facts,
        limits,
        look_at(facts, limits, look).loss if facts.pieces else None,
        latency(facts.echoes, limits.latency_percentile),
        seconds,
        zero,
        (start, max(end, start + 1.0)),
    )


def _seconds(pieces: Iterable[Piece], zero: float) -> list[Second]:
    """Give the intervals of all pieces on one axis; a piece that has none is one bar."""
    found: list[Second] = []
    for piece in pieces:
        begin = piece.started_s - zero
        rows = [(i.start_s, i.end_s, i.lost, i.total, i.jitter_ms) for i in piece.intervals]
        for start, end, lost, total, shaken in rows or [(0, piece.seconds, piece.lost, piece.counted, piece.jitter_ms)]:
            loss = 100 * min(max(lost, 0), total) / total if total > 0 else None
            found.append(Second(begin + start, begin + end, loss, max(shaken, 0.0)))
    return found


def _worst(group: Sequence[Second]) -> Second:
    """Give a group of seconds as one; one in which nothing arrived is the worst."""
    losses = [second.loss_pct for second in group]
    worst = None if None in losses else max(loss for loss in losses if loss is not None)
    return Second(group[0].start, group[-1].end, worst, max(second.jitter_ms for second in group))


def _said(picture: Picture) -> list[Said]:
    reached, trips = rates(picture.facts.pieces), picture.trips
    lines = []
    if picture.loss is not None:
        lines.append(Said(loss_words(picture.loss)))
        rate = f"{megabits(reached.sent)} sent, {megabits(reached.received)} received"
        lines.append(Said(f"{rate} · {megabits(picture.limits.rate_bits_per_s)} asked for", TEXT_SIZE, GREY))
    if trips is not None:
        kind = KIND_WORDS[picture.facts.echo_kind]
        count = f"{trips.asked} round trips by {kind}, {trips.unanswered} unanswered"
        share = f"{picture.limits.latency_percentile:g} %: {milliseconds(trips.judged)}"
        median = f"50 %: {milliseconds(trips.percentiles[0])}"
        limit = milliseconds(picture.limits.latency_s)
        lines.append(Said(f"{count} · {median}, {share}, limit {limit}", TEXT_SIZE, GREY))
    return lines


# The plots.


def _draw_plots(sheet: Sheet, picture: Picture, top: float) -> TimePlot:
    """Draw the plots below one another, and give the last one."""
    plots = []
    if picture.seconds:
        plots.append(_draw_loss(sheet, picture, top))
        top = plots[-1].base + BETWEEN
        plots.append(_draw_jitter(sheet, picture, top))
        top = plots[-1].base + BETWEEN
    if picture.trips is not None:
        plots.append(_draw_trips(sheet, picture, picture.trips, top))
    return plots[-1]


def _plot(picture: Picture, top: float, height: float, ends: tuple[float, float], decades: bool = False) -> TimePlot:
    return TimePlot(LEFT, top, PLOT_WIDTH, height, *picture.ends, *ends, decades)


def _draw_loss(sheet: Sheet, picture: Picture, top: float) -> TimePlot:
    limit = 100 * picture.limits.loss_ratio
    losses = [s.loss_pct for s in picture.seconds if s.loss_pct]
    upper = [100 * picture.loss.upper] if picture.loss is not None else []
    ends = decade_range(min([limit / 2, *losses]), min(max([1.2 * limit, *losses, *upper]), 100.0))
    plot = _plot(picture, top, LOSS_HEIGHT, ends, decades=True)
    draw_grid(sheet, plot, "Loss of each second in %; no bar, no loss")
    sheet.path(boxes(_bar(plot, s) for s in picture.seconds if s.loss_pct), fill=BLUE)
    for silent in (s for s in picture.seconds if s.loss_pct is None):
        sheet.rect(plot.at_s(silent.start), plot.y, plot.at_s(silent.end) - plot.at_s(silent.start), plot.height, HATCH)
    if picture.loss is not None:
        _draw_interval(sheet, plot, picture.loss)
    draw_levels(sheet, plot, [Level(limit, f"limit {percent(picture.limits.loss_ratio)}", ORANGE, DASHES)])
    draw_edge(sheet, plot)
    return plot


def _draw_interval(sheet: Sheet, plot: TimePlot, loss: LossVerdict) -> None:
    """Draw where the loss of the whole run lies, over the bars: this is what the limit is for, not they."""
    upper, lower = plot.at(100 * loss.upper), plot.at(100 * loss.lower)
    sheet.rect(plot.x, upper, plot.width, max(lower - upper, 1.0), LIGHT_BLUE, fill_opacity=0.6)
    for y in (upper, lower):
        sheet.line(plot.x, y, plot.right, y, INK, stroke_width=1)


def _bar(plot: TimePlot, second: Second) -> tuple[float, float, float, float]:
    x, y = plot.at_s(second.start), plot.at(second.loss_pct or 0)
    width = plot.at_s(second.end) - x
    slit = min(1.0, width / 4)
    return x + slit / 2, y, width - slit, plot.base - y


def _draw_jitter(sheet: Sheet, picture: Picture, top: float) -> TimePlot:
    heard = [second for second in picture.seconds if second.loss_pct is not None]
    worst = max((second.jitter_ms for second in heard), default=0.0)
    plot = _plot(picture, top, JITTER_HEIGHT, value_range(0, 1.1 * worst or 1.0))
    draw_grid(sheet, plot, "Jitter in ms (RFC 3550)")
    treads = ((plot.at_s(s.start), plot.at(s.jitter_ms) - 1.1, plot.at_s(s.end)) for s in heard)
    sheet.path(boxes((x, y, end - x, 2.2) for x, y, end in treads), fill=BLUE)
    draw_edge(sheet, plot)
    return plot


def _draw_trips(sheet: Sheet, picture: Picture, trips: Latency, top: float) -> TimePlot:
    limit_ms = 1e3 * picture.limits.latency_s
    known = [1e3 * e.round_trip_s for e in picture.facts.echoes if e.round_trip_s is not None]
    lowest, highest = min([limit_ms, *known]), max([limit_ms, *known])
    plot = _plot(picture, top, TRIPS_HEIGHT, decade_range(max(lowest, FASTEST_MS), highest * 1.2), decades=True)
    load = " under load" if picture.facts.pieces else ""
    draw_grid(sheet, plot, f"{KIND_WORDS[picture.facts.echo_kind]}: round trips{load} in ms")
    for colour, places in sorted(_dots(plot, picture, limit_ms).items()):
        sheet.path(boxes(places), fill=colour)
    draw_levels(sheet, plot, _levels(picture, trips, limit_ms))
    draw_edge(sheet, plot)
    return plot


def _levels(picture: Picture, trips: Latency, limit_ms: float) -> list[Level]:
    levels = [Level(limit_ms, f"limit {limit_ms:g} ms", ORANGE, DASHES)]
    if not math.isinf(trips.judged):
        share = f"{picture.limits.latency_percentile:g} %"
        levels.append(Level(1e3 * trips.judged, f"{share} {milliseconds(trips.judged)}", INK, "2 3"))
    return levels


def _dots(plot: TimePlot, picture: Picture, limit_ms: float) -> dict[str, list[tuple[float, float, float, float]]]:
    """Give a dot for each round trip by colour, those that touch made one, and a mark at the top for no answer."""
    places: dict[str, set[tuple[float, float]]] = defaultdict(set)
    silent: set[float] = set()
    for echo in picture.facts.echoes:
        x = _grid(plot.at_s(echo.sent_s - picture.zero) - DOT / 2)
        if echo.round_trip_s is None:
            silent.add(x)
            continue
        colour = ORANGE if 1e3 * echo.round_trip_s >= limit_ms else BLUE
        places[colour].add((x, _grid(plot.at(1e3 * echo.round_trip_s) - DOT / 2)))
    found = {colour: _stacks(sorted(dots)) for colour, dots in places.items()}
    found.setdefault(ORANGE, []).extend((x, plot.y, DOT, 12.0) for x in sorted(silent))
    return found


def _grid(place: float) -> float:
    """Give a place on a coarse grid, so that many dots of a long run become few."""
    return 2.0 * round(place / 2)


def _stacks(dots: Sequence[tuple[float, float]]) -> list[tuple[float, float, float, float]]:
    """Give dots in ascending order as boxes, those on top of one another as one."""
    found: list[tuple[float, float, float, float]] = []
    for x, y in dots:
        if found and found[-1][0] == x and y <= found[-1][1] + found[-1][3]:
            found[-1] = (x, found[-1][1], DOT, y + DOT - found[-1][1])
        else:
            found.append((x, y, DOT, DOT))
    return found


# What the colours mean.


def _keys(picture: Picture) -> list[Key]:
    keys = []
    if picture.seconds:
        bars = "loss of a second" if len(picture.seconds) < MOST_BARS else "worst loss of some seconds"
        keys.append(Key("box", BLUE, bars))
    if picture.loss is not None:
        keys.append(Key("box", LIGHT_BLUE, f"loss of the whole run ({100 * picture.loss.confidence:.4g} % interval)"))
    if any(second.loss_pct is None for second in picture.seconds):
        keys.append(Key("box", HATCH, "nothing arrived"))
    keys.append(Key("dashed", ORANGE, "limit"))
    if picture.trips is not None:
        keys += _trip_keys(picture.facts.echoes, picture.limits)
    return keys


def _trip_keys(echoes: Sequence[Echo], limits: TelemetryLimits) -> list[Key]:
    late = any(e.round_trip_s is not None and e.round_trip_s >= limits.latency_s for e in echoes)
    silent = any(e.round_trip_s is None for e in echoes)
    words = " or ".join(word for word, there in (("late", late), ("unanswered at the top", silent)) if there)
    return [Key("box", ORANGE, words)] if words else []
