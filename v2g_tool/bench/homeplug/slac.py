"""Codes and bodies of the SLAC messages that a charger sends (ISO 15118-3, HomePlug GreenPHY). Offsets from byte 19."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from typing import NamedTuple

SLAC_PARM = 0x6064
"""CM_SLAC_PARM.REQ."""
START_ATTEN_CHAR = 0x606A
"""CM_START_ATTEN_CHAR.IND."""
ATTEN_CHAR = 0x606E
"""CM_ATTEN_CHAR.IND."""
MNBC_SOUND = 0x6076
"""CM_MNBC_SOUND.IND."""
VALIDATE = 0x6078
"""CM_VALIDATE.REQ."""
SLAC_MATCH = 0x607C
"""CM_SLAC_MATCH.REQ."""
ATTEN_PROFILE = 0x6086
"""CM_ATTEN_PROFILE.IND."""
SOUNDS = 10
"""Sounds that a charger asks for."""
TIMEOUT_S = 0.6
"""Time for them; the message counts tenths."""

_NOT_REQUIRED = 4
_MATCH_HEAD = struct.Struct("<BBH17s6s17s6s8s8x")


class NetworkKey(NamedTuple):
    """The key of a test network; it protects nothing."""

    nmk: bytes

    @property
    def nid(self) -> bytes:
        """The network identifier: five times SHA-256, four bits of the seventh byte are the security level 0."""
        digest = self.nmk
        for _ in range(5):
            digest = hashlib.sha256(digest).digest()
        return digest[:6] + bytes((digest[6] >> 4,))


def slac_parm(ev: bytes, run_id: bytes) -> bytes:
    """Give the body of CM_SLAC_PARM.CNF."""
    return struct.pack("<6sBBB6sBB8s", b"\xff" * 6, SOUNDS, round(TIMEOUT_S * 10), 1, ev, 0, 0, run_id)


def atten_char(ev: bytes, run_id: bytes, sounds: int, groups_db: Sequence[int]) -> bytes:
    """Give the body of CM_ATTEN_CHAR.IND."""
    head = struct.pack("<BB6s8s17x17xBB", 0, 0, ev, run_id, sounds, len(groups_db))
    return head + bytes(groups_db)


def validate() -> bytes:
    """Give the body of CM_VALIDATE.CNF: this charger does not need it."""
    return bytes((0, 0, _NOT_REQUIRED))


def slac_match(ev: bytes, evse: bytes, run_id: bytes, key: NetworkKey) -> bytes:
    """Give the body of CM_SLAC_MATCH.CNF."""
    head = _MATCH_HEAD.pack(0, 0, 0x56, b"", ev, b"", evse, run_id)
    return head + struct.pack("<7sx16s", key.nid, key.nmk)
