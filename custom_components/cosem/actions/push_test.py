"""A test push: it is executed, and what the meter then sends is shown, or what may be the reason that nothing came."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from homeassistant.core import ServiceCall
from homeassistant.util.json import JsonValueType

from ..coordinator import CosemCoordinator
from ..dlms import (
    Association,
    Data,
    DataNotification,
    DataType,
    InterfaceClass,
    Json,
    JsonObject,
    LogicalName,
    MethodDescriptor,
    PushedValue,
    PushObject,
    PushSetupAttribute,
    PushSetupMethod,
    SendDestination,
    TransportProtocol,
    describe_data,
    described_pushed_value,
    is_secret,
    notification_time,
    number_of,
    read_listed_values,
)
from ..meter.error_mapping import NOT_SENT, OUTCOME_UNKNOWN, SUCCESS
from ..push.own_destination import listened_ports
from ..push.routing import ReadNotification
from ..push.shown_values import pushed_attribute, pushed_reading
from ..push.told_kinds import told_kind
from .changing import async_change_one
from .push_changes import SERVICE_OF, PushSetupState

ON_CONNECTION: Final = 5.0
"""Seconds in which it may come over the connection on which it was asked for. Some send once that was let go."""
MOST_WAITED: Final = 30.0
"""Seconds in all."""
MOST_SHOWN: Final = 16
"""Notifications."""

_REASONS: Final = {
    "nobody's": "not expected from that address, for that client, or with that name",
    "ambiguous": "from this meter or from another one",
    "not opened": "protected, and not opened by any keys",
    "may be old": "perhaps an old message that was recorded",
    "replayed": "an old message once more",
}
"""Why something was not taken, in words; by what diagnostics call it."""

_NUMBER: Final = Data(DataType.INTEGER, 0)
_SECRET: Final = "not shown: it may hold a password or key"  # noqa: S105 - says that there is one


def push_method(logical_name: LogicalName) -> MethodDescriptor:
    """Return the method that sends what is listed."""
    return MethodDescriptor(InterfaceClass.PUSH_SETUP, logical_name, PushSetupMethod.PUSH)


@dataclass(slots=True)
class PushTest:
    """Of one meter. ``result``: of the method."""

    call: ServiceCall
    coordinator: CosemCoordinator
    method: MethodDescriptor
    result: str = NOT_SENT
    _came: list[ReadNotification] = field(default_factory=list)
    _is_there: asyncio.Event = field(default_factory=asyncio.Event)
    _not_taken_before: Counter[str] = field(default_factory=Counter)
    _ends_at: float = 0.0

    @contextmanager
    def following(self) -> Iterator[None]:
        """Keep what the meter sends meanwhile."""
        push = self.coordinator.notifications
        self._not_taken_before = push.not_taken_by_reason
        push.followers.append(self._take)
        try:
            yield
        finally:
            push.followers.remove(self._take)

    def _take(self, read: ReadNotification) -> None:
        if len(self._came) < MOST_SHOWN:
            self._came.append(read)
        # What a push setup sends; an event may come in between.
        if isinstance(read.notification, DataNotification):
            self._is_there.set()

    async def async_execute(self, association: Association) -> None:
        """Have the meter send it, and leave it the connection for a while. Once: it may be on its way."""
        self.result = await async_change_one(self.call, self.coordinator, association, self.method, _NUMBER)
        now = self.coordinator.hass.loop.time()
        self._ends_at = now + MOST_WAITED
        await self._async_wait_until(now + ON_CONNECTION)

    async def async_wait(self) -> None:
        """Wait for it, as long as it may take."""
        await self._async_wait_until(self._ends_at)

    async def _async_wait_until(self, ends_at: float) -> None:
        if self.result not in {SUCCESS, OUTCOME_UNKNOWN}:
            return  # it was refused
        try:
            async with asyncio.timeout_at(ends_at):
                await self._is_there.wait()
        except TimeoutError:
            return

    @property
    def has_come(self) -> bool:
        """Whether the meter sent it."""
        return self._is_there.is_set()

    def described(self, setup: PushSetupState) -> dict[str, JsonValueType]:
        """Return it for a response. ``setup``: as it is now."""
        check: list[JsonValueType] = [] if self.has_come else [*self.what_to_check(setup)]
        return {
            "result": self.result,
            "received": [self._notification(read, setup.objects or ()) for read in self._came],
            "not_taken": dict(self._not_taken),
            "check": check,
        }

    @property
    def _not_taken(self) -> Counter[str]:
        return self.coordinator.notifications.not_taken_by_reason - self._not_taken_before

    def _notification(self, read: ReadNotification, objects: Sequence[PushObject]) -> JsonObject:
        heard, notification = read.heard, read.notification
        values = read.values
        if isinstance(notification, DataNotification):  # it may be no more than values, in the order of the list
            values = read_listed_values(notification, {self.method.logical_name: objects})
        left: list[Json] = [] if values is None else [describe_data(each) for each in values.left]
        return {
            "kind": told_kind(notification),
            "transport": heard.source.transport.value,
            "source": heard.source.text,
            "source_wport": heard.pair.server_wport,
            "destination_wport": heard.pair.client_wport,
            "authenticated": heard.authenticated,
            "encrypted": heard.encrypted,
            "time": notification_time(notification),
            "items": [] if values is None else [self._item(each) for each in values.values],
            **({"not_understood": left} if left else {}),
        }

    def _item(self, value: PushedValue) -> JsonObject:
        """Return a value in its unit, also where that was read before and is not sent."""
        reader = self.coordinator.reader
        attribute = pushed_attribute(reader, value)
        known = None if attribute is None else pushed_reading(reader, attribute, value)
        if known is not None and known.scaler_unit is not None:
            value = replace(value, scaler_unit=known.scaler_unit)
        item = described_pushed_value(value)
        return item | {"value": None, "error": _SECRET} if attribute is not None and is_secret(attribute) else item

    def what_to_check(self, setup: PushSetupState) -> list[str]:
        """Return what may be the reason that nothing came."""
        if self.result not in {SUCCESS, OUTCOME_UNKNOWN}:
            return [f"The meter did not send: {self.result}."]
        return [
            *_why_not_heard(setup.destination, listened_ports(self.coordinator.config_entry)),
            *self._why_not_taken(),
            *_why_not_sent(setup),
            "A router, a firewall or a container may be in the way: can the meter reach Home Assistant there?",
        ]

    def _why_not_taken(self) -> Iterator[str]:
        if not_taken := self._not_taken:
            reasons = "; ".join(f"{_REASONS[reason]} ({count})" for reason, count in sorted(not_taken.items()))
            yield (
                f"Something came meanwhile and was not taken for this meter's: {reasons}. Check the addresses that it "
                "sends from, in the options under Notifications and events, and its keys."
            )


def _why_not_heard(sent: SendDestination | None, ports: Mapping[TransportProtocol, int]) -> Iterator[str]:
    if not ports:
        yield (
            "This entry does not listen: choose a transport in its options, under Notifications and events. Until "
            "then it hears only what comes over its own connection."
        )
    if sent is None:
        return
    place = sent.host_and_port
    heard_at = {(SERVICE_OF[transport], port) for transport, port in ports.items()}
    if not sent.destination:
        yield "No destination is set: the meter may send nothing, or over the connection of whoever asks."
    elif heard_at and (sent.transport_service, place and place[1]) not in heard_at:
        listens = " and ".join(f"over {each.value.upper()} at port {port}" for each, port in ports.items())
        yield f"It sends to {sent.destination_text} over {sent.transport_name}, and this entry listens {listens}."


def _why_not_sent(setup: PushSetupState) -> Iterator[str]:
    if (window := setup.data(PushSetupAttribute.COMMUNICATION_WINDOW)) is not None and window.value:
        yield "It may send in its communication_window only."
    delay = setup.data(PushSetupAttribute.RANDOMISATION_START_INTERVAL)
    if delay is not None and (seconds := number_of(delay)):
        yield f"It waits up to {seconds} seconds before it sends: randomisation_start_interval."
