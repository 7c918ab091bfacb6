"""Of a log no more is read than is new; the whole of it where that is not known; and one odd answer is not believed."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from custom_components.cosem.dlms import (
    AssociationAborted,
    AttributeDescriptor,
    ConnectionLost,
    Data,
    DataAccessError,
    DataType,
    LogicalName,
    TimePolicy,
)
from custom_components.cosem.push.log_mark import TAIL, LogMark
from custom_components.cosem.push.log_reading import (
    MOST_ENTRIES,
    LogCondition,
    LogNews,
    LogReader,
    condition_attributes,
)

from .logs import LOG, LogClient, LogEntry, at, without_clock

LIFO = 2
FULL = 200


def reader(client: LogClient) -> LogReader:
    association: Any = SimpleNamespace(parameters=SimpleNamespace(pair=None))
    meter: Any = client
    return LogReader(meter, association, TimePolicy.STANDARD)


def condition(in_use: int | None, capacity: int | None = FULL, sort_method: int | None = 1) -> LogCondition:
    return LogCondition(logical_name=LOG, in_use=in_use, capacity=capacity, sort_method=sort_method)


async def read(
    log: list[LogEntry],
    mark: LogMark | None,
    in_use: int | None = -1,
    *,
    sort_method: int | None = 1,
    most: int = 10_000,
) -> tuple[LogNews | None, list[tuple[int, int]]]:
    """Read a log whose meter tells its true length, or ``in_use``."""
    client = LogClient(log, most=most)
    told = len(log) if in_use == -1 else in_use
    news = await reader(client).async_read(condition(told, sort_method=sort_method), mark)
    return news, client.asked


async def mark_of(log: list[LogEntry], **told: Any) -> LogMark:
    news, _ = await read(log, None, **told)
    assert news is not None
    assert news.entries == ()
    return news.mark


def entries(count: int, first: int = 0) -> list[LogEntry]:
    return [at(hour) for hour in range(first, first + count)]


@pytest.mark.parametrize("length", [0, 1, TAIL, 2 * TAIL, 100])
@pytest.mark.parametrize("new", [0, 1, 5, 60])
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("sort_method", [None, 1, LIFO])
async def test_each_entry_is_told_once_in_order_whatever_order_the_meter_says_and_has(
    length: int, new: int, newest_first: bool, sort_method: int | None
):
    if length < 2:  # nothing shows the order so far
        sort_method = LIFO if newest_first else 1
    before, after = entries(length), entries(length + new)
    step = -1 if newest_first else 1
    mark = await mark_of(before[::step], sort_method=sort_method)
    news, _ = await read(after[::step], mark, sort_method=sort_method)
    assert news is not None
    assert [*news.entries] == after[length:]
    again, _ = await read(after[::step], news.mark, sort_method=sort_method)
    assert again is not None
    assert [*again.entries] == []


@pytest.mark.parametrize("length", [4, 2 * TAIL, 100])
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("sort_method", [None, 1, LIFO])
async def test_a_clock_that_was_set_back_turns_no_log_around(length: int, newest_first: bool, sort_method: int | None):
    """Its battery was empty, so that the last entries are from the year in which clocks begin."""
    since = [at(hour) for hour in range(-200_000, -199_998)]
    before, after = [*entries(length), *since], [*entries(length), *since, at(-199_998), at(0.5)]
    step = -1 if newest_first else 1
    mark = await mark_of(before[::step], sort_method=sort_method)
    news, _ = await read(after[::step], mark, sort_method=sort_method)
    assert news is not None
    assert [*news.entries] == after[-2:]


@pytest.mark.parametrize(("sort_method", "newest_first"), [(None, False), (1, False), (LIFO, True)])
@pytest.mark.parametrize("length", [20, 100])
async def test_where_times_tell_no_order_the_meter_does(sort_method: int | None, newest_first: bool, length: int):
    before = [at(0, code) for code in range(length)]
    step = -1 if newest_first else 1
    mark = await mark_of(before[::step], sort_method=sort_method)
    assert mark.newest_first is newest_first
    news, _ = await read([*before, at(1)][::step], mark, sort_method=sort_method)
    assert news is not None
    assert [*news.entries] == [at(1)]


async def test_only_the_end_of_a_long_log_is_read():
    mark = await mark_of(entries(100))
    _, asked = await read(entries(103), mark)
    assert asked == [(103 - 35 + 1, 0)]
    mark = await mark_of(entries(100)[::-1], sort_method=LIFO)
    _, asked = await read(entries(103)[::-1], mark, sort_method=LIFO)
    assert asked == [(1, 35)]


async def test_a_full_ring_is_followed():
    mark = await mark_of(entries(FULL))
    news, asked = await read(entries(FULL, first=3), mark)
    assert news is not None
    assert [*news.entries] == entries(3, first=FULL)
    assert asked == [(FULL - 31, 0)]


async def test_what_is_captured_while_it_is_read_is_told_once():
    mark = await mark_of(entries(100))
    news, _ = await read(entries(102), mark, in_use=101)
    assert news is not None
    assert [*news.entries] == entries(2, first=100)
    news, _ = await read(entries(102), news.mark)
    assert news is not None
    assert [*news.entries] == []


async def test_a_meter_that_does_not_tell_how_many_there_are_is_read_whole():
    mark = await mark_of(entries(50), in_use=None)
    news, asked = await read(entries(51), mark, in_use=None)
    assert news is not None
    assert [*news.entries] == entries(1, first=50)
    assert asked == [(1, 0)]


async def test_a_ring_that_ran_over_is_told_from_its_oldest_entry_when_that_is_certain():
    mark = await mark_of(entries(FULL))
    log = entries(FULL, first=500)
    news, _ = await read(log, mark)
    assert news is not None
    assert [*news.entries] == []
    news, _ = await read(log, news.mark)
    assert news is not None
    assert [*news.entries] == log


async def test_a_log_that_was_cleared_is_told_from_its_begin_when_that_is_certain():
    mark = await mark_of(entries(50))
    log = [at(3, 255), at(4, 1)]  # its clock was set back, too
    news, _ = await read(log, mark)
    assert news is not None
    assert [*news.entries] == []
    news, _ = await read(log, news.mark)
    assert news is not None
    assert [*news.entries] == log
    news, _ = await read([*log, at(5)], news.mark)
    assert news is not None
    assert [*news.entries] == [at(5)]


@pytest.mark.parametrize("odd", [[], entries(5)])
async def test_a_meter_that_just_starts_and_shows_a_part_of_its_log_tells_nothing_twice(odd: list[LogEntry]):
    mark = await mark_of(entries(50))
    news, _ = await read(odd, mark)
    assert news is not None
    news, _ = await read(entries(51), news.mark)
    assert news is not None
    assert [*news.entries] == entries(1, first=50)
    assert not news.mark.lost


@pytest.mark.parametrize("most", [1, 8])
async def test_a_meter_that_gives_only_the_first_rows_tells_nothing_wrong(most: int):
    assert (await read(entries(20), None, most=most))[0] is None
    assert (await read(entries(100), None, most=most))[0] is None
    mark = await mark_of(entries(100))
    assert (await read(entries(101), mark, most=most))[0] is None


async def test_other_columns_tell_only_what_is_later():
    mark = await mark_of([without_clock(code) for code in range(5)])
    assert mark.time is None
    mark = await mark_of(entries(5))
    log = [replace(each, cells=(*each.cells[:1], 0)) for each in entries(7)]
    news, _ = await read(log, mark)
    assert news is not None
    news, _ = await read(log, news.mark)
    assert news is not None
    assert [*news.entries] == log[5:]


async def test_a_log_without_times_is_told():
    mark = await mark_of([without_clock(1), without_clock(2)])
    news, _ = await read([without_clock(1), without_clock(2), without_clock(2)], mark)
    assert news is not None
    assert [*news.entries] == [without_clock(2)]


async def test_of_very_many_the_latest_are_told_and_the_others_counted():
    mark = await mark_of(entries(3), in_use=None)
    log = entries(MOST_ENTRIES + 500)
    news, _ = await read(log, replace(mark, lost=True))
    assert news is not None
    assert [*news.entries] == log[-MOST_ENTRIES - 2 * TAIL :]
    assert news.left_out == len(log) - len(news.entries)


def test_nothing_is_read_where_the_number_tells_that_nothing_is_new():
    mark = LogMark(in_use=5, counts=True)
    assert condition(5).is_as_before(mark)
    assert not condition(6).is_as_before(mark)
    assert not condition(None).is_as_before(mark)
    assert not condition(5, None).is_as_before(mark)
    assert not condition(5, 5).is_as_before(mark)  # a full ring
    assert not condition(5).is_as_before(replace(mark, lost=True))
    assert not condition(5).is_as_before(None)


async def test_a_number_is_believed_after_it_grew_with_its_log():
    mark = await mark_of(entries(5))
    assert not mark.counts
    news, _ = await read(entries(6), mark)
    assert news is not None
    assert news.mark.counts
    same, _ = await read(entries(6), news.mark)
    assert same is not None
    assert same.mark.counts
    news, _ = await read(entries(8), news.mark, in_use=7)
    assert news is not None
    assert not news.mark.counts


def test_what_the_meter_does_not_say_is_not_known():
    in_use, capacity, sort_method = condition_attributes(LOG)
    answers: dict[AttributeDescriptor, Data | DataAccessError] = {
        in_use: Data(DataType.DOUBLE_LONG_UNSIGNED, 7),
        capacity: DataAccessError(3),
        sort_method: Data(DataType.INTEGER, -1),
    }
    assert LogCondition.of(LOG, answers) == LogCondition(logical_name=LOG, in_use=7)


async def test_a_reading_goes_on_in_no_other_association():
    client = LogClient(entries(5))
    client.drops.append(ConnectionLost())
    with pytest.raises(AssociationAborted):
        await reader(client).async_read(condition(5), None)


async def test_the_log_that_was_asked_for_is_read():
    other = LogicalName.parse("0.0.99.98.1.255")
    assert condition_attributes(other)[0] == AttributeDescriptor(7, other, 7)
