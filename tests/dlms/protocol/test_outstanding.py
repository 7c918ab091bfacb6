"""The request that is unanswered. The whole way is in test_association_state.py."""

import pytest

from custom_components.cosem.dlms.apdu.common import MethodDescriptor
from custom_components.cosem.dlms.apdu.short_name import VariableName
from custom_components.cosem.dlms.encoding.data import NULL
from custom_components.cosem.dlms.errors import DecodeError, ExceptionReceived, OutcomeUnknown
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.outstanding import INVOKE_IDS, Outstanding
from custom_components.cosem.dlms.protocol.transfer import Complete, Continues
from custom_components.cosem.dlms.protocol.transfer.access import Access, to_execute, to_get, to_set
from custom_components.cosem.dlms.protocol.transfer.action import ActionList, ActionOne
from custom_components.cosem.dlms.protocol.transfer.get import GetList, GetOne
from custom_components.cosem.dlms.protocol.transfer.read import ReadMethod, ReadOne
from custom_components.cosem.dlms.protocol.transfer.set import SetList, SetOne
from custom_components.cosem.dlms.protocol.transfer.write import WriteList, WriteMethod, WriteMethods, WriteOne
from tests.dlms.scripted import CLOCK, ENERGY, unsigned, value

ROOM = 65_535


@pytest.fixture
def outstanding():
    return Outstanding(DEFAULT_LIMITS)


def begun(outstanding, transfer):
    octets = outstanding.first(transfer, ROOM)
    outstanding.begin(transfer)
    return octets


def test_invoke_ids_go_round(outstanding):
    sent = [begun(outstanding, GetOne(CLOCK))[2] & 0x0F for _ in range(INVOKE_IDS + 1)]
    assert sent == [*range(1, INVOKE_IDS), 0, 1]


def test_a_request_that_was_not_sent_uses_no_invoke_id(outstanding):
    outstanding.first(GetOne(CLOCK), ROOM)
    assert outstanding.first(GetOne(CLOCK), ROOM)[2] & 0x0F == 1


def test_the_answer_reaches_its_transfer(outstanding):
    begun(outstanding, GetOne(CLOCK))
    assert outstanding.receive(value(unsigned(7))) == Complete(unsigned(7))


def test_after_its_end_an_answer_belongs_to_nothing(outstanding):
    begun(outstanding, GetOne(CLOCK))
    outstanding.end()
    assert outstanding.receive(value(unsigned(7))) is None


def test_what_is_no_answer_at_all_is_an_error_even_then(outstanding):
    with pytest.raises(DecodeError):
        outstanding.receive(b"\xc4\x01")


@pytest.mark.parametrize(
    ("transfer", "error", "is_lost"),
    [
        (GetOne(CLOCK), ExceptionReceived(1, 1), True),
        (GetOne(CLOCK), ExceptionReceived(1, 3), False),
        (GetOne(CLOCK), ValueError(), False),
        (GetList([(CLOCK, None)]), ExceptionReceived(1, 1), False),
    ],
)
def test_only_a_transfer_that_takes_it_so_is_lost_by_an_unknown_association(outstanding, transfer, error, is_lost):
    begun(outstanding, transfer)
    assert outstanding.is_lost_by(error) is is_lost


def test_without_a_transfer_nothing_is_lost(outstanding):
    assert not outstanding.is_lost_by(ExceptionReceived(1, 1))


# -- what breaks off

RESET = MethodDescriptor(3, ENERGY.logical_name, 1)
REFUSED = ExceptionReceived(1, 2)
WRITING = [
    SetOne(CLOCK, NULL),
    SetList([(CLOCK, NULL)]),
    ActionOne(RESET),
    ActionList([(RESET, None)]),
    WriteOne(VariableName(8), NULL),
    WriteList([(VariableName(8), NULL)]),
    WriteMethod(VariableName(8), NULL),
    WriteMethods([(VariableName(8), NULL)]),
    ReadMethod(VariableName(8)),
    Access([to_get(CLOCK), to_set(CLOCK, NULL)]),
    Access([to_execute(RESET)]),
]
READING = [GetOne(CLOCK), GetList([(CLOCK, None)]), ReadOne(VariableName(8)), Access([to_get(CLOCK)])]


@pytest.mark.parametrize("transfer", WRITING, ids=lambda transfer: type(transfer).__name__)
def test_an_error_behind_a_part_of_an_answer_tells_nothing_of_what_writes(outstanding, transfer):
    begun(outstanding, transfer)
    assert outstanding.broken_off(REFUSED, has_part=False) is REFUSED
    unknown = outstanding.broken_off(REFUSED, has_part=True)
    assert isinstance(unknown, OutcomeUnknown)
    assert unknown.__cause__ is REFUSED


@pytest.mark.parametrize("transfer", READING, ids=lambda transfer: type(transfer).__name__)
def test_an_error_behind_a_part_of_an_answer_is_that_of_what_reads(outstanding, transfer):
    begun(outstanding, transfer)
    assert outstanding.broken_off(REFUSED, has_part=True) is REFUSED


@pytest.mark.parametrize(
    ("transfer", "block"),
    [
        (ActionOne(RESET), "C702C1 00 00000001 01 00"),
        (ActionList([(RESET, None)]), "C702C1 00 00000001 01 01"),
        (ReadMethod(VariableName(8)), "0C0102 00 0001 01 01"),
    ],
)
def test_an_error_behind_a_block_of_the_service_tells_nothing_of_what_writes(outstanding, transfer, block):
    begun(outstanding, transfer)
    assert isinstance(outstanding.receive(bytes.fromhex(block)), Continues)
    assert isinstance(outstanding.broken_off(REFUSED, has_part=False), OutcomeUnknown)
