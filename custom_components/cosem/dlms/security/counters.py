"""Invocation counters (IEC 62056-5-3): the sending one reserves ahead, the receiving one commits late.

A nonce used twice under one key breaks AES-GCM, so :meth:`SendingCounter.take` stays below a durably stored ceiling
(rules S1, S2). The owner stores the ceiling, then confirms it.
"""

from collections.abc import Mapping
from typing import Final

from ..errors import (
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterReplayed,
    LocalProtocolError,
)

MAX_SENDING_VALUE: Final = 2**32 - 2**16
"""Ciphered sending stops here (rule S5); the rest is for key exchange."""

RESERVE: Final = 1_000
"""Values stored ahead: a crash costs so many (rule S2)."""

MAX_UNATTENDED_RAISE: Final = 2**20
"""How far the meter can raise our counter without the user's consent (rule S3)."""

_COUNTER_VALUES: Final = 2**32


class SendingCounter:
    """Our counter for one key; ascending, each value once."""

    __slots__ = ("_ceiling", "_follow", "_next")

    def __init__(self, start: int, *, ceiling: int | None = None) -> None:
        """``start``: the stored ceiling (rule S2). ``ceiling``: for keys that end with the association."""
        if not 0 <= start < _COUNTER_VALUES:
            raise LocalProtocolError(f"an invocation counter is 0 to {_COUNTER_VALUES - 1}, not {start}")
        self._next = start
        self._ceiling = start if ceiling is None else ceiling
        self._follow = start

    @property
    def next_value(self) -> int:
        """The value of the next protected APDU, once it is reserved."""
        return max(self._next, self._follow)

    @property
    def ceiling(self) -> int:
        """From here on, a higher ceiling must be stored first."""
        return self._ceiling

    def take(self) -> int:
        """Return a value, once. Raises InvocationCounterExhausted, InvocationCounterNotStored."""
        value = self._next
        if value >= MAX_SENDING_VALUE:
            raise InvocationCounterExhausted("the invocation counter is used up: the meter needs new keys")
        if value >= self._ceiling:
            raise InvocationCounterNotStored("no invocation counter is reserved")
        self._next = value + 1
        return value

    def reservation(self, count: int = 1) -> int | None:
        """Return the ceiling to store for ``count`` (at most RESERVE) more values; None if not needed or possible."""
        ceiling = min(self.next_value + RESERVE, MAX_SENDING_VALUE)
        return None if self.next_value + count <= self._ceiling or ceiling <= self._ceiling else ceiling

    def confirm(self, ceiling: int) -> None:
        """Note that ``ceiling`` is stored durably; it is never lowered."""
        self._ceiling = max(self._ceiling, ceiling)
        self._raise()

    def follow(self, value: int, limit: int) -> bool:
        """Raise to a value from the meter, by at most ``limit`` (rule S3). Return whether it is next now."""
        # Lower values would repeat nonces. An equal one is normal: a meter that refuses a value asks for the next one.
        if not 0 <= value - self.next_value <= limit:
            return False
        self._follow = value
        self._raise()
        return True

    def _raise(self) -> None:
        # Not beyond what is stored: others may be in the middle of a transfer, with values that were reserved for it.
        if self._next < self._follow < self._ceiling:
            self._next = self._follow


_NOTIFIED: Final = b"\x01"
"""Behind a title: the name of its mark among what is stored."""

_MARKED_LENGTH: Final = 9

RECEIVED_NAME_LENGTHS: Final = frozenset({8, _MARKED_LENGTH})
"""Of what ReceivingCounters.last() names: system titles, and those of marks."""


class ReceivingCounter:
    """The highest accepted counter of one sender and key."""

    __slots__ = ("_last",)

    def __init__(self, last: int | None = None) -> None:
        """``last``: None accepts any first value."""
        self._last = last

    @property
    def last(self) -> int | None:
        """The last accepted value."""
        return self._last

    def check(self, value: int) -> None:
        """Raise InvocationCounterReplayed unless above the last value."""
        # Nothing is noted yet: the tag is verified later.
        if self._last is not None and value <= self._last:
            raise InvocationCounterReplayed(f"invocation counter {value} is not above the last accepted {self._last}")

    def commit(self, value: int) -> None:
        """Note a verified value (rule S6); never backwards."""
        if self._last is None or value > self._last:
            self._last = value


class ReceivingCounters:
    """Receiving counters of one key, by system title (rule S6). ``stored``: what was accepted before a restart.

    Notifications have a mark besides, which no association lowers: a meter may count them apart, or lose the counter,
    and whoever recorded one could send it again.
    """

    __slots__ = ("_counters", "_notified")

    def __init__(self, stored: Mapping[bytes, int] | None = None) -> None:
        known = stored or {}
        self._notified = {
            title.removesuffix(_NOTIFIED): last for title, last in known.items() if len(title) == _MARKED_LENGTH
        }
        self._counters = {
            title: ReceivingCounter(last) for title, last in known.items() if len(title) != _MARKED_LENGTH
        }

    def last(self) -> dict[bytes, int]:
        """Return the last accepted values, to be stored (rule S36)."""
        marks = {title + _NOTIFIED: last for title, last in self._notified.items()}
        return marks | {title: counter.last for title, counter in self._counters.items() if counter.last is not None}

    @property
    def titles(self) -> list[bytes]:
        """Return who proved something, whoever did so first in front."""
        return list(self._counters)

    def of_notifications(self, title: bytes) -> ReceivingCounter:
        """Return what a sender's next notification has to be above: neither accepted by an association nor before."""
        known, mark = self._counters.get(title) or ReceivingCounter(), self._notified.get(title)
        return known if mark is None or (known.last is not None and known.last >= mark) else ReceivingCounter(mark)

    def notified(self, title: bytes, counter: ReceivingCounter) -> bool:
        """Note that a notification was verified, and its value committed; return False if it came before."""
        value, mark = counter.last, self._notified.get(title)
        assert value is not None  # it holds what was verified
        if mark is not None and value <= mark:
            return False
        self._notified[title] = value
        return True

    def of(self, title: bytes) -> ReceivingCounter:
        """Return a sender's counter, or a new one."""
        return self._counters.setdefault(title, ReceivingCounter())

    def forget(self) -> None:
        """Accept any first value; only if the user asks (rule S7)."""
        self._counters.clear()
        self._notified.clear()

    def known(self, title: bytes) -> ReceivingCounter | None:
        """Return a sender's counter, None before it proved anything."""
        return self._counters.get(title)

    def proved(self, title: bytes, counter: ReceivingCounter) -> ReceivingCounter:
        """Note a sender's counter after its proof (rule S7); return the one to go on with.

        All associations of a sender share it: what was accepted in one is a replay in the others (rule S6).
        """
        known = self._counters.get(title)
        if known is not None and known.last is not None and counter.last is not None and counter.last >= known.last:
            known.commit(counter.last)
            return known
        # It lost its counter. Associations from before keep theirs, and so refuse everything that is lower.
        self._counters[title] = counter
        return counter
