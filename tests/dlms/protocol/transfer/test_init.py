"""What may come of a transfer."""

from importlib import import_module
import inspect
import pkgutil

import pytest

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, MethodDescriptor
from custom_components.cosem.dlms.encoding.data import octet_string
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.protocol import transfer
from custom_components.cosem.dlms.protocol.transfer import Complete, Continues
from custom_components.cosem.dlms.protocol.transfer.access import Access, to_execute, to_set
from custom_components.cosem.dlms.protocol.transfer.action import ActionList, ActionOne
from custom_components.cosem.dlms.protocol.transfer.set import SetList, SetOne

VALUE = b"0123456789"
CLOCK = LogicalName.parse("0.0.1.0.0.255")
TIME, STATUS = AttributeDescriptor(8, CLOCK, 2), AttributeDescriptor(8, CLOCK, 4)
ADJUST, SHIFT = MethodDescriptor(8, CLOCK, 1), MethodDescriptor(8, CLOCK, 6)
DATA = octet_string(VALUE)


@pytest.mark.parametrize("outcome", [Continues(3, 10, VALUE), Complete(VALUE)])
def test_s29_what_a_meter_says_and_is_asked_stays_out_of_what_is_written_about_it(outcome):
    assert VALUE.decode() not in repr(outcome)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (SetOne(TIME, DATA), "set 8:0.0.1.0.0.255:2"),
        (SetList([(TIME, DATA), (STATUS, DATA)]), "set 8:0.0.1.0.0.255:2, 8:0.0.1.0.0.255:4"),
        (ActionOne(SHIFT, DATA), "action 8:0.0.1.0.0.255:6"),
        (
            Access([to_set(TIME, DATA), to_execute(SHIFT, DATA)]),
            f"access set {TIME}, action {SHIFT}",
        ),
        (ActionList([(ADJUST, DATA), (SHIFT, None)]), "action 8:0.0.1.0.0.255:1, 8:0.0.1.0.0.255:6"),
    ],
)
def test_s29_what_writes_is_named_without_its_value(written: object, text: str):
    assert str(written) == text


TRANSFERS = [
    each
    for module in pkgutil.iter_modules(transfer.__path__, f"{transfer.__name__}.")
    for each in vars(import_module(module.name)).values()
    if inspect.isclass(each) and hasattr(each, "receive") and each.__module__ == module.name
]


@pytest.mark.parametrize("kind", [kind for kind in TRANSFERS if not kind.__name__.startswith("_")])
def test_every_transfer_says_in_words_what_it_is(kind: type):
    assert kind.__str__ is not object.__str__


def test_all_transfers_are_looked_at():
    assert {"GetOne", "SetList", "HlsProof", "WriteMethods", "Access"} <= {kind.__name__ for kind in TRANSFERS}
