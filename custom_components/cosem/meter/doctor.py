"""Examines an address in stages and gives one verdict per layer.

``examine`` never guesses a password and never repeats one. Knows nothing of forms (forms/examination.py) and entities.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

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
    AttributeDescriptor,
    Data,
    Diagnosis,
    DlmsClient,
    DlmsError,
    InvocationCounterRefused,
    LocalProtocolError,
    LogicalName,
    ObjectListElement,
    SapAssignment,
    SecurityState,
    ServiceError,
    Timing,
    Verdict,
    confirmable_counter,
    decode_sap_assignment_list,
    settle,
    while_associating,
    while_reading,
)
from .counter_store import FIRST_COUNTER, async_security_state
from .error_mapping import busy_error, decode_or_none, is_busy
from .identity import AttributeAnswers, MeterIdentity, identify, identity_attributes
from .meter_time import ClockReading, clock_reading
from .objects import async_ask, async_read_objects
from .presets import USUAL_OBJECTS


class Stage(StrEnum):
    """What an examination is doing; the keys of texts."""

    WAITING_FOR_CALL = "waiting_for_call"
    CONNECTING = "connecting"
    LEARNING_COUNTER = "learning_counter"
    ASSOCIATING = "associating"
    READING_IDENTITY = "reading_identity"
    READING_OBJECTS = "reading_objects"
    TRYING_USUAL_CODES = "trying_usual_codes"


class ExaminationFailed(Exception):
    """The verdict of one layer.

    ``diagnostic``: key of a text (``diagnostic_of``). ``detail``: the stack's own words. ``seconds``: the deadline that
    passed. ``counter``: the invocation counter that the meter asks for. ``offered``: what a refusing meter tells of
    itself.
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
        self.offered = ""

    @classmethod
    def of(cls, diagnosis: Diagnosis) -> Self:
        """Return what the stack's doctor says."""
        failed = cls(
            diagnosis.verdict, diagnostic=diagnosis.diagnostic, detail=diagnosis.detail, seconds=diagnosis.seconds
        )
        failed.offered = diagnosis.offered
        return failed


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
        raise ExaminationFailed.of(while_associating(error, request.parameters)) from error


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
            raise ExaminationFailed.of(while_reading(error, request.parameters)) from error
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
    # The clock first, because nearly every meter has one: what it answers to the others is compared with that.
    answers, busy = await _answers(association, (CLOCK_TIME, *identity_attributes(()), SAP_ASSIGNMENT_LIST))
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
