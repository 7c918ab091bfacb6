"""The one place where an error of the stack becomes an exception of Home Assistant.

| stack error | first set-up | running |
|---|---|---|
| network, device in use, protocol, a refused request | not ready | UpdateFailed |
| busy, association refused | not ready | UpdateFailed with its own pause |
| authentication refused, no proof by the meter | reauthentication | reauthentication |
| invalid tag, counter not stored or refused, weaker protection, identity unreadable | not ready | UpdateFailed |
| other meter, other system title, counter used up | ConfigEntryError | UpdateFailed |

"Not ready": Home Assistant tries again. The third row and ConfigEntryError end all attempts. Other exceptions are bugs
and surface. Repair issues: issues.py. Set-up forms: doctor.py.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError, HomeAssistantError
from homeassistant.helpers.update_coordinator import UpdateFailed

from ..const import DOMAIN, ISSUE_OTHER_METER, RETRY_BUSY, RETRY_REFUSED, RETRY_TRANSIENT
from ..dlms import (
    ActionError,
    ActionResultCode,
    AssociationError,
    AssociationRejected,
    AuthenticationTagInvalid,
    CallerNotExpected,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    Data,
    DataAccessError,
    DataAccessResultCode,
    DecodeError,
    DeviceInUse,
    DlmsError,
    EchoReceived,
    ExceptionReceived,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    ListenerUnavailable,
    LocalProtocolError,
    NotWrapper,
    OutcomeUnknown,
    PeerNotAuthenticated,
    RemoteProtocolError,
    ResponseTimeout,
    SecurityError,
    ServiceError,
    ServiceErrorCode,
    StateErrorCode,
    SystemTitleMismatch,
    TransportError,
)
from .markdown import escaped

SUCCESS: Final = "success"
"""The standard's name of the result that is no refusal."""
OUTCOME_UNKNOWN: Final = "outcome unknown"
NOT_SENT: Final = "not sent"
"""Instead of a result."""

_BUSY = (ServiceErrorCode.OPERATION_NOT_POSSIBLE, ServiceErrorCode.OTHER_REASON)


_UNKNOWN = (StateErrorCode.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE)
"""Also what some meters say to an object that they do not know."""


class WrongMeter(Exception):
    """Not the entry's meter; ``found``: its unique id, or None if unreadable."""

    def __init__(self, expected: str, found: str | None) -> None:
        super().__init__(expected, found)
        self.expected = expected
        self.found = found


@contextmanager
def map_error(*, first: bool) -> Iterator[None]:
    """Turn exceptions of stack and reader into Home Assistant's; ``first``: in the first set-up."""
    try:
        yield
    except LocalProtocolError:
        raise
    except WrongMeter as wrong:
        raise _wrong_meter_error(wrong, first=first) from wrong
    except DlmsError as error:
        raise home_assistant_error(error, first=first) from error


@contextmanager
def judging_caller(*, is_expected: bool) -> Iterator[None]:
    """Let what a caller says who may be a stranger mean only that: it cannot ask for credentials (rule S37)."""
    try:
        yield
    except (AssociationRejected, PeerNotAuthenticated, SystemTitleMismatch, WrongMeter) as error:
        if is_expected:
            raise
        raise CallerNotExpected(f"who called is not known to be the meter: {error}") from error


def is_of_the_network(failure: HomeAssistantError) -> bool:
    """Whether a poll failed because the meter could not be reached, or went away."""
    return isinstance(failure.__cause__, TransportError)


def is_of_another_meter(failure: HomeAssistantError) -> bool:
    """Whether a poll failed because it may have been another meter that answered."""
    return isinstance(failure.__cause__, (SecurityError, WrongMeter))


def is_in_doubt(failure: HomeAssistantError) -> bool:
    """Whether nothing that was read before it may count: it may have been another meter, or somebody in between."""
    return isinstance(failure, ConfigEntryAuthFailed) or is_of_another_meter(failure)


