"""Security setup (class 64, versions 0 and 1, IEC 62056-6-2): numbers; security/suite.py knows what policies mean."""

from enum import IntEnum

from .interface_class import AttributeIndex


class SecuritySetupAttribute(AttributeIndex):
    """Certificates from version 1 on."""

    SECURITY_POLICY = 2
    SECURITY_SUITE = 3
    CLIENT_SYSTEM_TITLE = 4
    SERVER_SYSTEM_TITLE = 5
    CERTIFICATES = 6


class SecuritySetupMethod(IntEnum):
    """Version 0 has the first two; there, 2 is global_key_transfer."""

    SECURITY_ACTIVATE = 1
    KEY_TRANSFER = 2
    KEY_AGREEMENT = 3
    GENERATE_KEY_PAIR = 4
    GENERATE_CERTIFICATE_REQUEST = 5
    IMPORT_CERTIFICATE = 6
    EXPORT_CERTIFICATE = 7
    REMOVE_CERTIFICATE = 8
