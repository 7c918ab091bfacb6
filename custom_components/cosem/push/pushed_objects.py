"""What a meter was ever heard to send of its own accord and does not list: it has entities, too, also after a restart.

One private file per meter. What cannot be read is as if nothing was heard: the next push brings it back.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from ..catalogue import describe_attribute
from ..dlms import AttributeDescriptor, ObjectListElement, scaler_unit_attribute
from ..meter.store import PUSHED, attribute_of, file_of

MOST_ATTRIBUTES: Final = 256
"""Of one meter: whoever can send in its name adds no more entities than these."""

WRITTEN_AFTER: Final = 10.0
"""Seconds."""

_VERSION: Final = 1
_ATTRIBUTES: Final = "attributes"


class PushedObjects:
    """Of one meter."""

    def __init__(self, hass: HomeAssistant, unique_id: str) -> None:
        """Begin without any; `async_load` brings them."""
        name = file_of(unique_id, PUSHED)
        self._store = Store[dict[str, Any]](hass, _VERSION, name, private=True, atomic_writes=True)
        self._is_written = True
        self._listed: Sequence[ObjectListElement] | None = None
        self._unlisted: frozenset[AttributeDescriptor] = frozenset()
        self._with_unit: frozenset[AttributeDescriptor] = frozenset()
        self.attributes: tuple[AttributeDescriptor, ...] = ()
        """In the order in which they came first; another tuple whenever there is a new one."""

    async def async_load(self) -> None:
        """Remember what was heard before a start."""
        stored = await self._store.async_load()
        try:
            known = [attribute_of(text) for text in stored[_ATTRIBUTES]] if stored else []
        except AttributeError, KeyError, TypeError, ValueError:
            return  # written by another version, or by hand
        self.remember(known)

    @callback
    def remember(self, attributes: Iterable[AttributeDescriptor]) -> None:
        """Take what was heard before, by another one."""
        self.attributes = tuple(dict.fromkeys((*attributes, *self.attributes)))[:MOST_ATTRIBUTES]
        self._listed = None

    @callback
    def note(self, attribute: AttributeDescriptor, listed: Sequence[ObjectListElement]) -> None:
        """Keep what a sensor can show and no object of the list gives; a list not read yet leaves that open."""
        if not listed or attribute in self.attributes or len(self.attributes) >= MOST_ATTRIBUTES:
            return
        if describe_attribute(*attribute) is None or _is_given(attribute, listed):
            return
        self.remember([*self.attributes, attribute])
        self._is_written = False
        self._store.async_delay_save(self._record, WRITTEN_AFTER)

    def unlisted(self, listed: Sequence[ObjectListElement]) -> frozenset[AttributeDescriptor]:
        """Return those that the meter's objects do not give: no poll asks for them."""
        self._compare(listed)
        return self._unlisted

    def with_unit(self, listed: Sequence[ObjectListElement]) -> frozenset[AttributeDescriptor]:
        """Return those of which the meter's objects give the unit alone."""
        self._compare(listed)
        return self._with_unit

    def _compare(self, listed: Sequence[ObjectListElement]) -> None:
        if self._listed is listed:
            return
        self._listed = listed
        self._unlisted = frozenset(each for each in self.attributes if not _is_given(each, listed))
        units = ((each, scaler_unit_attribute(each)) for each in self._unlisted)
        self._with_unit = frozenset(each for each, unit in units if unit is not None and _is_given(unit, listed))

    async def async_save(self) -> None:
        """Write now, if there is something that was to be written later."""
        if not self._is_written:
            await self._store.async_save(self._record())

    def _record(self) -> dict[str, Any]:
        self._is_written = True
        return {_ATTRIBUTES: [str(attribute) for attribute in self.attributes]}


def _is_given(attribute: AttributeDescriptor, listed: Iterable[ObjectListElement]) -> bool:
    place = (attribute.class_id, attribute.logical_name)
    return any(
        (each.class_id, each.logical_name) == place and each.can_read(attribute.attribute_index) for each in listed
    )


async def async_pushed_attributes(hass: HomeAssistant, unique_id: str) -> tuple[AttributeDescriptor, ...]:
    """Return what is remembered of a meter, for a form."""
    pushed = PushedObjects(hass, unique_id)
    await pushed.async_load()
    return pushed.attributes
