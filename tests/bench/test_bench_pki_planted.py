"""Faults of the bench's PKI that lie in files, keys, links, revocation lists and trust stores, read back."""

from __future__ import annotations

import base64
import datetime
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench.openssl import certificates, crl, openssl, subject_hash, subjects, verify
from v2g_tool.bench.pki.site import Pki
from v2g_tool.bench.pki.write import write_pki
from v2g_tool.errors import RequestError

CERTS, V2G, CRLS = "etc/v2g/certs", "etc/v2g/trust/v2g", "etc/v2g/crl"
SOURCES, STORE = "usr/local/share/ca-certificates", "etc/ssl/certs"

Plant = Callable[..., tuple[Path, Pki]]


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return lambda *faults: (tmp_path, write_pki(tmp_path, faults))


def chain(root: Path) -> bytes:
    return (root / CERTS / "secc-chain.pem").read_bytes()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(path: Path) -> list[str]:
    return [subject.rpartition("CN=")[2] for subject in subjects(path)]


def public_of(root: Path, name: str) -> str:
    return openssl("x509", "-in", root / CERTS / name, "-noout", "-pubkey")


def test_files_are_missing_foreign_cut_or_dressed_up_as_said(tmp_path: Path) -> None:
    kinds = ("missing", "not-pem", "cut", "trailing", "bom", "crlf", "der", "several")
    roots = {name: tmp_path / name for name in kinds}
    for name, root in roots.items():
        write_pki(root, [f"cert-file-{name}"])

    assert not (roots["missing"] / CERTS / "secc-chain.pem").exists()
    assert b"-----" not in chain(roots["not-pem"])
    assert names(roots["cut"] / CERTS / "secc-chain.pem") == ["CPOSubCA2", "CPOSubCA1"]
    assert chain(roots["cut"]).count(b"BEGIN CERTIFICATE") == 3
    assert chain(roots["trailing"]).endswith(b"-----END CERTIFICATE-----\nexported by hand\n")
    assert chain(roots["bom"]).startswith(b"\xef\xbb\xbf-----BEGIN")
    assert chain(roots["crlf"]).count(b"\r\n") == chain(roots["crlf"]).count(b"\n") > 30
    der = roots["der"] / "etc/v2g/trust/mo/mo-root.pem"
    assert der.read_bytes()[0] == 0x30
    assert "CN = MORootCA" in openssl("x509", "-inform", "DER", "-in", der, "-noout", "-subject")
    assert names(roots["several"] / "etc/v2g/trust/mo/mo-root.pem") == ["MORootCA", "MORootCA2"]


def test_the_foreign_key_does_not_open_the_leaf_and_the_missing_one_is_gone(plant: Plant, tmp_path: Path) -> None:
    root, _ = plant("key-foreign")
    write_pki(tmp_path / "missing", ["key-missing"])

    assert openssl("pkey", "-in", root / CERTS / "private.key", "-pubout") != public_of(root, "secc-chain.pem")
    assert not (tmp_path / "missing" / CERTS / "private.key").exists()


def test_the_key_is_readable_itself_or_behind_a_link(tmp_path: Path) -> None:
    write_pki(tmp_path / "a", ["key-readable"])
    write_pki(tmp_path / "b", ["key-link-readable"])
    key, link = (tmp_path / name / CERTS / "private.key" for name in ("a", "b"))

    assert (mode(key), key.is_symlink()) == (0o644, False)
    assert (mode(link), link.is_symlink()) == (0o644, True)
    assert openssl("pkey", "-in", link, "-pubout") == public_of(tmp_path / "b", "secc-chain.pem")


def test_the_key_belongs_to_nobody_or_the_bench_says_that_it_must_be_root(tmp_path: Path) -> None:
    if os.geteuid():
        with pytest.raises(RequestError, match="another account"):
            write_pki(tmp_path, ["key-owner"])
    else:
        write_pki(tmp_path, ["key-owner"])
        assert (tmp_path / CERTS / "private.key").stat().st_uid == 65534


def test_a_key_of_a_tpm_has_the_point_of_the_leaf_and_nothing_secret(plant: Plant) -> None:
    root, pki = plant("key-tpm")
    key = root / CERTS / "private.key"

    lines = key.read_text().splitlines()
    assert (lines[0], lines[-1]) == ("-----BEGIN TSS2 PRIVATE KEY-----", "-----END TSS2 PRIVATE KEY-----")
    der = base64.b64decode("".join(lines[1:-1]))
    point = base64.b64decode("".join(public_of(root, "secc-chain.pem").splitlines()[1:-1]))[-64:]
    assert point[:32] in der
    assert point[32:] in der
    assert pki.secrets["secc"] not in der
    said = openssl("asn1parse", "-in", key)
    assert re.search(r"OBJECT +:2\.23\.133\.10\.1\.3", said)
    assert re.search(r"INTEGER +:40000001", said)


