from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import jsonschema
import pytest
from pydantic import ValidationError

from v2g_tool.errors import Unsupported
from v2g_tool.model.report import Report
from v2g_tool.model.section import Section
from v2g_tool.register import all_sections
from v2g_tool.report.schema import read_report, report_schema

from .sample import calibration, filled_folder, report_in, telemetry

GOLDEN = Path(__file__).parent / "golden"


def golden_schema() -> dict[str, object]:
    return dict(json.loads((GOLDEN / "report.schema.json").read_text()))


def test_the_published_schema_is_the_one_of_the_model() -> None:
    assert report_schema(all_sections()) == golden_schema()


def test_the_schema_is_a_schema() -> None:
    schema = report_schema(all_sections())

    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == "urn:v2g-report:1"


def test_the_golden_report_fits_the_schema_and_survives_byte_for_byte() -> None:
    content = (GOLDEN / "report.json").read_bytes()

    jsonschema.Draft202012Validator(golden_schema()).validate(json.loads(content))
    assert report_in(content).canonical_bytes() == content


@pytest.mark.parametrize("sections", [(), (telemetry(),), (calibration(), telemetry(), calibration(("idle",)))])
def test_a_report_of_any_sections_fits_the_schema_and_survives_byte_for_byte(
    tmp_path: Path, sections: tuple[Section, ...]
) -> None:
    content = filled_folder(tmp_path, sections=sections)[1].canonical_bytes()

    jsonschema.Draft202012Validator(golden_schema()).validate(json.loads(content))
    read = report_in(content)
    assert read.canonical_bytes() == content
    assert [type(section) for section in read.sections] == [type(section) for section in sections]


@pytest.mark.parametrize("change", [{"verdict": "good"}, {"schema": "v2g-report/2"}, {"extra": 1}, {"findings": None}])
def test_the_schema_refuses_what_the_model_refuses(change: dict[str, object]) -> None:
    content = json.loads((GOLDEN / "report.json").read_bytes()) | change

    assert not jsonschema.Draft202012Validator(golden_schema()).is_valid(content)


class Newer(Section):
    kind: Literal["newer"] = "newer"


def test_a_section_of_a_newer_version_is_said_and_one_that_is_none_is_refused(tmp_path: Path) -> None:
    made = filled_folder(tmp_path)[1]
    newer = made.model_copy(update={"sections": (Newer(target="x"),)}).canonical_bytes()
    bare = made.model_copy(update={"sections": (Section(kind="host", target="x"),)}).canonical_bytes()

    with pytest.raises(Unsupported, match="section 'newer'"):
        report_in(newer)
    with pytest.raises(ValidationError, match="drop_in"):
        report_in(bare)
    with pytest.raises(ValidationError):
        Report.model_validate_json(newer.replace(b'"newer"', b"7"), strict=True)


@pytest.mark.parametrize("sections", ["[]", "{}", "[7]", '[{"kind": 7}]', '[{"kind": ["host"]}]', '[{"kind": "host"}]'])
def test_sections_of_any_shape_are_read_or_refused(tmp_path: Path, sections: str) -> None:
    raw = json.loads(filled_folder(tmp_path)[1].canonical_bytes()) | {"sections": json.loads(sections)}

    def known(kind: str) -> type[Section] | None:
        return {section.model_fields["kind"].default: section for section in all_sections()}.get(kind)

    if sections == "[]":
        assert read_report(json.dumps(raw).encode(), raw, known).sections == ()
    else:
        with pytest.raises(ValidationError):
            read_report(json.dumps(raw).encode(), raw, known)
