"""The recorded services as transfers of our stack, and their results in the form of the recording."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.action import ActionOutcome
from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    DataAccessResult,
    InvokeIdAndPriority,
    LongInvokeIdAndPriority,
    MethodDescriptor,
    Selection,
)
from custom_components.cosem.dlms.apdu.short_name import ParameterizedAccess, VariableName
from custom_components.cosem.dlms.client.reading import decode_get_list
from custom_components.cosem.dlms.describe import describe
from custom_components.cosem.dlms.encoding.data import Data, decode_data_octets
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DataAccessError, DlmsError
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.transfer import Transfer
from custom_components.cosem.dlms.protocol.transfer.access import Access, AccessItem, to_execute, to_get, to_set
from custom_components.cosem.dlms.protocol.transfer.action import ActionList, ActionOne
from custom_components.cosem.dlms.protocol.transfer.get import GetList, GetOne
from custom_components.cosem.dlms.protocol.transfer.read import ReadList, ReadOne, SingleAccess
from custom_components.cosem.dlms.protocol.transfer.set import SetList, SetOne
from custom_components.cosem.dlms.protocol.transfer.write import WriteOne

from .exchange import data_of

type Described = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One service. ``result``: of the octets that its transfer completes with."""

    transfer: Transfer
    invoke: int | None
    result: Callable[[bytes], Any]

    def failure(self, error: DlmsError) -> Any:
        """The result of an operation that a data-access-result answered."""
        if not isinstance(error, DataAccessError):
            raise error
        return {"error": error.result}


def attribute_of(described: Described) -> AttributeDescriptor:
    """Return the attribute that a description names."""
    return AttributeDescriptor(described["class_id"], LogicalName.parse(described["instance"]), described["attribute"])


def method_of(described: Described) -> MethodDescriptor:
    """Return the method that a description names."""
    return MethodDescriptor(described["class_id"], LogicalName.parse(described["instance"]), described["method"])


def selection_of(described: Described) -> Selection | None:
    """Return the selection of a description."""
    selection = described.get("selection")
    return None if selection is None else Selection(selection["selector"], data_of(selection["parameters"]))


def _get_result(value: Data | DataAccessResult | DataAccessError) -> Any:
    if isinstance(value, Data):
        return {"data": describe(value)}
    return {"error": value.code if isinstance(value, DataAccessResult) else value.result}


def _get(described: Described) -> Operation:
    transfer = GetOne(attribute_of(described), selection_of(described))
    return _operation(described, transfer, lambda octets: _get_result(decode_data_octets(octets)))


def _get_list(described: Described) -> Operation:
    transfer = GetList([(attribute_of(each), selection_of(each)) for each in described["attributes"]])
    return _operation(described, transfer, lambda octets: [_get_result(each) for _, each in decode_get_list(octets)])


class _SetOperation(Operation):
    def failure(self, error: DlmsError) -> Any:
        return super().failure(error)["error"]


def _set(described: Described) -> Operation:
    transfer = SetOne(attribute_of(described), data_of(described["value"]), selection_of(described))
    return _SetOperation(transfer, _invoke(described), lambda _: 0)


def _set_list(described: Described) -> Operation:
    values = map(data_of, described["values"])
    transfer = SetList(list(zip(map(attribute_of, described["attributes"]), values, strict=True)))
    return _operation(described, transfer, list)


def _outcome(outcome: ActionOutcome) -> Described:
    value = outcome.return_parameters
    return {"result": outcome.result.code, "return": None if value is None else _get_result(value)}


def _action(described: Described) -> Operation:
    parameters = described["parameters"]
    transfer = ActionOne(method_of(described), None if parameters is None else data_of(parameters))

    def result(octets: bytes) -> Described:
        form = described["result"].get("raw_form")
        return _outcome(transfer.decode(octets, DEFAULT_LIMITS)) | ({} if form is None else {"raw_form": form})

    return _operation(described, transfer, result)


def _action_list(described: Described) -> Operation:
    parameters = map(data_of, described["parameters"])
    transfer = ActionList(list(zip(map(method_of, described["methods"]), parameters, strict=True)))
    return _operation(
        described, transfer, lambda octets: [_outcome(each) for each in transfer.decode(octets, DEFAULT_LIMITS)]
    )


def variable_of(described: Described) -> SingleAccess:
    """Return the variable that a description names."""
    if "variable_name" in described:
        return VariableName(described["variable_name"])
    access = described["parameterized_access"]
    return ParameterizedAccess(access["variable_name"], access["selector"], data_of(access["parameter"]))


class _ReadOperation(Operation):
    def failure(self, error: DlmsError) -> Any:
        return [super().failure(error)]


def _read(described: Described) -> Operation:
    variables = [variable_of(each) for each in described["variables"]]
    if len(variables) == 1:
        return _ReadOperation(ReadOne(variables[0]), None, lambda octets: [_get_result(decode_data_octets(octets))])
    return Operation(
        ReadList(variables), None, lambda octets: [_get_result(each) for _, each in decode_get_list(octets)]
    )


def _write(described: Described) -> Operation:
    (variable,), (value,) = described["variables"], described["values"]
    return _ReadOperation(WriteOne(variable_of(variable), data_of(value)), None, lambda _: [{"success": True}])


def _access_item(specification: Described, value: Described) -> AccessItem:
    if specification["kind"] == "action":
        return to_execute(method_of(specification), data_of(value))
    if specification["kind"].startswith("set"):
        return to_set(attribute_of(specification), data_of(value), selection_of(specification))
    return to_get(attribute_of(specification), selection_of(specification))


def _access(described: Described) -> Operation:
    long_invoke = LongInvokeIdAndPriority.from_raw(described["long_invoke_id"])
    items = [_access_item(*each) for each in zip(described["specifications"], described["data"], strict=True)]
    transfer = Access(items, break_on_error=long_invoke.break_on_error)
    transfer.number = long_invoke.invoke_id
    invoke = InvokeIdAndPriority(0, long_invoke.confirmed, long_invoke.high_priority)

    def result(octets: bytes) -> Described:
        transfer.decode(octets, DEFAULT_LIMITS)
        response = describe(decode_apdu(octets))
        return {name: response[name] for name in ("date_time", "data", "results")}

    return Operation(transfer, invoke.raw, result)


def _invoke(described: Described) -> int | None:
    invoke = described.get("invoke")
    return None if invoke is None else invoke["raw"]


def _operation(described: Described, transfer: Transfer, result: Callable[[bytes], Any]) -> Operation:
    return Operation(transfer, _invoke(described), result)


OPERATIONS: Final[dict[str, Callable[[Described], Operation]]] = {
    "get": _get,
    "get-list": _get_list,
    "set": _set,
    "set-list": _set_list,
    "action": _action,
    "action-list": _action_list,
    "access": _access,
    "read": _read,
    "write": _write,
}


def operation_of(described: Described) -> Operation:
    """Return a recorded service as ours."""
    return OPERATIONS[described["service"]](described)
