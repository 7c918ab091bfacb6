"""InitiateRequest (tag 01) and InitiateResponse (08): what AARQ and AARE agree on. IEC 62056-5-3."""

from dataclasses import dataclass, field
from enum import KEEP, IntFlag
from typing import Final

from ..encoding.octets import Reader, Writer
from ..errors import DecodeError
from .common import expect_tag

INITIATE_REQUEST: Final = 0x01
INITIATE_RESPONSE: Final = 0x08

DLMS_VERSION: Final = 6
"""The only dlms-version-number in use."""

VAA_NAME_LN: Final = 0x0007
"""vaa-name with logical names."""
VAA_NAME_SN: Final = 0xFA00
"""vaa-name with short names."""

_CONFORMANCE_TAG: Final = 0x5F
_CONFORMANCE_TAG_SECOND: Final = 0x1F
_CONFORMANCE_LENGTH: Final = 4
_MOST_UNUSED_BITS: Final = 7
"""All 24 are there, whatever is said of the last ones."""


class Conformance(IntFlag, boundary=KEEP):
    """Conformance, 24 bits; the standard's bit 0 is the highest. Reserved bits are kept."""

    GENERAL_PROTECTION = 0x400000
    GENERAL_BLOCK_TRANSFER = 0x200000
    READ = 0x100000
    WRITE = 0x080000
    UNCONFIRMED_WRITE = 0x040000
    DELTA_VALUE_ENCODING = 0x020000
    ATTRIBUTE0_SUPPORTED_WITH_SET = 0x008000
    PRIORITY_MGMT_SUPPORTED = 0x004000
    ATTRIBUTE0_SUPPORTED_WITH_GET = 0x002000
    BLOCK_TRANSFER_WITH_GET_OR_READ = 0x001000
    BLOCK_TRANSFER_WITH_SET_OR_WRITE = 0x000800
    BLOCK_TRANSFER_WITH_ACTION = 0x000400
    MULTIPLE_REFERENCES = 0x000200
    INFORMATION_REPORT = 0x000100
    DATA_NOTIFICATION = 0x000080
    ACCESS = 0x000040
    PARAMETERIZED_ACCESS = 0x000020
    GET = 0x000010
    SET = 0x000008
    SELECTIVE_ACCESS = 0x000004
    EVENT_NOTIFICATION = 0x000002
    ACTION = 0x000001

    @property
    def standard_names(self) -> list[str]:
        """Names of the bits that are set, from bit 0 on; also ``reserved-zero``, ``reserved-seven``."""
        return [
            _RESERVED_NAMES[mask]
            if mask in _RESERVED_NAMES
            else (Conformance(mask).name or "").lower().replace("_", "-")
            for mask in (1 << bit for bit in range(23, -1, -1))
            if self & mask
        ]


_RESERVED_NAMES: Final = {0x800000: "reserved-zero", 0x010000: "reserved-seven"}

DEFAULT_PROPOSED_CONFORMANCE: Final = (
    Conformance.PRIORITY_MGMT_SUPPORTED
    | Conformance.ATTRIBUTE0_SUPPORTED_WITH_GET
    | Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
    | Conformance.GENERAL_BLOCK_TRANSFER
    | Conformance.ACCESS
    | Conformance.MULTIPLE_REFERENCES
    | Conformance.GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.EVENT_NOTIFICATION
    | Conformance.ACTION
)
"""20 7E 5F: with what most clients propose (00 7E 1F), general block transfer and ACCESS."""

SHORT_NAME_SERVICES: Final = (
    Conformance.READ
    | Conformance.WRITE
    | Conformance.UNCONFIRMED_WRITE
    | Conformance.INFORMATION_REPORT
    | Conformance.PARAMETERIZED_ACCESS
)
"""What there is with short names only."""

SERVICES_OF_BOTH: Final = (
    Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ
    | Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE
    | Conformance.MULTIPLE_REFERENCES
)
"""What means the same with logical and with short names."""

