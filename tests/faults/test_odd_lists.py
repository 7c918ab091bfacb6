"""Meters that answer lists of attributes in a way of their own: set up, polled and started again like any other."""

from collections.abc import Callable

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.dlms import AssociationParameters, Mechanism, Secret
from custom_components.cosem.dlms.encoding.data import visible_string
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.meter.clients import async_open_client
from custom_components.cosem.meter.doctor import ExaminationRequest, examine
from tests.conftest import HOST, set_up, unique_id_of
from tests.faults.truth import Bench, EntryMaker
from tests.simulated_meter.link import MemoryTransport
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.objects import CosemObject, constant
from tests.simulated_meter.steps import Finish, Send, wpdu

ENERGY = "3_1.0.1.8.0.255_2"
POWER = "3_1.0.1.7.0.255_2"
VOLTAGE = "3_1.0.32.7.0.255_2"
HEADER = 8
"""Octets of a wrapper header."""

SINGLE, LIST = b"\xc0\x01", b"\xc0\x03"

OBJECT_LIST = b"\x00\x0f"
"""The class of the object that has it."""

UNDEFINED = bytes.fromhex("0100200700FF02")
"""Name and attribute of the voltage of L1."""

type Answer = Callable[[bytes], bytes | None]
"""From a GET to what is said instead of the answer: nothing for silence, None for the meter's own words."""


def own_words(_apdu: bytes) -> None:
    """Leave it to the meter."""


def always(text: str) -> Answer:
    """Answer all lists with the same octets, under the invoke-id of the request."""
    octets = bytes.fromhex(text)
    return lambda apdu: octets[:2] + apdu[2:3] + octets[3:] if octets[:1] == b"\xc4" else octets


def above(octets: int, answer: Answer) -> Answer:
    """Answer so where the request is longer."""
    return lambda apdu: answer(apdu) if len(apdu) > octets else None


def where(name: bytes, answer: Answer) -> Answer:
    """Answer so where this attribute is asked for."""
    return lambda apdu: answer(apdu) if name in apdu else None


class OddMeter:
    """``answer``: what it says to lists, ``single`` to others; ``lists``: how many attributes each asked for."""

    def __init__(self, meter: SimulatedMeter) -> None:
        self.answer: Answer = own_words
        self.single: Answer = own_words
        self.any: Callable[[bytes], None] = own_words
        self.lists: list[int] = []
        self._connect = meter.connect

    async def connect(self) -> MemoryTransport:
        link = await self._connect()
        send = link.send

        async def send_odd(octets: bytes) -> None:
            apdu = octets[HEADER:]
            answer = None
            self.any(apdu)
            if apdu[:2] == LIST:
                self.lists.append(apdu[3])
                answer = self.answer(apdu)
            elif apdu[:2] == SINGLE:
                answer = self.single(apdu)
            if answer is None:
                await send(octets)
            elif answer:
                client, server = (int.from_bytes(octets[start : start + 2]) for start in (2, 4))
                link.push(Send(wpdu(server, client, answer)))

        link.send = send_odd
        return link


@pytest.fixture
def meter() -> SimulatedMeter:
    """A household meter that follows Home Assistant's clock."""
    return SimulatedMeter(clock=dt_util.utcnow)


@pytest.fixture
def odd(meter: SimulatedMeter, monkeypatch: pytest.MonkeyPatch) -> OddMeter:
    odd = OddMeter(meter)
    monkeypatch.setattr(meter, "connect", odd.connect)
    return odd


