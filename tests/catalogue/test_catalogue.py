"""The catalogue: what a code and a unit become in Home Assistant, judged by a table written from the spec by hand."""

from collections.abc import Iterator
import json
from pathlib import Path
import re

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.components.sensor.const import (
    DEVICE_CLASS_STATE_CLASSES,
    DEVICE_CLASS_UNITS,
    STATE_CLASS_UNITS,
    UNIT_CONVERTERS,
)
from homeassistant.const import EntityCategory
import pytest

from custom_components.cosem.catalogue import (
    SensorDescription,
    describe_attribute,
    is_identity,
    sensor_attributes,
)
from custom_components.cosem.catalogue.abstract import MBUS_MEDIA
from custom_components.cosem.catalogue.units import home_unit
from custom_components.cosem.dlms import UNITS, Data, DataType, LogicalName, ScalerUnit

FOLDER = Path(__file__).parents[2] / "custom_components" / "cosem"
NAMES: dict[str, str] = {
    key: texts["name"]
    for key, texts in json.loads((FOLDER / "translations/en.json").read_text("utf-8"))["entity"]["sensor"].items()
}
ICONS = json.loads((FOLDER / "icons.json").read_text("utf-8"))["entity"]["sensor"]
NOT_OF_THE_CATALOGUE = {"authenticity", "clock_drift"}

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


def name_of(description: SensorDescription) -> str:
    """Return the English name as a person sees it."""
    return NAMES[description.translation_key].format_map(dict(description.placeholders))


