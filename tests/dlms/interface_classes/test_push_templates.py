"""Templates of makers: their files keep the schema, and they match exactly or not at all."""

import json
from pathlib import Path

import pytest

from custom_components.cosem.dlms.encoding.data import (
    Data,
    enum,
    long_unsigned,
    octet_string,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import LocalProtocolError
from custom_components.cosem.dlms.interface_classes import push_templates
from custom_components.cosem.dlms.interface_classes.push_templates import (
    FILES,
    MAX_ELEMENTS,
    MAX_FILE,
    PUSH_TEMPLATES,
    PositionalTemplate,
    SequenceTemplate,
    decode_templates,
    templates_of,
)
from custom_components.cosem.dlms.interface_classes.pushed_rows import read_sequence
from custom_components.cosem.dlms.interface_classes.register import ScalerUnit
from custom_components.cosem.dlms.interface_classes.units import UNITS
from tests.dlms.interface_classes.pushed_tools import IMPORT, NOON, NUMBER, POWER, WATT, named

FOLDER = Path(push_templates.__file__).parent / "templates"
LONG = {"type": "double-long-unsigned"}


def file_of(*templates: object, source: object = "a test") -> str:
    return json.dumps({"source": source, "templates": list(templates)})


def one(**fields: object) -> PositionalTemplate | SequenceTemplate:
    (template,) = decode_templates(file_of({"name": "one", **fields}))
    return template


# --- The files


def test_every_file_is_read_and_every_name_is_a_file():
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_each_file_keeps_the_schema_and_names_its_source(name):
    text = (FOLDER / name).read_text("utf-8")
    templates = decode_templates(text)
    content = json.loads(text)
    assert len(content["source"]) > 30
    assert [template.name for template in templates] == [entry["name"] for entry in content["templates"]]


def test_names_are_unique_for_each_maker():
    for maker in (None, "KFM", "SMS", "ISK", "LGZ"):
        names = [template.name for template in templates_of(maker)]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("template", templates_of("KFM") + templates_of("LGZ"), ids=lambda template: template.name)
def test_units_of_templates_exist_and_positions_are_named(template):
    if isinstance(template, PositionalTemplate):
        assert all(element.logical_name is not None for element in template.elements)
        units = {element.scaler_unit for element in template.elements if element.scaler_unit is not None}
    else:
        units = set(template.scaler_units.values())
    assert {unit.unit for unit in units} <= UNITS.keys()


def test_a_template_without_a_mark_of_its_own_needs_a_maker():
    for template in PUSH_TEMPLATES:
        assert not template.makers
        if isinstance(template, PositionalTemplate):
            assert any(element.starts_with for element in template.elements), template.name


def test_who_knows_the_maker_gets_more():
    assert templates_of(None) == PUSH_TEMPLATES
    assert templates_of("XYZ") == PUSH_TEMPLATES
    more = [template for template in templates_of("KFM") if template not in PUSH_TEMPLATES]
    assert [template.name for template in more] == ["Kaifa KFM_001 list 1"]
    assert all("LGZ" in template.makers for template in templates_of("LGZ") if template not in PUSH_TEMPLATES)
    assert len(templates_of("LGZ")) == len(PUSH_TEMPLATES) + 2


# --- The schema


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "{",
        '{"source": "x", "templates": []}',
        '{"templates": [{"name": "a", "elements": [{"type": "enum"}]}]}',
        file_of(),
        file_of({"name": "a", "elements": [LONG]}, source=""),
        file_of({"name": "a", "elements": [LONG]}, source=1),
        file_of({"name": "a", "elements": [LONG], "colour": "red"}),
        file_of({"name": "", "elements": [LONG]}),
        file_of({"name": "a"}),
        file_of({"name": "a", "elements": [LONG], "sequence": {}}),
        file_of({"name": "a", "elements": []}),
        file_of({"name": "a", "elements": LONG}),
        file_of({"name": "a", "elements": [LONG] * (MAX_ELEMENTS + 1)}),
        file_of({"name": "a", "makers": ["kfm"], "elements": [LONG]}),
        file_of({"name": "a", "makers": ["KFMX"], "elements": [LONG]}),
        file_of({"name": "a", "makers": [1], "elements": [LONG]}),
        file_of({"name": "a", "makers": [], "elements": [LONG]}),
        file_of({"name": "a", "makers": "KFM", "elements": [LONG]}),
        file_of({"name": "a", "elements": [{}]}),
        file_of({"name": "a", "elements": [{"type": "float"}]}),
        file_of({"name": "a", "elements": [{**LONG, "unit": 27}]}),
        file_of({"name": "a", "elements": [{**LONG, "length": 300}]}),
        file_of({"name": "a", "elements": [{**LONG, "class_id": "3"}]}),
        file_of({"name": "a", "elements": [{**LONG, "class_id": True}]}),
        file_of({"name": "a", "elements": [{**LONG, "attribute_index": 200}]}),
        file_of({"name": "a", "elements": [{**LONG, "logical_name": "1.0.1.8.0.256"}]}),
        file_of({"name": "a", "elements": [{**LONG, "scaler_unit": [0]}]}),
        file_of({"name": "a", "elements": [{**LONG, "scaler_unit": [99, 27]}]}),
        file_of({"name": "a", "elements": [{**LONG, "scaler_unit": [0, 0]}]}),
        file_of({"name": "a", "sequence": {"elements": 35}}),
        file_of({"name": "a", "sequence": {"count": MAX_ELEMENTS + 1}}),
        file_of({"name": "a", "sequence": {"marks": []}}),
        file_of({"name": "a", "sequence": {"marks": LONG}}),
        file_of({"name": "a", "sequence": {"scaler_units": [0, 27]}}),
        file_of({"name": "a", "sequence": {"scaler_units": {"x": [0, 27]}}}),
        file_of({"name": "a", "sequence": {"scaler_units": {f"1.0.{c}.7.0.255": [0, 27] for c in range(101)}}}),
        "[" * (MAX_FILE + 1),
        "[" * 50_000,
    ],
    ids=lambda document: document[-60:],
)
def test_what_the_schema_does_not_have_is_refused(document):
    with pytest.raises(LocalProtocolError):
        decode_templates(document)


