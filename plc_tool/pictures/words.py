"""What a picture says in words: the quantity, which way is good, who measured whom, and what the flags mean. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from v2g_tool.model.plc import FLAG_WORDS, ErrorRates, LinkMap, Service, Tier


def quantity_words(link: LinkMap) -> str:
    """Give the honest name of the quantity, its tier and which way is good."""
    name = f"{capital(link.tier.title)} (tier {link.tier:d})"
    if link.tier is Tier.ERROR_RATE:
        return name
    return f"{name}, {'high' if link.quantity == 'SNR' else 'low'} is good"


def capital(words: str) -> str:
    """Give words with a capital letter in front."""
    return words[:1].upper() + words[1:]


def ends_words(link: LinkMap) -> str:
    """Give who measured whom."""
    return f"{link.reporter or 'unknown modem'} hears {link.peer or 'all peers'}"


def flag_words(link: LinkMap) -> list[str]:
    """Give what each flag means."""
    return [FLAG_WORDS[flag] for flag in link.flags]


def error_words(errors: ErrorRates) -> str:
    """Give the error rates of the whole link in one line."""
    parts = [
        f"{name} {value:.2g}"
        for name, value in (
            ("bit errors before decoding", errors.bit_error_ratio),
            ("failed blocks", errors.block_error_ratio),
            ("lost MPDUs", errors.mpdu_error_ratio),
        )
        if value is not None
    ]
    return f"Error ratios of the whole link: {', '.join(parts) or 'none counted'}; {errors.blocks} blocks"


def time_words(start_s: float) -> str:
    """Give a time in seconds since 1970 as UTC, "" for none."""
    try:
        return datetime.fromtimestamp(start_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if start_s else ""
    except (OverflowError, ValueError, OSError):
        return ""


def dip_words(link: LinkMap, hit: Sequence[Service]) -> str:
    """Name the services in whose band a map is worse than around; "" for none. One alone is named with its owner."""
    if not hit:
        return ""
    names = ", ".join(f"{service.name} ({megahertz(service)})" for service in hit)
    owner = f": {hit[0].owner}" if len(hit) == 1 else ""
    return f"{'Dip' if link.quantity == 'SNR' else 'Peak'} in the band of {names}{owner}"


def megahertz(service: Service) -> str:
    """Give the band of a service: `13.553-13.567 MHz`."""
    return f"{service.band.low_hz / 1e6:.5g}-{service.band.high_hz / 1e6:.5g} MHz"


def rows_words(link: LinkMap, rows: int) -> str:
    """Give what lowest and highest were taken over: `of 6 slots`; "" for one row."""
    kind = {Tier.BIT_LOADING: "slots", Tier.ATTENUATION: "sounds"}.get(link.tier, "intervals")
    return f"of {rows} {kind}" if rows > 1 else ""
