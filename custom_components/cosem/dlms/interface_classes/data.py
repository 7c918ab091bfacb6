"""Data (class 1, version 0, IEC 62056-6-2): one value of any type."""

from .interface_class import AttributeIndex


class DataAttribute(AttributeIndex):
    """Attribute indices."""

    VALUE = 2
