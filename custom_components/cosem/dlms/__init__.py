"""DLMS/COSEM over TCP (IEC 62056-9-7): the names that everything outside of this package may use.

The package knows nothing of Home Assistant and is importable on its own.
"""

from .apdu.acse import Mechanism
from .apdu.common import AttributeDescriptor, MethodDescriptor, Selection
from .apdu.initiate import DEFAULT_PROPOSED_CONFORMANCE, Conformance
from .client.association import Association
from .client.channel import Channel, Connector, with_wrapper
from .client.client import DEFAULT_PORT, DlmsClient
from .client.invocation_counter import INVOCATION_COUNTER, learn_invocation_counter
from .client.link import Timing
from .client.list_sizes import ReadingMemory
from .client.security_state import CounterStore, SecurityState
from .client.transport import Transport, open_tcp
from .encoding.cosem_time import ClockStatus, CosemDateTime, TimePolicy
from .encoding.data import BitString, CompactArray, Data, DataType, PlainValue, plain
from .encoding.logical_name import LogicalName
from .errors import (
    ActionError,
    AssociationAborted,
    AssociationError,
    AssociationRejected,
    AuthenticationTagInvalid,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DataAccessError,
    DecodeError,
    DlmsError,
    ExceptionReceived,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    LimitExceeded,
    LocalProtocolError,
    NotWrapper,
    PeerNotAuthenticated,
    PeerSpeaks,
    ProtocolError,
    RemoteProtocolError,
    ResponseTimeout,
    SecurityDowngrade,
    SecurityError,
    ServiceError,
    SystemTitleMismatch,
    TransportError,
    UnexpectedApdu,
    WrongAddress,
)
from .interface_classes.association_ln import (
    CURRENT_ASSOCIATION,
    AccessRights,
    AssociationLnAttribute,
    AssociationLnMethod,
    MethodAccess,
    ObjectListElement,
    decode_object_list,
)
from .interface_classes.class_names import CLASS_NAMES, attribute_name, class_name
from .interface_classes.clock import CLOCK, ClockAttribute, ClockMethod, instant
from .interface_classes.data import DataAttribute
from .interface_classes.demand_register import DemandRegisterAttribute, DemandRegisterMethod
from .interface_classes.extended_register import ExtendedRegisterAttribute, ExtendedRegisterMethod, status_text
from .interface_classes.interface_class import InterfaceClass
from .interface_classes.logical_device_name import (
    LOGICAL_DEVICE_NAME,
    LogicalDeviceName,
    clean_text,
    display_text,
    logical_device_name_of,
)
from .interface_classes.mbus_client import MbusClientAttribute, MbusClientMethod, MbusDeviceType
from .interface_classes.profile_generic import BufferSelector, ProfileGenericAttribute, ProfileGenericMethod
from .interface_classes.register import (
    RegisterAttribute,
    RegisterMethod,
    ScalerUnit,
    decimal_text,
    decode_scaler_unit,
    number_of,
    scale,
)
from .interface_classes.sap_assignment import (
    SAP_ASSIGNMENT,
    SapAssignment,
    SapAssignmentAttribute,
    SapAssignmentMethod,
    decode_sap_assignment_list,
)
from .interface_classes.security_setup import SecuritySetupAttribute, SecuritySetupMethod
from .interface_classes.units import UNITS, Unit, unit_symbol
from .interface_classes.value_attributes import SCALER_UNIT_ATTRIBUTE, VALUE_ATTRIBUTES, scaler_unit_attribute
from .limits import DEFAULT_LIMITS, Limits
from .protocol.proposal import AssociationParameters, Negotiated, WportPair
from .security.counters import MAX_SENDING_VALUE, MAX_UNATTENDED_RAISE
from .security.key_pairs import PrivateKey, PublicKey, generate_key_pair, load_private_key_pem, load_public_key_pem
from .security.keys import Secret
from .security.settings import NO_KEY, Envelope, KeyInfoKind, KeyPairs, SecuritySettings
from .security.suite import SYSTEM_TITLE_LENGTH, Protection, SecuritySuite

