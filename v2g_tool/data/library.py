"""Where site and profile files are looked up, and how they become models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from v2g_tool.data.datafile import load
from v2g_tool.errors import RequestError
from v2g_tool.model.profiles.head import ProfileHead
from v2g_tool.model.site.site import Site
from v2g_tool.model.spelling import did_you_mean

P = TypeVar("P", bound=ProfileHead)


def built_in_profiles() -> Path:
    """Give the folder of the profiles that came with the program (wheel or checkout)."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "profiles"
    return inside if inside.is_dir() else package.parent / "profiles"


def find_profile(name: str, kind: type[ProfileHead]) -> Path:
    """Give the file of a profile: a path, /etc/v2g/profiles, built in; raises RequestError with did-you-mean."""
    if "/" in name or name.endswith(".toml"):
        return Path(name)
    folder = kind.FOLDER
    roots = (Path("/etc/v2g/profiles"), built_in_profiles())
    for root in roots:
        path = root / folder / f"{name}.toml"
        if os.path.lexists(path):
            return path
    known = sorted(path.stem for root in roots for path in (root / folder).glob("*.toml"))
    raise RequestError(
        f"there is no profile '{name}' among the {folder}.{did_you_mean(name, known)}",
        why=f"Known: {', '.join(known)}.",
        todo="Correct the name in the site file, or give the path of a profile file.",
    )


def data_files() -> dict[str, Path]:
    """Give every data file as FOLDER/ID; one of /etc/v2g/profiles hides a built-in one."""
    roots = (built_in_profiles(), Path("/etc/v2g/profiles"))
    return {f"{path.parent.name}/{path.stem}": path for root in roots for path in sorted(root.glob("*/*.toml"))}


def load_profile(name: str, model: type[P]) -> tuple[P, Path]:
    """Give the profile called `name` and its file; raises RequestError with file, line and key."""
    path = find_profile(name, model)
    return load(path, model, "profile"), path


def find_site_file(given: Path | None) -> Path:
    """Give the site file: `given`, $V2G_SITE, ./site.toml, /etc/v2g/site.toml; raises RequestError if none exists."""
    if named := given or os.environ.get("V2G_SITE"):
        return Path(named)
    for path in (Path("site.toml"), Path("/etc/v2g/site.toml")):
        if os.path.lexists(path):
            return path
    raise RequestError(
        "no site file found",
        why="Looked at --site, $V2G_SITE, ./site.toml and /etc/v2g/site.toml.",
        todo="Begin with 'v2g-tool profiles show sites/example > site.toml', or try 'v2g-tool bench run -- ...'.",
    )


def load_site(path: Path) -> Site:
    """Give the site that the file describes; raises RequestError with file, line and key."""
    return load(path, Site, "site file")
