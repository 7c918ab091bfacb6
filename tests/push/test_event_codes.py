"""Tables of codes are what they say, and nothing else is taken for one."""

import json
from typing import Any

import pytest

from custom_components.cosem.push.event_codes import (
    CODE_TABLE_CHOICES,
    CODE_TABLES,
    EVENT_TYPES,
    NO_TABLE,
    CodeMeaning,
    CodeTable,
    code_table_of,
)

GOOD: dict[str, Any] = {
    "name": "Ours",
    "source": "a book",
    "events": [{"code": 1, "type": "power_down", "text": "Power down"}],
    "alarm_bits": [{"bit": 0, "type": "clock"}],
}


def read(**changes: Any) -> CodeTable:
    return CodeTable.from_text(json.dumps({**GOOD, **changes}).encode())


def test_a_table_says_what_codes_and_bits_mean():
    table = read()
    assert (table.name, table.source) == ("Ours", "a book")
    assert table.events == {1: CodeMeaning("power_down", "Power down")}
    assert table.alarm_bits == {0: CodeMeaning("clock")}


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"source": 7},
        {"more": 1},
        {"events": {"1": "power_down"}},
        {"events": [["code", 1]]},
        {"events": [{"code": 1}]},
        {"events": [{"code": 1, "type": "clock", "colour": "red"}]},
        {"events": [{"code": True, "type": "clock"}]},
        {"events": [{"code": -1, "type": "clock"}]},
        {"events": [{"code": 65_536, "type": "clock"}]},
        {"events": [{"code": 1, "type": "clock"}] * 2},
        {"events": [{"code": 1, "type": "party"}]},
        {"events": [{"code": 1, "type": "clock", "text": ""}]},
        {"events": [{"code": 1, "type": "clock", "text": 5}]},
        {"events": [{"code": 1, "type": "clock", "text": "x" * 65}]},
        {"alarm_bits": [{"bit": 64, "type": "clock"}]},
        {"events_of_objects": []},
        {"events_of_objects": {"100": []}},
        {"events_of_objects": {"0": [{"code": 1}]}},
        {"makers": ["ISK"]},
    ],
)
def test_what_is_no_table_is_refused(changes: dict[str, Any]):
    with pytest.raises(ValueError, match=r"^\S"):
        read(**changes)


@pytest.mark.parametrize("text", [b"[]", b"{}", b"no JSON"])
def test_a_file_without_a_table_is_refused(text: bytes):
    with pytest.raises(ValueError, match=r"^\S"):
        CodeTable.from_text(text)


def test_the_tables_of_the_integration_name_their_source():
    assert CODE_TABLES.keys() == {"idis", "spodes"}
    for table in CODE_TABLES.values():
        assert table.source
        assert {meaning.event_type for meaning in table.events.values()} <= set(EVENT_TYPES)
    codes = {code: CODE_TABLES["idis"].events[code].event_type for code in (1, 2, 40, 42, 47, 63, 76, 79, 84)}
    assert codes == {
        1: "power_down",
        2: "power_up",
        40: "cover_opened",
        42: "magnetic_field",
        47: "parameters_changed",
        63: "disconnector",
        76: "voltage_sag",
        79: "voltage_swell",
        84: "phase_lost",
    }


def chosen(preset: str, *makers: str | None, **options: Any) -> str | None:
    """The name of the table for an entry."""
    table = code_table_of({"preset": preset}, options, makers)
    return next((name for name, each in CODE_TABLES.items() if each is table), None)


def test_each_family_has_its_table():
    assert chosen("generic") == chosen("idis_dsmr") == chosen("of tomorrow") == "idis"
    assert chosen("spodes") == "spodes"
    assert NO_TABLE.meaning(0, 1) == CodeMeaning("other")


def test_the_maker_tells_where_nobody_chose_a_family():
    assert chosen("generic", None, "INC") == "spodes"
    assert chosen("generic", "ISK", "INC") == "idis"
    assert chosen("idis_dsmr", "INC") == "idis"
    assert chosen("spodes", "ISK") == "spodes"
    assert chosen("generic", "XYZ") == chosen("generic", "KAM") == chosen("generic", None) == "idis"


def test_what_a_person_chose_counts_most():
    assert chosen("spodes", code_table="idis") == "idis"
    assert chosen("generic", "ISK", code_table="spodes") == "spodes"
    assert chosen("spodes", code_table="automatic") == "spodes"
    assert chosen("spodes", code_table="of tomorrow") == "spodes"
    assert code_table_of({"preset": "spodes"}, {"code_table": "none"}) is NO_TABLE
    assert CODE_TABLE_CHOICES == ("automatic", "idis", "spodes", "none")


def test_an_object_may_have_codes_of_its_own():
    table = read(events_of_objects={"2": [{"code": 1, "type": "tamper"}]})
    assert [table.meaning(number, 1).event_type for number in (0, 2)] == ["power_down", "tamper"]
    assert table.meaning(2, 7) == CodeMeaning("other")


@pytest.mark.parametrize(
    ("event_object", "code", "event_type"),
    [
        (0, 1, "phase_lost"),
        (0, 17, "voltage_swell"),
        (0, 23, "voltage_sag"),
        (1, 31, "tamper"),
        (2, 1, "power_down"),
        (2, 2, "power_up"),
        (2, 8, "disconnector"),
        (3, 3, "clock"),
        (3, 9, "tariff"),
        (3, 14, "parameters_changed"),
        (4, 1, "magnetic_field"),
        (4, 3, "cover_opened"),
        (6, 1, "tamper"),
        (7, 5, "clock"),
        (8, 1, "other"),
        (9, 1, "other"),
    ],
)
def test_spodes_codes_mean_what_their_object_says(event_object: int, code: int, event_type: str):
    assert CODE_TABLES["spodes"].meaning(event_object, code).event_type == event_type
