"""Who may associate with a physical device: in the order of asking.

A place is held from asking until the association is released or kept. It is served when no earlier one is in its way:
for the same wPorts, or one of both exclusive.
"""

import asyncio
from dataclasses import dataclass, field

from ..errors import DeviceInUse, DlmsError
from ..protocol.proposal import WportPair


@dataclass(slots=True, eq=False)
class QueuePlace:
    """A place in the queue."""

    pair: WportPair | None
    """None: no association is meant."""
    exclusive: bool
    """For the whole device."""
    refusal: DlmsError | None = None
    """The error that ended it."""
    _called: asyncio.Event = field(default_factory=asyncio.Event)

    def is_in_the_way_of(self, other: QueuePlace) -> bool:
        """Whether the other must wait."""
        return self.exclusive or other.exclusive or self.pair == other.pair

    def raise_if_refused(self) -> None:
        """Raise the refusal, if any."""
        if self.refusal is not None:
            raise self.refusal

    def call(self) -> None:
        """End the waiting."""
        self._called.set()

    async def wait(self) -> None:
        """Return when served. Raises the refusal."""
        await self._called.wait()
        self.raise_if_refused()


class AssociationQueue:
    """The places for one device, served and waiting."""

    def __init__(self) -> None:
        self._places: list[QueuePlace] = []

    async def enter(self, pair: WportPair | None, seconds: float, *, exclusive: bool = False) -> QueuePlace:
        """Return a served place; leave() it. Raises DeviceInUse, and what refuse_all() was given."""
        place = QueuePlace(pair, exclusive)
        self._places.append(place)
        self._serve()
        try:
            async with asyncio.timeout(seconds):
                await place.wait()
        except TimeoutError:
            self.leave(place)
            whose = "the other associations" if pair is None or exclusive else f"the other association {pair}"
            raise DeviceInUse(whose, seconds) from None
        except BaseException:
            self.leave(place)
            raise
        return place

    def leave(self, place: QueuePlace) -> None:
        """Give up a place."""
        self._places.remove(place)
        self._serve()

    def refuse_all(self, error: DlmsError) -> None:
        """End all waiting."""
        # Those who are served, too: one who has not connected yet finds the refusal.
        for place in self._places:
            place.refusal = place.refusal or error
            place.call()

    def _serve(self) -> None:
        # Only earlier places count, so nobody starves.
        for number, place in enumerate(self._places):
            if not any(earlier.is_in_the_way_of(place) for earlier in self._places[:number]):
                place.call()
