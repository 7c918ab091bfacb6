"""One run against a meter: parameters, counter, association, work, end."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..client.client import DlmsClient
from ..client.invocation_counter import INVOCATION_COUNTER, settle
from ..client.link import Timing
from ..client.proof_forms import KnownForm
from ..client.security_state import SecurityState
from ..errors import InvocationCounterNotStored, RemoteProtocolError, TransportError
from ..protocol.leniencies import Leniency
from ..protocol.proof_form import USUAL_FORM, ProofForm
from ..protocol.proposal import AssociationParameters
from .credentials import parameters_from_options
from .options import NOT_ASKED, UsageError
from .state_file import StateFile, StateFileCounterStore, default_path

if TYPE_CHECKING:
    from ..client.association import Association

_PATIENCE: Final = 30.0
"""Seconds to wait for another process."""


def with_association[T](
    options: argparse.Namespace,
    work: Callable[[Association], Awaitable[T]],
    on_lenient: Callable[[Iterable[Leniency]], None] = lambda leniencies: None,
) -> T:
    """Associate, do the work, release. Raises DlmsError, UsageError, StateInUseError.

    ``on_lenient`` is told what was tolerated of the meter, if anything.
    """
    if options.host is None:
        raise UsageError("--host is needed to read from a meter")
    path = default_path(os.environ) if options.state_file is None else Path(options.state_file)
    with StateFile(path) as file:
        parameters = parameters_from_options(options, os.environ, file.system_title)
        meter = f"{options.host}:{options.port} {parameters.pair}"
        known = file.form(meter) if parameters.is_high_level or parameters.uses_dedicated_key else None
        with _kept_counter(parameters, file) as kept:
            result, association = asyncio.run(_run(options, parameters, kept, known, work))
            form = association.proof_form
            if form != (known or USUAL_FORM) or (known is None and parameters.uses_dedicated_key):
                file.store_form(meter, form)
    if association.leniencies:
        on_lenient(sorted(association.leniencies))
    return result


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
    options: argparse.Namespace,
    parameters: AssociationParameters,
    kept: StateFileCounterStore | None,
    known: ProofForm | None,
    work: Callable[[Association], Awaitable[T]],
) -> tuple[T, Association]:
    """Do the work, and keep what was received: a recorded session is a replay also in the next call (rule S36)."""
    timing = Timing(connect=options.timeout, response=options.timeout, block=options.timeout)
    client = DlmsClient(options.host, options.port)
    if known is not None:
        client.known_forms[parameters.pair] = KnownForm(known, is_proven=True)
    state: SecurityState | None = None
    try:
        state = None if kept is None else await _security_state(options, parameters, client, kept, timing)
        result = await _associated(client, parameters, timing, state, work)
    finally:
        await client.close()
        is_stored = state is None or await state.store_received()
    if not is_stored:
        raise InvocationCounterNotStored("the received invocation counters cannot be stored")
    return result


async def _associated[T](
    client: DlmsClient,
    parameters: AssociationParameters,
    timing: Timing,
    state: SecurityState | None,
    work: Callable[[Association], Awaitable[T]],
) -> tuple[T, Association]:
    """Do the work; again where the next association asks otherwise."""
    while True:
        association: Association | None = None
        try:
            async with client.associate(parameters, timing=timing, security_state=state) as association:
                return await work(association), association
        except TransportError, RemoteProtocolError:
            if association is None or not association.asks_otherwise:
                raise


async def _security_state(
    options: argparse.Namespace,
    parameters: AssociationParameters,
    client: DlmsClient,
    kept: StateFileCounterStore,
    timing: Timing,
) -> SecurityState:
    """Return the counter, raised by --counter-start and the meter."""
    state = SecurityState(kept.ceiling, kept, kept.received)
    named = options.counter_logical_name
    ask = None if named == NOT_ASKED else named or INVOCATION_COUNTER
    await settle(client, parameters, state, start=options.counter_start, ask=ask, timing=timing)
    return state
