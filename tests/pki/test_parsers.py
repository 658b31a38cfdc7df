"""Our parser reads what `cryptography` reads, in every certificate and revocation list that it takes at all."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from asn1crypto import pem
from cryptography import x509

from tests.pki import grown, parsers
from tests.pki.looks import written
from v2g_tool.bench.pki.defects.table import DEFECTS
from v2g_tool.hal.x509.certificate import certificate_of
from v2g_tool.hal.x509.crl import revocation_list_of

EXPLICIT = "cert-explicit-parameters"
"""cryptography gives such a key the name of its curve; that it has none is what we have to say."""
PEM = re.compile(b"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", re.DOTALL)


def loaded(root: Path) -> Iterator[tuple[bytes, x509.Certificate]]:
    """Give each certificate of the files below a folder that `cryptography` takes."""
    blocks = {block for path in root.rglob("*") if path.is_file() for block in PEM.findall(path.read_bytes())}
    for block in sorted(blocks):
        try:
            der = pem.unarmor(block)[2]
            yield der, x509.load_der_x509_certificate(der)
        except ValueError:
            continue


def differences(ours: parsers.Told, theirs: parsers.Told) -> dict[str, tuple[object, object]]:
    assert ours.keys() == theirs.keys()
    return {name: (ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]}


def unlike(root: Path) -> Iterator[dict[str, tuple[object, object]]]:
    """Give in what the parsers differ, of each certificate and each list below a folder."""
    for der, theirs in loaded(root):
        yield differences(parsers.told_of_certificate(certificate_of(der)), parsers.told_by_cryptography(theirs))
    for path in sorted(root.rglob("*.crl")):
        der = path.read_bytes()
        told = parsers.list_told_by_cryptography(x509.load_der_x509_crl(der))
        yield differences(parsers.told_of_list(revocation_list_of(der)), told)


@pytest.mark.parametrize("defect", ["", *(name for name in DEFECTS if name not in {EXPLICIT, "key-owner"})])
def test_both_parsers_read_the_same_at_a_site(defect: str, tmp_path: Path) -> None:
    written(tmp_path, *filter(None, [defect]))

    found = [*unlike(tmp_path)]

    assert len(found) > 10
    assert [each for each in found if each] == []


def test_a_curve_that_is_spelt_out_is_told_from_a_named_one(tmp_path: Path) -> None:
    written(tmp_path, EXPLICIT)

    assert [each for each in unlike(tmp_path) if each] == [{"key": (("EC", "", 256), ("EC", "secp256r1", 256))}]


@pytest.mark.parametrize("fault", grown.FAULTS)
def test_both_parsers_read_the_same_in_a_chain_grown_at_random(fault: str, tmp_path: Path) -> None:
    grown.written(tmp_path, grown.grown(random.Random(fault), fault))

    assert [each for each in unlike(tmp_path) if each] == []


def test_a_key_has_one_digest_however_it_is_spelt_and_no_other_key_has_it(tmp_path: Path) -> None:
    for defect in ("second-leaf", "second-leaf-ed448", "cert-rsa-1024", EXPLICIT, "chain-cross-signed", "key-reused"):
        written(tmp_path / defect, defect)

    pairs = {(certificate_of(der).key.sha256, parsers.key_bytes(theirs)) for der, theirs in loaded(tmp_path)}

    assert len(pairs) > 60
    assert len({ours for ours, _ in pairs}) == len({theirs for _, theirs in pairs}) == len(pairs)
