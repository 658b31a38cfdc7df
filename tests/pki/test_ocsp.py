"""OCSP responses: read from bytes, linked to their certificates, judged, and counted instead of a list."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.bounds import HANG_S
from tests.pki.looks import facts_of, ids, written
from v2g_tool.bench.pki.defects.table import DEFECTS
from v2g_tool.bench.pki.issue import Made, issue
from v2g_tool.bench.pki.sound import sound_plan
from v2g_tool.hal.x509.certificate import Malformed, certificate_of
from v2g_tool.hal.x509.contents import contents_of
from v2g_tool.hal.x509.ocsp import issuer_of, ocsp_response_of, signer_of
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.pki import OcspResponse
from v2g_tool.model.pki_file import FileFacts
from v2g_tool.model.site.pki import PkiSite
from v2g_tool.pki.rules.verdict import judge
from v2g_tool.pki.work.summary import pki_section

FAIL, INFO, PASS = Verdict.FAIL, Verdict.INFO, Verdict.PASS
NOW = datetime(2030, 1, 1, tzinfo=UTC)
SUB_CA = "cpo-sub-ca-2"


def made(fault: str = "ocsp-stapled", digest: str = "sha1") -> Made:
    """Give the certificates and responses of a plan."""
    plan = sound_plan(NOW)
    DEFECTS[fault].alter(plan)
    plan.ocsp[SUB_CA].digest = digest
    return issue(plan)


def required(site: PkiSite, **more: object) -> PkiSite:
    """Give a site whose certificates must all be known not to be revoked."""
    return site.model_copy(update={"revocation": "required", **more})


def asking(site: PkiSite, name: str, asked: str) -> PkiSite:
    """Give a site of which one credential asks for responses."""
    credential = site.credentials[name].model_copy(update={"ocsp": asked})
    return site.model_copy(update={"credentials": {**site.credentials, name: credential}})


def about(found: Sequence[Finding], check: str) -> list[str]:
    """Give what findings of a check say, and what to do about it, in one line each."""
    return [f"{each.statement} {each.remedy}" for each in found if each.check == check]


def said(found: Sequence[Finding], label: str) -> str:
    """Give what findings say of a response."""
    file = f"/etc/v2g/ocsp/{label}.ocsp"
    return " ".join(f"{each.statement} {each.remedy}" for each in found if each.subject == file)


def test_a_response_says_who_answers_about_which_certificate_and_until_when() -> None:
    pki = made()

    response = ocsp_response_of(pki.ocsp[SUB_CA])

    (entry,) = response.entries
    assert (response.status, response.signature, response.certificates) == ("successful", "sha256_ecdsa", ())
    assert response.responder.startswith("CN=CPOSubCA1,")
    assert (entry.status, entry.serial, entry.digest) == ("good", pki.serials[SUB_CA], "sha1")
    assert (entry.this_update, entry.next_update) == (NOW, NOW + timedelta(days=7))
    assert entry.revoked is None


def test_a_revoked_certificate_has_date_and_reason() -> None:
    (entry,) = ocsp_response_of(made("ocsp-revoked").ocsp[SUB_CA]).entries

    assert (entry.status, entry.revoked and entry.revoked.reason) == ("revoked", "ca_compromise")
    assert entry.revoked is not None
    assert entry.revoked.at == NOW - timedelta(days=1)


def test_a_refusal_has_its_status_alone() -> None:
    der = made("ocsp-try-later").ocsp[SUB_CA]

    assert ocsp_response_of(der) == OcspResponse(der, "try_later")


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", "sha512"])
def test_the_issuer_is_found_by_each_hash(digest: str) -> None:
    pki = made(digest=digest)
    pool = [certificate_of(der) for der in pki.certificates.values()]

    (entry,) = ocsp_response_of(pki.ocsp[SUB_CA]).entries

    assert entry.digest == digest
    assert str(issuer_of(entry, pool)) == "CPOSubCA1"
    assert issuer_of(entry, [each for each in pool if str(each) != "CPOSubCA1"]) is None


def by_key(pki: Made, count: int = 1) -> bytes:
    """Give a response whose responder is named by its key, as often about one certificate."""
    certificate, issuer = (x509.load_der_x509_certificate(pki.certificates[each]) for each in (SUB_CA, "cpo-sub-ca-1"))
    good, key = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPResponderEncoding.HASH
    one = (certificate, issuer, hashes.SHA256(), good, NOW, None, None, None)
    builder = ocsp.OCSPResponseBuilder().add_response(*one).responder_id(key, issuer)
    der = builder.sign(pki.keys["cpo-sub-ca-1"], hashes.SHA256()).public_bytes(Encoding.DER)
    return der if count == 1 else repeated(der, count)


def repeated(der: bytes, count: int) -> bytes:
    """Give a response with its one entry so many times; nobody signs that."""
    from asn1crypto import ocsp as asn1

    whole = asn1.OCSPResponse.load(der)
    data = whole["response_bytes"]["response"].parsed["tbs_response_data"]
    basic = asn1.BasicOCSPResponse(
        {
            "tbs_response_data": {
                "responder_id": data["responder_id"],
                "produced_at": data["produced_at"],
                "responses": [data["responses"][0]] * count,
            },
            "signature_algorithm": {"algorithm": "sha256_ecdsa"},
            "signature": b"none",
        }
    )
    body = {"response_type": "basic_ocsp_response", "response": basic}
    return bytes(asn1.OCSPResponse({"response_status": "successful", "response_bytes": body}).dump())


def test_a_responder_that_is_named_by_its_key_is_found() -> None:
    pki = made()
    issuer = certificate_of(pki.certificates["cpo-sub-ca-1"])

    response = ocsp_response_of(by_key(pki))

    assert (response.responder_name, len(response.responder_key or b"")) == (None, 20)
    assert response.responder.startswith("the key ")
    assert signer_of(response, issuer) == issuer
    assert signer_of(response, certificate_of(pki.certificates["v2g-root"])) is None


@pytest.mark.parametrize("count", [0, 101])
def test_a_response_about_nothing_or_about_too_many_is_refused(count: int) -> None:
    with pytest.raises(Malformed, match=f"about {count} certificates"):
        ocsp_response_of(by_key(made(), count))
    assert len(ocsp_response_of(by_key(made(), 100)).entries) == 100


def test_a_response_that_no_handshake_carries_is_refused() -> None:
    with pytest.raises(Malformed, match="65537 bytes are too many"):
        ocsp_response_of(bytes(65537))


def test_responses_are_found_in_der_and_in_pem() -> None:
    der = made().ocsp[SUB_CA]
    text = b"-----BEGIN OCSP RESPONSE-----\n" + base64.encodebytes(der) + b"-----END OCSP RESPONSE-----\n"

    found = [contents_of(data) for data in (der, text, made("ocsp-try-later").ocsp[SUB_CA])]

    assert [each.encoding for each in found] == ["DER", "PEM", "DER"]
    assert [each.responses[0].status for each in found] == ["successful", "successful", "try_later"]
    assert not any(each.empty or each.remarks or each.damage for each in found)


def test_a_certificate_with_a_valid_response_needs_no_list(tmp_path: Path) -> None:
    site = required(written(tmp_path, "ocsp-delegate")[1])
    for issuer in ("v2g-root", "cpo-sub-ca-1"):
        (tmp_path / f"etc/v2g/crl/{issuer}.crl").unlink()

    facts = facts_of(tmp_path, site)

    assert {str(each.ruling.cause) for each in facts.credentials if each.ruling} == {"it holds"}
    assert ids(judge(facts), FAIL) == []


@pytest.mark.parametrize("fault", ["ocsp-stale", "ocsp-future", "ocsp-no-next-update", "ocsp-unknown", "ocsp-revoked"])
def test_a_certificate_without_a_valid_response_needs_a_list(fault: str, tmp_path: Path) -> None:
    site = required(written(tmp_path, fault)[1])
    (tmp_path / "etc/v2g/crl/cpo-sub-ca-1.crl").unlink()

    facts = facts_of(tmp_path, site)

    assert str(facts.credentials[0].ruling and facts.credentials[0].ruling.cause) == "revocation not known"
    assert about(judge(facts), "CERT-CRL-001")[0].startswith(
        "No revocation list or OCSP response here speaks of CPOSubCA2"
    )


def test_a_response_takes_the_place_of_no_list_in_a_revocation(tmp_path: Path) -> None:
    found = judge(facts_of(tmp_path, written(tmp_path, "ocsp-stapled", "crl-sub-ca-revoked")[1]))

    assert ids(found, FAIL) == ["CERT-CRL-004"]


def test_a_stale_response_comes_with_a_command_that_asks_about_its_certificate(tmp_path: Path) -> None:
    site = written(tmp_path, "ocsp-stapled")[1]
    facts = facts_of(tmp_path, site, datetime.now(UTC) + timedelta(days=8))

    commands = [said(judge(facts), label).partition("Fetch a fresh one: ")[2] for label in ("cpo-sub-ca-1", SUB_CA)]

    assert [("/v2g-root.pem -serial" in line, "/dev/stdin -serial" in line) for line in commands] == [(1, 0), (0, 1)]
    for each, line in zip(facts.responses, commands, strict=True):
        assert each.entry is not None
        assert line.endswith(f"-url http://ocsp.cpo.example -respout {tmp_path}{each.file.path} -noverify")
        dry = line.replace("sudo ", "").partition(" -url")[0] + " -req_text"
        done = subprocess.run(["sh", "-c", dry], capture_output=True, text=True, timeout=HANG_S, check=True)
        assert f"Issuer Key Hash: {each.entry.issuer_key_hash.hex().upper()}" in done.stdout
        assert f"Serial Number: {each.entry.serial:X}" in done.stdout.replace("Number: 0", "Number: ")


def test_an_address_out_of_a_certificate_runs_nothing_in_a_shell(tmp_path: Path) -> None:
    site = written(tmp_path, "ocsp-stapled")[1]
    facts = facts_of(tmp_path, site, datetime.now(UTC) + timedelta(days=8))
    trap = ("http://ocsp.example/$(reboot);x",)
    secc = facts.credentials[0]
    path = [replace(each, ocsp_addresses=trap, distribution_points=trap) for each in secc.path]
    credential = replace(secc, ruling=None, paths=(replace(secc.paths[0], certificates=tuple(path)),))
    responses = [
        replace(each, certificate=path[at], issuer=path[at + 1])
        for each, at in zip(facts.responses, (2, 1), strict=True)
    ]

    found = judge(replace(facts, credentials=(credential,), responses=tuple(responses)))

    commands = [each.remedy for each in found if "$(" in each.remedy]
    assert len(commands) == 2
    assert all("'http://ocsp.example/$(reboot);x'" in command for command in commands)


def test_where_no_certificate_names_a_responder_its_issuer_is_asked(tmp_path: Path) -> None:
    site = asking(written(tmp_path)[1], "secc", "wanted")

    of_2, of_1 = about(judge(facts_of(tmp_path, site)), "CERT-OCSP-001")

    assert ["Ask CPOSubCA1 for" in of_2, "Ask V2GRootCA for" in of_1] == [True, True]


def test_a_site_that_requires_a_response_fails_without_one(tmp_path: Path) -> None:
    site = asking(written(tmp_path, "ocsp-missing")[1], "secc", "required")

    assert ids(judge(facts_of(tmp_path, site)), FAIL) == ["CERT-OCSP-001"]


def test_a_leaf_that_is_no_charger_needs_a_response_too_and_a_site_that_asks_for_none_needs_none(
    tmp_path: Path,
) -> None:
    site = written(tmp_path)[1]

    asked = about(judge(facts_of(tmp_path, asking(site, "ocpp", "required"))), "CERT-OCSP-001")

    assert [text.partition(" (")[0].rpartition(" ")[2] for text in asked] == ["EMS-BENCH-0001", "Sub-CA"]
    assert about(judge(facts_of(tmp_path, site)), "CERT-OCSP-001") == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("ocsp-wrong-signer", "is neither the CPOSubCA1 of this site nor appointed by it"),
        ("ocsp-delegate-foreign", "signed by OCSP Responder, which is neither the CPOSubCA1 of this site nor"),
        ("ocsp-delegate-no-eku", "is not for OCSP (id-kp-OCSPSigning)"),
        ("ocsp-delegate-expired", "whose certificate is valid from"),
        ("ocsp-delegate-revoked", "whose certificate CPOSubCA1 has revoked"),
        ("ocsp-revoked", "about CPOSubCA2: CPOSubCA1 says that it is revoked since"),
        ("ocsp-unknown", "about CPOSubCA2: CPOSubCA1 does not know it"),
        ("ocsp-try-later", "is no answer: the responder said 'try later'"),
        ("ocsp-of-another", "of CPOSubCA1: no certificate that is in use here"),
        ("ocsp-no-next-update", "is 3 days old and names no next update"),
    ],
)
def test_a_response_is_refused_in_words_that_name_its_fault(fault: str, words: str, tmp_path: Path) -> None:
    found = judge(facts_of(tmp_path, written(tmp_path, fault)[1]))

    assert words in said(found, SUB_CA)
    assert "good until" in said(found, "cpo-sub-ca-1")


def test_by_a_wrong_clock_no_response_is_stale_and_a_revoked_certificate_stays_revoked(tmp_path: Path) -> None:
    verdicts = []
    for fault in ("ocsp-stapled", "ocsp-delegate-expired", "ocsp-revoked"):
        (tmp_path / fault).mkdir()
        found = judge(facts_of(tmp_path / fault, written(tmp_path / fault, fault)[1], datetime(1970, 1, 1, tzinfo=UTC)))
        verdicts.append([each.verdict for each in found if each.check == "CERT-OCSP-002"])

    open_ = Verdict.INCONCLUSIVE
    assert verdicts == [[open_, open_], [open_, open_], [FAIL, open_]]


def test_a_response_that_was_altered_is_signed_by_nobody(tmp_path: Path) -> None:
    site = written(tmp_path, "ocsp-stapled")[1]
    file = tmp_path / "etc/v2g/ocsp/cpo-sub-ca-2.ocsp"
    data = file.read_bytes()
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))

    found = judge(facts_of(tmp_path, site))

    assert ids(found, FAIL) == ["CERT-OCSP-002"]
    assert "neither CPOSubCA1 nor a certificate in it signed it" in said(found, SUB_CA)


def test_a_response_of_a_stranger_is_about_no_certificate_here(tmp_path: Path) -> None:
    site = written(tmp_path, "ocsp-stapled")[1]
    (tmp_path / "etc/v2g/ocsp/cpo-sub-ca-2.ocsp").write_bytes(made().ocsp[SUB_CA])

    found = judge(facts_of(tmp_path, site))

    assert "of a CA that is not known here" in said(found, SUB_CA)
    assert ids(found, FAIL) == []


def test_a_file_that_is_no_response_is_named(tmp_path: Path) -> None:
    site = written(tmp_path, "ocsp-stapled")[1]
    (tmp_path / "etc/v2g/ocsp/cpo-sub-ca-2.ocsp").write_text("HTTP/1.1 502 Bad Gateway")

    assert ids(judge(facts_of(tmp_path, site)), FAIL) == ["CERT-FILE-001"]


def test_the_responses_stand_in_a_table_of_the_report(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, written(tmp_path, "ocsp-try-later")[1])

    table = pki_section(facts, judge(facts), "/").tables()[-1]

    until = f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}"
    assert table.title == "OCSP responses"
    assert (table.rows[0][0], *table.rows[0][2:]) == ("ok", "good", until)
    assert table.rows[0][1].startswith("CN=CPOSubCA1,")
    assert table.rows[1] == ("fail", "/etc/v2g/ocsp/cpo-sub-ca-2.ocsp", "try later", "-")


def test_a_revocation_is_marked_at_the_certificate_and_at_the_response(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, written(tmp_path, "ocsp-revoked")[1])

    section = pki_section(facts, judge(facts), "/")

    assert section.credentials[0].path[1].trouble == "revoked, by its OCSP response"
    assert [each.mark for each in section.responses] == ["ok", "fail"]


def test_a_revocation_that_nobody_signed_takes_no_certificate_out_of_use(tmp_path: Path) -> None:
    site = written(tmp_path, "ocsp-revoked")[1]
    file = tmp_path / "etc/v2g/ocsp/cpo-sub-ca-2.ocsp"
    file.write_bytes(file.read_bytes()[:-1] + b"?")

    line = said(judge(facts_of(tmp_path, site)), SUB_CA)

    assert "Stop using it" not in line
    assert "Fetch a fresh one" in line


def test_a_response_that_this_user_may_not_read_is_not_missing(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, asking(written(tmp_path, "ocsp-missing")[1], "secc", "required"))
    shut = FileFacts("/etc/v2g/ocsp/other.ocsp", trouble="this user may not read it", forbidden=True)

    found = judge(replace(facts, unread=(*facts.unread, shut)))

    assert ids(found, FAIL) == []
    assert "CERT-OCSP-001" in ids(found, Verdict.INCONCLUSIVE)
