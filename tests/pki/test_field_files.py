"""Files as they are met in the field: what other programs, CAs and people make of certificates, keys and lists."""

from __future__ import annotations

import ipaddress
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type as Text
from cryptography.x509.oid import NameOID

from tests.pki import field
from tests.pki.looks import facts_of, ids
from v2g_tool.hal.x509.certificate import certificate_of
from v2g_tool.hal.x509.contents import contents_of
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.pki.rules.verdict import judge

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
