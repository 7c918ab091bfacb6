"""What COSEM objects mean to a home: logical name and unit -> how a sensor looks. Data, one file per theme.

Names live in translations/en.json under ``entity.sensor``; here are only their keys. Imports nothing of the
integration but the stack's public names.
"""

from .describe import describe_attribute, is_identity, sensor_attributes
from .model import Kind, ObjectDescription

__all__ = ["Kind", "ObjectDescription", "describe_attribute", "is_identity", "sensor_attributes"]
