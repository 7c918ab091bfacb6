"""The services of an association, a method each: GET, SET, ACTION, ACCESS (IEC 62056-5-3).

ACCESS does the work of a service that the meter does not grant. association.py carries them out.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from ..apdu.common import AttributeDescriptor, MethodDescriptor, Selection
from ..apdu.initiate import Conformance
from ..encoding.data import Data, PlainValue, decode_data_octets, encode_data_octets
from ..errors import (
    ActionError,
    DataAccessError,
    DataAccessResultCode,
    DecodeError,
    LimitExceeded,
    OutcomeUnknown,
    RemoteProtocolError,
)
from ..interface_classes.profile_generic import decode_rows
from ..limits import Limits
from ..protocol.leniencies import Leniency
from ..protocol.transfer import Transfer
from ..protocol.transfer.access import Access, AccessItem, AccessOutcome, to_execute, to_get, to_set
from ..protocol.transfer.action import ActionList, ActionOne, returned, returned_or_error
from ..protocol.transfer.get import GetList, GetOne
from ..protocol.transfer.set import SetList, SetOne
from .reading import encode_outcomes, naming


class Services(ABC):
    """What can be asked of a logical device."""

    @abstractmethod
    async def _request(self, transfer: Transfer) -> bytes:
        """Carry out a transfer."""

    @abstractmethod
    def _only_by_access(self, service: Conformance) -> bool:
        """Whether the meter offers ACCESS instead of a service."""

    @abstractmethod
    def run(self) -> AbstractAsyncContextManager[None]:
        """Return a context for requests whose answers are to be believed: it ends when they are known to be theirs."""

    @property
    @abstractmethod
    def is_open(self) -> bool:
        """Whether requests are possible."""

    @abstractmethod
    async def _tell(self, transfer: Transfer) -> None:
        """Send a service that nobody answers."""

    @abstractmethod
    def tolerated(self, leniency: Leniency) -> None:
        """Note what was tolerated in an answer."""

    @abstractmethod
    async def decode[T](self, decode: Callable[[bytes, Limits], T], octets: bytes) -> T:
        """Return ``decode(octets, limits)`` of a value that was read; one octet too many is left out."""

    @abstractmethod
    async def decode_exactly[T](self, decode: Callable[[bytes, Limits], T], octets: bytes) -> T:
        """Return ``decode(octets, limits)``."""

    async def get(self, attribute: AttributeDescriptor, selection: Selection | None = None) -> Data:
        """Return the value of one attribute.

        Raises DataAccessError, ExceptionReceived (1, 1: the association is lost), ConfirmedServiceErrorReceived,
        TransportError and RemoteProtocolError (the connection is closed), SecurityError, AssociationAborted,
        LocalProtocolError.
        """
        async with self.run():
            octets = await self.get_octets(attribute, selection)
        try:
            return await self.decode(decode_data_octets, octets)
        except (DecodeError, LimitExceeded) as error:
            raise naming(attribute, error) from error

    async def get_octets(self, attribute: AttributeDescriptor, selection: Selection | None = None) -> bytes:
        """Return the value as encoded Data. Raises as get() does."""
        if not self._only_by_access(Conformance.GET):
            return await self._request(GetOne(attribute, selection))
        transfer = Access([to_get(attribute, selection)])
        octets = await self._request(transfer)
        if (value := transfer.value(octets)) is not None:
            return value
        (outcome,) = await self._believed(self._outcomes(transfer, octets))
        if not isinstance(outcome, Data):
            raise outcome or DataAccessError(DataAccessResultCode.OTHER_REASON)
        return encode_data_octets(outcome)

    @abstractmethod
    def get_pieces(self, attribute: AttributeDescriptor, selection: Selection | None = None) -> AsyncGenerator[bytes]:
        """Yield a value's encoded Data block by block, as it comes. Use contextlib.aclosing(). Raises as get() does.

        Nobody else's requests are served meanwhile. Whoever leaves before the end gives up the association.
        """

    async def get_rows(
        self, attribute: AttributeDescriptor, selection: Selection | None = None
    ) -> list[tuple[PlainValue, ...]]:
        """Return the rows of a profile buffer (class 7 attribute 2). Raises as get() does."""
        async with self.run():
            octets = await self.get_octets(attribute, selection)
        return await self.decode(decode_rows, octets)

    async def get_list_octets(self, attributes: Sequence[AttributeDescriptor]) -> bytes:
        """Return an encoded SEQUENCE OF Get-Data-Result. Raises as get() does."""
        if not self._only_by_access(Conformance.MULTIPLE_REFERENCES):
            return await self._request(GetList([(attribute, None) for attribute in attributes]))
        return encode_outcomes(await self._believed(self.access([to_get(attribute) for attribute in attributes])))

    async def _believed(self, reading: Awaitable[list[AccessOutcome]]) -> list[AccessOutcome]:
        try:
            return await reading
        except DecodeError as error:
            if not self.is_open:
                raise
            # An answer that makes no sense is that of these attributes, and costs no others.
            raise DataAccessError(DataAccessResultCode.OTHER_REASON, undecodable=str(error)) from error

    async def set(self, attribute: AttributeDescriptor, value: Data, selection: Selection | None = None) -> None:
        """Write one attribute. Raises as get() does, and OutcomeUnknown when the answer was lost."""
        if not self._only_by_access(Conformance.SET):
            await self._request(SetOne(attribute, value, selection))
        elif refusal := (await self._written_by_access([to_set(attribute, value, selection)]))[0]:
            raise refusal

    async def set_many(self, items: Sequence[tuple[AttributeDescriptor, Data]]) -> list[DataAccessError | None]:
        """Write attributes in one request; return what was refused of each. Raises as set() does."""
        if self._only_by_access(Conformance.SET) or self._only_by_access(Conformance.MULTIPLE_REFERENCES):
            return await self._written_by_access([to_set(*item) for item in items])
        return [DataAccessError(code) if code else None for code in await self._request(SetList(items))]

    async def _written_by_access(self, items: Sequence[AccessItem]) -> list[DataAccessError | None]:
        return [each if isinstance(each, DataAccessError) else None for each in await self.access(items)]

    async def action(self, method: MethodDescriptor, parameters: Data | None = None) -> Data | DataAccessError | None:
        """Execute a method; return what it returned. Raises ActionError, and as set() does.

        A DataAccessError that is returned is about what the method should have returned: it was carried out. It is
        other-reason where blocks came that say so, and the rest of them did not.
        """
        if self._only_by_access(Conformance.ACTION):
            (outcome,) = await self.access([to_execute(method, parameters)])
            if isinstance(outcome, ActionError):
                raise outcome
            return outcome
        transfer = ActionOne(method, parameters)
        octets = await self._request(transfer)
        return returned(await self._decode_outcome(transfer.decode, octets, exactly=transfer.was_in_blocks))

    async def action_many(
        self, items: Sequence[tuple[MethodDescriptor, Data | None]]
    ) -> list[Data | ActionError | DataAccessError | None]:
        """Execute methods in one request; return for each what action() returns or raises. Raises as set() does."""
        if self._only_by_access(Conformance.ACTION) or self._only_by_access(Conformance.MULTIPLE_REFERENCES):
            return await self.access([to_execute(*item) for item in items])
        transfer = ActionList(items)
        octets = await self._request(transfer)
        outcomes = await self._decode_outcome(transfer.decode, octets, exactly=transfer.was_in_blocks)
        return [returned_or_error(outcome) for outcome in outcomes]

    async def access(self, items: Sequence[AccessItem], *, break_on_error: bool = False) -> list[AccessOutcome]:
        """Read, write and execute in one ACCESS request; return what became of each item.

        Raises as get() does where all items read, else as set() does, but DataAccessError and ActionError.
        """
        transfer = Access(items, break_on_error=break_on_error)
        return await self._outcomes(transfer, await self._request(transfer))

    async def _outcomes(self, transfer: Access, octets: bytes) -> list[AccessOutcome]:
        try:
            outcomes = await self.decode(transfer.decode, octets)
        except RemoteProtocolError as error:
            if transfer.may_be_repeated:
                raise
            raise OutcomeUnknown(str(error)) from error
        if transfer.leaves_data_out:
            self.tolerated(Leniency.ACCESS_DATA_LEFT_OUT)
        return outcomes

    async def set_unconfirmed(
        self, attribute: AttributeDescriptor, value: Data, selection: Selection | None = None
    ) -> None:
        """Write one attribute without an answer: nobody knows what becomes of it. Raises TransportError."""
        if self._only_by_access(Conformance.SET):
            await self.access_unconfirmed([to_set(attribute, value, selection)])
        else:
            await self._tell(SetOne(attribute, value, selection))

    async def action_unconfirmed(self, method: MethodDescriptor, parameters: Data | None = None) -> None:
        """Execute a method without an answer. Raises as set_unconfirmed()."""
        if self._only_by_access(Conformance.ACTION):
            await self.access_unconfirmed([to_execute(method, parameters)])
        else:
            await self._tell(ActionOne(method, parameters))

    async def access_unconfirmed(self, items: Sequence[AccessItem]) -> None:
        """Write and execute in one ACCESS request without an answer. Raises as set_unconfirmed()."""
        await self._tell(Access(items))

    async def _decode_outcome[T](self, decode: Callable[[bytes, Limits], T], octets: bytes, *, exactly: bool) -> T:
        """Decode what a method said; raise OutcomeUnknown for what makes no sense: it may have been executed.

        ``exactly``: in blocks an outcome has several forms, and with an octet less it could be another one.
        """
        try:
            return await (self.decode_exactly if exactly else self.decode)(decode, octets)
        except RemoteProtocolError as error:
            raise OutcomeUnknown(str(error)) from error
