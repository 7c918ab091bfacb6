"""Invocation counters that outlive associations.

A sending value is used only below a ceiling that was stored durably before (rules S1, S2), so a restart at the stored
ceiling is above everything used. What was received is kept, too: a recorded session is a replay also after a restart
(rule S36). Associations and clients may share a SecurityState; two for the same key and title must never live at the
same time.
"""

import asyncio
from collections.abc import Callable, Mapping
import secrets
from typing import Final, Protocol

from ..errors import InvocationCounterExhausted, InvocationCounterNotStored
from ..protocol.opening import OpeningMaterial
from ..protocol.proof_form import USUAL_FORM, ProofForm
from ..protocol.proposal import MAX_PDU_SIZE, AssociationParameters
from ..security.counters import MAX_SENDING_VALUE, MAX_UNATTENDED_RAISE, ReceivingCounters, SendingCounter
from ..security.hls import challenge_length
from ..security.keys import Secret

_TOP_UP: Final = 500  # requests for blocks do not wait for the store
"""Values reserved at every await."""

_ENOUGH: Final = 16
"""Enough for one request while the store fails."""

_PATIENCE: Final = 10.0
"""Seconds for the store: whoever waits for it holds a meter that others want to read."""

_ALL: Final = 2**32


class CounterStore(Protocol):
    """Keeps the counters of one key and client system title."""

    async def save(self, ceiling: int) -> None:
        """Return when the sending counter's ``ceiling`` survives a crash. Raises OSError."""

    async def save_received(self, last: Mapping[bytes, int]) -> None:
        """Return when the last received values, by system title, survive a crash. Raises OSError."""


class SecurityState:
    """The counters of one global key under one client system title.

    ``start``: the ceiling stored last; for a new key 0, or what the user says. ``received``: stored last, by the
    sender's system title. Raises LocalProtocolError.
    """

    def __init__(self, start: int, store: CounterStore, received: Mapping[bytes, int] | None = None) -> None:
        self.sending: Final = SendingCounter(start)
        self.receiving: Final = ReceivingCounters(received)
        self._store = store
        self._saving: asyncio.Future[bool] | None = None
        self._patience_ends = 0.0
        self._received_stored = self.receiving.last()
        self._unattended = MAX_UNATTENDED_RAISE

    @property
    def next_value(self) -> int:
        """The value of the next protected APDU."""
        return self.sending.next_value

    async def reserve(self) -> None:
        """Reserve values for a request; awaited before each.

        Raises InvocationCounterNotStored, InvocationCounterExhausted.
        """
        saved = await self.top_up()
        while self._reserved < _ENOUGH:  # also when somebody raised the counter while we waited for the store
            if self.is_used_up:
                raise InvocationCounterExhausted("the invocation counter is used up: the meter needs new keys")
            if not saved:
                raise InvocationCounterNotStored(
                    "no invocation counter is reserved: its store cannot be written, or does not answer"
                )
            saved = await self.top_up()

    @property
    def is_used_up(self) -> bool:
        """Whether too few values are left for a request (rule S5)."""
        return self.next_value + _ENOUGH > MAX_SENDING_VALUE

    async def top_up(self) -> bool:
        """Reserve more values if few are left; return whether enough are."""
        if self._reserved >= _TOP_UP:
            return True
        if self._saving is None or self._saving.done():
            self._patience_ends = asyncio.get_running_loop().time() + _PATIENCE
            self._saving = asyncio.ensure_future(self._save())
        try:
            # All wait for one write. A cancelled caller must not leave one behind that could overtake a later one.
            async with asyncio.timeout_at(self._patience_ends):
                return await asyncio.shield(self._saving)
        except TimeoutError:
            return False

    @property
    def _reserved(self) -> int:
        return self.sending.ceiling - self.sending.next_value

    async def _save(self) -> bool:
        ceiling = self.sending.reservation(_TOP_UP)
        if ceiling is None:
            return self._reserved >= _TOP_UP
        try:
            await self._store.save(ceiling)
        except OSError:
            return False
        self.sending.confirm(ceiling)
        return True

    async def store_received(self) -> bool:
        """Store what was received, where it changed; return whether all of it is stored."""
        if self.receiving.last() == self._received_stored:
            return True
        try:
            async with asyncio.timeout(_PATIENCE):
                return await asyncio.shield(asyncio.ensure_future(self._save_received()))
        except TimeoutError:
            return False

    async def _save_received(self) -> bool:
        last = self.receiving.last()
        try:
            await self._store.save_received(last)
        except OSError:
            return False
        self._received_stored = last
        return True

    def follow(self, expected: int, *, confirmed_by_user: bool = False) -> bool:
        """Raise the sending counter to ``expected``, never lower it; return whether it is that now.

        Unattended raises add up to 2**20 at most (rule S3).
        """
        if expected + _ENOUGH > MAX_SENDING_VALUE:
            return False  # it would leave none
        # Somebody who poses as the meter must not burn the counter.
        before = self.sending.next_value
        if not self.sending.follow(expected, _ALL if confirmed_by_user else self._unattended):
            return False
        if not confirmed_by_user:
            self._unattended -= self.sending.next_value - before
        return True


def opening_material(
    parameters: AssociationParameters,
    state: SecurityState | None,
    random: Callable[[int], bytes] = secrets.token_bytes,
    *,
    form: ProofForm = USUAL_FORM,
    apdu_limit: int = MAX_PDU_SIZE,
) -> OpeningMaterial:
    """Return fresh material for one attempt (rule S21), for a meter that wants this ``form``."""
    security = parameters.security
    dedicated = parameters.uses_dedicated_key
    return OpeningMaterial(
        challenge=random(challenge_length(parameters.mechanism)) if parameters.is_high_level else b"",
        dedicated_key=Secret(random(security.suite.key_length)) if security is not None and dedicated else None,
        random=random,
        sending=None if state is None else state.sending,
        receiving=None if state is None else state.receiving,
        form=form,
        apdu_limit=apdu_limit,
    )
