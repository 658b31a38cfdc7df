"""A report for people at a terminal: 80 columns, glyph and word, readable without colour."""

from __future__ import annotations

import hashlib
import os
import ssl
import sys
from collections.abc import Iterable
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from v2g_tool.data.reading import read_regular
from v2g_tool.drawing.text import plain
from v2g_tool.errors import V2GError
from v2g_tool.model.findings import Finding, Verdict
from v2g_tool.model.plc_report import PlcLink, PlcMap
from v2g_tool.model.quantified import Quantified
from v2g_tool.model.report import Calibration, Fitted, Measured, Report
from v2g_tool.model.sysctl_report import Sysctl
from v2g_tool.model.telemetry_report import LossRecord, RoundTrips, Telemetry
from v2g_tool.record.files import REPORT, SIGNATURE, SIGNER, VERIFY

_MARKS = {
    Verdict.PASS: ("✓ PASS", "green"),
    Verdict.FAIL: ("✗ FAIL", "red"),
    Verdict.INCONCLUSIVE: ("? INCONCLUSIVE", "yellow"),
    Verdict.SKIPPED: ("– SKIPPED", "dim"),
}
_WIDEST = 10
MOST_MAPS = 12
"""So many maps fit on a terminal; the report holds more."""
_STAMPS = {"signed": "", "test": "TEST", "unsigned": "UNSIGNED"}
_LONGEST_WORD = 12
# What a terminal without Unicode shows instead; an unlisted character becomes "?".
_ASCII = str.maketrans({"✓": "+", "✗": "x", "–": "-", "→": "->", "±": "+/-", "−": "-", "·": "-", "°": " deg"})


def show_report(report: Report, console: Console, folder: Path | None = None) -> None:
    """Show verdict, findings with the worst first, results and where the files lie.

    Args:
        report: what to show; text from instruments and files is shown, never interpreted.
        console: where; its width and colours are respected.
        folder: the folder of the bundle, when it was written.
    """
    page = _Page(console)
    _headline(page, report)
    _findings(page, report.findings)
    if report.calibration is not None:
        _calibration(page, report.calibration)
    if report.plc is not None:
        _plc(page, report.plc)
    if report.telemetry is not None:
        _telemetry(page, report.telemetry)
    if report.sysctl is not None:
        _sysctl(page, report.sysctl)
    _origin(page, report, folder)


def show_verdict(report: Report, console: Console) -> None:
    """Show the headline once more: on a small terminal the first one has scrolled away."""
    _headline(_Page(console), report)


def show_error(error: V2GError, console: Console) -> None:
    """Show a failure in at most three lines: what, why most likely, what to do."""
    page = _Page(console)
    page.say(("✗ ", "bold red"), (error.what, "bold"))
    if error.why:
        page.say((f"  {error.why}", ""))
    if error.todo:
        # A command to be copied must stay one line, whatever the width.
        page.say((f"→ {error.todo}", ""), whole="Run: " in error.todo)


def tell_error(error: V2GError) -> None:
    """Show a failure on standard error."""
    # Behind a pipe a line stays a line: three lines are three lines, and a file name can be searched for.
    show_error(error, Console(stderr=True, soft_wrap=not sys.stderr.isatty()))


