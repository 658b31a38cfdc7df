"""A PKI that the bench writes, examined as `certs` does."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from v2g_tool.bench.pki.site import Pki, pki_text
from v2g_tool.bench.pki.write import write_pki
from v2g_tool.data.library import load_profile
from v2g_tool.hal.linux.pki_files import PkiReader
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.profiles.pki import PkiProfile
from v2g_tool.model.site.pki import PkiSite
from v2g_tool.pki.rules.facts import ClockFacts, PkiFacts
from v2g_tool.pki.rules.verdict import judge
from v2g_tool.pki.work.examine import Examination

PROFILES = {
    name: load_profile(name, PkiProfile)[0] for name in ("iso15118-2", "iso15118-20", "ieee2030-5", "ocpp-2-0-1")
}


def written(root: Path, *faults: str, now: datetime | None = None) -> tuple[Pki, PkiSite]:
    """Give a PKI with these defects below `root`, and what the site file says of it."""
    pki = write_pki(root, faults, now)
    return pki, PkiSite.model_validate(tomllib.loads(pki_text(pki))["pki"])


def facts_of(root: Path, site: PkiSite, at: datetime | None = None) -> PkiFacts:
    """Give what is known of it, now or at another moment."""
    moment = (at or datetime.now(UTC)).replace(microsecond=0)
    examination = Examination(site, PROFILES, PkiReader(root), moment)
    return examination.facts(lambda _kind, _data: None, ClockFacts())


def findings(root: Path, *faults: str) -> Sequence[Finding]:
    """Give all findings about a PKI with these defects."""
    return judge(facts_of(root, written(root, *faults)[1]))


def ids(found: Sequence[Finding], verdict: Verdict) -> list[str]:
    """Give the ids of the findings with a verdict, in their order."""
    return [finding.check for finding in found if finding.verdict is verdict]
