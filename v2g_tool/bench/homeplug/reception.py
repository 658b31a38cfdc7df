"""What one modem makes of its channel, as time passes: maps that age, counters that grow."""

from __future__ import annotations

import statistics
from random import Random

from v2g_tool.bench.homeplug.channel import Channel
from v2g_tool.bench.homeplug.powerline import Agenda
from v2g_tool.bench.homeplug.receiver import Counters, modem_snr, sound_profile, tone_map

BLOCKS_PER_S = 300
"""Traffic in each direction, in PHY blocks: enough for an error rate after a second."""

_BLOCKS_BEFORE = 7000
_MAP_AGE_S = 10.0
_MAINS_50 = 55.0  # below it the mains has 50 Hz
_BITS = (0, 1, 2, 3, 4, 6, 8, 10, 12)
_SYMBOL_US = 46.52
_CODE_RATE = 16 / 21


class Reception:
    """The receiving side of a modem.

    Args:
        channel: the truth about what arrives.
        seed: draws the errors of the measurements.
        agenda: the time.
    """

    def __init__(self, channel: Channel, seed: int, agenda: Agenda) -> None:
        self.channel = channel
        self.slots = 6 if channel.mains_hz < _MAINS_50 else 5
        self._rng = Random(seed)
        self._agenda = agenda
        self._maps: dict[int, tuple[float, list[int]]] = {}
        self._counters: Counters | None = None
        self._counted_s = 0.0

    def codes(self, slot: int) -> list[int]:
        """Give the tone map of a slot; it is estimated anew every 10 s."""
        now_s = self._agenda.now_s()
        made_s, codes = self._maps.get(slot, (0.0, []))
        if not codes or now_s - made_s > _MAP_AGE_S:
            codes = tone_map(self.channel, slot, self.slots, self._rng)
            self._maps[slot] = (now_s, codes)
        return codes

    def rate_mbit_s(self) -> int:
        """Give the average coded PHY rate over all slots."""
        bits = sum(_BITS[code] for slot in range(self.slots) for code in self.codes(slot)) / self.slots
        return round(bits / _SYMBOL_US * _CODE_RATE)

    def profile(self) -> list[int]:
        """Give the attenuation of the 58 groups on a sound that comes now."""
        return [min(value, 255) for value in sound_profile(self.channel, self._agenda.now_s(), self._rng)]

    def snr(self, comb: int, time_s: float) -> list[int]:
        """Give the SNR of every fourth carrier at a time in the mains period."""
        return modem_snr(self.channel, comb, time_s, self._rng)

    def attenuation_db(self) -> float:
        """Give the mean attenuation over the groups."""
        return statistics.fmean(self.channel.readings_db())

    def counters(self) -> Counters:
        """Give the counters, with the traffic since the last time."""
        now_s = self._agenda.now_s()
        if self._counters is None:
            self._counters, blocks = Counters(), _BLOCKS_BEFORE
        else:
            blocks = int((now_s - self._counted_s) * BLOCKS_PER_S)
        if blocks:
            self._counters.add_traffic(self.channel, blocks, self._rng)
            self._counted_s = now_s
        return self._counters

    def clear(self) -> None:
        """Let the counters begin again at zero."""
        self._counters, self._counted_s = Counters(), self._agenda.now_s()
