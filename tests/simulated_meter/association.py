"""Associations, server side: who may associate, with what rights, how refusals look. IEC 62056-5-3, COSEM-OPEN."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from .acse import (
    AareFields,
    AarqFields,
    BadAssociationApdu,
    InitiateFields,
    initiate_error,
    read_aarq,
    read_initiate,
    write_aare,
    write_initiate_response,
    write_rlre,
)
from .conformance import (
    GET,
    LN_CONTEXT,
    READ,
    SHORT_NAME_CONTEXTS,
    allowed_contexts,
    own_conformance,
    secured_conformance,
)
from .envelopes import Envelope
from .objects import AssociationFacts
from .profile import ClientProfile, Level, MeterProfile, Refusal, Release

REJECTED_PERMANENT: Final = 1
REJECTED_TRANSIENT: Final = 2

_LEAST: Final = 24
"""Least size of a protected answer in octets, even if that is more than was agreed upon."""
_ENDLESS: Final = 1 << 24

SERVICE_NOT_ALLOWED: Final = b"\xd8\x01\x01"
"""exception-response: no association, operation not possible."""
SERVICE_NOT_SUPPORTED: Final = b"\xd8\x02\x02"
OTHER_REASON: Final = b"\xd8\x01\x03"


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: an APDU, or nothing; and whether the connection is closed then."""

    apdu: bytes | None = None
    close: bool = False
    stray: tuple[bytes, ...] = ()
    """APDUs before it that should not come."""


@dataclass(slots=True)
class Transfer:
    """A long answer under way: octets not sent yet, number of the last block, tag of the answer."""

    invoke: int
    rest: bytes
    block_number: int
    service: int = 0xC4


@dataclass(slots=True)
class Collected:
    """A long request under way: tag, targets (a list or one), the octets so far, number of the last block."""

    service: int
    invoke: int
    targets: tuple[object, ...]
    is_list: bool
    octets: bytearray
    block_number: int = 0


class Secured(Protocol):
    """The security of one association (secure_session.py)."""

    overhead: int

    @property
    def initiate(self) -> bytes:
        """The plain InitiateRequest."""

    def take_initiate(self, initiate: InitiateFields) -> None:
        """Take the dedicated key."""

    def accept(self, fields: AareFields, initiate_response: bytes) -> Reply:
        """Return the AARE."""

    def release(self, apdu: bytes) -> Reply | bytes:
        """Return the RLRE's user-information, or another answer."""

    def serve(self, apdu: bytes, honest: Callable[[bytes], Reply]) -> Reply:
        """Answer a service request."""

    def notification(self, plain: bytes, layers: tuple[Envelope, ...]) -> bytes:
        """Return a notification under the keys of this association."""


class SecurityOfMeter(Protocol):
    """The security of the meter (secured.py)."""

    def check_aarq(self, client: ClientProfile, aarq: AarqFields) -> Secured:
        """Check an AARQ. Raises Refused or Answered."""

    def pre_establish(self, client: ClientProfile) -> Secured:
        """Return the security of an association without an AARQ."""


@dataclass(slots=True)
class Association:
    """An association that stands."""

    facts: AssociationFacts
    transfer: Transfer | None = None
    collected: Collected | None = None
    is_confirmed: bool = True
    secured: Secured | None = None
    in_general_blocks: bool = False
    """Whatever is too long is cut after all; services need not."""

    @property
    def pdu_limit(self) -> int:
        """The largest APDU that may be sent: the smaller of both announced sizes."""
        return min(self.facts.client_max_receive_pdu_size or 65_535, self.facts.server_max_receive_pdu_size)

    @property
    def answer_limit(self) -> int:
        """The largest answer, before protection."""
        overhead = self.secured.overhead if self.secured else 0
        return _ENDLESS if self.in_general_blocks else max(self.pdu_limit - overhead, _LEAST)

    def negotiated(self, bit: int) -> bool:
        """Return whether a conformance bit was agreed upon."""
        return bool(self.facts.conformance & bit)


class Refused(Exception):
    """Why an association is refused: user diagnostic, result, initiate error if that is the reason."""

    def __init__(self, diagnostic: int, result: int = REJECTED_PERMANENT, initiate_error: int | None = None) -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic
        self.result = result
        self.initiate_error = initiate_error


