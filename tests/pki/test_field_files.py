"""Files as they are met in the field: what other programs, CAs and people make of certificates, keys and lists."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
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
from tests.pki.looks import PROFILES, facts_of, ids, written
from v2g_tool.bench.pki.der import elements, tlv
from v2g_tool.hal.linux.pki_files import PkiReader
from v2g_tool.hal.x509.certificate import Malformed, certificate_of
from v2g_tool.hal.x509.contents import contents_of
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.site.pki import PkiSite
from v2g_tool.pki.rules.facts import ClockFacts
from v2g_tool.pki.rules.revocation import newest
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


def both(first: dict[str, str], second: dict[str, str]) -> dict[str, object]:
    return {"credentials": {"first": first, "second": second}}


def test_what_breaks_one_path_is_told_beside_what_fails_another(tmp_path: Path) -> None:
    limits = x509.NameConstraints([x509.DNSName("example.org")], None)
    names = x509.SubjectAlternativeName([x509.DNSName("example.net")])
    sub = field.made(field.name("Sub"), field.SUB_KEY, field.name("Root"), field.ROOT_KEY, [(limits, True)])
    leaf = field.made(field.name("leaf"), field.LEAF_KEY, field.name("Sub"), field.SUB_KEY, [(names, False)])
    files = {field.CHAIN: field.pem(leaf, sub), "/etc/pki/other.pem": b"nothing"}
    other = {**field.CREDENTIAL, "certificate": "/etc/pki/other.pem"}

    found = examined(tmp_path, files, **both(field.CREDENTIAL, other))

    assert ids(found, FAIL) == ["CERT-FILE-001", "CERT-PATH-001"]


@pytest.mark.parametrize("turned", [False, True])
def test_a_certificate_that_two_credentials_share_is_judged_by_the_profile_of_each(
    turned: bool, tmp_path: Path
) -> None:
    other = {**field.CREDENTIAL, "role": "secc", "profile": "iso15118-2"}
    pair = (other, field.CREDENTIAL) if turned else (field.CREDENTIAL, other)

    found = examined(tmp_path, {}, **both(*pair))

    named = [each.statement.partition(" ")[0] for each in found if each.check == "CERT-SUBJ-001"]
    assert named == ["leaf", "Sub", "Root"]


def point(address: str) -> x509.IssuingDistributionPoint:
    names = [x509.UniformResourceIdentifier(address)]
    return x509.IssuingDistributionPoint(names, None, False, False, None, False, False)


def parts_of_a_list(root: Path) -> PkiSite:
    address = "http://ca.example/1.crl"
    names = [x509.DistributionPoint([x509.UniformResourceIdentifier(address)], None, None, None)]
    more = [(x509.CRLDistributionPoints(names), False)]
    leaf = field.made(field.name("leaf"), field.LEAF_KEY, field.name("Sub"), field.SUB_KEY, more)
    first = field.listed(field.name("Sub"), field.SUB_KEY, 3, [(point(address), True)])
    second = field.listed(field.name("Sub"), field.SUB_KEY, 9, [(point("http://ca.example/2.crl"), True)])
    lists = {f"{field.CRLS}/sub.crl": field.pem(first), f"{field.CRLS}/sub-2.crl": field.pem(second)}
    return field.site(root, {field.CHAIN: field.pem(leaf, field.SUB), **lists})


def renewed(root: Path) -> PkiSite:
    key = ec.generate_private_key(ec.SECP256R1())
    sub = field.made(field.name("Sub"), key, field.name("Root"), field.ROOT_KEY)
    leaf = field.made(field.name("leaf"), field.LEAF_KEY, field.name("Sub"), key)
    first = field.listed(field.name("Sub"), key, 1)
    return field.site(root, {field.CHAIN: field.pem(leaf, sub), f"{field.CRLS}/sub.crl": field.pem(first)})


@pytest.mark.parametrize("lists", [parts_of_a_list, renewed])
def test_lists_that_count_by_themselves_are_no_older_lists(lists: Callable[[Path], PkiSite], tmp_path: Path) -> None:
    before, now = tmp_path / "before", tmp_path / "now"
    used = field.listed(field.name("Sub"), field.SUB_KEY, 90)
    seen = newest(facts_of(before, field.site(before, {f"{field.CRLS}/sub.crl": field.pem(used)})))
    facts = facts_of(now, lists(now))

    found = judge(replace(facts, last_numbers={**seen, **newest(facts)}))

    assert {each.verdict for each in found} == {Verdict.PASS}


@pytest.mark.parametrize(("age", "verdict"), [(40, INFO), (20, Verdict.PASS)])
def test_a_list_beside_the_one_that_replaced_it_fails_nothing(age: int, verdict: Verdict, tmp_path: Path) -> None:
    files = {
        f"{field.CRLS}/old.crl": field.pem(field.listed(field.name("Sub"), field.SUB_KEY, 1, age=age)),
        f"{field.CRLS}/sub.crl": field.pem(field.listed(field.name("Sub"), field.SUB_KEY, 2)),
    }
    facts = facts_of(tmp_path, field.site(tmp_path, files))

    found = judge(replace(facts, last_numbers=newest(facts)))

    assert [each.verdict for each in found if f"{field.CRLS}/old.crl" == each.subject] == [verdict]
    assert ids(found, FAIL) == []


def test_nobody_blames_the_clock_for_a_moment_that_was_asked_for(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, field.site(tmp_path, {}), field.NOW - timedelta(days=365))

    found = judge(replace(facts, clock=ClockFacts(asked=True)))

    assert "CERT-CLOCK-010" not in ids(found, FAIL)
    assert "CERT-TIME-002" in ids(found, FAIL)


def test_a_sub_ca_among_the_roots_fails_where_their_folder_is_a_link_too(tmp_path: Path) -> None:
    site = field.site(tmp_path, {f"{field.ROOTS}/sub.pem": field.pem(field.SUB)})
    (tmp_path / "etc/pki").rename(tmp_path / "data")
    (tmp_path / "etc/pki").symlink_to("/data")

    assert ids(judge(facts_of(tmp_path, site)), FAIL) == ["CERT-CHAIN-008"]


SOURCES, BUNDLE = "/usr/local/share/ca-certificates", "/etc/ssl/certs/ca-certificates.crt"
ELSEWHERE = [f"{SOURCES}/utility/root.crt", f"{SOURCES}/./root.crt", "/usr/share/ca-certificates/mozilla/root.crt"]


@pytest.mark.parametrize("path", ELSEWHERE)
@pytest.mark.parametrize("built", [True, False])
def test_the_utilitys_root_is_looked_for_where_the_site_file_says(built: bool, path: str, tmp_path: Path) -> None:
    files = {path: field.pem(field.ROOT), BUNDLE: field.pem(field.ROOT if built else field.SUB)}

    found = examined(tmp_path, files, utility_root=path)

    assert bool({"CERT-STORE-002", "CERT-STORE-007"} & {*ids(found, FAIL)}) is not built
    assert "not there" not in said_of("CERT-STORE-007", found)


def test_a_note_in_the_systems_folder_of_roots_is_no_root(tmp_path: Path) -> None:
    assert ids(examined(tmp_path, {f"{SOURCES}/README.txt": b"Roots go here.\n"}), FAIL) == []


def test_a_root_in_der_in_the_systems_folder_is_to_be_made_pem(tmp_path: Path) -> None:
    der = field.ROOT.public_bytes(DER)

    found = examined(tmp_path, {f"{SOURCES}/root.crt": der, BUNDLE: field.pem(field.SUB) + der})

    assert ["openssl x509 -inform DER" in each.remedy for each in found if each.check == "CERT-STORE-002"] == [True]


@pytest.mark.parametrize("said", [{"stores": {"roots": "etc/pki"}}, {"crls": [""]}, {"ocsp": ["ocsp"]}])
def test_a_relative_path_in_a_site_file_is_refused(said: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="pattern"):
        field.site(tmp_path, {}, **said)


@contextmanager
def nobody() -> Iterator[None]:
    """Be an account that owns nothing."""
    if os.geteuid():
        pytest.skip("needs root")
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def reachable() -> Iterator[Path]:
    """Give a folder that every account may enter."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def test_an_account_that_may_not_enter_the_folder_of_the_keys_is_told_so(reachable: Path) -> None:
    pki, site = written(reachable)
    assert pki.fingerprints
    (reachable / "etc/ssl/certs/shut.pem").symlink_to("/etc/v2g/certs/secc-chain.pem")
    judge(facts_of(reachable, site))  # what is loaded when it is needed may lie where nobody may look
    (reachable / "etc/v2g/certs").chmod(0o700)
    (reachable / "etc/v2g/trust/mo").chmod(0o700)

    with nobody():
        found = judge(facts_of(reachable, site))

    assert ids(found, FAIL) == []
    assert {*ids(found, OPEN)} == {"CERT-FILE-001", "CERT-PIN-001"}
    assert {*ids(found, INFO)} == {"CERT-AFIR-001"}


