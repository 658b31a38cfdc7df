"""PLC modems of a site."""

import re
from typing import Self

from pydantic import Field, field_validator, model_validator

from v2g_tool.model.base import Model
from v2g_tool.model.spelling import did_you_mean

MAC = r"^([0-9a-f]{2}(:[0-9a-f]{2}){5})?$"
"""A MAC address in lower case, or nothing."""


class ModemSite(Model):
    """`[modems.NAME]`: a PLC modem, by the Ethernet interface of this computer that leads to it."""

    interface: str = Field(pattern=r"^[^\s/]{1,15}$")
    mac: str = ""
    """The modem on this wire; without it whoever answers."""
    peer: str = ""
    """The other end of the link to map; without it the only other station of the network."""
    mask: str = "north-america"

    @field_validator("mac", "peer", mode="before")
    @classmethod
    def _spelled(cls, text: object) -> object:
        """Take an address as it is printed on a label: upper case, with hyphens."""
        if not isinstance(text, str):
            return text
        spelled = text.strip().lower().replace("-", ":")
        if not re.fullmatch(MAC, spelled):
            raise ValueError(f"'{text}' is no MAC address; write it as 00:b0:52:aa:bb:01")
        return spelled

    @model_validator(mode="after")
    def _mask_known(self) -> Self:
        from v2g_tool.model.carriers import MASKS  # only here: a site without modems needs no carriers

        if self.mask not in MASKS:
            raise ValueError(
                f"no carrier mask '{self.mask}'.{did_you_mean(self.mask, MASKS)} Known: {', '.join(MASKS)}"
            )
        return self
