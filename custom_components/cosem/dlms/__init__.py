"""DLMS/COSEM over TCP (IEC 62056-9-7): all public names. Knows nothing of Home Assistant."""

from .addresses import DEFAULT_PORT, MANAGEMENT_WPORT, MAX_PORT, MAX_WPORT, PUBLIC_CLIENT_WPORT, TransportProtocol
from .apdu.acse import Mechanism
from .apdu.common import AttributeDescriptor, MethodDescriptor, Selection
from .apdu.initiate import DEFAULT_PROPOSED_CONFORMANCE, Conformance
from .apdu.notification import DataNotification, EventNotificationRequest
from .apdu.short_name import InformationReportRequest
from .client.association import Association
from .client.call_desk import CallDesk, ExpectedCaller
from .client.calls import AwaitedCalls, CalledLink
from .client.channel import Channel, Connector, with_datagrams, with_wrapper
from .client.client import DlmsClient
from .client.doctor import Patient, diagnose
from .client.hearing import Heard, Hearing, Source
from .client.invocation_counter import INVOCATION_COUNTER, confirmable_counter, learn_invocation_counter, settle
from .client.layer_findings import LayerFinding, LayerVerdict
from .client.link import NotificationConsumer, Timing
from .client.list_sizes import ListSizes, ListWays
from .client.listener import NotificationListener
from .client.observer import Observer
from .client.own_address import own_address_towards
from .client.profile_reading import ProfileReading
from .client.profile_request import ProfileRequest, ProfileWay, ProfileWays
from .client.proof_forms import KnownForm
from .client.security_state import CounterStore, SecurityState
from .client.short_names import ShortNames
from .client.symptom import Symptom, symptom_of
from .client.transport import Transport, open_tcp, resolve
from .client.udp_transport import open_udp
from .client.verdict import Diagnosis, Layer, Verdict, layer_of, while_associating, while_reading
from .describe.elements import Json, JsonObject, describe_data, json_text
from .describe.guarded_targets import is_of_security, is_of_supply
from .describe.notifications import described_pushed_value, notification_time
from .describe.profile_cells import described_column, json_cells
from .describe.push_setup import described_push_setup
from .describe.readings import described_reading, not_finite, with_units
from .describe.redacted import apdu_in_words, redacted
from .describe.secret_targets import is_secret, is_secret_or_proof
from .describe.typed_target import typed_attribute, typed_method
from .describe.typed_value import TYPE_NAMES, typed_data
from .describe.values import is_number, raw_value
from .encoding.cosem_time import ClockStatus, CosemDateTime, TimePolicy, tells_moments_apart
from .encoding.data import BitString, CompactArray, Data, DataType, PlainValue, plain
from .encoding.logical_name import LogicalName, Medium
from .errors import (
    ActionError,
    ActionResultCode,
    AssociationAborted,
    AssociationError,
    AssociationRejected,
    AssociationResult,
    AuthenticationTagInvalid,
    CallerNotExpected,
    ChallengeRefused,
    ConfirmedService,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DataAccessError,
    DataAccessResultCode,
    DecodeError,
    DeviceInUse,
    DiagnosticSource,
    DlmsError,
    EchoReceived,
    ExceptionReceived,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    LimitExceeded,
    ListenerUnavailable,
    LocalProtocolError,
    NotWrapper,
    OutcomeUnknown,
    PeerNotAuthenticated,
    ProofRefused,
    ProtocolError,
    ProviderDiagnostic,
    RemoteProtocolError,
    ResponseTimeout,
    SecurityDowngrade,
    SecurityError,
    ServiceError,
    ServiceErrorCode,
    ShortNameUnknown,
    StateErrorCode,
    SystemTitleMismatch,
    TransportError,
    UnexpectedApdu,
    UserDiagnostic,
    WrongAddress,
)
from .interface_classes.association_ln import (
    CURRENT_ASSOCIATION,
    CURRENT_OBJECT_LIST,
    AccessRights,
    AssociationLnAttribute,
    AssociationLnMethod,
    MethodAccess,
    ObjectListElement,
    decode_object_list,
)
from .interface_classes.class_names import attribute_name, class_name
from .interface_classes.clock import (
    CLOCK,
    CLOCK_TIME,
    ClockAttribute,
    ClockQuality,
    clock_quality,
    date_or_time_text,
    instant,
    is_clock_name,
    is_unspecified,
)
from .interface_classes.data import DataAttribute
from .interface_classes.demand_register import DemandRegisterAttribute
from .interface_classes.extended_register import (
    ExtendedRegisterAttribute,
    says_something,
    set_bits,
    status_text,
)
from .interface_classes.interface_class import InterfaceClass
from .interface_classes.logical_device_name import (
    LOGICAL_DEVICE_NAME,
    LogicalDeviceName,
    display_text,
    logical_device_name_of,
)
from .interface_classes.mbus_client import (
    MbusClientAttribute,
    MbusDeviceType,
    manufacturer_letters,
    printed_number,
)
from .interface_classes.profile_columns import ProfileColumn, ProfileRow, SortMethod
from .interface_classes.profile_generic import (
    CaptureObject,
    ProfileGenericAttribute,
)
from .interface_classes.push_lists import PushLists, read_listed_values
from .interface_classes.push_setup import (
    PushMessage,
    PushObject,
    PushSetupAttribute,
    PushSetupMethod,
    PushTransport,
    SendDestination,
    decode_push_object_list,
    decode_send_destination_and_method,
    encode_push_client_sap,
    encode_push_object_list,
    encode_send_destination_and_method,
    push_destination,
    push_object_list_version,
)
from .interface_classes.push_templates import templates_of
from .interface_classes.pushed_rows import is_date_time
from .interface_classes.pushed_values import Notification, PushedValue, PushedValues
from .interface_classes.register import (
    UNSCALED,
    RegisterAttribute,
    ScalerUnit,
    decimal_text,
    decode_scaler_unit,
    number_of,
    scale,
)
from .interface_classes.sap_assignment import (
    SAP_ASSIGNMENT,
    SAP_ASSIGNMENT_LIST,
    SapAssignment,
    SapAssignmentAttribute,
    decode_sap_assignment_list,
)
from .interface_classes.security_setup import SecuritySetupAttribute, SecuritySetupMethod
from .interface_classes.short_names import ShortNameObject
from .interface_classes.units import UNITS, Unit, unit_symbol
from .interface_classes.value_attributes import scaler_unit_attribute
from .limits import DEFAULT_LIMITS, Limits
from .protocol.association_kind import AssociationKind
from .protocol.framing import Message
from .protocol.leniencies import Leniency
from .protocol.notification_senders import NotificationSenders
from .protocol.proof_form import ProofForm
from .protocol.proposal import AssociationParameters, Negotiated, WportPair
from .protocol.referencing import Referencing
from .protocol.transfer.access import AccessItem, AccessOutcome, to_execute, to_get, to_set
from .security.counters import MAX_SENDING_VALUE
from .security.key_pairs import PrivateKey, PublicKey, generate_key_pair, load_private_key_pem, load_public_key_pem
from .security.keys import Secret
from .security.notification_keys import NotificationKeys
from .security.settings import NO_KEY, Envelope, KeyInfoKind, KeyPairs, SecuritySettings
from .security.suite import Protection, SecuritySuite
from .security.typed import (
    MAX_MANUFACTURER_SECRET,
    MAX_SECRET,
    InputFault,
    TypedInputError,
    is_public_example,
    parse_certificate,
    parse_key,
    parse_mechanism,
    parse_private_key,
    parse_protection,
    parse_public_key,
    parse_secret,
    parse_system_title,
    public_part,
    secret_octets,
    title_in_certificate,
)

