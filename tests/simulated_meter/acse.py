"""Association APDUs of a meter: reads AARQ and RLRQ, writes AARE and RLRE. IEC 62056-5-3 ACSE, X.690 BER.

Not built on the stack's codec: a mistake there would hide itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

AARQ: Final = 0x60
AARE: Final = 0x61
RLRQ: Final = 0x62
RLRE: Final = 0x63

_CONTEXT_ARCS: Final = bytes.fromhex("608574050801")
_MECHANISM_ARCS: Final = bytes.fromhex("608574050802")


class BadAssociationApdu(Exception):
    """Octets that are no AARQ or RLRQ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AarqFields:
    """What matters of an AARQ. ``context`` and ``mechanism``: the last arcs; 0 where unknown or missing."""

    context: int
    mechanism: int
    authentication_value: bytes
    initiate: bytes
    calling_title: bytes = b""
    calling_certificate: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiateFields:
    """What matters of an InitiateRequest."""

    dlms_version: int
    conformance: int
    client_max_receive_pdu_size: int
    response_allowed: bool
    dedicated_key: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class AareFields:
    """What goes into an AARE. ``initiate``: the inner APDU; None leaves user-information out."""

    context: int
    result: int = 0
    source: int = 1
    diagnostic: int = 0
    mechanism: int | None = None
    protocol_version: bool = False
    initiate: bytes | None = None
    system_title: bytes = b""
    certificate: bytes = b""
    authentication_value: bytes = b""


def _elements(octets: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset < len(octets):
        if offset + 2 > len(octets):
            raise BadAssociationApdu("an element is cut off")
        tag, length = octets[offset], octets[offset + 1]
        offset += 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(octets[offset : offset + count], "big")
            offset += count
        if offset + length > len(octets):
            raise BadAssociationApdu("an element is longer than the APDU")
        yield tag, octets[offset : offset + length]
        offset += length


def _one(octets: bytes, tag: int) -> bytes:
    found = list(_elements(octets))
    if len(found) != 1 or found[0][0] != tag:
        raise BadAssociationApdu(f"an element {tag:02X} is missing")
    return found[0][1]


def read_aarq(apdu: bytes) -> AarqFields:
    """Read an AARQ."""
    fields = dict(_elements(_one(apdu, AARQ)))
    context = _one(fields[0xA1], 0x06) if 0xA1 in fields else b""
    mechanism = fields.get(0x8B, b"")
    value = b""
    if 0xAC in fields:
        (form, value), *_ = _elements(fields[0xAC])
        if form == 0x81:
            value = value[1:]
    return AarqFields(
        context=context[6] if context[:6] == _CONTEXT_ARCS and len(context) == 7 else 0,
        mechanism=mechanism[6] if mechanism[:6] == _MECHANISM_ARCS and len(mechanism) == 7 else 0,
        authentication_value=value,
        initiate=_one(fields[0xBE], 0x04) if 0xBE in fields else b"",
        calling_title=_one(fields[0xA6], 0x04) if 0xA6 in fields else b"",
        calling_certificate=_one(fields[0xA7], 0x04) if 0xA7 in fields else b"",
    )


def read_rlrq(apdu: bytes) -> bytes:
    """Return the user-information of an RLRQ, or nothing."""
    fields = dict(_elements(_one(apdu, RLRQ)))
    return _one(fields[0xBE], 0x04) if 0xBE in fields else b""


def read_initiate(octets: bytes) -> InitiateFields | None:
    """Read a plain InitiateRequest; None for anything else."""
    try:
        if octets[0] != 0x01:
            return None
        offset = 1
        key = b""
        if octets[offset]:
            key = octets[offset + 2 : offset + 2 + octets[offset + 1]]
            offset += 1 + octets[offset + 1]
        offset += 1
        response_allowed = True
        if octets[offset]:
            offset += 1
            response_allowed = octets[offset] != 0
        offset += 1
        if octets[offset]:
            offset += 1
        offset += 1
        version, *bits = octets[offset], *octets[offset + 1 : offset + 10]
        if len(bits) != 9 or bytes(bits[:4]) != b"\x5f\x1f\x04\x00":
            return None
        return InitiateFields(
            dlms_version=version,
            conformance=int.from_bytes(bits[4:7], "big"),
            client_max_receive_pdu_size=int.from_bytes(bits[7:9], "big"),
            response_allowed=response_allowed,
            dedicated_key=key,
        )
    except IndexError:
        return None


def element(tag: int, contents: bytes) -> bytes:
    """Return a BER element."""
    if len(contents) < 0x80:
        return bytes([tag, len(contents)]) + contents
    if len(contents) < 0x100:
        return bytes([tag, 0x81, len(contents)]) + contents
    return bytes([tag, 0x82]) + len(contents).to_bytes(2, "big") + contents


def write_aare(fields: AareFields) -> bytes:
    """Write an AARE."""
    body = element(0x80, b"\x07\x80") if fields.protocol_version else b""
    body += element(0xA1, element(0x06, _CONTEXT_ARCS + bytes([fields.context])))
    body += element(0xA2, element(0x02, bytes([fields.result])))
    body += element(0xA3, element(0xA0 + fields.source, element(0x02, bytes([fields.diagnostic]))))
    for tag, octets in ((0xA4, fields.system_title), (0xA5, fields.certificate)):
        if octets:
            body += element(tag, element(0x04, octets))
    if fields.mechanism is not None:
        body += element(0x88, b"\x07\x80")
        body += element(0x89, _MECHANISM_ARCS + bytes([fields.mechanism]))
    if fields.authentication_value:
        body += element(0xAA, element(0x80, fields.authentication_value))
    if fields.initiate is not None:
        body += element(0xBE, element(0x04, fields.initiate))
    return element(AARE, body)


def write_initiate_response(
    conformance: int, max_pdu_size: int, *, short_tag: bool, quality: bool, vaa_name: int = 7
) -> bytes:
    """Write an InitiateResponse: QoS, version 6, conformance, size, vaa-name (with logical names 7)."""
    return (
        b"\x08"
        + (b"\x01\x00" if quality else b"\x00")
        + b"\x06"
        + (b"\x5f\x04\x00" if short_tag else b"\x5f\x1f\x04\x00")
        + conformance.to_bytes(3, "big")
        + max_pdu_size.to_bytes(2, "big")
        + vaa_name.to_bytes(2, "big")
    )


def initiate_error(error: int) -> bytes:
    """Write a ConfirmedServiceError of initiate: 0 other, 1 version, 2 conformance, 3 size, 4 refused."""
    return bytes([0x0E, 0x01, 0x06, error])


def write_rlre(reason: int, information: bytes = b"") -> bytes:
    """Write an RLRE: reason 0 normal, 1 not-finished."""
    body = element(0x80, bytes([reason]))
    return element(RLRE, body + (element(0xBE, element(0x04, information)) if information else b""))