# code, unit code, name, device class, state class, native unit, on by default
SAMPLES = [
    # energies of the electricity meter
    ("1-0:1.8.0", WH, "Energy import", "energy", INCREASING, "Wh", True),
    ("1-0:1.8.1", WH, "Energy import tariff 1", "energy", INCREASING, "Wh", True),
    ("1-0:1.8.63", WH, "Energy import tariff 63", "energy", INCREASING, "Wh", True),
    ("1-0:1.8.64", WH, "Energy import (1-0:1.8.64)", "energy", INCREASING, "Wh", False),
    ("1-0:2.8.0", WH, "Energy export", "energy", INCREASING, "Wh", True),
    ("1-0:2.8.2", WH, "Energy export tariff 2", "energy", INCREASING, "Wh", True),
    ("1-0:3.8.0", VARH, "Reactive energy import", "reactive_energy", INCREASING, "varh", True),
    ("1-0:4.8.1", VARH, "Reactive energy export tariff 1", "reactive_energy", INCREASING, "varh", False),
    ("1-0:5.8.0", VARH, "Reactive energy quadrant I", "reactive_energy", INCREASING, "varh", False),
    ("1-0:8.8.1", VARH, "Reactive energy quadrant IV tariff 1", "reactive_energy", INCREASING, "varh", False),
    ("1-0:9.8.0", VAH, "Apparent energy import", None, INCREASING, "VAh", False),
    ("1-0:10.8.0", VAH, "Apparent energy export", None, INCREASING, "VAh", False),
    ("1-0:15.8.0", WH, "Energy import plus export", "energy", INCREASING, "Wh", True),
    ("1-0:16.8.0", WH, "Energy import minus export", "energy", TOTAL, "Wh", True),
    ("1-0:17.8.0", WH, "Energy quadrant I", "energy", INCREASING, "Wh", False),
    ("1-0:21.8.0", WH, "Energy import L1", "energy", INCREASING, "Wh", False),
    ("1-0:62.8.0", WH, "Energy export L3", "energy", INCREASING, "Wh", False),
    ("1-0:56.8.0", WH, "Energy import minus export L2", "energy", TOTAL, "Wh", False),
    ("1-0:100.8.0", VARH, "Reactive energy inductive", "reactive_energy", INCREASING, "varh", False),
    ("1-0:104.8.0", VARH, "Reactive energy capacitive", "reactive_energy", INCREASING, "varh", False),
    ("1-0:1.9.0", WH, "Energy import this billing period", "energy", INCREASING, "Wh", False),
    ("1-0:1.29.0", WH, "Energy import this interval (1-0:1.29.0)", "energy", TOTAL, "Wh", False),
    ("1-0:1.17.0", WH, "Energy import (1-0:1.17.0)", "energy", INCREASING, "Wh", False),
    ("1-2:1.8.0", WH, "Energy import channel 2", "energy", INCREASING, "Wh", True),
    ("1-1:1.8.3", WH, "Energy import tariff 3 channel 1", "energy", INCREASING, "Wh", True),
    ("1-0:1.8.0*101", WH, "Energy import, billing period -1", "energy", None, "Wh", False),
    ("1-0:2.8.1*12", WH, "Energy export tariff 1, billing period 12", "energy", None, "Wh", False),
    ("1-0:2.8.1*126", WH, "Energy export (1-0:2.8.1*126)", "energy", None, "Wh", False),
    # powers of the electricity meter
    ("1-0:1.7.0", W, "Power import", "power", MEASURED, "W", True),
    ("1-0:2.7.0", W, "Power export", "power", MEASURED, "W", True),
    ("1-0:16.7.0", W, "Power", "power", MEASURED, "W", True),
    ("1-0:36.7.0", W, "Power L1", "power", MEASURED, "W", True),
    ("1-0:41.7.0", W, "Power import L2", "power", MEASURED, "W", True),
    ("1-0:3.7.0", VAR, "Reactive power import", "reactive_power", MEASURED, "var", True),
    ("1-0:23.7.0", VAR, "Reactive power import L1", "reactive_power", MEASURED, "var", False),
    ("1-0:5.7.0", VAR, "Reactive power quadrant I", "reactive_power", MEASURED, "var", False),
    ("1-0:9.7.0", VA, "Apparent power import", "apparent_power", MEASURED, "VA", True),
    ("1-0:1.4.0", W, "Power import average", "power", MEASURED, "W", False),
    ("1-0:1.5.0", W, "Power import last average", "power", MEASURED, "W", False),
    ("1-0:1.24.0", W, "Power import average (1-0:1.24.0)", "power", MEASURED, "W", False),
    ("1-0:1.6.0", W, "Power import maximum", "power", MEASURED, "W", False),
    ("1-0:1.6.2", W, "Power import maximum tariff 2", "power", MEASURED, "W", False),
    ("1-0:1.6.0*101", W, "Power import maximum, billing period -1", "power", None, "W", False),
    ("1-0:1.2.0", W, "Power import cumulative maximum", None, TOTAL, "W", False),
    # voltage, current, frequency, power factor
    ("1-0:32.7.0", V, "Voltage L1", "voltage", MEASURED, "V", True),
    ("1-0:12.7.0", V, "Voltage", "voltage", MEASURED, "V", True),
    ("1-0:52.24.0", V, "Voltage average L2", "voltage", MEASURED, "V", False),
    ("1-0:124.7.0", V, "Voltage L1-L2", "voltage", MEASURED, "V", True),
    ("1-0:92.7.0", V, "Voltage neutral", "voltage", MEASURED, "V", True),
    ("1-0:32.7.5", V, "Voltage harmonic 5 L1", "voltage", MEASURED, "V", False),
    ("1-0:71.7.124", PERCENT, "Current harmonic distortion L3", None, MEASURED, "%", False),
    ("1-0:31.7.0", A, "Current L1", "current", MEASURED, "A", True),
    ("1-0:11.7.0", A, "Current", "current", MEASURED, "A", True),
    ("1-0:90.7.0", A, "Current of all phases", "current", MEASURED, "A", True),
    ("1-0:91.7.0", A, "Current neutral", "current", MEASURED, "A", True),
    ("1-1:51.7.0", A, "Current L2 channel 1", "current", MEASURED, "A", True),
    ("1-0:14.7.0", HZ, "Frequency", "frequency", MEASURED, "Hz", True),
    ("1-0:34.7.0", HZ, "Frequency L1", "frequency", MEASURED, "Hz", False),
    ("1-0:13.7.0", NONE, "Power factor", "power_factor", MEASURED, None, True),
    ("1-0:73.7.0", NONE, "Power factor L3", "power_factor", MEASURED, None, True),
    ("1-0:84.7.0", NONE, "Power factor export", "power_factor", MEASURED, None, False),
    ("1-0:81.7.4", DEGREE, "Angle I L1 to U L1", None, "measurement_angle", "°", False),
    ("1-0:32.32.0", NONE, "Voltage sag count L1", None, INCREASING, None, False),
    ("1-0:12.37.0", SECOND, "Voltage swell duration", "duration", INCREASING, "s", False),
    ("1-0:72.35.0", V, "Voltage swell threshold L3", "voltage", None, "V", False),
    ("1-0:1.35.0", W, "Over-limit threshold (1-0:1.35.0)", "power", None, "W", False),
    ("1-0:96.8.0", NONE, "OBIS 1-0:96.8.0", None, None, None, False),
    ("1-0:128.7.0", W, "OBIS 1-0:128.7.0", "power", MEASURED, "W", False),
    # gas
    ("7-0:3.0.0", M3, "Gas volume", "gas", INCREASING, "m³", True),
    ("7-0:3.1.0", M3, "Gas volume temperature corrected", "gas", INCREASING, "m³", True),
    ("7-0:13.2.0", M3, "Gas volume converter at base conditions", "gas", INCREASING, "m³", True),
    ("7-0:11.2.0", M3, "Gas volume converter undisturbed at base conditions", "gas", INCREASING, "m³", False),
    ("7-1:3.0.0", M3, "Gas volume channel 1", "gas", INCREASING, "m³", True),
    ("7-0:33.0.0", WH, "Gas energy", "energy", INCREASING, "Wh", True),
    ("7-0:43.0.0", M3H, "Gas flow", "volume_flow_rate", MEASURED, "m³/h", True),
    ("7-0:41.0.0", CELSIUS, "Gas temperature", "temperature", MEASURED, "°C", False),
    ("7-0:42.0.0", BAR, "Gas absolute pressure", "pressure", MEASURED, "bar", False),
    ("7-0:3.24.0", M3, "Gas volume (7-0:3.24.0)", "gas", None, "m³", False),
    ("7-0:63.0.0", KG, "Gas mass (7-0:63.0.0)", "weight", INCREASING, "kg", False),
    ("7-0:13.83.1", M3, "Gas volume converter at base conditions (7-0:13.83.1)", "gas", INCREASING, "m³", True),
    ("7-0:3.0.0", CUBIC_FEET, "Gas volume", "gas", INCREASING, "ft³", True),
    # water
    ("8-0:1.0.0", M3, "Water consumption", "water", INCREASING, "m³", True),
    ("8-0:1.0.0", LITRE, "Water consumption", "water", INCREASING, "L", True),
    ("8-0:1.0.2", M3, "Water consumption tariff 2", "water", INCREASING, "m³", False),
    ("9-0:1.0.0", M3, "Hot water consumption", "water", INCREASING, "m³", True),
    ("9-0:1.0.0", GALLON, "Hot water consumption", "water", INCREASING, "gal", True),
    ("8-0:2.0.0", M3H, "Water flow", "volume_flow_rate", MEASURED, "m³/h", True),
    ("8-0:2.0.0", FLOW_PER_DAY, "Water flow", None, MEASURED, "m³/d", True),
    ("9-0:3.0.0", CELSIUS, "Hot water temperature", "temperature", MEASURED, "°C", True),
    ("8-0:1.2.0", M3, "Water consumption (8-0:1.2.0)", "water", None, "m³", False),
    # heat, cooling, heat cost allocator
    ("6-0:1.0.0", WH, "Heat energy", "energy", INCREASING, "Wh", True),
    ("6-0:1.0.0", JOULE, "Heat energy", "energy", INCREASING, "J", True),
    ("6-0:2.0.0", M3, "Heat volume", "volume", INCREASING, "m³", True),
    ("6-0:8.0.0", W, "Heat power", "power", MEASURED, "W", True),
    ("6-0:10.0.0", CELSIUS, "Heat inlet temperature", "temperature", MEASURED, "°C", True),
    ("6-0:12.0.0", KELVIN, "Heat temperature difference", "temperature_delta", MEASURED, "K", True),
    ("6-0:9.5.0", M3H, "Heat flow (6-0:9.5.0)", "volume_flow_rate", MEASURED, "m³/h", False),
    ("5-0:1.0.1", WH, "Cooling energy tariff 1", "energy", INCREASING, "Wh", False),
    ("4-0:2.0.0", NONE, "Consumption rated", None, INCREASING, None, True),
    ("4-0:7.0.0", CELSIUS, "Room temperature (4-0:7.0.0)", "temperature", MEASURED, "°C", False),
    # abstract
    ("0-0:96.7.21", NONE, "Power failures", None, INCREASING, None, False),
    ("0-0:96.8.0", MINUTE, "Operating time", "duration", INCREASING, "min", False),
    ("0-0:96.9.0", CELSIUS, "Ambient temperature", "temperature", MEASURED, "°C", False),
    ("0-0:96.9.2", PERCENT, "Ambient humidity", "humidity", MEASURED, "%", False),
    ("0-0:96.6.1", PERCENT, "Battery", "battery", MEASURED, "%", False),
    ("0-0:96.6.3", V, "Battery voltage", "voltage", MEASURED, "V", False),
    ("0-0:96.12.5", DBM, "Signal strength", "signal_strength", MEASURED, "dBm", False),
    ("0-0:96.12.5", DB, "Signal strength", "signal_strength", MEASURED, "dB", False),
    ("0-0:96.15.1", NONE, "Event counter (0-0:96.15.1)", None, INCREASING, None, False),
    ("0-0:96.20.0", NONE, "Meter cover opened, count", None, INCREASING, None, False),
    ("0-1:24.2.1", M3, "M-Bus value channel 1", "volume", INCREASING, "m³", True),
    ("0-1:24.2.1", WH, "M-Bus value channel 1", "energy", INCREASING, "Wh", True),
    ("0-1:24.2.2", CELSIUS, "M-Bus value (0-1:24.2.2)", "temperature", MEASURED, "°C", False),
    ("0-0:128.1.0", NONE, "OBIS 0-0:128.1.0", None, None, None, False),
    ("15-0:1.0.0", W, "OBIS 15-0:1.0.0", "power", MEASURED, "W", False),
]


