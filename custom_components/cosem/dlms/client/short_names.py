"""Where a meter's objects are, for an association with short names: its object list, read once (class 12).

Which objects there are not is believed after two lists, in two associations.
A list that is refused for good, or makes no sense, is asked for again when the association is lent again, and one that
is refused for now at the next question; until then there are the special objects only. What that means for an object is
never that it does not exist.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..apdu.short_name import InformationReportRequest, VariableName
from ..encoding.data import Data
from ..encoding.logical_name import LogicalName
from ..errors import (
    DataAccessError,
    DataAccessResultCode,
    DecodeError,
    DlmsError,
    ExceptionReceived,
    ServiceError,
    ServiceErrorCode,
    ShortNameUnknown,
)
from ..interface_classes.association_ln import CURRENT_ASSOCIATION, CURRENT_OBJECT_LIST
from ..interface_classes.association_sn import AssociationSnAttribute, decode_short_name_list
from ..interface_classes.interface_class import InterfaceClass
from ..interface_classes.short_names import (
    ASSOCIATION_SN_BASE_NAME,
    SPECIAL_OBJECTS,
    ShortNameObject,
    attribute_index_at,
    attribute_short_name,
)
from ..protocol.transfer import Transfer
from ..protocol.transfer.get import GetOne
from ..protocol.transfer.read import ReadOne
from ..protocol.transfer.short_names import named_objects, with_short_names

_OBJECT_LIST: Final = attribute_short_name(ASSOCIATION_SN_BASE_NAME, AssociationSnAttribute.OBJECT_LIST)

_MAY_PASS: Final = frozenset({ServiceErrorCode.OPERATION_NOT_POSSIBLE, ServiceErrorCode.OTHER_REASON})
"""Exceptions of a meter that is busy."""

_REFUSED_FOR_GOOD: Final = frozenset(
    {
        DataAccessResultCode.READ_WRITE_DENIED,
        DataAccessResultCode.OBJECT_UNDEFINED,
        DataAccessResultCode.OBJECT_CLASS_INCONSISTENT,
        DataAccessResultCode.TYPE_UNMATCHED,
        DataAccessResultCode.SCOPE_OF_ACCESS_VIOLATED,
    }
)

type Key = tuple[int, LogicalName]
"""Class id and logical name."""

type Read = Callable[[Transfer], Awaitable[Data]]
"""Carries out a request for one value. Raises as Association.get()."""

_SPECIAL: Final[dict[Key, ShortNameObject]] = {
    (class_id, name): ShortNameObject(base_name, class_id, 0, name)
    for (class_id, name), base_name in SPECIAL_OBJECTS.items()
}
# Callers ask for the object list of class 15; here class 12 has it, with the same number.
_SPECIAL[InterfaceClass.ASSOCIATION_LN, CURRENT_ASSOCIATION] = _SPECIAL[
    InterfaceClass.ASSOCIATION_SN, CURRENT_ASSOCIATION
]


class ShortNames:
    """The base names of one logical device. Outlives associations."""

    def __init__(self, known: Iterable[ShortNameObject] = ()) -> None:
        """``known``: objects whose base names need no list, for an association that cannot read any."""
        self._given = {(item.class_id, item.logical_name): item for item in known}
        self._listed: dict[Key, ShortNameObject] = {}
        self._lists = 0
        """How many were read."""
        self._missing: dict[Key, int] = {}
        """Objects that were asked for and not listed: the number of the list that lacked them first."""
        self._absent: set[Key] = set()
        """Objects that two lists lacked."""
        self._failure: DlmsError | None = None
        """Why the list could not be read, the last time."""
        self._is_resting = False
        """Whether the list is not to be asked for: it was read, or refused for good, since begin()."""
        self._reading = asyncio.Lock()

    def begin(self) -> None:
        """Note a new association, or a new user of a kept one."""
        self._is_resting = False

    async def translated(self, transfer: Transfer, read: Read) -> Transfer:
        """Return a request with short names for one with logical names; ``read`` reads the object list if needed.

        Raises DataAccessError for an object without a base name, the meter's error where it gave none for its list,
        LocalProtocolError, and as ``read``.
        """
        await self._learn(named_objects(transfer), read)
        return with_short_names(transfer, self._find)

    async def read_instead(self, transfer: GetOne, read: Read) -> ReadOne:
        """Return the Read of one attribute. Raises as translated()."""
        reading = await self.translated(transfer, read)
        assert isinstance(reading, ReadOne)
        return reading

    async def without(
        self, attributes: Sequence[AttributeDescriptor], read: Read
    ) -> dict[AttributeDescriptor, DataAccessError]:
        """Return the errors of those of ``attributes`` that have no short name. Raises as ``read``."""
        await self._learn([(each.class_id, each.logical_name) for each in attributes], read)
        return {
            each: _undefined() if each.attribute_index < 1 else self._unknown()
            for each in attributes
            if each.attribute_index < 1 or self._get(each[:2]) is None
        }

    def is_list(self, transfer: Transfer) -> bool:
        """Return whether somebody asks for the whole object list, so that its answer is worth take()."""
        return isinstance(transfer, GetOne) and transfer.attribute == CURRENT_OBJECT_LIST and transfer.selection is None

    def take(self, value: Data) -> None:
        """Take the object list: base names may change with a meter's firmware. Raises DecodeError, LimitExceeded."""
        listed = decode_short_name_list(value)
        if not listed:
            raise DecodeError("an object list without objects")
        self._listed = {(item.class_id, item.logical_name): item for item in reversed(listed)}
        self._lists += 1
        self._failure, self._is_resting = None, True

    def attributes_of(self, report: InformationReportRequest) -> dict[int, AttributeDescriptor]:
        """Return which attributes a report tells of, by their short names, as far as the object list was read."""
        items = sorted({**self._given, **self._listed}.values(), key=lambda item: item.base_name)
        bases = [item.base_name for item in items]
        found: dict[int, AttributeDescriptor] = {}
        for variable in report.variables:
            if not isinstance(variable, VariableName):
                continue
            if place := bisect_right(bases, variable.short_name):
                item = items[place - 1]
                if (index := attribute_index_at(item, variable.short_name)) is not None:
                    found[variable.short_name] = AttributeDescriptor(item.class_id, item.logical_name, index)
        return found

    async def _learn(self, keys: Sequence[Key], read: Read) -> None:
        if not self._unknown_among(keys):
            return
        async with self._reading:
            unknown = self._unknown_among(keys)
            if unknown and not self._is_resting:
                await self._read_list(read)
                unknown = self._unknown_among(unknown)
            if self._listed:
                # One list may have been cut short: the next association reads another before an object is given up.
                self._absent.update(key for key in unknown if self._missing.setdefault(key, self._lists) < self._lists)

    def _unknown_among(self, keys: Iterable[Key]) -> set[Key]:
        """Return the objects without a base name for which the list is worth reading."""
        return {key for key in keys if self._get(key) is None} - self._absent

    async def _read_list(self, read: Read) -> None:
        try:
            self.take(await read(ReadOne(VariableName(_OBJECT_LIST))))
        except (ServiceError, DecodeError) as error:
            self._failure = error
            self._is_resting = not _may_pass(error)

    def _get(self, key: Key) -> ShortNameObject | None:
        return self._listed.get(key) or self._given.get(key) or _SPECIAL.get(key)

    def _find(self, class_id: int, logical_name: LogicalName) -> ShortNameObject:
        item = self._get((class_id, logical_name))
        if item is None:
            error = self._unknown()
            raise_if_nothing_else([error])
            raise error
        return item

    def _unknown(self) -> DataAccessError:
        """Return the error of an object without a base name."""
        failure = self._failure
        if self._listed or failure is None:
            return _undefined()
        error = ShortNameUnknown(f"the object list could not be read: {failure}", may_pass=_may_pass(failure))
        error.__cause__ = failure
        return error


def raise_if_nothing_else(errors: Iterable[DataAccessError]) -> None:
    """Raise what a meter said to its list instead of a result, if that is all it said."""
    for error in errors:
        cause = error.__cause__
        if isinstance(cause, ServiceError) and not isinstance(cause, DataAccessError):
            raise cause


def _undefined() -> DataAccessError:
    return DataAccessError(DataAccessResultCode.OBJECT_UNDEFINED)


def _may_pass(failure: DlmsError) -> bool:
    match failure:
        case DataAccessError():
            return failure.result not in _REFUSED_FOR_GOOD and not failure.undecodable
        case ExceptionReceived():
            return failure.service_error in _MAY_PASS
    return False
