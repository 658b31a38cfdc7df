"""Maps to draw: clean, disturbed, sounded, and those that hold nothing."""

from __future__ import annotations

import math
import random
from bisect import bisect
from collections.abc import Callable
from xml.etree import ElementTree

from v2g_tool.data.library import load_profile
from v2g_tool.model.carriers import NORTH_AMERICA
from v2g_tool.model.plc import Band, ErrorRates, Flag, LinkMap, Row, Service, Spectrum, Tier
from v2g_tool.model.profiles.radio import RadioServices

MASK = NORTH_AMERICA
SERVICES: tuple[Service, ...] = load_profile("radio-services", RadioServices)[0].known()
FLOORS = (0.0, 2.0, 4.0, 7.0, 10.0, 16.0, 22.0, 28.0)
NOON = 1_790_000_000.0


def quiet(_mhz: float, _slot: int) -> float:
    return 29.0


def disturbed(mhz: float, slot: int) -> float:
    """An RFID reader at 13.56 MHz, and a slot with noise in step with the mains."""
    return 29.0 - 25 * math.exp(-(((mhz - 13.56) / 0.04) ** 2)) - (14 if slot == 2 and mhz < 8 else 0)


def bit_loading(snr: Callable[[float, int], float], slots: int = 5, *flags: Flag) -> LinkMap:
    points = MASK.carriers()
    places = [point.centre_hz / 1e6 for point in points]
    rows = tuple(
        Row(f"slot {s}", s * 0.002, tuple(FLOORS[bisect(FLOORS, snr(mhz, s)) - 1] for mhz in places))
        for s in range(slots)
    )
    return link(Tier.BIT_LOADING, Spectrum(points, rows), *flags)


def sounded(sounds: int = 10, base_db: float = 8.0) -> LinkMap:
    noise = random.Random(1)
    points = MASK.groups()
    rows = tuple(
        Row(
            f"sound {n}",
            n * 0.031,
            tuple(float(round(base_db + 3 * math.sqrt(p.centre_hz / 1e6) + noise.gauss(0, 1))) for p in points),
        )
        for n in range(1, sounds + 1)
    )
    return link(Tier.ATTENUATION, Spectrum(points, rows))


def link(tier: Tier, spectrum: Spectrum | None, *flags: Flag, errors: ErrorRates | None = None) -> LinkMap:
    ceiling = 28.0 if tier is Tier.BIT_LOADING else None
    ends = ("00:b0:52:aa:bb:01", "00:b0:52:cc:dd:02")
    return LinkMap(tier, *ends, spectrum, ceiling, errors, flags, MASK.id, NOON)


def one_value(value: float | None, mhz: float = 10.0) -> LinkMap:
    """A map of a single point in a single row."""
    return link(Tier.MODEM_SNR, Spectrum((Band(mhz * 1e6, mhz * 1e6 + 24_000),), (Row("interval 0", 0.0, (value,)),)))


ROBO = link(Tier.BIT_LOADING, None, "robo-default")
ERRORS_ONLY = link(Tier.ERROR_RATE, None, errors=ErrorRates(259, 0.0, 0.0011, 0.004, 10.0))


def drawn_texts(svg: bytes) -> list[str]:
    """Give what a reader of the picture reads."""
    return [element.text or "" for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("}text")]
