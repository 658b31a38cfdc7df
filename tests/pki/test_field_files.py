"""Files as they are met in the field: what other programs, CAs and people make of certificates, keys and lists."""

from __future__ import annotations

import ipaddress
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)
from cryptography.x509.name import _ASN1Type as Text
from cryptography.x509.oid import NameOID

from tests.pki import field
from tests.pki.looks import PROFILES, facts_of, ids
from v2g_tool.hal.linux.pki_files import PkiReader
from v2g_tool.hal.x509.certificate import certificate_of
from v2g_tool.hal.x509.contents import contents_of
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.pki.rules.facts import ClockFacts
from v2g_tool.pki.rules.verdict import judge
from v2g_tool.pki.work.examine import Examination

FAIL, OPEN, INFO = Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INFO
DER = field.Encoding.DER


def examined(root: Path, files: dict[str, bytes], **said: object) -> Sequence[Finding]:
    return judge(facts_of(root, field.site(root, files, **said)))


def said_of(check: str, found: Sequence[Finding]) -> str:
    return " ".join(each.statement for each in found if each.check == check)


def typed(common: str, kind: Text) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common, _type=kind)])


def test_a_sound_site_has_nothing_to_be_said_of(tmp_path: Path) -> None:
    assert {each.verdict for each in examined(tmp_path, {})} == {Verdict.PASS}


@pytest.mark.parametrize("line", [b"-----BEGIN CERTIFICATE-----\n", b"-----BEGIN A-----\n-----END A-----x\n"])
def test_a_file_of_nothing_but_marks_is_read_at_once(line: bytes) -> None:
    begun = time.monotonic()

    assert contents_of(line * 20_000).damage == ("a block has no end",)
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("blanks", ["Sub CA", "SUB  ca "])
def test_an_issuer_is_found_in_whatever_kind_of_text_its_name_is_written(blanks: str, tmp_path: Path) -> None:
    sub = field.made(typed("Sub CA", Text.UTF8String), field.SUB_KEY, typed("root", Text.UTF8String), field.ROOT_KEY)
    leaf = field.made(field.name("leaf"), field.LEAF_KEY, typed(blanks, Text.PrintableString), field.SUB_KEY)
    revoked = field.listed(typed("sub ca", Text.BMPString), field.SUB_KEY)

    found = examined(tmp_path, {field.CHAIN: field.pem(leaf, sub), f"{field.CRLS}/sub.crl": field.pem(revoked)})

    assert {each.verdict for each in found} == {Verdict.PASS}


def test_a_name_whose_bytes_are_no_text_makes_no_certificate_unreadable() -> None:
    der = field.made(field.name("Mïller"), field.LEAF_KEY, field.name("Sub"), field.SUB_KEY).public_bytes(DER)

    assert certificate_of(der.replace("ï".encode(), b"\xfc\xfc")).subject.text == "CN=M\ufffd\ufffdller"


def test_a_name_of_several_values_is_written_with_a_plus() -> None:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, "a"), x509.NameAttribute(NameOID.SERIAL_NUMBER, "7")]
    subject = x509.Name([*field.name("b").rdns, x509.RelativeDistinguishedName(parts)])
    leaf = field.made(subject, field.LEAF_KEY, field.name("Sub"), field.SUB_KEY)

    assert certificate_of(leaf.public_bytes(DER)).subject.text in (
        "CN=a+SERIALNUMBER=7,CN=b",
        "SERIALNUMBER=7+CN=a,CN=b",
    )


def test_addresses_among_the_name_constraints_are_said_to_be_open(tmp_path: Path) -> None:
    limits = x509.NameConstraints([x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))], None)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("11.0.0.1"))])
    sub = field.made(field.name("Sub"), field.SUB_KEY, field.name("Root"), field.ROOT_KEY, [(limits, True)])
    leaf = field.made(field.name("leaf"), field.LEAF_KEY, field.name("Sub"), field.SUB_KEY, [(names, False)])

    found = examined(tmp_path, {field.CHAIN: field.pem(leaf, sub)})

    assert (ids(found, FAIL), ids(found, OPEN)) == ([], ["CERT-PATH-001"])


