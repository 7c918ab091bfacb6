"""A client with security for tests of the meter: the meter's own protection with the roles exchanged.

That both ends share code here is no proof of anything; the vectors, ``cryptography`` and foreign clients are.
"""

from dataclasses import replace
from typing import Any

from tests.simulated_meter.acse import element
from tests.simulated_meter.ciphering import Material
from tests.simulated_meter.envelopes import Envelope, Header, KeyScheme, Kind, is_protected
from tests.simulated_meter.hls import Exchange, gmac_answer, hashed
from tests.simulated_meter.key_pairs import CURVES, sign
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import load_profile
from tests.simulated_meter.protection import Channel, Counters, Identity, Opened, Partner
from tests.simulated_meter.secured import client_key_pair
from tests.simulated_meter.security_profile import ClientSecurity, Context, MeterSecurity
from tests.simulated_meter.session import Session

from .tools import FULL_CONFORMANCE, NOW, BareClient, get_request

TITLE = b"TST\x00\x00\x00\x00\x09"
CTOS = bytes(range(0x40, 0x60))
BOTH, AUTHENTICATED, ENCRYPTED = 0x30, 0x10, 0x20
PUBLIC_NAME = get_request(1, "0.0.42.0.0.255", 2)
ENERGY = get_request(3, "1.0.1.8.0.255", 2)


def secured_meter(**security: Any) -> SimulatedMeter:
    """Return a meter with one client for everything."""
    profile = replace(load_profile("secured", {}), history_days=2).with_security(**security)
    return SimulatedMeter(profile, lambda: NOW)


def change_client(meter: SimulatedMeter, wport: int, **changes: Any) -> SimulatedMeter:
    """Return a meter like this one, with other settings for one client."""
    clients = tuple(
        replace(client, security=replace(client.security, **changes))
        if client.wport == wport and client.security
        else client
        for client in meter.profile.clients
    )
    return SimulatedMeter(replace(meter.profile, clients=clients), lambda: NOW)


