"""Reading many attributes, from a source that answers as a test says."""

import pytest

from custom_components.cosem.dlms.client.list_sizes import ListSizes
from custom_components.cosem.dlms.client.reading import decode_get_list, first_undecodable, read_many
from custom_components.cosem.dlms.encoding.data import double_long_unsigned
from custom_components.cosem.dlms.errors import (
    ConfirmedServiceErrorReceived,
    ConnectionLost,
    DataAccessError,
    DecodeError,
    ExceptionReceived,
    LimitExceeded,
    ResponseTimeout,
    WrongAddress,
)
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS, Limits
from tests.dlms.client.test_list_sizes import plan_of
from tests.dlms.scripted import ENERGY, POWER, REGISTERS, unsigned

BUSY = ExceptionReceived(1, 3)
ODD = b"\x07\x00\x00\x00\x00"
"""A type that does not exist any more."""

EXHAUSTING = b"\x02\x01" * 40 + b"\x00"


def experienced(longest_answered: int = 127) -> ListSizes:
    """A meter that has answered long lists."""
    return ListSizes(longest_answered=longest_answered)


class Source:
    """``single`` and ``many`` map what is asked for to octets or an error to raise."""

    def __init__(self, single=None, many=None):
        self.single = single or (lambda attribute: unsigned(attribute.logical_name.c))
        self.many = many or (lambda attributes: encoded([self.single(attribute) for attribute in attributes]))
        self.asked = []
        self.is_open = True
        self.proposals = 1

    async def get_octets(self, attribute):
        self.asked.append(1)
        return raised(self.single(attribute))

    async def get_list_octets(self, attributes):
        self.asked.append(len(attributes))
        return raised(self.many(attributes))

    async def decode(self, decode, octets):
        return decode(octets, DEFAULT_LIMITS)


def raised(answer):
    if isinstance(answer, Exception):
        raise answer
    return answer


def encoded(elements):
    """An encoded SEQUENCE OF Get-Data-Result."""
    body = b"".join(b"\x01" + bytes([e.result]) if isinstance(e, DataAccessError) else b"\x00" + e for e in elements)
    return bytes([len(elements)]) + body


def refuse(error):
    return lambda attributes: error


def shown(results):
    """Errors as their code, values as their number."""
    return [each.result if isinstance(each, DataAccessError) else each.value for each in results]


def truth(attributes):
    return [attribute.logical_name.c for attribute in attributes]


async def test_one_list_for_everything():
    source = Source()
    assert shown(await read_many(source, plan_of(experienced()), REGISTERS)) == truth(REGISTERS)
    assert source.asked == [100]


async def test_nothing_is_nothing():
    assert await read_many(Source(), plan_of(ListSizes()), []) == []


async def test_as_many_lists_as_needed_in_order():
    source = Source()
    attributes = REGISTERS * 3
    assert shown(await read_many(source, plan_of(experienced()), attributes)) == truth(attributes)
    assert source.asked == [127, 127, 46]


async def test_one_elements_error_spoils_no_other():
    source = Source(lambda a: DataAccessError(4) if a.logical_name.c == 2 else unsigned(a.logical_name.c))
    assert shown(await read_many(source, plan_of(ListSizes()), REGISTERS[:3])) == [1, 4, 3]


async def test_single_reads_have_errors_of_their_own_too():
    source = Source(lambda a: DataAccessError(3) if a.logical_name.c == 2 else unsigned(a.logical_name.c))
    results = await read_many(source, plan_of(ListSizes(list_limit=1)), REGISTERS[:3])
    assert shown(results) == [1, 3, 3]
    assert source.asked == [1, 1, 1]
    assert results[0] == double_long_unsigned(1)


@pytest.mark.parametrize(
    "refusal",
    [
        BUSY,
        ConfirmedServiceErrorReceived(5, 3, 1),
        DataAccessError(14),
        encoded([unsigned(1)]),
        encoded([unsigned(1)] * 101),
        encoded([DataAccessError(250)] * 100),
    ],
    ids=["exception", "service error", "block aborted", "too few", "too many", "other-reason for all"],
)
async def test_refused_list_is_asked_for_in_smaller_pieces(refusal):
    def many(attributes):
        if len(attributes) > 60:
            return refusal
        return encoded([unsigned(each) for each in truth(attributes)])

    sizes = experienced(60)
    source = Source(many=many)
    assert shown(await read_many(source, plan_of(sizes), REGISTERS)) == truth(REGISTERS)
    assert source.asked == [100, 60, 40]
    source = Source(many=many)
    assert shown(await read_many(source, plan_of(sizes), REGISTERS)) == truth(REGISTERS)
    assert source.asked == [60, 40]


