"""How many attributes to ask for at once: sizes, refusals, and what is remembered of them. Pure.

A :class:`ListSizes` belongs to one logical device as one client sees it and outlives associations; a
:class:`ListPlan` is its use within one association. Lists are made to fit the request into what the meter accepts
and the expected answer into what we accept. A list that is refused is halved, and given up for single reads when it is
refused again; that is remembered as soon as the smaller form has worked, so a meter that is only busy teaches nothing.
A list that stays unanswered costs the connection, so it is remembered at once, unless lists of that length have
worked before. Within an association lists only get shorter; after many associations without a refusal a longer one
is tried again, because a network that failed at the wrong moment looks like a meter that does not answer.
Knows nothing of sockets and encodings of values.

A value that cannot be decoded ends the connection, and with it the whole reading (F43). From then on that attribute is
asked for alone and last, so that one odd object does not make the others unreadable, and is read as soon as it makes
sense again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..apdu.initiate import Conformance
from ..protocol.proposal import MAX_PDU_SIZE, Negotiated

LONGEST_LIST: Final = 127
"""The count of a longer list needs a second octet, which some meters do not read."""

_HEAD: Final = 4
"""Octets of tag, choice, invoke-id and count, in requests and answers."""

_ITEM: Final = 10
"""Octets of an attribute descriptor and the flag that says: no selection."""

_RESULT_CHOICE: Final = 1
_EXPECTED_WITH_BLOCKS: Final = 16
"""Octets assumed for a value not read before; an answer that gets longer comes in blocks."""
_EXPECTED_WITHOUT_BLOCKS: Final = 48
"""The same where an answer that gets longer would be an error: longer than a text of 32 octets and a date-time."""

_CALM_ASSOCIATIONS: Final = 50
"""Associations without a refusal after which a longer list is tried again."""

_MORE_CALM: Final = 4
"""How much longer the next attempt is put off by a list that was not answered: it costs a poll each time."""


@dataclass(slots=True)
class ListSizes:
    """What is known about lists. ``list_limit``: attributes per request; None: as many as fit, 1: single reads.

    ``unanswered``: how often a list that was longer than any before got no answer.
    """

    list_limit: int | None = None
    longest_answered: int = 0
    answer_sizes: dict[AttributeDescriptor, int] = field(default_factory=dict, repr=False)
    unanswered: int = 0
    undecodable: set[AttributeDescriptor] = field(default_factory=set)
    """Attributes whose last value was none that can be decoded."""
    _calm: int = 0

    def plan(self, negotiated: Negotiated, max_receive_pdu_size: int) -> ListPlan:
        """Return the plan for a new association."""
        self._calm += 1
        if self.list_limit is not None and self._calm > _CALM_ASSOCIATIONS * _MORE_CALM**self.unanswered:
            self._calm = 0
            self.list_limit *= 2
        return ListPlan(self, negotiated, max_receive_pdu_size or MAX_PDU_SIZE)

    def limit(self, count: int) -> None:
        """Ask for at most ``count`` attributes at once from now on."""
        self._calm = 0
        self.list_limit = count if self.list_limit is None else min(self.list_limit, count)


class ListPlan:
    """What to ask for next, within one association."""

    __slots__ = ("_answer_limit", "_blocks", "_ceiling", "_request_limit", "_sizes", "_to_confirm")

    def __init__(self, sizes: ListSizes, negotiated: Negotiated, max_receive_pdu_size: int) -> None:
        """Start with what is remembered."""
        self._sizes = sizes
        self._request_limit = negotiated.request_limit - negotiated.overhead
        self._answer_limit = max_receive_pdu_size - negotiated.overhead
        self._blocks = Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ in negotiated.conformance
        lists = Conformance.MULTIPLE_REFERENCES in negotiated.conformance
        self._ceiling = (sizes.list_limit or LONGEST_LIST) if lists else 1
        self._to_confirm = False

    def batch(self, pending: Sequence[AttributeDescriptor]) -> int:
        """Return how many of ``pending``, from the first on, to ask for at once; at least 1."""
        most = min(len(pending), self._ceiling, LONGEST_LIST, (self._request_limit - _HEAD) // _ITEM)
        expected = _EXPECTED_WITH_BLOCKS if self._blocks else _EXPECTED_WITHOUT_BLOCKS
        answer = _HEAD
        for count in range(most):
            answer += _RESULT_CHOICE + self._sizes.answer_sizes.get(pending[count], expected)
            if answer > self._answer_limit:
                return max(count, 1)
        return max(most, 1)

    def answered(self, sizes: Sequence[tuple[AttributeDescriptor, int]]) -> None:
        """Note an answer: the attributes that were asked for at once and the octets of each value."""
        self._sizes.answer_sizes.update(sizes)
        if len(sizes) > 1:
            self._sizes.longest_answered = max(self._sizes.longest_answered, len(sizes))
        if self._to_confirm:
            self._to_confirm = False
            self._sizes.limit(self._ceiling)

    def refused(self, count: int, *, for_good: bool = False) -> None:
        """Note that a list was answered with an error. ``for_good``: the meter says that it does not know lists."""
        self._ceiling = 1 if for_good or self._to_confirm else max(count // 2, 1)
        self._to_confirm = True

    def unanswered(self, count: int) -> None:
        """Note that a list was not answered, which ended the connection: the next association asks for less."""
        if count > self._sizes.longest_answered:
            self._sizes.limit(1 if self._sizes.unanswered else max(count // 2, 1))
            self._sizes.unanswered += 1

    def undecodable(self, attribute: AttributeDescriptor) -> None:
        """Note that the meter's value of an attribute cannot be decoded."""
        self._sizes.undecodable.add(attribute)

    def decodable(self, *attributes: AttributeDescriptor) -> None:
        """Note that they can."""
        self._sizes.undecodable.difference_update(attributes)

    def is_suspect(self, attribute: AttributeDescriptor) -> bool:
        """Return whether the last value of an attribute could not be decoded: it is asked for alone and last."""
        return attribute in self._sizes.undecodable

    def forget_refusals(self) -> None:
        """Note that the smaller form was refused as well: the length of the list was not the reason."""
        if self._to_confirm:
            self._to_confirm = False
            self._ceiling = self._sizes.list_limit or LONGEST_LIST
