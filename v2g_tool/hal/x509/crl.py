"""Certificate revocation lists from bytes, total."""

from __future__ import annotations

from typing import Any

from v2g_tool.hal.x509 import parsed
from v2g_tool.hal.x509.certificate import UNREADABLE, Malformed, moment, name_of, reason_of
from v2g_tool.model.pki import Revocation, RevocationList

MOST_BYTES = 16 << 20
"""A list of the web's largest CAs is smaller."""


def revocation_list_of(der: bytes) -> RevocationList:
    """Give a revocation list from exactly its DER bytes; raises Malformed."""
    if len(der) > MOST_BYTES:
        raise Malformed(f"{len(der)} bytes are too many for a revocation list")
    try:
        return _revocation_list(der)
    except UNREADABLE as exc:
        raise Malformed(f"it is no certificate revocation list: {reason_of(exc)}") from exc


def _revocation_list(der: bytes) -> RevocationList:
    whole = parsed.revocation_list(der)
    tbs = whole["tbs_cert_list"]
    extensions = {each["extn_id"].native: each for each in _all(tbs["crl_extensions"])}
    next_update = tbs["next_update"].native
    authority = extensions.get("authority_key_identifier")
    return RevocationList(
        der=der,
        issuer=name_of(tbs["issuer"]),
        this_update=moment(tbs["this_update"].native),
        next_update=None if next_update is None else moment(next_update),
        signature=str(whole["signature_algorithm"]["algorithm"].native),
        number=int(extensions["crl_number"]["extn_value"].parsed.native) if "crl_number" in extensions else None,
        delta="delta_crl_indicator" in extensions,
        authority_key_id=authority["extn_value"].parsed.native["key_identifier"] if authority is not None else None,
        revoked=dict(map(_entry, _all(tbs["revoked_certificates"]))),
    )


def _all(sequence: Any) -> Any:  # noqa: ANN401 - asn1crypto is untyped
    return sequence if len(sequence.contents or b"") else ()


def _entry(entry: Any) -> tuple[int, Revocation]:  # noqa: ANN401 - asn1crypto is untyped
    extensions = _all(entry["crl_entry_extensions"])
    reason = next((e["extn_value"].parsed.native for e in extensions if e["extn_id"].native == "crl_reason"), "")
    return int(entry["user_certificate"].native), Revocation(moment(entry["revocation_date"].native), str(reason))
