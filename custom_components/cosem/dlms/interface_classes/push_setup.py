"""Push setup (class 40, IEC 62056-6-2, versions 0 to 2): what a meter sends unasked, and where to."""

from collections.abc import Sequence
from enum import IntEnum
import re
from typing import Final, NamedTuple

from ..addresses import MAX_PORT
from ..encoding.cosem_time import CosemDateTime
from ..encoding.data import (
    NULL,
    CompactArray,
    Data,
    DataType,
    array,
    encode_data_octets,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
)
from ..encoding.logical_name import LogicalName
from ..errors import DecodeError, LimitExceeded, LocalProtocolError
from ..limits import DEFAULT_LIMITS, Limits
from .clock import decode_clock_time
from .interface_class import LOGICAL_NAME_ATTRIBUTE, AttributeIndex, InterfaceClass
from .logical_device_name import clean_text, string_octets, text_of_octets
from .profile_generic import CaptureObject, encode_capture_object
from .register import integer_of


class PushSetupAttribute(AttributeIndex):
    """Attribute indices; from 8 on since version 1, from 11 on in version 2."""

    PUSH_OBJECT_LIST = 2
    SEND_DESTINATION_AND_METHOD = 3
    COMMUNICATION_WINDOW = 4
    RANDOMISATION_START_INTERVAL = 5
    NUMBER_OF_RETRIES = 6
    REPETITION_DELAY = 7
    PORT_REFERENCE = 8
    PUSH_CLIENT_SAP = 9
    PUSH_PROTECTION_PARAMETERS = 10
    PUSH_OPERATION_METHOD = 11
    CONFIRMATION_PARAMETERS = 12
    LAST_CONFIRMATION_DATE_TIME = 13


class PushSetupMethod(IntEnum):
    """Method indices; the second one since version 2."""

    PUSH = 1
    RESET = 2


class PushTransport(IntEnum):
    """Transport services of send_destination_and_method; from 200 on they are the maker's."""

    TCP = 0
    UDP = 1
    FTP = 2
    SMTP = 3
    SMS = 4
    HDLC = 5
    MBUS = 6
    ZIGBEE = 7
    GATEWAY = 8


class PushMessage(IntEnum):
    """Messages of send_destination_and_method; from 128 on they are the maker's."""

    A_XDR = 0
    XML = 1


class PushObject(NamedTuple):
    """One entry of push_object_list: an attribute, or part of it.

    attribute_index 0: all attributes. data_index 0: all of it, n: its n-th element; upper bits (a selection) are kept.
    restriction (version 1): the entries of a profile that are sent, as it came; None without any.
    columns (version 2): those of a profile that are sent; empty for all.
    """

    class_id: int
    logical_name: LogicalName
    attribute_index: int
    data_index: int = 0
    restriction: Data | None = None
    columns: tuple[CaptureObject, ...] = ()

    @property
    def is_own_name(self) -> bool:
        """True for the logical_name of the push setup, by which a push says where it comes from."""
        return self.class_id == InterfaceClass.PUSH_SETUP and self.attribute_index == LOGICAL_NAME_ATTRIBUTE

    @property
    def is_own_list(self) -> bool:
        """True for the push_object_list itself: the push explains itself."""
        return (
            self.class_id == InterfaceClass.PUSH_SETUP and self.attribute_index == PushSetupAttribute.PUSH_OBJECT_LIST
        )


class SendDestination(NamedTuple):
    """send_destination_and_method: where a push goes to.

    transport_service: PushTransport, or any other number. destination: as sent. message: 0 A-XDR, 1 XML, from 128 on
    the maker's.
    """

    transport_service: int
    destination: bytes
    message: int

    @property
    def transport_name(self) -> str:
        """``TCP``; the number where it has no name."""
        names = {member.value: member.name for member in PushTransport}
        return names.get(self.transport_service, str(self.transport_service))

    @property
    def destination_text(self) -> str:
        """``192.0.2.1:4059``, from text or from six octets; other octets as upper case hex."""
        octets = self.destination
        text = text_of_octets(octets)
        if self.is_in_six_octets:
            return f"{'.'.join(map(str, octets[:4]))}:{int.from_bytes(octets[4:])}"
        return clean_text(text) if text is not None else octets[:_SHOWN].hex().upper()

    @property
    def is_in_six_octets(self) -> bool:
        """Whether the destination is no text, but an IPv4 address and a port."""
        text = text_of_octets(self.destination)
        is_address = len(self.destination) == _ADDRESS_AND_PORT and self.transport_service in _OVER_IP
        return is_address and (text is None or not _HOST_AND_PORT.fullmatch(text))

    @property
    def host_and_port(self) -> tuple[str, int] | None:
        """Where it goes over IP; None where the destination says no such thing."""
        host, _, port = self.destination_text.rpartition(":")
        if self.transport_service not in _OVER_IP or not host or not _PORT.fullmatch(port):
            return None
        return (host.removeprefix("[").removesuffix("]"), int(port)) if 0 < int(port) <= MAX_PORT else None


