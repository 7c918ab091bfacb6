"""Entities that show something else than the value of one attribute: what is derived from it, or says something of the meter."""

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
"""Says of a meter whose answers cannot be verified that nobody knows who sent them (rule S17)."""

CLOCK_DRIFT: Final = SensorDescription(
    translation_key="clock_drift",
    device_class=SensorDeviceClass.DURATION,
    state_class=SensorStateClass.MEASUREMENT,
    native_unit=UnitOfTime.SECONDS,
    suggested_display_precision=0,
    entity_category=EntityCategory.DIAGNOSTIC,
    kind="clock_drift",
)
"""How many seconds the meter's clock is ahead of Home Assistant's."""

DERIVED: Final[dict[tuple[int, int], tuple[str, ObjectDescription]]] = {
    (InterfaceClass.CLOCK, ClockAttribute.TIME): ("drift", CLOCK_DRIFT)
}
"""Class id and attribute -> end of the unique id, and look, of what comes first for a person, before the attribute itself.

The time of a clock changes with every poll; how far it is off is worth looking at.
"""
