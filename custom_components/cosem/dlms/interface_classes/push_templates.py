"""What makers push without names: templates, kept as data files in templates/, one file for each maker or grid.

A positional template says what each element of a structure is. A sequence template belongs to bodies that name their
values: it says what stands in front of them or behind, and their scaler_units, which are not sent. Both match exactly
or not at all. Those with ``makers`` have no mark of their own: they are for who knows the meter's maker otherwise, by
its system title or by a list that it sent before.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
import json
from pkgutil import get_data
import re
from typing import Final

from ..encoding.data import Data, DataType
from ..encoding.logical_name import LogicalName
from ..errors import LocalProtocolError
from .logical_device_name import string_octets
from .pushed_rows import NamedSequence, PushedValue, is_date_time
from .register import MAX_SCALER, ScalerUnit

FILES: Final = ("kaifa.json", "kamstrup.json", "netz_noe.json", "sagemcom.json", "wiener_netze.json")

MAX_FILE: Final = 64 * 1024
"""Octets of a file."""
MAX_ELEMENTS: Final = 100
"""Of a template, and templates of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateElement:
    """One value: what it has to be, and what it is called.

    length: octets of a string. starts_with: its text. digits: nothing but these. number: the only one it may be.
    time: a date-time. Without a logical_name it is a constant that says nothing.
    """

    type: DataType
    length: int | None = None
    starts_with: str = ""
    digits: bool = False
    number: int | None = None
    time: bool = False
    logical_name: LogicalName | None = None
    class_id: int | None = None
    attribute_index: int | None = None
    scaler_unit: ScalerUnit | None = None

    def fits(self, data: Data) -> bool:
        """Whether a value is of this kind."""
        if data.type is not self.type or (self.number is not None and data.value != self.number):
            return False
        if self.time and not is_date_time(data):
            return False
        octets = string_octets(data) or b""
        if self.length is not None and len(octets) != self.length:
            return False
        return octets.startswith(self.starts_with.encode()) and (not self.digits or octets.isdigit())

    def named(self, data: Data) -> tuple[PushedValue, ...]:
        """The value under its name; nothing for a constant."""
        if self.logical_name is None:
            return ()
        return (PushedValue(self.logical_name, self.class_id, self.attribute_index, data, self.scaler_unit),)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionalTemplate:
    """Elements of a structure by their order. makers: three letters each, none if the elements tell it."""

    name: str
    makers: frozenset[str]
    elements: tuple[TemplateElement, ...]

    def read(self, elements: tuple[Data, ...]) -> tuple[PushedValue, ...] | None:
        """The values; None if these are other elements."""
        if len(elements) != len(self.elements):
            return None
        pairs = tuple(zip(self.elements, elements, strict=True))
        if not all(element.fits(data) for element, data in pairs):
            return None
        return tuple(value for element, data in pairs for value in element.named(data))


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceTemplate:
    """What belongs to a body of named values.

    count: elements of the body, None for any. marks: named values of which such bodies have one. first, last: what
    stands in front and behind without a name. scaler_units: by logical name, for values without one.
    """

    name: str
    makers: frozenset[str]
    count: int | None
    marks: tuple[TemplateElement, ...]
    first: TemplateElement | None
    last: TemplateElement | None
    scaler_units: Mapping[LogicalName, ScalerUnit]

    def read(self, sequence: NamedSequence, count: int) -> tuple[PushedValue, ...] | None:
        """All values of the body; None if it is another one."""
        if self.count not in {None, count} or not (self._is_marked(sequence) and self._fits_ends(sequence)):
            return None
        values = [self._scaled(value) for value in sequence.values]
        if self.first is not None and sequence.first is not None:
            values[:0] = self.first.named(sequence.first)
        if self.last is not None and sequence.last is not None:
            values += self.last.named(sequence.last)
        return tuple(values)

    def _is_marked(self, sequence: NamedSequence) -> bool:
        return not self.marks or any(
            value.logical_name == mark.logical_name and mark.fits(value.value)
            for mark in self.marks
            for value in sequence.values
        )

    def _fits_ends(self, sequence: NamedSequence) -> bool:
        ends = ((self.first, sequence.first), (self.last, sequence.last))
        return all(
            data is None if element is None else data is not None and element.fits(data) for element, data in ends
        )

    def _scaled(self, value: PushedValue) -> PushedValue:
        if value.scaler_unit is not None or value.logical_name is None:
            return value
        return replace(value, scaler_unit=self.scaler_units.get(value.logical_name))


type PushTemplate = PositionalTemplate | SequenceTemplate

_TYPES: Final = {kind.standard_name: kind for kind in DataType}
_ELEMENT_KEYS: Final = frozenset(
    {
        *("type", "length", "starts_with", "digits", "number", "time"),
        *("logical_name", "class_id", "attribute_index", "scaler_unit"),
    }
)
_MAKER: Final = re.compile(r"[A-Z]{3}")
_RANGES: Final = {"length": (0, 255), "number": (0, 255), "class_id": (0, 0xFFFF), "attribute_index": (-128, 127)}


