"""Rows as a table, as JSON, as comma-separated values: written while they come, and whole at each end."""

from decimal import Decimal

import pytest

from custom_components.cosem.dlms.command_line.profile_output import CsvOutput, JsonOutput, RowOutput, TableOutput
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.interface_classes.profile_columns import ProfileColumn
from custom_components.cosem.dlms.interface_classes.profile_generic import CaptureObject
from custom_components.cosem.dlms.interface_classes.register import ScalerUnit

from .consoles import KeptConsole

STATUS = ProfileColumn(CaptureObject(1, LogicalName.parse("0.0.96.10.1.255"), 2, 1))
ENERGY = ProfileColumn(CaptureObject(3, LogicalName.parse("1.0.1.8.0.255"), 2, 0), ScalerUnit(-1, 30))
COLUMNS = (STATUS, ENERGY)
ROWS = [(0, Decimal("1.5")), (17, Decimal("12345678901234567.5")), (2, None)]


def written(kind: type[RowOutput], *batches: int, columns: tuple[ProfileColumn, ...] = COLUMNS) -> KeptConsole:
    console = KeptConsole()
    output = kind(console)
    left = list(ROWS)
    for size in batches:
        output.write(columns, [row[: len(columns)] for row in left[:size]])
        del left[:size]
    output.end()
    assert output.rows == sum(batches)
    return console


@pytest.mark.parametrize("batches", [(3,), (1, 2), (0, 1, 0, 2)])
def test_json_is_whole_however_rows_come(batches: tuple[int, ...]):
    result = written(JsonOutput, *batches).result
    assert [column["unit"] for column in result["columns"]] == [None, "Wh"]
    assert result["rows"] == [[0, "1.5"], [17, "12345678901234567.5"], [2, None]]
    assert list(result) == ["columns", "rows"]


@pytest.mark.parametrize("columns", [COLUMNS, COLUMNS[:1]])
def test_json_without_rows(columns: tuple[ProfileColumn, ...]):
    result = written(JsonOutput, 0, columns=columns).result
    assert (len(result["columns"]), result["rows"]) == (len(columns), [])


def test_a_row_is_a_line():
    console = written(JsonOutput, 2)
    assert [line for line in console.output if '"1.5"' in line] == ['    [0, "1.5"]']


def test_lines_of_comma_separated_values():
    assert written(CsvOutput, 1, 2).output == [
        "1:0.0.96.10.1.255:2#1,3:1.0.1.8.0.255:2 [Wh]",
        "0,1.5",
        "17,12345678901234567.5",
        "2,",
    ]


def test_a_table_stands_in_columns_also_where_later_rows_are_wider():
    assert written(TableOutput, 1, 2).output == [
        "1:0.0.96.10.1.255:2#1  1.0.1.8.0.255",
        "                       Wh",
        "0                      1.5",
        "17                     12345678901234567.5",
        "2",
    ]


def test_units_have_a_line_only_if_there_are_any():
    assert len(written(TableOutput, 0, columns=(STATUS,)).output) == 1


@pytest.mark.parametrize("kind", [CsvOutput, JsonOutput, TableOutput])
def test_nothing_is_written_where_the_columns_were_never_known(kind: type[RowOutput]):
    assert written(kind).output == []
