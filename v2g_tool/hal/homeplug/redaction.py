"""Frames without network keys, for evidence, reports and captures.

The rule is a list of what may stay, not of what must go. What stays is what this program understands and knows to be no
key: the head of a HomePlug frame, and the fields of the kinds in `messages.BODIES`. Zeroed are:

- keys in known kinds: CM_SET_KEY, CM_SLAC_MATCH, CM_GET_KEY, values of properties;
- the content of all other kinds, of the standard or of any maker: memory and flash access, PIB and module transfers,
  VS_SET_KEY, NVRAM and file access, encrypted payloads, and whatever a firmware adds;
- what follows the fields: padding may be left over from an earlier message in the sender's buffer;
- what could not be understood of a damaged frame;
- the content of frames of any other Ethernet type: HomePlug 1.0 and Mediaxtreme have key messages of their own, and no
  verdict rests on IP;
- fragments, except those of the few long messages that are measured from. Later fragments of Qualcomm chips do not say
  whose they are, so of them only the type can be looked at.

Nothing that is observed gets lost by it: the redacted frames give the same observation.
"""

from __future__ import annotations

from v2g_tool.hal.homeplug.fields import Kind
from v2g_tool.hal.homeplug.fragments import is_first
from v2g_tool.hal.homeplug.frame import VERTEXCOM, MalformedFrame
from v2g_tool.hal.homeplug.messages import Fragment, Message, decode, encode
from v2g_tool.hal.homeplug.network import NetworkInfoConfirmV1
from v2g_tool.hal.homeplug.tone_map import RxToneMapConfirmV1, TxToneMapConfirmV1
from v2g_tool.hal.homeplug.vertexcom import VcNetworkInfoConfirm, VcSnrConfirm

LONG: tuple[Kind, ...] = (
    TxToneMapConfirmV1.KIND,
    RxToneMapConfirmV1.KIND,
    NetworkInfoConfirmV1.KIND,
    VcSnrConfirm.KIND,
    VcNetworkInfoConfirm.KIND,
)
"""Kinds of which fragments are kept."""


def redacted(frame: bytes) -> bytes:
    """Give the frame with all that may be secret zeroed, in the same length; any bytes are taken."""
    try:
        message = decode(frame)
    except MalformedFrame as exc:
        return frame[: exc.understood].ljust(len(frame), b"\0")
    body = message.body if _is_measured_from(message) else message.body.disclosed()
    return encode(Message(message.head, body, bytes(len(message.tail))))


def _is_measured_from(message: Message) -> bool:
    body = message.body
    if not isinstance(body, Fragment):
        return False
    makers = [kind.oui for kind in LONG if kind.mmtype == message.head.mmtype]
    says_its_maker = is_first(message.head.fmi[0]) or body.data.startswith(VERTEXCOM)
    return body.data[:3] in makers if says_its_maker else bool(makers)