async def test_a_list_that_is_not_allowed_is_no_lost_association():
    def many(attributes):
        return ExceptionReceived(1, 1) if len(attributes) > 60 else encoded([unsigned(n) for n in truth(attributes)])

    source = Source(many=many)
    assert shown(await read_many(source, plan_of(experienced(60)), REGISTERS)) == truth(REGISTERS)
    assert source.asked == [100, 1, 60, 39]


async def test_lists_that_are_always_refused_become_single_reads():
    sizes = ListSizes()
    for asked in ([10] + [1] * 10, [1] * 10):
        source = Source(many=refuse(BUSY))
        assert shown(await read_many(source, plan_of(sizes), REGISTERS[:10])) == truth(REGISTERS[:10])
        assert source.asked == asked


async def test_meter_that_knows_no_lists_is_asked_once():
    source = Source(many=refuse(ExceptionReceived(2, 2)))
    assert shown(await read_many(source, plan_of(ListSizes()), REGISTERS[:3])) == [1, 2, 3]
    assert source.asked == [3, 1, 1, 1]


async def test_other_reason_for_everything_may_be_the_truth():
    """Nothing is learned from it: single reads say the same."""
    sizes = ListSizes()
    source = Source(lambda attribute: DataAccessError(250))
    assert shown(await read_many(source, plan_of(sizes), REGISTERS[:2])) == [250, 250]
    assert source.asked == [2, 1, 1]
    assert sizes.list_limit is None


# -- F31: a busy meter


async def test_f31_busy_is_raised_when_nothing_could_be_read():
    sizes = experienced(50)
    source = Source(lambda attribute: BUSY, refuse(BUSY))
    plan = plan_of(sizes)
    with pytest.raises(ExceptionReceived) as caught:
        await read_many(source, plan, REGISTERS)
    assert caught.value is BUSY
    assert source.asked == [100, 50, 1, 1, 1]  # and no more: it is busy
    assert sizes.list_limit is None
    assert plan.batch(REGISTERS) == 100


async def test_f31_busy_is_raised_for_a_single_attribute():
    with pytest.raises(ExceptionReceived):
        await read_many(Source(lambda attribute: BUSY), plan_of(ListSizes()), [ENERGY])


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BUSY, 2),
        (ExceptionReceived(2, 1), 2),
        (ExceptionReceived(1, 4), 250),
        (ConfirmedServiceErrorReceived(5, 5, 1), 250),
    ],
)
@pytest.mark.parametrize("bad", [1, 2, 3])
async def test_exception_to_one_element_is_its_error_when_others_are_answered(error, code, bad):
    source = Source(lambda a: error if a.logical_name.c == bad else unsigned(a.logical_name.c))
    results = await read_many(source, plan_of(ListSizes(list_limit=1)), REGISTERS[:3])
    assert shown(results) == [code if number == bad else number for number in (1, 2, 3)]
    assert results[bad - 1].__cause__ is error


async def test_an_answered_error_counts_as_an_answer():
    source = Source(lambda a: DataAccessError(4) if a.logical_name.c == 1 else BUSY)
    results = await read_many(source, plan_of(ListSizes(list_limit=1)), REGISTERS[:5])
    assert shown(results) == [4, 2, 2, 2, 2]


# -- ends


@pytest.mark.parametrize("limit", [None, 1])
async def test_lost_association_is_raised_at_once(limit):
    def lost(_asked):
        source.is_open = False
        return ExceptionReceived(1, 1)

    source = Source(lost, lost)
    with pytest.raises(ExceptionReceived):
        await read_many(source, plan_of(ListSizes(list_limit=limit)), REGISTERS)
    assert len(source.asked) == 1


