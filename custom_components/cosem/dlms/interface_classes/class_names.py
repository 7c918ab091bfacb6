"""Names of COSEM interface classes and of their attributes (IEC 62056-6-2), for people.

A table and nothing else. Attribute 1 of every class is the logical name. Where versions of a class differ, the names of
the newest version known here stand; an index behind the table has no name.
"""

from typing import Final

_LOGICAL_NAME: Final = "logical_name"

_CLASSES: Final[dict[int, tuple[str, tuple[str, ...]]]] = {
    1: ("Data", ("value",)),
    3: ("Register", ("value", "scaler_unit")),
    4: ("Extended register", ("value", "scaler_unit", "status", "capture_time")),
    5: (
        "Demand register",
        (
            "current_average_value",
            "last_average_value",
            "scaler_unit",
            "status",
            "capture_time",
            "start_time_current",
            "period",
            "number_of_periods",
        ),
    ),
    6: ("Register activation", ("register_assignment", "mask_list", "active_mask")),
    7: (
        "Profile generic",
        (
            "buffer",
            "capture_objects",
            "capture_period",
            "sort_method",
            "sort_object",
            "entries_in_use",
            "profile_entries",
        ),
    ),
    8: (
        "Clock",
        (
            "time",
            "time_zone",
            "status",
            "daylight_savings_begin",
            "daylight_savings_end",
            "daylight_savings_deviation",
            "daylight_savings_enabled",
            "clock_base",
        ),
    ),
    9: ("Script table", ("scripts",)),
    10: ("Schedule", ("entries",)),
    11: ("Special days table", ("entries",)),
    12: (
        "Association SN",
        ("object_list", "access_rights_list", "security_setup_reference", "user_list", "current_user"),
    ),
    15: (
        "Association LN",
        (
            "object_list",
            "associated_partners_id",
            "application_context_name",
            "xDLMS_context_info",
            "authentication_mechanism_name",
            "secret",
            "association_status",
            "security_setup_reference",
            "user_list",
            "current_user",
        ),
    ),
    17: ("SAP assignment", ("SAP_assignment_list",)),
    18: (
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
    19: ("IEC local port setup", ()),
    20: (
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
    21: ("Register monitor", ("thresholds", "monitored_value", "actions")),
    22: ("Single action schedule", ("executed_script", "type", "execution_time")),
    23: ("IEC HDLC setup", ()),
    24: ("IEC twisted pair setup", ()),
    25: ("M-Bus slave port setup", ()),
    26: ("Utility tables", ("table_id", "length", "buffer")),
    27: ("Modem configuration", ()),
    28: ("Auto answer", ()),
    29: ("Auto connect", ("mode", "repetitions", "repetition_delay", "calling_window", "destination_list")),
    30: ("Data protection", ()),
    40: (
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
    41: ("TCP-UDP setup", ("TCP-UDP_port", "IP_reference", "MSS", "nb_of_sim_conn", "inactivity_time_out")),
    42: (
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
    43: ("MAC address setup", ("MAC_address",)),
    44: ("PPP setup", ("PHY_reference", "LCP_options", "IPCP_options", "PPP_authentication")),
    45: ("GPRS modem setup", ("APN", "PIN_code", "quality_of_service")),
    46: ("SMTP setup", ()),
    47: (
        "GSM diagnostic",
        ("operator", "status", "cs_attachment", "ps_status", "cell_info", "adjacent_cells", "capture_time"),
    ),
    48: (
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
    61: ("Register table", ("table_cell_values", "table_cell_definition", "scaler_unit")),
    62: (
        "Compact data",
        ("compact_buffer", "capture_objects", "template_id", "template_description", "capture_method"),
    ),
    63: ("Status mapping", ("status_word", "mapping_table")),
    64: (
        "Security setup",
        ("security_policy", "security_suite", "client_system_title", "server_system_title", "certificates"),
    ),
    65: ("Parameter monitor", ("changed_parameter", "capture_time", "parameter_list")),
    67: (
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
    68: (
        "Arbitrator",
        ("actions", "permissions_table", "weightings_table", "most_recent_requests_table", "last_outcome"),
    ),
    70: ("Disconnect control", ("output_state", "control_state", "control_mode")),
    71: (
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
    72: (
        "M-Bus client",
        (
            "mbus_port_reference",
            "capture_definition",
            "capture_period",
            "primary_address",
            "identification_number",
            "manufacturer_id",
            "version",
            "device_type",
            "access_number",
            "status",
            "alarm",
            "configuration",
            "encryption_key_status",
        ),
    ),
    74: ("M-Bus master port setup", ()),
    76: ("DLMS server M-Bus port setup", ()),
    77: ("M-Bus diagnostic", ()),
    100: (
        "NTP setup",
        (
            "activated",
            "server_address",
            "server_port",
            "authentication_method",
            "authentication_keys",
            "client_key",
        ),
    ),
    111: (
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
    112: (
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
    113: (
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
    115: ("Token gateway", ("token", "token_time", "token_description", "token_delivery_method", "token_status")),
    122: ("Function control", ()),
    123: ("Array manager", ()),
    124: (
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
    151: ("LTE monitoring", ()),
}

CLASS_NAMES: Final[dict[int, str]] = {class_id: name for class_id, (name, _) in _CLASSES.items()}
"""Class id -> name as the standard writes it."""


def class_name(class_id: int) -> str:
    """Return the name of an interface class, ``class 8192`` for one without a name here."""
    return CLASS_NAMES.get(class_id, f"class {class_id}")


def attribute_name(class_id: int, attribute_index: int) -> str | None:
    """Return the standard's name of an attribute; None when it has none here (manufacturer's own, later versions)."""
    if attribute_index == 1:
        return _LOGICAL_NAME
    _, names = _CLASSES.get(class_id, ("", ()))
    position = attribute_index - 2
    return names[position] if 0 <= position < len(names) else None
