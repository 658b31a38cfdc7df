"""OCSP responses with what they belong to: the certificate, its issuer, and who signed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from v2g_tool.hal.x509.ocsp import issuer_of, signer_of
from v2g_tool.hal.x509.paths import signed_by
from v2g_tool.model.pki import Certificate
from v2g_tool.model.pki_file import FileFacts
from v2g_tool.pki.rules.facts import ListFacts, ResponseFacts


def response_facts(
    files: Iterable[FileFacts], pool: Sequence[Certificate], lists: Sequence[ListFacts]
) -> Iterator[ResponseFacts]:
    """Give what each response says of each of its certificates; these and their issuers are looked for in a pool."""
    for file in files:
        for content in file.contents.responses:
            for entry in content.entries or (None,):
                bare = ResponseFacts(file, content, entry)
                issuer = issuer_of(entry, pool) if entry is not None else None
                yield bare if issuer is None else _linked(bare, issuer, pool, lists)


def _linked(
    each: ResponseFacts, issuer: Certificate, pool: Sequence[Certificate], lists: Sequence[ListFacts]
) -> ResponseFacts:
    serial = each.entry.serial if each.entry is not None else None
    issued = (c for c in pool if c.serial == serial and c.issuer == issuer.subject)
    signer = signer_of(each.content, issuer)
    appointed = signer is not None and signer.issuer == issuer.subject and bool(signed_by(signer, issuer))
    own = (known.content for known in lists if known.signer is not None and known.content.issuer == issuer.subject)
    return ResponseFacts(
        file=each.file,
        content=each.content,
        entry=each.entry,
        issuer=issuer,
        certificate=next((c for c in issued if signed_by(c, issuer)), None),
        signer=signer,
        appointed=appointed,
        withdrawn=appointed and any(signer.serial in content.revoked for content in own if signer is not None),
    )
