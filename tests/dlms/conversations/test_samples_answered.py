"""The simulated meter asked with the octets of the samples: what it answers, worked out here without its selections."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from custom_components.cosem.dlms.encoding.data import Data, decode_data_octets, encode_data_octets
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from tests.simulated_meter.buffers import Column, Profile, profile_object
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.objects import LogicalDevice
from tests.simulated_meter.profile import Level, MeterProfile, Quirks, Referencing, Refusal
from tests.simulated_meter.steps import Send
from tests.simulated_meter_tests.tools import BareClient, make_aarq, make_meter
from tests.vector_tools import Vector, by_name, vectors

LOAD_PROFILE = "1.0.99.1.0.255"
MANAGEMENT = 1
SHORT_NAMES = {"context": 2, "conformance": 0x1C1B20}


def meter_of(day: str, **quirks: object) -> SimulatedMeter:
    """A meter of Central Europe at noon of a day, whose answers are never cut."""
    noon = datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC)
    profile = replace(MeterProfile(), max_pdu_size=65_535, history_days=12)
    return SimulatedMeter(profile.with_quirks(**quirks), lambda: noon)


def client_of(meter: SimulatedMeter, **aarq: int) -> BareClient:
    client = BareClient(meter, MANAGEMENT)
    client.associate(**aarq)
    return client


def rows_of(meter: SimulatedMeter, logical_name: str = LOAD_PROFILE) -> list[list[Data]]:
    rows = meter.truth(logical_name).value
    return [list(row.value) for row in rows]


def local(octets: bytes) -> bytes:
    """Year, month, day, hour, minute, second: in the order of time, where the deviation does not change."""
    return octets[:4] + octets[5:8]


def between(rows: list[list[Data]], first: str, last: str) -> list[list[Data]]:
    return [row for row in rows if local(bytes.fromhex(first)) <= local(row[0].value) <= local(bytes.fromhex(last))]


def encoded(rows: list[list[Data]]) -> bytes:
    """The rows as an array of structures, by hand."""
    count = bytes([len(rows)]) if len(rows) < 0x80 else b"\x82" + len(rows).to_bytes(2)
    structures = (bytes([2, len(row)]) + b"".join(map(encode_data_octets, row)) for row in rows)
    return b"\x01" + count + b"".join(structures)


def sample(name: str) -> bytes:
    return by_name("selective-access", name).octets


def value_of(answer: bytes) -> bytes:
    assert answer[:4] == bytes.fromhex("C401C100")
    return answer[4:]


NEW_YEAR = "07e901010300000000ffc400", "07e901020400000000ffc400"


def test_a_range_holds_both_its_ends():
    meter = meter_of("2025-01-10")
    wanted = between(rows_of(meter), *NEW_YEAR)
    assert len(wanted) == 97
    answer = client_of(meter).ask(sample("range by clock 2025-01-01..02 CET"))
    assert decode_data_octets(value_of(answer)) == decode_data_octets(encoded(wanted))


def test_a_range_holds_the_selected_columns_only():
    meter = meter_of("2025-01-10")
    wanted = [[row[0], row[2], row[3]] for row in between(rows_of(meter), *NEW_YEAR)]
    answer = client_of(meter).ask(sample("range by clock, three selected columns"))
    assert decode_data_octets(value_of(answer)) == decode_data_octets(encoded(wanted))


def test_entries_hold_the_selected_columns_only():
    meter = meter_of("2025-01-10")
    wanted = [row[1:3] for row in rows_of(meter)]
    answer = client_of(meter).ask(sample("entries 1..0 (to last), columns 2..3"))
    assert decode_data_octets(value_of(answer)) == decode_data_octets(encoded(wanted))


def test_a_range_without_deviation_is_the_meters_local_time():
    meter = meter_of("2025-04-20")
    rows = rows_of(meter, "0.0.99.98.0.255")
    wanted = between(rows, "07e90301ff000000008000ff", "07e90401ff000000008000ff")
    assert 0 < len(wanted) < len(rows)
    answer = client_of(meter).ask(sample("event log by range"))
    assert decode_data_octets(value_of(answer)) == decode_data_octets(encoded(wanted))


def test_a_range_by_seconds_is_for_a_buffer_whose_time_is_seconds():
    request = sample("range by unix time object 0.0.1.1.0.255 double-long-unsigned")
    meter = meter_of("2025-01-10")
    assert client_of(meter).ask(request) == bytes.fromhex("C401C1010C")  # this one has no such column
    seconds = Column(1, LogicalName.parse("0.0.1.1.0.255"), 2, lambda time: b"\x06" + time.to_bytes(4))
    times = range(1_735_689_600 - 7200, 1_735_776_000 + 7200, 3600)
    buffer = Profile((seconds,), lambda _: times, Quirks())
    meter.devices[1].add(profile_object(LOAD_PROFILE, buffer, period=3600, capacity=100))
    wanted = b"".join(b"\x02\x01\x06" + time.to_bytes(4) for time in range(1_735_689_600, 1_735_776_001, 3600))
    assert value_of(client_of(meter).ask(request)) == b"\x01\x19" + wanted


def test_an_object_list_holds_the_named_objects_only():
    meter = meter_of("2025-01-10")
    answer = client_of(meter).ask(sample("association object_list access by object list (selector 3)"))
    (clock,) = decode_data_octets(value_of(answer)).value
    everything = meter.truth("0.0.40.0.0.255", client_wport=MANAGEMENT).value
    (wanted,) = [each for each in everything if each.value[2].value == bytes.fromhex("0000010000FF")]
    assert clock == wanted


def test_every_selection_of_the_samples_is_answered_here():
    assert len(vectors("selective-access")) == 6


# -- short names


def only_the_load_profile(meter: SimulatedMeter) -> LogicalDevice:
    """The first short name, 0100, is then the load profile's."""
    device = meter.devices[1]
    for each in list(device.visible(Level.MANAGE)):
        if str(each.logical_name) != LOAD_PROFILE and each.class_id not in {15, 17}:
            device.remove(str(each.logical_name))
    return device