@pytest.mark.parametrize(("code", "unit", "name", "device_class", "state_class", "native", "enabled"), SAMPLES)
def test_codes_become_what_the_spec_says(code, unit, name, device_class, state_class, native, enabled):
    description = describe(code, unit)
    assert (
        name_of(description),
        description.device_class,
        description.state_class,
        description.native_unit,
        description.enabled_default,
    ) == (name, device_class, state_class, native, enabled)


DATA_SAMPLES = [
    ("0-0:96.14.0", "Active tariff", "text", True),
    ("0-0:96.13.0", "Consumer message", "text", False),
    ("0-0:96.11.0", "Event code", "text", False),
    ("0-0:96.5.0", "Operating status", "bits", False),
    ("1-0:96.5.4", "Operating status (1-0:96.5.4)", "bits", False),
    ("0-0:97.97.0", "Error register", "bits", False),
    ("0-0:97.98.0", "Alarm register (0-0:97.98.0)", "bits", False),
    ("0-0:96.2.1", "Last configuration change", "timestamp", False),
    ("0-0:96.7.10", "Time of power failure (0-0:96.7.10)", "timestamp", False),
    ("1-0:0.1.2", "End of billing period (1-0:0.1.2)", "timestamp", False),
    ("0-0:1.1.0", "Clock (UNIX time)", "timestamp", False),
    ("0-0:43.1.0", "Invocation counter (0-0:43.1.0)", "number", False),
    ("0-0:96.50.0", "OBIS 0-0:96.50.0", "text", False),
    ("1-0:0.4.2", "Transformer ratio (1-0:0.4.2)", "number", False),
]