_OVER_IP: Final = frozenset({PushTransport.TCP, PushTransport.UDP})
_ADDRESS_AND_PORT: Final = 6  # four octets of an IPv4 address, two of a port
_HOST_AND_PORT: Final = re.compile(r"[\w.-]+:\d+", re.ASCII)  # six octets may be a short text, too
_IPV4: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_IPV6: Final = re.compile(
    r"(?=.*:.*:)[0-9A-Fa-f:.]{2,45}"
)  # an adapter behind it is ours, and means nothing to a meter
_OCTET: Final = 255
_HOST_NAME: Final = re.compile(r"[\w.-]{1,253}", re.ASCII)
_PORT: Final = re.compile(r"[0-9]{1,5}")
_SHOWN: Final = 64
_RESTRICTION_NONE: Final = 0
_NUMBERS: Final = (4, 5, 6)
"""Elements of an entry in versions 0, 1 and 2."""
_FIRST_WITH_RESTRICTION: Final = 1
_FIRST_WITH_COLUMNS: Final = 2
_WITH_CLIENT: Final = (DataType.INTEGER, DataType.UNSIGNED, DataType.LONG, DataType.LONG_UNSIGNED)
"""Of push_client_SAP. The standard has the first one, which ends at 127; makers have others."""


def elements_of(data: Data) -> tuple[Data, ...] | None:
    """The elements of an array, a structure or a compact-array; None for other types."""
    value = data.value
    if type(value) is tuple:
        return value
    return value.elements if isinstance(value, CompactArray) else None


def logical_name_of(data: Data) -> LogicalName | None:
    """A logical name in an octet-string of six; None for others."""
    value = data.value
    if data.type is DataType.OCTET_STRING and isinstance(value, bytes) and len(value) == 6:
        return LogicalName(value)
    return None


def decode_push_object(data: Data) -> PushObject:
    """Decode one entry of any version, with any integer types. Raises DecodeError."""
    elements = elements_of(data) if data.type is DataType.STRUCTURE else None
    if elements is None or len(elements) not in _NUMBERS:
        raise DecodeError("a push object is no structure of 4 to 6 elements")
    class_id, name = integer_of(elements[0]), logical_name_of(elements[1])
    attribute_index, data_index = integer_of(elements[2]), integer_of(elements[3])
    if class_id is None or name is None or attribute_index is None or data_index is None:
        raise DecodeError("a push object has no class_id, logical_name, attribute and data index")
    restriction = _restriction(elements[4]) if len(elements) > 4 else None
    columns = _columns(elements[5]) if len(elements) > 5 else ()
    return PushObject(class_id, name, attribute_index, data_index, restriction, columns)


def _restriction(data: Data) -> Data | None:
    if data.type is DataType.NULL_DATA:
        return None
    elements = elements_of(data) if data.type is DataType.STRUCTURE else None
    if elements is None or len(elements) != 2 or (kind := integer_of(elements[0])) is None:
        raise DecodeError("restriction_element is no structure of a type and a value")
    return None if kind == _RESTRICTION_NONE else data


def _columns(data: Data) -> tuple[CaptureObject, ...]:
    if data.type is DataType.NULL_DATA:
        return ()
    elements = elements_of(data)
    if elements is None:
        raise DecodeError("push_object_columns is no array")
    columns = [decode_push_object(element) for element in elements]
    if any(len(elements_of(element) or ()) != 4 for element in elements):
        raise DecodeError("a column of a push object is no structure of 4 elements")
    return tuple(CaptureObject(*column[:4]) for column in columns)


def decode_push_object_list(data: Data, limits: Limits = DEFAULT_LIMITS) -> tuple[PushObject, ...]:
    """Decode attribute 2. Raises DecodeError; LimitExceeded for more than ``limits.objects``."""
    elements = elements_of(data) if data.type is not DataType.STRUCTURE else None
    if elements is None:
        raise DecodeError("push_object_list is no array")
    if len(elements) > limits.objects:
        raise LimitExceeded("push objects", limits.objects)
    return tuple(map(decode_push_object, elements))


