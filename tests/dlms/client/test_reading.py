"""Reading many attributes, from a source that answers as a test says."""

import pytest

from custom_components.cosem.dlms.client.list_sizes import ListSizes
from custom_components.cosem.dlms.client.reading import decode_get_list, read_many
from custom_components.cosem.dlms.encoding.data import double_long_unsigned
from custom_components.cosem.dlms.errors import (
    ConfirmedServiceErrorReceived,
    ConnectionLost,
    DataAccessError,
    DecodeError,
    ExceptionReceived,
    ResponseTimeout,
)
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from tests.dlms.client.test_list_sizes import plan_of
from tests.dlms.scripted import ENERGY, POWER, REGISTERS, unsigned

BUSY = ExceptionReceived(1, 3)


class Source:
    """``single`` and ``many`` map what is asked for to octets or an error to raise."""

    def __init__(self, single=None, many=None):
        self.single = single or (lambda attribute: unsigned(attribute.logical_name.c))
        self.many = many or (lambda attributes: encoded([self.single(attribute) for attribute in attributes]))
        self.asked = []
        self.is_open = True

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
    assert shown(await read_many(source, plan_of(ListSizes()), REGISTERS)) == truth(REGISTERS)
    assert source.asked == [100]


async def test_nothing_is_nothing():
    assert await read_many(Source(), plan_of(ListSizes()), []) == []


async def test_as_many_lists_as_needed_in_order():
    source = Source()
    attributes = REGISTERS * 3
    assert shown(await read_many(source, plan_of(ListSizes()), attributes)) == truth(attributes)
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
        ExceptionReceived(1, 1),
        ConfirmedServiceErrorReceived(5, 3, 1),
        DataAccessError(14),
        encoded([unsigned(1)]),
        encoded([unsigned(1)] * 101),
        encoded([DataAccessError(250)] * 100),
    ],
    ids=["exception", "not allowed", "service error", "block aborted", "too few", "too many", "other-reason for all"],
)
async def test_refused_list_is_asked_for_in_smaller_pieces(refusal):
    def many(attributes):
        if len(attributes) > 60:
            return refusal
        return encoded([unsigned(each) for each in truth(attributes)])

    sizes = ListSizes()
    source = Source(many=many)
    assert shown(await read_many(source, plan_of(sizes), REGISTERS)) == truth(REGISTERS)
    assert source.asked == [100, 50, 50]
    source = Source(many=many)
    assert shown(await read_many(source, plan_of(sizes), REGISTERS)) == truth(REGISTERS)
    assert source.asked == [50, 50]


async def test_lists_that_are_always_refused_become_single_reads():
    sizes = ListSizes()
    for asked in ([10, 5] + [1] * 10, [1] * 10):
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
    sizes = ListSizes()
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
    assert sizes.list_limit == 50


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


async def test_list_that_is_none_is_an_error():
    with pytest.raises(DecodeError):
        await read_many(Source(many=lambda attributes: b"\x02\x00"), plan_of(ListSizes()), REGISTERS[:2])


def test_list_of_values_and_errors_with_their_sizes():
    (size, number), (error_size, error) = decode_get_list(encoded([unsigned(7), DataAccessError(3)]))
    assert (size, number) == (5, double_long_unsigned(7))
    assert (error_size, error.result) == (1, 3)


def odd(number, octets=b"\x07\x00\x00\x00\x00"):
    """A source in which one attribute's value has an obsolete type; as an association it ends by that."""
    source = Source(lambda a: octets if a.logical_name.c == number else unsigned(a.logical_name.c))

    async def decode(decode, given):
        try:
            return decode(given, DEFAULT_LIMITS)
        except DecodeError:
            source.is_open = False
            raise

    source.decode = decode
    return source


@pytest.mark.parametrize("list_limit", [None, 1], ids=["lists", "single reads"])
@pytest.mark.parametrize("octets", [b"\x07\x00\x00\x00\x00", b"\x01\x03\x00\x00"], ids=["unknown type", "too short"])
async def test_a_value_that_cannot_be_decoded_spoils_the_others_once_at_most(list_limit, octets):
    sizes = ListSizes(list_limit=list_limit)
    attributes = REGISTERS[:3] if list_limit else [REGISTERS[0], REGISTERS[2], REGISTERS[1]]
    with pytest.raises(DecodeError):
        await read_many(odd(2, octets), plan_of(sizes), attributes)
    for _ in range(3):
        results = await read_many(odd(2, octets), plan_of(sizes), attributes)
        assert shown(results) == [250 if number == 2 else number for number in truth(attributes)]
    assert shown(await read_many(Source(), plan_of(sizes), attributes)) == truth(attributes)
    assert sizes.undecodable == set()


async def test_a_value_that_cannot_be_decoded_is_an_error_when_nothing_else_is_asked_for():
    sizes = ListSizes()
    for _ in range(2):
        with pytest.raises(DecodeError):
            await read_many(odd(2), plan_of(sizes), [REGISTERS[1]])


async def test_of_two_odd_values_the_second_is_not_asked_for_behind_the_first():
    sizes = ListSizes(undecodable={REGISTERS[0], REGISTERS[1]})
    source = odd(1)
    assert shown(await read_many(source, plan_of(sizes), REGISTERS[:3])) == [250, 250, 3]
    assert source.asked == [1, 1]


async def test_an_error_of_a_suspect_is_its_own():
    sizes = ListSizes(undecodable={REGISTERS[1]})
    source = Source(lambda a: BUSY if a.logical_name.c == 2 else unsigned(a.logical_name.c))
    assert shown(await read_many(source, plan_of(sizes), [*REGISTERS[:3], REGISTERS[1]])) == [1, 2, 3, 2]
    source = Source(lambda a: DataAccessError(4) if a.logical_name.c == 2 else unsigned(a.logical_name.c))
    assert shown(await read_many(source, plan_of(sizes), REGISTERS[:3])) == [1, 4, 3]


async def test_an_answer_that_is_no_list_blames_no_element():
    sizes = ListSizes()
    with pytest.raises(DecodeError):
        await read_many(
            Source(many=lambda attributes: b"\x02\x00\x11\x01\x00\x11\x02\xff"), plan_of(sizes), REGISTERS[:2]
        )
    assert sizes.undecodable == set()
    assert sizes.list_limit == 1
