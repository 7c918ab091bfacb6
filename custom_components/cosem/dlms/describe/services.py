"""Services and notifications as plain objects."""

from collections.abc import Callable
from typing import Any, Final, assert_never

from ..apdu import access, action, get, notification, set as set_, short_name
from ..apdu.common import DataAccessResult, DataBlock, MethodDescriptor
from ..encoding.data_types import Data
from .elements import (
    Context,
    Json,
    JsonObject,
    describe_all,
    describe_attribute_descriptor,
    describe_data,
    describe_data_block,
    describe_get_data_result,
    describe_invoke,
    describe_long_invoke,
    describe_method,
    describe_payload,
    describe_payloads,
    describe_reference,
    describe_selection,
    hex_or_none,
)
from .secret_targets import is_secret


def _get_request_normal(apdu: get.GetRequestNormal, _: Context) -> JsonObject:
    return {
        **describe_invoke(apdu.invoke),
        **describe_attribute_descriptor(apdu.attribute),
        "selection": describe_selection(apdu.selection),
    }


def _get_request_with_list(apdu: get.GetRequestWithList, _: Context) -> JsonObject:
    return {**describe_invoke(apdu.invoke), "attributes": [describe_reference(item) for item in apdu.items]}


def _get_response_normal(apdu: get.GetResponseNormal, _: Context) -> JsonObject:
    return {**describe_invoke(apdu.invoke), "result": describe_get_data_result(apdu.result)}


def _get_response_with_datablock(apdu: get.GetResponseWithDatablock, _: Context) -> JsonObject:
    described: JsonObject = {
        **describe_invoke(apdu.invoke),
        "last_block": apdu.last_block,
        "block_number": apdu.block_number,
    }
    if isinstance(apdu.result, DataAccessResult):
        return {**described, "error": apdu.result.code}
    return {**described, "raw_data": apdu.result.hex()}


def _get_response_with_list(apdu: get.GetResponseWithList, _: Context) -> JsonObject:
    return {**describe_invoke(apdu.invoke), "results": [describe_get_data_result(result) for result in apdu.results]}


type _Acknowledgement = (
    get.GetRequestNext | set_.SetResponseDatablock | action.ActionRequestNextPblock | action.ActionResponseNextPblock
)


def _acknowledgement(apdu: _Acknowledgement, _: Context) -> JsonObject:
    return {**describe_invoke(apdu.invoke), "block_number": apdu.block_number}


def _set_request_normal(apdu: set_.SetRequestNormal, context: Context) -> JsonObject:
    return {
        **describe_invoke(apdu.invoke),
        **describe_reference((apdu.attribute, apdu.selection)),
        "value": describe_payload(apdu.attribute, apdu.value, context),
    }


def _set_request_with_first_datablock(apdu: set_.SetRequestWithFirstDatablock, context: Context) -> JsonObject:
    hide = is_secret(apdu.attribute) and not context.show_secrets
    return {
        **describe_invoke(apdu.invoke),
        **describe_reference((apdu.attribute, apdu.selection)),
        "datablock": describe_data_block(apdu.block, hide=hide),
    }


def _set_request_with_datablock(apdu: set_.SetRequestWithDatablock, _: Context) -> JsonObject:
    return {**describe_invoke(apdu.invoke), "datablock": describe_data_block(apdu.block)}


def _set_request_with_list(apdu: set_.SetRequestWithList, context: Context) -> JsonObject:
    return {
        **describe_invoke(apdu.invoke),
        "attributes": [describe_reference(item) for item in apdu.items],
        "values": describe_payloads((attribute for attribute, _ in apdu.items), apdu.values, context),
    }


def _set_request_with_list_and_first_datablock(
    apdu: set_.SetRequestWithListAndFirstDatablock, context: Context
) -> JsonObject:
    hide = not context.show_secrets and any(is_secret(attribute) for attribute, _ in apdu.items)
    return {
        **describe_invoke(apdu.invoke),
        "attributes": [describe_reference(item) for item in apdu.items],
        "datablock": describe_data_block(apdu.block, hide=hide),
    }


def _set_response(apdu: set_.SetResponseNormal | set_.SetResponseLastDatablock, _: Context) -> JsonObject:
    described: JsonObject = {**describe_invoke(apdu.invoke), "result": apdu.result.code}
    if isinstance(apdu, set_.SetResponseLastDatablock):
        described["block_number"] = apdu.block_number
    return described


