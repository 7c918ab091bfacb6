"""The states of an association, its inputs, and the one table that joins them. IEC 62056-5-3, COSEM-OPEN and -RELEASE.

Theory of operation
-------------------
One association is one pair of wPorts on one connection. Everything that can happen to it is an *input*: something we
are about to send (``SEND_...``), something the peer sent and that was already understood (``RECV_...``), or the end
of the connection. :data:`TRANSITIONS` says which input is possible in which state, and what the state is afterwards.
There is no other place where states are compared::

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

* A key that is missing is an error. If the input is the peer's, it is an UnexpectedApdu, and it ends the connection
  with all its associations. If the input is ours, the caller misused the stack: LocalProtocolError, before anything is
  sent. Both sides still agree then, so the association stays what it was.
* An *answer that belongs to nothing we asked* (another service, another invoke-id, another block number, a late
  answer) is RECV_STRAY: it changes nothing, and the connection counts it (rule S22).
* RECV_LOSS is the peer's word that it knows no association (exception-response 1, 1 to a plain request). The
  association may be proposed again on the same connection.
* An error APDU (D8, 0E) has no invoke-id: it belongs to what is outstanding. :data:`FAILURE_MEANS` names the input.
* A request that its caller gave up stays outstanding: only SEND_RLRQ leads away from it. While RELEASING, whatever
  arrives late changes nothing, so the answer to the abandoned request cannot be taken for that to a later one. A late
  RLRE, after END_OF_WAIT, changes nothing either.
* IDLE can be left again by SEND_AARQ; CLOSED can not: one connection, one life.
* PROVING is the room for the high-level authentication mechanisms (passes 3 and 4).

This module knows nothing of octets.
"""

from collections.abc import Mapping
from enum import Enum, auto
from types import MappingProxyType
from typing import Final

from ..errors import LocalProtocolError, UnexpectedApdu


class State(Enum):
    """Where an association stands."""

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
    SEND_REQUEST = auto()
    SEND_RLRQ = auto()
    END_OF_WAIT = auto()
    """We stop waiting for the RLRE."""
    RECV_ACCEPTANCE = auto()
    """AARE, accepted and checked; nothing left to prove."""
    RECV_CHALLENGE = auto()
    """AARE, accepted; we have to prove ourselves (HLS)."""
    RECV_PROOF = auto()
    """HLS pass 4, verified."""
    RECV_REFUSAL = auto()
    """AARE that rejects, or an error instead of an AARE."""
    RECV_ANSWER = auto()
    """The (rest of the) answer to our request."""
    RECV_BLOCK = auto()
    """A block of the answer that is not the last one."""
    RECV_FAILURE = auto()
    """An error instead of the answer; it ends the request and nothing else."""
    RECV_LOSS = auto()
    """The peer knows no association."""
    RECV_RELEASE = auto()
    """RLRE, or an error instead of it."""
    RECV_STRAY = auto()
    """A service answer that belongs to nothing we asked."""
    RECV_FOREIGN = auto()
    """An APDU that a server has no reason to send. In no state possible."""
    CONNECTION_END = auto()
    """End, reset or failure of the connection: COSEM-ABORT."""


LOCAL_INPUTS: Final = frozenset({Input.SEND_AARQ, Input.SEND_REQUEST, Input.SEND_RLRQ, Input.END_OF_WAIT})

TRANSITIONS: Final[Mapping[tuple[State, Input], State]] = MappingProxyType(
    {
        (State.IDLE, Input.SEND_AARQ): State.ASSOCIATING,
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
        (State.ASSOCIATED, Input.SEND_REQUEST): State.AWAITING_ANSWER,
        (State.ASSOCIATED, Input.RECV_STRAY): State.ASSOCIATED,
        (State.ASSOCIATED, Input.SEND_RLRQ): State.RELEASING,
        (State.AWAITING_ANSWER, Input.RECV_ANSWER): State.ASSOCIATED,
        (State.AWAITING_ANSWER, Input.RECV_BLOCK): State.AWAITING_BLOCK,
        (State.AWAITING_ANSWER, Input.RECV_FAILURE): State.ASSOCIATED,
        (State.AWAITING_ANSWER, Input.RECV_LOSS): State.IDLE,
        (State.AWAITING_ANSWER, Input.RECV_STRAY): State.AWAITING_ANSWER,
        (State.AWAITING_ANSWER, Input.SEND_RLRQ): State.RELEASING,
        (State.AWAITING_BLOCK, Input.RECV_ANSWER): State.ASSOCIATED,
        (State.AWAITING_BLOCK, Input.RECV_BLOCK): State.AWAITING_BLOCK,
        (State.AWAITING_BLOCK, Input.RECV_FAILURE): State.ASSOCIATED,
        (State.AWAITING_BLOCK, Input.RECV_LOSS): State.IDLE,
        (State.AWAITING_BLOCK, Input.RECV_STRAY): State.AWAITING_BLOCK,
        (State.AWAITING_BLOCK, Input.SEND_RLRQ): State.RELEASING,
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
"""What an exception-response or confirmed-service-error is an answer to. In other states it is stray."""

SUCCESS_MEANS: Final[Mapping[State, Input]] = MappingProxyType(
    {
        State.PROVING: Input.RECV_PROOF,
        State.AWAITING_ANSWER: Input.RECV_ANSWER,
        State.AWAITING_BLOCK: Input.RECV_ANSWER,
    }
)
"""What the completion of the outstanding transfer is an input of."""

OPEN_STATES: Final = frozenset({State.ASSOCIATED, State.AWAITING_ANSWER, State.AWAITING_BLOCK})
"""The states in which the association exists for both sides."""

WAITING_STATES: Final = frozenset(
    {State.ASSOCIATING, State.PROVING, State.AWAITING_ANSWER, State.AWAITING_BLOCK, State.RELEASING}
)
"""The states in which something of ours is unanswered."""


def advance(state: State, received: Input, tag: int = 0) -> State:
    """Return the state after an input. ``tag`` is that of the peer's APDU, for the error text.

    Raises LocalProtocolError when the table has no such key for an input of ours, UnexpectedApdu for the peer's.
    """
    after = TRANSITIONS.get((state, received))
    if after is not None:
        return after
    if received in LOCAL_INPUTS:
        raise LocalProtocolError(f"{received.name} is not possible while {state.name}")
    raise UnexpectedApdu(tag, f"while {state.name}")
