"""The PKI part of a report: each credential with its path, each revocation list, the roots that are trusted."""

from __future__ import annotations

from typing import Literal

from v2g_tool.model.base import Model
from v2g_tool.model.section import Column, Section, Table


class CertificateRecord(Model):
    """One certificate of a path, from the leaf upwards; times are UTC."""

    subject: str
    issuer: str
    serial: str
    sha256: str
    key: str
    not_before: str
    not_after: str
    days_left: str


class CredentialRecord(Model):
    """A credential of the site: its role, its path, and what the path engine says."""

    name: str
    role: str
    profile: str
    anchored: bool
    ruling: str
    path: tuple[CertificateRecord, ...]


class ListRecord(Model):
    """A revocation list; `number` and `next_update` are "" where it has none."""

    path: str
    issuer: str
    number: str
    this_update: str
    next_update: str
    revoked: int


class Pki(Section):
    """The certificates, keys and revocation lists of a site.

    Attributes:
        root: the file tree that was examined; `/` is this computer.
        at: the moment for which they were judged, UTC.
    """

    kind: Literal["pki"] = "pki"
    root: str
    at: str
    credentials: tuple[CredentialRecord, ...]
    lists: tuple[ListRecord, ...]

    def tables(self) -> tuple[Table, ...]:
        """Give the path of each credential as a tree from its root down, then the revocation lists."""
        columns = (Column("Certificate"), Column("Key"), Column("Ends"), Column("Days", numeric=True))
        paths = tuple(
            Table(f"{c.name}: {c.role}, {c.profile}; {c.ruling}", columns, _tree(c.path)) for c in self.credentials
        )
        heads = (
            Column("Revocation list"),
            Column("No.", numeric=True),
            Column("Good until"),
            Column("Revoked", numeric=True),
        )
        rows = tuple((r.issuer, r.number or "-", r.next_update[:10] or "-", str(r.revoked)) for r in self.lists)
        return (*paths, Table("Revocation lists", heads, rows)) if rows else paths


def _tree(path: tuple[CertificateRecord, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (f"{'  ' * depth}{'└ ' if depth else ''}{c.subject}", c.key, c.not_after[:10], c.days_left)
        for depth, c in enumerate(reversed(path))
    )