@pytest.fixture
async def bench(
    hass: HomeAssistant,
    odd: OddMeter,
    network: None,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> Bench:
    caplog.set_level("INFO")
    return Bench(hass, meter, freezer, caplog)


def is_whole(bench: Bench, entry: MockConfigEntry) -> bool:
    states = {bench.state(entry, own) for own in (ENERGY, POWER, VOLTAGE)}
    return not states & {STATE_UNAVAILABLE, STATE_UNKNOWN}


ANSWERS = {
    "one result written like a single one": "C403C1 01 03",
    "a block form": "C403C1 00 00000001 29 01 00 0001 02 12 0001",
    "no choice octet": "C403C102 00 02051202D0120CA81118111F0FC0",
    "truncated": "C403C10200 06000000",
    "nothing": "C403C1",
    "count too small": "C403C101 00 0600000007 00 0600000007",
    "count too large": "C403C17F 00 0600000007 00 0600000007",
    "unknown type": "C403C102 00 0600000007 00 0700000000",
    "a normal answer": "C401C1 00 0600000007",
    "a normal refusal": "C401C1 01 03",
    "a normal answer without a choice": "C401C1 0600000007",
    "a last block with an error": "C402C1 01 00000001 01 02",
    "other-reason for all": "C403C102 01FA 01FA",
    "confirmed-service-error": "0E010500",
    "exception 1 2": "D80102",
    "exception 1 1": "D80101",
    "exception 2 2": "D80202",
    "an unknown kind": "C409C100",
}

ONE_BY_ONE = {ANSWERS["exception 1 2"], ANSWERS["exception 2 2"], ANSWERS["an unknown kind"]}
"""Taken at their word, no list is asked for any more; and nobody knows whose fault a broken connection was."""


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("stay_connected", [False, True], ids=["each poll", "stay connected"])
async def test_trial_01_it_is_set_up_and_polled_without_a_loss(
    bench: Bench, odd: OddMeter, make_entry: EntryMaker, answer: str, stay_connected: bool
):
    odd.answer = always(answer)
    entry = await set_up(bench.hass, make_entry(stay_connected=stay_connected))
    assert entry.state is ConfigEntryState.LOADED
    assert is_whole(bench, entry)
    for _ in range(8):
        await bench.poll()
        assert is_whole(bench, entry)
        bench.check_truth(entry)
    assert not entry.runtime_data.reader.refusals.lasting(), "nobody innocent is blamed"
    bench.check_outages(0)
    assert len(odd.lists) <= 3, "its way is remembered"


@pytest.mark.parametrize(
    "answer", [always(""), above(100, always("")), above(145, always(""))], ids=["none", "100", "145"]
)
async def test_trial_06_a_meter_that_is_silent_to_lists_is_read_in_its_set_up(
    bench: Bench, odd: OddMeter, make_entry: EntryMaker, answer: Answer
):
    odd.answer = answer
    entry = await set_up(bench.hass, make_entry())
    assert entry.state is ConfigEntryState.LOADED
    assert is_whole(bench, entry)
    for _ in range(4):
        await bench.poll()
        assert is_whole(bench, entry)
    bench.check_outages(0)


@pytest.mark.parametrize("answer", [always(""), always("C403C10103")], ids=["silent", "odd"])
async def test_trial_06_what_was_learned_outlives_a_restart(
    bench: Bench, odd: OddMeter, make_entry: EntryMaker, answer: Answer
):
    odd.answer = answer
    entry = await set_up(bench.hass, make_entry())
    await bench.hass.config_entries.async_unload(entry.entry_id)
    bench.hass.data.pop("cosem_clients")
    odd.lists.clear()
    await bench.hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert is_whole(bench, entry)
    assert odd.lists == []


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
async def test_trial_01_one_undefined_attribute_makes_only_its_lists_odd(
    bench: Bench, odd: OddMeter, make_entry: EntryMaker, answer: str
):
    """As one meter does it: it answers lists, but for those with an attribute that it does not have."""
    odd.answer = where(UNDEFINED, always(answer))
    odd.single = where(UNDEFINED, always("C401C10104"))
    entry = await set_up(bench.hass, make_entry())
    assert entry.state is ConfigEntryState.LOADED
    for _ in range(6):
        await bench.poll()
        assert {bench.state(entry, own) for own in (ENERGY, POWER)}.isdisjoint({STATE_UNAVAILABLE, STATE_UNKNOWN})
        bench.check_truth(entry)
    (refused,) = entry.runtime_data.reader.refusals.lasting()
    assert str(refused.logical_name) == "1.0.32.7.0.255", "and nobody else is"
    bench.check_outages(0)
    odd.lists.clear()
    await bench.poll()
    if answer not in ONE_BY_ONE:
        assert max(odd.lists) > 1, "the others are still read in lists"


@pytest.mark.parametrize("stay_connected", [False, True], ids=["each poll", "stay connected"])
async def test_trial_06_silence_to_the_lists_with_one_attribute_ends_in_the_end(
    bench: Bench, odd: OddMeter, make_entry: EntryMaker, stay_connected: bool
):
    """The first time it may have been the network: not longer than two polls, it is the meter."""
    entry = await set_up(bench.hass, make_entry(stay_connected=stay_connected))
    odd.answer = where(UNDEFINED, always(""))
    for _ in range(2):
        await bench.poll(340)
    for _ in range(4):
        await bench.poll(340)
        assert is_whole(bench, entry)
        bench.check_truth(entry)


@pytest.mark.parametrize("lists", [None, always("D80101"), always("D80202")], ids=["lists", "1 1 to lists", "none"])
@pytest.mark.parametrize("stay_connected", [False, True], ids=["each poll", "stay connected"])
async def test_trial_05_a_meter_that_calls_an_unknown_object_no_association(
    bench: Bench, odd: OddMeter, make_entry: EntryMaker, lists: Answer | None, stay_connected: bool
):
    odd.single = where(UNDEFINED, always("D80101"))
    odd.answer = where(UNDEFINED, always("D80101")) if lists is None else lists
    entry = await set_up(bench.hass, make_entry(stay_connected=stay_connected))
    assert entry.state is ConfigEntryState.LOADED
    for _ in range(6):
        await bench.poll()
        assert {bench.state(entry, own) for own in (ENERGY, POWER)}.isdisjoint({STATE_UNAVAILABLE, STATE_UNKNOWN})
        bench.check_truth(entry)
    bench.check_outages(0)
    assert bench.state(entry, VOLTAGE) in {STATE_UNAVAILABLE, STATE_UNKNOWN}


UNNAMED = [bytes.fromhex(f"{name}FF02") for name in ("00002A0000", "0000600100", "0100000000")]
"""Logical device name and the two most usual numbers."""


@pytest.mark.parametrize("stay_connected", [False, True], ids=["each poll", "stay connected"])
async def test_trial_05_a_meter_without_a_name_that_calls_it_no_association_has_an_identity(
    bench: Bench, odd: OddMeter, make_entry: EntryMaker, meter: SimulatedMeter, stay_connected: bool
):
    """By a number that it knows; and the password is not sent for each unknown object."""
    logins: list[bytes] = []

    def single(apdu: bytes) -> bytes | None:
        return bytes.fromhex("D80101") if any(name in apdu for name in UNNAMED) else None

    number = LogicalName.parse("0.0.96.1.1.255")
    meter.devices[1].add(CosemObject(class_id=1, logical_name=number, attributes={2: constant(visible_string("4711"))}))
    odd.single = odd.answer = single
    odd.any = lambda apdu: logins.extend([apdu] if apdu[:1] == b"\x60" else [])
    parameters = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret(b"simulated"))
    async with async_open_client(bench.hass, HOST, 4059) as client:
        found = await examine(bench.hass, client, ExaminationRequest(parameters=parameters))
    assert found.identity.unique_id == "4711_1"
    assert len(logins) == 1
    entry = await set_up(bench.hass, make_entry(stay_connected=stay_connected, unique_id="4711_1"))
    assert entry.state is ConfigEntryState.LOADED
    for _ in range(3):
        await bench.poll()
    assert bench.state(entry, ENERGY) not in {STATE_UNAVAILABLE, STATE_UNKNOWN}
    assert len(logins) <= (2 if stay_connected else 5)


