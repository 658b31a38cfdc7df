"""Planted defects of revocation lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from v2g_tool.bench.pki.defects.defect import Alter, Defect, extended
from v2g_tool.bench.pki.plan import CRLS, Crl, File, Plan, days
from v2g_tool.bench.pki.ranks import CA_USAGE

_ISSUER = "cpo-sub-ca-2"
"""Whose list, that of the SECC leaf, has the defect."""


def _crl(alter: Callable[[Plan, Crl], None]) -> Alter:
    return lambda plan: alter(plan, plan.crls[_ISSUER])


def _absent(plan: Plan) -> None:
    del plan.files[f"{CRLS}/{_ISSUER}.crl"]


def _made(age_days: float, life_days: float | None = 30) -> Alter:
    def alter(plan: Plan, crl: Crl) -> None:
        crl.this_update = plan.now - days(age_days)
        crl.next_update = None if life_days is None else crl.this_update + days(life_days)

    return _crl(alter)


def _of_another(_: Plan, crl: Crl) -> None:
    crl.issuer = "csms-sub-ca"


def _badly_signed(plan: Plan, crl: Crl) -> None:
    plan.keys["stranger"] = "p256"
    crl.key = "stranger"


def _lists(issuer: str, label: str, reason: str) -> Alter:
    def alter(plan: Plan) -> None:
        crl = plan.crls[issuer]
        crl.this_update -= days(1)
        crl.revoked[label] = reason

    return alter


def _numbered(number: int | None) -> Alter:
    def alter(_: Plan, crl: Crl) -> None:
        crl.number = number

    return _crl(alter)


def _delta(_: Plan, crl: Crl) -> None:
    crl.base, crl.number = crl.number, (crl.number or 0) + 1


def _hidden(plan: Plan, crl: Crl) -> None:
    """Lay an older list with a greater number beside it, in which the leaf is revoked."""
    label = f"{_ISSUER}-before"
    number = (crl.number or 0) + 1
    plan.crls[label] = replace(crl, this_update=plan.now - days(2), number=number, revoked={"secc": "keyCompromise"})
    plan.files[f"{CRLS}/{label}.crl"] = File("crl", (label,))


REVOCATION: Mapping[str, Defect] = {
    "crl-absent": Defect("there is no CRL of Sub-CA 2", _absent),
    "crl-stale": Defect("the CRL of Sub-CA 2 was to be replaced yesterday", _made(31)),
    "crl-nearly-stale": Defect("the CRL of Sub-CA 2 has 5 of 30 days left", _made(25)),
    "crl-wrong-issuer": Defect("in the place of the CRL of Sub-CA 2 is one of another authority", _crl(_of_another)),
    "crl-wrong-signature": Defect("the CRL of Sub-CA 2 is signed by another key", _crl(_badly_signed)),
    "crl-leaf-revoked": Defect("the SECC leaf is revoked: key compromised", _lists(_ISSUER, "secc", "keyCompromise")),
    "crl-sub-ca-revoked": Defect(
        "Sub-CA 2 is revoked: authority compromised", _lists("cpo-sub-ca-1", _ISSUER, "cACompromise")
    ),
    "crl-remove-from-crl": Defect(
        "the CRL of Sub-CA 2 lists the SECC leaf as removed from it", _lists(_ISSUER, "secc", "removeFromCRL")
    ),
    "crl-delta": Defect("of Sub-CA 2 there is a delta CRL alone", _crl(_delta)),
    "crl-future": Defect("the CRL of Sub-CA 2 begins tomorrow", _made(-1)),
    "crl-no-number": Defect("the CRL of Sub-CA 2 has no number", _numbered(None)),
    "crl-rollback": Defect("the CRL of Sub-CA 2 has a smaller number than on a sound bench", _numbered(40)),
    "crl-revocation-hidden": Defect(
        "a newer CRL of Sub-CA 2 with a smaller number hides that the leaf is revoked", _crl(_hidden)
    ),
    "crl-no-next-update": Defect("the CRL of Sub-CA 2, 60 days old, does not say when the next comes", _made(60, None)),
    "crl-no-crl-sign": Defect("Sub-CA 2 may not sign CRLs", extended(_ISSUER, "keyUsage", CA_USAGE[:1], critical=True)),
}
"""Defects of revocation lists."""
