"""What may lock people out of a meter, or switch off what it measures."""

import pytest

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, MethodDescriptor
from custom_components.cosem.dlms.describe.guarded_targets import is_of_security, is_of_supply
from custom_components.cosem.dlms.describe.typed_target import typed_attribute, typed_method

type Target = AttributeDescriptor | MethodDescriptor


def both(text: str) -> tuple[Target, Target]:
    """An attribute and a method of the same number."""
    return typed_attribute(text), typed_method(text)


@pytest.mark.parametrize(
    "text",
    [
        "12:0.0.40.0.0.255:2",
        "15:0.0.40.0.1.255:8",
        "30:0.0.43.2.0.255:2",
        "64:0.0.43.0.0.255:1",
        "64:0.0.43.0.0.255:2",
        "124:0.0.44.2.0.255:2",
        "1:0.0.43.1.0.255:2",  # an invocation counter
        "1:0.3.43.1.0.255:2",
        "9000:0.0.43.0.0.255:2",  # called another class
        "1:0.0.40.0.1.255:7",
    ],
)
def test_whole_objects_of_security(text: str):
    assert all(map(is_of_security, both(text)))


@pytest.mark.parametrize(
    ("text", "of_attribute", "of_method"),
    [
        ("45:0.0.25.4.0.255:3", True, False),  # PIN_code
        ("19:0.0.20.0.0.255:9", True, False),  # a password of the optical port
        ("72:0.1.24.1.0.255:7", False, True),  # set_encryption_key
        ("115:0.0.19.40.0.255:1", False, True),  # enter a token
        ("40:0.0.25.9.0.255:10", True, False),  # push_protection_parameters
        ("40:0.0.25.9.0.255:3", False, False),
        ("1:1.0.43.1.0.255:2", False, False),  # of electricity
        ("8:0.0.1.0.0.255:2", False, False),
        ("3:1.0.1.8.0.255:2", False, False),
    ],
)
def test_single_secrets_of_other_objects(text: str, of_attribute: bool, of_method: bool):
    assert [is_of_security(target) for target in both(text)] == [of_attribute, of_method]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("70:0.0.96.3.10.255:1", True),
        ("70:0.1.24.4.0.255:2", True),  # a valve
        ("71:0.0.17.0.0.255:4", True),
        ("68:0.0.96.3.20.255:1", True),
        ("9:0.0.10.0.106.255:1", True),
        ("9:0.1.10.0.106.255:1", True),
        ("22:0.0.15.0.1.255:4", True),
        ("9:0.0.10.0.100.255:1", False),  # tariffs
        ("22:0.0.15.0.0.255:4", False),  # end of billing
        ("22:0.0.10.0.106.255:4", False),
        ("9:0.0.15.0.1.255:1", False),
        ("9:1.0.10.0.106.255:1", False),
        ("8:0.0.1.0.0.255:2", False),
    ],
)
def test_what_switches_the_supply(text: str, expected: bool):
    assert [is_of_supply(target) for target in both(text)] == [expected, expected]
    assert not any(is_of_security(target) for target in both(text))


@pytest.mark.parametrize(
    ("text", "of_attribute", "of_method"),
    [
        ("22:0.0.15.0.0.255:2", True, False),  # the script of any other schedule
        ("9:0.0.10.0.100.255:2", True, False),  # what any other script does
        ("10:0.0.12.0.0.255:2", True, True),  # entries of a schedule, or one more
        ("10:0.0.12.0.0.255:3", False, False),  # one less
        ("21:0.0.16.1.0.255:4", True, False),  # what a monitor has done
        ("21:0.0.16.1.0.255:2", False, False),
        ("67:7.0.0.15.0.255:12", True, False),  # or a sensor
        ("67:7.0.0.15.0.255:15", True, False),
        ("20:0.0.13.0.0.255:5", True, False),  # or which script each time of a day has executed
        ("20:0.0.13.0.0.255:9", True, False),
        ("20:0.0.13.0.0.255:8", False, False),  # which of these days is which
        ("20:0.0.13.0.0.255:1", False, False),  # the calendar of tariffs that was prepared
    ],
)
def test_what_may_be_made_to_switch(text: str, of_attribute: bool, of_method: bool):
    assert [is_of_supply(target) for target in both(text)] == [of_attribute, of_method]


@pytest.mark.parametrize("text", ["30:0.0.43.2.0.255:2", "30:0.0.43.2.0.255:3", "123:0.0.18.0.0.255:3"])
def test_what_changes_any_object_is_of_both(text: str):
    for target in both(text):
        assert (is_of_security(target), is_of_supply(target)) == (True, True)
