"""Whether and how a meter speaks on its own: which service, which envelope, where to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final, Self

from .envelopes import KeyScheme, Kind
from .notifications import BodyForm, NotificationForm, TimeForm

_BOTH: Final = 0x30


class Cut(StrEnum):
    """Whether a notification goes in general blocks, and with which controls."""

    WHOLE = "whole"
    STANDARD = "standard"
    """Window 0, streaming 0: 00, 00 .. 80."""
    DEVIATING = "deviating"
    """Window 0, streaming 1: 40, 40 .. C0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How a notification goes out.

    ``kind``: the envelope, None for plain; ``control``: its bits for authentication and encryption; ``is_signed``: a
    signature around all. ``block_size``: octets of a block.
    """

    client_wport: int = 1
    server_wport: int = 1
    kind: Kind | None = None
    control: int = _BOTH
    scheme: KeyScheme = KeyScheme.UNICAST
    is_signed: bool = False
    cut: Cut = Cut.WHOLE
    block_size: int = 128


class Carrier(StrEnum):
    """What takes notifications to a destination."""

    UDP = "udp"
    TCP = "tcp"
    """A connection of its own, closed afterwards."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where notifications go. ``greeting``: what a modem says first on a connection."""

    carrier: Carrier
    host: str
    port: int
    greeting: bytes = b""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``udp:127.0.0.1:4060``. Raises ValueError."""
        carrier, _, place = text.partition(":")
        host, _, port = place.rpartition(":")
        if not host or not 0 < int(port) < 65_536:
            raise ValueError(f"{text!r} is not like udp:127.0.0.1:4060")
        return cls(Carrier(carrier), host.strip("[]"), int(port))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationProfile:
    """How what happens is told. ``logs``: event logs, event codes and alarm registers of every kind are there.

    ``push_setup_version``: of class 40.
    """

    logs: bool = False
    form: NotificationForm = NotificationForm.EVENT
    time: TimeForm = TimeForm.SIZED
    body: BodyForm = BodyForm.LISTED
    way: Way = field(default_factory=Way)
    alarms_only: bool = False
    """EventNotification names the alarm register instead of the event code."""
    is_confirmed: bool = False
    """One-way, and marked as confirmed all the same."""
    on_connections: bool = True
    """Open connections with an association of the client are told, too."""
    destinations: tuple[Destination, ...] = ()
    push_setup_version: int = 0


def notification_profile(entry: Mapping[str, Any]) -> NotificationProfile:
    """Read the table of a profile file; ``greeting`` is that of all destinations. Raises ValueError, TypeError."""
    values = dict(entry)
    way: dict[str, Any] = {
        key: values.pop(key) for key in ("client_wport", "control", "is_signed", "block_size") if key in values
    }
    for key, kind in (("kind", Kind), ("scheme", KeyScheme), ("cut", Cut)):
        if key in values:
            way[key] = kind(values.pop(key))
    for key, form in (("form", NotificationForm), ("time", TimeForm), ("body", BodyForm)):
        if key in values:
            values[key] = form(values[key])
    greeting = str(values.pop("greeting", "")).encode()
    destinations = tuple(replace(Destination.parse(text), greeting=greeting) for text in values.pop("destinations", ()))
    return NotificationProfile(way=Way(**way), destinations=destinations, **values)
