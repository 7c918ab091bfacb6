"""What we propose in an AARQ, which AARE we accept, what a refusal means (IEC 62056-5-3, COSEM-OPEN and -RELEASE).

Accepted (rule S18): result accepted, diagnostic 0 (14 with a high-level mechanism), the proposed application context,
mechanism, DLMS version 6, its vaa-name (0007 or FA00), server PDU size 0 (no limit) or at least 12. What is
tolerated beyond that has its name in leniencies.py. A rejection needs no user-information.
"""

from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol, override

from ..addresses import MANAGEMENT_WPORT, MAX_WPORT, PUBLIC_CLIENT_WPORT
from ..apdu import Apdu, decode_apdu, encode_apdu
from ..apdu.acse import (
    AUTHENTICATION_REQUIREMENT,
    Aare,
    Aarq,
    ApplicationContext,
    AuthenticationForm,
    AuthenticationValue,
    Mechanism,
    ReleaseRequestReason,
    Rlrq,
    application_context_from_name,
    application_context_name,
    mechanism_name,
)
from ..apdu.faults import CONFIRMED_SERVICE_ERROR, ConfirmedServiceError
from ..apdu.initiate import (
    CLASSIC_SERVICES,
    DEFAULT_PROPOSED_CONFORMANCE,
    DLMS_VERSION,
    INITIATE_RESPONSE,
    Conformance,
    InitiateRequest,
    InitiateResponse,
)
from ..encoding.logical_name import LogicalName
from ..errors import (
    AssociationRejected,
    AssociationResult,
    ConfirmedServiceErrorReceived,
    DecodeError,
    DiagnosticSource,
    DlmsError,
    LocalProtocolError,
    OtherTermAccepted,
    ProposedTerm,
    RemoteProtocolError,
    UserDiagnostic,
)
from ..limits import DEFAULT_LIMITS, Limits
from ..security.keys import Secret
from ..security.receiving import Unprotected
from ..security.settings import Envelope, SecuritySettings
from ..security.typed import MAX_MANUFACTURER_SECRET
from .association_kind import AssociationKind
from .leniencies import Leniency
from .referencing import Referencing

MAX_PDU_SIZE: Final = 0xFFFF
SHORTEST_REQUEST: Final = 13
"""Octets of a get-request for one attribute."""

SMALLEST_PDU_SIZE: Final = 12
"""1 to 11 are not allowed; 0 means no limit."""

DEFAULT_MAX_RECEIVE_PDU_SIZE: Final = 2048
"""A few meters refuse 65 535; 1 024 to 2 048 is safe."""

TITLE_MECHANISMS: Final = frozenset({Mechanism.HLS_GMAC, Mechanism.HLS_SHA256, Mechanism.HLS_ECDSA})
"""Mechanisms that compute with both system titles."""

SECRET_MECHANISMS: Final = frozenset({Mechanism.HLS, Mechanism.HLS_MD5, Mechanism.HLS_SHA1, Mechanism.HLS_SHA256})
"""Mechanisms with a secret that is not a key."""

_TAGGED_NAME: Final = b"\x06\x07"
"""Tag and length of an object identifier of 7 octets."""

_RESERVED_CONFORMANCE: Final = Conformance(0x81_0000)


class WportPair(NamedTuple):
    """An association's key within its connection."""

    client_wport: int
    server_wport: int

    @override
    def __str__(self) -> str:
        """Return ``client -> server``."""
        return f"{self.client_wport} -> {self.server_wport}"


class ApduProtection(Protocol):
    """Plain APDUs to octets and back (ciphering)."""

    def protect(self, apdu: bytes) -> bytes:
        """Return octets to send. Raises SecurityError."""

    def unprotect(self, apdu: bytes) -> Unprotected:
        """Return a verified APDU. Raises SecurityError, DecodeError."""


