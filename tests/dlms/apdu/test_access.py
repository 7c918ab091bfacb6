"""ACCESS."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.access import (
    AccessKind,
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessSpecification,
)
from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    DataAccessResult,
    LongInvokeIdAndPriority,
    MethodDescriptor,
    Selection,
)
from custom_components.cosem.dlms.encoding.data import Data, DataType
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DecodeError
from tests.dlms.apdu.samples import check_sample, hexadecimal

NAME = LogicalName.parse("0.0.1.0.0.255")
NULL = Data(DataType.NULL_DATA, None)
SELECTION = Selection(1, NULL)
INVOKE = LongInvokeIdAndPriority(7, confirmed=True)
ALL_KINDS = (
    AccessSpecification(AccessKind.GET, AttributeDescriptor(8, NAME, 2)),
    AccessSpecification(AccessKind.SET, AttributeDescriptor(8, NAME, 2)),
    AccessSpecification(AccessKind.ACTION, MethodDescriptor(8, NAME, 1)),
    AccessSpecification(AccessKind.GET_WITH_SELECTION, AttributeDescriptor(8, NAME, 2), SELECTION),
    AccessSpecification(AccessKind.SET_WITH_SELECTION, AttributeDescriptor(8, NAME, 2), SELECTION),
)
RESULTS = (
    AccessResult(AccessKind.GET, DataAccessResult(0)),
    AccessResult(AccessKind.SET, DataAccessResult(3)),
    AccessResult(AccessKind.ACTION, DataAccessResult(99)),
)
FORMS = [
    AccessRequest(INVOKE, None, (), ()),
    AccessRequest(INVOKE, bytes(12), ALL_KINDS, (NULL,) * 5),
    AccessResponse(INVOKE, None, None, (NULL,) * 3, RESULTS),
    AccessResponse(INVOKE, bytes(12), ALL_KINDS[:3], (NULL,) * 3, RESULTS),
]


@pytest.mark.parametrize("apdu", FORMS, ids=lambda apdu: type(apdu).__name__)
def test_every_form_round_trips(apdu: AccessRequest):
    assert check_sample(encode_apdu(apdu)) == apdu


def test_unknown_specification_is_refused():
    with pytest.raises(DecodeError, match="no choice 06"):
        decode_apdu(hexadecimal("D9 40000000 00 01 06 0008 0000010000FF 02 01 00"))


def test_result_with_a_selection_kind_is_refused():
    with pytest.raises(DecodeError, match="no choice 04"):
        decode_apdu(hexadecimal("DA 40000007 00 00 01 00 01 04 00"))


def test_date_time_is_not_tagged():
    with pytest.raises(DecodeError, match="12 octets"):
        decode_apdu(hexadecimal("D9 40000000 090C 07E901010300000000FFC400 00 00"))


def test_names_of_kinds_are_the_standards():
    assert [kind.standard_name for kind in AccessKind] == [
        "get",
        "set",
        "action",
        "get-with-selection",
        "set-with-selection",
    ]
