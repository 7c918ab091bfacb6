"""The states of an association, its inputs, and the table that joins them (IEC 62056-5-3, COSEM-OPEN and -RELEASE).

An input is something we are about to send (``SEND_...``), something the peer sent (``RECV_...``), or the end of the
connection. :data:`TRANSITIONS` is the only place where states are decided::

      +----------------------- RECV_REFUSAL -----------------------+
      v                                                            |
    IDLE --- SEND_AARQ ---> ASSOCIATING --- RECV_CHALLENGE ---> PROVING            (high-level authentication)
      ^                          |                                 |
      |                   RECV_ACCEPTANCE                      RECV_PROOF
      |                          v                                 v
      |                     ASSOCIATED <---------------------------+
      |                       |     ^
      |            SEND_REQUEST     RECV_ANSWER, RECV_FAILURE
      |                       v     |
      |                  AWAITING_ANSWER --- RECV_BLOCK ---> AWAITING_BLOCK ---+
      |                                                        ^   |           | RECV_ANSWER, RECV_FAILURE:
      +--- RECV_RELEASE, END_OF_WAIT --- RELEASING             +---+           | back to ASSOCIATED
                                             ^             RECV_BLOCK          v
                          SEND_RLRQ from all of ASSOCIATING ... AWAITING_BLOCK

A missing key is an error: UnexpectedApdu ends the connection, LocalProtocolError (ours) changes nothing.
"""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from ..errors import LocalProtocolError, UnexpectedApdu


class State(Enum):
    """State of one association."""

    IDLE = auto()
    ASSOCIATING = auto()
    PROVING = auto()
    ASSOCIATED = auto()
    AWAITING_ANSWER = auto()
    AWAITING_BLOCK = auto()
    RELEASING = auto()
    CLOSED = auto()


class Input(Enum):
    """What can happen to an association."""

    SEND_AARQ = auto()
    OPEN_WITHOUT_ANSWER = auto()
    """An unconfirmed association is proposed, or a pre-established one is begun."""
    SEND_UNCONFIRMED = auto()
    """A service that nobody answers."""
    LEAVE_WITHOUT_ANSWER = auto()
    """The end of such an association."""
    SEND_REQUEST = auto()
    SEND_RLRQ = auto()
    END_OF_WAIT = auto()
    """We stop waiting for the RLRE."""
    RECV_ACCEPTANCE = auto()
    """An accepting AARE; nothing left to prove."""
    RECV_CHALLENGE = auto()
    """An accepting AARE; passes 3 and 4 follow (HLS)."""
    RECV_PROOF = auto()
    """HLS pass 4, verified."""
    RECV_REFUSAL = auto()
    """A rejecting AARE, or an error instead of an AARE."""
    RECV_ANSWER = auto()
    """The last or only part of an answer."""
    RECV_BLOCK = auto()
    """A block that is not the last one."""
    RECV_FAILURE = auto()
    """An error instead of the answer; it ends only the request."""
    RECV_LOSS = auto()
    """exception-response (1, 1): the peer knows no association. It may be proposed again."""
    RECV_RELEASE = auto()
    """RLRE, or an error instead of it."""
    RECV_STRAY = auto()
    """An answer to nothing we asked: counted, no change (rule S22)."""
    RECV_FOREIGN = auto()
    """An APDU that a server may not send; never possible."""
    CONNECTION_END = auto()
    """End, reset or failure of the connection (COSEM-ABORT)."""


LOCAL_INPUTS: Final = frozenset(
    {
        Input.SEND_AARQ,
        Input.OPEN_WITHOUT_ANSWER,
        Input.SEND_UNCONFIRMED,
        Input.LEAVE_WITHOUT_ANSWER,
        Input.SEND_REQUEST,
        Input.SEND_RLRQ,
        Input.END_OF_WAIT,
    }
)

