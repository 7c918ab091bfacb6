"""Columns of a profile with their units, and rows with what their cells mean (IEC 62056-6-2, Profile generic)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Context, Decimal
from enum import IntEnum
from itertools import repeat
import math
from typing import Final, NamedTuple, cast

from ..apdu.common import AttributeDescriptor
from ..encoding.cosem_time import (
    MAX_DEVIATION,
    CosemDateTime,
    TimePolicy,
    encode_date_time,
    fixed_zone,
)
from ..encoding.data import Data, DataType, PlainValue, double_long_unsigned
from ..encoding.logical_name import LogicalName
from .clock import decode_clock_time
from .data import DataAttribute
from .interface_class import InterfaceClass
from .profile_generic import CaptureObject, time_columns
from .profile_layout import Row
from .profile_order import RowOrder
from .profile_times import RowTimes, TimedRow, expand_rows
from .register import ScalerUnit
from .value_attributes import scaler_unit_attribute

type ProfileRow = tuple[PlainValue | datetime | Decimal, ...]
"""Points in time are aware datetimes, scaled numbers decimals; what names no point in time stays octets."""

_EXACT: Final = Context(prec=400)
_UNIX_TIME: Final = (0, 1, 1)
"""Value groups A, C, D of the clock in seconds since 1970, a Data object."""

_WEEKDAY, _HUNDREDTHS, _DEVIATION, _STATUS = 4, 8, slice(9, 11), 11
_NONE: Final = 0xFF
_NO_DEVIATION: Final = b"\x80\x00"


class SortMethod(IntEnum):
    """Order of the entries in a buffer."""

    FIFO = 1
    LIFO = 2
    LARGEST = 3
    SMALLEST = 4
    NEAREST_TO_ZERO = 5
    FARTHEST_FROM_ZERO = 6


class ProfileColumn(NamedTuple):
    """One column. ``scaler_unit``: of its numbers; None where the object has none, or does not tell."""

    capture_object: CaptureObject
    scaler_unit: ScalerUnit | None = None

    @property
    def unit(self) -> str | None:
        """The printed symbol, None without one."""
        return None if self.scaler_unit is None else self.scaler_unit.symbol

    @property
    def is_unix_time(self) -> bool:
        """Whether it counts seconds since 1970."""
        column = self.capture_object
        group = column.logical_name.octets
        is_value = column.class_id == InterfaceClass.DATA and column.attribute_index == DataAttribute.VALUE
        return is_value and (group[0], group[2], group[3]) == _UNIX_TIME

    @property
    def is_time(self) -> bool:
        """Whether it is the row's timestamp."""
        return self.capture_object.is_clock or self.is_unix_time


def unit_attribute(column: CaptureObject) -> AttributeDescriptor | None:
    """Return where the scaler_unit of a column is, None if it has none.

    The data index is not looked at: a register has one number, and of what is no structure it has no meaning.
    """
    attribute = AttributeDescriptor(column.class_id, column.logical_name, column.attribute_index)
    return scaler_unit_attribute(attribute)


def time_column(columns: Sequence[ProfileColumn]) -> int | None:
    """Return the place of the row's timestamp."""
    return next((place for place, column in enumerate(columns) if column.is_time), None)


class RowMeaning:
    """Turns plain rows into what they mean, batch by batch; a batch goes on from the row before."""

    def __init__(
        self,
        columns: Sequence[ProfileColumn],
        capture_period: int,
        policy: TimePolicy = TimePolicy.STANDARD,
        zone: tzinfo | None = None,
        *,
        falls: bool | None = False,
    ) -> None:
        """``capture_period``: seconds, 0 if none. ``falls``: whether the newest row is the first, None if not known.

        Times in the rows count more than ``falls`` (RowOrder).
        """
        times = time_columns([column.capture_object for column in columns])
        self._times = RowTimes(times, policy, zone, is_event_log=not capture_period)
        # Clocks, and newer capture times, may count seconds, too.
        self._unix = [place for place, column in enumerate(columns) if column.is_unix_time or place in times]
        self._clock = time_column(columns)
        self._period = capture_period
        self._order = RowOrder(capture_period, told=falls)
        self._scalers = {
            place: column.scaler_unit.scaler
            for place, column in enumerate(columns)
            if column.scaler_unit is not None and column.scaler_unit.is_plausible
        }
        self._previous: tuple[PlainValue | datetime, ...] | None = None

    def of(self, rows: Iterable[Row]) -> list[ProfileRow]:
        """Return the rows with times, without null-data that means "as before", and scaled."""
        timed: list[TimedRow] = [*rows]
        self._times.put(timed)
        if any(type(row[place]) is int for place in self._unix for row in timed if place < len(row)):
            timed = [self._with_unix_times(row) for row in timed]
        if not timed:
            return []
        place = self._clock
        if place is not None:
            self._order.watch([row[place] if place < len(row) else None for row in timed])
        falls = self._order.falls
        step = None if falls is None else -self._period if falls else self._period
        before = [] if self._previous is None else [self._previous]
        full = expand_rows([*before, *timed], step, self._clock)[len(before) :]
        self._previous = full[-1]
        return self._scaled(full)

    def _with_unix_times(self, row: tuple[PlainValue | datetime, ...]) -> tuple[PlainValue | datetime, ...]:
        cells = list(row)
        for place in self._unix:
            seconds = cells[place] if place < len(cells) else None
            if type(seconds) is int and 0 < seconds < 1 << 32:
                cells[place] = datetime.fromtimestamp(seconds, UTC)
        return tuple(cells)

    def _scaled(self, rows: list[TimedRow]) -> list[ProfileRow]:
        """Scale column by column: most of the time that a year takes would be spent here."""
        if not self._scalers or len(set(map(len, rows))) > 1:
            return [self._scaled_row(row) for row in rows]
        columns: list[Iterable[PlainValue | datetime | Decimal]] = [*zip(*rows, strict=True)]
        for place, scaler in self._scalers.items():
            if place < len(columns):
                columns[place] = _scaled_column(columns[place], scaler)
        return [*zip(*columns, strict=True)]

    def _scaled_row(self, row: TimedRow) -> ProfileRow:
        return tuple(
            [_scaled(cell, self._scalers[place]) if place in self._scalers else cell for place, cell in enumerate(row)]
        )


