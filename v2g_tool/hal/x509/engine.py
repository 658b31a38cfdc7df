"""The verdict about a path by pyhanko-certvalidator (RFC 5280, 6.1 and 6.3), for the few certificates it may hold.

Always in `require` mode where revocation counts: in its softer modes a certificate that is listed as revoked passes.
What this engine lets through (dates and extensions of the anchor, order, key sizes) is judged by rules of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from v2g_tool.hal.x509.certificate import UNREADABLE, reason_of
from v2g_tool.model.pki import Cause, Path, RevocationList, Ruling

DEADLINE_S = 5.0


def rule(paths: Sequence[Path], lists: Sequence[RevocationList], at: datetime, *, revocation: bool = True) -> Ruling:
    """Give the ruling about a leaf by the paths that lead up from it.

    Args:
        paths: of one leaf, as `paths_of` gives them; only their certificates are handed over.
        lists: revocation lists; those of other issuers do no harm.
        at: the moment for which it is judged.
        revocation: whether each certificate below the anchor must be known not to be revoked.
    """
    anchored = [path for path in paths if path.anchored]
    if not anchored:
        return Ruling(Cause.NO_PATH, "no path leads to an anchor")
    by_der = {each.der: each for path in anchored for each in path.certificates}
    try:
        ders = asyncio.run(asyncio.wait_for(_path(anchored, lists, at, revocation), DEADLINE_S))
    except _known() as exc:
        return Ruling(_cause(exc), reason_of(exc))
    except (TimeoutError, *UNREADABLE) as exc:
        return Ruling(Cause.UNDECIDED, reason_of(exc))
    return Ruling(Cause.NONE, "", tuple(by_der[der] for der in ders))


async def _path(paths: Sequence[Path], lists: Sequence[RevocationList], at: datetime, revocation: bool) -> list[bytes]:
    from asn1crypto import crl, x509
    from pyhanko_certvalidator import CertificateValidator, ValidationContext
    from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule

    every = {each.der for path in paths for each in path.certificates}
    anchors = {path.top.der for path in paths}
    rule_ = RevocationCheckingRule.CRL_REQUIRED if revocation else RevocationCheckingRule.NO_CHECK
    policy = CertRevTrustPolicy(RevocationCheckingPolicy(rule_, rule_))
    context = ValidationContext(
        trust_roots=[x509.Certificate.load(der) for der in sorted(anchors)],
        other_certs=[x509.Certificate.load(der) for der in sorted(every - anchors)],
        crls=[crl.CertificateList.load(each.der) for each in lists],
        moment=at,
        revinfo_policy=policy,
        time_tolerance=timedelta(0),
        weak_hash_algos={"md2", "md5", "sha1"},
    )
    found = await CertificateValidator(
        x509.Certificate.load(paths[0].certificates[0].der), validation_context=context
    ).async_validate_path()
    return [each.dump() for each in reversed(list(found.iter_certs(include_root=True)))]


def _known() -> tuple[type[Exception], ...]:
    from pyhanko_certvalidator import errors

    return errors.PathError, errors.ValidationError, errors.CRLValidationError


def _cause(exc: Exception) -> Cause:
    from pyhanko_certvalidator import errors

    by_kind = (
        (errors.RevokedError, Cause.REVOKED),
        (errors.StaleRevinfoError, Cause.STALE),
        (errors.InsufficientRevinfoError, Cause.UNKNOWN),
        (errors.ExpiredError, Cause.EXPIRED),
        (errors.NotYetValidError, Cause.NOT_YET),
        (errors.DisallowedAlgorithmError, Cause.ALGORITHM),
        (errors.PathBuildingError, Cause.NO_PATH),
    )
    return next((cause for kind, cause in by_kind if isinstance(exc, kind)), Cause.INVALID)
