"""What is remembered of a meter between starts; one private file each, without secrets.

Keyed by unique id: the set-up form saves before there is an entry. What is unreadable is read again; only the system
title decides anything.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
import hashlib
from types import MappingProxyType
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from ..dlms import (
    AccessRights,
    Association,
    AttributeDescriptor,
    ListWays,
    LogicalName,
    MethodAccess,
    ObjectListElement,
    ProfileWay,
    ProfileWays,
    ProofForm,
    PushLists,
    ScalerUnit,
)
from .push_lists import NO_LISTS, push_lists_of, push_lists_record

_VERSION: Final = 1

COUNTED: Final = "counted"
"""What tells the file of the counters' last numbers from that of the meter."""

LOGGED: Final = "logged"
"""Likewise for what was told of its event logs and alarm registers."""

PUSHED: Final = "pushed"
"""Likewise for what it sends without listing it (push/pushed_objects.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterWays:
    """What one meter does differently.

    ``proof_form``: how it takes our proof and a dedicated key, once an association was opened. ``leniencies``: what is
    tolerated, by the names of docs/meters.md. ``lists``: how it takes lists of attributes. ``profiles``: which ways
    to read each have failed.
    """

    proof_form: ProofForm | None = None
    leniencies: frozenset[str] = frozenset()
    lists: ListWays = field(default_factory=ListWays)
    profiles: Mapping[LogicalName, ProfileWays] = field(default_factory=lambda: MappingProxyType({}))

    def seen_in(self, association: Association) -> MeterWays:
        """Return them with what an association shows."""
        return MeterWays(
            proof_form=association.proof_form,
            leniencies=self.leniencies | association.leniencies,
            lists=association.list_ways,
            profiles=self.profiles,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMeter:
    """Everything remembered of one meter."""

    objects: tuple[ObjectListElement, ...] = ()
    scaler_units: Mapping[AttributeDescriptor, ScalerUnit] = field(default_factory=lambda: MappingProxyType({}))
    """By the descriptor of the attribute scaler_unit itself."""
    listed_for: str | None = None
    """Whose object list it is (credentials.list_owner): each client of a meter may have another one."""
    device_types: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    """What the M-Bus devices measure, by channel."""
    firmware: str | None = None
    """What object list and units belong to."""
    system_title: bytes | None = None
    """From its first association; no other one is accepted (rule S13)."""
    ways: MeterWays = field(default_factory=MeterWays)
    push_lists: PushLists = NO_LISTS
    """What its push setups send."""


async def async_load_meter(hass: HomeAssistant, unique_id: str) -> StoredMeter:
    """Return what is remembered, or an empty record."""
    stored = await _store(hass, unique_id).async_load()
    try:
        return _meter(stored) if stored else StoredMeter()
    except AttributeError, KeyError, TypeError, ValueError:
        return StoredMeter()  # written by another version, or by hand


async def async_save_meter(hass: HomeAssistant, unique_id: str, meter: StoredMeter) -> None:
    """Write the whole record."""
    await _store(hass, unique_id).async_save(_record(meter))


async def async_load_objects(hass: HomeAssistant, unique_id: str) -> tuple[ObjectListElement, ...]:
    """Return the remembered object list, maybe empty."""
    return (await async_load_meter(hass, unique_id)).objects


async def async_save_objects(
    hass: HomeAssistant, unique_id: str, objects: Sequence[ObjectListElement], listed_for: str | None = None
) -> None:
    """Remember a client's object list; another one than before forgets the units."""
    meter = await async_load_meter(hass, unique_id)
    if _heads(meter.objects) != _heads(objects):
        meter = StoredMeter(system_title=meter.system_title)
    await async_save_meter(hass, unique_id, replace(meter, objects=tuple(objects), listed_for=listed_for))


async def async_pin_system_title(hass: HomeAssistant, unique_id: str, title: bytes) -> None:
    """Accept no other system title of a meter from now on."""
    await async_save_meter(hass, unique_id, replace(await async_load_meter(hass, unique_id), system_title=title))


async def async_remove_meter(hass: HomeAssistant, unique_id: str) -> None:
    """Forget a meter, what its counters showed, what was told of its logs, and what it sent (push/log_store.py ...)."""
    await _store(hass, unique_id).async_remove()
    for kind in (COUNTED, LOGGED, PUSHED):
        await Store[dict[str, Any]](hass, _VERSION, file_of(unique_id, kind)).async_remove()


def _store(hass: HomeAssistant, unique_id: str) -> Store[dict[str, Any]]:
    return Store(hass, _VERSION, file_of(unique_id), private=True, atomic_writes=True)


