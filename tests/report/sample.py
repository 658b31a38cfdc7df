"""A small but complete report, the folder it belongs to, and certificates to sign it with."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.x509.oid import NameOID

from tests.rules.telemetry_sample import echoes_of, facts_of, random_piece
from v2g_tool.backhaul.rules.facts import TelemetryLimits
from v2g_tool.backhaul.section import Telemetry
from v2g_tool.backhaul.work.summary import telemetry_section
from v2g_tool.metering.section import BudgetLine, Calibration, Fitted, LimitReference, Measured, RegisterChange, Stage
from v2g_tool.model.findings import Evidence, Finding, Verdict, overall
from v2g_tool.model.quantified import Quantified, quantified
from v2g_tool.model.report import (
    Clock,
    EvidenceChain,
    FileHash,
    Instrument,
    InstrumentCalibration,
    Report,
    SiteRecord,
    Tool,
)
from v2g_tool.model.telemetry import PathSize, Responder
from v2g_tool.record.journal import Journal
from v2g_tool.register import section_of
from v2g_tool.report.bundle import write_bundle
from v2g_tool.report.schema import read_report
from v2g_tool.report.signing.keys import Signer
from v2g_tool.report.verify import Verification, verify_bundle

NOW = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
REPORT_ID = "bench-calibrate-20261122T103000Z-0badcafe"
PASSPHRASE = b"correct horse battery staple"
ATTACHMENT = "waveform.csv"
RECORDS: tuple[Mapping[str, object], ...] = (
    {"intent": "gain L1", "old": 10000, "new": 10042},
    {"request": "0103001e0002", "answer": "01030443660000"},
    {"outcome": "commit", "seconds": 0.25},
)


def measured(stage: Stage, point: str, error_pct: float, zone: str, subject: str = "sum") -> Measured:
    return Measured(
        stage=stage,
        point=point,
        subject=subject,
        reference_power=quantified(6000, "W", 1),
        reference_reactive=quantified(20, "var", 1),
        meter_power=quantified(6000 * (1 + error_pct / 100), "W", 1),
        current=quantified(8.7, "A", 2),
        error=quantified(error_pct, "%", 3),
        expanded_uncertainty=quantified(0.061, "%", 3),
        coverage_factor="2.00",
        effective_degrees="87",
        limit=quantified(1.0, "%", 1),
        zone=zone,
        skew=quantified(0.02, "s", 3),
        readings=30,
        effective_readings=21,
        budget=(BudgetLine(source="reference", type="B", standard_pct="0.029", degrees_of_freedom="inf"),),
    )


def calibration(points: tuple[str, ...] = ("charge 6 kW", "discharge 6 kW")) -> Calibration:
    found = tuple(measured("as-found", point, 1.42, "fail") for point in points)
    left = tuple(measured("as-left", point, -0.014, "pass") for point in points)
    gain = Quantified(value="1.402", unit="%")
    return Calibration(
        target="meter_01",
        legal="free",
        measured=found + left,
        fitted=(
            Fitted(
                stage="as-found",
                subject="L1",
                parameter="gain",
                error=gain,
                expanded_uncertainty=Quantified(value="0.060", unit="%"),
                statement="significant",
            ),
        ),
        registers=(
            RegisterChange(name="gain L1", address="40101", as_found="10000", as_left="9862", written=True),
            RegisterChange(name="gain L2", address="40102", as_found="10000", as_left="10000", written=False),
        ),
        write_requests=1,
        limits=LimitReference(
            set="en50470-3",
            title="EN 50470-3",
            edition="2022",
            sha256="c" * 64,
            decision_rule="four zones, w = U (ILAC-G8:09/2019)",
            **{"class": "B"},
        ),
        statement="Adjusted once and measured again.",
    )


def telemetry() -> Telemetry:
    """Give the section of half a minute with a few losses and some round trips."""
    rng = random.Random(4)
    facts = facts_of(
        *(random_piece(rng, 0.0004, 10, 10.2 * at) for at in range(3)),
        responder=Responder("iperf3", "iperf3 asks for parameters", "192.0.2.1"),
        echoes=echoes_of([rng.uniform(2, 20) for _ in range(400)] + [None]),
        echo_kind="icmp",
        path=PathSize(1500, 1428, "A packet of 1428 bytes passes whole."),
    )
    return telemetry_section(facts, TelemetryLimits(), 1)


FINDINGS = (
    Finding(
        check="CAL-ERROR",
        subject="meter_01 as left",
        verdict=Verdict.PASS,
        severity=8,
        statement="every error of indication is within ±1.0 %",
        evidence=(Evidence(name="worst error", value="-0.014", unit="%", limit="1.0", source="charge 6 kW"),),
        reference="EN 50470-3, class B",
    ),
    Finding(
        check="CAL-ERROR",
        subject="meter_01 as found",
        verdict=Verdict.FAIL,
        severity=8,
        statement="error +1.420 % at charge 6 kW, limit ±1.0 %",
        remedy="Adjust the gain of L1.",
        corrected="Gain of L1 set from 10000 to 9862; the error is now -0.014 %.",
    ),
)


def report(evidence: EvidenceChain, **changes: object) -> Report:
    fields: dict[str, object] = {
        "schema": "v2g-report/1",
        "report_id": REPORT_ID,
        "procedure": "calibrate",
        "target": "meter_01",
        "verdict": overall(FINDINGS),
        "started_utc": "2026-11-22T10:20:00Z",
        "ended_utc": "2026-11-22T10:29:59Z",
        "clock": Clock(synchronised=True, statement="synchronised by NTP, offset 2 ms"),
        "tool": Tool(name="v2g-tool", version="0.1.0"),
        "signature": "test",
        "site": SiteRecord(name="bench", charger="evse_01", bench=True, sha256="a" * 64),
        "instruments": (
            Instrument(
                name="ref_01",
                role="analyzer",
                maker="Bench",
                model="PA-3",
                serial="0007",
                firmware="1.0",
                profile="bench-analyzer",
                profile_status="verified",
                profile_sha256="b" * 64,
                calibration=InstrumentCalibration(certificate="CAL-1", due="2027-01-01", past_due=False),
            ),
        ),
        "findings": FINDINGS,
        "sections": (calibration(),),
        "evidence": evidence,
        "attachments": (FileHash(name=ATTACHMENT, sha256="d" * 64, media_type="text/csv"),),
    }
    return Report.model_validate(fields | changes)


def evidence_in(folder: Path) -> EvidenceChain:
    """Write a journal of three records and give what a report binds of it."""
    path = folder / "evidence.jsonl"
    ticks = iter(range(100))
    with Journal(path, wall=lambda: NOW, monotonic=lambda: next(ticks) / 8) as journal:
        for data in RECORDS:
            journal.append("exchange", data)
    return EvidenceChain(
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        first_sha256=journal.first_sha256,
        last_sha256=journal.last_sha256,
        records=journal.records,
    )


def filled_folder(parent: Path, **changes: object) -> tuple[Path, Report]:
    """Give a folder with evidence and one attachment, and the report that binds them."""
    folder = parent / REPORT_ID
    folder.mkdir(parents=True)
    content = b"t_s,u_v\n0.000,229.8\n0.001,230.1\n"
    (folder / ATTACHMENT).write_bytes(content)
    attached = FileHash(name=ATTACHMENT, sha256=hashlib.sha256(content).hexdigest(), media_type="text/csv")
    return folder, report(evidence_in(folder), **({"attachments": (attached,)} | changes))


def signed_bundle(parent: Path, signer: Signer | None, **changes: object) -> Path:
    """Give the folder of a whole bundle."""
    folder, made = filled_folder(parent, **changes)
    write_bundle(folder, made, signer, NOW)
    return folder


@dataclass(frozen=True)
class Authority:
    """A certification authority for tests."""

    key: CertificateIssuerPrivateKeyTypes
    certificate: x509.Certificate | None


def authority(
    name: str, issuer: Authority | None = None, key: CertificateIssuerPrivateKeyTypes | None = None, **certified: Any
) -> Authority:
    key = key or ec.generate_private_key(ec.SECP256R1())
    return Authority(key, certificate(name, key, issuer or Authority(key, None), **({"ca": True} | certified)))


def issued_signer(*authorities: Authority, **certified: Any) -> Signer:
    """Give a signer whose certificate the first authority issued, with the certificates of all of them."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = certificate("technician", key, authorities[0], **certified)
    return Signer(key, own, tuple(one.certificate for one in authorities if one.certificate is not None))


def certificate(
    name: str,
    key: CertificateIssuerPrivateKeyTypes,
    issuer: Authority,
    *,
    ca: bool = False,
    path_length: int | None = None,
    days: tuple[int, int] = (-30, 1800),
    extensions: tuple[x509.ExtensionType, ...] = (),
    critical: bool = False,
    rsa_padding: padding.PSS | None = None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer.certificate else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days=days[0]))
        .not_valid_after(NOW + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=critical)
    digest = None if isinstance(issuer.key, Ed25519PrivateKey | Ed448PrivateKey) else hashes.SHA256()
    return builder.sign(issuer.key, digest, rsa_padding=rsa_padding)


def lone_signer(name: str = "technician", curve: ec.EllipticCurve | None = None) -> Signer:
    key = ec.generate_private_key(curve or ec.SECP256R1())
    return Signer(key, certificate(name, key, Authority(key, None)))


def verified(path: Path, trusted: Collection[str], roots: Sequence[Path] = ()) -> Verification:
    """Verify a bundle with every kind of section that there is."""
    return verify_bundle(path, section_of, trusted, roots)


def report_in(content: bytes) -> Report:
    """Give the report that these bytes are."""
    return read_report(content, json.loads(content), section_of)
