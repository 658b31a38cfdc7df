"""Who is trusted: certificate paths, and the anchors that come from outside the bundle."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from v2g_tool.errors import NotAuthentic, RequestError
from v2g_tool.model.site.site import Trust
from v2g_tool.report.bundle import write_bundle
from v2g_tool.report.signing.keys import KeyFiles, Signer, fingerprint_of
from v2g_tool.report.verify import trust_anchors

from .sample import authority, filled_folder, issued_signer, signed_bundle, verified


def refused(path: Path) -> str:
    """Give what the verification says of a bundle that is not authentic."""
    with pytest.raises(NotAuthentic) as caught:
        verified(path, ())
    return caught.value.what


def pem_file(path: Path, *certificates: x509.Certificate | None) -> Path:
    path.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in certificates if one is not None))
    return path


def test_a_root_given_as_pem_anchors_a_chain_through_an_intermediate(tmp_path: Path) -> None:
    root = authority("Utility Root")
    middle = authority("Utility Field", root, path_length=0)
    folder = signed_bundle(tmp_path, issued_signer(middle))

    result = verified(folder, (), [pem_file(tmp_path / "root.pem", root.certificate)])

    assert result.anchored
    assert any("CN=Utility Field" in note for note in result.notes)
    assert not verified(folder, ()).anchored


def test_the_fingerprint_of_an_authority_in_the_chain_anchors(tmp_path: Path) -> None:
    root = authority("Utility Root")
    folder = signed_bundle(tmp_path, issued_signer(authority("Utility Field", root), root))

    for depth in (1, 2):
        certificates = x509.load_pem_x509_certificates((folder / "signer.pem").read_bytes())
        assert verified(folder, [fingerprint_of(certificates[depth])]).anchored


def test_a_root_of_the_same_name_with_another_key_does_not_anchor(tmp_path: Path) -> None:
    folder = signed_bundle(tmp_path, issued_signer(authority("Utility Root")))
    other = pem_file(tmp_path / "root.pem", authority("Utility Root").certificate)

    assert not verified(folder, (), [other]).anchored


KEYS = {
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": Ed25519PrivateKey.generate,
    "Ed448": Ed448PrivateKey.generate,
    "RSA 2048": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("kind", KEYS)
def test_issuers_of_every_kind_of_key_anchor(tmp_path: Path, kind: str) -> None:
    root = authority("Utility Root", key=KEYS[kind]())
    folder = signed_bundle(tmp_path, issued_signer(authority("Utility Field", root, KEYS[kind]())))

    result = verified(folder, (), [pem_file(tmp_path / "root.pem", root.certificate)])

    assert result.anchored
    assert not any("Not anchored" in note for note in result.notes)


def test_an_issuer_that_signs_with_rsa_pss_anchors(tmp_path: Path) -> None:
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    root = authority("Utility Root", key=KEYS["RSA 2048"]())
    folder = signed_bundle(tmp_path, issued_signer(root, rsa_padding=pss))

    assert verified(folder, (), [pem_file(tmp_path / "root.pem", root.certificate)]).anchored


def test_a_sub_authority_pinned_by_its_fingerprint_anchors_whatever_is_above(tmp_path: Path) -> None:
    expired = authority("Utility Root", days=(-30, -1))
    middle = authority("Utility Field", expired, path_length=0)
    folder = signed_bundle(tmp_path, issued_signer(middle, expired))
    assert middle.certificate is not None

    assert verified(folder, [fingerprint_of(middle.certificate)]).anchored
    assert not verified(folder, (), [pem_file(tmp_path / "root.pem", expired.certificate)]).anchored


def test_a_renewed_root_with_the_same_key_anchors_what_the_old_one_issued(tmp_path: Path) -> None:
    old = authority("Utility Root", days=(-3000, 10))
    new = authority("Utility Root", key=old.key)
    folder = signed_bundle(tmp_path, issued_signer(old))

    assert verified(folder, (), [pem_file(tmp_path / "root.pem", new.certificate)]).anchored


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
CRL_SIGN = x509.KeyUsage(False, False, False, False, False, False, True, False, False)
KEY_AGREEMENT = x509.KeyUsage(False, False, False, False, True, False, False, False, False)

CERTIFIED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "an issuer that is no authority": ({"ca": False}, {}, "not a certification authority"),
    "an authority that may not sign certificates": ({"extensions": (CRL_SIGN,)}, {}, "not a certification authority"),
    "an authority that had expired": ({"days": (-30, -1)}, {}, "not valid at the signing time"),
    "an authority not yet valid": ({"days": (1, 30)}, {}, "not valid at the signing time"),
    "a charger's TLS certificate": (
        {},
        {"extensions": (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),)},
        "another purpose",
    ),
    "a certificate that may not sign": ({}, {"extensions": (KEY_AGREEMENT,)}, "not for signatures"),
    "an extension that is not understood": (
        {},
        {"extensions": (UNKNOWN,), "critical": True},
        "critical extension 1.2.3.4",
    ),
}


@pytest.mark.parametrize("case", CERTIFIED)
def test_a_path_that_breaks_the_rules_does_not_anchor_and_says_why(tmp_path: Path, case: str) -> None:
    issuer, leaf, reason = CERTIFIED[case]
    root = authority("Utility Root", **issuer)
    folder = signed_bundle(tmp_path, issued_signer(root, **leaf))

    result = verified(folder, (), [pem_file(tmp_path / "root.pem", root.certificate)])

    assert not result.anchored
    assert any(reason in note for note in result.notes)


EXCLUDED = x509.NameConstraints(None, [x509.DNSName("example.org")])
PERMITTED = x509.NameConstraints([x509.DNSName("example.org")], None)
EXAMPLE = x509.SubjectAlternativeName([x509.DNSName("field.example.org")])

BETWEEN: dict[str, tuple[dict[str, Any], str]] = {
    "had expired": ({"days": (-30, -1)}, "'CN=Utility Field' was not valid at the signing time"),
    "was not yet valid": ({"days": (1, 30)}, "'CN=Utility Field' was not valid at the signing time"),
    "is no authority": ({"ca": False}, "'CN=Utility Field' is not a certification authority"),
    "may not sign certificates": ({"extensions": (CRL_SIGN,)}, "'CN=Utility Field' is not a certification authority"),
    "has a critical extension that nobody knows": (
        {"extensions": (UNKNOWN,), "critical": True},
        "critical extension 1.2.3.4",
    ),
    "excludes the name of the signer": ({"extensions": (EXCLUDED,), "critical": True}, "the path does not hold"),
}


@pytest.mark.parametrize("case", BETWEEN)
def test_a_sub_authority_that_breaks_the_rules_does_not_anchor_and_says_why(tmp_path: Path, case: str) -> None:
    certified, reason = BETWEEN[case]
    root = authority("Utility Root")
    middle = authority("Utility Field", root, **certified)
    folder = signed_bundle(tmp_path, issued_signer(middle, extensions=(EXAMPLE,)))

    result = verified(folder, (), [pem_file(tmp_path / "root.pem", root.certificate)])

    assert not result.anchored
    assert any(reason in note for note in result.notes)


def test_a_sub_authority_that_permits_the_name_of_the_signer_anchors(tmp_path: Path) -> None:
    root = authority("Utility Root")
    middle = authority("Utility Field", root, extensions=(PERMITTED,), critical=True)
    folder = signed_bundle(tmp_path, issued_signer(middle, extensions=(EXAMPLE,)))

    assert verified(folder, (), [pem_file(tmp_path / "root.pem", root.certificate)]).anchored


@pytest.mark.parametrize(
    ("extension", "words"),
    [(UNKNOWN, "which is not understood"), (EXCLUDED, "the path does not hold")],
    ids=["unknown", "name constraints"],
)
def test_an_anchor_whose_critical_extension_is_unknown_or_excludes_the_signer_does_not_anchor(
    tmp_path: Path, extension: x509.ExtensionType, words: str
) -> None:
    root = authority("Utility Root", extensions=(extension,), critical=True)
    folder = signed_bundle(tmp_path, issued_signer(root, extensions=(EXAMPLE,)))

    result = verified(folder, (), [pem_file(tmp_path / "root.pem", root.certificate)])

    assert not result.anchored
    assert any(words in note for note in result.notes)


def test_an_anchor_whose_name_constraints_permit_the_signer_anchors(tmp_path: Path) -> None:
    root = authority("Utility Root", extensions=(PERMITTED,), critical=True)
    folder = signed_bundle(tmp_path, issued_signer(root, extensions=(EXAMPLE,)))

    assert verified(folder, (), [pem_file(tmp_path / "root.pem", root.certificate)]).anchored


def test_a_path_longer_than_a_sub_authority_allows_does_not_anchor(tmp_path: Path) -> None:
    root = authority("Utility Root")
    middle = authority("Utility Field", root, path_length=0)
    folder = signed_bundle(tmp_path, issued_signer(authority("Below", middle), middle))

    result = verified(folder, (), [pem_file(tmp_path / "root.pem", root.certificate)])

    assert not result.anchored
    assert any("the path under 'CN=Utility Field' is longer" in note for note in result.notes)


def test_an_authority_with_a_new_key_under_its_own_name_makes_no_path_longer(tmp_path: Path) -> None:
    root = authority("Utility Root", path_length=0)
    folder = signed_bundle(tmp_path, issued_signer(authority("Utility Root", root, path_length=0), root))

    assert verified(folder, (), [pem_file(tmp_path / "root.pem", root.certificate)]).anchored


@pytest.mark.parametrize("one_key", [False, True], ids=["a key each", "one key"])
def test_a_hundred_authorities_of_one_name_come_to_an_end(tmp_path: Path, *, one_key: bool) -> None:
    chain = [authority("Utility")]
    for _ in range(100):
        chain.append(authority("Utility", chain[-1], chain[0].key if one_key else None))
    folder = signed_bundle(tmp_path, issued_signer(*reversed(chain)))
    root = pem_file(tmp_path / "root.pem", chain[0].certificate)
    every = pem_file(tmp_path / "every.pem", *(one.certificate for one in chain))

    assert verified(folder, (), [root]).anchored is one_key
    assert verified(folder, (), [every]).anchored
    assert not verified(folder, ()).anchored


def test_a_certificate_too_large_to_be_judged_does_not_anchor_and_says_so(tmp_path: Path) -> None:
    root = authority("Utility Root")
    large = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x04\x83\x01\x11\x70" + b"x" * 70_000)
    folder = signed_bundle(tmp_path, issued_signer(root, extensions=(large,)))

    result = verified(folder, (), [pem_file(tmp_path / "root.pem", root.certificate)])

    assert not result.anchored
    assert any("cannot be judged" in note for note in result.notes)


def test_a_path_longer_than_the_root_allows_does_not_anchor(tmp_path: Path) -> None:
    root = authority("Utility Root", path_length=0)
    folder = signed_bundle(tmp_path, issued_signer(authority("Below", root), root))

    result = verified(folder, (), [pem_file(tmp_path / "root.pem", root.certificate)])

    assert not result.anchored
    assert any("longer than its certificate allows" in note for note in result.notes)


def test_a_chain_with_a_foreign_link_is_refused(tmp_path: Path) -> None:
    own = issued_signer(authority("Utility Root"))
    foreign = Signer(own.key, own.certificate, (authority("Utility Root").certificate,))  # type: ignore[arg-type]

    assert "certificate 1 is not signed by" in refused(signed_bundle(tmp_path, foreign))


def test_a_signature_by_another_key_than_the_certificates_is_refused(tmp_path: Path, signer: Signer) -> None:
    thief = Signer(ec.generate_private_key(ec.SECP256R1()), signer.certificate)

    assert refused(signed_bundle(tmp_path, thief)) == "report.json.p7s: the signature does not fit the certificate"


@pytest.mark.parametrize("days", [(-30, -1), (1, 30)])
def test_a_signing_time_outside_the_validity_is_refused(tmp_path: Path, days: tuple[int, int]) -> None:
    signer = issued_signer(authority("Utility Root"), days=days)

    assert "outside the validity" in refused(signed_bundle(tmp_path, signer))


@pytest.mark.parametrize("year", [2026, 2049, 2050, 2060])
def test_both_forms_of_the_signing_time_are_read(tmp_path: Path, year: int) -> None:
    signer = issued_signer(authority("Utility Root"), days=(0, 15000))
    when = datetime(year, 12, 31, 23, 59, 59, 999, tzinfo=UTC)
    folder, made = filled_folder(tmp_path)
    write_bundle(folder, made, signer, when)

    assert verified(folder, ()).signing_time == when.replace(microsecond=0)


def test_anchors_come_from_the_site_the_command_line_and_the_computer(
    tmp_path: Path, signer: Signer, key_files: KeyFiles
) -> None:
    system = tmp_path / "trust"
    system.mkdir()
    root = pem_file(system / "root.pem", authority("Utility Root").certificate)
    (system / "readme.txt").touch()
    trust = Trust(fingerprints=("AA:" * 31 + "AA",), certificates=(str(key_files.certificate),))

    fingerprints, roots = trust_anchors(trust, [signer.fingerprint.upper(), str(root)], system)

    assert fingerprints == {"aa" * 32, signer.fingerprint}
    assert roots == [key_files.certificate, root, root]


def test_without_any_anchor_there_is_none(tmp_path: Path) -> None:
    assert trust_anchors(None, [], tmp_path / "absent") == (set(), [])


@pytest.mark.parametrize("entry", ["ab" * 31, "no such file", "x" * 5000, "", "\x1b[2J", "\x00"])
def test_what_is_neither_fingerprint_nor_certificate_is_a_wrong_request(tmp_path: Path, entry: str) -> None:
    with pytest.raises(RequestError) as caught:
        trust_anchors(None, [entry], tmp_path)

    assert caught.value.what.isprintable()


def test_a_file_that_holds_no_certificate_is_a_wrong_request(tmp_path: Path, key_files: KeyFiles) -> None:
    with pytest.raises(RequestError, match="not a certificate in PEM form"):
        trust_anchors(None, [str(key_files.key)], tmp_path)
    with pytest.raises(RequestError, match="not a SHA-256 fingerprint"):
        trust_anchors(Trust(fingerprints=("abc",)), [], tmp_path)
