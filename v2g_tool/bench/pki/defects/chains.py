"""Planted defects of chains: links, order, completeness, depth, names that stand twice."""

from __future__ import annotations

from collections.abc import Mapping

from v2g_tool.bench.pki.defects.defect import Alter, Defect, extended
from v2g_tool.bench.pki.plan import CERTS, TRUST, File, Plan
from v2g_tool.bench.pki.ranks import Authority, add_authority, add_crl
from v2g_tool.bench.pki.sound import SECC

_INTER_CA = f"{TRUST}/v2g/v2g-inter-ca.pem"
_V2G = ("v2g-root", "cpo-sub-ca-1", "cpo-sub-ca-2", "secc")
_RISE_SERIAL = 12345
"""The serial number of every certificate of old RISE-V2G scripts."""


def _holds(*labels: str) -> Alter:
    def alter(plan: Plan) -> None:
        plan.files[SECC.certificate].holds = labels

    return alter


def _no_link(plan: Plan) -> None:
    del plan.links[_INTER_CA]


def _dangling(plan: Plan) -> None:
    plan.links[_INTER_CA] = "../../certs/cpo-sub-ca-2-old.pem"


def _other_link(plan: Plan) -> None:
    plan.files[f"{CERTS}/cpo-sub-ca-1.pem"] = File("certificates", ("cpo-sub-ca-1",))
    plan.links[_INTER_CA] = "../../certs/cpo-sub-ca-1.pem"


def _no_anchor(plan: Plan) -> None:
    del plan.files[f"{TRUST}/v2g/v2g-root.pem"]


def _too_deep(plan: Plan) -> None:
    """Put one more authority between the root and Sub-CA 1, with a path length that allows it."""
    subject = {**plan.certificates["cpo-sub-ca-1"].subject, "CN": "CPOSubCA0"}
    add_authority(plan, Authority("cpo-sub-ca-0", subject, "v2g-root", 2, 400, 2000))
    add_crl(plan, "cpo-sub-ca-0")
    first = plan.certificates["cpo-sub-ca-1"]
    first.issuer = "cpo-sub-ca-0"
    first.extensions["cRLDistributionPoints"].content = ("http://crl.cpo.example/cpo-sub-ca-0.crl",)
    plan.files[SECC.certificate].holds += ("cpo-sub-ca-0",)


def _renewed(plan: Plan) -> None:
    """Renew Sub-CA 2 under its name with another key, and lay it beside the old one."""
    label = "cpo-sub-ca-2-renewed"
    plan.keys[label] = "p256"
    plan.copied(label, of="cpo-sub-ca-2").key = label
    plan.lives(label, -2, 728)
    plan.files[f"{CERTS}/{label}.pem"] = File("certificates", (label,))


def _cross_signed(plan: Plan) -> None:
    """Let a second root certify Sub-CA 1 too: same name, same key; the chain file holds both."""
    subject = {"DC": "V2G", "C": "DE", "O": "V2G Bench", "CN": "V2GRootCA2"}
    add_authority(plan, Authority("v2g-root-2", subject, "v2g-root-2", None, 700, 14610))
    add_crl(plan, "v2g-root-2")
    plan.trusts("v2g", "v2g-root-2")
    cross = plan.copied("cpo-sub-ca-1-cross", of="cpo-sub-ca-1")
    cross.issuer = "v2g-root-2"
    cross.extensions["cRLDistributionPoints"].content = ("http://crl.cpo.example/v2g-root-2.crl",)
    plan.files[SECC.certificate].holds += ("cpo-sub-ca-1-cross",)


def _old_root_beside(plan: Plan) -> None:
    _cross_signed(plan)
    plan.lives("v2g-root", -14611, -1)


def _same_serials(plan: Plan) -> None:
    for label in _V2G:
        plan.certificates[label].serial = _RISE_SERIAL


def _sub_ca_as_anchor(plan: Plan) -> None:
    plan.files[f"{TRUST}/v2g/cpo-sub-ca-1.pem"] = File("certificates", ("cpo-sub-ca-1",))


def _sub_ca_linked(plan: Plan) -> None:
    plan.links[f"{TRUST}/v2g/sub-ca.pem"] = "../../certs/cpo-sub-ca-2.pem"


def _sub_ca_in_bundle(plan: Plan) -> None:
    plan.files[f"{TRUST}/v2g/v2g-root.pem"].holds += ("cpo-sub-ca-1",)


CHAINS: Mapping[str, Defect] = {
    "chain-link-missing": Defect("v2g-inter-ca.pem is not in the V2G store", _no_link),
    "chain-link-dangling": Defect("v2g-inter-ca.pem leads to a file that is not there", _dangling),
    "chain-link-other": Defect("v2g-inter-ca.pem leads to Sub-CA 1, which did not issue the leaf", _other_link),
    "chain-sub-ca-missing": Defect("the SECC chain lacks Sub-CA 1", _holds("secc", "cpo-sub-ca-2")),
    "chain-no-anchor": Defect("the V2G root is not in the V2G store", _no_anchor),
    "chain-order": Defect("the SECC chain has Sub-CA 1 before 2", _holds("secc", "cpo-sub-ca-1", "cpo-sub-ca-2")),
    "chain-with-root": Defect(
        "the SECC chain holds the V2G root too", _holds("secc", "cpo-sub-ca-2", "cpo-sub-ca-1", "v2g-root")
    ),
    "chain-path-length": Defect(
        "Sub-CA 1 has path length 0 and an authority below it",
        extended("cpo-sub-ca-1", "basicConstraints", (True, 0), critical=True),
    ),
    "chain-too-deep": Defect("four certificates stand below the V2G root", _too_deep),
    "chain-renewed": Defect("a renewed Sub-CA 2 with another key lies beside the old one", _renewed),
    "chain-cross-signed": Defect("two V2G roots certify the same Sub-CA 1", _cross_signed),
    "chain-expired-root-beside": Defect("the old V2G root has expired beside one that cross-signed", _old_root_beside),
    "chain-duplicate-serial": Defect("all certificates of the SECC chain have serial 12345", _same_serials),
    "chain-sub-ca-in-store": Defect("Sub-CA 1 lies in the V2G store", _sub_ca_as_anchor),
    "chain-sub-ca-linked": Defect("Sub-CA 2 is linked into the V2G store under a second name", _sub_ca_linked),
    "chain-sub-ca-in-bundle": Defect("the file of the V2G root holds Sub-CA 1 too", _sub_ca_in_bundle),
}
"""Defects of the chain from the SECC leaf to the V2G root."""
