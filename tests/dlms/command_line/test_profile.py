"""`cosem profile` at the simulated meter: the same rows in each form and by each way, and errors that are clear."""

import argparse
import csv
from dataclasses import replace
from datetime import datetime, timedelta
import json
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.cosem.dlms.__main__ import main
from custom_components.cosem.dlms.command_line.options import DEFAULTS, UsageError
from custom_components.cosem.dlms.command_line.profile import profile_request, read_profile
from custom_components.cosem.dlms.encoding.data import plain
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import DataAccessError
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, BufferForm, Deviation, MeterProfile, Quirks, SelectiveAccess

from .conftest import NOW
from .consoles import KeptConsole

LOAD_PROFILE = "1.0.99.1.0.255"
ENERGY = "1.0.1.8.0.255"
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def profile(request: pytest.FixtureRequest) -> MeterProfile:
    """A day of quarter hours; a parameter of the test names quirks."""
    return replace(MeterProfile(), history_days=1).with_quirks(**getattr(request, "param", {}))


@pytest.fixture(autouse=True)
def password(home: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLMS_PASSWORD", DEFAULT_PASSWORD)


def arguments(logical_name: str = LOAD_PROFILE, **options: Any) -> argparse.Namespace:
    own = {"since": None, "until": None, "entries": None, "columns": (), "csv": False, "time_zone": BERLIN}
    reader = {"host": "meter", "client": 2, "auth": "lls", "logical_name": LogicalName.parse(logical_name)}
    return argparse.Namespace(**(DEFAULTS | own | reader | options))


def rows_of(**options: Any) -> list[list[Any]]:
    console = KeptConsole()
    assert read_profile(arguments(json=True, **options), console) == 0
    rows: list[list[Any]] = console.result["rows"]
    return rows


@pytest.fixture
def true(profile: MeterProfile) -> list[list[Any]]:
    """The rows of such a meter without quirks."""
    meter = SimulatedMeter(replace(profile, quirks=Quirks()), lambda: NOW)
    time = meter.devices[1].time
    return [
        [time.instant(row[0]).astimezone(BERLIN).isoformat(), row[1], *map(str, row[2:])]
        for row in plain(meter.truth(LOAD_PROFILE))
    ]


def test_the_contract_of_the_json(true: list[list[Any]]):
    console = KeptConsole()
    assert read_profile(arguments(json=True), console) == 0
    result = console.result
    assert result["columns"][0] == {
        "class_id": 8,
        "logical_name": "0.0.1.0.0.255",
        "attribute": 2,
        "data_index": 0,
        "unit": None,
    }
    assert [column["unit"] for column in result["columns"][1:4]] == [None, "Wh", "Wh"]
    assert result["rows"] == true
    assert console.notes == []


QUIRKS = (*[{"buffer_form": form} for form in BufferForm], *[{"selective_access": way} for way in SelectiveAccess])


@pytest.mark.parametrize("profile", QUIRKS, indirect=True, ids=lambda quirk: next(iter(quirk.values())))
def test_each_meter_gives_the_same_rows(true: list[list[Any]]):
    since, until = NOW - timedelta(hours=3), NOW - timedelta(hours=1)
    assert rows_of(since=since, until=until) == true[-13:-4]
    assert rows_of(entries=(3, 5)) == true[2:5]
    assert rows_of(entries=(90, 0)) == true[89:]


@pytest.mark.parametrize("profile", [{"deviation": Deviation.UNSPECIFIED}, {}], indirect=True)
def test_times_without_an_offset_are_of_the_named_zone(true: list[list[Any]]):
    since = datetime.fromisoformat("2026-03-04T12:00")
    rows = rows_of(since=since, until=since + timedelta(minutes=15))
    assert rows == [row for row in true if row[0].startswith(("2026-03-04T12:00", "2026-03-04T12:15"))]


def test_chosen_columns_come_with_the_time(true: list[list[Any]]):
    rows = rows_of(columns=(LogicalName.parse(ENERGY),), entries=(1, 2))
    assert rows == [[row[0], row[2]] for row in true[:2]]


def test_comma_separated_values(true: list[list[Any]]):
    console = KeptConsole()
    assert read_profile(arguments(csv=True, entries=(1, 0)), console) == 0
    head, *rows = csv.reader(console.output)
    assert head[:3] == ["8:0.0.1.0.0.255:2", "1:0.0.96.10.1.255:2", f"3:{ENERGY}:2 [Wh]"]
    assert rows == [[str(cell) for cell in row] for row in true]


def test_a_table_of_an_event_log(meter: SimulatedMeter):
    console = KeptConsole()
    assert read_profile(arguments("0.0.99.98.0.255"), console) == 0
    head, *rows = console.output
    assert head.split() == ["0.0.1.0.0.255", "0.0.96.11.0.255"]
    assert len(rows) == len(plain(meter.truth("0.0.99.98.0")))


def test_what_was_read_before_an_error_is_shown_and_the_json_is_whole(
    meter: SimulatedMeter, true: list[list[Any]], capsys: pytest.CaptureFixture[str]
):
    meter.faults.add("reset", on="get", request=6)
    command = ("--host", "meter", "--client", "2", "--auth", "lls", "profile", LOAD_PROFILE)
    assert main([*command, "--time-zone", "Europe/Berlin", "--json"]) == 1
    output = capsys.readouterr()
    rows = json.loads(output.out)["rows"]
    assert 0 < len(rows) < len(true)
    assert rows == true[: len(rows)]
    assert "connection" in output.err


def test_a_connection_that_is_lost_once_costs_nothing(meter: SimulatedMeter, true: list[list[Any]]):
    fault = meter.faults.add("reset", on="get", request=6, times=1)
    assert rows_of() == true
    assert fault.fired == 1


def test_a_profile_that_is_not_there_is_an_error():
    console = KeptConsole()
    with pytest.raises(DataAccessError):
        read_profile(arguments("1.0.99.77.0.255", json=True), console)
    assert console.output == []


def test_a_column_that_is_not_there_is_named():
    console = KeptConsole()
    with pytest.raises(UsageError, match=r"no column 1\.1\.1\.1\.1\.1"):
        read_profile(arguments(columns=(LogicalName.parse("1.1.1.1.1.1"), LogicalName.parse(ENERGY))), console)
    assert console.output == []


@pytest.mark.parametrize(
    "options",
    [
        {"entries": (1, 2), "since": NOW},
        {"entries": (1, 2), "until": NOW},
        {"since": NOW, "until": NOW - timedelta(days=1)},
        {"json": True, "csv": True},
    ],
)
def test_what_does_not_go_together_is_refused_before_the_meter_is_called(
    meter: SimulatedMeter, options: dict[str, Any]
):
    with pytest.raises(UsageError):
        read_profile(arguments(**options), KeptConsole())
    assert meter.connections == 0


@pytest.mark.parametrize(
    "typed",
    [
        ("profile",),
        ("profile", "1.2.3"),
        ("profile", LOAD_PROFILE, "--since", "yesterday"),
        ("profile", LOAD_PROFILE, "--entries", "5"),
        ("profile", LOAD_PROFILE, "--entries", "5:2"),
        ("profile", LOAD_PROFILE, "--entries", "0:2"),
        ("profile", LOAD_PROFILE, "--entries", "a:b"),
        ("profile", LOAD_PROFILE, "--columns", f"{ENERGY},"),
        ("profile", LOAD_PROFILE, "--time-zone", "Mars"),
    ],
)
def test_bad_input_is_wrong_usage(typed: tuple[str, ...], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        main(["--host", "meter", *typed])
    assert left.value.code == 2
    assert "error: " in capsys.readouterr().err


def test_typed_options(capsys: pytest.CaptureFixture[str], true: list[list[Any]]):
    typed = ("--entries", "96:", "--columns", f"{ENERGY}, 0.0.96.10.1.255", "--csv")
    assert main(["--host", "meter", "--client", "2", "--auth", "lls", "profile", LOAD_PROFILE, *typed]) == 0
    (row,) = list(csv.reader(capsys.readouterr().out.splitlines()))[1:]
    assert row[1:] == [str(cell) for cell in true[-1][1:3]]


@pytest.mark.parametrize("zone", [None, *map(ZoneInfo, ("UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago"))])
def test_times_at_the_ends_of_the_calendar_leave_nothing_out(true: list[list[Any]], zone: ZoneInfo | None):
    ends = [datetime.fromisoformat(each) for each in ("0001-01-01", "9999-12-31T23:59:59")]
    assert len(rows_of(since=ends[0], until=ends[1], time_zone=zone)) == len(true)


def test_times_without_a_zone_are_those_of_this_computer():
    typed = datetime.fromisoformat("2026-03-01T12:00")
    request = profile_request(arguments(since=typed, time_zone=None))
    assert request.since is not None
    assert request.since.timestamp() == typed.timestamp()


def test_rows_are_counted_for_whoever_waits(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("custom_components.cosem.dlms.command_line.progress._EVERY", 0)
    console = KeptConsole()
    assert read_profile(arguments(), console) == 0
    counted = [int(text.split()[-2]) for text in console.progresses]
    assert counted == sorted(counted)
    assert 0 < counted[-1] <= 96
    assert console.progresses[0].endswith(" octets received, 0 rows")
