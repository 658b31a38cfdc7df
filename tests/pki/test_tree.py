"""The trees of certificates: the mark stands where a finding says so, on a terminal and in the picture."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.console import Console

from tests.bounds import HANG_S
from tests.pki.looks import facts_of, written
from tests.sections import section
from v2g_tool.bench.pki.sound import SECCID, STATION
from v2g_tool.model.check import checks_of
from v2g_tool.model.section import Column, Mark, Table
from v2g_tool.pki import checks, file_checks
from v2g_tool.pki.pictures.tree import MOST, tree_svg
from v2g_tool.pki.rules.facts import PkiFacts
from v2g_tool.pki.rules.marks import WORDS
from v2g_tool.pki.rules.verdict import judge
from v2g_tool.pki.section import CertificateRecord, CredentialRecord, Pki, clipped, walk
from v2g_tool.pki.work.summary import pki_section
from v2g_tool.report.page import Page

TOOL = str(Path(sys.executable).with_name("v2g-tool"))
SVG = "{http://www.w3.org/2000/svg}"
RED = "#b3121d"
DEVICE = "(empty name)"
MARKED: dict[str, dict[str, tuple[Mark, str]]] = {
    "": {},
    "second-leaf": {},
    "chain-path-length": {"CPOSubCA1": ("fail", "more CAs below than it allows")},
    "chain-too-deep": {SECCID: ("fail", "too deep")},
    "chain-cross-signed": {"CPOSubCA1": ("warning", "name stands here again")},
    "chain-duplicate-serial": {
        "CPOSubCA1": ("warning", "serial number given twice"),
        "V2GRootCA": ("warning", "serial number given twice"),
    },
    "chain-sub-ca-in-store": {"CPOSubCA1": ("fail", "stands among the roots")},
    "cert-expired": {SECCID: ("fail", "expired")},
    "cert-sub-ca-expired": {"CPOSubCA2": ("fail", "expired"), SECCID: ("warning", "outlives its issuer")},
    "cert-root-expired": {"V2GRootCA": ("fail", "expired"), "CPOSubCA1": ("warning", "outlives its issuer")},
    "cert-not-yet-valid": {SECCID: ("fail", "not yet valid")},
    "cert-expires-soon": {SECCID: ("warning", "ends soon")},
    "cert-rsa-1024": {STATION: ("fail", "RSA key too short")},
    "cert-no-cert-sign": {"CPOSubCA2": ("fail", "key usage wrong")},
    "cert-root-unknown-critical": {"V2GRootCA": ("fail", "unknown critical extension")},
    "cert-sep2-no-policies": {DEVICE: ("fail", "policies wrong")},
    "crl-leaf-revoked": {SECCID: ("fail", "revoked")},
    "crl-sub-ca-revoked": {"CPOSubCA2": ("fail", "revoked")},
    "crl-absent": {SECCID: ("warning", "no revocation list")},
    "crl-no-crl-sign": {"CPOSubCA2": ("fail", "may sign no revocation list")},
    "store-anchor-not-pinned": {"V2GRootCA": ("fail", "not pinned")},
    "key-foreign": {},
}

ELSEWHERE = {
    *(checks.ROOT_SENT, checks.LIFETIME, checks.ENDLESS, checks.EDITION_20),  # told, and no warning
    *(checks.CLOCK, checks.SYNC),
    *(checks.CRL_STALE, checks.CRL_SIGNER, checks.CRL_TIME),  # marked in the table of the lists
    *(check for check in checks_of(file_checks) if check.id.startswith(("CERT-STORE-", "CERT-INSTALL-", "CERT-MODE-"))),
    *(file_checks.PASSPHRASE, file_checks.FOLDER, file_checks.INTER_LINK, file_checks.EXTRA),
}
"""Checks of what is in no tree."""


def section_of(facts: PkiFacts) -> Pki:
    return pki_section(facts, judge(facts), "/")


def examined(root: Path, *faults: str) -> Pki:
    return section_of(facts_of(root, written(root, *filter(None, faults))[1]))


def by_name(section: Pki) -> dict[str, CredentialRecord]:
    return {credential.name: credential for credential in section.credentials}


def marked(credential: CredentialRecord) -> dict[str, tuple[Mark, str]]:
    return {each.name: (each.mark, each.trouble) for each in credential.path if each.mark != "ok" or each.trouble}


def shown(section: Pki, encoding: str = "utf-8") -> list[str]:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    page = Page(Console(file=stream, width=80, color_system=None))
    for table in section.tables():
        page.rows(table)
    return [line.rstrip() for line in raw.getvalue().decode(encoding).splitlines()]


def words(svg: bytes) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def boxes(svg: bytes) -> list[ElementTree.Element]:
    return [rect for rect in ElementTree.fromstring(svg).iter(f"{SVG}rect") if rect.find(f"{SVG}title") is not None]


def record(name: str, mark: Mark = "ok", trouble: str = "", days: str = "9") -> CertificateRecord:
    plain = dict.fromkeys(("issuer", "serial", "sha256", "key", "not_before"), "")
    day = "2027-01-01T00:00:00Z"
    return CertificateRecord(
        name=name, subject=name, not_after=day, days_left=days, mark=mark, trouble=trouble, **plain
    )


def site_of(*paths: Sequence[CertificateRecord], name: str = "secc") -> Pki:
    credentials = tuple(
        CredentialRecord(
            name=name,
            role="secc",
            profile="iso15118-2",
            anchored=True,
            ruling="it holds",
            path=tuple(path),
            missing="",
            mark="ok",
            trouble="",
        )
        for path in paths
    )
    return Pki(target="pki", root="/", at="", credentials=credentials, lists=())


@pytest.mark.parametrize("defect", MARKED)
def test_a_mark_stands_on_the_certificate_that_is_wrong_and_on_no_other(defect: str, tmp_path: Path) -> None:
    section = examined(tmp_path, defect)

    assert {name: said for each in section.credentials for name, said in marked(each).items()} == MARKED[defect]


def test_every_check_of_a_certificate_or_its_files_has_words_of_its_own() -> None:
    every = {*checks_of(checks), *checks_of(file_checks)}

    assert {*WORDS} == every - ELSEWHERE


def test_a_credential_fails_with_its_path_and_the_others_do_not(tmp_path: Path) -> None:
    marks = {name: each.mark for name, each in by_name(examined(tmp_path, "crl-sub-ca-revoked")).items()}

    assert marks == {"secc": "fail", "sep2": "ok", "ocpp": "ok"}


@pytest.mark.parametrize(
    ("defect", "said"),
    [
        ("key-foreign", ("fail", "key of another certificate")),
        ("key-readable", ("fail", "key open to others")),
        ("key-locked", ("inconclusive", "key not compared")),
        ("chain-order", ("fail", "chain file in wrong order")),
        ("cert-file-missing", ("fail", "file not read")),
        ("cert-file-crlf", ("warning", "file in odd form")),
    ],
)
def test_what_is_wrong_with_a_file_is_said_of_its_credential(defect: str, said: object, tmp_path: Path) -> None:
    found = by_name(examined(tmp_path, defect))["secc"]

    assert (found.mark, found.trouble) == said
    assert marked(found) == {}


def test_a_missing_issuer_is_named_on_top_of_the_path(tmp_path: Path) -> None:
    section = examined(tmp_path, "chain-sub-ca-missing")
    issuer = "CN=CPOSubCA1,O=V2G Bench,C=DE,DC=V2G"

    assert by_name(section)["secc"].missing == issuer
    assert by_name(section)["ocpp"].missing == ""
    assert [(depth, node.name) for depth, node in walk(section.trees())][:3] == [
        (0, f"missing: {issuer}"),
        (1, "CPOSubCA2"),
        (2, SECCID),
    ]
    assert f"missing: {issuer}" in words(tree_svg(section, "site"))


def test_a_root_that_is_in_no_store_is_marked_with_the_name_of_the_store(tmp_path: Path) -> None:
    found = by_name(examined(tmp_path, "chain-with-root", "chain-no-anchor"))["secc"]

    assert found.missing == ""
    assert found.path[-1].name == "V2GRootCA"
    assert (found.path[-1].mark, found.path[-1].trouble) == ("fail", "root not in store 'v2g'")


def test_a_root_that_one_credential_trusts_is_marked_for_the_other_only(tmp_path: Path) -> None:
    facts = facts_of(tmp_path, written(tmp_path)[1])
    secc = next(each for each in facts.credentials if each.name == "secc")
    paths = tuple(replace(path, anchored=False) for path in secc.paths)
    other = replace(secc, name="other", site=secc.site.model_copy(update={"store": "mo"}), paths=paths)
    found = section_of(replace(facts, credentials=(secc, other)))

    assert marked(by_name(found)["secc"]) == {}
    assert marked(by_name(found)["other"]) == {"V2GRootCA": ("fail", "root not in store 'mo'")}
    assert [node.mark for node in found.trees()] == ["ok", "fail"]


def test_what_paths_share_is_there_once() -> None:
    root, sub = record("root"), record("sub")
    section = site_of(*([record(f"leaf {number}"), sub, root] for number in range(3)), [record("leaf 3"), root])

    assert [(depth, node.name) for depth, node in walk(section.trees())] == [
        (0, "root"),
        (1, "sub"),
        (2, "leaf 0"),
        (2, "leaf 1"),
        (2, "leaf 2"),
        (1, "leaf 3"),
    ]
    assert sum(line.split()[:3] == ["✓", "ok", "root"] for line in shown(section)) == 1
    assert words(tree_svg(section, "site")).count("root") == 1


def test_without_credentials_there_is_neither_table_nor_picture(tmp_path: Path) -> None:
    site = written(tmp_path)[1].model_copy(update={"credentials": {}, "crls": ()})
    section = section_of(facts_of(tmp_path, site))

    assert section.tables() == ()
    assert section.pictures == ()


def test_a_path_of_any_length_is_shown() -> None:
    section = site_of([record(f"ca {number}") for number in range(1500)])

    assert max(map(len, shown(section))) <= 80
    assert len(boxes(tree_svg(section, "site"))) == MOST


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
@pytest.mark.parametrize(
    "defect", ["", "second-leaf", "chain-sub-ca-missing", "chain-too-deep", "crl-sub-ca-revoked", "key-locked"]
)
def test_the_trees_fit_80_columns_with_one_line_a_certificate(defect: str, encoding: str, tmp_path: Path) -> None:
    section = examined(tmp_path, defect)
    lines = shown(section, encoding)

    rows = [line.replace("|", " ").split() for line in lines]
    days = {each.days_left for credential in section.credentials for each in credential.path}
    assert max(map(len, lines)) <= 80
    assert all("secp" in line for line in lines if "DEABCS" in line)
    assert sum("secp" in "".join(row) and row[-1] in days for row in rows) == len(
        {each.sha256 for credential in section.credentials for each in credential.path}
    )


def test_the_state_is_sign_and_word_on_every_terminal(tmp_path: Path) -> None:
    section = examined(tmp_path, "chain-sub-ca-missing")
    signs = {line.partition(" CPOSubCA2")[0] for line in shown(section)}

    assert "! warning  └" in signs
    assert [line[:8].strip() for line in shown(section)][4] == "✗ fail"
    assert [line.replace("|", "").strip()[:8].strip() for line in shown(section, "ascii")][4] == "x fail"


def test_only_a_state_gets_a_sign_of_ours() -> None:
    table = Table("t", (Column("State", marks=True), Column("Name")), (("ok", "ok"), ("✓ ok", "✗ fail"), ("okay", "")))
    raw = io.StringIO()
    Page(Console(file=raw, width=80, color_system=None)).rows(table)

    assert [line.split() for line in raw.getvalue().splitlines()[-3:]] == [
        ["✓", "ok", "ok"],
        ["?", "ok", "?", "fail"],
        ["okay"],
    ]


def test_a_failure_is_drawn_red_with_sign_and_word(tmp_path: Path) -> None:
    svg = tree_svg(examined(tmp_path, "crl-sub-ca-revoked"), "site")
    red = [rect for rect in boxes(svg) if rect.get("stroke") == RED]
    lines = [path for path in ElementTree.fromstring(svg).iter(f"{SVG}path") if path.get("stroke") == RED]

    assert [(rect.findtext(f"{SVG}title") or "").partition(",")[0] for rect in red] == ["CN=CPOSubCA2"]
    assert len(lines) == 3  # to the box, and a cross for certificate and credential
    assert {"revoked", "fail", "Credentials: 1 fail, 2 ok. Certificates: 1 fail, 9 ok."} <= {*words(svg)}
    assert not any(rect.get("stroke") == RED for rect in boxes(tree_svg(examined(tmp_path / "sound"), "site")))


def test_key_end_and_days_stand_in_the_picture(tmp_path: Path) -> None:
    root = written(tmp_path)[1]
    at = datetime.now(UTC)
    said = words(tree_svg(section_of(facts_of(tmp_path, root, at)), "site"))
    later = words(tree_svg(section_of(facts_of(tmp_path, root, at + timedelta(days=60))), "site"))

    assert {"secp256r1", "never ends", "50 days left", f"ends {at + timedelta(days=50):%Y-%m-%d}"} <= {*said}
    assert {"10 days ago", f"ended {at + timedelta(days=50):%Y-%m-%d}"} <= {*later}


def test_of_more_boxes_than_fit_the_rest_is_counted_with_its_failures() -> None:
    many = [[record(f"leaf {number}"), record("root")] for number in range(MOST)]
    hidden = tree_svg(site_of(*many, [record("last", "fail"), record("root")]), "site")
    first = tree_svg(site_of(*many, [record("last", "fail"), record("other root")]), "site")

    assert len(boxes(hidden)) == len(boxes(first)) == MOST
    assert words(hidden)[-1] == "2 more are not drawn (1 fail); report.json has them all."
    assert words(first)[-1] == "3 more are not drawn (0 fail); report.json has them all."
    assert words(first).index("other root") < words(first).index("root")


HOSTILE = [
    "<script>alert(1)</script>",
    "]]>&quot;&#0;",
    "\x00\x1b[2J\x9b\u202e\ufffe\ud7ff",
    "W" * 5000,
    "\u4e00" * 5000,
]


@pytest.mark.parametrize("name", HOSTILE, ids=["script", "markup", "control", "long", "wide"])
def test_a_hostile_name_stays_text_within_its_room(name: str) -> None:
    section = site_of([record(name, "fail", name), record(name, days=name)], name=name)
    svg = tree_svg(section, name[:80])
    root = ElementTree.fromstring(svg)

    assert {element.tag for element in root.iter()} <= {
        f"{SVG}{tag}" for tag in ("svg", "title", "defs", "pattern", "rect", "path", "line", "text")
    }
    assert all(text.isprintable() for element in root.iter() if (text := (element.text or "").strip("\n")))
    assert not [key for element in root.iter() for key in element.attrib if key.startswith("on") or "href" in key]
    assert max(map(len, words(svg))) <= 150
    assert len(svg) < 20_000
    assert max(map(len, shown(section))) <= 80


def test_the_same_section_gives_the_same_bytes(tmp_path: Path) -> None:
    section = examined(tmp_path, "chain-cross-signed")

    assert tree_svg(section, "site") == tree_svg(Pki.model_validate_json(section.model_dump_json()), "site")


@pytest.mark.parametrize("most", range(1, 12))
def test_a_clipped_name_keeps_beginning_and_end(most: int) -> None:
    short = clipped("0123456789", most)

    assert len(short) == min(most, 10)
    assert short in "0123456789" or "0123456789".startswith(short.partition("…")[0])
    assert "0123456789".endswith(short.partition("…")[2])


def test_the_report_holds_the_picture_and_the_last_screen_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [TOOL, "bench", "run", "--fault", "cert-expired", "--", TOOL, "certs"],
        cwd=tmp_path,
        env={**os.environ, "HOME": str(tmp_path), "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=HANG_S,
        check=False,
    )
    (folder,) = (tmp_path / "reports").iterdir()
    report = json.loads((folder / "report.json").read_bytes())
    lines = done.stdout.splitlines()
    bound = {each["name"]: each["sha256"] for each in report["attachments"]}

    assert done.returncode == 1
    assert bound["certificates.svg"] == hashlib.sha256((folder / "certificates.svg").read_bytes()).hexdigest()
    assert section(report, "pki")["pictures"] == ["certificates.svg"]
    assert max(map(len, lines[:-1])) <= 80
    for said in ("FAIL   certs", "CERT-TIME-001", "Have it renewed by its issuer", folder.name):
        assert said in "\n".join(lines[-24:])
