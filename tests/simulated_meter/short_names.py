"""Short names: Read, Write, UnconfirmedWrite in all their forms, base names, the object list of class 12.

IEC 62056-5-3, Read and Write services; Blue Book, Association SN. Not built on the stack's codec: a mistake there would
hide itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, DataAccessResult, Selection
from custom_components.cosem.dlms.encoding.data import (
    Data,
    array,
    decode_data,
    encode_data_octets,
    long,
    long_unsigned,
    octet_string,
    structure,
    unsigned,
)
from custom_components.cosem.dlms.encoding.octets import Reader, Writer
from custom_components.cosem.dlms.errors import DecodeError, DlmsError

from .association import OTHER_REASON, SERVICE_NOT_SUPPORTED, Association, Reply
from .management import CURRENT_ASSOCIATION
from .objects import (
    OBJECT_UNDEFINED,
    READ_WRITE_DENIED,
    SCOPE_VIOLATED,
    Answer,
    CosemObject,
    LogicalDevice,
    View,
    encoded,
)
from .profile import Level
from .security_profile import ShortNameProof

CONTEXTS: Final = frozenset({2, 4})
"""Application contexts with short names: plain, ciphered."""

READ_REQUEST, WRITE_REQUEST, READ_RESPONSE, WRITE_RESPONSE, UNCONFIRMED_WRITE = 0x05, 0x06, 0x0C, 0x0D, 0x16
BLOCK_UNAVAILABLE: Final = DataAccessResult(14)
BLOCK_NUMBER_INVALID: Final = DataAccessResult(19)
OTHER: Final = DataAccessResult(250)

_BLOCKS: Final = 0x001000
_WRITE_BLOCKS: Final = 0x000800
_MULTIPLE_REFERENCES: Final = 0x000200
_PARAMETERIZED: Final = 0x000020

_ASSOCIATION: Final = 0xFA00
_ASSOCIATION_ATTRIBUTES: Final = {_ASSOCIATION, _ASSOCIATION + 8}
"""Its logical name and its object list."""
_SPECIAL: Final = {(17, "0.0.41.0.0.255"): 0xFC00, (1, "0.0.42.0.0.255"): 0xFD00}
_FIRST: Final = 0x0100
_ROOM: Final = 0x0100
"""Between two base names: for 18 attributes and 16 methods at least."""

_METHODS: Final = {3: 0x28, 4: 0x38, 5: 0x48, 7: 0x58, 8: 0x60, 9: 0x20, 17: 0x20, 40: 0x38, 64: 0x30, 70: 0x20}
"""Offset of method 1, by class."""


class JoinedForm(StrEnum):
    """What the blocks of a long value are, joined."""

    RESULTS = "results"
    """Count and choice in front, as the standard has it."""
    DATA = "data"
    CHOICE = "choice"


def proof_of(plain: bytes, form: ShortNameProof) -> bytes | None:
    """Return the parameter of reply_to_HLS_authentication, if it is called in the form that this meter takes."""
    head = {
        ShortNameProof.READ: bytes.fromhex("050104FA580109"),
        ShortNameProof.READ_SELECTOR_0: bytes.fromhex("050104FA580009"),
        ShortNameProof.WRITTEN: bytes.fromhex("060102FA580109"),
    }[form]
    size = len(head)
    if plain[:size] != head or len(plain) < size + 1 or plain[size] != len(plain) - size - 1:
        return None
    return plain[size + 1 :]


def proof_response(plain: bytes, code: int, proof: bytes | None = None) -> bytes:
    """Return the answer to it, with the meter's own proof or without."""
    tag = READ_RESPONSE if plain[0] == READ_REQUEST else WRITE_RESPONSE
    if code or proof is None:
        return bytes([tag, 1, 1, code])
    return bytes([tag, 1, 0, 9, len(proof)]) + proof


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method that is called by its short name."""

    item: CosemObject
    index: int


type Target = AttributeDescriptor | Method
type Read = Callable[[View, AttributeDescriptor, Selection | None], Answer]
type Change = Callable[[View, Target, Data, Selection | None], int]
"""Writes an attribute or calls a method; returns the result."""


@dataclass(slots=True)
class _Long:
    """What is under way in blocks, in either direction."""

    request: bytes = b""
    answer: bytes = b""
    number: int = 0


@dataclass(slots=True, kw_only=True)
class ShortNameService:
    """Answers the requests with short names to one logical device."""

    device: LogicalDevice
    read: Read
    change: Change
    joined: JoinedForm = JoinedForm.RESULTS
    _long: dict[int, _Long] = field(default_factory=dict)
    """By client wPort."""

    def base_names(self) -> dict[int, CosemObject]:
        """Return the objects by their base names; the same device gives the same ones."""
        names: dict[int, CosemObject] = {}
        free = _FIRST
        for item in self.device.visible(Level.MANAGE):
            if item.class_id == 15:
                continue
            special = _SPECIAL.get((item.class_id, str(item.logical_name)))
            if special is None:
                special, free = free, free + _ROOM
            names[special] = item
        return names

    def answer(self, association: Association, apdu: bytes, view: View) -> Reply:
        """Answer a service request."""
        reader = Reader(apdu)
        tag = reader.unsigned8()
        try:
            if tag == READ_REQUEST:
                return Reply(self._read(association, reader, view))
            if tag == WRITE_REQUEST:
                return Reply(self._write(association, reader, view))
            if tag == UNCONFIRMED_WRITE:
                self._write_all(association, reader, view)
                return Reply()
        except DlmsError:
            return Reply(OTHER_REASON)
        return Reply(SERVICE_NOT_SUPPORTED)

    # -- Read

    def _read(self, association: Association, reader: Reader, view: View) -> bytes:
        client = association.facts.client_wport
        if reader.octets[1:3] == b"\x01\x05":
            return self._next_block(association, int.from_bytes(reader.octets[3:5]))
        if reader.octets[1:3] == b"\x01\x06":
            reader.take(2)
            last, number, piece = reader.flag(), reader.unsigned16(), reader.octet_string()
            long_ = self._long.setdefault(client, _Long())
            if not association.negotiated(_BLOCKS) or number != long_.number + 1:
                self._long.pop(client, None)
                return bytes([READ_RESPONSE, 1, 1, BLOCK_NUMBER_INVALID.code])
            long_.request, long_.number = long_.request + piece, number
            if not last:
                return bytes([READ_RESPONSE, 1, 3]) + number.to_bytes(2)
            reader = Reader(long_.request)
        self._long.pop(client, None)
        results = self._results(association, reader, view)
        if 1 + len(results) <= association.answer_limit:
            return bytes([READ_RESPONSE]) + results
        if not association.negotiated(_BLOCKS):
            return bytes([READ_RESPONSE, 1, 1, OTHER.code])
        skipped = {JoinedForm.RESULTS: 0, JoinedForm.CHOICE: 1, JoinedForm.DATA: 2}[self.joined]
        self._long[client] = _Long(answer=results[skipped:])
        return self._block(association, self._long[client])

    def _results(self, association: Association, reader: Reader, view: View) -> bytes:
        count = reader.count()
        if count > 1 and not association.negotiated(_MULTIPLE_REFERENCES):
            return bytes([1, 1, READ_WRITE_DENIED.code])
        writer = Writer()
        writer.length(count)
        for _ in range(count):
            answer = self._result(association, reader, view)
            if isinstance(answer, DataAccessResult):
                writer.octets(bytes([1, answer.code]))
            else:
                writer.octets(b"\x00" + encoded(answer))
        reader.finish()
        return writer.getvalue()

    def _result(self, association: Association, reader: Reader, view: View) -> Answer:
        short_name, selection = read_variable(reader)
        if selection is not None and not association.negotiated(_PARAMETERIZED):
            return SCOPE_VIOLATED
        if _ASSOCIATION <= short_name < _ASSOCIATION + _ROOM:
            return self._association(short_name, view)
        target = self._target(short_name)
        if isinstance(target, AttributeDescriptor):
            return self.read(view, target, selection)
        return OBJECT_UNDEFINED if target is None else READ_WRITE_DENIED

    def _association(self, short_name: int, view: View) -> Answer:
        match short_name - _ASSOCIATION:
            case 0:
                return octet_string(CURRENT_ASSOCIATION.octets)
            case 8:
                return self._object_list(view)
        return OBJECT_UNDEFINED

    def _object_list(self, view: View) -> Answer:
        if not self.device.profile.quirks.object_list_readable:
            return READ_WRITE_DENIED
        seen = {_ASSOCIATION: (12, 0, CURRENT_ASSOCIATION)} | {
            name: (item.class_id, item.version, item.logical_name)
            for name, item in self.base_names().items()
            if item.level <= view.facts.level
        }
        return encode_data_octets(
            array(
                *[
                    structure(
                        long(name - 0x1_0000 if name >= 0x8000 else name),
                        long_unsigned(class_id),
                        unsigned(version),
                        octet_string(logical_name.octets),
                    )
                    for name, (class_id, version, logical_name) in sorted(seen.items())
                ]
            )
        )

    def _next_block(self, association: Association, number: int) -> bytes:
        long_ = self._long.get(association.facts.client_wport)
        if long_ is None or not long_.answer or number != long_.number:
            self._long.pop(association.facts.client_wport, None)
            code = BLOCK_UNAVAILABLE if long_ is None else BLOCK_NUMBER_INVALID
            return bytes([READ_RESPONSE, 1, 1, code.code])
        return self._block(association, long_)

    def _block(self, association: Association, long_: _Long) -> bytes:
        room = association.answer_limit - 9
        piece, long_.answer = long_.answer[:room], long_.answer[room:]
        long_.number += 1
        if not long_.answer:
            del self._long[association.facts.client_wport]
        writer = Writer()
        writer.octets(bytes([READ_RESPONSE, 1, 2, not long_.answer]) + long_.number.to_bytes(2))
        writer.octet_string(piece)
        return writer.getvalue()

    # -- Write

    def _write(self, association: Association, reader: Reader, view: View) -> bytes:
        client = association.facts.client_wport
        if reader.octets[1:3] != b"\x01\x07":
            self._long.pop(client, None)
            return bytes([WRITE_RESPONSE]) + self._write_all(association, reader, view)
        reader.take(2)
        last, number = reader.flag(), reader.unsigned16()
        reader.take(2)  # one Data, an octet-string
        piece = reader.octet_string()
        reader.finish()
        long_ = self._long.setdefault(client, _Long())
        if not association.negotiated(_WRITE_BLOCKS) or number != long_.number + 1:
            self._long.pop(client, None)
            return bytes([WRITE_RESPONSE, 1, 1, BLOCK_NUMBER_INVALID.code])
        long_.request, long_.number = long_.request + piece, number
        if not last:
            return bytes([WRITE_RESPONSE, 1, 2]) + number.to_bytes(2)
        del self._long[client]
        return bytes([WRITE_RESPONSE]) + self._write_all(association, Reader(long_.request), view)

    def _write_all(self, association: Association, reader: Reader, view: View) -> bytes:
        variables = [read_variable(reader) for _ in range(reader.count())]
        values = [decode_data(reader) for _ in range(reader.count())]
        reader.finish()
        if len(variables) != len(values) or (len(variables) > 1 and not association.negotiated(_MULTIPLE_REFERENCES)):
            return bytes([1, 1, OTHER.code])
        pairs = zip(variables, values, strict=True)
        codes = [self._change(name, selection, value, view) for (name, selection), value in pairs]
        return bytes([len(codes)]) + b"".join(bytes([1, code]) if code else b"\x00" for code in codes)

    def _change(self, short_name: int, selection: Selection | None, value: Data, view: View) -> int:
        if short_name in _ASSOCIATION_ATTRIBUTES:
            return READ_WRITE_DENIED.code
        target = self._target(short_name)
        return OBJECT_UNDEFINED.code if target is None else self.change(view, target, value, selection)

    # -- names

    def _target(self, short_name: int) -> Target | None:
        names = self.base_names()
        base = max((name for name in names if name <= short_name), default=None)
        if base is None or short_name % 8 or short_name - base >= _ROOM:
            return None
        item = names[base]
        index = (short_name - base) // 8 + 1
        if index == 1 or index in item.attributes:
            return AttributeDescriptor(item.class_id, item.logical_name, index)
        method = (short_name - base - _METHODS.get(item.class_id, _ROOM)) // 8 + 1
        return Method(item=item, index=method) if 1 <= method <= item.methods else None


def read_variable(reader: Reader) -> tuple[int, Selection | None]:
    """Read a short name, maybe with a selector and its parameters."""
    choice, short_name = reader.unsigned8(), reader.unsigned16()
    if choice == 2:
        return short_name, None
    if choice == 4:
        return short_name, Selection(reader.unsigned8(), decode_data(reader))
    raise DecodeError(f"choice {choice}")
