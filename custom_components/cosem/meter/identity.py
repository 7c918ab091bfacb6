"""Which meter this is, decided by ``identify`` for the set-up form and every poll."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..dlms import (
    LOGICAL_DEVICE_NAME,
    MANAGEMENT_WPORT,
    SAP_ASSIGNMENT_LIST,
    Association,
    AttributeDescriptor,
    Data,
    DataAttribute,
    DlmsError,
    InterfaceClass,
    LogicalDeviceName,
    LogicalName,
    Medium,
    ObjectListElement,
    SapAssignment,
    decode_sap_assignment_list,
    display_text,
    logical_device_name_of,
    number_of,
)
from .error_mapping import busy_error, decode_or_none
from .markdown import escaped
from .objects import async_ask
from .submeters import MODELS, Submeter, device_types_of, mbus_attributes, submeters_of

_MAX_NAME: Final = 64

NAME_ATTRIBUTE: Final = AttributeDescriptor(InterfaceClass.DATA, LOGICAL_DEVICE_NAME, DataAttribute.VALUE)


def _data(*logical_names: str) -> tuple[AttributeDescriptor, ...]:
    return tuple(
        AttributeDescriptor(InterfaceClass.DATA, LogicalName.parse(name), DataAttribute.VALUE) for name in logical_names
    )


SERIAL_ATTRIBUTES: Final = _data(
    "0.0.96.1.0.255",  # device ID 1, the manufacturing number
    "1.0.0.0.0.255",  # electricity ID 1
    "0.0.96.1.1.255",
    "1.0.0.0.1.255",
    "7.0.0.0.0.255",
    "8.0.0.0.0.255",
    "6.0.0.0.0.255",
)
"""Where meters keep their number, the most usual first."""

FIRMWARE_ATTRIBUTES: Final = _data("1.0.0.2.0.255", "0.0.0.2.0.255", "7.0.0.2.0.255", "0.0.0.2.1.255")
"""Where meters name their active firmware."""

CONFIGURATION_ATTRIBUTES: Final = _data("0.0.96.2.0.255", "0.0.96.2.1.255")
"""Number and date of configuration program changes."""

_MEDIA: Final[tuple[int, ...]] = (Medium.ELECTRICITY, Medium.HEAT, Medium.GAS, Medium.COLD_WATER, Medium.HOT_WATER)

type AttributeAnswers = Mapping[AttributeDescriptor, Data | DlmsError]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterIdentity:
    """A meter as it names itself; texts are cleaned."""

    unique_id: str
    pinned: AttributeDescriptor
    """Gives the unique id; verified in every association before data count."""
    manufacturer: str | None
    serial_number: str | None
    firmware: str | None
    model: str | None
    serial_attribute: AttributeDescriptor | None = None
    """Gives the serial number; None where the name gives it."""

    @property
    def title(self) -> str:
        """A person's name for it, escaped: "Iskraemeco 12345678"."""
        words = [word for word in (self.manufacturer, self.serial_number) if word]
        return escaped(" ".join(words) or self.unique_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class SelfDescription:
    """What a meter says about itself."""

    identity: MeterIdentity | None
    logical_devices: tuple[SapAssignment, ...]
    """Those of the physical device."""
    mbus_device_types: Mapping[int, int]
    """What its M-Bus devices measure, by channel (value group B)."""
    submeters: Mapping[int, Submeter]
    """Who made them, and their numbers, as far as told."""
    configuration: Mapping[AttributeDescriptor, Data]
    """How often and when the configuration was changed, as far as it tells."""


def logical_device_name(octets: bytes) -> str:
    """Return the name in a SAP list."""
    return LogicalDeviceName(octets).text


def is_management(server_wport: int) -> bool:
    """Whether this logical device is the one that every meter has."""
    return server_wport == MANAGEMENT_WPORT


def logical_device_title(name: str) -> str:
    """Return a person's name for a logical device, escaped: "Iskraemeco 12345678"."""
    known = LogicalDeviceName(name.encode())
    words = [word for word in (known.manufacturer, known.serial) if word]
    return escaped(" ".join(words) or name) or name


def identity_attributes(objects: Iterable[ObjectListElement]) -> tuple[AttributeDescriptor, ...]:
    """Return what to read: the name, and of the others what the list has."""
    readable = {
        AttributeDescriptor(element.class_id, element.logical_name, DataAttribute.VALUE)
        for element in objects
        if element.can_read(DataAttribute.VALUE)
    }
    # Without an object list all of them, because one of them may be there.
    others = (*SERIAL_ATTRIBUTES, *FIRMWARE_ATTRIBUTES)
    return (NAME_ATTRIBUTE, *(attribute for attribute in others if not readable or attribute in readable))


async def async_read_identity(
    association: Association, objects: Sequence[ObjectListElement], *, expected: str | None
) -> SelfDescription:
    """Ask a meter who it is, and which logical devices there are. A meter that is busy says so with its error."""
    attributes = list(identity_attributes(objects))
    if any((element.class_id, element.logical_name) == SAP_ASSIGNMENT_LIST[:2] for element in objects):
        attributes.append(SAP_ASSIGNMENT_LIST)
    mbus_devices = mbus_attributes(objects)
    listed = {(element.class_id, element.logical_name) for element in objects if element.can_read(DataAttribute.VALUE)}
    configuration = [attribute for attribute in CONFIGURATION_ATTRIBUTES if attribute[:2] in listed]
    answers = await async_ask(association, [*attributes, *mbus_devices, *configuration])
    sap_list = answers.pop(SAP_ASSIGNMENT_LIST, None)
    mbus_answers = {attribute: answers.pop(attribute) for attribute in mbus_devices}
    identity = identify(answers, association.parameters.server_wport, objects, expected=expected)
    if identity is None and (busy := busy_error(answers.values())) is not None:
        raise busy
    return SelfDescription(
        identity=identity,
        logical_devices=decode_or_none(decode_sap_assignment_list, sap_list) or ()
        if isinstance(sap_list, Data)
        else (),
        mbus_device_types=device_types_of(mbus_answers),
        submeters=submeters_of(mbus_answers),
        configuration={
            attribute: answer for attribute in configuration if isinstance(answer := answers[attribute], Data)
        },
    )


def identify(
    answers: AttributeAnswers,
    server_wport: int,
    objects: Iterable[ObjectListElement] = (),
    *,
    expected: str | None = None,
) -> MeterIdentity | None:
    """Return who the meter is, or None without a logical device name or number.

    The unique id is the name, else the first number with the wPort; ``expected`` goes first if one of them gives it.
    """
    candidates: dict[str, AttributeDescriptor] = {}
    for attribute in (NAME_ATTRIBUTE, *SERIAL_ATTRIBUTES):
        if (candidate := unique_id_of(attribute, answers.get(attribute), server_wport)) is not None:
            candidates.setdefault(candidate, attribute)
    if not candidates:
        return None
    # What could not be read when the entry was made may be readable now.
    unique_id = expected if expected in candidates else next(iter(candidates))
    name = _name(answers.get(NAME_ATTRIBUTE))
    return MeterIdentity(
        unique_id=unique_id,
        pinned=candidates[unique_id],
        manufacturer=name.manufacturer if name else None,
        serial_number=_first_text(answers, SERIAL_ATTRIBUTES) or (name.serial if name else None) or None,
        firmware=_first_text(answers, FIRMWARE_ATTRIBUTES),
        model=_model(objects),
        serial_attribute=next((each for each in SERIAL_ATTRIBUTES if identity_text(answers.get(each))), None),
    )


def unique_id_of(pinned: AttributeDescriptor, answer: Data | DlmsError | None, server_wport: int) -> str | None:
    """Return the unique id that this answer alone gives, or None."""
    if pinned == NAME_ATTRIBUTE:
        name = _name(answer)
        return name.text if name else None
    number = identity_text(answer)
    return f"{number}_{server_wport}" if number else None


def pinned_id_of(pinned: AttributeDescriptor, answer: Data | DlmsError, server_wport: int) -> str | None:
    """Return the unique id that a meter gives now, or None. A meter that is busy says so with its error."""
    if (busy := busy_error([answer])) is not None:
        raise busy
    return unique_id_of(pinned, answer, server_wport)


def _name(answer: Data | DlmsError | None) -> LogicalDeviceName | None:
    name = logical_device_name_of(answer) if isinstance(answer, Data) else None
    return name if name is not None and name.text else None


def identity_text(answer: Data | DlmsError | None) -> str | None:
    """Return a number or a name of a meter as text, None without one."""
    if not isinstance(answer, Data):
        return None
    text = display_text(answer, _MAX_NAME)
    if text is None and (number := number_of(answer)) is not None:
        text = format(number, "f")
    return text or None


def _first_text(answers: AttributeAnswers, attributes: Iterable[AttributeDescriptor]) -> str | None:
    return next((text for attribute in attributes if (text := identity_text(answers.get(attribute))) is not None), None)


def _model(objects: Iterable[ObjectListElement]) -> str | None:
    """The medium (value group A) of most objects."""
    counts = dict.fromkeys(_MEDIA, 0)
    for element in objects:
        if element.logical_name.a in counts:
            counts[element.logical_name.a] += 1
    medium = max(counts, key=counts.__getitem__)
    return MODELS[medium] if counts[medium] else None