def test_requests_by_short_names_are_answered():
    meter = meter_of("2025-01-10", referencing=Referencing.SHORT)
    only_the_load_profile(meter)
    rows = rows_of(meter)
    client = client_of(meter, **SHORT_NAMES)
    both = client.ask(by_name("short-name", "read-request two variables").octets)
    assert both == bytes.fromhex("0C020009060100630100FF00") + encode_data_octets(meter.truth(LOAD_PROFILE))
    ranged = client.ask(by_name("short-name", "read-request parameterized access range").octets)
    assert ranged[:3] == bytes.fromhex("0C0100")
    assert decode_data_octets(ranged[3:]) == decode_data_octets(encoded(between(rows, *NEW_YEAR)))
    written = client.ask(by_name("short-name", "write-request two variables").octets)
    assert written == bytes.fromhex("0D0201030103")  # capture_objects and capture_period cannot be written here
    assert client.ask(by_name("short-name", "write-request one variable").octets) == bytes.fromhex("0D010103")
    assert client.steps(by_name("short-name", "unconfirmed-write-request").octets) == []


# -- sequences


def steps_of(name: str) -> tuple[list[bytes], list[bytes]]:
    """What the client sent, and what the server said."""
    steps = by_name("sequences", name).fields["steps"]
    return tuple(
        [bytes.fromhex(step["hex"]) for step in steps if step["from"] == sender] for sender in ("client", "server")
    )


def test_an_image_block_in_blocks_is_taken_as_in_the_sequence():
    meter = make_meter()
    client = client_of(meter)
    initiate = bytes.fromhex("C301C1" + "0012" + "00002C0000FF" + "01" + "01" + "0202" + "0901AA" + "0600000028")
    assert client.ask(initiate) == bytes.fromhex("C701C10000")
    requests, answers = steps_of("ACTION with parameter blocks (image_block_transfer)")
    assert [client.ask(request) for request in requests] == answers
    taken = by_name("sequences", "ACTION with parameter blocks (image_block_transfer)").expect["reassembled"]
    assert encode_data_octets(meter.devices[1].done[-1].value).hex() == taken


def test_a_get_without_an_association_is_answered_as_in_the_sequence():
    (request,), answers = steps_of("GET answered by exception-response service-not-allowed (no association)")
    assert [BareClient(make_meter()).ask(request)] == answers


@pytest.mark.parametrize("vector", vectors("wpdu-stream")[:5], ids=lambda vector: vector.name)
def test_requests_in_segments_are_the_same_requests(vector: Vector):
    meter = make_meter()
    session = meter.open_session()
    steps = [step for segment in vector.fields["segments"] for step in session.receive(bytes.fromhex(segment))]
    sent = [(1, each.client_wport, each.server_wport, len(each.apdu), each.apdu.hex()) for each in meter.log]
    assert sent == [tuple(wpdu.values()) for wpdu in vector.expect["wpdus"]]
    assert [step.octets[8] for step in steps if isinstance(step, Send)] == [0x61, 0xC4]


# -- exceptions

EXCEPTIONS = {
    "exception service-not-allowed other-reason": lambda: client_of(make_meter()).ask(bytes.fromhex("C001C1")),
    "exception service-unknown service-not-supported": lambda: client_of(make_meter()).ask(bytes.fromhex("05010200A0")),
    "confirmed-service-error initiate dlms-version-too-low": lambda: refused(make_aarq(version=5)),
    "confirmed-service-error initiate other": lambda: refused(
        make_aarq().replace(bytes.fromhex("01000000065F"), bytes.fromhex("010000FF065F"))
    ),
}
"""Those of a ciphered association: tests/simulated_meter_tests/test_security_association.py."""


def refused(aarq: bytes) -> bytes:
    return BareClient(make_meter(refusal=Refusal.SERVICE_ERROR), 16).ask(aarq)


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_the_meter_says_the_exceptions_of_the_samples_where_they_belong(name: str):
    assert EXCEPTIONS[name]() == by_name("exception", name).octets
