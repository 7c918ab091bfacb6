"""What many APDUs have in common, as plain objects: data, references, secrets."""

import pytest

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.describe import HIDDEN, describe, describe_data
from custom_components.cosem.dlms.describe.elements import Context, describe_payloads
from custom_components.cosem.dlms.encoding.data import Data, DataType, decode_data_octets, unsigned
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from tests.vector_tools import vectors

NAME = LogicalName.parse("0.0.40.0.0.255")


@pytest.mark.parametrize("vector", [*vectors("data"), *vectors("compact-array")], ids=lambda vector: vector.name)
def test_data_is_shown_with_its_type(vector):
    assert describe(decode_data_octets(vector.octets)) == vector.expect


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_float_that_json_does_not_have_becomes_text(value: float):
    assert describe_data(Data(DataType.FLOAT64, value)) == {"type": "float64", "value": str(value)}


def test_octets_that_are_no_utf_8_do_not_make_a_text_that_nothing_can_hold():
    broken = decode_data_octets(bytes.fromhex("0202 0C03 FF41C3 0C02 C3A4"))
    texts = [element["value"] for element in describe_data(broken)["value"]]
    assert texts == ["\\xffA\\xc3", "ä"]
    assert "".join(texts).encode()


def test_values_beyond_the_targets_are_hidden_beside_a_secret_one():
    context = Context(show_secrets=False, inner=lambda octets: {})
    public, secret = AttributeDescriptor(8, NAME, 2), AttributeDescriptor(15, NAME, 7)
    values = (unsigned(1), unsigned(2))
    assert describe_payloads([public], values, context)[1] == {"type": "unsigned", "value": 2}
    assert describe_payloads([secret], values, context) == HIDDEN
    shown = Context(show_secrets=True, inner=context.inner)
    assert describe_payloads([secret], values, shown)[1] == {"type": "unsigned", "value": 2}
