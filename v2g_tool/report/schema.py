"""The published schema of report.json, for readers that do not use this program."""

from __future__ import annotations

from v2g_tool.model.report import Report

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTIFIER = "urn:v2g-tool:report:3"


def report_schema() -> dict[str, object]:
    """Give the JSON Schema (draft 2020-12) of report.json."""
    schema = Report.model_json_schema(by_alias=True, mode="serialization")
    return {**schema, "$schema": DIALECT, "$id": IDENTIFIER, "title": "v2g-tool report"}
