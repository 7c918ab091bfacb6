"""Layout of protected APDUs (IEC 62056-5-3): glo-, ded-, general-glo-, general-ded-, general-ciphering, -signing."""

from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

GENERAL_TAGS: Final = {0xDB: "GENERAL_GLOBAL", 0xDC: "GENERAL_DEDICATED", 0xDD: "GENERAL", 0xDF: "SIGNED"}


_INITIATE: Final = (0x01, 0x08)
_SN_SERVICES: Final = (0x05, 0x06, 0x0C, 0x0D, 0x0E, 0x16, 0x18)
_LN_SERVICES: Final = (0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC7)


class BadEnvelope(Exception):
    """Octets that are no protected APDU."""


class Kind(Enum):
    """The protected APDUs."""

    GLOBAL = "glo"
    DEDICATED = "ded"
    GENERAL_GLOBAL = "general-glo"
    GENERAL_DEDICATED = "general-ded"
    GENERAL = "general-ciphering"
    SIGNED = "general-signing"


class KeyScheme(Enum):
    """How general-ciphering names its key."""

    NONE = "none"
    UNICAST = "identified unicast"
    BROADCAST = "identified broadcast"
    WRAPPED = "wrapped"
    ONE_PASS = "one-pass"
    STATIC = "static"


class Header(NamedTuple):
    """The fields in front of general-ciphering and general-signing."""

    transaction_id: bytes = b""
    originator: bytes = b""
    recipient: bytes = b""
    date_time: bytes = b""
    other_information: bytes = b""

    @property
    def octets(self) -> bytes:
        """All fields, each with its length."""
        return b"".join(sized(field) for field in self)


