"""Invocation counters: the sending one reserves ahead, the receiving one commits late.

A nonce (system title, counter) used twice under one key destroys AES-GCM. So a value leaves :meth:`SendingCounter.take`
only below a ceiling that somebody has already stored durably (rules S1, S2), and there is no way to hand in a counter.
IEC 62056-5-3 (invocation counter). Knows nothing of storage: who owns the counter stores the ceiling, then confirms it.
"""

from typing import Final

from ..errors import InvocationCounterExhausted, InvocationCounterReplayed, LocalProtocolError

MAX_SENDING_VALUE: Final = 2**32 - 2**16
"""Ciphered sending stops here (rule S5): 65 536 values are left for the exchange of keys."""

RESERVE: Final = 1_000
"""Values stored ahead: a crash costs at most so many of 2**32 (rule S2)."""

MAX_UNATTENDED_RAISE: Final = 2**20
"""How far a meter, or someone posing as it, can push our counter without the user's word (rule S3)."""

_COUNTER_VALUES: Final = 2**32


class SendingCounter:
    """Our invocation counter for one key. Values are used once, in ascending order."""

    __slots__ = ("_ceiling", "_next")

    def __init__(self, start: int, *, ceiling: int | None = None) -> None:
        """Start at ``start``, the ceiling stored last (rule S2: on start continue at the ceiling).

        ``ceiling`` is given for keys that live as long as the association only: nothing needs storing for them.
        """
        if not 0 <= start < _COUNTER_VALUES:
            raise LocalProtocolError(f"an invocation counter is 0 to {_COUNTER_VALUES - 1}, not {start}")
        self._next = start
        self._ceiling = start if ceiling is None else ceiling

    @property
    def next_value(self) -> int:
        """The value that the next protected APDU will carry."""
        return self._next

    @property
    def ceiling(self) -> int:
        """No value from here on may be used before a higher ceiling is stored and confirmed."""
        return self._ceiling

    def take(self) -> int:
        """Return a value and never again the same. InvocationCounterExhausted when none may be used."""
        value = self._next
        if value >= MAX_SENDING_VALUE:
            raise InvocationCounterExhausted("the invocation counter is used up: the meter needs new keys")
        if value >= self._ceiling:
            raise InvocationCounterExhausted("no invocation counter is reserved: its store could not be written")
        self._next = value + 1
        return value

    def reservation(self, count: int = 1) -> int | None:
        """Return the ceiling to store before ``count`` (at most RESERVE) more values can be taken.

        None when so many are reserved, or when no more may be.
        """
        ceiling = min(self._next + RESERVE, MAX_SENDING_VALUE)
        return None if self._next + count <= self._ceiling or ceiling <= self._ceiling else ceiling

    def confirm(self, ceiling: int) -> None:
        """Note that ``ceiling`` is stored durably. A ceiling is never lowered."""
        self._ceiling = max(self._ceiling, ceiling)

    def follow(self, value: int, limit: int) -> bool:
        """Follow a value learned from the meter: upwards only, by at most ``limit``. Return whether it is now next.

        A lower value changes nothing, because following it would repeat nonces; a larger jump needs the user's word
        (rule S3). The value may be the next one already: a meter that refuses a value asks for the one behind it.
        """
        if not 0 <= value - self._next <= limit:
            return False
        self._next = value
        return True


class ReceivingCounter:
    """The highest counter accepted from one sender under one key."""

    __slots__ = ("_last",)

    def __init__(self, last: int | None = None) -> None:
        """Start with the last accepted value; None accepts any first one."""
        self._last = last

    @property
    def last(self) -> int | None:
        """The last accepted value, for whoever persists it."""
        return self._last

    def check(self, value: int) -> None:
        """Refuse a value that is not above the last accepted one. Changes nothing: the tag is not verified yet."""
        if self._last is not None and value <= self._last:
            raise InvocationCounterReplayed(f"invocation counter {value} is not above the last accepted {self._last}")

    def commit(self, value: int) -> None:
        """Note a value whose tag was verified (rule S6). Never moves backwards."""
        if self._last is None or value > self._last:
            self._last = value


class ReceivingCounters:
    """The receiving counters of one key: one for each sender, by its system title (rule S6)."""

    __slots__ = ("_counters",)

    def __init__(self) -> None:
        """Start with no sender known."""
        self._counters: dict[bytes, ReceivingCounter] = {}

    def of(self, title: bytes) -> ReceivingCounter:
        """Return the counter of a sender, a new one at the first time."""
        return self._counters.setdefault(title, ReceivingCounter())

    def forget(self) -> None:
        """Accept any first value of every sender again: by the user's word only (rule S7)."""
        self._counters.clear()

    def replace(self, title: bytes, counter: ReceivingCounter) -> None:
        """Take another counter for a sender, who has just proved that it is the one (rule S7)."""
        self._counters[title] = counter
