"""The reader with an association that answers on order: what it asks for, keeps, and takes for the truth."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import CONF_OBJECTS, DOMAIN
from custom_components.cosem.dlms import (
    CURRENT_OBJECT_LIST,
    AssociationParameters,
    AttributeDescriptor,
    ConnectionLost,
    Data,
    DataAccessError,
    Leniency,
    ListWays,
    LogicalName,
    ObjectListElement,
    ProfileWay,
    ProfileWays,
    ProofForm,
    ScalerUnit,
)
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    array,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.meter.counted_store import CountedStore
from custom_components.cosem.meter.error_mapping import WrongMeter
from custom_components.cosem.meter.identity import FIRMWARE_ATTRIBUTES, NAME_ATTRIBUTE
from custom_components.cosem.meter.issues import AcceptedReplacement, issues_of
from custom_components.cosem.meter.reader import MeterReader
from custom_components.cosem.meter.readings import Reading
from custom_components.cosem.meter.scaler_units import ScalerUnits
from custom_components.cosem.meter.store import MeterWays, StoredMeter, async_load_meter, async_save_meter

UNIQUE_ID, OTHER_ID = "SIM1000001", "SIM2000002"
NOT_NOW = DataAccessError(2)
TITLE = bytes.fromhex("4D4D4D0000BC614E")
TEXT = AttributeDescriptor(1, LogicalName.parse("0.0.96.13.0.255"), 2)
CLOCK = AttributeDescriptor(8, LogicalName.parse("0.0.1.0.0.255"), 2)
REGISTERS = [AttributeDescriptor(3, LogicalName(bytes((1, 0, number, 7, 0, 255))), 2) for number in range(1, 66)]
POWER = REGISTERS[0]
WATTS = structure(integer(-1), enum(27))

type Answers = dict[AttributeDescriptor, Data | DataAccessError]


def unit_of(attribute: AttributeDescriptor) -> AttributeDescriptor:
    return attribute._replace(attribute_index=3)


class Answering:
    """An association whose meter gives these answers, each request after some seconds, and nothing else for now."""

    def __init__(self, answers: Answers | None = None, *, name: str = UNIQUE_ID, seconds: float = 0) -> None:
        self.parameters = AssociationParameters()
        self.answers: Answers = {NAME_ATTRIBUTE: octet_string(name.encode()), **(answers or {})}
        self.seconds = seconds
        self.asked: list[list[AttributeDescriptor]] = []
        self.proof_form = ProofForm()
        self.list_ways = ListWays()
        self.leniencies: frozenset[Leniency] = frozenset()

    async def get_many(
        self, attributes: Iterable[AttributeDescriptor], found: Answers | None = None
    ) -> list[Data | DataAccessError]:
        self.asked.append(list(attributes))
        await asyncio.sleep(self.seconds)
        answers = {attribute: self.answers.get(attribute, NOT_NOW) for attribute in self.asked[-1]}
        if found is not None:
            found |= answers
        return [answers[attribute] for attribute in self.asked[-1]]

    @property
    def asked_for(self) -> set[AttributeDescriptor]:
        return {attribute for request in self.asked for attribute in request}


def objects_of(*attributes: AttributeDescriptor) -> tuple[ObjectListElement, ...]:
    return tuple(ObjectListElement(attribute.class_id, 0, attribute.logical_name) for attribute in attributes)


def object_list(*attributes: AttributeDescriptor) -> Data:
    """The object list as the meter sends it."""
    none = structure(array(), array())
    return array(
        *(
            structure(long_unsigned(each.class_id), unsigned(0), octet_string(each.logical_name.octets), none)
            for each in attributes
        )
    )


def names(reader: MeterReader) -> list[LogicalName]:
    return [element.logical_name for element in reader.objects]


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    made = MockConfigEntry(domain=DOMAIN, unique_id=UNIQUE_ID, title="Meter", options={CONF_OBJECTS: []})
    made.add_to_hass(hass)
    return made


@pytest.fixture
def reader(hass: HomeAssistant, entry: MockConfigEntry) -> MeterReader:
    return MeterReader(hass, entry)


async def identified(reader: MeterReader, answers: Answers | None = None, **settings: Any) -> Any:
    """An association in which the meter has said who it is; what was asked so far is forgotten."""
    association: Any = Answering(answers, **settings)
    await reader.async_identify(association)
    association.asked.clear()
    return association


async def known(hass: HomeAssistant, reader: MeterReader, **remembered: Any) -> None:
    """Let something be remembered of the meter."""
    await async_save_meter(hass, UNIQUE_ID, StoredMeter(**remembered))
    await reader.async_load()


# -- before anything is known


async def test_at_first_nothing_is_known(reader: MeterReader, hass_storage: dict[str, Any]):
    assert reader.identity is None
    assert (reader.objects, reader.logical_devices) == ((), ())
    assert (reader.mbus_device_types, reader._units.known, reader.refusals.lasting()) == ({}, {}, {})
    assert not reader.is_refused(POWER)
    assert reader.reading(POWER) == Reading(unit_missing=True)
    assert await reader.async_load() is None
    await reader.async_save(None, {})
    assert hass_storage == {}


async def test_before_the_meter_is_known_nothing_is_compared(reader: MeterReader):
    association: Any = Answering({TEXT: unsigned(7)}, name=OTHER_ID)
    readings = await reader.async_read(association, [TEXT])
    assert readings.values == {TEXT: Reading(value=unsigned(7))}
    assert association.asked == [[TEXT]]


async def test_s13_the_remembered_system_title_is_told(hass: HomeAssistant, entry: MockConfigEntry):
    await async_save_meter(hass, UNIQUE_ID, StoredMeter(system_title=TITLE))
    assert await MeterReader(hass, entry).async_load() == TITLE


# -- which meter it is, and what it has


async def test_object_list_that_is_remembered_is_not_asked_for(hass: HomeAssistant, reader: MeterReader):
    await known(hass, reader, objects=objects_of(POWER))
    association: Any = Answering()
    await reader.async_identify(association)
    assert CURRENT_OBJECT_LIST not in association.asked_for
    assert names(reader) == [POWER.logical_name]


@pytest.mark.parametrize(("said", "found"), [(octet_string(OTHER_ID.encode()), OTHER_ID), (NOT_NOW, None)])
async def test_another_meter_and_one_that_does_not_say_which_it_is_are_wrong(
    reader: MeterReader, said: Data | DataAccessError, found: str | None
):
    association: Any = Answering({NAME_ATTRIBUTE: said})
    with pytest.raises(WrongMeter) as wrong:
        await reader.async_identify(association)
    assert (wrong.value.expected, wrong.value.found) == (UNIQUE_ID, found)
    assert reader.identity is None


async def test_what_else_the_meter_says_of_itself_is_kept(reader: MeterReader):
    sap_list = AttributeDescriptor(17, LogicalName.parse("0.0.41.0.0.255"), 2)
    mbus = AttributeDescriptor(72, LogicalName.parse("0.2.24.1.0.255"), 9)
    await identified(
        reader,
        {
            CURRENT_OBJECT_LIST: object_list(sap_list, mbus),
            sap_list: array(structure(long_unsigned(1), octet_string(b"A"))),
            mbus: unsigned(7),
        },
    )
    assert reader.logical_devices == ((1, b"A"),)
    assert reader.mbus_device_types == {2: 7}


@pytest.mark.parametrize("readable", [True, False], ids=["its list", "no list"])
async def test_an_adopted_meter_brings_its_own_objects_as_far_as_it_tells(
    hass: HomeAssistant, entry: MockConfigEntry, reader: MeterReader, readable: bool
):
    await known(hass, reader, objects=objects_of(POWER), scaler_units={unit_of(POWER): ScalerUnit(3, 27)}, firmware="1")
    issues_of(hass, entry).accepted_replacement = AcceptedReplacement(OTHER_ID)
    await identified(reader, {CURRENT_OBJECT_LIST: object_list(TEXT)} if readable else None, name=OTHER_ID)
    assert entry.unique_id == OTHER_ID
    assert names(reader) == [(TEXT if readable else POWER).logical_name]
    assert reader._units.known == {}


async def test_an_adopted_meter_takes_the_entity_of_authenticity_too(
    hass: HomeAssistant, entry: MockConfigEntry, reader: MeterReader
):
    registry = er.async_get(hass)
    entity = registry.async_get_or_create("sensor", DOMAIN, f"{UNIQUE_ID}_authenticity", config_entry=entry)
    issues_of(hass, entry).accepted_replacement = AcceptedReplacement(OTHER_ID)
    await identified(reader, name=OTHER_ID)
    moved = registry.async_get(entity.entity_id)
    assert moved is not None
    assert moved.unique_id == f"{OTHER_ID}_authenticity"


async def test_the_counters_of_an_adopted_meter_are_not_those_of_the_one_before(
    hass: HomeAssistant, entry: MockConfigEntry, reader: MeterReader
):
    energy = AttributeDescriptor(3, LogicalName.parse("1.0.1.8.0.255"), 2)
    watt_hours = structure(integer(0), enum(30))
    association = await identified(reader, {energy: unsigned(200), unit_of(energy): watt_hours})
    assert not (await reader.async_read(association, [energy])).withheld
    await reader.async_close()
    assert await CountedStore(hass, UNIQUE_ID).async_load()
    issues_of(hass, entry).accepted_replacement = AcceptedReplacement(OTHER_ID)
    association = await identified(reader, {energy: unsigned(3), unit_of(energy): watt_hours}, name=OTHER_ID)
    readings = await reader.async_read(association, [energy])
    assert not readings.withheld
    assert readings.values[energy].number == 3
    assert not await CountedStore(hass, UNIQUE_ID).async_load(), "nobody needs them any more"


@pytest.mark.parametrize("unique_id", [OTHER_ID, None])
async def test_nobody_adopts_a_meter_that_does_not_say_which_it_is(
    hass: HomeAssistant, entry: MockConfigEntry, reader: MeterReader, unique_id: str | None
):
    issues_of(hass, entry).accepted_replacement = AcceptedReplacement(unique_id)
    with pytest.raises(WrongMeter):
        await identified(reader, {NAME_ATTRIBUTE: NOT_NOW})
    assert entry.unique_id == UNIQUE_ID


@pytest.mark.parametrize(
    ("before", "now", "anew"),
    [("1", "2", True), ("1", "1", False), ("1", None, False), (None, "2", False), (None, None, False)],
)
async def test_another_firmware_alone_brings_objects_and_units_anew(
    hass: HomeAssistant, reader: MeterReader, before: str | None, now: str | None, anew: bool
):
    """One poll in which the firmware cannot be read says nothing about it."""
    units = {unit_of(POWER): ScalerUnit(3, 27)}
    firmware, *_ = FIRMWARE_ATTRIBUTES
    await known(hass, reader, objects=objects_of(POWER, firmware), scaler_units=units, firmware=before)
    answers: Answers = {CURRENT_OBJECT_LIST: object_list(TEXT)}
    if now is not None:
        answers[firmware] = visible_string(now)
    await identified(reader, answers)
    assert (reader._units.known == {}) is anew
    assert (TEXT.logical_name in names(reader)) is anew


async def test_another_firmware_with_an_unreadable_list_leaves_the_objects(hass: HomeAssistant, reader: MeterReader):
    firmware, *_ = FIRMWARE_ATTRIBUTES
    await known(hass, reader, objects=objects_of(POWER, firmware), firmware="1")
    await identified(reader, {firmware: visible_string("2")})
    assert names(reader) == [POWER.logical_name, firmware.logical_name]


# -- again


async def test_before_something_is_done_the_meter_is_asked_even_if_it_was_just_verified(reader: MeterReader):
    association: Any = Answering()
    await reader.async_verify(association)  # nothing was known: this identifies
    assert reader.identity is not None
    association.asked.clear()
    await reader.async_verify(association)
    assert association.asked == [[NAME_ATTRIBUTE]]
    association.answers[NAME_ATTRIBUTE] = octet_string(OTHER_ID.encode())
    with pytest.raises(WrongMeter):
        await reader.async_verify(association)


async def test_each_association_is_asked_once_which_meter_it_is(reader: MeterReader):
    association = await identified(reader, {TEXT: unsigned(7)})
    await reader.async_read(association, [TEXT])
    assert association.asked == [[TEXT]]
    another: Any = Answering({TEXT: unsigned(8)})
    for _ in range(2):
        await reader.async_read(another, [TEXT])
    assert another.asked == [[NAME_ATTRIBUTE, TEXT], [TEXT]]


# -- what is asked for


async def test_trial_11_each_poll_asks_for_the_same_in_the_same_order_units_last(reader: MeterReader):
    """So no unit is older than a value that it belongs to."""
    association = await identified(reader)
    await reader.async_read(association, set(REGISTERS))
    assert association.asked == [[*REGISTERS, *map(unit_of, REGISTERS)]]


@pytest.mark.parametrize("code", [3, 4, 9, 12, 13])
async def test_trial_12_what_is_refused_in_three_associations_is_not_asked_for_again(reader: MeterReader, code: int):
    answers: Answers = {TEXT: DataAccessError(code), CLOCK: NULL}
    await identified(reader, answers)
    for _ in range(3):
        assert not reader.is_refused(TEXT)
        association: Any = Answering(answers)
        readings = await reader.async_read(association, [TEXT, CLOCK])
        assert readings.values[TEXT] == Reading()
    assert reader.is_refused(TEXT)
    assert reader.refusals.lasting() == {TEXT: DataAccessError(code).name}
    readings = await reader.async_read(association, [TEXT, CLOCK])
    assert association.asked[1:] == [[CLOCK]]
    assert TEXT not in readings.values


@pytest.mark.parametrize("code", [1, 2, 11, 14, 15, 16, 17, 18, 19, 250])
async def test_what_is_refused_this_time_is_asked_for_again(reader: MeterReader, code: int):
    answers: Answers = {TEXT: DataAccessError(code), unit_of(POWER): DataAccessError(code)}
    await identified(reader, answers)
    for _ in range(4):
        association: Any = Answering(answers)
        readings = await reader.async_read(association, [TEXT, POWER])
        assert readings.values == {TEXT: Reading(), POWER: Reading(unit_missing=True)}
        assert association.asked == [[NAME_ATTRIBUTE, TEXT, POWER, unit_of(POWER)]]
    assert reader.refusals.lasting() == {}


async def test_trial_12_a_unit_that_was_read_between_two_refusals_is_not_refused(reader: MeterReader):
    await identified(reader)
    denied = DataAccessError(3)
    for answer in (denied, denied, thousandths(0), denied, denied):
        association: Any = Answering({POWER: unsigned(200), unit_of(POWER): answer})
        reader._units = ScalerUnits(reader._units.known)  # as after a while: it is read again
        await reader.async_read(association, [POWER])
        assert not reader.is_refused(POWER)


def thousandths(scaler: int) -> Data:
    return structure(integer(scaler), enum(27))


async def test_trial_11_a_value_around_the_change_of_its_scaler_is_read_again(reader: MeterReader):
    answers = {attribute: unsigned(200) for attribute in REGISTERS} | {unit_of(each): WATTS for each in REGISTERS}
    association = await identified(reader, answers)
    await reader.async_read(association, REGISTERS)
    last = REGISTERS[-1]
    association.answers |= {last: unsigned(20), unit_of(last): thousandths(0)}
    association.asked.clear()
    readings = await reader.async_read(association, REGISTERS)
    assert readings.values[last].number == 20
    # all values with two units in turn, the scaler because of the power of ten, and both once more because it changed
    in_turn = [unit_of(each) for each in REGISTERS[:2]]
    assert association.asked == [[*REGISTERS, *in_turn], [unit_of(last)], [last, unit_of(last)]]


class ChangesItsScaler(Answering):
    """From the second reading on it has another scaler; the value that is read again is another one, or it hangs up."""

    again: Data | None = None

    async def get_many(self, attributes: Iterable[AttributeDescriptor]) -> list[Data | DataAccessError]:
        asked = list(attributes)
        if POWER in asked and self.asked:
            if self.again is None:
                raise ConnectionLost
            self.answers[POWER] = self.again
        return await super().get_many(asked)


@pytest.mark.parametrize(("again", "number"), [(unsigned(21), 21), (None, None)], ids=["read again", "hung up"])
async def test_trial_11_only_what_is_read_again_counts_after_the_change_of_a_scaler(
    reader: MeterReader, again: Data | None, number: int | None
):
    await reader.async_read(await identified(reader, {POWER: unsigned(200), unit_of(POWER): WATTS}), [POWER])
    association: Any = ChangesItsScaler({POWER: unsigned(20), unit_of(POWER): thousandths(0)})
    association.again = again
    reader._verified = association
    readings = await reader.async_read(association, [POWER])
    assert readings.values[POWER].number == number


async def test_trial_11_units_that_change_together_are_read_in_the_same_order_each_time(reader: MeterReader):
    answers = {attribute: unsigned(200) for attribute in REGISTERS} | {unit_of(each): WATTS for each in REGISTERS}
    association = await identified(reader, answers)
    await reader.async_read(association, REGISTERS)
    for attribute in REGISTERS:
        association.answers |= {attribute: unsigned(20), unit_of(attribute): thousandths(0)}
    association.asked.clear()
    await reader.async_read(association, REGISTERS)
    units = [unit_of(each) for each in REGISTERS]
    assert association.asked == [[*REGISTERS, *units[:2]], units[2:], [*REGISTERS, *units]]


async def test_trial_11_while_the_scaler_keeps_changing_there_is_no_value(reader: MeterReader):
    scalers = iter(range(5))

    class Restless(Answering):
        async def get_many(self, attributes: Iterable[AttributeDescriptor]) -> list[Data | DataAccessError]:
            self.answers[unit_of(POWER)] = thousandths(next(scalers))
            return await super().get_many(attributes)

    await identified(reader)
    association: Any = Restless({POWER: unsigned(200)})
    await reader.async_read(association, [POWER])
    association.answers[POWER] = unsigned(20)
    readings = await reader.async_read(association, [POWER])
    assert readings.values[POWER].number is None


@pytest.mark.parametrize(("number", "expected"), [(190, 190), (20, None)], ids=["near", "a power of ten away"])
async def test_trial_11_a_refused_scaler_leaves_the_last_one_unless_it_is_doubted(
    reader: MeterReader, number: int, expected: int | None
):
    association = await identified(reader, {POWER: unsigned(200), unit_of(POWER): thousandths(0)})
    await reader.async_read(association, [POWER])
    association.answers |= {POWER: unsigned(number), unit_of(POWER): NOT_NOW}
    readings = await reader.async_read(association, [POWER])
    assert readings.values[POWER].number == expected
    association.answers |= {POWER: unsigned(number + 1), unit_of(POWER): thousandths(0)}
    readings = await reader.async_read(association, [POWER])
    assert readings.values[POWER].number == number + 1


async def test_trial_11_a_remembered_scaler_alone_is_no_scaler_after_a_start(hass: HomeAssistant, reader: MeterReader):
    await known(hass, reader, objects=objects_of(POWER), scaler_units={unit_of(POWER): ScalerUnit(3, 27)})
    association = await identified(reader, {POWER: unsigned(200), unit_of(POWER): NOT_NOW})
    readings = await reader.async_read(association, [POWER])
    assert readings.values[POWER] == Reading(value=unsigned(200), scaler_unit=ScalerUnit(3, 27), unit_missing=True)


class HangsUp(Answering):
    """A meter that ends the connection when it is asked for one attribute."""

    at: AttributeDescriptor

    async def get_many(self, attributes: Iterable[AttributeDescriptor]) -> list[Data | DataAccessError]:
        answers = await super().get_many(attributes)
        if self.asked[-1] and self.at in self.asked[-1] and len(self.asked) > 1:
            raise ConnectionLost
        return answers


async def test_a_meter_that_hangs_up_at_a_question_besides_has_answered_the_others(reader: MeterReader):
    answers = {attribute: unsigned(200) for attribute in REGISTERS} | {unit_of(each): WATTS for each in REGISTERS}
    association: Any = HangsUp({NAME_ATTRIBUTE: octet_string(UNIQUE_ID.encode()), **answers})
    last = association.at = REGISTERS[-1]
    association.at = AttributeDescriptor(1, last.logical_name, 1)
    await reader.async_identify(association)
    await reader.async_read(association, REGISTERS)
    association.answers[last] = unsigned(20)
    association.at = unit_of(last)
    readings = await reader.async_read(association, REGISTERS)
    assert readings.values[POWER].number == 20
    assert readings.values[last].number is None


async def test_null_data_is_no_value(reader: MeterReader):
    association = await identified(reader, {TEXT: NULL, CLOCK: array()})
    readings = await reader.async_read(association, [TEXT, CLOCK])
    assert readings.values == {TEXT: Reading(), CLOCK: Reading(value=array())}


async def test_units_are_read_but_for_those_that_are_known_or_refused(reader: MeterReader):
    association = await identified(reader, {unit_of(attribute): WATTS for attribute in REGISTERS})
    for number in range(3):
        reader.refusals.note(unit_of(POWER), "refused", number, 0.0)
    await reader.async_read_units(association, [POWER])
    assert association.asked == []
    reader.refusals.forget(unit_of(POWER))
    await reader.async_read_units(association, REGISTERS)
    units = [unit_of(each) for each in REGISTERS]
    assert association.asked == [units]
    assert reader._units.known == {unit_of(attribute): ScalerUnit(-1, 27) for attribute in REGISTERS}
    await reader.async_read_units(association, REGISTERS)
    assert len(association.asked) == 1


# -- what is remembered


@pytest.mark.parametrize(("before", "now", "remembered"), [("1", "2", "2"), ("1", None, "1"), (None, "2", "2")])
async def test_what_was_learned_is_written_once(
    hass: HomeAssistant, reader: MeterReader, before: str | None, now: str | None, remembered: str
):
    firmware, *_ = FIRMWARE_ATTRIBUTES
    await known(hass, reader, firmware=before)
    answers: Answers = {CURRENT_OBJECT_LIST: object_list(POWER, firmware), unit_of(POWER): WATTS}
    association = await identified(reader, answers | ({firmware: visible_string(now)} if now else {}))
    await reader.async_read(association, [POWER])
    await reader.async_save(TITLE, {})
    meter = await async_load_meter(hass, UNIQUE_ID)
    assert [element.logical_name for element in meter.objects] == [POWER.logical_name, firmware.logical_name]
    assert meter.scaler_units == {unit_of(POWER): ScalerUnit(-1, 27)}
    assert (meter.firmware, meter.system_title) == (remembered, TITLE)
    with patch("custom_components.cosem.meter.reader.async_save_meter", AsyncMock()) as save:
        await reader.async_save(TITLE, {})
        assert not save.called
        await reader.async_save(bytes(8), {})
        assert save.call_count == 1
        await reader.async_save(bytes(8), {POWER.logical_name: ProfileWays(proven=ProfileWay.RANGE)})
        await reader.async_save(bytes(8), {POWER.logical_name: ProfileWays(proven=ProfileWay.RANGE)})
        assert save.call_count == 2


async def test_trial_04_what_a_meter_does_differently_is_kept(hass: HomeAssistant, reader: MeterReader):
    assert reader.ways == MeterWays()
    await known(hass, reader, ways=MeterWays(proof_form=ProofForm(), leniencies=frozenset({"surplus_services"})))
    assert reader.ways.proof_form == ProofForm()
    association = await identified(reader, {CURRENT_OBJECT_LIST: object_list(POWER)})
    association.proof_form = ProofForm(under_global_key=True)
    association.leniencies = frozenset({Leniency.BLOCKS_FROM_0})
    ways = MeterWays(proof_form=association.proof_form, leniencies=frozenset({"surplus_services", "blocks_from_0"}))
    assert reader.ways == ways
    await reader.async_save(TITLE, {})
    assert (await async_load_meter(hass, UNIQUE_ID)).ways == ways


def test_what_has_no_unit_lacks_none(reader: MeterReader):
    assert not reader.reading(CLOCK).unit_missing


# -- at which moment


@pytest.mark.parametrize(
    ("seconds", "asked", "moment"),
    [
        (2.0, [[TEXT, CLOCK]], 1.0),
        (2.5, [[TEXT, CLOCK], [CLOCK]], 3.75),  # the clock once more, alone: which moment the first was is not known
    ],
)
async def test_the_moment_of_a_clock_is_the_middle_of_a_read_that_is_quick_enough(
    reader: MeterReader, freezer: FrozenDateTimeFactory, seconds: float, asked: Any, moment: float
):
    association = await identified(reader, {TEXT: unsigned(7)}, seconds=seconds)
    times = iter((unsigned(1), unsigned(2)))

    async def get_many(attributes: list[AttributeDescriptor]) -> list[Data | DataAccessError]:
        association.answers[CLOCK] = next(times)
        return await Answering.get_many(association, attributes)

    began = dt_util.utcnow()
    with patch.object(association, "get_many", get_many):
        readings = await reader.async_read(association, [CLOCK, TEXT])
    assert association.asked == asked
    assert readings.clock_read_at == began + timedelta(seconds=moment)
    assert readings.values == {
        TEXT: Reading(value=unsigned(7)),
        CLOCK: Reading(value=unsigned(len(asked))),
    }


@pytest.mark.parametrize("wanted", [[CLOCK], [TEXT]], ids=["only a clock", "no clock"])
async def test_nothing_is_asked_twice_where_there_is_no_doubt(
    reader: MeterReader, freezer: FrozenDateTimeFactory, wanted: list[AttributeDescriptor]
):
    association = await identified(reader, seconds=10)
    began = dt_util.utcnow()
    readings = await reader.async_read(association, wanted)
    assert association.asked == [wanted]
    assert readings.clock_read_at == began + timedelta(seconds=5)
