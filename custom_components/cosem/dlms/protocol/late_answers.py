"""Answers that may still come when their request is over. Sans-IO (rule S22; faults F18, F20).

Where messages get lost, a request that was sent again is answered again, and the network doubles requests and answers.
An exception-response, a confirmed-service-error and everything by short names has no invoke-id: for a while nothing
tells such an answer from one to the next request. What can be told apart needs no patience.

General blocks have numbers that begin anew with each exchange, and nothing else: a late one fits into the next value.

By short names a whole second is not enough, as no later answer shows that one was late. What is equal to an answer to
another request of the last seconds is in doubt, and asked for again; what cannot be asked again waits until then.
"""

from collections import deque
from collections.abc import Container
from dataclasses import dataclass
from typing import Final, NamedTuple

from ..apdu.access import ACCESS_RESPONSE
from ..apdu.action import ACTION_RESPONSE
from ..apdu.block import GENERAL_BLOCK_TRANSFER
from ..apdu.faults import CONFIRMED_SERVICE_ERROR, EXCEPTION_RESPONSE
from ..apdu.get import GET_RESPONSE
from ..apdu.set import SET_RESPONSE
from ..apdu.short_name import READ_RESPONSE, WRITE_RESPONSE
from .dropped_apdus import DroppedApduLimits

LATE_WITHIN: Final = 1.0
"""Seconds in which a copy comes, and by which one answer may be slower than another."""

LATE_BY_ORDER: Final = 5.0
"""The same where only the order of answers joins them to their requests: the next ones are then wrong as well."""

ERRORS: Final = frozenset({EXCEPTION_RESPONSE, CONFIRMED_SERVICE_ERROR})

_SHORT_NUMBER: Final = frozenset({GET_RESPONSE, SET_RESPONSE, ACTION_RESPONSE})
NUMBERED: Final = _SHORT_NUMBER | {ACCESS_RESPONSE}
"""Answers with an invoke-id."""

_BY_ORDER: Final = frozenset({READ_RESPONSE, WRITE_RESPONSE})

_BLOCKS: Final = frozenset({GENERAL_BLOCK_TRANSFER})

_INVOKE_ID: Final = 0x0F
_BEGINNING: Final = 128
_END: Final = 32
"""Octets that are compared: values are long, and many in a second."""

_MOST_TAKEN: Final = 4096
_MOST_OWED: Final = 16


class _Taken(NamedTuple):
    """An answer that was taken. ``request``: to which one it was."""

    tag: int
    number: int | None
    request: int
    soon_until: float
    """Until then something else may come that answers the same request."""
    until: float


@dataclass(slots=True)
class _Owed:
    """Further answers to a request that was sent more than once, or given up: ``tags``, or its invoke-id."""

    tags: frozenset[int]
    number: int | None
    request: int
    seconds: float
    until: float | None = None
    """None until anybody asks: what is given up is so at a time that is not known here."""