NO_HEADER: Final = Header()


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A protected APDU. Its kind says which fields count; ``content`` follows control and counter, or is signed."""

    kind: Kind
    inner_tag: int = 0
    """glo- and ded-: the tag of the plain APDU."""
    title: bytes = b""
    header: Header = NO_HEADER
    scheme: KeyScheme = KeyScheme.NONE
    key_data: bytes = b""
    control: int = 0
    counter: int | None = None
    content: bytes = b""
    signature: bytes = b""


def sized(octets: bytes) -> bytes:
    """Return octets behind their length."""
    return length_octets(len(octets)) + octets


def length_octets(length: int) -> bytes:
    """Return the length in the short or long form."""
    if length < 0x80:
        return bytes([length])
    body = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(body)]) + body


def protected_tag(plain: int, *, dedicated: bool) -> int | None:
    """Return the glo- or ded- tag of a plain one, or None."""
    if plain in _LN_SERVICES:
        return plain + (0x10 if dedicated else 0x08)
    if plain in _SN_SERVICES:
        return plain + (0x40 if dedicated else 0x20)
    if plain in _INITIATE and not dedicated:
        return plain + 0x20
    return None


_SERVICES: Final = {
    tag: (Kind.DEDICATED if dedicated else Kind.GLOBAL, plain)
    for dedicated in (False, True)
    for plain in (*_INITIATE, *_SN_SERVICES, *_LN_SERVICES)
    if (tag := protected_tag(plain, dedicated=dedicated)) is not None
}


def is_protected(apdu: bytes) -> bool:
    """Whether an APDU says that it is protected."""
    return apdu[:1] != b"" and (apdu[0] in _SERVICES or apdu[0] in GENERAL_TAGS)


class _Octets:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    def take(self, count: int) -> bytes:
        if self._at + count > len(self._octets):
            raise BadEnvelope
        self._at += count
        return self._octets[self._at - count : self._at]

    def number(self, size: int = 1) -> int:
        return int.from_bytes(self.take(size), "big")

    def sized(self) -> bytes:
        length = self.number()
        return self.take(self.number(length & 0x7F) if length & 0x80 else length)

    def end(self) -> None:
        if self._at != len(self._octets):
            raise BadEnvelope


def read(apdu: bytes) -> Envelope:
    """Read a protected APDU. Raises BadEnvelope."""
    octets = _Octets(apdu)
    tag = octets.number()
    if tag in _SERVICES:
        kind, plain = _SERVICES[tag]
        envelope = _content(octets.sized(), kind=kind, inner_tag=plain)
    elif tag in {0xDB, 0xDC}:
        title = octets.sized()
        envelope = _content(octets.sized(), kind=Kind[GENERAL_TAGS[tag]], title=title)
    elif tag == 0xDD:
        header = Header(*(octets.sized() for _ in Header._fields))
        scheme, key_data = _read_key_info(octets)
        envelope = _content(octets.sized(), kind=Kind.GENERAL, header=header, scheme=scheme, key_data=key_data)
    elif tag == 0xDF:
        header = Header(*(octets.sized() for _ in Header._fields))
        envelope = Envelope(kind=Kind.SIGNED, header=header, content=octets.sized(), signature=octets.sized())
    else:
        raise BadEnvelope
    octets.end()
    return envelope


def _content(
    octets: bytes,
    *,
    kind: Kind,
    inner_tag: int = 0,
    title: bytes = b"",
    header: Header = NO_HEADER,
    scheme: KeyScheme = KeyScheme.NONE,
    key_data: bytes = b"",
) -> Envelope:
    """Control 00 is for general-ciphering and has no counter."""
    if not octets or (not octets[0] & 0x30 and kind is not Kind.GENERAL):
        raise BadEnvelope
    size = 4 if octets[0] & 0x30 else 0
    if len(octets) < 1 + size:
        raise BadEnvelope
    return Envelope(
        kind=kind,
        inner_tag=inner_tag,
        title=title,
        header=header,
        scheme=scheme,
        key_data=key_data,
        control=octets[0],
        counter=int.from_bytes(octets[1:5], "big") if size else None,
        content=octets[1 + size :],
    )


def _read_key_info(octets: _Octets) -> tuple[KeyScheme, bytes]:
    if not octets.number():
        return KeyScheme.NONE, b""
    match octets.number():
        case 0:
            return (KeyScheme.BROADCAST if octets.number() else KeyScheme.UNICAST), b""
        case 1:
            if octets.number():
                raise BadEnvelope
            return KeyScheme.WRAPPED, octets.sized()
        case 2:
            parameters, key_data = octets.sized(), octets.sized()
            if parameters not in {b"\x01", b"\x02"}:
                raise BadEnvelope
            return (KeyScheme.ONE_PASS if parameters == b"\x01" else KeyScheme.STATIC), key_data
        case _:
            raise BadEnvelope


def _key_info(scheme: KeyScheme, key_data: bytes) -> bytes:
    match scheme:
        case KeyScheme.NONE:
            return b"\x00"
        case KeyScheme.UNICAST:
            return b"\x01\x00\x00"
        case KeyScheme.BROADCAST:
            return b"\x01\x00\x01"
        case KeyScheme.WRAPPED:
            return b"\x01\x01\x00" + sized(key_data)
        case KeyScheme.ONE_PASS:
            return b"\x01\x02\x01\x01" + sized(key_data)
        case KeyScheme.STATIC:
            return b"\x01\x02\x01\x02" + sized(key_data)


def write(envelope: Envelope) -> bytes:
    """Write a protected APDU."""
    counter = b"" if envelope.counter is None else envelope.counter.to_bytes(4, "big")
    body = sized(bytes([envelope.control]) + counter + envelope.content)
    match envelope.kind:
        case Kind.GLOBAL | Kind.DEDICATED:
            tag = protected_tag(envelope.inner_tag, dedicated=envelope.kind is Kind.DEDICATED)
            if tag is None:
                raise BadEnvelope
            return bytes([tag]) + body
        case Kind.GENERAL_GLOBAL | Kind.GENERAL_DEDICATED:
            tag = 0xDB if envelope.kind is Kind.GENERAL_GLOBAL else 0xDC
            return bytes([tag]) + sized(envelope.title) + body
        case Kind.GENERAL:
            return b"\xdd" + envelope.header.octets + _key_info(envelope.scheme, envelope.key_data) + body
        case Kind.SIGNED:
            return b"\xdf" + envelope.header.octets + sized(envelope.content) + sized(envelope.signature)