class _Page:
    """A console that takes text as text: no markup, no control characters, nothing its encoding lacks."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def text(self, content: str, style: str = "") -> Text:
        """Give `content` as this console can show it."""
        shown = plain(content)
        try:
            shown.encode(self._console.encoding)
        except UnicodeEncodeError:
            shown = shown.translate(_ASCII).encode(self._console.encoding, "replace").decode(self._console.encoding)
        return Text(shown, style)

    def say(self, *parts: tuple[str, str], whole: bool = False) -> None:
        """Show one paragraph of (text, style) parts; a `whole` one is not broken into lines."""
        line = Text().join(self.text(content, style) for content, style in parts)
        self._console.print(line, soft_wrap=whole or self._console.soft_wrap)

    def rows(self, title: str, columns: Iterable[tuple[str, bool]], rows: Iterable[Iterable[str]]) -> None:
        """Show a table; a column is (heading, whether it holds numbers)."""
        unicode = self._console.encoding.startswith("utf")
        table = Table(box=box.SIMPLE_HEAD if unicode else box.ASCII2, padding=(0, 1, 0, 0), show_edge=False)
        cells = [[self.text(cell) for cell in row] for row in rows]
        for number, (heading, numbers) in enumerate(columns):
            # The first column gives way when the terminal is narrow; the others break between words only.
            word = max((len(word) for row in cells for word in row[number].plain.split()), default=0)
            number_width = max(map(len, (heading, *(row[number].plain for row in cells))))
            table.add_column(
                self.text(heading),
                justify="right" if numbers else "left",
                no_wrap=numbers,
                overflow="fold",
                min_width=number_width if numbers else min(word, _LONGEST_WORD) if number else None,
            )
        for row in cells:
            table.add_row(*row)
        self._console.print()
        self.say((title, "bold"))
        self._console.print(table)

    def hang(self, rows: Iterable[tuple[tuple[str, str], tuple[str, str]]]) -> None:
        """Show paragraphs behind a mark, each indented to the widest mark."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for mark, content in rows:
            grid.add_row(self.text(*mark), self.text(*content))
        self._console.print(grid)


def _headline(page: _Page, report: Report) -> None:
    mark, colour = _MARKS[report.verdict]
    section = report.calibration or report.plc or report.telemetry
    target = section.target if section else report.site.charger
    where = f"{target} at {report.site.name}" if target else report.site.name
    stamp = _STAMPS[report.signature]
    page.say(
        (f" {mark} ", f"bold reverse {colour}"),
        (f"  {report.procedure}  {where}", "bold"),
        (f"  {stamp}" if stamp else "", "bold magenta"),
    )


def _findings(page: _Page, findings: Iterable[Finding]) -> None:
    rows: list[tuple[tuple[str, str], tuple[str, str]]] = []
    ranked = sorted(findings, key=_rank)
    for finding, following in zip(ranked, [*ranked[1:], None], strict=False):
        mark, colour = _MARKS[finding.verdict]
        corrected = finding.verdict is Verdict.FAIL and finding.corrected
        rows.append(((f"{mark}, corrected" if corrected else mark, colour), (_statement(finding), "")))
        if finding.corrected:
            rows.append((("", ""), (finding.corrected, "")))
        elif finding.remedy and not _says_the_same(finding, following):
            rows.append((("", ""), (f"→ {finding.remedy}", "")))
    if rows:
        page.say(("", ""))
        page.hang(rows)


def _says_the_same(finding: Finding, following: Finding | None) -> bool:
    """Give whether the next one asks for the same and will say so: once is enough."""
    return following is not None and (following.remedy, following.corrected) == (finding.remedy, "")


def _rank(finding: Finding) -> tuple[int, int, str]:
    """Order the worst first; what this run has put right comes after what still needs somebody."""
    order = (Verdict.FAIL, Verdict.INCONCLUSIVE, None, Verdict.SKIPPED, Verdict.PASS)
    corrected = finding.verdict is Verdict.FAIL and finding.corrected
    return order.index(None if corrected else finding.verdict), -finding.severity, finding.check


def _statement(finding: Finding) -> str:
    return f"{finding.check}  {finding.subject}: {finding.statement}"


