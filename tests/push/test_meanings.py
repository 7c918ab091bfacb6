"""What happened: by event codes, by alarm bits, by the class of an object, or something else."""

import pytest

from custom_components.cosem.dlms import Data, DataType, LogicalName, PushedValue, PushedValues
from custom_components.cosem.dlms.interface_classes.pushed_values import PushForm
from custom_components.cosem.push.event_codes import CODE_TABLES, NO_TABLE
from custom_components.cosem.push.meanings import MOST_EVENTS, MOST_NAMES, Meaning, Meanings

CODES = "0.0.96.11.0.255"
ALARMS = "0.0.97.98.0.255"


def pushed(*values: PushedValue) -> PushedValues:
    return PushedValues(form=PushForm.ATTRIBUTE, values=values)


def value(name: str | None, number: int, class_id: int | None = 1, attribute: int | None = 2) -> PushedValue:
    logical_name = None if name is None else LogicalName.parse(name)
    return PushedValue(logical_name, class_id, attribute, Data(DataType.DOUBLE_LONG_UNSIGNED, number))


def of(*values: PushedValue, is_event: bool = True, table=CODE_TABLES["idis"]) -> list[tuple]:
    found = Meanings(table).of(pushed(*values), is_event=is_event)
    return [(meaning.event_type, meaning.code, meaning.text) for meaning in found]


@pytest.mark.parametrize(
    ("code", "told"),
    [(1, ("power_down", 1, "Power down")), (41, ("other", 41, "Terminal cover closed")), (200, ("other", 200, None))],
)
def test_an_event_code_tells(code: int, told: tuple):
    assert of(value(CODES, code)) == [told]
    assert of(value(CODES, code), is_event=False) == [told]


def test_a_code_that_no_file_can_hold_is_none():
    huge = PushedValue(LogicalName.parse(CODES), 1, 2, Data(DataType.FLOAT64, 1e300))
    assert of(huge) == [("other", None, None)]
    assert of(value(CODES, 2**32 - 1)) == [("other", 2**32 - 1, None)]


def test_a_code_without_a_table_stays_a_number():
    assert of(value(CODES, 1), table=NO_TABLE) == [("other", 1, None)]


def test_each_alarm_bit_is_told():
    assert of(value(ALARMS, 0x2202)) == [
        ("battery", 1, "Replace battery"),
        ("other", 9, "RAM error"),
        ("tamper", 13, "Fraud attempt"),
    ]
    assert of(value("0.0.97.98.1.255", 0x02)) == [("other", 1, "Bit 1")]
    assert of(value(ALARMS, 0)) == [("other", None, None)]


def test_an_alarm_that_stays_on_is_told_once_where_data_are_sent_in_turn():
    meanings = Meanings(CODE_TABLES["idis"])

    def told(bits: int, *, is_event: bool = False) -> list[int | None]:
        return [meaning.code for meaning in meanings.of(pushed(value(ALARMS, bits)), is_event=is_event)]

    assert [told(bits) for bits in (0x02, 0x02, 0x2002, 0x2000, 0x2002)] == [[1], [None], [13], [None], [1]]
    assert told(0x2002, is_event=True) == [1, 13]  # it says so itself


def test_an_event_about_alarms_tells_those_that_came_and_not_again_those_that_stay_on():
    meanings = Meanings(CODE_TABLES["idis"])

    def told(bits: int) -> list[int | None]:
        return [meaning.code for meaning in meanings.of(pushed(value(ALARMS, bits)), is_event=True)]

    assert [told(bits) for bits in (0x02, 0x2002, 0x2202)] == [[1], [13], [9]]
    assert told(0x2202) == [1, 9, 13]  # none is new, so they came again
    assert [told(bits) for bits in (0x2000, 0x2002)] == [[13], [1]]


@pytest.mark.parametrize(
    ("class_id", "event_type"), [(70, "disconnector"), (71, "threshold"), (21, "threshold"), (20, "tariff")]
)
def test_the_class_tells_what_an_event_is_about(class_id: int, event_type: str):
    state = value("0.0.96.3.10.255", 1, class_id, 3)
    assert of(state) == [(event_type, None, None)]
    assert of(state, is_event=False) == [("other", None, None)]


def test_the_active_tariff_tells_only_as_an_event():
    assert of(value("0.0.96.14.0.255", 2)) == [("tariff", None, None)]
    assert of(value("0.0.96.14.0.255", 2), is_event=False) == [("other", None, None)]


