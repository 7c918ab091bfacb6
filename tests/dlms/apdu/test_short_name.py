"""Read, Write, UnconfirmedWrite, InformationReport."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.common import DataAccessResult, DataBlock
from custom_components.cosem.dlms.apdu.short_name import (
    BlockNumberAccess,
    BlockNumberResult,
    InformationReportRequest,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    VariableName,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)
from custom_components.cosem.dlms.encoding.data import Data, DataType
from custom_components.cosem.dlms.errors import DecodeError
from tests.dlms.apdu.samples import check_sample, hexadecimal

VALUE = Data(DataType.INTEGER, 1)
BLOCK = DataBlock(True, 0xFFFF, b"\x00\x01")
ALL_VARIABLES = (
    VariableName(0xFA08),
    ParameterizedAccess(0x0108, 1, VALUE),
    BlockNumberAccess(1),
    ReadDataBlockAccess(BLOCK),
    WriteDataBlockAccess(False, 2),
)
FORMS = [
    ReadRequest(()),
    ReadRequest(ALL_VARIABLES),
    ReadResponse((VALUE, DataAccessResult(99), BLOCK, BlockNumberResult(3))),
    WriteRequest(ALL_VARIABLES, (VALUE, VALUE)),
    WriteResponse((None, DataAccessResult(0), DataAccessResult(3), BlockNumberResult(3))),
    UnconfirmedWriteRequest((VariableName(8),), (VALUE,)),
    InformationReportRequest(None, (VariableName(8),), (VALUE,)),
    InformationReportRequest(b"20250101000000Z", (), ()),
]


@pytest.mark.parametrize("apdu", FORMS, ids=lambda apdu: type(apdu).__name__)
def test_every_form_round_trips(apdu: ReadRequest):
    assert check_sample(encode_apdu(apdu)) == apdu


@pytest.mark.parametrize("octets", ["05 01 01 0000", "05 01 03 0000", "0C 01 04 0000", "0D 01 03 0000"])
def test_unknown_choice_is_refused(octets: str):
    with pytest.raises(DecodeError, match="no choice") as caught:
        decode_apdu(hexadecimal(octets))
    assert caught.value.offset == 2
