"""Cells of a profile for programs and people."""

import csv
from datetime import UTC, datetime
from decimal import Decimal
import json
import math

import pytest

from custom_components.cosem.dlms.describe.profile_cells import (
    column_name,
    csv_line,
    described_column,
    json_cells,
    text_cells,
)
from custom_components.cosem.dlms.encoding.data import BitString
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.interface_classes.profile_columns import ProfileColumn
from custom_components.cosem.dlms.interface_classes.profile_generic import CaptureObject
from custom_components.cosem.dlms.interface_classes.register import ScalerUnit

CLOCK = ProfileColumn(CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2, 0))
ENERGY = ProfileColumn(CaptureObject(3, LogicalName.parse("1.0.1.8.0.255"), 2, 0), ScalerUnit(-1, 30))
PART = ProfileColumn(CaptureObject(1, LogicalName.parse("0.0.96.1.0.255"), 2, 3))


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (datetime(2026, 3, 1, 12, tzinfo=UTC), "2026-03-01T12:00:00+00:00"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.00001"), "0.00001"),
        (7, 7),
        (True, True),
        ("text", "text"),
        ("\udcffä", "\\xffä"),
        (2.5, 2.5),
        (math.nan, None),
        (math.inf, None),
        (None, None),
        (b"\x01\xff", "01ff"),
        (BitString(b"\xa0", 3), "101"),
        ((1, (b"\x02", None)), [1, ["02", None]]),
    ],
)
def test_a_cell_for_programs(cell: object, shown: object):
    assert json_cells((cell,), (ENERGY,)) == [shown]
    json.dumps([shown], allow_nan=False)


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        ("07EA0301FF0C0F00FF8000FF", "2026-03-01T12:15:00"),
        ("FFFFFFFFFFFFFFFFFF8000FF", "ffffffffffffffffff8000ff"),
        ("07EA", "07ea"),
    ],
)
def test_a_time_without_an_offset_is_written_without_one_and_what_is_none_as_octets(octets: str, shown: str):
    assert json_cells((bytes.fromhex(octets),), (CLOCK,)) == [shown]
    assert json_cells((bytes.fromhex(octets),), (PART,)) == [octets.lower()]


def test_columns_have_names_and_units():
    assert [column_name(column) for column in (CLOCK, ENERGY, PART)] == [
        "8:0.0.1.0.0.255:2",
        "3:1.0.1.8.0.255:2",
        "1:0.0.96.1.0.255:2#3",
    ]
    assert described_column(ENERGY) == {
        "class_id": 3,
        "logical_name": "1.0.1.8.0.255",
        "attribute": 2,
        "data_index": 0,
        "unit": "Wh",
    }
    assert (described_column(PART)["data_index"], described_column(PART)["unit"]) == (3, None)


def test_text_of_a_meter_does_not_steer_a_terminal():
    assert text_cells(("\x1b[31m", "fine", None, 5), (ENERGY,) * 4) == ['"\\u001b[31m"', "fine", "", "5"]


@pytest.mark.parametrize("cells", [["1", "2"], ['say "hi"', "a,b", ""], ["two\nlines", "\r"]])
def test_comma_separated_values_are_read_back_by_the_usual_reader(cells: list[str]):
    assert next(csv.reader([csv_line(cells)], strict=True)) == cells


def test_only_what_must_be_is_quoted():
    assert csv_line(["1.5", "a b", "c,d"]) == '1.5,a b,"c,d"'