def test_without_a_meaning_the_first_value_stands_for_all():
    first, second = value("1.0.1.7.0.255", 1, 3), value("1.0.1.8.0.255", 2, 3)
    assert Meanings(NO_TABLE).of(pushed(first, second), is_event=False) == [Meaning("other", first)]
    assert Meanings(NO_TABLE).of(pushed(), is_event=False) == [Meaning("other", None)]
    assert of(value(None, 1)) == [("other", None, None)]


def test_what_is_no_code_is_none():
    text = PushedValue(LogicalName.parse(CODES), 1, 2, Data(DataType.OCTET_STRING, b"\x01"))
    assert [meaning.code for meaning in Meanings(CODE_TABLES["idis"]).of(pushed(text), is_event=True)] == [None]
    array = PushedValue(LogicalName.parse(ALARMS), 1, 2, Data(DataType.ARRAY, ()))
    assert [meaning.code for meaning in Meanings(CODE_TABLES["idis"]).of(pushed(array), is_event=True)] == [None]


def read(meanings: Meanings, name: str, number: int) -> list[int | None]:
    """Read an alarm register; return the bits that are told."""
    return [meaning.code for meaning in meanings.of_register(value(name, number))]


def test_the_first_reading_of_a_register_tells_nothing_and_then_only_what_comes_on():
    meanings = Meanings(CODE_TABLES["idis"])
    assert [read(meanings, ALARMS, bits) for bits in (0b1, 0b111, 0b10, 0b11)] == [[], [1, 2], [], [0]]


def test_an_alarm_that_was_on_before_a_restart_is_not_told():
    before = Meanings(NO_TABLE)
    read(before, ALARMS, 0b1)
    meanings = Meanings(NO_TABLE)
    meanings.remember(before.alarms, before.states)
    assert read(meanings, ALARMS, 0b11) == [1]


def test_what_came_meanwhile_is_newer_than_what_is_remembered():
    meanings = Meanings(NO_TABLE)
    read(meanings, ALARMS, 0b11)
    meanings.remember({LogicalName.parse(ALARMS): frozenset()}, {})
    assert read(meanings, ALARMS, 0b11) == []


def test_an_alarm_that_was_pushed_is_not_told_again_by_its_register():
    meanings = Meanings(NO_TABLE)
    read(meanings, ALARMS, 0)
    meanings.of(pushed(value(ALARMS, 0b1)), is_event=True)
    assert read(meanings, ALARMS, 0b11) == [1]


def test_nor_is_one_that_its_descriptor_told_but_the_next_one_is():
    meanings = Meanings(NO_TABLE)
    read(meanings, ALARMS, 0)
    meanings.of(pushed(value("0.0.97.98.20.255", 0b1)), is_event=True)
    meanings.of(pushed(value("0.0.97.98.20.255", 0b11)), is_event=True)
    assert [read(meanings, ALARMS, bits) for bits in (0b111, 0, 0b1)] == [[2], [], [0]]


def test_what_is_no_register_tells_nothing():
    meanings = Meanings(NO_TABLE)
    assert meanings.of_register(value(None, 1)) == []
    text = PushedValue(LogicalName.parse(ALARMS), 1, 2, Data(DataType.VISIBLE_STRING, "x"))
    assert meanings.of_register(text) == []


def test_one_notification_tells_no_more_events_than_a_register_has_bits():
    meanings = Meanings(NO_TABLE)
    full = pushed(*(value(f"0.{channel}.97.98.0.255", 0xFFFFFFFF) for channel in range(3)))
    assert len(meanings.of(full, is_event=False)) == MOST_EVENTS
    assert meanings.left_out == 1
    # What was left out was seen, all the same.
    assert [meaning.code for meaning in meanings.of(full, is_event=False)] == [None]
    assert meanings.left_out == 1


def test_alarm_objects_are_remembered_in_bounds_the_last_ones_and_those_that_are_read():
    meanings = Meanings(NO_TABLE)
    read(meanings, ALARMS, 0)
    for name in range(30):
        meanings.of(pushed(*(value(f"0.{channel}.97.98.{name}.255", 1) for channel in range(1, 50))), is_event=False)
    assert len(meanings.alarms) == 1 + MOST_NAMES
    assert len(meanings._described) == MOST_NAMES
    assert LogicalName.parse("0.49.97.98.29.255") in meanings.alarms
    assert read(meanings, ALARMS, 0b1) == [0]


