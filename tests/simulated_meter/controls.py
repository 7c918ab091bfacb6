"""What can be set and executed: scripts, image transfer, calendar, relay, limiter; push setups have their own file.

Blue Book classes 9, 18, 20, 70, 71. Nothing here changes what the household uses.
"""

from collections.abc import Iterable
from typing import Final

from custom_components.cosem.dlms.apdu.common import DataAccessResult
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    Data,
    DataType,
    array,
    bit_string,
    boolean,
    double_long_unsigned,
    enum,
    integer,
    long_unsigned,
    octet_string,
    structure,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

from .objects import OBJECT_UNDEFINED, TYPE_UNMATCHED, Attribute, CosemObject, View, constant, setting
from .profile import Level
from .push_setup import push_setup

_DISCONNECTED, _CONNECTED = 0, 1
_DISCONNECT_SCRIPT, _RECONNECT_SCRIPT = 1, 2
_BLOCK_SIZE: Final = 256
_TEMPORARY_FAILURE: Final = DataAccessResult(2)


class Disconnector:
    """The supply relay."""

    def __init__(self) -> None:
        self.is_connected = True
        self.mode = setting(enum(4))

    def switch(self, *, on: bool) -> None:
        """Connect or disconnect."""
        self.is_connected = on

    def control(self) -> CosemObject:
        """Return the disconnect control (class 70)."""
        return CosemObject(
            class_id=70,
            logical_name=LogicalName.parse("0.0.96.3.10"),
            attributes={
                2: Attribute(read=lambda _: boolean(self.is_connected)),
                3: Attribute(read=lambda _: enum(_CONNECTED if self.is_connected else _DISCONNECTED)),
                4: self.mode,
            },
            methods=2,
            executable={
                1: lambda _, parameters: self._by_method(parameters, on=False),
                2: lambda _, parameters: self._by_method(parameters, on=True),
            },
        )

    def _by_method(self, parameters: Data, *, on: bool) -> Data | DataAccessResult | None:
        if parameters.type is not DataType.INTEGER:
            return TYPE_UNMATCHED
        self.switch(on=on)
        return None

    def scripts(self) -> CosemObject:
        """Return the script table (class 9) of the relay."""

        def script(number: int, method: int) -> Data:
            action = structure(
                enum(2),
                long_unsigned(70),
                octet_string(LogicalName.parse("0.0.96.3.10").octets),
                integer(method),
                integer(0),
            )
            return structure(long_unsigned(number), array(action))

        def execute(_: View, parameters: Data) -> Data | DataAccessResult | None:
            if parameters.type is not DataType.LONG_UNSIGNED:
                return TYPE_UNMATCHED
            if parameters.value not in {_DISCONNECT_SCRIPT, _RECONNECT_SCRIPT}:
                return OBJECT_UNDEFINED
            self.switch(on=parameters.value == _RECONNECT_SCRIPT)
            return None

        return CosemObject(
            class_id=9,
            logical_name=LogicalName.parse("0.0.10.0.106"),
            level=Level.MANAGE,
            attributes={2: constant(array(script(_DISCONNECT_SCRIPT, 1), script(_RECONNECT_SCRIPT, 2)))},
            methods=1,
            executable={1: execute},
        )


def limiter() -> CosemObject:
    """Return a limiter (class 71) of the active power."""
    watched = structure(long_unsigned(3), octet_string(LogicalName.parse("1.0.1.7.0").octets), integer(2))
    nothing = structure(octet_string(LogicalName.parse("0.0.10.0.106").octets), long_unsigned(0))
    normal = setting(double_long_unsigned(11_000))
    return CosemObject(
        class_id=71,
        logical_name=LogicalName.parse("0.0.17.0.0"),
        level=Level.MANAGE,
        attributes={
            2: constant(watched),
            3: Attribute(read=normal.read),
            4: normal,
            5: setting(double_long_unsigned(3_000)),
            6: setting(double_long_unsigned(60)),
            7: setting(double_long_unsigned(60)),
            8: setting(structure(long_unsigned(0), octet_string(b""), double_long_unsigned(0))),
            9: setting(array()),
            10: constant(boolean(False)),
            11: setting(structure(nothing, nothing)),
        },
    )


