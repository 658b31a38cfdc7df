"""What a PKI on disk is to the outside: the part of the site file about it, and the truth for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from v2g_tool.bench.pki.plan import Credential


@dataclass(frozen=True)
class Pki:
    """A PKI that was written: what the site file says of it, and what only the bench knows."""

    account: str
    crls: Sequence[str]
    ocsp: Sequence[str]
    pins: Sequence[str]
    """SHA-256 of the pinned anchors in hex."""
    utility_root: str
    stores: Mapping[str, str]
    credentials: Mapping[str, Credential]
    serials: Mapping[str, int]
    """Serial numbers of all certificates, by the labels of the plan."""
    names: Mapping[str, str]
    """Subjects of all certificates (RFC 4514)."""
    fingerprints: Mapping[str, str]
    """SHA-256 of all certificates in hex."""
    secrets: Mapping[str, bytes]
    """The secret of each key: its scalar, seed or private exponent."""
    published: Mapping[str, bytes]
    """A fresh revocation list of each authority, by the name under which it is served."""
    passphrase: str
    """Opens the keys that are locked."""


def pki_text(pki: Pki) -> str:
    """Give the part of the site file about a PKI."""
    tables = [_pki_table(pki), _table("pki.stores", pki.stores)]
    tables += [_table(f"pki.credentials.{name}", _fields(entry)) for name, entry in pki.credentials.items()]
    return "\n".join(tables)


def pki_truth(pki: Pki) -> str:
    """Give what only the bench knows as JSON, for tests that look for it where it must not be."""
    truth = {
        "serials": {label: str(serial) for label, serial in pki.serials.items()},
        "names": pki.names,
        "fingerprints": pki.fingerprints,
        "secrets": {label: secret.hex() for label, secret in pki.secrets.items()},
        "passphrase": pki.passphrase,
    }
    return json.dumps(truth, indent=2) + "\n"


def _pki_table(pki: Pki) -> str:
    fields = {"account": pki.account, "crls": pki.crls, "pins": pki.pins, "utility_root": pki.utility_root}
    return _table("pki", fields | ({"ocsp": pki.ocsp} if pki.ocsp else {}))


def _fields(entry: Credential) -> dict[str, str]:
    fields = {"role": entry.role, "profile": entry.profile, "store": entry.store}
    fields |= {"certificate": entry.certificate, "key": entry.key}
    fields |= {"passphrase_file": entry.passphrase_file} if entry.passphrase_file else {}
    fields |= {"ocsp": entry.ocsp} if entry.ocsp else {}
    return fields | ({"lfdi": entry.lfdi, "sfdi": entry.sfdi} if entry.lfdi else {})


def _table(name: str, fields: Mapping[str, str | Sequence[str]]) -> str:
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in fields.items()]
    return "\n".join([f"[{name}]", *lines, ""])
