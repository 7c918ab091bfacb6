"""Sensors that show something other than the value of an attribute."""

from typing import Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfTime

from ..dlms import ClockAttribute, InterfaceClass
from .model import ObjectDescription, SensorDescription

NOT_AUTHENTICATED: Final = "not_authenticated"

AUTHENTICITY: Final = SensorDescription(
    translation_key="authenticity",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    options=(NOT_AUTHENTICATED,),
    enabled_default=True,
    kind="authenticity",
)
"""For a meter whose answers cannot be verified (rule S17)."""

CLOCK_DRIFT: Final = SensorDescription(
    translation_key="clock_drift",
    device_class=SensorDeviceClass.DURATION,
    state_class=SensorStateClass.MEASUREMENT,
    native_unit=UnitOfTime.SECONDS,
    suggested_display_precision=0,
    entity_category=EntityCategory.DIAGNOSTIC,
    kind="clock_drift",
)
"""Seconds that the meter's clock is ahead of Home Assistant's."""

# The time of a clock changes with every poll; how far it is off is worth looking at.
DERIVED: Final[dict[tuple[int, int], tuple[str, ObjectDescription]]] = {
    (InterfaceClass.CLOCK, ClockAttribute.TIME): ("drift", CLOCK_DRIFT)
}
"""Class id, attribute -> unique id suffix, description shown first."""
