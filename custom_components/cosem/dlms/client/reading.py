"""Reading many attributes in few requests; list_sizes.py decides what to ask for next.

One element's error does not spoil the others; a value that cannot be decoded, which ends the connection (F43), does so
once.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from ..apdu.common import AttributeDescriptor, DataAccessResult, decode_get_data_result
from ..apdu.get import decode_get_data_results
from ..encoding.data import Data, decode_data_octets
from ..encoding.octets import Reader
from ..errors import (
    ConfirmedServiceErrorReceived,
    ConnectionLost,
    DataAccessError,
    DataAccessResultCode,
    DlmsError,
    ExceptionReceived,
    RemoteProtocolError,
    ServiceError,
    ServiceErrorCode,
    TransportError,
)
from ..limits import DEFAULT_LIMITS, Limits
from .list_sizes import ListPlan

_BUSY: Final = frozenset({ServiceErrorCode.OPERATION_NOT_POSSIBLE, ServiceErrorCode.OTHER_REASON})
"""These may pass."""

_PATIENCE: Final = 3
"""So many exception-responses and nothing else end a reading."""


class AttributeSource(Protocol):
    """What is needed of an association."""

    @property
    def is_open(self) -> bool:
        """Whether more requests are possible."""

    async def get_octets(self, attribute: AttributeDescriptor) -> bytes:
        """Return one encoded value."""

    async def get_list_octets(self, attributes: Sequence[AttributeDescriptor]) -> bytes:
        """Return an encoded SEQUENCE OF Get-Data-Result."""

    def decode[T](self, decode: Callable[[bytes, Limits], T], octets: bytes) -> Awaitable[T]:
        """Decode, much of it outside of the event loop."""


def decode_get_list(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> list[tuple[int, Data | DataAccessError]]:
    """Return octets and value of each Get-Data-Result. Raises DecodeError, LimitExceeded."""
    return [
        (size, DataAccessError(result.code) if isinstance(result, DataAccessResult) else result)
        for size, result in decode_get_data_results(octets, limits)
    ]


def first_undecodable(octets: bytes, limits: Limits) -> int:
    """Return the index of the first Get-Data-Result that cannot be decoded; their number if all can."""
    reader = Reader(octets, limits=limits)
    number = 0
    try:
        for _ in range(reader.count()):
            decode_get_data_result(reader)
            number += 1
    except RemoteProtocolError:
        pass
    return number


async def read_many(
    source: AttributeSource, plan: ListPlan, attributes: Sequence[AttributeDescriptor]
) -> list[Data | DataAccessError]:
    """Return value or error of each attribute, in the same order.

    Raises ExceptionReceived, ConfirmedServiceErrorReceived when every request got one or the association is lost;
    others as get() does.
    """
    suspects = [attribute for attribute in dict.fromkeys(attributes) if plan.is_suspect(attribute)]
    others = [attribute for attribute in attributes if attribute not in suspects]
    if suspects and others:
        found = dict(zip(others, await read_many(source, plan, others), strict=True))
        for suspect in suspects:  # last: one may end the connection
            found[suspect] = await _read_suspect(source, plan, suspect)
        return [found[attribute] for attribute in attributes]
    results: list[Data | DataAccessError] = []
    errors: list[ServiceError] = []
    while len(results) < len(attributes):
        pending = attributes[len(results) :]
        batch = pending[: plan.batch(pending)]
        if len(batch) > 1:
            results += await _read_list(source, plan, batch)
            continue
        try:
            results.append(await _read_single(source, plan, batch[0]))
        except (ExceptionReceived, ConfirmedServiceErrorReceived) as error:
            errors.append(error)
            if not source.is_open:
                raise
            results.append(_element_error(error))
            if len(errors) == len(results) and (len(errors) == _PATIENCE or len(results) == len(attributes)):
                plan.forget_refusals()
                raise
    return results


async def _read_single(
    source: AttributeSource, plan: ListPlan, attribute: AttributeDescriptor
) -> Data | DataAccessError:
    try:
        octets = await source.get_octets(attribute)
    except DataAccessError as error:
        if error.result != DataAccessResultCode.OTHER_REASON:
            plan.answered([])
        return error
    plan.answered([(attribute, len(octets))])
    try:
        value = await source.decode(decode_data_octets, octets)
    except RemoteProtocolError:
        plan.undecodable(attribute)
        raise
    plan.decodable(attribute)
    return value


async def _read_suspect(
    source: AttributeSource, plan: ListPlan, attribute: AttributeDescriptor
) -> Data | DataAccessError:
    """Return value or error; it may end the connection."""
    if not source.is_open:
        return DataAccessError(DataAccessResultCode.OTHER_REASON)
    try:
        return await _read_single(source, plan, attribute)
    except (ExceptionReceived, ConfirmedServiceErrorReceived, RemoteProtocolError) as error:
        return _element_error(error)


async def _read_list(
    source: AttributeSource, plan: ListPlan, batch: Sequence[AttributeDescriptor]
) -> list[Data | DataAccessError]:
    """Return the results; none when the list was refused."""
    try:
        octets = await source.get_list_octets(batch)
    except ExceptionReceived as error:
        plan.refused(len(batch), for_good=error.service_error == ServiceErrorCode.SERVICE_NOT_SUPPORTED)
        if not source.is_open:
            raise
        return []
    except ServiceError:
        plan.refused(len(batch))
        return []
    except (TransportError, RemoteProtocolError) as error:
        if not (isinstance(error, ConnectionLost) and error.truncated):  # it was about to answer
            plan.unanswered(len(batch))
        raise
    try:
        elements = await source.decode(decode_get_list, octets)
    except RemoteProtocolError:
        number = await source.decode(first_undecodable, octets)
        if number < len(batch):
            plan.undecodable(batch[number])
        else:  # their form as a list is wrong
            plan.unanswered(len(batch))
        raise
    # Other-reason for every element may mean the list itself.
    if len(elements) != len(batch) or all(_is_other_reason(value) for _size, value in elements):
        plan.refused(len(batch))
        return []
    plan.answered([(attribute, size) for attribute, (size, _value) in zip(batch, elements, strict=True)])
    plan.decodable(*batch)
    return [value for _size, value in elements]


def _is_other_reason(value: Data | DataAccessError) -> bool:
    return isinstance(value, DataAccessError) and value.result == DataAccessResultCode.OTHER_REASON


def _element_error(error: DlmsError) -> DataAccessError:
    busy = isinstance(error, ExceptionReceived) and error.service_error in _BUSY
    element_error = DataAccessError(
        DataAccessResultCode.TEMPORARY_FAILURE if busy else DataAccessResultCode.OTHER_REASON
    )
    element_error.__cause__ = error
    return element_error
