"""What COSEM objects mean to a home: logical name and unit -> how an entity looks. Data, one file per theme.

Names live in translations/en.json under ``entity.sensor``; here are only their keys. Imports nothing of the
integration but the stack's public names.
"""

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
    "describe_attribute",
    "is_identity",
    "sensor_attributes",
]
