"""Meters and strangers whose octets are written from the standard alone, against a household with two entries.

One entry has keys; the other one's meter has none, and speaks from 127.0.0.2. The octets share no code with
the stack or with the simulated meter: `tests/dlms/lone_meter.py` seals with `cryptography`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
import itertools
import socket

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
import pytest_socket

from custom_components.cosem.const import CONF_NOTIFICATION_SOURCES, EVENT_NOTIFICATION
from tests.conftest import HOST, set_up, unique_id_of
from tests.dlms.lone_meter import seal, sized
from tests.faults.secured import security_of
from tests.push.senders import LOOPBACK, free_port, listening, with_options, wpdu
from tests.secured_entries import secured_entry, secured_profile
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile
from tests.still_loop import until

pytestmark = pytest.mark.usefixtures("network", "freezer")

PLAIN_HOST = "192.0.2.8"
PLAIN_SOURCE = "127.0.0.2"
LAST = range(100, 256)
"""Codes: equal ones over both transports would be one event."""
SOMEBODY = bytes.fromhex("4D4D4D0000BC614F")
TIME = bytes.fromhex("07EA0B1D07081E0000000000")
EVENT_CODE = bytes.fromhex("0001 0000600B00FF 02")
TIMES = {"absent": b"\x00", "sized": b"\x01\x0c" + TIME, "fixed": b"\x01" + TIME, "tagged": b"\x09\x0c" + TIME}


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


def event(code: int, time: bytes = b"\x00") -> bytes:
    """An EventNotification of the event code object."""
    return b"\xc2" + time + EVENT_CODE + bytes([0x11, code])


def data(code: int, time: bytes = b"\x00", invoke_id: int = 1) -> bytes:
    """A DataNotification: {{name, value}, {name, text}}; long enough for blocks."""
    rows = bytes.fromhex("0202 0202 0906 0000600B00FF 11") + bytes([code])
    return b"\x0f\x00" + invoke_id.to_bytes(3) + time + rows + bytes.fromhex("0202 0906 0000610100FF 0A20") + b"x" * 32


def report(code: int) -> bytes:
    """An InformationReport of one short name."""
    return bytes.fromhex("18 00 01 02 FA08 01 11") + bytes([code])


def blocks(apdu: bytes, *, is_usual: bool = True) -> list[bytes]:
    """General blocks that nobody acknowledges: 00, 00, ... 80, or as seen in the field 40, 40, ... C0."""
    parts = [apdu[at : at + 20] for at in range(0, len(apdu), 20)]
    more, last = (0x00, 0x80) if is_usual else (0x40, 0xC0)
    controls = [more] * (len(parts) - 1) + [last]
    numbered = enumerate(zip(controls, parts, strict=True), 1)
    return [
        bytes([0xE0, control]) + number.to_bytes(2) + b"\x00\x00" + sized(part) for number, (control, part) in numbered
    ]


@dataclass(frozen=True)
class Keys:
    """What a meter and the household share."""

    key: bytes
    authentication_key: bytes
    title: bytes

    def _sealed(self, counter: int, plain: bytes, control: int, title: bytes, header: bytes = b"") -> bytes:
        sealed = seal(self.key, self.authentication_key, control, title, counter, plain, header)
        return sized(bytes([control]) + counter.to_bytes(4) + sealed)

    def glo(self, counter: int, plain: bytes, control: int = 0x30) -> bytes:
        """glo-event-notification: without a title."""
        return b"\xca" + self._sealed(counter, plain, control, self.title)

    def general_glo(self, counter: int, plain: bytes, control: int = 0x30, title: bytes | None = None) -> bytes:
        return b"\xdb" + sized(title or self.title) + self._sealed(counter, plain, control, title or self.title)

    def general_ciphering(self, counter: int, plain: bytes) -> bytes:
        """general-ciphering under the identified global key."""
        header = sized(counter.to_bytes(8)) + sized(self.title) + b"\x00\x00\x00"
        return b"\xdd" + header + b"\x01\x00\x00" + self._sealed(counter, plain, 0x30, self.title, header)


class Household:
    """What two entries told, by their names."""

    def __init__(self, hass: HomeAssistant, port: int, keys: Keys, names: dict[str, str]) -> None:
        self.port, self.keys = port, keys
        self._names = names
        self._events = async_capture_events(hass, EVENT_NOTIFICATION)
        self._next = itertools.count(5_000_000)
        self._last = iter(LAST)

    def counter(self) -> int:
        """An invocation counter that was not used yet."""
        return next(self._next)

    def new(self, plain: bytes) -> bytes:
        """A notification that the meter with keys really sends now."""
        return self.keys.general_glo(self.counter(), plain)

    async def told(self, *apdus: bytes, source: str = LOOPBACK, over: str = "udp") -> list[tuple[str, int, bool]]:
        """Entry, code and proof of each event; behind them one is sent that certainly comes through."""
        count = len(self._events)
        last = next(self._last)
        sent = [wpdu(apdu) for apdu in (*apdus, self.new(event(last)))]
        await (_datagrams if over == "udp" else _stream)(source, self.port, sent)
        await until(lambda: any(each.data["code"] == last for each in self._events[count:]))
        found = [each.data for each in self._events[count:]]
        assert found.pop()["code"] == last
        return [(self._names[each["entry_id"]], each["code"], each["authenticated"]) for each in found]


async def _datagrams(source: str, port: int, sent: list[bytes]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((source, 0))
        for datagram in sent:
            sender.sendto(datagram, (LOOPBACK, port))


async def _stream(source: str, port: int, sent: list[bytes]) -> None:
    _, writer = await asyncio.open_connection(LOOPBACK, port, local_addr=(source, 0))
    writer.write(b"".join(sent))
    await writer.drain()
    writer.write_eof()


@pytest.fixture
async def household(
    hass: HomeAssistant,
    make_entry: Callable[..., MockConfigEntry],
    meters: dict[str, SimulatedMeter],
) -> Household:
    """Both entries listen at one port; nobody but the plain meter speaks from its address."""
    secured = meters[HOST] = SimulatedMeter(secured_profile(), dt_util.utcnow)
    plain = meters[PLAIN_HOST] = SimulatedMeter(MeterProfile(seed=7), dt_util.utcnow)
    port = free_port()
    with_keys = await set_up(hass, secured_entry(secured, 1, options=listening(port, "both")))
    without = make_entry(host=PLAIN_HOST, unique_id=unique_id_of(plain))
    without = await set_up(
        hass, with_options(without, {**listening(port, "both"), CONF_NOTIFICATION_SOURCES: [PLAIN_SOURCE]})
    )
    security = security_of(secured, 1)
    keys = Keys(security.encryption_key, security.authentication_key, secured.security.identity.title)
    return Household(hass, port, keys, {with_keys.entry_id: "secured", without.entry_id: "plain"})


OVER = pytest.mark.parametrize("over", ["udp", "tcp"])
MINE = ("secured", 1, True)


@OVER
@pytest.mark.parametrize("time", TIMES)
async def test_every_form_of_a_meter_with_keys_is_one_event(household: Household, over: str, time: str):
    keys, new = household.keys, household.counter
    sent = [
        keys.glo(new(), event(1, TIMES[time])),
        keys.general_glo(new(), event(1, TIMES[time])),
        keys.general_ciphering(new(), event(1, TIMES[time])),
        keys.general_glo(new(), data(1, TIMES[time][-13:] if time in {"sized", "tagged"} else b"\x00")),
        *blocks(household.new(data(1, invoke_id=2))),
        *blocks(household.new(data(1, invoke_id=3)), is_usual=False),
        *(household.new(block) for block in blocks(data(1, invoke_id=4))),
    ]
    codes = await household.told(*sent, over=over)
    # Data tell of a code when it is another one than before: here it is the same one each time.
    assert codes[:3] == [MINE, MINE, MINE]
    assert [(name, proof) for name, _, proof in codes] == [("secured", True)] * 7


@OVER
async def test_every_form_of_a_meter_without_keys_is_one_event(household: Household, over: str):
    sent = [
        *(event(code, time) for code, time in enumerate(TIMES.values(), 1)),
        data(11),
        *blocks(data(12, invoke_id=2)),
        *blocks(data(13, invoke_id=3), is_usual=False),
        report(14),
    ]
    codes = await household.told(*sent, source=PLAIN_SOURCE, over=over)
    assert codes == [("plain", code, False) for code in (1, 2, 3, 4, 11, 12, 13, None)]


@OVER
async def test_nothing_of_a_stranger_becomes_an_event(household: Household, over: str):
    """From an address from which no plain meter speaks, in the name of the meter with keys and of others."""
    keys, stranger = household.keys, Keys(bytes(16), bytes(16), household.keys.title)
    for_ever = 0xFFFF_FFF0
    wrong_tag = bytearray(keys.general_glo(for_ever, event(1)))
    wrong_tag[-1] ^= 1
    forged = [
        *(event(1, time) for time in TIMES.values()),
        data(1),
        *blocks(data(1)),
        report(1),
        bytes(wrong_tag),
        stranger.glo(for_ever, event(1)),
        stranger.general_glo(for_ever, event(1)),
        stranger.general_ciphering(for_ever, event(1)),
        keys.general_glo(for_ever, event(1), title=SOMEBODY),  # the keys are right: of another meter
        keys.general_glo(for_ever, event(1), 0x20),
        keys.general_glo(for_ever, event(1), 0x10),
        keys.glo(for_ever, event(1), 0x20),
        household.new(household.new(event(1))),  # twice: whose keys are right may not hide anything either
        household.new(bytes.fromhex("C401C1000911")),
        b"\xd2" + household.new(event(1))[-30:],
    ]
    # One at a time, each behind something that counts: five wrong tags within a minute make an address unheard.
    told = [await household.told(apdu, over=over) for apdu in forged]
    assert told == [[]] * len(forged)


@OVER
async def test_what_was_recorded_comes_back_as_nothing(household: Household, over: str):
    recorded = [household.new(event(1)), household.keys.general_ciphering(household.counter(), event(2))]
    in_blocks = blocks(household.new(data(3)))
    assert len(await household.told(*recorded, *in_blocks, over=over)) == 3
    other = "tcp" if over == "udp" else "udp"
    for way in (over, other):
        assert await household.told(*recorded, *in_blocks, source=PLAIN_SOURCE, over=way) == []
        # Also in another envelope: the counter is that of the key.
        assert await household.told(household.keys.glo(5_000_000, event(1)), over=way) == []


@OVER
async def test_what_happens_again_is_told_again(household: Household, over: str):
    """Lost, back, lost: nothing but its order tells them apart."""
    lost, back = event(1), event(2)
    codes = await household.told(lost, back, lost, back, source=PLAIN_SOURCE, over=over)
    assert [code for _, code, _ in codes] == [1, 2, 1, 2]
    codes = await household.told(*map(household.new, (lost, lost, lost)), over=over)
    assert [code for _, code, _ in codes] == [1, 1, 1]


async def test_a_datagram_that_came_twice_is_one_event(household: Household):
    twice = [event(1), event(1), data(2, invoke_id=5), data(2, invoke_id=5), event(3, TIMES["sized"])]
    codes = await household.told(*twice, event(4), event(3, TIMES["sized"]), source=PLAIN_SOURCE)
    assert [code for _, code, _ in codes] == [1, 2, 3, 4]
    mine = household.new(event(5))
    assert await household.told(mine, mine) == [("secured", 5, True)]


@OVER
async def test_a_push_that_begins_anew_is_whole_once(household: Household, over: str):
    first, *rest = blocks(household.new(data(1)))
    assert await household.told(first, first, *rest, *rest, over=over) == [MINE]
    half = blocks(household.new(data(2)))[:-1]
    whole = blocks(household.new(data(3)))
    assert await household.told(*half, *whole, over=over) == [("secured", 3, True)]
