"""Chains grown at random, each sound or with one fault, as files of a site.

One to four certificates stand below the root, each with a key of its own of one of seven kinds, and each CA has a
revocation list. Nothing of the bench is used: these chains are a second opinion about it, too.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from v2g_tool.model.site.pki import CredentialSite, PkiSite

NAME = "grown"
Kinds = tuple[str, ...]
WEB = ("p256", "p384", "p521", "rsa")
"""Kinds of keys that `cryptography` knows paths of."""
KINDS = (*WEB, "rsa-pss", "ed25519", "ed448")
_CURVES: Mapping[str, tuple[ec.EllipticCurve, hashes.HashAlgorithm]] = {
    "p256": (ec.SECP256R1(), hashes.SHA256()),
    "p384": (ec.SECP384R1(), hashes.SHA384()),
    "p521": (ec.SECP521R1(), hashes.SHA512()),
}
_STRANGER = 99
_UNKNOWN = x509.ObjectIdentifier("1.3.6.1.4.1.55555.9.9")
_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass
class Link:
    """A certificate of a chain, before it is made; times in days from now."""

    kind: str
    start: float = -30
    end: float = 300
    ca: bool | None = True
    length: int | None = None
    uses: tuple[str, ...] = ("key_cert_sign", "crl_sign")
    by_stranger: bool = False
    key_id: bool = True
    key_id_critical: bool = False
    issuer_id: bytes | None = b""
    """b"" for that of the issuer's key, None for none at all."""
    more: list[tuple[x509.ExtensionType, bool]] = field(default_factory=list)


@dataclass
class Listing:
    """The revocation list of a CA, before it is made."""

    kind: str
    start: float = -1
    end: float = 60
    revokes: int | None = None
    """Place in the chain of the certificate that it lists."""
    reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise
    by_stranger: bool = False
    number: int | None = 5
    more: list[tuple[x509.ExtensionType, bool]] = field(default_factory=list)


@dataclass
class Chain:
    """A chain from its root, place 0, down to its leaf."""

    links: list[Link]
    lists: dict[int, Listing]
    """By the place of the CA."""
    reverse: bool = False
    fault: str = "none"
    place: str = ""
    """Where the fault is: root, sub-CA, leaf, or "" for the whole."""
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    @property
    def kinds(self) -> set[str]:
        return {link.kind for link in self.links}

    def said(self, place: int) -> str:
        return "root" if place == 0 else "leaf" if place == len(self.links) - 1 else "sub-CA"


def grown(rng: random.Random, fault: str = "", kinds: Kinds = KINDS) -> Chain:
    """Give a chain with the fault that is named, with any where none is."""
    below = rng.randint(1, 4)
    links = [Link(rng.choice(kinds)) for _ in range(below + 1)]
    links[-1] = replace(links[-1], ca=rng.choice((False, None)), uses=("digital_signature",))
    for place, link in enumerate(links[:-1]):
        spare = below - 1 - place
        link.length = rng.choice((None, spare, spare + 1))
    chain = Chain(links, {place: Listing(link.kind) for place, link in enumerate(links[:-1])})
    chain.fault = fault or rng.choice([*FAULTS])
    chain.place = FAULTS[chain.fault](rng, chain)
    return chain


Fault = Callable[[random.Random, Chain], str]
"""Puts a fault into a chain; gives where."""


def _anywhere(**changes: object) -> Fault:
    return lambda rng, chain: _changed(chain, rng.randrange(len(chain.links)), changes)


def _below_the_root(**changes: object) -> Fault:
    return lambda rng, chain: _changed(chain, rng.randrange(1, len(chain.links)), changes)


def _a_ca(**changes: object) -> Fault:
    return lambda rng, chain: _changed(chain, rng.randrange(len(chain.links) - 1), changes)


def _the_leaf(**changes: object) -> Fault:
    return lambda _, chain: _changed(chain, len(chain.links) - 1, changes)


def _changed(chain: Chain, place: int, changes: Mapping[str, object]) -> str:
    chain.links[place] = replace(chain.links[place], **changes)  # type: ignore[arg-type]
    return chain.said(place)


def _a_list(**changes: object) -> Fault:
    def fault(rng: random.Random, chain: Chain) -> str:
        place = rng.randrange(len(chain.links) - 1)
        chain.lists[place] = replace(chain.lists[place], **changes)  # type: ignore[arg-type]
        return chain.said(place)

    return fault


def _path_length(rng: random.Random, chain: Chain) -> str:
    """Let a CA allow fewer CAs below it than it has; where there is none below it, there is no fault."""
    place = rng.randrange(len(chain.links) - 1)
    spare = len(chain.links) - 2 - place
    if not spare:
        chain.fault = "none"
        return ""
    return _changed(chain, place, {"length": rng.randrange(spare)})


