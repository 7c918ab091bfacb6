"""Reading and writing octets with bounds (A-XDR lengths, IEC 61334-6).

The only place that slices what came from the network. Numbers have their most significant octet first.
"""

from typing import Final

from ..errors import DecodeError, LimitExceeded
from ..limits import DEFAULT_LIMITS, Limits

_MAX_LENGTH_OCTETS: Final = 4


def parse_hex(text: str) -> bytes:
    """Return the octets of hex text. Raises DecodeError."""
    digits = "".join(text.replace(":", " ").split())
    if not digits:
        raise DecodeError("there are no octets")
    for position, digit in enumerate(digits):
        if digit not in "0123456789abcdefABCDEF":
            raise DecodeError(f"{digit!r} is no hexadecimal digit", position // 2)
    if len(digits) % 2:
        raise DecodeError("the last octet has one digit only", len(digits) // 2)
    return bytes.fromhex(digits)


class Reader:
    """A cursor that cannot leave its octets. Raises DecodeError at their end, LimitExceeded beyond a budget."""

    __slots__ = ("depth", "elements_left", "end", "expansion_left", "limits", "octets", "offset")

    def __init__(
        self, octets: bytes, *, offset: int = 0, end: int | None = None, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.octets: Final = octets
        self.offset = offset  # from the start of the input, so that an error names the octet as the user sees it
        self.end: Final = len(octets) if end is None else end
        self.limits: Final = limits
        self.depth = 0
        self.elements_left = limits.elements
        self.expansion_left = limits.free_expansion

    @property
    def remaining(self) -> int:
        """Octets not read yet."""
        return self.end - self.offset

    def peek(self) -> int:
        """The next octet, without moving."""
        if self.offset >= self.end:
            raise DecodeError("octets end too early: 1 more expected", self.offset)
        return self.octets[self.offset]

    def take(self, count: int) -> bytes:
        """The next ``count`` octets."""
        start = self.offset
        stop = start + count
        if stop > self.end:
            raise DecodeError(f"octets end too early: {stop - self.end} more expected", start)
        self.offset = stop
        return self.octets[start:stop]

    def rest(self) -> bytes:
        """All octets up to the end."""
        return self.take(self.remaining)

    def unsigned(self, count: int) -> int:
        """``count`` octets as an unsigned number."""
        return int.from_bytes(self.take(count), "big")

    def signed(self, count: int) -> int:
        """``count`` octets in two's complement."""
        return int.from_bytes(self.take(count), "big", signed=True)

    def unsigned8(self) -> int:
        """One octet as a number."""
        octet = self.peek()
        self.offset += 1
        return octet

    def unsigned16(self) -> int:
        """16 bits, unsigned."""
        return self.unsigned(2)

    def unsigned32(self) -> int:
        """32 bits, unsigned."""
        return self.unsigned(4)

    def integer8(self) -> int:
        """8 bits, signed."""
        return self.signed(1)

    def length(self) -> int:
        """An A-XDR length; non-minimal forms are accepted."""
        start = self.offset
        first = self.unsigned8()
        if first < 0x80:
            return first
        count = first & 0x7F
        if not 1 <= count <= _MAX_LENGTH_OCTETS:
            raise DecodeError(f"length form {first:02X} is not allowed", start)
        return self.unsigned(count)

    def octet_string(self) -> bytes:
        """The octets behind a length."""
        start = self.offset
        count = self.length()
        if count > self.remaining:
            raise DecodeError(f"a length of {count} exceeds the {self.remaining} octets left", start)
        return self.take(count)

    def count(self) -> int:
        """A number of elements, at most the octets left."""
        start = self.offset
        number = self.length()
        if number > self.remaining:  # each element has at least one octet
            raise DecodeError(f"a count of {number} exceeds the {self.remaining} octets left", start)
        return number

    def flag(self) -> bool:
        """An OPTIONAL or BOOLEAN octet: 00 is False."""
        return self.unsigned8() != 0

    def spend(self, elements: int) -> None:
        """Charge elements to their budget."""
        self.elements_left -= elements
        if self.elements_left < 0:
            raise LimitExceeded("elements", self.limits.elements, self.offset)

    def expand(self, elements: int) -> None:
        """Charge elements that take hardly any octets to their budget."""
        self.expansion_left -= elements
        if self.expansion_left < 0:
            raise LimitExceeded("elements in a compact-array of this size", self.limits.free_expansion, self.offset)

    def descend(self) -> None:
        """Go one level of nesting deeper."""
        self.depth += 1
        if self.depth > self.limits.nesting_depth:
            raise LimitExceeded("levels of nesting", self.limits.nesting_depth, self.offset)

    def ascend(self) -> None:
        """Leave a level of nesting."""
        self.depth -= 1

    def finish(self) -> None:
        """Refuse octets behind a value."""
        if self.offset != self.end:
            raise DecodeError(f"{self.remaining} octets too many", self.offset)


class Writer:
    """Collects octets. Raises OverflowError or ValueError for values that do not fit."""

    __slots__ = ("_octets",)

    def __init__(self) -> None:
        self._octets = bytearray()

    def octets(self, value: bytes) -> None:
        """Append octets."""
        self._octets += value

    def unsigned(self, value: int, count: int) -> None:
        """Append ``count`` octets, unsigned."""
        self._octets += value.to_bytes(count, "big")

    def signed(self, value: int, count: int) -> None:
        """Append ``count`` octets, two's complement."""
        self._octets += value.to_bytes(count, "big", signed=True)

    def unsigned8(self, value: int) -> None:
        """Append one octet."""
        self.unsigned(value, 1)

    def unsigned16(self, value: int) -> None:
        """Append 16 bits, unsigned."""
        self.unsigned(value, 2)

    def unsigned32(self, value: int) -> None:
        """Append 32 bits, unsigned."""
        self.unsigned(value, 4)

    def integer8(self, value: int) -> None:
        """Append 8 bits, signed."""
        self.signed(value, 1)

    def length(self, value: int) -> None:
        """Append a length in its shortest form."""
        if value < 0x80:
            self.unsigned(value, 1)
            return
        count = (value.bit_length() + 7) // 8
        if count > _MAX_LENGTH_OCTETS:
            raise OverflowError(f"length {value} needs more than {_MAX_LENGTH_OCTETS} octets")
        self.unsigned(0x80 | count, 1)
        self.unsigned(value, count)

    def octet_string(self, value: bytes) -> None:
        """Append a length and the octets."""
        self.length(len(value))
        self._octets += value

    def flag(self, value: bool) -> None:
        """Append an OPTIONAL or BOOLEAN octet."""
        self._octets.append(1 if value else 0)

    def getvalue(self) -> bytes:
        """Everything written so far."""
        return bytes(self._octets)

    def __len__(self) -> int:
        return len(self._octets)