def _calibration(page: _Page, calibration: Calibration) -> None:
    if calibration.measured:
        _measured(page, calibration.measured)
    if found := [fit for fit in calibration.fitted if fit.stage == "as-found"]:
        columns = (("Phase", False), ("Parameter", False), ("Error ± U", True), ("", False))
        page.rows("Fit, as found", columns, (_fit(fit) for fit in found))
    if any(r.written or r.as_left != r.as_found for r in calibration.registers):
        columns = (("Register", False), ("Address", False), ("Old → new", False), ("", False))
        page.rows(
            f"Registers (write requests: {calibration.write_requests})",
            columns,
            (
                (r.name, r.address, f"{r.as_found} → {r.as_left}", "written" if r.written else "not written")
                for r in calibration.registers
            ),
        )
    if calibration.statement:
        page.say(("", ""))
        page.say((calibration.statement, ""))


def _plc(page: _Page, link: PlcLink) -> None:
    columns = (("Tier", True), ("Measured", False), ("By", False), ("Towards", False), ("Rows", True), ("dB", True))
    page.rows(
        f"PLC maps through {link.interface}, dB from the lowest to the highest value",
        columns,
        (_plc_map(m) for m in link.maps[:MOST_MAPS]),
    )
    if len(link.maps) > MOST_MAPS:
        page.say((f"and {len(link.maps) - MOST_MAPS} more maps, see report.json", "dim"))


def _plc_map(link: PlcMap) -> tuple[str, ...]:
    values = [float(v) for p in link.points if p.median for v in (p.lowest, p.highest)]
    span = f"{min(values):.0f} to {max(values):.0f}" if values else ", ".join(link.flags) or "-"
    return str(link.tier), link.quantity, link.reporter, link.peer or "all", str(link.rows), span


def _telemetry(page: _Page, telemetry: Telemetry) -> None:
    rows = [
        *(_loss(telemetry.loss, telemetry) if telemetry.loss is not None else []),
        *(_round_trips(telemetry.round_trips) if telemetry.round_trips is not None else []),
        *(("Packet", _or(p.packet), _or(p.proven or p.route)) for p in [telemetry.path] if p is not None),
        *(("Programs", pair, "") for pair in telemetry.programs),
    ]
    if rows:
        title = f"Telemetry to {telemetry.target}: {telemetry.statement}"
        page.rows(title, (("", False), ("", False), ("Limit", True)), rows)


def _loss(loss: LossRecord, telemetry: Telemetry) -> list[tuple[str, str, str]]:
    unsure = f"{loss.unaccounted} behind the last, {loss.out_of_order} late or double"
    burst = f"{telemetry.burst_least} to {telemetry.burst_most} datagrams" if telemetry.burst_most else "none"
    rate = f"{_or(telemetry.sent_rate)} sent, {_or(telemetry.received_rate)} received"
    return [
        ("Loss", f"{_or(loss.ratio)}, {loss.lower.value} to {_or(loss.upper)}", _or(loss.limit)),
        ("", f"{_or(loss.confidence)} confidence at look {loss.look}", ""),
        ("Datagrams", f"{loss.sent} sent, {loss.lost} lost", ""),
        ("", unsure, ""),
        ("Worst burst", burst, ""),
        ("Rate", rate, _or(telemetry.asked_rate)),
        ("Jitter", f"{_or(telemetry.jitter)} at the end, at most {_or(telemetry.worst_jitter)}", ""),
    ]


def _round_trips(trips: RoundTrips) -> list[tuple[str, str, str]]:
    points = [f"{_share(point.percentile)} {_or(point.time, 'no answer')}" for point in trips.points]
    bounds = f"{trips.judged}% between {_or(trips.lower, 'open')} and {_or(trips.upper, 'open')}"
    count = f"{trips.asked} by {trips.kind}, {trips.unanswered} unanswered"
    return [
        ("Round trips", count, ""),
        ("", bounds, _or(trips.limit)),
        ("", ", ".join(points[:2]), ""),
        ("", ", ".join(points[2:]), ""),
    ]


def _share(percentile: str) -> str:
    return "longest" if percentile == "100" else f"{percentile}%"


def _or(quantity: Quantified | None, otherwise: str = "unknown") -> str:
    return _number(quantity) if quantity is not None else otherwise


