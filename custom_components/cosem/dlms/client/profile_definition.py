"""What a profile is: columns with their units, capture period, order of its entries (IEC 62056-6-2, class 7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..apdu.common import AttributeDescriptor
from ..encoding.data import Data
from ..errors import DataAccessError, DecodeError
from ..interface_classes.profile_columns import (
    ProfileColumn,
    SortMethod,
    chosen,
    time_column,
    unit_attribute,
)
from ..interface_classes.profile_generic import CaptureObject, ProfileGenericAttribute, decode_capture_objects
from ..interface_classes.register import ScalerUnit, decode_scaler_unit, integer_of
from .profile_request import ProfileRequest
from .profile_resumption import ReadSoFar


class ManySource(Protocol):
    """What is needed of an association."""

    async def get_many(self, attributes: Sequence[AttributeDescriptor]) -> list[Data | DataAccessError]:
        """Return values or errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileDefinition:
    """``all_columns``: of the buffer. ``places``: of those that are wanted. ``capture_period``: seconds, or 0."""

    all_columns: tuple[ProfileColumn, ...] = ()
    places: tuple[int, ...] = ()
    capture_period: int = 0
    sort_method: int | None = None
    """None if the meter does not tell."""
    entries_in_use: int | None = None
    profile_entries: int | None = None
    """How many there may be."""

    @property
    def columns(self) -> tuple[ProfileColumn, ...]:
        """Those of the rows."""
        return tuple(self.all_columns[place] for place in self.places)

    @property
    def clock(self) -> int | None:
        """The place of the timestamp in the rows."""
        return time_column(self.columns)

    @property
    def capture_objects(self) -> tuple[CaptureObject, ...]:
        """Attribute 3."""
        return tuple(column.capture_object for column in self.all_columns)

    @property
    def is_in_order_of_time(self) -> bool:
        """Whether entries are, one way or the other."""
        return self.sort_method in (None, SortMethod.FIFO, SortMethod.LIFO)

    @property
    def is_descending(self) -> bool:
        """Whether the newest entry is the first."""
        return self.sort_method == SortMethod.LIFO

    def falls(self, progress: ReadSoFar) -> bool | None:
        """Return whether the newest row is the first; None if that is not known."""
        if not self.is_in_order_of_time:
            return None
        if progress.rises is not progress.falls:
            return progress.falls
        return None if self.sort_method is None else self.is_descending

    def is_fixed(self, progress: ReadSoFar) -> bool:
        """Return whether entries keep their places: newer ones come behind them, and none has to go for them."""
        used, size = self.entries_in_use, self.profile_entries
        has_room = used is not None and size is not None and used < size
        return has_room and self.falls(progress) is False and not progress.is_mixed


async def read_definition(
    source: ManySource, request: ProfileRequest, known: Sequence[ProfileColumn] = ()
) -> ProfileDefinition:
    """Read it in one request, and in another the units, unless the columns are the ``known`` ones.

    Raises DataAccessError, DecodeError for the columns; what else is missing is taken for the usual.
    """
    named = request.attribute
    capture, period, sort, used, size = await source.get_many(
        [
            named(ProfileGenericAttribute.CAPTURE_OBJECTS),
            named(ProfileGenericAttribute.CAPTURE_PERIOD),
            named(ProfileGenericAttribute.SORT_METHOD),
            named(ProfileGenericAttribute.ENTRIES_IN_USE),
            named(ProfileGenericAttribute.PROFILE_ENTRIES),
        ]
    )
    if isinstance(capture, DataAccessError):
        raise capture
    objects = decode_capture_objects(capture)
    columns = tuple(known)
    if tuple(column.capture_object for column in known) != objects:
        columns = tuple(ProfileColumn(*column) for column in zip(objects, await _units(source, objects), strict=True))
    return ProfileDefinition(
        all_columns=columns,
        places=tuple(chosen(columns, request.columns)),
        capture_period=_number(period) or 0,
        sort_method=_number(sort) or None,
        entries_in_use=_number(used),
        profile_entries=_number(size),
    )


async def _units(source: ManySource, objects: Sequence[CaptureObject]) -> list[ScalerUnit | None]:
    wanted = {column: attribute for column in objects if (attribute := unit_attribute(column)) is not None}
    attributes = list(dict.fromkeys(wanted.values()))
    results = await source.get_many(attributes) if attributes else []
    found = {each: _unit(value) for each, value in zip(attributes, results, strict=True)}
    return [found[wanted[column]] if column in wanted else None for column in objects]


def _number(value: Data | DataAccessError) -> int | None:
    return integer_of(value) if isinstance(value, Data) else None


def _unit(value: Data | DataAccessError) -> ScalerUnit | None:
    if isinstance(value, DataAccessError):
        return None
    try:
        return decode_scaler_unit(value)
    except DecodeError:
        return None
