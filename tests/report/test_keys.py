from __future__ import annotations

import errno
import os
import stat
import subprocess
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from v2g_tool.errors import ExitStatus, NotPermitted, RequestError
from v2g_tool.report.signing.keys import KeyFiles, fingerprint_of, init_key, key_directory, load_signer, pem_of

from .sample import PASSPHRASE, issued_signer

TODAY = datetime.now(UTC)


def refused(key: Path, certificate: Path, passphrase: bytes | None = PASSPHRASE) -> RequestError:
    with pytest.raises(RequestError) as caught:
        load_signer(key, certificate, passphrase)
    error = caught.value
    shown = f"{error!r} {error.what} {error.why} {error.todo} {error.__cause__!r}"
    assert error.status is ExitStatus.WRONG_REQUEST
    assert error.todo
    assert not passphrase or passphrase.decode() not in shown
    return error


def writable(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


def test_a_new_key_is_encrypted_and_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    files = init_key(tmp_path / "a" / "keys", "A. Technician", PASSPHRASE, TODAY)

    assert files.key == tmp_path / "a" / "keys" / "signing.key.pem"
    assert files.certificate == tmp_path / "a" / "keys" / "signing.cert.pem"
    assert stat.S_IMODE(files.key.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.key.parent.stat().st_mode) == 0o700
    assert files.key.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert load_signer(files.key, files.certificate, PASSPHRASE).fingerprint == files.fingerprint


def test_the_certificate_signs_documents_for_five_years(key_files: KeyFiles) -> None:
    certificate = x509.load_pem_x509_certificate(key_files.certificate.read_bytes())
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)

    assert certificate.subject == certificate.issuer
    assert certificate.subject.rfc4514_string() == "CN=A. Technician"
    assert certificate.not_valid_after_utc == datetime(2031, 1, 2, tzinfo=UTC)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.content_commitment
    assert not usage.value.key_cert_sign
    assert basic.critical
    assert not basic.value.ca
    assert [oid.dotted_string for oid in purposes.value] == ["1.3.6.1.5.5.7.3.36"]
    assert certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    certificate.verify_directly_issued_by(certificate)


def test_openssl_names_the_same_fingerprint(key_files: KeyFiles) -> None:
    command = ["openssl", "x509", "-in", str(key_files.certificate), "-noout", "-fingerprint", "-sha256"]

    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert printed.strip().partition("=")[2].replace(":", "").lower() == key_files.fingerprint


@pytest.mark.parametrize("existing", ["signing.key.pem", "signing.cert.pem"])
def test_a_key_is_never_overwritten(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("precious")

    with pytest.raises(RequestError, match="is there already"):
        init_key(tmp_path, "A", PASSPHRASE, TODAY)

    assert [path.name for path in tmp_path.iterdir()] == [existing]
    assert (tmp_path / existing).read_text() == "precious"


@pytest.mark.parametrize("passphrase", [b"", b"1234567", "ÄÖÜäöüß".encode(), b"x" * 1024])
def test_a_passphrase_that_is_too_short_or_too_long_is_refused(tmp_path: Path, passphrase: bytes) -> None:
    with pytest.raises(RequestError, match="at least 8 characters"):
        init_key(tmp_path, "A", passphrase, TODAY)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("passphrase", [b"12345678", "ÄÖÜäöüßé".encode(), b"x" * 1023, b"\xff\x00" * 8])
def test_any_longer_passphrase_opens_the_key_that_it_closed(tmp_path: Path, passphrase: bytes) -> None:
    files = init_key(tmp_path, "A", passphrase, TODAY)

    load_signer(files.key, files.certificate, passphrase)


@pytest.mark.parametrize("name", ["", "  ", "x" * 65, "ä" * 33, "a\nb", "\x1b[2J"])
def test_an_unfit_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RequestError, match="1 to 64 visible characters"):
        init_key(tmp_path, name, PASSPHRASE, TODAY)


def test_a_folder_in_use_that_others_may_read_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    tmp_path.chmod(0o755)

    with pytest.raises(RequestError, match="others may look into") as caught:
        init_key(tmp_path, "A", PASSPHRASE, TODAY)

    assert "chmod 700" in caught.value.todo
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


def test_an_empty_folder_is_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    init_key(tmp_path, "A", PASSPHRASE, TODAY)

    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


@pytest.mark.parametrize("failing", [1, 2])
def test_a_full_disk_leaves_no_key_without_certificate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    calls = iter(range(1, 9))
    monkeypatch.setattr(os, "fsync", lambda _: _fail() if next(calls) == failing else None)

    with pytest.raises(NotPermitted, match="the key cannot be written"):
        init_key(tmp_path, "A", PASSPHRASE, TODAY)

    assert not (tmp_path / "signing.key.pem").exists()
    assert not (tmp_path / "signing.cert.pem").exists()


