"""Envelopes of protected APDUs. IEC 62056-5-3, XDLMS-APDU, General-Ciphering, General-Signing.

Layout only: nothing that comes out of here was verified; security/ does that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple, assert_never

from ..encoding.octets import Reader, Writer
from ..errors import DecodeError, UnexpectedApdu
from .common import expect_tag, unknown_choice

GENERAL_GLO_CIPHERING: Final = 0xDB
GENERAL_DED_CIPHERING: Final = 0xDC
GENERAL_CIPHERING: Final = 0xDD
GENERAL_SIGNING: Final = 0xDF

TAG_OCTETS: Final = 12
"""Octets of an authentication tag."""

_SN_SERVICES: Final = (0x05, 0x06, 0x0C, 0x0D, 0x0E, 0x16, 0x18)
_LN_SERVICES: Final = (0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC7)

GLOBAL_TAGS: Final[dict[int, int]] = {
    **{plain + 0x20: plain for plain in (0x01, 0x08, *_SN_SERVICES)},
    **{plain + 0x08: plain for plain in _LN_SERVICES},
}
"""Tag of each glo- APDU: tag of the plain one in it."""

DEDICATED_TAGS: Final[dict[int, int]] = {
    **{plain + 0x40: plain for plain in _SN_SERVICES},
    **{plain + 0x10: plain for plain in _LN_SERVICES},
}
"""Tag of each ded- APDU: tag of the plain one in it."""


class SecurityControl(NamedTuple):
    """The security control octet."""

    raw: int

    @property
    def suite(self) -> int:
        """Security suite id, bits 0 to 3."""
        return self.raw & 0x0F

    @property
    def authenticated(self) -> bool:
        """Bit 4: a tag ends the payload."""
        return bool(self.raw & 0x10)

    @property
    def encrypted(self) -> bool:
        """Bit 5."""
        return bool(self.raw & 0x20)

    @property
    def broadcast(self) -> bool:
        """Bit 6: broadcast key set, else unicast."""
        return bool(self.raw & 0x40)

    @property
    def compressed(self) -> bool:
        """Bit 7."""
        return bool(self.raw & 0x80)

    @property
    def protects(self) -> bool:
        """True when authenticated or encrypted; only then there is a counter."""
        return bool(self.raw & 0x30)


class CipheredContent(NamedTuple):
    """payload: cipher- or plaintext, then the tag if authenticated."""

    security_control: SecurityControl
    invocation_counter: int | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class ServiceCiphered:
    """A glo- or ded- APDU."""

    tag: int
    content: CipheredContent


@dataclass(frozen=True, slots=True)
class GeneralGloCiphering:
    """Global key; an empty system title is the association's."""

    system_title: bytes
    content: CipheredContent


@dataclass(frozen=True, slots=True)
class GeneralDedCiphering:
    """Dedicated key."""

    system_title: bytes
    content: CipheredContent


class IdentifiedKey(NamedTuple):
    """Global key: 0 unicast, 1 broadcast encryption key."""

    key_id: int


class WrappedKey(NamedTuple):
    """A key wrapped under ``kek_id`` (0 master key)."""

    kek_id: int
    key_ciphered_data: bytes


class AgreedKey(NamedTuple):
    """What the receiver needs to derive the key."""

    key_parameters: bytes
    key_ciphered_data: bytes


type KeyInfo = IdentifiedKey | WrappedKey | AgreedKey


class GeneralHeader(NamedTuple):
    """Fields of General-Ciphering and General-Signing; empty if unused."""

    transaction_id: bytes
    originator_system_title: bytes
    recipient_system_title: bytes
    date_time: bytes
    other_information: bytes


@dataclass(frozen=True, slots=True)
class GeneralCiphering:
    """Key information and content."""

    header: GeneralHeader
    key_info: KeyInfo | None
    content: CipheredContent


@dataclass(frozen=True, slots=True)
class GeneralSigning:
    """content: an APDU, plain or ciphered; signature: r and s, 64 or 96 octets."""

    header: GeneralHeader
    content: bytes
    signature: bytes


def _decode_content(reader: Reader, *, unprotected_allowed: bool = False) -> CipheredContent:
    start = reader.offset
    length = reader.length()
    if length > reader.remaining:
        raise DecodeError(f"a length of {length} exceeds the {reader.remaining} octets left", start)
    stop = reader.offset + length
    control = SecurityControl(reader.unsigned8())
    counter = None
    if control.protects:
        counter = reader.unsigned32()
    elif not unprotected_allowed:
        raise DecodeError(f"security control {control.raw:02X} protects nothing", reader.offset - 1)
    if stop - reader.offset < (TAG_OCTETS if control.authenticated else 0):
        raise DecodeError("a ciphered APDU too short for its counter or tag", start)
    return CipheredContent(control, counter, reader.take(stop - reader.offset))