class ImageTransfer:
    """An image, block by block (class 18)."""

    def __init__(self) -> None:
        self.blocks: dict[int, bytes] = {}
        self.size = 0
        self.status = 0

    def initiate(self, _: View, parameters: Data) -> Data | DataAccessResult | None:
        """Take identifier and size."""
        match parameters.value:
            case (Data(type=DataType.OCTET_STRING), Data(type=DataType.DOUBLE_LONG_UNSIGNED, value=int(size))):
                self.blocks, self.size, self.status = {}, size, 1
                return None
        return TYPE_UNMATCHED

    def take(self, _: View, parameters: Data) -> Data | DataAccessResult | None:
        """Take a block."""
        match parameters.value:
            case (Data(type=DataType.DOUBLE_LONG_UNSIGNED, value=int(number)), Data(value=bytes(octets))):
                if not self.status or len(octets) > _BLOCK_SIZE:
                    return _TEMPORARY_FAILURE
                self.blocks[number] = octets
                return None
        return TYPE_UNMATCHED

    def _first_missing(self) -> int:
        return next(number for number in range(len(self.blocks) + 1) if number not in self.blocks)

    def verify(self, _: View, __: Data) -> Data | DataAccessResult | None:
        """Check that every block came."""
        if sum(map(len, self.blocks.values())) != self.size:
            return _TEMPORARY_FAILURE
        self.status = 3
        return None

    def _taken(self) -> Data:
        count = -(-self.size // _BLOCK_SIZE)
        return bit_string("".join("1" if number in self.blocks else "0" for number in range(count)))

    def transfer(self) -> CosemObject:
        """Return the object."""
        return CosemObject(
            class_id=18,
            logical_name=LogicalName.parse("0.0.44.0.0"),
            level=Level.MANAGE,
            attributes={
                2: constant(double_long_unsigned(_BLOCK_SIZE)),
                3: Attribute(read=lambda _: self._taken()),
                4: Attribute(read=lambda _: double_long_unsigned(self._first_missing())),
                5: setting(boolean(True)),
                6: Attribute(read=lambda _: enum(self.status)),
                7: constant(array()),
            },
            methods=4,
            executable={1: self.initiate, 2: self.take, 3: self.verify, 4: lambda _, __: None},
        )


class ActivityCalendar:
    """Two calendars (class 20): a client writes the passive one, and activates it."""

    def __init__(self) -> None:
        name, profiles = octet_string(b"standard"), array()
        self.active = [name, profiles, profiles, profiles]
        self.passive = [setting(content) for content in self.active]

    def activate(self, view: View, _: Data) -> None:
        """Make the passive calendar the active one."""
        self.active = [content for attribute in self.passive if isinstance(content := attribute.read(view), Data)]

    def calendar(self) -> CosemObject:
        """Return the object. The manufacturer's method -1 returns its parameters."""

        def active(index: int) -> Attribute:
            return Attribute(read=lambda _: self.active[index])

        return CosemObject(
            class_id=20,
            logical_name=LogicalName.parse("0.0.13.0.0"),
            level=Level.MANAGE,
            attributes={
                **{2 + index: active(index) for index in range(4)},
                **dict(enumerate(self.passive, 6)),
                10: setting(octet_string(b"\xff" * 12)),
            },
            methods=1,
            executable={1: self.activate, -1: lambda _, parameters: None if parameters == NULL else parameters},
        )


def control_objects(*, complete: bool, push_version: int = 0) -> Iterable[CosemObject]:
    """Yield the disconnect control, and all the others if ``complete``. ``push_version``: of the push setup."""
    disconnector = Disconnector()
    yield disconnector.control()
    if not complete:
        return
    yield disconnector.scripts()
    yield limiter()
    yield push_setup(version=push_version)
    yield ImageTransfer().transfer()
    yield ActivityCalendar().calendar()
