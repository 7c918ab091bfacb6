"""How many attributes to ask for at once, and what is remembered of it.

A request must fit into what the meter accepts, the expected answer into what we accept. The first list is short, for
meters that answer no long ones; each answered list allows one of twice its length. A list that is refused, or answered
with something else, is asked for again in a length that worked before, else one by one. Attributes that turn out odd
then are read alone from now on; where none is odd, lists are not this meter's way. An unanswered list costs the
connection and is remembered at once. After many associations without a failure all of it is tried again.

An attribute whose value exhausts a limit ends the connection (F43); it is asked for alone and last until it does not.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Self

from ..apdu.common import AttributeDescriptor
from ..apdu.initiate import Conformance
from ..protocol.proposal import MAX_PDU_SIZE, Negotiated

FIRST_LIST: Final = 10
"""Attributes. Some meters never answer a request above 145 octets."""

LONGEST_LIST: Final = 127
"""A longer list's count has a second octet, which some meters do not read."""

_EXPECTED_WITH_BLOCKS: Final = 16
"""Octets assumed for a value not read before."""
_EXPECTED_WITHOUT_BLOCKS: Final = 48  # a longer answer would be an error; a text of 32 octets or a date-time fits

_CALM_ASSOCIATIONS: Final = 50
"""Associations without a failure before it is tried again."""

_CALM_AFTER_SILENCE: Final = 5
_MORE_CALM: Final = 4
"""An unanswered list costs a connection, and may be the network's fault: the first time soon, then more seldom."""

_LISTS_ARE_ODD: Final = 2
"""So many associations with an odd list and no odd attribute, and lists are not this meter's way."""


@dataclass(frozen=True, slots=True)
class ListForm:
    """Octets of a list for at most 127 attributes: in the request, and in the answer without the values."""

    request_head: int
    request_item: int
    answer_head: int
    answer_item: int
    needed_for_blocks: Conformance
    """Of an answer that is longer than a PDU."""


