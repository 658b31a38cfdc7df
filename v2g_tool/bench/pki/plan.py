"""What a PKI shall be before any of it is made: keys, certificates, revocation lists, files, links, credentials.

A plan is plain data that a defect alters. Certificates, keys and revocation lists are named by labels, files by their
path as the host sees it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

CERTS = "/etc/v2g/certs"
"""Chains and keys of the site."""
TRUST = "/etc/v2g/trust"
"""The trust stores, one folder each."""
CRLS = "/etc/v2g/crl"
"""The revocation lists."""
OCSP = "/etc/v2g/ocsp"
"""The OCSP responses that the charger staples, where it does."""
SYSTEM_SOURCES = "/usr/local/share/ca-certificates"
"""What `update-ca-certificates` takes the site's own roots from."""
SYSTEM_STORE = "/etc/ssl/certs"
"""What `update-ca-certificates` makes."""
BUNDLE = f"{SYSTEM_STORE}/ca-certificates.crt"
"""All roots of the system in one file."""
UTILITY_ROOT = f"{SYSTEM_SOURCES}/utility-root.crt"
"""The root of the utility."""
RECEIVED = "/var/lib/v2g/received/utility-root.crt"
"""The root of the utility as it came by mail, not installed."""
LAST_SYNCHRONISED = "/var/lib/systemd/timesync/clock"
"""What systemd-timesyncd touches when it has set the clock."""
ACCOUNT = "v2g"
"""The service account of the EMS."""
CRL_SERVER = "http://crl.cpo.example"
"""Where the certificates say that their revocation lists are, where no bench serves them."""
OCSP_SERVER = "http://ocsp.cpo.example"
"""Where the certificates say that their OCSP responder is, where they do."""
FOREVER = datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=datetime.UTC)
"""The end of a certificate without an end (RFC 5280, 4.1.2.5)."""

Name = Mapping[str, str]
"""A distinguished name: DC, C, O, CN, serialNumber with their texts, in this order; may be empty."""


def days(number: float) -> datetime.timedelta:
    """Give a time span."""
    return datetime.timedelta(days=number)


@dataclass
class Extension:
    """One extension; what `content` is depends on its name, see `v2g_tool.bench.pki.extensions`."""

    content: object = None
    critical: bool = False


@dataclass
class Certificate:
    """One certificate; it signs itself when it is its own issuer."""

    subject: Name
    issuer: str
    key: str
    start: datetime.datetime
    end: datetime.datetime
    extensions: dict[str, Extension]
    """By their names in RFC 5280, or by object identifier where it knows none."""
    serial: int | None = None
    """Drawn when None."""
    crafts: list[str] = field(default_factory=list)
    """What no careful library would make; see `v2g_tool.bench.pki.craft`."""


@dataclass
class Crl:
    """One certificate revocation list."""

    issuer: str
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    number: int | None = 41
    revoked: dict[str, str] = field(default_factory=dict)
    """Labels of certificates with the reason."""
    key: str = ""
    """Label of the key that signs; the issuer's when empty."""
    base: int | None = None
    """Number of the full list that this one, a delta, adds to."""


@dataclass
class Ocsp:
    """One OCSP response about one certificate."""

    about: str
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    status: str = "good"
    """good, unknown, the reason of a revocation, or tryLater for a responder that did not answer."""
    responder: str = ""
    """Label of the certificate whose key signs; the issuer's when empty."""
    digest: str = "sha1"
    """What the certificate is named by."""


@dataclass
class File:
    """One file: which things it holds, in which form, and how it lies there."""

    form: str
    """certificates, certificate-der, key, key-encrypted, key-locked, key-pkcs12, key-tpm, crl, ocsp, passphrase
    or text."""
    holds: tuple[str, ...] = ()
    """Labels of what it holds; the text itself where the form is text."""
    mode: int = 0o644
    finish: Callable[[bytes], bytes] | None = None
    """What becomes of the bytes at last."""
    modified: datetime.datetime | None = None
    foreign: bool = False
    """Belongs to neither root nor the service account."""


@dataclass(frozen=True)
class Credential:
    """What the site file says of one certificate with its key."""

    role: str
    profile: str
    store: str
    certificate: str
    key: str
    leaf: str
    """Label of the certificate."""
    passphrase_file: str = ""
    ocsp: str = ""
    """Whether it needs OCSP responses; the site file says nothing of it when empty."""
    lfdi: str = ""
    """What the server has registered for this device (IEEE 2030.5); empty where it is none."""
    sfdi: str = ""


@dataclass
class Plan:
    """A whole PKI."""

    now: datetime.datetime
    keys: dict[str, str] = field(default_factory=dict)
    """Label of a key to its kind: p256, p384, p521, ed448, rsa1024."""
    certificates: dict[str, Certificate] = field(default_factory=dict)
    crls: dict[str, Crl] = field(default_factory=dict)
    ocsp: dict[str, Ocsp] = field(default_factory=dict)
    """OCSP responses by the label of the certificate that they are about."""
    files: dict[str, File] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    hash_links: dict[str, str] = field(default_factory=dict)
    """Label of a certificate in the system's store to the name that the link with its hash leads to."""
    folders: dict[str, int] = field(default_factory=dict)
    """Folders with their mode."""
    stores: dict[str, str] = field(default_factory=dict)
    pins: list[str] = field(default_factory=list)
    """Labels of the anchors that the site file pins."""
    credentials: dict[str, Credential] = field(default_factory=dict)
    utility_root: str = UTILITY_ROOT
    crl_server: str = CRL_SERVER

    def certificate(self, label: str) -> Certificate:
        """Give a certificate to alter."""
        return self.certificates[label]

    def copied(self, label: str, of: str) -> Certificate:
        """Plan a certificate like another one, to be altered; its extensions are its own."""
        twin = replace(self.certificates[of])
        twin.extensions = {name: replace(extension) for name, extension in twin.extensions.items()}
        twin.crafts = list(twin.crafts)
        self.certificates[label] = twin
        return twin

    def lives(self, label: str, start_days: float, end_days: float) -> None:
        """Set the life of a certificate, in days from now."""
        certificate = self.certificates[label]
        certificate.start, certificate.end = self.now + days(start_days), self.now + days(end_days)

    def trusts(self, store: str, label: str, *, pinned: bool = True) -> None:
        """Put an anchor into a trust store."""
        self.files[f"{self.stores[store]}/{label}.pem"] = File("certificates", (label,))
        if pinned:
            self.pins.append(label)

    def installs(self, label: str, *also: str) -> None:
        """Put a certificate into the system's store, as `update-ca-certificates` does; several have no hash link."""
        source, link = f"{SYSTEM_SOURCES}/{label}.crt", f"{SYSTEM_STORE}/{label}.pem"
        self.files[source] = File("certificates", (label, *also), modified=self.now - days(1))
        self.links[link] = source
        if not also:
            self.hash_links[label] = f"{label}.pem"
        bundle = self.files.setdefault(BUNDLE, File("certificates", modified=self.now - days(0.99)))
        bundle.holds += (label, *also)
