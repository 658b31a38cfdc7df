"""What pyhanko-certvalidator makes of an OCSP response: a second opinion, and why it is not the judge."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from asn1crypto import crl, ocsp, x509
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.authority import CertTrustAnchor
from pyhanko_certvalidator.errors import ValidationError
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.validate import async_validate_path

from tests.pki.test_ocsp import NOW, SUB_CA
from v2g_tool.bench.pki.defects.table import DEFECTS
from v2g_tool.bench.pki.issue import issue
from v2g_tool.bench.pki.plan import OCSP, Plan
from v2g_tool.bench.pki.sound import sound_plan

OK, OPEN, STALE, REVOKED = "OK", "InsufficientRevinfoError", "StaleRevinfoError", "RevokedError"
AUTHORITIES = ("cpo-sub-ca-1", SUB_CA)
ALONE = {
    "ocsp-stapled": OK,
    "ocsp-nearly-stale": OK,
    "ocsp-revoked": REVOKED,
    "ocsp-stale": STALE,
    "ocsp-no-next-update": STALE,
    "ocsp-future": OPEN,
    "ocsp-unknown": OPEN,
    "ocsp-try-later": OPEN,
    "ocsp-missing": OPEN,
    "ocsp-of-another": OPEN,
    "ocsp-wrong-signer": OPEN,
    "ocsp-delegate-no-eku": OPEN,
    "ocsp-delegate-expired": OPEN,
    "ocsp-delegate-foreign": OPEN,
    "ocsp-delegate-revoked": OPEN,
    "ocsp-delegate": OPEN,  # for want of a list that speaks of the responder
}
"""What it says where Sub-CA 2 and Sub-CA 1 have no list."""


def planned(fault: str) -> Plan:
    plan = sound_plan(NOW)
    DEFECTS[fault].alter(plan)
    return plan


def opinion(plan: Plan, *lists: str) -> str:
    """Give `OK` or the error of the engine about the SECC's path, with all responses, the leaf's list and these."""
    made = issue(plan)
    root, *subs, leaf = (
        x509.Certificate.load(made.certificates[label]) for label in ("v2g-root", *AUTHORITIES, "secc")
    )
    rule = RevocationCheckingRule.CRL_OR_OCSP_REQUIRED
    context = ValidationContext(
        trust_roots=[root],
        other_certs=subs,
        crls=[crl.CertificateList.load(made.crls[label]) for label in (SUB_CA, *lists)],
        ocsps=[ocsp.OCSPResponse.load(made.ocsp[label]) for label in made.ocsp if f"{OCSP}/{label}.ocsp" in plan.files],
        moment=NOW + timedelta(seconds=1),
        revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule)),
    )
    try:
        asyncio.run(async_validate_path(context, ValidationPath(CertTrustAnchor(root), subs, leaf)))
    except (ValidationError, AttributeError) as exc:
        return type(exc).__name__
    return OK


@pytest.mark.parametrize("fault", ALONE)
def test_the_engine_judges_a_response_that_a_certificate_announces(fault: str) -> None:
    assert opinion(planned(fault)) == ALONE[fault]


@pytest.mark.parametrize("fault", ["ocsp-stale", "ocsp-unknown", "ocsp-wrong-signer", "ocsp-delegate-no-eku"])
def test_beside_a_list_the_engine_is_silent_about_a_bad_response(fault: str) -> None:
    assert opinion(planned(fault), "v2g-root", "cpo-sub-ca-1") == OK


def unannounced(fault: str) -> Plan:
    plan = planned(fault)
    for label in AUTHORITIES:
        del plan.certificates[label].extensions["authorityInfoAccess"]
    return plan


def test_the_engine_passes_over_responses_that_no_certificate_announces_even_a_revocation() -> None:
    assert opinion(unannounced("ocsp-stapled")) == OPEN
    assert opinion(unannounced("ocsp-revoked"), "v2g-root", "cpo-sub-ca-1") == OK


@pytest.mark.parametrize(("digest", "expected"), [("sha256", OK), ("sha384", "AttributeError")])
def test_the_engine_cannot_read_a_response_with_long_hashes(digest: str, expected: str) -> None:
    plan = planned("ocsp-stapled")
    plan.ocsp[SUB_CA].digest = digest

    assert opinion(plan) == expected
