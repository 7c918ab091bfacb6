"""What the meter was told, and the check of it: executed as often as was said, and held by the meter afterwards."""

from typing import Final

from custom_components.cosem.dlms import AttributeDescriptor, Data
from custom_components.cosem.dlms.apdu.common import MethodDescriptor
from custom_components.cosem.dlms.encoding.data import BitString, double_long_unsigned, octet_string, structure
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from tests.simulated_meter.meter import SimulatedMeter

NAME: Final = AttributeDescriptor(20, LogicalName.parse("0.0.13.0.0.255"), 6)
"""The name of the passive calendar: any octets."""
RETURNING: Final = MethodDescriptor(20, NAME.logical_name, -1)
"""Returns its parameters, in blocks where they came so."""
IMAGE_INITIATE: Final = MethodDescriptor(18, LogicalName.parse("0.0.44.0.0.255"), 1)
IMAGE_BLOCK: Final = MethodDescriptor(18, IMAGE_INITIATE.logical_name, 2)
_BLOCKS_TAKEN: Final = 3
_BLOCKS: Final = 32
_BLOCK_SIZE: Final = 256
_LONG: Final = 600

type Target = AttributeDescriptor | MethodDescriptor


class Violation(AssertionError):
    """The truth check found something."""


class Told:
    """Everything that a meter was told in a run."""

    def __init__(self, meter: SimulatedMeter) -> None:
        self._meter = meter
        self._number = 0
        self._name = self._held_name()

    @property
    def is_image_begun(self) -> bool:
        """Whether the meter waits for blocks of an image."""
        return any(done.target == IMAGE_INITIATE for done in self._meter.devices[1].done)

    @staticmethod
    def image() -> Data:
        """Return the parameters that begin an image."""
        return structure(octet_string(b"image"), double_long_unsigned(_BLOCKS * _BLOCK_SIZE))

    def next_value(self, *, long: bool) -> Data:
        """Return a value that was never told before; ``long``: goes in blocks."""
        self._number += 1
        return octet_string(self._number.to_bytes(4) * (_LONG if long else 1))

    def next_block(self) -> Data:
        """Return the parameters of a block of the image that was never sent before."""
        self._number += 1
        return structure(double_long_unsigned(self._number), octet_string(self._number.to_bytes(4)))

    def check(self, target: Target, value: Data, allowed: set[int]) -> None:
        """Check that it was done so often, and that the meter holds it if it was. Raises Violation."""
        times = sum((done.target, done.value) == (target, value) for done in self._meter.devices[1].done)
        if times not in allowed:
            raise Violation(f"executed {times} times, allowed {allowed}")
        if target == NAME:
            self._name = value if times else self._name
            if self._held_name() != self._name:
                raise Violation(f"the meter holds {self._held_name()}, not {self._name}")
        if target == IMAGE_BLOCK and self._is_block_taken(self._number) != bool(times):
            raise Violation(f"block {self._number} executed {times} times, and the meter says otherwise")

    def check_all(self) -> None:
        """Check that nothing was done twice, or behind our back after the last check. Raises Violation."""
        done = [(done.target, done.value) for done in self._meter.devices[1].done]
        if any(done.count(each) > 1 for each in done):
            raise Violation("something was executed twice")
        if self._held_name() != self._name:
            raise Violation("something was written after its outcome was told")

    def _held_name(self) -> Data:
        return self._meter.truth(NAME.logical_name, NAME.attribute_index)

    def _is_block_taken(self, number: int) -> bool:
        taken = self._meter.truth(IMAGE_BLOCK.logical_name, _BLOCKS_TAKEN).value
        assert isinstance(taken, BitString)
        return bool(taken.octets[number // 8] << number % 8 & 0x80)
