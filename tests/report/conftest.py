from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from v2g_tool.report.signing.keys import KeyFiles, Signer, init_key, load_signer

from .sample import PASSPHRASE, signed_bundle

KEY_MADE = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(scope="session")
def key_files(tmp_path_factory: pytest.TempPathFactory) -> KeyFiles:
    return init_key(
        tmp_path_factory.mktemp("keys") / "own", "A. Technician", PASSPHRASE, datetime(2026, 1, 2, tzinfo=UTC)
    )


@pytest.fixture(scope="session")
def signer(key_files: KeyFiles) -> Signer:
    return load_signer(key_files.key, key_files.certificate, PASSPHRASE)


@pytest.fixture
def bundle(tmp_path: Path, signer: Signer) -> Path:
    return signed_bundle(tmp_path, signer)
