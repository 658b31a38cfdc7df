"""What can be asked of a modem, by the maker of its chip. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from v2g_tool.hal.homeplug import identity, network, statistics, vertexcom
from v2g_tool.hal.homeplug import tone_map as maps
from v2g_tool.hal.homeplug.exchange import Form, Question
from v2g_tool.hal.homeplug.fields import NOBODY
from v2g_tool.model.plc import Direction


def _is_named(body: identity.VersionConfirm | vertexcom.VcVersionConfirm) -> bool:
    """Tell whether a version says anything; an empty one comes from nobody who could be asked more."""
    return bool(body.firmware)


VERSION = Question("VS_SW_VER", (Form(identity.VersionRequest(), identity.VersionConfirm),), _is_named)
LINK_STATUS = Question("VS_PL_LINK_STATUS", (Form(identity.LinkStatusRequest(), identity.LinkStatusConfirm),))
NETWORK = Question(
    "VS_NW_INFO",
    (
        Form(network.NetworkInfoRequestV1(), network.NetworkInfoConfirmV1),
        Form(network.NetworkInfoRequestV0(), network.NetworkInfoConfirmV0),
    ),
)
VC_VERSION = Question("VS_GET_VERSION", (Form(vertexcom.VcVersionRequest(), vertexcom.VcVersionConfirm),), _is_named)
VC_NETWORK = Question("VS_GET_NW_INFO", (Form(vertexcom.VcNetworkInfoRequest(), vertexcom.VcNetworkInfoConfirm),))


def tone_map(peer: str, slot: int, direction: Direction) -> Question:
    """Ask for the codes of one slot; the newer form first, older chips know the other one only."""
    if direction == "tx":
        newer = Form(maps.TxToneMapRequestV1(peer=peer, slot=slot), maps.TxToneMapConfirmV1)
        older = Form(maps.TxToneMapRequestV0(peer=peer, slot=slot), maps.TxToneMapConfirmV0)
        return Question("VS_TONE_MAP_CHAR", (newer, older), _fits_slot(peer, slot))
    newer = Form(maps.RxToneMapRequestV1(peer=peer, slot=slot), maps.RxToneMapConfirmV1)
    older = Form(maps.RxToneMapRequestV0(peer=peer, slot=slot), maps.RxToneMapConfirmV0)
    return Question("VS_RX_TONE_MAP_CHAR", (newer, older), _fits_slot(peer, slot))


def _fits_slot(peer: str, slot: int) -> Callable[[Any], bool]:
    def fits(body: Any) -> bool:  # noqa: ANN401 - any of four kinds
        # The older form does not repeat the peer; a refusal may leave out what it refuses (QCA7420, captured).
        answered = getattr(body, "peer", peer)
        if body.status:
            return answered in (peer, NOBODY) and body.slot in (slot, 0)
        return bool(answered == peer and body.slot == slot)

    return fits


def link_statistics(peer: str) -> Question:
    """Ask for the counters of both directions, of one peer or ("") of all; reading does not clear them."""
    lid = statistics.CSMA_WITH_PEER if peer else statistics.ALL_PEERS
    request = statistics.LinkStatisticsRequest(direction=statistics.BOTH, lid=lid, peer=peer or NOBODY)

    def fits(body: statistics.LinkStatisticsConfirm) -> bool:
        return bool(body.status) or (body.direction, body.lid) == (statistics.BOTH, lid)

    return Question("VS_LNK_STATS", (Form(request, statistics.LinkStatisticsConfirm),), fits)


def vc_snr(peer: str, comb: int, interval: int, interval_list: int) -> Question:
    """Ask for the SNR of one comb of carriers in one interval of a list that the modem has named."""
    request = vertexcom.VcSnrRequest(peer=peer, interval=interval, interval_list=interval_list, comb=comb)

    def fits(body: vertexcom.VcSnrConfirm) -> bool:
        return bool(body.result) or body.comb == comb

    return Question("VS_GET_SNR", (Form(request, vertexcom.VcSnrConfirm),), fits)
