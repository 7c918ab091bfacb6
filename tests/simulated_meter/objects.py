"""The object model: objects, attributes, who may read them, what they hold. Blue Book, interface classes.

Attributes are functions of a View: the household at one time, seen by one client.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Final

from custom_components.cosem.dlms.apdu.common import (
    AttributeDescriptor,
    DataAccessResult,
    MethodDescriptor,
    Selection,
)
from custom_components.cosem.dlms.encoding.data import Data, encode_data_octets, enum, integer, octet_string, structure
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

from .happenings import Happenings
from .household import Energies, Household, Instant
from .meter_time import MeterTime
from .notification_profile import Destination
from .profile import Level, MeterProfile

type Content = Data | bytes
"""What an attribute holds; bytes are Data encoded already (large buffers)."""
type Answer = Content | DataAccessResult

SUCCESS: Final = DataAccessResult(0)
READ_WRITE_DENIED: Final = DataAccessResult(3)
OBJECT_UNDEFINED: Final = DataAccessResult(4)
CLASS_INCONSISTENT: Final = DataAccessResult(9)
TYPE_UNMATCHED: Final = DataAccessResult(12)
SCOPE_VIOLATED: Final = DataAccessResult(13)
OTHER_REASON: Final = DataAccessResult(250)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationFacts:
    """What the association object tells about itself. Sizes in octets."""

    client_wport: int
    server_wport: int
    level: Level
    mechanism: int
    context: int
    conformance: int
    client_max_receive_pdu_size: int
    server_max_receive_pdu_size: int


class View:
    """One logical device at one moment for one association. All attributes read through it fit together."""

    def __init__(self, device: LogicalDevice, at: datetime, facts: AssociationFacts) -> None:
        self.device = device
        self.at = at.astimezone(UTC)
        self.facts = facts

    @cached_property
    def energies(self) -> Energies:
        return self.device.household.energies(self.at)

    @cached_property
    def instant(self) -> Instant:
        return self.device.household.instant(self.at)

    @property
    def unix(self) -> int:
        """The time in UNIX seconds."""
        return int(self.at.timestamp())

    def date_time(self, at: datetime | int) -> Data:
        """Return a time as the meter writes it: 12 octets in an octet-string."""
        moment = datetime.fromtimestamp(at, UTC) if isinstance(at, int) else at
        return octet_string(self.device.time.octets(moment))

    def average_import(self, start: int, end: int) -> int:
        """Return the average import in W between two UNIX times of one period."""
        return self.device.household.average_import(start, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """How an attribute is read, with or without a selection, and written; the levels that may do so."""

    read: Callable[[View], Content]
    select: Callable[[View, Selection], Answer] | None = None
    write: Callable[[View, Data], DataAccessResult] | None = None
    readable_by: Level | None = Level.IDENTITY
    writable_by: Level | None = None


type Execution = Callable[[View, Data], Data | DataAccessResult | None]
"""A method: its parameters (null-data for none) -> what it returns, None for nothing; or why it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CosemObject:
    """An object. ``attributes`` starts with number 2; attribute 1 is the logical name."""

    class_id: int
    version: int = 0
    logical_name: LogicalName
    level: Level = Level.READ
    attributes: Mapping[int, Attribute]
    methods: int = 0
    executable: Mapping[int, Execution] = field(default_factory=dict)
    """What can be executed, by the management client."""

    def write(self, index: int, view: View, value: Data, selection: Selection | None = None) -> DataAccessResult:
        """Write an attribute; return the result.

        No selection can be written. The Blue Book has selectors for attributes that are only read (buffers of profiles:
        what they hold was captured; object lists), which are refused as such (3), and for tables of another standard
        (class 26), which this meter has not. A selection of anything else is out of scope (13), as in a GET.
        """
        if view.facts.level < self.level:
            return READ_WRITE_DENIED
        attribute = self.attributes.get(index)
        if attribute is None:
            return READ_WRITE_DENIED if index == 1 else SCOPE_VIOLATED
        if attribute.write is None or attribute.writable_by is None or view.facts.level < attribute.writable_by:
            return READ_WRITE_DENIED
        return SCOPE_VIOLATED if selection is not None else attribute.write(view, value)

    def execute(self, index: int, view: View, parameters: Data) -> Data | DataAccessResult | None:
        """Execute a method; return what it returns, or why it is refused."""
        if view.facts.level < max(self.level, Level.MANAGE):
            return READ_WRITE_DENIED
        method = self.executable.get(index)
        if method is None:
            return READ_WRITE_DENIED if 1 <= index <= self.methods else SCOPE_VIOLATED
        return method(view, parameters)

    def read(self, index: int, view: View, selection: Selection | None = None) -> Answer:
        """Return an attribute, or why it can't be read. Index 0: all attributes in one structure."""
        if view.facts.level < self.level:
            return READ_WRITE_DENIED
        if index == 0:
            return self._all(view)
        if index == 1:
            return octet_string(self.logical_name.octets)
        attribute = self.attributes.get(index)
        if attribute is None:
            return SCOPE_VIOLATED
        if attribute.readable_by is None or view.facts.level < attribute.readable_by:
            return READ_WRITE_DENIED
        if selection is None:
            return attribute.read(view)
        return SCOPE_VIOLATED if attribute.select is None else attribute.select(view, selection)

    def _all(self, view: View) -> bytes:
        """An attribute that may not be read is null-data."""
        answers = [self.read(index, view) for index in (1, *sorted(self.attributes))]
        return bytes([2, len(answers)]) + b"".join(
            b"\x00" if isinstance(answer, DataAccessResult) else encoded(answer) for answer in answers
        )


