"""How many attributes to ask for at once, and what is remembered of it.

A request must fit into what the meter accepts, the expected answer into what we accept. A refused list is halved; when
that is refused, too, single reads follow. This is remembered once the smaller form has worked. An unanswered list costs
the connection and is remembered at once, unless so long a list has worked before. After many associations without a
refusal a longer list is tried again.

An attribute that cannot be decoded ends the connection (F43); it is asked for alone and last until it can be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..apdu.initiate import Conformance
from ..protocol.proposal import MAX_PDU_SIZE, Negotiated

LONGEST_LIST: Final = 127
"""A longer list's count has a second octet, which some meters do not read."""

_HEAD: Final = 4
"""Octets of tag, choice, invoke-id and count."""

_ITEM: Final = 10
"""Octets of an attribute descriptor without selection."""

_RESULT_CHOICE: Final = 1
_EXPECTED_WITH_BLOCKS: Final = 16
"""Octets assumed for a value not read before."""
_EXPECTED_WITHOUT_BLOCKS: Final = 48  # a longer answer would be an error; a text of 32 octets or a date-time fits

_CALM_ASSOCIATIONS: Final = 50
"""Associations without a refusal before a longer list is tried."""

_MORE_CALM: Final = 4  # an unanswered list costs a poll
"""Factor on that number for each unanswered list."""


@dataclass(slots=True)
class ListSizes:
    """What is known of one logical device. Outlives associations.

    ``list_limit``: attributes per request; None: as many as fit. ``unanswered``: lists longer than any with an answer.
    """

    list_limit: int | None = None
    longest_answered: int = 0
    answer_sizes: dict[AttributeDescriptor, int] = field(default_factory=dict, repr=False)
    unanswered: int = 0
    undecodable: set[AttributeDescriptor] = field(default_factory=set)
    """Attributes whose last value could not be decoded."""
    _calm: int = 0

    def plan(self, negotiated: Negotiated, max_receive_pdu_size: int) -> ListPlan:
        """Return the plan for a new association."""
        self._calm += 1
        if self.list_limit is not None and self._calm > _CALM_ASSOCIATIONS * _MORE_CALM**self.unanswered:
            # A network that failed at the wrong moment looks like a meter that does not answer.
            self._calm = 0
            self.list_limit *= 2
        return ListPlan(self, negotiated, max_receive_pdu_size or MAX_PDU_SIZE)

    def limit(self, count: int) -> None:
        """Ask for at most ``count`` at once from now on."""
        self._calm = 0
        self.list_limit = count if self.list_limit is None else min(self.list_limit, count)


class ListPlan:
    """What to ask for next in one association."""

    __slots__ = ("_answer_limit", "_blocks", "_ceiling", "_request_limit", "_sizes", "_to_confirm")

    def __init__(self, sizes: ListSizes, negotiated: Negotiated, max_receive_pdu_size: int) -> None:
        self._sizes = sizes
        self._request_limit = negotiated.request_limit - negotiated.overhead
        self._answer_limit = max_receive_pdu_size - negotiated.overhead
        self._blocks = Conformance.BLOCK_TRANSFER_WITH_GET_OR_READ in negotiated.conformance
        lists = Conformance.MULTIPLE_REFERENCES in negotiated.conformance
        self._ceiling = (sizes.list_limit or LONGEST_LIST) if lists else 1
        self._to_confirm = False

    def batch(self, pending: Sequence[AttributeDescriptor]) -> int:
        """Return how many of ``pending`` to ask for at once; at least 1."""
        most = min(len(pending), self._ceiling, LONGEST_LIST, (self._request_limit - _HEAD) // _ITEM)
        expected = _EXPECTED_WITH_BLOCKS if self._blocks else _EXPECTED_WITHOUT_BLOCKS
        answer = _HEAD
        for count in range(most):
            answer += _RESULT_CHOICE + self._sizes.answer_sizes.get(pending[count], expected)
            if answer > self._answer_limit:
                return max(count, 1)
        return max(most, 1)

    def answered(self, sizes: Sequence[tuple[AttributeDescriptor, int]]) -> None:
        """Note an answer: attributes and the octets of each value."""
        self._sizes.answer_sizes.update(sizes)
        if len(sizes) > 1:
            self._sizes.longest_answered = max(self._sizes.longest_answered, len(sizes))
        if self._to_confirm:
            self._to_confirm = False
            # Only now: a meter that was merely busy teaches nothing.
            self._sizes.limit(self._ceiling)

    def refused(self, count: int, *, for_good: bool = False) -> None:
        """Note a list answered with an error. ``for_good``: the meter knows no lists."""
        self._ceiling = 1 if for_good or self._to_confirm else max(count // 2, 1)
        self._to_confirm = True

    def unanswered(self, count: int) -> None:
        """Note an unanswered list: the next association asks for less."""
        if count > self._sizes.longest_answered:
            self._sizes.limit(1 if self._sizes.unanswered else max(count // 2, 1))
            self._sizes.unanswered += 1

    def undecodable(self, attribute: AttributeDescriptor) -> None:
        """Note that its value cannot be decoded."""
        self._sizes.undecodable.add(attribute)

    def decodable(self, *attributes: AttributeDescriptor) -> None:
        """Note that they can."""
        self._sizes.undecodable.difference_update(attributes)

    def is_suspect(self, attribute: AttributeDescriptor) -> bool:
        """Return whether its last value could not be decoded."""
        return attribute in self._sizes.undecodable

    def forget_refusals(self) -> None:
        """Note that the smaller form was refused, too."""
        # The length was not the reason.
        if self._to_confirm:
            self._to_confirm = False
            self._ceiling = self._sizes.list_limit or LONGEST_LIST
