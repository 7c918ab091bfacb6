"""Reading many attributes in few requests; list_sizes.py decides what to ask for next.

One element's error does not spoil the others, nor does a list that is answered with something else. A value that
exhausts a limit ends the connection (F43), and does so once.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

from ..apdu.common import (
    AttributeDescriptor,
    DataAccessResult,
    decode_get_data_result,
    encode_get_data_result,
    encode_list,
)
from ..apdu.get import decode_get_data_results
from ..encoding.data import Data, decode_data_octets
from ..encoding.octets import Reader, Writer
from ..errors import (
    ConfirmedServiceErrorReceived,
    ConnectionLost,
    DataAccessError,
    DataAccessResultCode,
    DecodeError,
    DlmsError,
    ExceptionReceived,
    LimitExceeded,
    RemoteProtocolError,
    ServiceError,
    ServiceErrorCode,
    TransportError,
)
from ..limits import DEFAULT_LIMITS, Limits
from ..protocol.outstanding import says_no_association
from ..protocol.transfer.access import AccessOutcome
from .list_sizes import ListPlan

_BUSY: Final = frozenset({ServiceErrorCode.OPERATION_NOT_POSSIBLE, ServiceErrorCode.OTHER_REASON})
"""These may pass."""

_PATIENCE: Final = 3
"""So many exception-responses and nothing else end a reading."""

_PATIENCE_WITH_UNKNOWN: Final = 8
"""The same for what some meters say of each object that they do not know: each costs an association."""

_MORE_PATIENCE: Final = 64
"""The same where the association has answered before: some meters say so of each object that they do not have."""


class AttributeSource(Protocol):
    """What is needed of an association."""

    @property
    def is_open(self) -> bool:
        """Whether more requests are possible."""

    @property
    def proposals(self) -> int:
        """How often it was proposed: more than before if the meter forgot it in between."""

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


def encode_outcomes(outcomes: Sequence[AccessOutcome]) -> bytes:
    """Return values and errors as an encoded SEQUENCE OF Get-Data-Result."""
    writer = Writer()
    results = [each if isinstance(each, Data) else DataAccessResult(_code_of(each)) for each in outcomes]
    encode_list(tuple(results), writer, encode_get_data_result)
    return writer.getvalue()


def _code_of(outcome: AccessOutcome) -> int:
    return outcome.result if isinstance(outcome, DataAccessError) else DataAccessResultCode.OTHER_REASON


def first_undecodable(octets: bytes, limits: Limits) -> int | None:
    """Return the index of the first Get-Data-Result that cannot be decoded, or None if it is the list itself."""
    reader = Reader(octets, limits=limits)
    try:
        count = reader.count()
    except RemoteProtocolError:
        return None
    for number in range(count):
        try:
            decode_get_data_result(reader)
        except RemoteProtocolError:
            return number
    return None


type ResultByAttribute = dict[AttributeDescriptor, Data | DataAccessError]


async def read_many(
    source: AttributeSource,
    plan: ListPlan,
    attributes: Sequence[AttributeDescriptor],
    found: ResultByAttribute | None = None,
) -> list[Data | DataAccessError]:
    """Return value or error of each attribute, in the same order. ``found`` takes each as it comes.

    Raises ExceptionReceived, ConfirmedServiceErrorReceived when every request got one or the association is lost;
    others as get() does, except DecodeError.
    """
    found = {} if found is None else found
    suspects = [attribute for attribute in dict.fromkeys(attributes) if plan.is_suspect(attribute)]
    others = [attribute for attribute in attributes if attribute not in suspects]
    await _Reading(source, plan, found).read(others or attributes)
    if others:
        for suspect in suspects:  # last: one may end the connection
            found[suspect] = await _read_suspect(source, plan, suspect)
    return [found[attribute] for attribute in attributes]


class _Reading:
    """One call of read_many."""

    def __init__(self, source: AttributeSource, plan: ListPlan, found: ResultByAttribute) -> None:
        self._source = source
        self._plan = plan
        self._found = found
        self._refusals = 0
        self._answered = False
        """Whether anything but exception-responses came."""

    async def read(self, attributes: Sequence[AttributeDescriptor]) -> None:
        pending = attributes
        while pending and not self._is_over:
            batch = pending[: self._plan.batch(pending)]
            if len(batch) > 1:
                done = len(await self._read_list(batch))
            else:
                await self._read_one(batch[0], is_last=len(pending) == 1)
                done = 1
            pending = pending[done:]
        self._found.update((attribute, _not_asked()) for attribute in pending)

    @property
    def _is_over(self) -> bool:
        """Whether the association ended for an object, though others were answered: they are not lost for it."""
        return self._answered and not self._source.is_open

    async def _read_one(self, attribute: AttributeDescriptor, *, is_last: bool) -> Data | DataAccessError:
        if self._is_over:
            return self._found.setdefault(attribute, _not_asked())
        try:
            result = await _read_single(self._source, self._plan, attribute)
        except (ExceptionReceived, ConfirmedServiceErrorReceived) as error:
            self._refusals += 1
            nothing_else = not self._answered and (is_last or self._refusals == self._patience(error))
            is_about_it = self._answered and says_no_association(error)
            if nothing_else or not (is_about_it or self._source.is_open):
                self._plan.forget_refusals()
                raise
            result = _element_error(error)
        except TransportError, RemoteProtocolError:
            # A network that is gone blames nobody.
            if self._plan.has_answered and not self._plan.is_suspect(attribute):
                self._plan.exhausting(attribute)
            raise
        else:
            self._answered = self._plan.has_answered = True
        self._found[attribute] = result
        return result

    def _patience(self, error: DlmsError) -> int:
        if self._plan.has_answered:
            return _MORE_PATIENCE
        return _PATIENCE_WITH_UNKNOWN if says_no_association(error) else _PATIENCE

    async def _read_list(self, batch: Sequence[AttributeDescriptor]) -> list[Data | DataAccessError]:
        """Return the results; fewer where another list comes next."""
        try:
            octets = await self._source.get_list_octets(batch)
        except ServiceError as error:
            if not self._source.is_open:
                raise
            return await self._read_apart(batch, error)
        except (TransportError, RemoteProtocolError) as error:
            if not (isinstance(error, ConnectionLost) and error.truncated):  # it was about to answer
                self._plan.ended_connection(batch, broken=isinstance(error, RemoteProtocolError))
            raise
        try:
            elements = await self._source.decode(decode_get_list, octets)
        except DecodeError:
            return await self._read_apart(batch)
        except LimitExceeded:
            number = await self._source.decode(first_undecodable, octets)
            if number is not None and number < len(batch):
                self._plan.exhausting(batch[number])
            else:
                self._plan.read_one_by_one(())
            raise
        # Other-reason for every element may mean the list itself.
        if len(elements) != len(batch) or all(_is_other_reason(value) for _size, value in elements):
            return await self._read_apart(batch)
        self._answered = self._plan.has_answered = True
        self._plan.answered([(attribute, size) for attribute, (size, _value) in zip(batch, elements, strict=True)])
        self._plan.decodable(*batch)
        values = [value for _size, value in elements]
        self._found.update(zip(batch, values, strict=True))
        return values

    async def _read_apart(
        self, batch: Sequence[AttributeDescriptor], error: ServiceError | None = None
    ) -> list[Data | DataAccessError]:
        """Read what was asked for in a list that failed; fewer where another list comes next."""
        results: list[Data | DataAccessError] = []
        if says_no_association(error):
            # A single read tells whether the list or the association is meant.
            proposals = self._source.proposals
            results.append(await self._read_one(batch[0], is_last=False))
            if self._source.proposals > proposals:
                if not isinstance(results[0], Data):  # even in a new one: its own error
                    self._plan.read_one_by_one({batch[0]})
                return results
        if self._plan.refused(len(batch)):
            return results
        left = batch[len(results) :]
        try:
            results += [await self._read_one(attribute, is_last=attribute is batch[-1]) for attribute in left]
        except RemoteProtocolError:
            self._plan.ended_connection(batch, broken=True)  # the answer to the list may have gone on
            raise
        if self._is_over or all(_is_other_reason(result) for result in results):
            return results  # it was the truth
        odd = {attribute for attribute, result in zip(batch, results, strict=True) if not isinstance(result, Data)}
        self._plan.read_one_by_one(odd, for_good=_says_no_lists(error))
        return results


async def _read_single(
    source: AttributeSource, plan: ListPlan, attribute: AttributeDescriptor
) -> Data | DataAccessError:
    try:
        octets = await source.get_octets(attribute)
    except DataAccessError as error:
        return error
    plan.answered([(attribute, len(octets))])
    try:
        value = await source.decode(decode_data_octets, octets)
    except DecodeError as error:
        return _undecodable(error)
    except LimitExceeded as error:
        plan.exhausting(attribute)
        raise naming(attribute, error) from error
    plan.decodable(attribute)
    return value


async def _read_suspect(
    source: AttributeSource, plan: ListPlan, attribute: AttributeDescriptor
) -> Data | DataAccessError:
    """Return value or error; it may end the connection."""
    if not source.is_open:
        return _not_asked()
    try:
        return await _read_single(source, plan, attribute)
    except (TransportError, RemoteProtocolError) as error:
        return _undecodable(error)
    except (ExceptionReceived, ConfirmedServiceErrorReceived) as error:
        return _element_error(error)


def _not_asked() -> DataAccessError:
    return DataAccessError(DataAccessResultCode.OTHER_REASON)


def naming(attribute: AttributeDescriptor, error: DecodeError | LimitExceeded) -> DecodeError | LimitExceeded:
    """Return an error with the name of the attribute whose value it is about."""
    if isinstance(error, DecodeError):
        return DecodeError(f"attribute {attribute}: {error.reason}", error.offset)
    return LimitExceeded(f"{error.what} in attribute {attribute}", error.limit, error.offset)


def _says_no_lists(error: ServiceError | None) -> bool:
    return isinstance(error, ExceptionReceived) and error.service_error == ServiceErrorCode.SERVICE_NOT_SUPPORTED


def _is_other_reason(value: Data | DataAccessError) -> bool:
    if isinstance(value, Data) or value.undecodable:
        return False
    return value.result == DataAccessResultCode.OTHER_REASON


def _undecodable(error: TransportError | RemoteProtocolError) -> DataAccessError:
    return DataAccessError(DataAccessResultCode.OTHER_REASON, undecodable=str(error))


def _element_error(error: DlmsError) -> DataAccessError:
    code = DataAccessResultCode.OTHER_REASON
    if isinstance(error, ExceptionReceived):
        if says_no_association(error):
            code = DataAccessResultCode.OBJECT_UNDEFINED
        elif error.service_error in _BUSY:
            code = DataAccessResultCode.TEMPORARY_FAILURE
    element_error = DataAccessError(code)
    element_error.__cause__ = error
    return element_error
