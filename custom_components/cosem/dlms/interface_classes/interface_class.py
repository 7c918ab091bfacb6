"""Numbers of interface classes (class_id, IEC 62056-6-2).

Meters send any class_id: it is compared with these members, never turned into one.
"""

from enum import IntEnum
from typing import Final

LOGICAL_NAME_ATTRIBUTE: Final = 1
"""Attribute 1 of every class; the enumerations leave it out."""


class InterfaceClass(IntEnum):
    """class_id."""

    DATA = 1
    REGISTER = 3
    EXTENDED_REGISTER = 4
    DEMAND_REGISTER = 5
    REGISTER_ACTIVATION = 6
    PROFILE_GENERIC = 7
    CLOCK = 8
    SCRIPT_TABLE = 9
    SCHEDULE = 10
    SPECIAL_DAYS_TABLE = 11
    ASSOCIATION_SN = 12
    ASSOCIATION_LN = 15
    SAP_ASSIGNMENT = 17
    IMAGE_TRANSFER = 18
    IEC_LOCAL_PORT_SETUP = 19
    ACTIVITY_CALENDAR = 20
    REGISTER_MONITOR = 21
    SINGLE_ACTION_SCHEDULE = 22
    IEC_HDLC_SETUP = 23
    IEC_TWISTED_PAIR_SETUP = 24
    MBUS_SLAVE_PORT_SETUP = 25
    UTILITY_TABLES = 26
    MODEM_CONFIGURATION = 27
    AUTO_ANSWER = 28
    AUTO_CONNECT = 29
    DATA_PROTECTION = 30
    PUSH_SETUP = 40
    TCP_UDP_SETUP = 41
    IPV4_SETUP = 42
    MAC_ADDRESS_SETUP = 43
    PPP_SETUP = 44
    GPRS_MODEM_SETUP = 45
    SMTP_SETUP = 46
    GSM_DIAGNOSTIC = 47
    IPV6_SETUP = 48
    REGISTER_TABLE = 61
    COMPACT_DATA = 62
    STATUS_MAPPING = 63
    SECURITY_SETUP = 64
    PARAMETER_MONITOR = 65
    SENSOR_MANAGER = 67
    ARBITRATOR = 68
    DISCONNECT_CONTROL = 70
    LIMITER = 71
    MBUS_CLIENT = 72
    MBUS_MASTER_PORT_SETUP = 74
    DLMS_SERVER_MBUS_PORT_SETUP = 76
    MBUS_DIAGNOSTIC = 77
    NTP_SETUP = 100
    ACCOUNT = 111
    CREDIT = 112
    CHARGE = 113
    TOKEN_GATEWAY = 115
    FUNCTION_CONTROL = 122
    ARRAY_MANAGER = 123
    COMMUNICATION_PORT_PROTECTION = 124
    LTE_MONITORING = 151


_ABBREVIATIONS: Final = {"SAP": "SAP", "XDLMS": "xDLMS"}


class AttributeIndex(IntEnum):
    """Attributes of one class, from 2 on."""

    @property
    def standard_name(self) -> str:
        """As the standard writes it: ``SAP_assignment_list``."""
        return "_".join(_ABBREVIATIONS.get(word, word.lower()) for word in self.name.split("_"))