def _measured(page: _Page, measured: tuple[Measured, ...]) -> None:
    # The sum is what is judged against the limit; the phases are in the fit, and all of them in report.json.
    sums = [m for m in measured if m.subject == "sum"] or list(measured)
    by_place = {(m.point, m.subject, str(m.stage)): m for m in sums}
    places = list(dict.fromkeys((m.point, m.subject) for m in sums))
    stages = [stage for stage in ("as-found", "as-left") if any(m.stage == stage for m in sums)]
    columns = [("Point", False), ("Limit", True)]
    for stage in stages:
        columns += [(stage.replace("-", " ").capitalize(), True), ("Zone", False)]
    unit, rows = sums[0].error.unit, []
    for point, subject in places:
        found = [by_place.get((point, subject, stage)) for stage in stages]
        limit = next((m.limit for m in found if m is not None and m.limit), None)
        name = point if subject == "sum" else f"{point} {subject}"
        rows.append([name, f"±{_number(limit)}" if limit else "", *(cell for m in found for cell in _cells(m, unit))])
    page.rows(
        f"Error of indication ± U in {unit}{', sum of phases' if sums[0].subject == 'sum' else ''}", columns, rows
    )


def _cells(measured: Measured | None, unit: str) -> tuple[str, str]:
    if measured is None:
        return "", ""
    # The unit stands in the title: the columns need the room.
    return _with_uncertainty(measured.error, measured.expanded_uncertainty).removesuffix(f" {unit}"), measured.zone


def _fit(fit: Fitted) -> tuple[str, str, str, str]:
    error = _with_uncertainty(fit.error, fit.expanded_uncertainty) if fit.error else ""
    return fit.subject, fit.parameter, error, fit.statement


def _with_uncertainty(error: Quantified, uncertainty: Quantified | None) -> str:
    if len(error.value) > _WIDEST:
        return f"{float(error.value):+.1e} {error.unit}"  # a fault, not an error: its size is all that counts
    signed = error.value if error.value.startswith("-") else f"+{error.value}"
    if uncertainty is None:
        return f"{signed} {error.unit}"
    if uncertainty.unit != error.unit:
        return f"{signed} {error.unit} ± {_number(uncertainty)}"
    return f"{signed} ± {_number(uncertainty)}"


def _number(quantity: Quantified) -> str:
    return f"{quantity.value} {quantity.unit}"


def _sysctl(page: _Page, kernel: Sysctl) -> None:
    columns = (("Key", False), ("Wanted", False), ("Now", True), ("Boot", True), ("--system", True))
    page.rows(
        f"Kernel settings, profile {kernel.profile}",
        columns,
        ((k.key, k.wanted, k.as_left, k.at_boot or "-", k.at_reload or "-") for k in kernel.keys),
    )
    page.say(("", ""))
    page.say((kernel.statement, ""))


def _origin(page: _Page, report: Report, folder: Path | None) -> None:
    page.say(("", ""))
    if report.clock.synchronised is not True:
        page.say((f"Clock   {report.clock.statement}", "yellow"))
    if folder is None:
        return
    names = (REPORT, SIGNATURE, SIGNER, VERIFY, report.evidence.name, *(a.name for a in report.attachments))
    present = " ".join(name for name in names if os.path.lexists(folder / name))
    rows = [(("Files", ""), (str(folder), "")), (("", ""), (present, "dim"))]
    if signer := _fingerprint(folder / SIGNER):
        rows.append((("Signer", ""), (signer, "")))
    page.hang(rows)


def _fingerprint(path: Path) -> str:
    """Give the SHA-256 of the first certificate in a PEM file, without loading a cryptography library."""
    try:
        first, end, _ = read_regular(path, 1_000_000).decode("ascii").partition("-----END CERTIFICATE-----")
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first + end)).hexdigest()
    except (OSError, ValueError):
        return ""
