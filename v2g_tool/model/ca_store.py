"""The system's trust store as it lay there before a change, to bring it back exactly."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Self

from v2g_tool.model.base import Model


class KeptFile(Model):
    """A file: its bytes (in base64), its permission bits, and when it was written."""

    encoded: str
    mode: int
    modified_ns: int

    @classmethod
    def of(cls, content: bytes, mode: int, modified_ns: int) -> Self:
        """Keep these bytes."""
        return cls(encoded=base64.b64encode(content).decode(), mode=mode, modified_ns=modified_ns)

    @property
    def content(self) -> bytes:
        """Its bytes."""
        return base64.b64decode(self.encoded)


class KeptStore(Model):
    """One file in the folder of roots, and what was built from that folder; None for a file that was not there.

    Attributes:
        path: of the file, as the host names it.
        file: it.
        bundle: all roots in one file.
        links: names and targets of the links beside the bundle, their bytes read as Latin-1.
    """

    path: str
    file: KeptFile | None
    bundle: KeptFile | None
    links: Mapping[str, str]
