"""ACTION in all forms."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.action import (
    ActionOutcome,
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithPblock,
)
from custom_components.cosem.dlms.apdu.common import (
    DataAccessResult,
    DataBlock,
    InvokeIdAndPriority,
    MethodDescriptor,
)
from custom_components.cosem.dlms.encoding.data import Data, DataType
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DecodeError
from tests.dlms.apdu.samples import check_sample, hexadecimal

INVOKE = InvokeIdAndPriority(3, high_priority=False)
METHOD = MethodDescriptor(70, LogicalName.parse("0.0.96.3.10.255"), 1)
VALUE = Data(DataType.INTEGER, 0)
BLOCK = DataBlock(False, 1, b"\x0f")
SUCCESS = DataAccessResult(0)
FORMS = [
    ActionRequestNormal(INVOKE, METHOD),
    ActionRequestNormal(INVOKE, METHOD, VALUE),
    ActionRequestNextPblock(INVOKE, 1),
    ActionRequestWithList(INVOKE, (METHOD, METHOD), (VALUE, VALUE)),
    ActionRequestWithFirstPblock(INVOKE, METHOD, BLOCK),
    ActionRequestWithListAndFirstPblock(INVOKE, (METHOD,), BLOCK),
    ActionRequestWithPblock(INVOKE, DataBlock(True, 2, b"\x00")),
    ActionResponseNormal(INVOKE, ActionOutcome(SUCCESS)),
    ActionResponseNormal(INVOKE, ActionOutcome(SUCCESS, VALUE)),
    ActionResponseNormal(INVOKE, ActionOutcome(DataAccessResult(99), DataAccessResult(250))),
    ActionResponseWithPblock(INVOKE, BLOCK),
    ActionResponseWithList(INVOKE, (ActionOutcome(SUCCESS), ActionOutcome(SUCCESS, VALUE))),
    ActionResponseNextPblock(INVOKE, 1),
]


@pytest.mark.parametrize("apdu", FORMS, ids=lambda apdu: type(apdu).__name__)
def test_every_form_round_trips(apdu: ActionRequestNormal):
    assert check_sample(encode_apdu(apdu)) == apdu


@pytest.mark.parametrize("octets", ["C300C1", "C307C1", "C700C1", "C705C1"])
def test_unknown_choice_is_refused(octets: str):
    with pytest.raises(DecodeError, match="no choice"):
        decode_apdu(hexadecimal(octets))