@pytest.mark.parametrize("error", [ResponseTimeout("get-response", 10), ConnectionLost(), DecodeError("nonsense")])
async def test_unanswered_list_is_remembered(error):
    sizes = ListSizes()
    with pytest.raises(type(error)):
        await read_many(Source(many=refuse(error)), plan_of(sizes), REGISTERS)
    assert sizes.list_limit == 1


async def test_a_list_whose_answer_goes_on_behind_a_first_one_is_not_asked_for_again():
    """One answer for each attribute, of which the first is taken for that of the list."""
    sizes = ListSizes()
    plan = plan_of(sizes)
    error = WrongAddress(1, 16)
    with pytest.raises(WrongAddress):
        await read_many(Source(refuse(error), lambda attributes: encoded([unsigned(1)])), plan, REGISTERS[:3])
    assert plan.asks_otherwise
    source = Source()
    assert shown(await read_many(source, plan_of(sizes), REGISTERS[:3])) == [1, 2, 3]
    assert source.asked == [1, 1, 1]


async def test_list_whose_answer_was_cut_off_is_not_the_reason():
    sizes = ListSizes()
    with pytest.raises(ConnectionLost):
        await read_many(Source(many=refuse(ConnectionLost(truncated=True))), plan_of(sizes), REGISTERS)
    assert sizes.list_limit is None


async def test_unanswered_single_read_teaches_nothing():
    sizes = ListSizes()
    with pytest.raises(ConnectionLost):
        await read_many(Source(lambda attribute: ConnectionLost()), plan_of(sizes), [POWER])
    assert sizes == ListSizes(_calm=1)


def test_list_of_values_and_errors_with_their_sizes():
    (size, number), (error_size, error) = decode_get_list(encoded([unsigned(7), DataAccessError(3)]))
    assert (size, number) == (5, double_long_unsigned(7))
    assert (error_size, error.result) == (1, 3)


# -- a list answered with something else

ODD_LISTS = {
    "one result for two": b"\x01\x03",
    "a block": bytes.fromhex("00000000012901000001020202"),
    "no choice octets": b"\x02" + unsigned(1) + unsigned(2),
    "one choice octet missing": b"\x02\x00" + unsigned(1) + unsigned(2),
    "truncated": encoded([unsigned(1), unsigned(2)])[:-1],
    "nothing": b"",
    "count too small": b"\x01" + encoded([unsigned(1), unsigned(2)])[1:],
    "count too large": b"\x03" + encoded([unsigned(1), unsigned(2)])[1:],
    "one too few": encoded([unsigned(1)]),
    "one too many": encoded([unsigned(1)] * 3),
    "unknown type in the list only": encoded([unsigned(1), ODD]),
    "octets behind it": encoded([unsigned(1), unsigned(2)]) + b"\xff",
    "data block refused": DataAccessError(14),
    "other-reason for all": encoded([DataAccessError(250)] * 2),
}


@pytest.mark.parametrize("answer", ODD_LISTS.values(), ids=ODD_LISTS)
async def test_trial_01_the_same_reading_goes_on_one_by_one(answer):
    sizes = ListSizes()
    source = Source(many=refuse(answer))
    assert shown(await read_many(source, plan_of(sizes), REGISTERS[:2])) == [1, 2]
    assert source.asked == [2, 1, 1]
    assert (sizes.alone, sizes.list_limit) == (set(), 1), "no attribute is blamed, and lists are not its way"
    source = Source(many=refuse(answer))
    assert shown(await read_many(source, plan_of(sizes), REGISTERS[:2])) == [1, 2]
    assert source.asked == [1, 1]


@pytest.mark.parametrize("answer", ODD_LISTS.values(), ids=ODD_LISTS)
@pytest.mark.parametrize("alone", [DataAccessError(4), ODD, BUSY], ids=["undefined", "undecodable", "exception"])
async def test_trial_01_an_attribute_that_makes_lists_odd_costs_no_other(answer, alone):
    def single(attribute):
        return alone if attribute.logical_name.c == 2 else unsigned(attribute.logical_name.c)

    def many(attributes):
        return answer if REGISTERS[1] in attributes else encoded([single(each) for each in attributes])

    sizes = experienced()
    bad = 2 if alone is BUSY else 250 if alone == ODD else 4
    for asked in ([5, 1, 1, 1, 1, 1], [1, 1, 3], [1, 1, 3]):
        source = Source(single, many)
        assert shown(await read_many(source, plan_of(sizes), REGISTERS[:5])) == [1, bad, 3, 4, 5]
        assert source.asked == asked
    assert sizes.alone == {REGISTERS[1]}
    assert sizes.list_limit is None


