"""Answers that say no: which kinds carry a status, and what its values mean."""

from __future__ import annotations

from collections.abc import Mapping

from v2g_tool.hal.homeplug.fields import Body
from v2g_tool.hal.homeplug.identity import AttributesConfirm, LinkStatusConfirm, PropertyConfirm, VersionConfirm
from v2g_tool.hal.homeplug.keys import ACCEPTED, SetKeyConfirm
from v2g_tool.hal.homeplug.messages import Message
from v2g_tool.hal.homeplug.statistics import LinkStatisticsConfirm
from v2g_tool.hal.homeplug.tone_map import (
    AmpMapConfirm,
    RxToneMapConfirmV0,
    RxToneMapConfirmV1,
    TxToneMapConfirmV0,
    TxToneMapConfirmV1,
)
from v2g_tool.hal.homeplug.vertexcom import VcLinkStatsConfirm, VcSnrConfirm, VcToneMaskConfirm, VcVersionConfirm
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
    VersionConfirm: {},
    LinkStatusConfirm: {},
    AttributesConfirm: {},
    PropertyConfirm: {},
    SetKeyConfirm: {},
    LinkStatisticsConfirm: _STATISTICS,
    TxToneMapConfirmV0: _TONE_MAP,
    TxToneMapConfirmV1: _TONE_MAP,
    RxToneMapConfirmV0: _TONE_MAP,
    RxToneMapConfirmV1: _TONE_MAP,
    AmpMapConfirm: {},
    VcVersionConfirm: _FAILED,
    VcSnrConfirm: _FAILED | {2: "the list of intervals has changed"},
    VcToneMaskConfirm: _FAILED,
    VcLinkStatsConfirm: _FAILED,
}
"""Statuses other than 0 by kind of answer; sources: faifa, open-plc-utils, tulum_utils."""


def refusal_of(message: Message) -> Refusal | None:
    """Give the refusal that an answer is, None if it is none."""
    body = message.body
    meanings = MEANINGS.get(type(body))
    if meanings is None:
        return None
    status: int = getattr(body, "result" if hasattr(body, "result") else "status")
    if status in (ACCEPTED if isinstance(body, SetKeyConfirm) else (0,)):
        return None
    meaning = meanings.get(status, UNDOCUMENTED)
    return Refusal(message.head.source, body.KIND.name, status, meaning, getattr(body, "slot", None))