class SecureClient(BareClient):
    """Associates with what the profile says of its wPort; ``kind`` and ``scheme`` choose the envelope."""

    def __init__(
        self,
        meter: SimulatedMeter,
        wport: int,
        *,
        kind: Kind = Kind.GLOBAL,
        scheme: KeyScheme = KeyScheme.NONE,
        control: int = BOTH,
        signed: bool = False,
        session: Session | None = None,
    ) -> None:
        super().__init__(meter, wport, session=session)
        profile = meter.profile.client(wport)
        assert profile is not None
        assert profile.security is not None
        self.security: ClientSecurity = profile.security
        self.password = profile.password
        self.kind, self.scheme, self.control, self.signed = kind, scheme, control, signed
        self.title = TITLE
        self.dedicated_key = b""
        self.transactions = 0
        self.channel = self._channel(meter)

    def _channel(self, meter: SimulatedMeter) -> Channel:
        suite = self.security.suite
        pairs = {} if suite not in CURVES else {suite: client_key_pair(self.security, self.client, "signing")}
        agreement = {} if suite not in CURVES else {suite: client_key_pair(self.security, self.client, "agreement")}
        meter_identity = meter.security.identity
        return Channel(
            replace(
                self.security, policy=0, first_counter=0, sending_counter=meter.security.last_counter(self.security) + 1
            ),
            Partner(
                title=meter_identity.title,
                signing=meter_identity.signing[suite].public_key() if suite else None,
                agreement=meter_identity.agreement[suite].public_key() if suite else None,
            ),
            Identity(
                title=self.title,
                signing=pairs,
                agreement=agreement,
                settings=replace(meter.profile.security, counter_refused=MeterSecurity().counter_refused),
                random=meter.security.identity.random,
            ),
            Counters(),
        )

    @property
    def ciphered(self) -> bool:
        return self.security.context is not Context.PLAIN

    # -- protection

    def like(self, *, initiate: bool = False) -> Opened:
        """Return what the channel takes as the pattern of a request."""
        kind = self.kind
        if initiate and kind in {Kind.DEDICATED, Kind.GENERAL_DEDICATED}:
            kind = Kind.GLOBAL
        self.transactions += 1
        header = Header(b"T" + self.transactions.to_bytes(7))
        scheme = self.scheme if kind is Kind.GENERAL else KeyScheme.NONE
        layers = (Envelope(kind=kind, control=self.control, header=header, scheme=scheme),)
        return Opened(b"", (Envelope(kind=Kind.SIGNED, header=header), *layers) if self.signed else layers)

    def protect(self, plain: bytes, *, initiate: bool = False) -> bytes:
        return self.channel.protect(plain, self.like(initiate=initiate))

    def secure_ask(self, plain: bytes) -> bytes:
        """Send a service protected and return the plain answer, which must be as protected as the request."""
        answer = self.ask(self.protect(plain))
        if not is_protected(answer):
            return answer
        opened = self.channel.open(answer)
        assert opened.control & self.control == self.control
        assert opened.signed >= self.signed
        assert opened.layers[-1].kind is self.kind
        return opened.plaintext

    # -- association

    def initiate(self, pdu_size: int = 0xFFFF) -> bytes:
        key = b"\x01" + bytes([len(self.dedicated_key)]) + self.dedicated_key if self.dedicated_key else b"\x00"
        block = (FULL_CONFORMANCE | 0x400000).to_bytes(3)
        return b"\x01" + key + b"\x00\x00\x06\x5f\x1f\x04\x00" + block + pdu_size.to_bytes(2)

    def aarq(self, *, user_information: bytes | None = None, **changes: Any) -> bytes:
        """Return an AARQ; ``changes``: context, mechanism, title, value."""
        mechanism = changes.get("mechanism", self.security.mechanism)
        value = changes.get("value", (self.password or "").encode() if mechanism == 1 else CTOS)
        context = changes.get("context", 3 if self.ciphered else 1)
        title = changes.get("title", self.title)
        body = element(0xA1, element(0x06, bytes.fromhex("608574050801") + bytes([context])))
        body += element(0xA6, element(0x04, title)) if title else b""
        if mechanism:
            body += b"\x8a\x02\x07\x80" + element(0x8B, bytes.fromhex("608574050802") + bytes([mechanism]))
            body += element(0xAC, element(0x80, value))
        if user_information is None:
            plain = self.initiate()
            user_information = self.protect(plain, initiate=True) if self.ciphered else plain
        return element(0x60, body + element(0xBE, element(0x04, user_information)))

    def begin(self, **changes: Any) -> dict[int, bytes]:
        """Send the AARQ; return the fields of the AARE, with the InitiateResponse deciphered."""
        self.fields = aare_fields(self.ask(self.aarq(**changes)))
        inner = self.fields.get(0xBE, b"")
        if is_protected(inner):
            self.fields[0xBE] = self.channel.open(inner).plaintext
        self.channel.dedicated_key = self.dedicated_key
        return self.fields

    @property
    def exchange(self) -> Exchange:
        return Exchange(
            mechanism=self.security.mechanism,
            ctos=CTOS,
            stoc=self.fields[0xAA],
            client_title=self.title,
            server_title=self.channel.partner.title,
        )

    def proof(self) -> bytes:
        """Return f(StoC)."""
        security, exchange = self.security, self.exchange
        if exchange.mechanism == 7:
            key = client_key_pair(security, self.client, "signing")
            return sign(security.suite, key, exchange.signed_by_client)
        if exchange.mechanism == 5:
            return gmac_answer(self.material(self.title), security.suite, self.channel.next_counter(), exchange.stoc)
        return hashed(exchange, security.secret, by_client=True)

    def material(self, title: bytes) -> Material:
        return Material(
            key=self.security.encryption_key, authentication_key=self.security.authentication_key, title=title
        )

    def pass_3(self, proof: bytes | None = None) -> bytes:
        """Send f(StoC); return the plain answer."""
        proof = self.proof() if proof is None else proof
        action = bytes.fromhex("C301C1000F0000280000FF010109") + bytes([len(proof)]) + proof
        return self.secure_ask(action) if self.ciphered else self.ask(action)

    def enter(self, **changes: Any) -> None:
        """Associate completely."""
        fields = self.begin(**changes)
        assert fields[0xA2][-1:] == b"\x00", fields
        if self.security.mechanism > 1:
            answer = self.pass_3()
            assert answer[:8] == bytes.fromhex("C701C10001000911")[:7] + answer[7:8], answer.hex()

    def read(self, request: bytes = ENERGY) -> bytes:
        """Ask for an attribute; return the plain answer."""
        return self.secure_ask(request) if self.ciphered else self.ask(request)


def aare_fields(apdu: bytes) -> dict[int, bytes]:
    """Return the fields of an AARE by tag, without the tags inside of most."""
    assert apdu[0] == 0x61, apdu.hex()
    offset = 2 if apdu[1] < 0x80 else 2 + (apdu[1] & 0x7F)
    found: dict[int, bytes] = {}
    while offset < len(apdu):
        tag, length = apdu[offset], apdu[offset + 1]
        offset += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(apdu[offset : offset + size])
            offset += size
        contents = apdu[offset : offset + length]
        found[tag] = _inner(contents) if tag in {0xA4, 0xA5, 0xAA, 0xBE} else contents
        offset += length
    return found


def _inner(contents: bytes) -> bytes:
    """Return the contents of the only element inside."""
    return contents[2:] if contents[1] < 0x80 else contents[2 + (contents[1] & 0x7F) :]
