"""Associations over connections that meters open (IEC 62056-9-7:2013, 9.7), on sockets of this computer."""

import asyncio
from dataclasses import replace

import pytest
import pytest_socket

from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.client.calls import AwaitedCalls
from custom_components.cosem.dlms.client.hearing import Source
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.errors import CallerNotExpected, ConnectTimeout
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from tests.dlms.client.callers import (
    LOOPBACK,
    MANAGEMENT,
    NAME,
    PUBLIC,
    TIMING,
    calling_meter,
    desk,
    name_of,
    name_read,
    serving,
)
from tests.dlms.client.test_listener import another, wpdu
from tests.dlms.security.test_notification_keys import EVENT, general_glo
from tests.still_loop import until


@pytest.fixture(autouse=True)
def _sockets(socket_enabled):
    """These tests are about sockets."""
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


@pytest.mark.parametrize("greeting", [b"", b"SN 12345\r\n"])
async def test_a_meter_that_calls_is_read_over_its_connection_as_often_as_we_like(greeting):
    meter = calling_meter()
    async with desk() as house, serving(meter) as server:
        client, _ = house.expect()
        house.call(server, [wpdu(EVENT)], greeting)
        for _ in range(3):
            assert await name_read(client) == name_of(meter)
        assert len(house.tasks) == 1
        assert [heard.apdu for heard in house.heard] == [EVENT]
        assert len(house.listener.calls) == 1


async def test_what_the_meter_tells_meanwhile_is_heard():
    meter = calling_meter()
    async with desk() as house, serving(meter) as server:
        client, _ = house.expect()
        house.call(server)
        async with client.associate(MANAGEMENT, timing=TIMING) as association:
            meter.speaker.happen(47)
            await until(lambda: house.heard)
            assert (await association.get(NAME)).value == name_of(meter)


async def test_whoever_wants_to_read_waits_for_the_call():
    meter = calling_meter()
    async with desk() as house, serving(meter) as server:
        client, _ = house.expect()
        reading = asyncio.create_task(name_read(client, timing=replace(TIMING, connect=60)))
        await asyncio.sleep(0)
        house.call(server)
        assert await reading == name_of(meter)


async def test_without_a_call_the_deadline_passes():
    async with desk() as house:
        client, expected = house.expect()
        with pytest.raises(ConnectTimeout):
            await name_read(client, timing=Timing(connect=0.1))
        assert expected.calls.present is None


async def test_a_meter_that_hung_up_is_read_again_when_it_calls_again():
    meter = calling_meter()
    async with desk() as house, serving(meter) as server:
        client, expected = house.expect()
        for _ in range(2):
            call = house.call(server)
            assert await name_read(client) == name_of(meter)
            call.cancel()
            await until(lambda: expected.calls.present is None)


async def test_a_later_call_serves_when_the_one_in_use_has_died():
    meter = calling_meter()
    async with desk() as house, serving(meter) as server:
        client, expected = house.expect()
        first = house.call(server)
        assert await name_read(client) == name_of(meter)
        used = expected.calls.present
        house.call(server)
        await until(lambda: len(house.listener.calls) == 2)
        assert expected.calls.present is used
        first.cancel()
        await until(lambda: not used.is_alive)
        assert await name_read(client) == name_of(meter)


async def test_s20_a_password_is_sent_only_to_an_expected_source_and_the_rest_to_anybody():
    meter = calling_meter()
    async with desk() as house, serving(meter) as server:
        client, _ = house.expect(names_sources=False)
        house.call(server)
        with pytest.raises(CallerNotExpected, match="no password"):
            await name_read(client)
        assert not [request for request in meter.log if request.kind == "aarq"]
        assert await name_read(client, PUBLIC) == name_of(meter)


async def test_who_calls_from_elsewhere_is_not_asked_anything():
    meter = calling_meter()
    async with desk() as house, serving(meter) as server:
        client, expected = house.expect(may_call_from=lambda host: host == "192.0.2.1")
        house.call(server, [wpdu(EVENT)])
        await until(lambda: house.heard)
        assert expected.calls.present is None
        with pytest.raises(ConnectTimeout):
            await name_read(client, timing=Timing(connect=0.1))
        assert not meter.log


async def test_a_call_that_is_used_may_be_silent_and_one_that_is_given_back_may_not():
    limits = replace(DEFAULT_LIMITS, listener_first_apdu=30, listener_idle=0.2)
    meter = calling_meter()
    async with desk(limits) as house, serving(meter) as server:
        client, _ = house.expect()
        house.call(server, [wpdu(EVENT)])
        assert await name_read(client) == name_of(meter)
        await asyncio.sleep(0.5)
        assert await name_read(client) == name_of(meter)
        await client.close()
        await until(lambda: not house.listener.calls)


async def test_another_client_goes_on_with_a_call_that_was_given_back():
    meter = calling_meter()
    async with desk() as house, serving(meter) as server:
        first, expected = house.expect()
        house.call(server)
        assert await name_read(first) == name_of(meter)
        await first.close()
        await house.desk.remove(expected)
        second, _ = house.expect()
        assert await name_read(second) == name_of(meter)
        assert len(house.tasks) == 1


