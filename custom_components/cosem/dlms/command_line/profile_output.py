"""Three ways to write rows while they come: as a table, as JSON, as comma-separated values."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
import json
from typing import ClassVar, Final, override

from ..describe.profile_cells import column_name, csv_line, described_column, json_cells, text_cells
from ..interface_classes.profile_columns import ProfileColumn, ProfileRow
from .console import Console

_GAP: Final = "  "


class RowOutput(ABC):
    """Columns first, then rows, then the end; also behind an error, so that what was read is whole."""

    END: ClassVar[Sequence[str]] = ()
    """Lines behind the rows."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._columns: Sequence[ProfileColumn] | None = None
        self.rows = 0
        """So many were written."""

    def write(self, columns: Sequence[ProfileColumn], rows: Sequence[ProfileRow]) -> None:
        """Write some rows. Raises BrokenPipeError."""
        if self._columns is None:
            self._columns = columns
            self._begin(columns, rows)
        if rows:
            self._write(rows, columns)
        self.rows += len(rows)

    def end(self) -> None:
        """Write what is missing."""
        if self._columns is not None and self.END:
            self._console.lines(self.END)

    @abstractmethod
    def _begin(self, columns: Sequence[ProfileColumn], rows: Sequence[ProfileRow]) -> None: ...

    @abstractmethod
    def _write(self, rows: Sequence[ProfileRow], columns: Sequence[ProfileColumn]) -> None: ...


class CsvOutput(RowOutput):
    """A line of names with units, and a line for each row."""

    @override
    def _begin(self, columns: Sequence[ProfileColumn], rows: Sequence[ProfileRow]) -> None:
        self._console.lines([csv_line([_name_with_unit(column) for column in columns])])

    @override
    def _write(self, rows: Sequence[ProfileRow], columns: Sequence[ProfileColumn]) -> None:
        self._console.lines([csv_line(text_cells(row, columns)) for row in rows])


class JsonOutput(RowOutput):
    """One object, a line for each row."""

    END = ("  ]", "}")

    @override
    def _begin(self, columns: Sequence[ProfileColumn], rows: Sequence[ProfileRow]) -> None:
        described = [f"    {json.dumps(described_column(column))}" for column in columns]
        self._console.lines(["{", '  "columns": [', *_with_commas(described), "  ],", '  "rows": ['])

    @override
    def _write(self, rows: Sequence[ProfileRow], columns: Sequence[ProfileColumn]) -> None:
        # A comma stands before each row but the first: which one is the last is not known yet.
        lines = [f"   {json.dumps(json_cells(row, columns))}" for row in rows]
        commas = [" " if self.rows + number == 0 else "," for number in range(len(lines))]
        self._console.lines([comma + line for comma, line in zip(commas, lines, strict=True)])


class TableOutput(RowOutput):
    """Columns side by side, as wide as their names and the first rows need."""

    _widths: Sequence[int] = ()

    @override
    def _begin(self, columns: Sequence[ProfileColumn], rows: Sequence[ProfileRow]) -> None:
        units = [column.unit or "" for column in columns]
        heads = [[_short_name(column) for column in columns], *([units] if any(units) else [])]
        cells = [*heads, *[text_cells(row, columns) for row in rows]]
        self._widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        self._lines(heads)

    @override
    def _write(self, rows: Sequence[ProfileRow], columns: Sequence[ProfileColumn]) -> None:
        self._lines([text_cells(row, columns) for row in rows])

    def _lines(self, rows: Sequence[Sequence[str]]) -> None:
        self._console.lines(
            [
                _GAP.join([cell.ljust(width) for cell, width in zip(row, self._widths, strict=True)]).rstrip()
                for row in rows
            ]
        )


def _with_commas(lines: Sequence[str]) -> list[str]:
    return [*[f"{line}," for line in lines[:-1]], *lines[-1:]]


def _name_with_unit(column: ProfileColumn) -> str:
    return column_name(column) + (f" [{column.unit}]" if column.unit else "")


def _short_name(column: ProfileColumn) -> str:
    """Return the logical name, and more only where it is not the value."""
    what = column.capture_object
    usual = what.attribute_index == 2 and not what.data_index
    return str(what.logical_name) if usual else column_name(column)
