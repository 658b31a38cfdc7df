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
from v2g_tool.drawing.axis import Axis, decade_axis, value_axis
from v2g_tool.drawing.columns import in_columns
from v2g_tool.drawing.page import LEFT, RIGHT, TEXT_SIZE, Key, Page, Said
from v2g_tool.drawing.plot import Box, Level, Plot
from v2g_tool.drawing.sheet import BLUE, GREY, HATCH, INK, LIGHT_BLUE, ORANGE, boxes
from v2g_tool.model.telemetry import Echo, Piece

LOSS_HEIGHT, JITTER_HEIGHT, TRIPS_HEIGHT = 190.0, 110.0, 210.0
BETWEEN = 36.0
MOST_BARS = 276
"""So many bars are told apart on a sheet; of more seconds, each bar shows the worst of a few."""
DOT = 2.6
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
        across: the axis of times, s.
    """

    facts: TelemetryFacts
    limits: TelemetryLimits
    loss: LossVerdict | None
    trips: Latency | None
    seconds: tuple[Second, ...]
    zero: float
    across: Axis


def telemetry_svg(facts: TelemetryFacts, limits: TelemetryLimits, look: int = 1, *, title: str) -> bytes:
    """Give the picture of a run; one without any measurement gives a page with the reason in words.

    Args:
        facts: what was measured.
        limits: the limits that are drawn.
        look: the number of the look that was judged, as for `judge`.
        title: the headline, for example server and site.
    """
    picture = _picture(facts, limits, max(look, 1))
    page = Page(title, _said(picture))
    if not picture.seconds and picture.trips is None:
        return page.words("Nothing was measured, so there is no picture.")
    plots = [_draw_loss(page, picture), _draw_jitter(page, picture)] if picture.seconds else []
    if picture.trips is not None:
        plots.append(_draw_trips(page, picture, picture.trips))
    for plot in plots:
        plot.edge()
    plots[-1].numbers()
    page.legend(_keys(picture))
    return page.svg()


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
        Axis(start, max(end, start + 1.0), "Time in s"),
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


def _plot(page: Page, picture: Picture, height: float, up: Axis, name: str) -> Plot:
    """Begin a plot below all that is on the page so far, its name above it."""
    page.take(BETWEEN)
    plot = Plot.below(page, height, picture.across, up)
    page.text(LEFT, plot.y - 7, name, TEXT_SIZE)
    plot.grid()
    return plot


def _draw_loss(page: Page, picture: Picture) -> Plot:
    limit = 100 * picture.limits.loss_ratio
    losses = [s.loss_pct for s in picture.seconds if s.loss_pct]
    upper = [100 * picture.loss.upper] if picture.loss is not None else []
    up = decade_axis(min([limit / 2, *losses]), min(max([1.2 * limit, *losses, *upper]), 100.0))
    plot = _plot(page, picture, LOSS_HEIGHT, up, "Loss of each second in %; no bar, no loss")
    page.path(boxes(_bar(plot, s) for s in picture.seconds if s.loss_pct), fill=BLUE)
    plot.gaps((s.start, s.end) for s in picture.seconds if s.loss_pct is None)
    if picture.loss is not None:
        _draw_interval(plot, picture.loss)
    plot.levels([Level(limit, f"limit {percent(picture.limits.loss_ratio)}")])
    return plot


def _draw_interval(plot: Plot, loss: LossVerdict) -> None:
    """Draw where the loss of the whole run lies, over the bars: this is what the limit is for, not they."""
    upper, lower = plot.at_y(100 * loss.upper), plot.at_y(100 * loss.lower)
    plot.page.rect(LEFT, upper, RIGHT - LEFT, max(lower - upper, 1.0), LIGHT_BLUE, fill_opacity=0.6)
    for y in (upper, lower):
        plot.page.line(LEFT, y, RIGHT, y, INK, stroke_width=1)


def _bar(plot: Plot, second: Second) -> Box:
    x, y, width, height = plot.box(second.start, second.end, plot.up.low, second.loss_pct or 0)
    slit = min(1.0, width / 4)
    return x + slit / 2, y, width - slit, height


def _draw_jitter(page: Page, picture: Picture) -> Plot:
    heard = [second for second in picture.seconds if second.loss_pct is not None]
    worst = max((second.jitter_ms for second in heard), default=0.0)
    plot = _plot(page, picture, JITTER_HEIGHT, value_axis(0, 1.1 * worst or 1.0), "Jitter in ms (RFC 3550)")
    treads = (plot.box(s.start, s.end, s.jitter_ms, s.jitter_ms) for s in heard)
    page.path(boxes((x, y - 1.1, width, 2.2) for x, y, width, _ in treads), fill=BLUE)
    return plot


def _draw_trips(page: Page, picture: Picture, trips: Latency) -> Plot:
    limit_ms = 1e3 * picture.limits.latency_s
    known = [1e3 * e.round_trip_s for e in picture.facts.echoes if e.round_trip_s is not None]
    up = decade_axis(max(min([limit_ms, *known]), FASTEST_MS), 1.2 * max([limit_ms, *known]))
    load = " under load" if picture.facts.pieces else ""
    name = f"{KIND_WORDS[picture.facts.echo_kind]}: round trips{load} in ms"
    plot = _plot(page, picture, TRIPS_HEIGHT, up, name)
    for colour, places in sorted(_dots(plot, picture, limit_ms).items()):
        page.path(boxes(places), fill=colour)
    plot.levels(_levels(picture, trips, limit_ms))
    return plot


def _levels(picture: Picture, trips: Latency, limit_ms: float) -> list[Level]:
    levels = [Level(limit_ms, f"limit {limit_ms:g} ms")]
    if not math.isinf(trips.judged):
        share = f"{picture.limits.latency_percentile:g} %"
        levels.append(Level(1e3 * trips.judged, f"{share} {milliseconds(trips.judged)}", INK, "2 3"))
    return levels


def _dots(plot: Plot, picture: Picture, limit_ms: float) -> dict[str, list[Box]]:
    """Give a dot for each round trip by colour, those that touch made one, and a mark at the top for no answer."""
    places: dict[str, set[tuple[float, float]]] = defaultdict(set)
    silent: set[float] = set()
    for echo in picture.facts.echoes:
        x = _grid(plot.at_x(echo.sent_s - picture.zero) - DOT / 2)
        if echo.round_trip_s is None:
            silent.add(x)
            continue
        colour = ORANGE if 1e3 * echo.round_trip_s >= limit_ms else BLUE
        places[colour].add((x, _grid(plot.at_y(1e3 * echo.round_trip_s) - DOT / 2)))
    found = {colour: _stacks(sorted(dots)) for colour, dots in places.items()}
    found.setdefault(ORANGE, []).extend((x, plot.y, DOT, 12.0) for x in sorted(silent))
    return found


def _grid(place: float) -> float:
    """Give a place on a coarse grid, so that many dots of a long run become few."""
    return 2.0 * round(place / 2)


def _stacks(dots: Sequence[tuple[float, float]]) -> list[Box]:
    """Give dots in ascending order as boxes, those on top of one another as one."""
    found: list[Box] = []
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
