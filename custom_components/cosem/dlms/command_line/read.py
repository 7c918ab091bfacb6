"""The command ``read``: values with their units."""

import argparse
import json
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..client.reading import ResultByAttribute
from ..describe.elements import JsonObject
from ..describe.readings import described_reading, with_units
from ..errors import DataAccessError, DlmsError, SecurityError
from ..interface_classes.class_names import attribute_name, class_name
from .console import Console
from .run import with_association
from .table import table

_HEAD: Final = ("attribute", "", "value", "unit")


def read_attributes(options: argparse.Namespace, console: Console) -> int:
    """Show attributes in the order asked; what was read before an error is shown, too."""
    asked: list[AttributeDescriptor] = options.attributes
    wanted = with_units(asked)
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
    rows = [described_reading(attribute, found) for attribute in asked]
    if options.json:
        console.json([*rows])
    else:
        width = None if options.full else console.width
        console.lines(table(_HEAD, [reading_row(row) for row in rows], cut=2, width=width))
    if failure is not None:
        raise failure
    return 0


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
