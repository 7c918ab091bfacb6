"""A profile's rows by range, by entry, or whole: the same rows, whatever the meter can."""

from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from custom_components.cosem.dlms.client.profile_reading import ProfileReading
from custom_components.cosem.dlms.client.profile_request import ProfileRequest, ProfileWay, ProfileWays
from custom_components.cosem.dlms.encoding.cosem_time import ClockStatus, CosemDateTime, encode_date_time
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    array,
    decode_data_octets,
    double_long_unsigned,
    encode_data_octets,
    enum,
    integer,
    octet_string,
    plain,
    structure,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import (
    ConnectionLost,
    DataAccessError,
    DecodeError,
    ExceptionReceived,
    LocalProtocolError,
    ResponseTimeout,
)
from custom_components.cosem.dlms.interface_classes.profile_generic import CaptureObject
from tests.dlms.client.profile_source import (
    CLOCK,
    COLUMNS,
    EXPORT,
    IMPORT,
    PROFILE,
    QUARTER,
    START,
    STATUS,
    Source,
    row,
    stamp,
)

BERLIN = ZoneInfo("Europe/Berlin")


def wanted(**changes):
    return ProfileRequest(logical_name=PROFILE, zone=UTC, **changes)


def expected(*numbers):
    return [
        (START + number * QUARTER, number % 5, Decimal(1000 + number) / 10, Decimal(number) / 10) for number in numbers
    ]


async def read(source, request, ways=None):
    reading = ProfileReading(source.lend, request, ProfileWays() if ways is None else ways)
    rows = []
    async with aclosing(reading.rows()) as batches:
        async for batch in batches:
            rows += batch
    return rows


