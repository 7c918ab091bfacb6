"""What an observer is told: every stage, every APDU, nothing that was decoded."""

import pytest

from custom_components.cosem.dlms.client.observer import NOBODY, note_event
from custom_components.cosem.dlms.errors import ConnectFailed, ConnectFailure, ConnectTimeout, ExceptionReceived
from custom_components.cosem.dlms.protocol.events import (
    AssociationLost,
    AssociationRefused,
    BlockReceived,
    ChallengeAnswered,
    NotificationReceived,
    NotificationRefused,
    Released,
)
from custom_components.cosem.dlms.protocol.framing import Message
from tests.dlms.client.conftest import QUICK, SEVEN, client_of
from tests.dlms.scripted import (
    CLOCK,
    ENERGY,
    NO_ASSOCIATION,
    PAIR,
    PARAMETERS,
    POWER,
    ScriptedMeter,
    access_error,
    unsigned,
    value,
)


class Recorder:
    """Keeps what it is told."""

    def __init__(self):
        self.notes = []
        self.messages = []

    def note(self, text, *details):
        self.notes.append(text % details)

    def sent(self, message):
        self.messages.append(("sent", message))

    def received(self, message):
        self.messages.append(("received", message))


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
def client(meter, recorder):
    return client_of(meter, observer=recorder)


async def test_stages_and_apdus_of_a_reading(client, meter, recorder):
    meter.get = lambda apdu: [value(unsigned(7))]
    async with client.associate(PARAMETERS) as association:
        assert await association.get(ENERGY) == SEVEN
    first, second, associated, *rest = recorder.notes
    assert (first, second) == ("connecting", "connected")
    assert associated.startswith("16>1: associated, <Conformance.")
    assert rest == [
        f"asking: get {ENERGY}",
        "16>1: answered with 5 octets",
        "16>1: released",
        "disconnected: the last association was released",
    ]
    assert [(way, message.client, message.server, message.apdu[0]) for way, message in recorder.messages] == [
        ("sent", 16, 1, 0x60),
        ("received", 16, 1, 0x61),
        ("sent", 16, 1, 0xC0),
        ("received", 16, 1, 0xC4),
        ("sent", 16, 1, 0x62),
        ("received", 16, 1, 0x63),
    ]


async def test_refusals_by_element(client, meter, recorder):
    meter.get = lambda apdu: [access_error(4)]
    async with client.associate(PARAMETERS) as association:
        await association.get_many([CLOCK])
    assert f"{CLOCK}: data-access-result 4 (object-undefined)" in recorder.notes


async def test_list_names_its_attributes(client, meter, recorder):
    async with client.associate(PARAMETERS) as association:
        await association.get_many([ENERGY, POWER])
    assert f"asking: get {ENERGY}, {POWER}" in recorder.notes


async def test_refused_request_says_why(client, meter, recorder):
    meter.get = lambda apdu: [NO_ASSOCIATION]
    async with client.associate(PARAMETERS) as association:
        with pytest.raises(ExceptionReceived):
            await association.get(CLOCK)
    assert any("service-not-allowed, operation-not-possible" in note for note in recorder.notes)


@pytest.mark.parametrize(
    "error", [ConnectFailed(ConnectFailure.REFUSED), ConnectTimeout(0.5)], ids=["refused", "silent"]
)
async def test_connection_that_fails_says_why(recorder, error):
    async def connect():
        if isinstance(error, ConnectTimeout):
            raise TimeoutError
        raise error

    meter = ScriptedMeter()
    meter.connect = connect
    client = client_of(meter, QUICK, observer=recorder)
    with pytest.raises(type(error)):
        async with client.associate(PARAMETERS):
            pass
    told = repr(TimeoutError()) if isinstance(error, ConnectTimeout) else repr(error)
    assert recorder.notes == ["connecting", f"not connected: {told}"]


@pytest.mark.parametrize(
    ("event", "note"),
    [
        (ChallengeAnswered(PAIR), "16>1: our proof is sent, the meter's is awaited"),
        (AssociationRefused(PAIR, ConnectTimeout(1)), "16>1: not associated: no answer to the connection attempt"),
        (BlockReceived(PAIR, 2, 300), "16>1: block 2, 300 octets so far"),
        (Released(PAIR), "16>1: released"),
        (AssociationLost(PAIR, ConnectTimeout(1)), "16>1: association lost: no answer"),
        (NotificationReceived(PAIR, b"\x0f1234"), "16>1: notification of 5 octets"),
        (
            NotificationRefused(PAIR, b"\xca1234", ConnectTimeout(1)),
            "16>1: notification that cannot be read: no answer to the connection attempt",
        ),
    ],
)
def test_note_of_each_event(recorder, event, note):
    note_event(recorder, event)
    (told,) = recorder.notes
    assert told.startswith(note)


def test_nobody_takes_everything():
    assert [NOBODY.note("%s", 1), NOBODY.sent(Message(16, 1, b"")), NOBODY.received(Message(16, 1, b""))] == [None] * 3
