"""What notifications are called in events, forms and cards."""

from collections.abc import Mapping
from typing import Final

from ..dlms import DataNotification, EventNotificationRequest, InformationReportRequest, Notification

UNDECODABLE: Final = "undecodable"
PROTECTED: Final = "protected"
"""It was not opened, so nobody knows what it is."""

_KINDS: Final[Mapping[type, str]] = {
    EventNotificationRequest: "event_notification",
    DataNotification: "data_notification",
    InformationReportRequest: "information_report",
}


def told_kind(notification: Notification | None) -> str:
    """Return the name of a notification's kind; ``notification``: None where it is not decoded."""
    return UNDECODABLE if notification is None else _KINDS[type(notification)]
