"""X.509 certificates from bytes, total: what is no certificate is told as Malformed, what is odd in one is kept.

asn1crypto reads them, not `cryptography`: that one refuses whole certificates for what a technician has to be told by
name (a serial number of 0, spelt-out curves, an extension twice).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from asn1crypto import x509

from v2g_tool.hal.x509 import parsed
from v2g_tool.hal.x509.lookup import canonical, subject_hash
from v2g_tool.model.pki import BasicConstraints, Certificate, Listed, Name, PublicKey

UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError)
"""What asn1crypto raises for bytes that are not what they should be."""
MOST_BYTES = 1 << 16
"""A certificate is smaller; a larger one is none that a charger or vehicle takes."""
_RSA = ("rsa", "rsassa_pss")
"""A key of the second kind is the same, but for the scheme that it may be used with."""
_KINDS = {"ec": "EC", "rsa": "RSA", "rsassa_pss": "RSA", "ed25519": "Ed25519", "ed448": "Ed448"}
_CURVE_BITS = {"secp521r1": 521}
_UNDERSTOOD = frozenset(
    {
        "basic_constraints",
        "key_usage",
        "extended_key_usage",
        "certificate_policies",
        "subject_alt_name",
        "crl_distribution_points",
    }
)
"""Extensions that may be critical. Key identifiers and information access must not be (RFC 5280, 4.2.1.1, 4.2.1.2,
4.2.2.1): OpenSSL refuses them."""
T = TypeVar("T")


class Malformed(ValueError):
    """Bytes that are not what they should be; the text says why."""


def read_as(what: str, der: bytes, most_bytes: int, read: Callable[[bytes], T]) -> T:
    """Give what `read` makes of exactly these bytes; raises Malformed, with its own words or as none of `what`."""
    if len(der) > most_bytes:
        raise Malformed(f"{len(der)} bytes are too many for {what}")
    try:
        return read(der)
    except Malformed:
        raise
    except UNREADABLE as exc:
        raise Malformed(f"it is no {what.partition(' ')[2]}: {reason_of(exc)}") from exc


def certificate_of(der: bytes) -> Certificate:
    """Give a certificate from exactly its DER bytes; raises Malformed."""
    return read_as("an X.509 certificate", der, MOST_BYTES, _certificate)


@lru_cache(maxsize=512)  # one sub-CA lies in chain, store and link
def _certificate(der: bytes) -> Certificate:
    whole = parsed.certificate(der)
    tbs = whole["tbs_certificate"]
    extensions = _Extensions(tbs["extensions"])
    return Certificate(
        der=der,
        subject=name_of(tbs["subject"]),
        issuer=name_of(tbs["issuer"]),
        serial=int(tbs["serial_number"].native),
        not_before=moment(tbs["validity"]["not_before"].native),
        not_after=moment(tbs["validity"]["not_after"].native),
        key=public_key_of(tbs["subject_public_key_info"]),
        signature=signature_of(whole["signature_algorithm"]),
        version={"v1": 1, "v2": 2, "v3": 3}[tbs["version"].native],
        basic_constraints=extensions.read("basic_constraints", _basic_constraints),
        key_usage=extensions.read("key_usage", _listed),
        extended_key_usage=extensions.read("extended_key_usage", _listed),
        policies=extensions.read("certificate_policies", _policies),
        alternative_names=extensions.read("subject_alt_name", _alternative_names),
        subject_key_id=extensions.read("key_identifier", lambda value, _: bytes(value.native)),
        authority_key_id=extensions.read("authority_key_identifier", lambda value, _: value.native["key_identifier"]),
        distribution_points=extensions.read("crl_distribution_points", _points) or (),
        ocsp_addresses=extensions.read("authority_information_access", _responders) or (),
        unknown_critical=extensions.unknown_critical(),
        damage="; ".join(extensions.damage),
    )


class _Extensions:
    """The extensions of a certificate, each read on its own."""

    def __init__(self, extensions: Any) -> None:  # noqa: ANN401 - asn1crypto is untyped
        self.damage: list[str] = []
        self._found: dict[str, Any] = {}
        for extension in extensions if len(extensions.contents or b"") else ():
            name = extension["extn_id"].native
            if name in self._found:
                self.damage.append(f"the extension {name} stands twice")
            self._found[name] = extension

    def read(self, name: str, parse: Callable[[Any, bool], T]) -> T | None:
        """Give what `parse` makes of an extension and its criticality, None where there is none that can be read."""
        if (extension := self._found.get(name)) is None:
            return None
        try:
            return parse(extension["extn_value"].parsed, bool(extension["critical"].native))
        except UNREADABLE as exc:
            self.damage.append(f"the extension {name} cannot be read: {reason_of(exc)}")
            return None

    def unknown_critical(self) -> tuple[str, ...]:
        critical = (name for name, each in self._found.items() if each["critical"].native)
        return tuple(sorted(name for name in critical if name not in _UNDERSTOOD))


def name_of(name: Any) -> Name:  # noqa: ANN401 - asn1crypto is untyped
    """Give a distinguished name as noun."""
    return _name(name.dump())


@lru_cache(maxsize=1024)
def _name(der: bytes) -> Name:
    parts: list[tuple[str, str]] = []
    text = ""
    for relative in x509.Name.load(der, strict=True).chosen:
        shown = []
        for attribute in relative:
            kind, value = attribute["type"].native, _text(attribute["value"])
            parts.append((kind, value))
            shown.append(f"{_SHORT.get(kind, kind)}={_escaped(value)}")
        text = ",".join(filter(None, ["+".join(shown), text]))
    normal = canonical(der)
    return Name(
        normal=der if normal is None else normal,
        der=der,
        text=text,
        common_name=next((value for kind, value in parts if kind == "common_name"), ""),
        domain_components=tuple(value for kind, value in parts if kind == "domain_component"),
        lookup="" if normal is None else subject_hash(normal),
    )


def _text(value: Any) -> str:  # noqa: ANN401 - asn1crypto is untyped
    """Give a part of a name; for bytes that are no text of its kind, as old CAs wrote umlauts, there are marks."""
    try:
        return str(value.native)
    except UnicodeDecodeError:
        return str(value.chosen.contents.decode(errors="replace"))


_SHORT: Mapping[str, str] = {
    "common_name": "CN",
    "organization_name": "O",
    "organizational_unit_name": "OU",
    "country_name": "C",
    "domain_component": "DC",
    "locality_name": "L",
    "state_or_province_name": "ST",
    "serial_number": "SERIALNUMBER",
    "email_address": "E",
}


def _escaped(value: str) -> str:
    return "".join(f"\\{char}" if char in ',+"\\<>;=' else char for char in value)


def public_key_of(info: Any) -> PublicKey:  # noqa: ANN401 - asn1crypto is untyped
    """Give a public key from its SubjectPublicKeyInfo."""
    algorithm = info["algorithm"]["algorithm"].native
    curve, explicit, bits = "", False, 0
    if algorithm == "ec":
        form, value = info.curve
        explicit, curve = form == "specified", str(value) if form == "named" else ""
        bits = _CURVE_BITS.get(curve, (len(info["public_key"].native) - 1) * 4)
    elif algorithm in _RSA:
        bits = int(info["public_key"].parsed["modulus"].native).bit_length()
    return PublicKey(_KINDS.get(algorithm, algorithm), curve, bits, explicit, _key_sha256(info, algorithm, bits))


def _key_sha256(info: Any, algorithm: str, bits: int) -> str:  # noqa: ANN401 - asn1crypto is untyped
    """Give what tells a key from others, however its curve and its point are spelt: of a point its x coordinate."""
    key = info["public_key"]
    content = key.native if algorithm == "ec" else key.parsed.dump() if algorithm in _RSA else key.dump()
    return hashlib.sha256(content[1 : 1 + (bits + 7) // 8] if algorithm == "ec" else content).hexdigest()


def signature_of(algorithm: Any) -> str:  # noqa: ANN401 - asn1crypto is untyped
    """Give the name of a signature's algorithm with its digest in front, also where that is a parameter (RFC 4055)."""
    name = str(algorithm["algorithm"].native)
    if name != "rsassa_pss":
        return name
    return f"{algorithm['parameters'].native['hash_algorithm']['algorithm']}_{name}"