TRANSITIONS: Final[Mapping[tuple[State, Input], State]] = MappingProxyType(
    {
        (State.IDLE, Input.SEND_AARQ): State.ASSOCIATING,
        (State.IDLE, Input.OPEN_WITHOUT_ANSWER): State.ASSOCIATED,
        (State.IDLE, Input.RECV_STRAY): State.IDLE,
        (State.IDLE, Input.RECV_RELEASE): State.IDLE,
        (State.ASSOCIATING, Input.RECV_ACCEPTANCE): State.ASSOCIATED,
        (State.ASSOCIATING, Input.RECV_CHALLENGE): State.PROVING,
        (State.ASSOCIATING, Input.RECV_REFUSAL): State.IDLE,
        (State.ASSOCIATING, Input.RECV_STRAY): State.ASSOCIATING,
        (State.ASSOCIATING, Input.RECV_RELEASE): State.ASSOCIATING,
        (State.ASSOCIATING, Input.SEND_RLRQ): State.RELEASING,
        (State.PROVING, Input.RECV_PROOF): State.ASSOCIATED,
        (State.PROVING, Input.RECV_REFUSAL): State.IDLE,
        (State.PROVING, Input.RECV_STRAY): State.PROVING,
        (State.PROVING, Input.SEND_RLRQ): State.RELEASING,
        (State.ASSOCIATED, Input.SEND_UNCONFIRMED): State.ASSOCIATED,
        (State.ASSOCIATED, Input.LEAVE_WITHOUT_ANSWER): State.IDLE,
        (State.ASSOCIATED, Input.SEND_REQUEST): State.AWAITING_ANSWER,
        (State.ASSOCIATED, Input.RECV_STRAY): State.ASSOCIATED,
        (State.ASSOCIATED, Input.SEND_RLRQ): State.RELEASING,
        (State.AWAITING_ANSWER, Input.RECV_ANSWER): State.ASSOCIATED,
        (State.AWAITING_ANSWER, Input.RECV_BLOCK): State.AWAITING_BLOCK,
        (State.AWAITING_ANSWER, Input.RECV_FAILURE): State.ASSOCIATED,
        (State.AWAITING_ANSWER, Input.RECV_LOSS): State.IDLE,
        (State.AWAITING_ANSWER, Input.RECV_STRAY): State.AWAITING_ANSWER,
        (State.AWAITING_ANSWER, Input.SEND_RLRQ): State.RELEASING,
        (State.AWAITING_ANSWER, Input.LEAVE_WITHOUT_ANSWER): State.IDLE,
        (State.AWAITING_BLOCK, Input.RECV_ANSWER): State.ASSOCIATED,
        (State.AWAITING_BLOCK, Input.RECV_BLOCK): State.AWAITING_BLOCK,
        (State.AWAITING_BLOCK, Input.RECV_FAILURE): State.ASSOCIATED,
        (State.AWAITING_BLOCK, Input.RECV_LOSS): State.IDLE,
        (State.AWAITING_BLOCK, Input.RECV_STRAY): State.AWAITING_BLOCK,
        (State.AWAITING_BLOCK, Input.SEND_RLRQ): State.RELEASING,
        (State.AWAITING_BLOCK, Input.LEAVE_WITHOUT_ANSWER): State.IDLE,
        # The answer to an abandoned request may come late: it must not be taken for that to a later one.
        (State.RELEASING, Input.RECV_RELEASE): State.IDLE,
        (State.RELEASING, Input.END_OF_WAIT): State.IDLE,
        (State.RELEASING, Input.RECV_STRAY): State.RELEASING,
        (State.RELEASING, Input.RECV_ACCEPTANCE): State.RELEASING,
        (State.RELEASING, Input.RECV_CHALLENGE): State.RELEASING,
        (State.RELEASING, Input.RECV_REFUSAL): State.RELEASING,
        **{(state, Input.CONNECTION_END): State.CLOSED for state in State},
    }
)

FAILURE_MEANS: Final[Mapping[State, Input]] = MappingProxyType(
    {
        State.ASSOCIATING: Input.RECV_REFUSAL,
        State.PROVING: Input.RECV_REFUSAL,
        State.AWAITING_ANSWER: Input.RECV_FAILURE,
        State.AWAITING_BLOCK: Input.RECV_FAILURE,
        State.RELEASING: Input.RECV_RELEASE,
    }
)
"""What an error APDU answers; it has no invoke-id. Stray in other states."""

SUCCESS_MEANS: Final[Mapping[State, Input]] = MappingProxyType(
    {
        State.PROVING: Input.RECV_PROOF,
        State.AWAITING_ANSWER: Input.RECV_ANSWER,
        State.AWAITING_BLOCK: Input.RECV_ANSWER,
    }
)
"""What a completed transfer means."""

OPEN_STATES: Final = frozenset({State.ASSOCIATED, State.AWAITING_ANSWER, State.AWAITING_BLOCK})
"""Both sides have the association."""

BLOCK_STATES: Final = frozenset({State.AWAITING_ANSWER, State.AWAITING_BLOCK})
"""A block of an answer may come."""

WAITING_STATES: Final = frozenset(
    {State.ASSOCIATING, State.PROVING, State.AWAITING_ANSWER, State.AWAITING_BLOCK, State.RELEASING}
)
"""Something of ours is unanswered."""


def advance(state: State, received: Input, tag: int = 0) -> State:
    """Return the next state. ``tag``: the peer's APDU, for the error text.

    Raises LocalProtocolError for an impossible input of ours, UnexpectedApdu for the peer's.
    """
    after = TRANSITIONS.get((state, received))
    if after is not None:
        return after
    if received in LOCAL_INPUTS:
        raise LocalProtocolError(f"{received.name} is not possible while {state.name}")
    raise UnexpectedApdu(tag, f"while {state.name}")
