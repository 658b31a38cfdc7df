"""A computer whose system store is real, without the utility's root; each test has a copy of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.pki.computer import PACKAGED, REBUILD, Computer, pem, rebuilt, root_certificate
from v2g_tool.bench.pki.plan import SYSTEM_STORE
from v2g_tool.bench.pki.write import write_pki
from v2g_tool.bench.site import write_test_key


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Computer:
    """Give the computer that all others are copies of; nobody changes it."""
    if not os.access(REBUILD, os.X_OK):
        pytest.skip(f"the program {REBUILD} (package ca-certificates) is not installed")
    folder = tmp_path_factory.mktemp("sound")
    tree = folder / "ems"
    tree.mkdir()
    pki = write_pki(tree, ["store-no-utility-root"])
    shutil.rmtree(tree / SYSTEM_STORE[1:])
    (tree / SYSTEM_STORE[1:]).mkdir()
    names = [f"distribution/Root_{number}.crt" for number in range(2)]
    for name in names:
        place = tree / PACKAGED / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(pem(root_certificate(name)))
    (tree / "etc/ca-certificates.conf").write_text("".join(f"{name}\n" for name in names))
    rebuilt(tree)
    write_test_key(folder / "key.pem", folder / "cert.pem")
    return Computer(folder, pki)


@pytest.fixture
def computer(sound: Computer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Computer:
    """Give a computer of one's own; its site file names no credentials."""
    folder = tmp_path / "site"
    shutil.copytree(sound.folder, folder, symlinks=True)
    own = Computer(folder, sound.pki)
    own.describe()
    for name, value in own.environment().items():
        monkeypatch.setenv(name, value)
    return own
