"""The command ``objects``: which objects the client may see."""

import argparse
from typing import Final

from ..client.association import Association
from ..interface_classes.association_ln import CURRENT_OBJECT_LIST, ObjectListElement, decode_object_list
from ..interface_classes.class_names import class_name
from ..protocol.leniencies import Leniency
from .console import Console
from .object_names import object_name
from .run import with_association
from .table import table

_HEAD: Final = ("class", "", "version", "logical name", "", "attributes")


def list_objects(options: argparse.Namespace, console: Console) -> int:
    """Show the object list of the current association."""
    elements = with_association(options, _listed, console.note_leniencies, console.progress)
    if options.json:
        console.json(
            [
                {
                    "class_id": element.class_id,
                    "version": element.version,
                    "logical_name": str(element.logical_name),
                    "attributes": {
                        str(index): rights.name for index, rights in sorted(element.attribute_access.items())
                    },
                }
                for element in elements
            ]
        )
    else:
        width = None if options.full else console.width
        console.lines(table(_HEAD, [_row(element) for element in elements], cut=5, width=width))
    return 0


async def _listed(association: Association) -> tuple[ObjectListElement, ...]:
    data = await association.get(CURRENT_OBJECT_LIST)
    return decode_object_list(data, on_odd=lambda: association.tolerated(Leniency.ODD_OBJECT_LIST_ENTRY))


def _row(element: ObjectListElement) -> tuple[str, ...]:
    """Return an object's cells, attributes grouped by access."""
    by_access: dict[str, list[int]] = {}
    for index, rights in sorted(element.attribute_access.items()):
        by_access.setdefault(rights.name, []).append(index)
    access = "; ".join(f"{name} {' '.join(map(str, indexes))}" for name, indexes in by_access.items())
    name = class_name(element.class_id)
    logical_name = element.logical_name
    return str(element.class_id), name, str(element.version), str(logical_name), object_name(logical_name), access
