"""The PLC link of a charger as nouns: what modems say about it, and the map that is made of it.

MAC addresses are lower-case text, `00:b0:52:aa:bb:01`. Times of frames are seconds since 1970 (UTC), as in a capture.
"""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

Direction = Literal["rx", "tx"]
"""As seen by the modem that reports: what it receives, or what it sends."""
ProfileKind = Literal["CM_ATTEN_PROFILE.IND", "VS_ATTENUATION_CHARACTERISTICS.IND"]


@dataclass(frozen=True)
class Captured:
    """One Ethernet frame without its checksum, from byte 0, and when it passed."""

    time_s: float
    frame: bytes
    sent: bool = False


@dataclass(frozen=True)
class ModemIdentity:
    """What a modem says it is; `chip` is the maker's name, or says that the code is unknown."""

    mac: str
    maker: str
    chip: str
    firmware: str
    device_class: int | None = None


@dataclass(frozen=True)
class Station:
    """A station of a powerline network with its average PHY rates in Mbit/s as the reporter sees them."""

    mac: str
    tei: int
    bridged: str
    tx_mbit_s: int
    rx_mbit_s: int


@dataclass(frozen=True)
class Network:
    """A powerline network as one of its modems reports it."""

    reporter: str
    nid: str
    snid: int
    tei: int
    role: Literal["STA", "proxy CCo", "CCo", "unknown"]
    cco: str
    stations: tuple[Station, ...]


@dataclass(frozen=True)
class LinkState:
    """Whether a modem says that it is linked to a powerline network."""

    reporter: str
    linked: bool


@dataclass(frozen=True)
class ToneMap:
    """Bit-loading codes of one tone-map region (slot), one per active carrier, ascending in frequency.

    Attributes:
        reporter: the modem that answered.
        peer: the other end of the link, "" where the answer does not say it and the request was not seen.
        direction: "rx" is what the reporter receives from `peer`.
        slot: the tone-map region of the mains half cycle.
        maps: the number of tone maps that the modem says it holds (NUMTMS).
        codes: 0 off, 1 BPSK, 2 QPSK, 3 8-QAM, 4 16-QAM, 5 64-QAM, 6 256-QAM, 7 1024-QAM, 8 4096-QAM.
        agc: automatic gain code as sent, no unit known.
        gil: guard-interval code as sent, no unit known.
        time_s: when it was answered.
    """

    reporter: str
    peer: str
    direction: Direction
    slot: int
    maps: int
    codes: tuple[int, ...]
    agc: int | None
    gil: int | None
    time_s: float


@dataclass(frozen=True)
class SlacStart:
    """An EV asked for SLAC (CM_SLAC_PARM.REQ): a new sounding begins."""

    ev: str
    run_id: str
    time_s: float


@dataclass(frozen=True)
class Sound:
    """One M-sound of an EV (CM_MNBC_SOUND.IND); `remaining` counts down to 0."""

    ev: str
    run_id: str
    remaining: int
    time_s: float


@dataclass(frozen=True)
class SoundProfile:
    """The attenuation of one M-sound as a modem measured it: dB for each group of carriers.

    Attributes:
        modem: who sent it, from the frame's source address.
        ev: whose sound it was.
        groups_db: usually 58 groups of 16 active carriers; empty when the modem did not measure.
        kind: which message carried it.
        time_s: when it arrived.
    """

    modem: str
    ev: str
    groups_db: tuple[int, ...]
    kind: ProfileKind
    time_s: float


@dataclass(frozen=True)
class ReportedAttenuation:
    """The mean over the sounds as a charger reports it (CM_ATTEN_CHAR.IND), after its own corrections."""

    evse: str
    ev: str
    run_id: str
    sounds: int
    groups_db: tuple[int, ...]
    time_s: float


@dataclass(frozen=True)
class TxCounters:
    """What a modem counted while sending: MPDUs and 512-byte PHY blocks, since its start or last clearing."""

    mpdu_acknowledged: int
    mpdu_collided: int
    mpdu_failed: int
    pb_passed: int
    pb_failed: int


@dataclass(frozen=True)
class RxCounters:
    """What a modem counted while receiving; the bit errors are those that the turbo decoder corrected."""

    mpdu_acknowledged: int
    mpdu_failed: int
    pb_passed: int
    pb_failed: int
    bit_errors_passed: int
    bit_errors_failed: int


@dataclass(frozen=True)
class LinkCounters:
    """Link statistics at one moment; `peer` is "" for the sum over all peers."""

    reporter: str
    peer: str
    lid: int
    tx: TxCounters | None
    rx: RxCounters | None
    time_s: float


@dataclass(frozen=True)
class ModemSnr:
    """The SNR of one comb of carriers (index mod 4) as a VertexCom modem estimates it; the unit is unconfirmed."""

    reporter: str
    peer: str
    interval: int
    comb: int
    values: tuple[int, ...]
    ber_ratio: float
    time_s: float


@dataclass(frozen=True)
class Refusal:
    """A modem answered that it cannot or will not; `status` is its code."""

    reporter: str
    message: str
    status: int
    meaning: str
    slot: int | None = None