def test_a_key_for_rsa_pss_alone_is_an_rsa_key_and_its_sha1_is_seen(tmp_path: Path) -> None:
    words = ["openssl", "req", "-new", "-x509", "-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:1024", "-nodes"]
    more = ["-sha1", "-subj", "/CN=leaf", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run([*words, *more], cwd=tmp_path, check=True, capture_output=True)
    (certificate,) = contents_of((tmp_path / "cert.pem").read_bytes()).certificates
    (key,) = contents_of((tmp_path / "key.pem").read_bytes()).keys

    assert (str(certificate.key), certificate.signature) == ("RSA 1024", "sha1_rsassa_pss")
    assert key.public == certificate.key


REQUEST = x509.CertificateSigningRequestBuilder(field.name("leaf")).sign(field.LEAF_KEY, hashes.SHA256())
IN_PLACE = {
    "the key": field.key_pem(field.LEAF_KEY),
    "the request": REQUEST.public_bytes(field.Encoding.PEM),
    "a list": field.pem(field.SUB_LIST),
    "PKCS#7": pkcs7.serialize_certificates([field.LEAF, field.SUB], field.Encoding.PEM),
    "PKCS#7 in DER": pkcs7.serialize_certificates([field.LEAF, field.SUB], field.Encoding.DER),
    "UTF-16": field.pem(field.LEAF, field.SUB).decode().encode("utf-16"),
}


@pytest.mark.parametrize("kind", IN_PLACE)
def test_a_certificate_file_without_a_certificate_fails(kind: str, tmp_path: Path) -> None:
    found = examined(tmp_path, {field.CHAIN: IN_PLACE[kind]})

    assert ids(found, FAIL) == ["CERT-FILE-001"]
    assert (kind == "UTF-16") == ("UTF-16" in said_of("CERT-FILE-001", found))


def p12(passphrase: bytes) -> bytes:
    locked = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return pkcs12.serialize_key_and_certificates(b"leaf", field.LEAF_KEY, field.LEAF, [field.SUB], locked)


def test_certificates_behind_a_passphrase_that_nobody_named_are_not_judged(tmp_path: Path) -> None:
    found = examined(tmp_path, {field.CHAIN: p12(b"secret")})

    assert (ids(found, FAIL), ids(found, OPEN)) == ([], ["CERT-FILE-001"])


def test_pkcs12_without_a_passphrase_is_read(tmp_path: Path) -> None:
    assert {each.verdict for each in examined(tmp_path, {field.CHAIN: p12(b""), field.KEY: p12(b"")})} == {Verdict.PASS}


def test_a_key_that_others_can_read_beside_a_certificate_fails(tmp_path: Path) -> None:
    site = field.site(tmp_path, {field.CHAIN: field.pem(field.LEAF, field.SUB) + field.key_pem(field.LEAF_KEY)})
    (tmp_path / field.CHAIN[1:]).chmod(0o644)

    assert ids(judge(facts_of(tmp_path, site)), FAIL) == ["CERT-KEY-002"]


def test_a_certificate_with_settings_of_trust_is_read(tmp_path: Path) -> None:
    words = ["openssl", "x509", "-trustout", "-addtrust", "serverAuth"]
    trusted = subprocess.run(words, input=field.pem(field.ROOT), capture_output=True, check=True).stdout

    found = examined(tmp_path, {f"{field.ROOTS}/root.pem": trusted})

    assert (ids(found, FAIL), ids(found, INFO)) == ([], ["CERT-FILE-002"])


@pytest.mark.parametrize(("path", "reason"), [("/etc/pki/none", "it is not there"), (field.ROOTS, "no regular file")])
def test_a_passphrase_file_that_cannot_be_read_is_named_with_the_reason(path: str, reason: str, tmp_path: Path) -> None:
    form, lock = PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    key = field.LEAF_KEY.private_bytes(field.Encoding.PEM, form, lock)
    credential = {**field.CREDENTIAL, "passphrase_file": path}
    site = field.site(tmp_path, {field.KEY: key}, credentials={"station": credential})
    (tmp_path / field.ROOTS[1:]).chmod(0o755)

    found = judge(facts_of(tmp_path, site))

    assert (ids(found, FAIL), ids(found, OPEN), ids(found, INFO)) == ([], ["CERT-KEY-007"], [])
    assert f"{path}: it is n" in said_of("CERT-KEY-007", found)
    assert reason in said_of("CERT-KEY-007", found)


def test_the_pin_in_the_address_of_a_key_on_a_token_is_nowhere(tmp_path: Path) -> None:
    credential = {**field.CREDENTIAL, "key": "pkcs11:token=a;object=b?pin-value=SECRET&module-name=c"}
    site = field.site(tmp_path, {}, credentials={"station": credential})
    told: list[object] = []
    examination = Examination(site, PROFILES, PkiReader(tmp_path), field.NOW)

    facts = examination.facts(lambda _kind, data: told.append(data), ClockFacts())

    assert "module-name=c" in str(told)
    assert "SECRET" not in str((told, judge(facts)))