@pytest.mark.parametrize(
    ("fault", "heads"),
    [
        ("key-encrypted", ["-----BEGIN ENCRYPTED PRIVATE KEY-----"]),
        ("key-locked", ["-----BEGIN EC PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED"]),
    ],
)
def test_a_locked_key_opens_with_its_passphrase_only(fault: str, heads: list[str], plant: Plant) -> None:
    root, pki = plant(fault)
    key = root / CERTS / "private.key"

    assert key.read_text().splitlines()[: len(heads)] == heads
    opened = openssl("pkey", "-in", key, "-passin", f"pass:{pki.passphrase}", "-pubout")
    assert opened == public_of(root, "secc-chain.pem")
    assert "PUBLIC KEY" not in openssl("pkey", "-in", key, "-passin", "pass:another", "-pubout")


def test_the_passphrase_lies_readable_beside_its_key(plant: Plant) -> None:
    root, pki = plant("key-passphrase-readable")
    file = root / CERTS / "seccLeafPassword.txt"

    assert (file.read_text(), mode(file)) == (f"{pki.passphrase}\n", 0o644)
    assert "ENCRYPTED" in (root / CERTS / "private.key").read_text()


def test_one_key_serves_two_credentials_in_an_open_folder(plant: Plant) -> None:
    root, _ = plant("key-reused", "key-folder-open")

    assert public_of(root, "ocpp-chain.pem") == public_of(root, "secc-chain.pem")
    assert openssl("pkey", "-in", root / CERTS / "ocpp.key", "-pubout") == public_of(root, "ocpp-chain.pem")
    assert mode(root / CERTS) == 0o755


def test_the_link_to_the_issuer_is_missing_dangling_or_leads_elsewhere(tmp_path: Path) -> None:
    links = {}
    for name in ("missing", "dangling", "other"):
        write_pki(tmp_path / name, [f"chain-link-{name}"])
        links[name] = tmp_path / name / V2G / "v2g-inter-ca.pem"

    assert not links["missing"].is_symlink()
    assert links["dangling"].is_symlink()
    assert not links["dangling"].exists()
    assert names(links["other"]) == ["CPOSubCA1"]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("chain-sub-ca-missing", ["SECC", "CPOSubCA2"]),
        ("chain-order", ["SECC", "CPOSubCA1", "CPOSubCA2"]),
        ("chain-with-root", ["SECC", "CPOSubCA2", "CPOSubCA1", "V2GRootCA"]),
        ("chain-too-deep", ["SECC", "CPOSubCA2", "CPOSubCA1", "CPOSubCA0"]),
        ("chain-cross-signed", ["SECC", "CPOSubCA2", "CPOSubCA1", "CPOSubCA1"]),
        ("chain-expired-root-beside", ["SECC", "CPOSubCA2", "CPOSubCA1", "CPOSubCA1"]),
    ],
)
def test_the_chain_file_holds_what_the_fault_says(fault: str, expected: list[str], plant: Plant) -> None:
    found = names(plant(fault)[0] / CERTS / "secc-chain.pem")

    assert ["SECC" if name.startswith("DEABCS") else name for name in found] == expected


def test_four_certificates_stand_below_the_root_and_openssl_walks_all(plant: Plant) -> None:
    assert verify(plant("chain-too-deep")[0], "-x509_strict", "-verify_depth", "3") == "OK"


def test_the_renewed_authority_has_the_same_name_and_another_key(plant: Plant) -> None:
    root, _ = plant("chain-renewed")
    old, new = root / V2G / "v2g-inter-ca.pem", root / CERTS / "cpo-sub-ca-2-renewed.pem"

    assert subjects(old) == subjects(new)
    assert openssl("x509", "-in", old, "-noout", "-pubkey") != openssl("x509", "-in", new, "-noout", "-pubkey")


def test_the_cross_signed_authority_has_the_same_key_and_leads_to_either_root(plant: Plant) -> None:
    root, _ = plant("chain-cross-signed")
    said = certificates(root / CERTS / "secc-chain.pem")

    assert re.findall("Issuer: .*CN=(.*)", said)[2:] == ["V2GRootCA", "V2GRootCA2"]
    keys = re.findall(r"pub:\n((?: +[0-9a-f:]+\n)+)", said)
    assert keys[2] == keys[3]
    assert verify(root) == "OK"
    assert verify(root, chain=cross_first(root), anchor="v2g/v2g-root-2.pem") == "OK"


