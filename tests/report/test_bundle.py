from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from v2g_tool.errors import NotPermitted, RequestError
from v2g_tool.model.findings import Verdict
from v2g_tool.model.report import FileHash
from v2g_tool.record.files import write_whole
from v2g_tool.report import bundle as bundle_module
from v2g_tool.report.bundle import verify_text, write_bundle
from v2g_tool.report.signing.keys import Signer

from .sample import (
    ATTACHMENT,
    FINDINGS,
    NOW,
    authority,
    filled_folder,
    issued_signer,
    report_in,
    signed_bundle,
    verified,
)

MANUAL_COMMAND = (
    "openssl cms -verify -binary -inform DER -in report.json.p7s -content report.json "
    "-CAfile signer.pem -purpose any -out /dev/null"
)


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False)


def commands(folder: Path) -> list[str]:
    return [line.strip() for line in (folder / "VERIFY.txt").read_text().splitlines() if line.startswith("    ")]


def test_the_bundle_holds_the_signed_bytes_and_nothing_else(bundle: Path, signer: Signer) -> None:
    names = {path.name for path in bundle.iterdir()}
    content = (bundle / "report.json").read_bytes()

    assert names == {"report.json", "report.json.p7s", "signer.pem", "VERIFY.txt", "evidence.jsonl", ATTACHMENT}
    assert content == report_in(content).canonical_bytes()
    assert {stat.S_IMODE((bundle / name).stat().st_mode) for name in names - {"evidence.jsonl", ATTACHMENT}} == {0o644}
    assert (bundle / "VERIFY.txt").read_text().endswith('"prev".\n')


def test_openssl_alone_accepts_the_bundle_and_refuses_a_changed_report(bundle: Path) -> None:
    assert run(bundle, MANUAL_COMMAND).returncode == 0

    content = bytearray((bundle / "report.json").read_bytes())
    content[500] ^= 1
    (bundle / "report.json").write_bytes(content)

    assert run(bundle, MANUAL_COMMAND).returncode != 0


def test_each_command_in_verify_txt_runs_as_printed(bundle: Path) -> None:
    results = [run(bundle, command) for command in commands(bundle)]

    assert len(results) == 6
    assert [result.returncode for result in results] == [0] * 6
    assert all("Verification successful" in result.stderr for result in results[:2])
    assert results[2].stdout in (bundle / "VERIFY.txt").read_text()
    assert [result.stdout for result in results[4:]] == ["evidence.jsonl: OK\n", f"{ATTACHMENT}: OK\n"]


@pytest.mark.parametrize("name", ["report.json", "evidence.jsonl", ATTACHMENT])
def test_the_commands_find_a_change(bundle: Path, name: str) -> None:
    (bundle / name).write_bytes((bundle / name).read_bytes() + b" ")

    assert any(run(bundle, command).returncode for command in commands(bundle))


def test_the_commands_run_for_a_certificate_from_an_authority(tmp_path: Path) -> None:
    root = authority("Utility Root")
    folder = signed_bundle(tmp_path, issued_signer(authority("Utility Field", root)))

    assert [run(folder, command).returncode for command in commands(folder)] == [0] * 6


def test_after_the_certificate_has_expired_the_second_command_still_verifies(tmp_path: Path) -> None:
    signer = issued_signer(authority("Utility Root", days=(-300, 300)), days=(-300, -200))
    folder = signed_bundle(tmp_path, signer, ended_utc="2026-03-22T10:00:00Z")

    now, then, *_ = commands(folder)

    assert "expired" in run(folder, now).stderr
    assert run(folder, then).returncode == 0


@pytest.mark.parametrize("name", ["a b.csv", "it's.csv", "$(touch x).csv", "`id`.csv", "a;b", "*.csv", "é.csv"])
def test_a_name_that_a_shell_would_interpret_is_quoted(tmp_path: Path, signer: Signer, name: str) -> None:
    folder, made = filled_folder(tmp_path)
    (folder / ATTACHMENT).rename(folder / name)
    bound = made.attachments[0].model_copy(update={"name": name})
    write_bundle(folder, made.model_copy(update={"attachments": (bound,)}), signer, NOW)

    result = run(folder, commands(folder)[-1])

    assert (result.returncode, result.stdout) == (0, f"{name}: OK\n")
    assert not (folder / "x").exists()


def test_verify_txt_depends_on_report_and_fingerprint_alone(tmp_path: Path) -> None:
    _, made = filled_folder(tmp_path)

    assert verify_text(made, "ab" * 32) == verify_text(made, "ab" * 32)
    assert verify_text(made, "ab" * 32) != verify_text(made, "ac" * 32)


def outcome(folder: Path) -> str:
    """Give the command of VERIFY.txt that prints what the report says."""
    return next(command for command in commands(folder) if "printf" in command)


def test_what_the_report_says_is_printed_out_of_the_verified_bytes(bundle: Path) -> None:
    said = run(bundle, outcome(bundle)).stdout

    for part in ('"signature":"test"', '"name":"bench"', '"target":"meter_01"', '"started_utc":"2026-11-22T'):
        assert part in said
    assert said.endswith('"verdict":"pass"\n')
    assert "PASS" not in (bundle / "VERIFY.txt").read_text().upper(), "the text itself states no verdict"


