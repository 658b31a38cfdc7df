"""What the command line asked of a run, and the site, key and passphrase that it needs."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from v2g_tool.data.datafile import line_of, parsed, read_bytes
from v2g_tool.data.library import find_site_file
from v2g_tool.drawing.text import plain
from v2g_tool.errors import NotPermitted, RequestError, V2GError
from v2g_tool.model.site.site import Site
from v2g_tool.run.run import terminal

if TYPE_CHECKING:
    from v2g_tool.report.signing.keys import Signer
    from v2g_tool.run.result import Result
    from v2g_tool.run.session import Session

_LONGEST_LINE = 4096
"""Bytes of a passphrase; a device without end is none."""


@dataclass(frozen=True)
class Request:
    """What the command line asked of any run; the rest is the procedure's.

    `passphrase` gives the passphrase of the signing key when it is needed; it is asked for before anything is measured.
    """

    site_file: Path | None
    out: Path
    json: bool
    quiet: bool
    yes: bool
    unsigned: bool
    passphrase: Callable[[str], bytes]


class Procedure(ABC):
    """What the command line asked of one run, and the way through it.

    Attributes:
        name: names the run and its report.
        target: the instrument, link or host that is judged; `check` may find it out.
        needs_site: whether nothing can be done without a site file.
        instead: what a person without a site file can do.
    """

    name: str
    target: str
    needs_site: bool = True
    instead: str = ""

    @abstractmethod
    def facts(self) -> Mapping[str, object]:
        """Give what was asked, as the evidence records it."""

    @abstractmethod
    def check(self, site: Site) -> None:
        """Find everything that is needed, before anything is measured; raises V2GError."""

    @abstractmethod
    def work(self, session: Session) -> Result:
        """Do the work; what went wrong with an instrument is part of the result."""


@dataclass(frozen=True)
class Place:
    """A site, the file that describes it, and what was read there; no file where the command line alone says it all."""

    site: Site
    path: Path | None
    content: bytes = b""


def located_site(given: Path | None, *, needed: bool = True, instead: str = "") -> Place:
    """Give the site that the command line, the environment or this computer names.

    Args:
        given: the path from the command line.
        needed: whether nothing can be done without; else, where nobody named one and none lies here, a site without
            a name is given.
        instead: what a person without a site file can do.

    Raises:
        RequestError: there is none, or it is wrong.
    """
    try:
        path = find_site_file(given)
    except RequestError as exc:
        if given is not None or os.environ.get("V2G_SITE"):
            raise
        if not needed:
            return Place(Site.model_validate({"site": {"name": "no-site"}}), None)
        exc.todo = f"{instead} {exc.todo}".strip()
        raise
    content = read_bytes(path, "site file")
    return Place(parsed(content, path, Site, "site file"), path, content)


def signer_for(site: Site, passphrase: Callable[[str], bytes]) -> Signer:
    """Give the signing key, before anything is measured; on the virtual bench its test key.

    Raises NotPermitted when there is none, RequestError when it cannot be used.
    """
    from v2g_tool.report.signing.keys import key_directory, load_signer

    bench_key, bench_certificate = os.environ.get("V2G_BENCH_KEY"), os.environ.get("V2G_BENCH_CERT")
    if site.site.bench and bench_key and bench_certificate:
        return load_signer(Path(bench_key), Path(bench_certificate), None)
    folder = key_directory()
    key, certificate = folder / "signing.key.pem", folder / "signing.cert.pem"
    if not os.path.lexists(key):
        raise NotPermitted(
            f"there is no signing key in {folder}, so nothing was measured",
            why="A report that nobody signed proves nothing to the utility.",
            todo="Make a key with 'v2g-tool keys init --name \"Your Name\"', or measure with --unsigned.",
        )
    return load_signer(key, certificate, passphrase(f"Passphrase of {key}"))


@contextmanager
def located_errors(place: Place) -> Iterator[None]:
    """Let errors leave with file and line of the site key they are about in front of them."""
    try:
        yield
    except V2GError as exc:
        raise located(exc, place) from exc


def located(error: V2GError, place: Place) -> V2GError:
    """Give the error with file and line of the site key it is about in front of it."""
    if error.key and place.path is not None:
        line = line_of(place.content.decode(errors="replace"), list(error.key))
        error.what = f"{place.path}:{line}: {error.what}"
    return error


def passphrase_from(descriptor: int | None) -> Callable[[str], bytes]:
    """Give how the passphrase is got: from an open descriptor, else from a prompt; never from argv or environment."""

    def get(question: str) -> bytes:
        if descriptor is not None:
            try:
                with os.fdopen(os.dup(descriptor), "rb") as file:
                    return file.readline(_LONGEST_LINE).rstrip(b"\r\n")
            except (OSError, OverflowError) as exc:
                reason = exc.strerror if isinstance(exc, OSError) else "no descriptor has such a number"
                raise RequestError(
                    f"--passphrase-fd {descriptor} cannot be read: {reason}",
                    todo="Open it in the shell, for example: v2g-tool ... --passphrase-fd 3 3< passphrase-file",
                ) from exc
        if not terminal():
            raise NotPermitted(
                "the passphrase of the signing key is needed and there is no terminal to ask for it",
                todo="Give it with --passphrase-fd N, for example: --passphrase-fd 3 3< passphrase-file",
            )
        import getpass

        return getpass.getpass(f"{plain(question)}: ", stream=None).encode()

    return get
