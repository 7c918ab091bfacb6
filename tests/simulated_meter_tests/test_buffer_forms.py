"""Buffers in other forms, other orders, and with other ways to select: the same rows in the end."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.cosem.dlms.apdu.common import Selection
from custom_components.cosem.dlms.encoding.data import (
    Data,
    array,
    double_long_unsigned,
    encode_data_octets,
    integer,
    long_unsigned,
    octet_string,
    structure,
)
from custom_components.cosem.dlms.interface_classes.profile_generic import decode_rows, expand_rows, rows_with_datetimes
from tests.simulated_meter.buffer_forms import written
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import BufferForm, MeterProfile, RangeBounds, SelectiveAccess

from .tools import NOW

LOAD_PROFILE = "1.0.99.1.0"
CLOCK = structure(long_unsigned(8), octet_string(bytes.fromhex("0000010000FF")), integer(2), long_unsigned(0))
QUARTER = datetime(2026, 7, 15, 11, 0, tzinfo=UTC)
PLAIN_ROWS = [
    [bytes.fromhex("060000000A"), bytes.fromhex("0F05")],
    [bytes.fromhex("060000000C"), bytes.fromhex("0F05")],
    [bytes.fromhex("0600010000"), bytes.fromhex("0F03")],
]


def make_meter(**quirks: object) -> SimulatedMeter:
    return SimulatedMeter(MeterProfile(history_days=2).with_quirks(**quirks), lambda: NOW)


def rows_of(meter: SimulatedMeter, selection: Selection | None = None) -> list[object]:
    octets = encode_data_octets(meter.truth(LOAD_PROFILE, selection=selection))
    return [*expand_rows(rows_with_datetimes(decode_rows(octets), [0]), 900, 0)]


def moment(at: datetime, tail: bytes) -> Data:
    """In summer time, two hours ahead."""
    at += timedelta(hours=2)
    return octet_string(bytes([*at.year.to_bytes(2, "big"), at.month, at.day, 255, at.hour, at.minute, 0, 0]) + tail)


def by_range(start: Data, end: Data) -> Selection:
    return Selection(1, structure(CLOCK, start, end, array()))


def by_entry(first: int, last: int, first_column: int = 1, last_column: int = 0) -> Selection:
    bounds = double_long_unsigned(first), double_long_unsigned(last)
    return Selection(2, structure(*bounds, long_unsigned(first_column), long_unsigned(last_column)))


OWN = moment(QUARTER, b"\xff\x88\x80")
UNSPECIFIED = moment(QUARTER, b"\x80\x00\xff")
SECONDS = double_long_unsigned(int(QUARTER.timestamp()))


@pytest.mark.parametrize(
    ("form", "octets"),
    [
        (BufferForm.NULL_DATA, "0103 0202 060000000A 0F05 0202 060000000C 00 0202 0600010000 0F03"),
        (BufferForm.DELTAS, "0103 0202 060000000A 0F05 0202 1F02 1F00 0202 20FFF4 1CFE"),
        (BufferForm.COMPACT_ARRAY, "13 0202060F 0F 0000000A05 0000000C05 0001000003"),
    ],
)
def test_octets_of_a_form(form: BufferForm, octets: str):
    assert written(PLAIN_ROWS, form, [0, 900, 1800], None, 900) == bytes.fromhex(octets)


def test_a_time_that_is_one_period_later_is_left_out_and_a_gap_is_not():
    rows = [[bytes([0x11, number])] for number in range(4)]
    octets = written(rows, BufferForm.NULL_DATA, [0, 900, 2700, 3600], 0, 900)
    assert octets == bytes.fromhex("0104 0201 1100 0201 00 0201 1102 0201 00")
    assert written(rows[::-1], BufferForm.NULL_DATA, [3, 2, 1, 0], 0, 1).count(b"\x11") == 4


def test_a_difference_that_fits_no_delta_type_is_the_whole_value():
    rows = [[b"\x15" + bytes(8)], [b"\x15" + b"\xff" * 8], [b"\x09\x01a"], [b"\x09\x01b"]]
    octets = written(rows, BufferForm.DELTAS, range(4), None, 0)
    assert octets == bytes.fromhex("0104 0201 150000000000000000 0201 15FFFFFFFFFFFFFFFF 0201 090161 0201 090162")


def test_no_rows_are_an_empty_array_in_each_form():
    assert {written([], form, [], None, 900) for form in BufferForm} == {b"\x01\x00"}


@pytest.mark.parametrize("form", BufferForm)
@pytest.mark.parametrize("selection", [None, by_entry(5, 60), by_entry(5, 60, 1, 4), by_entry(1, 4, 1, 1)])
def test_each_form_has_the_rows_of_the_plain_one(form: BufferForm, selection: Selection | None):
    assert rows_of(make_meter(buffer_form=form), selection) == rows_of(make_meter(), selection)


def test_columns_without_the_clock_have_a_form_as_well():
    meter = make_meter(buffer_form=BufferForm.NULL_DATA)
    first, second = decode_rows(encode_data_octets(meter.truth(LOAD_PROFILE, selection=by_entry(1, 2, 2, 3))))
    assert (first[0], second[0]) == (0, None)


def test_shorter_forms_are_shorter():
    def size(form: BufferForm) -> int:
        return len(encode_data_octets(make_meter(buffer_form=form).truth(LOAD_PROFILE)))

    plain = size(BufferForm.PLAIN)
    assert all(size(form) < 0.9 * plain for form in BufferForm if form is not BufferForm.PLAIN)


def test_newest_first_turns_the_order_and_says_so():
    meter = make_meter(newest_first=True)
    assert rows_of(meter) == rows_of(make_meter())[::-1]
    assert meter.truth(LOAD_PROFILE, 5).value == 2
    assert rows_of(meter, by_entry(1, 2)) == rows_of(make_meter())[:-3:-1]


@pytest.mark.parametrize(("access", "selector"), [(SelectiveAccess.RANGE, 1), (SelectiveAccess.ENTRY, 2)])
def test_one_way_to_select_and_the_refusal_of_the_other(access: SelectiveAccess, selector: int):
    meter = make_meter(selective_access=access, selection_refusal=250)
    for selection in (by_range(SECONDS, SECONDS), by_entry(1, 1)):
        if selection.selector == selector:
            assert len(rows_of(meter, selection)) == 1
        else:
            with pytest.raises(KeyError, match="other-reason"):
                rows_of(meter, selection)


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (RangeBounds.ANY, (OWN, UNSPECIFIED, SECONDS)),
        (RangeBounds.OWN, (OWN,)),
        (RangeBounds.UNSPECIFIED, (UNSPECIFIED,)),
        (RangeBounds.SECONDS, (SECONDS,)),
    ],
)
def test_bounds_in_another_form_are_an_error_or_find_nothing(wanted: RangeBounds, taken: tuple[Data, ...]):
    strict, quiet = make_meter(range_bounds=wanted), make_meter(range_bounds=wanted, odd_range_is_empty=True)
    for end in (OWN, UNSPECIFIED, SECONDS):
        selection = by_range(end, end)
        if end in taken:
            assert rows_of(strict, selection) == rows_of(quiet, selection) == rows_of(make_meter())[-1:]
            continue
        assert rows_of(quiet, selection) == []
        with pytest.raises(KeyError, match="type-unmatched"):
            rows_of(strict, selection)