def decode_send_destination_and_method(data: Data) -> SendDestination:
    """Decode attribute 3; numbers without a name stay as they are. Raises DecodeError."""
    elements = elements_of(data) if data.type is DataType.STRUCTURE else None
    if elements is None or len(elements) != 3:
        raise DecodeError("send_destination_and_method is no structure of 3 elements")
    service, destination, message = integer_of(elements[0]), string_octets(elements[1]), integer_of(elements[2])
    if service is None or destination is None or message is None:
        raise DecodeError("send_destination_and_method is no service, destination and message")
    return SendDestination(service, destination, message)


def push_object_list_version(data: Data) -> int | None:
    """The version whose entries have so many elements; None for an empty list. Raises DecodeError."""
    items = (elements_of(data) if data.type is not DataType.STRUCTURE else None) or ()
    counts = {len(elements_of(item) or ()) for item in items}
    if not counts <= set(_NUMBERS):
        raise DecodeError("a push object is no structure of 4 to 6 elements")
    return _NUMBERS.index(max(counts)) if counts else None


def decode_communication_window(data: Data) -> tuple[tuple[CosemDateTime, CosemDateTime], ...]:
    """Decode attribute 4: begin and end of each; none means always. Raises DecodeError."""
    elements = elements_of(data) if data.type is not DataType.STRUCTURE else None
    if elements is None:
        raise DecodeError("communication_window is no array")
    windows = []
    for element in elements:
        match elements_of(element):
            case (begin, end):
                windows.append((decode_clock_time(begin), decode_clock_time(end)))
            case _:
                raise DecodeError("a window_element has no begin and end")
    return tuple(windows)


def encode_push_object(item: PushObject, version: int) -> Data:
    """The structure of an entry of this version.

    Raises LocalProtocolError for what does not fit, or what the version cannot say.
    """
    elements = [
        *(long_unsigned(item.class_id), octet_string(item.logical_name.octets)),
        *(integer(item.attribute_index), long_unsigned(item.data_index)),
    ]
    if version >= _FIRST_WITH_RESTRICTION:
        none = structure(enum(_RESTRICTION_NONE), NULL)
        elements.append(none if item.restriction is None else item.restriction)
    elif item.restriction is not None:
        raise LocalProtocolError("a push setup of version 0 has no restriction")
    if version >= _FIRST_WITH_COLUMNS:
        elements.append(array(*map(encode_capture_object, item.columns)))
    elif item.columns:
        raise LocalProtocolError(f"a push setup of version {version} has no columns")
    return _fitting(structure(*elements))


def encode_push_object_list(items: Sequence[PushObject], version: int) -> Data:
    """Attribute 2 of this version. Raises LocalProtocolError."""
    return array(*(encode_push_object(item, version) for item in items))


def encode_send_destination_and_method(sent: SendDestination) -> Data:
    """Attribute 3. Raises LocalProtocolError."""
    return _fitting(structure(enum(sent.transport_service), octet_string(sent.destination), enum(sent.message)))


def encode_push_client_sap(client_wport: int, before: Data | None = None) -> Data:
    """Attribute 9: a client wPort, in the type that the meter has ``before``. Raises LocalProtocolError."""
    kind = before.type if before is not None and before.type in _WITH_CLIENT else DataType.INTEGER
    return _fitting(Data(kind, client_wport))


def push_destination(host: str, port: int, *, in_six_octets: bool = False) -> bytes:
    """The octets of a destination over IP: ``192.0.2.1:4059``, ``[2001:db8::1]:4059``, ``server.example:4059``.

    in_six_octets: as some meters have an IPv4 address and a port. Raises LocalProtocolError.
    """
    if not 0 < port <= MAX_PORT:
        raise LocalProtocolError(f"a port is a number from 1 to {MAX_PORT}, not {port}")
    if in_six_octets:
        numbers = list(map(int, host.split("."))) if _IPV4.fullmatch(host) else []
        if not numbers or max(numbers) > _OCTET:
            raise LocalProtocolError("this meter has six octets for the destination: an IPv4 address and a port")
        return bytes(numbers) + port.to_bytes(2, "big")
    if _IPV6.fullmatch(host):
        return f"[{host}]:{port}".encode("ascii")
    if not _HOST_NAME.fullmatch(host):
        raise LocalProtocolError("a destination is an address or the name of a host, without its port")
    return f"{host}:{port}".encode("ascii")


def _fitting(data: Data) -> Data:
    """Return it. Raises LocalProtocolError where a number does not fit its type."""
    encode_data_octets(data)
    return data
