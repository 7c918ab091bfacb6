"""All APDUs that travel in a WPDU: which tag is which, decode_apdu and encode_apdu.

Knows nothing of states and keys; ciphered APDUs come out as envelopes. IEC 62056-5-3, ASN.1 XDLMS-APDU.
"""

from collections.abc import Callable
from typing import Final

from ..errors import UnexpectedApdu
from ..limits import DEFAULT_LIMITS, Limits
from ..octets import Reader, Writer
from .acse import (
    AARE,
    AARQ,
    RLRE,
    RLRQ,
    Aare,
    Aarq,
    Rlre,
    Rlrq,
    decode_aare,
    decode_aarq,
    decode_rlre,
    decode_rlrq,
    encode_aare,
    encode_aarq,
    encode_rlre,
    encode_rlrq,
)
from .faults import (
    CONFIRMED_SERVICE_ERROR,
    EXCEPTION_RESPONSE,
    ConfirmedServiceError,
    ExceptionResponse,
    decode_confirmed_service_error,
    decode_exception_response,
    encode_confirmed_service_error,
    encode_exception_response,
)
from .get import (
    GET_REQUEST,
    GET_RESPONSE,
    GetRequest,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponse,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
    decode_get_request,
    decode_get_response,
    encode_get_request,
    encode_get_response,
)
from .initiate import (
    INITIATE_REQUEST,
    INITIATE_RESPONSE,
    InitiateRequest,
    InitiateResponse,
    decode_initiate_request,
    decode_initiate_response,
    encode_initiate_request,
    encode_initiate_response,
)

type Apdu = (
    Aarq
    | Aare
    | Rlrq
    | Rlre
    | InitiateRequest
    | InitiateResponse
    | GetRequest
    | GetResponse
    | ExceptionResponse
    | ConfirmedServiceError
)

DECODERS: Final[dict[int, Callable[[Reader], Apdu]]] = {
    INITIATE_REQUEST: decode_initiate_request,
    INITIATE_RESPONSE: decode_initiate_response,
    CONFIRMED_SERVICE_ERROR: decode_confirmed_service_error,
    AARQ: decode_aarq,
    AARE: decode_aare,
    RLRQ: decode_rlrq,
    RLRE: decode_rlre,
    GET_REQUEST: decode_get_request,
    GET_RESPONSE: decode_get_response,
    EXCEPTION_RESPONSE: decode_exception_response,
}


def decode_apdu(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Apdu:
    """Return the APDU that ``octets`` are; refuses trailing octets (rule M5).

    Raises UnexpectedApdu for a tag nobody knows, DecodeError and LimitExceeded for what is behind it.
    """
    reader = Reader(octets, limits=limits)
    tag = reader.peek()
    if (decode := DECODERS.get(tag)) is None:
        raise UnexpectedApdu(tag)
    apdu = decode(reader)
    reader.finish()
    return apdu


def encode_apdu(apdu: Apdu) -> bytes:
    """Return the octets of an APDU."""
    writer = Writer()
    match apdu:
        case Aarq():
            encode_aarq(apdu, writer)
        case Aare():
            encode_aare(apdu, writer)
        case Rlrq():
            encode_rlrq(apdu, writer)
        case Rlre():
            encode_rlre(apdu, writer)
        case InitiateRequest():
            encode_initiate_request(apdu, writer)
        case InitiateResponse():
            encode_initiate_response(apdu, writer)
        case GetRequestNormal() | GetRequestNext() | GetRequestWithList():
            encode_get_request(apdu, writer)
        case GetResponseNormal() | GetResponseWithDatablock() | GetResponseWithList():
            encode_get_response(apdu, writer)
        case ExceptionResponse():
            encode_exception_response(apdu, writer)
        case ConfirmedServiceError():
            encode_confirmed_service_error(apdu, writer)
    return writer.getvalue()
