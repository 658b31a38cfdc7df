"""The verdict about a path by pyhanko-certvalidator (RFC 5280, 6.1 and 6.3).

The paths are those that `paths` found: the engine's own search does not end on a hundred CAs of one name. Revocation
is asked for by itself, for each certificate. In the engine's softer modes one that is listed as revoked passes; and in
no mode does it look at an OCSP response about a certificate that names no responder, nor can it read one with SHA-384
or SHA-512 hashes. So rules of ours judge the responses, and a certificate that a valid one calls good needs no list.
What this engine lets through (dates and extensions of the anchor, order, key sizes) is judged by rules of ours, too.
"""

from __future__ import annotations

import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from v2g_tool.hal.x509 import parsed
from v2g_tool.hal.x509.certificate import UNREADABLE, reason_of
from v2g_tool.model.pki import Cause, Path, RevocationList, Ruling

if TYPE_CHECKING:
    from asn1crypto import x509
    from pyhanko_certvalidator.authority import CertTrustAnchor
    from pyhanko_certvalidator.ltv.types import ValidationTimingParams
    from pyhanko_certvalidator.revinfo.archival import CRLContainer

DEADLINE_S = 5.0
"""No further path is looked at after this time."""
MOST_COMPARISONS = 20_000
"""So many comparisons of names with name constraints are made for a path: about a second."""


class Known(NamedTuple):
    """What is known of revocation.

    Attributes:
        lists: revocation lists; those of other issuers do no harm.
        answered: fingerprints of the certificates that a valid OCSP response calls good; they need no list.
        most_age: how old a list may be that names no next update.
    """

    lists: Sequence[RevocationList]
    answered: frozenset[str] = frozenset()
    most_age: timedelta = timedelta(days=90)


def rule(paths: Sequence[Path], known: Known | None, at: datetime) -> Ruling:
    """Give the ruling about a leaf: the first path that holds, else what is wrong with the first one.

    Paths whose certificates are all in time come first: beside an expired root one that cross-signed may serve.

    Args:
        paths: of one leaf, as `paths_of` gives them; those that reach no anchor are passed over.
        known: None where nobody asks whether a certificate below the anchor is revoked.
        at: the moment for which it is judged.
    """
    first, ends_s = None, time.monotonic() + DEADLINE_S
    for path in sorted((path for path in paths if path.anchored), key=lambda path: not path.in_time(at)):
        ruling = _rule(path, known, at)
        if ruling.cause is Cause.NONE:
            return ruling
        first = first or ruling
        if time.monotonic() > ends_s:
            return Ruling(Cause.UNDECIDED, f"after {DEADLINE_S:g} s there were still paths to look at")
    return first or Ruling(Cause.NO_PATH, "no path leads to an anchor")


def _rule(path: Path, known: Known | None, at: datetime) -> Ruling:
    try:
        if _comparisons(path) > MOST_COMPARISONS:
            return Ruling(Cause.UNDECIDED, "its name constraints are too many to be compared", path.certificates)
        _run(_validated(path, known, at))
    except _known() as exc:
        return Ruling(_cause(exc), reason_of(exc), path.certificates)
    except (RuntimeError, *UNREADABLE) as exc:  # so the engine says that it compares no addresses with name constraints
        return Ruling(Cause.UNDECIDED, reason_of(exc), path.certificates)
    return Ruling(Cause.NONE, "", path.certificates)


def _comparisons(path: Path) -> int:
    """Give how many names meet how many name constraints on a path."""
    constraints = names = 0
    for each in path.certificates:
        certificate = parsed.certificate(each.der)
        if (limits := certificate.name_constraints_value) is not None:
            parts = (limits["permitted_subtrees"], limits["excluded_subtrees"])
            constraints += sum(len(part) for part in parts if part.contents)
        if (alternative := certificate.subject_alt_name_value) is not None:
            names += len(alternative)
    return constraints * (names + len(path.certificates))


