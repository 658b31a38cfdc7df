"""Each defect that the bench plants is named by its own check first, and a sound site by none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.pki.looks import facts_of, findings, ids, written
from v2g_tool.bench.pki.defects.table import DEFECTS
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.pki import Cause, Ruling
from v2g_tool.model.pki_file import Contents
from v2g_tool.pki.rules.facts import ClockFacts
from v2g_tool.pki.rules.revocation import newest
from v2g_tool.pki.rules.verdict import judge

SOUND = (
    *("", "second-leaf", "second-leaf-ed448", "key-with-passphrase", "key-in-pkcs12"),
    *("ocsp-stapled", "ocsp-delegate"),
)
FAIL, OPEN, INFO = Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.INFO
FIRST = {
    "second-leaf-p256": (INFO, "CERT-ALG-001"),
    "cert-file-missing": (FAIL, "CERT-FILE-001"),
    "cert-file-not-pem": (FAIL, "CERT-FILE-001"),
    "cert-file-cut": (FAIL, "CERT-FILE-001"),
    "cert-file-trailing": (INFO, "CERT-FILE-002"),
    "cert-file-bom": (INFO, "CERT-FILE-002"),
    "cert-file-crlf": (INFO, "CERT-FILE-002"),
    "cert-file-der": (INFO, "CERT-FILE-002"),
    "cert-file-several": (INFO, "CERT-FILE-002"),
    "key-missing": (FAIL, "CERT-FILE-001"),
    "key-foreign": (FAIL, "CERT-KEY-001"),
    "key-readable": (FAIL, "CERT-KEY-002"),
    "key-link-readable": (FAIL, "CERT-KEY-002"),
    "key-owner": (INFO, "CERT-KEY-003"),
    "key-encrypted": (OPEN, "CERT-KEY-007"),
    "key-locked": (OPEN, "CERT-KEY-007"),
    "key-passphrase-readable": (INFO, "CERT-KEY-005"),
    "key-reused": (FAIL, "CERT-KEY-006"),
    "key-folder-open": (INFO, "CERT-DIR-001"),
    "chain-link-missing": (FAIL, "CERT-LINK-001"),
    "chain-link-dangling": (FAIL, "CERT-LINK-001"),
    "chain-link-other": (FAIL, "CERT-LINK-001"),
    "chain-sub-ca-missing": (FAIL, "CERT-CHAIN-001"),
    "chain-no-anchor": (FAIL, "CERT-CHAIN-001"),
    "chain-order": (FAIL, "CERT-CHAIN-002"),
    "chain-with-root": (INFO, "CERT-CHAIN-003"),
    "chain-path-length": (FAIL, "CERT-CHAIN-004"),
    "chain-too-deep": (FAIL, "CERT-CHAIN-005"),
    "chain-renewed": (INFO, "CERT-CHAIN-006"),
    "chain-cross-signed": (INFO, "CERT-CHAIN-006"),
    "chain-expired-root-beside": (INFO, "CERT-TIME-001"),
    "chain-duplicate-serial": (INFO, "CERT-CHAIN-007"),
    "chain-sub-ca-in-store": (FAIL, "CERT-CHAIN-008"),
    "chain-sub-ca-linked": (FAIL, "CERT-CHAIN-008"),
    "chain-sub-ca-in-bundle": (FAIL, "CERT-CHAIN-008"),
    "cert-expired": (FAIL, "CERT-TIME-001"),
    "cert-sub-ca-expired": (FAIL, "CERT-TIME-001"),
    "cert-root-expired": (FAIL, "CERT-TIME-001"),
    "cert-not-yet-valid": (FAIL, "CERT-TIME-002"),
    "cert-expires-soon": (INFO, "CERT-TIME-003"),
    "cert-expires-now": (FAIL, "CERT-TIME-003"),
    "cert-outlives-issuer": (INFO, "CERT-TIME-004"),
    "cert-lives-long": (INFO, "CERT-TIME-005"),
    "cert-endless": (INFO, "CERT-TIME-006"),
    "cert-curve": (FAIL, "CERT-ALG-001"),
    "cert-sha1": (FAIL, "CERT-ALG-002"),
    "cert-rsa-1024": (FAIL, "CERT-ALG-003"),
    "cert-explicit-parameters": (FAIL, "CERT-ALG-004"),
    "cert-key-usage-missing": (FAIL, "CERT-EXT-001"),
    "cert-key-usage-not-critical": (FAIL, "CERT-EXT-001"),
    "cert-key-usage-wrong": (FAIL, "CERT-EXT-001"),
    "cert-no-cert-sign": (FAIL, "CERT-EXT-001"),
    "cert-basic-constraints-missing": (FAIL, "CERT-EXT-002"),
    "cert-basic-constraints-not-critical": (INFO, "CERT-EXT-002"),
    "cert-not-a-ca": (FAIL, "CERT-EXT-002"),
    "cert-leaf-is-ca": (FAIL, "CERT-EXT-002"),
    "cert-version-1": (FAIL, "CERT-EXT-002"),
    "cert-root-version-1": (FAIL, "CERT-EXT-002"),
    "cert-ski-missing": (INFO, "CERT-EXT-003"),
    "cert-aki-missing": (INFO, "CERT-EXT-003"),
    "cert-aki-wrong": (FAIL, "CERT-EXT-003"),
    "cert-unknown-critical": (FAIL, "CERT-EXT-004"),
    "cert-root-unknown-critical": (FAIL, "CERT-EXT-004"),
    "cert-no-server-auth": (INFO, "CERT-EXT-005"),
    "cert-no-domain-component": (FAIL, "CERT-SUBJ-001"),
    "cert-domain-component-wrong": (FAIL, "CERT-SUBJ-001"),
    "cert-no-seccid": (INFO, "CERT-SUBJ-001"),
    "cert-too-large": (INFO, "CERT-SIZE-001"),
    "cert-sep2-no-policies": (FAIL, "CERT-SEP2-001"),
    "cert-sep2-policies-not-critical": (FAIL, "CERT-SEP2-001"),
    "cert-sep2-no-device-type": (FAIL, "CERT-SEP2-001"),
    "cert-sep2-no-hardware-name": (INFO, "CERT-SEP2-001"),
    "cert-sep2-test": (INFO, "CERT-SEP2-002"),
    "cert-lfdi-wrong": (FAIL, "CERT-SEP2-003"),
    "cert-sfdi-wrong": (FAIL, "CERT-SEP2-003"),
    "crl-absent": (INFO, "CERT-CRL-001"),
    "crl-delta": (INFO, "CERT-CRL-001"),
    "crl-stale": (FAIL, "CERT-CRL-002"),
    "crl-nearly-stale": (INFO, "CERT-CRL-002"),
    "crl-no-next-update": (INFO, "CERT-CRL-002"),
    "crl-wrong-signature": (FAIL, "CERT-CRL-003"),
    "crl-leaf-revoked": (FAIL, "CERT-CRL-004"),
    "crl-sub-ca-revoked": (FAIL, "CERT-CRL-004"),
    "crl-remove-from-crl": (FAIL, "CERT-CRL-004"),
    "crl-revocation-hidden": (FAIL, "CERT-CRL-004"),
    "crl-future": (FAIL, "CERT-CRL-005"),
    "crl-no-number": (INFO, "CERT-CRL-005"),
    "crl-no-crl-sign": (FAIL, "CERT-CRL-006"),
    "ocsp-missing": (INFO, "CERT-OCSP-001"),
    "ocsp-stale": (FAIL, "CERT-OCSP-002"),
    "ocsp-nearly-stale": (INFO, "CERT-OCSP-002"),
    "ocsp-no-next-update": (INFO, "CERT-OCSP-002"),
    "ocsp-future": (FAIL, "CERT-OCSP-002"),
    "ocsp-wrong-signer": (FAIL, "CERT-OCSP-002"),
    "ocsp-delegate-no-eku": (FAIL, "CERT-OCSP-002"),
    "ocsp-delegate-expired": (FAIL, "CERT-OCSP-002"),
    "ocsp-delegate-revoked": (FAIL, "CERT-OCSP-002"),
    "ocsp-delegate-foreign": (FAIL, "CERT-OCSP-002"),
    "ocsp-revoked": (FAIL, "CERT-OCSP-002"),
    "ocsp-unknown": (FAIL, "CERT-OCSP-002"),
    "ocsp-try-later": (FAIL, "CERT-OCSP-002"),
    "ocsp-of-another": (INFO, "CERT-OCSP-002"),
    "store-anchor-not-pinned": (FAIL, "CERT-PIN-001"),
    "store-extra-anchor": (INFO, "CERT-PIN-002"),
    "store-pem-suffix": (FAIL, "CERT-STORE-001"),
    "store-not-rebuilt": (FAIL, "CERT-STORE-002"),
    "store-source-newer": (FAIL, "CERT-STORE-002"),
    "store-no-utility-root": (FAIL, "CERT-STORE-007"),
    "store-hash-link-missing": (INFO, "CERT-STORE-003"),
    "store-dangling-link": (INFO, "CERT-STORE-003"),
    "store-several": (INFO, "CERT-STORE-004"),
    "store-not-a-ca": (FAIL, "CERT-STORE-005"),
    "store-intermediate": (FAIL, "CERT-STORE-005"),
    "store-v2g-root": (INFO, "CERT-STORE-006"),
}
"""The first finding of the worst verdict there is, for each planted defect."""
ELSEWHERE = {
    "key-tpm": "a key in a TPM is right where the site does not forbid it: test_a_key_in_a_tpm",
    "crl-wrong-issuer": "test_a_list_of_another_authority",
    "crl-rollback": "seen only beside an earlier run: test_an_older_list_is_not_taken_after_a_newer_one",
}


def test_every_defect_of_the_bench_is_expected_here() -> None:
    assert {*FIRST, *ELSEWHERE, *SOUND[1:]} == {*DEFECTS}


@pytest.mark.parametrize("kind", SOUND)
def test_a_sound_site_fails_nothing_and_leaves_nothing_open(kind: str, tmp_path: Path) -> None:
    found = findings(tmp_path, *filter(None, [kind]))

    assert ids(found, FAIL) == ids(found, OPEN) == []
    assert ids(found, INFO) == ["CERT-AFIR-001"]


@pytest.mark.parametrize("defect", FIRST)
def test_a_defect_is_named_first(defect: str, tmp_path: Path) -> None:
    found = findings(tmp_path, defect)
    verdict, expected = FIRST[defect]

    worse = [v for v in (FAIL, OPEN)[: (FAIL, OPEN, INFO).index(verdict)] if defect != "key-passphrase-readable"]
    assert [ids(found, v) for v in worse] == [[] for _ in worse]
    named = [name for name in ids(found, verdict) if name != "CERT-AFIR-001"]
    assert named[0] == expected


def test_a_key_in_a_tpm_is_neither_compared_nor_open_to_others(tmp_path: Path) -> None:
    site = written(tmp_path, "key-tpm")[1]
    wanted = site.credentials["secc"].model_copy(update={"hardware_key": "required"})
    site = site.model_copy(update={"credentials": {**site.credentials, "secc": wanted}})

    found = judge(facts_of(tmp_path, site))

    assert ids(found, FAIL) == []
    assert "CERT-KEY-004" in ids(found, Verdict.PASS)


def test_a_key_in_a_file_fails_where_the_site_requires_hardware(tmp_path: Path) -> None:
    site = written(tmp_path)[1]
    wanted = site.credentials["secc"].model_copy(update={"hardware_key": "required"})
    site = site.model_copy(update={"credentials": {**site.credentials, "secc": wanted}})

    assert ids(judge(facts_of(tmp_path, site)), FAIL) == ["CERT-KEY-004"]


def test_a_list_of_another_authority_is_none_of_the_certificates(tmp_path: Path) -> None:
    found = findings(tmp_path, "crl-wrong-issuer")

    assert "CERT-CRL-001" in ids(found, INFO)
    assert ids(found, FAIL) == []


def test_an_older_list_is_not_taken_after_a_newer_one(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, written(tmp_path, "crl-rollback")[1])
    before = {series: number + (number == 40) for series, number in newest(facts).items()}

    assert ids(judge(replace(facts, last_numbers=before)), FAIL) == ["CERT-CRL-005"]
    assert newest(replace(facts, last_numbers=before)) == before


def test_a_wrong_clock_is_named_before_any_certificate(tmp_path: Path) -> None:
    site = written(tmp_path)[1]

    found = judge(facts_of(tmp_path, site, datetime(1970, 1, 1, tzinfo=UTC)))

    assert ids(found, FAIL)[0] == "CERT-CLOCK-010"


def test_a_site_is_judged_for_the_moment_that_is_asked(tmp_path: Path) -> None:
    site = written(tmp_path)[1]

    assert "CERT-TIME-001" in ids(judge(facts_of(tmp_path, site, datetime.now(UTC) + timedelta(days=300))), FAIL)


def test_without_a_list_a_site_that_requires_one_fails(tmp_path: Path) -> None:
    site = written(tmp_path, "crl-absent")[1].model_copy(update={"revocation": "required"})

    assert ids(judge(facts_of(tmp_path, site)), FAIL)[0] == "CERT-CRL-001"


def test_a_path_that_holds_in_require_mode_is_said_to_hold(tmp_path: Path) -> None:
    site = written(tmp_path)[1].model_copy(update={"revocation": "required"})

    facts = facts_of(tmp_path, site)

    assert {str(c.ruling.cause) for c in facts.credentials if c.ruling} == {"it holds"}
    assert ids(judge(facts), FAIL) == []


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("crl-absent", Cause.UNKNOWN),
        ("crl-wrong-issuer", Cause.UNKNOWN),
        ("crl-wrong-signature", Cause.UNKNOWN),
        ("crl-no-crl-sign", Cause.UNKNOWN),
        ("crl-future", Cause.UNKNOWN),
        ("crl-stale", Cause.STALE),
        ("crl-leaf-revoked", Cause.REVOKED),
        ("crl-sub-ca-revoked", Cause.REVOKED),
        ("crl-revocation-hidden", Cause.REVOKED),
    ],
)
def test_a_path_that_a_list_breaks_is_said_not_to_hold(fault: str, cause: Cause, tmp_path: Path) -> None:
    site = written(tmp_path, fault)[1].model_copy(update={"revocation": "required"})

    ruling = facts_of(tmp_path, site).credentials[0].ruling

    assert ruling is not None
    assert (ruling.cause, bool(ruling.words)) == (cause, True)


def clocked(root: Path, clock: ClockFacts) -> Sequence[Finding]:
    return judge(replace(facts_of(root, written(root)[1]), clock=clock))


def test_the_clock_is_judged_by_another_source_and_by_its_own_word(tmp_path: Path) -> None:
    for number, (clock, verdict, expected) in enumerate(
        [
            (ClockFacts(synchronised=False), INFO, "CERT-CLOCK-011"),
            (ClockFacts(synchronised=True), Verdict.PASS, "CERT-CLOCK-011"),
            (ClockFacts(offset_s=1.0, source="NTP"), Verdict.PASS, "CERT-CLOCK-010"),
            (ClockFacts(offset_s=-20.0, source="NTP"), INFO, "CERT-CLOCK-010"),
            (ClockFacts(offset_s=120.0, source="NTP"), FAIL, "CERT-CLOCK-010"),
        ]
    ):
        root = tmp_path / str(number)
        root.mkdir()
        assert ids(clocked(root, clock), verdict)[0] == expected


def test_where_all_has_ended_a_clock_that_nobody_vouches_for_is_named_first(tmp_path: Path) -> None:
    site = written(tmp_path)[1]
    facts = facts_of(tmp_path, site, datetime.now(UTC) + timedelta(days=5000))
    open_, sure = (judge(replace(facts, clock=ClockFacts(synchronised=known))) for known in (False, True))

    assert next(finding.check for finding in open_ if finding.verdict is not Verdict.PASS) == "CERT-CLOCK-010"
    assert "CERT-CLOCK-010" in ids(open_, OPEN)
    assert "CERT-CLOCK-010" not in ids(sure, OPEN)
    assert "CERT-TIME-001" in ids(open_, FAIL)


def test_a_sound_site_says_what_was_judged_and_passed(tmp_path: Path) -> None:
    passed = {*ids(findings(tmp_path), Verdict.PASS)}

    assert passed >= {"CERT-PATH-001", "CERT-STORE-007", "CERT-CHAIN-001", "CERT-KEY-001", "CERT-KEY-002"}


def test_a_utility_root_that_nobody_installed_is_missed(tmp_path: Path) -> None:
    site = written(tmp_path)[1]
    (tmp_path / "usr/local/share/ca-certificates/utility-root.crt").unlink()

    assert "CERT-STORE-007" in ids(judge(facts_of(tmp_path, site)), FAIL)


def test_what_only_the_engine_refuses_is_said_in_its_words(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, written(tmp_path)[1])
    credentials = [replace(c, ruling=Ruling(Cause.INVALID, "a name is not permitted")) for c in facts.credentials]

    found = judge(replace(facts, credentials=tuple(credentials)))

    assert {*ids(found, FAIL)} == {"CERT-PATH-001"}
    assert "a name is not permitted" in found[-2].statement


def test_a_key_that_this_user_may_not_read_is_not_judged_but_its_mode_is(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, written(tmp_path, "key-readable")[1])
    shut = [
        replace(c, key=replace(c.key, trouble="no", forbidden=True, contents=Contents()))
        for c in facts.credentials
        if c.key
    ]

    found = judge(replace(facts, credentials=tuple(shut)))

    assert ids(found, OPEN) == ["CERT-FILE-001"] * 3
    assert ids(found, FAIL) == ["CERT-KEY-002"]
