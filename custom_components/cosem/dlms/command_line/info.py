"""The command ``info``: what a meter says of itself, and what was agreed on."""

import argparse
from contextlib import suppress
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..client.association import Association
from ..client.reading import ResultByAttribute
from ..describe.elements import Json, JsonObject
from ..encoding.data_types import Data
from ..encoding.logical_name import LogicalName
from ..errors import RemoteProtocolError, ServiceError
from ..interface_classes.data import DataAttribute
from ..interface_classes.interface_class import InterfaceClass
from ..interface_classes.logical_device_name import (
    LOGICAL_DEVICE_NAME,
    LogicalDeviceName,
    display_text,
    logical_device_name_of,
)
from ..interface_classes.register import integer_of
from ..interface_classes.sap_assignment import SAP_ASSIGNMENT_LIST, decode_sap_assignment_list
from ..interface_classes.security_setup import SecuritySetupAttribute
from ..protocol.referencing import Referencing
from ..security.names import MECHANISM_NAMES, PROTECTION_NAMES
from .console import Console
from .run import with_association

_LONGEST_NAME: Final = 64

_NAME: Final = AttributeDescriptor(InterfaceClass.DATA, LOGICAL_DEVICE_NAME, DataAttribute.VALUE)
_SERIAL_NUMBER: Final = AttributeDescriptor(
    InterfaceClass.DATA, LogicalName.parse("0.0.96.1.0.255"), DataAttribute.VALUE
)
_FIRMWARE: Final = AttributeDescriptor(InterfaceClass.DATA, LogicalName.parse("1.0.0.2.0.255"), DataAttribute.VALUE)
_SECURITY_SETUP: Final = LogicalName.parse("0.0.43.0.0.255")
_POLICY, _SUITE = (
    AttributeDescriptor(InterfaceClass.SECURITY_SETUP, _SECURITY_SETUP, attribute)
    for attribute in (SecuritySetupAttribute.SECURITY_POLICY, SecuritySetupAttribute.SECURITY_SUITE)
)
_ASKED: Final = (_NAME, _SERIAL_NUMBER, _FIRMWARE, SAP_ASSIGNMENT_LIST, _POLICY, _SUITE)


def show_info(options: argparse.Namespace, console: Console) -> int:
    """Show one object. What the meter does not tell is null."""
    found: ResultByAttribute = {}

    async def asked(association: Association) -> Association:
        with suppress(ServiceError):  # what was agreed on is known all the same
            await association.get_many([each for each in _ASKED if each not in found], found)
        return association

    association = with_association(options, asked, on_progress=console.progress)
    told = {"client": options.client, "server": options.server, **_of_meter(found), **_agreed(association)}
    told["security"] = _security(association, found)
    told["leniencies"] = [*sorted(association.leniencies)]
    if options.json:
        console.json(told)
    else:
        console.lines(_lines(told))
    return 0


def _of_meter(found: ResultByAttribute) -> JsonObject:
    name = logical_device_name_of(data) if (data := _data(found, _NAME)) is not None else None
    return {
        "logical_device_name": None if name is None else name.text or None,
        "manufacturer": None if name is None else name.manufacturer,
        "serial_number": _text(_data(found, _SERIAL_NUMBER)),
        "firmware": _text(_data(found, _FIRMWARE)),
        "logical_devices": _logical_devices(_data(found, SAP_ASSIGNMENT_LIST)),
    }


def _agreed(association: Association) -> JsonObject:
    negotiated = association.negotiated
    by_short_names = negotiated.vaa_name == Referencing.SHORT_NAME.vaa_name
    return {
        "dlms_version": negotiated.dlms_version,
        "referencing": Referencing.SHORT_NAME if by_short_names else Referencing.LOGICAL_NAME,
        "conformance": [*negotiated.conformance.standard_names],
        "client_max_receive_pdu_size": association.parameters.max_receive_pdu_size,
        "server_max_receive_pdu_size": negotiated.server_max_receive_pdu_size,
    }


def _security(association: Association, found: ResultByAttribute) -> JsonObject:
    parameters, title = association.parameters, association.negotiated.server_system_title
    security = parameters.security
    ciphers = security is not None and security.is_ciphered
    return {
        "authentication": MECHANISM_NAMES[parameters.mechanism],
        "protection": PROTECTION_NAMES[0 if security is None else security.protection >> 4],
        "suite": None if security is None else security.suite.value,
        "envelope": security.envelope.value if security is not None and ciphers else None,
        "signed": security is not None and security.sign,
        "dedicated_key": parameters.uses_dedicated_key,
        "meter_system_title": None if title is None else title.hex().upper(),
        "meter_policy": _number(found, _POLICY),
        "meter_suite": _number(found, _SUITE),
    }


def _data(found: ResultByAttribute, attribute: AttributeDescriptor) -> Data | None:
    answer = found.get(attribute)
    return answer if isinstance(answer, Data) else None


def _text(data: Data | None) -> str | None:
    if data is None:
        return None
    number = integer_of(data)
    return display_text(data, _LONGEST_NAME) or (None if number is None else str(number))


def _number(found: ResultByAttribute, attribute: AttributeDescriptor) -> int | None:
    data = _data(found, attribute)
    return None if data is None else integer_of(data)


def _logical_devices(data: Data | None) -> Json:
    """Return wPorts and names, or None."""
    try:
        listed = [] if data is None else decode_sap_assignment_list(data)
    except RemoteProtocolError:
        return None
    return [{"wport": each.sap, "name": LogicalDeviceName(each.logical_device_name).text} for each in listed] or None


def _lines(told: JsonObject) -> list[str]:
    """Return a line for each fact; what is not told is left out."""
    security = told["security"]
    assert isinstance(security, dict)
    flat = {name: value for name, value in told.items() if name != "security"} | security
    width = max(map(len, flat))
    shown = {name: _in_words(value) for name, value in flat.items() if value is not None}
    return [f"{name.replace('_', ' '):<{width}}  {text}" for name, text in shown.items()]


def _in_words(value: Json) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, list):
        return str(value)
    words = [f"{each['wport']} ({each['name']})" if isinstance(each, dict) else str(each) for each in value]
    return ", ".join(words) or "none"
