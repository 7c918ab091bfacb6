"""Objects as a person picks them."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.dlms import AccessRights, LogicalName, ObjectListElement
from custom_components.cosem.forms.objects import NotAnObject, async_object_choices, parse_objects
from custom_components.cosem.meter.entity_plan import plan_entities


def element(class_id: int, logical_name: str) -> ObjectListElement:
    return ObjectListElement(class_id, 0, LogicalName.parse(logical_name))


async def test_trial_29_objects_are_grouped_by_kind_and_sensible_ones_come_first(hass: HomeAssistant):
    names = {
        3: ["6.0.1.0.0.255", "1.0.13.7.0.255", "1.0.1.7.0.255", "1.0.1.8.1.255", "1.0.9.8.0.255", "1.0.1.8.0.255"],
        4: ["0.1.24.2.1.255", "1.0.1.6.0.255"],
        1: ["0.0.96.14.0.255"],
    }
    names[3] += [
        "7.0.3.0.0.255",
        "1.0.14.7.0.255",
        "8.0.1.0.0.255",
        "1.0.96.99.0.255",
        "1.0.32.7.0.255",
        "99.0.1.0.0.255",
    ]
    objects = [element(class_id, name) for class_id, listed in names.items() for name in listed]
    choices, ticked = await async_object_choices(hass, objects)
    assert [choice["value"] for choice in choices] == [
        "3:1.0.1.8.0.255",
        "3:1.0.1.8.1.255",
        "3:1.0.9.8.0.255",
        "3:1.0.1.7.0.255",
        "4:1.0.1.6.0.255",
        "3:1.0.13.7.0.255",
        "3:1.0.14.7.0.255",
        "3:1.0.32.7.0.255",
        "3:7.0.3.0.0.255",
        "3:8.0.1.0.0.255",
        "3:6.0.1.0.0.255",
        "4:0.1.24.2.1.255",
        "1:0.0.96.14.0.255",
        "3:1.0.96.99.0.255",
        "3:99.0.1.0.0.255",
    ]
    assert "3:1.0.9.8.0.255" not in ticked
    assert not any("·" in choice["label"] for choice in choices)


async def test_trial_29_many_objects_say_their_kind_so_that_it_can_be_searched_for(hass: HomeAssistant):
    objects = [element(3, f"1.0.1.8.{tariff}.255") for tariff in range(24)]
    choices, _ = await async_object_choices(hass, objects)
    assert not any("·" in choice["label"] for choice in choices)
    choices, _ = await async_object_choices(
        hass, [*objects, element(3, "1.0.32.7.0.255"), element(1, "0.0.96.14.0.255"), element(3, "1.0.96.99.0.255")]
    )
    labels = [choice["label"] for choice in choices]
    assert labels[0] == "Energy import (1-0:1.8.0)"  # says itself what it is
    assert labels[-3:] == [
        "Voltage L1 (1-0:32.7.0)",
        "Meter · Active tariff (0-0:96.14.0)",
        "Other · OBIS 1-0:96.99.0",
    ]


async def test_sensible_objects_come_first_and_are_ticked(hass: HomeAssistant):
    objects = [
        element(1, "0.0.96.14.0.255"),  # current tariff: sensible, but of no medium
        element(3, "1.0.96.99.0.255"),  # no code with a name
        element(3, "1.0.32.7.0.255"),
        element(8, "0.0.1.0.0.255"),
        element(3, "1.0.1.8.0.255"),
        element(3, "1.0.1.8.0.255"),  # listed twice
        element(7, "1.0.99.1.0.255"),  # a profile is no sensor
        element(1, "0.0.96.1.0.255"),  # the serial number is for the device page
    ]
    choices, ticked = await async_object_choices(hass, objects)
    values = [choice["value"] for choice in choices]
    assert values == [
        "3:1.0.1.8.0.255",
        "3:1.0.32.7.0.255",
        "1:0.0.96.14.0.255",
        "8:0.0.1.0.0.255",
        "3:1.0.96.99.0.255",
    ]
    assert ticked == values[:3]


async def test_labels_have_a_name_and_the_code_once(hass: HomeAssistant):
    choices, _ = await async_object_choices(
        hass, [element(3, "1.0.1.8.0.255"), element(3, "1.0.32.7.0.255"), element(3, "1.0.96.99.0.255")]
    )
    energy, voltage, unknown = (choice["label"] for choice in choices)
    assert energy.endswith(" (1-0:1.8.0)")
    assert "L1" in voltage
    assert voltage.endswith(" (1-0:32.7.0)")
    assert unknown.count("1-0:96.99.0") == 1


async def test_object_without_readable_value_is_not_offered(hass: HomeAssistant):
    denied = ObjectListElement(3, 0, LogicalName.parse("1.0.1.8.0.255"), {2: AccessRights(0, 1)})
    assert await async_object_choices(hass, [denied]) == ([], [])


async def test_object_is_offered_for_its_value_not_for_what_else_can_be_read(hass: HomeAssistant):
    """A demand register that shows its last average only: ticking it would enable nothing."""
    name = LogicalName.parse("1.0.1.4.0.255")
    no, yes = AccessRights(0, 1), AccessRights(1, 1)
    for rights, offered in (({2: no, 3: yes}, []), ({2: yes, 3: no}, ["5:1.0.1.4.0.255"])):
        partly = ObjectListElement(5, 0, name, rights)
        assert plan_entities([partly])
        choices, _ = await async_object_choices(hass, [partly])
        assert [choice["value"] for choice in choices] == offered


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ([], []),
        (["", "  "], []),
        (["3:1.0.1.8.0.255"], ["3:1.0.1.8.0.255"]),
        (["1.0.1.8.0.255"], ["3:1.0.1.8.0.255"]),
        (["1-0:1.8.0"], ["3:1.0.1.8.0.255"]),
        (["1-0:1.8.0*255"], ["3:1.0.1.8.0.255"]),
        (["4:1-0:1.6.0"], ["4:1.0.1.6.0.255"]),
        (["8:0.0.1.0.0.255, 1:0.0.96.14.0.255"], ["8:0.0.1.0.0.255", "1:0.0.96.14.0.255"]),
        (["3:1.0.1.8.0.255;3:1.0.1.8.0.255", "5:1.0.1.4.0.255"], ["3:1.0.1.8.0.255", "5:1.0.1.4.0.255"]),
    ],
)
def test_typed_codes(typed: list[str], keys: list[str]):
    assert parse_objects(typed) == keys


@pytest.mark.parametrize(
    "code",
    [
        "energy",
        "3:",
        "3:1.0.1.8",
        "3:1.0.1.8.0.256",
        "7:1.0.99.1.0.255",  # a profile
        "9999:1.0.1.8.0.255",
        "0:1.0.1.8.0.255",
        "1:0.0.96.1.0.255",  # who the meter is
        "²:1.0.1.8.0.255",
    ],
)
def test_typed_codes_that_are_none(code: str):
    with pytest.raises(NotAnObject) as error:
        parse_objects(["3:1.0.1.8.0.255", code])
    assert error.value.code == code


def test_only_the_start_of_a_wrong_code_is_repeated():
    with pytest.raises(NotAnObject) as error:
        parse_objects(["x" * 1000])
    assert len(error.value.code) == 40
