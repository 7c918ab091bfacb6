"""The meter speaks on connections, between requests and answers, and to other addresses; the client hears it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, MethodDescriptor
from custom_components.cosem.dlms.apdu.notification import DataNotification, EventNotificationRequest
from custom_components.cosem.dlms.apdu.short_name import InformationReportRequest, VariableName
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.link import NotificationConsumer
from custom_components.cosem.dlms.client.security_state import SecurityState
from custom_components.cosem.dlms.client.transport import TcpTransport, Transport, open_tcp
from custom_components.cosem.dlms.encoding.data import (
    array,
    encode_data_octets,
    enum,
    integer,
    octet_string,
    structure,
    unsigned,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.interface_classes.push_setup import PushObject
from custom_components.cosem.dlms.interface_classes.pushed_values import PushForm, read_pushed_values
from custom_components.cosem.dlms.protocol.events import NotificationReceived, NotificationRefused
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.security.notification_keys import NotificationKeys
from custom_components.cosem.dlms.security.settings import Envelope
from tests.faults.secured import Store, parameters_for, settings_for
from tests.simulated_meter.devices import serial_number
from tests.simulated_meter.envelopes import KeyScheme, Kind
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.notification_profile import Carrier, Cut, Destination, NotificationProfile, Way
from tests.simulated_meter.notifications import BodyForm, NotificationForm, TimeForm
from tests.simulated_meter.profile import MeterProfile, default_clients, load_profile
from tests.simulated_meter.push_setup import push_object
from tests.simulated_meter.server import MeterServer
from tests.simulated_meter.steps import Send, wpdu
from tests.still_loop import until

from .tools import NOW, BareClient, get_request, make_aarq, reference

PUBLIC = AssociationParameters(client_wport=1)
NAME = AttributeDescriptor(1, LogicalName.parse("0.0.42.0.0"), 2)
EVENT_CODE = LogicalName.parse("0.0.96.11.0")
PUSH = MethodDescriptor(40, LogicalName.parse("0.0.25.9.0"), 1)
NUMBER = b"\x01\x0f\x00"
TIME = "07EA070F030D071700FF8880"
UDP = Destination(Carrier.UDP, "192.0.2.1", 4059)
TCP = Destination(Carrier.TCP, "192.0.2.2", 4059)


def speaking(**notifications: Any) -> SimulatedMeter:
    """A meter whose management client needs no password."""
    clients = tuple(replace(client, password=None) for client in default_clients(""))
    profile = replace(
        MeterProfile(), history_days=2, clients=clients, notifications=NotificationProfile(**notifications)
    )
    return SimulatedMeter(profile, lambda: NOW)


class Listener:
    """A client of the meter that keeps what it hears."""

    def __init__(self, connect: Callable[[], Any], *known: NotificationKeys) -> None:
        self.client = DlmsClient("meter", connect=with_wrapper(connect))
        self.heard: list[NotificationReceived | NotificationRefused] = []
        self.client.consume_notifications(NotificationConsumer(self.heard.append, NotificationSenders(known)))

    def only(self) -> NotificationReceived:
        (event,) = self.heard
        assert isinstance(event, NotificationReceived)
        return event


def new_state() -> SecurityState:
    """The counters of an entry that was just made."""
    return SecurityState(1, Store())


class Post:
    """Takes what goes to other addresses."""

    def __init__(self, meter: SimulatedMeter) -> None:
        self.sent: list[tuple[Destination, list[bytes]]] = []
        meter.speaker.carry = self._carry

    def _carry(self, destination: Destination, wpdus: Sequence[bytes]) -> None:
        self.sent.append((destination, list(wpdus)))


def told(meter: SimulatedMeter, code: int) -> bytes:
    """The only APDU that goes out for an event."""
    post = Post(meter)
    meter.speaker.happen(code)
    ((_, (wpdu,)),) = post.sent
    return wpdu[8:]


async def test_an_event_is_heard_on_an_open_connection() -> None:
    meter = speaking()
    listener = Listener(meter.connect)
    async with listener.client.associate(PUBLIC) as association:
        meter.speaker.happen(47)
        await until(lambda: listener.heard)
        assert (await association.get(NAME)).value == meter.devices[1].name
    event = listener.only()
    apdu = decode_apdu(event.plain_apdu)
    assert isinstance(apdu, EventNotificationRequest)
    assert (apdu.attribute, apdu.value) == (AttributeDescriptor(1, EVENT_CODE, 2), unsigned(47))
    assert (event.pair, event.authenticated) == ((1, 1), False)


async def test_an_event_comes_between_a_request_and_its_answer() -> None:
    meter = speaking()
    listener = Listener(meter.connect)
    async with listener.client.associate(PUBLIC) as association:
        meter.speaker.say_before_answer(bytes.fromhex("C20000010000600B00FF021101"))
        assert (await association.get(NAME)).value == meter.devices[1].name
        assert listener.only().plain_apdu.hex().upper() == "C20000010000600B00FF021101"
        assert (await association.get(NAME)).value == meter.devices[1].name
    assert len(listener.heard) == 1


async def test_a_client_without_an_association_is_told_nothing_on_its_connection() -> None:
    meter = speaking()
    client = BareClient(meter, client=1)
    said: list[object] = []
    client.session.speak = said.append
    meter.speaker.happen(47)
    assert said == []
    client.ask(make_aarq())
    meter.speaker.happen(47)
    assert len(said) == 1
    client.session.lost()
    meter.speaker.happen(47)
    assert len(said) == 1


@pytest.mark.parametrize(
    "kind", [Kind.GLOBAL, Kind.DEDICATED, Kind.GENERAL_GLOBAL, Kind.GENERAL_DEDICATED, Kind.GENERAL]
)
@pytest.mark.parametrize("cut", list(Cut))
async def test_in_an_association_every_key_is_heard_and_verified(kind: Kind, cut: Cut) -> None:
    profile = replace(load_profile("secured", {}), history_days=2)
    way = Way(kind=kind, cut=cut, block_size=20)
    meter = SimulatedMeter(replace(profile, notifications=NotificationProfile(way=way)), lambda: NOW)
    listener = Listener(meter.connect)
    parameters = parameters_for(
        meter,
        1,
        use_dedicated_key=kind in {Kind.DEDICATED, Kind.GENERAL_DEDICATED},
        envelope=Envelope.GENERAL_CIPHERING if kind is Kind.GENERAL else Envelope.SERVICE_SPECIFIC,
    )
    async with listener.client.associate(parameters, security_state=new_state()) as association:
        meter.speaker.happen(47)
        assert (await association.get(NAME)).value == meter.devices[1].name
    event = listener.only()
    assert (event.authenticated, event.encrypted) == (True, True)
    assert event.system_title == meter.security.identity.title
    assert isinstance(decode_apdu(event.plain_apdu), EventNotificationRequest)


@pytest.mark.parametrize("way", [Way(kind=Kind.GENERAL), Way(kind=Kind.GENERAL, scheme=KeyScheme.WRAPPED)], ids=str)
async def test_a_notification_may_have_another_envelope_than_the_answers(way: Way) -> None:
    profile = replace(load_profile("secured", {}), history_days=2)
    meter = SimulatedMeter(replace(profile, notifications=NotificationProfile(way=way)), lambda: NOW)
    title = meter.security.identity.title
    state = new_state()
    settings = settings_for(meter, 1, server_system_title=title)
    assert settings is not None
    listener = Listener(meter.connect, NotificationKeys(settings, state.receiving))
    async with listener.client.associate(parameters_for(meter, 1), security_state=state) as association:
        meter.speaker.happen(47)
        assert (await association.get(NAME)).value == meter.devices[1].name
    assert (listener.only().authenticated, listener.only().system_title) == (True, title)


async def test_a_push_that_a_client_executes_comes_before_its_answer() -> None:
    meter = speaking()
    listener = Listener(meter.connect)
    async with listener.client.associate(PUBLIC) as association:
        await association.action(PUSH, integer(0))
        push = decode_apdu(listener.only().plain_apdu)
    assert isinstance(push, DataNotification)
    assert push.body == structure(meter.truth("1.0.1.8.0"))
    values = read_pushed_values(push, push_object_list=[PushObject(3, LogicalName.parse("1.0.1.8.0"), 2)])
    assert values.form is PushForm.PUSH_SETUP


async def test_a_client_with_keys_gets_its_push_under_them() -> None:
    meter = SimulatedMeter(replace(load_profile("secured", {}), history_days=2), lambda: NOW)
    listener = Listener(meter.connect)
    parameters = parameters_for(meter, 1)
    async with listener.client.associate(parameters, security_state=new_state()) as association:
        await association.action(PUSH, integer(0))
    assert listener.only().authenticated


def alarm_push(meter: SimulatedMeter, service: int, where: bytes) -> BareClient:
    """Execute the push on alarm to a destination; return the client that did."""
    client = BareClient(meter, client=1)
    client.ask(make_aarq())
    place = encode_data_octets(structure(enum(service), octet_string(where), enum(0)))
    request = b"\xc1\x01\xc1" + reference(40, "0.1.25.9.0.255", 3) + b"\x00" + place
    assert client.ask(request) == bytes.fromhex("C501C100")
    return client


EXECUTE = b"\xc3\x01\xc1" + reference(40, "0.1.25.9.0.255", 1) + NUMBER


@pytest.mark.parametrize(
    ("service", "where", "destination"), [(1, b"192.0.2.1:4059", UDP), (0, b"192.0.2.2:4059", TCP)]
)
def test_a_push_goes_where_its_setup_says_and_explains_itself(
    service: int, where: bytes, destination: Destination
) -> None:
    meter = speaking(logs=True)
    post = Post(meter)
    client = alarm_push(meter, service, where)
    assert client.ask(EXECUTE) == bytes.fromhex("C701C10000")
    ((sent_to, (wpdu,)),) = post.sent
    assert sent_to == destination
    push = decode_apdu(wpdu[8:])
    assert isinstance(push, DataNotification)
    found = read_pushed_values(push)
    assert found.form is PushForm.PUSH_OBJECT_LIST
    names = [value.logical_name for value in found.values]
    assert names[1:] == [LogicalName.parse(f"0.0.97.98.{register}") for register in (0, 1, 2)]


@pytest.mark.parametrize(("service", "where"), [(4, b"+49123"), (1, b"nowhere"), (1, b"\xff:1")])
def test_a_push_to_what_the_meter_cannot_reach_is_refused(service: int, where: bytes) -> None:
    meter = speaking(logs=True)
    client = alarm_push(meter, service, where)
    assert client.ask(EXECUTE)[3] == 12


def test_what_a_push_lists_and_the_meter_has_not_is_null_data() -> None:
    meter = speaking(logs=True)
    client = BareClient(meter, client=1)
    client.ask(make_aarq())
    missing = push_object(3, "1.0.99.99.99")
    request = b"\xc1\x01\xc1" + reference(40, "0.1.25.9.0.255", 2) + b"\x00" + encode_data_octets(array(missing))
    assert client.ask(request) == bytes.fromhex("C501C100")
    pushed, _ = client.steps(EXECUTE)
    assert isinstance(pushed, Send)
    assert pushed.octets[-3:] == bytes.fromhex("020100")


@pytest.mark.parametrize(
    ("settings", "octets"),
    [
        ({}, f"C2010C{TIME} 0001 0000600B01FF 02 1128"),
        ({"time": TimeForm.ABSENT}, "C200 0001 0000600B01FF 02 1128"),
        ({"alarms_only": True, "time": TimeForm.FIXED}, f"C201{TIME} 0001 0000616200FF 02 0600002000"),
        (
            {"form": NotificationForm.DATA, "body": BodyForm.DEVICE},
            f"0F00000001 0C{TIME} 0203 0908{{serial}} 09060001190900FF 0600002000",
        ),
        (
            {"form": NotificationForm.DATA, "body": BodyForm.PAIRS, "is_confirmed": True},
            f"0F40000001 0C{TIME} 0204 09060000600B01FF 1128 09060000616200FF 0600002000",
        ),
        ({"form": NotificationForm.DATA, "body": BodyForm.POSITIONAL}, f"0F00000001 0C{TIME} 0202 1128 0600002000"),
    ],
)
def test_an_event_is_told_in_every_form(settings: dict[str, Any], octets: str) -> None:
    meter = speaking(logs=True, destinations=(UDP,), **settings)
    serial = serial_number(meter.profile, 1).encode().hex()
    assert told(meter, 40) == bytes.fromhex(octets.format(serial=serial))


def test_an_information_report_has_the_short_names_of_the_object_list() -> None:
    meter = speaking(logs=True, destinations=(UDP,), form=NotificationForm.REPORT)
    report = decode_apdu(told(meter, 40))
    assert isinstance(report, InformationReportRequest)
    bases = {item.logical_name: base for base, item in meter.dispatchers[1].short_names.base_names().items()}
    names = [LogicalName.parse("0.0.96.11.1"), LogicalName.parse("0.0.97.98.0")]
    assert report.variables == tuple(VariableName(bases[name] + 8) for name in names)
    assert (report.current_time, report.data[0]) == (b"20260715110723Z", unsigned(40))


def test_a_power_failure_is_told_by_datagrams_only_and_every_connection_is_lost() -> None:
    meter = speaking(logs=True, destinations=(UDP, TCP))
    post = Post(meter)
    client = BareClient(meter, client=1)
    client.ask(make_aarq())
    meter.speaker.power_failure()
    assert [destination for destination, _ in post.sent] == [UDP]
    assert client.steps(get_request(1, "0.0.42.0.0.255", 2)) == []
    assert meter.truth("0.0.97.98.1").value == 1
    meter.speaker.power_return()
    assert [destination for destination, _ in post.sent] == [UDP, UDP, TCP]
    assert meter.truth("0.0.97.98.1").value == 2


async def test_over_sockets_a_client_is_told_at_any_time(socket_enabled: None) -> None:
    meter = speaking()
    async with MeterServer(meter, "127.0.0.1", 0) as server:
        listener = Listener(lambda: open_tcp("127.0.0.1", server.port, 30.0))
        async with listener.client.associate(PUBLIC) as association:
            meter.speaker.happen(47)
            await until(lambda: listener.heard)
            assert (await association.get(NAME)).value == meter.devices[1].name
        await listener.client.close()
    assert listener.only().plain_apdu[0] == 0xC2


async def test_a_meter_that_calls_tells_first_and_answers_on_the_same_connection(socket_enabled: None) -> None:
    meter = speaking()
    called: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = (
        asyncio.get_running_loop().create_future()
    )
    told = meter.speaker.notifier.wpdus(bytes.fromhex("C20000010000600B00FF021101"), Way())

    async def accept() -> Transport:
        return TcpTransport(*await called)

    listening = await asyncio.start_server(lambda *streams: called.set_result(streams), "127.0.0.1", 0)
    async with listening, MeterServer(meter, "127.0.0.1", 0) as server:
        calling = asyncio.create_task(server.call("127.0.0.1", listening.sockets[0].getsockname()[1], told))
        listener = Listener(accept)
        async with listener.client.associate(PUBLIC) as association:
            assert (await association.get(NAME)).value == meter.devices[1].name
            meter.speaker.happen(47)
            await until(lambda: len(listener.heard) == 2)
        await listener.client.close()
        await calling


async def test_over_datagrams_a_client_is_told_at_the_address_that_it_had() -> None:
    meter = speaking()
    link = await meter.connect_datagrams()
    await link.send(wpdu(1, 1, make_aarq()))
    assert (await link.receive())[8] == 0x61
    meter.speaker.happen(47)
    assert (await link.receive())[8] == 0xC2
    await link.close()
