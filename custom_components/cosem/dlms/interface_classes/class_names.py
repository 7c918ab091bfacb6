"""Names of interface classes and attributes (IEC 62056-6-2), for people; those of the newest version known.

A class with a file of its own has its attributes there; here are those of the others, from 2 on.
"""

from typing import Final

from .association_ln import AssociationLnAttribute
from .clock import ClockAttribute
from .data import DataAttribute
from .demand_register import DemandRegisterAttribute
from .extended_register import ExtendedRegisterAttribute
from .interface_class import LOGICAL_NAME_ATTRIBUTE, AttributeIndex, InterfaceClass
from .mbus_client import MbusClientAttribute
from .profile_generic import ProfileGenericAttribute
from .register import RegisterAttribute
from .sap_assignment import SapAssignmentAttribute
from .security_setup import SecuritySetupAttribute

_CLASSES: Final[dict[InterfaceClass, tuple[str, type[AttributeIndex] | tuple[str, ...]]]] = {
    InterfaceClass.DATA: ("Data", DataAttribute),
    InterfaceClass.REGISTER: ("Register", RegisterAttribute),
    InterfaceClass.EXTENDED_REGISTER: ("Extended register", ExtendedRegisterAttribute),
    InterfaceClass.DEMAND_REGISTER: ("Demand register", DemandRegisterAttribute),
    InterfaceClass.REGISTER_ACTIVATION: ("Register activation", ("register_assignment", "mask_list", "active_mask")),
    InterfaceClass.PROFILE_GENERIC: ("Profile generic", ProfileGenericAttribute),
    InterfaceClass.CLOCK: ("Clock", ClockAttribute),
    InterfaceClass.SCRIPT_TABLE: ("Script table", ("scripts",)),
    InterfaceClass.SCHEDULE: ("Schedule", ("entries",)),
    InterfaceClass.SPECIAL_DAYS_TABLE: ("Special days table", ("entries",)),
    InterfaceClass.ASSOCIATION_SN: (
        "Association SN",
        ("object_list", "access_rights_list", "security_setup_reference", "user_list", "current_user"),
    ),
    InterfaceClass.ASSOCIATION_LN: ("Association LN", AssociationLnAttribute),
    InterfaceClass.SAP_ASSIGNMENT: ("SAP assignment", SapAssignmentAttribute),
    InterfaceClass.IMAGE_TRANSFER: (
        "Image transfer",
        (
            "image_block_size",
            "image_transferred_blocks_status",
            "image_first_not_transferred_block_number",
            "image_transfer_enabled",
            "image_transfer_status",
            "image_to_activate_info",
        ),
    ),
    InterfaceClass.IEC_LOCAL_PORT_SETUP: ("IEC local port setup", ()),
    InterfaceClass.ACTIVITY_CALENDAR: (
        "Activity calendar",
        (
            "calendar_name_active",
            "season_profile_active",
            "week_profile_table_active",
            "day_profile_table_active",
            "calendar_name_passive",
            "season_profile_passive",
            "week_profile_table_passive",
            "day_profile_table_passive",
            "activate_passive_calendar_time",
        ),
    ),
    InterfaceClass.REGISTER_MONITOR: ("Register monitor", ("thresholds", "monitored_value", "actions")),
    InterfaceClass.SINGLE_ACTION_SCHEDULE: ("Single action schedule", ("executed_script", "type", "execution_time")),
    InterfaceClass.IEC_HDLC_SETUP: ("IEC HDLC setup", ()),
    InterfaceClass.IEC_TWISTED_PAIR_SETUP: ("IEC twisted pair setup", ()),
    InterfaceClass.MBUS_SLAVE_PORT_SETUP: ("M-Bus slave port setup", ()),
    InterfaceClass.UTILITY_TABLES: ("Utility tables", ("table_id", "length", "buffer")),
    InterfaceClass.MODEM_CONFIGURATION: ("Modem configuration", ()),
    InterfaceClass.AUTO_ANSWER: ("Auto answer", ()),
    InterfaceClass.AUTO_CONNECT: (
        "Auto connect",
        ("mode", "repetitions", "repetition_delay", "calling_window", "destination_list"),
    ),
    InterfaceClass.DATA_PROTECTION: ("Data protection", ()),
    InterfaceClass.PUSH_SETUP: (
        "Push setup",
        (
            "push_object_list",
            "send_destination_and_method",
            "communication_window",
            "randomisation_start_interval",
            "number_of_retries",
            "repetition_delay",
            "port_reference",
            "push_client_SAP",
            "push_protection_parameters",
            "push_operation_method",
            "confirmation_parameters",
            "last_confirmation_date_time",
        ),
    ),
    InterfaceClass.TCP_UDP_SETUP: (
        "TCP-UDP setup",
        ("TCP-UDP_port", "IP_reference", "MSS", "nb_of_sim_conn", "inactivity_time_out"),
    ),
    InterfaceClass.IPV4_SETUP: (
        "IPv4 setup",
        (
            "DL_reference",
            "IP_address",
            "multicast_IP_address",
            "IP_options",
            "subnet_mask",
            "gateway_IP_address",
            "use_DHCP_flag",
            "primary_DNS_address",
            "secondary_DNS_address",
        ),
    ),
    InterfaceClass.MAC_ADDRESS_SETUP: ("MAC address setup", ("MAC_address",)),
    InterfaceClass.PPP_SETUP: ("PPP setup", ("PHY_reference", "LCP_options", "IPCP_options", "PPP_authentication")),
    InterfaceClass.GPRS_MODEM_SETUP: ("GPRS modem setup", ("APN", "PIN_code", "quality_of_service")),
    InterfaceClass.SMTP_SETUP: ("SMTP setup", ()),
    InterfaceClass.GSM_DIAGNOSTIC: (
        "GSM diagnostic",
        ("operator", "status", "cs_attachment", "ps_status", "cell_info", "adjacent_cells", "capture_time"),
    ),
    InterfaceClass.IPV6_SETUP: (
        "IPv6 setup",
        (
            "DL_reference",
            "address_config_mode",
            "unicast_IPv6_addresses",
            "multicast_IPv6_addresses",
            "gateway_IPv6_addresses",
            "primary_DNS_address",
            "secondary_DNS_address",
            "traffic_class",
            "neighbor_discovery_setup",
        ),
    ),
    InterfaceClass.REGISTER_TABLE: ("Register table", ("table_cell_values", "table_cell_definition", "scaler_unit")),
    InterfaceClass.COMPACT_DATA: (
        "Compact data",
        ("compact_buffer", "capture_objects", "template_id", "template_description", "capture_method"),
    ),
    InterfaceClass.STATUS_MAPPING: ("Status mapping", ("status_word", "mapping_table")),
    InterfaceClass.SECURITY_SETUP: ("Security setup", SecuritySetupAttribute),
    InterfaceClass.PARAMETER_MONITOR: ("Parameter monitor", ("changed_parameter", "capture_time", "parameter_list")),
    InterfaceClass.SENSOR_MANAGER: (
        "Sensor manager",
        (
            "serial_number",
            "metrological_identification",
            "output_type",
            "adjustment_method",
            "sealing_method",
            "raw_value",
            "scaler_unit",
            "status",
            "capture_time",
            "raw_value_thresholds",
            "raw_value_actions",
            "processed_value",
            "processed_value_thresholds",
            "processed_value_actions",
        ),
    ),
    InterfaceClass.ARBITRATOR: (
        "Arbitrator",
        ("actions", "permissions_table", "weightings_table", "most_recent_requests_table", "last_outcome"),
    ),
    InterfaceClass.DISCONNECT_CONTROL: ("Disconnect control", ("output_state", "control_state", "control_mode")),
    InterfaceClass.LIMITER: (
        "Limiter",
        (
            "monitored_value",
            "threshold_active",
            "threshold_normal",
            "threshold_emergency",
            "min_over_threshold_duration",
            "min_under_threshold_duration",
            "emergency_profile",
            "emergency_profile_group_id_list",
            "emergency_profile_active",
            "actions",
        ),
    ),
    InterfaceClass.MBUS_CLIENT: ("M-Bus client", MbusClientAttribute),
    InterfaceClass.MBUS_MASTER_PORT_SETUP: ("M-Bus master port setup", ()),
    InterfaceClass.DLMS_SERVER_MBUS_PORT_SETUP: ("DLMS server M-Bus port setup", ()),
    InterfaceClass.MBUS_DIAGNOSTIC: ("M-Bus diagnostic", ()),
    InterfaceClass.NTP_SETUP: (
        "NTP setup",
        ("activated", "server_address", "server_port", "authentication_method", "authentication_keys", "client_key"),
    ),
    InterfaceClass.ACCOUNT: (
        "Account",
        (
            "account_mode_and_status",
            "current_credit_in_use",
            "current_credit_status",
            "available_credit",
            "amount_to_clear",
            "clearance_threshold",
            "aggregated_debt",
            "credit_reference_list",
            "charge_reference_list",
            "credit_charge_configuration",
            "token_gateway_configuration",
            "account_activation_time",
            "account_closure_time",
            "currency",
            "low_credit_threshold",
            "next_credit_available_threshold",
            "max_provision",
            "max_provision_period",
        ),
    ),
    InterfaceClass.CREDIT: (
        "Credit",
        (
            "current_credit_amount",
            "credit_type",
            "priority",
            "warning_threshold",
            "limit",
            "credit_configuration",
            "credit_status",
            "preset_credit_amount",
            "credit_available_threshold",
            "period",
        ),
    ),
    InterfaceClass.CHARGE: (
        "Charge",
        (
            "total_amount_paid",
            "charge_type",
            "priority",
            "unit_charge_active",
            "unit_charge_passive",
            "unit_charge_activation_time",
            "period",
            "charge_configuration",
            "last_collection_time",
            "last_collection_amount",
            "total_amount_remaining",
            "proportion",
        ),
    ),
    InterfaceClass.TOKEN_GATEWAY: (
        "Token gateway",
        ("token", "token_time", "token_description", "token_delivery_method", "token_status"),
    ),
    InterfaceClass.FUNCTION_CONTROL: ("Function control", ()),
    InterfaceClass.ARRAY_MANAGER: ("Array manager", ()),
    InterfaceClass.COMMUNICATION_PORT_PROTECTION: (
        "Communication port protection",
        (
            "protection_mode",
            "allowed_failed_attempts",
            "initial_lockout_time",
            "steepness_factor",
            "max_lockout_time",
            "port_reference",
            "protection_status",
            "failed_attempts",
            "cumulative_failed_attempts",
        ),
    ),
    InterfaceClass.LTE_MONITORING: ("LTE monitoring", ()),
}