class NoProtection:
    """Plain APDUs in both directions."""

    def protect(self, apdu: bytes) -> bytes:
        """Return it as it is."""
        return apdu

    def unprotect(self, apdu: bytes) -> Unprotected:
        """Return it as it is."""
        return Unprotected(apdu)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AssociationParameters:
    """What is proposed to a logical device. LocalProtocolError if it cannot be. Compared by identity.

    ``max_receive_pdu_size``: octets that we accept, 12 to 65535, or 0 for no limit. ``password``: for LLS.
    ``hls_secret``: for HLS (at most 16 octets), MD5, SHA-1, SHA-256. ``security``: for ciphering, and always for GMAC,
    SHA-256 and ECDSA. ``association``: the object that takes our proof; None: as learned, else the usual one.
    ``searches_proof_form``: whether other forms of the proof are tried where the meter makes nothing of the known one,
    each in an association of its own. ``server_max_receive_pdu_size``: where no AARE tells it.
    ``conformance``: with short names only what both ways of referencing have counts.
    """

    client_wport: int = PUBLIC_CLIENT_WPORT
    server_wport: int = MANAGEMENT_WPORT
    mechanism: Mechanism = Mechanism.NONE
    password: Secret | None = None
    hls_secret: Secret | None = None
    security: SecuritySettings | None = None
    conformance: Conformance = DEFAULT_PROPOSED_CONFORMANCE
    max_receive_pdu_size: int = DEFAULT_MAX_RECEIVE_PDU_SIZE
    association: LogicalName | None = None
    searches_proof_form: bool = True
    kind: AssociationKind = AssociationKind.CONFIRMED
    server_max_receive_pdu_size: int = DEFAULT_MAX_RECEIVE_PDU_SIZE
    referencing: Referencing = Referencing.LOGICAL_NAME

    def __post_init__(self) -> None:
        for wport in (self.client_wport, self.server_wport):
            if not 0 <= wport <= MAX_WPORT:
                raise LocalProtocolError(f"a wPort is 0 to {MAX_WPORT}, not {wport}")
        if self.max_receive_pdu_size and not SMALLEST_PDU_SIZE <= self.max_receive_pdu_size <= MAX_PDU_SIZE:
            raise LocalProtocolError(
                f"a PDU size is 0 or {SMALLEST_PDU_SIZE} to {MAX_PDU_SIZE}, not {self.max_receive_pdu_size}"
            )
        self._check_credentials()
        if self.kind is not AssociationKind.CONFIRMED:
            self._check_without_answer()

    def _check_without_answer(self) -> None:
        if self.is_high_level or self.uses_dedicated_key or (self.password is not None and not self.kind.has_aarq):
            raise LocalProtocolError("an association without an AARE proves nothing")
        if self.security is not None and self.is_ciphered and not self.security.server_system_title:
            raise LocalProtocolError("without an AARE the meter's system title has to be known")

    def _check_credentials(self) -> None:
        mechanism, security = self.mechanism, self.security
        if (mechanism is Mechanism.LLS) != (self.password is not None):
            raise LocalProtocolError("a password goes with the mechanism LLS, and only with it")
        if (mechanism in SECRET_MECHANISMS) != (self.hls_secret is not None):
            raise LocalProtocolError(
                "an HLS secret goes with the mechanisms HLS, MD5, SHA-1, SHA-256, and only with them"
            )
        if (
            mechanism is Mechanism.HLS
            and self.hls_secret is not None
            and len(self.hls_secret) > MAX_MANUFACTURER_SECRET
        ):
            raise LocalProtocolError(f"the secret of the mechanism HLS has at most {MAX_MANUFACTURER_SECRET} octets")
        if mechanism not in TITLE_MECHANISMS:
            return
        if security is None:
            raise LocalProtocolError(f"the mechanism {mechanism.name} needs system titles")
        if mechanism is Mechanism.HLS_GMAC and not (
            security.global_unicast_encryption_key is not None and len(security.authentication_key)
        ):
            raise LocalProtocolError("the mechanism GMAC needs an encryption key and an authentication key")
        pairs = security.key_pairs
        if mechanism is Mechanism.HLS_ECDSA and (pairs.signing_key is None or pairs.server_signing_key is None):
            raise LocalProtocolError("the mechanism ECDSA needs our signing key and the meter's public signing key")

    @property
    def pair(self) -> WportPair:
        """The key of this association."""
        return WportPair(self.client_wport, self.server_wport)

    @property
    def is_ciphered(self) -> bool:
        """Whether APDUs are protected (an application context with ciphering)."""
        return self.security is not None and self.security.is_ciphered

    @property
    def uses_titles(self) -> bool:
        """Whether both system titles are needed."""
        return self.is_ciphered or self.mechanism in TITLE_MECHANISMS

    @property
    def uses_counter(self) -> bool:
        """Whether the global key's counters are used."""
        return self.is_ciphered or self.mechanism is Mechanism.HLS_GMAC

    @property
    def uses_dedicated_key(self) -> bool:
        """Whether each association has a key of its own."""
        return self.security is not None and self.security.use_dedicated_key

    @property
    def is_high_level(self) -> bool:
        """Whether passes 3 and 4 follow."""
        return self.mechanism >= Mechanism.HLS

    @property
    def overhead(self) -> int:
        """Octets that protection adds to an APDU at most."""
        return 0 if self.security is None else self.security.overhead

    @property
    def application_context(self) -> ApplicationContext:
        """The proposed application context."""
        return self.referencing.application_context(ciphered=self.is_ciphered)

    @property
    def proposed_conformance(self) -> Conformance:
        """``conformance`` as the referencing has it, with general protection if used: ACCESS has no other envelope."""
        security, conformance = self.security, self.referencing.conformance(self.conformance)
        if security is None or not security.is_ciphered:
            return conformance
        if security.envelope is Envelope.SERVICE_SPECIFIC and not (security.sign or Conformance.ACCESS in conformance):
            return conformance
        return conformance | Conformance.GENERAL_PROTECTION


