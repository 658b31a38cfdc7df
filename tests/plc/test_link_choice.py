"""Which maps count: by the addresses of the two modems that were asked about."""

from __future__ import annotations

import pytest

from plc_tool.rules.link_choice import ANY, Ends, ambiguous, heard_together
from v2g_tool.model.plc import Flag, LinkMap, Tier

A, B, C, D = (f"00:b0:52:00:00:0{n}" for n in range(1, 5))


def link(tier: Tier, reporter: str, peer: str, start_s: float = 0.0, flags: tuple[Flag, ...] = ()) -> LinkMap:
    return LinkMap(tier, reporter, peer, None, flags=flags, start_s=start_s)


@pytest.mark.parametrize("tier", [Tier.MODEM_SNR, Tier.BIT_LOADING])
def test_an_snr_map_counts_only_with_both_ends(tier: Tier) -> None:
    ends = Ends(A, B)
    assert ends.of(link(tier, A, B))
    assert ends.of(link(tier, B, A))
    assert not ends.of(link(tier, A, C))
    assert not ends.of(link(tier, C, D))
    assert not ends.of(link(tier, A, ""))


def test_soundings_count_whoever_is_asked_because_they_know_hosts_not_modems() -> None:
    assert Ends(A, B).of(link(Tier.ATTENUATION, C, D))


def test_error_rates_count_from_the_modem_that_was_asked() -> None:
    assert Ends(A, B).of(link(Tier.ERROR_RATE, A, ""))
    assert not Ends(A, B).of(link(Tier.ERROR_RATE, C, D))


def test_everything_counts_where_nobody_said_what_is_meant() -> None:
    maps = [link(Tier.BIT_LOADING, A, B), link(Tier.BIT_LOADING, B, A), link(Tier.BIT_LOADING, C, D)]
    assert all(ANY.of(one) for one in maps)
    assert ambiguous(maps[:2]) == ()
    assert len(ambiguous(maps)) == 2


def test_neighbours_are_other_modems_that_heard_the_same_vehicle_at_the_same_time() -> None:
    own = link(Tier.ATTENUATION, A, D, 10.0)
    near = link(Tier.ATTENUATION, B, D, 10.4)
    later = link(Tier.ATTENUATION, B, D, 20.0)
    another = link(Tier.ATTENUATION, B, C, 10.0)
    told = link(Tier.ATTENUATION, C, D, 10.5, ("reported-mean",))
    assert heard_together(own, [own, near, later, another, told]) == [own, near]
