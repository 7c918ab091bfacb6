"""Bodies of DataNotification whose attribute descriptors have no tag."""

from hypothesis import given, strategies as st
import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.notification import DataNotification
from custom_components.cosem.dlms.apdu.untagged_descriptors import decode_body
from custom_components.cosem.dlms.encoding.data import Data, array, enum, octet_string, structure, unsigned
from custom_components.cosem.dlms.encoding.octets import Reader
from custom_components.cosem.dlms.errors import DecodeError, DlmsError, LimitExceeded
from custom_components.cosem.dlms.limits import Limits
from tests.dlms.apdu.samples import hexadecimal
from tests.vector_tools import vectors

HEAD = hexadecimal("0F 00000001 00")
POWER = hexadecimal("0003 0100010700FF 02")
SERIAL = hexadecimal("0001 0000600100FF 02")
UNTAGGED = [vector for theme in ("push", "push-capture") for vector in vectors(theme) if "items" in vector.expect]


def body_of(octets: bytes) -> Data:
    apdu = decode_apdu(HEAD + octets)
    assert isinstance(apdu, DataNotification)
    return apdu.body


def test_leniency_untagged_descriptors_become_octet_strings():
    octets = hexadecimal("02 02 1601 01 02 0202") + SERIAL + hexadecimal("0901 31 0202") + POWER + hexadecimal("1107")
    rows = array(
        structure(octet_string(SERIAL), octet_string(b"1")),
        structure(octet_string(POWER), unsigned(7)),
    )
    assert body_of(octets) == structure(enum(1), rows)
    again = encode_apdu(decode_apdu(HEAD + octets))
    assert decode_apdu(again) == decode_apdu(HEAD + octets)
    assert len(again) == len(HEAD + octets) + 4, "with the tags that were left out"


@pytest.mark.parametrize("vector", UNTAGGED, ids=lambda vector: vector.name)
def test_wire_samples_have_the_rows_that_they_say(vector):
    body = decode_apdu(vector.octets).body
    _head, rows = body.value
    assert len(rows.value) == len(vector.expect["items"])
    for row, item in zip(rows.value, vector.expect["items"], strict=True):
        descriptor, _value = row.value
        assert int.from_bytes(descriptor.value[:2]) == item["class_id"]
        assert ".".join(map(str, descriptor.value[2:8])) == item["instance"]
        assert descriptor.value[8] == item["attribute"]


@pytest.mark.parametrize("vector", UNTAGGED, ids=lambda vector: vector.name)
def test_wire_samples_are_refused_when_cut_off_or_extended(vector):
    for length in range(len(vector.octets)):
        with pytest.raises(DlmsError):
            decode_apdu(vector.octets[:length])
    for tail in (b"\x00", b"\xff", b"\x02\x02\x00"):
        with pytest.raises(DlmsError):
            decode_apdu(vector.octets + tail)


def test_what_makes_sense_by_the_standard_is_never_read_otherwise():
    # null-data and a boolean in the first row: the same octets could begin a descriptor.
    octets = hexadecimal("01 01 0202 00 0301")
    assert body_of(octets).value[0].value == (Data(0, None), Data(3, True))


@pytest.mark.parametrize(
    "octets",
    [
        "0202" + "0103 0100010700FF 02" + "1107",  # no class above 255
        "0202" + "0003 010001070001 02" + "1107",  # a value of an earlier period
        "0203" + "0003 0100010700FF 02" + "1107 1107",  # not two elements
        "0102" + "0003 0100010700FF 02" + "1107",  # an array
        "0202" + "0003 0100010700FF",  # cut off
        "0102 0202" + "0003 0100010700FF 02" + "1107" + "0202" + "00 0301",  # one row so, the next otherwise
    ],
)
def test_anything_but_a_row_of_two_stays_refused(octets):
    with pytest.raises(DecodeError):
        body_of(hexadecimal(octets))


def test_the_error_is_that_of_the_first_reading():
    octets = hexadecimal("02 02 00 FE")
    with pytest.raises(DecodeError) as refused:
        decode_body(Reader(octets))
    assert "FE" in str(refused.value)


def test_octets_behind_a_whole_body_are_left_to_who_asked_for_it():
    reader = Reader(hexadecimal("02 02 00 00 FE"))
    assert decode_body(reader) == structure(Data(0, None), Data(0, None))
    assert reader.remaining == 1


def test_limits_hold_for_the_second_reading():
    limits = Limits(nesting_depth=2, elements=20)
    deep = hexadecimal("01 01 01 01 0202") + POWER + hexadecimal("1107")
    with pytest.raises(LimitExceeded):
        decode_body(Reader(deep, limits=limits))
    many = hexadecimal("01 0A") + (hexadecimal("0202") + POWER + hexadecimal("1107")) * 10
    with pytest.raises(LimitExceeded):
        decode_body(Reader(many, limits=limits))
    assert len(decode_body(Reader(many)).value) == 10


@given(tail=st.binary(max_size=80))
def test_whatever_follows_only_declared_errors_are_raised(tail):
    octets = hexadecimal("0102 0202") + POWER + tail
    try:
        rows = decode_body(Reader(octets)).value
    except DlmsError:
        rows = ()
    assert len(rows) in {0, 2}
