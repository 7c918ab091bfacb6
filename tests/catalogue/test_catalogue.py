"""The catalogue as a whole: everything that it can say has a name, and nothing is left over."""

from collections.abc import Iterator
import re

import pytest

from custom_components.cosem.catalogue import describe_attribute, sensor_attributes
from custom_components.cosem.catalogue.abstract import MBUS_MEDIA
from custom_components.cosem.dlms import LogicalName, ScalerUnit

from .catalogue_tools import (
    CELSIUS,
    DEGREE,
    ICONS,
    KELVIN,
    M3,
    NAMES,
    NONE,
    NOT_OF_THE_CATALOGUE,
    PERCENT,
    VAH,
    WH,
    V,
    W,
    describe,
    name_of,
)
from .samples import DATA_OBJECTS, REGISTERS


def _every_code() -> Iterator[LogicalName]:
    """Yield codes that reach every row of every theme, with channels, tariffs and billing periods."""
    tails = [(0, 255), (2, 255), (0, 101), (0, 102), (0, 5), (0, 126), (2, 101), (70, 255)]
    for a in (1, 4, 5, 6, 7, 8, 9, 15):
        for c in range(1, 129):
            for d in [*range(60), 63, 83]:
                for e in (0, 1, 4, 64, 124, 125, 126, 127) if a == 1 else (0, 1, 12):
                    for b, f in tails if e < 2 or e >= 124 else tails[:1]:
                        yield LogicalName(bytes((a, b, c, d, e, f)))
    for b in (0, 2):
        for e in (1, 2):
            yield LogicalName(bytes((1, b, 0, 9, e, 255)))
    for c, ds in (
        (0, range(10)),
        (1, range(3)),
        (19, range(49, 61)),
        (24, (2,)),
        (43, (1,)),
        (96, range(21)),
        (97, (97, 98)),
    ):
        for d in ds:
            for e in range(65):
                for a, b, f in ((0, 0, 255), (0, 2, 255), (0, 0, 101), (1, 0, 255)):
                    yield LogicalName(bytes((a, b, c, d, e, f)))


@pytest.fixture(scope="module")
def descriptions() -> dict[str, list]:
    """Return translation key -> distinct descriptions, over many codes and every unit that makes sense for any."""
    units = [None, *(ScalerUnit(-1, code) for code in (W, WH, V, M3, CELSIUS, KELVIN, PERCENT, DEGREE, NONE))]
    found: dict[str, set[tuple]] = {}
    result: dict[str, list] = {}

    def add(description) -> None:
        if description is None:
            return
        placeholders = tuple(description.placeholders)
        seen = found.setdefault(description.translation_key, set())
        if placeholders not in seen:
            seen.add(placeholders)
            result.setdefault(description.translation_key, []).append(description)

    for number, logical_name in enumerate(_every_code()):
        add(describe_attribute(3, logical_name, 2, units[number % len(units)]))
        if logical_name.d in {6, 26}:
            add(describe_attribute(4, logical_name, 5))
    for class_id in (4, 5, 8):
        for attribute in sensor_attributes(class_id):
            add(describe_attribute(class_id, LogicalName.parse("1-0:1.4.0"), attribute))
    for device_type in (*MBUS_MEDIA, None):
        for code in ("0-0:24.2.1", "0-1:24.2.1", "0-1:24.2.2"):
            for attribute in (2, 5):
                add(describe(code, class_id=4, attribute=attribute, mbus_device_type=device_type))
    return result


def test_every_key_has_a_name_with_exactly_its_placeholders(descriptions):
    for key, variants in descriptions.items():
        wanted = set(re.findall(r"\{(\w+)\}", NAMES[key]))
        assert [set(description.placeholders) for description in variants] == [wanted], key


def test_every_name_is_used(descriptions):
    assert set(NAMES) - NOT_OF_THE_CATALOGUE == set(descriptions)


def test_names_are_different_and_fit_for_a_person():
    assert len(set(NAMES.values())) == len(NAMES)
    for name in NAMES.values():
        assert name[0].isupper() or name.startswith("{")
        assert len(re.sub(r"\{\w+\}", "1", name)) <= 64
        assert "_" not in re.sub(r"\{\w+\}", "", name)


def test_icons_belong_to_names():
    assert set(ICONS) <= set(NAMES)
    assert all(icon["default"].startswith("mdi:") for icon in ICONS.values())


def test_what_never_has_a_device_class_has_an_icon():
    """Judged by the samples: a device class brings its own icon."""
    without = [
        description
        for code, unit, *_ in REGISTERS
        if unit in {NONE, VAH, DEGREE} and (description := describe(code, unit)).device_class is None
    ]
    assert len(without) >= 10
    assert {description.translation_key for description in without} <= set(ICONS)
    for code, *_ in DATA_OBJECTS:
        description = describe(code, class_id=1)
        assert description.device_class is not None or description.translation_key in ICONS


def test_historical_values_are_never_live_sensors(descriptions):
    every = [description for variants in descriptions.values() for description in variants]
    historical = [
        description for description in every if description.translation_key.endswith(("_period", "_periods_ago"))
    ]
    assert len(historical) >= 30
    for description in historical:
        assert description.state_class is None
        assert not description.enabled_default


def test_texts_of_a_meter_never_get_into_names(descriptions):
    for variants in descriptions.values():
        for description in variants:
            for text in description.placeholders.values():
                assert re.fullmatch(r"[0-9A-Za-z.:*\- ]{1,27}", text), text


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("1-0:16.8.0", "Net energy"),
        ("1-0:36.8.0", "Net energy L1"),
        ("1-0:1.8.0*101", "Energy import, last billing period"),
        ("1-0:1.8.2*101", "Energy import tariff 2, last billing period"),
        ("1-0:1.8.0*102", "Energy import, 2 billing periods ago"),
        ("1-0:1.8.0*7", "Energy import, billing period 7"),
        ("1-0:1.6.0*101", "Power import maximum, last billing period"),
        ("1-0:1.9.1", "Energy import tariff 1, this billing period"),
        ("1-0:91.7.0", "Neutral current"),
        ("1-0:92.7.0", "Neutral voltage"),
        ("7-0:3.0.0", "Gas consumption"),
    ],
)
def test_trial_30_names_are_what_people_say(code, name):
    assert name_of(describe(code)) == name
