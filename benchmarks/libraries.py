"""The same work by three libraries; the other two come from PyPI and are used in tests only."""

from typing import Any

from dlms_cosem import a_xdr, cosem, enumerations
from dlms_cosem.parsers import ProfileGenericBufferParser
from gurux_dlms import GXByteBuffer, GXDLMSClient
from gurux_dlms.enums import DataType
from gurux_dlms.GXDLMSSettings import GXDLMSSettings
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo

from custom_components.cosem.dlms.encoding.data import decode_data_octets
from custom_components.cosem.dlms.interface_classes.profile_generic import decode_rows, decode_timed_rows

GURUX_SETTINGS = GXDLMSSettings(False, None)  # noqa: FBT003  # its own signature
COLUMNS = [
    cosem.CosemAttribute(
        enumerations.CosemInterface.CLOCK if column == 0 else enumerations.CosemInterface.REGISTER,
        cosem.Obis(1, 0, 1, 8, column, 255),
        2,
    )
    for column in range(8)
]


def our_rows(octets: bytes) -> object:
    """Rows of plain values, date-times as octets."""
    return decode_rows(octets)


def our_timed_rows(octets: bytes) -> object:
    """Rows whose first column is an aware datetime."""
    return decode_timed_rows(octets, (0,))


def our_data(octets: bytes) -> object:
    """Values with their types, by the generic decoder."""
    return decode_data_octets(octets)


def gurux_data(octets: bytes) -> Any:
    """Lists of plain values."""
    return _GXCommon.getData(GURUX_SETTINGS, GXByteBuffer(octets), _GXDataInfo())


def gurux_timed_rows(octets: bytes) -> object:
    """The same with its date-time type in the first column."""
    rows = gurux_data(octets)
    for row in rows:
        row[0] = GXDLMSClient.changeType(row[0], DataType.DATETIME)
    return rows


def dlms_cosem_data(octets: bytes) -> object:
    """Lists of plain values."""
    sequence = a_xdr.Sequence(attribute_name="data")
    return a_xdr.AXdrDecoder(encoding_conf=a_xdr.EncodingConf(attributes=[sequence])).decode(octets)["data"]


def dlms_cosem_timed_rows(octets: bytes) -> object:
    """Its own rows, the first column as datetime."""
    return ProfileGenericBufferParser(COLUMNS, 15).parse_bytes(octets)