@dataclass(frozen=True)
class Observation:
    """Everything that a sequence of frames says about PLC links, in the order of the frames."""

    identities: tuple[ModemIdentity, ...] = ()
    networks: tuple[Network, ...] = ()
    link_states: tuple[LinkState, ...] = ()
    tone_maps: tuple[ToneMap, ...] = ()
    starts: tuple[SlacStart, ...] = ()
    sounds: tuple[Sound, ...] = ()
    profiles: tuple[SoundProfile, ...] = ()
    reported: tuple[ReportedAttenuation, ...] = ()
    counters: tuple[LinkCounters, ...] = ()
    snrs: tuple[ModemSnr, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    frames: int = 0
    foreign: int = 0
    """Frames that are no HomePlug AV messages, or of kinds that say nothing here."""
    damaged: int = 0
    """Frames that announce more than they hold, or contradict themselves."""
    dropped: int = 0
    """Findings beyond the bounds of memory, left out."""


class Tier(IntEnum):
    """How a map was measured: the lower, the more it says."""

    MODEM_SNR = 1
    BIT_LOADING = 2
    ATTENUATION = 3
    ERROR_RATE = 4

    @property
    def title(self) -> str:
        """The quantity's honest name."""
        return _TITLES[self]


_TITLES = {
    Tier.MODEM_SNR: "modem SNR",
    Tier.BIT_LOADING: "SNR floor from bit loading",
    Tier.ATTENUATION: "attenuation map from SLAC sounding",
    Tier.ERROR_RATE: "error rates of the whole link",
}


@dataclass(frozen=True)
class Band:
    """A part of the frequency axis in Hz, lower and upper edge."""

    low_hz: float
    high_hz: float

    @property
    def centre_hz(self) -> float:
        """The middle of the band."""
        return (self.low_hz + self.high_hz) / 2


@dataclass(frozen=True)
class Service:
    """A radio service or device that may disturb a band: what it is and who usually owns the transmitter."""

    name: str
    owner: str
    band: Band


@dataclass(frozen=True)
class Row:
    """One measurement over all points: a tone-map slot, or one sound; None where nothing was measured.

    `time_s` counts from the first row of the map; for a slot it is the middle of the slot in the mains half cycle.
    """

    name: str
    time_s: float
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Spectrum:
    """One quantity in dB over frequency: a value for each point in each row."""

    points: tuple[Band, ...]
    rows: tuple[Row, ...]

    def columns(self) -> list[tuple[float, ...]]:
        """Give the values that were measured at each point, over all rows."""
        whole = zip(*(row.values for row in self.rows), strict=True) if self.rows else ((),) * len(self.points)
        return [c if None not in c else tuple(v for v in c if v is not None) for c in whole]

    def medians(self) -> tuple[float | None, ...]:
        """Give the median over the rows of each point, None where no row measured it."""
        return tuple(statistics.median(column) if column else None for column in self.columns())

    def lowest(self) -> tuple[float | None, ...]:
        """Give the smallest value over the rows of each point."""
        return tuple(min(column, default=None) for column in self.columns())

    def highest(self) -> tuple[float | None, ...]:
        """Give the largest value over the rows of each point."""
        return tuple(max(column, default=None) for column in self.columns())


@dataclass(frozen=True)
class ErrorRates:
    """Error rates of a link between two polls of its counters; None where nothing was counted.

    Attributes:
        blocks: PHY blocks (512 bytes) that were received in between.
        block_error_ratio: blocks that stayed wrong after decoding.
        bit_error_ratio: bit errors before decoding; indicative, its definition by the maker is not published.
        mpdu_error_ratio: MPDUs that were lost.
        seconds: time between the polls.
    """

    blocks: int
    block_error_ratio: float | None
    bit_error_ratio: float | None
    mpdu_error_ratio: float | None
    seconds: float


Flag = Literal[
    "robo-default",
    "synthetic",
    "no-measurement",
    "saturated",
    "reported-mean",
    "unknown-carriers",
    "slots-left-out",
    "slots-missing",
    "counters-reset",
    "too-few-blocks",
]

FLAG_WORDS: dict[Flag, str] = {
    "robo-default": "the modem reports QPSK for every carrier and holds no tone map: ROBO default, no SNR information",
    "synthetic": "the profile is constant: synthetic, not measured",
    "no-measurement": "the modem sent no values: no measurement",
    "saturated": "several groups are at 0 dB: the receiver is at its limit there",
    "reported-mean": "only the charger's own mean was heard, after corrections that it does not publish",
    "unknown-carriers": "nobody has published which carriers this modem's list means",
    "slots-left-out": "some slots gave lists of another length than the others; they were left out",
    "slots-missing": "not all slots of the mains half cycle were read",
    "counters-reset": "the counters were cleared between the polls",
    "too-few-blocks": "too few blocks were received for a rate",
}
"""What each flag means, for people."""


@dataclass(frozen=True)
class LinkMap:
    """The map of one direction of one link, in the quantity that this tier measures.

    Attributes:
        tier: which rung of the ladder.
        reporter: the modem that measured.
        peer: the other end: the modem that sent, or the EV whose sounds were measured.
        spectrum: the values; None at tier 4 and where a flag says why there is none.
        ceiling_db: values at this bound mean "at least" (top of the constellation); None without one.
        errors: error rates of the same link, where they were counted.
        flags: why the map says less than it seems.
        mask_id: which carrier mask placed the points on the frequency axis.
        start_s: when it was measured.
    """

    tier: Tier
    reporter: str
    peer: str
    spectrum: Spectrum | None
    ceiling_db: float | None = None
    errors: ErrorRates | None = None
    flags: tuple[Flag, ...] = field(default=())
    mask_id: str = ""
    start_s: float = 0.0

    @property
    def quantity(self) -> str:
        """What is mapped: `SNR`, `attenuation` or `error rates`."""
        names = {Tier.ATTENUATION: "attenuation", Tier.ERROR_RATE: "error rates"}
        return names.get(self.tier, "SNR")
