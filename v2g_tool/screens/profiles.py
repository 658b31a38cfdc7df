"""`profiles list`, `show` and `check`: the data files, built in and your own."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path
from typing import get_args

from pydantic import ValidationError

from v2g_tool.data.datafile import key_problems, line_of, read_bytes, read_toml
from v2g_tool.data.library import data_files
from v2g_tool.drawing.text import plain
from v2g_tool.errors import ExitStatus, RequestError
from v2g_tool.metering.work.request import check_request
from v2g_tool.model.profiles.head import ProfileHead
from v2g_tool.model.site.site import Site
from v2g_tool.model.spelling import did_you_mean
from v2g_tool.register import all_profiles
from v2g_tool.report.page import show_lines, tell_error
from v2g_tool.run.request import Place, located_errors


def list_files() -> None:
    """Print each data file as FOLDER/ID with its status and the document behind it, in 80 columns."""
    files = data_files()
    for name, path in files.items():
        found, problems = _examined(path)
        if isinstance(found, ProfileHead):
            rows = {row.status for row in getattr(found, "rows", ())}
            own = rows.pop() if len(rows) == 1 else "mixed" if rows else ""
            status, title = getattr(found, "status", own), found.document.title
        else:
            status, title = ("", f"Site file of {found.site.name}") if found else ("broken", problems[0].what)
        head = f"{name:<{max(map(len, files))}}  {status:<8}  "
        show_lines(head + textwrap.shorten(title, 80 - len(head), placeholder=" …"), whole=True)


def show_file(name: str) -> None:
    """Print the bytes of a data file; on a terminal its text, made harmless."""
    content = read_bytes(_located(name), "file")
    if sys.stdout.isatty():
        content = "".join(f"{plain(line)}\n" for line in content.decode(errors="replace").splitlines()).encode()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def check_file(name: str) -> ExitStatus:
    """Say all that is wrong with a data file, or that nothing is; of a site also what its meters refer to."""
    path = _located(name)
    found, problems = _examined(path)
    if isinstance(found, Site):
        for meter in found.meters:
            try:
                with located_errors(Place(found, path, read_bytes(path, "file"))):
                    check_request(found, meter)
            except RequestError as exc:
                problems.append(exc)
    for problem in problems:
        tell_error(problem)
    if problems:
        return ExitStatus.WRONG_REQUEST
    show_lines(f"{path}: nothing is wrong with it", mark="✓ ", whole=True)
    return ExitStatus.WITHIN_LIMITS


def _located(name: str) -> Path:
    files = data_files()
    if name not in files and not os.path.lexists(name):
        why = "It is no path, and none of those that 'v2g-tool profiles list' shows."
        raise RequestError(f"there is no data file '{name}'.{did_you_mean(name, files)}", why=why, todo="Correct it.")
    return files.get(name, Path(name))


def _examined(path: Path) -> tuple[Site | ProfileHead | None, list[RequestError]]:
    """Give what a file describes, by its kind, else its folder; or None and all that is wrong with it."""
    content = read_bytes(path, "file")
    text, raw, problems = read_toml(content, path, "file")
    models = all_profiles()
    kinds = {get_args(model.model_fields["kind"].annotation)[0]: model for model in models}
    folders = {model.FOLDER: model for model in models}
    kind = str(raw.get("kind", ""))
    model: type[Site] | type[ProfileHead] | None = kinds.get(kind) or folders.get(path.parent.name)
    model = Site if "site" in raw else model or (None if kind else Site)
    if model is None:
        what = f"{path}:{line_of(text, ['kind'])}: there is no kind '{kind}'.{did_you_mean(kind, kinds)}"
        return None, [*problems, RequestError(what, why=f"Known: {', '.join(kinds)}.", todo="Correct the kind.")]
    try:
        found = model.model_validate(raw)
    except ValidationError as exc:
        what = "site file" if model is Site else "profile"
        more = key_problems(path, text, what, model, exc) if raw or not problems else []
        return None, [*problems, *more]
    return (None if problems else found), problems
