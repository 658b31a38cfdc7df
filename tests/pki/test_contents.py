"""Files of a PKI are read whatever is in them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from tests.bounds import HANG_S
from tests.pki.computer import pem, root_certificate
from tests.pki.mutate import campaign
from v2g_tool.hal.x509.contents import contents_of
from v2g_tool.model.pki_file import Contents


def test_mutations_of_valid_files_are_read_or_told() -> None:
    became, _ = campaign(1500, 7)

    assert became["damaged"] > 300
    assert became["PEM"] > 50
    assert became["nothing"] > 50


@given(st.binary(max_size=400))
def test_any_bytes_give_contents(data: bytes) -> None:
    assert isinstance(contents_of(data), Contents)
    assert isinstance(contents_of(b"-----BEGIN CERTIFICATE-----\n" + data), Contents)
    assert isinstance(contents_of(b"\x30\x82" + data, b"x"), Contents)


def test_an_empty_file_holds_nothing() -> None:
    assert contents_of(b"") == Contents()


NAMES = ("Plain", "  Wide   BLANKS ", "Főtanúsítvány ÄÖ", "a+b=c,d")
KINDS = (_ASN1Type.UTF8String, _ASN1Type.PrintableString, _ASN1Type.BMPString, _ASN1Type.UniversalString)


@pytest.mark.parametrize("kind", KINDS)
def test_openssl_looks_a_name_up_by_the_hash_that_is_given_for_it(kind: _ASN1Type, tmp_path: Path) -> None:
    texts = [text for text in NAMES if text.isascii() or kind is not _ASN1Type.PrintableString]
    attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, text, kind) for text in texts]
    # A set of two stands in the order of its bytes, and DC is an IA5String.
    relatives = [x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.DOMAIN_COMPONENT, "V2G"), attributes[0]])]
    relatives += [x509.RelativeDistinguishedName([attribute]) for attribute in attributes]
    file = tmp_path / "root.crt"
    file.write_bytes(pem(root_certificate(subject=x509.Name(relatives))))
    words = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(file)]
    said = subprocess.run(words, capture_output=True, text=True, timeout=HANG_S, check=True).stdout.strip()

    (certificate,) = contents_of(file.read_bytes()).certificates

    assert certificate.subject.lookup == said


def test_a_token_is_named_and_nothing_is_read() -> None:
    contents = contents_of(b"pkcs11:token=secc;object=leaf\n")

    assert [key.in_hardware for key in contents.keys] == [True]
