"""What goes over the line, in a file for reports: octets, and what they mean, without secrets (rules S28, S29).

A file of a run that wrote or executed something, or logged in, has no proof, key or password: where an APDU may hold
one, only its name and its harmless octets are shown.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
import os
import time
from typing import Final, Self

from ..apdu import decode_apdu
from ..apdu.access import ACCESS_REQUEST, ACCESS_RESPONSE
from ..apdu.acse import AARE, AARQ, RLRE, RLRQ
from ..apdu.action import ACTION_REQUEST, ACTION_RESPONSE
from ..apdu.common import AttributeDescriptor, MethodDescriptor
from ..apdu.faults import CONFIRMED_SERVICE_ERROR, EXCEPTION_RESPONSE
from ..apdu.get import GET_REQUEST, GET_RESPONSE
from ..apdu.notification import DATA_NOTIFICATION, EVENT_NOTIFICATION_REQUEST
from ..apdu.set import SET_REQUEST, SET_RESPONSE
from ..describe import describe
from ..describe.elements import Json
from ..describe.redacted import apdu_in_words, redacted, redacted_but_head
from ..describe.secret_targets import is_secret_or_proof
from ..describe.tree import tree
from ..encoding.logical_name import LogicalName
from ..errors import DlmsError
from ..protocol.framing import Message
from .options import UsageError
from .trace_outline import OUTLINED_TAGS, BlocksOfOneWay, outline

_INDENT: Final = " " * 13
_WIDTH: Final = 96
_NOT_SHOWN: Final = "(not decoded here: it may hold a secret)"

_SHOWN_UNLESS_NAMED: Final = frozenset(
    {
        *(AARQ, AARE, RLRQ, RLRE, EXCEPTION_RESPONSE, CONFIRMED_SERVICE_ERROR),
        *(DATA_NOTIFICATION, EVENT_NOTIFICATION_REQUEST),
    }
)
"""Passwords and keys in them are masked by the description; an event may name what is secret."""
_REQUESTS: Final = frozenset({GET_REQUEST, SET_REQUEST, ACTION_REQUEST, ACCESS_REQUEST})
_ANSWERS: Final = frozenset({GET_RESPONSE, SET_RESPONSE, ACTION_RESPONSE, ACCESS_RESPONSE})


class TraceFile:
    """An observer that writes; a context. Raises UsageError when the file cannot be made."""

    def __init__(self, path: str) -> None:
        self._file: Final = _open_private(path)
        self._start: Final = time.monotonic()
        self._blocks: dict[str, BlocksOfOneWay] = {}
        """By what is said of the way."""
        self._is_secret: dict[_Exchange, bool] = {}
        """Whether the last request of this kind, and so its answer, may hold a secret."""
        self._asks_for_secrets: dict[tuple[int, int], bool] = {}
        """Whether any request of client and server did: what answers none of them may belong to that one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def note(self, text: str, *details: object) -> None:
        """Write a stage."""
        self._write([f"{self._passed}  {text % details}"])

    def sent(self, message: Message) -> None:
        """Write what we send."""
        self._message(message, f"{message.client} -> {message.server}  sent")

    def received(self, message: Message) -> None:
        """Write what came."""
        self._message(message, f"{message.client} <- {message.server}  received")

    @property
    def _passed(self) -> str:
        return f"{time.monotonic() - self._start:9.3f} s"

    def _message(self, message: Message, what: str) -> None:
        apdu = message.apdu
        head = f"{self._passed}  {what} {len(apdu)} octets: {apdu_in_words(apdu)}"
        shown, decoded = self._shown(message)
        octets = [shown[start : start + _WIDTH] for start in range(0, len(shown), _WIDTH)]
        self._write([head, *(f"{_INDENT}{line}" for line in [*octets, *decoded]), ""])
        whole = self._blocks.setdefault(what, BlocksOfOneWay()).join(apdu)
        if whole is not None:
            self._message(message._replace(apdu=whole), f"{what} in blocks")

    def _shown(self, message: Message) -> tuple[str, list[str]]:
        """Return the octets of a message and what they mean, without secrets."""
        apdu = message.apdu
        if not apdu or apdu[0] not in _SHOWN_UNLESS_NAMED | _REQUESTS | _ANSWERS | OUTLINED_TAGS:
            return redacted(apdu), []
        try:
            if apdu[0] in OUTLINED_TAGS:
                return redacted(apdu), outline(apdu)
            described = describe(decode_apdu(apdu))
            decoded = tree(described)
        except DlmsError as error:
            described, decoded = {}, [str(error)]
        if not self._may_be_secret(message, list(_targets(described))):
            return redacted(apdu), decoded
        # What is shown of a request ends before the secret, and tells which object it is about.
        return redacted(apdu) if apdu[0] in _REQUESTS else redacted_but_head(apdu), [_NOT_SHOWN]

    def _may_be_secret(self, message: Message, targets: Sequence[_Target]) -> bool:
        """``targets``: what the message names."""
        tag, exchange = message.apdu[0], _exchange(message)
        is_secret = any(map(is_secret_or_proof, targets))
        if tag in _SHOWN_UNLESS_NAMED:
            return is_secret
        # A further block names nothing: it belongs to what the first one was for, as answers do.
        pair = (message.client, message.server)
        if tag in _REQUESTS and targets:
            self._is_secret[exchange] = is_secret
            self._asks_for_secrets[pair] = self._asks_for_secrets.get(pair, False) or is_secret
        return self._is_secret.get(exchange, self._asks_for_secrets.get(pair, True))

    def _write(self, lines: Sequence[str]) -> None:
        with suppress(OSError):  # a full disk does not end what is said to the meter
            os.write(self._file, "\n".join([*lines, ""]).encode(errors="backslashreplace"))


type _Target = AttributeDescriptor | MethodDescriptor
type _Exchange = tuple[int, int, bytes]
"""Client, server, invoke-id: what a request and its answers have in common."""


def _exchange(message: Message) -> _Exchange:
    apdu = message.apdu
    if apdu[0] in {ACCESS_REQUEST, ACCESS_RESPONSE}:
        return message.client, message.server, apdu[2:5]  # behind flags
    return message.client, message.server, bytes([octet & 0x0F for octet in apdu[2:3]])


def _targets(described: Json) -> Iterator[_Target]:
    """Return every attribute and method that an APDU names."""
    if isinstance(described, list):
        for each in described:
            yield from _targets(each)
    elif isinstance(described, dict):
        match described:
            case {"class_id": int(class_id), "instance": str(name), "attribute": int(index)}:
                yield AttributeDescriptor(class_id, LogicalName.parse(name), index)
            case {"class_id": int(class_id), "instance": str(name), "method": int(index)}:
                yield MethodDescriptor(class_id, LogicalName.parse(name), index)
        for each in described.values():
            yield from _targets(each)


def _open_private(path: str) -> int:
    """Make a file that only its owner can read, also where there was another one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.fchmod(descriptor, 0o600)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a file name"
        raise UsageError(f"the file for --trace cannot be written: {reason}") from None
    return descriptor
