"""Certificate revocation lists from bytes, total."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from v2g_tool.hal.x509 import parsed
from v2g_tool.hal.x509.certificate import moment, name_of, points_of, read_as, signature_of
from v2g_tool.model.pki import Revocation, RevocationList

_UNDERSTOOD = frozenset({"delta_crl_indicator", "issuing_distribution_point", "crl_number"})
MOST_BYTES = 16 << 20
"""A list of the web's largest CAs is smaller."""


def revocation_list_of(der: bytes) -> RevocationList:
    """Give a revocation list from exactly its DER bytes; raises Malformed."""
    return read_as("a certificate revocation list", der, MOST_BYTES, _revocation_list)


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
        signature=signature_of(whole["signature_algorithm"]),
        number=int(extensions["crl_number"]["extn_value"].parsed.native) if "crl_number" in extensions else None,
        authority_key_id=authority["extn_value"].parsed.native["key_identifier"] if authority is not None else None,
        revoked=dict(map(_entry, _all(tbs["revoked_certificates"]))),
        **_scope(extensions),
    )


def _scope(extensions: Mapping[str, Any]) -> dict[str, Any]:
    """Give of which certificates it speaks, and why of none."""
    unknown = sorted(name for name, each in extensions.items() if each["critical"].native and name not in _UNDERSTOOD)
    point = extensions.get("issuing_distribution_point")
    limits = point["extn_value"].parsed.native if point is not None else {}
    indirect = bool(limits.get("indirect_crl"))
    reasons = (
        ("delta_crl_indicator" in extensions, "lists only changes (a delta list)"),
        (bool(unknown), f"has the unknown critical extension {', '.join(unknown)}"),
        (indirect, "speaks of the certificates of several CAs (an indirect list)"),
        (limits.get("only_contains_attribute_certs"), "speaks of attribute certificates only"),
        (limits.get("only_some_reasons") is not None, "speaks of some reasons only"),
    )
    return {
        "indirect": indirect,
        "no_answer": next((words for applies, words in reasons if applies), ""),
        "of_leaves": not limits.get("only_contains_ca_certs"),
        "of_cas": not limits.get("only_contains_user_certs"),
        "points": points_of(point["extn_value"].parsed["distribution_point"]) if point is not None else (),
    }


def _all(sequence: Any) -> Any:  # noqa: ANN401 - asn1crypto is untyped
    return sequence if len(sequence.contents or b"") else ()


def _entry(entry: Any) -> tuple[int, Revocation]:  # noqa: ANN401 - asn1crypto is untyped
    extensions = _all(entry["crl_entry_extensions"])
    reason = next((e["extn_value"].parsed.native for e in extensions if e["extn_id"].native == "crl_reason"), "")
    return int(entry["user_certificate"].native), Revocation(moment(entry["revocation_date"].native), str(reason))
