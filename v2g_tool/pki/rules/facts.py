"""What is known of a site's PKI, as facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from v2g_tool.model.findings import Verdict
from v2g_tool.model.pki import Certificate, OcspEntry, OcspResponse, Path, RevocationList, Ruling
from v2g_tool.model.pki_file import FileFacts, PrivateKey
from v2g_tool.model.profiles.pki import CertificateClass, PkiProfile
from v2g_tool.model.site.pki import CredentialSite, PkiSite

AS_ROOT = "Run it with sudo, or as the account that the keys belong to."
WARNING = Verdict.INFO
"""What a fact book calls a warning: told on the first screen, no limit applies."""


LEFT_SHARE = 0.25
"""With less than this share of its time left, a list or response should already have been replaced."""


@dataclass(frozen=True)
class Credential:
    """A leaf with its chain, its key and what the engine says of its path."""

    name: str
    site: CredentialSite
    profile: PkiProfile
    chain: FileFacts
    key: FileFacts | None
    passphrase: FileFacts | None
    paths: tuple[Path, ...] = ()
    ruling: Ruling | None = None

    @property
    def leaf(self) -> Certificate | None:
        """The certificate that it is about: the first of its file."""
        return self.chain.contents.certificates[0] if self.chain.contents.certificates else None

    @property
    def path(self) -> tuple[Certificate, ...]:
        """The path that is judged, leaf first: the one that holds, else the best that reaches an anchor, else any."""
        if self.ruling is not None and self.ruling.path:
            return self.ruling.path
        return self.paths[0].certificates if self.paths else ()

    @property
    def private_key(self) -> PrivateKey | None:
        """The private key of its file."""
        keys = self.key.contents.keys if self.key is not None else ()
        return keys[0] if keys else None

    def class_of(self, certificate: Certificate) -> CertificateClass | None:
        """Give what its profile says of a certificate of the path; None for a role that the profile does not know."""
        if certificate is self.leaf or (self.path and certificate == self.path[0]):
            return self.profile.leaf.get(self.site.role)
        return self.profile.root if certificate.self_issued else self.profile.sub_ca


@dataclass(frozen=True)
class ListFacts:
    """A revocation list, the file it lies in, and whether one of the CAs known here signed it."""

    file: FileFacts
    content: RevocationList
    signer: Certificate | None


@dataclass(frozen=True)
class ResponseFacts:
    """What an OCSP response says of one certificate, and how it hangs together with what else is known here.

    Attributes:
        entry: what it says; None where the responder gave no answer.
        issuer: the CA whose certificate it is about; None where it is not known here.
        certificate: the one that it is about; None where it is not known here.
        signer: the certificate whose key signed it: that of the issuer, or one out of the response; None for neither.
        appointed: whether the issuer itself issued the signer's certificate.
        withdrawn: whether a list of the issuer names the signer's certificate.
    """

    file: FileFacts
    content: OcspResponse
    entry: OcspEntry | None
    issuer: Certificate | None = None
    certificate: Certificate | None = None
    signer: Certificate | None = None
    appointed: bool = False
    withdrawn: bool = False


@dataclass(frozen=True)
class ClockFacts:
    """What is known of the clock.

    Attributes:
        synchronised: whether the kernel counts it as synchronised; None where it cannot be asked.
        offset_s: how far it is ahead of another source; None where nobody was asked.
        source: which source that is.
        passed: a moment that has surely passed; None where none is known.
        passed_by: what says so.
        asked: whether a person named the moment to judge for: no clock is to blame for it.
    """

    synchronised: bool | None = None
    offset_s: float | None = None
    source: str = ""
    passed: datetime | None = None
    passed_by: str = ""
    asked: bool = False


@dataclass(frozen=True)
class SystemStore:
    """The system's trust store: the folder that it is built from, what it was built to, and its links.

    Attributes:
        sources: files of /usr/local/share/ca-certificates.
        bundle: /etc/ssl/certs/ca-certificates.crt.
        links: links in /etc/ssl/certs.
        rebuild: the command that builds it.
        utility: the file of the utility's root, wherever the site file says that it lies.
    """

    sources: tuple[FileFacts, ...]
    bundle: FileFacts
    links: tuple[FileFacts, ...]
    rebuild: str
    utility: FileFacts | None = None


@dataclass(frozen=True)
class PkiFacts:
    """All of it, at one moment.

    Attributes:
        at: the moment for which it is judged.
        root: what stands in front of the host's paths on this computer, "" where it is this computer.
        stores: the files of each trust store, by its name.
        near: certificates in the folder of the charger's chain.
        beside: files beside the keys that are named like a passphrase.
        last_numbers: the highest CRLNumber of each series of lists in the runs before.
    """

    site: PkiSite
    at: datetime
    root: str
    credentials: tuple[Credential, ...]
    stores: Mapping[str, tuple[FileFacts, ...]]
    lists: tuple[ListFacts, ...]
    unread: tuple[FileFacts, ...]
    clock: ClockFacts
    system: SystemStore
    near: tuple[FileFacts, ...] = ()
    responses: tuple[ResponseFacts, ...] = ()
    beside: tuple[FileFacts, ...] = ()
    inter_link: FileFacts | None = None
    last_numbers: Mapping[str, int] | None = None

    def unseen(self, store: str) -> bool:
        """Say whether a trust store may hold what could not be read."""
        return any(file.forbidden for file in self.stores.get(store, ()))

    def anchors(self, store: str) -> tuple[Certificate, ...]:
        """Give the self-signed certificates of a store."""
        every = (c for file in self.stores.get(store, ()) for c in file.contents.certificates)
        return tuple(c for c in every if c.self_issued)

    def files(self) -> Iterator[FileFacts]:
        """Give every file that was looked at, each once."""
        seen: set[str] = set()
        own = [f for c in self.credentials for f in (c.chain, c.key) if f is not None]
        stores = [f for files in self.stores.values() for f in files]
        for file in (*own, *stores, *(f.file for f in self.lists), *(f.file for f in self.responses), *self.unread):
            link = self.inter_link is not None and file.path == self.inter_link.path
            if file.path not in seen and not (link and file.trouble):  # that link is spoken of by itself
                seen.add(file.path)
                yield file

    def known(self) -> Iterator[Certificate]:
        """Give every certificate of every file that was looked at, those beside the charger's chain included."""
        for file in (*self.files(), *self.near):
            yield from file.contents.certificates

    def certificates(self) -> Iterator[tuple[Credential, Certificate]]:
        """Give every certificate of the paths with the credential that it was met in first, each once."""
        seen: set[str] = set()
        for credential in self.credentials:
            for certificate in credential.path or credential.chain.contents.certificates:
                if certificate.sha256 not in seen:
                    seen.add(certificate.sha256)
                    yield credential, certificate
