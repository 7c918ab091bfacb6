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
from ..apdu.faults import CONFIRMED_SERVICE_ERROR, EXCEPTION_RESPONSE
from ..apdu.get import GET_REQUEST, GET_RESPONSE
from ..apdu.notification import DATA_NOTIFICATION, EVENT_NOTIFICATION_REQUEST
from ..apdu.set import SET_REQUEST, SET_RESPONSE
from ..describe import describe
from ..describe.elements import Json
from ..describe.redacted import apdu_in_words, redacted
from ..describe.tree import tree
from ..errors import DlmsError
from ..interface_classes.association_ln import AssociationLnAttribute
from ..interface_classes.interface_class import InterfaceClass
from ..protocol.framing import Message
from .options import UsageError

_INDENT: Final = " " * 13
_WIDTH: Final = 96
_NOT_SHOWN: Final = "(not decoded here: it may hold a secret)"

_ALWAYS_SHOWN: Final = frozenset(
    {
        *(AARQ, AARE, RLRQ, RLRE, EXCEPTION_RESPONSE, CONFIRMED_SERVICE_ERROR),
        *(DATA_NOTIFICATION, EVENT_NOTIFICATION_REQUEST),
    }
)
"""Passwords and keys in them are masked by the description."""
_REQUESTS: Final = frozenset({GET_REQUEST, SET_REQUEST, ACTION_REQUEST, ACCESS_REQUEST})
_ANSWERS: Final = frozenset({GET_RESPONSE, SET_RESPONSE, ACTION_RESPONSE, ACCESS_RESPONSE})

_WITH_SECRETS: Final = frozenset(
    {
        InterfaceClass.ASSOCIATION_SN,
        InterfaceClass.ASSOCIATION_LN,
        InterfaceClass.DATA_PROTECTION,
        InterfaceClass.SECURITY_SETUP,
        InterfaceClass.MBUS_CLIENT,
    }
)
"""Classes that take or give secrets, keys or proofs."""
_WHICH_ARE_READ: Final = frozenset({0, AssociationLnAttribute.SECRET})
"""Attribute 0 stands for all."""


class TraceFile:
    """An observer that writes; a context. Raises UsageError when the file cannot be made."""

    def __init__(self, path: str) -> None:
        self._file: Final = _open_private(path)
        self._start: Final = time.monotonic()
        self._is_shown: dict[tuple[int, int], bool] = {}
        """Whether the last request of a pair, and so its answer, holds no secret."""

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
        shown = redacted(apdu)
        octets = [shown[start : start + _WIDTH] for start in range(0, len(shown), _WIDTH)]
        decoded = self._decoded(message)
        self._write([head, *(f"{_INDENT}{line}" for line in [*octets, *decoded]), ""])

    def _decoded(self, message: Message) -> list[str]:
        apdu = message.apdu
        pair = (message.client, message.server)
        if not apdu or apdu[0] not in _ALWAYS_SHOWN | _REQUESTS | _ANSWERS:
            return []
        try:
            described = describe(decode_apdu(apdu))
        except DlmsError as error:
            return [str(error)]
        if apdu[0] in _REQUESTS:
            targets = list(_targets(described))
            # A further block belongs to what the first one was for.
            if targets:
                self._is_shown[pair] = not any(_may_be_secret(apdu[0], *target) for target in targets)
        if apdu[0] not in _ALWAYS_SHOWN and not self._is_shown.get(pair, False):
            return [_NOT_SHOWN]
        return tree(described)

    def _write(self, lines: Sequence[str]) -> None:
        with suppress(OSError):  # a full disk does not end what is said to the meter
            os.write(self._file, "\n".join([*lines, ""]).encode(errors="backslashreplace"))


def _targets(described: Json) -> Iterator[tuple[int, int]]:
    """Return class and attribute or method of everything that a request names."""
    if isinstance(described, list):
        for each in described:
            yield from _targets(each)
    elif isinstance(described, dict):
        class_id, index = described.get("class_id"), described.get("attribute", described.get("method"))
        if isinstance(class_id, int) and isinstance(index, int):
            yield class_id, index
        for each in described.values():
            yield from _targets(each)


def _may_be_secret(tag: int, class_id: int, index: int) -> bool:
    return class_id in _WITH_SECRETS and (tag != GET_REQUEST or index in _WHICH_ARE_READ)


def _open_private(path: str) -> int:
    """Make a file that only its owner can read, also where there was another one."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        os.fchmod(descriptor, 0o600)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a file name"
        raise UsageError(f"the file for --trace cannot be written: {reason}") from None
    return descriptor
