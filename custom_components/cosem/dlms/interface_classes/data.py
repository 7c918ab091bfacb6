"""Attributes of Data (class 1, version 0, IEC 62056-6-2): one value of any type, without a scaler."""

from .interface_class import AttributeIndex


class DataAttribute(AttributeIndex):
    """Attributes of Data."""

    VALUE = 2
