"""Takes what the meter sends on its own to addresses: datagrams, and connections that the meter opens."""

import asyncio
from collections.abc import Sequence
import socket

from .notification_profile import Carrier, Destination


class Carriers:
    """On real sockets. What cannot be delivered is lost, as with any sender that is never answered."""

    def __init__(self) -> None:
        self._calls: set[asyncio.Task[None]] = set()
        self.lost = 0

    def carry(self, destination: Destination, wpdus: Sequence[bytes]) -> None:
        """Send each WPDU; a connection is opened behind the back of whoever calls this."""
        if destination.carrier is Carrier.UDP:
            self._send_datagrams(destination, wpdus)
            return
        task = asyncio.get_running_loop().create_task(self._call(destination, wpdus))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    def _send_datagrams(self, destination: Destination, wpdus: Sequence[bytes]) -> None:
        """At once: the last of the power is not waited out."""
        family = socket.AF_INET6 if ":" in destination.host else socket.AF_INET
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as sender:
                for each in wpdus:
                    sender.sendto(each, (destination.host, destination.port))
        except OSError:
            self.lost += 1

    async def _call(self, destination: Destination, wpdus: Sequence[bytes]) -> None:
        try:
            _, writer = await asyncio.open_connection(destination.host, destination.port)
        except OSError:
            self.lost += 1
            return
        try:
            writer.write(destination.greeting + b"".join(wpdus))
            await writer.drain()
        except OSError:
            self.lost += 1
        finally:
            writer.close()

    async def settled(self) -> None:
        """Wait until every call has ended."""
        await asyncio.gather(*self._calls)
