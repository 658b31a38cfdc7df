from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import rfc8785

from v2g_tool.errors import ExitStatus, NotAuthentic, NotPermitted, Unsupported, V2GError
from v2g_tool.model.report import EvidenceChain, FileHash
from v2g_tool.record.journal import Journal
from v2g_tool.report.bundle import with_verify_text, write_bundle
from v2g_tool.report.signing import cms
from v2g_tool.report.signing.keys import KeyFiles, Signer, pem_of

from .sample import (
    ATTACHMENT,
    NOW,
    REPORT_ID,
    evidence_in,
    filled_folder,
    lone_signer,
    report,
    report_in,
    signed_bundle,
    verified,
)

NAMES = ["report.json", "report.json.p7s", "signer.pem", "evidence.jsonl", ATTACHMENT, "VERIFY.txt"]


def refused(path: Path) -> str:
    """Give what the verification says of a bundle that is not authentic."""
    with pytest.raises(NotAuthentic) as caught:
        verified(path, ())
    assert caught.value.status is ExitStatus.NOT_AUTHENTIC
    assert caught.value.why
    assert caught.value.todo
    return caught.value.what


def sign_bytes(folder: Path, content: bytes, signer: Signer, when: datetime = NOW) -> None:
    """Put any bytes as report.json into a bundle, with a right signature of `signer`."""
    (folder / "report.json").write_bytes(content)
    (folder / "report.json.p7s").write_bytes(cms.sign(content, signer, when))
    (folder / "signer.pem").write_bytes(pem_of(signer.certificates))


# --- intact bundles


def test_an_intact_bundle_of_a_known_signer_is_anchored(bundle: Path, signer: Signer) -> None:
    result = verified(bundle, [signer.fingerprint])

    assert result.anchored
    assert result.fingerprint == signer.fingerprint
    assert result.signing_time == NOW
    assert result.report.report_id == REPORT_ID
    assert result.notes == ("Signed with a test key: it proves nothing about a real site.",)


@pytest.mark.parametrize("form", ["{}", "sha256 Fingerprint={}", " {} "])
def test_a_fingerprint_counts_as_any_tool_prints_it(bundle: Path, signer: Signer, form: str) -> None:
    pairs = ":".join(signer.fingerprint[at : at + 2] for at in range(0, 64, 2)).upper()

    assert verified(bundle / "report.json", [form.format(pairs)]).anchored


def test_the_signers_own_certificate_anchors_as_pem(bundle: Path, key_files: KeyFiles) -> None:
    assert verified(bundle, (), [key_files.certificate]).anchored


def test_a_bundle_that_a_stranger_signed_again_is_intact_but_not_anchored(bundle: Path, signer: Signer) -> None:
    stranger = lone_signer("A. Technician")
    made = report_in((bundle / "report.json").read_bytes())
    made, text = with_verify_text(made.model_copy(update={"attachments": made.attachments[:-1]}), stranger)
    sign_bytes(bundle, made.canonical_bytes(), stranger)
    (bundle / "VERIFY.txt").write_bytes(text)

    result = verified(bundle, [signer.fingerprint])

    assert not result.anchored
    assert result.fingerprint == stranger.fingerprint != signer.fingerprint


