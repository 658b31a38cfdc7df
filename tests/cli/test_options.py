"""Options as the programs of the manual spell them."""

from __future__ import annotations

import pytest
import typer

from v2g_tool.cli.options import mbit_of, no_value
from v2g_tool.errors import RequestError


@pytest.mark.parametrize(
    ("rate", "mbit"),
    [
        ("10M", 10),
        ("10m", 10),
        ("500K", 0.5),
        ("1G", 1000),
        ("2.5M", 2.5),
        ("64000", 0.064),
        ("10K", 0.01),
        ("10G", 1e4),
    ],
)
def test_a_rate_is_read_as_iperf3_reads_it(rate: str, mbit: float) -> None:
    assert mbit_of(rate) == mbit


@pytest.mark.parametrize(
    "rate", ["", "0", "M", "-10M", "10,5M", "10 Mbit/s", "10M/20", "9K", "11G", "nan", "1e4", "9" * 400]
)
def test_what_cannot_be_a_rate_is_refused_with_an_example(rate: str) -> None:
    with pytest.raises(typer.BadParameter, match="write for example 10M"):
        mbit_of(rate)


def test_a_kernel_setting_by_hand_is_refused_and_the_right_way_is_named() -> None:
    with pytest.raises(RequestError) as caught:
        no_value("net.v2g.islanding_timeout=200")

    assert "net.v2g.islanding_timeout=200" in caught.value.what
    assert "--apply" in caught.value.todo
    assert "--profile" in caught.value.todo


def test_without_a_kernel_setting_by_hand_nothing_is_refused() -> None:
    no_value("")
