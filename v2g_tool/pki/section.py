"""The PKI part of a report: credentials with their paths, all of them as trees, revocation lists, OCSP responses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from v2g_tool.model.base import Model
from v2g_tool.model.section import Column, Mark, Section, Table

PICTURE = "certificates.svg"
"""The trees as a picture, among the attachments of the report."""
_ROOM, _KEY = 47, 9
"""Characters that 80 columns leave for a state and a certificate's name, and those of a key."""
_DEEPEST = 8
"""From this level on no certificate is set further in."""


class CertificateRecord(Model):
    """One certificate of a path; times are UTC.

    Attributes:
        name: its common name, else all of its name.
        mark: the worst that a finding says of it.
        trouble: what the findings say of it, in a few words each; "" for nothing.
    """

    name: str
    subject: str
    issuer: str
    serial: str
    sha256: str
    key: str
    not_before: str
    not_after: str
    days_left: str
    mark: Mark
    trouble: str

    @property
    def ends(self) -> str:
        """The day on which it ends, or "never"."""
        return "never" if self.days_left == "-" else self.not_after[:10]


class CredentialRecord(Model):
    """A credential of the site: its role, its path from the leaf upwards, and what the path engine says.

    Attributes:
        missing: the name of the issuer at which the path breaks off, "" where it does not.
        mark: the worst that a finding says of it, of its files or of a certificate of its path.
        trouble: what the findings say of it and its files, in a few words each; "" for nothing.
    """

    name: str
    role: str
    profile: str
    anchored: bool
    ruling: str
    path: tuple[CertificateRecord, ...]
    missing: str
    mark: Mark
    trouble: str


class ListRecord(Model):
    """A revocation list with the worst that a finding says of it.

    `number` and `next_update` are "" where it has none.
    """

    path: str
    issuer: str
    number: str
    this_update: str
    next_update: str
    revoked: int
    mark: Mark


@dataclass(frozen=True)
class Node:
    """A place in a tree: a certificate, or what stands there instead, with all that was issued below it."""

    name: str
    mark: Mark
    certificate: CertificateRecord | None = None
    credentials: list[CredentialRecord] = field(default_factory=list)
    below: dict[CertificateRecord | str, Node] = field(default_factory=dict)


class ResponseRecord(Model):
    """What an OCSP response says of one certificate; what it does not say, or who is not known here, is ""."""

    path: str
    issuer: str
    certificate: str
    serial: str
    status: str
    this_update: str
    next_update: str
    mark: Mark


class Pki(Section):
    """The certificates, keys, revocation lists and OCSP responses of a site.

    Attributes:
        root: the file tree that was examined; `/` is this computer.
        at: the moment for which they were judged, UTC.
    """

    kind: Literal["pki"] = "pki"
    root: str
    at: str
    credentials: tuple[CredentialRecord, ...]
    lists: tuple[ListRecord, ...]
    responses: tuple[ResponseRecord, ...] = ()

    def trees(self) -> tuple[Node, ...]:
        """Give the roots with all that stands below them; what paths have in common is there once."""
        roots: dict[CertificateRecord | str, Node] = {}
        for credential in self.credentials:
            level = roots
            for step in _steps(credential):
                node = level.setdefault(step, _node(step, credential.mark))
                level = node.below
            node.credentials.append(credential)
        return tuple(roots.values())

    def tables(self) -> tuple[Table, ...]:
        """Give the certificates as trees from their roots down, then revocation lists and OCSP responses."""
        columns = (
            Column("State", marks=True),
            Column("Certificate"),
            Column("Key"),
            Column("Ends"),
            Column("Days", numeric=True),
        )
        nodes = [*walk(self.trees())]
        marks = {node.mark for _, node in nodes} | {each.mark for each in self.credentials}
        room = _ROOM - max([len(columns[0].heading), *(len(f"x {mark}") for mark in marks)])
        rows = tuple(row for depth, node in nodes for row in _rows(depth, node, room))
        heads = (
            Column("State", marks=True),
            Column("Revocation list"),
            Column("No.", numeric=True),
            Column("Good until"),
            Column("Revoked", numeric=True),
        )
        lists = tuple(
            (r.mark, r.issuer, r.number or "-", r.next_update[:10] or "-", str(r.revoked)) for r in self.lists
        )
        tables = Table("Certificates, from root to leaf", columns, rows), Table("Revocation lists", heads, lists)
        return tuple(table for table in (*tables, _responses(self.responses)) if table.rows)


def _responses(responses: tuple[ResponseRecord, ...]) -> Table:
    heads = (Column("State", marks=True), Column("OCSP response about"), Column("Says"), Column("Good until"))
    rows = ((r.mark, r.certificate or r.serial or r.path, r.status, r.next_update[:10] or "-") for r in responses)
    return Table("OCSP responses", heads, tuple(rows))


def walk(roots: Iterable[Node]) -> Iterator[tuple[int, Node]]:
    """Give every node with its depth, each before those below it."""
    stack = [(0, node) for node in roots][::-1]
    while stack:
        depth, node = stack.pop()
        yield depth, node
        stack += [(depth + 1, below) for below in reversed(node.below.values())]


def clipped(text: str, most: int) -> str:
    """Give a text with at most so many characters, its middle left out: names begin alike and end apart."""
    tail = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - tail]}…{text[len(text) - tail :]}"


def _steps(credential: CredentialRecord) -> Iterator[CertificateRecord | str]:
    if credential.missing or not credential.path:
        yield f"missing: {credential.missing}" if credential.path else f"no certificate for {credential.name}"
    yield from reversed(credential.path)


def _node(step: CertificateRecord | str, mark: Mark) -> Node:
    return Node(step, mark) if isinstance(step, str) else Node(step.name, step.mark, step)


def _rows(depth: int, node: Node, room: int) -> Iterator[tuple[str, ...]]:
    """Give the row of a node; below it what is wrong with it, and the credentials whose certificate it is."""
    inset = "  " * min(depth - 1, _DEEPEST)
    sign, after = (f"{inset}└ ", f"{inset}    ") if depth else ("", "  ")
    certificate = node.certificate
    if certificate is None:
        yield node.mark, f"{sign}{node.name}", "", "", ""
    else:
        name, key = clipped(certificate.name, room - len(sign)), clipped(certificate.key, _KEY)
        yield node.mark, f"{sign}{name}", key, certificate.ends, certificate.days_left
        if certificate.trouble:
            yield "", f"{after}{certificate.trouble}", "", "", ""
    for credential in node.credentials:
        yield credential.mark, f"{after}{use(credential)}", "", "", ""


def use(credential: CredentialRecord) -> str:
    """Give what a leaf is for, and what is wrong beside its path."""
    return f"for {credential.name} ({credential.profile}){credential.trouble and f': {credential.trouble}'}"