def test_the_bundle_may_be_given_as_the_current_folder(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(bundle)

    assert verified(Path(), ()).notes == verified(bundle, ()).notes


def test_what_the_report_does_not_bind_is_noted(bundle: Path) -> None:
    (bundle / "extra\x1b[2J.pdf").write_bytes(b"%PDF")
    for number in range(12):
        (bundle / f"photo{number:02}.jpg").touch()

    notes = " ".join(verified(bundle, ()).notes)

    assert "Not part of the report: extra?[2J.pdf, photo00.jpg" in notes
    assert "and 3 more." in notes


def test_a_folder_of_any_depth_and_width_beside_the_report_is_noted(bundle: Path) -> None:
    subprocess.run(["mkdir", "-p", "/".join(["d"] * 1500)], cwd=bundle, check=True)
    for number in range(200):
        (bundle / "d" / f"file{number}").touch()

    try:
        notes = " ".join(verified(bundle, ()).notes)
    finally:  # too deep for what clears up behind the tests
        subprocess.run(["rm", "-r", "d"], cwd=bundle, check=True)

    assert "Not part of the report: d/file0, " in notes
    assert "and 190 more." in notes


def test_another_folder_name_is_noted(bundle: Path) -> None:
    moved = bundle.rename(bundle.with_name("copy"))

    assert any(REPORT_ID in note for note in verified(moved, ()).notes)


def test_a_signing_time_before_the_end_of_the_run_is_noted(tmp_path: Path, signer: Signer) -> None:
    folder = signed_bundle(tmp_path, signer, ended_utc="2026-11-22T11:00:00Z")

    assert any("before the end of the run" in note for note in verified(folder, ()).notes)


@pytest.mark.parametrize("ended", ["2026-11-22 10:29", "yesterday", "", "9999-12-31T23:59:59Z"])
def test_any_text_as_end_of_the_run_gives_a_verdict(tmp_path: Path, signer: Signer, ended: str) -> None:
    assert verified(signed_bundle(tmp_path, signer, ended_utc=ended), [signer.fingerprint]).anchored


def test_files_in_a_folder_below_are_bound_too(tmp_path: Path, signer: Signer) -> None:
    folder, _ = filled_folder(tmp_path)
    (folder / "raw").mkdir()
    (folder / "raw" / "u 1.bin").write_bytes(b"\x00" * 10)
    bound = FileHash(name="raw/u 1.bin", sha256=hashlib.sha256(b"\x00" * 10).hexdigest())
    (folder / "evidence.jsonl").unlink()
    write_bundle(folder, report(evidence_in(folder), attachments=(bound,)), signer, NOW)

    verified(folder, ())

    (folder / "raw" / "u 1.bin").write_bytes(b"\x01" * 10)
    assert refused(folder).startswith("raw/u 1.bin: ")


# --- altered bundles


@pytest.mark.parametrize("name", NAMES)
def test_a_cut_or_longer_file_is_found_and_named(bundle: Path, name: str) -> None:
    good = (bundle / name).read_bytes()

    for bad in (good[:-1], good[: len(good) // 2], b"", good + b"\n", good + b"\x00", good * 2):
        (bundle / name).write_bytes(bad)
        assert refused(bundle).startswith((f"{name}:", f"{name},"))


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_missing_file_is_found_and_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()

    assert refused(bundle) == f"{name}: is missing"


@pytest.mark.parametrize("name", NAMES)
def test_a_link_in_place_of_a_file_is_refused(bundle: Path, tmp_path: Path, name: str) -> None:
    (bundle / name).rename(tmp_path / "elsewhere")
    (bundle / name).symlink_to(tmp_path / "elsewhere")

    assert refused(bundle) == f"{name}: is a link, not a file"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_pipe_or_folder_in_place_of_a_file_is_refused_at_once(
    bundle: Path, name: str, make: Callable[[Path], None]
) -> None:
    (bundle / name).unlink()
    make(bundle / name)

    assert refused(bundle) == f"{name}: is not a regular file"


def test_broken_json_is_named_by_its_byte(bundle: Path) -> None:
    content = (bundle / "report.json").read_bytes()
    (bundle / "report.json").write_bytes(content[:100] + b"\x00" + content[101:])

    assert refused(bundle).startswith("report.json, byte 101: not JSON")


def test_a_changed_fingerprint_in_the_instructions_is_an_alteration(bundle: Path) -> None:
    text = (bundle / "VERIFY.txt").read_text()
    (bundle / "VERIFY.txt").write_text(text.replace("sha256 Fingerprint=", "sha256 Fingerprint=00:"))

    assert refused(bundle).startswith("VERIFY.txt: not the bytes that the report binds")


SPELLINGS: dict[str, Callable[[bytes], bytes]] = {
    "with blanks": lambda content: json.dumps(json.loads(content)).encode(),
    "with a newline at the end": lambda content: content + b"\n",
    "with a key twice": lambda content: content.replace(b'"amends":"",', b'"amends":"","amends":"",'),
    "with an escaped letter": lambda content: content.replace(b"calibrate", b"c\\u0061librate"),
    "with a byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "nested without end": lambda _: b"[" * 200_000,
    "empty": lambda _: b"",
    "a list": lambda _: b"[]",
    "a number as text": lambda content: content.replace(b'"records":3', b'"records":"3"'),
    "a truth value as number": lambda content: content.replace(b'"bench":true', b'"bench":1'),
    "an unknown verdict": lambda content: content.replace(b'"verdict":"pass"', b'"verdict":"good"'),
    "an older schema": lambda content: content.replace(b"v2g-report/1", b"v2g-report/0"),
    "another schema": lambda content: content.replace(b"v2g-report/1", b"invoice/2"),
    "a missing field": lambda content: content.replace(b'"procedure":"calibrate",', b""),
    "a control character": lambda content: content.replace(b'"verdict":"pass"', b'"verdict":"\\u001b[2J"'),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_signed_report_that_this_suite_would_not_write_is_refused(
    bundle: Path, signer: Signer, spelling: str
) -> None:
    content = (bundle / "report.json").read_bytes()
    changed = SPELLINGS[spelling](content)
    assert changed != content
    sign_bytes(bundle, changed, signer)

    what = refused(bundle)

    assert what.startswith(("report.json:", "report.json, "))
    assert what.isprintable()


@pytest.mark.parametrize(
    "change", [{"schema": "v2g-report/4"}, {"schema": "v2g-report/17", "x": 1}, {"humidity": "40 %"}]
)
def test_a_signed_report_of_a_newer_version_is_unsupported_not_forged(
    bundle: Path, signer: Signer, change: dict[str, object]
) -> None:
    content = json.loads((bundle / "report.json").read_bytes())
    sign_bytes(bundle, rfc8785.dumps(content | change), signer)

    with pytest.raises(Unsupported, match="this version") as caught:
        verified(bundle, ())

    assert caught.value.status is ExitStatus.NOT_JUDGED


def test_a_newer_schema_without_a_right_signature_is_an_alteration(bundle: Path) -> None:
    content = (bundle / "report.json").read_bytes()
    (bundle / "report.json").write_bytes(content.replace(b"v2g-report/1", b"v2g-report/2"))

    assert refused(bundle).startswith("report.json: ")


def test_a_signed_report_that_says_unsigned_is_refused(bundle: Path, signer: Signer) -> None:
    content = json.loads((bundle / "report.json").read_bytes())
    sign_bytes(bundle, rfc8785.dumps(content | {"signature": "unsigned"}), signer)

    assert refused(bundle).startswith("report.json, field signature: ")


ESCAPES = [
    "../secret",
    "/etc/hostname",
    "a/../../x",
    "a//b",
    "./x",
    "a/",
    "..",
    "",
    "report.json",
    "VERIFY.txt",
    "x\ny",
    "a\\b",
    "-",
    "x\x00",
]


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("field", ["attachments", "evidence"])
def test_a_name_that_leads_out_of_the_folder_is_refused(bundle: Path, signer: Signer, name: str, field: str) -> None:
    content = json.loads((bundle / "report.json").read_bytes())
    (content["attachments"][0] if field == "attachments" else content["evidence"])["name"] = name
    sign_bytes(bundle, rfc8785.dumps(content), signer)

    what = refused(bundle)

    assert what.startswith("report.json: ")
    assert "no fit name" in what


def test_a_folder_link_that_leads_out_is_refused(bundle: Path, signer: Signer, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    shutil.copy(bundle / ATTACHMENT, tmp_path / "out" / "u.csv")
    (bundle / "raw").symlink_to(tmp_path / "out")
    content = json.loads((bundle / "report.json").read_bytes())
    content["attachments"][0]["name"] = "raw/u.csv"
    sign_bytes(bundle, rfc8785.dumps(content), signer)

    assert refused(bundle) == "raw/u.csv: lies outside the folder of the report"


@pytest.mark.parametrize("field", ["sha256", "first_sha256", "last_sha256", "records"])
def test_evidence_that_does_not_fit_the_signed_values_is_refused(tmp_path: Path, signer: Signer, field: str) -> None:
    folder, made = filled_folder(tmp_path)
    wrong = made.evidence.model_copy(update={field: 9 if field == "records" else "9" * 64})
    write_bundle(folder, made.model_copy(update={"evidence": wrong}), signer, NOW)

    assert refused(folder).startswith("evidence.jsonl: the ")


def test_evidence_with_a_line_less_is_refused_although_its_chain_is_whole(bundle: Path) -> None:
    lines = (bundle / "evidence.jsonl").read_bytes().splitlines(keepends=True)
    (bundle / "evidence.jsonl").write_bytes(b"".join(lines[:-1]))

    assert refused(bundle) == "evidence.jsonl: the number of records is 2, the report says 3"


def test_evidence_that_goes_on_after_the_report_is_refused(bundle: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    with Journal(other, wall=lambda: NOW, monotonic=lambda: 0.0) as journal:
        for _ in range(4):
            journal.append("step", {})
    (bundle / "evidence.jsonl").write_bytes(other.read_bytes())

    assert refused(bundle).startswith("evidence.jsonl: the number of records is 4")


def test_a_torn_last_line_that_the_report_binds_is_accepted(tmp_path: Path, signer: Signer) -> None:
    folder, made = filled_folder(tmp_path)
    torn = (folder / "evidence.jsonl").read_bytes() + b'{"data":{"outc'
    (folder / "evidence.jsonl").write_bytes(torn)
    bound = made.evidence.model_copy(update={"sha256": hashlib.sha256(torn).hexdigest()})
    write_bundle(folder, made.model_copy(update={"evidence": bound}), signer, NOW)

    assert verified(folder, [signer.fingerprint]).anchored


# --- unsigned, and not bundles at all


def test_an_unsigned_bundle_is_not_permitted_rather_than_forged(tmp_path: Path) -> None:
    folder = signed_bundle(tmp_path, None, signature="unsigned")

    with pytest.raises(NotPermitted, match="the report is not signed") as caught:
        verified(folder, ())

    assert caught.value.status is ExitStatus.NOT_JUDGED


@pytest.mark.parametrize("name", ["evidence.jsonl", ATTACHMENT, "VERIFY.txt", "report.json"])
def test_an_unsigned_bundle_whose_files_do_not_fit_together_is_refused(tmp_path: Path, name: str) -> None:
    folder = signed_bundle(tmp_path, None, signature="unsigned")
    content = bytearray((folder / name).read_bytes())
    content[-20] ^= 1
    (folder / name).write_bytes(content)

    assert refused(folder).startswith((name, "evidence.jsonl"))


def test_a_signed_report_whose_signature_was_taken_away_is_refused(bundle: Path) -> None:
    (bundle / "report.json.p7s").unlink()
    (bundle / "signer.pem").unlink()

    assert refused(bundle) == "report.json.p7s: is missing"


@pytest.mark.parametrize("name", ["", "nothing", "VERIFY.txt", "x" * 300, "\x00"])
def test_what_is_no_bundle_is_a_wrong_request(tmp_path: Path, name: str) -> None:
    (tmp_path / "VERIFY.txt").touch()

    with pytest.raises(V2GError) as caught:
        verified(tmp_path / name, ())

    assert caught.value.status in (ExitStatus.WRONG_REQUEST, ExitStatus.NOT_JUDGED)


def test_a_file_that_may_not_be_read_is_a_permission_problem(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def guarded(path: Path, *rest: int) -> int:
        if str(path).endswith(ATTACHMENT):
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest)

    monkeypatch.setattr(os, "open", guarded)

    with pytest.raises(NotPermitted, match="may not be read"):
        verified(bundle, ())


def test_evidence_of_another_run_does_not_fit(tmp_path: Path, signer: Signer) -> None:
    folder, made = filled_folder(tmp_path)
    foreign = EvidenceChain(sha256="1" * 64, first_sha256="2" * 64, last_sha256="3" * 64, records=3)
    write_bundle(folder, made.model_copy(update={"evidence": foreign}), signer, NOW + timedelta(seconds=1))

    assert refused(folder).startswith("evidence.jsonl: the hash of the first record")
