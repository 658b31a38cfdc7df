"""Every fault of the bench's PKI before openssl: what it says of the chain, and what it reads back."""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.openssl import certificates, openssl, verify
from v2g_tool.bench.faults import CATALOGUE, PKI
from v2g_tool.bench.pki.defects.table import DEFECTS
from v2g_tool.bench.pki.plan import Plan
from v2g_tool.bench.pki.sound import sound_plan
from v2g_tool.bench.pki.write import write_pki
from v2g_tool.errors import RequestError

CERTS, TRUST = "etc/v2g/certs", "etc/v2g/trust"
CHAIN, SUB_CA, ROOT = f"{CERTS}/secc-chain.pem", f"{CERTS}/cpo-sub-ca-2.pem", f"{TRUST}/v2g/v2g-root.pem"
DEVICE, STATION = f"{CERTS}/sep2-chain.pem", f"{CERTS}/ocpp-chain.pem"
CSMS_ROOT = f"{TRUST}/csms/csms-root.pem"

SEEN = {
    "cert-file-missing": "-",
    "cert-file-not-pem": "-",
    "chain-no-anchor": "-",
    "chain-sub-ca-missing": "20",
    "chain-path-length": "25",
    "chain-expired-root-beside": "10",
    "cert-expired": "10",
    "cert-sub-ca-expired": "10",
    "cert-root-expired": "10",
    "cert-not-yet-valid": "9",
    "cert-explicit-parameters": "94",
    "cert-no-cert-sign": "79 32",
    "cert-basic-constraints-missing": "79",
    "cert-not-a-ca": "79",
    "cert-aki-wrong": "20",
    "cert-unknown-critical": "34",
    "cert-root-unknown-critical": "34",
    "crl-absent": "3",
    "crl-stale": "12",
    "crl-wrong-issuer": "3",
    "crl-wrong-signature": "8",
    "crl-leaf-revoked": "23",
    "crl-sub-ca-revoked": "23",
    "crl-future": "11",
    "crl-no-crl-sign": "35",
}
"""What openssl sees with the revocation lists; of any other fault it sees nothing."""
SEEN_STRICTLY = {
    "cert-basic-constraints-not-critical": "89",
    "cert-ski-missing": "86",
    "cert-aki-missing": "85",
    "cert-root-version-1": "79",
    "cert-sha1": "68",
    "cert-rsa-1024": "66",
}
"""What openssl sees with -x509_strict and -auth_level 2, of what it does not see else."""

POLICY = r"Policy: 1\.3\.6\.1\.4\.1\."
NO, AND = r"(?s)\A(?!.*{}).", r"(?s){}.*{}"
READ_BACK: dict[str, list[tuple[str, str]]] = {
    "cert-curve": [(CHAIN, "secp384r1")],
    "cert-sha1": [(CHAIN, "ecdsa-with-SHA1$")],
    "cert-rsa-1024": [(STATION, r"Public-Key: \(1024 bit\)")],
    "cert-explicit-parameters": [(CHAIN, "Field Type: prime-field")],
    "cert-key-usage-missing": [(CHAIN, NO.format("Digital Signature"))],
    "cert-key-usage-not-critical": [(CHAIN, r"Key Usage: ?\n +Digital Signature")],
    "cert-key-usage-wrong": [(CHAIN, "Key Encipherment$")],
    "cert-no-cert-sign": [(SUB_CA, NO.format("Certificate Sign"))],
    "cert-basic-constraints-missing": [(SUB_CA, NO.format("Basic Constraints"))],
    "cert-basic-constraints-not-critical": [(SUB_CA, r"Basic Constraints: ?\n +CA:TRUE, pathlen:0")],
    "cert-not-a-ca": [(SUB_CA, r"Basic Constraints: critical\n +CA:FALSE")],
    "cert-leaf-is-ca": [(CHAIN, NO.format("CA:FALSE"))],
    "cert-ski-missing": [(SUB_CA, NO.format("Subject Key Identifier"))],
    "cert-aki-missing": [(CHAIN, r"Subject Key Identifier: ?\n.*\n +X509v3 CRL Distribution Points")],
    "cert-aki-wrong": [(CHAIN, "01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14")],
    "cert-unknown-critical": [(CHAIN, r"1\.3\.6\.1\.4\.1\.55555\.9\.9: critical")],
    "cert-root-unknown-critical": [(ROOT, r"1\.3\.6\.1\.4\.1\.55555\.9\.9: critical")],
    "cert-no-server-auth": [(CHAIN, r"Extended Key Usage: ?\n +TLS Web Client Authentication$")],
    "cert-version-1": [(STATION, r"Version: 1 \(0x0\)")],
    "cert-root-version-1": [(CSMS_ROOT, r"Version: 1 \(0x0\)")],
    "cert-no-domain-component": [(CHAIN, r"Subject: C=DE, O=CPO Bench, CN=DEABCS")],
    "cert-domain-component-wrong": [(CHAIN, r"Subject: DC=V2G, C=DE, O=CPO Bench")],
    "cert-no-seccid": [(CHAIN, r"Subject: .*CN=SECCCert$")],
    "cert-sep2-no-policies": [(DEVICE, NO.format("Policy: 1.3.6.1.4.1.40732.1.1\n(?! +Policy)"))],
    "cert-sep2-policies-not-critical": [(DEVICE, rf"Certificate Policies: ?\n +{POLICY}40732\.1\.1")],
    "cert-sep2-no-device-type": [(DEVICE, rf"Policies: critical\n +{POLICY}55555\.2\.1")],
    "cert-sep2-test": [(DEVICE, rf"{POLICY}40732\.2\.1")],
    "chain-path-length": [(CHAIN, AND.format("pathlen:0", "pathlen:0"))],
    "chain-duplicate-serial": [(CHAIN, AND.format(*[r"12345 \(0x3039\)"] * 2)), (ROOT, r"12345 \(0x3039\)")],
}
"""What openssl reads in a file with the fault, and not without it."""
LIVES = {
    "cert-expired": (CHAIN, -61, -1),
    "cert-sub-ca-expired": (SUB_CA, -731, -1),
    "cert-root-expired": (ROOT, -14611, -1),
    "cert-not-yet-valid": (CHAIN, 1, 61),
    "cert-expires-soon": (CHAIN, -45, 15),
    "cert-expires-now": (CHAIN, -57, 3),
    "cert-outlives-issuer": (SUB_CA, -690, 40),
    "cert-lives-long": (CHAIN, -10, 355),
}
"""Begin and end of the first certificate of a file, in days from now."""