def _basic_constraints(value: Any, critical: bool) -> BasicConstraints:  # noqa: ANN401
    native = value.native
    return BasicConstraints(critical, bool(native["ca"]), native["path_len_constraint"])


def _listed(value: Any, critical: bool) -> Listed:  # noqa: ANN401
    return Listed(critical, frozenset(value.native))


def _policies(value: Any, critical: bool) -> Listed:  # noqa: ANN401
    return Listed(critical, frozenset(each["policy_identifier"].dotted for each in value))


def _alternative_names(value: Any, critical: bool) -> Listed:  # noqa: ANN401
    return Listed(critical, frozenset(f"{each.name}:{_visible(each)}" for each in value))


def _visible(name: Any) -> str:  # noqa: ANN401
    if name.name == "other_name":
        return str(name.chosen["type_id"].dotted)
    return name.native if isinstance(name.native, str) else type(name.native).__name__


def _points(value: Any, _critical: bool) -> tuple[str, ...]:  # noqa: ANN401
    return tuple(address for point in value for address in points_of(point["distribution_point"]))


def points_of(point: Any) -> tuple[str, ...]:  # noqa: ANN401 - asn1crypto is untyped
    """Give the addresses of a distribution point."""
    if point.native is None or point.name != "full_name":
        return ()
    return tuple(str(each.native) for each in point.chosen if each.name == "uniform_resource_identifier")


def _responders(value: Any, _critical: bool) -> tuple[str, ...]:  # noqa: ANN401
    named = (each["access_location"] for each in value if each["access_method"].native == "ocsp")
    return tuple(str(each.native) for each in named if each.name == "uniform_resource_identifier")


def moment(value: object) -> datetime:
    """Give a point of time in UTC; raises ValueError for the year 0, and for one that names no zone."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"{value} is no point of time in UTC")
    return value.astimezone(UTC)


def reason_of(exc: BaseException) -> str:
    """Give the first line of what a parser says, which may quote bytes."""
    text = str(exc).partition("\n")[0] or type(exc).__name__
    return "".join(char if char.isprintable() else "?" for char in text)[:300]
