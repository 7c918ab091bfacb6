"""The life of an association for its user.

protocol/states.py is about the wire; docs/architecture.md shows both tables::

    IDLE -- PROPOSE --> PROPOSING -- CHALLENGE --> PROVING
     ^                  |   |                      |   |
     +----- REFUSE -----+ ACCEPT --> OPEN <-- ACCEPT REFUSE --> UNPROVEN -- PROPOSE --> PROPOSING

PROPOSE leads from OPEN back to PROPOSING, for a meter that forgot the association. END leads from PROPOSING, PROVING,
OPEN to ENDED; RELEASE and GIVE_UP from all four to RELEASING and GIVING_UP; FINISH from everywhere to RELEASED. After a
release the meter changes nothing.
"""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from ..errors import LocalProtocolError


class Lifecycle(Enum):
    """State of an association for its user."""

    IDLE = auto()
    """Nothing proposed, or refused."""
    PROPOSING = auto()
    PROVING = auto()
    """The AARQ was taken; HLS passes 3 and 4."""
    UNPROVEN = auto()
    """Our proof was refused."""
    OPEN = auto()
    ENDED = auto()
    """A request was given up, or the association lost."""
    RELEASING = auto()
    GIVING_UP = auto()
    """The RLRQ is sent; another answer may still come."""
    RELEASED = auto()

    @property
    def is_open(self) -> bool:
        """Whether requests are possible."""
        return self is Lifecycle.OPEN

    @property
    def proof_was_refused(self) -> bool:
        """Whether our latest proof was refused."""
        return self is Lifecycle.UNPROVEN

    @property
    def waits_for_rlre(self) -> bool:
        """Whether the RLRE is awaited."""
        return self in {Lifecycle.RELEASING, Lifecycle.GIVING_UP}

    @property
    def gives_up(self) -> bool:
        """Whether another answer than the RLRE may come."""
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
    """An accepting AARE; proofs follow."""
    ACCEPT = auto()
    """Associated, the meter's proof included."""
    REFUSE = auto()
    END = auto()
    RELEASE = auto()
    """The RLRQ is sent; nothing is unanswered."""
    GIVE_UP = auto()
    """The RLRQ is sent; something is unanswered."""
    FINISH = auto()
    """The end of the release, with or without an RLRE."""


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
        (Lifecycle.OPEN, LifecycleInput.PROPOSE): Lifecycle.PROPOSING,
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
    """Return the state after an input. Raises LocalProtocolError for an impossible one."""
    after = LIFECYCLE.get((state, happened))
    if after is None:
        raise LocalProtocolError(f"{happened.name} is not possible while {state.name}")
    return after
