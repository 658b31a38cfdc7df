"""What lies in the files of a PKI, and how they lie there, as nouns."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from enum import StrEnum

from v2g_tool.model.pki import Certificate, OcspResponse, PublicKey, RevocationList


class KeyForm(StrEnum):
    """How a private key lies in its file."""

    PKCS8 = "PKCS#8"
    SEC1 = "SEC1"
    PKCS1 = "PKCS#1"
    PKCS8_LOCKED = "PKCS#8, locked with a passphrase"
    LEGACY_LOCKED = "locked with a passphrase in the old form (Proc-Type)"
    PKCS12 = "PKCS#12"
    TPM = "wrapped by a TPM"
    TOKEN = "on a PKCS#11 token"


@dataclass(frozen=True)
class PrivateKey:
    """What may be said of a private key; the key itself is nowhere here.

    Attributes:
        form: how it lies in the file.
        public: its public part; None where it is locked, elsewhere, or could not be read.
        trouble: why it could not be read, "" where it could or needs none.
    """

    form: KeyForm
    public: PublicKey | None
    trouble: str = ""

    @property
    def locked(self) -> bool:
        """Whether a passphrase is needed."""
        return self.form in (KeyForm.PKCS8_LOCKED, KeyForm.LEGACY_LOCKED, KeyForm.PKCS12)

    @property
    def in_hardware(self) -> bool:
        """Whether it never leaves a TPM or token."""
        return self.form in (KeyForm.TPM, KeyForm.TOKEN)


@dataclass(frozen=True)
class Contents:
    """What was found in one file, in its order.

    Attributes:
        encoding: "PEM", "DER", "PKCS#12", or "" for none of these.
        remarks: what an export tool did to it: a byte order mark, wrong line ends, bytes behind the end.
        damage: what could not be read, one sentence each.
    """

    certificates: tuple[Certificate, ...] = ()
    lists: tuple[RevocationList, ...] = ()
    responses: tuple[OcspResponse, ...] = ()
    keys: tuple[PrivateKey, ...] = ()
    encoding: str = ""
    remarks: tuple[str, ...] = ()
    damage: tuple[str, ...] = ()

    @property
    def locked(self) -> bool:
        """Whether all of it is behind a passphrase that does not open it: PKCS#12 locks certificates, too."""
        return self.encoding == "PKCS#12" and not self.certificates and any(key.trouble for key in self.keys)

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it that belongs to a PKI."""
        return not (self.certificates or self.lists or self.responses or self.keys)


_NOTHING = Contents()


@dataclass(frozen=True)
class FileFacts:
    """One file as the host sees it.

    Attributes:
        path: where it is named.
        place: where it really lies on that host, links followed.
        here: how this computer reaches that place: commands that mend name it so, on a mounted image too.
        trouble: why it could not be read, "" where it could.
        forbidden: whether that is for want of the right, or a bound of this program: it may well be there and sound.
        mode: its permission bits; None where no file is there.
        owners: the accounts that it belongs to: several may have one number.
        folder_mode: the permission bits of the folder that it really lies in.
        folder_owners: the accounts that this folder belongs to.
        modified_s: when it was written, seconds since 1970.
    """

    path: str
    place: str = ""
    here: str = ""
    trouble: str = ""
    mode: int | None = None
    owners: tuple[str, ...] = ()
    folder_mode: int | None = None
    folder_owners: tuple[str, ...] = ()
    modified_s: float = 0.0
    forbidden: bool = False
    contents: Contents = _NOTHING

    @property
    def owner(self) -> str:
        """The account that it belongs to, the first of that number."""
        return next(iter(self.owners), "")

    @property
    def in_shell(self) -> str:
        """How a command names it."""
        return shlex.quote(self.here or self.place or self.path)

    @property
    def is_link(self) -> bool:
        """Whether it lies elsewhere than where it is named."""
        return bool(self.place) and self.place != self.path
