"""Several meters that call from one address are told apart."""

import asyncio
from dataclasses import replace
from random import Random

import pytest
import pytest_socket

from custom_components.cosem.dlms.client import call_desk
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.errors import CallerNotExpected, ConnectTimeout
from custom_components.cosem.dlms.interface_classes.logical_device_name import LogicalDeviceName
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from tests.dlms.client.callers import LOOPBACK, PUBLIC, calling_meter, desk, name_of, name_read, serving
from tests.dlms.client.test_listener import wpdu
from tests.dlms.protocol.test_notification_senders import keys
from tests.dlms.security.test_notification_keys import EVENT, general_glo
from tests.still_loop import until

NO_CALL = Timing(connect=0.2)


@pytest.fixture(autouse=True)
def _sockets(socket_enabled):
    """These tests are about sockets."""
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


def text(meter):
    return LogicalDeviceName(name_of(meter)).text


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_two_meters_behind_one_address_are_told_apart_by_their_names(order):
    meters = calling_meter(1), calling_meter(2)
    async with desk() as house, serving(*meters) as servers:
        clients = [house.expect(name=text(meter))[0] for meter in meters]
        for number in order:
            house.call(servers[number])
        for client, meter in zip(clients, meters, strict=True):
            assert await name_read(client) == name_of(meter)


async def test_a_new_meter_is_the_one_that_has_no_name_yet_and_a_strange_one_nobodys():
    meters = known, new, third = calling_meter(1), calling_meter(2), calling_meter(3)
    async with desk() as house, serving(*meters) as servers:
        first, _ = house.expect(name=text(known))
        second, expected = house.expect()
        house.call(servers[1])
        assert await name_read(second) == name_of(new)
        house.call(servers[0])
        assert await name_read(first) == name_of(known)
        await second.close()
        await house.desk.remove(expected)
        other, _ = house.expect(name=text(new))
        assert await name_read(other) == name_of(new)
        third_call = len(house.listener.calls)
        await first.close()
        await other.close()
        assert third_call == 2
        assert not third.log


async def test_a_meter_whose_name_nobody_expects_gets_no_credentials():
    meters = calling_meter(1), calling_meter(2), calling_meter(3)
    limits = replace(DEFAULT_LIMITS, listener_first_apdu=30, listener_idle=30)
    async with desk(limits) as house, serving(*meters) as servers:
        clients = [house.expect(name=text(meter))[0] for meter in meters[:2]]
        house.call(servers[2])
        await until(lambda: any(request.kind == "get" for request in meters[2].log))
        for client in clients:
            with pytest.raises(ConnectTimeout):
                await name_read(client, timing=NO_CALL)
        assert {request.client_wport for request in meters[2].log} == {16}


async def test_a_meter_that_answers_no_public_client_has_its_turn_when_it_calls_again(monkeypatch):
    monkeypatch.setattr(call_desk, "_SHORT", Timing(response=0.2, release=0.1, reconnect_gap=0))
    meter = calling_meter()
    async with desk() as house, serving(meter) as server:
        (_, one), (_, two) = house.expect(name="one"), house.expect(name="two")
        meter.faults.add("silent", times=1)
        house.call(server)
        await until(lambda: meter.log)
        await until(lambda: not house.desk._asking)
        assert one.calls.present is two.calls.present is None
        house.call(server)
        await until(lambda: one.calls.present)
        assert len(meter.log) == 1
        house.call(server)  # this one is asked again
        await until(lambda: len(meter.log) > 1)
        with pytest.raises(CallerNotExpected):
            await name_read(house.clients[0])


async def test_a_verified_title_tells_whose_a_call_is_where_a_name_is_not_told():
    meter = calling_meter()
    meter.faults.add("aare-short", times=1)
    async with desk() as house, serving(meter) as server:
        title = keys().system_title
        house.expect(name="another", system_title=lambda: b"OTHER\0\0\1")
        client, _ = house.expect(name="also another", system_title=lambda: title, server_wport=16)
        house.call(server, [wpdu(general_glo(5))])
        assert await name_read(client) == name_of(meter)


