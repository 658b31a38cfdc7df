"""Certificates, keys, revocation lists, OCSP responses: what their bytes say. Nothing here checks a signature."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

FOREVER = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The notAfter of a certificate that never ends (RFC 5280, 4.1.2.5; IEEE 2030.5, 6.11)."""

OBEYED_BELOW_AN_ANCHOR = frozenset({"name_constraints", "policy_constraints", "policy_mappings", "inhibit_any_policy"})
"""Critical extensions that the path engine obeys, but not those of an anchor."""
OBEYED_OF_AN_ANCHOR = frozenset({"name_constraints"})
"""Critical extensions of an anchor that the path engine obeys."""

SHORTEST_RSA_BITS = 2048
"""A shorter RSA key can be broken (NIST SP 800-131A)."""


@dataclass(frozen=True)
class Name:
    """A distinguished name; two are the same whatever kind of text, case and blanks CAs wrote them in (RFC 5280, 7.1).

    Attributes:
        normal: what two spellings of one name have in common.
        der: its bytes as they stand.
        text: as RFC 4514 writes it.
        lookup: OpenSSL's hash of it.
    """

    normal: bytes = field(repr=False)
    der: bytes = field(compare=False)
    text: str = field(compare=False)
    common_name: str = field(default="", compare=False)
    domain_components: tuple[str, ...] = field(default=(), compare=False)
    lookup: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.text or "(empty name)"


@dataclass(frozen=True)
class PublicKey:
    """A public key.

    Attributes:
        kind: "EC", "RSA", "Ed25519", "Ed448", or an object identifier.
        curve: of an EC key, by its SEC name; "" where it is spelt out or not known.
        bits: the size of the key.
        explicit: the parameters of the curve are spelt out instead of named.
        sha256: of the key itself, in hex; the same for the same key, however it is spelt.
    """

    kind: str
    curve: str
    bits: int
    explicit: bool
    sha256: str

    def __str__(self) -> str:
        if self.kind == "EC":
            return "EC with explicit parameters" if self.explicit else self.curve or f"EC {self.bits}"
        return f"{self.kind} {self.bits}" if self.kind == "RSA" else self.kind


@dataclass(frozen=True)
class BasicConstraints:
    """Whether it is a CA, and how many further CAs may stand below it; None for any number."""

    critical: bool
    ca: bool
    path_length: int | None


@dataclass(frozen=True)
class Listed:
    """An extension that is a list: uses of a key, purposes, policies; by their X.509 names or dotted numbers."""

    critical: bool
    values: frozenset[str]