async def test_trial_01_busy_while_it_reads_one_by_one_teaches_nothing():
    sizes = ListSizes()
    with pytest.raises(ExceptionReceived):
        await read_many(Source(lambda attribute: BUSY, refuse(b"\x00")), plan_of(sizes), REGISTERS[:5])
    assert sizes == ListSizes(_calm=1)


async def test_trial_01_other_reason_one_by_one_too_blames_nobody():
    sizes = ListSizes()
    source = Source(lambda attribute: DataAccessError(250), refuse(b"\x00"))
    assert shown(await read_many(source, plan_of(sizes), REGISTERS[:2])) == [250, 250]
    assert (sizes.alone, sizes.list_limit) == (set(), None)


# -- values that cannot be decoded


@pytest.mark.parametrize("list_limit", [None, 1], ids=["lists", "single reads"])
@pytest.mark.parametrize("octets", [ODD, b"\x01\x03\x00\x00", b""], ids=["unknown type", "too short", "empty"])
@pytest.mark.parametrize("bad", [1, 2, 3])
async def test_trial_09_a_value_that_cannot_be_decoded_spoils_no_other(list_limit, octets, bad):
    sizes = ListSizes(list_limit=list_limit)

    def single(attribute):
        return octets if attribute.logical_name.c == bad else unsigned(attribute.logical_name.c)

    for _ in range(3):
        results = await read_many(Source(single), plan_of(sizes), REGISTERS[:3])
        assert shown(results) == [250 if number == bad else number for number in (1, 2, 3)]
        assert results[bad - 1].undecodable
    assert shown(await read_many(Source(), plan_of(sizes), REGISTERS[:3])) == [1, 2, 3]


async def test_trial_09_a_value_alone_is_an_error_with_its_reason():
    (result,) = await read_many(Source(lambda attribute: ODD), plan_of(ListSizes()), [ENERGY])
    assert "07" in result.undecodable
    assert result.undecodable in str(result)
    assert result.name == "other-reason"


# -- F43: values that exhaust a limit


def exhausting(*numbers):
    """A source in which values exhaust a limit; as an association it ends by that."""
    source = Source(lambda a: EXHAUSTING if a.logical_name.c in numbers else unsigned(a.logical_name.c))

    async def decode(decode, given):
        try:
            return decode(given, DEFAULT_LIMITS)
        except LimitExceeded:
            source.is_open = False
            raise

    source.decode = decode
    return source


@pytest.mark.parametrize("list_limit", [None, 1], ids=["lists", "single reads"])
async def test_f43_a_value_that_exhausts_a_limit_spoils_the_others_once_at_most(list_limit):
    sizes = ListSizes(list_limit=list_limit)
    attributes = REGISTERS[:3] if list_limit else [REGISTERS[0], REGISTERS[2], REGISTERS[1]]
    with pytest.raises(LimitExceeded):
        await read_many(exhausting(2), plan_of(sizes), attributes)
    assert sizes.exhausting == {REGISTERS[1]}
    for _ in range(3):
        results = await read_many(exhausting(2), plan_of(sizes), attributes)
        assert shown(results) == [250 if number == 2 else number for number in truth(attributes)]
    assert shown(await read_many(Source(), plan_of(sizes), attributes)) == truth(attributes)
    assert sizes.exhausting == set()


async def test_f43_it_is_an_error_when_nothing_else_is_asked_for():
    sizes = ListSizes()
    for _ in range(2):
        with pytest.raises(LimitExceeded):
            await read_many(exhausting(2), plan_of(sizes), [REGISTERS[1]])


async def test_f43_of_two_the_second_is_not_asked_for_behind_the_first():
    sizes = ListSizes(exhausting={REGISTERS[0], REGISTERS[1]})
    source = exhausting(1)
    assert shown(await read_many(source, plan_of(sizes), REGISTERS[:3])) == [250, 250, 3]
    assert source.asked == [1, 1]


