"""Association and initiate APDUs as plain objects; secrets are masked."""

from collections.abc import Callable
from typing import Any, Final

from ..apdu import acse, initiate
from ..errors import DiagnosticSource
from .elements import HIDDEN, Context, JsonObject, hex_or_none, without_none

_CONTEXT_NAMES: Final = {
    acse.ApplicationContext.LN: "LN",
    acse.ApplicationContext.SN: "SN",
    acse.ApplicationContext.LN_CIPHERED: "LN-ciphered",
    acse.ApplicationContext.SN_CIPHERED: "SN-ciphered",
}


def _context(name: bytes) -> JsonObject:
    context = acse.application_context_from_name(name)
    return {
        "application_context": "unknown" if context is None else _CONTEXT_NAMES[context],
        "application_context_oid": name.hex(),
    }


def _mechanism(name: bytes | None) -> JsonObject:
    if name is None:
        return {}
    mechanism = acse.mechanism_from_name(name)
    return {"mechanism": name.hex() if mechanism is None else mechanism.name.lower().replace("_", "-")}


def _authentication_value(value: acse.AuthenticationValue | None, *, show: bool) -> JsonObject:
    if value is None:
        return {}
    shown = value.octets.hex() if show else HIDDEN
    return {"authentication_value": {"form": value.form.value, "value": shown}}


def _user_information(octets: bytes | None, context: Context) -> JsonObject:
    return {} if octets is None else {"user_information": context.inner(octets)}


def _aarq(apdu: acse.Aarq, context: Context) -> JsonObject:
    mechanism = acse.mechanism_from_name(apdu.mechanism_name or b"")
    # What goes with a mechanism of several passes is a challenge, sent in clear on purpose; anything else a password.
    challenge = mechanism is not None and mechanism >= acse.Mechanism.HLS
    return {
        **_context(apdu.application_context_name),
        **without_none(
            {
                "protocol_version": apdu.protocol_version,
                "called_ap_title": apdu.called_ap_title,
                "called_ae_qualifier": apdu.called_ae_qualifier,
                "called_ap_invocation_id": apdu.called_ap_invocation_id,
                "called_ae_invocation_id": apdu.called_ae_invocation_id,
                "calling_ap_title": apdu.calling_ap_title,
                "calling_ae_qualifier": apdu.calling_ae_qualifier,
                "calling_ap_invocation_id": apdu.calling_ap_invocation_id,
                "calling_ae_invocation_id": apdu.calling_ae_invocation_id,
                "acse_requirements": apdu.sender_acse_requirements,
            }
        ),
        **_mechanism(apdu.mechanism_name),
        **_authentication_value(apdu.calling_authentication_value, show=context.show_secrets or challenge),
        **without_none({"implementation_information": apdu.implementation_information}),
        **_user_information(apdu.user_information, context),
    }


def _aare(apdu: acse.Aare, context: Context) -> JsonObject:
    return {
        **_context(apdu.application_context_name),
        "result": apdu.result,
        "diagnostic": {"source": DiagnosticSource(apdu.result_source).standard_name, "value": apdu.diagnostic},
        **without_none(
            {
                "protocol_version": apdu.protocol_version,
                "responding_ap_title": apdu.responding_ap_title,
                "responding_ae_qualifier": apdu.responding_ae_qualifier,
                "responding_ap_invocation_id": apdu.responding_ap_invocation_id,
                "responding_ae_invocation_id": apdu.responding_ae_invocation_id,
                "acse_requirements": apdu.responder_acse_requirements,
            }
        ),
        **_mechanism(apdu.mechanism_name),
        **_authentication_value(apdu.responding_authentication_value, show=True),
        **without_none({"implementation_information": apdu.implementation_information}),
        **_user_information(apdu.user_information, context),
    }


def _release(apdu: acse.Rlrq | acse.Rlre, context: Context) -> JsonObject:
    return {**without_none({"reason": apdu.reason}), **_user_information(apdu.user_information, context)}


def _conformance(conformance: initiate.Conformance) -> JsonObject:
    return {"raw": f"{conformance.value:06x}", "bits": [*conformance.standard_names]}


def _initiate_request(apdu: initiate.InitiateRequest, context: Context) -> JsonObject:
    key = apdu.dedicated_key
    return {
        "dedicated_key": HIDDEN if key is not None and not context.show_secrets else hex_or_none(key),
        "response_allowed": apdu.response_allowed,
        "quality_of_service": apdu.quality_of_service,
        "dlms_version": apdu.dlms_version,
        "conformance": _conformance(apdu.conformance),
        "client_max_receive_pdu_size": apdu.client_max_receive_pdu_size,
    }


def _initiate_response(apdu: initiate.InitiateResponse, _: Context) -> JsonObject:
    return {
        "quality_of_service": apdu.quality_of_service,
        "dlms_version": apdu.dlms_version,
        "conformance": _conformance(apdu.conformance),
        "server_max_receive_pdu_size": apdu.server_max_receive_pdu_size,
        "vaa_name": apdu.vaa_name,
    }


DESCRIBERS: Final[dict[type, Callable[[Any, Context], JsonObject]]] = {
    acse.Aarq: _aarq,
    acse.Aare: _aare,
    acse.Rlrq: _release,
    acse.Rlre: _release,
    initiate.InitiateRequest: _initiate_request,
    initiate.InitiateResponse: _initiate_response,
}
