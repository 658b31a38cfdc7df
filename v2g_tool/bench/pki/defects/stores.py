"""Planted defects of trust stores: pins, and the store of the system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from v2g_tool.bench.pki.defects.defect import Defect
from v2g_tool.bench.pki.plan import BUNDLE, RECEIVED, SYSTEM_SOURCES, SYSTEM_STORE, UTILITY_ROOT, Plan, days
from v2g_tool.bench.pki.ranks import Authority, add_authority, add_leaf

_UTILITY = {"C": "DE", "O": "Utility Bench"}
_LINK = f"{SYSTEM_STORE}/utility-root.pem"


def _not_pinned(plan: Plan) -> None:
    plan.pins.remove("v2g-root")


def _extra_anchor(plan: Plan) -> None:
    subject = {"DC": "V2G", "C": "DE", "O": "Stranger", "CN": "V2GRootCA"}
    add_authority(plan, Authority("stranger-root", subject, "stranger-root", None, 100, 14610))
    plan.trusts("v2g", "stranger-root", pinned=False)


def _not_rebuilt(plan: Plan) -> None:
    """Leave the store as it was before the root came: other roots, no link, no hash."""
    _add_utility_root(plan, "utility-root-2")
    plan.installs("utility-root-2")
    plan.files[f"{SYSTEM_SOURCES}/utility-root-2.crt"].modified = plan.now - days(3)
    plan.files[BUNDLE] = replace(plan.files[BUNDLE], holds=("utility-root-2",), modified=plan.now - days(2))
    del plan.links[_LINK]
    del plan.hash_links["utility-root"]


def _not_installed(plan: Plan) -> None:
    """Leave the utility's root out of the system's store: step 3 of the manual was not done."""
    _not_rebuilt(plan)
    del plan.files[UTILITY_ROOT]
    plan.files[BUNDLE].modified = plan.now


def _pem_suffix(plan: Plan) -> None:
    _not_rebuilt(plan)
    plan.utility_root = f"{SYSTEM_SOURCES}/utility-root.pem"
    plan.files[plan.utility_root] = plan.files.pop(UTILITY_ROOT)
    plan.files[BUNDLE].modified = plan.now


def _source_newer(plan: Plan) -> None:
    plan.files[UTILITY_ROOT].modified = plan.now


def _dangling(plan: Plan) -> None:
    plan.links[f"{SYSTEM_STORE}/utility-root-old.pem"] = f"{SYSTEM_SOURCES}/utility-root-old.crt"


def _no_hash(plan: Plan) -> None:
    del plan.hash_links["utility-root"]


def _several(plan: Plan) -> None:
    _add_utility_root(plan, "utility-root-2")
    del plan.hash_links["utility-root"]
    for path in (UTILITY_ROOT, BUNDLE):
        plan.files[path].holds += ("utility-root-2",)


def _add_utility_root(plan: Plan, label: str) -> None:
    add_authority(plan, Authority(label, {**_UTILITY, "CN": "Utility Root CA 2"}, label, None, 100, 7305))


def _server_certificate(plan: Plan) -> None:
    add_leaf(plan, "utility-server", {**_UTILITY, "CN": "server.utility.example"}, "utility-root")
    plan.installs("utility-server")


def _intermediate(plan: Plan) -> None:
    plan.installs("cpo-sub-ca-2")


def _v2g_root(plan: Plan) -> None:
    plan.installs("v2g-root")


STORES: Mapping[str, Defect] = {
    "store-anchor-not-pinned": Defect("the site file does not pin the V2G root", _not_pinned),
    "store-extra-anchor": Defect("a root that nobody pinned is in the V2G store", _extra_anchor),
    "store-pem-suffix": Defect("the utility's root has the suffix .pem, and is ignored", _pem_suffix),
    "store-no-utility-root": Defect(f"the utility's root lies only in {RECEIVED}", _not_installed),
    "store-not-rebuilt": Defect("the system's store is older than the utility's root, and lacks it", _not_rebuilt),
    "store-source-newer": Defect("the utility's root was written after the system's store", _source_newer),
    "store-dangling-link": Defect("a link of the system's store leads to a root that is gone", _dangling),
    "store-hash-link-missing": Defect("the hash link of the utility's root is missing", _no_hash),
    "store-several": Defect("the utility's file holds two roots, and has no hash link", _several),
    "store-not-a-ca": Defect("a server's certificate is in the system's store", _server_certificate),
    "store-intermediate": Defect("Sub-CA 2 is in the system's store", _intermediate),
    "store-v2g-root": Defect("the V2G root is in the system's store", _v2g_root),
}
"""Defects of trust stores."""
