"""The objects of a meter as a form offers them, named like their entities."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum, auto
import re
from typing import Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import SelectOptionDict
from homeassistant.helpers.translation import async_get_translations

from ..catalogue import is_identity, sensor_attributes
from ..const import CONF_OBJECTS, DOMAIN
from ..dlms import (
    InterfaceClass,
    LocalProtocolError,
    LogicalName,
    Medium,
    ObjectListElement,
)
from ..meter.entity_plan import PlannedEntity, enabled_objects, plan_entities
from ..meter.objects import complete_objects, object_key
from ..meter.store import async_load_objects
from .schemas import SEARCHABLE_FROM
from .texts import async_selector_texts


class ObjectKind(StrEnum):
    """The groups of objects, in the order of the form."""

    ENERGY = auto()
    POWER = auto()
    SUPPLY = auto()
    GAS = auto()
    WATER = auto()
    HEAT = auto()
    SUB_METER = auto()
    METER = auto()
    OTHER = auto()


_KINDS_OF_MEDIA: Final[Mapping[int, ObjectKind]] = {
    Medium.GAS: ObjectKind.GAS,
    Medium.COLD_WATER: ObjectKind.WATER,
    Medium.HOT_WATER: ObjectKind.WATER,
    Medium.HEAT: ObjectKind.HEAT,
    Medium.COOLING: ObjectKind.HEAT,
    Medium.HEAT_COST_ALLOCATOR: ObjectKind.HEAT,
}
_KINDS_OF_ELECTRICITY: Final = (
    ("power_factor", ObjectKind.SUPPLY),
    ("energy", ObjectKind.ENERGY),
    ("power", ObjectKind.POWER),
    ("voltage", ObjectKind.SUPPLY),
    ("current", ObjectKind.SUPPLY),
    ("frequency", ObjectKind.SUPPLY),
)
"""By what their names in the catalogue have in them, the first that fits."""


class NotAnObject(ValueError):
    """The text names no object that can become an entity."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code[:40]


async def async_object_choices(
    hass: HomeAssistant, objects: Iterable[ObjectListElement]
) -> tuple[list[SelectOptionDict], list[str]]:
    """Return the choices, grouped by kind with the sensible ones first, and the keys of the sensible ones."""
    texts = await async_get_translations(hass, hass.config.language, "entity", {DOMAIN})
    plan = plan_entities(objects)
    first = {planned.object_key for planned in plan if planned.primary}
    found: dict[str, PlannedEntity] = {}
    for planned in plan:
        if planned.object_key is not None and planned.object_key in first:
            # The value itself names the object, not what is derived of it.
            found.setdefault(planned.object_key, planned)
    rows = sorted(found.items(), key=lambda row: _rank(row[1]))
    # Few enough to be seen at once need no more than their order.
    groups = await _async_groups(hass) if len(rows) >= SEARCHABLE_FROM else {}
    choices = [
        SelectOptionDict(value=key, label=_in_group(groups.get(_kind(planned), ""), _label(texts, planned)))
        for key, planned in rows
    ]
    return choices, [key for key, planned in rows if planned.description.enabled_default]


async def async_choices_of_another_client(
    hass: HomeAssistant, entry: ConfigEntry, listed: Sequence[ObjectListElement]
) -> tuple[list[SelectOptionDict], list[str]]:
    """Return the choices of an entry whose meter lists other objects now, and the keys of those enabled so far."""
    before = await async_load_objects(hass, str(entry.unique_id))
    known = {object_key(element.class_id, element.logical_name) for element in before}
    typed = [key for key in entry.options[CONF_OBJECTS] if key not in known]
    objects = complete_objects(listed, typed)
    choices, sensible = await async_object_choices(hass, objects)
    enabled = enabled_objects(hass, entry, plan_entities(objects))
    kept = [choice["value"] for choice in choices if choice["value"] in enabled]
    return choices, kept or sensible


async def _async_groups(hass: HomeAssistant) -> dict[ObjectKind, str]:
    text = await async_selector_texts(hass)
    return {kind: text("object_kind", kind, kind) for kind in ObjectKind}


def _in_group(group: str, label: str) -> str:
    """Return the label, behind its group where no word of it says what it is: so it can be searched for."""
    said = {*group.lower().replace(",", " ").split()} & {*label.lower().split()}
    return f"{group} · {label}" if group and not said else label


def _kind(planned: PlannedEntity) -> ObjectKind:
    logical_name, name = planned.reads[0].logical_name, planned.description.translation_key or ""
    if logical_name.a == Medium.ABSTRACT:
        return ObjectKind.SUB_METER if planned.channel else ObjectKind.METER
    if logical_name.a == Medium.ELECTRICITY:
        return next((kind for word, kind in _KINDS_OF_ELECTRICITY if word in name), ObjectKind.OTHER)
    return _KINDS_OF_MEDIA.get(logical_name.a, ObjectKind.OTHER)


def _rank(planned: PlannedEntity) -> tuple[int, bool, LogicalName, int]:
    """Sort by kind, then sensible ones first."""
    class_id, logical_name, _ = planned.reads[0]
    kind = list(ObjectKind).index(_kind(planned))
    return (kind, not planned.description.enabled_default, logical_name, class_id)


def _label(texts: Mapping[str, str], planned: PlannedEntity) -> str:
    """Return "Energy import (1-0:1.8.0)", for example."""
    description, obis = planned.description, planned.reads[0].logical_name.obis
    template = texts.get(f"component.{DOMAIN}.entity.{description.platform}.{description.translation_key}.name", obis)
    name = template.format_map(dict(description.placeholders))
    return name if obis in name else f"{name} ({obis})"


def parse_objects(codes: Sequence[str]) -> list[str]:
    """Return the keys of objects typed as ``class:logical name`` (no class: Register), in order.

    Blanks, commas and semicolons separate. Raises NotAnObject.
    """
    keys = dict.fromkeys(_key(code) for line in codes for code in re.split(r"[\s,;]+", line) if code)
    return list(keys)


def _key(code: str) -> str:
    head, _, rest = code.partition(":")
    class_text, name = (head, rest) if head.isascii() and head.isdigit() and len(head) <= 3 else ("", code)
    class_id = int(class_text) if class_text else InterfaceClass.REGISTER
    try:
        logical_name = LogicalName.parse(name)
    except LocalProtocolError:
        raise NotAnObject(code) from None
    if not sensor_attributes(class_id) or is_identity(class_id, logical_name):
        raise NotAnObject(code)
    return object_key(class_id, logical_name)
