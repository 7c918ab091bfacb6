"""From an object and its unit to a sensor that Home Assistant accepts."""

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.components.sensor.const import (
    DEVICE_CLASS_STATE_CLASSES,
    DEVICE_CLASS_UNITS,
    STATE_CLASS_UNITS,
    UNIT_CONVERTERS,
)
import pytest

from custom_components.cosem.catalogue import describe_attribute, is_identity, sensor_attributes
from custom_components.cosem.dlms import UNITS, Data, DataType, LogicalName, ScalerUnit

from .catalogue_tools import (
    DIAGNOSTIC,
    HZ,
    JOULE,
    M3,
    MEASURED,
    NONE,
    VAH,
    VARH,
    WH,
    A,
    V,
    W,
    check_register,
    describe,
    name_of,
    registers,
)
from .samples import DATA_OBJECTS, OTHER, REGISTERS


@registers(OTHER)
def test_codes_of_media_without_a_theme_are_shown_as_codes(sample):
    check_register(sample)


@pytest.mark.parametrize(
    ("class_id", "attribute", "name", "kind"),
    [
        (8, 2, "Clock", "timestamp"),
        (4, 4, "Status (0-0:1.0.0)", "bits"),
        (4, 5, "Capture time (0-0:1.0.0)", "timestamp"),
        (5, 3, "Last average (0-0:1.0.0)", "number"),
        (5, 5, "Status (0-0:1.0.0)", "bits"),
        (5, 6, "Capture time (0-0:1.0.0)", "timestamp"),
        (5, 7, "Start of averaging period (0-0:1.0.0)", "timestamp"),
    ],
)
def test_clocks_and_further_attributes_are_diagnostics_and_off(class_id, attribute, name, kind):
    description = describe("0-0:1.0.0", class_id=class_id, attribute=attribute)
    assert (name_of(description), description.kind) == (name, kind)
    assert description.entity_category is DIAGNOSTIC
    assert not description.enabled_default


@pytest.mark.parametrize(
    ("code", "name", "time"),
    [
        ("1-0:1.6.0", "Power import maximum", "Power import maximum, time"),
        ("1-0:2.6.3", "Power export maximum tariff 3", "Power export maximum tariff 3, time"),
        (
            "1-0:1.6.0*101",
            "Power import maximum, last billing period",
            "Power import maximum, last billing period, time",
        ),
        ("1-0:21.6.0", "Power import maximum L1", "Power import maximum L1, time"),
        ("1-0:16.6.0", "Power maximum", "Power maximum, time"),
        ("1-0:32.26.0", "Voltage maximum L1", "Voltage maximum L1, time"),
        ("1-0:1.16.0", "Power import maximum (1-0:1.16.0)", "Capture time (1-0:1.16.0)"),
        ("1-0:32.26.5", "Voltage harmonic 5 maximum L1", "Capture time (1-0:32.26.5)"),
        ("1-0:1.4.0", "Power import average", "Capture time (1-0:1.4.0)"),
        ("1-0:1.2.0", "Power import cumulative maximum", "Capture time (1-0:1.2.0)"),
    ],
)
def test_trial_17_a_maximum_and_its_time_are_named_alike(code, name, time):
    assert name_of(describe(code, W, class_id=4)) == name
    captured = describe(code, class_id=4, attribute=5)
    assert (name_of(captured), captured.kind, captured.enabled_default) == (time, "timestamp", False)
    assert (captured.entity_category is DIAGNOSTIC) == time.startswith("Capture")
    assert name_of(describe(code, class_id=4, attribute=4)) == f"Status ({code})"


def test_a_clock_with_another_code_is_still_a_clock():
    description = describe("0-0:128.0.0", class_id=8)
    assert (name_of(description), description.kind) == ("Clock (0-0:128.0.0)", "timestamp")


