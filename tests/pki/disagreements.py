"""Where certs and another judge of paths say different things, each with both verdicts and why both may stand."""

from __future__ import annotations

from collections.abc import Mapping

from tests.pki.judges import HOLDS

Row = tuple[str, str, str]
"""What we say, what the other says, and why."""
Rows = Mapping[tuple[str, str], Row]
"""By defect and credential, or by fault of a chain grown at random and its place."""

_PROFILE = "{}: the profile asks for it, RFC 5280 does not"
_USAGE = "key usage of a leaf is compared with its role by the TLS peer, not while a path is checked"
_LEAF = "a CA may be a leaf, too, in RFC 5280; in V2G the charger could then issue certificates"
_SUB_ROOT = "the path to the root holds; but the sub-CA that lies among the roots is trusted past its own revocation"
_ORDER = "the other sorts what is sent; TLS 1.2 peers need not"
_SORTED: Row = ("CERT-CHAIN-002", HOLDS, _ORDER)
_SOON: Row = ("CERT-TIME-003", HOLDS, "it holds today; the site wants seven days")
_SHORT: Row = ("CERT-ALG-003", HOLDS, "short RSA keys of leaves pass: openssl below -auth_level 2, cryptography always")
_IDENTIFIER = "cryptography does not compare key identifiers; OpenSSL peers do, and then find no path"
_OF_EITHER: Rows = {
    ("chain-order", "secc"): _SORTED,
    ("chain-too-deep", "secc"): ("CERT-CHAIN-005", HOLDS, _PROFILE.format("[V2G2-009]")),
    ("chain-sub-ca-in-store", "secc"): ("CERT-CHAIN-008", HOLDS, _SUB_ROOT),
    ("chain-sub-ca-linked", "secc"): ("CERT-CHAIN-008", HOLDS, _SUB_ROOT),
    ("chain-sub-ca-in-bundle", "secc"): ("CERT-CHAIN-008", HOLDS, _SUB_ROOT),
    ("cert-expires-now", "secc"): _SOON,
    ("cert-curve", "secc"): ("CERT-ALG-001", HOLDS, _PROFILE.format("[V2G2-007]")),
    ("cert-rsa-1024", "ocpp"): _SHORT,
    ("cert-key-usage-missing", "secc"): ("CERT-EXT-001", HOLDS, _USAGE),
    ("cert-key-usage-not-critical", "secc"): ("CERT-EXT-001", HOLDS, _USAGE),
    ("cert-key-usage-wrong", "secc"): ("CERT-EXT-001", HOLDS, _USAGE),
    ("cert-leaf-is-ca", "secc"): ("CERT-EXT-002", HOLDS, _LEAF),
    ("cert-no-domain-component", "secc"): ("CERT-SUBJ-001", HOLDS, _PROFILE.format("vehicles refuse it")),
    ("cert-domain-component-wrong", "secc"): ("CERT-SUBJ-001", HOLDS, _PROFILE.format("vehicles refuse it")),
    ("cert-sep2-no-policies", "sep2"): ("CERT-SEP2-001", HOLDS, _PROFILE.format("IEEE 2030.5, 6.11")),
    ("cert-sep2-policies-not-critical", "sep2"): ("CERT-SEP2-001", HOLDS, _PROFILE.format("IEEE 2030.5, 6.11")),
    ("cert-sep2-no-device-type", "sep2"): ("CERT-SEP2-001", HOLDS, _PROFILE.format("IEEE 2030.5, 6.11")),
}

