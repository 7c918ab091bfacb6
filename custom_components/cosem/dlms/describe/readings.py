"""An attribute that was read, for people and programs: value, unit, raw form, or why there is none."""

from collections.abc import Mapping, Sequence
import math
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..encoding.data_types import Data
from ..errors import DataAccessError, DlmsError
from ..interface_classes.register import ScalerUnit, decode_scaler_unit
from ..interface_classes.value_attributes import scaler_unit_attribute
from .elements import JsonObject
from .values import attribute_value, is_number, raw_value

NOT_READ: Final = "not read"
"""Of what nobody got to."""


def with_units(attributes: Sequence[AttributeDescriptor]) -> list[AttributeDescriptor]:
    """Return what to ask for: each once, a unit behind its value, so that a later error leaves both or none."""
    both = [each for attribute in attributes for each in (attribute, scaler_unit_attribute(attribute))]
    return list(dict.fromkeys([each for each in both if each is not None]))


def described_reading(
    attribute: AttributeDescriptor, found: Mapping[AttributeDescriptor, Data | DataAccessError]
) -> JsonObject:
    """Return one attribute, for programs; with unknown scaling, an error and the raw form."""
    row: JsonObject = {
        "class_id": attribute.class_id,
        "logical_name": str(attribute.logical_name),
        "attribute": attribute.attribute_index,
        "raw": None,
        "value": None,
        "unit": None,
        "error": None,
    }
    data = found.get(attribute)
    if data is None or isinstance(data, DataAccessError):
        return row | {"error": NOT_READ if data is None else str(data)}
    row["raw"] = raw_value(data)
    scaler_attribute = scaler_unit_attribute(attribute)
    if scaler_attribute is None:
        return row | {"value": attribute_value(attribute, data, None), "error": not_finite(data)}
    scaler_unit = _scaler_unit(found.get(scaler_attribute))
    if not isinstance(scaler_unit, str):
        value = attribute_value(attribute, data, scaler_unit)
        error = _why_it_cannot_be_scaled(data, scaler_unit) if value is None else None
        return row | {"value": value, "unit": scaler_unit.symbol, "error": error}
    if not is_number(data):
        return row | {"value": attribute_value(attribute, data, None)}
    return row | {"error": f"scaler_unit: {scaler_unit}"}


def not_finite(data: Data) -> str | None:
    """Return what a floating-point number is that JSON does not have, in words; None for anything else."""
    value = data.value
    if not isinstance(value, float) or math.isfinite(value):
        return None
    return f"no finite number: {'NaN' if math.isnan(value) else 'infinity' if value > 0 else '-infinity'}"


def _why_it_cannot_be_scaled(data: Data, scaler_unit: ScalerUnit) -> str | None:
    """Return the reason for a number without a value; None for what is no number."""
    if (error := not_finite(data)) is not None or not is_number(data):
        return error
    if not scaler_unit.is_plausible:
        return f"scaler_unit: the scaler {scaler_unit.scaler} is not plausible"
    return "no number in BCD"


def _scaler_unit(answer: Data | DataAccessError | None) -> ScalerUnit | str:
    """Return a scaler_unit, or why there is none."""
    if answer is None:
        return NOT_READ
    if isinstance(answer, DataAccessError):
        return str(answer)
    try:
        return decode_scaler_unit(answer)
    except DlmsError as error:
        return str(error)