def with_few_services(parameters: AssociationParameters) -> AssociationParameters:
    """Return parameters that propose what every meter has heard of; the same ones where that is no less."""
    proposed = parameters.referencing.conformance(parameters.conformance)
    few = proposed & CLASSIC_SERVICES
    return parameters if few in {proposed, Conformance(0)} else replace(parameters, conformance=few)


@dataclass(frozen=True, slots=True, kw_only=True)
class Negotiated:
    """What client and server agreed on. Sizes in octets; a PDU size of 0 means no limit.

    ``client_max_receive_pdu_size``: what was proposed, which the way to the meter may have made smaller.
    ``overhead``: octets that protection adds to an APDU at most. ``apdu_limit``: what that way takes.
    ``leniencies``: what the meter did differently.
    """

    conformance: Conformance
    server_max_receive_pdu_size: int
    dlms_version: int
    vaa_name: int
    diagnostic: int
    client_max_receive_pdu_size: int = DEFAULT_MAX_RECEIVE_PDU_SIZE
    server_system_title: bytes | None = None
    overhead: int = 0
    apdu_limit: int = MAX_PDU_SIZE
    leniencies: frozenset[Leniency] = frozenset()

    @property
    def has_general_blocks(self) -> bool:
        """Whether general block transfer was negotiated."""
        return Conformance.GENERAL_BLOCK_TRANSFER in self.conformance

    @property
    def uses_short_names(self) -> bool:
        """Whether objects are named by short names."""
        return self.vaa_name == Referencing.SHORT_NAME.vaa_name

    @property
    def selects(self) -> bool:
        """Whether a part of an attribute may be asked for."""
        parts = Conformance.PARAMETERIZED_ACCESS if self.uses_short_names else Conformance.SELECTIVE_ACCESS
        return parts in self.conformance

    @property
    def request_limit(self) -> int:
        """Octets that a protected request may have.

        A limit below the shortest request is not meant: a meter that cannot read any would not associate.
        """
        size = self.server_max_receive_pdu_size
        return min(max(size, SHORTEST_REQUEST + self.overhead) if size else MAX_PDU_SIZE, self.apdu_limit)


