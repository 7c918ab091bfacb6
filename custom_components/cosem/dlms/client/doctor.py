"""Finds out why a meter does not answer: a verdict for each layer, from the name to the object list.

At most two associations are tried, once each: the public client's, and the chosen one, which is named beforehand. No
password is sent but for the chosen one, and none to what is no meter.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from ..encoding.logical_name import LogicalName
from ..errors import (
    AssociationRejected,
    ConnectionLost,
    DlmsError,
    InvocationCounterRefused,
    LocalProtocolError,
    NotWrapper,
    ResponseTimeout,
    ServiceError,
)
from ..interface_classes.association_ln import CURRENT_OBJECT_LIST, decode_object_list
from ..interface_classes.sap_assignment import SAP_ASSIGNMENT_LIST, decode_sap_assignment_list
from ..protocol.leniencies import Leniency
from ..protocol.proof_form import USUAL_FORM, ProofForm
from ..protocol.proposal import AssociationParameters, Negotiated
from ..protocol.referencing import Referencing
from ..security.names import MECHANISM_NAMES
from .association import Association
from .channel import Connector
from .client import DlmsClient
from .first_octets import FirstOctets
from .invocation_counter import read_next_counter
from .link import Timing
from .observer import NOBODY, Observer
from .proof_forms import KnownForm, is_about_the_context
from .refused_services import RefusedServices, refused_services
from .security_state import SecurityState
from .verdict import Layer, layer_of, while_associating

PUBLIC: Final = AssociationParameters()
"""Client 16 to server 1, without authentication: what every meter should answer."""

_WRAPPER: Final = "the wrapper"


class LayerVerdict(StrEnum):
    """What came out for a layer."""

    OK = "ok"
    FAILED = "failed"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class LayerFinding:
    """A layer's verdict; ``detail``: what was seen. ``error``: what failed, for advice."""

    layer: Layer
    verdict: LayerVerdict = LayerVerdict.NOT_TRIED
    detail: str = ""
    error: DlmsError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """An address, and what to try there.

    ``resolve``: returns the addresses of the host. ``connect``: opens a connection. ``state``: the counters, where the
    chosen association uses them. ``ask``: the object that tells the public client our counter. ``form``: what is known
    of how the meter takes proofs.
    """

    host: str
    port: int
    resolve: Callable[[], Awaitable[list[str]]]
    connect: Connector
    parameters: AssociationParameters
    state: SecurityState | None = None
    ask: LogicalName | None = None
    form: ProofForm = USUAL_FORM
    timing: Timing = field(default_factory=Timing)
    observer: Observer = NOBODY


async def diagnose(patient: Patient) -> list[LayerFinding]:
    """Return a finding for each layer, in their order. Raises LocalProtocolError, nothing else on purpose."""
    doctor = _Doctor(patient)
    await doctor.examine()
    return [doctor.findings[layer] for layer in Layer]