TIMES = wanted(since=START + 5 * QUARTER, until=START + 8 * QUARTER)
SOURCES = {
    "range": {},
    "entry only": {"can": (2,)},
    "neither": {"can": ()},
    "range that is not understood and answered with everything": {"sends_all": True},
    "one octet at a time": {"piece": 1},
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
async def test_rows_between_two_times(source):
    assert await read(Source(**source), TIMES) == expected(5, 6, 7, 8)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
async def test_rows_by_their_numbers(source):
    assert await read(Source(**source), wanted(entries=(3, 5))) == expected(2, 3, 4)
    assert await read(Source(**source), wanted(entries=(19, 0))) == expected(18, 19)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize(
    ("request_", "numbers"),
    [
        (wanted(), range(20)),
        (wanted(since=START + 18 * QUARTER), (18, 19)),
        (wanted(until=START + QUARTER), (0, 1)),
        (wanted(since=START + timedelta(days=50)), ()),
        (wanted(until=START - timedelta(days=50)), ()),
    ],
    ids=["all", "since", "until", "later", "earlier"],
)
async def test_open_ends(source, request_, numbers):
    assert await read(Source(**source), request_) == expected(*numbers)


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
async def test_few_columns_come_with_their_time(source):
    rows = await read(Source(**source), wanted(since=TIMES.since, until=TIMES.until, columns=(EXPORT.logical_name,)))
    assert rows == [(time, number) for time, _status, _import, number in expected(5, 6, 7, 8)]


async def test_a_meter_that_takes_no_columns_sends_all():
    source = Source()
    source.accepts_columns = False
    request = wanted(since=TIMES.since, until=TIMES.until, columns=(EXPORT.logical_name,))
    assert [row[1] for row in await read(source, request)] == [Decimal(number) / 10 for number in (5, 6, 7, 8)]
    assert [selector for selector, _parameters in source.asked] == [1, 1]


async def test_a_time_in_another_form_is_tried_before_another_way():
    source = Source()
    source.accepts_time = lambda octets: octets[9:11] == b"\x80\x00"
    assert await read(source, TIMES) == expected(5, 6, 7, 8)
    assert [selector for selector, _parameters in source.asked] == [1, 1]


async def test_a_range_that_never_gives_rows_is_not_believed_before_it_has_worked():
    source = Source()
    source.accepts_time = lambda octets: False
    assert await read(source, TIMES) == expected(5, 6, 7, 8)


async def test_a_range_that_has_worked_is_believed_without_rows():
    source, ways = Source(), ProfileWays()
    await read(source, TIMES, ways)
    source.asked.clear()
    assert await read(source, wanted(since=START + timedelta(days=9)), ways) == []
    assert {selector for selector, _parameters in source.asked} == {1}


async def test_what_a_meter_cannot_is_asked_twice_and_then_last():
    source, ways = Source(can=(2,)), ProfileWays()
    for _ in range(2):
        await read(source, TIMES, ways)
    source.asked.clear()
    await read(source, TIMES, ways)
    assert {selector for selector, _parameters in source.asked} == {2}
    assert ways.proven is ProfileWay.ENTRY


async def test_units_are_asked_for_once_in_each_reading():
    source, ways = Source(drops_after=(5, 5)), ProfileWays()
    await read(source, TIMES, ways)
    assert (source.lent, source.units_asked) == (3, 2)
    await read(source, TIMES, ways)
    assert source.units_asked == 4


async def test_f49_a_meter_that_has_changed_a_scaler_is_believed_with_the_next_reading():
    source, ways = Source(), ProfileWays()
    assert (await read(source, TIMES, ways))[0][2] == Decimal("100.5")
    source.odd[IMPORT.logical_name] = structure(integer(-2), enum(30))
    assert (await read(source, TIMES, ways))[0][2:] == (Decimal("10.05"), Decimal("0.5"))


async def test_units_are_told():
    reading = ProfileReading(Source().lend, TIMES, ProfileWays())
    async with aclosing(reading.rows()) as batches:
        async for _batch in batches:
            pass
    assert [column.unit for column in reading.columns] == [None, None, "Wh", "Wh"]
    assert [column.capture_object for column in reading.columns] == [*COLUMNS]


async def test_a_refused_unit_leaves_numbers_as_they_are_and_is_not_remembered():
    source, ways = Source(), ProfileWays()
    source.odd[IMPORT.logical_name] = DataAccessError(3)
    source.odd[EXPORT.logical_name] = NULL
    assert (await read(source, TIMES, ways))[0][2:] == (1005, 5)
    source.odd.clear()
    assert await read(source, TIMES, ways) == expected(5, 6, 7, 8)


@pytest.mark.parametrize("can", [(1, 2), (2,), ()])
async def test_newest_first(can):
    source = Source(sort=2, can=can)
    source.entries.reverse()
    assert await read(source, TIMES) == expected(8, 7, 6, 5)


@pytest.mark.parametrize("entries", [(1, 4), (3, 5), (7, 20), (18, 0), (2, 2), (20, 20)])
async def test_a_meter_that_takes_the_last_entry_for_a_count_gives_the_right_ones(entries):
    source = Source()
    source.counts = True
    first, last = entries[0], entries[1] or 20
    assert await read(source, wanted(entries=entries)) == expected(*range(first - 1, last))


async def test_a_meter_that_takes_the_last_entry_for_a_count_is_read_by_times():
    source = Source(can=(2,))
    source.counts = True
    assert await read(source, TIMES) == expected(5, 6, 7, 8)
    assert None not in source.asked


async def test_more_entries_than_asked_for_of_an_unknown_number_are_read_whole():
    source = Source(sends_all=True)
    source.odd[7] = DataAccessError(3)
    assert await read(source, wanted(entries=(3, 5))) == expected(2, 3, 4)
    assert source.asked[-1] is None


async def test_entries_in_another_order_are_read_whole():
    source = Source(sort=3, can=(2,))
    source.entries[0], source.entries[7] = source.entries[7], source.entries[0]
    assert sorted(await read(source, TIMES)) == expected(5, 6, 7, 8)


@pytest.mark.parametrize("entry", [[[NULL, *row(0)[1:]]], []], ids=["null", "none"])
async def test_entries_without_a_time_are_read_whole(entry):
    source = Source(can=(2,))
    chosen = source.chosen

    def odd(selection):
        octets = chosen(selection)
        return octets if selection is None else encode_data_octets(array(*[structure(*each) for each in entry]))

    source.chosen = odd
    assert await read(source, TIMES) == expected(5, 6, 7, 8)


async def test_times_against_the_order_are_read_whole():
    source = Source(can=(2,))
    source.entries.reverse()  # says FIFO
    assert sorted(await read(source, TIMES)) == expected(5, 6, 7, 8)


async def test_a_missing_time_counts_up_by_the_capture_period():
    source = Source()
    for number in (6, 7):
        source.entries[number][0] = NULL
    source.can = ()
    assert await read(source, TIMES) == expected(5, 6, 7, 8)


# -- drops


@pytest.mark.parametrize("can", [(1, 2), (2,), ()])
@pytest.mark.parametrize("request_", [TIMES, wanted(), wanted(entries=(6, 9))], ids=["times", "all", "entries"])
async def test_after_a_drop_the_reading_goes_on_behind_the_last_row(can, request_):
    early = 2 if request_ == wanted(entries=(6, 9)) else 5
    source = Source(can=can, drops_after=(7, 8) if not can else (early, early))
    numbers = range(20) if request_ == wanted() else (5, 6, 7, 8)
    assert await read(source, request_) == expected(*numbers)
    assert source.lent == (1 if early == 2 and not can else 3)  # 1: all of them came before the drop


async def test_newest_first_goes_on_as_well():
    source = Source(sort=2, drops_after=(5, 5))
    source.entries.reverse()
    assert await read(source, TIMES) == expected(8, 7, 6, 5)


async def test_rows_of_one_time_are_not_lost_and_not_doubled():
    source = Source(drops_after=(6,))
    for number in (6, 7):
        source.entries[number][0] = stamp(START + 5 * QUARTER)
    rows = await read(source, TIMES)
    assert [row[3] for row in rows] == [Decimal(number) / 10 for number in (5, 6, 7, 8)]


async def test_drops_without_a_new_row_end_the_reading():
    source = Source(drops_after=(5, 1, 1, 1, 1))
    with pytest.raises(ConnectionLost):
        await read(source, TIMES)
    assert source.lent == 3


async def test_after_a_drop_before_the_first_row_the_reading_begins_again():
    source = Source(drops_after=(0, 0))
    assert await read(source, TIMES) == expected(5, 6, 7, 8)
    assert source.lent == 3
    source = Source(drops_after=(0,) * 7)  # two by range, two by entry, three of the whole
    with pytest.raises(ConnectionLost):
        await read(source, TIMES)
    assert source.lent == 7


async def test_a_drop_before_the_meter_has_told_its_columns_is_the_error():
    source = Source()

    async def hang_up(attributes):
        raise ConnectionLost

    source.get_many = hang_up
    with pytest.raises(ConnectionLost):
        await read(source, TIMES)
    assert source.lent == 1


@pytest.mark.parametrize("sort", [1, 2, 3, None])
@pytest.mark.parametrize("can", [(1, 2), (2,), ()])
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("request_", [wanted(), TIMES], ids=["all", "times"])
async def test_the_order_of_rows_that_came_decides_where_to_go_on(sort, can, newest_first, request_):
    """Whatever the meter says about the order."""
    source = Source(can=can, drops_after=(9, 9))
    source.odd[5] = NULL if sort is None else enum(sort)
    if newest_first:
        source.entries.reverse()
    numbers = range(20) if request_ == wanted() else (5, 6, 7, 8)
    assert await read(source, request_) == expected(*(reversed(numbers) if newest_first else numbers))


async def test_rows_in_no_order_are_neither_lost_nor_doubled():
    source = Source(drops_after=(5, 9))
    for one, other in ((1, 9), (4, 12), (6, 7)):
        source.entries[one], source.entries[other] = source.entries[other], source.entries[one]
    order = [each[3].value for each in source.entries]
    assert await read(source, wanted()) == expected(*order)
    assert source.lent == 3


@pytest.mark.parametrize("can", [(1, 2), (2,), ()])
@pytest.mark.parametrize("place", range(21))
@pytest.mark.parametrize("is_full", [False, True])
async def test_what_is_captured_into_sorted_rows_during_a_drop_costs_none(can, place, is_full):
    """Its value places it in front of the rows that came, between them, or behind; a full buffer loses its last."""
    source = Source(can=can, sort=4, drops_after=(9,))
    order = [7, 3, 19, 0, 12, 5, 16, 1, 9, 14, 4, 18, 2, 11, 6, 17, 8, 13, 10, 15]  # numbers are times, not places
    source.entries = [row(number) for number in order]

    def capture():
        source.entries.insert(place, row(40))
        source.size = 20 if is_full else 1000
        if is_full:
            source.entries.pop()

    source.between = capture
    rows = numbers_of(await read(source, wanted()))
    assert source.lent == 2
    kept = order if not is_full or place == 20 else order[:-1]
    assert [each for each in rows if each != 40] == kept
    assert rows[place : place + 1] == [40] if 40 in rows else place <= 15 or (is_full and place == 20)
    assert len({*rows}) == len(rows)


@pytest.mark.parametrize("drop", range(3, 11))
async def test_equal_rows_of_one_time_are_all_there(drop):
    source = Source(drops_after=(drop,))
    for number, entry in enumerate(source.entries):
        entry[:] = row(number // 7)
    assert await read(source, wanted()) == expected(*[number // 7 for number in range(20)])


@pytest.mark.parametrize("drop", range(3, 11))
async def test_a_clock_that_was_set_back_costs_no_row(drop):
    source = Source(can=(), drops_after=(drop,))
    for number in range(12, 20):
        source.entries[number][0] = stamp(START + (number - 5) * QUARTER)
    rows = await read(source, wanted())
    assert [row[3] for row in rows] == [Decimal(number) / 10 for number in range(20)]


WAYS = [(1, 2), (1,), (2,), ()]
BACK = {"8 hours": timedelta(hours=-8), "to 1999": timedelta(days=-9700), "a day ahead": timedelta(days=1)}


def numbers_of(rows):
    return [row[3] * 10 for row in rows]


def source_with_a_jump(jump, **options):
    """The clock is set once at row 30 of 60, by ``jump``."""
    source = Source(rows=60, **options)
    for number in range(30, 60):
        source.entries[number][0] = stamp(START + number * QUARTER + jump)
    return source


@pytest.mark.parametrize("can", WAYS)
@pytest.mark.parametrize("jump", BACK.values(), ids=BACK)
@pytest.mark.parametrize("drops", [(2,), (9, 12), (14,), (20,), (33, 34)])
@pytest.mark.parametrize("is_full", [False, True])
async def test_a_clock_that_was_set_further_on_costs_no_row_behind_a_drop(can, jump, drops, is_full):
    source = source_with_a_jump(jump, can=can, drops_after=drops)
    source.size = 60 if is_full else 1000
    assert numbers_of(await read(source, wanted())) == [*range(60)]
    assert source.lent > 1


@pytest.mark.parametrize("can", [(1, 2), (1,), ()])
@pytest.mark.parametrize("drops", [(), (2,), (8, 11), (12,)])
async def test_rows_of_some_times_are_all_there_although_the_clock_was_set_back_among_them(can, drops):
    source = source_with_a_jump(BACK["8 hours"], can=can, drops_after=drops)
    request = wanted(since=START + 5 * QUARTER, until=START + 25 * QUARTER)
    assert numbers_of(await read(source, request)) == [*range(5, 26), *range(37, 58)]
    assert source.lent == 1 + len(drops)


@pytest.mark.parametrize("jump", [timedelta(hours=-5), timedelta(days=-9700), timedelta(hours=-1, minutes=-30)])
@pytest.mark.parametrize("newest_first", [False, True])
async def test_entries_among_which_the_clock_was_set_back_are_read_whole(jump, newest_first):
    """Halving would find some of them only."""
    source = source_with_a_jump(jump, can=(2,), sort=2 if newest_first else 1)
    inside = [START + 5 * QUARTER <= START + n * QUARTER + (n >= 30) * jump <= START + 25 * QUARTER for n in range(60)]
    numbers = [number for number in range(60) if inside[number]]
    if newest_first:
        source.entries.reverse()
        numbers.reverse()
    request = wanted(since=START + 5 * QUARTER, until=START + 25 * QUARTER)
    assert numbers_of(await read(source, request)) == numbers
    assert source.asked[-1] is None


async def test_entries_with_gaps_are_found_by_halving():
    source = source_with_a_jump(timedelta(days=3), can=(2,))
    request = wanted(since=START + 5 * QUARTER, until=START + timedelta(days=3) + 35 * QUARTER)
    assert numbers_of(await read(source, request)) == [*range(5, 36)]
    assert None not in source.asked


@pytest.mark.parametrize("can", WAYS)
async def test_what_is_captured_by_events_is_not_looked_for_by_halving(can):
    source = source_with_a_jump(timedelta(hours=-5), can=can)
    source.odd[4] = double_long_unsigned(0)
    request = wanted(since=START + 5 * QUARTER, until=START + 25 * QUARTER)
    assert numbers_of(await read(source, request)) == [*range(5, 26), *range(30, 46)]
    assert {each if each is None else each[0] for each in source.asked} <= {1, None}


@pytest.mark.parametrize("can", WAYS)
@pytest.mark.parametrize("drops", [(), (20,)])
async def test_what_has_no_beginning_is_read_whole_because_a_range_needs_one(can, drops):
    """Also what was captured before the meter's clock was set."""
    source = source_with_a_jump(BACK["to 1999"], can=can, drops_after=drops)
    assert numbers_of(await read(source, wanted(until=START + 5 * QUARTER))) == [*range(6), *range(30, 60)]
    assert {*source.asked} == {None}


async def test_what_has_no_beginning_is_read_by_range_where_the_whole_is_refused():
    source = Source()
    chosen = source.chosen

    def refuse(selection):
        if selection is None:
            raise DataAccessError(3)
        return chosen(selection)

    source.chosen = refuse
    assert await read(source, wanted(until=START + 5 * QUARTER)) == expected(*range(6))


async def test_a_range_reaches_to_the_time_of_a_meter_that_is_ahead():
    source = Source(rows=0)
    now = datetime.now(UTC).replace(microsecond=0)
    source.clock = stamp(now + timedelta(days=40))
    source.entries = [[stamp(now + timedelta(days=30 + number)), *row(number)[1:]] for number in range(10)]
    assert numbers_of(await read(source, wanted(since=now))) == [*range(10)]
    assert {each[0] for each in source.asked} == {1}


@pytest.mark.parametrize("can", WAYS)
@pytest.mark.parametrize("drops", [(3,), (8, 9), (14, 2, 20)])
@pytest.mark.parametrize("moved", [0, 1])
async def test_a_profile_without_times_goes_on_behind_its_last_row(can, drops, moved):
    source = Source(rows=60, can=can, columns=(STATUS, IMPORT, EXPORT), drops_after=drops)
    everything = [each[1:] for each in source.entries]
    source.entries, source.size = everything[:50], 50

    def capture():
        source.entries = everything[moved : 50 + moved]

    source.between = capture
    assert [each[2] * 10 for each in await read(source, wanted())] == [*range(50 + moved)]
    assert source.lent > 1


@pytest.mark.parametrize("can", [(1, 2), ()])
async def test_rows_whose_times_name_no_point_are_found_again(can):
    source = Source(rows=60, can=can, drops_after=(18,))
    for number in range(25, 40):
        source.entries[number][0] = octet_string(b"\xff" * 12)
    source.odd[4] = double_long_unsigned(0)
    assert numbers_of(await read(source, wanted())) == [*range(60)]


@pytest.mark.parametrize("can", WAYS)
@pytest.mark.parametrize("moved", [1, 16, 17, 29])
async def test_a_full_buffer_may_lose_all_but_the_last_row_that_came(can, moved):
    source = Source(rows=100, can=can, drops_after=(17,))  # 30 rows
    everything = source.entries
    source.entries, source.size = everything[:60], 60

    def capture():
        source.entries = everything[moved : 60 + moved]

    source.between = capture
    assert numbers_of(await read(source, wanted())) == [*range(60 + moved)]
    assert source.lent == 2


@pytest.mark.parametrize("can", WAYS)
async def test_a_buffer_that_is_newest_first_may_move_by_any_number(can):
    source = Source(rows=100, can=can, sort=2, drops_after=(17,))
    source.entries.reverse()
    everything = source.entries
    source.entries = everything[40:]

    def capture():
        source.entries = everything

    source.between = capture
    assert numbers_of(await read(source, wanted())) == [*reversed(range(60))]
    source = Source(rows=100, can=can, sort=2, drops_after=(17,))
    source.entries = everything[40:]
    source.between = capture
    assert numbers_of(await read(source, wanted(entries=(3, 50)))) == [*reversed(range(10, 58))]


@pytest.mark.parametrize("can", WAYS)
@pytest.mark.parametrize("request_", [wanted(), wanted(since=START), wanted(until=START + 40 * QUARTER)])
async def test_rows_that_are_gone_are_an_error(can, request_):
    source = Source(rows=100, can=can, drops_after=(17,))
    everything = source.entries
    source.entries, source.size = everything[:60], 60

    def capture():
        source.entries = everything[40:]

    source.between = capture
    with pytest.raises(DecodeError, match=r"have moved|are gone"):
        await read(source, request_)


@pytest.mark.parametrize("can", WAYS)
@pytest.mark.parametrize("request_", [wanted(), TIMES])
async def test_a_buffer_that_was_emptied_meanwhile_is_an_error(can, request_):
    source = Source(can=can, drops_after=(6,))
    source.between = source.entries.clear
    with pytest.raises(DecodeError, match="are gone"):
        await read(source, request_)


@pytest.mark.parametrize("can", WAYS)
@pytest.mark.parametrize("room", [0, 1])
async def test_equal_rows_are_counted_where_they_cannot_move_and_an_error_where_they_can(can, room):
    source = Source(can=can, columns=(STATUS,), drops_after=(1,), piece=30)
    source.entries, source.size = [row(7)[1:2] for _number in range(60)], 60 + room
    if room:
        assert await read(source, wanted()) == [(2,)] * 60
    else:
        with pytest.raises(DecodeError, match="look alike"):
            await read(source, wanted())
    assert source.lent == 2


async def test_that_rows_have_moved_is_not_held_against_a_way():
    source, ways = Source(rows=100, can=(2,), drops_after=(17,)), ProfileWays()
    everything = source.entries
    source.entries, source.size = everything[:60], 60

    def capture():
        source.entries = everything[25:85]

    source.between = capture
    assert numbers_of(await read(source, wanted(), ways)) == [*range(85)]
    assert source.asked[-1] is None
    assert ways.failures[ProfileWay.ENTRY] == 0


async def test_a_range_goes_on_in_the_form_of_a_time_that_the_meter_understands():
    source, ways = Source(drops_after=(50, 3)), ProfileWays()
    source.accepts_time = lambda octets: octets[9:11] == b"\x80\x00"
    assert await read(source, TIMES, ways) == expected(5, 6, 7, 8)
    assert source.lent == 2
    assert {each[0] for each in source.asked} == {1}


# -- entries


@pytest.mark.parametrize("in_use", [0, 3, 19, 20, 1000, None])
@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("entries", [(1, 0), (2, 0), (3, 5), (19, 0), (20, 20), (1, 4)])
async def test_entries_are_the_right_ones_whatever_the_meter_says_about_their_number(in_use, source, entries):
    source = Source(**source)
    source.odd[7] = DataAccessError(3) if in_use is None else double_long_unsigned(in_use)
    first, last = entries
    assert await read(source, wanted(entries=entries)) == expected(*range(first - 1, last or 20))


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
async def test_an_entry_that_is_captured_meanwhile_costs_none(source):
    source = Source(**source)
    source.odd[7] = double_long_unsigned(19)  # when it was asked
    assert await read(source, wanted(entries=(2, 0))) == expected(*range(1, 20))


async def test_the_only_entry_is_not_taken_for_another_one():
    source = Source(rows=1, sends_all=True)
    assert await read(source, wanted(entries=(2, 0))) == []
    assert await read(source, wanted(entries=(1, 0))) == expected(0)


@pytest.mark.parametrize("moved", [-3, -1, 0, 1, 3])
@pytest.mark.parametrize("can", [(2,), ()])
async def test_entries_that_move_during_a_drop_are_neither_lost_nor_doubled(moved, can):
    """A full buffer moves down with each capture, and up where the newest is the first."""
    source = Source(rows=60, can=can, drops_after=(20 if not can else 10,))
    everything = source.entries
    source.entries = everything[5:55]

    def capture():
        source.entries = everything[5 - moved : 55 - moved]

    source.between = capture
    assert numbers_of(await read(source, wanted(entries=(6, 45)))) == list(range(10, 50))
    assert source.lent == 2


async def test_entries_that_moved_too_far_are_an_error():
    source = Source(rows=100, drops_after=(10,))
    everything = source.entries
    source.entries = everything[:60]

    def capture():
        source.entries = everything[40:]

    source.between = capture
    with pytest.raises(DecodeError, match="have moved"):
        await read(source, wanted(entries=(6, 45)))


async def test_entries_that_are_all_there_need_no_new_connection():
    source = Source(drops_after=(11,))
    assert await read(source, wanted(entries=(1, 15))) == expected(*range(15))
    assert source.lent == 1 + (source.asked[-1][1][0] > 1)


@pytest.mark.parametrize("in_use", [6, 12, 19, 20])
@pytest.mark.parametrize("newest_first", [False, True])
async def test_more_entries_than_the_meter_says_are_found_by_their_times(in_use, newest_first):
    source = Source(can=(2,), sort=2 if newest_first else 1)
    source.odd[7] = double_long_unsigned(in_use)
    if newest_first:
        source.entries.reverse()
    rows = await read(source, wanted(since=START + 3 * QUARTER, until=START + 18 * QUARTER))
    assert sorted(rows) == expected(*range(3, 19))
    assert None not in source.asked


async def test_an_entry_that_is_captured_while_entries_are_looked_for_costs_none():
    day = timedelta(days=1)
    source = Source(rows=0, can=(2,), sort=2)
    source.entries = [[stamp(START + number * day), *row(number)[1:]] for number in reversed(range(20))]
    later = [stamp(START + 20 * day), *row(20)[1:]]
    source.odd[7] = double_long_unsigned(20)
    chosen = source.chosen

    def capture(selection):
        if selection is not None and len({*plain(selection.parameters)[:2]}) > 1 and len(source.entries) == 20:
            source.entries.insert(0, later)
        return chosen(selection)

    source.chosen = capture
    rows = await read(source, wanted(since=START + 5 * day, until=START + 8 * day))
    assert numbers_of(rows) == [8, 7, 6, 5]


# -- the hour that is there twice


AUTUMN = datetime(2026, 10, 24, 22, tzinfo=UTC)


def autumn_source(**options):
    """24 quarter hours from midnight in Berlin on, without deviation and without daylight saving bit."""
    source = Source(rows=24, **options)
    source.clock = without_zone(AUTUMN)
    for number, entry in enumerate(source.entries):
        entry[0] = without_zone(AUTUMN + number * QUARTER)

    return source


def without_zone(moment):
    local = moment.astimezone(BERLIN).replace(tzinfo=None)
    return octet_string(encode_date_time(replace(CosemDateTime.from_datetime(local), clock_status=ClockStatus(0))))


def berlin(hour, minute, fold=0):
    return datetime(2026, 10, 25, hour, minute, fold=fold, tzinfo=BERLIN)


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("can", [(1, 2), (2,), ()])
@pytest.mark.parametrize("drops_after", [(), (5,), (7, 7), (9, 5)])
@pytest.mark.parametrize(
    ("since", "until", "numbers"),
    [
        (berlin(2, 30, 1), berlin(3, 0), range(14, 17)),
        (berlin(2, 0), berlin(2, 30), range(8, 11)),
        (berlin(2, 30), berlin(2, 0, 1), range(10, 13)),
        (None, berlin(2, 0, 1), range(13)),
        (berlin(2, 45), None, range(11, 24)),
        (datetime.fromisoformat("2026-10-25T02:30+01:00"), berlin(3, 0).astimezone(UTC), range(14, 17)),
        (None, None, range(24)),
    ],
)
async def test_f54_rows_of_the_two_equal_hours_are_told_apart(newest_first, can, drops_after, since, until, numbers):
    source = autumn_source(can=can, drops_after=drops_after)
    if newest_first:
        source.entries.reverse()
    request = ProfileRequest(logical_name=PROFILE, zone=BERLIN, since=since, until=until)
    rows = await read(source, request)
    assert numbers_of(rows) == list(reversed(numbers) if newest_first else numbers)
    assert [row[0].astimezone(UTC) for row in rows] == [AUTUMN + int(n) * QUARTER for n in numbers_of(rows)]


@pytest.mark.parametrize("can", [(1, 2), (2,), ()])
@pytest.mark.parametrize("zone", [UTC, BERLIN, timezone(timedelta(hours=-14)), timezone(timedelta(hours=14))])
async def test_times_at_the_ends_of_the_calendar_are_ends_like_others(can, zone):
    since, until = (datetime.fromisoformat(text).replace(tzinfo=zone) for text in ("0001-01-01", "9999-12-31T23:59:59"))
    source = Source(can=can)
    assert await read(source, ProfileRequest(logical_name=PROFILE, zone=zone, since=since, until=until)) == expected(
        *range(20)
    )


@pytest.mark.parametrize("can", [(1, 2), (2,), ()])
@pytest.mark.parametrize(
    ("before", "after", "scale", "unit"),
    [((EXPORT,), (EXPORT, IMPORT), 1, "Wh"), ((EXPORT, IMPORT), (EXPORT,), 0, None)],
    ids=["known before", "known after"],
)
async def test_f49_units_refused_on_one_side_of_a_drop_do_not_change_numbers(can, before, after, scale, unit):
    # One of them is refused throughout, so that nothing is remembered and both are asked for again.
    source = Source(can=can, drops_after=(5,) if can else (8,))
    source.odd = {column.logical_name: DataAccessError(2) for column in before}
    source.between = lambda: setattr(source, "odd", {column.logical_name: DataAccessError(2) for column in after})
    reading = ProfileReading(source.lend, TIMES, ProfileWays())
    rows = []
    async with aclosing(reading.rows()) as batches:
        async for batch in batches:
            rows += batch
    assert source.lent == 2
    assert [row[2:] for row in rows] == [(Decimal(1000 + n).scaleb(-scale), n) for n in (5, 6, 7, 8)]
    assert [column.unit for column in reading.columns] == [None, None, unit, None]


async def test_f46_other_columns_after_a_drop_are_not_mixed():
    source = Source(drops_after=(5,))
    reading = ProfileReading(source.lend, TIMES, ProfileWays())
    with pytest.raises(DecodeError, match="other columns"):
        async with aclosing(reading.rows()) as batches:
            async for _batch in batches:
                source.columns = (CLOCK, STATUS, EXPORT, IMPORT)


@pytest.mark.parametrize("error", [ConnectionLost(), DecodeError("no answer to a list")])
async def test_a_meter_whose_lists_are_too_long_is_asked_again(error):
    source = Source()
    get_many = source.get_many

    async def hang_up_once(attributes):
        source.get_many, source.asks_otherwise = get_many, True
        raise error

    source.get_many = hang_up_once
    assert await read(source, TIMES) == expected(5, 6, 7, 8)
    assert source.lent == 2


async def test_a_broken_answer_ends_the_reading():
    source = Source()
    source.entries[7] = source.entries[7][:3]
    with pytest.raises(DecodeError):
        await read(source, TIMES)
    assert source.lent == 1


# -- what cannot be


async def test_times_need_a_column_with_the_time():
    source = Source(columns=(STATUS, IMPORT))
    source.entries = [each[1:3] for each in source.entries]
    with pytest.raises(LocalProtocolError, match="no column with the time"):
        await read(source, TIMES)
    assert len(await read(source, wanted())) == 20


async def test_without_selective_access_the_whole_is_read():
    source = Source()
    source.selects = False
    assert await read(source, TIMES) == expected(5, 6, 7, 8)
    assert source.asked == [None]


async def test_a_profile_that_is_refused_says_so():
    source = Source()
    source.odd[3] = DataAccessError(4)
    with pytest.raises(DataAccessError):
        await read(source, TIMES)


async def test_the_first_refusal_is_the_error_when_no_way_leads():
    source = Source(can=())
    chosen = source.chosen

    def refuse(selection):
        if selection is None:
            raise DataAccessError(3)
        return chosen(selection)

    source.chosen = refuse
    with pytest.raises(DataAccessError) as caught:
        await read(source, TIMES)
    assert caught.value.result == 13


async def test_rows_of_another_width_are_refused():
    source = Source()
    source.entries[6] = source.entries[6][:3]
    with pytest.raises(DecodeError, match="columns"):
        await read(source, wanted())
    source.entries = [each[:3] for each in source.entries]
    with pytest.raises(DecodeError, match="columns"):
        await read(source, wanted())


async def test_many_rows_come_some_at_a_time_and_a_drop_costs_none_of_them():
    source = Source(rows=900, piece=100, drops_after=(150,))
    reading = ProfileReading(source.lend, wanted(), ProfileWays())
    async with aclosing(reading.rows()) as batches:
        sizes = [len(batch) async for batch in batches]
    assert sum(sizes) == 900
    assert source.lent == 2
    assert max(sizes) < 300 < len(source.entries)
    again = await read(Source(rows=900, piece=100, drops_after=(150,)), wanted())
    assert again == expected(*range(900))


async def test_what_is_wrong_behind_many_rows_is_an_error_and_no_other_way_is_tried():
    source = Source(rows=600, piece=100)
    source.entries[500] = source.entries[500][:3]
    with pytest.raises(DecodeError, match="columns"):
        await read(source, wanted())
    assert source.asked == [None]


async def test_a_buffer_without_rows_that_says_it_has_some_is_empty():
    source = Source(rows=0)
    source.odd[7] = double_long_unsigned(5)
    assert await read(source, TIMES) == []
    assert len(source.asked) > 1


def ended_by(source, error, selectors):
    """Let selections end the association; ``error`` is what the caller sees of it."""
    chosen = source.chosen

    def end(selection):
        octets = chosen(selection)
        if selection is not None and selection.selector in selectors:
            source.is_open = False
            raise error
        return octets

    source.chosen = end


@pytest.mark.parametrize("error", [ExceptionReceived(1, 1), ConnectionLost(), ResponseTimeout("get-response", 10)])
@pytest.mark.parametrize("selectors", [{1}, {1, 2}], ids=["range", "both"])
async def test_a_way_that_ends_the_association_is_left_for_another_one(error, selectors):
    source, ways = Source(), ProfileWays()
    ended_by(source, error, selectors)
    assert await read(source, TIMES, ways) == expected(5, 6, 7, 8)
    asked = 1 if isinstance(error, ExceptionReceived) else 2
    assert [each[0] for each in source.asked if each is not None].count(1) == asked
    assert ways.failures[ProfileWay.RANGE] == 1
    assert await read(source, TIMES, ways) == expected(5, 6, 7, 8)
    source.asked.clear()
    assert await read(source, TIMES, ways) == expected(5, 6, 7, 8)
    assert [each for each in source.asked if each is not None and each[0] == 1] == []


async def test_one_drop_does_not_cost_a_way():
    source = Source(drops_after=[0])
    ways = ProfileWays()
    assert await read(source, TIMES, ways) == expected(5, 6, 7, 8)
    assert {each[0] for each in source.asked} == {1}
    assert ways.proven is ProfileWay.RANGE


async def test_a_way_that_has_worked_is_not_left_because_of_the_network():
    source, ways = Source(), ProfileWays()
    await read(source, TIMES, ways)
    ended_by(source, ConnectionLost(), {1})
    source.asked.clear()
    with pytest.raises(ConnectionLost):
        await read(source, TIMES, ways)
    assert {each[0] for each in source.asked} == {1}
    assert ways.proven is ProfileWay.RANGE


async def test_the_whole_that_ends_the_association_is_the_error():
    source = Source()
    source.selects = False

    def refuse(_selection):
        source.is_open = False
        raise ExceptionReceived(1, 1)

    source.chosen = refuse
    with pytest.raises(ExceptionReceived):
        await read(source, TIMES)
    assert source.lent == 1


# -- less than there is


class Sparing(Source):
    """Sends ``most`` rows at once, and, where ``refuses`` says so, nothing without a selection."""

    def __init__(self, most, *, refuses=False, **arguments):
        super().__init__(**arguments)
        self.most = most
        self.refuses = refuses

    def chosen(self, selection):
        octets = super().chosen(selection)
        if selection is None and self.refuses:
            raise DataAccessError(3)
        return encode_data_octets(array(*decode_data_octets(octets).value[: self.most]))


@pytest.mark.parametrize("most", [18, 25, 39, 40])
@pytest.mark.parametrize("refuses", [False, True])
async def test_who_sends_only_so_many_entries_at_once_is_asked_for_the_others(most: int, refuses: bool):
    source = Sparing(most, refuses=refuses, rows=40)
    assert await read(source, wanted()) == expected(*range(40))
    assert source.lent == 1


@pytest.mark.parametrize("entries", [(3, 30), (3, 0), (2, 77)])
async def test_so_it_is_for_entries_by_their_numbers(entries: tuple[int, int]):
    source = Sparing(20, rows=40)
    first, last = entries
    assert await read(source, wanted(entries=entries)) == expected(*range(first - 1, min(last or 40, 40)))


async def test_an_entry_behind_the_last_one_is_asked_for_where_the_last_one_does_not_count():
    source = Source(rows=40)
    chosen = source.chosen

    def exclusive(selection):
        octets = chosen(selection)
        first, last = source.asked[-1][1][:2]
        return encode_data_octets(array(*decode_data_octets(octets).value[:-1])) if first < last else octets

    source.chosen = exclusive
    assert await read(source, wanted(entries=(5, 9))) == expected(4, 5, 6, 7, 8)


@pytest.mark.parametrize("can", [(2,), ()])
async def test_who_tells_more_entries_than_it_has_costs_a_few_questions(can: tuple[int, ...]):
    source = Source(rows=20, can=can)
    source.odd[7] = double_long_unsigned(5000)
    assert await read(source, wanted()) == expected(*range(20))
    assert len(source.asked) <= 4


async def test_who_cannot_select_is_not_asked_for_more():
    source = Sparing(15, rows=40)
    source.selects = False
    assert await read(source, wanted()) == expected(*range(15))
    assert source.asked == [None]


@pytest.mark.parametrize("error", [ExceptionReceived(1, 1), ResponseTimeout("get-response", 10), ConnectionLost()])
async def test_who_ends_the_association_then_has_sent_everything(error: Exception):
    source, ways = Source(rows=20), ProfileWays()
    source.odd[7] = double_long_unsigned(5000)
    chosen = source.chosen

    def refuse(selection):
        octets = chosen(selection)
        if selection is not None:
            source.is_open = False
            raise error
        return octets

    source.chosen = refuse
    for _ in range(3):
        assert await read(source, wanted(), ways) == expected(*range(20))
    assert [each and each[0] for each in source.asked] == [None, 2, None, 2, None], "twice, and never again"


async def test_what_gets_lost_among_the_others_is_asked_for_again():
    source = Sparing(40, rows=90, drops_after=[1000, 20])
    assert await read(source, wanted()) == expected(*range(90))
    assert source.lent == 2


# -- seconds


@pytest.mark.parametrize("unix", [CaptureObject(1, LogicalName.parse("0.0.1.1.0.255"), 2, 0), COLUMNS[0]])
async def test_seconds_since_1970_are_asked_for_as_such(unix: CaptureObject):
    source = Source(can=(2,), columns=(unix, *COLUMNS[1:]))
    source.clock = double_long_unsigned(int(START.timestamp()))
    for number, entry in enumerate(source.entries):
        entry[0] = double_long_unsigned(int((START + number * QUARTER).timestamp()))
    assert await read(source, TIMES) == expected(5, 6, 7, 8)
    selector, (_restricting, since, until, _columns) = source.asked[0]
    assert selector == 1
    assert since <= TIMES.since.timestamp() < TIMES.until.timestamp() <= until


# -- what is asked


@pytest.mark.parametrize(
    "request_",
    [
        {"entries": (1, 2), "since": START},
        {"entries": (1, 2), "until": START},
        {"entries": (0, 2)},
        {"entries": (3, 2)},
        {"entries": (2**32, 0)},
        {"since": START, "until": START - QUARTER},
        {"since": START.replace(tzinfo=None)},
        {"until": START.replace(tzinfo=None)},
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_sent(request_):
    with pytest.raises(LocalProtocolError):
        wanted(**request_)
