"""A push setup as plain JSON: where it sends what, and when (IEC 62056-6-2, class 40)."""

from collections.abc import Callable, Mapping
from typing import Final

from ..encoding.data_types import Data
from ..errors import RemoteProtocolError
from ..interface_classes.profile_generic import CaptureObject
from ..interface_classes.push_setup import (
    PushObject,
    PushSetupAttribute,
    decode_communication_window,
    decode_push_object_list,
    decode_send_destination_and_method,
)
from .elements import Json, JsonObject
from .values import raw_value


def described_push_setup(attribute: PushSetupAttribute, data: Data) -> Json:
    """An attribute in a form to work with; as it came where it makes no sense."""
    describe = _DESCRIBED.get(attribute)
    if describe is None:
        return raw_value(data)
    try:
        return describe(data)
    except RemoteProtocolError:
        return raw_value(data)


def described_push_object(item: PushObject) -> JsonObject:
    """An entry of push_object_list. What it has not is left out."""
    described: JsonObject = {
        "class_id": item.class_id,
        "logical_name": str(item.logical_name),
        "attribute": item.attribute_index,
    }
    if item.data_index:
        described["data_index"] = item.data_index
    if item.restriction is not None:
        described["restriction"] = raw_value(item.restriction)
    if item.columns:
        described["columns"] = [_column(column) for column in item.columns]
    return described


def _column(column: CaptureObject) -> Json:
    return described_push_object(PushObject(*column))


def _objects(data: Data) -> Json:
    return [described_push_object(item) for item in decode_push_object_list(data)]


def _destination(data: Data) -> Json:
    sent = decode_send_destination_and_method(data)
    return {
        "transport": sent.transport_name.lower(),
        "destination": sent.destination_text,
        "message": sent.message,
    }


def _window(data: Data) -> Json:
    # Mostly one of day, so that most of it is ``*``.
    return [{"from": begin.text, "until": end.text} for begin, end in decode_communication_window(data)]


_DESCRIBED: Final[Mapping[int, Callable[[Data], Json]]] = {
    PushSetupAttribute.PUSH_OBJECT_LIST: _objects,
    PushSetupAttribute.SEND_DESTINATION_AND_METHOD: _destination,
    PushSetupAttribute.COMMUNICATION_WINDOW: _window,
}
