"""Which request with short names does what one with logical names would."""

import pytest

from custom_components.cosem.dlms.apdu.action import ActionOutcome
from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    DataAccessResult,
    InvokeIdAndPriority,
    MethodDescriptor,
    Selection,
)
from custom_components.cosem.dlms.encoding.data import NULL, integer
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DataAccessError, LocalProtocolError
from custom_components.cosem.dlms.interface_classes.association_ln import CURRENT_OBJECT_LIST
from custom_components.cosem.dlms.interface_classes.short_names import ShortNameObject
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.transfer import Complete
from custom_components.cosem.dlms.protocol.transfer.action import ActionList, ActionOne
from custom_components.cosem.dlms.protocol.transfer.get import GetList, GetOne
from custom_components.cosem.dlms.protocol.transfer.hls_proof import HlsProof
from custom_components.cosem.dlms.protocol.transfer.set import SetList, SetOne
from custom_components.cosem.dlms.protocol.transfer.short_names import named_objects, with_short_names
from tests.dlms.scripted import CLOCK, ENERGY

KEYS = LogicalName.parse("0.0.43.0.0.255")
NAMES = {
    (3, ENERGY.logical_name): ShortNameObject(0x1000, 3, 0, ENERGY.logical_name),
    (8, CLOCK.logical_name): ShortNameObject(0x2000, 8, 0, CLOCK.logical_name),
    (64, KEYS): ShortNameObject(0x3000, 64, 1, KEYS),
    (15, CURRENT_OBJECT_LIST.logical_name): ShortNameObject(0xFA00, 12, 0, CURRENT_OBJECT_LIST.logical_name),
}
RESET = MethodDescriptor(3, ENERGY.logical_name, 1)
QUARTER = MethodDescriptor(8, CLOCK.logical_name, 1)
AGREE = MethodDescriptor(64, KEYS, 3)


def find(class_id, logical_name):
    try:
        return NAMES[class_id, logical_name]
    except KeyError:
        raise DataAccessError(4) from None


def octets(transfer):
    return with_short_names(transfer, find).first(InvokeIdAndPriority(1), DEFAULT_LIMITS, 1000).hex().upper()


@pytest.mark.parametrize(
    ("transfer", "request_octets"),
    [
        (GetOne(ENERGY), "0501021008"),
        (GetOne(CURRENT_OBJECT_LIST), "050102FA08"),
        (GetOne(ENERGY, Selection(2, NULL)), "05010410080200"),
        (GetList([(ENERGY, None), (CLOCK, Selection(1, NULL))]), "0502021008042008" + "0100"),
        (SetOne(CLOCK, integer(1)), "06010220080 10F01".replace(" ", "")),
        (SetOne(CLOCK, integer(1), Selection(1, NULL)), "0601042008010 0010F01".replace(" ", "")),
        (SetList([(CLOCK, integer(1)), (ENERGY, NULL)]), "0602022008021008020F0100"),
        (ActionOne(RESET, integer(0)), "0601021028010F00"),
        (ActionOne(RESET), "0601021028 0100".replace(" ", "")),
        (ActionList([(RESET, None), (QUARTER, integer(0))]), "06020210280220600200 0F00".replace(" ", "")),
        (ActionOne(AGREE, integer(1)), "0501043040010F01"),
        (ActionOne(AGREE), "0501023040"),
    ],
)
def test_request(transfer, request_octets):
    assert octets(transfer) == request_octets


def completed(transfer, answer):
    request = with_short_names(transfer, find)
    request.first(InvokeIdAndPriority(1), DEFAULT_LIMITS, 1000)
    outcome = request.receive(bytes.fromhex(answer))
    assert isinstance(outcome, Complete)
    return outcome.octets


def test_answers_are_what_actions_decode():
    assert ActionOne(AGREE).decode(completed(ActionOne(AGREE), "0C01000F07"), DEFAULT_LIMITS) == ActionOutcome(
        DataAccessResult(0), integer(7)
    )
    assert ActionOne(AGREE).decode(completed(ActionOne(AGREE), "0C010103"), DEFAULT_LIMITS) == ActionOutcome(
        DataAccessResult(3)
    )
    assert ActionOne(RESET).decode(completed(ActionOne(RESET), "0D010103"), DEFAULT_LIMITS) == ActionOutcome(
        DataAccessResult(3)
    )
    both = ActionList([(RESET, None), (QUARTER, None)])
    assert both.decode(completed(both, "0D02000103"), DEFAULT_LIMITS) == (
        ActionOutcome(DataAccessResult(0)),
        ActionOutcome(DataAccessResult(3)),
    )


def test_object_without_a_base_name():
    with pytest.raises(DataAccessError):
        octets(GetOne(AttributeDescriptor(3, CLOCK.logical_name, 2)))


def test_attribute_that_only_the_other_association_class_has():
    with pytest.raises(DataAccessError):
        octets(GetOne(CURRENT_OBJECT_LIST._replace(attribute_index=3)))


def test_methods_that_return_something_are_not_written_in_a_list():
    with pytest.raises(LocalProtocolError):
        octets(ActionList([(AGREE, None), (RESET, None)]))


def test_other_services_do_not_exist():
    proof = HlsProof.__new__(HlsProof)
    assert named_objects(proof) == []
    with pytest.raises(LocalProtocolError):
        with_short_names(proof, find)


@pytest.mark.parametrize(
    "transfer",
    [
        GetOne(ENERGY),
        SetOne(ENERGY, NULL),
        GetList([(ENERGY, None)]),
        SetList([(ENERGY, NULL)]),
        ActionOne(RESET),
        ActionList([(RESET, None)]),
    ],
)
def test_objects_that_a_request_names(transfer):
    assert named_objects(transfer) == [(3, ENERGY.logical_name)]
