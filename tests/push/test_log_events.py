"""What entries and alarms look like as events."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.dlms import (
    BitString,
    CaptureObject,
    LogicalName,
    ProfileColumn,
    Protection,
    ScalerUnit,
)
from custom_components.cosem.push.event_codes import CODE_TABLES
from custom_components.cosem.push.event_making import EventMaker
from custom_components.cosem.push.log_events import LogEvents, Trust, code_of
from custom_components.cosem.push.log_mark import LogEntry

from .logs import CODE_COLUMN, CODES, LOG, START, at, entry

TRUSTED = Trust(authenticated=True, encrypted=False)
VOLTAGE = ProfileColumn(CaptureObject(3, LogicalName.parse("1.0.32.7.0.255"), 2, 0), ScalerUnit(-1, 35))


@pytest.fixture
def events(hass: HomeAssistant, make_entry: Callable[..., MockConfigEntry]) -> LogEvents:
    config_entry = make_entry()
    reader: Any = SimpleNamespace()
    return LogEvents(hass, config_entry, EventMaker(hass, config_entry, reader, CODE_TABLES["idis"]))


def test_an_entry_tells_its_code_its_time_and_its_columns(events: LogEvents):
    event = events.of_entry(LOG, at(1, 40), TRUSTED)
    assert (event.kind, event.event_type, event.code, event.text) == (
        "event_log",
        "cover_opened",
        40,
        "Terminal cover removed",
    )
    assert (event.class_id, event.logical_name, event.attribute_index) == (7, "0.0.99.98.0.255", 2)
    assert (event.time, event.value, event.name) == ("2026-11-01T01:00:00+00:00", 40, "Event log (0-0:99.98.0)")
    assert (event.authenticated, event.encrypted) == (True, False)
    assert [(each["logical_name"], each["value"]) for each in event.values] == [
        ("0.0.1.0.0.255", "2026-11-01T01:00:00+00:00"),
        (CODES, 40),
    ]


def test_a_code_that_is_in_no_table_stays_a_number(events: LogEvents):
    event = events.of_entry(LOG, at(1, 4711), TRUSTED)
    assert (event.event_type, event.code, event.text) == ("other", 4711, None)


def test_an_entry_without_a_code_tells_its_columns(events: LogEvents):
    event = events.of_entry(LOG, entry(Decimal("201.5"), columns=(VOLTAGE,)), TRUSTED)
    assert (event.event_type, event.code, event.time, event.value) == ("other", None, None, None)
    assert [(each["value"], each["unit"]) for each in event.values] == [(201.5, "V")]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (2**60, float(2**60)),
        (Decimal("7.0"), 7),
        (1.5, 1.5),
        (float("nan"), None),
        (b"abc", "abc"),
        (b"\x00\xff", "00ff"),
        ("x" * 300, "x" * 255),
        ("\udcffx", "\\xffx"),
        (BitString(b"\x80", 3), "100"),
        (START, "2026-11-01T00:00:00+00:00"),
    ],
)
def test_every_cell_can_be_shown(events: LogEvents, cell: object, shown: object):
    event = events.of_entry(LOG, entry(cell, columns=(VOLTAGE,)), TRUSTED)
    assert event.values[0]["value"] == shown


@pytest.mark.parametrize(
    ("found", "number"),
    [
        (entry(3, columns=(CODE_COLUMN,)), 3),
        (entry(Decimal(3), columns=(CODE_COLUMN,)), 3),
        (entry(Decimal("3.5"), columns=(CODE_COLUMN,)), None),
        (entry(Decimal(2**70), columns=(CODE_COLUMN,)), None),
        (entry(True, columns=(CODE_COLUMN,)), None),
        (entry(b"\x03", columns=(CODE_COLUMN,)), None),
        (entry(3, columns=(VOLTAGE,)), None),
        (entry(3, 4, columns=(CODE_COLUMN, CODE_COLUMN)), 3),
    ],
)
def test_the_first_event_code_counts(found: LogEntry, number: int | None):
    code = code_of(found)
    assert (None if code is None else code.number) == number


@pytest.mark.parametrize(
    ("protection", "unverified", "trust"),
    [
        (Protection.AUTHENTICATED_ENCRYPTED, False, (True, True)),
        (Protection.AUTHENTICATED_ENCRYPTED, True, (False, True)),
        (Protection.AUTHENTICATED, False, (True, False)),
        (Protection.ENCRYPTED, False, (False, True)),
        (Protection.NONE, False, (False, False)),
    ],
)
def test_what_is_read_is_as_trustworthy_as_its_association(protection: Protection, unverified: bool, trust: tuple):
    security = SimpleNamespace(protection=protection, accept_unverified=unverified)
    association: Any = SimpleNamespace(parameters=SimpleNamespace(security=security))
    assert Trust.of(association) == trust


def test_without_keys_nothing_is_proven():
    association: Any = SimpleNamespace(parameters=SimpleNamespace(security=None))
    assert Trust.of(association) == (False, False)


def test_an_entry_whose_time_is_none_says_none(events: LogEvents):
    assert events.of_entry(LOG, entry(b"\xff" * 12, 1), TRUSTED).time is None
    assert events.of_entry(LOG, entry(datetime(2026, 1, 1, tzinfo=UTC), 1), TRUSTED).time is not None
