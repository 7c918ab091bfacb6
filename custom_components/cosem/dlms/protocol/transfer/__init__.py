"""Transfers: one request of a confirmed service is one object that knows its APDUs and its blocks. Sans-IO.

A new service is a file here with a class that fits :class:`Transfer`, and the tag of its answer in ``ANSWER_TAGS``.
Transfers know nothing of states, protection and time; values stay octets. IEC 62056-5-3, xDLMS services.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol

from ...apdu import Apdu, encode_apdu
from ...apdu.access import ACCESS_RESPONSE
from ...apdu.action import ACTION_RESPONSE
from ...apdu.common import InvokeIdAndPriority
from ...apdu.get import GET_RESPONSE
from ...apdu.initiate import Conformance
from ...apdu.set import SET_RESPONSE
from ...apdu.short_name import READ_RESPONSE, WRITE_RESPONSE
from ...errors import DlmsError, LocalProtocolError
from ...limits import Limits

ANSWER_TAGS: Final = frozenset(
    {READ_RESPONSE, WRITE_RESPONSE, GET_RESPONSE, SET_RESPONSE, ACTION_RESPONSE, ACCESS_RESPONSE}
)
"""Answers to confirmed services: one that no transfer waits for is stray, any other APDU is foreign."""


@dataclass(frozen=True, slots=True)
class Continues:
    """The answer goes on: send ``request`` for what is behind ``block_number``. ``size``: octets gathered so far."""

    block_number: int
    size: int
    request: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Complete:
    """The transfer is complete. What ``octets`` are is said by the transfer."""

    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer is an error for the request as a whole."""

    error: DlmsError


type Outcome = Continues | Complete | Failed


class Transfer(Protocol):
    """One request and everything that belongs to it, until its answer is complete."""

    @property
    def needs(self) -> Conformance:
        """The services that have to be negotiated."""

    @property
    def answers(self) -> frozenset[int]:
        """Tags of the APDUs that may answer."""

    @property
    def awaited(self) -> str:
        """The standard's name of the answer, for the error of a wait in vain."""

    @property
    def unknown_means_lost(self) -> bool:
        """Whether exception-response (1, 1) says that the meter knows no association.

        To a list it may as well mean that it knows no lists: the caller finds out by asking for less.
        """

    def first(self, invoke: InvokeIdAndPriority, limits: Limits) -> bytes:
        """Return the first request, and begin anew: what was received before is forgotten.

        Raises LocalProtocolError for what cannot be encoded.
        """

    def receive(self, apdu: bytes) -> Outcome | None:
        """Take an APDU with one of the tags in ``answers``. None: it belongs to something else.

        Raises DecodeError for the octets, LimitExceeded when a transfer grows beyond all reason.
        """


def encode_request(request: Apdu) -> bytes:
    """Return the octets of a request. Raises LocalProtocolError for numbers that do not fit their fields."""
    try:
        return encode_apdu(request)
    except (OverflowError, ValueError) as error:
        raise LocalProtocolError(f"the request cannot be encoded: {error}") from error
