"""Typed octets: an APDU, or WPDUs, which alone begin with 00."""

from typing import Final

from ..apdu import decode_apdu, read_apdu
from ..describe import describe
from ..describe.elements import JsonObject
from ..encoding.octets import Reader
from ..errors import DecodeError, NotWrapper
from ..protocol.wrapper import HEADER_SIZE, VERSION, Wpdu, decode_wpdu

_NOTHING: Final = "there are no octets"


def describe_wpdu(wpdu: Wpdu) -> JsonObject:
    """Return header and decoded APDU. Raises as decode_apdu."""
    return {
        "version": VERSION,
        "source_wport": wpdu.source_wport,
        "destination_wport": wpdu.destination_wport,
        "length": len(wpdu.apdu),
        "apdu": describe(decode_apdu(wpdu.apdu)) if wpdu.apdu else None,
    }


def describe_octets(octets: bytes) -> list[JsonObject]:
    """Return one APDU, or all WPDUs. Offsets count from the first octet.

    Raises DecodeError, UnexpectedApdu, LimitExceeded.
    """
    if not octets:
        raise DecodeError(_NOTHING)
    if octets[0] == 0x7E:
        raise DecodeError("7E begins an HDLC frame, which is neither an APDU nor a WPDU")
    if octets[0]:
        return [describe(read_apdu(Reader(octets)))]
    described = []
    start = 0
    while start < len(octets):
        size = HEADER_SIZE + int.from_bytes(octets[start + 6 : start + 8], "big")
        try:
            wpdu = decode_wpdu(octets[start : start + size])
        except NotWrapper as error:
            raise DecodeError("the wrapper version is not 1, and no APDU begins with 00", start) from error
        except DecodeError as error:
            raise DecodeError(error.reason, start + error.offset) from error
        if wpdu.apdu:
            read_apdu(Reader(octets, offset=start + HEADER_SIZE, end=start + size))
        described.append(describe_wpdu(wpdu))
        start += size
    return described