async def test_f43_where_the_list_itself_is_too_much_no_element_is_blamed():
    limits = Limits(elements=1)
    sizes = ListSizes()
    source = Source()

    async def decode(decode, given):
        return decode(given, limits)

    source.decode = decode
    with pytest.raises(LimitExceeded):
        await read_many(source, plan_of(sizes), REGISTERS[:3])
    assert sizes.exhausting == set()
    assert sizes.list_limit == 1


async def test_f43_more_elements_than_asked_for_are_nobodys_fault():
    sizes = ListSizes()
    with pytest.raises(LimitExceeded):
        await read_many(
            Source(many=refuse(b"\x03\x00" + unsigned(1) + b"\x00" + unsigned(2) + b"\x00" + EXHAUSTING)),
            plan_of(sizes),
            REGISTERS[:2],
        )
    assert sizes.exhausting == set()


async def test_f43_a_suspect_is_not_asked_for_where_the_connection_has_ended():
    source = exhausting(1)
    sizes = ListSizes(exhausting={REGISTERS[0]})
    source.is_open = False
    assert shown(await read_many(source, plan_of(sizes), REGISTERS[:2])) == [250, 2]
    assert source.asked == [1]


async def test_an_error_of_a_suspect_is_its_own():
    sizes = ListSizes(exhausting={REGISTERS[1]})
    source = Source(lambda a: BUSY if a.logical_name.c == 2 else unsigned(a.logical_name.c))
    assert shown(await read_many(source, plan_of(sizes), [*REGISTERS[:3], REGISTERS[1]])) == [1, 2, 3, 2]
    source = Source(lambda a: DataAccessError(4) if a.logical_name.c == 2 else unsigned(a.logical_name.c))
    assert shown(await read_many(source, plan_of(sizes), REGISTERS[:3])) == [1, 4, 3]


# -- a meter that says of an unknown object that there is no association


@pytest.mark.parametrize("error", [ConnectionLost(), ResponseTimeout("get-response", 10), DecodeError("nonsense")])
@pytest.mark.parametrize("list_limit", [None, 1], ids=["lists", "single reads"])
async def test_trial_09_what_ends_the_connection_costs_the_others_a_few_readings_at_most(error, list_limit):
    """A meter that says nothing, hangs up, or answers with octets that are no APDU, for one attribute."""

    def single(attribute):
        if attribute.logical_name.c != 2:
            return unsigned(attribute.logical_name.c)
        source.is_open = False
        return error

    def many(attributes):
        return single(REGISTERS[1]) if REGISTERS[1] in attributes else encoded([single(each) for each in attributes])

    sizes, results, failures = ListSizes(list_limit=list_limit), [], 0
    while not results:
        source = Source(single, many)
        plan = plan_of(sizes)
        try:
            results = await read_many(source, plan, REGISTERS[:5])
        except ConnectionLost, ResponseTimeout, DecodeError:
            failures += 1
            assert plan.asks_otherwise
            assert failures <= 2
    assert shown(results) == [1, 250, 3, 4, 5]
    assert results[1].undecodable


async def test_trial_05_it_is_that_elements_error():
    lost = ExceptionReceived(1, 1)
    source = Source(lambda a: lost if a.logical_name.c == 2 else unsigned(a.logical_name.c))
    results = await read_many(source, plan_of(ListSizes(list_limit=1)), REGISTERS[:3])
    assert shown(results) == [1, 4, 3]
    assert results[1].__cause__ is lost


@pytest.mark.parametrize("forgets", [1, 2, 3], ids=["at once", "later", "at last"])
async def test_trial_05_an_association_that_was_gone_says_nothing_about_lists(forgets):
    """The list is refused; the first single read shows that there was no association, and lists go on."""
    lists = []

    def many(attributes):
        lists.append(len(attributes))
        return ExceptionReceived(1, 1) if len(lists) == forgets else encoded([unsigned(n) for n in truth(attributes)])

    def single(attribute):
        source.proposals += 1
        return unsigned(attribute.logical_name.c)

    sizes = ListSizes(longest_answered=5)
    source = Source(single, many)
    assert shown(await read_many(source, plan_of(sizes), REGISTERS[:30])) == truth(REGISTERS[:30])
    assert (sizes.list_limit, sizes.odd_lists, sizes.alone) == (None, 0, set())