def initiate_request(parameters: AssociationParameters, dedicated_key: Secret | None = None) -> bytes:
    """Return the plain InitiateRequest; with a dedicated key it must be ciphered."""
    request = InitiateRequest(
        conformance=parameters.proposed_conformance,
        client_max_receive_pdu_size=parameters.max_receive_pdu_size,
        response_allowed=parameters.kind.has_answers,
        dedicated_key=None if dedicated_key is None else dedicated_key.reveal(),
    )
    return encode_apdu(request)


def encode_proposal(parameters: AssociationParameters, user_information: bytes, challenge: bytes = b"") -> bytes:
    """Return the AARQ. With LLS it holds the password in clear: never log it (rule S29).

    ``user_information``: the InitiateRequest, protected where the association is.
    """
    context = application_context_name(parameters.application_context)
    security, mechanism = parameters.security, parameters.mechanism
    title = security.client_system_title if security is not None and parameters.uses_titles else None
    if mechanism is Mechanism.NONE:
        return encode_apdu(
            Aarq(application_context_name=context, calling_ap_title=title, user_information=user_information)
        )
    certificate = security.key_pairs.certificate if security is not None and mechanism is Mechanism.HLS_ECDSA else b""
    authentication = challenge if parameters.password is None else parameters.password.reveal()
    return encode_apdu(
        Aarq(
            application_context_name=context,
            calling_ap_title=title,
            calling_ae_qualifier=certificate or None,
            sender_acse_requirements=AUTHENTICATION_REQUIREMENT,
            mechanism_name=mechanism_name(mechanism),
            calling_authentication_value=AuthenticationValue(AuthenticationForm.CHARSTRING, authentication),
            user_information=user_information,
        )
    )


def encode_release(user_information: bytes | None = None) -> bytes:
    """Return the RLRQ, reason normal. ``user_information``: the protected InitiateRequest."""
    return encode_apdu(Rlrq(reason=ReleaseRequestReason.NORMAL, user_information=user_information))


def check_names(
    octets: bytes, parameters: AssociationParameters, limits: Limits = DEFAULT_LIMITS
) -> Aare | AssociationRejected:
    """Return an accepting AARE with the proposed names, or why it refuses. Raises RemoteProtocolError."""
    aare = decode_apdu(octets, limits)
    assert isinstance(aare, Aare)  # whoever calls this has seen the tag
    initiate_error = _initiate_error(aare.user_information)
    # Numbers of the service-provider mean something else.
    by_user = aare.result_source == DiagnosticSource.ACSE_SERVICE_USER
    asks_for_proof = by_user and aare.diagnostic == UserDiagnostic.AUTHENTICATION_REQUIRED
    # "No reason given" is also the service-provider's 1.
    complains = aare.diagnostic not in {UserDiagnostic.NULL, UserDiagnostic.NO_REASON_GIVEN} and not (
        asks_for_proof and parameters.is_high_level
    )
    if AssociationResult.name_of(aare.result) is None and not complains:
        # Neither yes nor no: nobody looks for another password for that. A complaint is believed whatever stands here.
        raise RemoteProtocolError(f"the AARE has the unknown result {aare.result}")
    if aare.result != AssociationResult.ACCEPTED or initiate_error is not None or (asks_for_proof and complains):
        # Accepted, but to be proved by a mechanism we did not propose, is a refusal of the one we did.
        offered = _offered(aare.user_information)
        return AssociationRejected(aare.result, aare.result_source, aare.diagnostic, initiate_error, offered)
    if complains:
        raise RemoteProtocolError(f"the AARE accepts the association with the diagnostic {aare.diagnostic}")
    proposed = application_context_name(parameters.application_context)
    if aare.application_context_name != proposed and not _names_ciphered_context(aare, parameters):
        text = "the AARE accepts another application context than the proposed one"
        raise OtherTermAccepted(_other_term(aare.application_context_name, proposed), text)
    if aare.mechanism_name is not None and _mechanism_named(aare) != mechanism_name(parameters.mechanism):
        text = "the AARE accepts another authentication mechanism than the proposed one"
        raise OtherTermAccepted(ProposedTerm.MECHANISM, text)
    return aare