@pytest.mark.parametrize("how", ["denied", "empty"])
async def test_a_meter_without_a_sensible_name_cannot_be_told_from_others(how, monkeypatch):
    meter = calling_meter()
    async with desk() as house, serving(meter) as server:
        (client, one), _ = house.expect(name="one", server_wport=1), house.expect(name="two", server_wport=1)
        if how == "denied":
            meter.faults.add("denied", object="0.0.42.0.0.255", times=1)
        else:
            monkeypatch.setattr(call_desk, "logical_device_name_of", lambda _: None)
        house.call(server)
        await until(lambda: one.calls.present)
        with pytest.raises(CallerNotExpected):
            await name_read(client)


async def test_a_caller_is_nobodys_once_nobody_expects_it():
    meter = calling_meter()
    async with desk() as house, serving(meter) as server:
        (_, one), (_, two) = house.expect(name="one"), house.expect(name="two")
        meter.faults.add("late", on="aarq", seconds=0.2)
        house.call(server)
        await until(lambda: meter.log)
        await house.desk.remove(one)
        await house.desk.remove(two)
        await until(lambda: not house.desk._asking)
        assert one.calls.present is two.calls.present is None


async def test_where_nobody_says_a_name_each_has_its_turn_and_no_password_is_sent():
    meters = [calling_meter(number) for number in (1, 2)]
    for meter in meters:
        meter.faults.add("aare-short")
    async with desk() as house, serving(*meters) as servers:
        first, one = house.expect(name=text(meters[0]))
        second, two = house.expect(name=text(meters[1]))
        house.call(servers[0])
        await until(lambda: one.calls.present or two.calls.present)
        assert one.calls.present
        house.call(servers[0], [wpdu(EVENT)])
        await until(lambda: two.calls.present)
        with pytest.raises(CallerNotExpected):
            await name_read(first)
        with pytest.raises(CallerNotExpected):
            await name_read(second)
        meters[0].faults.clear()
        assert await name_read(first, PUBLIC) == name_of(meters[0])


async def test_who_hangs_up_while_it_is_asked_is_nobodys():
    meters = [calling_meter(number) for number in (1, 2)]
    async with desk() as house, serving(*meters) as servers:
        (_, one), (_, two) = house.expect(name=text(meters[0])), house.expect(name=text(meters[1]))
        meters[0].faults.add("silent")
        call = house.call(servers[0])
        await until(lambda: house.listener.calls)
        call.cancel()
        await until(lambda: not house.listener.calls)
        assert one.calls.present is two.calls.present is None


async def test_a_desk_that_is_closed_asks_nobody():
    meters = [calling_meter(number) for number in (1, 2)]
    async with desk() as house, serving(*meters) as servers:
        house.expect(name=text(meters[0]))
        assert house.desk.is_wanted
        house.expect(name=text(meters[1]))
        meters[0].faults.add("silent")
        house.call(servers[0])
        await until(lambda: house.listener.calls)
        await house.desk.close()
        await house.desk.close()


@pytest.mark.parametrize("seed", range(5))
async def test_strangers_who_talk_nonsense_keep_no_meter_from_being_read(seed):
    random = Random(seed)
    meters = [calling_meter(number) for number in (1, 2)]
    beginnings = [b"", b"\0\1\0\1\0\x10\0\x0b\x61", b"\0\1\0\1\0\1\xff\xff\xdb", wpdu(EVENT)]
    async with desk() as house, serving(*meters) as servers:
        clients = [house.expect(name=text(meter))[0] for meter in meters]
        for number in range(60):
            _, writer = await asyncio.open_connection(LOOPBACK, house.listener.port)
            writer.write(beginnings[number % len(beginnings)] + random.randbytes(random.randrange(200)))
            await asyncio.sleep(0)
            writer.close()
        await until(lambda: not house.listener.calls and not house.desk._asking)
        for server in servers:
            house.call(server)
        for client, meter in zip(clients, meters, strict=True):
            assert await name_read(client) == name_of(meter)
