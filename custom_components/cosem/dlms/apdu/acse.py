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

    def __init__(self, reader: Reader, apdu_tag: int, known: type[IntEnum]) -> None:
        expect_tag(reader, apdu_tag)
        content = read_contents(reader)
        self._end = content.end
        self._fields: dict[int, Reader] = {}
        tags = {field.value for field in known}
        while content.remaining:
            start = content.offset
            tag, field = read_element(content)
            if tag in self._fields:
                raise DecodeError(f"field {tag:02X} occurs twice", start)
            if tag in tags:
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


class AarqField(IntEnum):
    """Tags of an AARQ (A-associate-request)."""

    PROTOCOL_VERSION = 0x80
    APPLICATION_CONTEXT_NAME = 0xA1
    CALLED_AP_TITLE = 0xA2
    CALLED_AE_QUALIFIER = 0xA3
    CALLED_AP_INVOCATION_ID = 0xA4
    CALLED_AE_INVOCATION_ID = 0xA5
    CALLING_AP_TITLE = 0xA6
    CALLING_AE_QUALIFIER = 0xA7
    CALLING_AP_INVOCATION_ID = 0xA8
    CALLING_AE_INVOCATION_ID = 0xA9
    SENDER_ACSE_REQUIREMENTS = 0x8A
    MECHANISM_NAME = 0x8B
    CALLING_AUTHENTICATION_VALUE = 0xAC
    IMPLEMENTATION_INFORMATION = 0xBD
    USER_INFORMATION = 0xBE


class AareField(IntEnum):
    """Tags of an AARE (A-associate-response)."""

    PROTOCOL_VERSION = 0x80
    APPLICATION_CONTEXT_NAME = 0xA1
    RESULT = 0xA2
    RESULT_SOURCE_DIAGNOSTIC = 0xA3
    RESPONDING_AP_TITLE = 0xA4
    RESPONDING_AE_QUALIFIER = 0xA5
    RESPONDING_AP_INVOCATION_ID = 0xA6
    RESPONDING_AE_INVOCATION_ID = 0xA7
    RESPONDER_ACSE_REQUIREMENTS = 0x88
    MECHANISM_NAME = 0x89
    RESPONDING_AUTHENTICATION_VALUE = 0xAA
    IMPLEMENTATION_INFORMATION = 0xBD
    USER_INFORMATION = 0xBE


class ReleaseField(IntEnum):
    """Tags of RLRQ and RLRE."""

    REASON = 0x80
    USER_INFORMATION = 0xBE


def decode_aarq(reader: Reader) -> Aarq:
    """Decode the APDU; fields may come in any order."""
    fields = _Fields(reader, AARQ, AarqField)
    return Aarq(
        protocol_version=fields.bit_string(AarqField.PROTOCOL_VERSION),
        application_context_name=fields.required(
            fields.explicit(AarqField.APPLICATION_CONTEXT_NAME, OBJECT_IDENTIFIER), "application-context-name"
        ),
        called_ap_title=fields.explicit(AarqField.CALLED_AP_TITLE, OCTET_STRING),
        called_ae_qualifier=fields.explicit(AarqField.CALLED_AE_QUALIFIER, OCTET_STRING),
        called_ap_invocation_id=fields.integer(AarqField.CALLED_AP_INVOCATION_ID),
        called_ae_invocation_id=fields.integer(AarqField.CALLED_AE_INVOCATION_ID),
        calling_ap_title=fields.explicit(AarqField.CALLING_AP_TITLE, OCTET_STRING),
        calling_ae_qualifier=fields.explicit(AarqField.CALLING_AE_QUALIFIER, OCTET_STRING),
        calling_ap_invocation_id=fields.integer(AarqField.CALLING_AP_INVOCATION_ID),
        calling_ae_invocation_id=fields.integer(AarqField.CALLING_AE_INVOCATION_ID),
        sender_acse_requirements=fields.bit_string(AarqField.SENDER_ACSE_REQUIREMENTS),
        mechanism_name=fields.plain(AarqField.MECHANISM_NAME),
        calling_authentication_value=fields.authentication_value(AarqField.CALLING_AUTHENTICATION_VALUE),
        implementation_information=fields.plain(AarqField.IMPLEMENTATION_INFORMATION),
        user_information=fields.explicit(AarqField.USER_INFORMATION, OCTET_STRING),
    )


def encode_aarq(apdu: Aarq, writer: Writer) -> None:
    """Encode the APDU."""
    fields = Writer()
    put_element(fields, AarqField.PROTOCOL_VERSION, apdu.protocol_version)
    put_explicit(fields, AarqField.APPLICATION_CONTEXT_NAME, OBJECT_IDENTIFIER, apdu.application_context_name)
    put_explicit(fields, AarqField.CALLED_AP_TITLE, OCTET_STRING, apdu.called_ap_title)
    put_explicit(fields, AarqField.CALLED_AE_QUALIFIER, OCTET_STRING, apdu.called_ae_qualifier)
    put_integer(fields, AarqField.CALLED_AP_INVOCATION_ID, apdu.called_ap_invocation_id)
    put_integer(fields, AarqField.CALLED_AE_INVOCATION_ID, apdu.called_ae_invocation_id)
    put_explicit(fields, AarqField.CALLING_AP_TITLE, OCTET_STRING, apdu.calling_ap_title)
    put_explicit(fields, AarqField.CALLING_AE_QUALIFIER, OCTET_STRING, apdu.calling_ae_qualifier)
    put_integer(fields, AarqField.CALLING_AP_INVOCATION_ID, apdu.calling_ap_invocation_id)
    put_integer(fields, AarqField.CALLING_AE_INVOCATION_ID, apdu.calling_ae_invocation_id)
    put_element(fields, AarqField.SENDER_ACSE_REQUIREMENTS, apdu.sender_acse_requirements)
    put_element(fields, AarqField.MECHANISM_NAME, apdu.mechanism_name)
    _put_authentication_value(fields, AarqField.CALLING_AUTHENTICATION_VALUE, apdu.calling_authentication_value)
    put_element(fields, AarqField.IMPLEMENTATION_INFORMATION, apdu.implementation_information)
    put_explicit(fields, AarqField.USER_INFORMATION, OCTET_STRING, apdu.user_information)
    put_element(writer, AARQ, fields.getvalue())


