"""OCSP responses of the bench before openssl, as a vehicle judges what a charger staples."""

from __future__ import annotations

import datetime
import re
import tomllib
from pathlib import Path

import pytest

from tests.bench.openssl import certificates, openssl, verify
from v2g_tool.bench.pki.defects.ocsp import STAPLED
from v2g_tool.bench.pki.site import pki_text
from v2g_tool.bench.pki.write import write_pki

CERTS, OCSP = "etc/v2g/certs", "etc/v2g/ocsp"
GOOD = "good, verify OK"
SEEN = {
    "ocsp-stapled": GOOD,
    "ocsp-delegate": GOOD,
    "ocsp-missing": "no file",
    "ocsp-stale": "good, verify OK, status expired",
    "ocsp-nearly-stale": GOOD,
    "ocsp-no-next-update": GOOD,
    "ocsp-future": "good, verify OK, status not yet valid",
    "ocsp-wrong-signer": "good, signature failure",
    "ocsp-delegate-no-eku": "good, missing ocspsigning usage",
    "ocsp-delegate-expired": "good, certificate has expired",
    "ocsp-delegate-revoked": GOOD,
    "ocsp-delegate-foreign": "good, unable to get local issuer certificate",
    "ocsp-revoked": "revoked, verify OK",
    "ocsp-unknown": "unknown, verify OK",
    "ocsp-try-later": "Responder Error: trylater",
    "ocsp-of-another": "verify OK, No Status found",
}
"""What openssl says of the response about Sub-CA 2; it asks no list about a responder."""
WORDS = (
    *("good", "revoked", "unknown", "verify OK", "status expired", "status not yet valid", "signature failure"),
    *("missing ocspsigning usage", "certificate has expired", "unable to get local issuer certificate"),
    *("Responder Error: trylater", "No Status found", "no file"),
)


def judged(root: Path, label: str, issuer: int) -> str:
    """Give the words that openssl has for a response about a certificate of the chain file."""
    response = root / OCSP / f"{label}.ocsp"
    chain = (root / CERTS / "secc-chain.pem").read_text()
    blocks = re.findall(r"-----BEGIN.*?-----END CERTIFICATE-----\n", chain, re.DOTALL)
    anchor = root / "etc/v2g/trust/v2g/v2g-root.pem"
    files = [root / "own.pem", root / "issuer.pem"]
    for file, content in zip(files, (*blocks[1:], anchor.read_text())[issuer - 1 : issuer + 1], strict=True):
        file.write_text(content)
    if not response.exists():
        return "no file"
    about = ("-issuer", files[1], "-cert", files[0])
    said = openssl("ocsp", "-respin", response, *about, "-CAfile", anchor, "-verify_other", files[1], "-no_nonce")
    return ", ".join(word for word in WORDS if re.search(rf"\b{word}\b", said))


@pytest.mark.parametrize("fault", SEEN)
def test_openssl_sees_of_a_response_what_its_fault_says(fault: str, tmp_path: Path) -> None:
    write_pki(tmp_path, [fault])

    assert judged(tmp_path, "cpo-sub-ca-2", 1) == SEEN[fault]
    assert judged(tmp_path, "cpo-sub-ca-1", 2) == GOOD
    assert verify(tmp_path) == "OK"


def test_every_fault_of_a_response_is_expected_here() -> None:
    assert {*SEEN} == {*STAPLED}


def test_a_certificate_says_where_its_responder_is_and_the_site_file_where_the_responses_are(tmp_path: Path) -> None:
    pki = tomllib.loads(pki_text(write_pki(tmp_path, ["ocsp-stapled"])))["pki"]

    assert certificates(tmp_path / CERTS / "secc-chain.pem").count("OCSP - URI:http://ocsp.cpo.example") == 2
    assert pki["ocsp"] == ["/etc/v2g/ocsp"]
    assert {name: entry.get("ocsp") for name, entry in pki["credentials"].items()} == {
        "secc": "wanted",
        "sep2": None,
        "ocpp": None,
    }


@pytest.mark.parametrize(
    ("fault", "begin", "end"),
    [("ocsp-stale", -8, -1), ("ocsp-nearly-stale", -6, 1), ("ocsp-future", 1, 8), ("ocsp-no-next-update", -3, None)],
)
def test_a_response_has_the_age_that_its_fault_says(fault: str, begin: int, end: int | None, tmp_path: Path) -> None:
    write_pki(tmp_path, [fault])
    said = openssl("ocsp", "-respin", tmp_path / OCSP / "cpo-sub-ca-2.ocsp", "-resp_text", "-noverify")
    now = datetime.datetime.now(datetime.UTC)

    found = [re.search(rf"{name} Update: (.*) GMT", said) for name in ("This", "Next")]
    times = [datetime.datetime.strptime(f"{each[1]}Z", "%b %d %H:%M:%S %YZ") for each in found if each]
    ages = [round((time.replace(tzinfo=datetime.UTC) - now) / datetime.timedelta(days=1), 2) for time in times]
    assert ages == ([begin] if end is None else [begin, end])


def test_a_revoked_authority_has_date_and_reason(tmp_path: Path) -> None:
    write_pki(tmp_path, ["ocsp-revoked"])
    said = openssl("ocsp", "-respin", tmp_path / OCSP / "cpo-sub-ca-2.ocsp", "-resp_text", "-noverify")

    assert "Revocation Reason: cACompromise" in said
    assert "Revocation Time:" in said
