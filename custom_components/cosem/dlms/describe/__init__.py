"""APDUs and data as plain objects with the standard's names, for the command line and tests.

Secrets (passwords, keys, payloads of secret attributes and methods) are masked unless asked for.
"""

from collections.abc import Callable
import re
from typing import Any, Final, assert_never

from ..apdu import APDU_NAMES, Apdu, acse, block, ciphered, decode_apdu, faults
from ..encoding.data_types import Data
from ..errors import DlmsError, ServiceErrorClass
from . import association, services
from .elements import HIDDEN, Context, Json, JsonObject, describe_data, hex_or_none, without_none

__all__ = ["HIDDEN", "Json", "JsonObject", "describe", "describe_data"]

# Such an APDU inside another would open the door to nesting without end: it is shown as octets there.
_NEVER_INSIDE: Final = frozenset(
    {acse.AARQ, acse.AARE, acse.RLRQ, acse.RLRE, block.GATEWAY_REQUEST, block.GATEWAY_RESPONSE}
)


def describe(what: Apdu | Data, *, show_secrets: bool = False) -> JsonObject:
    """Nested objects that json.dumps takes."""
    if isinstance(what, Data):
        return describe_data(what)
    context = Context(show_secrets, lambda octets: _inner(octets, show_secrets=show_secrets))
    return {"apdu": _name(what), **_DESCRIBERS[type(what)](what, context)}


def _name(apdu: Apdu) -> str:
    if isinstance(apdu, ciphered.ServiceCiphered):
        return APDU_NAMES[apdu.tag]
    if isinstance(apdu, block.Gateway):
        return APDU_NAMES[block.GATEWAY_RESPONSE if apdu.response else block.GATEWAY_REQUEST]
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(apdu).__name__).lower()


def _inner(octets: bytes, *, show_secrets: bool) -> JsonObject:
    """The APDU inside another, else its octets."""
    if octets and octets[0] not in _NEVER_INSIDE:
        try:
            return describe(decode_apdu(octets), show_secrets=show_secrets)
        except DlmsError:
            pass
    return {"octets": octets.hex()}


def _exception_response(apdu: faults.ExceptionResponse, _: Context) -> JsonObject:
    return {
        "state_error": apdu.state_error,
        "service_error": apdu.service_error,
        **without_none({"invocation_counter": apdu.invocation_counter}),
    }


def _confirmed_service_error(apdu: faults.ConfirmedServiceError, _: Context) -> JsonObject:
    return {
        "service": apdu.service,
        "error_class": ServiceErrorClass.name_of(apdu.error_class) or apdu.error_class,
        "error": apdu.error,
    }


def _general_block_transfer(apdu: block.GeneralBlockTransfer, _: Context) -> JsonObject:
    return {
        "last_block": apdu.last_block,
        "streaming": apdu.streaming,
        "window": apdu.window,
        "block_number": apdu.block_number,
        "block_number_ack": apdu.block_number_ack,
        "block_data": apdu.block_data.hex(),
    }


def _gateway(apdu: block.Gateway, context: Context) -> JsonObject:
    return {"network_id": apdu.network_id, "address": apdu.address.hex(), "content": context.inner(apdu.content)}


def _content(content: ciphered.CipheredContent) -> JsonObject:
    control = content.security_control
    return {
        "security_control": {
            "raw": control.raw,
            "suite": control.suite,
            "authenticated": control.authenticated,
            "encrypted": control.encrypted,
            "key_set": "broadcast" if control.broadcast else "unicast",
            "compressed": control.compressed,
        },
        "invocation_counter": content.invocation_counter,
        "payload": content.payload.hex(),
    }


def _service_ciphered(apdu: ciphered.ServiceCiphered, _: Context) -> JsonObject:
    return _content(apdu.content)


def _titled_ciphering(apdu: ciphered.GeneralGloCiphering | ciphered.GeneralDedCiphering, _: Context) -> JsonObject:
    return {"system_title": apdu.system_title.hex(), **_content(apdu.content)}


def _header(header: ciphered.GeneralHeader) -> JsonObject:
    return {name: octets.hex() for name, octets in zip(header._fields, header, strict=True)}


def _key_info(key_info: ciphered.KeyInfo | None, context: Context) -> JsonObject | None:
    match key_info:
        case None:
            return None
        case ciphered.IdentifiedKey():
            return {"identified_key": key_info.key_id}
        case ciphered.WrappedKey():
            wrapped = key_info.key_ciphered_data.hex() if context.show_secrets else HIDDEN
            return {"wrapped_key": {"kek_id": key_info.kek_id, "key_ciphered_data": wrapped}}
        case ciphered.AgreedKey():
            return {
                "agreed_key": {
                    "key_parameters": key_info.key_parameters.hex(),
                    "key_ciphered_data": key_info.key_ciphered_data.hex(),
                }
            }
        case _:
            assert_never(key_info)


def _general_ciphering(apdu: ciphered.GeneralCiphering, context: Context) -> JsonObject:
    return {
        **_header(apdu.header),
        "key_info": _key_info(apdu.key_info, context),
        **_content(apdu.content),
    }


def _general_signing(apdu: ciphered.GeneralSigning, _: Context) -> JsonObject:
    return {**_header(apdu.header), "content": apdu.content.hex(), "signature": hex_or_none(apdu.signature)}


_DESCRIBERS: Final[dict[type, Callable[[Any, Context], JsonObject]]] = {
    **association.DESCRIBERS,
    **services.DESCRIBERS,
    faults.ExceptionResponse: _exception_response,
    faults.ConfirmedServiceError: _confirmed_service_error,
    block.GeneralBlockTransfer: _general_block_transfer,
    block.Gateway: _gateway,
    ciphered.ServiceCiphered: _service_ciphered,
    ciphered.GeneralGloCiphering: _titled_ciphering,
    ciphered.GeneralDedCiphering: _titled_ciphering,
    ciphered.GeneralCiphering: _general_ciphering,
    ciphered.GeneralSigning: _general_signing,
}
