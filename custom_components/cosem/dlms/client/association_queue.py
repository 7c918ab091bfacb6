"""Who may associate with a physical device, and when: in the order of asking.

A place in the queue is held from the asking until the association has been released, or is kept for its next user. It
is served when no earlier place is in its way: one for the same wPorts, or any other one where one of both wants the
device for itself. So nobody is overtaken by somebody whom he waits for, and nobody starves.
"""

import asyncio
from dataclasses import dataclass, field

from ..errors import DlmsError, ResponseTimeout
from ..protocol.proposal import WportPair


@dataclass(slots=True, eq=False)
class QueuePlace:
    """A place in the queue."""

    pair: WportPair | None
    """None where no association is meant."""
    exclusive: bool
    """Whether it is for the whole device."""
    refusal: DlmsError | None = None
    """Why it is of no use any more."""
    _called: asyncio.Event = field(default_factory=asyncio.Event)

    def is_in_the_way_of(self, other: QueuePlace) -> bool:
        """Whether both cannot be served at a time."""
        return self.exclusive or other.exclusive or self.pair == other.pair

    def raise_if_refused(self) -> None:
        """Raise the refusal, if there is one."""
        if self.refusal is not None:
            raise self.refusal

    def call(self) -> None:
        """End the waiting."""
        self._called.set()

    async def wait(self) -> None:
        """Return when it is served. Raises the refusal."""
        await self._called.wait()
        self.raise_if_refused()


class AssociationQueue:
    """The places for one physical device, in the order of asking: those that are served, and those that wait."""

    def __init__(self) -> None:
        """Start empty."""
        self._places: list[QueuePlace] = []

    async def enter(self, pair: WportPair | None, seconds: float, *, exclusive: bool = False) -> QueuePlace:
        """Return a place that is served; its owner leaves it.

        Raises ResponseTimeout after so many seconds, and the error that ends all waiting.
        """
        place = QueuePlace(pair, exclusive)
        self._places.append(place)
        self._serve()
        try:
            async with asyncio.timeout(seconds):
                await place.wait()
        except TimeoutError:
            self.leave(place)
            whose = "associations" if pair is None else f"association {pair}"
            raise ResponseTimeout(f"end of the other {whose}", seconds) from None
        except BaseException:
            self.leave(place)
            raise
        return place

    def leave(self, place: QueuePlace) -> None:
        """Give up a place; whoever waited for it goes on."""
        self._places.remove(place)
        self._serve()

    def refuse_all(self, error: DlmsError) -> None:
        """End all waiting, and let those know who were served and have not associated yet."""
        for place in self._places:
            place.refusal = place.refusal or error
            place.call()

    def _serve(self) -> None:
        for number, place in enumerate(self._places):
            if not any(earlier.is_in_the_way_of(place) for earlier in self._places[:number]):
                place.call()
