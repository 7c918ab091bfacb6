"""Envelopes of protected APDUs: glo-, ded-, general-glo-, general-ded-, general-ciphering and general-signing.

Layout only: no keys and no cryptography, so nothing that comes out of here has been verified (security/ does that).
IEC 62056-5-3, ASN.1 XDLMS-APDU, General-Glo-Ciphering, General-Ciphering, General-Signing.
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
"""The authentication tag behind the payload."""

_SN_SERVICES: Final = (0x05, 0x06, 0x0C, 0x0D, 0x0E, 0x16, 0x18)
_LN_SERVICES: Final = (0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC7)

GLOBAL_TAGS: Final[dict[int, int]] = {
    **{plain + 0x20: plain for plain in (0x01, 0x08, *_SN_SERVICES)},
    **{plain + 0x08: plain for plain in _LN_SERVICES},
}
"""Tag of each glo- APDU: the tag of the plain one it must contain."""

DEDICATED_TAGS: Final[dict[int, int]] = {
    **{plain + 0x40: plain for plain in _SN_SERVICES},
    **{plain + 0x10: plain for plain in _LN_SERVICES},
}
"""Tag of each ded- APDU: the tag of the plain one it must contain."""


class SecurityControl(NamedTuple):
    """The security control octet; ``raw`` is all of it."""

    raw: int

    @property
    def suite(self) -> int:
        """Security suite id, bits 0 to 3."""
        return self.raw & 0x0F

    @property
    def authenticated(self) -> bool:
        """Bit 4: an authentication tag ends the payload."""
        return bool(self.raw & 0x10)

    @property
    def encrypted(self) -> bool:
        """Bit 5."""
        return bool(self.raw & 0x20)

    @property
    def broadcast(self) -> bool:
        """Bit 6: the broadcast key set, else unicast."""
        return bool(self.raw & 0x40)

    @property
    def compressed(self) -> bool:
        """Bit 7."""
        return bool(self.raw & 0x80)

    @property
    def protects(self) -> bool:
        """True when anything is done to the payload; only then an invocation counter is there."""
        return bool(self.raw & 0x30)


class CipheredContent(NamedTuple):
    """What a protected APDU carries. payload: cipher- or plaintext and, if authenticated, the tag of 12 octets."""

    security_control: SecurityControl
    invocation_counter: int | None
    payload: bytes


@dataclass(frozen=True, slots=True)
class ServiceCiphered:
    """A glo- or ded- APDU: ``tag`` is one of GLOBAL_TAGS or DEDICATED_TAGS."""

    tag: int
    content: CipheredContent


@dataclass(frozen=True, slots=True)
class GeneralGloCiphering:
    """General-Glo-Ciphering: global key; an empty system title means the one known from the association."""

    system_title: bytes
    content: CipheredContent


@dataclass(frozen=True, slots=True)
class GeneralDedCiphering:
    """General-Ded-Ciphering: dedicated key."""

    system_title: bytes
    content: CipheredContent


class IdentifiedKey(NamedTuple):
    """Key-info: 0 global unicast, 1 global broadcast encryption key."""

    key_id: int


class WrappedKey(NamedTuple):
    """Key-info: the key itself, wrapped under the key encryption key ``kek_id`` (0 master key)."""

    kek_id: int
    key_ciphered_data: bytes


class AgreedKey(NamedTuple):
    """Key-info: the scheme and what the receiver needs to derive the key."""

    key_parameters: bytes
    key_ciphered_data: bytes


type KeyInfo = IdentifiedKey | WrappedKey | AgreedKey


class GeneralHeader(NamedTuple):
    """The five fields in front of General-Ciphering and General-Signing; empty where not used."""

    transaction_id: bytes
    originator_system_title: bytes
    recipient_system_title: bytes
    date_time: bytes
    other_information: bytes


@dataclass(frozen=True, slots=True)
class GeneralCiphering:
    """General-Ciphering."""

    header: GeneralHeader
    key_info: KeyInfo | None
    content: CipheredContent


@dataclass(frozen=True, slots=True)
class GeneralSigning:
    """General-Signing: content is an APDU, plain or ciphered; signature is r and s, 64 or 96 octets."""

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
    """Return a glo- or ded- APDU."""
    start = reader.offset
    tag = reader.unsigned8()
    if tag not in GLOBAL_TAGS and tag not in DEDICATED_TAGS:
        raise UnexpectedApdu(tag, "where a ciphered service is expected", start)
    return ServiceCiphered(tag, _decode_content(reader))


def encode_service_ciphered(apdu: ServiceCiphered, writer: Writer) -> None:
    """Append a glo- or ded- APDU."""
    writer.unsigned8(apdu.tag)
    _encode_content(apdu.content, writer)


def decode_general_glo_ciphering(reader: Reader) -> GeneralGloCiphering:
    """Return a General-Glo-Ciphering."""
    expect_tag(reader, GENERAL_GLO_CIPHERING)
    return GeneralGloCiphering(reader.octet_string(), _decode_content(reader))


def encode_general_glo_ciphering(apdu: GeneralGloCiphering, writer: Writer) -> None:
    """Append a General-Glo-Ciphering."""
    writer.unsigned8(GENERAL_GLO_CIPHERING)
    writer.octet_string(apdu.system_title)
    _encode_content(apdu.content, writer)


def decode_general_ded_ciphering(reader: Reader) -> GeneralDedCiphering:
    """Return a General-Ded-Ciphering."""
    expect_tag(reader, GENERAL_DED_CIPHERING)
    return GeneralDedCiphering(reader.octet_string(), _decode_content(reader))


def encode_general_ded_ciphering(apdu: GeneralDedCiphering, writer: Writer) -> None:
    """Append a General-Ded-Ciphering."""
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
    """Return a General-Ciphering; security control 00 without a counter is legal only here."""
    expect_tag(reader, GENERAL_CIPHERING)
    header = _decode_header(reader)
    return GeneralCiphering(header, _decode_key_info(reader), _decode_content(reader, unprotected_allowed=True))


def encode_general_ciphering(apdu: GeneralCiphering, writer: Writer) -> None:
    """Append a General-Ciphering."""
    writer.unsigned8(GENERAL_CIPHERING)
    _encode_header(apdu.header, writer)
    _encode_key_info(apdu.key_info, writer)
    _encode_content(apdu.content, writer)


def decode_general_signing(reader: Reader) -> GeneralSigning:
    """Return a General-Signing."""
    expect_tag(reader, GENERAL_SIGNING)
    return GeneralSigning(_decode_header(reader), reader.octet_string(), reader.octet_string())


def encode_general_signing(apdu: GeneralSigning, writer: Writer) -> None:
    """Append a General-Signing."""
    writer.unsigned8(GENERAL_SIGNING)
    _encode_header(apdu.header, writer)
    writer.octet_string(apdu.content)
    writer.octet_string(apdu.signature)
