"""A second SECC leaf, for ISO 15118-20, beside the one for ISO 15118-2: a sound modern site."""

from __future__ import annotations

from v2g_tool.bench.pki.plan import CERTS, Credential, Plan
from v2g_tool.bench.pki.ranks import Authority, add_authority, add_crl, add_leaf
from v2g_tool.bench.pki.sound import SECCID, adopt

_YEAR = 365.25
_CSO = {"DC": "V2G", "C": "DE", "O": "V2G Bench"}
_AUTHORITIES = (
    Authority("v2g-root-20", {**_CSO, "CN": "V2G20RootCA"}, "v2g-root-20", None, _YEAR, 40 * _YEAR),
    Authority("cso-sub-ca-1", {**_CSO, "CN": "CSOSubCA1"}, "v2g-root-20", 1, _YEAR, 4 * _YEAR),
    Authority("cso-sub-ca-2", {**_CSO, "CN": "CSOSubCA2"}, "cso-sub-ca-1", 0, _YEAR / 2, 2 * _YEAR),
)
_SECC_20 = Credential("secc", "iso15118-20", "v2g", f"{CERTS}/secc-20-chain.pem", f"{CERTS}/secc-20.key", "secc-20")


def add_second_leaf(plan: Plan, kind: str) -> None:
    """Plan a root for ISO 15118-20, what is below it, and their revocation lists, all with keys of one kind."""
    for authority in _AUTHORITIES:
        add_authority(plan, authority, kind)
        add_crl(plan, authority.label)
    add_leaf(plan, "secc-20", {"DC": "CPO", "C": "DE", "O": "CPO Bench", "CN": SECCID}, "cso-sub-ca-2", kind)
    adopt(plan, "secc-20", _SECC_20, ("secc-20", "cso-sub-ca-2", "cso-sub-ca-1"))
    plan.trusts("v2g", "v2g-root-20")