def cross_first(root: Path) -> str:
    """Write the chain with the cross-signed authority first: openssl tries no second one of that name."""
    blocks = re.findall(b"-----BEGIN.*?-----END CERTIFICATE-----\n", chain(root), re.DOTALL)
    (root / CERTS / "cross-first.pem").write_bytes(b"".join(blocks[number] for number in (0, 1, 3, 2)))
    return "cross-first.pem"


def test_beside_the_expired_root_the_one_that_cross_signed_still_serves(plant: Plant) -> None:
    root, _ = plant("chain-expired-root-beside")

    assert verify(root) == "10"
    assert verify(root, chain=cross_first(root), anchor="v2g/v2g-root-2.pem") == "OK"


def test_authorities_that_are_no_roots_lie_among_the_roots(tmp_path: Path) -> None:
    write_pki(tmp_path / "a", ["chain-sub-ca-in-store"])
    write_pki(tmp_path / "b", ["chain-sub-ca-in-bundle"])

    assert names(tmp_path / "a" / V2G / "cpo-sub-ca-1.pem") == ["CPOSubCA1"]
    assert names(tmp_path / "b" / V2G / "v2g-root.pem") == ["V2GRootCA", "CPOSubCA1"]


def test_a_root_is_not_pinned_or_a_stranger_lies_beside_it(tmp_path: Path) -> None:
    bare = write_pki(tmp_path / "a", ["store-anchor-not-pinned"])
    more = write_pki(tmp_path / "b", ["store-extra-anchor"])

    assert bare.fingerprints["v2g-root"] not in bare.pins
    assert names(tmp_path / "b" / V2G / "stranger-root.pem") == ["V2GRootCA"]
    assert more.fingerprints["stranger-root"] not in more.pins
    assert verify(tmp_path / "b", anchor="v2g/stranger-root.pem") == "20"


def test_the_device_is_registered_under_other_numbers(tmp_path: Path) -> None:
    sound = write_pki(tmp_path / "a").credentials["sep2"]
    other = write_pki(tmp_path / "b", ["cert-lfdi-wrong"])
    mixed = write_pki(tmp_path / "c", ["cert-sfdi-wrong"])

    assert sound.sfdi[:-1] == str(int(sound.lfdi[:9], 16))
    assert other.credentials["sep2"].lfdi.lower() != other.fingerprints["sep2"][:40]
    assert mixed.credentials["sep2"].lfdi.lower() == mixed.fingerprints["sep2"][:40]
    assert mixed.credentials["sep2"].sfdi == "167261211391"


def test_revocation_lists_differ_in_what_their_fault_says(tmp_path: Path) -> None:
    said = {}
    for name in (
        "leaf-revoked",
        "sub-ca-revoked",
        "remove-from-crl",
        "delta",
        "no-number",
        "rollback",
        "no-next-update",
    ):
        pki = write_pki(tmp_path / name, [f"crl-{name}"])
        issuer = "cpo-sub-ca-1" if name == "sub-ca-revoked" else "cpo-sub-ca-2"
        said[name] = crl(tmp_path / name / CRLS / f"{issuer}.crl"), pki

    for name, label, reason in (
        ("leaf-revoked", "secc", "Key Compromise"),
        ("sub-ca-revoked", "cpo-sub-ca-2", "CA Compromise"),
        ("remove-from-crl", "secc", "Remove From CRL"),
    ):
        text, pki = said[name]
        assert int(re.findall("Serial Number: ([0-9A-F]+)", text)[0], 16) == pki.serials[label]
        assert reason in text
    assert re.search(r"Delta CRL Indicator: critical\n +41", said["delta"][0])
    assert "CRL Number" not in said["no-number"][0]
    assert re.search(r"CRL Number: ?\n +40$", said["rollback"][0], re.MULTILINE)
    assert "Next Update: NONE" in said["no-next-update"][0]


@pytest.mark.parametrize(("fault", "begin", "end"), [("stale", -31, -1), ("nearly-stale", -25, 5), ("future", 1, 31)])
def test_revocation_lists_have_the_age_that_the_fault_says(fault: str, begin: int, end: int, plant: Plant) -> None:
    file = plant(f"crl-{fault}")[0] / CRLS / "cpo-sub-ca-2.crl"
    said = openssl("crl", "-inform", "DER", "-in", file, "-noout", "-lastupdate", "-nextupdate", "-dateopt", "iso_8601")
    now = datetime.datetime.now(datetime.UTC)

    times = [datetime.datetime.fromisoformat(line.partition("=")[2]) for line in said.splitlines()]
    assert [round((time - now) / datetime.timedelta(days=1), 2) for time in times] == [begin, end]


