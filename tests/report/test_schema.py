from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from v2g_tool.model.report import Report
from v2g_tool.report.schema import report_schema

from .sample import filled_folder, telemetry

GOLDEN = Path(__file__).parent / "golden"


def golden_schema() -> dict[str, object]:
    return dict(json.loads((GOLDEN / "report.schema.json").read_text()))


def test_the_published_schema_is_the_one_of_the_model() -> None:
    assert report_schema() == golden_schema()


def test_the_schema_is_a_schema() -> None:
    schema = report_schema()

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "urn:v2g-tool:report:3"


def test_the_golden_report_fits_the_schema_and_survives_byte_for_byte() -> None:
    content = (GOLDEN / "report.json").read_bytes()

    jsonschema.Draft202012Validator(golden_schema()).validate(json.loads(content))
    assert Report.model_validate_json(content, strict=True).canonical_bytes() == content


@pytest.mark.parametrize("version", [1, 2])
def test_a_report_of_an_older_version_is_still_read(version: int) -> None:
    content = (GOLDEN / f"report-{version}.json").read_bytes()

    report = Report.model_validate_json(content, strict=True)

    assert report.schema_ == f"v2g-report/{version}"
    assert (report.plc, report.telemetry) == (None, None)
    jsonschema.Draft202012Validator(golden_schema()).validate(json.loads(content))


@pytest.mark.parametrize("changes", [{}, {"calibration": None, "telemetry": telemetry()}])
def test_a_report_of_today_fits_the_schema(tmp_path: Path, changes: dict[str, object]) -> None:
    _, made = filled_folder(tmp_path, **changes)

    jsonschema.Draft202012Validator(golden_schema()).validate(json.loads(made.canonical_bytes()))


@pytest.mark.parametrize("change", [{"verdict": "good"}, {"schema": "v2g-report/4"}, {"extra": 1}, {"findings": None}])
def test_the_schema_refuses_what_the_model_refuses(change: dict[str, object]) -> None:
    content = json.loads((GOLDEN / "report.json").read_bytes()) | change

    assert not jsonschema.Draft202012Validator(golden_schema()).is_valid(content)
