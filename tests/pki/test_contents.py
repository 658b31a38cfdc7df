"""Files of a PKI are read whatever is in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.pki.mutate import campaign
from v2g_tool.hal.x509.contents import contents_of
from v2g_tool.model.pki import Contents


def test_mutations_of_valid_files_are_read_or_told() -> None:
    became, _ = campaign(1500, 7)

    assert became["damaged"] > 300
    assert became["PEM"] > 50
    assert became["nothing"] > 50


@given(st.binary(max_size=400))
def test_any_bytes_give_contents(data: bytes) -> None:
    assert isinstance(contents_of(data), Contents)
    assert isinstance(contents_of(b"-----BEGIN CERTIFICATE-----\n" + data), Contents)
    assert isinstance(contents_of(b"\x30\x82" + data, b"x"), Contents)


def test_an_empty_file_holds_nothing() -> None:
    assert contents_of(b"") == Contents()


def test_a_token_is_named_and_nothing_is_read() -> None:
    contents = contents_of(b"pkcs11:token=secc;object=leaf\n")

    assert [key.in_hardware for key in contents.keys] == [True]