async def test_answers_are_not_counted_as_what_strangers_send_and_notifications_are():
    meter = calling_meter()
    limits = replace(DEFAULT_LIMITS, listener_burst=3, listener_per_second=0.001)
    async with desk(limits) as house, serving(meter) as server:
        client, _ = house.expect()
        house.call(server)
        async with client.associate(MANAGEMENT, timing=TIMING) as association:
            for _ in range(10):
                assert (await association.get(NAME)).value == name_of(meter)
            for code in (47, 48, 49, 50, 51):
                meter.speaker.happen(code)
            assert (await association.get(NAME)).value == name_of(meter)
        assert house.listener.sources.dropped == 2


async def test_who_is_hung_up_on_may_call_again():
    meter = calling_meter()
    async with desk() as house, serving(meter) as server:
        client, expected = house.expect()
        await expected.calls.hang_up()  # nobody there
        house.call(server)
        assert await name_read(client) == name_of(meter)
        await expected.calls.hang_up()
        assert expected.calls.present is None
        house.call(server)
        assert await name_read(client) == name_of(meter)


async def test_verified_titles_are_known_of_a_call():
    async with desk() as house, serving(calling_meter()) as server:
        house.call(server, [another(1), wpdu(general_glo(5))])
        await until(lambda: len(house.heard) == 2)
        (call,) = house.listener.calls
        assert call.system_titles == {house.heard[1].system_title}


async def test_meters_behind_a_trusted_address_may_have_more_connections():
    async with desk(replace(DEFAULT_LIMITS, listener_connections_per_source=1)) as house:
        house.listener.sources.trust([LOOPBACK])
        writers = [(await asyncio.open_connection(LOOPBACK, house.listener.port))[1] for _ in range(5)]
        await until(lambda: house.listener.refused_connections)
        assert len(house.listener.calls) == 4
        for writer in writers:
            writer.close()


async def test_several_may_wait_for_one_call_and_one_may_give_up():
    calls = AwaitedCalls()
    waiting = [asyncio.create_task(calls.wait()) for _ in range(2)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    async with desk() as house, serving(calling_meter()) as server:
        house.call(server, [wpdu(EVENT)])
        await until(lambda: house.listener.calls)
        calls.offer(house.listener.calls[0], is_expected=False)
        await waiting[1]
        assert waiting[0].cancelled()


async def test_who_follows_is_told_of_each_call_that_can_be_used_until_it_does_not_want_to_know():
    told = []
    async with desk() as house, serving(calling_meter()) as server:
        client, expected = house.expect()
        stop = expected.calls.follow(lambda: told.append(expected.calls.present))
        house.call(server)
        await until(lambda: told)
        await name_read(client)
        house.call(server)
        await until(lambda: len(house.listener.calls) == 2)
        assert told == [expected.calls.present]  # the first is in use
        await expected.calls.hang_up()
        stop()
        house.call(server)
        await until(lambda: len(house.listener.calls) == 2)
        assert len(told) == 1


async def test_a_call_that_waits_for_its_turn_may_be_silent_and_tell_something():
    meter = calling_meter()
    limits = replace(DEFAULT_LIMITS, listener_first_apdu=0.01, listener_idle=0.01)
    async with desk(limits) as house, serving(meter) as server:
        client, expected = house.expect()
        house.call(server, [wpdu(EVENT)])
        await until(lambda: house.heard)
        await asyncio.sleep(0.5)  # longer than the limits, which must not count
        assert expected.calls.present is not None
        assert await name_read(client) == name_of(meter)
        assert not expected.calls.others_wait


class _Waiting:
    """A call as the desk offers it."""

    def __init__(self, host):
        self.source = Source(TransportProtocol.TCP, host, 1)
        self.system_titles = set()
        self.is_alive, self.is_used, self.is_waiting, self.holder = True, False, False, None

    def on_use(self):
        assert self.is_waiting

    def use(self, _observer):
        self.is_used = True

    async def fail(self, _error):
        self.is_alive = False


async def test_who_was_verified_before_comes_first_then_the_latest():
    calls, own, strange, titled = AwaitedCalls(), _Waiting("10.0.0.1"), _Waiting("10.0.0.2"), _Waiting("10.0.0.3")
    calls.note_verified()  # nobody there
    calls.offer(own, is_expected=True)
    assert await calls.connect() is own
    calls.note_verified()
    assert await calls.hang_up()
    assert not await calls.hang_up()
    again = _Waiting("10.0.0.1")
    calls.offer(again, is_expected=True)
    calls.offer(strange, is_expected=True)
    assert calls.present is again
    titled.system_titles.add(b"verified")
    calls.offer(titled, is_expected=True)
    assert calls.present is titled
    titled.is_alive = again.is_alive = False
    assert calls.present is strange


async def test_only_so_many_calls_may_wait_without_a_word():
    calls, waiting = AwaitedCalls(), [_Waiting("10.0.0.1") for _ in range(10)]
    for call in waiting:
        calls.offer(call, is_expected=True)
    assert [call.is_waiting for call in waiting] == [True] * 8 + [False] * 2
