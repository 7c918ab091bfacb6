"""What is shown besides the values of attributes looks as Home Assistant accepts it."""

from homeassistant.components.sensor import SensorDeviceClass
from homeassistant.components.sensor.const import DEVICE_CLASS_STATE_CLASSES, DEVICE_CLASS_UNITS
from homeassistant.const import EntityCategory, Platform

from custom_components.cosem.catalogue import AUTHENTICITY, DERIVED, sensor_attributes
from custom_components.cosem.catalogue.derived import CLOCK_DRIFT


def test_drift_is_derived_from_the_time_of_a_clock():
    assert DERIVED == {(8, 2): ("drift", CLOCK_DRIFT)}


def test_something_is_derived_from_the_first_attribute_of_a_class_only():
    """The derived entity takes the place of the first one."""
    assert all(attribute == sensor_attributes(class_id)[0] for class_id, attribute in DERIVED)


def test_drift_is_a_measured_duration():
    assert CLOCK_DRIFT.platform is Platform.SENSOR
    assert CLOCK_DRIFT.device_class is SensorDeviceClass.DURATION
    assert CLOCK_DRIFT.native_unit in DEVICE_CLASS_UNITS[SensorDeviceClass.DURATION]
    assert CLOCK_DRIFT.state_class in DEVICE_CLASS_STATE_CLASSES[SensorDeviceClass.DURATION]
    assert CLOCK_DRIFT.suggested_display_precision == 0
    assert CLOCK_DRIFT.entity_category is EntityCategory.DIAGNOSTIC


def test_s17_authenticity_has_one_state_and_is_enabled():
    assert AUTHENTICITY.platform is Platform.SENSOR
    assert AUTHENTICITY.device_class is SensorDeviceClass.ENUM
    assert AUTHENTICITY.options == ("not_authenticated",)
    assert AUTHENTICITY.state_class is None
    assert AUTHENTICITY.native_unit is None
    assert AUTHENTICITY.enabled_default
    assert AUTHENTICITY.entity_category is EntityCategory.DIAGNOSTIC
