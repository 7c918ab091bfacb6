"""What COSEM objects mean to a home: logical name and unit to the look of an entity.

Names are in translations/en.json under ``entity.sensor``; here are their keys.
"""

from .abstract import medium_of_mbus_device
from .alarms import bit_names, name_of_bit
from .derived import AUTHENTICITY, DERIVED, NOT_AUTHENTICATED
from .describe import describe_attribute, is_identity, sensor_attributes
from .model import Kind, ObjectDescription, SensorDescription

__all__ = [
    "AUTHENTICITY",
    "DERIVED",
    "NOT_AUTHENTICATED",
    "Kind",
    "ObjectDescription",
    "SensorDescription",
    "bit_names",
    "describe_attribute",
    "is_identity",
    "medium_of_mbus_device",
    "name_of_bit",
    "sensor_attributes",
]
