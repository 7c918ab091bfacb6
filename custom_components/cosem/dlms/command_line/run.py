"""One run against a meter: parameters, counter, association, work, end."""

import argparse
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..addresses import TransportProtocol
from ..client.channel import Connector, with_datagrams, with_wrapper
from ..client.client import DlmsClient
from ..client.doctor import Patient, diagnose
from ..client.invocation_counter import INVOCATION_COUNTER, settle
from ..client.layer_findings import LayerFinding
from ..client.link import Timing
from ..client.observer import Observer
from ..client.proof_forms import KnownForm
from ..client.security_state import SecurityState
from ..client.transport import open_tcp, resolve
from ..client.udp_transport import open_udp
from ..encoding.logical_name import LogicalName
from ..errors import InvocationCounterNotStored, RemoteProtocolError, TransportError
from ..protocol.leniencies import Leniency
from ..protocol.notification_senders import NotificationSenders
from ..protocol.proof_form import USUAL_FORM, ProofForm
from ..protocol.proposal import AssociationParameters
from ..security.counters import ReceivingCounters
from ..security.notification_keys import NotificationKeys
from .credentials import listening_settings, parameters_from_options
from .options import NOT_ASKED, UsageError, require_possible
from .progress import OctetCount, Several
from .state_file import StateFile, StateFileCounterStore, default_path
from .trace import TraceFile

if TYPE_CHECKING:
    from ..client.association import Association
    from ..client.profile_reading import ProfileReading
    from ..client.profile_request import ProfileRequest

_NOT_STORED: Final = "the received invocation counters cannot be stored"

_PATIENCE: Final = 30.0
"""Seconds to wait for another process."""


def with_association[T](
    options: argparse.Namespace,
    work: Callable[[Association], Awaitable[T]],
    on_lenient: Callable[[Iterable[Leniency]], None] = lambda leniencies: None,
    on_progress: Callable[[str], None] | None = None,
) -> T:
    """Associate, do the work, release. Raises DlmsError, UsageError, StateInUseError.

    ``on_lenient`` is told what was tolerated of the meter, if anything; ``on_progress`` how far a long answer is.
    """
    return with_lender(options, lambda lender: _associated(lender, work), on_lenient, on_progress)


def with_lender[T](
    options: argparse.Namespace,
    work: Callable[[Lender], Awaitable[T]],
    on_lenient: Callable[[Iterable[Leniency]], None] = lambda leniencies: None,
    on_progress: Callable[[str], None] | None = None,
) -> T:
    """The same for work that opens its associations itself: at least one."""
    with _prepared(options, on_progress) as visit:
        result, association = asyncio.run(_run(options, visit, work))
        form = association.proof_form
        parameters = visit.parameters
        if form != (visit.form or USUAL_FORM) or (visit.form is None and parameters.uses_dedicated_key):
            with _unless_optional(parameters):
                visit.file.store_form(visit.meter, form)
    if association.leniencies:
        on_lenient(sorted(association.leniencies))
    return result


class Lender:
    """Opens associations with the meter, and remembers the last one."""

    def __init__(
        self, client: DlmsClient, parameters: AssociationParameters, timing: Timing, state: SecurityState | None
    ) -> None:
        self._client = client
        self._parameters = parameters
        self._timing = timing
        self._state = state
        self.last: Association | None = None

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[Association]:
        """Associate; release behind it."""
        self.last = None
        async with self._client.associate(
            self._parameters, timing=self._timing, security_state=self._state
        ) as association:
            self.last = association
            yield association

    def read_profile(self, request: ProfileRequest) -> ProfileReading:
        """Return a reading of a profile's rows."""
        return self._client.read_profile(self.lend, self._parameters.pair, request)


@contextmanager
def known_senders(options: argparse.Namespace) -> Iterator[tuple[NotificationSenders, Callable[[], None]]]:
    """Return whose notifications are opened, and what keeps on disk what was received. Raises UsageError."""
    with _state_file(options) as file:
        settings = listening_settings(options, os.environ, file.system_title)
        if settings is None:
            yield NotificationSenders(), lambda: None
            return
        assert settings.global_unicast_encryption_key is not None  # they protect
        kept = file.listener_counters(settings.global_unicast_encryption_key, settings.client_system_title)
        counters = ReceivingCounters(kept.loaded)
        yield NotificationSenders([NotificationKeys(settings, counters)]), lambda: kept.store(counters.last())


def _state_file(options: argparse.Namespace) -> StateFile:
    return StateFile(default_path(os.environ) if options.state_file is None else Path(options.state_file))


def findings_of(
    options: argparse.Namespace,
    on_attempt: Callable[[AssociationParameters], None],
    on_finding: Callable[[LayerFinding], None],
) -> list[LayerFinding]:
    """Return what the doctor finds. ``on_attempt``, ``on_finding``: as a Patient has them.

    Raises UsageError, StateInUseError, InvocationCounterNotStored.
    """
    with _prepared(options) as visit:
        return asyncio.run(_diagnose(options, visit, on_attempt, on_finding))


