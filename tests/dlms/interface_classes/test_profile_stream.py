"""Rows from octets that come in pieces are those of the whole buffer."""

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    DataType,
    TypeDescription,
    array,
    compact_array,
    double_long_unsigned,
    encode_data_octets,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from custom_components.cosem.dlms.errors import DecodeError, DlmsError, LimitExceeded
from custom_components.cosem.dlms.interface_classes.profile_rows import decode_rows
from custom_components.cosem.dlms.interface_classes.profile_stream import RowStream
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS, Limits
from tests.dlms.data_strategies import any_data, compact_arrays
from tests.dlms.interface_classes.profile_tools import buffer, quarter_hours
from tests.vector_tools import vectors


def streamed(octets, size, limits=DEFAULT_LIMITS):
    stream = RowStream(limits)
    rows = []
    for at in range(0, len(octets), size):
        rows += stream.feed(octets[at : at + size])
    return rows + stream.finish()


def check_pieces(octets, size):
    try:
        expected = decode_rows(octets)
    except DlmsError:
        with pytest.raises(DlmsError):
            streamed(octets, size)
    else:
        assert repr(streamed(octets, size)) == repr(expected)


SIZES = st.integers(1, 40)
DELTAS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                double_long_unsigned(1000),
                NULL,
                Data(DataType.DELTA_INTEGER, -3),
                Data(DataType.DELTA_LONG_UNSIGNED, 300),
            ]
        ),
        st.sampled_from([octet_string(b"abc"), NULL]),
    ),
    max_size=12,
)


@pytest.mark.parametrize("size", [1, 2, 7, 100, 5000])
def test_quarter_hours_in_pieces_of_any_size(size):
    octets = buffer(quarter_hours(120))
    assert streamed(octets, size) == decode_rows(octets)


@pytest.mark.parametrize("sample", [pytest.param(each, id=each.name) for each in vectors("profile-buffer")])
@pytest.mark.parametrize("size", [1, 5, 64])
def test_samples_in_pieces(sample, size):
    check_pieces(sample.octets, size)


@settings(max_examples=60)
@given(rows=st.lists(any_data, max_size=6), size=SIZES)
def test_arrays_of_anything(rows, size):
    check_pieces(encode_data_octets(array(*rows)), size)


@settings(max_examples=60)
@given(value=compact_arrays, size=SIZES)
def test_compact_arrays_of_anything(value, size):
    check_pieces(encode_data_octets(value), size)


@settings(max_examples=60)
@given(rows=DELTAS, size=SIZES)
def test_deltas_are_added_to_rows_of_earlier_pieces(rows, size):
    check_pieces(encode_data_octets(array(*[structure(*row) for row in rows])), size)


@settings(max_examples=60)
@given(octets=st.binary(max_size=60), head=st.sampled_from([b"", b"\x01", b"\x13"]), size=SIZES)
def test_nonsense_is_an_error_in_pieces_too(octets, head, size):
    check_pieces(head + octets, size)


def test_rows_come_as_soon_as_they_are_whole():
    octets = buffer(quarter_hours(3))
    row = (len(octets) - 2) // 3
    stream = RowStream()
    assert stream.feed(octets[: 2 + row - 1]) == []
    assert stream.feed(octets[2 + row - 1 : 2 + row]) == decode_rows(octets)[:1]
    assert stream.feed(octets[2 + row :]) == decode_rows(octets)[1:]
    assert stream.finish() == []


def test_rows_of_a_compact_array_come_as_soon_as_they_are_whole():
    kinds = TypeDescription(
        DataType.STRUCTURE, (TypeDescription(DataType.UNSIGNED), TypeDescription(DataType.LONG_UNSIGNED))
    )
    octets = encode_data_octets(
        compact_array(kinds, *[structure(unsigned(number), long_unsigned(number)) for number in range(4)])
    )
    stream = RowStream()
    assert stream.feed(octets[:-7]) == [(0, 0)]
    assert stream.feed(octets[-7:]) == [(1, 1), (2, 2), (3, 3)]
    assert stream.finish() == []


TEXTS = TypeDescription(
    DataType.STRUCTURE, (TypeDescription(DataType.OCTET_STRING), TypeDescription(DataType.LONG_UNSIGNED))
)


