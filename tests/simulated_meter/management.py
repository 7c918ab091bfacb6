"""Association LN, SAP assignment, Clock, set-up objects: Blue Book classes 8, 15, 17, 41, 43."""

from collections.abc import Iterable
from datetime import timedelta

from custom_components.cosem.dlms.apdu.common import DataAccessResult, Selection
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    DataType,
    array,
    bit_string,
    boolean,
    encode_data_octets,
    enum,
    integer,
    long,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

from .noise import scatter
from .objects import (
    SCOPE_VIOLATED,
    SUCCESS,
    TYPE_UNMATCHED,
    Answer,
    Attribute,
    CosemObject,
    LogicalDevice,
    View,
    constant,
)
from .profile import Level, security_setup_name

CURRENT_ASSOCIATION = LogicalName.parse("0.0.40.0.0.255")
_APPLICATION_CONTEXT = bytes.fromhex("608574050801")
_MECHANISM = bytes.fromhex("608574050802")
_READ, _WRITE = 1, 2


def association_object(device: LogicalDevice) -> CosemObject:
    """Return the current association (class 15), version by the profile."""
    version = device.profile.quirks.association_version
    readable = device.profile.quirks.object_list_readable
    attributes = {
        2: Attribute(read=_object_list, select=_select_objects, readable_by=Level.IDENTITY if readable else None),
        3: Attribute(read=_partners),
        4: Attribute(read=lambda view: octet_string(_APPLICATION_CONTEXT + bytes([view.facts.context]))),
        5: Attribute(read=_context_info),
        6: Attribute(read=lambda view: octet_string(_MECHANISM + bytes([view.facts.mechanism]))),
        7: Attribute(read=lambda _: NULL, readable_by=None, writable_by=Level.MANAGE),
        8: constant(enum(2)),
    }
    if version >= 1:
        attributes[9] = Attribute(
            read=lambda view: octet_string(security_setup_name(view.device.profile, view.facts.client_wport).octets)
        )
    if version >= 2:
        attributes[10] = constant(array())
        attributes[11] = constant(structure(unsigned(0), visible_string("")))
    return CosemObject(
        class_id=15,
        version=version,
        logical_name=CURRENT_ASSOCIATION,
        level=Level.IDENTITY,
        attributes=attributes,
        methods=4 if version < 2 else 6,
    )


def _partners(view: View) -> Data:
    """A client wPort above 127 does not fit the standard's integer."""
    client = view.facts.client_wport
    return structure(integer(client) if client < 128 else long_unsigned(client), long_unsigned(view.facts.server_wport))


def _context_info(view: View) -> Data:
    facts = view.facts
    return structure(
        bit_string(f"{facts.conformance:024b}"),
        long_unsigned(facts.server_max_receive_pdu_size),
        long_unsigned(facts.client_max_receive_pdu_size),
        unsigned(6),
        integer(0),
        octet_string(b""),
    )


def _object_list(view: View) -> bytes:
    return _encode_list(view, view.device.visible(view.facts.level))


def _encode_list(view: View, objects: Iterable[CosemObject]) -> bytes:
    return encode_data_octets(array(*[_element(view, item) for item in objects]))


def _element(view: View, item: CosemObject) -> Data:
    version = view.device.profile.quirks.association_version
    level = view.facts.level
    attributes = [_attribute_rights(1, _READ, ())]
    for index, attribute in sorted(item.attributes.items()):
        mode = 0
        if attribute.readable_by is not None and level >= attribute.readable_by:
            mode |= _READ
        if attribute.writable_by is not None and level >= attribute.writable_by:
            mode |= _WRITE
        selectors = (1, 2, 3, 4) if item.class_id == 15 else (1, 2)
        attributes.append(_attribute_rights(index, mode, selectors if attribute.select and mode else ()))
    allowed = level >= Level.MANAGE
    methods = [
        structure(integer(index), boolean(allowed) if version == 0 else enum(1 if allowed else 0))
        for index in range(1, item.methods + 1)
    ]
    return structure(
        long_unsigned(item.class_id),
        unsigned(item.version),
        octet_string(item.logical_name.octets),
        structure(array(*attributes), array(*methods)),
    )


def _attribute_rights(index: int, mode: int, selectors: tuple[int, ...]) -> Data:
    """The modes used here are the same numbers in all versions of the association."""
    return structure(integer(index), enum(mode), array(*map(integer, selectors)) if selectors else NULL)


