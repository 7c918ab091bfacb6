"""All APDUs of a WPDU by their tags (IEC 62056-5-3, XDLMS-APDU).

Nothing is deciphered here: protected APDUs come out as envelopes.
"""

from collections.abc import Callable
from typing import Any, Final, get_args

from ..encoding.octets import Reader, Writer
from ..errors import UnexpectedApdu
from ..limits import DEFAULT_LIMITS, Limits
from . import access, acse, action, block, ciphered, faults, get, initiate, notification, set as set_, short_name

type Apdu = (
    acse.Aarq
    | acse.Aare
    | acse.Rlrq
    | acse.Rlre
    | initiate.InitiateRequest
    | initiate.InitiateResponse
    | get.GetRequest
    | get.GetResponse
    | set_.SetRequest
    | set_.SetResponse
    | action.ActionRequest
    | action.ActionResponse
    | access.AccessRequest
    | access.AccessResponse
    | notification.EventNotificationRequest
    | notification.DataNotification
    | notification.DataNotificationConfirm
    | short_name.ReadRequest
    | short_name.ReadResponse
    | short_name.WriteRequest
    | short_name.WriteResponse
    | short_name.UnconfirmedWriteRequest
    | short_name.InformationReportRequest
    | block.GeneralBlockTransfer
    | block.Gateway
    | ciphered.ServiceCiphered
    | ciphered.GeneralGloCiphering
    | ciphered.GeneralDedCiphering
    | ciphered.GeneralCiphering
    | ciphered.GeneralSigning
    | faults.ExceptionResponse
    | faults.ConfirmedServiceError
)

DECODERS: Final[dict[int, Callable[[Reader], Apdu]]] = {
    initiate.INITIATE_REQUEST: initiate.decode_initiate_request,
    short_name.READ_REQUEST: short_name.decode_read_request,
    short_name.WRITE_REQUEST: short_name.decode_write_request,
    initiate.INITIATE_RESPONSE: initiate.decode_initiate_response,
    short_name.READ_RESPONSE: short_name.decode_read_response,
    short_name.WRITE_RESPONSE: short_name.decode_write_response,
    faults.CONFIRMED_SERVICE_ERROR: faults.decode_confirmed_service_error,
    notification.DATA_NOTIFICATION: notification.decode_data_notification,
    notification.DATA_NOTIFICATION_CONFIRM: notification.decode_data_notification_confirm,
    short_name.UNCONFIRMED_WRITE_REQUEST: short_name.decode_unconfirmed_write_request,
    short_name.INFORMATION_REPORT_REQUEST: short_name.decode_information_report_request,
    acse.AARQ: acse.decode_aarq,
    acse.AARE: acse.decode_aare,
    acse.RLRQ: acse.decode_rlrq,
    acse.RLRE: acse.decode_rlre,
    get.GET_REQUEST: get.decode_get_request,
    set_.SET_REQUEST: set_.decode_set_request,
    notification.EVENT_NOTIFICATION_REQUEST: notification.decode_event_notification_request,
    action.ACTION_REQUEST: action.decode_action_request,
    get.GET_RESPONSE: get.decode_get_response,
    set_.SET_RESPONSE: set_.decode_set_response,
    action.ACTION_RESPONSE: action.decode_action_response,
    faults.EXCEPTION_RESPONSE: faults.decode_exception_response,
    access.ACCESS_REQUEST: access.decode_access_request,
    access.ACCESS_RESPONSE: access.decode_access_response,
    ciphered.GENERAL_GLO_CIPHERING: ciphered.decode_general_glo_ciphering,
    ciphered.GENERAL_DED_CIPHERING: ciphered.decode_general_ded_ciphering,
    ciphered.GENERAL_CIPHERING: ciphered.decode_general_ciphering,
    ciphered.GENERAL_SIGNING: ciphered.decode_general_signing,
    block.GENERAL_BLOCK_TRANSFER: block.decode_general_block_transfer,
    block.GATEWAY_REQUEST: block.decode_gateway,
    block.GATEWAY_RESPONSE: block.decode_gateway,
    **dict.fromkeys((*ciphered.GLOBAL_TAGS, *ciphered.DEDICATED_TAGS), ciphered.decode_service_ciphered),
}

