"""A secret to look for in what is described, and where APDUs carry it."""

import json

from custom_components.cosem.dlms.apdu import Apdu
from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    DataBlock,
    InvokeIdAndPriority,
    MethodDescriptor,
)
from custom_components.cosem.dlms.describe import HIDDEN, describe
from custom_components.cosem.dlms.encoding.data import Data, DataType
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

SECRET = b"s3cr3t-0123456789"
INVOKE = InvokeIdAndPriority(1)
CLOCK = LogicalName.parse("0.0.1.0.0.255")
SECRET_ATTRIBUTE = AttributeDescriptor(15, LogicalName.parse("0.0.40.0.0.255"), 7)
SECRET_METHOD = MethodDescriptor(64, LogicalName.parse("0.0.43.0.0.255"), 2)
TIME = AttributeDescriptor(8, CLOCK, 2)
PUBLIC_METHOD = MethodDescriptor(8, CLOCK, 1)
VALUE = Data(DataType.OCTET_STRING, SECRET)
BLOCK = DataBlock(True, 1, SECRET)


def check_masked(apdu: Apdu) -> None:
    """The secret is shown only where it is asked for."""
    masked = json.dumps(describe(apdu))
    assert SECRET.hex() not in masked
    assert HIDDEN in masked
    assert SECRET.hex() in json.dumps(describe(apdu, show_secrets=True))
