"""Reading a report, and the published schema of report.json for readers that do not use this program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from v2g_tool.drawing.text import plain
from v2g_tool.errors import Unsupported
from v2g_tool.model.report import SCHEMA, Report, report_type
from v2g_tool.model.section import Section, SectionOf

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER = f"urn:{SCHEMA.replace('/', ':')}"


def report_schema(sections: Sequence[type[Section]]) -> dict[str, object]:
    """Give the JSON Schema (draft 2020-12) of report.json with these kinds of sections."""
    schema = report_type(sections).model_json_schema(by_alias=True, mode="serialization")
    return {**schema, "$schema": DIALECT, "$id": IDENTIFIER, "title": "v2g-tool report"}


def read_report(content: bytes, raw: object, section: SectionOf) -> Report:
    """Give the report in `content`, strict, so that the model reads exactly what stands there.

    Args:
        content: the bytes.
        raw: the same, parsed: says which kinds of sections there are.
        section: gives the type of a kind.

    Raises:
        Unsupported: it has a kind of section that this version does not know.
        ValidationError: it is no report.
    """
    sections = raw.get("sections") if isinstance(raw, Mapping) else None
    parts = [part for part in sections if isinstance(part, Mapping)] if isinstance(sections, list) else []
    kinds = dict.fromkeys(kind for part in parts if isinstance(kind := part.get("kind"), str))
    found = {kind: section(kind) for kind in kinds}
    if unknown := [kind for kind, known in found.items() if known is None]:
        raise newer(f"the report has a section '{plain(unknown[0])}', which this version does not know")
    return report_type([known for known in found.values() if known]).model_validate_json(content, strict=True)


def newer(what: str) -> Unsupported:
    """Give the error for a report that only a newer version can read."""
    return Unsupported(what, why="It was made by a newer version of this program.", todo="Use that version.")