def rows_of_many_sizes(count):
    rows = [structure(octet_string(bytes(number % 40)), long_unsigned(number)) for number in range(count)]
    return encode_data_octets(compact_array(TEXTS, *rows))


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
def test_rows_of_many_sizes_of_a_compact_array_come_as_soon_as_they_are_whole(size):
    octets = rows_of_many_sizes(120)
    stream, rows = RowStream(), []
    for at in range(0, len(octets), size):
        rows += stream.feed(octets[at : at + size])
        assert len(stream._octets) < 64
    assert stream.finish() == []
    assert rows == decode_rows(octets)


def test_deltas_in_a_compact_array_are_added_to_rows_of_earlier_pieces():
    kinds = TypeDescription(DataType.ARRAY, (TypeDescription(DataType.DELTA_INTEGER),), 1)
    octets = encode_data_octets(compact_array(kinds, *[array(Data(DataType.DELTA_INTEGER, 1))] * 2))
    with pytest.raises(DecodeError, match="without a full value"):
        streamed(octets, 5)
    with pytest.raises(DecodeError, match="without a full value"):
        decode_rows(octets)


def test_a_row_of_a_compact_array_without_an_end_is_not_waited_for():
    stream = RowStream()
    stream.feed(b"\x13\x09\x83\x0f\xff\xff" + b"\x83\x0e\xff\xff")
    with pytest.raises(DecodeError):
        for _ in range(10):
            stream.feed(bytes(10_000))


def test_rows_of_many_sizes_that_end_inside_a_row_are_an_error():
    octets = rows_of_many_sizes(20)
    with pytest.raises(DecodeError):
        streamed(octets[:-1], 7)
    with pytest.raises(DecodeError, match="inside a row"):
        streamed(bytes.fromhex("13 02 02 09 12 05 01 41 0001 00"), 3)
    with pytest.raises(LimitExceeded):
        streamed(octets, 7, Limits(elements=30))


def test_what_is_held_is_an_unfinished_row():
    octets = buffer(quarter_hours(100))
    stream = RowStream()
    for at in range(0, len(octets), 100):
        stream.feed(octets[at : at + 100])
        assert len(stream._octets) < 100


def test_a_row_without_an_end_is_not_waited_for():
    stream = RowStream()
    stream.feed(b"\x01\x01\x09\x84\x00\xff\xff\xff")
    with pytest.raises(DecodeError):
        for _ in range(10):
            stream.feed(bytes(10_000))


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"\x01\x85" + bytes(20), id="a length of five octets"),
        pytest.param(b"\x01\x84\xff\xff\xff\xff", id="more rows than octets can be"),
        pytest.param(b"\x13\x99" + bytes(5000), id="a type description that is none"),
    ],
)
def test_a_head_that_is_none_is_not_waited_for(octets):
    with pytest.raises(DecodeError):
        RowStream().feed(octets)


def test_elements_of_all_pieces_are_limited_together():
    octets = buffer(quarter_hours(20))
    with pytest.raises(LimitExceeded):
        streamed(octets, 50, Limits(elements=100))
    kinds = TypeDescription(DataType.UNSIGNED)
    octets = encode_data_octets(compact_array(kinds, *[unsigned(1)] * 50))
    with pytest.raises(LimitExceeded):
        streamed(octets, 10, Limits(elements=30))


def test_an_empty_buffer_has_no_rows():
    assert streamed(b"\x00", 1) == streamed(b"\x01\x00", 1) == []
    with pytest.raises(DecodeError):
        RowStream().finish()


@pytest.mark.parametrize("size", [1, 5, 400])
def test_octets_behind_the_rows_are_an_error(size):
    with pytest.raises(DecodeError, match="behind the rows"):
        streamed(buffer(quarter_hours(3)) + bytes(2), size)


def test_contents_of_a_compact_array_end_with_a_row_in_pieces_as_well():
    octets = bytes.fromhex("1302010605 0000000100")
    check_pieces(octets, 3)
    with pytest.raises(DecodeError, match="do not end with a row"):
        streamed(octets, 5)


def test_a_last_row_that_is_shorter_than_the_others_comes_at_the_end():
    octets = bytes.fromhex("0103 0201 0600000001 0201 0600000002 0201 00")
    assert streamed(octets, 4) == [(1,), (2,), (None,)]
