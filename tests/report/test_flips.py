"""Every byte of every file of a bundle counts: each in the soak, here one of a few."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from contextlib import nullcontext
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bounds import bounded
from v2g_tool.errors import NotAuthentic
from v2g_tool.report.signing import cms
from v2g_tool.report.signing.keys import Signer

from .sample import ATTACHMENT, calibration, signed_bundle, verified

# One bit at each byte that is flipped; which bit changes from byte to byte, so that all eight occur.
ONE_PER_BYTE = ["report.json", "signer.pem", "evidence.jsonl", ATTACHMENT, "VERIFY.txt"]
BYTES = bounded(5, in_full=1)
"""From one byte to the next; odd, as the number of bits in the signature, so that none of the eight is left out."""


@pytest.fixture
def bundle(tmp_path: Path, signer: Signer) -> Path:
    """A bundle of two load points, as found."""
    part = calibration()
    return signed_bundle(tmp_path, signer, sections=(part.model_copy(update={"measured": part.measured[:2]}),))


@pytest.fixture
def signature_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict on a signature depends on its bytes alone; while another file changes, once is enough."""
    monkeypatch.setattr(cms, "open_detached", functools.cache(cms.open_detached))


def undetected(bundle: Path, name: str, bits: Iterable[int]) -> list[str]:
    """Flip each bit of a file in turn and give what was not found, or blamed on another file."""
    path = bundle / name
    good = path.read_bytes()
    missed = []
    for bit in bits:
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bad)
        try:
            verified(bundle, ())
            missed.append(f"bit {bit}: not found")
        except NotAuthentic as exc:
            if not exc.what.startswith((f"{name}:", f"{name},")):
                missed.append(f"bit {bit}: {exc.what}")
    path.write_bytes(good)
    verified(bundle, ())
    return missed


@pytest.mark.soak
@pytest.mark.usefixtures("signature_read_once")
@pytest.mark.parametrize("name", ONE_PER_BYTE)
def test_a_flip_at_any_byte_is_found_and_the_file_is_named(bundle: Path, name: str) -> None:
    size = (bundle / name).stat().st_size

    assert undetected(bundle, name, (8 * at + at % 8 for at in range(0, size, BYTES))) == []


@pytest.mark.soak
@pytest.mark.parametrize("part", range(bounded(1, in_full=4)))
def test_a_flip_of_any_bit_of_the_signature_is_found_and_the_file_is_named(bundle: Path, part: int) -> None:
    bits = (bundle / "report.json.p7s").stat().st_size * 8

    assert undetected(bundle, "report.json.p7s", range(part, bits, bounded(5, in_full=4))) == []


@settings(max_examples=60)
@given(name=st.sampled_from([*ONE_PER_BYTE, "report.json.p7s"]), content=st.binary(max_size=400))
def test_random_bytes_in_any_file_give_a_verdict(bundle: Path, name: str, content: bytes) -> None:
    good = (bundle / name).read_bytes()
    (bundle / name).write_bytes(content)

    try:
        with pytest.raises(NotAuthentic, match=rf"^{name}[:,]"):
            verified(bundle, ())
    finally:
        (bundle / name).write_bytes(good)


@settings(max_examples=150)
@given(at=st.integers(0, 700), gone=st.integers(0, 40), put=st.binary(max_size=40))
def test_any_edit_of_the_signature_gives_a_verdict(bundle: Path, at: int, gone: int, put: bytes) -> None:
    good = (bundle / "report.json.p7s").read_bytes()
    edited = good[:at] + put + good[at + gone :]

    with nullcontext() if edited == good else pytest.raises(NotAuthentic, match=r"^report\.json\.p7s"):
        cms.open_detached(edited)
