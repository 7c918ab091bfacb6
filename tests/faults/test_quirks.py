"""Meters that are odd but honest: the client reads them all, and remembers what worked (product notes, section 4)."""

import asyncio
from datetime import timedelta

import pytest

from custom_components.cosem.dlms import (
    AssociationParameters,
    AssociationRejected,
    Data,
    ExceptionReceived,
    Mechanism,
    ResponseTimeout,
    Secret,
    Timing,
    decode_object_list,
    plain,
)
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.interface_classes.profile_generic import decode_rows
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import (
    DEFAULT_PASSWORD,
    ListRefusal,
    MeterProfile,
    Refusal,
    Release,
    load_profile,
)
from tests.still_loop import LoopClock
from tests.timed_client import TimedClient

from .conftest import FAST, MeterClock, Poller, attribute

SHORT = MeterProfile(history_days=2)


def values(reading: dict) -> list[Data]:
    """Return what a poll read, which must be values only."""
    results = list(reading.values())
    assert all(isinstance(result, Data) for result in results)
    return results


@pytest.mark.parametrize("profile", [load_profile(name, {}) for name in ("tiny-pdu", "no-list", "odd", "household")])
async def test_delivered_profiles_are_read(poller: Poller, clock: MeterClock):
    for _ in range(2):
        values(await poller.poll())
        clock.advance(minutes=5)


@pytest.mark.parametrize("refusal", list(ListRefusal))
@pytest.mark.parametrize("limit", [0, 1, 4])
async def test_lists_that_are_claimed_but_not_taken(clock: MeterClock, refusal: ListRefusal, limit: int):
    meter = SimulatedMeter(
        SHORT.with_quirks(
            with_list=bool(limit), with_list_claimed=True, with_list_limit=limit, with_list_refusal=refusal
        ),
        clock,
    )
    poller = Poller(meter, TimedClient("meter", connect=with_wrapper(meter.connect), timing=FAST))
    failures = 0
    while failures < 4:
        try:
            values(await poller.poll())
            break
        except ResponseTimeout:
            failures += 1
    assert failures <= (3 if refusal is ListRefusal.SILENT else 0)
    for _ in range(3):
        requests = meter.requests
        values(await poller.poll())
        assert meter.requests - requests <= 2 + len(poller.polled)
    await poller.client.close()


@pytest.mark.parametrize("release", list(Release))
async def test_every_kind_of_release_ends_the_association(clock: MeterClock, release: Release):
    meter = SimulatedMeter(SHORT.with_quirks(release=release, one_connection=True, one_association=True), clock)
    poller = Poller(meter, TimedClient("meter", connect=with_wrapper(meter.connect), timing=FAST))
    for _ in range(3):
        values(await poller.poll())
        clock.advance(minutes=1)
    assert meter.open_links == 0
    await poller.client.close()


@pytest.mark.parametrize(
    "quirks",
    [
        {"protocol_version_in_aare": True},
        {"mechanism_name_in_aare": False},
        {"short_conformance_tag": True},
        {"quality_of_service_in_aare": True},
        {"last_block_octet": 0xFF},
        {"get_blocks": False},
        {"delay": 0.02, "jitter": 0.02},
    ],
    ids=lambda quirks: next(iter(quirks)),
)
@pytest.mark.parametrize("max_pdu_size", [64, 1024])
async def test_odd_answers_are_understood(clock: MeterClock, quirks: dict, max_pdu_size: int):
    meter = SimulatedMeter(MeterProfile(history_days=2, max_pdu_size=max_pdu_size).with_quirks(**quirks), clock)
    poller = Poller(meter, TimedClient("meter", connect=with_wrapper(meter.connect), timing=FAST))
    values(await poller.poll())
    await poller.client.close()


