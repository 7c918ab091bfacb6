"""Columns and cells of a profile, for people and programs."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
import json
import math
from typing import Final

from ..encoding.cosem_time import decode_date_time
from ..encoding.data import BitString
from ..errors import DecodeError
from ..interface_classes.profile_columns import ProfileColumn, ProfileRow
from ..interface_classes.register import decimal_text
from .elements import Json, JsonObject, json_text

type Cell = object
"""What stands in a ProfileRow."""

_QUOTED: Final = frozenset(',"\r\n')


def described_column(column: ProfileColumn) -> JsonObject:
    """Return a column for programs."""
    what = column.capture_object
    return {
        "class_id": what.class_id,
        "logical_name": str(what.logical_name),
        "attribute": what.attribute_index,
        "data_index": what.data_index,
        "unit": column.unit,
    }


def column_name(column: ProfileColumn) -> str:
    """Return CLASS:LOGICAL_NAME:ATTRIBUTE; with #INDEX for a part of it."""
    what = column.capture_object
    part = f"#{what.data_index}" if what.data_index else ""
    return f"{what.class_id}:{what.logical_name}:{what.attribute_index}{part}"


def json_cells(row: ProfileRow, columns: Sequence[ProfileColumn]) -> list[Json]:
    """Return a row for programs: ISO 8601 times, decimal text for scaled numbers, hex for octets."""
    return [_json_cell(cell, column) for cell, column in zip(row, columns, strict=True)]


def _json_cell(cell: Cell, column: ProfileColumn) -> Json:
    if isinstance(cell, bytes) and column.is_time:
        return _time_without_zone(cell)
    return _plain_cell(cell)


def _plain_cell(cell: Cell) -> Json:
    match cell:
        case datetime():
            return cell.isoformat()
        case Decimal():
            return decimal_text(cell)
        case bytes():
            return cell.hex()
        case BitString():
            return cell.text
        case tuple():
            return [_plain_cell(element) for element in cell]
        case float():
            return cell if math.isfinite(cell) else None  # NaN and infinities are not JSON
        case str():
            return json_text(cell)
        case bool() | int():
            return cell
    return None


def _time_without_zone(octets: bytes) -> str:
    """Return ISO 8601 of a date-time that names no point in time; hex where that says nothing."""
    try:
        return decode_date_time(octets).isoformat() or octets.hex()
    except DecodeError:
        return octets.hex()


def text_cells(row: ProfileRow, columns: Sequence[ProfileColumn]) -> list[str]:
    """Return a row as text; null-data is empty. What a meter sends cannot steer a terminal."""
    return ["" if cell is None else _text(cell) for cell in json_cells(row, columns)]


def _text(cell: Json) -> str:
    return cell if isinstance(cell, str) and cell.isprintable() else json.dumps(cell)


def csv_line(cells: Sequence[str]) -> str:
    """Return a line of comma-separated values (RFC 4180), without its end."""
    return ",".join([f'"{cell.replace('"', '""')}"' if _QUOTED & {*cell} else cell for cell in cells])