def test_the_last_average_of_a_demand_register_has_the_classes_of_its_quantity():
    description = describe("1-0:1.4.0", W, class_id=5, attribute=3)
    assert name_of(description) == "Last average (1-0:1.4.0)"
    assert (description.device_class, description.state_class) == ("power", MEASURED)
    assert describe("1-0:13.4.0", NONE, class_id=5, attribute=3).device_class == "power_factor"


@pytest.mark.parametrize("code", ["1-0:1.4.0", "1-0:1.24.0", "1-0:2.4.0", "7-0:43.0.0", "0-0:128.4.0"])
def test_the_running_average_of_a_demand_register_is_not_the_last_one(code):
    running, last = (describe(code, W, class_id=5, attribute=attribute) for attribute in (2, 3))
    assert name_of(running) == name_of(describe(code, W))
    assert not name_of(running).startswith("Last average")
    assert name_of(last) == f"Last average ({code})"
    assert last.entity_category is DIAGNOSTIC
    assert not last.enabled_default


def test_only_a_demand_register_has_a_last_average():
    assert describe("1-0:1.4.0", W, class_id=4, attribute=2).translation_key == "power_import_average"
    assert describe("1-0:1.4.0", W, class_id=5, attribute=2).translation_key == "power_import_average"


def test_which_attributes_can_be_sensors():
    assert sensor_attributes(1) == (2,)
    assert sensor_attributes(3) == (2,)
    assert sensor_attributes(4) == (2, 4, 5)
    assert sensor_attributes(5) == (2, 3, 5, 6, 7)
    assert sensor_attributes(8) == (2,)
    assert sensor_attributes(7) == ()
    assert describe("1-0:1.8.0", WH, attribute=3) is None
    assert describe("1-0:99.1.0", class_id=7) is None


@pytest.mark.parametrize(
    "code",
    [
        "0-0:42.0.0",
        "0-0:43.1.0",
        "0-1:43.1.5",
        "0-0:96.1.0",
        "0-0:96.1.9",
        "0-0:96.1.10",
        "0-1:96.1.0",
        "0-0:0.2.0",
        "0-0:0.2.8",
        "1-0:0.0.0",
        "1-0:0.0.9",
        "1-0:0.2.0",
        "7-0:0.0.0",
        "8-0:0.0.9",
    ],
)
def test_identifiers_belong_to_the_device_and_are_no_sensors(code):
    assert is_identity(1, LogicalName.parse(code))
    assert describe(code, class_id=1) is None


@pytest.mark.parametrize(
    ("class_id", "code"),
    [(3, "1-0:1.8.0"), (1, "0-0:96.14.0"), (1, "0-0:96.1.11"), (1, "7-0:0.2.0"), (8, "0-0:42.0.0"), (1, "1-0:0.1.0")],
)
def test_other_objects_are_no_identifiers(class_id, code):
    assert not is_identity(class_id, LogicalName.parse(code))


@pytest.mark.parametrize(
    ("code", "unit", "scaler", "shown_as", "decimals"),
    [
        ("1-0:1.8.0", WH, 0, "kWh", 2),
        ("1-0:1.8.0", WH, -3, "kWh", 2),
        ("1-0:1.8.0", WH, 2, "kWh", 1),
        ("1-0:1.8.0", WH, 3, "kWh", 0),
        ("1-0:1.8.0", WH, 6, "kWh", 0),
        ("1-0:3.8.0", VARH, 0, "kvarh", 2),
        ("1-0:9.8.0", VAH, 0, None, 2),
        ("1-0:1.7.0", W, 0, None, 0),
        ("1-0:1.7.0", W, -1, None, 0),
        ("1-0:32.7.0", V, 0, None, 0),
        ("1-0:32.7.0", V, -2, None, 1),
        ("1-0:31.7.0", A, -3, None, 2),
        ("1-0:14.7.0", HZ, -2, None, 2),
        ("1-0:13.7.0", NONE, -3, None, 3),
        ("1-0:13.7.0", NONE, -5, None, 3),
        ("7-0:3.0.0", M3, -3, None, 3),
        ("8-0:1.0.0", M3, -4, None, 3),
        ("6-0:1.0.0", JOULE, 6, "GJ", 2),
        ("6-0:1.0.0", JOULE, 9, "GJ", 0),
    ],
)
def test_energy_is_shown_in_kilo_and_decimals_follow_the_scaler(code, unit, scaler, shown_as, decimals):
    description = describe(code, unit, scaler)
    assert (description.suggested_unit, description.suggested_display_precision) == (shown_as, decimals)


