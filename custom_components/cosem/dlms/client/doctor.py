"""Finds out why a meter does not answer: a verdict for each layer, from the name to the object list.

Two associations are tried, once each: the public client's, and the chosen one. A third reads the invocation counter,
where that is kept at another logical device than the public client's usual one. Each is named beforehand. No password
is sent but for the chosen one, and none to what has shown that it is no meter.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from ..apdu.acse import AARE, Mechanism
from ..apdu.initiate import VAA_NAME_SN
from ..encoding.logical_name import LogicalName
from ..errors import (
    ConnectionLost,
    DlmsError,
    InvocationCounterRefused,
    LocalProtocolError,
    NotWrapper,
    RemoteProtocolError,
    ResponseTimeout,
    SecurityError,
    ServiceError,
    UnexpectedApdu,
)
from ..interface_classes.association_ln import CURRENT_OBJECT_LIST, decode_object_list
from ..interface_classes.sap_assignment import SAP_ASSIGNMENT_LIST, decode_sap_assignment_list
from ..protocol.leniencies import Leniency
from ..protocol.proof_form import USUAL_FORM, ProofForm
from ..protocol.proposal import AssociationParameters, Negotiated
from ..protocol.referencing import Referencing
from ..security.names import MECHANISM_NAMES
from ..security.receiving import ENVELOPE_TAGS, NOTIFICATION_TAGS
from .association import Association
from .channel import Connector
from .client import DlmsClient
from .first_octets import FirstOctets
from .foreign_protocol import ForeignProtocol
from .invocation_counter import read_next_counter
from .layer_findings import LayerFinding, LayerFindings, LayerVerdict
from .link import SYSTEM_CLOCK, Timing
from .observer import NOBODY, Observer
from .proof_forms import KnownForm, is_about_the_context
from .refused_services import RefusedServices, refused_services
from .security_state import SecurityState
from .verdict import Layer, layer_of, while_associating

PUBLIC: Final = AssociationParameters()
"""Client 16 to server 1, without authentication: what every meter should answer."""

_WRAPPER: Final = "the wrapper"

_NO_OTHER_ANSWER: Final = frozenset({AARE, *NOTIFICATION_TAGS, *ENVELOPE_TAGS})
"""First octets that tell nothing of who says no more: what comes unasked, or may answer a proposal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """An address, and what to try there.

    ``resolve``: returns the addresses of the host. ``connect``: opens a connection. ``state``: the counters, where the
    chosen association uses them. ``ask``: the object that tells the public client our counter. ``form``: what is known
    of how the meter takes proofs. ``asks_otherwise``: whether what is silent may be asked in other protocols, which
    opens a data link over HDLC and closes it again. ``on_attempt``: told of each association before it is tried.
    ``on_finding``: told of each layer when it is known, in their order; again where a later attempt shows otherwise.
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
    asks_otherwise: bool = True
    observer: Observer = NOBODY
    on_attempt: Callable[[AssociationParameters], None] = field(default=lambda parameters: None)
    on_finding: Callable[[LayerFinding], None] = field(default=lambda finding: None)


async def diagnose(patient: Patient) -> list[LayerFinding]:
    """Return a finding for each layer, in their order. Raises LocalProtocolError, nothing else on purpose."""
    doctor = _Doctor(patient)
    await doctor.examine()
    return doctor.findings.in_order


class _Doctor:
    def __init__(self, patient: Patient) -> None:
        self.findings: Final = LayerFindings(patient.on_finding)
        self._patient: Final = patient
        self._heard: Final = FirstOctets(patient.connect, patient.observer)
        self._client: Final = DlmsClient(
            patient.host, patient.port, connect=self._heard.connect, observer=patient.observer
        )
        self._listed: tuple[int, ...] = ()
        """The wPorts of the meter's logical devices."""
        chosen = patient.parameters
        self._public_client: Final = replace(PUBLIC, referencing=chosen.referencing, conformance=chosen.conformance)
        self._form = patient.form

    async def examine(self) -> None:
        try:
            addresses = await self._patient.resolve()
        except DlmsError as error:
            self.findings.fails(Layer.NAME, error)
        else:
            self.findings.is_fine(Layer.NAME, ", ".join(addresses))
            self.findings.tell(Layer.NAME)
            try:
                await self._associations()
            finally:
                await self._client.close()
        self.findings.tell(Layer.OBJECT_LIST)

    async def _associations(self) -> None:
        chosen = self._patient.parameters
        if chosen.pair != PUBLIC.pair:
            if not await self._public():
                return
            if self._heard.is_wrapper:
                self.findings.tell(Layer.PUBLIC_ASSOCIATION)  # else what the layers below it are may still be found
        await self._ask_for_counter()
        if self.findings.has_failed(Layer.AUTHENTICATION):
            return
        error = await self._attempt(chosen, self._read_object_list)
        if error is not None:
            await self._blame(error, chosen)

    # -- the public client

    async def _public(self) -> bool:
        """Return whether the chosen association is to be tried."""
        error = await self._attempt(self._public_client, self._read_public)
        if error is None or self.findings[Layer.PUBLIC_ASSOCIATION].verdict is LayerVerdict.OK:
            return True  # what else is read there only helps
        layer = layer_of(while_associating(error, PUBLIC).verdict)
        if self._is_silence(error) and self._patient.parameters.password is not None:
            await self._ask_otherwise()  # before it is sent there
        if layer in {Layer.NAME, Layer.PORT, Layer.FRAMING} or self._heard.protocol is not None:
            await self._blame(error, PUBLIC)
            return False
        if self._heard.is_wrapper:
            self.findings.is_fine(Layer.FRAMING, _WRAPPER)
        # Many meters have no public client.
        self.findings.fails(Layer.PUBLIC_ASSOCIATION, self._with_other_answer(error))
        if self._public_client.referencing is Referencing.AUTOMATIC and is_about_the_context(error, PUBLIC):
            self._form = replace(self._form, short_names=not self._form.short_names)
        elif refused_services(error) is RefusedServices.NAMED:
            self._form = replace(self._form, few_services=True)
        return True

    async def _read_public(self, association: Association) -> None:
        detail = _agreed(association.negotiated)
        self.findings.is_fine(Layer.PUBLIC_ASSOCIATION, detail)
        if self._patient.parameters.server_wport == PUBLIC.server_wport:
            await self._read_counter(association)  # first: some meters hang up behind an answer
        with suppress(ServiceError):
            found = decode_sap_assignment_list(await association.get(SAP_ASSIGNMENT_LIST))
            self._listed = tuple(sorted({each.sap for each in found}))
            at = ", ".join(map(str, self._listed))
            told = f"{detail}; logical devices at the wPorts {at}"
            self.findings.is_fine(Layer.PUBLIC_ASSOCIATION, told, devices=found)

    async def _ask_for_counter(self) -> None:
        """Let the public client read the counter of another logical device, which keeps its own."""
        chosen = self._patient.parameters
        if self._counter_object is None or PUBLIC.server_wport == chosen.server_wport:
            return
        at_chosen = replace(self._public_client, server_wport=chosen.server_wport)
        if at_chosen.pair != chosen.pair:
            await self._attempt(at_chosen, self._read_counter)  # who refuses that says nothing of a layer

    @property
    def _counter_object(self) -> LogicalName | None:
        """What tells the counter of the chosen association, where it uses one."""
        return None if self._patient.state is None else self._patient.ask

    async def _read_counter(self, association: Association) -> None:
        ask, state = self._counter_object, self._patient.state
        if ask is None or state is None:
            return
        with suppress(ServiceError):
            expected = await read_next_counter(association, ask)
            if expected is not None and expected > state.next_value and not state.follow(expected):
                self.findings.fails(Layer.AUTHENTICATION, InvocationCounterRefused(expected))

    # -- any association

    async def _attempt(
        self, parameters: AssociationParameters, read: Callable[[Association], Awaitable[None]]
    ) -> DlmsError | None:
        """Associate once, and read; return what ended it."""
        usual = replace(USUAL_FORM, short_names=self._form.short_names, few_services=self._form.few_services)
        form = self._form if parameters is self._patient.parameters else usual
        self._client.known_forms[parameters.pair] = KnownForm(form, tries_once=True)
        state = self._patient.state if parameters.uses_counter else None
        self._patient.on_attempt(parameters)
        try:
            async with self._client.associate(
                parameters,
                timing=self._patient.timing,
                security_state=state,
                on_connected=self._port_is_fine,
            ) as association:
                self.findings.is_fine(Layer.FRAMING, _WRAPPER)
                self._port_is_fine()
                await read(association)
        except LocalProtocolError:
            raise
        except DlmsError as error:
            return error
        return None

    async def _read_object_list(self, association: Association) -> None:
        self._is_chosen(self._patient.parameters, is_open=True)
        self.findings.is_fine(Layer.ASSOCIATION, _agreed(association.negotiated))
        mechanism = MECHANISM_NAMES[association.parameters.mechanism]
        self.findings.is_fine(
            Layer.AUTHENTICATION, "none is asked for" if mechanism == "none" else f"{mechanism} is accepted"
        )
        self.findings.tell(Layer.AUTHENTICATION)
        try:
            data = await association.get(CURRENT_OBJECT_LIST)
            objects = decode_object_list(data, on_odd=lambda: association.tolerated(Leniency.ODD_OBJECT_LIST_ENTRY))
        except LocalProtocolError:
            raise
        except DlmsError as error:
            self.findings.fails(Layer.OBJECT_LIST, error)
            return
        self.findings.is_fine(Layer.OBJECT_LIST, f"{len(objects)} objects", objects=len(objects))

    # -- verdicts

    async def _blame(self, error: DlmsError, parameters: AssociationParameters) -> None:
        """Find the layer of what ended an association before it was open."""
        layer = layer_of(while_associating(error, parameters).verdict)
        was_open = self._heard.is_stream or bool(self._heard.octets)
        if layer is Layer.PORT and was_open and self.findings[Layer.PORT].verdict is LayerVerdict.OK:
            layer = Layer.ASSOCIATION  # the meter takes no further connection so soon
        if layer not in {Layer.NAME, Layer.PORT}:
            self._port_is_fine()
            self._is_chosen(parameters, is_open=False)
        if layer is Layer.FRAMING or self._is_silence(error):
            await self._blame_framing(error)
            layer = Layer.ASSOCIATION
            if parameters is not self._patient.parameters:
                return
        elif self._heard.is_wrapper:
            self.findings.is_fine(Layer.FRAMING, _WRAPPER)
        if layer is Layer.AUTHENTICATION:
            self.findings.is_fine(Layer.ASSOCIATION, f"the meter knows the wPorts {parameters.pair}")
        elif layer is Layer.ASSOCIATION:
            self._blame_association(error, parameters)
            return
        self.findings.fails(layer, error, is_mended=await self._has_followed(error))

    async def _blame_framing(self, error: DlmsError) -> None:
        protocol = await self._ask_otherwise()
        told, is_cut = str(error), False
        if protocol is not None:
            error = NotWrapper(self._heard.octets)
            told = f"this is {protocol}: {error}"
        elif not self._heard.octets:
            told = f"nothing came back: {error}"
        elif not self._heard.is_wrapper:
            told, is_cut = f"{told}; only {self._heard.octets.hex().upper()} came", True
        self.findings.fails_in_framing(error, told, speaks=protocol, is_cut=is_cut)

    def _blame_association(self, error: DlmsError, parameters: AssociationParameters) -> None:
        listed = self._listed
        error = self._with_other_answer(error)
        told = str(error)
        was_sent = isinstance(error, (ConnectionLost, ResponseTimeout, RemoteProtocolError))
        if parameters.password is not None and was_sent:
            told += "; the password was sent"
        if is_unlisted := bool(listed) and parameters.server_wport not in listed:
            told += f"; the meter lists no logical device at the wPort {parameters.server_wport}"
        self.findings.fails(Layer.ASSOCIATION, error, told, listed=listed if is_unlisted else ())

    def _with_other_answer(self, error: DlmsError) -> DlmsError:
        """Return what came instead of an AARE, if anything did; else the error."""
        tag = self._heard.tag
        if isinstance(error, ResponseTimeout) and tag is not None and tag not in _NO_OTHER_ANSWER:
            return UnexpectedApdu(tag, f"instead of the {error.waiting_for}")
        return error

    def _is_chosen(self, parameters: AssociationParameters, *, is_open: bool) -> None:
        """Say why the public client has no attempt of its own, where that is so."""
        if parameters.pair != PUBLIC.pair or parameters is not self._patient.parameters:
            return
        if is_open and parameters.mechanism is Mechanism.NONE:
            self.findings.is_fine(Layer.PUBLIC_ASSOCIATION, "it is the chosen association")
        else:
            self.findings.is_left_out(Layer.PUBLIC_ASSOCIATION, "its wPorts are those of the association below")

    async def _ask_otherwise(self) -> ForeignProtocol | None:
        """Return what answers in another protocol; what may be a small meter gets time to free its place."""
        if self._patient.asks_otherwise and not self._heard.has_asked:
            await SYSTEM_CLOCK.sleep(self._patient.timing.reconnect_gap)
            await self._heard.ask(self._patient.timing.response)
            await SYSTEM_CLOCK.sleep(self._patient.timing.reconnect_gap)
        return self._heard.protocol

    def _is_silence(self, error: DlmsError) -> bool:
        """Whether an attempt ended without anything that tells what is behind the port."""
        return isinstance(error, (ConnectionLost, ResponseTimeout)) and not self._heard.is_wrapper

    async def _has_followed(self, error: DlmsError) -> bool:
        """Return whether the counter that a refusal asks for is the next one, and stays so."""
        state, expected = self._patient.state, None
        if isinstance(error, InvocationCounterRefused):
            expected = error.expected
        if state is None or expected != state.next_value:
            return False
        with suppress(SecurityError):
            await state.reserve()
            return True
        return False

    def _port_is_fine(self) -> None:
        port = self._patient.port
        if self._heard.is_stream:
            self.findings.is_fine(Layer.PORT, f"{port} is open")
        elif self._heard.octets:
            self.findings.is_fine(Layer.PORT, f"{port} answers")
        else:
            self.findings.is_fine(Layer.PORT, f"datagrams go to {port}; only an answer tells whether it is open")


def _agreed(negotiated: Negotiated) -> str:
    size = negotiated.server_max_receive_pdu_size
    services = " ".join(negotiated.conformance.standard_names)
    by = ", by short names" if negotiated.vaa_name == VAA_NAME_SN else ""
    return f"accepted{by}, PDU size {size or 'without limit'}, {services}"
