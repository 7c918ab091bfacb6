"""Objects: what the list promises is there, identities, profiles with selections."""

from datetime import UTC, datetime, timedelta
import itertools
from typing import Any

import pytest

from custom_components.cosem.dlms.apdu.common import Selection
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    array,
    decode_data_octets,
    double_long_unsigned,
    integer,
    long_unsigned,
    octet_string,
    plain,
    structure,
)
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile, SelectiveAccess

from .tools import NOW, BareClient, get_request, make_meter, raw_data

CLOCK = structure(long_unsigned(8), octet_string(bytes.fromhex("0000010000FF")), integer(2), long_unsigned(0))
IMPORT = structure(long_unsigned(3), octet_string(bytes.fromhex("0100010800FF")), integer(2), long_unsigned(0))


def object_list(client: BareClient) -> Any:
    blocks = client.blocks(get_request(15, "0.0.40.0.0.255", 2))
    return plain(decode_data_octets(b"".join(map(raw_data, blocks)) if blocks[0][1] == 2 else blocks[0][4:]))


@pytest.mark.parametrize("version", [0, 1, 2, 3])
@pytest.mark.parametrize(("client_wport", "server_wport"), [(16, 1), (2, 1), (1, 1), (2, 16)])
def test_the_object_list_tells_the_truth_about_rights(version: int, client_wport: int, server_wport: int):
    client = BareClient(make_meter(association_version=version, max_pdu_size=65_535), client_wport, server_wport)
    client.associate(**({"password": None} if client_wport == 16 else {}))
    for class_id, _, name, (attributes, _) in object_list(client):
        for index, mode, _ in attributes:
            answer = client.blocks(get_request(class_id, ".".join(map(str, name)), index))[0]
            assert (answer[1] == 2 or answer[3] == 0) == bool(mode & 1), (class_id, name, index)


def test_the_public_client_sees_identity_only():
    client = BareClient(make_meter(), client=16)
    client.associate(password=None)
    assert {(class_id, *name[:5]) for class_id, _, name, _ in object_list(client)} == {
        (1, 0, 0, 42, 0, 0),
        (1, 0, 0, 96, 1, 0),
        (1, 1, 0, 0, 2, 0),
        (15, 0, 0, 40, 0, 0),
        (17, 0, 0, 41, 0, 0),
    }


@pytest.mark.parametrize(("phases", "least"), [(3, 40), (1, 28)])
def test_a_household_has_about_forty_registers(phases: int, least: int):
    meter = SimulatedMeter(MeterProfile(phases=phases, history_days=1, max_pdu_size=65_535), lambda: NOW)
    client = BareClient(meter)
    client.associate()
    classes = [item[0] for item in object_list(client)]
    assert sum(class_id in {3, 4, 5} for class_id in classes) >= least
    assert {1, 3, 4, 5, 7, 8, 15, 17, 41, 43, 70} <= set(classes)


def test_names_and_serials_are_those_of_the_seed():
    meters = [SimulatedMeter(MeterProfile(seed=seed, history_days=1), lambda: NOW) for seed in (1, 1, 2)]
    names = [[device.name for device in meter.devices.values()] for meter in meters]
    assert names[0] == names[1]
    assert not set(names[0]) & set(names[2])
    for name in names[0] + names[2]:
        assert len(name) == 16
        assert name.startswith(b"SIM")
    assert plain(meters[0].truth("0.0.41.0.0")) == ((1, names[0][0]), (16, names[0][1]))
    assert plain(meters[0].truth("0.0.96.1.0")) == names[0][0][8:]


def test_the_total_is_the_sum_of_the_tariffs_at_any_time():
    meter = make_meter()
    for hours in range(0, 5000, 37):
        at = NOW - timedelta(hours=hours)
        for group in (1, 2):
            total, first, second = (meter.truth(f"1.0.{group}.8.{rate}", at=at).value for rate in (0, 1, 2))
            assert total == first + second


def test_an_unreadable_object_list():
    client = BareClient(make_meter(object_list_readable=False))
    client.associate()
    assert client.ask(get_request(15, "0.0.40.0.0.255", 2)) == bytes.fromhex("C401C10103")