def _fail() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_key_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("V2G_KEY_DIR", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    assert key_directory() == tmp_path / ".config" / "v2g" / "keys"

    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert key_directory() == tmp_path / ".config" / "v2g" / "keys"

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    assert key_directory() == tmp_path / "xdg" / "v2g" / "keys"

    monkeypatch.setenv("V2G_KEY_DIR", str(tmp_path / "own"))
    assert key_directory() == tmp_path / "own"


def test_a_wrong_passphrase_is_said_kindly(key_files: KeyFiles) -> None:
    error = refused(key_files.key, key_files.certificate, b"correct horse battery stable")

    assert "the passphrase does not open the key" in error.what
    assert error.__suppress_context__


@pytest.mark.parametrize("passphrase", [None, b""])
def test_a_missing_passphrase_is_said_kindly(key_files: KeyFiles, passphrase: bytes | None) -> None:
    assert "needs its passphrase" in refused(key_files.key, key_files.certificate, passphrase).what


def test_an_absent_file_is_said_kindly(key_files: KeyFiles, tmp_path: Path) -> None:
    assert "there is no key" in refused(tmp_path / "absent", key_files.certificate).what
    assert "there is no certificate" in refused(key_files.key, tmp_path / "absent").what


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o660, 0o644])
def test_a_key_that_others_may_open_is_refused(key_files: KeyFiles, tmp_path: Path, mode: int) -> None:
    key = writable(tmp_path / "k", key_files.key.read_bytes())
    key.chmod(mode)

    error = refused(key, key_files.certificate)

    assert "others may read the key" in error.what
    assert f"chmod 600 {key}" in error.todo


SPOILS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "binary": lambda _: bytes(range(256)),
    "cut": lambda pem: pem[: len(pem) // 2],
    "without its end": lambda pem: pem.replace(b"-----END", b"-----ENT"),
    "not base64": lambda pem: pem.replace(b"M", b"!"),
    "another label": lambda pem: pem.replace(b"ENCRYPTED PRIVATE KEY", b"CERTIFICATE"),
    "an outer form damaged": lambda pem: pem.replace(b"KEY-----\nM", b"KEY-----\nN"),
}


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_broken_key_file_is_said_kindly(key_files: KeyFiles, tmp_path: Path, spoil: str) -> None:
    key = writable(tmp_path / "k", SPOILS[spoil](key_files.key.read_bytes()))

    assert "is not a private key in PEM form" in refused(key, key_files.certificate).what


def test_a_broken_certificate_is_said_kindly(key_files: KeyFiles, tmp_path: Path) -> None:
    for content in (b"", b"x", key_files.certificate.read_bytes()[:200], key_files.key.read_bytes()):
        broken = writable(tmp_path / "c", content)
        assert "is not a certificate in PEM form" in refused(key_files.key, broken).what


def test_the_certificate_of_another_key_is_refused(key_files: KeyFiles, tmp_path: Path) -> None:
    other = init_key(tmp_path, "B", PASSPHRASE, TODAY)

    assert "does not belong to the key" in refused(key_files.key, other.certificate).what


@pytest.mark.parametrize(("years", "problem"), [(-6, "has expired"), (1, "is valid only from")])
def test_a_certificate_that_is_not_valid_today_is_refused(tmp_path: Path, years: int, problem: str) -> None:
    files = init_key(tmp_path, "A", PASSPHRASE, TODAY + timedelta(days=365 * years))

    assert problem in refused(files.key, files.certificate).what


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(lambda: rsa.generate_private_key(65537, 2048), id="RSA"),
        pytest.param(ed25519.Ed25519PrivateKey.generate, id="Ed25519"),
    ],
)
def test_a_key_of_another_kind_is_refused(key_files: KeyFiles, tmp_path: Path, key: Callable[[], object]) -> None:
    content = key().private_bytes(  # type: ignore[attr-defined]
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE)
    )

    assert "of a kind that does not sign" in refused(writable(tmp_path / "k", content), key_files.certificate).what


def test_a_key_on_another_curve_is_refused(key_files: KeyFiles, tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256K1())
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE))

    assert "of a kind that does not sign" in refused(writable(tmp_path / "k", content), key_files.certificate).what


def test_a_key_without_encryption_opens_only_without_passphrase(key_files: KeyFiles, tmp_path: Path) -> None:
    key = load_pem_private_key(key_files.key.read_bytes(), PASSPHRASE)
    bare = writable(tmp_path / "k", key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))

    assert load_signer(bare, key_files.certificate, None).fingerprint == key_files.fingerprint
    assert "is not encrypted" in refused(bare, key_files.certificate).what


def test_an_openssl_key_in_the_old_encrypted_form_opens(key_files: KeyFiles, tmp_path: Path) -> None:
    key = load_pem_private_key(key_files.key.read_bytes(), PASSPHRASE)
    old = writable(
        tmp_path / "k",
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(PASSPHRASE)),
    )

    assert load_signer(old, key_files.certificate, PASSPHRASE).fingerprint == key_files.fingerprint


def test_a_certificate_file_may_carry_the_chain(tmp_path: Path) -> None:
    from .sample import authority

    made = issued_signer(authority("Utility Root"))
    key = writable(tmp_path / "k", made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate = writable(tmp_path / "c", pem_of(made.certificates))

    signer = load_signer(key, certificate, None)

    assert signer.chain == made.chain
    assert signer.fingerprint == fingerprint_of(made.certificate)


def test_the_key_does_not_show_in_the_text_of_a_signer(key_files: KeyFiles) -> None:
    assert "key=" not in repr(load_signer(key_files.key, key_files.certificate, PASSPHRASE))


@settings(max_examples=80)
@given(at=st.integers(0, 500), put=st.binary(min_size=1, max_size=20))
def test_any_edit_of_key_or_certificate_is_a_kind_error_or_harmless(
    key_files: KeyFiles, tmp_path: Path, at: int, put: bytes
) -> None:
    for name in ("key", "certificate"):
        paths = {"key": key_files.key, "certificate": key_files.certificate}
        content = paths[name].read_bytes()
        paths[name] = writable(tmp_path / name, content[:at] + put + content[at + len(put) :])
        with suppress(RequestError):
            load_signer(**paths, passphrase=PASSPHRASE)
