"""One exchange of general block transfer, both ways (tag E0, IEC 62056-5-3, GBT). Sans-IO.

Each side numbers the APDUs that it sends, from 1 on, empty ones too, and acknowledges the highest in order. Who sends
without streaming waits for the other. Block 1 that acknowledges nothing begins anew, block 0 gives up.
"""

from dataclasses import dataclass, field, replace
from typing import Final

from ..apdu.block import GeneralBlockTransfer
from ..errors import LimitExceeded, LocalProtocolError
from ..limits import Limits
from .dropped_apdus import DroppedApduLimits
from .former_blocks import FormerBlocks
from .transfer import encode_request

OWN_WINDOW: Final = 15
"""Blocks that we take unacknowledged; kept while an earlier one is missing."""

_HEADER: Final = 9
"""Octets of a block besides its data, at most."""

_LAST_NUMBER: Final = 0xFFFF
"""Of a block. A request leaves enough for acknowledgements of the answer."""

_MOST_REPEATS: Final = 2
"""So often the same is sent again at once, because the peer asks for it or a block is missing; then after silences.

Who answers everything that comes twice with everything twice would have two, four, eight copies on the way.
"""

_MOST_USELESS: Final = 16 * OWN_WINDOW
"""So many blocks in a row that bring nothing in order: early ones and repeated ones."""

MOST_SILENCES: Final = 2
"""So many silences in a row end an exchange with the next one."""


@dataclass(frozen=True, slots=True)
class BlockOutcome:
    """What a block led to. ``whole``: the octets, once complete. ``replies``: encoded, to be sent.

    ``aborted``: no more follows. ``is_new``: it is progress. ``belongs``: it is none, but early or repeated.
    ``is_pushed``: of something that nobody asked for. ``is_late``: it may be of an exchange before, and is left out.
    ``is_contradicted``: two blocks had the same number; they are not of the same.
    """

    whole: bytes | None = field(default=None, repr=False)
    replies: tuple[bytes, ...] = field(default=(), repr=False)
    aborted: bool = False
    is_new: bool = False
    belongs: bool = False
    is_pushed: bool = False
    is_late: bool = False
    is_contradicted: bool = False