@pytest.mark.parametrize(("code", "name", "kind", "enabled"), DATA_SAMPLES)
def test_data_objects_are_diagnostics(code, name, kind, enabled):
    description = describe(code, class_id=1)
    assert (name_of(description), description.kind, description.enabled_default) == (name, kind, enabled)
    assert description.entity_category is DIAGNOSTIC
    assert description.state_class is None
    assert description.device_class == (SensorDeviceClass.TIMESTAMP if kind == "timestamp" else None)


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


def test_a_clock_with_another_code_is_still_a_clock():
    description = describe("0-0:128.0.0", class_id=8)
    assert (name_of(description), description.kind) == ("Clock (0-0:128.0.0)", "timestamp")


def test_the_last_average_of_a_demand_register_has_the_classes_of_its_quantity():
    description = describe("1-0:1.4.0", W, class_id=5, attribute=3)
    assert name_of(description) == "Last average (1-0:1.4.0)"
    assert (description.device_class, description.state_class) == ("power", MEASURED)
    assert describe("1-0:13.4.0", NONE, class_id=5, attribute=3).device_class == "power_factor"


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
        ("1-0:9.8.0", VAH, 0, None, 0),
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
    assert describe("0-0:97.97.0", class_id=1, sample=Data(DataType.OCTET_STRING, b"\x01")).kind == "bits"
    assert describe("1-0:1.8.0", WH, sample=Data(DataType.UNSIGNED, 1)).kind == "number"


@pytest.mark.parametrize(
    ("device_type", "unit", "name", "device_class"),
    [
        (3, M3, "M-Bus gas channel 1", "gas"),
        (7, M3, "M-Bus water channel 1", "water"),
        (6, M3, "M-Bus hot water channel 1", "water"),
        (4, JOULE, "M-Bus heat channel 1", "energy"),
        (0x0C, WH, "M-Bus heat channel 1", "energy"),
        (2, WH, "M-Bus electricity channel 1", "energy"),
        (99, M3, "M-Bus value channel 1", "volume"),
        (None, M3, "M-Bus value channel 1", "volume"),
    ],
)
def test_the_m_bus_client_tells_the_medium(device_type, unit, name, device_class):
    description = describe("0-1:24.2.1", unit, class_id=4, mbus_device_type=device_type)
    assert (name_of(description), description.device_class) == (name, device_class)
    assert description.state_class == INCREASING