async def test_trial_05_what_ends_an_association_in_a_list_is_read_alone():
    def many(attributes):
        return (
            ExceptionReceived(1, 1) if REGISTERS[1] in attributes else encoded([unsigned(n) for n in truth(attributes)])
        )

    def single(attribute):
        source.proposals += 1
        return ExceptionReceived(1, 1) if attribute is REGISTERS[1] else unsigned(attribute.logical_name.c)

    sizes = ListSizes()
    for asked in ([5, 1, 4, 1, 3], [1, 1, 3]):
        source = Source(single, many)
        assert shown(await read_many(source, plan_of(sizes), REGISTERS[:5])) == [1, 4, 3, 4, 5]
        assert source.asked == asked
    assert sizes.alone == {REGISTERS[1]}


@pytest.mark.parametrize(("octets", "number"), [(b"\x02\x00\x11\x01\x00\x11\x02", None), (b"", None), (b"\x01\x00", 0)])
def test_who_is_to_blame_for_a_list(octets, number):
    assert first_undecodable(octets, DEFAULT_LIMITS) == number


# -- what was read before an error


@pytest.mark.parametrize("lists", [True, False])
async def test_trial_31_what_came_before_an_error_is_not_lost(lists):
    def failing(attribute):
        return ConnectionLost() if attribute.logical_name.c == 5 else unsigned(attribute.logical_name.c)

    def many(attributes):
        return next((raise_ for raise_ in map(failing, attributes) if isinstance(raise_, Exception)), None) or encoded(
            [failing(attribute) for attribute in attributes]
        )

    sizes = ListSizes(list_limit=2 if lists else 1)
    found = {}
    with pytest.raises(ConnectionLost):
        await read_many(Source(failing, many), plan_of(sizes), REGISTERS[:6], found)
    assert list(found) == list(REGISTERS[:4])
    assert shown(found.values()) == truth(REGISTERS[:4])


async def test_trial_31_errors_of_single_attributes_are_answers_too():
    found = {}
    answers_of = {1: DataAccessError(3), 2: BUSY, 3: unsigned(3)}
    source = Source(lambda attribute: answers_of[attribute.logical_name.c])
    results = await read_many(source, plan_of(ListSizes(list_limit=1)), [*REGISTERS[:3], REGISTERS[2]], found)
    assert list(found.values()) == [*results[:3]]
    assert shown(results) == [3, 2, 3, 3]


async def test_trial_05_many_unknown_objects_end_no_reading_of_a_meter_that_has_answered():
    """A gas meter without an object list: the usual codes begin with those of electricity."""
    source = Source(lambda a: unsigned(24) if a.logical_name.c == 24 else ExceptionReceived(1, 1))
    plan = plan_of(ListSizes(list_limit=1))
    assert shown(await read_many(source, plan, [REGISTERS[23]])) == [24]
    assert shown(await read_many(source, plan, REGISTERS[:24])) == [*[4] * 23, 24]


async def test_f31_a_meter_that_is_busy_is_not_asked_without_an_end():
    source = Source(lambda attribute: BUSY)
    plan = plan_of(ListSizes(list_limit=1))
    plan.has_answered = True
    with pytest.raises(ExceptionReceived):
        await read_many(source, plan, REGISTERS)
    assert len(source.asked) == 64


async def test_f43_what_exhausts_a_limit_in_a_list_only_stays_out_of_lists():
    def many(attributes):
        return encoded([EXHAUSTING if each is REGISTERS[1] else unsigned(each.logical_name.c) for each in attributes])

    sizes = ListSizes()
    with pytest.raises(LimitExceeded):
        await read_many(Source(many=many), plan_of(sizes), REGISTERS[:3])
    for _ in range(4):
        assert shown(await read_many(Source(many=many), plan_of(sizes), REGISTERS[:3])) == [1, 2, 3]
    assert (sizes.exhausting, sizes.alone) == (set(), {REGISTERS[1]})
