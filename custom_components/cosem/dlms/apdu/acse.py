"""AARQ, AARE, RLRQ, RLRE (tags 60 to 63) in BER. IEC 62056-5-3, ACSE-APDUs; ISO/IEC 8650-1.

What is in user-information may be ciphered and stays octets. Tags A2 to A7 differ between AARQ and AARE.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final, NamedTuple, override

from ..encoding.ber import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    number_octets,
    put_element,
    put_explicit,
    put_integer,
    read_contents,
    read_element,
    read_number,
    read_only,
)
from ..encoding.octets import Reader, Writer
from ..errors import DecodeError, DiagnosticSource, StandardCode
from .common import expect_tag

AARQ: Final = 0x60
AARE: Final = 0x61
RLRQ: Final = 0x62
RLRE: Final = 0x63

_CHARSTRING: Final = 0x80
_BITSTRING: Final = 0x81

_CONTEXT_PREFIX: Final = bytes.fromhex("608574050801")
_MECHANISM_PREFIX: Final = bytes.fromhex("608574050802")

_SOURCE_TAGS: Final = {0xA0 | source: source for source in DiagnosticSource}

AUTHENTICATION_REQUIREMENT: Final = b"\x07\x80"
"""acse-requirements with the authentication functional unit."""


class ApplicationContext(IntEnum):
    """Last arc of the application context name."""

    LN = 1
    SN = 2
    LN_CIPHERED = 3
    SN_CIPHERED = 4


class Mechanism(IntEnum):
    """Last arc of the mechanism name."""

    NONE = 0
    LLS = 1
    HLS = 2
    HLS_MD5 = 3
    HLS_SHA1 = 4
    HLS_GMAC = 5
    HLS_SHA256 = 6
    HLS_ECDSA = 7


class ReleaseRequestReason(StandardCode):
    """Reason of an RLRQ."""

    NORMAL = 0
    URGENT = 1
    USER_DEFINED = 30


class ReleaseResponseReason(StandardCode):
    """Reason of an RLRE."""

    NORMAL = 0
    NOT_FINISHED = 1
    USER_DEFINED = 30


class AuthenticationForm(StrEnum):
    """CHOICE of the authentication value."""

    CHARSTRING = "charstring"
    BITSTRING = "bitstring"


class AuthenticationValue(NamedTuple):
    """A password (LLS) or a challenge (HLS)."""

    form: AuthenticationForm
    octets: bytes
    unused_bits: int = 0

    @override
    def __repr__(self) -> str:
        # It may be a password: only its form and size are shown (rule S29).
        return f"AuthenticationValue({self.form.value}, {len(self.octets)} octets)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aarq:
    """AARQ. user_information: the inner APDU, plain or ciphered.

    sender_acse_requirements, protocol_version: contents of bit-strings, with the unused-bits octet.
    """

    application_context_name: bytes
    protocol_version: bytes | None = None
    called_ap_title: bytes | None = None
    called_ae_qualifier: bytes | None = None
    called_ap_invocation_id: int | None = None
    called_ae_invocation_id: int | None = None
    calling_ap_title: bytes | None = None
    calling_ae_qualifier: bytes | None = None
    calling_ap_invocation_id: int | None = None
    calling_ae_invocation_id: int | None = None
    sender_acse_requirements: bytes | None = None
    mechanism_name: bytes | None = None
    calling_authentication_value: AuthenticationValue | None = None
    implementation_information: bytes | None = None
    user_information: bytes | None = None

    @override
    def __repr__(self) -> str:
        # user-information may hold a dedicated key: only its size is shown.
        size = "none" if self.user_information is None else f"{len(self.user_information)} octets"
        return (
            f"Aarq(application_context_name={self.application_context_name.hex()}, "
            f"mechanism_name={self.mechanism_name.hex() if self.mechanism_name is not None else None}, "
            f"calling_authentication_value={self.calling_authentication_value!r}, user_information={size})"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Aare:
    """AARE. result: AssociationResult or another number; result_source: DiagnosticSource."""

    application_context_name: bytes
    result: int
    result_source: int
    diagnostic: int
    protocol_version: bytes | None = None
    responding_ap_title: bytes | None = None
    responding_ae_qualifier: bytes | None = None
    responding_ap_invocation_id: int | None = None
    responding_ae_invocation_id: int | None = None
    responder_acse_requirements: bytes | None = None
    mechanism_name: bytes | None = None
    responding_authentication_value: AuthenticationValue | None = None
    implementation_information: bytes | None = None
    user_information: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rlrq:
    """RLRQ. reason: ReleaseRequestReason or another number."""

    reason: int | None = None
    user_information: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rlre:
    """RLRE. reason: ReleaseResponseReason or another number."""

    reason: int | None = None
    user_information: bytes | None = None


def application_context_name(context: ApplicationContext) -> bytes:
    """Object identifier 2.16.756.5.8.1.n in 7 octets."""
    return _CONTEXT_PREFIX + bytes([context])


def application_context_from_name(name: bytes) -> ApplicationContext | None:
    """The context of this name, None if unknown."""
    return _arc(name, _CONTEXT_PREFIX, ApplicationContext)


def mechanism_name(mechanism: Mechanism) -> bytes:
    """Object identifier 2.16.756.5.8.2.n in 7 octets."""
    return _MECHANISM_PREFIX + bytes([mechanism])


def mechanism_from_name(name: bytes) -> Mechanism | None:
    """The mechanism of this name, None if unknown."""
    return _arc(name, _MECHANISM_PREFIX, Mechanism)


def _arc[E: IntEnum](name: bytes, prefix: bytes, kind: type[E]) -> E | None:
    if name[:-1] != prefix or name[-1] not in kind:
        return None
    return kind(name[-1])


class _Fields:
    """Fields of one APDU by tag; absent ones are None."""

    def __init__(self, reader: Reader, apdu_tag: int, known: frozenset[int]) -> None:
        expect_tag(reader, apdu_tag)
        content = read_contents(reader)
        self._end = content.end
        self._fields: dict[int, Reader] = {}
        while content.remaining:
            start = content.offset
            tag, field = read_element(content)
            if tag in self._fields:
                raise DecodeError(f"field {tag:02X} occurs twice", start)
            if tag in known:
                self._fields[tag] = field
            elif tag & 0xC0 != 0x80:  # unknown context tags are skipped
                raise DecodeError(f"{tag:02X} is no field tag", start)

    def plain(self, tag: int) -> bytes | None:
        field = self._fields.get(tag)
        return None if field is None else field.rest()

    def bit_string(self, tag: int) -> bytes | None:
        """Number of unused bits, then the bits."""
        field = self._fields.get(tag)
        if field is None:
            return None
        if field.peek() > 7 or field.remaining < 2:
            raise DecodeError(f"field {tag:02X} is no bit-string", field.offset)
        return field.rest()

    def explicit(self, tag: int, inner_tag: int) -> bytes | None:
        """Contents of the ``inner_tag`` element, which must fill the field."""
        field = self._fields.get(tag)
        return None if field is None else read_only(field, inner_tag).rest()

    def integer(self, tag: int) -> int | None:
        field = self._fields.get(tag)
        return None if field is None else read_number(read_only(field, INTEGER))

    def implicit_integer(self, tag: int) -> int | None:
        """A number without a tag of its own."""
        field = self._fields.get(tag)
        return None if field is None else read_number(field)

    def authentication_value(self, tag: int) -> AuthenticationValue | None:
        field = self._fields.get(tag)
        if field is None:
            return None
        start = field.offset
        form, value = read_element(field)
        field.finish()
        if form == _CHARSTRING:
            return AuthenticationValue(AuthenticationForm.CHARSTRING, value.rest())
        if form != _BITSTRING:
            raise DecodeError(f"authentication value of the unknown form {form:02X}", start)
        unused_bits = value.unsigned8()
        if unused_bits > 7:
            raise DecodeError(f"{unused_bits} unused bits in a bit-string", value.offset - 1)
        return AuthenticationValue(AuthenticationForm.BITSTRING, value.rest(), unused_bits)

    def diagnostic(self, tag: int) -> tuple[int, int] | None:
        """Source and value."""
        field = self._fields.get(tag)
        if field is None:
            return None
        start = field.offset
        source, choice = read_element(field)
        field.finish()
        if source not in _SOURCE_TAGS:
            raise DecodeError(f"result-source-diagnostic from the unknown source {source:02X}", start)
        return _SOURCE_TAGS[source], read_number(read_only(choice, INTEGER))

    def required[T](self, value: T | None, name: str) -> T:
        """Refuse None."""
        if value is None:
            raise DecodeError(f"{name} is missing", self._end)
        return value


_AARQ_FIELDS: Final = frozenset(
    {0x80, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0x8A, 0x8B, 0xAC, 0xBD, 0xBE}
)
_AARE_FIELDS: Final = frozenset({0x80, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0x88, 0x89, 0xAA, 0xBD, 0xBE})
_RELEASE_FIELDS: Final = frozenset({0x80, 0xBE})


def decode_aarq(reader: Reader) -> Aarq:
    """Decode the APDU; fields may come in any order."""
    fields = _Fields(reader, AARQ, _AARQ_FIELDS)
    return Aarq(
        protocol_version=fields.bit_string(0x80),
        application_context_name=fields.required(fields.explicit(0xA1, OBJECT_IDENTIFIER), "application-context-name"),
        called_ap_title=fields.explicit(0xA2, OCTET_STRING),
        called_ae_qualifier=fields.explicit(0xA3, OCTET_STRING),
        called_ap_invocation_id=fields.integer(0xA4),
        called_ae_invocation_id=fields.integer(0xA5),
        calling_ap_title=fields.explicit(0xA6, OCTET_STRING),
        calling_ae_qualifier=fields.explicit(0xA7, OCTET_STRING),
        calling_ap_invocation_id=fields.integer(0xA8),
        calling_ae_invocation_id=fields.integer(0xA9),
        sender_acse_requirements=fields.bit_string(0x8A),
        mechanism_name=fields.plain(0x8B),
        calling_authentication_value=fields.authentication_value(0xAC),
        implementation_information=fields.plain(0xBD),
        user_information=fields.explicit(0xBE, OCTET_STRING),
    )


def encode_aarq(apdu: Aarq, writer: Writer) -> None:
    """Encode the APDU."""
    fields = Writer()
    put_element(fields, 0x80, apdu.protocol_version)
    put_explicit(fields, 0xA1, OBJECT_IDENTIFIER, apdu.application_context_name)
    put_explicit(fields, 0xA2, OCTET_STRING, apdu.called_ap_title)
    put_explicit(fields, 0xA3, OCTET_STRING, apdu.called_ae_qualifier)
    put_integer(fields, 0xA4, apdu.called_ap_invocation_id)
    put_integer(fields, 0xA5, apdu.called_ae_invocation_id)
    put_explicit(fields, 0xA6, OCTET_STRING, apdu.calling_ap_title)
    put_explicit(fields, 0xA7, OCTET_STRING, apdu.calling_ae_qualifier)
    put_integer(fields, 0xA8, apdu.calling_ap_invocation_id)
    put_integer(fields, 0xA9, apdu.calling_ae_invocation_id)
    put_element(fields, 0x8A, apdu.sender_acse_requirements)
    put_element(fields, 0x8B, apdu.mechanism_name)
    _put_authentication_value(fields, 0xAC, apdu.calling_authentication_value)
    put_element(fields, 0xBD, apdu.implementation_information)
    put_explicit(fields, 0xBE, OCTET_STRING, apdu.user_information)
    put_element(writer, AARQ, fields.getvalue())


def decode_aare(reader: Reader) -> Aare:
    """Decode the APDU. A rejecting one may lack user-information, or name another context."""
    fields = _Fields(reader, AARE, _AARE_FIELDS)
    result_source, diagnostic = fields.required(fields.diagnostic(0xA3), "result-source-diagnostic")
    return Aare(
        protocol_version=fields.bit_string(0x80),
        application_context_name=fields.required(fields.explicit(0xA1, OBJECT_IDENTIFIER), "application-context-name"),
        result=fields.required(fields.integer(0xA2), "result"),
        result_source=result_source,
        diagnostic=diagnostic,
        responding_ap_title=fields.explicit(0xA4, OCTET_STRING),
        responding_ae_qualifier=fields.explicit(0xA5, OCTET_STRING),
        responding_ap_invocation_id=fields.integer(0xA6),
        responding_ae_invocation_id=fields.integer(0xA7),
        responder_acse_requirements=fields.bit_string(0x88),
        mechanism_name=fields.plain(0x89),
        responding_authentication_value=fields.authentication_value(0xAA),
        implementation_information=fields.plain(0xBD),
        user_information=fields.explicit(0xBE, OCTET_STRING),
    )


def encode_aare(apdu: Aare, writer: Writer) -> None:
    """Encode the APDU."""
    fields = Writer()
    diagnostic = Writer()
    put_integer(diagnostic, 0xA0 | apdu.result_source, apdu.diagnostic)
    put_element(fields, 0x80, apdu.protocol_version)
    put_explicit(fields, 0xA1, OBJECT_IDENTIFIER, apdu.application_context_name)
    put_integer(fields, 0xA2, apdu.result)
    put_element(fields, 0xA3, diagnostic.getvalue())
    put_explicit(fields, 0xA4, OCTET_STRING, apdu.responding_ap_title)
    put_explicit(fields, 0xA5, OCTET_STRING, apdu.responding_ae_qualifier)
    put_integer(fields, 0xA6, apdu.responding_ap_invocation_id)
    put_integer(fields, 0xA7, apdu.responding_ae_invocation_id)
    put_element(fields, 0x88, apdu.responder_acse_requirements)
    put_element(fields, 0x89, apdu.mechanism_name)
    _put_authentication_value(fields, 0xAA, apdu.responding_authentication_value)
    put_element(fields, 0xBD, apdu.implementation_information)
    put_explicit(fields, 0xBE, OCTET_STRING, apdu.user_information)
    put_element(writer, AARE, fields.getvalue())


def decode_rlrq(reader: Reader) -> Rlrq:
    """Decode the APDU."""
    fields = _Fields(reader, RLRQ, _RELEASE_FIELDS)
    return Rlrq(reason=fields.implicit_integer(0x80), user_information=fields.explicit(0xBE, OCTET_STRING))


def encode_rlrq(apdu: Rlrq, writer: Writer) -> None:
    """Encode the APDU."""
    _put_release(writer, RLRQ, apdu.reason, apdu.user_information)


def decode_rlre(reader: Reader) -> Rlre:
    """Decode the APDU."""
    fields = _Fields(reader, RLRE, _RELEASE_FIELDS)
    return Rlre(reason=fields.implicit_integer(0x80), user_information=fields.explicit(0xBE, OCTET_STRING))


def encode_rlre(apdu: Rlre, writer: Writer) -> None:
    """Encode the APDU."""
    _put_release(writer, RLRE, apdu.reason, apdu.user_information)


def _put_release(writer: Writer, tag: int, reason: int | None, user_information: bytes | None) -> None:
    fields = Writer()
    if reason is not None:
        put_element(fields, 0x80, number_octets(reason))
    put_explicit(fields, 0xBE, OCTET_STRING, user_information)
    put_element(writer, tag, fields.getvalue())


def _put_authentication_value(writer: Writer, tag: int, value: AuthenticationValue | None) -> None:
    if value is None:
        return
    inner = Writer()
    if value.form is AuthenticationForm.CHARSTRING:
        put_element(inner, _CHARSTRING, value.octets)
    else:
        put_element(inner, _BITSTRING, bytes([value.unused_bits]) + value.octets)
    put_element(writer, tag, inner.getvalue())
