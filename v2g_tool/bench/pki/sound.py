"""The plan of a sound site: ISO 15118-2 with its CRLs, IEEE 2030.5, OCPP 2.0.1, the utility's root in the system.

V2G root ── CPO Sub-CA 1 ── CPO Sub-CA 2 ── SECC        SERCA ── MICA ── 2030.5 device
CSMS root ── CSMS Sub-CA ── station                     MO root    OEM root    utility root
"""

from __future__ import annotations

import datetime
import os

from v2g_tool.bench.pki.plan import (
    ACCOUNT,
    CERTS,
    CRL_SERVER,
    CRLS,
    LAST_SYNCHRONISED,
    RECEIVED,
    SYSTEM_SOURCES,
    SYSTEM_STORE,
    TRUST,
    Credential,
    Extension,
    File,
    Plan,
    days,
)
from v2g_tool.bench.pki.ranks import Authority, add_authority, add_crl, add_leaf, make_sep2

SECCID = "DEABCS" + "BENCH000000000000000000CHARGER01" + "7"
"""Country, operator, S, 32 characters of the controller, check character."""
STATION = "EMS-BENCH-0001"
"""Serial number of the charging station."""
DEVICE_TYPE = "1.3.6.1.4.1.40732.1.1"
"""Policy of IEEE 2030.5: a generic device."""
ANY_POLICY = "2.5.29.32.0"
"""Any policy (RFC 5280, 4.2.1.4)."""

_HARDWARE = ("1.3.6.1.4.1.55555.1.1", b"EMS-BENCH-0001")
_YEAR = 365.25
_CPO = {"C": "DE", "O": "CPO Bench"}
_V2G = {"DC": "V2G", "C": "DE", "O": "V2G Bench"}
_UTILITY = {"C": "DE", "O": "Utility Bench"}

_AUTHORITIES = (
    Authority("v2g-root", {**_V2G, "CN": "V2GRootCA"}, "v2g-root", None, 3 * _YEAR, 40 * _YEAR),
    Authority("cpo-sub-ca-1", {**_V2G, "CN": "CPOSubCA1"}, "v2g-root", 1, _YEAR, 4 * _YEAR),
    Authority("cpo-sub-ca-2", {**_V2G, "CN": "CPOSubCA2"}, "cpo-sub-ca-1", 0, _YEAR / 2, 2 * _YEAR),
    Authority(
        "mo-root", {"DC": "MO", "C": "DE", "O": "MO Bench", "CN": "MORootCA"}, "mo-root", None, _YEAR, 10 * _YEAR
    ),
    Authority(
        "oem-root", {"DC": "OEM", "C": "DE", "O": "OEM Bench", "CN": "OEMRootCA"}, "oem-root", None, _YEAR, 10 * _YEAR
    ),
    Authority("csms-root", {**_CPO, "CN": "CSMS Root CA"}, "csms-root", None, _YEAR, 10 * _YEAR),
    Authority("csms-sub-ca", {**_CPO, "CN": "CSMS Sub-CA"}, "csms-root", 0, _YEAR / 2, 4 * _YEAR),
    Authority("utility-root", {**_UTILITY, "CN": "Utility Root CA"}, "utility-root", None, _YEAR, 20 * _YEAR),
    Authority("serca", {"O": "SEP2 Bench", "CN": "IEEE 2030.5 Root"}, "serca", None, _YEAR, 0),
    Authority("mica", {"O": "SEP2 Bench", "CN": "IEEE 2030.5 MICA"}, "serca", 0, _YEAR, 0),
)
_CRL_ISSUERS = ("v2g-root", "cpo-sub-ca-1", "cpo-sub-ca-2", "csms-root", "csms-sub-ca")
_ANCHORS = {"v2g": "v2g-root", "sep2": "serca", "csms": "csms-root", "mo": "mo-root", "oem": "oem-root"}