async def _diagnose(
    options: argparse.Namespace,
    visit: _Visit,
    on_attempt: Callable[[AssociationParameters], None],
    on_finding: Callable[[LayerFinding], None],
) -> list[LayerFinding]:
    kept = visit.kept
    state = None if kept is None else SecurityState(kept.ceiling, kept, kept.received)
    if state is not None and options.counter_start is not None:
        state.follow(options.counter_start, confirmed_by_user=True)
    patient = Patient(
        host=options.host,
        port=options.port,
        resolve=lambda: resolve(options.host, options.port, options.timeout),
        connect=_connector(options),
        parameters=visit.parameters,
        state=state,
        ask=_counter_object(options),
        form=visit.form or USUAL_FORM,
        timing=_timing(options),
        observer=visit.observer,
        on_attempt=on_attempt,
        on_finding=on_finding,
    )
    try:
        findings = await diagnose(patient)
    finally:
        is_stored = await _is_stored(state)
    if not is_stored:
        raise InvocationCounterNotStored(_NOT_STORED)
    return findings


def _connector(options: argparse.Namespace) -> Connector:
    if options.transport == TransportProtocol.UDP:
        silent: set[str] = set()
        return with_datagrams(lambda: open_udp(options.host, options.port, options.timeout, silent))
    return with_wrapper(lambda: open_tcp(options.host, options.port, options.timeout))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Visit:
    """What is known before a meter is called. ``form``: how it takes proofs, if that is known."""

    parameters: AssociationParameters
    file: StateFile
    meter: str
    form: ProofForm | None
    kept: StateFileCounterStore | None
    observer: Observer


@contextmanager
def _prepared(options: argparse.Namespace, on_progress: Callable[[str], None] | None = None) -> Iterator[_Visit]:
    """Own the state file, and the counter if one is used. Raises UsageError, StateInUseError."""
    require_possible(options)
    known: ProofForm | None = None
    with _state_file(options) as file:
        parameters = parameters_from_options(options, os.environ, file.system_title)
        meter = f"{options.host}:{options.port} {parameters.pair}"
        with _unless_optional(parameters):
            known = file.form(meter)
        with _observer(options, on_progress) as observer, _kept_counter(parameters, file) as kept:
            yield _Visit(parameters=parameters, file=file, meter=meter, form=known, kept=kept, observer=observer)


@contextmanager
def _observer(options: argparse.Namespace, on_progress: Callable[[str], None] | None) -> Iterator[Observer]:
    """Write what --trace asks for, and tell how far it is. Raises UsageError."""
    shown = [] if on_progress is None else [OctetCount(on_progress)]
    if options.trace is None:
        yield Several(shown)
        return
    with TraceFile(options.trace) as trace:
        yield Several([trace, *shown])


@contextmanager
def _unless_optional(parameters: AssociationParameters) -> Iterator[None]:
    """Let a state file that cannot be used pass where only the way of referencing would be kept in it."""
    try:
        yield
    except UsageError:
        if parameters.is_high_level or parameters.uses_dedicated_key:
            raise


@contextmanager
def _kept_counter(parameters: AssociationParameters, file: StateFile) -> Iterator[StateFileCounterStore | None]:
    """Own the counter, if one is used."""
    security = parameters.security
    key = None if security is None else security.global_unicast_encryption_key
    if security is None or key is None or not parameters.uses_counter:
        yield None
        return
    with file.counter(key, security.client_system_title, _PATIENCE) as kept:
        yield kept


async def _run[T](
    options: argparse.Namespace, visit: _Visit, work: Callable[[Lender], Awaitable[T]]
) -> tuple[T, Association]:
    """Do the work, and keep what was received: a recorded session is a replay also in the next call (rule S36)."""
    parameters = visit.parameters
    transport = TransportProtocol(options.transport)
    client = DlmsClient(options.host, options.port, connect=transport, observer=visit.observer)
    if visit.form is not None:
        client.known_forms[parameters.pair] = KnownForm(visit.form, is_proven=True)
    state: SecurityState | None = None
    try:
        if visit.kept is not None:
            state = await _security_state(options, parameters, client, visit.kept)
        lender = Lender(client, parameters, _timing(options), state)
        result = await work(lender)
    finally:
        await client.close()
        is_stored = await _is_stored(state)
    if not is_stored:
        raise InvocationCounterNotStored(_NOT_STORED)
    assert lender.last is not None  # without an association there is no result
    return result, lender.last


async def _is_stored(state: SecurityState | None) -> bool:
    return state is None or await state.store_received()


def _timing(options: argparse.Namespace) -> Timing:
    return Timing(connect=options.timeout, response=options.timeout, block=options.timeout)


def _counter_object(options: argparse.Namespace) -> LogicalName | None:
    """Return the object that tells the public client our counter, if it is to be asked."""
    named = options.counter_logical_name
    return None if named == NOT_ASKED else named or INVOCATION_COUNTER


async def _associated[T](lender: Lender, work: Callable[[Association], Awaitable[T]]) -> T:
    """Do the work; again where the next association asks otherwise."""
    while True:
        try:
            async with lender.lend() as association:
                return await work(association)
        except TransportError, RemoteProtocolError:
            if lender.last is None or not lender.last.asks_otherwise:
                raise


async def _security_state(
    options: argparse.Namespace, parameters: AssociationParameters, client: DlmsClient, kept: StateFileCounterStore
) -> SecurityState:
    """Return the counter, raised by --counter-start and the meter."""
    state = SecurityState(kept.ceiling, kept, kept.received)
    start, ask = options.counter_start, _counter_object(options)
    await settle(client, parameters, state, start=start, ask=ask, timing=_timing(options))
    return state