@pytest.mark.parametrize("name", ["0.0.97.98.10.255", "0.0.97.98.30.255", "0.0.97.98.0.0", "0.0.97.98.255.255"])
def test_what_is_no_alarm_object_is_not_remembered(name: str):
    meanings = Meanings(NO_TABLE)
    assert [meaning.code for meaning in meanings.of(pushed(value(name, 1)), is_event=True)] == [None]
    assert meanings.alarms == {}


def sent(meanings: Meanings, *values: PushedValue, is_event: bool = False) -> tuple[str, int | None]:
    """Send values in one notification; return the only thing that it tells."""
    (meaning,) = meanings.of(pushed(*values), is_event=is_event)
    return meaning.event_type, meaning.code


def test_a_code_that_is_sent_in_turn_is_told_when_it_changes():
    meanings = Meanings(CODE_TABLES["idis"])
    power = value("1.0.1.7.0.255", 100, 3)
    down, up, nothing = ("power_down", 1), ("power_up", 2), ("other", None)
    assert [sent(meanings, value(CODES, code), power) for code in (1, 1, 2, 1, 1)] == [down, nothing, up, down, nothing]
    # Each event that the meter tells as such is one.
    assert [sent(meanings, value(CODES, code), is_event=True) for code in (1, 1, 2)] == [down, down, up]
    assert sent(meanings, value(CODES, 2)) == nothing


def test_a_code_that_was_told_before_a_restart_is_not_told_again_by_what_is_sent_in_turn():
    before = Meanings(CODE_TABLES["idis"])
    assert sent(before, value(CODES, 1)) == ("power_down", 1)
    meanings = Meanings(CODE_TABLES["idis"])
    meanings.remember(before.alarms, before.states)
    assert [sent(meanings, value(CODES, code)) for code in (1, 2)] == [("other", None), ("power_up", 2)]
    meanings.remember(before.alarms, before.states)
    assert sent(meanings, value(CODES, 2)) == ("other", None)  # what came meanwhile is newer


def test_a_code_that_was_captured_anew_is_told_again():
    meanings = Meanings(CODE_TABLES["idis"])
    codes = [(value(CODES, 1, 4), value(CODES, second, 4, 5)) for second in (10, 10, 20)]
    assert [sent(meanings, *each)[1] for each in codes] == [1, None, 1]


@pytest.mark.parametrize("attribute", [None, 2])
def test_another_tariff_in_what_is_sent_in_turn_is_an_event(attribute: int | None):
    meanings = Meanings(NO_TABLE)
    told = [sent(meanings, value("0.0.96.14.0.255", tariff, 1, attribute))[0] for tariff in (1, 1, 2, 2, 1)]
    assert told == ["other", "other", "tariff", "other", "tariff"]
    assert sent(meanings, value("0.0.96.14.0.255", 2, 1, attribute), is_event=True)[0] == "tariff"
    assert sent(meanings, value("0.0.96.14.0.255", 2, 1, attribute))[0] == "other"


def test_another_tariff_may_be_a_text():
    tariff = LogicalName.parse("0.0.96.14.0.255")
    meanings = Meanings(NO_TABLE)
    texts = [PushedValue(tariff, 1, 2, Data(DataType.OCTET_STRING, text)) for text in (b"0001", b"0002")]
    nothing = PushedValue(tariff, 1, 2, Data(DataType.NULL_DATA, None))
    assert [sent(meanings, each)[0] for each in (*texts, nothing, texts[1])] == ["other", "tariff", "other", "other"]


def test_another_state_of_the_disconnector_in_what_is_sent_in_turn_is_an_event():
    meanings = Meanings(NO_TABLE)
    disconnector = LogicalName.parse("0.0.96.3.10.255")

    def told(is_closed: bool) -> str:
        return sent(meanings, PushedValue(disconnector, 70, 2, Data(DataType.BOOLEAN, is_closed)))[0]

    assert [told(is_closed) for is_closed in (True, True, False)] == ["other", "other", "disconnector"]
    assert [sent(meanings, value("0.0.96.3.10.255", state, 70, 3))[0] for state in (1, 2)] == ["other", "disconnector"]
    # Its control_mode is no state.
    assert [sent(meanings, value("0.0.96.3.10.255", mode, 70, 4))[0] for mode in (1, 2)] == ["other", "other"]


def test_states_are_remembered_in_bounds():
    meanings = Meanings(NO_TABLE)
    for group_f in range(100):
        meanings.of(pushed(value(f"0.0.96.14.0.{group_f}", 1)), is_event=False)
    assert len(meanings._states) == MOST_NAMES
    assert sent(meanings, value("0.0.96.14.0.99", 2))[0] == "tariff"
