"""An association as its user sees it: requests, values.

client.py opens and closes the connection; association_opening.py proposes; association_life.py waits, and releases.
IEC 62056-5-3; IEC 62056-9-7:2013, 9.2.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import Final, override

from ..apdu.common import AttributeDescriptor, Selection
from ..apdu.initiate import Conformance
from ..apdu.short_name import VariableName
from ..encoding.compact_array import is_large
from ..encoding.data import Data, decode_data_octets
from ..errors import (
    AssociationAborted,
    BlockTransferAborted,
    ConnectionLost,
    DataAccessError,
    DecodeError,
    LimitExceeded,
    LocalProtocolError,
    OutcomeUnknown,
    TransportError,
)
from ..interface_classes.short_names import ASSOCIATION_SN_BASE_NAME
from ..limits import Limits
from ..protocol.events import (
    AnswerReceived,
    AssociationLost,
    BlockReceived,
    Event,
    RequestFailed,
)
from ..protocol.leniencies import Leniency
from ..protocol.outstanding import says_no_association
from ..protocol.transfer import Transfer
from ..protocol.transfer.action import VALUE_MISSING, ActionOne
from ..protocol.transfer.get import GetList, GetOne
from ..protocol.transfer.read import ReadMethod, ReadOne
from .association_life import TimeLimit
from .association_opening import error_of
from .association_order import AssociationOrder
from .list_sizes import ListWays
from .observer import note_refusals
from .reading import ResultByAttribute, read_many
from .short_names import ShortNames, raise_if_nothing_else

_SAYS_SO_OF_OBJECTS: Final = 2
"""So many objects for which a new association changed nothing."""


_LONGEST_READING: Final = 3600.0
"""Seconds for all blocks of what is read in pieces: each has its own deadline, and their octets are limited.

