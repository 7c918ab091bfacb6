"""The six-octet logical name of a COSEM object (OBIS code, IEC 62056-6-1): parse, format, compare.

Text forms: ``1.0.1.8.0.255`` (the standard's instance form), ``1-0:1.8.0*255`` and ``1-0:1.8.0`` (as printed on
meters).
"""

from typing import Final, Self, override

from ..errors import LocalProtocolError

_GROUPS: Final = 6


class LogicalName:
    """Value groups A.B.C.D.E.F; immutable, hashable, ordered by its octets."""

    __slots__ = ("octets",)

    octets: bytes

    def __init__(self, octets: bytes) -> None:
        """Take the six octets as they travel on the wire."""
        if len(octets) != _GROUPS:
            raise LocalProtocolError(f"a logical name has 6 octets, not {len(octets)}")
        object.__setattr__(self, "octets", bytes(octets))

    @override
    def __setattr__(self, name: str, value: object) -> None:
        """Refuse changes."""
        raise AttributeError(f"a logical name is immutable: {name}")

    @override
    def __reduce__(self) -> tuple[type[Self], tuple[bytes]]:
        """Copy and pickle by its octets (an immutable slot class has no state to restore)."""
        return type(self), (self.octets,)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read any of the text forms; a missing F means 255. Raises LocalProtocolError."""
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
        """Value group A, the medium."""
        return self.octets[0]

    @property
    def b(self) -> int:
        """Value group B, the channel."""
        return self.octets[1]

    @property
    def c(self) -> int:
        """Value group C, the quantity."""
        return self.octets[2]

    @property
    def d(self) -> int:
        """Value group D, the processing."""
        return self.octets[3]

    @property
    def e(self) -> int:
        """Value group E, the tariff rate or instance."""
        return self.octets[4]

    @property
    def f(self) -> int:
        """Value group F, the billing period; 255 is the current value."""
        return self.octets[5]

    @property
    def obis(self) -> str:
        """The form printed on meters: ``1-0:1.8.0``, with ``*F`` only where F is not 255."""
        a, b, c, d, e, f = self.octets
        return f"{a}-{b}:{c}.{d}.{e}" + ("" if f == 255 else f"*{f}")

    @override
    def __str__(self) -> str:
        """Return ``A.B.C.D.E.F`` in decimal."""
        return ".".join(map(str, self.octets))

    @override
    def __repr__(self) -> str:
        """Return a form that names the type."""
        return f"LogicalName({self!s})"

    @override
    def __eq__(self, other: object) -> bool:
        """Compare by octets."""
        return isinstance(other, LogicalName) and self.octets == other.octets

    @override
    def __hash__(self) -> int:
        """Hash the octets."""
        return hash(self.octets)

    def __lt__(self, other: LogicalName) -> bool:
        """Order by octets, as object lists are usually sorted."""
        return self.octets < other.octets
