"""Our client and the simulated meter: ACCESS, and table 1 of IEC 62056-9-7:2013, 9.1. In memory, no sockets."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms import (
    ActionError,
    AssociationParameters,
    AttributeDescriptor,
    DataAccessError,
    LocalProtocolError,
    LogicalName,
    Mechanism,
    MethodDescriptor,
    OutcomeUnknown,
    Secret,
    SecuritySettings,
)
from custom_components.cosem.dlms.apdu.common import Selection
from custom_components.cosem.dlms.client.channel import with_datagrams, with_wrapper
from custom_components.cosem.dlms.encoding.data import (
    double_long_unsigned,
    integer,
    long_unsigned,
    octet_string,
    structure,
)
from custom_components.cosem.dlms.protocol.association_kind import ALL_STATION_WPORT, AssociationKind
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.transfer.access import to_execute, to_get, to_set
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, ClientProfile, GeneralBlocks, Level, MeterProfile
from tests.timed_client import TimedClient

from .conftest import NOW
from .test_own_client_secured_meter import EVERY_CLIENT, SHORT, TIMING, House, secured

ENERGY = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
UNKNOWN = AttributeDescriptor(3, LogicalName.parse("1.0.1.9.9.255"), 2)
DAILY = AttributeDescriptor(7, LogicalName.parse("1.0.99.2.0.255"), 2)
THRESHOLD = AttributeDescriptor(71, LogicalName.parse("0.0.17.0.0.255"), 4)
STORE = AttributeDescriptor(20, LogicalName.parse("0.0.13.0.0.255"), 6)
ECHO = MethodDescriptor(20, LogicalName.parse("0.0.13.0.0.255"), -1)
RELAY_OFF = MethodDescriptor(70, LogicalName.parse("0.0.96.3.10.255"), 1)
SEVEN = double_long_unsigned(7)
SHORT_TEXT = octet_string(b"winter")
LONG = octet_string(bytes(range(250)) * 8)
FIRST_ROW = Selection(
    2, structure(double_long_unsigned(1), double_long_unsigned(1), long_unsigned(1), long_unsigned(0))
)
MIXED = [
    to_get(ENERGY),
    to_set(THRESHOLD, SEVEN),
    to_execute(RELAY_OFF, integer(0)),
    to_execute(ECHO, SEVEN),
    to_get(UNKNOWN),
    to_get(DAILY, FIRST_ROW),
    to_execute(RELAY_OFF),
]


def managing(size: int = 1024, **quirks: object) -> House:
    profile = secured()
    clients = tuple(replace(client, level=Level.MANAGE) for client in profile.clients)
    return House(replace(profile, clients=clients, max_pdu_size=size).with_quirks(access=True, **quirks))


@pytest.mark.parametrize("wport", EVERY_CLIENT)
async def test_every_client_reads_writes_and_executes_in_one_access(wport: int):
    house = managing()
    async with house.associate(wport) as association:
        found = await association.access(MIXED)
    energy, written, off, echoed, unknown, row, refused = found
    assert (energy, written, off, echoed) == (house.truth(ENERGY), None, None, SEVEN)
    assert isinstance(unknown, DataAccessError)
    assert unknown.result == 4
    assert row == house.meter.truth(DAILY.logical_name, 2, selection=FIRST_ROW)
    assert isinstance(refused, ActionError)
    assert refused.result == 12
    assert house.truth(THRESHOLD) == SEVEN


@pytest.mark.parametrize("skipped", [11, 250])
async def test_nothing_is_done_behind_an_error_where_that_is_asked_for(skipped: int):
    house = managing(access_skipped=skipped)
    async with house.associate(1) as association:
        found = await association.access([to_get(UNKNOWN), to_set(THRESHOLD, SEVEN)], break_on_error=True)
    assert [isinstance(each, DataAccessError) and each.result for each in found] == [4, skipped]
    assert house.meter.devices[1].done == []


async def test_data_of_what_is_written_may_be_left_out():
    house = managing(access_leaves_data_out=True)
    async with house.associate(1) as association:
        found = await association.access([to_set(THRESHOLD, SEVEN), to_execute(ECHO, SEVEN), to_get(ENERGY)])
        assert association.leniencies >= {Leniency.ACCESS_DATA_LEFT_OUT}
    assert found == [None, SEVEN, house.truth(ENERGY)]


@pytest.mark.parametrize("wport", [1, 2, 9])
async def test_long_ones_go_in_general_blocks_both_ways(wport: int):
    house = managing(256, general_blocks=GeneralBlocks.ACCEPTED, general_block_window=3)
    async with house.associate(wport) as association:
        assert await association.access([to_set(STORE, LONG), to_execute(ECHO, LONG), to_get(STORE)]) == [
            None,
            LONG,
            LONG,
        ]


async def test_f62_a_lost_answer_is_an_unknown_outcome_unless_all_of_it_reads():
    house = House(managing().meter.profile, timing=SHORT)
    async with house.associate(1) as association:
        house.strike("answer-lost", on="any")
        with pytest.raises(OutcomeUnknown):
            await association.access([to_get(ENERGY), to_set(THRESHOLD, SEVEN)])
    assert len(house.meter.devices[1].done) == 1


async def test_many_values_are_read_by_access_where_there_are_no_lists():
    house = managing(with_list=False)
    names = ["1.0.1.8.0.255", "1.0.2.8.0.255", "1.0.1.7.0.255"]
    wanted = [AttributeDescriptor(3, LogicalName.parse(name), index) for name in names for index in (2, 3)]
    async with house.associate(2) as association:
        before = house.meter.requests
        assert await association.get_many(wanted) == [house.truth(attribute) for attribute in wanted]
        assert house.meter.requests == before + 1


# -- table 1

CHANNELS = {"TCP": with_wrapper, "UDP": with_datagrams}


class Home:
    """A meter with a manager by password, one that is pre-established, one so by keys; a client on a channel."""

    def __init__(self, channel: str, **quirks: object) -> None:
        keyed = next(client for client in secured().clients if client.wport == 1)
        self.security = keyed.security
        clients = (
            ClientProfile(wport=1, name="manager", level=Level.MANAGE, password=DEFAULT_PASSWORD),
            ClientProfile(wport=102, name="pre-established", level=Level.MANAGE, pre_established=True),
            replace(
                keyed, wport=103, security=replace(keyed.security, client_title=b"HAS\0\0\0\0\1"), pre_established=True
            ),
        )
        self.meter = SimulatedMeter(MeterProfile(clients=clients).with_quirks(access=True, **quirks), lambda: NOW)
        connect = {"TCP": self.meter.connect, "UDP": self.meter.connect_datagrams}[channel]
        self.client = TimedClient("meter", connect=CHANNELS[channel](connect), timing=TIMING)

    @property
    def threshold(self):
        return self.meter.truth(THRESHOLD.logical_name, 4)

    def manager(self, kind: AssociationKind, **changes: object) -> AssociationParameters:
        password = Secret.from_text(DEFAULT_PASSWORD)
        return AssociationParameters(client_wport=1, mechanism=Mechanism.LLS, password=password, kind=kind, **changes)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_table_1_a_confirmed_association_has_both_service_classes(channel: str):
    home = Home(channel)
    async with home.client.associate(home.manager(AssociationKind.CONFIRMED)) as association:
        await association.set_unconfirmed(THRESHOLD, SEVEN)
        assert await association.get(THRESHOLD) == SEVEN
        await association.action_unconfirmed(RELAY_OFF, integer(0))
        await association.access_unconfirmed([to_set(STORE, SHORT_TEXT)])
        assert await association.get(STORE) == SHORT_TEXT
        await association.set(THRESHOLD, double_long_unsigned(8))
    assert home.threshold == double_long_unsigned(8)
    assert len(home.meter.devices[1].done) == 4


@pytest.mark.parametrize("channel", CHANNELS)
async def test_table_1_an_unconfirmed_association_has_unconfirmed_services_only(channel: str):
    home = Home(channel)
    async with home.client.associate(home.manager(AssociationKind.UNCONFIRMED)) as association:
        await association.set_unconfirmed(THRESHOLD, SEVEN)
        with pytest.raises(LocalProtocolError, match="confirmed service"):
            await association.get(THRESHOLD)
    assert home.threshold == SEVEN
    assert [request.apdu[0] for request in home.meter.log] == [0x60, 0xC1, 0x62]


@pytest.mark.parametrize("channel", CHANNELS)
async def test_answers_to_what_is_unconfirmed_are_dropped(channel: str):
    home = Home(channel, answers_unconfirmed=True)
    async with home.client.associate(home.manager(AssociationKind.CONFIRMED)) as association:
        for number in range(8):
            await association.set_unconfirmed(THRESHOLD, double_long_unsigned(number))
            await association.action_unconfirmed(RELAY_OFF, integer(0))
        assert await association.get(THRESHOLD) == double_long_unsigned(7) == SEVEN
        await association.set(THRESHOLD, double_long_unsigned(9))
    assert home.threshold == double_long_unsigned(9)


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_pre_established_association_is_used_at_once_and_never_released(channel: str):
    home = Home(channel)
    parameters = AssociationParameters(client_wport=102, kind=AssociationKind.PRE_ESTABLISHED)
    async with home.client.associate(parameters) as association:
        await association.set(THRESHOLD, SEVEN)
        assert await association.get(THRESHOLD) == SEVEN
    assert {request.apdu[0] for request in home.meter.log} == {0xC0, 0xC1}


@pytest.mark.parametrize("channel", CHANNELS)
async def test_a_pre_established_association_is_protected_by_its_keys(channel: str):
    home = Home(channel)
    house = House()  # for the counter of the client
    security = SecuritySettings(
        client_system_title=b"HAS\0\0\0\0\1",
        server_system_title=home.meter.security.identity.title,
        global_unicast_encryption_key=Secret(home.security.encryption_key),
        authentication_key=Secret(home.security.authentication_key),
    )
    parameters = AssociationParameters(client_wport=103, kind=AssociationKind.PRE_ESTABLISHED, security=security)
    async with home.client.associate(parameters, security_state=house.state) as association:
        await association.set(THRESHOLD, SEVEN)
        assert await association.get(THRESHOLD) == SEVEN
    assert {request.apdu[0] for request in home.meter.log} <= {0xC8, 0xC9}


async def test_table_1_a_broadcast_changes_every_logical_device_and_nothing_comes_back():
    home = Home("UDP")
    clock = AttributeDescriptor(8, LogicalName.parse("0.0.1.0.0.255"), 2)
    noon = octet_string(bytes.fromhex("07EA070F030C000000FF8880"))
    parameters = home.manager(AssociationKind.UNCONFIRMED, server_wport=ALL_STATION_WPORT)
    async with home.client.associate(parameters) as association:
        await association.set_unconfirmed(clock, noon)
    assert [home.meter.truth(clock.logical_name, 2, server_wport=wport) for wport in (1, 16)] == [noon, noon]


@pytest.mark.parametrize(
    ("channel", "kind"), [("TCP", AssociationKind.UNCONFIRMED), ("UDP", AssociationKind.CONFIRMED)], ids=str
)
async def test_table_1_nothing_else_is_broadcast(channel: str, kind: AssociationKind):
    home = Home(channel)
    with pytest.raises(LocalProtocolError):
        async with home.client.associate(home.manager(kind, server_wport=ALL_STATION_WPORT)):
            pass
    assert not home.meter.log


async def test_a_long_answer_to_a_short_access_comes_in_general_blocks():
    house = managing(256, general_blocks=GeneralBlocks.ACCEPTED)
    async with house.associate(1) as association:
        await association.set(STORE, LONG)
        assert await association.access([to_get(STORE)]) == [LONG]