class SentGeneralBlocks:
    """What we send: data blocks until they are acknowledged, and the numbers of all that we send."""

    def __init__(self) -> None:
        self._number = 0
        """Of the last APDU that was made."""
        self._unacknowledged: dict[int, bytes] = {}
        self._last_data = 0
        self._sent = 0
        """Number of the last data block that was sent."""
        self._window = 1
        self._repeats = 0
        self._latest_empty: tuple[int, int] | None = None
        """The last empty block, and what it acknowledged."""
        self._demand: GeneralBlockTransfer | None = None
        """What the last blocks answered."""

    @property
    def is_pending(self) -> bool:
        """Whether data is not acknowledged yet."""
        return bool(self._unacknowledged)

    @property
    def is_sent(self) -> bool:
        """Whether all data was sent."""
        return self._sent == self._last_data

    def cut(self, octets: bytes, size: int, most: int) -> None:
        """Take what is to be sent in APDUs of at most ``size`` octets. Raises LocalProtocolError above ``most``."""
        room = max(size - _HEADER, 1)
        if len(octets) > most * room:
            raise LocalProtocolError(f"a request of {len(octets)} octets needs more than {most} general blocks")
        pieces = [octets[at : at + room] for at in range(0, len(octets), room)]
        self._unacknowledged = dict(enumerate(pieces, 1))
        self._number = self._last_data = len(pieces)

    def acknowledged(self, number: int, window: int) -> bool:
        """Take the peer's acknowledgement and window; return whether something was acknowledged."""
        self._window = max(window, 1)
        known = [each for each in self._unacknowledged if each <= min(number, self._sent)]
        for each in known:
            del self._unacknowledged[each]
        if known:
            self._repeats = 0
        return bool(known)

    def is_unanswerable_at(self, number: int) -> bool:
        """Whether a peer who acknowledges this block does not have everything yet."""
        return 0 < number <= self._sent and number < self._last_data

    def next_blocks(self, received: int) -> tuple[bytes, ...]:
        """Return the next window, beginning with what was not acknowledged."""
        numbers = list(self._unacknowledged)[: self._window]
        self._sent = max(self._sent, numbers[-1])
        return tuple(self._data_block(number, number == numbers[-1], received) for number in numbers)

    def _data_block(self, number: int, ends_window: bool, received: int) -> bytes:
        return _encode(
            last=number == self._last_data,
            streaming=not ends_window,
            number=number,
            received=received,
            data=self._unacknowledged[number],
        )

    def answer(self, block: GeneralBlockTransfer, received: int) -> tuple[bytes, ...]:
        """Return what follows a block of a peer who waits; nothing if that is on its way already."""
        if next(iter(self._unacknowledged)) <= self._sent:
            if block == self._demand or self._repeats == _MOST_REPEATS:
                return ()
            self._repeats += 1
        self._demand = block
        return self.next_blocks(received)

    def has_acknowledged(self, received: int) -> bool:
        """Whether the last empty block said so."""
        return self._latest_empty is not None and self._latest_empty[1] == received

    def is_overtaken(self, block: GeneralBlockTransfer) -> bool:
        """Whether a block was sent before its sender had our last empty one."""
        return self._latest_empty is not None and block.block_number_ack < self._latest_empty[0]

    def acknowledgement(self, received: int) -> bytes:
        """Return an empty block; the same again where it would say nothing new."""
        if self._latest_empty is None or self._latest_empty[1] != received:
            self._number = min(self._number + 1, _LAST_NUMBER)  # only empty blocks without end come so far
            self._latest_empty = (self._number, received)
        return _encode(last=True, streaming=False, number=self._latest_empty[0], received=received)


class ReceivedGeneralBlocks:
    """What the peer sends, put in order."""

    def __init__(self, limits: Limits, most: int) -> None:
        """``most``: octets together."""
        self._limits = limits
        self._most = most
        self.in_order = 0
        """Number of the last block of which none before is missing."""
        self.size = 0
        """Octets of these."""
        self.is_complete = False
        self._with_data = 0
        self._pieces: list[bytes] = []
        self.later: Final[dict[int, GeneralBlockTransfer]] = {}
        """Kept until it is their turn, by number."""

    def contradicts(self, block: GeneralBlockTransfer) -> bool:
        """Whether a block of this number came with other data: one of them belongs to something else."""
        if block.block_number <= self.in_order:
            return self._pieces[block.block_number - 1] != block.block_data
        known = self.later.get(block.block_number)
        return known is not None and known.block_data != block.block_data

    @property
    def has_begun(self) -> bool:
        """Whether what follows belongs to it; who does not know our window yet may send more than we keep."""
        return self.in_order > 0

    @property
    def has_gap(self) -> bool:
        """Whether a block is missing before one that came."""
        return bool(self.later)

    def blocks(self) -> list[tuple[int, bytes]]:
        """Return number and data of all blocks that have any."""
        later = [(block.block_number, block.block_data) for block in self.later.values()]
        return [each for each in [*enumerate(self._pieces, 1), *later] if each[1]]

    def repeats_the_first(self, block: GeneralBlockTransfer) -> bool:
        """Whether this is the first block again, and the only one so far."""
        return self.in_order == 1 and not self.later and self._pieces == [block.block_data]

    def skip_empty(self, number: int) -> None:
        """Take what is missing before a block for lost acknowledgements, which do not come again."""
        if not self.size:
            self._pieces += [b""] * (number - 1 - self.in_order)
            self.in_order = max(self.in_order, number - 1)

    @property
    def has_any(self) -> bool:
        """Whether there is a block, be it an early one."""
        return bool(self.in_order or self.later)

    def add(self, block: GeneralBlockTransfer) -> bool:
        """Take a block in any order; return whether the order got on. Raises LimitExceeded."""
        before = self.in_order
        if before < block.block_number <= before + OWN_WINDOW and block.block_number not in self.later:
            self._check_size(sum(len(each.block_data) for each in (block, *self.later.values())))
            self.later[block.block_number] = block
        while not self.is_complete and (following := self.later.pop(self.in_order + 1, None)) is not None:
            self._append(following)
        return self.in_order > before

    def _append(self, block: GeneralBlockTransfer) -> None:
        self._with_data += bool(block.block_data)  # an acknowledgement for each block of ours does not count
        if self._with_data > self._limits.blocks_per_transfer:
            raise LimitExceeded("general blocks in a transfer", self._limits.blocks_per_transfer)
        self.size += len(block.block_data)
        self.in_order = block.block_number
        self._pieces.append(block.block_data)
        # An empty last block before any data acknowledges what we sent.
        self.is_complete = block.last_block and self.size > 0

    def _check_size(self, more: int) -> None:
        if self.size + more > self._most:
            raise LimitExceeded("octets in general blocks", self._most)

    def joined(self) -> bytes:
        """Return all octets."""
        return b"".join(self._pieces)