def _mechanism_named(aare: Aare) -> bytes:
    """Return the mechanism name without a tag of its own."""
    name = aare.mechanism_name or b""
    return name[len(_TAGGED_NAME) :] if name[: len(_TAGGED_NAME)] == _TAGGED_NAME else name


def _other_term(accepted: bytes, proposed: bytes) -> ProposedTerm:
    """Return which half of an application context another one differs in; ciphering, too, where it is unknown."""
    by_short_names = [
        application_context_from_name(name) in {ApplicationContext.SN, ApplicationContext.SN_CIPHERED}
        for name in (accepted, proposed)
    ]
    return ProposedTerm.REFERENCING if by_short_names[0] != by_short_names[1] else ProposedTerm.CIPHERING


def _names_ciphered_context(aare: Aare, parameters: AssociationParameters) -> bool:
    # Without keys there is nothing that it could weaken, and a ciphered answer would not be understood.
    ciphered = application_context_name(parameters.referencing.application_context(ciphered=True))
    return parameters.security is None and aare.application_context_name == ciphered


def leniencies_of_names(aare: Aare, parameters: AssociationParameters) -> frozenset[Leniency]:
    """Return what check_names() tolerated in an accepting AARE."""
    tolerated = {
        Leniency.CIPHERED_CONTEXT_NAMED: _names_ciphered_context(aare, parameters),
        Leniency.MISSING_MECHANISM_NAME: parameters.mechanism is not Mechanism.NONE and aare.mechanism_name is None,
        Leniency.PROTOCOL_VERSION_PRESENT: aare.protocol_version is not None,
        Leniency.DIAGNOSTIC_0_WITH_PROOF: parameters.is_high_level and not aare.diagnostic,
        Leniency.DIAGNOSTIC_1_WITH_ACCEPTANCE: aare.diagnostic == UserDiagnostic.NO_REASON_GIVEN,
        Leniency.TAGGED_MECHANISM_NAME: _mechanism_named(aare) != (aare.mechanism_name or b""),
    }
    return frozenset(leniency for leniency, is_there in tolerated.items() if is_there)


def _initiate_error(user_information: bytes | None) -> int | None:
    """Return the code of an initiateError, or None."""
    if not user_information or user_information[0] != CONFIRMED_SERVICE_ERROR:
        return None
    try:
        inner = decode_apdu(user_information)
    except RemoteProtocolError:
        return None
    return inner.error if isinstance(inner, ConfirmedServiceError) else None


def _offered(user_information: bytes | None) -> str:
    """Return the InitiateResponse of a refusal in words, if it is plain and makes sense. Nothing is decided by it."""
    if not user_information or user_information[0] != INITIATE_RESPONSE:
        return ""
    try:
        inner = decode_apdu(user_information)
    except RemoteProtocolError:
        return ""
    assert isinstance(inner, InitiateResponse)  # by its tag
    size = inner.server_max_receive_pdu_size
    services = " ".join(inner.conformance.standard_names) or "no services"
    return f"DLMS version {inner.dlms_version}, PDU size {size or 'without limit'}, {services}"


