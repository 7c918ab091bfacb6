"""What every decoder is put through: cut short at each position, with octets behind it."""

from collections.abc import Callable

import pytest

from custom_components.cosem.dlms.encoding.data import Data, plain
from custom_components.cosem.dlms.errors import DecodeError


def refuses_every_truncation(decode: Callable[[bytes], object], octets: bytes) -> None:
    """Cut ``octets`` short everywhere: never a shorter value, always a DecodeError inside what was given."""
    for size in range(len(octets)):
        with pytest.raises(DecodeError) as caught:
            decode(octets[:size])
        assert 0 <= caught.value.offset <= size


def refuses_trailing_octets(decode: Callable[[bytes], object], octets: bytes) -> None:
    """Append octets: what is behind a complete value is not ignored."""
    for trailer in (b"\x00", b"\xff", b"\x00\x00\x00", octets):
        with pytest.raises(DecodeError):
            decode(octets + trailer)


def described(data: Data) -> dict[str, object]:
    """Return Data in the form of the samples' ``expect``."""
    kind, value = data
    result: dict[str, object] = {"type": kind.standard_name}
    if kind.standard_name == "compact-array":
        description, rows = value
        return result | {"description": _description(description), "value": [described(row) for row in rows]}
    if kind.standard_name in {"array", "structure"}:
        return result | {"value": [described(item) for item in value]}
    if kind.standard_name == "bit-string":
        return result | {"value": value.text}
    if isinstance(value, bytes):
        return result | {"value": value.hex()}
    return result | {"value": plain(data)}


def _description(description) -> dict[str, object]:
    kind, elements, count = description
    if kind.standard_name == "array":
        return {"type": "array", "count": count, "element": _description(elements[0])}
    if kind.standard_name == "structure":
        return {"type": "structure", "elements": [_description(element) for element in elements]}
    return {"type": kind.standard_name}