SERIAL = bytes.fromhex("0000600100FF02")
"""The manufacturing number, which the set-up asks for besides the name."""


def unnumbered() -> dict[str, tuple[Answer, Answer]]:
    """What is said to lists, and to the manufacturing number alone."""
    odd = {name: (always(answer), own_words) for name, answer in ANSWERS.items()}
    return odd | {
        "silent": (always(""), own_words),
        "1 1 to an unknown object": (where(SERIAL, always("D80101")), where(SERIAL, always("D80101"))),
        "a value of no type": (where(SERIAL, always("C403C1")), where(SERIAL, always("C401C1000700000000"))),
        "no value": (where(SERIAL, always("C403C1")), where(SERIAL, always("C401C100"))),
    }


@pytest.mark.parametrize(("lists", "single"), unnumbered().values(), ids=unnumbered())
async def test_trial_01_05_09_such_a_meter_is_recognized_in_the_set_up(
    bench: Bench, odd: OddMeter, lists: Answer, single: Answer
):
    odd.answer, odd.single = lists, single
    parameters = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret(b"simulated"))
    async with async_open_client(bench.hass, HOST, 4059) as client:
        found = await examine(bench.hass, client, ExaminationRequest(parameters=parameters))
    assert found.identity.unique_id
    assert len(found.objects) > 40
    assert not found.list_refused


@pytest.mark.parametrize("stay_connected", [False, True], ids=["each poll", "stay connected"])
async def test_trial_06_a_meter_that_hangs_up_after_each_answer_is_set_up_and_polled(
    bench: Bench, meter: SimulatedMeter, make_entry: EntryMaker, monkeypatch: pytest.MonkeyPatch, stay_connected: bool
):
    connect = meter.connect

    async def hanging_up() -> MemoryTransport:
        link = await connect()
        send = link.send

        async def send_through(octets: bytes) -> None:
            await send(octets)
            apdu = octets[HEADER:]
            # The object list comes in blocks, which belong to one answer.
            if apdu[:2] == LIST or (apdu[:2] == SINGLE and apdu[3:5] != OBJECT_LIST):
                link.push(Finish())

        link.send = send_through
        return link

    monkeypatch.setattr(meter, "connect", hanging_up)
    parameters = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret(b"simulated"))
    async with async_open_client(bench.hass, HOST, 4059) as client:
        found = await examine(bench.hass, client, ExaminationRequest(parameters=parameters))
    assert found.identity.unique_id == unique_id_of(meter)
    entry = await set_up(bench.hass, make_entry(stay_connected=stay_connected))
    for _ in range(3):
        await bench.poll()
        bench.check_truth(entry)
    bench.check_outages(0)
    assert is_whole(bench, entry)
    assert "hangs_up_after_answers" in entry.runtime_data.reader.ways.leniencies
