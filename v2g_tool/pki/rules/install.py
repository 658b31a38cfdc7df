"""Whether a file holds a root that may go into the system's store, and what it would be called there. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from v2g_tool.model.pki import SHORTEST_RSA_BITS, Certificate
from v2g_tool.model.pki_file import Contents

_V2G = frozenset({"V2G", "CPO", "CSO", "MO", "OEM", "CPS"})
"""Domain components of the PKI of ISO 15118 (ISO 15118-2, Annex F)."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def refusal(contents: Contents, *, self_signed: bool, at: datetime) -> str:
    """Give why what a file holds is no root for the system's store, as a sentence; "" when it is one.

    Args:
        contents: of the file.
        self_signed: whether the key of its first certificate made the signature on it.
        at: the present moment.
    """
    if contents.keys:
        return "it holds a private key, which belongs in no trust store"
    if len(contents.certificates) != 1:
        many = f"it holds {len(contents.certificates)} certificates; programs look up one a file"
        return many if contents.certificates else "it holds no certificate"
    root = contents.certificates[0]
    if not root.is_ca:
        return f"{root} does not say that it is a CA"
    if not (root.self_issued and self_signed):
        return f"{root} was issued by {root.issuer}: it is a sub-CA, and belongs in a chain file"
    if root.key_usage is not None and "key_cert_sign" not in root.key_usage.values:
        return f"{root} may not sign certificates"
    if weakness := _weakness(root):
        return f"{root} {weakness}"
    if not root.not_before <= at <= root.not_after:
        return f"{root} is valid from {root.not_before:%Y-%m-%d} to {root.not_after:%Y-%m-%d}, and it is {at:%Y-%m-%d}"
    return ""


def _weakness(root: Certificate) -> str:
    if root.key.kind == "RSA" and root.key.bits < SHORTEST_RSA_BITS:
        return f"has an RSA key of only {root.key.bits} bits"
    if root.key.explicit:
        return "spells its curve out, which programs refuse"
    if root.damage or root.unknown_critical:
        return root.damage or f"has the unknown critical extension {', '.join(root.unknown_critical)}"
    return ""


def belongs_to_v2g(root: Certificate, own: frozenset[str]) -> bool:
    """Say whether it is a root of the V2G PKI: by its domain component, or because a store of the site holds it."""
    return bool(_V2G & {*root.subject.domain_components}) or root.sha256 in own


def file_name(stem: str, root: Certificate) -> str:
    """Give what its file is called among the system's roots: by its own file's name, else by the certificate's."""
    name = _UNSAFE.sub("-", stem).strip("-.") or _UNSAFE.sub("-", str(root)).strip("-.") or root.sha256[:16]
    return f"{name[:100]}.crt"