def encoded(content: Content) -> bytes:
    """Return the octets of a content."""
    return content if isinstance(content, bytes) else encode_data_octets(content)


@dataclass(frozen=True, slots=True)
class Done:
    """Something that was written or executed, and when. ``value``: null-data for no parameters."""

    target: AttributeDescriptor | MethodDescriptor
    value: Data
    at: datetime


type Push = Callable[[View, Data, Destination | None, int], None]
"""A push_object_list, where to (None: on the connection of who asks), and to which client."""


@dataclass(kw_only=True)
class LogicalDevice:
    """A logical device: its name (16 octets), household, clock and objects."""

    wport: int
    name: bytes
    profile: MeterProfile
    household: Household
    time: MeterTime
    neighbours: list[tuple[int, bytes]] = field(default_factory=list)
    """All logical devices of the meter: server wPort and name."""
    clock_shift: timedelta = timedelta()
    """What its clock was set ahead."""
    done: list[Done] = field(default_factory=list)
    """All that was written and executed with success, in this order."""
    happenings: Happenings = field(default_factory=Happenings)
    on_push: Push | None = None
    """Sends what a push setup lists."""
    _objects: dict[tuple[int, LogicalName], CosemObject] = field(default_factory=dict)

    def add(self, *objects: CosemObject) -> None:
        """Add objects; same class and name replace."""
        for item in objects:
            self._objects[item.class_id, item.logical_name] = item

    def remove(self, logical_name: str) -> None:
        """Take an object away."""
        name = LogicalName.parse(logical_name)
        self._objects = {key: item for key, item in self._objects.items() if key[1] != name}

    def find(self, class_id: int, logical_name: LogicalName) -> CosemObject | DataAccessResult:
        """Return an object, or why there is none."""
        found = self._objects.get((class_id, logical_name))
        if found is not None:
            return found
        return CLASS_INCONSISTENT if self.named(logical_name) else OBJECT_UNDEFINED

    def write(
        self, attribute: AttributeDescriptor, view: View, value: Data, selection: Selection | None = None
    ) -> DataAccessResult:
        """Write an attribute; return the result."""
        found = self.find(attribute.class_id, attribute.logical_name)
        if isinstance(found, DataAccessResult):
            return found
        result = found.write(attribute.attribute_index, view, value, selection)
        if result == SUCCESS:
            self.done.append(Done(attribute, value, view.at))
        return result

    def execute(self, method: MethodDescriptor, view: View, parameters: Data) -> Data | DataAccessResult | None:
        """Execute a method; return what it returns, or why it is refused."""
        found = self.find(method.class_id, method.logical_name)
        if isinstance(found, DataAccessResult):
            return found
        outcome = found.execute(method.method_index, view, parameters)
        if not isinstance(outcome, DataAccessResult):
            self.done.append(Done(method, parameters, view.at))
        return outcome

    def named(self, logical_name: LogicalName) -> list[CosemObject]:
        """Return the objects with this name, of any class."""
        return [item for key, item in self._objects.items() if key[1] == logical_name]

    def visible(self, level: Level) -> Iterator[CosemObject]:
        """Yield the objects that this level sees, in the order of their names."""
        yield from sorted(
            (item for item in self._objects.values() if item.level <= level),
            key=lambda item: (item.logical_name.octets, item.class_id),
        )


def setting(content: Data, *, writable_by: Level = Level.MANAGE) -> Attribute:
    """Return an attribute that holds what is written to it; anything of another type is refused."""
    held = content

    def write(_: View, value: Data) -> DataAccessResult:
        nonlocal held
        if value.type is not content.type:
            return TYPE_UNMATCHED
        held = value
        return SUCCESS

    return Attribute(read=lambda _: held, write=write, writable_by=writable_by)


def constant(content: Data) -> Attribute:
    """Return an attribute that never changes."""
    return Attribute(read=lambda _: content)


def scaler_unit(scaler: int, unit: int) -> Data:
    """Return a scaler_unit."""
    return structure(integer(scaler), enum(unit))


def data_object(
    name: str, read: Callable[[View], Data], *, level: Level = Level.READ, writable_by: Level | None = None
) -> CosemObject:
    """Return a Data object (class 1)."""
    return CosemObject(
        class_id=1,
        logical_name=LogicalName.parse(name),
        level=level,
        attributes={2: Attribute(read=read, writable_by=writable_by)},
    )


def register(name: str, read: Callable[[View], Data], scaler: int, unit: int) -> CosemObject:
    """Return a Register (class 3)."""
    return CosemObject(
        class_id=3,
        logical_name=LogicalName.parse(name),
        attributes={2: Attribute(read=read), 3: constant(scaler_unit(scaler, unit))},
        methods=1,
    )