def _set_response_list(
    apdu: set_.SetResponseWithList | set_.SetResponseLastDatablockWithList, _: Context
) -> JsonObject:
    described: JsonObject = {**describe_invoke(apdu.invoke), "results": [result.code for result in apdu.results]}
    if isinstance(apdu, set_.SetResponseLastDatablockWithList):
        described["block_number"] = apdu.block_number
    return described


def _action_request_normal(apdu: action.ActionRequestNormal, context: Context) -> JsonObject:
    parameters = None if apdu.parameters is None else describe_payload(apdu.method, apdu.parameters, context)
    return {**describe_invoke(apdu.invoke), **describe_method(apdu.method), "parameters": parameters}


def _action_request_with_list(apdu: action.ActionRequestWithList, context: Context) -> JsonObject:
    return {
        **describe_invoke(apdu.invoke),
        "methods": [describe_method(each) for each in apdu.methods],
        "parameters": describe_payloads(apdu.methods, apdu.parameters, context),
    }


def _action_request_with_first_pblock(apdu: action.ActionRequestWithFirstPblock, context: Context) -> JsonObject:
    hide = is_secret(apdu.method) and not context.show_secrets
    return {
        **describe_invoke(apdu.invoke),
        **describe_method(apdu.method),
        "pblock": describe_data_block(apdu.block, hide=hide),
    }


def _action_request_with_list_and_first_pblock(
    apdu: action.ActionRequestWithListAndFirstPblock, context: Context
) -> JsonObject:
    hide = not context.show_secrets and any(map(is_secret, apdu.methods))
    return {
        **describe_invoke(apdu.invoke),
        "methods": [describe_method(each) for each in apdu.methods],
        "pblock": describe_data_block(apdu.block, hide=hide),
    }


def _pblock(apdu: action.ActionRequestWithPblock | action.ActionResponseWithPblock, _: Context) -> JsonObject:
    return {**describe_invoke(apdu.invoke), "pblock": describe_data_block(apdu.block)}


def _outcome(outcome: action.ActionOutcome) -> JsonObject:
    returned = outcome.return_parameters
    return {"result": outcome.result.code, "return": None if returned is None else describe_get_data_result(returned)}


def _action_response_normal(apdu: action.ActionResponseNormal, _: Context) -> JsonObject:
    return {**describe_invoke(apdu.invoke), **_outcome(apdu.outcome)}


def _action_response_with_list(apdu: action.ActionResponseWithList, _: Context) -> JsonObject:
    return {**describe_invoke(apdu.invoke), "responses": [_outcome(outcome) for outcome in apdu.outcomes]}


def _specification(specification: access.AccessSpecification) -> JsonObject:
    target = specification.target
    described: JsonObject = {
        "kind": specification.kind.standard_name,
        **(describe_method(target) if isinstance(target, MethodDescriptor) else describe_attribute_descriptor(target)),
    }
    if specification.selection is not None:
        described["selection"] = describe_selection(specification.selection)
    return described


def _access_request(apdu: access.AccessRequest, context: Context) -> JsonObject:
    return {
        **describe_long_invoke(apdu.long_invoke),
        "date_time": hex_or_none(apdu.date_time),
        "specifications": [_specification(each) for each in apdu.specifications],
        "data": describe_payloads((each.target for each in apdu.specifications), apdu.data, context),
    }


def _access_response(apdu: access.AccessResponse, _: Context) -> JsonObject:
    echoed = apdu.request_specifications
    return {
        **describe_long_invoke(apdu.long_invoke),
        "date_time": hex_or_none(apdu.date_time),
        "request_specifications": None if echoed is None else [_specification(each) for each in echoed],
        "data": describe_all(apdu.data),
        "results": [{"kind": each.kind.standard_name, "result": each.result.code} for each in apdu.results],
    }


def _event_notification(apdu: notification.EventNotificationRequest, _: Context) -> JsonObject:
    return {
        "time": hex_or_none(apdu.time),
        **describe_attribute_descriptor(apdu.attribute),
        "value": describe_data(apdu.value),
    }


def _data_notification(apdu: notification.DataNotification, _: Context) -> JsonObject:
    return {
        **describe_long_invoke(apdu.long_invoke),
        "date_time": hex_or_none(apdu.date_time),
        "body": describe_data(apdu.body),
    }


def _data_notification_confirm(apdu: notification.DataNotificationConfirm, _: Context) -> JsonObject:
    return {**describe_long_invoke(apdu.long_invoke), "date_time": hex_or_none(apdu.date_time)}


