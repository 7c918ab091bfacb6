"""Logical names of COSEM objects (OBIS code, IEC 62056-6-1).

Text forms: ``1.0.1.8.0.255`` (the standard's), ``1-0:1.8.0*255`` and ``1-0:1.8.0`` (as printed on meters).
"""

from enum import IntEnum
from typing import Final, Self, override

from ..errors import LocalProtocolError

_GROUPS: Final = 6


class Medium(IntEnum):
    """What value group A says."""

    ABSTRACT = 0
    ELECTRICITY = 1
    HEAT_COST_ALLOCATOR = 4
    COOLING = 5
    HEAT = 6
    GAS = 7
    COLD_WATER = 8
    HOT_WATER = 9


class LogicalName:
    """Six octets, the value groups A to F; immutable, hashable, ordered."""

    __slots__ = ("octets",)

    octets: bytes

    def __init__(self, octets: bytes) -> None:
        if len(octets) != _GROUPS:
            raise LocalProtocolError(f"a logical name has 6 octets, not {len(octets)}")
        object.__setattr__(self, "octets", bytes(octets))

    @override
    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a logical name is immutable: {name}")

    @override
    def __reduce__(self) -> tuple[type[Self], tuple[bytes]]:
        return type(self), (self.octets,)  # an immutable slot class has no state to restore

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse any text form; a missing F is 255. Raises LocalProtocolError."""
        plain = text.strip()
        for separator in "-:*&":
            plain = plain.replace(separator, ".")
        parts = plain.split(".")
        if len(parts) == _GROUPS - 1:
            parts.append("255")
        if len(parts) != _GROUPS or not all(part.isascii() and part.isdigit() and len(part) <= 3 for part in parts):
            raise LocalProtocolError(f"not a logical name: {text[:40]!r} (expected A.B.C.D.E.F)")
        numbers = [int(part) for part in parts]
        if max(numbers) > 255:
            raise LocalProtocolError(f"not a logical name: {text[:40]!r} (each group is 0 to 255)")
        return cls(bytes(numbers))

    @property
    def a(self) -> int:
        """The medium."""
        return self.octets[0]

    @property
    def b(self) -> int:
        """The channel."""
        return self.octets[1]

    @property
    def c(self) -> int:
        """The quantity."""
        return self.octets[2]

    @property
    def d(self) -> int:
        """The processing."""
        return self.octets[3]

    @property
    def e(self) -> int:
        """The tariff rate or instance."""
        return self.octets[4]

    @property
    def f(self) -> int:
        """The billing period; 255 is the current value."""
        return self.octets[5]

    @property
    def obis(self) -> str:
        """As printed on meters: ``1-0:1.8.0``, with ``*F`` unless F is 255."""
        a, b, c, d, e, f = self.octets
        return f"{a}-{b}:{c}.{d}.{e}" + ("" if f == 255 else f"*{f}")

    @override
    def __str__(self) -> str:
        return ".".join(map(str, self.octets))

    @override
    def __repr__(self) -> str:
        return f"LogicalName({self!s})"

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, LogicalName) and self.octets == other.octets

    @override
    def __hash__(self) -> int:
        return hash(self.octets)

    def __lt__(self, other: LogicalName) -> bool:
        return self.octets < other.octets