async def _validated(path: Path, known: Known | None, at: datetime) -> None:
    from pyhanko_certvalidator import ValidationContext
    from pyhanko_certvalidator.path import ValidationPath
    from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
    from pyhanko_certvalidator.revinfo.validate_crl import verify_crl
    from pyhanko_certvalidator.validate import async_validate_path

    leaf, *issuers = (parsed.certificate(each.der) for each in path.certificates)
    anchor, below = (issuers[-1], issuers[-2::-1]) if issuers else (leaf, [])
    asked, known = known is not None, known or Known(())
    named = {certificate.issuer for certificate in path.certificates}
    context = ValidationContext(
        trust_roots=[anchor],
        other_certs=below,
        crls=_containers([each for each in known.lists if each.issuer in named], known.most_age),
        moment=at,
        revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(*[RevocationCheckingRule.NO_CHECK] * 2)),
        time_tolerance=timedelta(0),
        weak_hash_algos={"md2", "md5", "sha1"},
    )
    way = ValidationPath(_anchor(anchor), below, leaf if issuers else None)
    await async_validate_path(context, way)
    for each in path.certificates[-2::-1] if asked else ():
        if each.sha256 not in known.answered:
            await verify_crl(parsed.certificate(each.der), way, context)


def _anchor(certificate: x509.Certificate) -> CertTrustAnchor:
    """Give an anchor whose own name constraints bind what is below it, as with OpenSSL; the engine passes over them."""
    from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers, derive_quals_from_cert
    from pyhanko_certvalidator.name_trees import default_excluded_subtrees, default_permitted_subtrees
    from pyhanko_certvalidator.policy_decl import PKIXValidationParams

    limited = certificate.name_constraints_value is not None
    every = derive_quals_from_cert(certificate).standard_parameters if limited else None
    if every is None:
        return CertTrustAnchor(certificate)
    # Names of a kind that is not constrained are permitted; the engine takes a kind that is not there for none.
    permitted = {**default_permitted_subtrees(), **(every.initial_permitted_subtrees or {})}
    excluded = {**default_excluded_subtrees(), **(every.initial_excluded_subtrees or {})}
    names = PKIXValidationParams(initial_permitted_subtrees=permitted, initial_excluded_subtrees=excluded)
    return CertTrustAnchor(certificate, TrustQualifiers(standard_parameters=names))


def _containers(lists: Sequence[RevocationList], most_age: timedelta) -> list[CRLContainer]:
    """Give the lists as the engine takes them: one that names no next update is good until it is `most_age` old."""
    from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, FreshnessReqType
    from pyhanko_certvalidator.revinfo.archival import CRLContainer, RevinfoUsability

    class Undated(CRLContainer):
        def usable_at(self, policy: CertRevTrustPolicy, timing_params: ValidationTimingParams) -> RevinfoUsability:
            kind = FreshnessReqType.MAX_DIFF_REVOCATION_VALIDATION
            return super().usable_at(replace(policy, freshness=most_age, freshness_req_type=kind), timing_params)

    made = ((Undated if each.next_update is None else CRLContainer, each.der) for each in lists)
    return [container(parsed.revocation_list(der)) for container, der in made]


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run what never waits, for nothing is fetched: an event loop for each path would cost as much as a signature."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise ValueError("the engine waits for something")


def _known() -> tuple[type[Exception], ...]:
    from pyhanko_certvalidator import errors

    return errors.PathError, errors.ValidationError, errors.CRLValidationError


def _cause(exc: Exception) -> Cause:
    from pyhanko_certvalidator import errors

    if getattr(exc, "suspect_stale", None) is not None:
        return Cause.STALE
    by_kind = (
        (errors.RevokedError, Cause.REVOKED),
        (errors.CRLValidationError, Cause.UNKNOWN),
        (errors.ExpiredError, Cause.EXPIRED),
        (errors.NotYetValidError, Cause.NOT_YET),
        (errors.DisallowedAlgorithmError, Cause.ALGORITHM),
        (errors.PathBuildingError, Cause.NO_PATH),
    )
    return next((cause for kind, cause in by_kind if isinstance(exc, kind)), Cause.INVALID)
