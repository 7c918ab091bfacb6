"""Times as they are typed, and the zone of this computer through a whole year."""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
import os
import time
from zoneinfo import ZoneInfo

import pytest

from custom_components.cosem.dlms.command_line.local_time import ComputerZone, moment, zone

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def berlin() -> Iterator[None]:
    """This computer stands in Berlin, by a rule: not every test machine knows the names of zones."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = "CET-1CEST,M3.5.0,M10.5.0/3"
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_the_zone_of_the_computer_has_the_offsets_of_the_place():
    for hours in range(0, 366 * 24, 7):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
        assert at.astimezone(ComputerZone()).isoformat() == at.astimezone(BERLIN).isoformat()


@pytest.mark.usefixtures("berlin")
def test_both_hours_of_autumn_are_told_apart():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    both = [(first + timedelta(hours=hours)).astimezone(ComputerZone()) for hours in (0, 1)]
    assert [each.isoformat() for each in both] == ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"]
    assert [each.fold for each in both] == [0, 1]
    assert [each.astimezone(UTC) - first for each in both] == [timedelta(), timedelta(hours=1)]


@pytest.mark.usefixtures("berlin")
def test_the_zone_has_a_name_for_each_time_and_no_daylight_saving_of_its_own():
    here = ComputerZone()
    assert [datetime(2026, month, 1, tzinfo=here).tzname() for month in (1, 7)] == ["CET", "CEST"]
    assert (here.utcoffset(None), here.tzname(None), here.dst(None)) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-03-01", "2026-03-01T00:00:00"),
        ("2026-03-01T12:15", "2026-03-01T12:15:00"),
        ("2026-03-01T12:15:00Z", "2026-03-01T12:15:00+00:00"),
        ("2026-03-01T12:15+01:00", "2026-03-01T12:15:00+01:00"),
    ],
)
def test_times_are_typed_in_iso_8601(text: str, meant: str):
    assert moment(text).isoformat() == meant


@pytest.mark.parametrize("text", ["", "yesterday", "01.03.2026", "2026-02-30", "12:15"])
def test_other_times_are_refused_with_an_example(text: str):
    with pytest.raises(argparse.ArgumentTypeError, match="2026-03-01T00:00"):
        moment(text)


def test_a_zone_has_a_name_that_is_known():
    assert zone("Europe/Berlin") == BERLIN
    for text in ("Mars/Olympus", "", "../../etc/passwd", "Europe"):
        with pytest.raises(argparse.ArgumentTypeError, match="Europe/Berlin"):
            zone(text)


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("year", [1, 9999])
def test_the_ends_of_the_calendar_have_an_offset(year: int):
    here = datetime(year, 1, 1, tzinfo=ComputerZone())
    assert (here.utcoffset(), here.tzname()) == (timedelta(hours=1), "CET")