def test_the_association_object_describes_the_association():
    meter = make_meter(association_version=2)
    client = BareClient(meter)
    client.associate(pdu_size=600)

    def read(index: int) -> Any:
        return plain(decode_data_octets(client.ask(get_request(15, "0.0.40.0.0.255", index))[4:]))

    assert read(3) == (2, 1)
    assert read(4) == bytes.fromhex("60857405080101")
    bits, ours, theirs, version, *_ = read(5)
    assert (bits.octets, ours, theirs, version) == (bytes.fromhex("007E1D"), 1024, 600, 6)
    assert read(6) == bytes.fromhex("60857405080201")
    assert (read(8), read(10), read(11)) == (2, (), (0, ""))


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(1, NULL), None),
        (Selection(2, array(long_unsigned(8), long_unsigned(17))), {8, 17}),
        (Selection(3, array(structure(long_unsigned(8), octet_string(bytes.fromhex("0000010000FF"))))), {8}),
    ],
)
def test_selections_of_the_object_list(selection: Selection, expected: set[int] | None):
    meter = make_meter()
    whole = plain(meter.truth("0.0.40.0.0"))
    part = plain(meter.truth("0.0.40.0.0", selection=selection))
    assert part == (whole if expected is None else tuple(item for item in whole if item[0] in expected))


def test_selection_of_one_object():
    meter = make_meter()
    wanted = Selection(4, structure(long_unsigned(8), octet_string(bytes.fromhex("0000010000FF"))))
    element = plain(meter.truth("0.0.40.0.0", selection=wanted))
    assert element in plain(meter.truth("0.0.40.0.0"))
    assert element[0] == 8


