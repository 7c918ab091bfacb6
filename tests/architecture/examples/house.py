"""A small house of the same shape as the real one, so that the examples need nothing of it."""

from tools.rooms import modules_of

HOUSE = {
    "__init__": "async def async_setup_entry(): ...",
    "catalogue/model": "class Description: ...",
    "const": "DOMAIN = 'cosem'",
    "coordinator": "class CosemCoordinator: ...",
    "dlms/__init__": "__all__ = ['Association', 'DlmsClient', 'DlmsError', 'LocalProtocolError']",
    "dlms/apdu/common": "class Selection: ...",
    "dlms/client/__init__": "",
    "dlms/client/link": "import asyncio\nclass Link: ...",
    "dlms/command_line/run": "def run(): ...",
    "dlms/encoding/data": "class Data: ...",
    "dlms/encoding/octets": "class Reader: ...",
    "dlms/errors": "class DlmsError(Exception): ...\nclass LocalProtocolError(DlmsError): ...",
    "dlms/interface_classes/register": "class ScalerUnit: ...",
    "dlms/limits": "",
    "dlms/protocol/connection": "class Connection: ...",
    "dlms/security/keys": "class Secret: ...",
    "entity": "class CosemEntity: ...",
    "forms/__init__": "",
    "forms/texts": "",
    "meter/__init__": "",
    "meter/doctor": "",
    "meter/error_mapping": "from ..dlms import DlmsError",
    "meter/store": "class MeterStore: ...",
    "sensor": "class CosemSensor: ...",
}
MODULES = modules_of({f"cosem/{name}.py": source for name, source in HOUSE.items()})

LOW = "cosem.dlms.apdu.extra"
PROTOCOL = "cosem.dlms.protocol.extra"
CLIENT = "cosem.dlms.client.extra"
COMMAND_LINE = "cosem.dlms.command_line.extra"
SECURITY = "cosem.dlms.security.extra"
METER = "cosem.meter.extra"
PLATFORM = "cosem.extra"
"""Names for modules that join the house."""