def test_money_has_the_currency_of_the_installation_or_no_unit():
    unit = home_unit(10, 0, "EUR")
    assert unit is not None
    assert (unit.native, unit.device_class) == ("EUR", SensorDeviceClass.MONETARY)
    assert describe("0-0:19.50.1", 10).native_unit is None


# --- everything the catalogue can say ---


def _every_code() -> Iterator[LogicalName]:
    """Yield codes that reach every row of every theme, with channels, tariffs and billing periods."""
    tails = [(0, 255), (2, 255), (0, 101), (0, 5), (0, 126), (2, 101), (70, 255)]
    for a in (1, 4, 5, 6, 7, 8, 9, 15):
        for c in range(1, 129):
            for d in [*range(60), 63, 83]:
                for e in (0, 1, 4, 64, 124, 125) if a == 1 else (0, 1, 12):
                    for b, f in tails if e < 2 else tails[:1]:
                        yield LogicalName(bytes((a, b, c, d, e, f)))
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
def descriptions() -> dict[str, list[SensorDescription]]:
    """Return translation key -> distinct descriptions, over many codes and every unit that makes sense for any."""
    units = [None, *(ScalerUnit(-1, code) for code in (W, WH, V, M3, CELSIUS, KELVIN, PERCENT, DEGREE, NONE))]
    found: dict[str, set[tuple]] = {}
    result: dict[str, list[SensorDescription]] = {}

    def add(description: SensorDescription | None) -> None:
        if description is None:
            return
        placeholders = tuple(description.placeholders)
        seen = found.setdefault(description.translation_key, set())
        if placeholders not in seen:
            seen.add(placeholders)
            result.setdefault(description.translation_key, []).append(description)

    for number, logical_name in enumerate(_every_code()):
        add(describe_attribute(3, logical_name, 2, units[number % len(units)]))
    for class_id in (4, 5, 8):
        for attribute in sensor_attributes(class_id):
            add(describe_attribute(class_id, LogicalName.parse("1-0:1.4.0"), attribute))
    for device_type in MBUS_MEDIA:
        for code in ("0-0:24.2.1", "0-1:24.2.1", "0-1:24.2.2"):
            add(describe(code, mbus_device_type=device_type))
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


def _units_in_use() -> list[ScalerUnit | None]:
    return [None, *(ScalerUnit(0, code) for code in [*UNITS, 253, 254, 255, 0])]


@pytest.mark.parametrize("unit", _units_in_use(), ids=lambda unit: "none" if unit is None else str(unit.unit))
def test_every_description_is_one_that_home_assistant_accepts(unit):
    for code in {sample[0] for sample in SAMPLES} | {sample[0] for sample in DATA_SAMPLES}:
        logical_name = LogicalName.parse(code)
        for class_id in (1, 3, 4, 5, 8):
            for attribute in sensor_attributes(class_id):
                description = describe_attribute(class_id, logical_name, attribute, unit)
                if description is not None:
                    _assert_accepted(description)


def _assert_accepted(description: SensorDescription) -> None:
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


def test_icons_belong_to_names():
    assert set(ICONS) <= set(NAMES)
    assert all(icon["default"].startswith("mdi:") for icon in ICONS.values())


def test_what_never_has_a_device_class_has_an_icon():
    """Judged by the samples: a device class brings its own icon."""
    for code, unit, *_ in SAMPLES:
        description = describe(code, unit)
        if description.device_class is None and unit in {NONE, VAH, DEGREE}:
            assert description.translation_key in ICONS, description.translation_key
    for code, *_ in DATA_SAMPLES:
        description = describe(code, class_id=1)
        assert description.device_class is not None or description.translation_key in ICONS


def test_historical_values_are_never_live_sensors(descriptions):
    for variants in descriptions.values():
        for description in variants:
            if "period" in description.placeholders:
                assert description.state_class is None
                assert not description.enabled_default


def test_texts_of_a_meter_never_get_into_names(descriptions):
    for variants in descriptions.values():
        for description in variants:
            for text in description.placeholders.values():
                assert re.fullmatch(r"[0-9A-Za-z.:*\- ]{1,27}", text), text