def _scaled_column(
    cells: Iterable[PlainValue | datetime | Decimal], scaler: int
) -> Iterable[PlainValue | datetime | Decimal]:
    if scaler <= 0 and set(map(type, cells)) == {int}:
        # Without digits to be filled up nothing else is to be done.
        return map(_EXACT.scaleb, cast("Iterable[int]", cells), repeat(scaler))
    return [_scaled(cell, scaler) for cell in cells]


def _scaled(cell: PlainValue | datetime | Decimal, scaler: int) -> PlainValue | datetime | Decimal:
    if type(cell) is int:
        number = Decimal(cell)
    elif type(cell) is float and math.isfinite(cell):
        number = Decimal(repr(cell))
    else:
        return cell
    shifted = number.scaleb(scaler, _EXACT)
    exponent = shifted.as_tuple().exponent
    # 12 x 10**3 is 12000, not 1.2E+4
    return shifted.quantize(Decimal(1), context=_EXACT) if isinstance(exponent, int) and exponent > 0 else shifted


def time_like(clock: Data, moment: datetime, policy: TimePolicy, zone: tzinfo | None) -> Data:
    """Return a point in time as the meter writes its own: what its clock leaves open is left open.

    ``clock``: the meter's time. Raises DecodeError.
    """
    own = decode_clock_time(clock)
    if own.deviation is not None and not policy.ignores_deviation:
        deviation = -own.deviation if policy is TimePolicy.INVERTED else own.deviation
        here = zone or fixed_zone(max(-MAX_DEVIATION, min(deviation, MAX_DEVIATION)))
        local = moment.astimezone(here)
    else:
        local = moment if zone is None else moment.astimezone(zone)
    octets = bytearray(encode_date_time(CosemDateTime.from_datetime(local, policy)))
    octets[_HUNDREDTHS] = _NONE if own.hundredths is None else 0
    if own.weekday is None:
        octets[_WEEKDAY] = _NONE
    if own.deviation is None:
        octets[_DEVIATION] = _NO_DEVIATION
    if own.clock_status is None:
        octets[_STATUS] = _NONE
    return Data(clock.type, bytes(octets))


def time_with_nothing_else(clock: Data, moment: datetime, policy: TimePolicy, zone: tzinfo | None) -> Data:
    """Return the same without weekday and what follows the seconds: some meters compare octets. Raises DecodeError."""
    octets = bytearray(_octets_of(time_like(clock, moment, policy, zone)))
    octets[_WEEKDAY] = octets[_HUNDREDTHS] = octets[_STATUS] = _NONE
    octets[_DEVIATION] = _NO_DEVIATION
    return Data(DataType.OCTET_STRING, bytes(octets))


def unix_time(moment: datetime) -> Data:
    """Return seconds since 1970."""
    return double_long_unsigned(max(0, min(int(moment.timestamp()), 0xFFFF_FFFF)))


def chosen(columns: Sequence[ProfileColumn], names: Sequence[LogicalName]) -> list[int]:
    """Return the places of the columns with these logical names, and of the timestamp; all without names."""
    clock = time_column(columns)
    return [
        place
        for place, column in enumerate(columns)
        if not names or place == clock or column.capture_object.logical_name in names
    ]


def _octets_of(data: Data) -> bytes:
    assert isinstance(data.value, bytes)  # time_like() returns octets
    return data.value
