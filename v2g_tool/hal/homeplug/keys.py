"""Network keys: set, and asked for. The keys themselves appear in no text and no evidence."""

from __future__ import annotations

from v2g_tool.hal.homeplug.fields import U8, U16, U32, Body, Kind, Raw7, Raw16, Rest

ACCEPTED = frozenset({0, 1})
"""Results of CM_SET_KEY that mean yes: 0 by the standard, and 1 by what every Qualcomm modem answers and then does."""


class SetKeyRequest(Body):
    """Puts a modem into the network of a key."""

    KIND = Kind("CM_SET_KEY.REQ", 0x6008)
    SECRET = ("nmk",)
    key_type: U8 = 1
    my_nonce: U32
    your_nonce: U32 = 0
    pid: U8 = 4
    prn: U16 = 0
    pmn: U8 = 0
    cco_capability: U8 = 0
    nid: Raw7
    new_eks: U8 = 1
    nmk: Raw16


class SetKeyConfirm(Body):
    """The answer to a key; see ACCEPTED for the result."""

    KIND = Kind("CM_SET_KEY.CNF", 0x6009)
    result: U8
    my_nonce: U32
    your_nonce: U32
    pid: U8
    prn: U16
    pmn: U8
    cco_capability: U8


class GetKeyRequest(Body):
    """Asks for a key of a network; the layout is the one that modems accepted from pyPLC."""

    KIND = Kind("CM_GET_KEY.REQ", 0x600C)
    request_type: U8 = 0
    key_type: U8 = 1
    nid: Raw7
    my_nonce: U32
    pid: U8 = 4
    prn: U16 = 0
    pmn: U8 = 0


class GetKeyConfirm(Body):
    """The answer to that; it may hold the key, so nothing of it is shown."""

    KIND = Kind("CM_GET_KEY.CNF", 0x600D)
    SECRET = ("answer",)
    answer: Rest
