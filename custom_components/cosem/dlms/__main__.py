"""The command line: read and decode meters without Home Assistant.

Exit status: 0 done, 1 refused (one sentence on stderr), 2 wrong usage. Modules that talk to meters are imported late,
so that --help is quick.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
import json
import os
import sys
from typing import TYPE_CHECKING, Final

from .command_line.advice import sentence, used_by
from .command_line.options import StateInUseError, UsageError, build_parser, with_defaults
from .command_line.table import table
from .errors import DataAccessError, DlmsError, SecurityError

if TYPE_CHECKING:
    from .apdu.common import AttributeDescriptor
    from .client.association import Association
    from .client.reading import ResultByAttribute
    from .describe import Json, JsonObject
    from .encoding.data_types import Data
    from .interface_classes.association_ln import ObjectListElement
    from .interface_classes.register import ScalerUnit

REFUSED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130

NOT_READ: Final = "not read"
"""Of what the run did not get to."""

WITHOUT_TERMINAL: Final = 120
"""Characters of a line in a file, or for another program."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    parser = build_parser(_objects, _read, _decode)
    options = with_defaults(parser.parse_args(arguments))
    run: Callable[[argparse.Namespace], None] = options.run
    # What a meter sends may not fit the terminal's encoding.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        run(options)
        sys.stdout.flush()
    except UsageError as error:
        parser.print_usage(sys.stderr)
        return _fail(str(error), USAGE)
    except StateInUseError as error:
        return _fail(str(error), REFUSED)
    except DlmsError as error:
        return _fail(sentence(error, used_by(options)), REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`); nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _fail(text: str, status: int) -> int:
    print(f"cosem: {text}", file=sys.stderr)
    return status


# --- reading from a meter -----------------------------------------------------------------------------------------


def _objects(options: argparse.Namespace) -> None:
    from .command_line.run import with_association
    from .interface_classes.association_ln import CURRENT_OBJECT_LIST, decode_object_list
    from .protocol.leniencies import Leniency

    async def listed(association: Association) -> tuple[ObjectListElement, ...]:
        data = await association.get(CURRENT_OBJECT_LIST)
        return decode_object_list(data, on_odd=lambda: association.tolerated(Leniency.ODD_OBJECT_LIST_ENTRY))

    elements = with_association(options, listed, _print_leniencies)
    if options.json:
        _print_json(
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
        return
    head = ("class", "", "version", "logical name", "attributes")
    _print_lines(table(head, [_object_row(element) for element in elements], cut=4, width=_width(options)))


def _object_row(element: ObjectListElement) -> tuple[str, ...]:
    """Return an object's cells, attributes grouped by access."""
    from .interface_classes.class_names import class_name

    by_access: dict[str, list[int]] = {}
    for index, rights in sorted(element.attribute_access.items()):
        by_access.setdefault(rights.name, []).append(index)
    access = "; ".join(f"{name} {' '.join(map(str, indexes))}" for name, indexes in by_access.items())
    name = class_name(element.class_id)
    return str(element.class_id), name, str(element.version), str(element.logical_name), access


def _read(options: argparse.Namespace) -> None:
    from .command_line.run import with_association
    from .interface_classes.value_attributes import scaler_unit_attribute

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
            _print_leniencies,
        )
    except SecurityError:
        raise  # what cannot be believed is not shown
    except DlmsError as error:
        if all(isinstance(answer, DataAccessError) for answer in found.values()):
            raise
        failure = error
    rows = [_reading(attribute, found) for attribute in asked]
    if options.json:
        _print_json([*rows])
    else:
        head = ("attribute", "", "value", "unit")
        _print_lines(table(head, [_reading_row(row) for row in rows], cut=2, width=_width(options)))
    if failure is not None:
        sys.stdout.flush()
        raise failure


def _reading(attribute: AttributeDescriptor, found: ResultByAttribute) -> JsonObject:
    """Return one attribute; with unknown scaling, an error and the raw form."""
    from .describe.values import attribute_value, is_number, raw_value
    from .interface_classes.value_attributes import scaler_unit_attribute

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
        return row | {"value": attribute_value(attribute, data, None)}
    scaler_unit = _scaler_unit(found.get(scaler_attribute))
    if not isinstance(scaler_unit, str):
        return row | {"value": attribute_value(attribute, data, scaler_unit), "unit": scaler_unit.symbol}
    if not is_number(data):
        return row | {"value": attribute_value(attribute, data, None)}
    return row | {"error": f"scaler_unit: {scaler_unit}"}


def _scaler_unit(answer: Data | DataAccessError | None) -> ScalerUnit | str:
    """Return a scaler_unit, or why there is none."""
    from .interface_classes.register import decode_scaler_unit

    if answer is None:
        return NOT_READ
    if isinstance(answer, DataAccessError):
        return str(answer)
    try:
        return decode_scaler_unit(answer)
    except DlmsError as error:
        return str(error)


def _reading_row(row: JsonObject) -> tuple[str, ...]:
    from .interface_classes.class_names import attribute_name, class_name

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


# --- showing octets -----------------------------------------------------------------------------------------------


def _decode(options: argparse.Namespace) -> None:
    from .command_line.wire import describe_octets, parse_hex
    from .describe.tree import tree

    text = " ".join(options.hex)
    described = describe_octets(parse_hex(sys.stdin.read() if text == "-" else text))
    if options.json:
        _print_json(described[0] if len(described) == 1 else [*described])
        return
    for each in described:
        _print_lines(tree(each))


# --- writing ------------------------------------------------------------------------------------------------------


def _print_json(value: Json) -> None:
    print(json.dumps(value, indent=2))


def _print_leniencies(leniencies: Iterable[str]) -> None:
    print(f"cosem: tolerated of this meter: {', '.join(leniencies)} (docs/meters.md)", file=sys.stderr)


def _width(options: argparse.Namespace) -> int | None:
    """Return the characters of a line, or None if nothing is to be cut."""
    if options.full:
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return WITHOUT_TERMINAL


def _print_lines(lines: Sequence[str]) -> None:
    print("\n".join(lines))


if __name__ == "__main__":
    sys.exit(main())
