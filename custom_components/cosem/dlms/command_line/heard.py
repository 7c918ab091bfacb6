"""What was heard, for people and programs: one notification, what it means, and how far it can be believed."""

from dataclasses import dataclass
import json
from typing import Final

from ..apdu import decode_apdu
from ..apdu.notification import DataNotification, EventNotificationRequest
from ..apdu.short_name import InformationReportRequest
from ..client.hearing import Heard
from ..describe.elements import Json, JsonObject, describe_all, describe_data
from ..describe.notifications import described_pushed_value, notification_time, pushed_value_and_unit
from ..errors import DlmsError, SecurityError, SystemTitleMismatch
from ..interface_classes.pushed_values import Notification, PushedValue, PushedValues, read_pushed_values
from .advice import sentence
from .object_names import object_name

_KINDS: Final = {
    EventNotificationRequest: "event-notification",
    DataNotification: "data-notification",
    InformationReportRequest: "information-report",
}
UNDECODABLE: Final = "undecodable"


@dataclass(frozen=True, slots=True)
class HeardNotification:
    """One notification. ``apdu``, ``values``: None where it is not to be understood."""

    heard: Heard
    apdu: Notification | None
    values: PushedValues | None
    error: DlmsError | None

    @classmethod
    def of(cls, heard: Heard) -> HeardNotification:
        """Decode it. Never raises."""
        if heard.error is not None:
            return cls(heard, None, None, heard.error)
        try:
            apdu = decode_apdu(heard.apdu)
        except DlmsError as error:
            return cls(heard, None, None, error)
        assert isinstance(apdu, EventNotificationRequest | DataNotification | InformationReportRequest)  # by its tag
        return cls(heard, apdu, read_pushed_values(apdu), None)

    @property
    def time(self) -> str | None:
        """When it was sent, as the meter says: ISO 8601, or what it is as it came; None if it does not say."""
        return notification_time(self.apdu)

    def to_json(self) -> JsonObject:
        """Return one object for programs; docs/command-line.md has its contract."""
        heard, source = self.heard, self.heard.source
        return {
            "kind": UNDECODABLE if self.apdu is None else _KINDS[type(self.apdu)],
            "transport": source.transport.value,
            "source": source.text,
            "source_wport": heard.pair.server_wport,
            "destination_wport": heard.pair.client_wport,
            "system_title": None if heard.system_title is None else heard.system_title.hex().upper(),
            "authenticated": heard.authenticated,
            "encrypted": heard.encrypted,
            "may_be_old": heard.may_be_old,
            "time": self.time,
            "items": [] if self.values is None else [described_pushed_value(each) for each in self.values.values],
            "body": None if self.apdu is None else _body(self.apdu),
            "raw": heard.apdu.hex().upper(),
        }

    def lines(self) -> list[str]:
        """Return lines for people: who, how far to be believed, then each value."""
        heard = self.heard
        title = "" if heard.system_title is None else f", system title {heard.system_title.hex().upper()}"
        kind = "not understood" if self.apdu is None else _KINDS[type(self.apdu)]
        believed = "authenticated" if heard.authenticated else "not authenticated: anybody could have sent it"
        old = ", but perhaps sent again by somebody else: no counter tells" if heard.may_be_old else ""
        how = f"{believed}{', encrypted' if heard.encrypted else ''}{old}"
        when = "" if self.time is None else f", at {self.time}"
        place = f"{heard.source.text} ({heard.source.transport}), wPort {heard.pair.server_wport}"
        found = [f"{kind} from {place}{title}{when}; {how}"]
        if self.error is not None:
            return [*found, f"  {_reason(self.error)}", f"  {heard.apdu.hex().upper()}"]
        assert self.values is not None  # without an error it was decoded
        found += [f"  {_value_line(each)}" for each in self.values.values]
        return [*found, *(f"  not understood: {json.dumps(each)}" for each in describe_left(self.values))]


def _reason(error: DlmsError) -> str:
    """Return why it is not understood, with advice for somebody who only listens."""
    match error:
        case SystemTitleMismatch(found=None):
            return f"{error}. It needs the meter's keys, and meter_system_title in --keys-file, which it does not tell"
        case SystemTitleMismatch():
            return (
                f"{error}. It needs the meter's keys: set DLMS_ENCRYPTION_KEY and DLMS_AUTHENTICATION_KEY, or use "
                "--keys-file, whose meter_system_title has to be this one"
            )
        case SecurityError():
            return sentence(error)
    return f"{error}. It is damaged, or something else than a notification"


def describe_left(values: PushedValues) -> list[Json]:
    """Return what is not understood of it."""
    return [describe_data(data) for data in values.left]


def _body(apdu: Notification) -> Json:
    match apdu:
        case EventNotificationRequest():
            return describe_data(apdu.value)
        case DataNotification():
            return describe_data(apdu.body)
    return describe_all(apdu.data)


def _value_line(value: PushedValue) -> str:
    shown, unit = pushed_value_and_unit(value)
    if value.logical_name is None:
        name = f"short name {value.short_name}"
    else:
        name = ":".join(str(part) for part in (value.class_id, value.logical_name, value.attribute_index) if part)
        words = object_name(value.logical_name)
        name += f" ({words})" if words else ""
    part = f", part {value.data_index}" if value.data_index else ""
    text = shown if isinstance(shown, str) and shown.isprintable() else json.dumps(shown)
    return f"{name}{part}  {text}{f' {unit}' if unit else ''}"