# One encoder per class; the union of each service is the one place that lists its forms.
_ENCODERS: Final[dict[type, Callable[[Any, Writer], None]]] = {
    acse.Aarq: acse.encode_aarq,
    acse.Aare: acse.encode_aare,
    acse.Rlrq: acse.encode_rlrq,
    acse.Rlre: acse.encode_rlre,
    initiate.InitiateRequest: initiate.encode_initiate_request,
    initiate.InitiateResponse: initiate.encode_initiate_response,
    **dict.fromkeys(get_args(get.GetRequest.__value__), get.encode_get_request),
    **dict.fromkeys(get_args(get.GetResponse.__value__), get.encode_get_response),
    **dict.fromkeys(get_args(set_.SetRequest.__value__), set_.encode_set_request),
    **dict.fromkeys(get_args(set_.SetResponse.__value__), set_.encode_set_response),
    **dict.fromkeys(get_args(action.ActionRequest.__value__), action.encode_action_request),
    **dict.fromkeys(get_args(action.ActionResponse.__value__), action.encode_action_response),
    access.AccessRequest: access.encode_access_request,
    access.AccessResponse: access.encode_access_response,
    notification.EventNotificationRequest: notification.encode_event_notification_request,
    notification.DataNotification: notification.encode_data_notification,
    notification.DataNotificationConfirm: notification.encode_data_notification_confirm,
    short_name.ReadRequest: short_name.encode_read_request,
    short_name.ReadResponse: short_name.encode_read_response,
    short_name.WriteRequest: short_name.encode_write_request,
    short_name.WriteResponse: short_name.encode_write_response,
    short_name.UnconfirmedWriteRequest: short_name.encode_write_request,
    short_name.InformationReportRequest: short_name.encode_information_report_request,
    block.GeneralBlockTransfer: block.encode_general_block_transfer,
    block.Gateway: block.encode_gateway,
    ciphered.ServiceCiphered: ciphered.encode_service_ciphered,
    ciphered.GeneralGloCiphering: ciphered.encode_general_glo_ciphering,
    ciphered.GeneralDedCiphering: ciphered.encode_general_ded_ciphering,
    ciphered.GeneralCiphering: ciphered.encode_general_ciphering,
    ciphered.GeneralSigning: ciphered.encode_general_signing,
    faults.ExceptionResponse: faults.encode_exception_response,
    faults.ConfirmedServiceError: faults.encode_confirmed_service_error,
}

_PLAIN_NAMES: Final[dict[int, str]] = {
    initiate.INITIATE_REQUEST: "initiate-request",
    short_name.READ_REQUEST: "read-request",
    short_name.WRITE_REQUEST: "write-request",
    initiate.INITIATE_RESPONSE: "initiate-response",
    short_name.READ_RESPONSE: "read-response",
    short_name.WRITE_RESPONSE: "write-response",
    faults.CONFIRMED_SERVICE_ERROR: "confirmed-service-error",
    notification.DATA_NOTIFICATION: "data-notification",
    notification.DATA_NOTIFICATION_CONFIRM: "data-notification-confirm",
    short_name.UNCONFIRMED_WRITE_REQUEST: "unconfirmed-write-request",
    short_name.INFORMATION_REPORT_REQUEST: "information-report-request",
    acse.AARQ: "aarq",
    acse.AARE: "aare",
    acse.RLRQ: "rlrq",
    acse.RLRE: "rlre",
    get.GET_REQUEST: "get-request",
    set_.SET_REQUEST: "set-request",
    notification.EVENT_NOTIFICATION_REQUEST: "event-notification-request",
    action.ACTION_REQUEST: "action-request",
    get.GET_RESPONSE: "get-response",
    set_.SET_RESPONSE: "set-response",
    action.ACTION_RESPONSE: "action-response",
    faults.EXCEPTION_RESPONSE: "exception-response",
    access.ACCESS_REQUEST: "access-request",
    access.ACCESS_RESPONSE: "access-response",
    ciphered.GENERAL_GLO_CIPHERING: "general-glo-ciphering",
    ciphered.GENERAL_DED_CIPHERING: "general-ded-ciphering",
    ciphered.GENERAL_CIPHERING: "general-ciphering",
    ciphered.GENERAL_SIGNING: "general-signing",
    block.GENERAL_BLOCK_TRANSFER: "general-block-transfer",
    block.GATEWAY_REQUEST: "gateway-request",
    block.GATEWAY_RESPONSE: "gateway-response",
}

APDU_NAMES: Final[dict[int, str]] = {
    **_PLAIN_NAMES,
    **{tag: f"glo-{_PLAIN_NAMES[plain]}" for tag, plain in ciphered.GLOBAL_TAGS.items()},
    **{tag: f"ded-{_PLAIN_NAMES[plain]}" for tag, plain in ciphered.DEDICATED_TAGS.items()},
}
"""Standard name by tag."""


def decode_apdu(octets: bytes, limits: Limits = DEFAULT_LIMITS) -> Apdu:
    """Decode one APDU. Raises UnexpectedApdu for an unknown tag, DecodeError, LimitExceeded."""
    return read_apdu(Reader(octets, limits=limits))


def read_apdu(reader: Reader) -> Apdu:
    """Decode the APDU that reaches to the end."""
    tag = reader.peek()
    if (decode := DECODERS.get(tag)) is None:
        raise UnexpectedApdu(tag, offset=reader.offset)
    apdu = decode(reader)
    reader.finish()  # rule M5
    return apdu


def encode_apdu(apdu: Apdu) -> bytes:
    """Encode an APDU."""
    writer = Writer()
    _ENCODERS[type(apdu)](apdu, writer)
    return writer.getvalue()