A year of quarter hours over a slow line takes longer than Timing.transfer.
"""


class Association(AssociationOrder):
    """An association with one logical device. Comes from DlmsClient.associate().

    Methods may be called concurrently; requests wait for their turn. After a cancelled one only release() is possible.
    """

    @property
    def list_ways(self) -> ListWays:
        """What was learned about lists of attributes."""
        return ListWays() if self._plan is None else self._plan.ways

    @property
    def asks_otherwise(self) -> bool:
        """Whether what ended the connection can be avoided: trying again at once helps."""
        is_planned = self._plan is not None and self._plan.asks_otherwise
        return is_planned or self.order_was_lost or self.got_longer

    async def get_many(
        self, attributes: Sequence[AttributeDescriptor], found: ResultByAttribute | None = None
    ) -> list[Data | DataAccessError]:
        """Return value or error of each attribute, in the same order, in as few requests as possible.

        ``found`` takes each as it comes: what was read before an error is not lost.
        An exception-response to one attribute is its error, unless nothing else was answered. Raises as get() does,
        except DataAccessError.
        """
        if self._plan is None:
            raise LocalProtocolError("not associated yet")
        found = {} if found is None else found
        nameless = await self._nameless(attributes)
        found.update(nameless)
        asked = [attribute for attribute in attributes if attribute not in nameless]
        if asked:
            read: ResultByAttribute = {}
            try:
                async with self.run():
                    await read_many(self, self._plan, asked, read)
            except BaseException:
                if not self._is_in_doubt:
                    found.update(read)
                raise
            found.update(read)
        else:
            raise_if_nothing_else(nameless.values())
        results = [found[attribute] for attribute in attributes]
        note_refusals(self._link.observer, attributes, results)
        return results

    @override
    async def decode[T](self, decode: Callable[[bytes, Limits], T], octets: bytes) -> T:
        try:
            return await self.decode_exactly(decode, octets)
        except DecodeError as error:
            try:
                # No value's encoding begins with another one's: what can be decoded now is whole.
                decoded = await self.decode_exactly(decode, octets[:-1])
            except DecodeError:
                raise error from None
        self.tolerated(Leniency.SURPLUS_OCTET)
        return decoded

    @override
    async def decode_exactly[T](self, decode: Callable[[bytes, Limits], T], octets: bytes) -> T:
        """Return ``decode(octets, limits)``; much of it outside of the event loop (rule M13)."""
        try:
            if is_large(octets, self._limits):
                return await asyncio.to_thread(decode, octets, self._limits)
            return decode(octets, self._limits)
        except LimitExceeded as error:
            await self._link.fail(error)  # a peer that means to exhaust us cannot be relied upon (F43)
            raise

    @property
    def _short_names(self) -> ShortNames | None:
        """Where the meter's objects are, if it is asked by short names."""
        is_so = self._negotiated is not None and self._negotiated.uses_short_names
        return self._known_form.short_names if is_so else None

    async def _nameless(self, attributes: Sequence[AttributeDescriptor]) -> dict[AttributeDescriptor, DataAccessError]:
        """Return the errors of what cannot be asked for, because it has no short name."""
        return {} if self._short_names is None else await self._short_names.without(attributes, self._read)

    async def _read(self, transfer: Transfer) -> Data:
        """Return a value that is needed to ask for another one."""
        if not self.parameters.kind.has_answers:
            raise LocalProtocolError("a short name is not known, and an unconfirmed association reads no object list")
        return await self.decode(decode_data_octets, await self._carry_out(transfer))

    @override
    async def _request(self, transfer: Transfer) -> bytes:
        names = self._short_names
        if names is None:
            octets = await self._carry_out(transfer)
            if isinstance(transfer, (GetOne, GetList)) and Conformance.GET not in self.negotiated.conformance:
                self.tolerated(Leniency.GET_NOT_GRANTED)
            return octets
        octets = await self._carry_out(await names.translated(transfer, self._read))
        if names.is_list(transfer):
            with suppress(DecodeError):  # whoever asked will see
                names.take(await self.decode(decode_data_octets, octets))
        return octets

    @override
    async def _tell(self, transfer: Transfer) -> None:
        names = self._short_names
        if names is not None:
            transfer = await names.translated(transfer, self._read)
        async with self._link.turn:
            self._raise_if_ended()
            await self._reserve()
            self._raise_if_ended()
            self._link.observer.note("telling: %s", transfer)
            self._link.connection.tell(self.parameters.pair, transfer)
            try:
                await self._link.flush()
            except TransportError as error:
                raise await self._link.fail(error) from None

    async def _carry_out(self, transfer: Transfer) -> bytes:
        """Ask, and again on a new connection where the meter hung up behind an answer."""
        await self._learn_marker()
        if not transfer.may_be_repeated:
            await self._confirm_run()  # what was read before has got its answer, and no other one
        while True:
            try:
                return await self._carry_out_once(transfer)
            except OutcomeUnknown as error:
                is_known = isinstance(transfer, ActionOne | ReadMethod) and transfer.is_carried_out
                if not is_known or self._is_in_doubt:
                    raise
                self._link.observer.note("what was returned is missing: %s", error)
                return VALUE_MISSING
            except ConnectionLost as error:
                if not transfer.may_be_repeated or not self._may_renew(error):
                    raise
                await self._renew()

    async def _carry_out_once(self, transfer: Transfer) -> bytes:
        async with self._link.turn:
            event = await self._asked(transfer)
            await self._confirm_one(transfer)
        if isinstance(event, AnswerReceived):
            self.has_answered = True
            return event.octets
        error = error_of(event)
        self.has_answered |= isinstance(error, DataAccessError)  # a refusal is an answer as well
        if isinstance(event, AssociationLost):
            if not (transfer.may_be_repeated and self._may_renew(error)):
                self._end(error)
            if not transfer.may_be_repeated:
                raise OutcomeUnknown(str(error)) from error
        if isinstance(error, BlockTransferAborted) and not transfer.may_be_repeated:
            raise OutcomeUnknown(str(error)) from error
        raise error

    async def _asked(self, transfer: Transfer) -> Event:
        """Ask, and again as far as that may help."""
        if self._link.connection.is_doubtful(self.parameters.pair, transfer):
            await self._exchange(ReadOne(VariableName(ASSOCIATION_SN_BASE_NAME)))  # its answer comes behind the others
        witness = self._witness_beside(transfer)
        event = await self._exchange(transfer)
        if not transfer.may_be_repeated:
            return event  # a refusal is not authenticated: whether the request was executed is not known
        if self._follow(event):
            event = await self._exchange(transfer)
        if witness is not None and isinstance(event, RequestFailed) and says_no_association(event.error):
            answer = await self._exchange(GetOne(witness))
            if not isinstance(answer, AssociationLost):
                return event  # of the object; the association is there
            self._forgets, event = True, answer
        if isinstance(event, AssociationLost) and await self._propose_again():
            # A meter that says so of what is asked for, not of the association, is not asked twice each time.
            if self._said_of_objects >= _SAYS_SO_OF_OBJECTS:
                raise event.error
            event = await self._exchange(transfer)
            if isinstance(event, AssociationLost) and await self._propose_again():
                self._said_of_objects += 1
                raise event.error
        return event

    def _witness_beside(self, transfer: Transfer) -> AttributeDescriptor | None:
        """Return an attribute whose answer tells whether exception-response (1, 1) means object or association.

        None where it has to mean the association.
        """
        if not isinstance(transfer, GetOne):
            return None
        may_be_gone = self._forgets or (self.was_kept and not self.has_answered)
        witness = None if self._plan is None or may_be_gone else self._plan.witness(transfer.attribute)
        transfer.unknown_means_lost = witness is None
        return witness

    @override
    def _only_by_access(self, service: Conformance) -> bool:
        if self._negotiated is None or self._short_names is not None:
            return False
        return self._negotiated.conformance & (service | Conformance.ACCESS) == Conformance.ACCESS

    @override
    async def get_pieces(
        self, attribute: AttributeDescriptor, selection: Selection | None = None
    ) -> AsyncGenerator[bytes]:
        if self._only_by_access(Conformance.GET):
            yield await self.get_octets(attribute, selection)
            return
        asked, names = GetOne(attribute, selection), self._short_names
        transfer = asked if names is None else await names.read_instead(asked, self._read)
        begun, held = False, bytearray()
        await self._learn_marker()
        async with self._link.turn:
            try:
                while True:
                    await self._begin(transfer)
                    seconds, limit = self._timing.response, TimeLimit.from_now(_LONGEST_READING)
                    while isinstance(event := await self._next_event(transfer.awaited, seconds, limit), BlockReceived):
                        seconds = self._timing.block
                        if octets := transfer.take():
                            begun = True
                            held += octets
                        if held and not self._is_in_doubt:
                            yield bytes(held)
                            held.clear()
                    if begun or not self._follow(event):
                        break
                await self._confirm_one(transfer, ends_run=True)
            except asyncio.CancelledError, GeneratorExit:
                # The answer may still be on the way.
                self._end(AssociationAborted("a request was given up"))
                raise
        if not isinstance(event, AnswerReceived):
            if isinstance(event, AssociationLost):
                self._end(event.error)
            raise error_of(event)
        yield bytes(held) + event.octets