def test_a_revocation_list_is_absent_of_another_or_signed_by_a_stranger(tmp_path: Path) -> None:
    for name in ("absent", "wrong-issuer", "wrong-signature"):
        write_pki(tmp_path / name, [f"crl-{name}"])
    lists = {root.name: root / CRLS / "cpo-sub-ca-2.crl" for root in tmp_path.iterdir()}
    check = ("crl", "-inform", "DER", "-noout", "-issuer", "-in")

    assert not lists["absent"].exists()
    assert "CN = CSMS Sub-CA" in openssl(*check, lists["wrong-issuer"])
    assert "CN = CPOSubCA2" in openssl(*check, lists["wrong-signature"])
    issuer = tmp_path / "wrong-signature" / CERTS / "cpo-sub-ca-2.pem"
    assert "verify failure" in openssl(*check, lists["wrong-signature"], "-CAfile", issuer, "-verify")


def test_an_older_list_with_a_greater_number_still_knows_that_the_leaf_is_revoked(plant: Plant) -> None:
    root, pki = plant("crl-revocation-hidden")
    newer, older = (crl(root / CRLS / f"cpo-sub-ca-2{part}.crl") for part in ("", "-before"))

    assert f"{pki.serials['secc']:X}" in older
    assert "No Revoked Certificates" in newer
    assert [re.findall(r"CRL Number: ?\n +(\d+)", text) for text in (newer, older)] == [["41"], ["42"]]


def store(root: Path) -> tuple[set[str], bytes]:
    """Give the names in the system's store, and its bundle."""
    return {path.name for path in (root / STORE).iterdir()}, (root / STORE / "ca-certificates.crt").read_bytes()


def test_the_store_was_not_rebuilt_for_the_root_of_the_utility(tmp_path: Path) -> None:
    write_pki(tmp_path / "a", ["store-not-rebuilt"])
    written = write_pki(tmp_path / "b", ["store-pem-suffix"])

    for root, name in ((tmp_path / "a", "utility-root.crt"), (tmp_path / "b", "utility-root.pem")):
        source = root / SOURCES / name
        links, bundle = store(root)
        assert source.read_bytes() not in bundle
        assert "utility-root.pem" not in links
        assert f"{subject_hash(source)}.0" not in links
    assert not (tmp_path / "b" / SOURCES / "utility-root.crt").exists()
    assert written.utility_root == f"/{SOURCES}/utility-root.pem"


def test_the_source_is_newer_than_the_store_only_where_the_fault_says_so(plant: Plant) -> None:
    root, _ = plant("store-source-newer")

    source = root / SOURCES / "utility-root.crt"
    assert source.stat().st_mtime > (root / STORE / "ca-certificates.crt").stat().st_mtime
    assert source.read_bytes() in store(root)[1]


def test_links_of_the_store_are_dangling_or_missing(tmp_path: Path) -> None:
    write_pki(tmp_path / "a", ["store-dangling-link"])
    write_pki(tmp_path / "b", ["store-hash-link-missing"])

    target = (tmp_path / "a" / STORE / "utility-root-old.pem").readlink()
    assert not (tmp_path / "a" / str(target).lstrip("/")).exists()
    assert store(tmp_path / "b")[0] == {"ca-certificates.crt", "utility-root.pem"}


def test_two_roots_in_one_file_are_both_in_the_bundle_and_have_no_hash(plant: Plant) -> None:
    root, _ = plant("store-several")

    links, bundle = store(root)
    assert names(root / SOURCES / "utility-root.crt") == ["Utility Root CA", "Utility Root CA 2"]
    assert (root / SOURCES / "utility-root.crt").read_bytes() in bundle
    assert links == {"ca-certificates.crt", "utility-root.pem"}


@pytest.mark.parametrize(
    ("fault", "label", "name"),
    [
        ("store-not-a-ca", "utility-server", "server.utility.example"),
        ("store-intermediate", "cpo-sub-ca-2", "CPOSubCA2"),
        ("store-v2g-root", "v2g-root", "V2GRootCA"),
    ],
)
def test_what_is_no_root_of_the_system_is_in_its_store(fault: str, label: str, name: str, plant: Plant) -> None:
    root, _ = plant(fault)
    source = root / SOURCES / f"{label}.crt"

    links, bundle = store(root)
    assert names(source) == [name]
    assert source.read_bytes() in bundle
    assert {f"{label}.pem", f"{subject_hash(source)}.0"} <= links
