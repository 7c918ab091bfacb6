"""ACCESS: get, set and action in one request, each with its result (IEC 62056-5-3, ACCESS service).

It has no blocks of its own; long ones go in general blocks. Leniency: what returns nothing is left out of the data.
"""

from collections.abc import Sequence
from typing import Final, override

from ...apdu.access import (
    ACCESS_RESPONSE,
    AccessKind,
    AccessRequest,
    AccessResponse,
    AccessSpecification,
    decode_access_response,
    decode_access_response_head,
)
from ...apdu.common import (
    AttributeDescriptor,
    InvokeIdAndPriority,
    LongInvokeIdAndPriority,
    MethodDescriptor,
    Selection,
)
from ...apdu.initiate import Conformance
from ...encoding.data import NULL, Data
from ...encoding.octets import Reader
from ...errors import ActionError, DataAccessError, DecodeError, LimitExceeded, LocalProtocolError
from ...limits import DEFAULT_LIMITS, Limits
from . import Complete, Outcome, encode_request

LONG_INVOKE_IDS: Final = 1 << 24
_READING: Final = frozenset({AccessKind.GET, AccessKind.GET_WITH_SELECTION})
_ANSWERED_AS: Final = {AccessKind.GET_WITH_SELECTION: AccessKind.GET, AccessKind.SET_WITH_SELECTION: AccessKind.SET}
"""The kind that a result has where it is not that of the item."""
_WITH_SELECTION: Final = frozenset({AccessKind.GET_WITH_SELECTION, AccessKind.SET_WITH_SELECTION})

_LONG: Final = 4096
"""Octets; a shorter response is decoded whole."""

_ONE_VALUE: Final = bytes((1, AccessKind.GET, 0))
"""The end of a response to one item that reads: one result, success."""

type AccessItem = tuple[AccessSpecification, Data]
"""What is asked, and the value or parameter that goes with it; null-data for none."""

type AccessOutcome = Data | DataAccessError | ActionError | None
"""A value, an error, or None where nothing is returned."""


def to_get(attribute: AttributeDescriptor, selection: Selection | None = None) -> AccessItem:
    """Return an item that reads."""
    kind = AccessKind.GET if selection is None else AccessKind.GET_WITH_SELECTION
    return AccessSpecification(kind, attribute, selection), NULL


def to_set(attribute: AttributeDescriptor, value: Data, selection: Selection | None = None) -> AccessItem:
    """Return an item that writes."""
    kind = AccessKind.SET if selection is None else AccessKind.SET_WITH_SELECTION
    return AccessSpecification(kind, attribute, selection), value


def to_execute(method: MethodDescriptor, parameters: Data | None = None) -> AccessItem:
    """Return an item that executes a method."""
    return AccessSpecification(AccessKind.ACTION, method), NULL if parameters is None else parameters