def decode_or_none[**P, R](decode: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R | None:
    """Return what ``decode`` returns, or None where the meter's value makes no sense."""
    try:
        # One object with an odd value must not spoil the others.
        return decode(*args, **kwargs)
    except RemoteProtocolError:
        return None


async def none_if_refused[T](answer: Awaitable[T]) -> T | None:
    """Return the answer, or None when the meter refused the whole request."""
    try:
        return await answer
    except ServiceError:
        return None


async def none_if_failed[T](answer: Awaitable[T]) -> T | None:
    """Return the answer to a question asked besides, or None whatever happened to it: what was read before counts."""
    try:
        return await answer
    except LocalProtocolError:
        raise
    except DlmsError:
        return None


async def failure_of(work: Awaitable[None]) -> DlmsError | None:
    """Await it; return why it failed, None if it did not."""
    try:
        await work
    except LocalProtocolError:
        raise
    except DlmsError as error:
        return error
    return None


def concerns_one_object(error: DlmsError) -> bool:
    """Whether it is an answer to what was asked for, so that another object may be read all the same."""
    return isinstance(error, ServiceError | RemoteProtocolError)


def is_for_now(error: DlmsError) -> bool:
    """Whether the meter says that it has no value just now."""
    return isinstance(error, DataAccessError) and error.result == DataAccessResultCode.TEMPORARY_FAILURE


async def answer_to_change(change: Awaitable[Data | DataAccessError | None]) -> tuple[str, Data | None]:
    """Return the result of a SET or ACTION by its standard name, and what a method returned.

    Raises what leaves open whether the meter did it, and what says that it did not even look.
    """
    try:
        returned = await change
    except (DataAccessError, ActionError) as refusal:
        codes = ActionResultCode if isinstance(refusal, ActionError) else DataAccessResultCode
        return codes.name_of(refusal.result) or str(refusal), None
    # It was carried out; an error is about what it should have returned.
    return SUCCESS, None if isinstance(returned, DataAccessError) else returned


async def result_of_change(change: Awaitable[Data | DataAccessError | None]) -> str:
    """Return the result of one of several changes, which costs no other; OUTCOME_UNKNOWN where nobody knows it."""
    try:
        result, _ = await answer_to_change(change)
    except LocalProtocolError:
        raise
    except InvocationCounterNotStored, InvocationCounterExhausted:
        return NOT_SENT
    except (ExceptionReceived, ConfirmedServiceErrorReceived) as error:
        return str(error)
    except DlmsError:
        return OUTCOME_UNKNOWN
    return result


def may_have_been_done(failure: HomeAssistantError) -> bool:
    """Whether nobody knows if a meter that was told to do something did it."""
    return isinstance(failure.__cause__, OutcomeUnknown) or not isinstance(failure.__cause__, DlmsError)


def refused_as_a_whole(failure: HomeAssistantError) -> str | None:
    """Return what the meter said instead of a result; None where it said nothing of the kind."""
    cause = failure.__cause__
    return str(cause) if isinstance(cause, ExceptionReceived | ConfirmedServiceErrorReceived) else None


def is_of_no_known_title(error: DlmsError) -> bool:
    """Whether a notification was not opened because it is of none of our meters."""
    return isinstance(error, SystemTitleMismatch)


async def listener_fault(joining: Awaitable[None]) -> ListenerUnavailable | None:
    """Return why we cannot listen somewhere; None if we can."""
    try:
        await joining
    except ListenerUnavailable as error:
        return error
    return None


def is_refused_or_senseless(error: DlmsError) -> bool:
    """Whether one answer is missing, because the meter refused it or sent what is none, and others may come."""
    return isinstance(error, (ServiceError, DecodeError))


def busy_error(answers: Iterable[object]) -> DlmsError | None:
    """Return the exception-response of a meter that cannot answer now, if one of the answers stands for that."""
    for answer in answers:
        cause = answer.__cause__ if isinstance(answer, DataAccessError) else None
        if isinstance(cause, ExceptionReceived) and is_busy(cause):
            return cause
    return None


def is_busy(error: DlmsError) -> bool:
    """Whether a request was refused for now, and not because of what was asked for."""
    return (
        isinstance(error, ExceptionReceived)
        and error.service_error in _BUSY
        and (error.state_error, error.service_error) != _UNKNOWN
    )


def may_be_of_another_client(error: BaseException) -> bool:
    """Whether a meter that has not let us in may serve another client now."""
    match error:
        case AssociationRejected(transient=True):
            return True
        case ExceptionReceived(service_error=code):
            return code in _BUSY
        # The only connection is another one's: the next one is refused, or accepted and closed at once.
        case ConnectFailed(reason=ConnectFailure.REFUSED) | ConnectionLost():
            return True
    return False


def _wrong_meter_error(wrong: WrongMeter, *, first: bool) -> HomeAssistantError:
    if wrong.found is None:
        return UpdateFailed(translation_domain=DOMAIN, translation_key="identity_unreadable")
    kind = ConfigEntryError if first else UpdateFailed
    return kind(
        translation_domain=DOMAIN,
        translation_key=ISSUE_OTHER_METER,
        translation_placeholders={"expected": escaped(wrong.expected), "found": escaped(wrong.found)},
    )


def home_assistant_error(error: DlmsError, *, first: bool) -> HomeAssistantError:
    """Return the exception to raise for an error of the stack."""
    match error:
        # Only this and PeerNotAuthenticated ask for credentials: nothing else that a packet carries can (rule F40).
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
        case InvocationCounterExhausted() | SystemTitleMismatch(found=bytes()) if first:
            return ConfigEntryError(**_text(_security_key(error), error))
        case SecurityError():
            # Anybody on the network can send what looks like it: it may pass by itself (rule S37).
            return UpdateFailed(**_text(_security_key(error), error))
        case ConnectFailed(reason=ConnectFailure.REFUSED) | ConnectionLost() if first:
            # No entity tells yet that another program may have the meter.
            return UpdateFailed(**_text("association_refused_for_now", error))
    return UpdateFailed(**_text(_failed_poll_key(error), error))


def _security_key(error: SecurityError) -> str:
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
    match error:
        case DeviceInUse():
            return "device_in_use"
        case ConnectFailed() | ConnectTimeout():
            return "cannot_connect"
        case ResponseTimeout():
            return "no_answer"
        case TransportError():
            return "connection_lost"
        case NotWrapper() | EchoReceived():
            return "not_dlms"
        case RemoteProtocolError():
            return "protocol_error"
        case AssociationError():
            return "association_lost"
    return "service_refused"


def _text(key: str, error: DlmsError) -> dict[str, Any]:
    return {
        "translation_domain": DOMAIN,
        "translation_key": key,
        "translation_placeholders": {"detail": escaped(str(error))},
    }
