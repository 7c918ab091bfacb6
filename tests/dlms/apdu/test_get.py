"""GET in all forms."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    DataAccessResult,
    InvokeIdAndPriority,
    Selection,
)
from custom_components.cosem.dlms.apdu.get import (
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseHead,
    GetResponseKind,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
    decode_get_data_results,
    decode_get_response_head,
)
from custom_components.cosem.dlms.encoding.data import NULL, Data, DataType, double_long_unsigned, structure, unsigned
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DecodeError, DlmsError, LimitExceeded, UnexpectedApdu
from custom_components.cosem.dlms.limits import Limits
from tests.dlms.apdu.samples import check_sample, hexadecimal

INVOKE = InvokeIdAndPriority(1)
TIME = AttributeDescriptor(8, LogicalName.parse("0.0.1.0.0.255"), 2)
SELECTION = Selection(2, Data(DataType.STRUCTURE, (Data(DataType.UNSIGNED, 1),)))
NUMBER = Data(DataType.UNSIGNED, 7)
FORMS = [
    GetRequestNormal(INVOKE, TIME),
    GetRequestNormal(INVOKE, TIME, SELECTION),
    GetRequestNext(INVOKE, 0xFFFFFFFF),
    GetRequestWithList(INVOKE, ()),
    GetRequestWithList(INVOKE, ((TIME, None), (TIME, SELECTION))),
    GetResponseNormal(INVOKE, NUMBER),
    GetResponseNormal(INVOKE, DataAccessResult(3)),
    GetResponseWithDatablock(INVOKE, False, 1, b""),
    GetResponseWithDatablock(INVOKE, True, 2, bytes(200)),
    GetResponseWithDatablock(INVOKE, True, 2, DataAccessResult(15)),
    GetResponseWithList(INVOKE, ()),
    GetResponseWithList(INVOKE, (NUMBER, DataAccessResult(99), NUMBER)),
]


@pytest.mark.parametrize("apdu", FORMS, ids=lambda apdu: type(apdu).__name__)
def test_every_form_round_trips(apdu: GetRequestNormal):
    assert check_sample(encode_apdu(apdu)) == apdu


@pytest.mark.parametrize("octets", ["C000C1", "C004C1", "C400C1", "C404C1"])
def test_unknown_choice_is_refused(octets: str):
    with pytest.raises(DecodeError, match="no choice") as caught:
        decode_apdu(hexadecimal(octets))
    assert caught.value.offset == 1


def test_leniency_last_block_ff():
    apdu = decode_apdu(hexadecimal("C402C1 FF 00000002 00 03 AABBCC"))
    assert apdu == GetResponseWithDatablock(INVOKE, True, 2, b"\xaa\xbb\xcc")


def test_block_has_raw_data_or_a_result():
    with pytest.raises(DecodeError, match="DataBlock-G has no choice 02"):
        decode_apdu(hexadecimal("C402C1 01 00000002 02 00"))


def test_list_longer_than_the_octets_is_refused_before_it_is_read():
    with pytest.raises(DecodeError, match="exceeds"):
        decode_apdu(hexadecimal("C403C1 84FFFFFFFF 00"))


# --- the head ------------------------------------------------------------------------------------------------------


def test_head_of_a_value_stops_in_front_of_it():
    head = decode_get_response_head(hexadecimal("C401C1 00 1107"))
    assert head == GetResponseHead(GetResponseKind.NORMAL, INVOKE, True, 0, hexadecimal("001107"), None)


def test_head_of_a_value_does_not_look_at_the_value():
    assert decode_get_response_head(hexadecimal("C401C1 00 FE")).payload == b"\x00\xfe"


def test_head_of_an_error_has_the_error():
    head = decode_get_response_head(hexadecimal("C401C1 01 03"))
    assert (head.error, head.payload) == (DataAccessResult(3), b"\x01\x03")


def test_head_of_a_block_has_its_octets():
    head = decode_get_response_head(hexadecimal("C402C1 00 00000009 00 02 AABB"))
    assert head == GetResponseHead(GetResponseKind.WITH_DATABLOCK, INVOKE, False, 9, b"\xaa\xbb", None)


def test_head_of_a_block_with_last_block_ff():
    assert decode_get_response_head(hexadecimal("C402C1 FF 00000009 00 00")).last_block


def test_head_of_an_aborted_transfer_has_the_error():
    head = decode_get_response_head(hexadecimal("C402C1 01 00000009 01 0F"))
    assert head == GetResponseHead(GetResponseKind.WITH_DATABLOCK, INVOKE, True, 9, b"", DataAccessResult(15))


def test_head_of_a_list_has_the_encoded_list():
    head = decode_get_response_head(hexadecimal("C403C1 02 001107 0103"))
    assert head == GetResponseHead(GetResponseKind.WITH_LIST, INVOKE, True, 0, hexadecimal("02 001107 0103"), None)


@pytest.mark.parametrize("octets", ["C401C100 1107", "C401C10103", "C402C1000000000900 02AABB", "C402C101000000090103"])
def test_head_cut_off_anywhere_is_refused(octets: str):
    whole = hexadecimal(octets)
    shortest = 5 if whole[3:4] == b"\x00" and whole[1] == 1 else len(whole)
    for length in range(shortest):
        with pytest.raises(DlmsError):
            decode_get_response_head(whole[:length])


@pytest.mark.parametrize("octets", ["C401C1 0103 00", "C402C1 00 00000009 00 01AA 00", "C402C1 00 00000009 01 0F 00"])
def test_head_refuses_trailing_octets_where_it_sees_the_end(octets: str):
    with pytest.raises(DecodeError, match="too many"):
        decode_get_response_head(hexadecimal(octets))


@pytest.mark.parametrize("octets", ["C404C100", "C400C100", "C401C1 02 00", "C402C1 00 00000001 05 00"])
def test_head_refuses_unknown_choices(octets: str):
    with pytest.raises(DecodeError, match="no choice"):
        decode_get_response_head(hexadecimal(octets))


def test_head_of_another_apdu_is_unexpected():
    with pytest.raises(UnexpectedApdu):
        decode_get_response_head(hexadecimal("C501C100"))


# --- lists ---------------------------------------------------------------------------------------------------------


def test_list_of_values_and_errors_with_their_sizes():
    octets = hexadecimal("03 00 06000003E8 01 0B 00 020200 1107")
    assert decode_get_data_results(octets) == [
        (5, double_long_unsigned(1000)),
        (1, DataAccessResult(11)),
        (5, structure(NULL, unsigned(7))),
    ]


def test_values_are_those_of_the_whole_list():
    whole = encode_apdu(GetResponseWithList(INVOKE, (NUMBER, DataAccessResult(4), SELECTION.parameters)))
    values = [value for _size, value in decode_get_data_results(decode_get_response_head(whole).payload)]
    apdu = decode_apdu(whole)
    assert isinstance(apdu, GetResponseWithList)
    assert tuple(values) == apdu.results


def test_list_of_one_answered_as_normal_has_the_same_octets_inside():
    """Leniency "single-element list": the payload of a normal response is an element of the list."""
    normal = decode_get_response_head(hexadecimal("C401C1 00 1107"))
    assert decode_get_data_results(b"\x01" + normal.payload) == [(2, unsigned(7))]


def test_empty_list_is_empty():
    assert decode_get_data_results(b"\x00") == []


def test_list_cut_off_anywhere_is_refused():
    whole = hexadecimal("03 00 06000003E8 01 0B 00 0202001107")
    for length in range(len(whole)):
        with pytest.raises(DlmsError):
            decode_get_data_results(whole[:length])


def test_list_with_trailing_octets_is_refused():
    with pytest.raises(DecodeError, match="too many"):
        decode_get_data_results(hexadecimal("01 00 1107 00"))


def test_list_with_an_unknown_choice_is_refused():
    with pytest.raises(DecodeError, match="no choice 02"):
        decode_get_data_results(hexadecimal("01 02 1107"))


def test_list_is_charged_to_the_element_budget():
    with pytest.raises(LimitExceeded):
        decode_get_data_results(hexadecimal("02 0103 0103"), Limits(elements=1))
