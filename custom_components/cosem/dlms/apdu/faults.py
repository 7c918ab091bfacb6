"""ExceptionResponse (tag D8) and ConfirmedServiceError (0E): a request failed as a whole. IEC 62056-5-3.

Neither is ever protected, so neither proves anything.
"""

from dataclasses import dataclass
from typing import Final

from ..encoding.octets import Reader, Writer
from ..errors import ServiceErrorCode
from .common import expect_tag

EXCEPTION_RESPONSE: Final = 0xD8
CONFIRMED_SERVICE_ERROR: Final = 0x0E


@dataclass(frozen=True, slots=True)
class ExceptionResponse:
    """StateErrorCode and ServiceErrorCode, or other numbers; there is no invoke-id."""

    state_error: int
    service_error: int
    invocation_counter: int | None = None


@dataclass(frozen=True, slots=True)
class ConfirmedServiceError:
    """ConfirmedService, ServiceErrorClass, an error of that class; or other numbers."""

    service: int
    error_class: int
    error: int


def decode_exception_response(reader: Reader) -> ExceptionResponse:
    """Decode the APDU; unknown codes are kept."""
    expect_tag(reader, EXCEPTION_RESPONSE)
    state_error = reader.unsigned8()
    service_error = reader.unsigned8()
    # Leniency "exception without counter": old servers send two octets also for an invocation-counter-error.
    if service_error == ServiceErrorCode.INVOCATION_COUNTER_ERROR and reader.remaining:
        return ExceptionResponse(state_error, service_error, reader.unsigned32())
    return ExceptionResponse(state_error, service_error)


def encode_exception_response(apdu: ExceptionResponse, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(EXCEPTION_RESPONSE)
    writer.unsigned8(apdu.state_error)
    writer.unsigned8(apdu.service_error)
    if apdu.invocation_counter is not None:
        writer.unsigned32(apdu.invocation_counter)


def decode_confirmed_service_error(reader: Reader) -> ConfirmedServiceError:
    """Decode the APDU; unknown numbers are kept."""
    expect_tag(reader, CONFIRMED_SERVICE_ERROR)
    return ConfirmedServiceError(reader.unsigned8(), reader.unsigned8(), reader.unsigned8())


def encode_confirmed_service_error(apdu: ConfirmedServiceError, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(CONFIRMED_SERVICE_ERROR)
    writer.unsigned8(apdu.service)
    writer.unsigned8(apdu.error_class)
    writer.unsigned8(apdu.error)
