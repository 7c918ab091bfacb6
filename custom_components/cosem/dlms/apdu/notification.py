"""What a server sends unasked with logical names: EventNotification (tag C2), DataNotification (0F), its confirm (10).

IEC 62056-5-3, Event-Notification-Request, Data-Notification, Data-Notification-Confirm.
"""

from dataclasses import dataclass
from typing import Final

from ..encoding.data import Data, decode_data, encode_data
from ..encoding.octets import Reader, Writer
from .common import (
    DATE_TIME_OCTETS,
    AttributeDescriptor,
    LongInvokeIdAndPriority,
    decode_attribute_descriptor,
    decode_long_invoke_id_and_priority,
    decode_optional_date_time,
    encode_attribute_descriptor,
    encode_long_invoke_id_and_priority,
    encode_optional_date_time,
    expect_tag,
)
from .untagged_descriptors import decode_body

DATA_NOTIFICATION: Final = 0x0F
DATA_NOTIFICATION_CONFIRM: Final = 0x10
EVENT_NOTIFICATION_REQUEST: Final = 0xC2


@dataclass(frozen=True, slots=True)
class EventNotificationRequest:
    """An attribute and its value. time: 12 octets."""

    time: bytes | None
    attribute: AttributeDescriptor
    value: Data


@dataclass(frozen=True, slots=True)
class DataNotification:
    """date_time: 12 octets. body: usually a structure in the order of push_object_list."""

    long_invoke: LongInvokeIdAndPriority
    date_time: bytes | None
    body: Data


@dataclass(frozen=True, slots=True)
class DataNotificationConfirm:
    """In newer editions only."""

    long_invoke: LongInvokeIdAndPriority
    date_time: bytes | None


def decode_event_notification_request(reader: Reader) -> EventNotificationRequest:
    """Decode the APDU, in three spellings of its time."""
    expect_tag(reader, EVENT_NOTIFICATION_REQUEST)
    time = None
    # Leniency "three spellings of the time": 01 0C + 12 octets is today's, 01 + 12 octets the older fixed size (no year
    # starts with 0C), 09 0C + 12 octets comes from one library. Any first octet other than 00 says that it is there.
    if reader.flag():
        if reader.peek() == DATE_TIME_OCTETS:
            reader.unsigned8()
        time = reader.take(DATE_TIME_OCTETS)
    return EventNotificationRequest(time, decode_attribute_descriptor(reader), decode_data(reader))


def encode_event_notification_request(apdu: EventNotificationRequest, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(EVENT_NOTIFICATION_REQUEST)
    writer.flag(apdu.time is not None)
    if apdu.time is not None:
        writer.octet_string(apdu.time)
    encode_attribute_descriptor(apdu.attribute, writer)
    encode_data(apdu.value, writer)


def decode_data_notification(reader: Reader) -> DataNotification:
    """Decode the APDU."""
    expect_tag(reader, DATA_NOTIFICATION)
    return DataNotification(
        decode_long_invoke_id_and_priority(reader),
        decode_optional_date_time(reader, tagged_accepted=True),  # leniency "tagged date-time"
        decode_body(reader),
    )


def encode_data_notification(apdu: DataNotification, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(DATA_NOTIFICATION)
    encode_long_invoke_id_and_priority(apdu.long_invoke, writer)
    encode_optional_date_time(apdu.date_time, writer)
    encode_data(apdu.body, writer)


def decode_data_notification_confirm(reader: Reader) -> DataNotificationConfirm:
    """Decode the APDU."""
    expect_tag(reader, DATA_NOTIFICATION_CONFIRM)
    return DataNotificationConfirm(decode_long_invoke_id_and_priority(reader), decode_optional_date_time(reader))


def encode_data_notification_confirm(apdu: DataNotificationConfirm, writer: Writer) -> None:
    """Encode the APDU."""
    writer.unsigned8(DATA_NOTIFICATION_CONFIRM)
    encode_long_invoke_id_and_priority(apdu.long_invoke, writer)
    encode_optional_date_time(apdu.date_time, writer)