class TestLoadProfile:
    NAME = "1.0.99.1.0"

    def test_weeks_of_quarter_hours(self):
        meter = SimulatedMeter(MeterProfile(), lambda: NOW)
        rows = plain(meter.truth(self.NAME))
        assert len(rows) == 42 * 96 == meter.truth(self.NAME, 7).value == meter.truth(self.NAME, 8).value
        assert len(rows[0]) == len(plain(meter.truth(self.NAME, 3))) == 8
        assert meter.truth(self.NAME, 4).value == 900
        times = [meter.devices[1].time.instant(row[0]) for row in rows]
        assert times[-1] == datetime(2026, 7, 15, 11, 0, tzinfo=UTC)
        assert {after - before for before, after in itertools.pairwise(times)} == {timedelta(minutes=15)}

    def test_rows_hold_what_the_registers_held(self):
        meter = make_meter()
        for row in plain(meter.truth(self.NAME))[::17]:
            at = meter.devices[1].time.instant(row[0])
            registers = ("1.0.1.8.0", "1.0.2.8.0", "1.0.3.8.0", "1.0.4.8.0", "1.0.1.8.1", "1.0.1.8.2")
            assert row[2:] == tuple(meter.truth(name, at=at).value for name in registers)

    @pytest.mark.parametrize(
        ("entries", "rows", "columns"),
        [
            ((1, 0, 1, 0), slice(None), slice(None)),
            ((1, 1, 1, 0), slice(0, 1), slice(None)),
            ((190, 0, 1, 0), slice(189, None), slice(None)),
            ((3, 5, 2, 3), slice(2, 5), slice(1, 3)),
            ((500, 0, 1, 0), slice(500, None), slice(None)),
        ],
    )
    def test_by_entry(self, entries: tuple[int, ...], rows: slice, columns: slice):
        meter = make_meter()
        first, last, *selected = entries
        parameters = structure(
            double_long_unsigned(first), double_long_unsigned(last), *[long_unsigned(number) for number in selected]
        )
        part = plain(meter.truth(self.NAME, selection=Selection(2, parameters)))
        assert part == tuple(row[columns] for row in plain(meter.truth(self.NAME))[rows])

    def by_range(self, start: Data, end: Data, columns: Data | None = None) -> Selection:
        return Selection(1, structure(CLOCK, start, end, array() if columns is None else columns))

    def test_by_range_both_ends_belong_to_it(self):
        meter = make_meter()
        rows = plain(meter.truth(self.NAME))
        selection = self.by_range(octet_string(rows[10][0]), octet_string(rows[20][0]))
        assert plain(meter.truth(self.NAME, selection=selection)) == rows[10:21]

    def test_by_range_in_unix_seconds_with_columns(self):
        meter = make_meter()
        rows = plain(meter.truth(self.NAME))
        noon = int(NOW.timestamp()) // 900 * 900
        selection = self.by_range(double_long_unsigned(noon - 1800), double_long_unsigned(noon), array(IMPORT, CLOCK))
        assert plain(meter.truth(self.NAME, selection=selection)) == tuple((row[2], row[0]) for row in rows[-3:])

    @pytest.mark.parametrize(
        "parameters",
        [
            NULL,
            structure(NULL),
            structure(CLOCK, NULL, NULL, array()),
            structure(IMPORT, double_long_unsigned(0), double_long_unsigned(1), array()),
            structure(CLOCK, double_long_unsigned(0), double_long_unsigned(1), array(NULL)),
            structure(CLOCK, octet_string(b"\xff" * 12), double_long_unsigned(1), array()),
        ],
    )
    def test_broken_ranges_are_refused(self, parameters: Data):
        with pytest.raises(KeyError, match="type-unmatched"):
            make_meter().truth(self.NAME, selection=Selection(1, parameters))

    @pytest.mark.parametrize(
        ("access", "by_range", "by_entry"),
        [
            (SelectiveAccess.FULL, 1, 1),
            (SelectiveAccess.ENTRY, None, 1),
            (SelectiveAccess.REFUSED, None, None),
            (SelectiveAccess.IGNORED, 192, 192),
        ],
    )
    def test_selective_access_by_profile(self, access: SelectiveAccess, by_range: int | None, by_entry: int | None):
        meter = make_meter(selective_access=access)
        noon = double_long_unsigned(int(NOW.timestamp()) // 900 * 900)
        entry = Selection(2, structure(*[double_long_unsigned(1)] * 2, long_unsigned(1), long_unsigned(0)))
        for selection, rows in ((self.by_range(noon, noon), by_range), (entry, by_entry)):
            if rows is None:
                with pytest.raises(KeyError, match="scope"):
                    meter.truth(self.NAME, selection=selection)
            else:
                assert len(plain(meter.truth(self.NAME, selection=selection))) == rows


def test_event_log_and_daily_profile():
    meter = make_meter()
    events = plain(meter.truth("0.0.99.98.0"))
    times = [meter.devices[1].time.instant(row[0]) for row in events]
    assert len(events) > 20
    assert times == sorted(times)
    assert times[-1] <= NOW
    assert meter.truth("0.0.96.11.0").value == events[-1][1]
    days = [
        meter.devices[1].time.local(meter.devices[1].time.instant(row[0])) for row in plain(meter.truth("1.0.99.2.0"))
    ]
    assert len(days) == 62
    assert {day.hour for day in days} == {1}  # midnight of standard time, shown with daylight saving


def test_demands_and_their_times():
    meter = make_meter()
    assert meter.truth("1.0.1.4.0", 8).value == 900
    assert plain(meter.truth("1.0.1.4.0", 7)) == plain(meter.truth("1.0.99.1.0"))[-1][0]
    peak = meter.truth("1.0.1.6.0").value
    assert peak >= max(meter.truth("1.0.1.4.0", 3, NOW - timedelta(hours=hours)).value for hours in range(48))
    assert meter.devices[1].time.instant(plain(meter.truth("1.0.1.6.0", 5))) <= NOW
    assert plain(meter.truth("1.0.1.8.0.101", 5)) == bytes.fromhex("07EA07010300000000FF8880")


def test_truth_wants_one_object():
    meter = make_meter()
    with pytest.raises(KeyError, match="0 objects"):
        meter.truth("1.0.99.8.0")
    with pytest.raises(KeyError, match="read-write-denied"):
        meter.truth("0.0.40.0.0", 7)
