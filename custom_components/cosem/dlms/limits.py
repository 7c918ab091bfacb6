"""What a stranger can make grow, and how far: one frozen dataclass with the arithmetic behind each number.

Pure data; knows nothing of the modules that enforce it.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper bounds. All sizes in octets unless said otherwise."""

    apdu: int = 65_535
    """One APDU in one WPDU: the length field has 16 bits. A buffer per connection stays <= 8 + 65 535."""

    assembled_value: int = 8 * 1024 * 1024
    """A value put together from blocks: a year of 15-minute rows with 8 columns is about 1.7 MB."""

    blocks_per_transfer: int = 16_384
    """A peer that never says last-block must not hold us; 16 384 blocks of 512 octets are the 8 MiB above."""

    nesting_depth: int = 16
    """The deepest legitimate structure, the association object list, nests six levels."""

    elements: int = 1_000_000
    """Data elements in one value, each at least one octet: bounds processor time (about 0.3 s, in an executor)."""

    objects: int = 10_000
    """Entries in an object list; the largest real ones have one to two thousand."""

    unsolicited_apdus: int = 16
    """APDUs that belong to no request, while one request waits: ends a flood during a GET."""

    strikes: int = 3
    """Messages with a wrong wPort, invoke-id or block number in a row, until the connection is closed."""


DEFAULT_LIMITS: Final = Limits()

EXECUTOR_THRESHOLD: Final = 64 * 1024
"""Values larger than this are decoded outside the event loop: 65 000 elements take about 20 ms in plain Python."""
