"""Who may associate with authentication and protection: checks of an AARQ. IEC 62056-5-3.

One Security per meter outlives connections: invocation counters, locks, what was sent.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
import hmac
import os
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from .acse import AarqFields
from .association import REJECTED_TRANSIENT, Answered, Refused, Reply
from .attacks import ERRORS, FORGED_TITLE, Strike, exception
from .envelopes import BadEnvelope, is_protected, read
from .hls import ECDSA, Exchange
from .key_pairs import CURVES, private_key
from .profile import ClientProfile, MeterProfile
from .protection import COUNTER_ERROR, TAG_ERROR, Channel, Counters, Identity, Opened, Partner, Rejected
from .secure_session import SecureSession
from .security_profile import Answer, ClientSecurity, Context, fixed_scalar

PLAIN_CONTEXT: Final = 1
CIPHERED_CONTEXT: Final = 3
_REMEMBERED: Final = 64
_LLS: Final = 1
_CONTEXT_NOT_SUPPORTED: Final = 2
_TITLE_NOT_RECOGNISED: Final = 3
_MECHANISM_NOT_RECOGNISED: Final = 11
_MECHANISM_REQUIRED: Final = 12
_AUTHENTICATION_FAILURE: Final = 13


class Security:
    """What a meter knows of security, over all connections."""

    def __init__(
        self,
        profile: MeterProfile,
        serial: str,
        on_answer: Callable[[str], Strike | None],
        monotonic: Callable[[], float],
        random: Callable[[int], bytes] = os.urandom,
    ) -> None:
        settings = profile.security
        self.on_answer = on_answer
        self.counters = Counters()
        self.history: dict[int, deque[bytes]] = {}
        """Protected answers sent, by client wPort: what somebody could have recorded."""
        self.identity = Identity(
            title=settings.system_title or b"SIM" + int(serial).to_bytes(5, "big"),
            signing=_key_pairs("meter signing", settings.signing_scalar),
            agreement=_key_pairs("meter agreement", settings.agreement_scalar),
            settings=settings,
            random=random,
        )
        self._keys = [client.security.encryption_key for client in profile.clients if client.security is not None]
        self._monotonic = monotonic
        self._failures: dict[int, int] = {}
        self._locked_until: dict[int, float] = {}

    # -- what outlives associations

    def reset_counters(self) -> None:
        """Lose all invocation counters, as at a power failure of a meter that keeps them in memory only."""
        self.counters.reset(self._keys)

    def last_counter(self, client: ClientSecurity) -> int:
        """Return the last invocation counter accepted from a client: what its counter object tells."""
        return max(self.counters.highest(client.encryption_key), client.first_counter - 1, 0)

    def failed(self, wport: int, security: ClientSecurity) -> None:
        """Count a wrong attempt."""
        self._failures[wport] = self._failures.get(wport, 0) + 1
        if security.lock_after and self._failures[wport] >= security.lock_after:
            self._locked_until[wport] = self._monotonic() + security.lock_seconds
            self._failures[wport] = 0

    def succeeded(self, wport: int) -> None:
        """Forget wrong attempts."""
        self._failures.pop(wport, None)

    def is_locked(self, wport: int) -> bool:
        """Whether a client is locked."""
        return self._monotonic() < self._locked_until.get(wport, float("-inf"))

    def note_sent(self, wport: int, apdu: bytes) -> None:
        """Remember a protected answer."""
        self.history.setdefault(wport, deque(maxlen=_REMEMBERED)).append(apdu)

    # -- AARQ

    def check_aarq(self, client: ClientProfile, aarq: AarqFields) -> SecureSession:
        """Check an AARQ. Raises Refused, or Answered if no AARE is the answer."""
        security = client.security
        assert security is not None  # only such clients come here
        if self.is_locked(client.wport):
            if self.identity.settings.locked is Answer.SILENCE:
                raise Answered(Reply())
            raise Refused(1, REJECTED_TRANSIENT)
        fault = self.on_answer("aarq")
        try:
            ciphered = _check_names(security, aarq)
            if security.mechanism == _LLS and not hmac.compare_digest(
                aarq.authentication_value, (client.password or "").encode()
            ):
                raise Refused(_AUTHENTICATION_FAILURE)
            channel = self._channel(client.wport, security, aarq, ciphered=ciphered)
            if fault is not None and fault.name == "other-title":
                channel.identity = replace(self.identity, title=FORGED_TITLE)
            exchange = self._exchange(security, aarq, channel)
            opened = self._open(channel, aarq.initiate) if ciphered else Opened(aarq.initiate)
        except Refused as refused:
            if refused.diagnostic == _AUTHENTICATION_FAILURE:
                self.failed(client.wport, security)
            raise
        if fault is not None and fault.name in ERRORS:
            expected = (fault.code or channel.last + 1) if fault.name == "counter-error" else None
            raise Answered(Reply(exception(6 if expected is not None else 5, expected)))
        return SecureSession(self, client, channel, exchange, opened, ciphered=ciphered, fault=fault)

    def pre_establish(self, client: ClientProfile) -> SecureSession:
        """Return the security of an association without an AARQ: by keys only, nobody authenticates."""
        return SecureSession(self, client, self.channel_to(client), None, Opened(b""), ciphered=True, fault=None)

    def channel_to(self, client: ClientProfile) -> Channel:
        """Return the protection towards a client that said nothing yet."""
        security = client.security
        assert security is not None  # only such clients come here
        partner = Partner(
            title=security.client_title,
            signing=_public_key(security, client.wport, "signing", b""),
            agreement=_public_key(security, client.wport, "agreement", b""),
        )
        return Channel(security, partner, self.identity, self.counters)

    def _channel(self, wport: int, security: ClientSecurity, aarq: AarqFields, *, ciphered: bool) -> Channel:
        title = aarq.calling_title or _title_of(aarq.initiate) or security.client_title
        if ciphered or security.needs_title:
            wrong = security.client_title and title != security.client_title
            if len(title) != 8 or wrong or title == self.identity.title:
                raise Refused(_TITLE_NOT_RECOGNISED)
        partner = Partner(
            title=title,
            signing=_public_key(security, wport, "signing", aarq.calling_certificate),
            agreement=_public_key(security, wport, "agreement", b""),
        )
        return Channel(security, partner, self.identity, self.counters)

    def _exchange(self, security: ClientSecurity, aarq: AarqFields, channel: Channel) -> Exchange | None:
        """Return the challenges of a high level mechanism. Raises Refused for a wrong length."""
        if security.mechanism <= _LLS:
            return None
        is_ecdsa = security.mechanism == ECDSA
        shortest = self.identity.settings.shortest_ecdsa_challenge if is_ecdsa else 8
        if not shortest <= len(aarq.authentication_value) <= 64:
            raise Refused(_AUTHENTICATION_FAILURE)
        return Exchange(
            mechanism=security.mechanism,
            ctos=aarq.authentication_value,
            stoc=self.identity.random(max(security.challenge_length, 32 if is_ecdsa else 8)),
            client_title=channel.partner.title,
            server_title=channel.identity.title,
        )

    def _open(self, channel: Channel, initiate: bytes) -> Opened:
        settings = self.identity.settings
        try:
            return channel.open(initiate)
        except Rejected as rejected:
            if rejected.reason == COUNTER_ERROR:
                if settings.counter_refused is Answer.EXCEPTION:
                    raise Answered(Reply(exception(6, rejected.expected))) from rejected
                if settings.counter_refused is Answer.SILENCE:
                    raise Answered(Reply()) from rejected
            if rejected.reason == TAG_ERROR and settings.tag_refused is Answer.SILENCE:
                raise Answered(Reply()) from rejected
            diagnostic = _AUTHENTICATION_FAILURE if rejected.reason == TAG_ERROR else 1
            raise Refused(diagnostic) from rejected


def _key_pairs(name: str, scalar: int) -> dict[int, ec.EllipticCurvePrivateKey]:
    return {suite: private_key(suite, scalar or fixed_scalar(name, suite)) for suite in CURVES}


def client_key_pair(security: ClientSecurity, wport: int, purpose: str) -> ec.EllipticCurvePrivateKey:
    """Return the client's own key pair ("signing" or "agreement"), known to the simulation for demonstration."""
    scalar = security.signing_scalar if purpose == "signing" else security.agreement_scalar
    return private_key(security.suite, scalar or fixed_scalar(f"client {wport} {purpose}", security.suite))