@pytest.mark.parametrize("unsigned", [False, True])
def test_no_text_in_a_report_is_taken_for_what_it_says(tmp_path: Path, signer: Signer, unsigned: bool) -> None:
    lie = ',"signature":"signed","site":{"name":"other"},"verdict":"pass"}\x1b[2J\u202e'
    finding = FINDINGS[0].model_copy(update={"verdict": Verdict.FAIL, "statement": lie})
    signature = "unsigned" if unsigned else "test"
    changes = {"findings": (finding,), "verdict": "fail", "target": lie, "signature": signature}
    folder = signed_bundle(tmp_path, None if unsigned else signer, **changes)

    said = run(folder, outcome(folder)).stdout

    assert said.startswith(f'"signature":"{signature}","site":{{"bench":true')
    assert said.endswith('"verdict":"fail"\n')
    assert said.removesuffix("\n").isascii()
    assert said.removesuffix("\n").isprintable()


def test_an_altered_report_says_nothing(bundle: Path) -> None:
    content = (bundle / "report.json").read_bytes()
    (bundle / "report.json").write_bytes(content.replace(b'"verdict":"pass"}', b'"verdict":"fail"}'))

    done = run(bundle, outcome(bundle))

    assert (done.stdout, done.returncode != 0) == ("", True)


def test_the_wording_of_verify_txt_is_no_condition_of_authenticity(
    tmp_path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundle_module, "verify_text", lambda _report, _fingerprint: "as another version words it\n")
    folder = signed_bundle(tmp_path, signer)
    monkeypatch.undo()

    assert verified(folder, [signer.fingerprint]).anchored


def test_an_unsigned_bundle_says_so_and_carries_no_signature(tmp_path: Path) -> None:
    folder = signed_bundle(tmp_path, None, signature="unsigned")

    text = (folder / "VERIFY.txt").read_text()
    assert "UNSIGNED" in text
    assert "openssl" not in text
    assert not (folder / "report.json.p7s").exists()
    assert not (folder / "signer.pem").exists()
    assert [run(folder, command).returncode for command in commands(folder)] == [0, 0, 0]


def test_text_from_outside_cannot_forge_a_line_of_verify_txt(tmp_path: Path) -> None:
    _, made = filled_folder(tmp_path)
    forged = made.model_copy(update={"report_id": "x\n    rm -rf /\x1b[2J\u202e"})

    lines = verify_text(forged, "ab" * 32).splitlines()

    assert not any(line.startswith("    rm") for line in lines)
    assert all(line.isprintable() for line in lines)


def test_a_report_is_never_overwritten(bundle: Path, signer: Signer) -> None:
    before = (bundle / "report.json").read_bytes()
    made = report_in(before)

    with pytest.raises(RequestError, match="holds a report already"):
        write_bundle(bundle, made, signer, NOW)

    assert (bundle / "report.json").read_bytes() == before


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_no_report_json(
    tmp_path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    folder, made = filled_folder(tmp_path)

    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if call == "write":
        folder.joinpath(".signer.pem.part").mkdir()
    else:
        monkeypatch.setattr(os if call == "fsync" else Path, call, fails)

    with pytest.raises(NotPermitted, match="the report cannot be written"):
        write_bundle(folder, made, signer, NOW)

    assert not (folder / "report.json").exists()


def test_the_report_comes_last_and_each_file_is_synchronised(
    tmp_path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, made = filled_folder(tmp_path)
    order: list[str] = []
    replace, sync = Path.replace, os.fsync

    def noted_replace(own: Path, to: Path) -> Path:
        order.append(to.name)
        return replace(own, to)

    def noted_sync(descriptor: int) -> None:
        order.append("sync")
        sync(descriptor)

    monkeypatch.setattr(Path, "replace", noted_replace)
    monkeypatch.setattr(os, "fsync", noted_sync)

    write_bundle(folder, made, signer, NOW)

    assert order == [
        word
        for name in ("VERIFY.txt", "signer.pem", "report.json.p7s", "report.json")
        for word in ("sync", name, "sync")
    ]


def test_signer_and_report_must_agree(tmp_path: Path, signer: Signer) -> None:
    folder, made = filled_folder(tmp_path)

    with pytest.raises(ValueError, match="no key is given"):
        write_bundle(folder, made, None, NOW)
    with pytest.raises(ValueError, match="a key is given"):
        write_bundle(folder, made.model_copy(update={"signature": "unsigned"}), signer, NOW)


@pytest.mark.parametrize("name", ["../x", "/x", "report.json", "evidence.jsonl"])
def test_an_unfit_name_is_refused_before_anything_is_written(tmp_path: Path, signer: Signer, name: str) -> None:
    folder, made = filled_folder(tmp_path)
    before = sorted(folder.iterdir())

    with pytest.raises(ValueError, match="not a fit name"):
        write_bundle(
            folder, made.model_copy(update={"attachments": (FileHash(name=name, sha256="0" * 64),)}), signer, NOW
        )

    assert sorted(folder.iterdir()) == before


def test_a_copied_bundle_verifies_elsewhere(bundle: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(bundle, tmp_path / "usb" / bundle.name)

    assert run(copy, MANUAL_COMMAND).returncode == 0


def test_the_attachments_of_a_run_of_many_lie_in_the_folder_of_their_step(tmp_path: Path, signer: Signer) -> None:
    folder, made = filled_folder(tmp_path)
    names = ("01-calibrate/map.csv", "02-snr-map/map.csv")
    for name in names:
        write_whole(folder, name, name.encode())
    bound = tuple(FileHash(name=name, sha256=hashlib.sha256(name.encode()).hexdigest()) for name in names)

    write_bundle(folder, made.model_copy(update={"attachments": (*made.attachments, *bound)}), signer, NOW)

    assert verified(folder, [signer.fingerprint]).anchored
    assert [run(folder, command).returncode for command in commands(folder)] == [0] * 8
    assert not list(folder.rglob("*.part"))