CLASSIC_SERVICES: Final = (
    SERVICES_OF_BOTH
    | Conformance.BLOCK_TRANSFER_WITH_ACTION
    | Conformance.GET
    | Conformance.SET
    | Conformance.SELECTIVE_ACCESS
    | Conformance.ACTION
    | Conformance.READ
    | Conformance.WRITE
    | Conformance.PARAMETERIZED_ACCESS
)
"""Those that the oldest meters know: 00 1E 1D with logical names, 18 1A 20 with short names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiateRequest:
    """client_max_receive_pdu_size: octets, 0 is no limit."""

    conformance: Conformance = DEFAULT_PROPOSED_CONFORMANCE
    client_max_receive_pdu_size: int
    dlms_version: int = DLMS_VERSION
    dedicated_key: bytes | None = field(default=None, repr=False)
    response_allowed: bool = True
    quality_of_service: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiateResponse:
    """server_max_receive_pdu_size: octets, 0 is no limit."""

    conformance: Conformance
    server_max_receive_pdu_size: int
    dlms_version: int = DLMS_VERSION
    vaa_name: int = VAA_NAME_LN
    quality_of_service: int | None = None


def decode_conformance(reader: Reader) -> Conformance:
    """Decode the conformance block."""
    start = reader.offset
    if reader.unsigned8() != _CONFORMANCE_TAG:
        raise DecodeError("the conformance block does not start with 5F", start)
    # Leniency "short conformance tag": old servers write 5F 04 instead of 5F 1F 04.
    if reader.peek() == _CONFORMANCE_TAG_SECOND:
        reader.unsigned8()
    # Leniency "unusual_initiate_response": the length may have the long form of BER, and any number of unused bits.
    if reader.length() != _CONFORMANCE_LENGTH or reader.unsigned8() > _MOST_UNUSED_BITS:
        raise DecodeError("the conformance block is not a bit-string of 24 bits", start)
    return Conformance(reader.unsigned(3))


def encode_conformance(conformance: Conformance, writer: Writer) -> None:
    """Encode the conformance block."""
    writer.octets(b"\x5f\x1f\x04\x00")
    writer.unsigned(conformance.value, 3)


def _decode_quality_of_service(reader: Reader) -> int | None:
    return reader.integer8() if reader.flag() else None


def _encode_quality_of_service(quality_of_service: int | None, writer: Writer) -> None:
    writer.flag(quality_of_service is not None)
    if quality_of_service is not None:
        writer.integer8(quality_of_service)


def decode_initiate_request(reader: Reader) -> InitiateRequest:
    """Decode the APDU."""
    expect_tag(reader, INITIATE_REQUEST)
    dedicated_key = reader.octet_string() if reader.flag() else None
    # DEFAULT TRUE: an absent value is true, a present one is what it says.
    response_allowed = not reader.flag() or reader.flag()
    quality_of_service = _decode_quality_of_service(reader)
    dlms_version = reader.unsigned8()
    conformance = decode_conformance(reader)
    return InitiateRequest(
        dedicated_key=dedicated_key,
        response_allowed=response_allowed,
        quality_of_service=quality_of_service,
        dlms_version=dlms_version,
        conformance=conformance,
        client_max_receive_pdu_size=reader.unsigned16(),
    )


def encode_initiate_request(apdu: InitiateRequest, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(INITIATE_REQUEST)
    writer.flag(apdu.dedicated_key is not None)
    if apdu.dedicated_key is not None:
        writer.octet_string(apdu.dedicated_key)
    writer.octets(b"\x00" if apdu.response_allowed else b"\x01\x00")
    _encode_quality_of_service(apdu.quality_of_service, writer)
    writer.unsigned8(apdu.dlms_version)
    encode_conformance(apdu.conformance, writer)
    writer.unsigned16(apdu.client_max_receive_pdu_size)


def decode_initiate_response(reader: Reader) -> InitiateResponse:
    """Decode the APDU."""
    expect_tag(reader, INITIATE_RESPONSE)
    quality_of_service = _decode_quality_of_service(reader)
    dlms_version = reader.unsigned8()
    conformance = decode_conformance(reader)
    return InitiateResponse(
        quality_of_service=quality_of_service,
        dlms_version=dlms_version,
        conformance=conformance,
        server_max_receive_pdu_size=reader.unsigned16(),
        vaa_name=reader.unsigned16(),
    )


def encode_initiate_response(apdu: InitiateResponse, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(INITIATE_RESPONSE)
    _encode_quality_of_service(apdu.quality_of_service, writer)
    writer.unsigned8(apdu.dlms_version)
    encode_conformance(apdu.conformance, writer)
    writer.unsigned16(apdu.server_max_receive_pdu_size)
    writer.unsigned16(apdu.vaa_name)
