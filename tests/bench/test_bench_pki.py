"""Sound PKIs of the bench before their judge, the openssl program; files, modes and links."""

from __future__ import annotations

import base64
import datetime
import json
import os
import stat
import tomllib
from pathlib import Path

import pytest
from cryptography import x509

from tests.bench.openssl import certificates, crl, openssl, subject_hash, subjects, verify
from v2g_tool.bench.pki.site import Pki, pki_text
from v2g_tool.bench.pki.subject_hash import subject_hash as our_subject_hash
from v2g_tool.bench.pki.write import write_pki
from v2g_tool.bench.run import Bench

STORES = {"v2g": "v2g-root", "sep2": "serca", "csms": "csms-root", "mo": "mo-root", "oem": "oem-root"}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Pki]:
    root = tmp_path_factory.mktemp("ems")
    return root, write_pki(root)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_openssl_accepts_every_chain_with_its_revocation_lists(sound: tuple[Path, Pki]) -> None:
    root, _ = sound

    assert verify(root, "-x509_strict", "-purpose", "sslserver") == "OK"
    assert verify(root, "-x509_strict", chain="sep2-chain.pem", anchor="sep2/serca.pem", crls=False) == "OK"
    ocpp = {"chain": "ocpp-chain.pem", "anchor": "csms/csms-root.pem"}
    assert verify(root, "-x509_strict", "-purpose", "sslclient", **ocpp) == "OK"


def test_a_pki_of_another_time_is_sound_then_and_not_now(tmp_path: Path) -> None:
    then = datetime.datetime(2031, 5, 6, 7, 8, 9, 123456, tzinfo=datetime.UTC)
    write_pki(tmp_path, now=then)

    assert verify(tmp_path, "-attime", int(then.timestamp()) + 1) == "OK"
    assert verify(tmp_path) != "OK"


def test_every_key_opens_its_certificate(sound: tuple[Path, Pki]) -> None:
    certs = sound[0] / "etc/v2g/certs"

    for chain, key in (("secc", "private"), ("sep2", "sep2"), ("ocpp", "ocpp")):
        public = openssl("x509", "-in", certs / f"{chain}-chain.pem", "-noout", "-pubkey")
        assert openssl("pkey", "-in", certs / f"{key}.key", "-pubout") == public
        assert "BEGIN PRIVATE KEY" in (certs / f"{key}.key").read_text()


def test_modes_and_links_are_those_of_the_manual(sound: tuple[Path, Pki]) -> None:
    etc = sound[0] / "etc"

    assert mode(etc / "v2g/certs") == 0o700
    assert [mode(etc / f"v2g/certs/{key}.key") for key in ("private", "sep2", "ocpp")] == [0o600] * 3
    assert mode(etc / "v2g/certs/secc-chain.pem") == 0o644
    assert (etc / "v2g/trust/v2g/v2g-inter-ca.pem").readlink() == Path("../../certs/cpo-sub-ca-2.pem")
    assert (etc / "v2g/trust/v2g/v2g-inter-ca.pem").resolve() == (etc / "v2g/certs/cpo-sub-ca-2.pem").resolve()
    account = next(line for line in (etc / "passwd").read_text().splitlines() if line.startswith("v2g:"))
    assert int(account.split(":")[2]) == os.getuid()


def test_the_chain_file_begins_with_the_leaf_and_ends_below_the_root(sound: tuple[Path, Pki]) -> None:
    found = subjects(sound[0] / "etc/v2g/certs/secc-chain.pem")

    assert [subject.rsplit("CN=")[-1] for subject in found] == [
        "DEABCSBENCH000000000000000000CHARGER017",
        "CPOSubCA2",
        "CPOSubCA1",
    ]
    assert "DC=CPO" in found[0]


def test_the_utility_root_is_found_by_the_hash_that_openssl_computes(sound: tuple[Path, Pki]) -> None:
    store, source = sound[0] / "etc/ssl/certs", sound[0] / "usr/local/share/ca-certificates/utility-root.crt"
    name = subject_hash(source)

    assert (store / f"{name}.0").readlink() == Path("utility-root.pem")
    assert (store / "utility-root.pem").readlink() == Path("/usr/local/share/ca-certificates/utility-root.crt")
    assert source.read_bytes() in (store / "ca-certificates.crt").read_bytes()
    assert source.stat().st_mtime < (store / "ca-certificates.crt").stat().st_mtime


def test_every_revocation_list_has_number_issuer_key_and_thirty_days(sound: tuple[Path, Pki]) -> None:
    lists = sorted((sound[0] / "etc/v2g/crl").iterdir())

    assert [path.stem for path in lists] == ["cpo-sub-ca-1", "cpo-sub-ca-2", "csms-root", "csms-sub-ca", "v2g-root"]
    for path in lists:
        said = crl(path)
        assert "X509v3 CRL Number" in said
        assert "X509v3 Authority Key Identifier" in said
        assert "No Revoked Certificates" in said
        assert "Next Update" in said


def test_a_certificate_says_where_its_revocation_list_is_and_is_small(sound: tuple[Path, Pki]) -> None:
    leaf = sound[0] / "etc/v2g/certs/secc-chain.pem"

    assert "http://crl.cpo.example/cpo-sub-ca-2.crl" in certificates(leaf)
    assert "CRL Distribution" not in certificates(sound[0] / "etc/v2g/trust/v2g/v2g-root.pem")
    assert certificates(leaf).count("ASN1 OID: prime256v1") == 3
    assert all(len(der(certificate)) <= 800 for certificate in leaf.read_text().split("\n-----BEGIN"))


