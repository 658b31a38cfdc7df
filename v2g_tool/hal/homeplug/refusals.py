"""Answers that say no: which kinds carry a status, and what its values mean."""

from __future__ import annotations

from collections.abc import Mapping

from v2g_tool.hal.homeplug import identity, keys, statistics, tone_map, vertexcom
from v2g_tool.hal.homeplug.fields import Body
from v2g_tool.hal.homeplug.messages import Message
from v2g_tool.model.plc import Refusal

UNDOCUMENTED = "the status is not documented"
_TONE_MAP = {1: "the peer's MAC address is unknown", 2: "the slot is unknown"}
_STATISTICS = {
    0x01: "the control code is invalid",
    0x02: "the direction is invalid",
    0x10: "the link identifier is invalid",
    0x20: "the peer's MAC address is unknown",
}
_FAILED = {1: "it failed"}
MEANINGS: Mapping[type[Body], Mapping[int, str]] = {
    identity.VersionConfirm: {},
    identity.LinkStatusConfirm: {},
    identity.AttributesConfirm: {},
    identity.PropertyConfirm: {},
    keys.SetKeyConfirm: {},
    statistics.LinkStatisticsConfirm: _STATISTICS,
    tone_map.TxToneMapConfirmV0: _TONE_MAP,
    tone_map.TxToneMapConfirmV1: _TONE_MAP,
    tone_map.RxToneMapConfirmV0: _TONE_MAP,
    tone_map.RxToneMapConfirmV1: _TONE_MAP,
    tone_map.AmpMapConfirm: {},
    vertexcom.VcVersionConfirm: _FAILED,
    vertexcom.VcSnrConfirm: _FAILED | {2: "the list of intervals has changed"},
    vertexcom.VcToneMaskConfirm: _FAILED,
    vertexcom.VcLinkStatsConfirm: _FAILED,
}
"""Statuses other than 0 by kind of answer; sources: faifa, open-plc-utils, tulum_utils."""


def refusal_of(message: Message) -> Refusal | None:
    """Give the refusal that an answer is, None if it is none."""
    body = message.body
    meanings = MEANINGS.get(type(body))
    if meanings is None:
        return None
    status: int = getattr(body, "result" if hasattr(body, "result") else "status")
    if status in (keys.ACCEPTED if isinstance(body, keys.SetKeyConfirm) else (0,)):
        return None
    meaning = meanings.get(status, UNDOCUMENTED)
    return Refusal(message.head.source, body.KIND.name, status, meaning, getattr(body, "slot", None))
