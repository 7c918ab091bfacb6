"""Which answers of an association count: those of a run of requests that are known to have got their own answers.

By short names over a stream only the order of answers tells (protocol/answer_order.py). A run ends where its values are
handed out, and in front of and behind what writes. Where its order is not certain then, a marker is asked for; a meter
that refuses that is waited for until it was quiet. Where the order is lost the connection ends, and nothing of the run
counts. A meter that answers twice is asked behind each request from then on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, override

from ..apdu.initiate import Conformance
from ..errors import (
    DlmsError,
    LocalProtocolError,
    OutcomeUnknown,
    ResponseTimeout,
    ServiceError,
    TransportError,
    UnexpectedApdu,
)
from ..protocol.answer_order import LOST, AnswerOrder
from ..protocol.doubted_answers import Marker
from ..protocol.events import AnswerReceived, AssociationLost, Event
from ..protocol.leniencies import Leniency
from ..protocol.transfer import Transfer
from .association_opening import AssociationOpening

_MARKER_WITHIN: Final = 2.0
"""Seconds for what is asked only to be known in doubt."""


class AssociationOrder(AssociationOpening):
    """What an association does to know the order of its answers."""

    @property
    def order_was_lost(self) -> bool:
        """Whether that ended it: who asks again can know it."""
        error = self._link.connection.error
        return self._order is not None and isinstance(error, UnexpectedApdu) and error.context == LOST

    @property
    def _order(self) -> AnswerOrder | None:
        return self._link.connection.order(self.parameters.pair)

    @property
    def _is_in_doubt(self) -> bool:
        """Whether something was answered that does not count yet."""
        return (order := self._order) is not None and order.is_doubtful

    @override
    def learn(self) -> None:
        super().learn()
        if self.order_was_lost or (self._order is not None and Leniency.ANSWERS_TWICE in self.leniencies):
            self._known_form.answers_twice = True

    @override
    def _may_renew(self, error: DlmsError) -> bool:
        # What was in doubt on the connection that is over stays so.
        return not self._is_in_doubt and super()._may_renew(error)

    async def _learn_marker(self) -> None:
        """Ask for what tells in doubt whether an answer is a copy. Who hangs up or says nothing is not asked again."""
        known, pair = self._known_form, self.parameters.pair
        if known.has_no_marker or not self._link.connection.wants_marker(pair):
            return
        async with self._link.turn:
            if not self._link.connection.wants_marker(pair):
                return  # somebody else asked meanwhile
            try:
                event: Event | None = await self._exchange(Marker(), _MARKER_WITHIN)
            except TransportError:
                event = None
        is_lost = event is None or isinstance(event, AssociationLost)
        known.note_marker(is_answered=isinstance(event, AnswerReceived), is_lost=is_lost)
        if is_lost and self._ended is None and self.reconnect is not None:
            await self._renew()

    @override
    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        try:
            yield
        except ServiceError:
            await self._confirm_run()  # it may be that of another request
            raise
        await self._confirm_run()

    async def _confirm_run(self) -> None:
        """Return when the order is known. Raises UnexpectedApdu, TransportError where it is not."""
        if self._is_in_doubt:
            async with self._link.turn:
                await self._confirm()

    async def _confirm_one(self, transfer: Transfer, *, ends_run: bool = False) -> None:
        """The same behind one request, where that is wanted at once. Raises OutcomeUnknown for what writes."""
        # Behind a copy of an answer that is still to come the next one would be in doubt.
        is_due = self._known_form.answers_twice or (self._is_in_doubt and (ends_run or not transfer.may_be_repeated))
        if self._order is None or not is_due:
            return
        try:
            await self._confirm()
        except DlmsError as error:
            if transfer.may_be_repeated:
                raise
            raise OutcomeUnknown(str(error)) from error

    async def _confirm(self) -> None:
        try:
            await self._ask_for_order()
        except DlmsError as error:
            raise await self._link.fail(error) from None

    async def _ask_for_order(self) -> None:
        order = self._order
        assert order is not None  # else nothing is in doubt
        if not await self._is_marked(order):
            await asyncio.sleep(order.quiet)
            self._raise_if_ended()
            order.settle()

    async def _is_marked(self, order: AnswerOrder) -> bool:
        """Return whether the marker was answered behind everything; False where the meter does not give it."""
        known = self._known_form
        has_lists = Conformance.MULTIPLE_REFERENCES in self.negotiated.conformance and not known.has_no_marker_list
        may_be_list = has_lists and (self._plan is None or self._plan.may_answer_lists)
        marker = None if known.has_no_marker else order.marker(may_be_list=may_be_list)
        if marker is None:
            return False
        try:
            event = await self._exchange(marker)
        except ResponseTimeout:
            known.note_order(is_marked=False, is_list=may_be_list, is_refused=False)
            raise
        except LocalProtocolError:  # the list is too long for what the meter takes; nothing was asked
            known.note_order(is_marked=False, is_list=may_be_list)
            return False
        if isinstance(event, AssociationLost):
            raise event.error
        # Blocks of a short PDU may be those of the one before: who cuts a list is asked for one name from now on.
        is_marked = isinstance(event, AnswerReceived) and order.is_marked
        known.note_order(is_marked=is_marked, is_list=may_be_list)
        return is_marked