class _Doctor:
    def __init__(self, patient: Patient) -> None:
        self.findings: Final = {layer: LayerFinding(layer) for layer in Layer}
        self._patient: Final = patient
        self._heard: Final = FirstOctets(patient.connect, patient.observer)
        self._client: Final = DlmsClient(
            patient.host, patient.port, connect=self._heard.connect, observer=patient.observer
        )
        self._is_unlisted = False
        chosen = patient.parameters
        self._public_client: Final = replace(PUBLIC, referencing=chosen.referencing, conformance=chosen.conformance)
        self._form = patient.form

    async def examine(self) -> None:
        try:
            addresses = await self._patient.resolve()
        except DlmsError as error:
            self._fails(Layer.NAME, error)
            return
        self._is_fine(Layer.NAME, ", ".join(addresses))
        try:
            await self._associations()
        finally:
            await self._client.close()

    async def _associations(self) -> None:
        chosen = self._patient.parameters
        if chosen.pair == PUBLIC.pair:
            self._find(Layer.PUBLIC_ASSOCIATION, LayerVerdict.NOT_TRIED, "it has the wPorts of the chosen association")
        elif not await self._public() or self._has_failed(Layer.AUTHENTICATION):
            return
        error = await self._attempt(chosen, self._read_object_list)
        if error is not None:
            await self._blame(error, chosen)
        if chosen.pair == PUBLIC.pair and not chosen.is_high_level and chosen.password is None and error is None:
            self._is_fine(Layer.PUBLIC_ASSOCIATION, "it is the chosen association")

    # -- the public client

    async def _public(self) -> bool:
        """Return whether the chosen association is to be tried."""
        error = await self._attempt(self._public_client, self._read_public)
        if error is None or self.findings[Layer.PUBLIC_ASSOCIATION].verdict is LayerVerdict.OK:
            return True  # what else is read there only helps
        layer = layer_of(while_associating(error, PUBLIC).verdict)
        if layer in {Layer.NAME, Layer.PORT, Layer.FRAMING} or self._heard.protocol is not None:
            await self._blame(error, PUBLIC)
            return False
        if self._heard.is_wrapper:
            self._is_fine(Layer.FRAMING, _WRAPPER)
        self._fails(Layer.PUBLIC_ASSOCIATION, error)  # many meters have no public client
        if self._public_client.referencing is Referencing.AUTOMATIC and is_about_the_context(error, PUBLIC):
            self._form = replace(self._form, short_names=not self._form.short_names)
        elif refused_services(error) is RefusedServices.NAMED:
            self._form = replace(self._form, few_services=True)
        return True

    async def _read_public(self, association: Association) -> None:
        detail = _agreed(association.negotiated)
        self._is_fine(Layer.PUBLIC_ASSOCIATION, detail)
        with suppress(ServiceError):
            found = decode_sap_assignment_list(await association.get(SAP_ASSIGNMENT_LIST))
            listed = sorted({each.sap for each in found})
            self._is_unlisted = self._patient.parameters.server_wport not in listed
            at = ", ".join(map(str, listed))
            self._is_fine(Layer.PUBLIC_ASSOCIATION, f"{detail}; logical devices at the wPorts {at}")
        chosen, state, ask = self._patient.parameters, self._patient.state, self._patient.ask
        if state is None or ask is None or chosen.server_wport != PUBLIC.server_wport:
            return
        with suppress(ServiceError):
            expected = await read_next_counter(association, ask)
            if expected is not None and expected > state.next_value and not state.follow(expected):
                self._fails(Layer.AUTHENTICATION, InvocationCounterRefused(expected))

    # -- any association

    async def _attempt(
        self, parameters: AssociationParameters, read: Callable[[Association], Awaitable[None]]
    ) -> DlmsError | None:
        """Associate once, and read; return what ended it."""
        usual = replace(USUAL_FORM, short_names=self._form.short_names, few_services=self._form.few_services)
        form = self._form if parameters is self._patient.parameters else usual
        self._client.known_forms[parameters.pair] = KnownForm(form, tries_once=True)
        state = self._patient.state if parameters.uses_counter else None
        try:
            async with self._client.associate(
                parameters,
                timing=self._patient.timing,
                security_state=state,
                on_connected=self._port_is_fine,
            ) as association:
                self._is_fine(Layer.FRAMING, _WRAPPER)
                await read(association)
        except LocalProtocolError:
            raise
        except DlmsError as error:
            return error
        return None

    async def _read_object_list(self, association: Association) -> None:
        self._is_fine(Layer.ASSOCIATION, _agreed(association.negotiated))
        mechanism = MECHANISM_NAMES[association.parameters.mechanism]
        self._is_fine(Layer.AUTHENTICATION, "none is asked for" if mechanism == "none" else f"{mechanism} is accepted")
        try:
            data = await association.get(CURRENT_OBJECT_LIST)
            objects = decode_object_list(data, on_odd=lambda: association.tolerated(Leniency.ODD_OBJECT_LIST_ENTRY))
        except LocalProtocolError:
            raise
        except DlmsError as error:
            self._fails(Layer.OBJECT_LIST, error)
            return
        self._is_fine(Layer.OBJECT_LIST, f"{len(objects)} objects")

    # -- verdicts

    async def _blame(self, error: DlmsError, parameters: AssociationParameters) -> None:
        """Find the layer of what ended an association before it was open."""
        layer = layer_of(while_associating(error, parameters).verdict)
        is_silent = isinstance(error, (ConnectionLost, ResponseTimeout)) and not self._heard.is_wrapper
        if layer not in {Layer.NAME, Layer.PORT}:
            self._port_is_fine()
        if layer is Layer.FRAMING or is_silent:
            protocol = await self._heard.ask(self._patient.timing.response)
            if protocol is not None:
                error = NotWrapper(self._heard.octets)
            self._fails(Layer.FRAMING, error, str(error) if protocol is None else f"this is {protocol}: {error}")
            return
        told = str(error)
        if layer is Layer.AUTHENTICATION:
            self._is_fine(Layer.ASSOCIATION, f"the meter knows the wPorts {parameters.pair}")
        elif layer is Layer.ASSOCIATION and self._is_unlisted:
            told += f"; the meter lists no logical device at the wPort {parameters.server_wport}"
        if self._heard.is_wrapper:
            self._is_fine(Layer.FRAMING, _WRAPPER)
        self._fails(layer, error, told)

    def _has_failed(self, layer: Layer) -> bool:
        return self.findings[layer].verdict is LayerVerdict.FAILED

    def _port_is_fine(self) -> None:
        self._is_fine(Layer.PORT, f"{self._patient.port} is open")

    def _is_fine(self, layer: Layer, detail: str) -> None:
        self._find(layer, LayerVerdict.OK, detail)

    def _fails(self, layer: Layer, error: DlmsError, detail: str = "") -> None:
        told = detail or str(error)
        if isinstance(error, AssociationRejected) and error.offered:
            told += f"; the meter offers {error.offered}"
        self._find(layer, LayerVerdict.FAILED, told, error)

    def _find(self, layer: Layer, verdict: LayerVerdict, detail: str, error: DlmsError | None = None) -> None:
        self.findings[layer] = LayerFinding(layer, verdict, detail, error)


def _agreed(negotiated: Negotiated) -> str:
    size = negotiated.server_max_receive_pdu_size
    services = " ".join(negotiated.conformance.standard_names)
    return f"accepted, PDU size {size or 'without limit'}, {services}"
