"""The life of an association on its link: waiting for what the meter says, its end, its release."""

import asyncio
import math
from typing import Final, NamedTuple

from ..errors import AssociationAborted, DlmsError, ResponseTimeout, TransportError
from ..protocol.events import AssociationLost, Event
from ..protocol.proposal import AssociationParameters
from ..protocol.transfer import Transfer
from .lifecycle import Lifecycle, LifecycleInput, next_lifecycle
from .link import Link, Timing


class TimeLimit(NamedTuple):
    """For a whole exchange, however often something comes."""

    seconds: float
    ends_at: float

    @classmethod
    def from_now(cls, seconds: float) -> TimeLimit:
        """Return one that begins now, on the clock of the event loop."""
        return cls(seconds, asyncio.get_running_loop().time() + seconds)


NO_LIMIT: Final = TimeLimit(math.inf, math.inf)


class AssociationLife:
    """What an association does besides its requests."""

    def __init__(self, link: Link, parameters: AssociationParameters, timing: Timing) -> None:
        self.parameters: Final = parameters
        self.was_kept = False
        """Whether it is older than its context: the meter may have ended it."""
        self.has_answered = False
        """Whether the meter has answered a request since it was opened, or lent again."""
        self._link = link
        self._timing = timing
        self._inbox: asyncio.Queue[Event] = link.open_inbox(parameters.pair)
        self._ended: DlmsError | None = None
        self._lifecycle = Lifecycle.IDLE
        self._releasing = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether requests are possible."""
        return self._lifecycle.is_open and self._link.connection.is_open(self.parameters.pair)

    @property
    def is_reusable(self) -> bool:
        """Whether it is open, and nothing is unanswered."""
        return self.is_open and not self._link.connection.is_waiting(self.parameters.pair)

    def reuse(self, timing: Timing) -> None:
        """Note that it was kept; its next user's deadlines count."""
        self._timing, self.was_kept, self.has_answered = timing, True, False

    async def release(self) -> None:
        """Send the RLRQ, wait briefly for the RLRE. Never raises; may be called again."""
        async with self._releasing:
            if self._lifecycle.is_released:
                return
            if self._lifecycle.waits_for_rlre or self._send_rlrq():
                await self._wait_for_rlre()
            self._link.before_reading.pop(self.parameters.pair, None)
            self._step(LifecycleInput.FINISH)

    def _send_rlrq(self) -> bool:
        """Return whether there was something to release."""
        connection, pair = self._link.connection, self.parameters.pair
        self._ended = self._ended or AssociationAborted("the association was released")
        is_waiting = connection.is_waiting(pair)
        if not (is_waiting or connection.is_open(pair)):
            return False
        connection.release(pair)
        self._step(LifecycleInput.GIVE_UP if is_waiting else LifecycleInput.RELEASE)
        self._inbox.put_nowait(AssociationLost(pair, self._ended))  # for whoever still waits for an answer
        self._inbox = self._link.open_inbox(pair)
        return True

    async def _wait_for_rlre(self) -> None:
        connection, pair = self._link.connection, self.parameters.pair
        try:
            async with asyncio.timeout(self._timing.release):
                await self._link.flush()
                while connection.is_waiting(pair):
                    await self._inbox.get()
        except TransportError as error:
            await self._link.fail(error)
        except TimeoutError:
            if not connection.is_waiting(pair):
                return  # the RLRE and the deadline came together
            if self._lifecycle.gives_up and not connection.tells_answers_apart(pair):
                # What was given up may still be answered, and nothing may take it for an answer to something else.
                await self._link.fail(AssociationAborted("a request was given up, and the release was not answered"))
            else:
                connection.stop_waiting_for_release(pair)

    def _step(self, happened: LifecycleInput) -> None:
        self._lifecycle = next_lifecycle(self._lifecycle, happened)

    def _end(self, error: DlmsError) -> None:
        self._ended = self._ended or error
        self._step(LifecycleInput.END)

    def _raise_if_ended(self) -> None:
        ended = self._link.connection.error
        # What ended it alone says more than what its neighbours are told.
        error = self._ended if isinstance(ended, AssociationAborted) else None
        if (error := error or ended or self._ended) is not None:
            raise error

    async def _settle(self, asked: Transfer | AssociationParameters) -> None:
        """Wait until nothing late can be taken for the answer to what is sent next. Raises what ended it all."""
        self._raise_if_ended()
        now = asyncio.get_running_loop().time()
        seconds = self._link.connection.settles_at(self.parameters.pair, asked, now) - now
        if seconds > 0:
            self._link.observer.note("waiting %.1f s for late answers", seconds)
            await asyncio.sleep(seconds)

    async def _next_event(self, waiting_for: str, seconds: float, limit: TimeLimit) -> Event:
        """Send, and return the next event. A timeout ends the association, and mostly the connection."""
        self._raise_if_ended()  # released meanwhile: what comes now belongs to the release
        connection, pair = self._link.connection, self.parameters.pair
        clock = asyncio.get_running_loop()
        waited, strays = 0.0, connection.counters.stray_apdus
        inbox = self._inbox  # a release while this waits gives the association a new one
        while True:
            wait = min(seconds, self._timing.repeat) if connection.repeats(pair) else seconds
            deadline = clock.time() + wait
            try:
                async with asyncio.timeout_at(min(deadline, limit.ends_at)):
                    await self._link.flush()
                    return await inbox.get()
            except TimeoutError:
                is_over = deadline > limit.ends_at
                waited = limit.seconds if is_over else waited + wait
                # A doubtful answer may have used up the repeats: the last one has the whole time.
                if not is_over and (connection.try_again(pair, wait) or wait < seconds):
                    continue
                got_others = connection.counters.stray_apdus > strays and not connection.is_lossy
                silence = ResponseTimeout(waiting_for, waited, got_others=got_others)
                error = connection.dropped_answer(pair) or silence
                raise await self._give_up(error) from None
            except TransportError as error:
                raise await self._link.fail(error) from None

    async def _give_up(self, error: DlmsError) -> DlmsError:
        """End what is silent, with the connection unless others use it and nothing is mixed up; return the error."""
        if self._link.users <= 1:
            return await self._link.fail(error)
        self._end(error)
        if not self._link.connection.tells_answers_apart(self.parameters.pair):
            # On this connection a late answer could be taken for the answer to a later request.
            of_others = AssociationAborted(f"the connection ended with the association {self.parameters.pair}: {error}")
            await self._link.fail(of_others)
        return error
