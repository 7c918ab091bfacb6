"""An association with authentication or protection: AARE, pass 3 and 4, services, release.

Before pass 3 only reply_to_HLS_authentication is answered.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
import hmac
from typing import TYPE_CHECKING, Final

from .acse import AareFields, InitiateFields, read_rlrq, write_aare
from .association import OTHER_REASON, SERVICE_NOT_ALLOWED, Refused, Reply
from .attacks import ERRORS, ON_ANSWER, Strike, action_response, exception, forge, spoil_aare, spoil_pass_4
from .ciphering import Material
from .envelopes import Envelope, Kind, is_protected
from .hls import ECDSA, GMAC, GMAC_LENGTH, Exchange, gmac_answer, hashed
from .key_pairs import BadKey, certificate, sign, verify
from .profile import ClientProfile
from .protection import COUNTER_ERROR, FORM_ERROR, TAG_ERROR, WEAK_ERROR, Channel, Opened, Rejected
from .security_profile import AUTHENTICATED, Answer, DedicatedKey, PlainRelease
from .short_names import CONTEXTS as SHORT_NAME_CONTEXTS, READ_REQUEST, proof_of, proof_response

if TYPE_CHECKING:
    from .secured import Security

_GET: Final = 0xC0
_ACTION: Final = 0xC3
_REPLY_TO_HLS: Final = bytes.fromhex("000F0000280000FF0101")
"""Class 15, the current association, method 1; parameters follow."""
_DENIED: Final = 3
_UNDEFINED: Final = 4
_EXCEPTION: Final = 0xD8
_COUNTER_REFUSED: Final = 6
_DECIPHERING: Final = 5
_UNDER_GLOBAL_KEY: Final = {Kind.GLOBAL, Kind.GENERAL_GLOBAL, Kind.GENERAL}
_KINDS: Final = {_GET: "get", 0xC1: "set", READ_REQUEST: "get", _ACTION: "action", 0xD9: "access"}

type Honest = Callable[[bytes], Reply]


class SecureSession:
    """One association of a client with security."""

    def __init__(
        self,
        meter: Security,
        client: ClientProfile,
        channel: Channel,
        exchange: Exchange | None,
        opened: Opened,
        *,
        ciphered: bool,
        fault: Strike | None,
    ) -> None:
        assert client.security is not None  # only such clients come here
        self._meter = meter
        self._client = client
        self._security = client.security
        self._channel = channel
        self._exchange = exchange
        self._opened = opened
        self._ciphered = ciphered
        self._fault = fault
        self._initiate_response = b""
        self._by_short_names = False
        self._settings = meter.identity.settings
        self.pending = exchange is not None
        """Pass 3 has not come yet."""
        self.failed = False
        self.overhead = 0
        """Octets that protection adds to the answer under way, at most."""

    @property
    def initiate(self) -> bytes:
        """The plain InitiateRequest."""
        return self._opened.plaintext

    # -- association

    def take_initiate(self, initiate: InitiateFields) -> None:
        """Take the dedicated key. Raises Refused if it must (not) be there."""
        wanted = self._security.dedicated_key
        key = initiate.dedicated_key
        if (wanted is DedicatedKey.REQUIRED and not key) or (wanted is DedicatedKey.REFUSED and key):
            raise Refused(1)
        if key and (not self._opened.layers or len(key) != len(self._security.encryption_key)):
            raise Refused(1)
        self._channel.dedicated_key = key

    def accept(self, fields: AareFields, initiate_response: bytes) -> Reply:
        """Return the AARE."""
        self._initiate_response = initiate_response
        self._by_short_names = fields.context in SHORT_NAME_CONTEXTS
        exchange, title = self._exchange, self._channel.identity.title
        needs_title = self._ciphered or self._security.needs_title
        fields = replace(
            fields,
            diagnostic=0 if exchange is None else self._settings.hls_diagnostic,
            system_title=title if needs_title and self._settings.system_title_in_aare else b"",
            authentication_value=b"" if exchange is None else exchange.stoc,
            certificate=self._certificate(),
        )
        fault, self._fault = self._fault, None
        if exchange is None:
            self._meter.succeeded(self._client.wport)
        if fault is None or (fault.name in ON_ANSWER and not self._ciphered):
            return Reply(write_aare(replace(fields, initiate=self._protect(initiate_response))))
        if fault.name not in ON_ANSWER:
            fields = replace(fields, initiate=self._protect(initiate_response))
            known = exchange or Exchange(
                mechanism=0, ctos=b"", stoc=b"", client_title=self._channel.partner.title, server_title=title
            )
            return Reply(write_aare(spoil_aare(fault, fields, known)))
        forged = forge(fault, initiate_response, self._opened, self._channel, self._history)
        return _several([write_aare(replace(fields, initiate=inner)) for inner in forged])

    def _certificate(self) -> bytes:
        if self._security.mechanism != ECDSA or not self._settings.certificate_in_aare:
            return b""
        identity = self._channel.identity
        return certificate(self._security.suite, identity.signing[self._security.suite], identity.title)

    def _protect(self, plain: bytes) -> bytes:
        return self._channel.protect(plain, self._opened) if self._ciphered else plain

    def release(self, apdu: bytes) -> Reply | bytes:
        """Check an RLRQ; return the RLRE's user-information, or another answer."""
        information = read_rlrq(apdu)
        if not self._ciphered:
            return b""
        if not is_protected(information):
            match self._settings.plain_rlrq:
                case PlainRelease.IGNORE:
                    return Reply()
                case PlainRelease.REFUSE:
                    return Reply(SERVICE_NOT_ALLOWED)
            return b""
        try:
            opened = self._channel.open(information)
        except Rejected as rejected:
            return self._reject(rejected, apdu)
        if self._settings.plain_rlre:
            return b""
        reply = self._answer("rlrq", self._initiate_response, opened)
        return reply.apdu or b""

    # -- services

    def notification(self, plain: bytes, layers: tuple[Envelope, ...]) -> bytes:
        """Return a notification under the keys of this association."""
        return self._channel.protect(plain, Opened(b"", layers))

    def serve(self, apdu: bytes, honest: Honest) -> Reply:
        """Answer a service request; ``honest`` answers a plain one."""
        if self.failed:
            return Reply(SERVICE_NOT_ALLOWED)
        if not self._ciphered and is_protected(apdu):
            return Reply(OTHER_REASON)
        try:
            opened = self._channel.open(apdu) if self._ciphered else Opened(apdu, previous=self._channel.last)
        except Rejected as rejected:
            return self._reject(rejected, apdu)
        plain = opened.plaintext
        if self.pending:
            return self._prove(opened)
        if not plain:
            return Reply(OTHER_REASON)
        if plain[0] == _ACTION and plain[3:13] == _REPLY_TO_HLS:
            return self._answer("action", action_response(plain[2], _DENIED), opened)
        self.overhead = self._channel.overhead(opened) if self._ciphered else 0
        reply = honest(plain)
        if reply.apdu is None or reply.apdu[0] == _EXCEPTION:
            return reply  # exception-response is never protected
        before = tuple(self._answer("block", each, opened).apdu or b"" for each in reply.stray)
        answer = self._answer(_KINDS.get(plain[0], "other"), reply.apdu, opened)
        return replace(answer, close=reply.close, stray=before + answer.stray)

    def _answer(self, kind: str, plain: bytes, like: Opened) -> Reply:
        """Protect an answer, unless an attack interferes."""
        if not self._ciphered:
            return Reply(plain)
        fault = self._meter.on_answer(kind)
        if fault is None or fault.name not in ON_ANSWER:
            protected = self._channel.protect(plain, like)
            self._meter.note_sent(self._client.wport, protected)
            return Reply(protected)
        return _several(forge(fault, plain, like, self._channel, self._history))

    @property
    def _history(self) -> deque[bytes]:
        return self._meter.history.get(self._client.wport, deque())

    def _reject(self, rejected: Rejected, apdu: bytes) -> Reply:
        settings = self._settings
        if rejected.reason == COUNTER_ERROR:
            return _refusal(settings.counter_refused, exception(_COUNTER_REFUSED, rejected.expected))
        if rejected.reason in {TAG_ERROR, FORM_ERROR}:
            return _refusal(settings.tag_refused, exception(_DECIPHERING))
        if rejected.reason != WEAK_ERROR:
            return Reply()  # a title that nobody here has
        if settings.weak_refused is Answer.DENIED and apdu[0] == _GET and len(apdu) > 2:
            return Reply(bytes([0xC4, 0x01, apdu[2], 0x01, _DENIED]))
        return _refusal(settings.weak_refused, SERVICE_NOT_ALLOWED)

    # -- high level security

    def _prove(self, opened: Opened) -> Reply:
        """Check pass 3 and answer with pass 4; everything else is refused."""
        plain = opened.plaintext
        exchange = self._exchange
        assert exchange is not None  # pending
        if self._by_short_names:
            proof_sent = proof_of(plain, self._settings.short_name_proof)
            if proof_sent is None:
                return self._answer("action", proof_response(plain, _UNDEFINED), opened)
            return self._prove_by_short_names(exchange, proof_sent, opened)
        if plain[:2] != b"\xc3\x01" or plain[3:13] != _REPLY_TO_HLS or plain[13:14] != b"\x09":
            return Reply(SERVICE_NOT_ALLOWED)
        invoke, received = plain[2], plain[15:]
        self.pending = False
        if plain[14] != len(received) or not self._is_right(exchange, received, opened):
            self.failed = True
            self._meter.failed(self._client.wport, self._security)
            return self._answer("action", action_response(invoke, _DENIED), opened)
        self._meter.succeeded(self._client.wport)
        proof = self._proof(exchange)
        fault = self._meter.on_answer("hls")
        if fault is None:
            return self._answer("action", action_response(invoke, 0, proof), opened)
        if fault.name in ON_ANSWER:
            honest = action_response(invoke, 0, proof)
            if not self._ciphered and fault.name not in ERRORS:
                return Reply(honest)
            return _several(forge(fault, honest, opened, self._channel, self._history))
        spoilt = spoil_pass_4(fault, invoke, proof, received)
        if spoilt is None:
            return Reply()
        return Reply(self._channel.protect(spoilt, opened) if self._ciphered else spoilt)

    def _prove_by_short_names(self, exchange: Exchange, received: bytes, opened: Opened) -> Reply:
        self.pending = False
        if not self._is_right(exchange, received, opened):
            self.failed = True
            self._meter.failed(self._client.wport, self._security)
            return self._answer("action", proof_response(opened.plaintext, _DENIED), opened)
        self._meter.succeeded(self._client.wport)
        return self._answer("hls", proof_response(opened.plaintext, 0, self._proof(exchange)), opened)

    def _material(self, *, own: bool) -> Material:
        """What GMAC takes of one side."""
        return Material(
            key=self._security.encryption_key,
            authentication_key=self._security.authentication_key,
            title=self._channel.identity.title if own else self._channel.partner.title,
        )

    def _is_right(self, exchange: Exchange, received: bytes, opened: Opened) -> bool:
        """Whether f(StoC) is the client's."""
        suite = self._security.suite
        if exchange.mechanism == ECDSA:
            assert self._channel.partner.signing is not None  # every suite that has mechanism 7 has keys
            try:
                verify(suite, self._channel.partner.signing, exchange.signed_by_client, received)
            except BadKey:
                return False
            return True
        if exchange.mechanism != GMAC:
            return hmac.compare_digest(received, hashed(exchange, self._security.secret, by_client=True))
        if len(received) != GMAC_LENGTH or received[0] != AUTHENTICATED | suite:
            return False
        counter = int.from_bytes(received[1:5], "big")
        # A client takes this counter before the one of the APDU around it, or after.
        repeated = counter in {layer.counter for layer in opened.layers if layer.kind in _UNDER_GLOBAL_KEY}
        if counter <= opened.previous or (repeated and not self._settings.hls_counter_may_repeat):
            return False
        expected = gmac_answer(self._material(own=False), suite, counter, exchange.stoc)
        if not hmac.compare_digest(received, expected):
            return False
        self._channel.counters.accept(self._security.encryption_key, self._channel.partner.title, counter)
        return True

    def _proof(self, exchange: Exchange) -> bytes:
        """f(CtoS)."""
        if exchange.mechanism == ECDSA:
            key = self._channel.identity.signing[self._security.suite]
            return sign(self._security.suite, key, exchange.signed_by_server)
        if exchange.mechanism == GMAC:
            counter = self._channel.next_counter()
            return gmac_answer(self._material(own=True), self._security.suite, counter, exchange.ctos)
        return hashed(exchange, self._security.secret, by_client=False)


def _refusal(answer: Answer, apdu: bytes) -> Reply:
    return Reply() if answer is Answer.SILENCE else Reply(apdu)


def _several(apdus: list[bytes]) -> Reply:
    return Reply(apdus[-1], stray=tuple(apdus[:-1])) if apdus else Reply()