def test_each_certificate_of_a_chain_that_leads_nowhere_is_named_by_its_place(tmp_path: Path) -> None:
    stranger = field.made(field.name("other"), field.SUB_KEY, field.name("far"), field.ROOT_KEY)

    found = examined(tmp_path, {field.CHAIN: field.pem(field.LEAF, field.ROOT, field.LEAF, stranger, field.SUB)})

    assert (ids(found, FAIL), ids(found, INFO)) == ([], ["CERT-CHAIN-003", "CERT-CHAIN-002", "CERT-CHAIN-002"])
    assert "certificate 2 of 5 is the root Root" in said_of("CERT-CHAIN-003", found)
    assert "3 of 5: leaf stands there already" in said_of("CERT-CHAIN-002", found)
    assert "4 of 5: other is on no path" in said_of("CERT-CHAIN-002", found)


@pytest.mark.parametrize("begins", [b"\x18\x0f00000101000000Z", b"\x18\x0e20260101000000"])
def test_a_time_that_is_none_makes_no_certificate(begins: bytes) -> None:
    whole = elements(field.LEAF.public_bytes(DER))
    body = elements(whole[0])
    body[4] = tlv(0x30, begins + elements(body[4])[1])

    with pytest.raises(Malformed, match="no point of time"):
        certificate_of(tlv(0x30, tlv(0x30, b"".join(body)) + b"".join(whole[1:])))