def test_without_scaler_unit_nothing_is_said_about_decimals():
    description = describe("1-0:1.8.0")
    assert description.suggested_display_precision is None
    assert (description.native_unit, description.suggested_unit, description.device_class) == (None, None, None)
    assert name_of(description) == "Energy import"
    assert description.enabled_default


def test_a_float_shows_the_decimals_worth_showing():
    sample = Data(DataType.FLOAT32, 230.1)
    assert describe("1-0:32.7.0", V, sample=sample).suggested_display_precision == 1


@pytest.mark.parametrize("kind", [DataType.OCTET_STRING, DataType.VISIBLE_STRING, DataType.UTF8_STRING])
def test_a_register_that_holds_text_is_text(kind):
    description = describe("1-0:1.8.0", WH, sample=Data(kind, b"x" if kind is DataType.OCTET_STRING else "x"))
    assert description.kind == "text"
    assert (description.state_class, description.device_class, description.native_unit) == (None, None, None)
    assert description.suggested_display_precision is None


@pytest.mark.parametrize("kind", [DataType.BIT_STRING, DataType.BOOLEAN])
def test_a_register_that_holds_bits_is_bits(kind):
    assert describe("1-0:1.8.0", WH, sample=Data(kind, True)).kind == "bits"


def test_what_is_declared_as_status_stays_one_whatever_was_read():
    assert describe("0-0:97.97.0", class_id=1, sample=Data(DataType.OCTET_STRING, b"\x01")).kind == "alarms"
    assert describe("1-0:1.8.0", WH, sample=Data(DataType.UNSIGNED, 1)).kind == "number"


def _units_in_use() -> list[ScalerUnit | None]:
    return [None, *(ScalerUnit(0, code) for code in [*UNITS, 253, 254, 255, 0])]


@pytest.mark.parametrize("unit", _units_in_use(), ids=lambda unit: "none" if unit is None else str(unit.unit))
def test_every_description_is_one_that_home_assistant_accepts(unit):
    described = [
        describe_attribute(class_id, LogicalName.parse(code), attribute, unit)
        for code in {sample[0] for sample in [*REGISTERS, *DATA_OBJECTS]}
        for class_id in (1, 3, 4, 5, 8)
        for attribute in sensor_attributes(class_id)
    ]
    accepted = [description for description in described if description is not None]
    assert len(accepted) >= 100
    for description in accepted:
        _assert_accepted(description)


def _assert_accepted(description) -> None:
    """Check what homeassistant.components.sensor complains about."""
    device_class, state_class = description.device_class, description.state_class
    if description.kind != "number":
        assert state_class is None
        assert description.native_unit is None
        assert description.suggested_display_precision is None
        assert device_class in {None, SensorDeviceClass.TIMESTAMP}
        return
    if device_class is not None:
        assert device_class is not SensorDeviceClass.TIMESTAMP
        if device_class is not SensorDeviceClass.MONETARY:
            assert description.native_unit in DEVICE_CLASS_UNITS[device_class], description
        if state_class is not None:
            assert state_class in DEVICE_CLASS_STATE_CLASSES[device_class], description
    if state_class in STATE_CLASS_UNITS:
        assert description.native_unit in STATE_CLASS_UNITS[SensorStateClass(state_class)]
    if description.suggested_unit is not None:
        assert device_class is not None
        converter = UNIT_CONVERTERS[device_class]
        assert {description.native_unit, description.suggested_unit} <= set(converter.VALID_UNITS)