@pytest.mark.parametrize(
    ("form", "error"),
    [
        (Refusal.EXCEPTION, ExceptionReceived),
        (Refusal.AARE, AssociationRejected),
        (Refusal.SHORT_AARE, AssociationRejected),
    ],
)
async def test_refusals_of_all_forms_are_told_apart(clock: MeterClock, form: Refusal, error: type[Exception]):
    meter = SimulatedMeter(SHORT.with_quirks(refusal=form).with_password("another"), clock)
    poller = Poller(meter, TimedClient("meter", connect=with_wrapper(meter.connect), timing=FAST))
    with pytest.raises(error):
        await poller.poll()
    assert meter.open_links == 0


async def test_a_meter_that_needs_a_pause_gets_it(clock: MeterClock):
    profile = SHORT.with_quirks(pause_between_sessions=0.9, one_connection=True)
    meter = SimulatedMeter(profile, clock, monotonic=asyncio.get_running_loop().time)
    connect = with_wrapper(meter.connect)
    poller = Poller(meter, TimedClient("meter", connect=connect, timing=Timing(reconnect_gap=1), clock=LoopClock()))
    for _ in range(3):
        values(await poller.poll())
    poller.client = TimedClient("meter", connect=connect, timing=Timing(reconnect_gap=0))
    with pytest.raises(AssociationRejected):
        await poller.poll()
    await poller.client.close()


@pytest.mark.parametrize("version", [0, 1, 2, 3])
@pytest.mark.parametrize("pdu_size", [64, 65_535])
async def test_object_lists_of_every_version_and_size(clock: MeterClock, version: int, pdu_size: int):
    profile = MeterProfile(history_days=2, max_pdu_size=pdu_size).with_quirks(association_version=version)
    meter = SimulatedMeter(profile, clock)
    client = TimedClient("meter", connect=with_wrapper(meter.connect), timing=FAST)
    async with client.associate(Poller(meter, client).parameters) as association:
        data = await association.get(attribute(15, "0.0.40.0.0.255"))
    assert data == meter.truth("0.0.40.0.0", client_wport=2)
    elements = decode_object_list(data, version)
    assert [(item.class_id, item.logical_name.octets) for item in elements] == [
        (class_id, name) for class_id, _, name, _ in plain(data)
    ]


@pytest.mark.parametrize("pdu_size", [64, 256, 65_535])
async def test_a_long_profile_at_every_size(clock: MeterClock, pdu_size: int):
    meter = SimulatedMeter(MeterProfile(history_days=4, max_pdu_size=pdu_size), clock)
    client = TimedClient("meter", connect=with_wrapper(meter.connect), timing=Timing(reconnect_gap=0))
    buffer = attribute(7, "1.0.99.1.0.255")
    async with client.associate(Poller(meter, client).parameters) as association:
        octets = await association.get_octets(buffer)
        rows = await association.get_rows(buffer)
    assert len(rows) == 4 * 96
    assert rows == decode_rows(octets) == list(plain(meter.truth("1.0.99.1.0")))
    assert rows[-1][2] == meter.truth("1.0.1.8.0", at=clock() - timedelta(minutes=7, seconds=23)).value


async def test_a_laboratory_meter_without_authentication(clock: MeterClock):
    meter = SimulatedMeter(load_profile("open", {}), clock)
    client = TimedClient("meter", connect=with_wrapper(meter.connect), timing=FAST)
    async with client.associate(AssociationParameters(client_wport=16)) as association:
        assert await association.get(attribute(3, "1.0.1.8.0.255")) == meter.truth("1.0.1.8.0")
    await client.close()


async def test_the_public_only_meter_refuses_everybody_else(clock: MeterClock):
    meter = SimulatedMeter(load_profile("public-only", {}), clock)
    client = TimedClient("meter", connect=with_wrapper(meter.connect), timing=FAST)
    reader = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret(DEFAULT_PASSWORD.encode()))
    with pytest.raises(AssociationRejected):
        async with client.associate(reader):
            pass
    async with client.associate(AssociationParameters(client_wport=16)) as association:
        assert (await association.get(attribute(1, "0.0.42.0.0.255"))).value == meter.devices[1].name
    await client.close()
