"""General-Block-Transfer (tag E0), IEC 62056-5-3; gateway prefix (E6, E7), DLMS UA communication profiles."""

from dataclasses import dataclass
from typing import Final

from ..encoding.octets import Reader, Writer
from ..errors import DecodeError, UnexpectedApdu
from .common import expect_tag

GENERAL_BLOCK_TRANSFER: Final = 0xE0
GATEWAY_REQUEST: Final = 0xE6
GATEWAY_RESPONSE: Final = 0xE7

_LAST_BLOCK: Final = 0x80
_STREAMING: Final = 0x40
_WINDOW: Final = 0x3F


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralBlockTransfer:
    """General-Block-Transfer. window: blocks that its sender takes unacknowledged, 0 to 63."""

    last_block: bool
    streaming: bool
    window: int
    block_number: int
    block_number_ack: int
    block_data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """Prefix that addresses a device behind a gateway, and the APDU for it."""

    response: bool
    network_id: int
    address: bytes
    content: bytes


def decode_general_block_transfer(reader: Reader) -> GeneralBlockTransfer:
    """Decode the APDU."""
    expect_tag(reader, GENERAL_BLOCK_TRANSFER)
    control = reader.unsigned8()
    return GeneralBlockTransfer(
        last_block=bool(control & _LAST_BLOCK),
        streaming=bool(control & _STREAMING),
        window=control & _WINDOW,
        block_number=reader.unsigned16(),
        block_number_ack=reader.unsigned16(),
        block_data=reader.octet_string(),
    )


def encode_general_block_transfer(apdu: GeneralBlockTransfer, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(GENERAL_BLOCK_TRANSFER)
    writer.unsigned8((_LAST_BLOCK if apdu.last_block else 0) | (_STREAMING if apdu.streaming else 0) | apdu.window)
    writer.unsigned16(apdu.block_number)
    writer.unsigned16(apdu.block_number_ack)
    writer.octet_string(apdu.block_data)


def decode_gateway(reader: Reader) -> Gateway:
    """Decode prefix and APDU, which may not be empty."""
    start = reader.offset
    tag = reader.unsigned8()
    if tag not in (GATEWAY_REQUEST, GATEWAY_RESPONSE):
        raise UnexpectedApdu(tag, "where a gateway prefix is expected", start)
    network_id = reader.unsigned8()
    address = reader.take(reader.unsigned8())
    if not reader.remaining:
        raise DecodeError("a gateway prefix without an APDU", reader.offset)
    return Gateway(response=tag == GATEWAY_RESPONSE, network_id=network_id, address=address, content=reader.rest())


def encode_gateway(apdu: Gateway, writer: Writer) -> None:
    """Encode prefix and APDU."""
    writer.unsigned8(GATEWAY_RESPONSE if apdu.response else GATEWAY_REQUEST)
    writer.unsigned8(apdu.network_id)
    writer.unsigned8(len(apdu.address))
    writer.octets(apdu.address)
    writer.octets(apdu.content)