__all__ = [
    "CLASS_NAMES",
    "CLOCK",
    "CURRENT_ASSOCIATION",
    "DEFAULT_LIMITS",
    "DEFAULT_PORT",
    "DEFAULT_PROPOSED_CONFORMANCE",
    "INVOCATION_COUNTER",
    "LOGICAL_DEVICE_NAME",
    "MAX_SENDING_VALUE",
    "MAX_UNATTENDED_RAISE",
    "NO_KEY",
    "SAP_ASSIGNMENT",
    "SCALER_UNIT_ATTRIBUTE",
    "SYSTEM_TITLE_LENGTH",
    "UNITS",
    "VALUE_ATTRIBUTES",
    "AccessRights",
    "ActionError",
    "Association",
    "AssociationAborted",
    "AssociationError",
    "AssociationLnAttribute",
    "AssociationLnMethod",
    "AssociationParameters",
    "AssociationRejected",
    "AttributeDescriptor",
    "AuthenticationTagInvalid",
    "BitString",
    "BufferSelector",
    "Channel",
    "ClockAttribute",
    "ClockMethod",
    "ClockStatus",
    "CompactArray",
    "ConfirmedServiceErrorReceived",
    "Conformance",
    "ConnectFailed",
    "ConnectFailure",
    "ConnectTimeout",
    "ConnectionLost",
    "Connector",
    "CosemDateTime",
    "CounterStore",
    "Data",
    "DataAccessError",
    "DataAttribute",
    "DataType",
    "DecodeError",
    "DemandRegisterAttribute",
    "DemandRegisterMethod",
    "DlmsClient",
    "DlmsError",
    "Envelope",
    "ExceptionReceived",
    "ExtendedRegisterAttribute",
    "ExtendedRegisterMethod",
    "InterfaceClass",
    "InvocationCounterExhausted",
    "InvocationCounterNotStored",
    "InvocationCounterRefused",
    "InvocationCounterReplayed",
    "KeyInfoKind",
    "KeyPairs",
    "LimitExceeded",
    "Limits",
    "LocalProtocolError",
    "LogicalDeviceName",
    "LogicalName",
    "MbusClientAttribute",
    "MbusClientMethod",
    "MbusDeviceType",
    "Mechanism",
    "MethodAccess",
    "MethodDescriptor",
    "Negotiated",
    "NotWrapper",
    "ObjectListElement",
    "PeerNotAuthenticated",
    "PeerSpeaks",
    "PlainValue",
    "PrivateKey",
    "ProfileGenericAttribute",
    "ProfileGenericMethod",
    "Protection",
    "ProtocolError",
    "PublicKey",
    "ReadingMemory",
    "RegisterAttribute",
    "RegisterMethod",
    "RemoteProtocolError",
    "ResponseTimeout",
    "SapAssignment",
    "SapAssignmentAttribute",
    "SapAssignmentMethod",
    "ScalerUnit",
    "Secret",
    "SecurityDowngrade",
    "SecurityError",
    "SecuritySettings",
    "SecuritySetupAttribute",
    "SecuritySetupMethod",
    "SecurityState",
    "SecuritySuite",
    "Selection",
    "ServiceError",
    "SystemTitleMismatch",
    "TimePolicy",
    "Timing",
    "Transport",
    "TransportError",
    "UnexpectedApdu",
    "Unit",
    "WportPair",
    "WrongAddress",
    "attribute_name",
    "class_name",
    "clean_text",
    "decimal_text",
    "decode_object_list",
    "decode_sap_assignment_list",
    "decode_scaler_unit",
    "display_text",
    "generate_key_pair",
    "instant",
    "learn_invocation_counter",
    "load_private_key_pem",
    "load_public_key_pem",
    "logical_device_name_of",
    "number_of",
    "open_tcp",
    "plain",
    "scale",
    "scaler_unit_attribute",
    "status_text",
    "unit_symbol",
    "with_wrapper",
]
