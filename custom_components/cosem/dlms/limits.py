"""Upper bounds for what a peer can make grow."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds, in octets unless said otherwise."""

    apdu: int = 65_535
    """In one WPDU: the length field has 16 bits."""

    assembled_value: int = 8 * 1024 * 1024
    """Joined from blocks. A year of 15-minute rows, 8 columns: about 1.7 MB."""

    pushed_value: int = 256 * 1024
    """Of a notification, joined from blocks: nobody asked for it."""

    blocks_per_transfer: int = 16_384
    """Ends a transfer without last-block; with 512 octets each, 8 MiB."""

    nesting_depth: int = 16
    """The deepest legitimate one, the object list, has six levels."""

    elements: int = 1_000_000
    """In one value: about 0.3 s of processor time."""

    free_expansion: int = 10_000
    """Elements of compact-arrays in one value that few octets expand to: a few milliseconds."""

    objects: int = 10_000
    """In an object list; real ones have up to 2 000."""

    unsolicited_apdus: int = 16
    """Fitting no request, while one waits."""

    unsolicited_burst: int = 100
    """The same while nothing waits, empty ones included: so many at once ..."""

    unsolicited_per_second: float = 20
    """... and so many a second in the long run. Meters push once a minute, or once a second."""

    dropped_apdus: int = 3
    """Wrong wPorts, invoke-ids or block numbers in a row, until the connection is closed."""

    listener_connections: int = 16
    """That meters opened, at a time: a home has few meters."""

    listener_connections_of_strangers: int = 12
    """Of these: the others are left for addresses that the user named or that proved a title."""

    listener_connections_per_source: int = 2

    listener_first_apdu: float = 10
    """Seconds, ..."""

    listener_idle: float = 60
    """... and between later ones, unless an association uses the connection."""

    listener_waiting: float = 600
    """Seconds that a call waits for its turn behind others of its meter, who may be silent strangers."""

    listener_burst: int = 50
    """Unproven notifications of one source at once ..."""

    listener_per_second: float = 10
    """... and a second in the long run; what was verified does not count."""

    listener_trusted_factor: int = 20
    """So much more of a source that proved itself, or was named by the user."""

    listener_strangers_factor: int = 20
    """So much more of all other sources together."""

    listener_failed_tags: int = 5
    """Of one source in a minute, until nothing protected of it is looked at for a minute."""

    listener_sources: int = 256
    """Remembered sources; the one that was silent for longest is forgotten first."""

    greeting: int = 512
    """In front of the first WPDU of a connection that a meter or modem opened."""


DEFAULT_LIMITS: Final = Limits()

EXECUTOR_THRESHOLD: Final = 64 * 1024
"""Octets of a value to be decoded outside the event loop."""

EXECUTOR_ELEMENTS: Final = 65_000
"""The same for elements, of which compact-arrays have more than octets. They take about 20 ms."""
