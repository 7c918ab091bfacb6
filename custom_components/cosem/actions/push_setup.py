"""The action ``configure_push``: where the meter sends what by itself, and whether that arrives."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.util.json import JsonValueType
import voluptuous as vol

from ..const import CONF_CLIENT_WPORT, CONF_TRANSPORT, DOMAIN
from ..coordinator import CosemCoordinator
from ..dlms import (
    MAX_PORT,
    MAX_WPORT,
    Association,
    AttributeDescriptor,
    InterfaceClass,
    LocalProtocolError,
    LogicalName,
    MethodDescriptor,
    PushObject,
    PushSetupAttribute,
    TransportProtocol,
    typed_attribute,
)
from ..meter.error_mapping import NOT_SENT, OUTCOME_UNKNOWN, SUCCESS, none_if_failed
from ..meter.markdown import escaped
from ..meter.objects import async_ask
from ..meter.whole_number import whole_number
from ..push.options import port_of
from ..push.own_destination import async_own_address, listened_ports
from .asking import async_read_by, naming_what_is_impossible
from .changing import async_change_one
from .named_parts import attribute_text, fields_of
from .permission import is_hidden, require_permission
from .push_changes import LIST, PushSetupState, WantedDestination, WantedPush, attributes_of
from .push_test import PushTest, push_method
from .target import TARGET_FIELDS, async_coordinator_of

CONF_LOGICAL_NAME: Final = "logical_name"
CONF_OBJECTS: Final = "objects"
CONF_DATA_INDEX: Final = "data_index"
CONF_TEST: Final = "test"

MOST_OBJECTS: Final = 100
"""In one list; what a push says of more is left out."""
UNCHANGED: Final = "unchanged"
"""A result: the meter held that before."""

_OBJECT: Final = vol.Any(
    str,
    {
        **fields_of("attribute"),
        vol.Optional(CONF_DATA_INDEX, default=0): vol.All(whole_number, vol.Range(min=0, max=0xFFFF)),
    },
)

SCHEMA: Final = vol.Schema(
    {
        **TARGET_FIELDS,
        vol.Optional(CONF_LOGICAL_NAME): cv.string,
        vol.Optional(CONF_HOST): cv.string,
        vol.Optional(CONF_PORT): vol.All(whole_number, vol.Range(min=1, max=MAX_PORT)),
        vol.Optional(CONF_TRANSPORT): vol.Coerce(TransportProtocol, msg=f"expected {' or '.join(TransportProtocol)}"),
        vol.Optional(CONF_CLIENT_WPORT): vol.All(whole_number, vol.Range(min=0, max=MAX_WPORT)),
        vol.Optional(CONF_OBJECTS): vol.All(
            cv.ensure_list, [_OBJECT], vol.Length(min=1, max=MOST_OBJECTS, msg="1 to 100 objects are sent")
        ),
        vol.Optional(CONF_TEST, default=False): cv.boolean,
    }
)


async def async_configure_push(call: ServiceCall) -> ServiceResponse:
    """Write what is named and differs, and test it; return what it was and is. Raises HomeAssistantError."""
    coordinator = async_coordinator_of(call)
    with naming_what_is_impossible():
        name, version = _push_setup_of(coordinator, call.data.get(CONF_LOGICAL_NAME))
        objects = _objects(coordinator, call.data.get(CONF_OBJECTS))
    wanted = WantedPush(
        destination=await _async_destination(coordinator.config_entry, call.data),
        client_wport=call.data.get(CONF_CLIENT_WPORT),
        objects=objects,
    )
    test = PushTest(call, coordinator, push_method(name)) if call.data[CONF_TEST] else None
    configuration = _Configuration(call, coordinator, name, version, wanted, test)
    if targets := configuration.targets:
        require_permission(coordinator, *targets)
    with nullcontext() if test is None else test.following():
        await configuration.async_make()
    if call.return_response:
        return configuration.response()
    configuration.require_success()
    return None


def _push_setup_of(coordinator: CosemCoordinator, typed: str | None) -> tuple[LogicalName, int]:
    """Return which push setup is meant, and its version by the object list. Raises LocalProtocolError."""
    setups = [each for each in coordinator.reader.objects if each.class_id == InterfaceClass.PUSH_SETUP]
    if typed is not None:
        name = LogicalName.parse(typed)
        return name, next((each.version for each in setups if each.logical_name == name), 0)
    if not setups:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="no_push_setup")
    return setups[0].logical_name, setups[0].version


def _objects(coordinator: CosemCoordinator, typed: list[str | dict[str, Any]] | None) -> tuple[PushObject, ...] | None:
    """Return what to send. Raises LocalProtocolError."""
    if typed is None:
        return None
    attributes = [typed_attribute(attribute_text(each)) for each in typed]
    if secret := next((each for each in attributes if is_hidden(coordinator, each)), None):
        raise LocalProtocolError(f"{secret} may hold a password or key, which no meter should send by itself")
    parts = [0 if isinstance(each, str) else each[CONF_DATA_INDEX] for each in typed]
    return tuple(PushObject(*attribute, part) for attribute, part in zip(attributes, parts, strict=True))


async def _async_destination(entry: ConfigEntry, data: dict[str, Any]) -> WantedDestination | None:
    """Return where to send, if anything of it is named; what is left out is our own. Raises ServiceValidationError."""
    host, port, transport = (data.get(key) for key in (CONF_HOST, CONF_PORT, CONF_TRANSPORT))
    if host is port is transport is None:
        return None
    listened = listened_ports(entry)
    if host is None and (not listened or transport not in {None, *listened}):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="push_not_listening",
            translation_placeholders={"detail": "TCP or UDP" if transport is None else transport.value.upper()},
        )
    known = host or await none_if_failed(async_own_address(entry))
    if known is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="own_address_unknown")
    return WantedDestination(
        host=known,
        is_own=host is None,
        port=port,
        transport=transport,
        listened=listened,
        listen_port=port_of(entry.options),
    )


@dataclass(slots=True)
class _Configuration:
    """Of one push setup: what is wanted, what it was, and what became of it."""

    call: ServiceCall
    coordinator: CosemCoordinator
    logical_name: LogicalName
    listed_version: int
    wanted: WantedPush
    test: PushTest | None
    before: PushSetupState | None = None
    after: PushSetupState | None = None
    results: dict[PushSetupAttribute, str] = field(default_factory=dict)

    @property
    def targets(self) -> list[AttributeDescriptor | MethodDescriptor]:
        """What is to be written and executed."""
        written = [self._descriptor(attribute) for attribute in self.wanted.attributes]
        return [*written, *(() if self.test is None else (self.test.method,))]

    def _descriptor(self, attribute: PushSetupAttribute) -> AttributeDescriptor:
        return AttributeDescriptor(InterfaceClass.PUSH_SETUP, self.logical_name, attribute)

    async def async_make(self) -> None:
        """Do all of it, in turn with the polls. Raises HomeAssistantError where nothing was written."""
        try:
            with naming_what_is_impossible():
                await self.coordinator.async_run(self._async_work)
        except HomeAssistantError:
            if not self._was_told:
                raise
            # It is about what came behind the answers, or the entry ended: what the meter was told is told.
            self.after = None
        if self.after is None:
            self.after = await self._async_read_again()
        if self.test is not None:
            await self.test.async_wait()

    @property
    def _was_told(self) -> bool:
        """Whether the meter was told to do something."""
        results = {*self.results.values(), NOT_SENT if self.test is None else self.test.result}
        return not results <= {UNCHANGED, NOT_SENT}

    async def _async_work(self, association: Association) -> None:
        before = self.before = await self._async_read(association)
        if not self.targets and not before.is_shown:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="push_setup_not_shown",
                translation_placeholders={"detail": str(self.logical_name)},
            )
        for attribute, data in self.wanted.changes(before).items():
            self.results[attribute] = UNCHANGED
            if attribute is LIST:
                self._learn_list(None)
            if data is not None:
                self.results[attribute] = OUTCOME_UNKNOWN  # until it has answered
                target = self._descriptor(attribute)
                self.results[attribute] = await async_change_one(self.call, self.coordinator, association, target, data)
        if all(result == UNCHANGED for result in self.results.values()):
            self.after = before
        elif association.is_open:
            self.after = await none_if_failed(self._async_read(association))
        if self.after is not None:
            self._learn_list(self.after.objects)
        if self.test is not None:
            await self.test.async_execute(association)

    def _learn_list(self, listed: Sequence[PushObject] | None) -> None:
        """Have values without names read by the list that stands there, and by none while nobody knows it."""
        reader = self.coordinator.reader
        reader.push_lists = reader.description.take_push_list(self.logical_name, listed)

    async def _async_read(self, association: Association) -> PushSetupState:
        shown = dict.fromkeys([*attributes_of(self.listed_version), *self.wanted.attributes])
        answers = await async_ask(association, map(self._descriptor, shown))
        return PushSetupState({each: answers[self._descriptor(each)] for each in shown}, self.listed_version)

    async def _async_read_again(self) -> PushSetupState | None:
        """Return what it holds where the association did not live to tell; None where nobody knows."""
        try:
            after = await async_read_by(self.coordinator, self._async_read)
        except HomeAssistantError:
            return None
        self._learn_list(after.objects)
        return after

    def response(self) -> dict[str, JsonValueType]:
        """Return what it was, and what became of it."""
        assert self.before is not None  # else there was an error
        return {
            "logical_name": str(self.logical_name),
            "version": self.before.version,
            "before": self.before.described(),
            "after": None if self.after is None else self.after.described(),
            "result": {attribute.standard_name: result for attribute, result in self.results.items()},
            "test": None if self.test is None else self.test.described(self.after or self.before),
        }

    def require_success(self) -> None:
        """Raise HomeAssistantError where not all went well: nobody looks at the response."""
        failed = {
            attribute.standard_name: result
            for attribute, result in self.results.items()
            if result not in {SUCCESS, UNCHANGED}
        }
        if failed:
            unknown = OUTCOME_UNKNOWN in failed.values()
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="push_outcome_unknown" if unknown else "push_not_written",
                translation_placeholders={
                    "detail": escaped(", ".join(f"{name}: {result}" for name, result in failed.items()))
                },
            )
        if self.test is not None and not self.test.has_come:
            assert self.before is not None  # else there was an error
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="push_not_received",
                translation_placeholders={
                    "detail": escaped(" ".join(self.test.what_to_check(self.after or self.before)))
                },
            )