def test_the_site_text_leads_to_files_pins_and_registered_device(sound: tuple[Path, Pki]) -> None:
    root, written = sound
    pki = tomllib.loads(pki_text(written))["pki"]

    anchors = [root / f"etc/v2g/trust/{store}/{anchor}.pem" for store, anchor in STORES.items()]
    assert pki["stores"] == {store: f"/etc/v2g/trust/{store}" for store in STORES}
    assert pki["pins"] == [fingerprint(anchor) for anchor in anchors]
    assert {name: entry["profile"] for name, entry in pki["credentials"].items()} == {
        "secc": "iso15118-2",
        "sep2": "ieee2030-5",
        "ocpp": "ocpp-2-0-1",
    }
    for entry in pki["credentials"].values():
        assert (root / entry["certificate"].lstrip("/")).is_file()
        assert (root / entry["key"].lstrip("/")).is_file()
    device = pki["credentials"]["sep2"]
    assert device["lfdi"].lower() == fingerprint(root / "etc/v2g/certs/sep2-chain.pem")[:40]
    assert sum(map(int, device["sfdi"])) % 10 == 0
    assert device["sfdi"][:-1] == str(int(device["lfdi"][:9], 16))


def der(pem: str) -> bytes:
    return base64.b64decode("".join(line for line in pem.splitlines() if "-----" not in line))


def fingerprint(path: Path) -> str:
    said = openssl("x509", "-in", path, "-noout", "-fingerprint", "-sha256")
    return said.partition("=")[2].strip().replace(":", "").lower()


def test_the_truth_names_serials_subjects_and_secrets(sound: tuple[Path, Pki]) -> None:
    root, pki = sound
    leaf, key = root / "etc/v2g/certs/secc-chain.pem", root / "etc/v2g/certs/private.key"

    assert int(openssl("x509", "-in", leaf, "-noout", "-serial").partition("=")[2], 16) == pki.serials["secc"]
    subject = openssl("x509", "-in", leaf, "-noout", "-subject", "-nameopt", "RFC2253")
    assert pki.names["secc"] == subject.removeprefix("subject=").strip()
    said = openssl("pkey", "-in", key, "-noout", "-text")
    assert pki.secrets["secc"].hex().lstrip("0") in said.replace(":", "").replace(" ", "").replace("\n", "")
    assert len(set(pki.secrets.values())) == len(pki.secrets)


@pytest.mark.parametrize(
    "subject", ["/CN=V2GRootCA", "/DC=v2g/DC=Bench/C=DE/O=Ä  Große  Bench /CN= MiXed CASE", "/O=A.B+CN=several/C=DE"]
)
def test_the_subject_hash_is_that_of_openssl(subject: str, tmp_path: Path) -> None:
    made = tmp_path / "made.pem"
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "key"]
    openssl("req", "-x509", *key, "-utf8", "-multivalue-rdn", "-subj", subject, "-out", made)

    name = x509.load_pem_x509_certificate(made.read_bytes()).subject
    assert our_subject_hash(name) == subject_hash(made)


@pytest.mark.parametrize(
    ("fault", "key", "signature"),
    [
        ("second-leaf", "secp521r1", "ecdsa-with-SHA512"),
        ("second-leaf-ed448", "ED448", "ED448"),
        ("second-leaf-p256", "prime256v1", "ecdsa-with-SHA256"),
    ],
)
def test_a_second_leaf_stands_beside_the_first(fault: str, key: str, signature: str, tmp_path: Path) -> None:
    pki = write_pki(tmp_path, [fault])
    chain = tmp_path / "etc/v2g/certs/secc-20-chain.pem"

    assert verify(tmp_path) == "OK"
    assert verify(tmp_path, "-x509_strict", chain=chain.name, anchor="v2g/v2g-root-20.pem") == "OK"
    assert certificates(chain).count(key) >= 3
    assert certificates(chain).count(f"Signature Algorithm: {signature}") == 6
    assert mode(tmp_path / "etc/v2g/certs/secc-20.key") == 0o600
    entry = tomllib.loads(pki_text(pki))["pki"]["credentials"]["secc-20"]
    assert (entry["role"], entry["profile"], entry["store"]) == ("secc", "iso15118-20", "v2g")
    public = openssl("pkey", "-in", tmp_path / entry["key"].lstrip("/"), "-pubout")
    assert public == openssl("x509", "-in", chain, "-noout", "-pubkey")
    assert fingerprint(tmp_path / "etc/v2g/trust/v2g/v2g-root-20.pem") in pki.pins


def test_a_bench_has_a_pki_in_its_site_file_its_tree_and_its_truth() -> None:
    with Bench(faults=["second-leaf", "cert-expired"]) as bench:
        site = tomllib.loads((bench.directory / "site.toml").read_text())
        truth = json.loads(Path(bench.environment()["V2G_BENCH_PKI"]).read_text())
        root = Path(site["ems"]["root"])

        assert list(site["pki"]["credentials"]) == ["secc", "sep2", "ocpp", "secc-20"]
        assert verify(root) == "10"
        assert fingerprint(root / "etc/v2g/certs/secc-chain.pem") == truth["fingerprints"]["secc"]
        assert len(truth["secrets"]["secc"]) == 64
