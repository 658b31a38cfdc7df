"""OCSP responses as a charger staples them: sound ones, and their planted defects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from v2g_tool.bench.pki.defects.defect import Alter, Defect
from v2g_tool.bench.pki.plan import OCSP, OCSP_SERVER, Extension, File, Ocsp, Plan, days
from v2g_tool.bench.pki.ranks import LEAF_USAGE, add_leaf

_ABOUT = "cpo-sub-ca-2"
"""The certificate whose response has the defect."""
_DELEGATE = "ocsp-responder"


def _stapled(plan: Plan) -> None:
    """Lay a good response beside each sub-CA of the charger, made now, for seven days."""
    plan.folders[OCSP] = 0o755
    plan.credentials["secc"] = replace(plan.credentials["secc"], ocsp="wanted")
    for label in ("cpo-sub-ca-1", _ABOUT):
        plan.certificates[label].extensions["authorityInfoAccess"] = Extension((OCSP_SERVER,))
        plan.ocsp[label] = Ocsp(label, plan.now, plan.now + days(7))
        plan.files[f"{OCSP}/{label}.ocsp"] = File("ocsp", (label,))


def _but(alter: Callable[[Plan, Ocsp], None]) -> Alter:
    """Give what staples sound responses, and alters that about Sub-CA 2."""

    def altered(plan: Plan) -> None:
        _stapled(plan)
        alter(plan, plan.ocsp[_ABOUT])

    return altered


def _missing(plan: Plan, _: Ocsp) -> None:
    del plan.files[f"{OCSP}/{_ABOUT}.ocsp"]


def _made(age_days: float, life_days: float | None = 7) -> Alter:
    def alter(plan: Plan, response: Ocsp) -> None:
        response.this_update = plan.now - days(age_days)
        response.next_update = None if life_days is None else response.this_update + days(life_days)

    return _but(alter)


def _says(status: str) -> Alter:
    def alter(plan: Plan, response: Ocsp) -> None:
        response.this_update, response.status = plan.now - days(1), status

    return _but(alter)


def _badly_signed(plan: Plan, response: Ocsp) -> None:
    plan.keys["stranger"] = "p256"
    stranger = plan.copied("stranger", "cpo-sub-ca-1")
    stranger.issuer = stranger.key = response.responder = "stranger"


def _of_another(plan: Plan, response: Ocsp) -> None:
    plan.copied("before", _ABOUT)
    response.about = "before"


def _appoint(plan: Plan, response: Ocsp, purpose: str = "OCSPSigning", issuer: str = "cpo-sub-ca-1") -> None:
    """Have the response signed by a responder with a certificate of its own."""
    delegate = add_leaf(plan, _DELEGATE, {"DC": "V2G", "C": "DE", "CN": "OCSP Responder"}, issuer)
    delegate.extensions["extendedKeyUsage"] = Extension((purpose,))
    delegate.extensions["keyUsage"] = Extension(LEAF_USAGE[:1], critical=True)
    response.responder = _DELEGATE


def _appointed(purpose: str = "OCSPSigning", issuer: str = "cpo-sub-ca-1") -> Alter:
    return _but(lambda plan, response: _appoint(plan, response, purpose, issuer))


def _ended(plan: Plan, response: Ocsp) -> None:
    _appoint(plan, response)
    plan.lives(_DELEGATE, -61, -1)


def _withdrawn(plan: Plan, response: Ocsp) -> None:
    _appoint(plan, response)
    crl = plan.crls["cpo-sub-ca-1"]
    crl.this_update -= days(1)
    crl.revoked[_DELEGATE] = "keyCompromise"


STAPLED: Mapping[str, Defect] = {
    "ocsp-stapled": Defect("sound: an OCSP response for each sub-CA of the charger", _stapled),
    "ocsp-delegate": Defect(
        "sound: OCSP responses, one of them by a responder that its CA has appointed", _appointed()
    ),
    "ocsp-missing": Defect("of two OCSP responses to staple, that for Sub-CA 2 is missing", _but(_missing)),
    "ocsp-stale": Defect("the OCSP response for Sub-CA 2 was to be replaced yesterday", _made(8)),
    "ocsp-nearly-stale": Defect("the OCSP response for Sub-CA 2 has 1 of 7 days left", _made(6)),
    "ocsp-no-next-update": Defect(
        "the OCSP response for Sub-CA 2, 3 days old, does not say when the next comes", _made(3, None)
    ),
    "ocsp-future": Defect("the OCSP response for Sub-CA 2 begins tomorrow", _made(-1)),
    "ocsp-wrong-signer": Defect(
        "the OCSP response for Sub-CA 2 is signed by another CA of that name", _but(_badly_signed)
    ),
    "ocsp-delegate-no-eku": Defect(
        "the OCSP response for Sub-CA 2 is by a certificate that is not for it", _appointed("clientAuth")
    ),
    "ocsp-delegate-expired": Defect(
        "the OCSP response for Sub-CA 2 is by a responder whose certificate has ended", _but(_ended)
    ),
    "ocsp-delegate-revoked": Defect(
        "the OCSP response for Sub-CA 2 is by a responder whose certificate is revoked", _but(_withdrawn)
    ),
    "ocsp-delegate-foreign": Defect(
        "the OCSP response for Sub-CA 2 is by the responder of another CA", _appointed(issuer="csms-sub-ca")
    ),
    "ocsp-revoked": Defect("the OCSP response says that Sub-CA 2 is revoked", _says("cACompromise")),
    "ocsp-unknown": Defect("the OCSP response says that Sub-CA 2 is not known", _says("unknown")),
    "ocsp-try-later": Defect("in place of the OCSP response for Sub-CA 2: try later", _says("tryLater")),
    "ocsp-of-another": Defect(
        "in place of the OCSP response is that for the one before its renewal", _but(_of_another)
    ),
}
"""OCSP responses, and their defects."""