def decode_aare(reader: Reader) -> Aare:
    """Decode the APDU. A rejecting one may lack user-information, or name another context."""
    fields = _Fields(reader, AARE, AareField)
    result_source, diagnostic = fields.required(
        fields.diagnostic(AareField.RESULT_SOURCE_DIAGNOSTIC), "result-source-diagnostic"
    )
    return Aare(
        protocol_version=fields.bit_string(AareField.PROTOCOL_VERSION),
        application_context_name=fields.required(
            fields.explicit(AareField.APPLICATION_CONTEXT_NAME, OBJECT_IDENTIFIER), "application-context-name"
        ),
        result=fields.required(fields.integer(AareField.RESULT), "result"),
        result_source=result_source,
        diagnostic=diagnostic,
        responding_ap_title=fields.explicit(AareField.RESPONDING_AP_TITLE, OCTET_STRING),
        responding_ae_qualifier=fields.explicit(AareField.RESPONDING_AE_QUALIFIER, OCTET_STRING),
        responding_ap_invocation_id=fields.integer(AareField.RESPONDING_AP_INVOCATION_ID),
        responding_ae_invocation_id=fields.integer(AareField.RESPONDING_AE_INVOCATION_ID),
        responder_acse_requirements=fields.bit_string(AareField.RESPONDER_ACSE_REQUIREMENTS),
        mechanism_name=fields.plain(AareField.MECHANISM_NAME),
        responding_authentication_value=fields.authentication_value(AareField.RESPONDING_AUTHENTICATION_VALUE),
        implementation_information=fields.plain(AareField.IMPLEMENTATION_INFORMATION),
        user_information=fields.explicit(AareField.USER_INFORMATION, OCTET_STRING),
    )


def encode_aare(apdu: Aare, writer: Writer) -> None:
    """Encode the APDU."""
    fields = Writer()
    diagnostic = Writer()
    put_integer(diagnostic, 0xA0 | apdu.result_source, apdu.diagnostic)
    put_element(fields, AareField.PROTOCOL_VERSION, apdu.protocol_version)
    put_explicit(fields, AareField.APPLICATION_CONTEXT_NAME, OBJECT_IDENTIFIER, apdu.application_context_name)
    put_integer(fields, AareField.RESULT, apdu.result)
    put_element(fields, AareField.RESULT_SOURCE_DIAGNOSTIC, diagnostic.getvalue())
    put_explicit(fields, AareField.RESPONDING_AP_TITLE, OCTET_STRING, apdu.responding_ap_title)
    put_explicit(fields, AareField.RESPONDING_AE_QUALIFIER, OCTET_STRING, apdu.responding_ae_qualifier)
    put_integer(fields, AareField.RESPONDING_AP_INVOCATION_ID, apdu.responding_ap_invocation_id)
    put_integer(fields, AareField.RESPONDING_AE_INVOCATION_ID, apdu.responding_ae_invocation_id)
    put_element(fields, AareField.RESPONDER_ACSE_REQUIREMENTS, apdu.responder_acse_requirements)
    put_element(fields, AareField.MECHANISM_NAME, apdu.mechanism_name)
    _put_authentication_value(fields, AareField.RESPONDING_AUTHENTICATION_VALUE, apdu.responding_authentication_value)
    put_element(fields, AareField.IMPLEMENTATION_INFORMATION, apdu.implementation_information)
    put_explicit(fields, AareField.USER_INFORMATION, OCTET_STRING, apdu.user_information)
    put_element(writer, AARE, fields.getvalue())


def decode_rlrq(reader: Reader) -> Rlrq:
    """Decode the APDU."""
    fields = _Fields(reader, RLRQ, ReleaseField)
    return Rlrq(
        reason=fields.implicit_integer(ReleaseField.REASON),
        user_information=fields.explicit(ReleaseField.USER_INFORMATION, OCTET_STRING),
    )


def encode_rlrq(apdu: Rlrq, writer: Writer) -> None:
    """Encode the APDU."""
    _put_release(writer, RLRQ, apdu.reason, apdu.user_information)


def decode_rlre(reader: Reader) -> Rlre:
    """Decode the APDU."""
    fields = _Fields(reader, RLRE, ReleaseField)
    return Rlre(
        reason=fields.implicit_integer(ReleaseField.REASON),
        user_information=fields.explicit(ReleaseField.USER_INFORMATION, OCTET_STRING),
    )


def encode_rlre(apdu: Rlre, writer: Writer) -> None:
    """Encode the APDU."""
    _put_release(writer, RLRE, apdu.reason, apdu.user_information)


def _put_release(writer: Writer, tag: int, reason: int | None, user_information: bytes | None) -> None:
    fields = Writer()
    if reason is not None:
        put_element(fields, ReleaseField.REASON, number_octets(reason))
    put_explicit(fields, ReleaseField.USER_INFORMATION, OCTET_STRING, user_information)
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
