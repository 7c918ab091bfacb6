"""The life of an association as its user sees it, its inputs, and the one table that joins them.

The states on the wire are in protocol/states.py; this table knows what the user may still do::

    IDLE --- PROPOSE ---> PROPOSING --- CHALLENGE ---> PROVING
     ^                     |    |                       |   |
     +----- REFUSE --------+  ACCEPT                 ACCEPT REFUSE ---> UNPROVEN --- PROPOSE ---> PROPOSING
                                +-------> OPEN <--------+
                                           | END
                                           v
                                         ENDED

Where the wire has an association or an attempt, RELEASE leads to RELEASING and GIVE_UP to GIVING_UP; FINISH leads from
everywhere to RELEASED. What the meter says after that changes nothing. A missing key is a mistake of ours:
LocalProtocolError. Nothing else compares these states; the table stands in docs/architecture.md, too.
"""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from ..errors import LocalProtocolError


class Lifecycle(Enum):
    """Where an association stands for its user."""

    IDLE = auto()
    """Nothing is proposed, or the proposal was refused."""
    PROPOSING = auto()
    PROVING = auto()
    """The AARQ was taken; both sides prove themselves (passes 3 and 4)."""
    UNPROVEN = auto()
    """The AARQ was taken, our proof was not."""
    OPEN = auto()
    ENDED = auto()
    """A request was given up, or the meter knows no association any more."""
    RELEASING = auto()
    """The RLRQ is sent; nothing else is unanswered."""
    GIVING_UP = auto()
    """The RLRQ is sent while something else is unanswered: its answer may still come."""
    RELEASED = auto()

    @property
    def is_open(self) -> bool:
        """Whether requests are possible, as long as the connection lives."""
        return self is Lifecycle.OPEN

    @property
    def proof_was_refused(self) -> bool:
        """Whether the meter took the AARQ of the latest attempt, but not our proof."""
        return self is Lifecycle.UNPROVEN

    @property
    def waits_for_rlre(self) -> bool:
        """Whether an RLRQ was sent, and nobody has finished waiting for its answer."""
        return self in {Lifecycle.RELEASING, Lifecycle.GIVING_UP}

    @property
    def gives_up(self) -> bool:
        """Whether an answer to something else than the RLRQ may still come."""
        return self is Lifecycle.GIVING_UP

    @property
    def is_released(self) -> bool:
        """Whether there is nothing left to do."""
        return self is Lifecycle.RELEASED


class LifecycleInput(Enum):
    """What can happen to it."""

    PROPOSE = auto()
    """The AARQ is sent."""
    CHALLENGE = auto()
    """The AARE accepts; proofs follow."""
    ACCEPT = auto()
    """The meter is associated, and has proved itself where it has to."""
    REFUSE = auto()
    END = auto()
    """A request was given up, or the association was lost."""
    RELEASE = auto()
    """The RLRQ is sent while nothing is unanswered."""
    GIVE_UP = auto()
    """The RLRQ is sent while something is unanswered."""
    FINISH = auto()
    """The RLRE is here, or nobody waits for it any more, or there was nothing to release."""


_OVER: Final = (Lifecycle.RELEASING, Lifecycle.GIVING_UP, Lifecycle.RELEASED)
_LATE: Final = (LifecycleInput.CHALLENGE, LifecycleInput.ACCEPT, LifecycleInput.REFUSE, LifecycleInput.END)

LIFECYCLE: Final[Mapping[tuple[Lifecycle, LifecycleInput], Lifecycle]] = MappingProxyType(
    {
        (Lifecycle.IDLE, LifecycleInput.PROPOSE): Lifecycle.PROPOSING,
        (Lifecycle.PROPOSING, LifecycleInput.CHALLENGE): Lifecycle.PROVING,
        (Lifecycle.PROPOSING, LifecycleInput.ACCEPT): Lifecycle.OPEN,
        (Lifecycle.PROPOSING, LifecycleInput.REFUSE): Lifecycle.IDLE,
        (Lifecycle.PROPOSING, LifecycleInput.END): Lifecycle.ENDED,
        (Lifecycle.PROPOSING, LifecycleInput.GIVE_UP): Lifecycle.GIVING_UP,
        (Lifecycle.PROPOSING, LifecycleInput.RELEASE): Lifecycle.RELEASING,
        (Lifecycle.PROVING, LifecycleInput.ACCEPT): Lifecycle.OPEN,
        (Lifecycle.PROVING, LifecycleInput.REFUSE): Lifecycle.UNPROVEN,
        (Lifecycle.PROVING, LifecycleInput.END): Lifecycle.ENDED,
        (Lifecycle.PROVING, LifecycleInput.GIVE_UP): Lifecycle.GIVING_UP,
        (Lifecycle.PROVING, LifecycleInput.RELEASE): Lifecycle.RELEASING,
        (Lifecycle.UNPROVEN, LifecycleInput.PROPOSE): Lifecycle.PROPOSING,
        (Lifecycle.OPEN, LifecycleInput.END): Lifecycle.ENDED,
        (Lifecycle.OPEN, LifecycleInput.RELEASE): Lifecycle.RELEASING,
        (Lifecycle.OPEN, LifecycleInput.GIVE_UP): Lifecycle.GIVING_UP,
        (Lifecycle.ENDED, LifecycleInput.END): Lifecycle.ENDED,
        (Lifecycle.ENDED, LifecycleInput.RELEASE): Lifecycle.RELEASING,
        (Lifecycle.ENDED, LifecycleInput.GIVE_UP): Lifecycle.GIVING_UP,
        **{(state, LifecycleInput.FINISH): Lifecycle.RELEASED for state in set(Lifecycle) - {Lifecycle.RELEASED}},
        **{(state, late): state for state in _OVER for late in _LATE},
    }
)


def next_lifecycle(state: Lifecycle, happened: LifecycleInput) -> Lifecycle:
    """Return the state after an input. Raises LocalProtocolError when the table has no such key."""
    after = LIFECYCLE.get((state, happened))
    if after is None:
        raise LocalProtocolError(f"{happened.name} is not possible while {state.name}")
    return after
