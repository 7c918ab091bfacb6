"""The one place where an error of the stack becomes an exception of Home Assistant.

| stack error | first set-up | running |
|---|---|---|
| network, protocol, refused by the way | not ready, tried again | UpdateFailed |
| busy, or refused for now | not ready, tried again | UpdateFailed with its own pause |
| refused for authentication, or no proof by the meter | reauthentication, no further attempt | the same |
| a tag that does not verify, a counter that cannot be stored | not ready, tried again | UpdateFailed |
| other system title, weaker protection, counter refused or used up | ConfigEntryError, no further attempt | UpdateFailed |

Only an AARE that refuses for authentication and a meter that cannot prove itself make Home Assistant ask for credentials:
nothing else that a packet carries can (rule F40). A meter with another identity stops the first set-up, too. Which of these become repair issues is known by issues.py.

The coordinator makes "not ready" of UpdateFailed during the first set-up. Anything that is no DlmsError, and our own misuse
of the stack, is a bug and surfaces. Set-up forms have their own table, because they speak of layers (doctor.py).
"""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError, HomeAssistantError
from homeassistant.helpers.update_coordinator import UpdateFailed

from ..const import DOMAIN, ISSUE_OTHER_METER, RETRY_BUSY, RETRY_REFUSED, RETRY_TRANSIENT
from ..dlms import (
    AssociationError,
    AssociationRejected,
    AuthenticationTagInvalid,
    ConnectFailed,
    ConnectTimeout,
    DeviceInUse,
    DlmsError,
    ExceptionReceived,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    LocalProtocolError,
    NotWrapper,
    PeerNotAuthenticated,
    RemoteProtocolError,
    ResponseTimeout,
    SecurityError,
    ServiceError,
    ServiceErrorCode,
    SystemTitleMismatch,
    TransportError,
)

_BUSY = (ServiceErrorCode.OPERATION_NOT_POSSIBLE, ServiceErrorCode.OTHER_REASON)


class WrongMeter(Exception):
    """Not the meter that an entry was made for, or one that does not say which it is."""

    def __init__(self, expected: str, found: str | None) -> None:
        """Keep both unique ids, None for one that could not be read."""
        super().__init__(expected, found)
        self.expected = expected
        self.found = found


@contextmanager
def map_error(*, first: bool) -> Iterator[None]:
    """Turn what the stack or the reader raises inside the block into Home Assistant's; `first` during the first set-up."""
    try:
        yield
    except LocalProtocolError:
        raise
    except WrongMeter as wrong:
        raise _wrong_meter_error(wrong, first=first) from wrong
    except DlmsError as error:
        raise home_assistant_error(error, first=first) from error


def understood[**P, R](decode: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
    """Return what `decode` returns, None where the meter's value has a form that makes no sense.

    One object with an odd value must not spoil the others.
    """
    try:
        return decode(*args, **kwargs)
    except RemoteProtocolError:
        return None


async def unless_refused[T](answer: Awaitable[T]) -> T | None:
    """Return the answer to a question that a meter may refuse as a whole, None when it did."""
    try:
        return await answer
    except ServiceError:
        return None


def _wrong_meter_error(wrong: WrongMeter, *, first: bool) -> HomeAssistantError:
    """Return the exception for a meter whose values must not be taken."""
    if wrong.found is None:
        return UpdateFailed(translation_domain=DOMAIN, translation_key="identity_unreadable")
    kind = ConfigEntryError if first else UpdateFailed
    return kind(
        translation_domain=DOMAIN,
        translation_key=ISSUE_OTHER_METER,
        translation_placeholders={"expected": wrong.expected, "found": wrong.found},
    )


def home_assistant_error(error: DlmsError, *, first: bool) -> HomeAssistantError:
    """Return the exception to raise for an error of the stack, with the sentence that fits."""
    match error:
        case AssociationRejected(concerns_authentication=True):
            return ConfigEntryAuthFailed(**_text("authentication_refused", error))
        case PeerNotAuthenticated():
            return ConfigEntryAuthFailed(**_text("meter_not_proven", error))
        case AssociationRejected(transient=True):
            return UpdateFailed(**_text("association_refused_for_now", error), retry_after=RETRY_TRANSIENT)
        case AssociationRejected():
            return UpdateFailed(**_text("association_refused", error), retry_after=RETRY_REFUSED)
        case ExceptionReceived(service_error=code) if code in _BUSY:
            return UpdateFailed(**_text("meter_busy", error), retry_after=RETRY_BUSY)
        case AuthenticationTagInvalid():
            return UpdateFailed(**_text("verification_failed", error))
        case InvocationCounterNotStored():
            return UpdateFailed(**_text("counter_not_stored", error))
        case SecurityError():
            kind = ConfigEntryError if first else UpdateFailed
            return kind(**_text(_security_key(error), error))
    return UpdateFailed(**_text(_failed_poll_key(error), error))


def _security_key(error: SecurityError) -> str:
    """Return the key of the sentence for a meter, or a counter, with which we must not go on."""
    match error:
        case InvocationCounterRefused():
            return "counter_refused"
        case InvocationCounterExhausted():
            return "counter_used_up"
        case InvocationCounterReplayed():
            return "answer_replayed"
        case SystemTitleMismatch(found=bytes()):
            return "other_system_title"
    return "security_mismatch"


def _failed_poll_key(error: DlmsError) -> str:
    """Return the key of the sentence for an error after which the next poll simply tries again."""
    match error:
        case DeviceInUse():
            return "device_in_use"
        case ConnectFailed() | ConnectTimeout():
            return "cannot_connect"
        case ResponseTimeout():
            return "no_answer"
        case TransportError():
            return "connection_lost"
        case NotWrapper():
            return "not_dlms"
        case RemoteProtocolError():
            return "protocol_error"
        case AssociationError():
            return "association_lost"
    return "service_refused"


def _text(key: str, error: DlmsError) -> dict[str, Any]:
    """Return the arguments of a translated exception; the stack's own words are the detail."""
    return {
        "translation_domain": DOMAIN,
        "translation_key": key,
        "translation_placeholders": {"detail": str(error)},
    }
