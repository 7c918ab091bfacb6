"""The command ``info``: what a meter says of itself, and what was agreed on."""

import argparse
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..client.association import Association
from ..client.reading import ResultByAttribute
from ..describe.elements import Json, JsonObject
from ..encoding.data_types import Data
from ..encoding.logical_name import LogicalName
from ..errors import RemoteProtocolError, ServiceError
from ..interface_classes.association_ln import CURRENT_ASSOCIATION, AssociationLnAttribute
from ..interface_classes.association_sn import AssociationSnAttribute
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
_LOGICAL_NAME_SIZE: Final = 6

_NAME: Final = AttributeDescriptor(InterfaceClass.DATA, LOGICAL_DEVICE_NAME, DataAttribute.VALUE)
_SERIAL_NUMBER: Final = AttributeDescriptor(
    InterfaceClass.DATA, LogicalName.parse("0.0.96.1.0.255"), DataAttribute.VALUE
)
_FIRMWARE: Final = AttributeDescriptor(InterfaceClass.DATA, LogicalName.parse("1.0.0.2.0.255"), DataAttribute.VALUE)
_ASKED: Final = (_NAME, _SERIAL_NUMBER, _FIRMWARE, SAP_ASSIGNMENT_LIST)
_SETUP_REFERENCE: Final = AttributeDescriptor(
    InterfaceClass.ASSOCIATION_LN, CURRENT_ASSOCIATION, AssociationLnAttribute.SECURITY_SETUP_REFERENCE
)
_SHORT_SETUP_REFERENCE: Final = AttributeDescriptor(
    InterfaceClass.ASSOCIATION_SN, CURRENT_ASSOCIATION, AssociationSnAttribute.SECURITY_SETUP_REFERENCE
)
"""A meter has a security setup for each client that it knows keys of: this names ours."""


def show_info(options: argparse.Namespace, console: Console) -> int:
    """Show one object. What the meter does not tell is null."""
    found: ResultByAttribute = {}

    async def asked(association: Association) -> Association:
        reference = _reference(association)
        await _read(association, (*_ASKED, reference), found)
        await _read(association, _of_security_setup(found, reference), found)
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


async def _read(association: Association, asked: Sequence[AttributeDescriptor], found: ResultByAttribute) -> None:
    missing = [each for each in asked if each not in found]
    with suppress(ServiceError):  # what was agreed on is known all the same
        await association.get_many(missing, found)


def _reference(association: Association) -> AttributeDescriptor:
    return _SHORT_SETUP_REFERENCE if association.negotiated.uses_short_names else _SETUP_REFERENCE


def _of_security_setup(found: ResultByAttribute, reference: AttributeDescriptor) -> list[AttributeDescriptor]:
    """Return policy and suite in the security setup that the association names; nothing if it names none."""
    data = _data(found, reference)
    octets = None if data is None else data.value
    if not isinstance(octets, bytes) or len(octets) != _LOGICAL_NAME_SIZE:
        return []
    return [
        AttributeDescriptor(InterfaceClass.SECURITY_SETUP, LogicalName(octets), attribute)
        for attribute in (SecuritySetupAttribute.SECURITY_POLICY, SecuritySetupAttribute.SECURITY_SUITE)
    ]


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
    return {
        "dlms_version": negotiated.dlms_version,
        "referencing": Referencing.SHORT_NAME if negotiated.uses_short_names else Referencing.LOGICAL_NAME,
        "conformance": [*negotiated.conformance.standard_names],
        "client_max_receive_pdu_size": negotiated.client_max_receive_pdu_size,
        "server_max_receive_pdu_size": negotiated.server_max_receive_pdu_size,
    }


def _security(association: Association, found: ResultByAttribute) -> JsonObject:
    parameters, title = association.parameters, association.negotiated.server_system_title
    security = parameters.security
    ciphers = security is not None and security.is_ciphered
    setup = [_number(found, each) for each in _of_security_setup(found, _reference(association))]
    policy, suite = setup or (None, None)
    return {
        "authentication": MECHANISM_NAMES[parameters.mechanism],
        "protection": PROTECTION_NAMES[0 if security is None else security.protection >> 4],
        "suite": None if security is None else security.suite.value,
        "envelope": security.envelope.value if security is not None and ciphers else None,
        "signed": security is not None and security.sign,
        "dedicated_key": parameters.uses_dedicated_key,
        "meter_system_title": None if title is None else title.hex().upper(),
        "meter_policy": policy,
        "meter_suite": suite,
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
