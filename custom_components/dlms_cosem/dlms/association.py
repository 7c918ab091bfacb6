"""Opening and releasing an association: what we propose, which AARE we accept, what a refusal means. Pure functions.

Knows nothing of the octets around an APDU, of states and of requests. IEC 62056-5-3, COSEM-OPEN and COSEM-RELEASE.

Which AARE is accepted (rule S18): result accepted, diagnostic 0, the application context that was proposed, the
mechanism that was proposed, DLMS version 6, a conformance block within the proposed one, vaa-name 0007, a server
PDU size of 0 (no limit) or at least 12. Leniencies, each with a test of its name:

* ``missing mechanism name``: an accepting AARE need not repeat it.
* ``protocol version present``: it may be there, and it is not looked at.
* ``diagnostic 0``: an accepting AARE with HLS may say 0 instead of 14 (used when those mechanisms are).
* ``reserved conformance bits``: bits 0 and 7 have no meaning and are cleared. A *service* that was not proposed is
  refused: general protection or general block transfer would change the form of answers, short name services would
  mean another way of referencing, and a meter that grants the rest unasked did not read the proposal.
* ``rejection without user-information``: result and diagnostic suffice.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, override

from .apdu import decode_apdu, encode_apdu
from .apdu.acse import (
    AUTHENTICATION_REQUIREMENT,
    Aare,
    Aarq,
    ApplicationContext,
    AssociationResult,
    AuthenticationForm,
    AuthenticationValue,
    Mechanism,
    Rlrq,
    application_context_name,
    mechanism_name,
)
from .apdu.faults import CONFIRMED_SERVICE_ERROR, ConfirmedServiceError
from .apdu.initiate import (
    DEFAULT_PROPOSED_CONFORMANCE,
    DLMS_VERSION,
    VAA_NAME_LN,
    Conformance,
    InitiateRequest,
    InitiateResponse,
)
from .errors import (
    AssociationRejected,
    ConfirmedServiceErrorReceived,
    DlmsError,
    LocalProtocolError,
    RemoteProtocolError,
)
from .limits import DEFAULT_LIMITS, Limits
from .security.keys import Secret

MAX_WPORT: Final = 0xFFFF
MAX_PDU_SIZE: Final = 0xFFFF
SMALLEST_PDU_SIZE: Final = 12
"""1 to 11 are not allowed for a max-receive-pdu-size; 0 means no limit."""

DEFAULT_MAX_RECEIVE_PDU_SIZE: Final = 2048
"""A few meters refuse 65 535; 1 024 to 2 048 is safe."""

_RESERVED_CONFORMANCE: Final = Conformance(0x81_0000)
_AUTHENTICATION_REQUIRED: Final = 14
_REJECTED_WITHOUT_REASON: Final = 1
_RELEASE_NORMAL: Final = 0


class WportPair(NamedTuple):
    """What tells the associations of one connection apart, as the client sees it."""

    client_wport: int
    server_wport: int

    @override
    def __str__(self) -> str:
        """Return ``client -> server``."""
        return f"{self.client_wport} -> {self.server_wport}"


class Protection(Protocol):
    """What stands between the plain APDUs of an association and the octets in a WPDU (ciphering)."""

    def protect(self, apdu: bytes) -> bytes:
        """Return the octets to send. Raises SecurityError."""

    def unprotect(self, apdu: bytes) -> bytes:
        """Return the plain APDU, verified. Raises SecurityError or DecodeError."""


class NoProtection:
    """Plain APDUs in both directions: application contexts 1 and 2."""

    def protect(self, apdu: bytes) -> bytes:
        """Return the APDU as it is."""
        return apdu

    def unprotect(self, apdu: bytes) -> bytes:
        """Return the APDU as it is."""
        return apdu


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssociationParameters:
    """What is proposed to a logical device. Raises LocalProtocolError for what can not be proposed.

    Compared by identity, because secrets are not compared.

    ``max_receive_pdu_size``: octets of the longest APDU we want to receive, 12 to 65535, or 0 for no limit.
    ``password``: needed by the mechanism LLS, and by no other so far.
    """

    client_wport: int = 16
    server_wport: int = 1
    mechanism: Mechanism = Mechanism.NONE
    password: Secret | None = None
    conformance: Conformance = DEFAULT_PROPOSED_CONFORMANCE
    max_receive_pdu_size: int = DEFAULT_MAX_RECEIVE_PDU_SIZE

    def __post_init__(self) -> None:
        """Refuse what would be a protocol error of ours."""
        for wport in (self.client_wport, self.server_wport):
            if not 0 <= wport <= MAX_WPORT:
                raise LocalProtocolError(f"a wPort is 0 to {MAX_WPORT}, not {wport}")
        if self.max_receive_pdu_size and not SMALLEST_PDU_SIZE <= self.max_receive_pdu_size <= MAX_PDU_SIZE:
            raise LocalProtocolError(
                f"a PDU size is 0 or {SMALLEST_PDU_SIZE} to {MAX_PDU_SIZE}, not {self.max_receive_pdu_size}"
            )
        if self.mechanism not in {Mechanism.NONE, Mechanism.LLS}:
            raise LocalProtocolError(f"the mechanism {self.mechanism.name} is not supported yet")
        if (self.mechanism is Mechanism.LLS) != (self.password is not None):
            raise LocalProtocolError("a password goes with the mechanism LLS, and only with it")

    @property
    def pair(self) -> WportPair:
        """The key of this association within a connection."""
        return WportPair(self.client_wport, self.server_wport)


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """What client and server agreed on. ``server_max_receive_pdu_size`` in octets, 0 means no limit."""

    conformance: Conformance
    server_max_receive_pdu_size: int
    dlms_version: int
    vaa_name: int
    diagnostic: int

    @property
    def request_limit(self) -> int:
        """Octets that a request APDU may have, after protection."""
        return self.server_max_receive_pdu_size or MAX_PDU_SIZE


def encode_proposal(parameters: AssociationParameters) -> bytes:
    """Return the AARQ. It holds the password in clear when the mechanism is LLS: never log it (rule S29)."""
    initiate = InitiateRequest(
        conformance=parameters.conformance, client_max_receive_pdu_size=parameters.max_receive_pdu_size
    )
    context = application_context_name(ApplicationContext.LN)
    if parameters.password is None:
        return encode_apdu(Aarq(application_context_name=context, user_information=encode_apdu(initiate)))
    return encode_apdu(
        Aarq(
            application_context_name=context,
            sender_acse_requirements=AUTHENTICATION_REQUIREMENT,
            mechanism_name=mechanism_name(parameters.mechanism),
            calling_authentication_value=AuthenticationValue(
                AuthenticationForm.CHARSTRING, parameters.password.reveal()
            ),
            user_information=encode_apdu(initiate),
        )
    )


def encode_release() -> bytes:
    """Return the RLRQ: reason normal, no user-information."""
    return encode_apdu(Rlrq(reason=_RELEASE_NORMAL))


def check_acceptance(
    octets: bytes, parameters: AssociationParameters, limits: Limits = DEFAULT_LIMITS
) -> Negotiated | AssociationRejected:
    """Return what an AARE agrees on, or why it refuses.

    Raises RemoteProtocolError (DecodeError for the octets) when it accepts something that was not proposed.
    """
    aare = decode_apdu(octets, limits)
    assert isinstance(aare, Aare)  # whoever calls this has seen the tag
    initiate_error = _initiate_error(aare.user_information)
    if (
        aare.result != AssociationResult.ACCEPTED
        or initiate_error is not None
        or aare.diagnostic == _AUTHENTICATION_REQUIRED
    ):
        # Accepted, but to be proved by a mechanism we did not propose, is a refusal of the one we did.
        return AssociationRejected(aare.result, aare.result_source, aare.diagnostic, initiate_error)
    _check_names(aare, parameters)
    inner = decode_apdu(aare.user_information, limits) if aare.user_information else None
    if not isinstance(inner, InitiateResponse):
        raise RemoteProtocolError("the AARE accepts the association without an InitiateResponse")
    return _check_initiate(inner, parameters, aare.diagnostic)


def _initiate_error(user_information: bytes | None) -> int | None:
    """Return the code of an initiateError. What else a rejecting AARE carries has nothing to say."""
    if not user_information or user_information[0] != CONFIRMED_SERVICE_ERROR:
        return None
    try:
        inner = decode_apdu(user_information)
    except RemoteProtocolError:
        return None
    return inner.error if isinstance(inner, ConfirmedServiceError) else None


def _check_names(aare: Aare, parameters: AssociationParameters) -> None:
    if aare.diagnostic:
        raise RemoteProtocolError(f"the AARE accepts the association with the diagnostic {aare.diagnostic}")
    if aare.application_context_name != application_context_name(ApplicationContext.LN):
        raise RemoteProtocolError("the AARE accepts another application context than the proposed one")
    if aare.mechanism_name is not None and aare.mechanism_name != mechanism_name(parameters.mechanism):
        raise RemoteProtocolError("the AARE accepts another authentication mechanism than the proposed one")


def _check_initiate(response: InitiateResponse, parameters: AssociationParameters, diagnostic: int) -> Negotiated:
    if response.dlms_version != DLMS_VERSION:
        raise RemoteProtocolError(f"the meter negotiates DLMS version {response.dlms_version}, not {DLMS_VERSION}")
    if response.vaa_name != VAA_NAME_LN:
        raise RemoteProtocolError(f"the vaa-name {response.vaa_name:04X} is not that of logical name referencing")
    conformance = response.conformance & ~_RESERVED_CONFORMANCE
    if surplus := conformance & ~parameters.conformance:
        raise RemoteProtocolError(f"the meter grants services that were not proposed: {surplus.value:06X}")
    size = response.server_max_receive_pdu_size
    if 0 < size < SMALLEST_PDU_SIZE:
        raise RemoteProtocolError(f"the meter's max-receive-pdu-size of {size} is not allowed")
    return Negotiated(
        conformance=conformance,
        server_max_receive_pdu_size=size,
        dlms_version=response.dlms_version,
        vaa_name=response.vaa_name,
        diagnostic=diagnostic,
    )


def refusal_of(error: DlmsError) -> DlmsError:
    """Return what an error instead of an AARE means.

    A bare confirmed-service-error is what belongs into a rejecting AARE; an exception-response stays one.
    """
    if isinstance(error, ConfirmedServiceErrorReceived):
        return AssociationRejected(
            AssociationResult.REJECTED_PERMANENT, _REJECTED_WITHOUT_REASON, _REJECTED_WITHOUT_REASON, error.error
        )
    return error
