"""Examines an address in stages and gives one verdict per layer.

``examine`` never guesses a password and never repeats one. Knows nothing of forms (forms/examination.py) and entities.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from ..catalogue import sensor_attributes
from ..const import MAX_CONFIRMED_RAISE, MAX_COUNTER_START
from ..dlms import (
    CLOCK_TIME,
    INVOCATION_COUNTER,
    SAP_ASSIGNMENT_LIST,
    Association,
    AssociationParameters,
    AssociationRejected,
    AttributeDescriptor,
    AuthenticationTagInvalid,
    ChallengeRefused,
    ConfirmedService,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    Data,
    DeviceInUse,
    DiagnosticSource,
    DlmsClient,
    DlmsError,
    ExceptionReceived,
    GuessedProtocol,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    LocalProtocolError,
    LogicalName,
    Mechanism,
    NotWrapper,
    ObjectListElement,
    PeerNotAuthenticated,
    ProofRefused,
    Protection,
    RemoteProtocolError,
    ResponseTimeout,
    SapAssignment,
    SecurityDowngrade,
    SecurityError,
    SecurityState,
    ServiceError,
    ServiceErrorCode,
    SystemTitleMismatch,
    Timing,
    UserDiagnostic,
    WrongAddress,
    confirmable_counter,
    decode_sap_assignment_list,
    settle,
)
from .counter_store import FIRST_COUNTER, async_security_state
from .error_mapping import busy_error, decode_or_none, is_busy
from .identity import AttributeAnswers, MeterIdentity, identify, identity_attributes
from .meter_time import ClockReading, clock_reading
from .objects import async_ask, async_read_objects
from .presets import USUAL_OBJECTS

_NO_REASON: Final = (UserDiagnostic.NULL, UserDiagnostic.NO_REASON_GIVEN)


class Stage(StrEnum):
    """What an examination is doing; the keys of texts."""

    CONNECTING = "connecting"
    LEARNING_COUNTER = "learning_counter"
    ASSOCIATING = "associating"
    READING_IDENTITY = "reading_identity"
    READING_OBJECTS = "reading_objects"
    TRYING_USUAL_CODES = "trying_usual_codes"


class Verdict(StrEnum):
    """Why an examination failed, by layer; the keys of texts."""

    NAME_NOT_RESOLVED = "name_not_resolved"
    HOST_UNREACHABLE = "host_unreachable"
    CONNECTION_REFUSED = "connection_refused"
    CANNOT_CONNECT = "cannot_connect"
    CONNECT_TIMEOUT = "connect_timeout"
    DEVICE_IN_USE = "device_in_use"
    NO_DLMS_ANSWER = "no_dlms_answer"
    CLOSED_BY_METER = "closed_by_meter"
    CLOSED_WITH_KEYS = "closed_with_keys"
    OTHER_WPORTS = "other_wports"
    NOT_DLMS_HDLC = "not_dlms_hdlc"
    NOT_DLMS_TEXT = "not_dlms_text"
    NOT_DLMS = "not_dlms"
    BAD_ANSWER = "bad_answer"
    ASSOCIATION_REFUSED = "association_refused"
    MECHANISM_REFUSED = "mechanism_refused"
    AUTHENTICATION_REQUIRED = "authentication_required"
    STRONGER_AUTHENTICATION = "stronger_authentication"
    INVALID_AUTH = "invalid_auth"
    PASSWORD_OR_KEYS_REFUSED = "password_or_keys_refused"  # noqa: S105 - the name of a verdict
    SECRET_REFUSED = "secret_refused"  # noqa: S105 - likewise
    KEYS_REFUSED = "keys_refused"
    CERTIFICATE_REFUSED = "certificate_refused"
    SYSTEM_TITLE_REFUSED = "system_title_refused"
    WRONG_KEY = "wrong_key"
    NO_SECURED_ANSWER = "no_secured_answer"
    NO_ANSWER_UNDER_DEDICATED_KEY = "no_answer_under_dedicated_key"
    ASSOCIATION_OBJECT_UNKNOWN = "association_object_unknown"
    VERIFICATION_FAILED = "verification_failed"
    DECRYPTED_NONSENSE = "decrypted_nonsense"
    METER_NOT_PROVEN = "meter_not_proven"
    COUNTER_REFUSED = "counter_refused"
    COUNTER_JUMP = "counter_jump"
    COUNTER_TOO_FAR = "counter_too_far"
    COUNTER_NOT_STORED = "counter_not_stored"
    COUNTER_EXHAUSTED = "counter_exhausted"
    ANSWER_REPLAYED = "answer_replayed"
    SECURITY_DOWNGRADE = "security_downgrade"
    UNEXPECTED_SYSTEM_TITLE = "unexpected_system_title"
    METER_BUSY = "meter_busy"
    CONNECTION_LOST = "connection_lost"
    ANSWER_TIMEOUT = "answer_timeout"
    TOOK_TOO_LONG = "took_too_long"
    NO_IDENTITY = "no_identity"
    UNKNOWN = "unknown"


class ExaminationFailed(Exception):
    """The verdict of one layer.

    ``diagnostic``: key of a text (``diagnostic_of``). ``detail``: the stack's own words. ``seconds``: the deadline that
    passed. ``counter``: the invocation counter that the meter asks for.
    """

    def __init__(
        self, verdict: Verdict, *, diagnostic: str = "", detail: str = "", seconds: float = 0, counter: int = 0
    ) -> None:
        super().__init__(f"{verdict.value}{f': {detail}' if detail else ''}")
        self.verdict = verdict
        self.diagnostic = diagnostic
        self.detail = detail
        self.seconds = seconds
        self.counter = counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What a meter told about itself."""

    identity: MeterIdentity
    objects: tuple[ObjectListElement, ...] = ()
    """The object list; if it was refused, the usual objects that answered."""
    list_refused: bool = False
    logical_devices: tuple[SapAssignment, ...] = ()
    clock: ClockReading | None = None
    """None without a clock that names a point in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExaminationRequest:
    """What to examine."""

    parameters: AssociationParameters
    expected: str | None = None
    """Unique id of the entry that the meter should belong to."""
    with_objects: bool = True
    counter_logical_name: LogicalName = INVOCATION_COUNTER
    timing: Timing = field(default_factory=Timing)
    read_by: DlmsClient | None = None
    """The client that reads this meter through another address; it waits meanwhile."""
    counter_start: int | None = None
    """Where the counter starts by the user's word; None: by the meter's, within limits."""
    on_stage: Callable[[Stage], None] = field(default=lambda stage: None)

    @property
    def is_ciphered(self) -> bool:
        """Whether keys protect messages."""
        return self.parameters.is_ciphered

    @property
    def is_unverified(self) -> bool:
        """Whether messages are decrypted without a tag that would tell a wrong key."""
        security = self.parameters.security
        return security is not None and (security.accept_unverified or security.protection == Protection.ENCRYPTED)


async def examine(hass: HomeAssistant, client: DlmsClient, request: ExaminationRequest) -> Examination:
    """Associate and read identity and objects. Raises ExaminationFailed, nothing else on purpose."""
    state: SecurityState | None = None
    try:
        request.on_stage(Stage.CONNECTING)
        # Many meters serve one client at a time.
        async with nullcontext() if request.read_by is None else request.read_by.reserve(timing=request.timing):
            state = await async_security_state(hass, request.parameters)
            if state is not None:
                await _settle_counter(client, request, state)
            return await _associate_and_read(hass, client, request, state)
    except LocalProtocolError:
        raise  # our bug: it must surface
    except InvocationCounterRefused as error:
        raise await _counter_refused(client, request, state, error) from error
    except DlmsError as error:
        raise _while_associating(error, request) from error


async def _associate_and_read(
    hass: HomeAssistant, client: DlmsClient, request: ExaminationRequest, state: SecurityState | None
) -> Examination:
    association: Association | None = None
    try:
        async with client.associate(
            request.parameters,
            timing=request.timing,
            security_state=state,
            exclusive=True,
            on_connected=lambda: request.on_stage(Stage.ASSOCIATING),
        ) as association:
            return await _read(hass, association, request)
    except LocalProtocolError, InvocationCounterRefused:
        raise
    except DlmsError as error:
        if association is None:
            raise
        if not association.asks_otherwise:
            raise _while_reading(error, request) from error
    # This ends: each time less is asked for, at last one by one, and what exhausts a limit is asked for last.
    return await _associate_and_read(hass, client, request, state)


async def _settle_counter(client: DlmsClient, request: ExaminationRequest, state: SecurityState) -> None:
    """Let the counter start where the user says, or the meter if it was never used."""
    asks = request.counter_start is None and state.next_value <= FIRST_COUNTER
    if asks:
        request.on_stage(Stage.LEARNING_COUNTER)
    ask = request.counter_logical_name if asks else None
    await settle(client, request.parameters, state, start=request.counter_start, ask=ask, timing=request.timing)


def _jump(expected: int, ours: int) -> ExaminationFailed:
    """A counter too far above ours to follow unasked, or even by one click (rule S35)."""
    if expected > MAX_COUNTER_START:
        return ExaminationFailed(Verdict.COUNTER_EXHAUSTED, detail=f"the meter asks for {expected}, which leaves none")
    verdict = Verdict.COUNTER_JUMP if expected - ours <= MAX_CONFIRMED_RAISE else Verdict.COUNTER_TOO_FAR
    return ExaminationFailed(verdict, counter=expected)


async def _counter_refused(
    client: DlmsClient, request: ExaminationRequest, state: SecurityState | None, error: InvocationCounterRefused
) -> ExaminationFailed:
    assert state is not None  # nothing else sends a counter
    # The client has followed it already as far as it may without the user's word.
    expected = await confirmable_counter(
        client, request.parameters, state, error, ask=request.counter_logical_name, timing=request.timing
    )
    if expected is None:
        return ExaminationFailed(Verdict.COUNTER_REFUSED, detail=str(error))
    return _jump(expected, state.next_value)


async def _read(hass: HomeAssistant, association: Association, request: ExaminationRequest) -> Examination:
    request.on_stage(Stage.READING_IDENTITY)
    answers, busy = await _answers(association, (*identity_attributes(()), SAP_ASSIGNMENT_LIST, CLOCK_TIME))
    clock = clock_reading(answers.get(CLOCK_TIME), dt_util.utcnow())
    identity = identify(answers, request.parameters.server_wport, expected=request.expected)
    if identity is None:
        raise ExaminationFailed(Verdict.METER_BUSY if busy else Verdict.NO_IDENTITY)
    objects: tuple[ObjectListElement, ...] = ()
    list_refused = False
    if request.with_objects:
        request.on_stage(Stage.READING_OBJECTS)
        listed = await async_read_objects(hass, association)
        if list_refused := listed is None:
            request.on_stage(Stage.TRYING_USUAL_CODES)
        objects = await _usual_objects(association) if listed is None else listed
    return Examination(
        identity=identity,
        objects=objects,
        list_refused=list_refused,
        logical_devices=_logical_devices(answers.get(SAP_ASSIGNMENT_LIST)),
        clock=clock,
    )


async def _answers(
    association: Association, attributes: Sequence[AttributeDescriptor]
) -> tuple[AttributeAnswers, bool]:
    """Return the answers, and whether the meter said that it is busy."""
    try:
        answers = await async_ask(association, attributes)
    except ServiceError as error:
        return {}, is_busy(error)  # who refuses the whole request has answered nothing
    return answers, busy_error(answers.values()) is not None


async def _usual_objects(association: Association) -> tuple[ObjectListElement, ...]:
    by_attribute = {
        AttributeDescriptor(class_id, logical_name, sensor_attributes(class_id)[0]): ObjectListElement(
            class_id, 0, logical_name
        )
        for class_id, logical_name in USUAL_OBJECTS
    }
    answers, _busy = await _answers(association, tuple(by_attribute))
    return tuple(by_attribute[attribute] for attribute, answer in answers.items() if isinstance(answer, Data))


def _logical_devices(answer: Data | DlmsError | None) -> tuple[SapAssignment, ...]:
    return decode_or_none(decode_sap_assignment_list, answer) or () if isinstance(answer, Data) else ()


def _while_associating(error: DlmsError, request: ExaminationRequest) -> ExaminationFailed:
    match error:
        case ConnectFailed(reason=ConnectFailure.NAME_NOT_RESOLVED):
            return ExaminationFailed(Verdict.NAME_NOT_RESOLVED)
        case ConnectFailed(reason=ConnectFailure.REFUSED):
            return ExaminationFailed(Verdict.CONNECTION_REFUSED)
        case ConnectFailed(reason=ConnectFailure.UNREACHABLE):
            return ExaminationFailed(Verdict.HOST_UNREACHABLE)
        case ConnectFailed():
            return ExaminationFailed(Verdict.CANNOT_CONNECT, detail=error.detail or str(error))
        case ConnectTimeout():
            return ExaminationFailed(Verdict.CONNECT_TIMEOUT, seconds=error.seconds)
        case DeviceInUse():
            return ExaminationFailed(Verdict.DEVICE_IN_USE, seconds=error.seconds)
        case ResponseTimeout():
            return ExaminationFailed(_unanswered(request), seconds=error.seconds)
        case ConnectionLost() if request.parameters.uses_counter:
            return ExaminationFailed(Verdict.CLOSED_WITH_KEYS)
        case AssociationRejected():
            return _refused(error, request)
        case ExceptionReceived(service_error=code) if (
            request.is_ciphered and code == ServiceErrorCode.DECIPHERING_ERROR
        ):
            return ExaminationFailed(Verdict.WRONG_KEY)
        case ServiceError():
            return ExaminationFailed(Verdict.ASSOCIATION_REFUSED, diagnostic=diagnostic_of(error), detail=str(error))
        case RemoteProtocolError() | SecurityError():
            return _protocol(error, request)
    return ExaminationFailed(Verdict.CLOSED_BY_METER)


def _unanswered(request: ExaminationRequest) -> Verdict:
    # Many meters say nothing at all to what they cannot decipher.
    if request.parameters.uses_dedicated_key:
        return Verdict.NO_ANSWER_UNDER_DEDICATED_KEY
    return Verdict.NO_SECURED_ANSWER if request.is_ciphered else Verdict.NO_DLMS_ANSWER


def _while_reading(error: DlmsError, request: ExaminationRequest) -> ExaminationFailed:
    match error:
        case ResponseTimeout():
            dedicated = request.parameters.uses_dedicated_key
            verdict = Verdict.NO_ANSWER_UNDER_DEDICATED_KEY if dedicated else Verdict.ANSWER_TIMEOUT
            return ExaminationFailed(verdict, seconds=error.seconds)
        case AssociationRejected():
            return _refused_again(error)
        case RemoteProtocolError() | SecurityError():
            return _protocol(error, request)
    return ExaminationFailed(Verdict.CONNECTION_LOST)


def _refused_again(error: AssociationRejected) -> ExaminationFailed:
    """A further association is refused: no secret is typed anew for it, because this one was accepted just before."""
    verdict = Verdict.METER_BUSY if error.transient else Verdict.ASSOCIATION_REFUSED
    return ExaminationFailed(verdict, diagnostic=diagnostic_of(error), detail=str(error))


def _protocol(error: RemoteProtocolError | SecurityError, request: ExaminationRequest) -> ExaminationFailed:
    match error:
        case NotWrapper(speaks=GuessedProtocol.HDLC):
            return ExaminationFailed(Verdict.NOT_DLMS_HDLC)
        case NotWrapper(speaks=GuessedProtocol.TEXT):
            return ExaminationFailed(Verdict.NOT_DLMS_TEXT)
        case NotWrapper():
            return ExaminationFailed(Verdict.NOT_DLMS)
        case WrongAddress(asked=(_, _)):
            return ExaminationFailed(Verdict.OTHER_WPORTS, detail=str(error))
        case RemoteProtocolError() | SecurityDowngrade() if request.is_unverified:
            # Without a tag a wrong key shows only in what comes out.
            return ExaminationFailed(Verdict.DECRYPTED_NONSENSE)
        case SecurityError():
            return ExaminationFailed(_security_verdict(error), detail=str(error))
    return ExaminationFailed(Verdict.BAD_ANSWER, detail=str(error))


def _security_verdict(error: SecurityError) -> Verdict:
    match error:
        case AuthenticationTagInvalid():
            return Verdict.VERIFICATION_FAILED
        case PeerNotAuthenticated() | ChallengeRefused():
            return Verdict.METER_NOT_PROVEN
        case InvocationCounterNotStored():
            return Verdict.COUNTER_NOT_STORED
        case InvocationCounterExhausted():
            return Verdict.COUNTER_EXHAUSTED
        case InvocationCounterReplayed():
            return Verdict.ANSWER_REPLAYED
        case SystemTitleMismatch():
            return Verdict.UNEXPECTED_SYSTEM_TITLE
    return Verdict.SECURITY_DOWNGRADE


_REFUSED_SECRET: Final = {
    Mechanism.NONE: Verdict.AUTHENTICATION_REQUIRED,
    Mechanism.LLS: Verdict.INVALID_AUTH,
    Mechanism.HLS_GMAC: Verdict.KEYS_REFUSED,
    Mechanism.HLS_ECDSA: Verdict.CERTIFICATE_REFUSED,
}


def _refused(error: AssociationRejected, request: ExaminationRequest) -> ExaminationFailed:
    mechanism = request.parameters.mechanism
    if isinstance(error, ProofRefused) and error.concerns_object:
        return ExaminationFailed(Verdict.ASSOCIATION_OBJECT_UNKNOWN, detail=str(error))
    verdict = Verdict.METER_BUSY if error.transient else Verdict.ASSOCIATION_REFUSED
    if error.source == DiagnosticSource.ACSE_SERVICE_USER:
        match error.diagnostic:
            case UserDiagnostic.CALLING_AP_TITLE_NOT_RECOGNISED if request.parameters.security is not None:
                verdict = Verdict.SYSTEM_TITLE_REFUSED
            case UserDiagnostic.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED:
                verdict = Verdict.MECHANISM_REFUSED
            case UserDiagnostic.AUTHENTICATION_MECHANISM_NAME_REQUIRED:
                verdict = Verdict.AUTHENTICATION_REQUIRED if mechanism is Mechanism.NONE else Verdict.MECHANISM_REFUSED
            case UserDiagnostic.AUTHENTICATION_FAILURE if mechanism is Mechanism.LLS and request.is_ciphered:
                verdict = Verdict.PASSWORD_OR_KEYS_REFUSED
            case UserDiagnostic.AUTHENTICATION_FAILURE:
                verdict = _REFUSED_SECRET.get(mechanism, Verdict.SECRET_REFUSED)
            case UserDiagnostic.AUTHENTICATION_REQUIRED:
                verdict = Verdict.STRONGER_AUTHENTICATION
    return ExaminationFailed(verdict, diagnostic=diagnostic_of(error), detail=str(error))


def diagnostic_of(error: DlmsError) -> str:
    """Return the text's key of a refusal: source and number, or what is behind "no reason given"."""
    match error:
        case AssociationRejected(initiate_error=int(initiate_error), diagnostic=diagnostic) if diagnostic in _NO_REASON:
            return f"initiate_{initiate_error}"
        case AssociationRejected(source=source, diagnostic=diagnostic):
            return f"{'user' if source == DiagnosticSource.ACSE_SERVICE_USER else 'provider'}_{diagnostic}"
        case ConfirmedServiceErrorReceived(service=service, error=code) if service == ConfirmedService.INITIATE_ERROR:
            return f"initiate_{code}"
        case ExceptionReceived(service_error=service_error):
            return f"exception_{service_error}"
    return "unknown"