_VERSION_1: Row = ("CERT-EXT-001 CERT-EXT-002", HOLDS, "openssl takes X.509 version 1 without -x509_strict")
_DELTA: Row = ("CERT-CRL-001", HOLDS, "openssl takes a lone delta list for a full one, unless -extended_crl is given")
_REMOVED: Row = (
    "CERT-CRL-004",
    HOLDS,
    "openssl takes removeFromCRL for not revoked; only a delta list may say it, so nobody may rely on it here",
)
OF_OPENSSL: Rows = {
    **_OF_EITHER,
    ("cert-file-cut", "secc"): (
        "CERT-EXT-001 CERT-EXT-002 CERT-SUBJ-001",
        HOLDS,
        "both pass over the damaged leaf; of the sub-CA that follows openssl asks no role, we ask that of the leaf",
    ),
    ("chain-expired-root-beside", "secc"): (
        HOLDS,
        "10",
        "we go on to the root that cross-signed; openssl stops at the expired one, which is a warning here",
    ),
    ("cert-sha1", "secc"): ("CERT-ALG-002", HOLDS, "openssl verify takes SHA-1 below -auth_level 2"),
    ("cert-version-1", "ocpp"): _VERSION_1,
    ("cert-root-version-1", "ocpp"): _VERSION_1,
    ("crl-remove-from-crl", "secc"): _REMOVED,
    ("crl-delta", "secc"): _DELTA,
    ("crl-revocation-hidden", "secc"): (
        "CERT-CRL-004",
        HOLDS,
        "openssl looks at the list with the newest thisUpdate alone; a newer list does not undo a compromised key",
    ),
}
"""Sites with a defect: the rules against openssl."""
OF_THE_ENGINE: Rows = {
    ("chain-duplicate-serial", "secc"): (
        "CERT-PATH-001",
        HOLDS,
        "the engine tells certificates apart by issuer and serial number, and so takes the list of a CA for another's",
    )
}
"""Sites with a defect: what the engine adds against openssl where revocation is required."""
OF_CRYPTOGRAPHY: Rows = {
    **_OF_EITHER,
    ("second-leaf-ed448", "secc-20"): (HOLDS, "Forbidden public key algorithm", "it knows the curves of the web alone"),
    ("cert-explicit-parameters", "secc"): ("CERT-ALG-004", HOLDS, "it looks at the keys of CAs alone"),
    ("cert-no-cert-sign", "secc"): ("CERT-EXT-001", HOLDS, "what its policy permits it does not look at: key usage"),
    ("cert-aki-wrong", "secc"): ("CERT-EXT-003", HOLDS, _IDENTIFIER),
}
"""Sites with a defect: the rules against `cryptography`, without revocation."""

_ANCHOR: Row = (HOLDS, "23", "a root in its own list: RFC 5280, 6.1 takes from an anchor no more than name and key")
_ANCHOR_POLICY: Row = (
    "CERT-EXT-004",
    HOLDS,
    "openssl looks at policies with -policy_check alone; the engine does not obey those of an anchor",
)
GROWN_OF_OPENSSL: Rows = {
    ("order-reversed", ""): _SORTED,
    ("leaf-is-ca", "leaf"): ("CERT-EXT-002", HOLDS, _LEAF),
    ("no-basic-constraints", "root"): (
        "CERT-EXT-002",
        HOLDS,
        "openssl takes a self-signed certificate without them for a CA of old; RFC 5280, 4.2.1.9 wants them in each",
    ),
    ("policy-required", "sub-CA"): (
        "CERT-PATH-001",
        HOLDS,
        "openssl looks at policies with -policy_check alone; the certificates below name none, as they must",
    ),
    ("policy-required", "root"): _ANCHOR_POLICY,
    ("any-policy-inhibited", "root"): _ANCHOR_POLICY,
    ("revoked", "root"): _ANCHOR,
    ("on-hold", "root"): _ANCHOR,
    ("removed-from-list", "leaf"): _REMOVED,
    ("removed-from-list", "sub-CA"): _REMOVED,
    ("list-delta", "root"): _DELTA,
    ("list-delta", "sub-CA"): _DELTA,
    ("list-of-users", "root over the leaf"): (
        HOLDS,
        "44",
        "with -crl_check_all openssl asks for the root's own revocation; of the leaf the list does speak",
    ),
}
"""Chains grown at random: rules, with the engine and alone, against openssl."""

_UNSUPPORTED = "cryptography implements neither policies nor constraints of directory names, and refuses what it must"
_PERMITTED = "what its policy permits it does not look at: {}"
GROWN_OF_CRYPTOGRAPHY: Rows = {
    ("order-reversed", ""): _SORTED,
    ("leaf-is-ca", "leaf"): ("CERT-EXT-002", HOLDS, _LEAF),
    **{("issuer-id-of-another", place): ("CERT-EXT-003", HOLDS, _IDENTIFIER) for place in ("root", "sub-CA", "leaf")},
    **{
        ("critical-key-id", place): ("CERT-EXT-004", HOLDS, "cryptography permits what RFC 5280, 4.2.1.2 forbids")
        for place in ("root", "sub-CA", "leaf")
    },
    **{
        ("no-cert-sign", place): ("CERT-EXT-001", HOLDS, _PERMITTED.format("key usage")) for place in ("root", "sub-CA")
    },
    ("any-policy-inhibited", "sub-CA"): (HOLDS, "invalid extension", _UNSUPPORTED),
    **{("names-permitted", place): (HOLDS, "fatal error", _UNSUPPORTED) for place in ("root", "sub-CA")},
}
"""Chains grown at random with keys of the web: rules against `cryptography`, without revocation."""