__all__ = [
    "CLOCK",
    "CLOCK_TIME",
    "CURRENT_ASSOCIATION",
    "CURRENT_OBJECT_LIST",
    "DEFAULT_LIMITS",
    "DEFAULT_PORT",
    "DEFAULT_PROPOSED_CONFORMANCE",
    "INVOCATION_COUNTER",
    "LOGICAL_DEVICE_NAME",
    "MANAGEMENT_WPORT",
    "MAX_MANUFACTURER_SECRET",
    "MAX_PORT",
    "MAX_SECRET",
    "MAX_SENDING_VALUE",
    "MAX_WPORT",
    "NO_KEY",
    "PUBLIC_CLIENT_WPORT",
    "SAP_ASSIGNMENT",
    "SAP_ASSIGNMENT_LIST",
    "TYPE_NAMES",
    "UNITS",
    "UNSCALED",
    "AccessItem",
    "AccessOutcome",
    "AccessRights",
    "ActionError",
    "ActionResultCode",
    "Association",
    "AssociationAborted",
    "AssociationError",
    "AssociationKind",
    "AssociationLnAttribute",
    "AssociationLnMethod",
    "AssociationParameters",
    "AssociationRejected",
    "AssociationResult",
    "AttributeDescriptor",
    "AuthenticationTagInvalid",
    "AwaitedCalls",
    "BitString",
    "CallDesk",
    "CalledLink",
    "CallerNotExpected",
    "CaptureObject",
    "ChallengeRefused",
    "Channel",
    "ClockAttribute",
    "ClockQuality",
    "ClockStatus",
    "CompactArray",
    "ConfirmedService",
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
    "DataAccessResultCode",
    "DataAttribute",
    "DataNotification",
    "DataType",
    "DecodeError",
    "DemandRegisterAttribute",
    "DeviceInUse",
    "Diagnosis",
    "DiagnosticSource",
    "DlmsClient",
    "DlmsError",
    "EchoReceived",
    "Envelope",
    "EventNotificationRequest",
    "ExceptionReceived",
    "ExpectedCaller",
    "ExtendedRegisterAttribute",
    "Heard",
    "Hearing",
    "InformationReportRequest",
    "InputFault",
    "InterfaceClass",
    "InvocationCounterExhausted",
    "InvocationCounterNotStored",
    "InvocationCounterRefused",
    "InvocationCounterReplayed",
    "Json",
    "JsonObject",
    "KeyInfoKind",
    "KeyPairs",
    "KnownForm",
    "Layer",
    "LayerFinding",
    "LayerVerdict",
    "Leniency",
    "LimitExceeded",
    "Limits",
    "ListSizes",
    "ListWays",
    "ListenerUnavailable",
    "LocalProtocolError",
    "LogicalDeviceName",
    "LogicalName",
    "MbusClientAttribute",
    "MbusDeviceType",
    "Mechanism",
    "Medium",
    "Message",
    "MethodAccess",
    "MethodDescriptor",
    "Negotiated",
    "NotWrapper",
    "Notification",
    "NotificationConsumer",
    "NotificationKeys",
    "NotificationListener",
    "NotificationSenders",
    "ObjectListElement",
    "Observer",
    "OutcomeUnknown",
    "Patient",
    "PeerNotAuthenticated",
    "PlainValue",
    "PrivateKey",
    "ProfileColumn",
    "ProfileGenericAttribute",
    "ProfileReading",
    "ProfileRequest",
    "ProfileRow",
    "ProfileWay",
    "ProfileWays",
    "ProofForm",
    "ProofRefused",
    "Protection",
    "ProtocolError",
    "ProviderDiagnostic",
    "PublicKey",
    "PushLists",
    "PushMessage",
    "PushObject",
    "PushSetupAttribute",
    "PushSetupMethod",
    "PushTransport",
    "PushedValue",
    "PushedValues",
    "Referencing",
    "RegisterAttribute",
    "RemoteProtocolError",
    "ResponseTimeout",
    "SapAssignment",
    "SapAssignmentAttribute",
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
    "SendDestination",
    "ServiceError",
    "ServiceErrorCode",
    "ShortNameObject",
    "ShortNameUnknown",
    "ShortNames",
    "SortMethod",
    "Source",
    "StateErrorCode",
    "Symptom",
    "SystemTitleMismatch",
    "TimePolicy",
    "Timing",
    "Transport",
    "TransportError",
    "TransportProtocol",
    "TypedInputError",
    "UnexpectedApdu",
    "Unit",
    "UserDiagnostic",
    "Verdict",
    "WportPair",
    "WrongAddress",
    "apdu_in_words",
    "attribute_name",
    "class_name",
    "clock_quality",
    "confirmable_counter",
    "date_or_time_text",
    "decimal_text",
    "decode_object_list",
    "decode_push_object_list",
    "decode_sap_assignment_list",
    "decode_scaler_unit",
    "decode_send_destination_and_method",
    "describe_data",
    "described_column",
    "described_push_setup",
    "described_pushed_value",
    "described_reading",
    "diagnose",
    "display_text",
    "encode_push_client_sap",
    "encode_push_object_list",
    "encode_send_destination_and_method",
    "generate_key_pair",
    "instant",
    "is_clock_name",
    "is_date_time",
    "is_number",
    "is_of_security",
    "is_of_supply",
    "is_public_example",
    "is_secret",
    "is_secret_or_proof",
    "is_unspecified",
    "json_cells",
    "json_text",
    "layer_of",
    "learn_invocation_counter",
    "load_private_key_pem",
    "load_public_key_pem",
    "logical_device_name_of",
    "manufacturer_letters",
    "not_finite",
    "notification_time",
    "number_of",
    "open_tcp",
    "open_udp",
    "own_address_towards",
    "parse_certificate",
    "parse_key",
    "parse_mechanism",
    "parse_private_key",
    "parse_protection",
    "parse_public_key",
    "parse_secret",
    "parse_system_title",
    "plain",
    "printed_number",
    "public_part",
    "push_destination",
    "push_object_list_version",
    "raw_value",
    "read_listed_values",
    "redacted",
    "resolve",
    "says_something",
    "scale",
    "scaler_unit_attribute",
    "secret_octets",
    "set_bits",
    "settle",
    "status_text",
    "symptom_of",
    "tells_moments_apart",
    "templates_of",
    "title_in_certificate",
    "to_execute",
    "to_get",
    "to_set",
    "typed_attribute",
    "typed_data",
    "typed_method",
    "unit_symbol",
    "while_associating",
    "while_reading",
    "with_datagrams",
    "with_units",
    "with_wrapper",
]
