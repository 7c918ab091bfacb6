"""What every sample of a decoder has to stand: whole, cut off anywhere, with octets behind it."""

from collections.abc import Container

import pytest

from custom_components.cosem.dlms.apdu import Apdu, decode_apdu, encode_apdu
from custom_components.cosem.dlms.errors import DlmsError


def check_sample(octets: bytes, *, complete_prefixes: Container[int] = ()) -> Apdu:
    """Decode and encode again, refuse prefixes and additions. ``complete_prefixes``: lengths that are APDUs."""
    apdu = decode_apdu(octets)
    assert encode_apdu(apdu) == octets
    check_refusals(octets, complete_prefixes=complete_prefixes)
    return apdu


def check_refusals(octets: bytes, *, complete_prefixes: Container[int] = ()) -> None:
    """Refuse every prefix and every addition."""
    for length in range(len(octets)):
        if length not in complete_prefixes:
            with pytest.raises(DlmsError):
                decode_apdu(octets[:length])
    for tail in (b"\x00", b"\xff", b"\x00\x01\x00\x10"):
        with pytest.raises(DlmsError):
            decode_apdu(octets + tail)


def hexadecimal(text: str) -> bytes:
    """Octets from spaced hex."""
    return bytes.fromhex(text)
