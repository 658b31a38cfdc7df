"""Odd maps: nothing that a modem, or a caller, may say makes a picture fail."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from plc_tool.pictures.hold import hold
from plc_tool.pictures.svg import difference_svg, map_svg
from plc_tool.pictures.terminal import Screen, hold_text, map_text
from v2g_tool.model.carriers import CarrierMask
from v2g_tool.model.plc import Band, ErrorRates, LinkMap, Row, Service, Spectrum, Tier

from .pictures_sample import MASK

VALUES = st.none() | st.integers(-128, 255).map(float) | st.floats(-1e12, 1e12)
HERTZ = st.floats(0, 60e6) | st.floats(1.8e6, 30e6)
NAMES = st.text(max_size=8)
MASKS = st.sampled_from([MASK, CarrierMask("none", ()), CarrierMask("everything", ((0, 1154),))])


@st.composite
def bands(draw: st.DrawFn) -> Band:
    low = draw(HERTZ)
    return Band(low, low + draw(st.sampled_from([0.0, 1.0, 24_414.0, 390_000.0, 5e6])))


SERVICES = st.lists(st.builds(Service, NAMES, NAMES, bands()), max_size=4)


@st.composite
def spectra(draw: st.DrawFn) -> Spectrum:
    points = tuple(draw(st.lists(bands(), max_size=8)))
    values = st.lists(VALUES, min_size=len(points), max_size=len(points)).map(tuple)
    rows = st.builds(Row, NAMES, st.floats(0, 10), values | st.just(()))
    return Spectrum(points, tuple(draw(st.lists(rows, max_size=12))))


MAPS = st.builds(
    LinkMap,
    st.sampled_from(Tier),
    NAMES,
    NAMES,
    st.none() | spectra(),
    st.none() | st.just(28.0),
    st.none() | st.builds(ErrorRates, st.integers(0), *[st.none() | st.floats(0, 1)] * 3, st.floats(0, 100)),
    st.lists(st.sampled_from(["saturated", "too-few-blocks", "synthetic", "reported-mean"]), max_size=2).map(tuple),
    NAMES,
    st.floats(-1e18, 1e18),
)
LIMITS = st.none() | st.floats(-10, 40)


@settings(max_examples=50)
@given(MAPS, MASKS, SERVICES, LIMITS, st.integers(1, 140), st.integers(1, 40), st.sampled_from(["utf-8", "ascii"]))
def test_a_terminal_picture_never_fails_and_always_fits(
    link: LinkMap,
    mask: CarrierMask,
    services: list[Service],
    limit_db: float | None,
    width: int,
    height: int,
    encoding: str,
) -> None:
    text = map_text(link, mask, services, limit_db=limit_db, screen=Screen(width, height, encoding)).plain

    assert len(text.splitlines()) <= height
    assert all(len(line) <= width for line in text.splitlines())
    text.encode(encoding)


@settings(max_examples=50)
@given(MAPS, MASKS, SERVICES, LIMITS, st.text(max_size=40))
def test_an_svg_is_always_sound_xml(
    link: LinkMap, mask: CarrierMask, services: list[Service], limit_db: float | None, title: str
) -> None:
    ElementTree.fromstring(map_svg(link, mask, services, title=title, limit_db=limit_db))


@settings(max_examples=20)
@given(MAPS, MAPS, MASKS)
def test_any_two_maps_give_a_difference_or_the_reason_for_none(a: LinkMap, b: LinkMap, mask: CarrierMask) -> None:
    ElementTree.fromstring(difference_svg(a, b, mask))
    ElementTree.fromstring(difference_svg(a, a, mask))


@settings(max_examples=20)
@given(st.lists(MAPS, min_size=1, max_size=5), MASKS)
def test_a_hold_takes_any_maps(links: list[LinkMap], mask: CarrierMask) -> None:
    held = hold(links[0], mask.notches())
    for link in links[1:]:
        held = held.add(link, mask.notches())

    hold_text(held, mask, ())
