"""The command ``listen``: what meters send unasked."""

import argparse
import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
import json
from typing import Final

from ..addresses import TransportProtocol
from ..client.hearing import Heard
from ..client.listener import NotificationListener
from ..limits import DEFAULT_LIMITS
from ..protocol.notification_senders import NotificationSenders
from .console import Console
from .heard import HeardNotification
from .options import BOTH, UsageError
from .run import known_senders

NOTHING_CAME: Final = 1
_LIMITS: Final = replace(
    DEFAULT_LIMITS,
    listener_burst=1_000,
    listener_per_second=200.0,
    listener_connections=64,
    listener_connections_of_strangers=64,
    listener_connections_per_source=16,
    listener_failed_tags=100,
)
"""Nobody says beforehand which addresses are those of meters, and somebody watches: all may say much."""
_STORED_EVERY: Final = 1.0
"""Seconds: a meter that sends every second does not wear out the disk."""


def listen(options: argparse.Namespace, console: Console) -> int:
    """Show what arrives until there is enough of it, the time is over, or the user ends it."""
    with known_senders(options) as (senders, store):
        return _Ear(options, console, senders, store).run()


class _Ear:
    """``store``: keeps on disk which invocation counters were received, so that none is taken again."""

    def __init__(
        self,
        options: argparse.Namespace,
        console: Console,
        senders: NotificationSenders,
        store: Callable[[], None],
    ) -> None:
        self._options = options
        self._console = console
        self._senders = senders
        self._store = store
        self._listeners: list[NotificationListener] = []
        self._heard = 0
        self._is_over = asyncio.Event()
        self._next_storing = 0.0

    def run(self) -> int:
        """Return the exit status. Raises ListenerUnavailable, UsageError."""
        try:
            asyncio.run(self._listen())
        except KeyboardInterrupt:
            pass  # its usual end, without --count and --seconds
        finally:
            self._store()
        if left_out := sum(each.sources.dropped + each.refused_connections for each in self._listeners):
            self._console.note(f"{left_out} messages or connections were left out: too many at once from one address")
        if not self._heard:
            self._console.note("nothing came")
        return 0 if self._heard else NOTHING_CAME

    async def _listen(self) -> None:
        options = self._options
        chosen = [each for each in TransportProtocol if options.transport in {each.value, BOTH}]
        port = options.port
        async with AsyncExitStack() as opened:
            for transport in chosen:
                listener = NotificationListener(self._take, self._senders, limits=_LIMITS)
                self._listeners.append(listener)
                opened.push_async_callback(listener.close)
                await listener.open(transport, options.address, port)
                port = listener.port
            end = "" if options.count or options.seconds else "; Ctrl-C ends it"
            where = f"{options.address or 'all addresses'}, port {port} ({', '.join(chosen)})"
            self._console.note(f"listening on {where}{end}")
            if options.seconds is not None:
                asyncio.get_running_loop().call_later(options.seconds, self._is_over.set)
            await self._is_over.wait()

    def _take(self, heard: Heard) -> None:
        if self._is_over.is_set():
            return
        self._heard += 1
        notification = HeardNotification.of(heard)
        shown = [json.dumps(notification.to_json())] if self._options.json else notification.lines()
        try:
            self._console.lines(shown)
        except BrokenPipeError:  # whoever read it has seen enough
            self._is_over.set()
        if self._heard == self._options.count:
            self._is_over.set()
        self._store_now_and_then()

    def _store_now_and_then(self) -> None:
        now = asyncio.get_running_loop().time()
        if now < self._next_storing:
            return
        self._next_storing = now + _STORED_EVERY
        try:
            self._store()
        except UsageError:
            self._is_over.set()  # the last storing says what is wrong