class Answered(Exception):
    """An AARQ is answered by something else than an AARE, or not at all."""

    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


@dataclass(slots=True)
class MeterState:
    """What all connections of the meter share."""

    associations: int = 0
    session_ended: float | None = None
    """End of the last connection that had associations, in seconds of the session clock."""


class Associations:
    """The associations of one connection, by (client wPort, server wPort)."""

    def __init__(self, profile: MeterProfile, state: MeterState, security: SecurityOfMeter) -> None:
        self._profile = profile
        self._state = state
        self._security = security
        self._open: dict[tuple[int, int], Association] = {}
        self._pre_established: dict[tuple[int, int], Association] = {}
        self._was_used = False

    def find(self, client_wport: int, server_wport: int) -> Association | None:
        """Return the association on these wPorts; one that is pre-established is there whenever it is used."""
        key = (client_wport, server_wport)
        client = self._profile.client(client_wport)
        if key not in self._open and client is not None and client.pre_established:
            self._pre_established.setdefault(key, self._agreed(client, server_wport))
        return self._open.get(key) or self._pre_established.get(key)

    def _agreed(self, client: ClientProfile, server_wport: int) -> Association:
        """Return an association for which nothing was sent."""
        aarq = AarqFields(
            context=LN_CONTEXT if client.security is None else 3, mechanism=0, authentication_value=b"", initiate=b""
        )
        initiate = InitiateFields(
            dlms_version=6,
            conformance=0xFFFFFF,
            client_max_receive_pdu_size=self._profile.max_pdu_size,
            response_allowed=True,
        )
        association = self._accept(client, server_wport, aarq, initiate)
        association.secured = None if client.security is None else self._security.pre_establish(client)
        return association

    def __len__(self) -> int:
        return len(self._open)

    def clear(self, now: float) -> None:
        """End all, because the connection ended."""
        self._state.associations -= len(self._open)
        self._open.clear()
        self._pre_established.clear()
        if self._was_used:
            self._state.session_ended = now
            self._was_used = False

    def open(self, client_wport: int, server_wport: int, apdu: bytes, now: float) -> Reply:
        """Answer an AARQ."""
        key = (client_wport, server_wport)
        quirks = self._profile.quirks
        context = LN_CONTEXT
        try:
            aarq = read_aarq(apdu)
            if quirks.refuse_second_aarq and key in self._open:
                raise Refused(1)
            self._drop(key)
            context = aarq.context or LN_CONTEXT
            client = self._check_client(client_wport, aarq, now)
            secured = None if client.security is None else self._security.check_aarq(client, aarq)
            initiate = self._check_initiate(aarq.initiate if secured is None else secured.initiate, context)
            if secured is not None:
                secured.take_initiate(initiate)
        except BadAssociationApdu:
            return Reply(OTHER_REASON)
        except Answered as answered:
            return answered.reply
        except Refused as refused:
            asked = read_initiate(aarq.initiate)
            is_unconfirmed = asked is not None and not asked.response_allowed
            return Reply() if is_unconfirmed else self._refuse(context, refused)
        association = self._accept(client, server_wport, aarq, initiate)
        association.secured = secured
        association.is_confirmed = initiate.response_allowed
        self._open[key] = association
        self._was_used = True
        self._state.associations += 1
        if not initiate.response_allowed:
            return Reply()
        fields = AareFields(
            context=aarq.context,
            mechanism=aarq.mechanism if aarq.mechanism and quirks.mechanism_name_in_aare else None,
            protocol_version=quirks.protocol_version_in_aare,
            initiate=write_initiate_response(
                association.facts.conformance,
                self._profile.max_pdu_size,
                short_tag=quirks.short_conformance_tag,
                quality=quirks.quality_of_service_in_aare,
                vaa_name=0xFA00 if context in SHORT_NAME_CONTEXTS else 0x0007,
            ),
        )
        if secured is not None:
            return secured.accept(fields, fields.initiate or b"")
        return Reply(write_aare(fields))

    def release(self, client_wport: int, server_wport: int, apdu: bytes) -> Reply:
        """Answer an RLRQ as the profile says."""
        association = self.find(client_wport, server_wport)
        if (client_wport, server_wport) in self._pre_established:
            return Reply()  # it cannot be released
        if association is not None and not association.is_confirmed:
            self._drop((client_wport, server_wport))
            return Reply()
        information = b""
        if association is not None and association.secured is not None:
            try:
                answer = association.secured.release(apdu)
            except BadAssociationApdu:
                return Reply(OTHER_REASON)
            if isinstance(answer, Reply):
                return answer
            information = answer
        known = self._drop((client_wport, server_wport))
        match self._profile.quirks.release:
            case Release.ANSWER:
                return Reply(write_rlre(0, information)) if known else Reply(SERVICE_NOT_ALLOWED)
            case Release.NOT_FINISHED:
                return Reply(write_rlre(1, information))
            case Release.SILENT:
                return Reply()
            case Release.CLOSE:
                return Reply(close=True)
            case Release.EXCEPTION:
                return Reply(SERVICE_NOT_SUPPORTED)

    def _drop(self, key: tuple[int, int]) -> bool:
        if self._open.pop(key, None) is None:
            return False
        self._state.associations -= 1
        return True

    def _check_client(self, wport: int, aarq: AarqFields, now: float) -> ClientProfile:
        """Return the client that associates. Raises Refused, Answered."""
        quirks = self._profile.quirks
        ended = self._state.session_ended
        if (quirks.one_association and self._state.associations) or (
            ended is not None and now - ended < quirks.pause_between_sessions
        ):
            raise Refused(1, REJECTED_TRANSIENT)
        client = self._profile.client(wport)
        if aarq.context not in allowed_contexts(quirks):
            raise Refused(2)
        if client is not None and client.security is not None:
            return client
        if aarq.context not in {1, 2}:
            raise Refused(2)
        if client is None:
            raise Refused(1)
        if client.password is None:
            if aarq.mechanism:
                raise Refused(11)
            return client
        if aarq.mechanism == 0:
            raise Refused(12)
        if aarq.mechanism != 1:
            raise Refused(11)
        if aarq.authentication_value != client.password.encode():
            raise Refused(quirks.wrong_password_diagnostic)
        return client

    @staticmethod
    def _check_initiate(octets: bytes, context: int) -> InitiateFields:
        initiate = read_initiate(octets)
        if initiate is None:
            raise Refused(1, initiate_error=0)
        if initiate.dlms_version < 6:
            raise Refused(1, initiate_error=1)
        if 0 < initiate.client_max_receive_pdu_size < 12:
            raise Refused(1, initiate_error=3)
        if not initiate.conformance & (READ if context in SHORT_NAME_CONTEXTS else GET):
            raise Refused(1, initiate_error=2)
        return initiate

    def _accept(
        self, client: ClientProfile, server_wport: int, aarq: AarqFields, initiate: InitiateFields
    ) -> Association:
        return Association(
            AssociationFacts(
                client_wport=client.wport,
                server_wport=server_wport,
                level=Level(client.level),
                mechanism=aarq.mechanism,
                context=aarq.context,
                conformance=(own_conformance(self._profile.quirks, aarq.context) | secured_conformance(client))
                & initiate.conformance,
                client_max_receive_pdu_size=initiate.client_max_receive_pdu_size,
                server_max_receive_pdu_size=self._profile.max_pdu_size,
            )
        )

    def _refuse(self, context: int, refused: Refused) -> Reply:
        error = initiate_error(4 if refused.initiate_error is None else refused.initiate_error)
        match self._profile.quirks.refusal:
            case Refusal.AARE:
                inner: bytes | None = error
            case Refusal.SHORT_AARE:
                inner = None
            case Refusal.EXCEPTION:
                return Reply(SERVICE_NOT_ALLOWED)
            case Refusal.SERVICE_ERROR:
                return Reply(error)
            case Refusal.CLOSE:
                return Reply(close=True)
        return Reply(
            write_aare(
                AareFields(
                    context=context,
                    result=refused.result,
                    diagnostic=refused.diagnostic,
                    initiate=inner,
                )
            )
        )