def check_initiate(
    octets: bytes, parameters: AssociationParameters, diagnostic: int, limits: Limits = DEFAULT_LIMITS
) -> Negotiated:
    """Return what the plain InitiateResponse, or its absence, agrees on. Raises RemoteProtocolError."""
    is_missing = not octets
    response, octets, has_surplus = _decode_initiate(octets or encode_apdu(_least(parameters)), limits)
    if not isinstance(response, InitiateResponse):
        raise RemoteProtocolError("the AARE accepts the association without an InitiateResponse")
    if response.dlms_version != DLMS_VERSION:
        text = f"the meter negotiates DLMS version {response.dlms_version}, not {DLMS_VERSION}"
        raise OtherTermAccepted(ProposedTerm.DLMS_VERSION, text)
    if response.vaa_name not in {0, parameters.referencing.vaa_name}:
        text = f"the vaa-name {response.vaa_name:04X} is not that of the proposed referencing"
        raise OtherTermAccepted(ProposedTerm.REFERENCING, text)
    size = response.server_max_receive_pdu_size
    if 0 < size < SMALLEST_PDU_SIZE:
        text = f"the meter's max-receive-pdu-size of {size} is not allowed"
        raise OtherTermAccepted(ProposedTerm.PDU_SIZE, text)
    tolerated = {
        Leniency.RESERVED_SERVICES: bool(response.conformance & _RESERVED_CONFORMANCE),
        Leniency.SURPLUS_SERVICES: bool(
            response.conformance & ~parameters.proposed_conformance & ~_RESERVED_CONFORMANCE
        ),
        Leniency.UNUSUAL_INITIATE_RESPONSE: encode_apdu(response) != octets,
        Leniency.SURPLUS_OCTET: has_surplus,
        Leniency.VAA_NAME_0: not response.vaa_name,
        Leniency.MISSING_INITIATE_RESPONSE: is_missing,
    }
    return Negotiated(
        # A service that was not proposed could change the form of answers, or the way of referencing: it is not used.
        conformance=_usable(response.conformance & parameters.proposed_conformance, parameters),
        server_max_receive_pdu_size=size,
        dlms_version=response.dlms_version,
        vaa_name=parameters.referencing.vaa_name,
        diagnostic=diagnostic,
        client_max_receive_pdu_size=parameters.max_receive_pdu_size,
        leniencies=frozenset(leniency for leniency, is_there in tolerated.items() if is_there),
    )


def _usable(agreed: Conformance, parameters: AssociationParameters) -> Conformance:
    """Return the services that can be asked for: a ciphered ACCESS needs general protection, unless nothing else is."""
    is_in_vain = parameters.is_ciphered and Conformance.GENERAL_PROTECTION not in agreed and Conformance.GET in agreed
    return agreed & ~(_RESERVED_CONFORMANCE | (Conformance.ACCESS if is_in_vain else Conformance(0)))


def _least(parameters: AssociationParameters) -> InitiateResponse:
    return InitiateResponse(
        conformance=parameters.proposed_conformance & CLASSIC_SERVICES,
        server_max_receive_pdu_size=parameters.server_max_receive_pdu_size,
        vaa_name=parameters.referencing.vaa_name,
    )


def _decode_initiate(octets: bytes, limits: Limits) -> tuple[Apdu | None, bytes, bool]:
    """Return what the user-information holds, its octets, and whether one more followed."""
    try:
        return decode_apdu(octets, limits), octets, False
    except DecodeError as error:
        try:
            return decode_apdu(octets[:-1], limits), octets[:-1], True
        except RemoteProtocolError:
            raise error from None


def refusal_of(error: DlmsError) -> DlmsError:
    """Return what an error instead of an AARE means: a confirmed-service-error is a rejection."""
    if isinstance(error, ConfirmedServiceErrorReceived):
        return AssociationRejected(
            AssociationResult.REJECTED_PERMANENT,
            DiagnosticSource.ACSE_SERVICE_USER,
            UserDiagnostic.NO_REASON_GIVEN,
            error.error,
        )
    return error