class LateAnswers:
    """Of one association. ``dropped_apdus`` knows the time, and whether messages get lost: else nothing is late."""

    def __init__(self, dropped_apdus: DroppedApduLimits) -> None:
        self._dropped_apdus = dropped_apdus
        self._taken: dict[bytes, _Taken] = {}
        """By what a copy has in common with them."""
        self._owed: deque[_Owed] = deque(maxlen=_MOST_OWED)
        self._latest = b""
        self._is_fresh = False
        self._request = 0
        self._answers: frozenset[int] = frozenset()
        self._number: int | None = None
        self._blocks_within: float | None = None
        """Seconds in which general blocks of the latest request may come; None where there were not several."""

    def asks(self, answers: frozenset[int], number: int | None = None) -> None:
        """Note a new request: the tags of its answers, and its invoke-id."""
        self._request += 1
        self._answers, self._number = answers, number
        self._blocks_within = None

    def is_cut(self, spread: float = 0.0) -> None:
        """Note several general blocks, either way, in the latest exchange; asked for again within ``spread`` seconds.

        Also where each is protected: what the peer sends again has a new invocation counter, and is no copy.
        """
        self._blocks_within = max(self._blocks_within or 0.0, spread + LATE_WITHIN)

    def may_be(self, apdu: bytes, *, is_fresh: bool, is_asked: bool) -> bool:
        """Return whether something that came may be late: a copy, or a further answer to what was sent twice.

        ``is_fresh``: it has an invocation counter, so it is no copy. ``is_asked``: the latest request is unanswered.
        """
        self._latest, self._is_fresh = apdu, is_fresh
        self._forget(self._dropped_apdus.time)
        if not is_fresh and self._taken_like(apdu) is not None:
            return True
        number = answer_number(apdu)
        return any(
            apdu[0] in owed.tags or number == owed.number is not None
            for owed in self._owed
            # Blocks of one answer have numbers of their own.
            if not (is_asked and owed.request == self._request and apdu[0] not in ERRORS)
        )

    def is_ambiguous(self, apdu: bytes) -> bool:
        """Return whether what may be late may as well answer the latest request, if that is unanswered."""
        taken = self._taken_like(apdu)
        if taken is not None and taken.request == self._request and not self._is_fresh:
            return False
        return self._fits(apdu[0], answer_number(apdu), self._answers, self._number)

    def is_too_soon(self, apdu: bytes) -> bool:
        """Return whether asking again would not help yet: only time tells it from what is asked for."""
        taken = self._taken_like(apdu)
        is_by_order = bool(self._answers & _BY_ORDER)
        return is_by_order and (taken is None or taken.soon_until > self._dropped_apdus.time)

    def took(self, spread: float, repeats: int, *, is_remembered: bool = True) -> None:
        """Note that what came last answered the latest request, sent ``repeats`` times more within ``spread`` seconds.

        ``is_remembered``: a copy of it must not answer the next one.
        """
        apdu, now = self._latest, self._dropped_apdus.time
        if self._dropped_apdus.is_lossy and is_remembered and not self._is_fresh:
            key = key_of(apdu)
            self._taken.pop(key, None)  # the order is that of time
            number, within = answer_number(apdu), self._late_within
            self._taken[key] = _Taken(apdu[0], number, self._request, now + LATE_WITHIN, now + within)
            if len(self._taken) > _MOST_TAKEN:
                del self._taken[next(iter(self._taken))]
        if repeats:
            # The others are about as slow as the first one was.
            self._owe(self._answers, spread + self._late_within, now)
        self._owe_blocks(now)

    def gave_up(self, spread: float) -> None:
        """Note that nobody waits any more for the latest request, sent within ``spread`` seconds."""
        self._owe(self._answers, spread + self._late_within, None)
        self._owe_blocks(None)

    def begins_anew(self) -> None:
        """Note a new association: the meter may get copies of requests of the one before, and refuse them."""
        self._owe(frozenset(), LATE_WITHIN, None)

    def told(self, answers: frozenset[int]) -> None:
        """Note that what nobody should answer may be answered all the same, after what was asked since."""
        self._owe(answers, LATE_WITHIN, self._dropped_apdus.time)

    def _owe(self, answers: frozenset[int], seconds: float, now: float | None) -> None:
        if self._dropped_apdus.is_lossy:
            tags = (answers - NUMBERED) | ERRORS
            until = None if now is None else now + seconds
            self._owed.append(_Owed(tags, self._number, self._request, seconds, until))

    def _owe_blocks(self, now: float | None) -> None:
        seconds, self._blocks_within = self._blocks_within, None
        if seconds is not None and self._dropped_apdus.is_lossy:
            until = None if now is None else now + seconds
            self._owed.append(_Owed(_BLOCKS, None, self._request, seconds, until))

    @property
    def numbers(self) -> Container[int | None]:
        """Invoke-ids whose answers may still come."""
        self._forget(self._dropped_apdus.time)
        return {owed.number for owed in self._owed}

    def settles_at(self, answers: frozenset[int], number: int | None, now: float, *, is_asked_again: bool) -> float:
        """Return when no late answer can be taken for one to the next request; ``now`` if that needs no waiting.

        ``is_asked_again``: a doubt about a request with an invoke-id needs none, and by short names what is equal needs
        none. General blocks always do.
        """
        self._forget(now)
        if is_asked_again and answers <= NUMBERED:
            return max([now, *self._owed_until(_BLOCKS)])
        owed = self._owed_until((answers - NUMBERED) | ERRORS | _BLOCKS)
        taken = [each for each in self._taken.values() if self._fits(each.tag, each.number, answers, number)]
        return max([now, *owed, *(each.soon_until if is_asked_again else each.until for each in taken)])

    @property
    def _late_within(self) -> float:
        return LATE_BY_ORDER if self._answers & _BY_ORDER else LATE_WITHIN

    def _taken_like(self, apdu: bytes) -> _Taken | None:
        taken = self._taken.get(key_of(apdu))
        return None if taken is None or taken.until <= self._dropped_apdus.time else taken

    def _owed_until(self, tags: frozenset[int]) -> list[float]:
        return [each.until or 0.0 for each in self._owed if each.tags & tags]

    @staticmethod
    def _fits(tag: int, number: int | None, answers: frozenset[int], asked: int | None) -> bool:
        if tag in ERRORS:
            return True
        return tag in answers and (number is None or number == asked)

    def _forget(self, now: float) -> None:
        while self._taken and next(iter(self._taken.values())).until <= now:
            del self._taken[next(iter(self._taken))]
        for each in list(self._owed):
            if each.until is None:
                each.until = now + each.seconds
            elif each.until <= now:
                self._owed.remove(each)


def key_of(apdu: bytes) -> bytes:
    """Return length, beginning and end: a copy has the same, and what only looks like one costs a question more."""
    return b"".join((len(apdu).to_bytes(4, "big"), apdu[:_BEGINNING], apdu[-_END:]))


def answer_number(apdu: bytes) -> int | None:
    """Return an answer's invoke-id."""
    if apdu[0] == ACCESS_RESPONSE:
        return int.from_bytes(apdu[2:5], "big")
    return apdu[2] & _INVOKE_ID if apdu[0] in _SHORT_NUMBER and len(apdu) > 2 else None
