"""Finds the layer in which a meter cannot be reached: the stack's doctor, with Home Assistant's queues and counters.

No secret is used unless ``parameters`` have one, and none twice. What is silent gets no noise in other protocols:
anything may be at an address that was mistyped.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Final

from homeassistant.core import HomeAssistant

from ..dlms import (
    INVOCATION_COUNTER,
    AssociationParameters,
    DlmsClient,
    DlmsError,
    Layer,
    LayerFinding,
    LayerVerdict,
    LogicalName,
    Patient,
    Referencing,
    SecurityState,
    Timing,
    TransportProtocol,
    WportPair,
    diagnose,
)
from .clients import async_addresses, async_open_client, connector_to, trace_by
from .counter_store import async_security_state
from .error_mapping import failure_of
from .total_deadline import total_time

_PATIENCE: Final = 30.0
"""Seconds to wait for what entries of Home Assistant do with the device."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """What to look at.

    ``parameters``: the chosen association, or ``without_login`` of it. ``read_by``: the client that reads this meter
    through another address; it waits meanwhile. ``counter_start``: by the user's word. ``on_layer``: told of the share
    of layers that is known.
    """

    host: str
    port: int
    transport: TransportProtocol
    parameters: AssociationParameters
    timing: Timing = field(default_factory=Timing)
    read_by: DlmsClient | None = None
    counter_logical_name: LogicalName = INVOCATION_COUNTER
    counter_start: int | None = None
    on_layer: Callable[[float], None] = field(default=lambda share: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What was found. ``seconds``: the deadline that passed before all was known."""

    findings: tuple[LayerFinding, ...]
    seconds: float = 0

    def __getitem__(self, layer: Layer) -> LayerFinding:
        return next(finding for finding in self.findings if finding.layer is layer)


def nothing_known() -> SearchResult:
    """Return a result without any finding."""
    return SearchResult(findings=tuple(map(LayerFinding, Layer)))


def without_login(pair: WportPair, referencing: Referencing) -> AssociationParameters:
    """Return what asks without any secret."""
    client, server = pair
    return AssociationParameters(client_wport=client, server_wport=server, referencing=referencing)


async def async_search(hass: HomeAssistant, request: SearchRequest) -> SearchResult:
    """Look at each layer, until one total deadline. Raises LocalProtocolError, nothing else on purpose."""
    known = {finding.layer: finding for finding in nothing_known().findings}

    def note(finding: LayerFinding) -> None:
        known[finding.layer] = finding
        told = sum(each.verdict is not LayerVerdict.NOT_TRIED for each in known.values())
        request.on_layer(told / len(Layer))

    seconds = total_time(request.timing.response)
    deadline = asyncio.timeout(seconds)

    async def search() -> None:
        for finding in await _async_search(hass, request, note):
            known[finding.layer] = finding

    try:
        async with deadline:
            if (in_use := await failure_of(search())) is not None:  # diagnose raises none
                known[Layer.PORT] = _failed(Layer.PORT, in_use)
    except TimeoutError:
        if not deadline.expired():
            raise
        return SearchResult(findings=tuple(known.values()), seconds=seconds)
    return SearchResult(findings=tuple(known.values()))


def _failed(layer: Layer, error: DlmsError) -> LayerFinding:
    return LayerFinding(layer, LayerVerdict.FAILED, str(error), error)


async def _async_search(
    hass: HomeAssistant, request: SearchRequest, on_finding: Callable[[LayerFinding], None]
) -> list[LayerFinding]:
    async with AsyncExitStack() as held:
        client = await held.enter_async_context(async_open_client(hass, request.host, request.port, request.transport))
        for used in (client, request.read_by):
            if used is not None:  # many meters serve one client at a time
                await held.enter_async_context(used.reserve(timing=replace(request.timing, transfer=_PATIENCE)))
        await asyncio.sleep(request.timing.reconnect_gap)  # it may just have been left
        return await _async_diagnose(hass, client, request, on_finding)


async def _async_diagnose(
    hass: HomeAssistant, client: DlmsClient, request: SearchRequest, on_finding: Callable[[LayerFinding], None]
) -> list[LayerFinding]:
    parameters, refused = request.parameters, None
    state: SecurityState | None = None

    async def load_counters() -> None:
        nonlocal state
        state = await async_security_state(hass, parameters)

    if (not_stored := await failure_of(load_counters())) is not None:
        parameters = without_login(parameters.pair, parameters.referencing)
        refused = _failed(Layer.AUTHENTICATION, not_stored)
    if state is not None and request.counter_start is not None:
        state.follow(request.counter_start, confirmed_by_user=True)
    findings = await diagnose(
        Patient(
            host=request.host,
            port=request.port,
            resolve=lambda: async_addresses(request.host, request.port),
            connect=connector_to(request.host, request.port, request.transport),
            parameters=parameters,
            state=state,
            ask=request.counter_logical_name if state is not None else None,
            timing=request.timing,
            asks_otherwise=False,
            observer=trace_by(hass, client),
            on_finding=on_finding,
        )
    )
    return findings if refused is None else [refused if each.layer is refused.layer else each for each in findings]
