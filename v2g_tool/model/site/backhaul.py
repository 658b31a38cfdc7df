"""The utility's telemetry server."""

from typing import Literal

from pydantic import Field

from v2g_tool.model.base import Model


class TelemetrySite(Model):
    """`[telemetry]`: the utility's server and what the manual asks of the way there."""

    host: str = Field(min_length=1)
    port: int = Field(default=5201, ge=1, le=65535)
    rate_mbit_s: float = Field(default=10.0, gt=0, le=10_000)
    datagram_bytes: int = Field(default=1400, ge=64, le=65_507)
    echo: Literal["icmp", "udp-echo", "tcp-echo", "modbus"] = "icmp"
    """How round trips are measured."""
    echo_port: int | None = Field(default=None, ge=1, le=65535)
    """Port of the echo service (default 7) or of the Modbus device (default 502)."""
    echo_unit: int = Field(default=1, ge=0, le=255)
