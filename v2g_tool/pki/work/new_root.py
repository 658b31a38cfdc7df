"""Reads the root that shall be installed, and finds out who vouches for it: before anything is written."""

from __future__ import annotations

import shlex
from datetime import datetime
from pathlib import Path
from typing import Protocol

from v2g_tool.data.reading import read_regular
from v2g_tool.drawing.text import plain
from v2g_tool.errors import RequestError
from v2g_tool.hal.linux.pki_files import PkiReader
from v2g_tool.hal.linux.system_store import SOURCES
from v2g_tool.hal.x509.contents import contents_of
from v2g_tool.hal.x509.paths import signed_by
from v2g_tool.model.pki import Certificate
from v2g_tool.model.site.site import Site
from v2g_tool.pki.rules.install import belongs_to_v2g, file_name, refusal
from v2g_tool.pki.work.install import NewRoot
from v2g_tool.run.run import terminal

_MOST_BYTES = 1 << 20


class Asked(Protocol):
    """What the command line says of the root."""

    file: Path
    fingerprint: str
    dry_run: bool


def new_root(asked: Asked, site: Site, tree: Path, at: datetime) -> NewRoot:
    """Give the root that may be installed.

    Raises:
        RequestError: the file holds none, it is one of the V2G PKI, its fingerprint is another one than was given, or
            nobody vouches for it and nobody is there to be asked.
    """
    certificate = _read(asked.file, at)
    if belongs_to_v2g(certificate, _own_roots(site, tree)):
        store, folder = site.pki.stores.get("v2g", "/etc/v2g/trust/v2g"), "" if tree == Path("/") else tree
        file = shlex.quote(plain(str(asked.file)))
        raise RequestError(
            f"{certificate} is a root of the V2G PKI, and is not installed into the system's store",
            why="There it would let the V2G PKI speak for any web server that this computer talks to.",
            todo=f"Put it into the V2G store: sudo install -m 644 {file} {shlex.quote(f'{folder}{store}/')}",
        )
    utility = site.pki.utility_root
    name = utility if utility.startswith(f"{SOURCES}/") and utility.endswith(".crt") else ""
    path = name or f"{SOURCES}/{file_name(asked.file.stem, certificate)}"
    return NewRoot(certificate, path, _proof(asked, site, certificate), asked.dry_run)


def _read(file: Path, at: datetime) -> Certificate:
    shown = plain(str(file))
    try:
        contents = contents_of(read_regular(file, _MOST_BYTES))
    except OSError as exc:
        raise RequestError(
            f"{shown} cannot be read: {exc.strerror}", todo="Give the file of the utility's root."
        ) from exc
    first = next(iter(contents.certificates), None)
    self_signed = first is not None and bool(signed_by(first, first))
    if reason := refusal(contents, self_signed=self_signed, at=at):
        raise RequestError(
            f"{shown} is no root for the system's store: {plain(reason)}",
            why="; ".join(contents.damage[:2])
            or "Only one self-signed CA certificate that is valid now belongs there.",
            todo="Ask the utility for its root certificate, as one PEM or DER file.",
        )
    return contents.certificates[0]


def _own_roots(site: Site, tree: Path) -> frozenset[str]:
    reader = PkiReader(tree)
    files = (file for name in site.pki.v2g_stores for file in reader.files(site.pki.stores[name]))
    return frozenset(c.sha256 for file in files for c in file.contents.certificates)


def _proof(asked: Asked, site: Site, certificate: Certificate) -> str:
    """Give who vouches for its fingerprint; "" where a person is to be asked."""
    from v2g_tool.report.signing.anchors import required_fingerprint

    if asked.fingerprint and required_fingerprint(asked.fingerprint) != certificate.sha256:
        raise RequestError(
            f"{plain(str(asked.file))} has the fingerprint {certificate.sha256}, not the one that was given",
            why="It is another certificate: a renewed one, or one that somebody put in its place.",
            todo="Ask the utility which fingerprint is right, over another channel; nothing was installed.",
        )
    if asked.fingerprint:
        return "its fingerprint is the one that was given"
    if certificate.sha256 in site.pki.pins:
        return "its fingerprint is among the pins of the site file"
    if not (terminal() or asked.dry_run):
        raise RequestError(
            "nobody vouches for the fingerprint of this root",
            why="There is no --fingerprint, no pin in the site file, and no terminal to ask at; --yes is no proof.",
            todo=f"Compare it with the utility's over another channel, then give --fingerprint {certificate.sha256}",
        )
    return ""