# --- Positions


@pytest.mark.parametrize(
    ("element", "fits", "does_not"),
    [
        (LONG, NUMBER, long_unsigned(7)),
        ({"type": "enum", "number": 1}, enum(1), enum(2)),
        ({"type": "octet-string", "length": 3}, octet_string(b"abc"), octet_string(b"ab")),
        ({"type": "octet-string", "length": 3}, octet_string(b"abc"), visible_string("abc")),
        ({"type": "visible-string", "starts_with": "KFM_"}, visible_string("KFM_001"), visible_string("KFM")),
        ({"type": "octet-string", "digits": True}, octet_string(b"0123"), octet_string(b"01 3")),
        ({"type": "octet-string", "digits": True}, octet_string(b"0"), octet_string(b"")),
        ({"type": "octet-string", "time": True}, NOON, octet_string(b"012345678901")),
    ],
)
def test_a_position_matches_exactly(element, fits, does_not):
    template = one(elements=[{**element, "logical_name": "1.0.1.8.0.255"}])
    (value,) = template.read((fits,))
    assert (value.logical_name, value.value) == (IMPORT, fits)
    assert template.read((does_not,)) is None
    assert template.read((fits, fits)) is template.read(()) is None


def test_positions_have_what_the_template_says_of_them():
    constant, value = {"type": "enum", "number": 1}, {**LONG, "logical_name": "1.0.1.7.0.255"}
    template = one(elements=[constant, {**value, "class_id": 3, "attribute_index": 2, "scaler_unit": [-1, 27]}])
    (found,) = template.read((enum(1), NUMBER))
    assert (found.logical_name, found.class_id, found.attribute_index) == (POWER, 3, 2)
    assert found.scaler_unit == ScalerUnit(-1, 27)
    assert found.data_index == 0


# --- Sequences


def read(template: SequenceTemplate, *elements: Data) -> list[tuple[str, ScalerUnit | None]] | None:
    sequence = read_sequence(elements)
    values = template.read(sequence, len(elements))
    return None if values is None else [(str(value.logical_name), value.scaler_unit) for value in values]


PAIRS = (named(POWER), NUMBER, named(IMPORT), NUMBER)
NAMES = [("1.0.1.7.0.255", None), ("1.0.1.8.0.255", None)]


def test_what_stands_in_front_and_behind_gets_its_name():
    first = {"type": "visible-string", "starts_with": "LIST", "logical_name": "1.1.0.2.129.255"}
    last = {"type": "octet-string", "logical_name": "0.0.96.1.0.255"}
    template = one(sequence={"first": first, "last": last})
    found = read(template, visible_string("LIST_1"), *PAIRS, octet_string(b"1234"))
    assert found == [("1.1.0.2.129.255", None), *NAMES, ("0.0.96.1.0.255", None)]
    assert read(template, visible_string("LISA_1"), *PAIRS, octet_string(b"1234")) is None
    assert read(template, visible_string("LIST_1"), *PAIRS) is None
    assert read(template, *PAIRS, octet_string(b"1234")) is None
    assert read(template, *PAIRS) is None


def test_nothing_stands_where_the_template_has_nothing():
    template = one(sequence={})
    assert read(template, *PAIRS) == NAMES
    assert read(template, visible_string("LIST_1"), *PAIRS) is None
    assert read(template, *PAIRS, visible_string("1234")) is None


def test_a_constant_in_front_says_nothing():
    template = one(sequence={"first": {"type": "enum", "number": 1}})
    assert read(template, enum(1), *PAIRS) == NAMES
    assert read(template, enum(2), *PAIRS) is None


def test_a_count_is_that_of_the_body():
    assert read(one(sequence={"count": 4}), *PAIRS) == NAMES
    assert read(one(sequence={"count": 5}), *PAIRS) is None


def test_a_mark_is_a_value_with_its_name():
    mark = {"type": "octet-string", "starts_with": "KFM_", "logical_name": "1.1.0.2.129.255"}
    other = {**mark, "logical_name": "1.0.0.2.129.255"}
    template = one(sequence={"marks": [mark, other]})
    version, elsewhere = LogicalName.parse("1.1.0.2.129.255"), LogicalName.parse("1.0.0.2.129.255")
    assert read(template, named(version), octet_string(b"KFM_001"), *PAIRS) == [(str(version), None), *NAMES]
    assert read(template, named(elsewhere), octet_string(b"KFM_001"), *PAIRS) == [(str(elsewhere), None), *NAMES]
    assert read(template, named(version), octet_string(b"XFM_001"), *PAIRS) is None
    assert read(template, named(IMPORT), octet_string(b"KFM_001"), *PAIRS) is None


def test_units_are_those_of_values_without_one():
    template = one(sequence={"scaler_units": {"1.0.1.7.0.255": [-2, 33], "1.0.1.8.0.255": [3, 30]}})
    sent = ScalerUnit(0, 27)
    assert read(template, named(POWER), NUMBER, WATT, named(IMPORT), NUMBER) == [
        ("1.0.1.7.0.255", sent),
        ("1.0.1.8.0.255", ScalerUnit(3, 30)),
    ]
