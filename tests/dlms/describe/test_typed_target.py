"""Attributes and methods as they are typed."""

from collections.abc import Callable

import pytest

from custom_components.cosem.dlms.apdu.common import MethodDescriptor
from custom_components.cosem.dlms.describe.typed_target import typed_attribute, typed_method
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import LocalProtocolError


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("8:0.0.1.0.0.255", "the {} is missing, for example 8:0.0.1.0.0.255:2"),
        ("3:1-0:1.8.0", "the {} is missing, for example 3:1-0:1.8.0:2"),
        ("8:0.0.1.0.0.255:-129", "the {} is a number from -128 to 127"),
        ("8:0.0.1.0.0.255:128", "the {} is a number from -128 to 127"),
        ("8:0.0.1.0.0.255:", "the {} is a number from -128 to 127"),
        ("3:1.0.1.8:2", "not a logical name: '1.0.1.8'"),
        ("65536:0.0.1.0.0.255:2", "a number from 0 to 65535"),
        ("8", "the logical name is missing"),
    ],
)
@pytest.mark.parametrize(("read", "what"), [(typed_attribute, "attribute"), (typed_method, "method")])
def test_what_is_wrong_with_an_attribute_or_method_is_said(
    text: str, told: str, read: Callable[[str], object], what: str
):
    with pytest.raises(LocalProtocolError) as error:
        read(text)
    assert str(error.value).startswith(f"{text!r} is not CLASS:LOGICAL_NAME:{what.upper()}: ")
    assert told.format(what) in str(error.value)


@pytest.mark.parametrize("text", ["1.0.1.8.0.255", "1-0:1.8.0"])
def test_a_logical_name_alone_wants_a_class_in_front(text: str):
    with pytest.raises(LocalProtocolError, match="the class is missing in front, for example 3:"):
        typed_attribute(text)


def test_a_manufacturers_own_has_a_number_below_zero():
    assert typed_method("3:1-0:1.8.0:-128") == MethodDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), -128)