def _select_objects(view: View, selection: Selection) -> Answer:
    """1 all, 2 by classes, 3 by a list of names, 4 one name."""
    visible = list(view.device.visible(view.facts.level))
    value = selection.parameters.value
    match selection.selector, selection.parameters.type:
        case 1, _:
            return _encode_list(view, visible)
        case 2, DataType.ARRAY:
            wanted = {item.value for item in value if isinstance(item, Data)} if isinstance(value, tuple) else set()
            return _encode_list(view, [item for item in visible if item.class_id in wanted])
        case 3, DataType.ARRAY:
            names = {_object_id(item) for item in value} if isinstance(value, tuple) else set()
            return _encode_list(view, [item for item in visible if (item.class_id, item.logical_name.octets) in names])
        case 4, DataType.STRUCTURE:
            name = _object_id(selection.parameters)
            found = [item for item in visible if (item.class_id, item.logical_name.octets) == name]
            return _element(view, found[0]) if found else SCOPE_VIOLATED
        case ((2 | 3 | 4), _):
            return TYPE_UNMATCHED
        case _:
            return SCOPE_VIOLATED


def _object_id(item: object) -> object:
    """None for anything but an object_id structure."""
    fields = item.value if isinstance(item, Data) else None
    if not isinstance(fields, tuple) or len(fields) != 2:
        return None
    return tuple(field.value if isinstance(field, Data) else None for field in fields)


def sap_assignment(device: LogicalDevice) -> CosemObject:
    """Return SAP assignment (class 17): the meter's logical devices."""
    return CosemObject(
        class_id=17,
        logical_name=LogicalName.parse("0.0.41.0.0"),
        level=Level.IDENTITY,
        attributes={
            2: Attribute(
                read=lambda _: array(
                    *[structure(long_unsigned(wport), octet_string(name)) for wport, name in device.neighbours]
                )
            )
        },
        methods=1,
    )


def clock_object(device: LogicalDevice) -> CosemObject:
    """Return the clock (class 8)."""

    def rule(month: int, hour: int) -> Data:
        """Return when summer time begins or ends: each year on a month's last Sunday."""
        return octet_string(bytes([0xFF, 0xFF, month, 0xFE, 7, hour, 0, 0, 0, 0x80, 0, 0]))

    def set_time(view: View, value: Data) -> DataAccessResult:
        octets = value.value
        moment = device.time.instant(octets) if isinstance(octets, bytes) and len(octets) == 12 else None
        if moment is None:
            return TYPE_UNMATCHED
        device.clock_shift = moment - view.at
        return SUCCESS

    def to_minute(view: View, _: Data) -> None:
        shown = view.at + device.clock_shift
        rest = timedelta(seconds=shown.second, microseconds=shown.microsecond)
        device.clock_shift += timedelta(minutes=1) - rest if rest >= timedelta(seconds=30) else -rest

    def shift_time(_: View, parameters: Data) -> DataAccessResult | None:
        if parameters.type is not DataType.LONG or not isinstance(parameters.value, int):
            return TYPE_UNMATCHED
        device.clock_shift += timedelta(seconds=parameters.value)
        return None

    return CosemObject(
        class_id=8,
        logical_name=LogicalName.parse("0.0.1.0.0"),
        attributes={
            2: Attribute(
                read=lambda view: view.date_time(view.at + device.clock_shift),
                write=set_time,
                writable_by=Level.MANAGE,
            ),
            3: constant(long(-device.time.standard_offset_minutes)),
            4: Attribute(read=lambda view: unsigned(0x80 if device.time.saving(view.at) else 0)),
            5: constant(rule(3, 2)),
            6: constant(rule(10, 3)),
            7: constant(integer(60)),
            8: constant(boolean(device.time.daylight_saving)),
            9: constant(enum(1)),
        },
        methods=6,
        executable={3: to_minute, 6: shift_time},
    )


def setup_objects(device: LogicalDevice) -> Iterable[CosemObject]:
    """Yield TCP-UDP setup (41) and MAC address setup (43)."""
    timeout = int(device.profile.quirks.inactivity_timeout)
    yield CosemObject(
        class_id=41,
        logical_name=LogicalName.parse("0.0.25.0.0"),
        attributes={
            2: constant(long_unsigned(4059)),
            3: constant(octet_string(LogicalName.parse("0.0.25.1.0").octets)),
            4: constant(long_unsigned(576)),
            5: constant(unsigned(1 if device.profile.quirks.one_connection else 8)),
            6: constant(long_unsigned(timeout)),
        },
    )
    # A locally administered address: no vendor's.
    address = b"\x02\x53\x49\x4d" + (scatter(device.household.seed, 30) & 0xFFFF).to_bytes(2, "big")
    yield CosemObject(
        class_id=43, logical_name=LogicalName.parse("0.0.25.2.0"), attributes={2: constant(octet_string(address))}
    )
