"""The files that a bench writes for the program under test: site, test key, truth."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v2g_tool.bench.metering.meter_model import MeterErrors
from v2g_tool.bench.pki.site import Pki, pki_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate, KeyUsage

KEY_NAME = "V2G BENCH TEST KEY - not for real sites"
"""Common name in the bench's certificate."""
DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36"
"""Extended key usage for signing documents (RFC 9336)."""
CT_A = (100, 5)
"""Current transformers of the meters that have some, primary and secondary in A."""
LISTED_MODEMS = ("modem_01", "modem_02", "modem_03")
"""Modems that the site file names; the others stand for the two ends that a test plugs its own programs into."""

_CALIBRATION_DAYS = 220
_CERTIFICATE_DAYS = 365

_HEAD = """\
[site]
name = "bench"
bench = true
nominal_voltage_v = 230.0
nominal_frequency_hz = 50.0

[chargers.charger_01]
meter = "meter_01"
inverter = "inverter_01"
analyzer = "analyzer_01"
"""
_METER_TAIL = """\
limits = { set = "mid-2014-32-eu", class = "B", temperature_c = 21.0 }
rating = { i_min_a = 0.25, i_tr_a = 0.5, i_ref_a = 5.0, i_max_a = 32.0 }
plan = "ac-bidirectional"
analyzer = "analyzer_01"
inverter = "inverter_01"
"""
_TAIL = """
[analyzers.analyzer_01]
profile = "yokogawa-wt300e"
resource = "TCPIP0::127.0.0.1::{analyzer_port}::SOCKET"
serial = "91N408871"
wiring = "3P4W"
update_s = 0.1
calibration = {{ certificate = "BENCH-CERT-0001", due = {due} }}

[inverters.inverter_01]
profile = "sunspec-der"
host = "127.0.0.1"
port = {inverter_port}
unit = 1
max_charge_w = 11000.0
max_discharge_w = 11000.0

[ems]
root = {root}
process = "v2g-daemon"
config = "/etc/v2g/ems.conf"
islanding_action = "cease"

[limits]
grid_code = "ieee-1547-2018"
category = "III"

[trust]
fingerprints = ["{fingerprint}"]
"""
_MODEM = """
[modems.{name}]
interface = "{interface}"
mac = "{mac}"
mask = "north-america"
"""
_TELEMETRY = """
[telemetry]
host = "{host}"
port = {port}
rate_mbit_s = {rate_mbit_s}
"""


@dataclass(frozen=True)
class MeterEntry:
    """What the site file says of one meter."""

    name: str
    profile: str
    link: Mapping[str, str | int]
    unit: int
    serial: str
    legal: str = "free"
    ct: tuple[int, int] | None = None


@dataclass(frozen=True)
class ModemEntry:
    """What the site file says of one PLC modem."""

    name: str
    interface: str
    mac: str


@dataclass(frozen=True)
class TelemetryEntry:
    """What the site file says of the utility's server."""

    host: str
    port: int
    rate_mbit_s: float


@dataclass(frozen=True)
class Equipment:
    """What the site file names; the charger's modem is the first one."""

    meters: Sequence[MeterEntry]
    analyzer_port: int
    inverter_port: int
    root: Path
    """The file tree that stands for the EMS computer."""
    modems: Sequence[ModemEntry] = ()
    telemetry: TelemetryEntry | None = None
    pki: Pki | None = None


def site_text(equipment: Equipment, fingerprint: str, today: datetime.date) -> str:
    """Give the content of the bench's site file."""
    due = today + datetime.timedelta(days=_CALIBRATION_DAYS)
    modems, telemetry = equipment.modems, equipment.telemetry
    tail = _TAIL.format(
        analyzer_port=equipment.analyzer_port,
        inverter_port=equipment.inverter_port,
        root=json.dumps(str(equipment.root)),
        due=due.isoformat(),
        fingerprint=fingerprint,
    )
    tail += "".join(_MODEM.format(**asdict(modem)) for modem in modems)
    tail += _TELEMETRY.format(**asdict(telemetry)) if telemetry else ""
    tail += f"\n{pki_text(equipment.pki)}" if equipment.pki else ""
    head = _HEAD + (f'modem = "{modems[0].name}"\n' if modems else "")
    return "\n".join([head, *map(_meter_text, equipment.meters)]) + tail


def _meter_text(meter: MeterEntry) -> str:
    fields = {"profile": meter.profile, **meter.link, "unit": meter.unit}
    fields |= {"serial": meter.serial, "legal": meter.legal}
    lines = [f"[meters.{meter.name}]"]
    lines += [f"{key} = {json.dumps(value)}" for key, value in fields.items()]
    if meter.ct is not None:
        lines.append(f"ct = {{ primary_a = {meter.ct[0]}, secondary_a = {meter.ct[1]} }}")
    return "\n".join(lines) + "\n" + _METER_TAIL


def truth_text(errors: Mapping[str, MeterErrors], lines: Mapping[str, Mapping[str, Any]]) -> str:
    """Give the true errors of the meters, and the truth about the line of each modem, as JSON."""
    meters = {
        name: {"gain_ratio": part.gain_ratio, "phase_deg": part.phase_deg, "offset_w": part.offset_w}
        for name, part in errors.items()
    }
    return json.dumps({**meters, **lines}, indent=2) + "\n"


def write_test_key(key_path: Path, certificate_path: Path) -> str:
    """Write a new key and its self-signed certificate; give the SHA-256 of the certificate in hex.

    The key is not encrypted: it proves nothing but that a bench made the report.
    """
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_path.touch(mode=0o600)
    key_path.write_bytes(pem)
    certificate = _certificate(key)
    certificate_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return certificate.fingerprint(hashes.SHA256()).hex()


def _certificate(key: EllipticCurvePrivateKey) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, KEY_NAME)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        # Begins a day early: a laptop in the field may be behind its bench.
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=_CERTIFICATE_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(), critical=True)
        .add_extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier(DOCUMENT_SIGNING)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def _key_usage() -> KeyUsage:
    from cryptography import x509

    unused = ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign")
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        encipher_only=False,
        decipher_only=False,
        **dict.fromkeys(unused, False),
    )
