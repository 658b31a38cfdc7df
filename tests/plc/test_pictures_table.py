"""The map as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from plc_tool.pictures.table import map_csv
from v2g_tool.model.plc import LinkMap, Row, Spectrum, Tier

from .pictures_sample import MASK, ROBO, bit_loading, disturbed, link, sounded


def read(drawn: LinkMap) -> list[list[str]]:
    return list(csv.reader(io.StringIO(map_csv(drawn).decode(), newline="")))


def test_the_first_lines_are_as_expected() -> None:
    rows = (Row("slot 0", 0.0, (28.0, None)), Row("slot 1", 0.002, (22.0, 7.5)))
    drawn = link(Tier.BIT_LOADING, Spectrum(MASK.carriers()[:2], rows))

    assert map_csv(drawn) == (
        b"low (MHz),high (MHz),slot 0 (dB),slot 1 (dB),median (dB),minimum (dB),maximum (dB)\r\n"
        b"2.087402,2.111816,28,22,25,22,28\r\n"
        b"2.111816,2.136230,,7.5,7.5,7.5,7.5\r\n"
    )


def test_values_come_back_as_they_were() -> None:
    drawn = bit_loading(disturbed)
    assert drawn.spectrum is not None
    _, *table = read(drawn)

    assert len(table) == 917
    for number, row in enumerate(drawn.spectrum.rows):
        assert tuple(float(line[2 + number]) for line in table) == row.values
    assert tuple(float(line[-3]) for line in table) == drawn.spectrum.medians()


def test_masked_carriers_are_not_listed() -> None:
    _, *table = read(bit_loading(disturbed))
    bands = [(float(low), float(high)) for low, high, *_ in table]

    assert not any(low < n.low_hz / 1e6 + 1e-3 < high for low, high in bands for n in MASK.notches())


def test_sounds_are_columns() -> None:
    header, *table = read(sounded())

    assert header[2] == "sound 1 (dB)"
    assert len(header) == 15
    assert len(table) == 58


def test_a_map_without_values_is_a_header_only() -> None:
    assert len(read(ROBO)) == 1
    assert len(read(replace(sounded(), flags=("synthetic",)))) == 1


def test_a_name_with_a_comma_or_a_quote_is_quoted() -> None:
    drawn = link(Tier.MODEM_SNR, Spectrum(MASK.carriers()[:1], (Row('a,"b"\n', 0.0, (1.0,)),)))

    assert read(drawn)[0][2] == 'a,"b"  (dB)'