def _public_key(
    security: ClientSecurity, wport: int, purpose: str, certificate: bytes
) -> ec.EllipticCurvePublicKey | None:
    """A certificate beside it must hold the same key: nobody else vouches for it."""
    if security.suite not in CURVES:
        return None
    known = client_key_pair(security, wport, purpose).public_key()
    if certificate:
        try:
            brought = x509.load_der_x509_certificate(certificate).public_key()
        except ValueError as error:
            raise Refused(_AUTHENTICATION_FAILURE) from error
        if brought != known:
            raise Refused(_AUTHENTICATION_FAILURE)
    return known


def _title_of(initiate: bytes) -> bytes:
    if not is_protected(initiate):
        return b""
    try:
        envelope = read(initiate)
    except BadEnvelope:
        return b""
    return envelope.title or envelope.header.originator


def _check_names(security: ClientSecurity, aarq: AarqFields) -> bool:
    """Return whether the association will be ciphered. Raises Refused for other names than the client's."""
    allowed = {
        Context.PLAIN: {PLAIN_CONTEXT, 2},
        Context.CIPHERED: {CIPHERED_CONTEXT, 4},
        Context.ANY: {PLAIN_CONTEXT, CIPHERED_CONTEXT, 2, 4},
    }[security.context]
    if aarq.context not in allowed:
        raise Refused(_CONTEXT_NOT_SUPPORTED)
    if aarq.mechanism != security.mechanism:
        raise Refused(_MECHANISM_NOT_RECOGNISED if aarq.mechanism else _MECHANISM_REQUIRED)
    return aarq.context in {CIPHERED_CONTEXT, 4}
