"""What certs says of a path is what openssl and `cryptography` say of it: each disagreement is named, no other is."""

from __future__ import annotations

import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.pki import disagreements as known
from tests.pki import grown
from tests.pki.campaign import surprises
from tests.pki.judges import HOLDS, asked, cryptographys, openssls, ours
from tests.pki.looks import written
from v2g_tool.bench.pki.defects.table import DEFECTS
from v2g_tool.model.site.pki import PkiSite

Verdicts = dict[tuple[str, str], tuple[str, str]]
"""By defect and credential: ours, and the other's."""


class Planted(NamedTuple):
    defect: str
    root: Path
    site: PkiSite
    openssl: dict[str, str]
    """What openssl says of each credential."""


def plantable() -> list[str]:
    """Give all defects, "" for none; a file is given to another account by root alone."""
    return ["", *(name for name in DEFECTS if name != "key-owner" or os.geteuid() == 0)]


@pytest.fixture(scope="module", params=plantable(), ids=lambda name: name or "none")
def planted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Planted:
    root = tmp_path_factory.mktemp("site")
    site = written(root, *filter(None, [request.param]))[1]
    return Planted(request.param, root, site, {name: openssls(root, site, name) for name in site.credentials})


def disagreements(planted: Planted, said: Mapping[str, tuple[str, str]]) -> Verdicts:
    return {(planted.defect, name): (we, they) for name, (we, they) in said.items() if (we == HOLDS) != (they == HOLDS)}


def named(planted: Planted, *tables: known.Rows) -> Verdicts:
    return {key: row[:2] for rows in tables for key, row in rows.items() if key[0] == planted.defect}


def test_the_rules_agree_with_openssl_about_each_credential_or_the_disagreement_is_named(planted: Planted) -> None:
    facts = asked(planted.root, planted.site, "wanted")

    said = {name: (ours(facts, name), theirs) for name, theirs in planted.openssl.items()}

    assert disagreements(planted, said) == named(planted, known.OF_OPENSSL)


def test_rules_and_engine_agree_with_openssl_where_revocation_is_required(planted: Planted) -> None:
    facts = asked(planted.root, planted.site, "required")

    said = {name: (ours(facts, name), theirs) for name, theirs in planted.openssl.items()}

    assert disagreements(planted, said) == named(planted, known.OF_OPENSSL, known.OF_THE_ENGINE)


def test_cryptography_agrees_without_revocation_or_the_disagreement_is_named(planted: Planted) -> None:
    _, root, site, _ = planted
    facts = asked(root, site, "no")

    said = {name: (ours(facts, name), cryptographys(root, site, name)) for name in site.credentials}

    assert disagreements(planted, said) == named(planted, known.OF_CRYPTOGRAPHY)


@pytest.mark.parametrize("kinds", [grown.KINDS, grown.WEB], ids=["any-keys", "keys-of-the-web"])
@pytest.mark.parametrize("fault", grown.FAULTS)
def test_a_chain_grown_at_random_is_judged_alike_or_the_disagreement_is_named(fault: str, kinds: grown.Kinds) -> None:
    chain = grown.grown(random.Random(f"{fault} {len(kinds)}"), fault, kinds)

    assert surprises(chain)[0] == []


def test_every_row_is_of_a_defect_or_fault_and_a_disagreement_with_its_reason() -> None:
    sites = (known.OF_OPENSSL, known.OF_THE_ENGINE, known.OF_CRYPTOGRAPHY)
    chains = (known.GROWN_OF_OPENSSL, known.GROWN_OF_CRYPTOGRAPHY)

    assert {defect for rows in sites for defect, _ in rows} <= {*DEFECTS}
    assert {fault for rows in chains for fault, _ in rows} <= {*grown.FAULTS}
    every = [row for rows in (*sites, *chains) for row in rows.values()]
    assert [row for row in every if (row[0] == HOLDS) == (row[1] == HOLDS) or not row[2]] == []
