"""What the tests of the catalogue share: names as a person sees them, unit codes, a short way to describe a code."""

import json
from pathlib import Path

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.const import EntityCategory
import pytest

from custom_components.cosem.catalogue import describe_attribute
from custom_components.cosem.dlms import LogicalName, ScalerUnit

FOLDER = Path(__file__).parents[2] / "custom_components" / "cosem"
NAMES: dict[str, str] = {
    key: texts["name"]
    for key, texts in json.loads((FOLDER / "translations/en.json").read_text("utf-8"))["entity"]["sensor"].items()
}
ICONS = json.loads((FOLDER / "icons.json").read_text("utf-8"))["entity"]["sensor"]
NOT_OF_THE_CATALOGUE = {"authenticity", "clock_drift", "last_read", "reading_problem"}

# unit codes
WH, VAH, VARH, W, VA, VAR, V, A, HZ, NONE = 30, 31, 32, 27, 28, 29, 35, 33, 44, 255
M3, M3H, CELSIUS, KELVIN, BAR, JOULE, PERCENT, SECOND, MINUTE, DEGREE = 13, 15, 9, 52, 24, 25, 56, 7, 6, 8
KG, DBM, DB, LITRE, CUBIC_FEET, GALLON, FLOW_PER_DAY = 20, 70, 72, 19, 151, 166, 17

INCREASING, TOTAL, MEASURED = "total_increasing", "total", "measurement"
DIAGNOSTIC = EntityCategory.DIAGNOSTIC


def describe(code: str, unit: int | None = None, scaler: int = 0, *, class_id: int = 3, attribute: int = 2, **hints):
    """Describe an object given as text."""
    scaler_unit = None if unit is None else ScalerUnit(scaler, unit)
    return describe_attribute(class_id, LogicalName.parse(code), attribute, scaler_unit, **hints)


def name_of(description) -> str:
    """Return the English name as a person sees it."""
    return NAMES[description.translation_key].format_map(dict(description.placeholders))


def registers(samples):
    """Give each row of a table of registers to a test."""
    return pytest.mark.parametrize("sample", samples, ids=lambda sample: f"{sample[0]}-{sample[1]}")


def data_objects(samples):
    """Give each row of a table of Data objects to a test."""
    return pytest.mark.parametrize("sample", samples, ids=lambda sample: sample[0])


def check_register(sample) -> None:
    """Compare a described register with its row."""
    code, unit, *expected = sample
    description = describe(code, unit)
    assert [
        name_of(description),
        description.device_class,
        description.state_class,
        description.native_unit,
        description.enabled_default,
    ] == expected


def check_data_object(sample) -> None:
    """Compare a described Data object with its row: always a diagnosis, never a statistic."""
    code, name, kind, enabled = sample
    description = describe(code, class_id=1)
    assert (name_of(description), description.kind, description.enabled_default) == (name, kind, enabled)
    assert description.entity_category is DIAGNOSTIC
    assert description.state_class is None
    assert description.device_class == (SensorDeviceClass.TIMESTAMP if kind == "timestamp" else None)
