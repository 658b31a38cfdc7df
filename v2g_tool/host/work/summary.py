"""The outcome of `sysctl` for the report."""

from __future__ import annotations

from pathlib import Path

from v2g_tool.data.datafile import sha256_hex
from v2g_tool.drawing.text import plain
from v2g_tool.host.rules.keys import KeyFacts, place, value_of, wanted
from v2g_tool.host.section import Sysctl, SysctlKey
from v2g_tool.host.work.sysctl import Outcome, Yardstick
from v2g_tool.model.sysctl import LiveState, LiveValue
from v2g_tool.run.result import Result


def sysctl_result(yardstick: Yardstick, profile_path: Path, outcome: Outcome) -> Result:
    """Give what the check came to, as any procedure gives it."""
    drop_in = f"/etc/sysctl.d/{yardstick.profile.drop_in}"
    section = Sysctl(
        target="ems",
        root=plain(str(yardstick.host.root)),
        profile=yardstick.profile.id,
        profile_status=yardstick.profile.status,
        profile_sha256=sha256_hex(profile_path),
        keys=tuple(
            _row(found, left, outcome.writes)
            for found, left in zip(outcome.before.keys, outcome.after.keys, strict=True)
        ),
        drop_in=drop_in if drop_in in (*outcome.writes, *outcome.restored) else "",
        write_requests=len(outcome.writes) + len(outcome.restored),
        statement=outcome.statement,
    )
    return Result("ems", outcome.findings, sections=[section], error=outcome.error)


def _row(found: KeyFacts, left: KeyFacts, writes: list[str]) -> SysctlKey:
    boot, system = left.boot.winner, left.system.winner
    return SysctlKey(
        key=left.key.key,
        unit=left.key.unit,
        wanted=wanted(left.key),
        as_found=_shown(found.live),
        as_left=_shown(left.live),
        at_boot=value_of(boot) if boot else "",
        at_boot_source=place(boot) if boot else "",
        at_reload=value_of(system) if system else "",
        at_reload_source=place(system) if system else "",
        written=left.key.key in writes,
    )


def _shown(live: LiveValue) -> str:
    return live.value if live.state is LiveState.PRESENT else f"<{live.state}>"
