"""The command ``read``: values with their units."""

import argparse
import json
import math
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..client.reading import ResultByAttribute
from ..describe.elements import JsonObject
from ..describe.values import attribute_value, is_number, raw_value
from ..encoding.data_types import Data
from ..errors import DataAccessError, DlmsError, SecurityError
from ..interface_classes.class_names import attribute_name, class_name
from ..interface_classes.register import ScalerUnit, decode_scaler_unit
from ..interface_classes.value_attributes import scaler_unit_attribute
from .console import Console
from .run import with_association
from .table import table

NOT_READ: Final = "not read"
"""Of what the run did not get to."""

_HEAD: Final = ("attribute", "", "value", "unit")


def read_attributes(options: argparse.Namespace, console: Console) -> int:
    """Show attributes in the order asked; what was read before an error is shown, too."""
    asked: list[AttributeDescriptor] = options.attributes
    # A unit stands behind its value, so that a later error leaves both or none.
    both = [each for attribute in asked for each in (attribute, scaler_unit_attribute(attribute)) if each is not None]
    wanted = list(dict.fromkeys(both))
    found: ResultByAttribute = {}
    failure = None
    try:
        with_association(
            options,
            lambda association: association.get_many([each for each in wanted if each not in found], found),
            console.note_leniencies,
            console.progress,
        )
    except SecurityError:
        raise  # what cannot be believed is not shown
    except DlmsError as error:
        if all(isinstance(answer, DataAccessError) for answer in found.values()):
            raise
        failure = error
    rows = [reading(attribute, found) for attribute in asked]
    if options.json:
        console.json([*rows])
    else:
        width = None if options.full else console.width
        console.lines(table(_HEAD, [reading_row(row) for row in rows], cut=2, width=width))
    if failure is not None:
        raise failure
    return 0


def reading(attribute: AttributeDescriptor, found: ResultByAttribute) -> JsonObject:
    """Return one attribute; with unknown scaling, an error and the raw form."""
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


def reading_row(row: JsonObject) -> tuple[str, ...]:
    """Return the cells of a row."""
    class_id, index = row["class_id"], row["attribute"]
    assert isinstance(class_id, int)
    assert isinstance(index, int)
    name = f"{class_name(class_id)}, {attribute_name(class_id, index) or f'attribute {index}'}"
    named = (f"{class_id}:{row['logical_name']}:{index}", name)
    if row["error"] is not None:
        return *named, f"error: {row['error']}"
    value = row["value"]
    text = value if isinstance(value, str) and value.isprintable() else json.dumps(value)
    return *named, text, str(row["unit"] or "")