def _by_index(attributes: type[AttributeIndex] | tuple[str, ...]) -> dict[int, str]:
    if isinstance(attributes, tuple):
        return dict(enumerate(attributes, LOGICAL_NAME_ATTRIBUTE + 1))
    return {attribute.value: attribute.standard_name for attribute in attributes}


CLASS_NAMES: Final[dict[int, str]] = {class_id.value: name for class_id, (name, _) in _CLASSES.items()}
"""Class id -> name in the standard."""

_ATTRIBUTE_NAMES: Final[dict[int, dict[int, str]]] = {
    class_id.value: _by_index(attributes) for class_id, (_, attributes) in _CLASSES.items()
}


def class_name(class_id: int) -> str:
    """Name of a class, ``class 8192`` if unknown."""
    return CLASS_NAMES.get(class_id, f"class {class_id}")


def attribute_name(class_id: int, attribute_index: int) -> str | None:
    """Name of an attribute in the standard, None if unknown."""
    if attribute_index == LOGICAL_NAME_ATTRIBUTE:
        return "logical_name"
    return _ATTRIBUTE_NAMES.get(class_id, {}).get(attribute_index)


def attribute_index_of(class_id: int, name: str) -> int | None:
    """Index of the attribute with this name, None if unknown."""
    names = _ATTRIBUTE_NAMES.get(class_id, {})
    return next((index for index, found in names.items() if found == name), None)