def _variable(variable: short_name.VariableAccess) -> JsonObject:
    match variable:
        case short_name.VariableName():
            return {"variable_name": variable.short_name}
        case short_name.ParameterizedAccess():
            return {
                "parameterized_access": {
                    "variable_name": variable.short_name,
                    "selector": variable.selector,
                    "parameter": describe_data(variable.parameter),
                }
            }
        case short_name.BlockNumberAccess():
            return {"block_number": variable.block_number}
        case short_name.ReadDataBlockAccess():
            return {"read_data_block": describe_data_block(variable.block)}
        case short_name.WriteDataBlockAccess():
            return {"write_data_block": {"last_block": variable.last_block, "block_number": variable.block_number}}
        case _:
            assert_never(variable)


def _short_name_result(result: short_name.ReadResult | short_name.WriteResult) -> JsonObject:
    match result:
        case None:
            return {"success": True}
        case Data() | DataAccessResult():
            return describe_get_data_result(result)
        case DataBlock():
            return {"data_block": describe_data_block(result)}
        case short_name.BlockNumberResult():
            return {"block_number": result.block_number}
        case _:
            assert_never(result)


def _variables(variables: tuple[short_name.VariableAccess, ...]) -> JsonObject:
    described: list[Json] = [_variable(variable) for variable in variables]
    return {"variables": described}


def _read_request(apdu: short_name.ReadRequest, _: Context) -> JsonObject:
    return _variables(apdu.variables)


def _write_request(apdu: short_name.WriteRequest | short_name.UnconfirmedWriteRequest, _: Context) -> JsonObject:
    return {**_variables(apdu.variables), "data": describe_all(apdu.data)}


def _short_name_response(apdu: short_name.ReadResponse | short_name.WriteResponse, _: Context) -> JsonObject:
    return {"results": [_short_name_result(result) for result in apdu.results]}


def _information_report(apdu: short_name.InformationReportRequest, _: Context) -> JsonObject:
    time = apdu.current_time
    return {
        "current_time": None if time is None else time.decode("latin-1"),
        **_variables(apdu.variables),
        "data": describe_all(apdu.data),
    }


DESCRIBERS: Final[dict[type, Callable[[Any, Context], JsonObject]]] = {
    get.GetRequestNormal: _get_request_normal,
    get.GetRequestNext: _acknowledgement,
    get.GetRequestWithList: _get_request_with_list,
    get.GetResponseNormal: _get_response_normal,
    get.GetResponseWithDatablock: _get_response_with_datablock,
    get.GetResponseWithList: _get_response_with_list,
    set_.SetRequestNormal: _set_request_normal,
    set_.SetRequestWithFirstDatablock: _set_request_with_first_datablock,
    set_.SetRequestWithDatablock: _set_request_with_datablock,
    set_.SetRequestWithList: _set_request_with_list,
    set_.SetRequestWithListAndFirstDatablock: _set_request_with_list_and_first_datablock,
    set_.SetResponseNormal: _set_response,
    set_.SetResponseDatablock: _acknowledgement,
    set_.SetResponseLastDatablock: _set_response,
    set_.SetResponseLastDatablockWithList: _set_response_list,
    set_.SetResponseWithList: _set_response_list,
    action.ActionRequestNormal: _action_request_normal,
    action.ActionRequestNextPblock: _acknowledgement,
    action.ActionRequestWithList: _action_request_with_list,
    action.ActionRequestWithFirstPblock: _action_request_with_first_pblock,
    action.ActionRequestWithListAndFirstPblock: _action_request_with_list_and_first_pblock,
    action.ActionRequestWithPblock: _pblock,
    action.ActionResponseNormal: _action_response_normal,
    action.ActionResponseWithPblock: _pblock,
    action.ActionResponseWithList: _action_response_with_list,
    action.ActionResponseNextPblock: _acknowledgement,
    access.AccessRequest: _access_request,
    access.AccessResponse: _access_response,
    notification.EventNotificationRequest: _event_notification,
    notification.DataNotification: _data_notification,
    notification.DataNotificationConfirm: _data_notification_confirm,
    short_name.ReadRequest: _read_request,
    short_name.ReadResponse: _short_name_response,
    short_name.WriteRequest: _write_request,
    short_name.WriteResponse: _short_name_response,
    short_name.UnconfirmedWriteRequest: _write_request,
    short_name.InformationReportRequest: _information_report,
}
