"""How far a long answer has come, for people at a terminal; and several observers in place of one."""

from collections.abc import Callable, Sequence
import time
from typing import Final

from ..client.observer import Observer
from ..protocol.framing import Message

_EVERY: Final = 0.5
"""Seconds. What is quicker than that shows nothing."""


class OctetCount:
    """An observer that counts what comes. ``show``: takes a text that replaces the last one."""

    def __init__(self, show: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        self._show: Final = show
        self._clock: Final = clock
        self._octets = 0
        self._shown_at = clock()

    def note(self, text: str, *details: object) -> None:
        """Stages are quick."""

    def sent(self, message: Message) -> None:
        """What is sent is short."""

    def received(self, message: Message) -> None:
        """Count, and show the sum now and then."""
        self._octets += len(message.apdu)
        now = self._clock()
        if now - self._shown_at >= _EVERY:
            self._shown_at = now
            self._show(f"{self._octets} octets received")


class Several:
    """Observers that are told the same."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers: Final = observers

    def note(self, text: str, *details: object) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.note(text, *details)

    def sent(self, message: Message) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.sent(message)

    def received(self, message: Message) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.received(message)