class GeneralBlocks:
    """One exchange after another with one peer. ``answers``: acknowledges blocks; else only puts them together."""

    def __init__(
        self, limits: Limits, *, most: int, answers: bool, dropped_apdus: DroppedApduLimits | None = None
    ) -> None:
        """``dropped_apdus``: knows the time, and whether messages get lost."""
        self._limits = limits
        self._most = most
        self._answers = answers
        self._former = FormerBlocks(dropped_apdus)
        """What was whole or given up: it may come again, and belongs to nothing."""
        self.counts_empty = True
        """Whether the peer's empty blocks have a number of their own."""
        self.forget()

    def forget(self) -> None:
        """Drop both directions."""
        self._sent = SentGeneralBlocks()
        self._received = ReceivedGeneralBlocks(self._limits, self._most)
        self._silences = 0
        self._useless = 0
        self._asked = 0
        """So often the same acknowledgement was sent at once."""
        self._latest: GeneralBlockTransfer | None = None
        self._may_have_begun = False
        """Whether what looks left over came: it may be early as well."""
        self._comes_twice = False
        """Whether the peer answers more than once."""
        self._first_ack: int | None = None
        """What the first block of data acknowledges."""
        self._counts_ours = False
        """Whether the peer acknowledges our acknowledgements."""
        self._is_as_before = True
        """Whether all that was taken came before, invoke-id apart: the same was asked again."""

    def begin(self) -> None:
        """Drop both directions, for something new."""
        self._end()
        self._former.begin()

    def _end(self, *, is_asked_again: bool = False) -> None:
        received = self._received
        if received.is_complete or self._former.is_lossy:  # what broke off on a stream, or a push, may come as a whole
            self._former.remember(received.blocks(), is_asked_again=is_asked_again)
        self.forget()

    @property
    def is_under_way(self) -> bool:
        """Whether blocks went either way, and an end is missing."""
        return self._sent.is_pending or self._received.has_any

    @property
    def number(self) -> int:
        """The last block received in order."""
        return self._received.in_order

    @property
    def size(self) -> int:
        """Octets received so far."""
        return self._received.size

    def send(self, octets: bytes, size: int) -> bytes:
        """Begin with something to send, in APDUs of at most ``size`` octets; return the first.

        Until the peer has told its window, one block is sent at a time. Raises LocalProtocolError: too many blocks.
        """
        self.begin()
        self._sent.cut(octets, size, _LAST_NUMBER - self._limits.blocks_per_transfer)
        return self._sent.next_blocks(0)[0]

    def receive(self, block: GeneralBlockTransfer) -> BlockOutcome:
        """Take a block. Raises LimitExceeded."""
        if block.block_number == 0:
            was_under_way = self.is_under_way
            self._end()
            return BlockOutcome(aborted=was_under_way)
        if self.is_left_over(block):
            self._may_have_begun = True
            return BlockOutcome(belongs=True, is_late=True, replies=self._ask_for(block))
        begins = self._begins(block)
        is_restart = begins and self.number > 0
        if begins:
            self._end(is_asked_again=True)
        self._count_anew(block)
        if self._received.contradicts(block):
            return replace(self._give_up_on_peer(is_asked_again=True), is_contradicted=True)
        belongs = self._answers and self._received.has_begun
        is_new = self._take(block) and not is_restart
        if self._received.is_complete:
            whole = self._received.joined()
            self._end()
            return BlockOutcome(whole, is_new=True)
        if self._is_too_much(is_new=is_new):
            return self._give_up_on_peer()
        replies = self._replies(block) if self._answers else ()
        self._latest = block
        return BlockOutcome(replies=replies, is_new=is_new, belongs=belongs and not (is_new or is_restart))

    def is_left_over(self, block: GeneralBlockTransfer) -> bool:
        """Count a block that came before and may be left over from that time; not for ever."""
        if not block.block_data or not self._former.has(block.block_number, block.block_data):
            return False
        if not self._may_be_late(block):
            return False
        self._useless += 1
        return self._useless <= _MOST_USELESS

    def _may_be_late(self, block: GeneralBlockTransfer) -> bool:
        """Whether a block that came before is doubted.

        Where the same is asked again, all blocks are as before, and cost nothing. A stream loses and delays none:
        there it is only what was sent twice, before anything new. A contradiction is seen in either case.
        """
        received, former = self._received, self._former
        if received.size and received.contradicts(block):
            return self._answers
        is_next = block.block_number == received.in_order + 1
        if is_next and former.is_old and self._is_as_before:
            return False
        if received.in_order and not former.is_lossy:
            return False
        if received.size and block.block_number <= received.in_order:
            return False  # it is one of this exchange that comes again
        return former.doubts(block.block_number, block.block_data, is_next=is_next)

    def _ask_for(self, block: GeneralBlockTransfer) -> tuple[bytes, ...]:
        """Ask for what may be late: who sends it again means it."""
        if not self._answers or self._sent.is_pending or not self._received.size:
            return ()  # a silence will
        if block.block_number <= self._received.in_order or not _waits(block):
            return ()
        replies = () if self._is_answered(block, is_missing=True) else self._acknowledge()
        self._latest = block
        return replies

    def _acknowledge(self) -> tuple[bytes, ...]:
        received = self._received
        self._former.demand(received.in_order, received.later)
        return (self._sent.acknowledgement(received.in_order),)

    def _begins(self, block: GeneralBlockTransfer) -> bool:
        if block.block_number != 1 or block.block_number_ack or self._sent.is_pending:
            return False
        return not self._received.repeats_the_first(block)

    def _count_anew(self, block: GeneralBlockTransfer) -> None:
        """Leave out the empty blocks so far, if an answer has the number of one of them."""
        received = self._received
        if block.block_data and block.block_number <= received.in_order and not received.size and self._sent.is_sent:
            self._received = ReceivedGeneralBlocks(self._limits, self._most)
            self.counts_empty = False

    def _take(self, block: GeneralBlockTransfer) -> bool:
        """Take what a block acknowledges, and its data; return whether that is progress."""
        sent, received = self._sent, self._received
        before = received.in_order
        if not block.block_data and sent.is_unanswerable_at(block.block_number_ack):
            received.skip_empty(block.block_number)
        in_turn = block.block_number == received.in_order + 1
        # Who answers has everything, also where its first block of data does not say so.
        answers = bool(block.block_data) and sent.is_sent and in_turn
        is_new = sent.acknowledged(0xFFFF if answers else block.block_number_ack, block.window)
        if in_turn or not sent.is_pending:  # else it is left over from something before
            self._is_as_before = self._is_as_before and self._is_alike(block)
            is_new = (received.add(block) and bool(block.block_data)) or is_new
        if received.in_order > before:
            self._asked = 0
        self._comes_twice = self._comes_twice or block.block_number < before
        if block.block_data:
            self._first_ack = block.block_number_ack if self._first_ack is None else self._first_ack
            self._counts_ours = self._counts_ours or block.block_number_ack > self._first_ack
        return is_new

    def _is_alike(self, block: GeneralBlockTransfer) -> bool:
        return not block.block_data or self._former.is_alike(block.block_number, block.block_data)

    def _is_too_much(self, *, is_new: bool) -> bool:
        """Count a block; return whether there were too many without progress."""
        if is_new:
            self._silences = self._useless = 0
            return False
        self._useless += 1
        return self._useless > _MOST_USELESS

    def _give_up_on_peer(self, *, is_asked_again: bool = False) -> BlockOutcome:
        goodbye = self.give_up(is_asked_again=is_asked_again)
        return BlockOutcome(replies=(goodbye,) if self._answers else (), aborted=True)

    def _replies(self, block: GeneralBlockTransfer) -> tuple[bytes, ...]:
        """Answer a peer who waits, once: what comes twice is a copy, until a silence says otherwise."""
        sent, received = self._sent, self._received
        if sent.is_pending:
            return sent.answer(block, received.in_order) if _waits(block) else ()
        if not _waits(block) or self._is_answered(block, is_missing=received.has_gap):
            return ()
        return self._acknowledge()

    def _is_answered(self, block: GeneralBlockTransfer, *, is_missing: bool) -> bool:
        """Whether an acknowledgement is on its way, or needless. ``is_missing``: a block is, before one that came."""
        sent, received = self._sent, self._received
        if not received.size and not is_missing:
            return True  # it has everything, and its answer comes next; or it is left over
        if not sent.has_acknowledged(received.in_order):
            # Who sends without waiting, and answers all the same, sends everything as often as we acknowledge.
            return self._comes_twice and self._counts_ours and sent.is_overtaken(block)
        if not is_missing or block == self._latest or self._asked == _MOST_REPEATS:
            return True
        self._asked += 1
        return False

    @property
    def will_ask_again(self) -> bool:
        """Whether something is sent after a silence."""
        return (self.is_under_way or self._may_have_begun) and self._silences < MOST_SILENCES

    def ask_again(self, *, repeats: bool = True) -> tuple[bytes, ...]:
        """Return what is sent after a silence: the last acknowledgement, or the last blocks; nothing at the end.

        Without ``repeats``, what the peer may have taken as a whole is not sent again unless it asks for a block.
        """
        if not self.will_ask_again:
            self._former.demand(self._received.in_order, self._received.later)  # the question is asked again
            return ()
        self._silences += 1
        if self._sent.is_pending and (repeats or not self._sent.is_sent):
            return self._sent.next_blocks(self._received.in_order)
        return self._acknowledge()

    def give_up(self, *, is_asked_again: bool = False) -> bytes:
        """Drop both directions; return what tells the peer. ``is_asked_again``: the same may be."""
        received = self._received.in_order
        self._end(is_asked_again=is_asked_again)
        return _encode(last=True, streaming=False, number=0, received=received)


def _waits(block: GeneralBlockTransfer) -> bool:
    return block.last_block or not block.streaming


def _encode(*, last: bool, streaming: bool, number: int, received: int, data: bytes = b"") -> bytes:
    return encode_request(
        GeneralBlockTransfer(
            last_block=last,
            streaming=streaming,
            window=OWN_WINDOW,
            block_number=number,
            block_number_ack=received,
            block_data=data,
        )
    )