def _encode_content(content: CipheredContent, writer: Writer) -> None:
    inner = Writer()
    inner.unsigned8(content.security_control.raw)
    if content.invocation_counter is not None:
        inner.unsigned32(content.invocation_counter)
    inner.octets(content.payload)
    writer.octet_string(inner.getvalue())


def decode_service_ciphered(reader: Reader) -> ServiceCiphered:
    """Decode the APDU."""
    start = reader.offset
    tag = reader.unsigned8()
    if tag not in GLOBAL_TAGS and tag not in DEDICATED_TAGS:
        raise UnexpectedApdu(tag, "where a ciphered service is expected", start)
    return ServiceCiphered(tag, _decode_content(reader))


def encode_service_ciphered(apdu: ServiceCiphered, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(apdu.tag)
    _encode_content(apdu.content, writer)


def decode_general_glo_ciphering(reader: Reader) -> GeneralGloCiphering:
    """Decode the APDU."""
    expect_tag(reader, GENERAL_GLO_CIPHERING)
    return GeneralGloCiphering(reader.octet_string(), _decode_content(reader))


def encode_general_glo_ciphering(apdu: GeneralGloCiphering, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(GENERAL_GLO_CIPHERING)
    writer.octet_string(apdu.system_title)
    _encode_content(apdu.content, writer)


def decode_general_ded_ciphering(reader: Reader) -> GeneralDedCiphering:
    """Decode the APDU."""
    expect_tag(reader, GENERAL_DED_CIPHERING)
    return GeneralDedCiphering(reader.octet_string(), _decode_content(reader))


def encode_general_ded_ciphering(apdu: GeneralDedCiphering, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(GENERAL_DED_CIPHERING)
    writer.octet_string(apdu.system_title)
    _encode_content(apdu.content, writer)


def _decode_header(reader: Reader) -> GeneralHeader:
    return GeneralHeader(*(reader.octet_string() for _ in GeneralHeader._fields))


def _encode_header(header: GeneralHeader, writer: Writer) -> None:
    for field in header:
        writer.octet_string(field)


_KEY_INFO: Final[dict[int, Callable[[Reader], KeyInfo]]] = {
    0: lambda reader: IdentifiedKey(reader.unsigned8()),
    1: lambda reader: WrappedKey(reader.unsigned8(), reader.octet_string()),
    2: lambda reader: AgreedKey(reader.octet_string(), reader.octet_string()),
}


def _decode_key_info(reader: Reader) -> KeyInfo | None:
    if not reader.flag():
        return None
    choice = reader.unsigned8()
    if (decode := _KEY_INFO.get(choice)) is None:
        raise unknown_choice(reader, choice, "Key-Info")
    return decode(reader)


def _encode_key_info(key_info: KeyInfo | None, writer: Writer) -> None:
    writer.flag(key_info is not None)
    match key_info:
        case None:
            pass
        case IdentifiedKey():
            writer.unsigned8(0)
            writer.unsigned8(key_info.key_id)
        case WrappedKey():
            writer.unsigned8(1)
            writer.unsigned8(key_info.kek_id)
            writer.octet_string(key_info.key_ciphered_data)
        case AgreedKey():
            writer.unsigned8(2)
            writer.octet_string(key_info.key_parameters)
            writer.octet_string(key_info.key_ciphered_data)
        case _:
            assert_never(key_info)


def decode_general_ciphering(reader: Reader) -> GeneralCiphering:
    """Decode the APDU."""
    expect_tag(reader, GENERAL_CIPHERING)
    header = _decode_header(reader)
    # Only here security control 00, without a counter, is legal.
    return GeneralCiphering(header, _decode_key_info(reader), _decode_content(reader, unprotected_allowed=True))


def encode_general_ciphering(apdu: GeneralCiphering, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(GENERAL_CIPHERING)
    _encode_header(apdu.header, writer)
    _encode_key_info(apdu.key_info, writer)
    _encode_content(apdu.content, writer)


def decode_general_signing(reader: Reader) -> GeneralSigning:
    """Decode the APDU."""
    expect_tag(reader, GENERAL_SIGNING)
    return GeneralSigning(_decode_header(reader), reader.octet_string(), reader.octet_string())


def encode_general_signing(apdu: GeneralSigning, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(GENERAL_SIGNING)
    _encode_header(apdu.header, writer)
    writer.octet_string(apdu.content)
    writer.octet_string(apdu.signature)