@dataclass(frozen=True)
class Certificate:
    """One X.509 certificate, as its bytes say; an extension that is not there is None.

    Attributes:
        version: 1 or 3.
        signature: algorithm of the issuer's signature, such as `sha256_ecdsa` or `ed448`.
        ocsp_addresses: where it says that its issuer answers about it.
        unknown_critical: critical extensions that are not read here, by their X.509 names or dotted numbers.
        damage: what of it could not be read, "" for nothing.
    """

    der: bytes = field(repr=False)
    subject: Name
    issuer: Name
    serial: int
    not_before: datetime
    not_after: datetime
    key: PublicKey
    signature: str
    version: int = 3
    basic_constraints: BasicConstraints | None = None
    key_usage: Listed | None = None
    extended_key_usage: Listed | None = None
    policies: Listed | None = None
    alternative_names: Listed | None = None
    subject_key_id: bytes | None = None
    authority_key_id: bytes | None = None
    distribution_points: tuple[str, ...] = ()
    ocsp_addresses: tuple[str, ...] = ()
    unknown_critical: tuple[str, ...] = ()
    damage: str = ""

    @property
    def sha256(self) -> str:
        """The fingerprint, 64 hex digits."""
        return hashlib.sha256(self.der).hexdigest()

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are one name."""
        return self.subject == self.issuer

    @property
    def is_ca(self) -> bool:
        """Whether it says that it is a CA."""
        return self.basic_constraints is not None and self.basic_constraints.ca

    @property
    def endless(self) -> bool:
        """Whether it says that it never ends."""
        return self.not_after >= FOREVER

    @property
    def lfdi(self) -> str:
        """The long form device identifier, 40 hex digits (IEEE 2030.5, 6.3.4)."""
        return self.sha256[:40]

    @property
    def sfdi(self) -> int:
        """The short form device identifier: 36 bits and a check digit (IEEE 2030.5, 6.3.3)."""
        number = int(self.sha256[:9], 16)
        return number * 10 + -sum(map(int, str(number))) % 10

    def __str__(self) -> str:
        return self.subject.common_name or str(self.subject)


@dataclass(frozen=True)
class Revocation:
    """When and why a certificate was revoked; the reason as in RFC 5280, 5.3.1, "" where none is given."""

    at: datetime
    reason: str


@dataclass(frozen=True)
class RevocationList:
    """A certificate revocation list.

    Attributes:
        number: its CRLNumber; None where it has none.
        indirect: it lists certificates of other CAs, too.
        no_answer: why it says of no certificate by itself whether it is revoked, "" where it does.
        of_leaves: whether it speaks of certificates that are no CAs.
        of_cas: whether it speaks of CAs.
        points: it speaks only of certificates that name one of these addresses; of all where there is none.
    """

    der: bytes = field(repr=False)
    issuer: Name
    this_update: datetime
    next_update: datetime | None
    signature: str
    number: int | None
    authority_key_id: bytes | None
    revoked: Mapping[int, Revocation] = field(repr=False)
    indirect: bool = False
    no_answer: str = ""
    of_leaves: bool = True
    of_cas: bool = True
    points: tuple[str, ...] = ()

    def speaks_of(self, certificate: Certificate) -> bool:
        """Whether a certificate of its issuer that is not listed here is known not to be revoked."""
        scope = self.of_cas if certificate.is_ca else self.of_leaves
        named = not self.points or bool({*self.points} & {*certificate.distribution_points})
        return scope and named and not self.no_answer


@dataclass(frozen=True)
class OcspEntry:
    """What an OCSP response says of one certificate (RFC 6960, 4.2.1).

    Attributes:
        digest: the hash by which it names the issuer, such as `sha1`.
        issuer_name_hash: of the issuer's name.
        issuer_key_hash: of the issuer's public key.
        serial: the serial number of the certificate.
        status: "good", "revoked" or "unknown".
        revoked: when and why; None where it is not revoked.
    """

    digest: str
    issuer_name_hash: bytes
    issuer_key_hash: bytes
    serial: int
    status: str
    revoked: Revocation | None
    this_update: datetime
    next_update: datetime | None


@dataclass(frozen=True)
class OcspResponse:
    """An OCSP response (RFC 6960, 4.2.1); all but the status is empty where that is not "successful".

    Attributes:
        status: "successful", or why there is no answer: "try_later", "unauthorized" and others.
        responder_name: who says to have signed it, by name.
        responder_key: the same by the SHA-1 of the key; one of both is None.
        signature: algorithm of the signature.
        certificates: those that were sent along, so that the signature can be checked.
    """

    der: bytes = field(repr=False)
    status: str
    responder_name: Name | None = None
    responder_key: bytes | None = None
    produced_at: datetime | None = None
    signature: str = ""
    entries: tuple[OcspEntry, ...] = ()
    certificates: tuple[Certificate, ...] = ()

    @property
    def responder(self) -> str:
        """Who says to have signed it, in words."""
        return str(self.responder_name) if self.responder_name else f"the key {(self.responder_key or b'').hex()}"


@dataclass(frozen=True)
class Path:
    """Certificates from a leaf upwards, each signed by the next.

    Attributes:
        certificates: the leaf first.
        anchored: whether the last one is trusted here.
    """

    certificates: tuple[Certificate, ...]
    anchored: bool

    @property
    def top(self) -> Certificate:
        """The last one; where it is no anchor, its issuer is missing."""
        return self.certificates[-1]

    def in_time(self, at: datetime) -> bool:
        """Say whether all its certificates are valid at a moment, by their dates."""
        return all(each.not_before <= at <= each.not_after for each in self.certificates)


class Cause(StrEnum):
    """Why a path does not hold."""

    NONE = "it holds"
    NO_PATH = "no path"
    REVOKED = "revoked"
    STALE = "revocation list out of date"
    UNKNOWN = "revocation not known"
    EXPIRED = "expired"
    NOT_YET = "not yet valid"
    ALGORITHM = "algorithm not allowed"
    INVALID = "invalid"
    UNDECIDED = "could not be judged"


@dataclass(frozen=True)
class Ruling:
    """What the engine says: the cause, its words, and the path that it is about, leaf first."""

    cause: Cause
    words: str = ""
    path: tuple[Certificate, ...] = ()