@pytest.fixture
def plant(tmp_path: Path) -> Callable[..., Path]:
    def planted(*faults: str) -> Path:
        write_pki(tmp_path / "-".join(faults), faults)
        return tmp_path / "-".join(faults)

    return planted


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound")
    write_pki(root)
    return root


def test_every_fault_is_in_the_catalogue_with_its_line() -> None:
    listed = {name: kind for name, kind in CATALOGUE.items() if kind.group == "pki"}

    assert list(listed) == list(DEFECTS)
    assert all(kind.targets == PKI and len(kind.line) <= 80 for kind in listed.values())
    assert set(SEEN) | set(SEEN_STRICTLY) | set(READ_BACK) | set(LIVES) <= set(DEFECTS)


@pytest.mark.parametrize("fault", DEFECTS)
def test_openssl_sees_of_each_fault_what_it_can_see(fault: str, plant: Callable[..., Path]) -> None:
    assert verify(plant(fault)) == SEEN.get(fault, "OK")


OF_THE_STATION = ("cert-rsa-1024", "cert-root-version-1")


@pytest.mark.parametrize("fault", SEEN_STRICTLY)
def test_openssl_sees_more_when_it_is_strict(fault: str, plant: Callable[..., Path]) -> None:
    where = {"chain": "ocpp-chain.pem", "anchor": "csms/csms-root.pem"} if fault in OF_THE_STATION else {}

    assert SEEN_STRICTLY[fault] in verify(plant(fault), "-x509_strict", "-auth_level", "2", **where).split()


@pytest.mark.parametrize("fault", READ_BACK)
def test_a_certificate_differs_in_what_its_fault_says(fault: str, plant: Callable[..., Path], sound: Path) -> None:
    root = plant(fault)

    for file, pattern in READ_BACK[fault]:
        assert re.search(pattern, certificates(root / file), re.MULTILINE)
        assert not re.search(pattern, certificates(sound / file), re.MULTILINE)


@pytest.mark.parametrize("fault", LIVES)
def test_a_life_is_the_one_that_the_fault_says(fault: str, plant: Callable[..., Path]) -> None:
    file, *expected = LIVES[fault]
    said = openssl("x509", "-in", plant(fault) / file, "-noout", "-startdate", "-enddate", "-dateopt", "iso_8601")
    now = datetime.datetime.now(datetime.UTC)

    times = [datetime.datetime.fromisoformat(line.partition("=")[2]) for line in said.splitlines()]
    assert [round((time - now) / datetime.timedelta(days=1), 2) for time in times] == expected


def test_the_endless_leaf_ends_in_the_year_9999(plant: Callable[..., Path]) -> None:
    assert "Dec 31 23:59:59 9999" in openssl("x509", "-in", plant("cert-endless") / CHAIN, "-noout", "-enddate")


def test_the_large_leaf_has_more_than_800_bytes(plant: Callable[..., Path], tmp_path: Path) -> None:
    der = tmp_path / "der"
    openssl("x509", "-in", plant("cert-too-large") / CHAIN, "-outform", "DER", "-out", der)

    assert 800 < der.stat().st_size < 1200


def test_faults_leave_nothing_behind_for_the_next_plan() -> None:
    draw = random.Random(1)
    before = {name: planned(name) for name in DEFECTS}

    refused = 0
    for _ in range(2000):
        try:
            planned(*draw.sample(list(DEFECTS), 3))
        except (KeyError, ValueError):
            refused += 1
    assert {name: planned(name) for name in DEFECTS} == before
    assert refused < 200


def planned(*faults: str) -> Plan:
    plan = sound_plan(datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC))
    for fault in faults:
        DEFECTS[fault].alter(plan)
    return plan


def test_several_faults_are_planted_together_or_refused_with_words(tmp_path: Path) -> None:
    draw = random.Random(2)
    refusals = []

    for number in range(60):
        try:
            write_pki(tmp_path / str(number), draw.sample(list(DEFECTS), 3))
        except RequestError as refusal:
            refusals.append(refusal.what)
    assert len(refusals) < 10
    assert all("cannot be planted beside" in what or "another account" in what for what in refusals)


def test_what_is_no_fault_of_a_pki_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="'busy'"):
        write_pki(tmp_path, ["busy"])
