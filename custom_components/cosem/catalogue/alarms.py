"""What the bits of the error register and the first alarm register mean (0-b:97.97.0, 97.98.0, filter and descriptor).

The meaning is that of companion standards: DSMR and IDIS agree on these. Other bits and registers are told by number.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..dlms import LogicalName

_CHANNELS: Final = range(1, 5)

BITS: Final[Mapping[int, str]] = MappingProxyType(
    {
        0: "clock invalid",
        1: "replace battery",
        2: "power up",
        3: "auxiliary event",
        4: "configuration changed",
        8: "program memory error",
        9: "RAM error",
        10: "NV memory error",
        11: "measurement system error",
        12: "watchdog error",
        13: "fraud attempt",
        **{15 + channel: f"M-Bus channel {channel}: communication error" for channel in _CHANNELS},
        **{19 + channel: f"M-Bus channel {channel}: fraud attempt" for channel in _CHANNELS},
        28: "phase outage L1",
        29: "phase outage L2",
        30: "phase outage L3",
    }
)
"""Bit 0 is the least significant one. Of 24 to 27 the standards say different things."""

_FIRST: Final = frozenset({(97, 0), (98, 0), (98, 10), (98, 20)})
"""D and E of the error register, the first alarm register, its filter, and its descriptor."""


def bit_names(logical_name: LogicalName) -> Mapping[int, str]:
    """Return the bits of an alarm or error register that have a name."""
    return BITS if (logical_name.d, logical_name.e) in _FIRST else {}


def name_of_bit(names: Mapping[int, str], bit: int) -> str:
    """Return the name of a bit, or its number in words."""
    return names.get(bit, f"bit {bit}")