class Access:
    """One ACCESS request; completes with what decode() takes.

    ``break_on_error``: items behind a failure are not carried out.
    """

    answers: Final = frozenset({ACCESS_RESPONSE})
    awaited: Final = "access-response"
    unknown_means_lost: Final = False

    def __init__(self, items: Sequence[AccessItem], *, break_on_error: bool = False) -> None:
        if not items:
            raise LocalProtocolError("an access request needs at least one item")
        self._specifications = tuple(specification for specification, _data in items)
        self._data = tuple(data for _specification, data in items)
        self._break_on_error = break_on_error
        self._limits = DEFAULT_LIMITS
        self._long_invoke: LongInvokeIdAndPriority | None = None
        self.number = 0
        """Its long-invoke-id."""
        self.leaves_data_out = False
        """Whether the response has no data for what returns nothing."""
        kinds = {specification.kind for specification in self._specifications}
        self.may_be_repeated: Final = kinds <= _READING
        selects = Conformance.SELECTIVE_ACCESS if kinds & _WITH_SELECTION else Conformance(0)
        self.needs: Final = Conformance.ACCESS | selects

    @override
    def __str__(self) -> str:
        named = ", ".join(f"{each.kind.standard_name} {each.target}" for each in self._specifications)
        return f"access {named}"

    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int) -> bytes:
        """Return the request, whole. Raises LocalProtocolError."""
        long_invoke = LongInvokeIdAndPriority(
            self.number % LONG_INVOKE_IDS,
            break_on_error=self._break_on_error,
            confirmed=invoke.confirmed,
            high_priority=invoke.high_priority,
        )
        octets = encode_request(AccessRequest(long_invoke, None, self._specifications, self._data))
        self._long_invoke, self._limits = long_invoke, limits
        return octets

    def receive(self, apdu: bytes) -> Outcome | None:
        """Take a response; None if it belongs elsewhere. Raises DecodeError."""
        reader = Reader(apdu, limits=self._limits)
        reader.take(1)
        answered = LongInvokeIdAndPriority.from_raw(reader.unsigned32())
        if self._long_invoke is None or answered.invoke_id != self._long_invoke.invoke_id:
            return None
        return Complete(apdu)

    def decode(self, octets: bytes, limits: Limits) -> list[AccessOutcome]:
        """Return an outcome for each item. Raises DecodeError, LimitExceeded."""
        reader = Reader(octets, limits=limits)
        response = decode_access_response(reader)
        reader.finish()
        self._require_answers_to_what_was_asked(response)
        return [
            self._outcome(specification, data, result.result.code)
            for specification, data, result in zip(
                self._specifications, self._data_of(response), response.results, strict=True
            )
        ]

    def value(self, octets: bytes) -> bytes | None:
        """Return the encoded Data of one attribute that was read, undecoded; None if decode() has to tell.

        A year of a profile is 2 MB, and many times that as Data.
        """
        reads_one = len(self._specifications) == 1 and self._specifications[0].kind in _READING
        if not reads_one or len(octets) < _LONG or not octets.endswith(_ONE_VALUE):
            return None
        reader = Reader(octets, limits=self._limits)
        try:
            has_one = decode_access_response_head(reader).request_specifications is None and reader.length() == 1
        except DecodeError, LimitExceeded:
            return None
        return octets[reader.offset : -len(_ONE_VALUE)] if has_one else None

    def _require_answers_to_what_was_asked(self, response: AccessResponse) -> None:
        """Raise DecodeError for others, or in another order: only the place tells which item an answer is to."""
        if len(response.results) != len(self._specifications):
            raise DecodeError(f"{len(response.results)} results for {len(self._specifications)} items of an access")
        for number, (asked, result) in enumerate(zip(self._specifications, response.results, strict=True), 1):
            if result.kind is not _ANSWERED_AS.get(asked.kind, asked.kind):
                kinds = f"{asked.kind.standard_name} is answered by {result.kind.standard_name}"
                raise DecodeError(f"item {number} of an access: {kinds}")
        if response.request_specifications and response.request_specifications != self._specifications:
            raise DecodeError("an access-response repeats other specifications than those of the request")

    def _data_of(self, response: AccessResponse) -> Sequence[Data]:
        """Return data for each item, also where what is written, or whatever returns nothing, has none."""
        if len(response.data) == len(self._specifications):
            return response.data
        for with_data in (_READING | {AccessKind.ACTION}, _READING):
            returning = [specification.kind in with_data for specification in self._specifications]
            if len(response.data) == sum(returning):
                self.leaves_data_out = True
                data = iter(response.data)
                return [next(data) if returns else NULL for returns in returning]
        raise DecodeError(f"{len(response.data)} data for {len(self._specifications)} items of an access")

    @staticmethod
    def _outcome(specification: AccessSpecification, data: Data, code: int) -> AccessOutcome:
        if specification.kind is AccessKind.ACTION:
            if code:
                return ActionError(code)
            return None if data == NULL else data
        if code:
            return DataAccessError(code)
        return data if specification.kind in _READING else None