def file_of(unique_id: str, kind: str | None = None) -> str:
    """Return the name of a meter's file."""
    # A name must not be made of what a meter says about itself (rule S30).
    name = hashlib.sha256(unique_id.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return f"{DOMAIN}.{name}" if kind is None else f"{DOMAIN}.{name}.{kind}"


def _heads(objects: Iterable[ObjectListElement]) -> set[tuple[int, int, LogicalName]]:
    return {(element.class_id, element.version, element.logical_name) for element in objects}


def _record(meter: StoredMeter) -> dict[str, Any]:
    return {
        "objects": [_object_record(element) for element in meter.objects],
        "scaler_units": {str(attribute): list(known) for attribute, known in meter.scaler_units.items()},
        "listed_for": meter.listed_for,
        "device_types": {str(channel): kind for channel, kind in meter.device_types.items()},
        "firmware": meter.firmware,
        "system_title": meter.system_title.hex() if meter.system_title else None,
        "proof_form": meter.ways.proof_form.to_record() if meter.ways.proof_form else None,
        "leniencies": sorted(meter.ways.leniencies),
        "lists": _lists_record(meter.ways.lists),
        "profiles": _profiles_record(meter.ways.profiles),
        "push_lists": push_lists_record(meter.push_lists),
    }


def _lists_record(ways: ListWays) -> dict[str, Any]:
    return {
        "list_limit": ways.list_limit,
        "longest_answered": ways.longest_answered,
        "unanswered": ways.unanswered,
        "alone": sorted(map(str, ways.alone)),
    }


def _profiles_record(profiles: Mapping[LogicalName, ProfileWays]) -> dict[str, Any]:
    return {
        str(logical_name): {way.name: count for way, count in ways.failures.items()}
        for logical_name, ways in profiles.items()
    }


def _object_record(element: ObjectListElement) -> dict[str, Any]:
    """Access rights become ``[index, mode, version, selectors]``."""
    return {
        "class_id": element.class_id,
        "version": element.version,
        "logical_name": str(element.logical_name),
        "attributes": [[index, *rights] for index, rights in element.attribute_access.items()],
        "methods": [[index, *rights] for index, rights in element.method_access.items()],
    }


def _meter(record: Mapping[str, Any]) -> StoredMeter:
    """Raises on anything that ``_record`` does not write."""
    return StoredMeter(
        objects=tuple(_object(element) for element in record["objects"]),
        scaler_units={
            attribute_of(attribute): ScalerUnit(int(scaler), int(unit))
            for attribute, (scaler, unit) in record["scaler_units"].items()
        },
        # Earlier releases wrote none of these.
        listed_for=record.get("listed_for"),
        device_types={int(channel): int(kind) for channel, kind in record.get("device_types", {}).items()},
        ways=MeterWays(
            proof_form=ProofForm.from_record(record.get("proof_form")),
            leniencies=frozenset(map(str, record.get("leniencies", ()))),
            lists=_lists(record.get("lists")),
            profiles=_profiles(record.get("profiles")),
        ),
        firmware=record["firmware"],
        system_title=bytes.fromhex(title) if (title := record.get("system_title")) else None,
        push_lists=push_lists_of(record.get("push_lists", {})),
    )


def _lists(record: Any) -> ListWays:
    """Never raises: what is learned anew must not cost the pinned system title."""
    try:
        limit = record["list_limit"]
        return ListWays(
            None if limit is None else max(int(limit), 1),
            int(record["longest_answered"]),
            int(record["unanswered"]),
            frozenset(map(attribute_of, record["alone"])),
        )
    except AttributeError, KeyError, TypeError, ValueError:
        return ListWays()  # also of an earlier release, which wrote none


def _profiles(record: Any) -> dict[LogicalName, ProfileWays]:
    """Likewise."""
    try:
        return {
            _logical_name(name): ProfileWays(Counter({ProfileWay[way]: int(count) for way, count in failures.items()}))
            for name, failures in record.items()
        }
    except AttributeError, KeyError, TypeError, ValueError:
        return {}


def _object(record: Mapping[str, Any]) -> ObjectListElement:
    return ObjectListElement(
        int(record["class_id"]),
        int(record["version"]),
        _logical_name(record["logical_name"]),
        MappingProxyType(
            {
                int(index): AccessRights(int(mode), int(version), tuple(map(int, selectors)))
                for index, mode, version, selectors in record["attributes"]
            }
        ),
        MappingProxyType(
            {int(index): MethodAccess(int(mode), int(version)) for index, mode, version in record["methods"]}
        ),
    )


def attribute_of(text: str) -> AttributeDescriptor:
    """From ``class_id:logical_name:attribute_index``."""
    class_id, logical_name, attribute_index = text.split(":")
    return AttributeDescriptor(int(class_id), _logical_name(logical_name), int(attribute_index))


def _logical_name(text: str) -> LogicalName:
    octets = bytes(map(int, text.split(".")))
    if len(octets) != 6:
        raise ValueError("a logical name has 6 octets")
    return LogicalName(octets)