GET_LIST: Final = ListForm(4, 10, 4, 1, Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
"""Tag, choice, invoke-id and count; attribute descriptor and the flag of a selection. A choice beside each value."""

READ_LIST: Final = ListForm(2, 3, 2, 1, Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ)
"""Tag and count; choice and short name. A choice beside each value."""

ACCESS_LIST: Final = ListForm(8, 11, 9, 2, Conformance.GENERAL_BLOCK_TRANSFER)
"""Tag, long-invoke-id, no date-time, two counts; choice, attribute descriptor and null-data. A result for each value.

An answer says besides that it does not repeat the specifications.
"""


def list_form(negotiated: Negotiated) -> ListForm | None:
    """Return how several attributes are asked for at once; None where the meter has nothing for that."""
    if Conformance.MULTIPLE_REFERENCES in negotiated.conformance:
        return READ_LIST if negotiated.uses_short_names else GET_LIST
    is_access = Conformance.ACCESS in negotiated.conformance and not negotiated.uses_short_names
    return ACCESS_LIST if is_access else None


@dataclass(frozen=True, slots=True)
class ListWays:
    """What is worth keeping of it over a restart; fields as those of ListSizes."""

    list_limit: int | None = None
    longest_answered: int = 0
    unanswered: int = 0
    alone: frozenset[AttributeDescriptor] = frozenset()


@dataclass(slots=True)
class ListSizes:
    """What is known of one logical device. Outlives associations.

    ``list_limit``: attributes per request; None: as many as fit. ``unanswered``: lists longer than any with an answer.
    """

    list_limit: int | None = None
    longest_answered: int = 0
    answer_sizes: dict[AttributeDescriptor, int] = field(default_factory=dict, repr=False)
    unanswered: int = 0
    odd_lists: int = 0
    """Associations in a row with an odd list and no odd attribute."""
    alone: set[AttributeDescriptor] = field(default_factory=set)
    """Attributes that make a list odd."""
    exhausting: set[AttributeDescriptor] = field(default_factory=set)
    """Attributes whose last value exhausted a limit."""
    has_refused: bool = field(default=False, compare=False)
    """Whether a list was refused, or answered with something else."""
    lost: set[AttributeDescriptor] = field(default_factory=set)
    """Attributes of the last list that ended the connection although lists of its length had worked."""
    _calm: int = 0

    @classmethod
    def known(cls, ways: ListWays) -> Self:
        """Begin with what was kept."""
        return cls(ways.list_limit, ways.longest_answered, unanswered=ways.unanswered, alone=set(ways.alone))

    @property
    def ways(self) -> ListWays:
        """What is worth keeping."""
        return ListWays(self.list_limit, self.longest_answered, self.unanswered, frozenset(self.alone))

    def plan(self, negotiated: Negotiated, max_receive_pdu_size: int) -> ListPlan:
        """Return the plan for a new association."""
        self._calm += 1
        if self._calm > self._patience:
            self._calm = 0
            self.alone.clear()
            if self.list_limit is not None:
                self.list_limit *= 2
        return ListPlan(self, negotiated, max_receive_pdu_size or MAX_PDU_SIZE)

    @property
    def _patience(self) -> int:
        if not self.unanswered:
            return _CALM_ASSOCIATIONS
        return int(_CALM_AFTER_SILENCE * _MORE_CALM ** (self.unanswered - 1))

    def limit(self, count: int) -> None:
        """Ask for at most ``count`` at once from now on."""
        self._calm = 0
        self.list_limit = count if self.list_limit is None else min(self.list_limit, count)

    def read_alone(self, attributes: Iterable[AttributeDescriptor]) -> None:
        """Ask for these alone from now on."""
        self._calm = 0
        self.alone.update(attributes)


class ListPlan:
    """What to ask for next in one association."""

    __slots__ = (
        "_answer_limit",
        "_blocks",
        "_ceiling",
        "_form",
        "_request_limit",
        "_size",
        "_sizes",
        "_to_confirm",
        "asks_otherwise",
        "has_answered",
    )

    def __init__(self, sizes: ListSizes, negotiated: Negotiated, max_receive_pdu_size: int) -> None:
        self._sizes = sizes
        self._size = max_receive_pdu_size
        self._ceiling = sizes.list_limit or LONGEST_LIST
        self.renew(negotiated)
        self._to_confirm = False
        self.has_answered = False
        """Whether anything but exception-responses came in this association."""
        self.asks_otherwise = False
        """Whether the next association asks for less, or last for what ended this one."""

    @property
    def ways(self) -> ListWays:
        """What is worth keeping."""
        return self._sizes.ways

    @property
    def may_answer_lists(self) -> bool:
        """Whether lists were answered, or none was asked for so far."""
        return bool(self._sizes.longest_answered) or not self._sizes.has_refused

    def renew(self, negotiated: Negotiated) -> None:
        """Take what was agreed: a meter that is proposed to again may grant less."""
        self._request_limit = negotiated.request_limit - negotiated.overhead
        self._answer_limit = self._size - negotiated.overhead
        form = list_form(negotiated)
        if form is None:
            self._ceiling = 1
        self._form = form or GET_LIST
        self._blocks = self._form.needed_for_blocks in negotiated.conformance

    def batch(self, pending: Sequence[AttributeDescriptor]) -> int:
        """Return how many of ``pending`` to ask for at once; at least 1."""
        learned = max(FIRST_LIST, 2 * self._sizes.longest_answered)
        form = self._form
        fitting = (self._request_limit - form.request_head) // form.request_item
        most = min(len(pending), self._ceiling, learned, LONGEST_LIST, fitting)
        expected = _EXPECTED_WITH_BLOCKS if self._blocks else _EXPECTED_WITHOUT_BLOCKS
        answer = form.answer_head
        for count in range(most):
            answer += form.answer_item + self._sizes.answer_sizes.get(pending[count], expected)
            if answer > self._answer_limit or pending[count] in self._sizes.alone:
                return max(count, 1)
        return max(most, 1)

    def answered(self, sizes: Sequence[tuple[AttributeDescriptor, int]]) -> None:
        """Note an answer: attributes and the octets of each value."""
        self._sizes.answer_sizes.update(sizes)
        if len(sizes) > 1:
            self._sizes.longest_answered = max(self._sizes.longest_answered, len(sizes))
            self._sizes.odd_lists = 0
            self._sizes.lost.difference_update(attribute for attribute, _size in sizes)
        if self._to_confirm:
            self._to_confirm = False
            # Only now: a meter that was merely busy teaches nothing.
            self._sizes.limit(self._ceiling)

    def refused(self, count: int) -> bool:
        """Note a list that was refused, or answered with something else; return whether a shorter one may do better."""
        self._sizes.has_refused = True
        shorter = self._sizes.longest_answered
        if not 1 < shorter < count:
            return False
        self._ceiling, self._to_confirm = shorter, True
        return True

    def read_one_by_one(self, odd: Collection[AttributeDescriptor], *, for_good: bool = False) -> None:
        """Note what became of a refused list's attributes; ``odd``: those that had no value.

        ``for_good``: the meter says that it knows no lists.
        """
        self._to_confirm = False
        if odd and not for_good:
            self._sizes.read_alone(odd)
            return
        self._ceiling = 1
        self._sizes.odd_lists += 1
        if for_good or not self._sizes.longest_answered or self._sizes.odd_lists >= _LISTS_ARE_ODD:
            self._sizes.limit(1)

    def ended_connection(self, batch: Sequence[AttributeDescriptor], *, broken: bool) -> None:
        """Note a list that ended the connection. ``broken``: by its answer, for which no network is to blame."""
        if len(batch) > self._sizes.longest_answered:
            self.unanswered(len(batch))
            return
        # Its length was not the reason, but one of its attributes may be: whichever it is has no other's company then.
        suspected = set(batch) if broken else self._sizes.lost.intersection(batch)
        self._sizes.lost = set(batch)
        if suspected:
            self._sizes.read_alone(suspected)
            self.asks_otherwise = True

    def unanswered(self, count: int) -> None:
        """Note an unanswered list: the next association asks for less."""
        if count > self._sizes.longest_answered:
            self._sizes.limit(max(self._sizes.longest_answered, 1))
            self._sizes.unanswered += 1
            self.asks_otherwise = True

    def exhausting(self, attribute: AttributeDescriptor) -> None:
        """Note that its value exhausts a limit."""
        self.asks_otherwise = attribute not in self._sizes.exhausting
        self._sizes.exhausting.add(attribute)

    def decodable(self, *attributes: AttributeDescriptor) -> None:
        """Note that their values do not. In a list they did, so they stay out of lists."""
        if cleared := self._sizes.exhausting.intersection(attributes):
            self._sizes.exhausting -= cleared
            self._sizes.read_alone(cleared)

    def witness(self, besides: AttributeDescriptor) -> AttributeDescriptor | None:
        """Return what was answered before, in the fewest octets; None without any."""
        sizes = self._sizes
        odd = {besides, *sizes.alone, *sizes.exhausting}
        known = ((size, attribute) for attribute, size in sizes.answer_sizes.items() if attribute not in odd)
        return min(known, default=(0, None))[1]

    def is_suspect(self, attribute: AttributeDescriptor) -> bool:
        """Return whether its last value exhausted a limit."""
        return attribute in self._sizes.exhausting

    def forget_refusals(self) -> None:
        """Note that the smaller form was refused, too."""
        # The length was not the reason.
        if self._to_confirm:
            self._to_confirm = False
            self._ceiling = self._sizes.list_limit or LONGEST_LIST
