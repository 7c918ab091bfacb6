"""What a link does with a meter's answer, step by step; and how a WPDU is put together."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Send:
    """Send these octets in one segment."""

    octets: bytes


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Finish:
    """Close the connection in order (FIN)."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection (RST)."""


type Step = Send | Pause | Finish | Reset


def wpdu(source_wport: int, destination_wport: int, apdu: bytes) -> bytes:
    """Return a WPDU: version 1, both wPorts, length, APDU."""
    return b"".join(number.to_bytes(2, "big") for number in (1, source_wport, destination_wport, len(apdu))) + apdu