SECC = Credential("secc", "iso15118-2", "v2g", f"{CERTS}/secc-chain.pem", f"{CERTS}/private.key", "secc")
"""The charger's credential for ISO 15118-2."""
_SEP2 = Credential("sep2-device", "ieee2030-5", "sep2", f"{CERTS}/sep2-chain.pem", f"{CERTS}/sep2.key", "sep2")
_OCPP = Credential("ocpp-station", "ocpp-2-0-1", "csms", f"{CERTS}/ocpp-chain.pem", f"{CERTS}/ocpp.key", "ocpp")


def sound_plan(now: datetime.datetime, crl_server: str = CRL_SERVER) -> Plan:
    """Give the plan of a sound site with one SECC leaf."""
    plan = Plan(now, stores={store: f"{TRUST}/{store}" for store in _ANCHORS}, crl_server=crl_server)
    for authority in _AUTHORITIES:
        add_authority(plan, authority)
    for issuer in _CRL_ISSUERS:
        add_crl(plan, issuer)
    _add_leaves(plan)
    _lay_out(plan)
    plan.installs("utility-root")
    return plan


def _add_leaves(plan: Plan) -> None:
    add_leaf(plan, "secc", {"DC": "CPO", **_CPO, "CN": SECCID}, "cpo-sub-ca-2")
    station = add_leaf(plan, "ocpp", {**_CPO, "CN": STATION}, "csms-sub-ca")
    station.end = station.start + days(365)
    station.extensions["extendedKeyUsage"] = Extension(("clientAuth",))
    make_sep2(plan.certificate("serca"), ANY_POLICY)
    make_sep2(plan.certificate("mica"), *(f"1.3.6.1.4.1.40732.1.{kind}" for kind in (1, 2, 3)))
    device = add_leaf(plan, "sep2", {}, "mica")
    del device.extensions["subjectKeyIdentifier"]
    device.extensions["subjectAltName"] = Extension(_HARDWARE, critical=True)
    make_sep2(device, DEVICE_TYPE)


def _lay_out(plan: Plan) -> None:
    plan.folders |= {CERTS: 0o700, CRLS: 0o755, SYSTEM_SOURCES: 0o755, SYSTEM_STORE: 0o755}
    plan.folders |= dict.fromkeys(plan.stores.values(), 0o755)
    chains = {
        "secc": ("secc", "cpo-sub-ca-2", "cpo-sub-ca-1"),
        "sep2": ("sep2", "mica"),
        "ocpp": ("ocpp", "csms-sub-ca"),
    }
    for credential in (SECC, _SEP2, _OCPP):
        adopt(plan, credential.leaf, credential, chains[credential.leaf])
    plan.files[f"{CERTS}/cpo-sub-ca-2.pem"] = File("certificates", ("cpo-sub-ca-2",))
    plan.links[f"{plan.stores['v2g']}/v2g-inter-ca.pem"] = "../../certs/cpo-sub-ca-2.pem"
    for store, anchor in _ANCHORS.items():
        plan.trusts(store, anchor)
    plan.files[RECEIVED] = File("certificates", ("utility-root",))
    plan.files[LAST_SYNCHRONISED] = File("text", ("",), modified=plan.now - days(0.01))
    plan.files["/etc/passwd"] = File("text", (_accounts(),))


def adopt(plan: Plan, name: str, credential: Credential, chain: tuple[str, ...]) -> None:
    """Plan a credential with its chain file and its key file."""
    plan.credentials[name] = credential
    plan.files[credential.certificate] = File("certificates", chain)
    plan.files[credential.key] = File("key", (credential.leaf,), mode=0o600)


def _accounts() -> str:
    own = f"{ACCOUNT}:x:{os.getuid()}:{os.getgid()}:V2G energy management:/var/lib/v2g:/usr/sbin/nologin"
    return f"root:x:0:0:root:/root:/bin/bash\n{own}\n"