def _revoked(reason: x509.ReasonFlags) -> Fault:
    def fault(rng: random.Random, chain: Chain) -> str:
        place = rng.randrange(len(chain.links))
        listing = chain.lists[max(0, place - 1)]
        listing.revokes, listing.reason = place, reason
        return chain.said(place)

    return fault


def _absent(rng: random.Random, chain: Chain) -> str:
    place = rng.randrange(len(chain.links) - 1)
    del chain.lists[place]
    return chain.said(place)


def _reversed(_: random.Random, chain: Chain) -> str:
    chain.reverse = True
    if len(chain.links) < 4:  # the root is left out, and one sub-CA has no order
        chain.fault = "none"
    return ""


def _scope(**only: bool) -> tuple[x509.ExtensionType, bool]:
    words: dict[str, Any] = {
        "only_contains_user_certs": False,
        "only_contains_ca_certs": False,
        "indirect_crl": False,
        "only_contains_attribute_certs": False,
    }
    return x509.IssuingDistributionPoint(None, None, only_some_reasons=None, **{**words, **only}), True


def _a_list_of(**only: bool) -> Fault:
    def fault(rng: random.Random, chain: Chain) -> str:
        place = rng.randrange(len(chain.links) - 1)
        chain.lists[place].more.append(_scope(**only))
        return f"{chain.said(place)} over the leaf" if place == len(chain.links) - 2 else chain.said(place)

    return fault


def _point(address: str) -> tuple[x509.ExtensionType, bool]:
    point = [x509.UniformResourceIdentifier(address)]
    return x509.IssuingDistributionPoint(point, None, *(False, False), None, *(False, False)), True


def _some_reasons() -> tuple[x509.ExtensionType, bool]:
    reasons = frozenset({x509.ReasonFlags.key_compromise})
    return x509.IssuingDistributionPoint(None, None, *(False, False), reasons, *(False, False)), True


def _names(*, permitted: bool) -> x509.NameConstraints:
    prefix = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Grown" if permitted else "Other")])
    return x509.NameConstraints([x509.DirectoryName(prefix)], None)


FAULTS: Mapping[str, Fault] = {
    "none": lambda _, __: "",
    "expired": _anywhere(end=-1),
    "not-yet": _anywhere(start=1),
    "path-length": _path_length,
    "wrong-key": _below_the_root(by_stranger=True),
    "no-ca-flag": _a_ca(ca=False),
    "no-basic-constraints": _a_ca(ca=None),
    "leaf-is-ca": _the_leaf(ca=True),
    "no-cert-sign": _a_ca(uses=("crl_sign",)),
    "no-crl-sign": _a_ca(uses=("key_cert_sign",)),
    "leaf-signs": _the_leaf(uses=("digital_signature", "key_cert_sign")),
    "issuer-id-of-another": _anywhere(issuer_id=b"another key id here!"),
    "no-issuer-id": _anywhere(issuer_id=None),
    "no-key-id": _anywhere(key_id=False),
    "critical-key-id": _anywhere(key_id_critical=True),
    "unknown-critical": _anywhere(more=[(x509.UnrecognizedExtension(_UNKNOWN, b"\x05\0"), True)]),
    "unknown": _anywhere(more=[(x509.UnrecognizedExtension(_UNKNOWN, b"\x05\0"), False)]),
    "names-permitted": _a_ca(more=[(_names(permitted=True), True)]),
    "names-excluded": _a_ca(more=[(_names(permitted=False), True)]),
    "host-names-permitted": _a_ca(more=[(x509.NameConstraints([x509.DNSName("example")], None), True)]),
    "host-names-excluded": _a_ca(more=[(x509.NameConstraints(None, [x509.DNSName("example")]), True)]),
    "policy-required": _a_ca(more=[(x509.PolicyConstraints(0, None), True)]),
    "any-policy-inhibited": _a_ca(more=[(x509.InhibitAnyPolicy(0), True)]),
    "revoked": _revoked(x509.ReasonFlags.key_compromise),
    "on-hold": _revoked(x509.ReasonFlags.certificate_hold),
    "removed-from-list": _revoked(x509.ReasonFlags.remove_from_crl),
    "list-stale": _a_list(start=-31, end=-1),
    "list-future": _a_list(start=1),
    "list-absent": _absent,
    "list-by-stranger": _a_list(by_stranger=True),
    "list-without-number": _a_list(number=None),
    "list-delta": _a_list(more=[(x509.DeltaCRLIndicator(4), True)]),
    "list-of-users": _a_list_of(only_contains_user_certs=True),
    "list-of-cas": _a_list_of(only_contains_ca_certs=True),
    "list-of-attributes": _a_list(more=[_scope(only_contains_attribute_certs=True)]),
    "list-of-another-point": _a_list(more=[_point("http://crl.example/another.crl")]),
    "list-of-some-reasons": _a_list(more=[_some_reasons()]),
    "list-indirect": _a_list(more=[_scope(indirect_crl=True)]),
    "list-unknown-critical": _a_list(more=[(x509.UnrecognizedExtension(_UNKNOWN, b"\x05\0"), True)]),
    "order-reversed": _reversed,
}