def decode_templates(document: str) -> tuple[PushTemplate, ...]:
    """Decode a file: {"source": text, "templates": [...]}. Raises LocalProtocolError for what the schema does not have.

    Each template has a name, perhaps makers, and elements, or a sequence: {count, marks, first, last, scaler_units}.
    """
    if len(document) > MAX_FILE:
        raise LocalProtocolError(f"a file of templates has more than {MAX_FILE} octets")
    try:
        content: object = json.loads(document)
    except ValueError as error:
        raise LocalProtocolError(f"a file of templates is no JSON: {error}") from None
    fields = _fields(content, {"source", "templates"})
    if not _of(fields, "source", str):
        raise LocalProtocolError("a file of templates does not name its source")
    return _all(fields.get("templates"), _template)


def _template(content: object) -> PushTemplate:
    fields = _fields(content, {"name", "makers", "elements", "sequence"})
    name = _of(fields, "name", str)
    if not name or ("elements" in fields) == ("sequence" in fields):
        raise LocalProtocolError("a template has a name, and either elements or a sequence")
    makers = frozenset(_all(fields["makers"], _maker) if "makers" in fields else ())
    if "elements" in fields:
        return PositionalTemplate(name=name, makers=makers, elements=_all(fields["elements"], _element))
    parts = _fields(fields["sequence"], {"count", "marks", "first", "last", "scaler_units"})
    first, last = (_element(parts[key]) if key in parts else None for key in ("first", "last"))
    units = _fields(parts.get("scaler_units", {}), None)
    return SequenceTemplate(
        name=name,
        makers=makers,
        count=_of(parts, "count", int),
        marks=_all(parts["marks"], _element) if "marks" in parts else (),
        first=first,
        last=last,
        scaler_units={LogicalName.parse(text): _scaler_unit(unit) for text, unit in units.items()},
    )


def _maker(content: object) -> str:
    if not isinstance(content, str) or not _MAKER.fullmatch(content):
        raise LocalProtocolError(f"a maker has three letters, not {content}")
    return content


def _element(content: object) -> TemplateElement:
    fields = _fields(content, _ELEMENT_KEYS)
    kind = _TYPES.get(_of(fields, "type", str) or "")
    if kind is None:
        raise LocalProtocolError(f"an element of a template has no type of Data: {fields.get('type')}")
    logical_name = _of(fields, "logical_name", str)
    scaler_unit = fields.get("scaler_unit")
    return TemplateElement(
        type=kind,
        length=_of(fields, "length", int),
        starts_with=_of(fields, "starts_with", str) or "",
        digits=_of(fields, "digits", bool) or False,
        number=_of(fields, "number", int),
        time=_of(fields, "time", bool) or False,
        logical_name=None if logical_name is None else LogicalName.parse(logical_name),
        class_id=_of(fields, "class_id", int),
        attribute_index=_of(fields, "attribute_index", int),
        scaler_unit=None if scaler_unit is None else _scaler_unit(scaler_unit),
    )


def _scaler_unit(content: object) -> ScalerUnit:
    match content:
        case [int(scaler), int(unit)] if abs(scaler) <= MAX_SCALER and 0 < unit <= 255:
            return ScalerUnit(scaler, unit)
        case _:
            raise LocalProtocolError(f"a scaler_unit is [scaler, unit], not {content}")


def _fields(content: object, known: Iterable[str] | None) -> Mapping[str, object]:
    """A JSON object with no other keys than the known ones (None: any)."""
    if not isinstance(content, dict):
        raise LocalProtocolError(f"an object of JSON is expected, not {content}")
    unknown = set() if known is None else content.keys() - set(known)
    if unknown or len(content) > MAX_ELEMENTS:
        raise LocalProtocolError(f"a template has no {', '.join(sorted(unknown)) or 'so many fields'}")
    return content


def _of[T: (str, int, bool)](fields: Mapping[str, object], key: str, kind: type[T]) -> T | None:
    """A field of one type, within its range; None if it is not there."""
    value = fields.get(key)
    if value is None:
        return None
    if type(value) is not kind:  # a bool is no int here
        raise LocalProtocolError(f"{key} of a template is no {kind.__name__}")
    low, high = _RANGES.get(key, (0, MAX_ELEMENTS))
    if isinstance(value, int) and not low <= value <= high:
        raise LocalProtocolError(f"{key} of a template is {value}: {low} to {high}")
    return value


def _all[T](content: object, decode: Callable[[object], T]) -> tuple[T, ...]:
    if not isinstance(content, list) or not 1 <= len(content) <= MAX_ELEMENTS:
        raise LocalProtocolError(f"1 to {MAX_ELEMENTS} are expected in a list of a template")
    return tuple(map(decode, content))


def _shipped() -> tuple[PushTemplate, ...]:
    """All templates of the data files."""
    files = (get_data(__package__, f"templates/{name}") or b"" for name in FILES)
    return tuple(template for file in files for template in decode_templates(file.decode()))


# Read when this module is imported, which happens outside of any event loop.
_SHIPPED: Final = _shipped()


def templates_of(maker: str | None) -> tuple[PushTemplate, ...]:
    """The templates for a meter. maker: three letters, with which its system title begins; None if it is not known."""
    return tuple(template for template in _SHIPPED if not template.makers or maker in template.makers)


PUSH_TEMPLATES: Final = templates_of(None)
"""Those that tell by themselves whether they fit."""
