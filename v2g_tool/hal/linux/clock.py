"""Whether this computer's clock is synchronised, from the kernel itself."""

from __future__ import annotations

import ctypes

TIME_ERROR = 5
"""Return value of adjtimex(2): the clock is not synchronised."""
TIMEX_BYTES = 512
"""More than struct timex has on any architecture; all zero means "only read"."""


def clock_synchronised() -> bool | None:
    """Give whether the kernel counts its clock as synchronised, None where it cannot be asked."""
    try:
        # The C library that this process has loaded already: looking for its file would start a program.
        libc = ctypes.CDLL(None, use_errno=True)
        state = libc.adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != TIME_ERROR
