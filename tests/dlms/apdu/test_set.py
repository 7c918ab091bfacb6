"""SET in all forms."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    DataAccessResult,
    DataBlock,
    InvokeIdAndPriority,
    Selection,
)
from custom_components.cosem.dlms.apdu.set import (
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
    SetResponseDatablock,
    SetResponseLastDatablock,
    SetResponseLastDatablockWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from custom_components.cosem.dlms.encoding.data import Data, DataType
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DecodeError
from tests.dlms.apdu.samples import check_sample, hexadecimal

INVOKE = InvokeIdAndPriority(3, confirmed=False)
TIME = AttributeDescriptor(8, LogicalName.parse("0.0.1.0.0.255"), 2)
SELECTION = Selection(1, Data(DataType.NULL_DATA, None))
VALUE = Data(DataType.UNSIGNED, 7)
BLOCK = DataBlock(False, 1, b"\x11")
FORMS = [
    SetRequestNormal(INVOKE, TIME, None, VALUE),
    SetRequestNormal(INVOKE, TIME, SELECTION, VALUE),
    SetRequestWithFirstDatablock(INVOKE, TIME, SELECTION, BLOCK),
    SetRequestWithDatablock(INVOKE, DataBlock(True, 2, b"")),
    SetRequestWithList(INVOKE, ((TIME, None), (TIME, SELECTION)), (VALUE, VALUE)),
    SetRequestWithListAndFirstDatablock(INVOKE, ((TIME, None),), BLOCK),
    SetResponseNormal(INVOKE, DataAccessResult(0)),
    SetResponseDatablock(INVOKE, 7),
    SetResponseLastDatablock(INVOKE, DataAccessResult(17), 7),
    SetResponseLastDatablockWithList(INVOKE, (DataAccessResult(0), DataAccessResult(99)), 7),
    SetResponseWithList(INVOKE, (DataAccessResult(3),)),
]


@pytest.mark.parametrize("apdu", FORMS, ids=lambda apdu: type(apdu).__name__)
def test_every_form_round_trips(apdu: SetRequestNormal):
    assert check_sample(encode_apdu(apdu)) == apdu


@pytest.mark.parametrize("octets", ["C100C1", "C106C1", "C500C1", "C506C1"])
def test_unknown_choice_is_refused(octets: str):
    with pytest.raises(DecodeError, match="no choice"):
        decode_apdu(hexadecimal(octets))
