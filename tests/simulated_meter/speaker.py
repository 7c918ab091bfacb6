"""The meter speaks: something happens, or a client executes ``push``; who is told, and when."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from custom_components.cosem.dlms.apdu.common import DataAccessResult
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    decode_data_octets,
    double_long_unsigned,
    structure,
    unsigned,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

from .buffers import event_times
from .carriers import Carriers
from .devices import alarms, serial_number
from .envelopes import Kind
from .happenings import Happening, kind_of
from .notification_profile import Carrier, Destination, NotificationProfile, Way
from .notifications import (
    CONFIRMED,
    BodyForm,
    NotificationForm,
    Pushed,
    body,
    data_notification,
    event_notification,
    information_report,
)
from .notifier import Notifier
from .objects import LogicalDevice, View, encoded
from .push_setup import parts
from .security_profile import Context

if TYPE_CHECKING:
    from .meter import SimulatedMeter

POWER_DOWN, POWER_UP = 1, 2
PUSH_AFTER: Final = 0.1
"""Seconds between the answer to ``push`` and what goes to another address."""
PUSH_SETUP: Final = LogicalName.parse("0.0.25.9.0")
ALARM_PUSH_SETUP: Final = LogicalName.parse("0.1.25.9.0")
_VALUE: Final = 8
"""From the base name of a Data object to its value."""


class Speaker:
    """What one meter says unasked. ``carry`` takes it to other addresses."""

    def __init__(self, meter: SimulatedMeter) -> None:
        self._meter = meter
        self.notifier = Notifier(meter.profile, meter.security)
        self.carriers = Carriers()
        self.carry: Callable[[Destination, Sequence[bytes]], None] = self.carriers.carry
        self._before_answer: list[bytes] = []
        for device in meter.devices.values():
            device.on_push = self._push

    @property
    def _profile(self) -> NotificationProfile:
        return self._meter.profile.notifications

    # -- saying something

    def say(self, apdu: bytes, way: Way | None = None) -> list[bytes]:
        """Send a plain notification on every connection where the client has an association; return its WPDUs."""
        way = self._profile.way if way is None else way
        sent: list[bytes] = []
        for session in self._meter.sessions:
            sent += session.notify(self.notifier, apdu, way)
        return sent

    def say_before_answer(self, apdu: bytes, way: Way | None = None) -> None:
        """Let a plain notification go out between the next request and its answer."""
        self._before_answer += self.notifier.wpdus(apdu, self._profile.way if way is None else way)

    def unasked(self) -> list[bytes]:
        """Return what goes out before the answer under way, once."""
        waiting, self._before_answer = self._before_answer, []
        return waiting

    # -- something happens

    def happen(self, code: int) -> None:
        """Log an event, raise its alarm, tell it to everybody who is to know."""
        apdus = self._told(code)
        for apdu in apdus:
            if self._profile.on_connections:
                self.say(apdu)
        self._carry(apdus, self._profile.destinations)

    def power_failure(self) -> None:
        """Log it, tell it by datagrams with the last of the power, and lose all connections."""
        apdus = self._told(POWER_DOWN)
        self._carry(apdus, [each for each in self._profile.destinations if each.carrier is Carrier.UDP])
        self._meter.restart()

    def power_return(self) -> None:
        """Be there again."""
        self.happen(POWER_UP)

    def _carry(self, apdus: Sequence[bytes], destinations: Sequence[Destination]) -> None:
        if destinations:
            wpdus = [each for apdu in apdus for each in self.notifier.wpdus(apdu, self._profile.way)]
            for destination in destinations:
                self.carry(destination, wpdus)

    def _told(self, code: int) -> list[bytes]:
        """Note an event; return the plain notifications that tell it."""
        now = self._meter.now()
        device = self._meter.devices[1]
        at = int(now.timestamp())
        happening = device.happenings.add(code, at, frozenset(event_times(device, at)))
        pushed = self.pushed(happening)
        time = device.time.octets(now)
        match self._profile.form:
            case NotificationForm.EVENT:
                chosen = pushed[-1] if self._profile.alarms_only else pushed[0]
                return [event_notification(chosen, time, self._profile.time)]
            case NotificationForm.DATA:
                return [self.data_notification(self._body(pushed), time)]
            case NotificationForm.REPORT:
                return [self._report(pushed, now)]

    def pushed(self, happening: Happening) -> list[Pushed]:
        """Return the event code, and the alarm register that changed with it."""
        kind = kind_of(happening.code)
        code = LogicalName.parse(f"0.0.96.11.{kind.log}")
        pushed = [Pushed(class_id=1, logical_name=code, value=unsigned(happening.code))]
        alarm = kind.raises or kind.ends
        if alarm is not None:
            bits = alarms(self._meter.devices[1], happening.at, alarm.register)
            register = LogicalName.parse(f"0.0.97.98.{alarm.register}")
            pushed.append(Pushed(class_id=1, logical_name=register, value=double_long_unsigned(bits)))
        return pushed

    def _body(self, pushed: Sequence[Pushed]) -> Data:
        device_id = serial_number(self._meter.profile, 1).encode("ascii")
        if self._profile.body is BodyForm.DEVICE:  # alarm registers only, where there are any
            pushed = pushed[1:] or pushed
        return body(self._profile.body, pushed, ALARM_PUSH_SETUP, device_id)

    def _report(self, pushed: Sequence[Pushed], now: datetime) -> bytes:
        """Values by their short names; those without one are left out."""
        bases = self._meter.dispatchers[1].short_names.base_names()
        names = {item.logical_name: base for base, item in bases.items() if item.class_id == 1}
        values = [(names[each.logical_name] + _VALUE, each.value) for each in pushed if each.logical_name in names]
        return information_report(values, f"{now:%Y%m%d%H%M%S}Z")

    # -- DataNotification

    def data_notification(self, content: Data, time: bytes | None = None) -> bytes:
        """Return one with the next long-invoke-id."""
        flags = CONFIRMED if self._profile.is_confirmed else 0
        return data_notification(content, self.notifier.next_invoke_id(), time, flags=flags)

    def _push(self, view: View, objects: Data, destination: Destination | None, client_wport: int) -> None:
        """A client executed ``push``: before the answer, or to the destination that was set."""
        apdu = self.data_notification(structure(*_values(view, objects)), view.device.time.octets(view.at))
        way = self._way_to(client_wport, view.device)
        if destination is None:
            self.say_before_answer(apdu, way)
        else:
            # Its counter is above that of the answer, as it comes behind it.
            _soon(lambda: self.carry(destination, self.notifier.wpdus(apdu, way)))

    def _way_to(self, client_wport: int, device: LogicalDevice) -> Way:
        """Return the usual way; clients with keys get nothing in plain."""
        way = replace(self._profile.way, client_wport=client_wport, server_wport=device.wport)
        client = self._meter.profile.client(client_wport)
        has_keys = client is not None and client.security is not None and client.security.context is not Context.PLAIN
        return replace(way, kind=Kind.GENERAL_GLOBAL) if has_keys and way.kind is None else way


def _soon(send: Callable[[], None]) -> None:
    """Send once the answer under way has gone out; at once where no time passes."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        send()
    else:
        loop.call_later(PUSH_AFTER, send)


def _values(view: View, objects: Data) -> list[Data]:
    """Return the attributes of a push_object_list, or parts of them; null-data for what is not there."""
    values = []
    for entry in parts(objects):
        class_id, name, index, part = (each.value for each in parts(entry)[:4])
        assert isinstance(class_id, int)  # as it was checked when it was written
        assert isinstance(name, bytes)
        assert isinstance(index, int)
        assert isinstance(part, int)
        found = view.device.find(class_id, LogicalName(name))
        answer = found if isinstance(found, DataAccessResult) else found.read(index, view)
        value = NULL if isinstance(answer, DataAccessResult) else decode_data_octets(encoded(answer))
        values.append(parts(value)[part - 1] if 0 < part <= len(parts(value)) else value)
    return values
