"""Registered port and reserved wPorts (IEC 62056-9-7:2013, 6; IEC 62056-4-7)."""

from enum import StrEnum
from typing import Final

DEFAULT_PORT: Final = 4059
"""Registered for DLMS/COSEM, TCP and UDP."""


class TransportProtocol(StrEnum):
    """How WPDUs travel (IEC 62056-9-7:2013, 7)."""

    TCP = "tcp"
    UDP = "udp"


MAX_PORT: Final = 0xFFFF
MAX_WPORT: Final = 0xFFFF

PUBLIC_CLIENT_WPORT: Final = 16
"""The client for everybody, without security."""

MANAGEMENT_WPORT: Final = 1
"""The logical device that every physical device has."""