def written(root: Path, chain: Chain) -> PkiSite:
    """Write a chain below `root`, and give what the site file says of it."""
    folders = {name: root / "etc/v2g" / name for name in ("certs", "trust", "crl")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    made = [_certificate(chain, place) for place in range(len(chain.links))]
    sent = made[:0:-1]
    if chain.reverse:
        sent = [sent[0], *sent[:0:-1]]
    pem = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in sent)
    (folders["certs"] / "chain.pem").write_bytes(pem)
    (folders["trust"] / "root.pem").write_bytes(made[0].public_bytes(Encoding.PEM))
    for place in chain.lists:
        (folders["crl"] / f"{place}.crl").write_bytes(_list(chain, place, made).public_bytes(Encoding.DER))
    credential = CredentialSite(
        role="ocpp-station",
        profile="ocpp-2-0-1",
        store="grown",
        certificate="/etc/v2g/certs/chain.pem",
        key="pkcs11:token=grown",
    )
    return PkiSite(credentials={NAME: credential}, stores={"grown": "/etc/v2g/trust"}, crls=("/etc/v2g/crl",))


@cache
def _key(kind: str, place: int) -> Any:
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, 2048)
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return ed448.Ed448PrivateKey.generate() if kind == "ed448" else ec.generate_private_key(_CURVES[kind][0])


def _hash(kind: str) -> Any:
    return _CURVES[kind][1] if kind in _CURVES else None if kind.startswith("ed") else hashes.SHA256()


def _padding(kind: str) -> Any:
    return padding.PSS(padding.MGF1(hashes.SHA256()), 32) if kind == "rsa-pss" else None


def _name(place: int) -> x509.Name:
    parts = ((NameOID.ORGANIZATION_NAME, "Grown"), (NameOID.COMMON_NAME, f"Place {place}"))
    return x509.Name([x509.NameAttribute(kind, text) for kind, text in parts])


def _certificate(chain: Chain, place: int) -> x509.Certificate:
    link, above = chain.links[place], max(0, place - 1)
    issuer = chain.links[above].kind
    public, signer = _key(link.kind, place).public_key(), _key(issuer, above)
    builder = (
        x509.CertificateBuilder(_name(above), _name(place), public)
        .serial_number(1000 + place)
        .not_valid_before(chain.now + timedelta(days=link.start))
        .not_valid_after(chain.now + timedelta(days=link.end))
        .add_extension(x509.KeyUsage(**{use: use in link.uses for use in _USES}), critical=True)
    )
    for extension, critical in (*_usual(link, public, signer.public_key()), *link.more):
        builder = builder.add_extension(extension, critical)
    signs = _key(issuer, _STRANGER) if link.by_stranger else signer
    return builder.sign(signs, _hash(issuer), rsa_padding=_padding(issuer))


def _usual(link: Link, public: Any, issuer: Any) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = []
    if link.ca is not None:
        found.append((x509.BasicConstraints(link.ca, link.length if link.ca else None), True))
    if link.key_id:
        found.append((x509.SubjectKeyIdentifier.from_public_key(public), link.key_id_critical))
    if link.issuer_id is not None:
        wanted = link.issuer_id or x509.SubjectKeyIdentifier.from_public_key(issuer).digest
        found.append((x509.AuthorityKeyIdentifier(wanted, None, None), False))
    return found


def _list(chain: Chain, place: int, made: list[x509.Certificate]) -> x509.CertificateRevocationList:
    listing = chain.lists[place]
    key = _key(listing.kind, place)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(_name(place))
        .last_update(chain.now + timedelta(days=listing.start))
        .next_update(chain.now + timedelta(days=listing.end))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    if listing.number is not None:
        builder = builder.add_extension(x509.CRLNumber(listing.number), critical=False)
    for extension, critical in listing.more:
        builder = builder.add_extension(extension, critical)
    if listing.revokes is not None:
        entry = x509.RevokedCertificateBuilder(made[listing.revokes].serial_number, chain.now - timedelta(days=2))
        builder = builder.add_revoked_certificate(
            entry.add_extension(x509.CRLReason(listing.reason), critical=False).build()
        )
    signs = _key(listing.kind, _STRANGER) if listing.by_stranger else key
    return builder.sign(signs, _hash(listing.kind), rsa_padding=_padding(listing.kind))
