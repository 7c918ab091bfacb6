"""Transfers: one object is one request of a confirmed service with its APDUs and blocks (IEC 62056-5-3). Sans-IO.

A new service is a file here with a class that fits :class:`Transfer`, and its answer's tag in ``ANSWERS``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from ...apdu import Apdu, decode_apdu, encode_apdu
from ...apdu.access import ACCESS_RESPONSE
from ...apdu.action import ACTION_RESPONSE
from ...apdu.common import InvokeIdAndPriority
from ...apdu.get import GET_RESPONSE, decode_get_response_head
from ...apdu.initiate import Conformance
from ...apdu.set import SET_RESPONSE
from ...apdu.short_name import READ_RESPONSE, WRITE_RESPONSE
from ...errors import DlmsError, LocalProtocolError
from ...limits import Limits
from ..leniencies import Leniency

ANSWERS: Final[Mapping[int, Callable[[bytes, Limits], object]]] = {
    **dict.fromkeys((READ_RESPONSE, WRITE_RESPONSE, SET_RESPONSE, ACTION_RESPONSE, ACCESS_RESPONSE), decode_apdu),
    GET_RESPONSE: decode_get_response_head,
}
"""Tags of answers to confirmed services, and what raises DecodeError where the octets are none (rule M9).

An answer that no transfer waits for is stray; any other APDU is foreign.
"""


@dataclass(frozen=True, slots=True)
class Continues:
    """Send ``request`` for what follows ``block_number``. ``size``: octets so far."""

    block_number: int
    size: int
    request: bytes = field(repr=False)
    leniency: Leniency | None = None


@dataclass(frozen=True, slots=True)
class Complete:
    """The transfer is complete."""

    octets: bytes = field(repr=False)
    leniency: Leniency | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The request as a whole failed."""

    error: DlmsError


type Outcome = Continues | Complete | Failed


class Transfer(Protocol):
    """One request, until its answer is complete. ``str()``: what is asked for, without values (rule S29)."""

    @property
    def needs(self) -> Conformance:
        """Services that must be negotiated; known after ``first``."""

    @property
    def answers(self) -> frozenset[int]:
        """Tags of APDUs that may answer."""

    @property
    def awaited(self) -> str:
        """The answer's name, for the error of a timeout."""

    @property
    def may_be_repeated(self) -> bool:
        """Whether the request may be sent again when nobody knows what became of it; never what writes."""

    @property
    def unknown_means_lost(self) -> bool:
        """Whether exception-response (1, 1) means a lost association; to a list it may mean that lists are unknown."""

    def first(self, invoke: InvokeIdAndPriority, limits: Limits, room: int) -> bytes:
        """Return the first request, of at most ``room`` octets where it can be cut, and forget what was received.

        Raises LocalProtocolError.
        """

    def receive(self, apdu: bytes) -> Outcome | None:
        """Take an APDU with a tag in ``answers``; None if it belongs elsewhere. Raises DecodeError, LimitExceeded."""


def encode_request(request: Apdu) -> bytes:
    """Return the octets of a request. Raises LocalProtocolError."""
    try:
        return encode_apdu(request)
    except (OverflowError, ValueError) as error:
        raise LocalProtocolError(f"the request cannot be encoded: {error}") from error
