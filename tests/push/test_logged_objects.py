"""Which objects keep what happened."""

import pytest

from custom_components.cosem.dlms import AccessRights, LogicalName, ObjectListElement
from custom_components.cosem.push.logged_objects import MOST, alarm_registers, event_logs, keeps_what_happened


def element(class_id: int, name: str, mode: int | None = None) -> ObjectListElement:
    rights = {} if mode is None else {2: AccessRights(mode, 0, ())}
    return ObjectListElement(class_id, 0, LogicalName.parse(name), rights)


@pytest.mark.parametrize("name", ["0.0.99.98.0.255", "0.0.99.98.7.255", "0.1.99.98.0.255", "1.0.99.98.0.255"])
def test_an_event_log_is_found(name: str):
    assert event_logs([element(7, name)]) == [LogicalName.parse(name)]
    assert keeps_what_happened([element(7, name)])


@pytest.mark.parametrize("name", ["0.0.97.98.0.255", "0.0.97.98.9.255"])
def test_an_alarm_register_is_found(name: str):
    assert alarm_registers([element(1, name)]) == [LogicalName.parse(name)]
    assert keeps_what_happened([element(1, name)])


@pytest.mark.parametrize(
    "other",
    [
        element(7, "1.0.99.1.0.255"),
        element(7, "7.0.99.98.0.255"),
        element(7, "0.0.99.98.0.101"),
        element(1, "0.0.99.98.0.255"),
        element(1, "0.0.97.98.10.255"),
        element(1, "0.0.97.98.20.255"),
        element(1, "0.0.97.97.0.255"),
        element(7, "0.0.97.98.0.255"),
        element(7, "0.0.99.98.0.255", 0),
    ],
    ids=str,
)
def test_nothing_else_is(other: ObjectListElement):
    assert not keeps_what_happened([other])


def test_a_list_without_end_costs_little():
    names = [element(7, f"0.{number}.99.98.0.255") for number in range(200)]
    assert len(event_logs(names)) == MOST
