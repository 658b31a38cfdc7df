"""Noise that is a function of its key: the same seed, channel and instant always give the same value.

A generator with a state would give two instruments that look at the same instant two different
truths, and a test a different bench for each order of requests.
"""

from __future__ import annotations

_MASK = (1 << 64) - 1
_GAUSS_SCALE = 3.0**0.5 / 2.0 / 32768.0  # four uniform 16-bit words have this spread


def mix(*key: int) -> int:
    """Give a well-spread 64-bit number for a key (the finaliser of SplitMix64)."""
    state = 0x9E3779B97F4A7C15
    for part in key:
        state = (state ^ (part & _MASK)) * 0xBF58476D1CE4E5B9 & _MASK
        state ^= state >> 27
        state = state * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return state


def uniform(*key: int) -> float:
    """Give a number between -1 and +1, evenly spread."""
    return mix(*key) / (1 << 63) - 1.0


def gauss(*key: int) -> float:
    """Give a number of mean 0 and standard deviation 1, bounded by ±3.5."""
    word = mix(*key)
    total = (word & 0xFFFF) + (word >> 16 & 0xFFFF) + (word >> 32 & 0xFFFF) + (word >> 48)
    return (total - 131070) * _GAUSS_SCALE


def uniform_triple(span: float, *key: int) -> tuple[float, float, float]:
    """Give three numbers between -span and +span, one per phase."""
    return (span * uniform(*key, 1), span * uniform(*key, 2), span * uniform(*key, 3))
