"""The one table of what can be planted into a PKI."""

from __future__ import annotations

from collections.abc import Mapping

from v2g_tool.bench.pki.defects.certificates import ALGORITHMS, EXTENSIONS, NAMES, SEP2, TIMES
from v2g_tool.bench.pki.defects.chains import CHAINS
from v2g_tool.bench.pki.defects.defect import Alter, Defect
from v2g_tool.bench.pki.defects.files import FILES, KEYS
from v2g_tool.bench.pki.defects.ocsp import STAPLED
from v2g_tool.bench.pki.defects.revocation import REVOCATION
from v2g_tool.bench.pki.defects.stores import STORES
from v2g_tool.bench.pki.second_leaf import add_second_leaf


def _second_leaf(kind: str) -> Alter:
    return lambda plan: add_second_leaf(plan, kind)


_LEAVES: Mapping[str, Defect] = {
    "second-leaf": Defect("sound: a second SECC leaf for ISO 15118-20, on P-521", _second_leaf("p521")),
    "second-leaf-ed448": Defect("sound: a second SECC leaf for ISO 15118-20, with Ed448", _second_leaf("ed448")),
    "second-leaf-p256": Defect("a second SECC leaf for ISO 15118-20, on P-256 only", _second_leaf("p256")),
}

DEFECTS: Mapping[str, Defect] = {
    **_LEAVES,
    **FILES,
    **KEYS,
    **CHAINS,
    **TIMES,
    **ALGORITHMS,
    **EXTENSIONS,
    **NAMES,
    **SEP2,
    **REVOCATION,
    **STAPLED,
    **STORES,
}
"""All faults of a PKI by name, in the order in which they are listed to the user."""
