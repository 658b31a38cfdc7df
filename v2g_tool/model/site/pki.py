"""The PKI of a site: which certificate serves what, where its key lies, and whom it is trusted by."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from v2g_tool.model.base import Model

Role = Literal["secc", "sep2-device", "ocpp-station", "ocpp-csms", "contract", "oem-provisioning", "cps"]
"""What a leaf is for: the charger towards the vehicle, an IEEE 2030.5 device, OCPP station and CSMS, a contract of a
mobility operator (MO), a vehicle's provisioning certificate (OEM), the certificate provisioning service (CPS)."""
HOST_PATH = r"^/[^\x00-\x1f\x7f]*$"
HostPath = Annotated[str, Field(pattern=HOST_PATH)]
FINGERPRINT = r"^[0-9a-f]{64}$"


class CredentialSite(Model):
    """`[pki.credentials.NAME]`: a leaf with its chain and its key; paths as the EMS computer sees them."""

    role: Role
    profile: str
    store: str
    """The trust store (`[pki.stores]`) in which its root must be."""
    certificate: HostPath
    """A file with the leaf first, then its sub-CAs upwards."""
    key: str = Field(pattern=rf"{HOST_PATH}|^pkcs11:.+$")
    passphrase_file: str = Field(default="", pattern=rf"^$|{HOST_PATH}")
    hardware_key: Literal["no", "wanted", "required"] = "no"
    """Whether the key has to live in a TPM or on a PKCS#11 token."""
    ocsp: Literal["no", "wanted", "required"] = "no"
    """Whether each sub-CA of its path needs an OCSP response, as an ISO 15118-2 charger staples them for its sub-CAs;
    of any other role than `secc` the leaf, too. What the standard demands is not confirmed, so the site says it."""
    lfdi: str = Field(default="", pattern=r"^([0-9A-Fa-f]{40})?$")
    sfdi: int | None = Field(default=None, ge=0)


class PkiSite(Model):
    """`[pki]`: certificates, stores, revocation lists, OCSP responses; what is missing is not judged."""

    credentials: dict[str, CredentialSite] = {}
    stores: dict[str, HostPath] = {}
    """Folders or bundles of anchors by name; `v2g` is the one that `v2g-inter-ca.pem` is linked in."""
    crls: tuple[HostPath, ...] = ()
    """Files and folders of revocation lists."""
    ocsp: tuple[HostPath, ...] = ()
    """Files and folders of OCSP responses."""
    revocation: Literal["required", "wanted", "no"] = "wanted"
    """Whether a certificate without any revocation list or OCSP response is a failure, a warning, or right."""
    pins: tuple[str, ...] = ()
    """SHA-256 fingerprints of all anchors, from a second channel; none given, none is compared."""
    account: str = "root"
    """Who runs the daemon that uses the keys."""
    utility_root: str = Field(default="", pattern=rf"^$|{HOST_PATH}")
    """The utility's CA in the system's store."""
    warn_days: float = Field(default=30, gt=0)
    fail_days: float = Field(default=7, ge=0)
    crl_max_age_days: float = Field(default=90, gt=0)
    """How old a revocation list may be that names no next update."""
    clock_warn_s: float = Field(default=5, gt=0)
    clock_fail_s: float = Field(default=60, gt=0)

    @property
    def v2g_stores(self) -> tuple[str, ...]:
        """The stores of vehicles' roots: web servers and utilities have theirs, which may be the system's too."""
        others = {each.store for each in self.credentials.values() if each.role.startswith(("sep2", "ocpp"))}
        return tuple(name for name in self.stores if name not in others)

    @model_validator(mode="after")
    def _names_resolve(self) -> Self:
        for name, credential in self.credentials.items():
            if credential.store not in self.stores:
                raise ValueError(f"pki.credentials.{name}.store = '{credential.store}' is not among [pki.stores]")
        for pin in self.pins:
            if len(pin) != 64 or set(pin) - set("0123456789abcdef"):
                raise ValueError(f"pki.pins: '{pin}' is no SHA-256 fingerprint of 64 lower-case hex digits")
        return self
