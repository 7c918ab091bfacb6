"""Protection of one association's APDUs: opens requests, protects answers in the same envelopes.

The policy may add protection. Counters belong to the meter (one per key and sender) and outlive the connection.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from .ciphering import BROADCAST, COMPRESSED, SUITE_BITS, BadTag, Material, seal, unseal
from .envelopes import BadEnvelope, Envelope, Header, KeyScheme, Kind, is_protected, protected_tag, read, sized, write
from .key_pairs import (
    CURVES,
    BadKey,
    derive,
    new_private_key,
    public_key,
    public_octets,
    shared_secret,
    sign,
    unwrap,
    verify,
    wrap,
)
from .security_profile import AUTHENTICATED, ENCRYPTED, ClientSecurity, DedicatedCounter, MeterSecurity

TAG_ERROR, COUNTER_ERROR, TITLE_ERROR, FORM_ERROR, WEAK_ERROR = "tag", "counter", "title", "form", "weak"
_MOST_LAYERS: Final = 2
_CONTENT: Final = 3 + 1 + 4 + 12
"""Octets that ciphering adds: length, control, counter, tag."""
_DEDICATED: Final = {Kind.DEDICATED, Kind.GENERAL_DEDICATED}


class Rejected(Exception):
    """A request that is not taken: why, and the lowest counter that would be."""

    def __init__(self, reason: str, expected: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.expected = expected


class Counters:
    """The meter's invocation counters: last received of each key and sender, next one of each key."""

    def __init__(self) -> None:
        self._received: dict[tuple[bytes, bytes], int] = {}
        self._sent: dict[bytes, int] = {}

    def last(self, key: bytes, title: bytes, otherwise: int = -1) -> int:
        """Return the last counter accepted."""
        return self._received.get((key, title), otherwise)

    def highest(self, key: bytes) -> int:
        """Return the last counter accepted under a key from anybody."""
        return max((counter for (used, _), counter in self._received.items() if used == key), default=-1)

    def accept(self, key: bytes, title: bytes, counter: int) -> None:
        """Note a counter that came with a good tag."""
        self._received[key, title] = max(counter, self.last(key, title))

    def take(self, key: bytes, first: int = 0) -> int:
        """Return the counter of the next message sent under a key."""
        counter = self._sent.get(key, first)
        self._sent[key] = counter + 1
        return counter

    def reset(self, keys: list[bytes]) -> None:
        """Lose everything; these keys are counted from 0 again, whatever the first counter was."""
        self._received.clear()
        self._sent = dict.fromkeys(keys, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The meter's side of every association: title, key pairs (by suite), oddities."""

    title: bytes
    signing: dict[int, ec.EllipticCurvePrivateKey]
    agreement: dict[int, ec.EllipticCurvePrivateKey]
    settings: MeterSecurity
    random: Callable[[int], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """The client's side: title and public keys."""

    title: bytes
    signing: ec.EllipticCurvePublicKey | None
    agreement: ec.EllipticCurvePublicKey | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A request without its protection. ``layers``: outermost first. ``previous``: the counter before this one."""

    plaintext: bytes
    layers: tuple[Envelope, ...] = ()
    previous: int = -1

    @property
    def control(self) -> int:
        """All protection bits of all layers."""
        bits = 0
        for layer in self.layers:
            bits |= layer.control
        return bits & (AUTHENTICATED | ENCRYPTED)

    @property
    def signed(self) -> bool:
        """Whether a layer is a signature."""
        return any(layer.kind is Kind.SIGNED for layer in self.layers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """What is about to be sealed; an attack can change it."""

    kind: Kind
    control: int
    counter: int
    material: Material
    header: Header


type Twist = Callable[[Sealing], Sealing]


class Channel:
    """Opens and protects the APDUs of one association."""

    def __init__(self, client: ClientSecurity, partner: Partner, identity: Identity, counters: Counters) -> None:
        self.client = client
        self.partner = partner
        self.identity = identity
        self.counters = counters
        self.dedicated_key = b""
        self._dedicated = Counters()
        """A dedicated key and its counters live as long as the association."""

    # -- receiving

    @property
    def last(self) -> int:
        """The last counter accepted under the global unicast key."""
        return self._last(self.client.encryption_key)

    def _last(self, key: bytes) -> int:
        otherwise = self.client.first_counter - 1 if key == self.client.encryption_key else -1
        return self._counters(key).last(key, self.partner.title, otherwise)

    def _counters(self, key: bytes) -> Counters:
        return self._dedicated if key == self.dedicated_key else self.counters

    def open(self, apdu: bytes) -> Opened:
        """Remove the protection. Raises Rejected."""
        previous = self.last
        layers: list[Envelope] = []
        octets = apdu
        while is_protected(octets):
            try:
                envelope = read(octets)
            except BadEnvelope as error:
                raise Rejected(FORM_ERROR) from error
            layers.append(envelope)
            ciphered = [layer for layer in layers if layer.kind is not Kind.SIGNED]
            if len(layers) > _MOST_LAYERS or len(ciphered) > 1 or len(layers) - len(ciphered) > 1:
                raise Rejected(FORM_ERROR)
            octets = self._check_signature(envelope) if envelope.kind is Kind.SIGNED else self._decipher(envelope)
        opened = Opened(octets, tuple(layers), previous)
        if self.client.required & ~opened.control or (self.client.requires_signature and not opened.signed):
            raise Rejected(WEAK_ERROR)
        return opened

    def _check_header(self, header: Header) -> None:
        if header.originator != self.partner.title or header.recipient not in {b"", self.identity.title}:
            raise Rejected(TITLE_ERROR)

    def _check_signature(self, envelope: Envelope) -> bytes:
        self._check_header(envelope.header)
        if self.partner.signing is None:
            raise Rejected(FORM_ERROR)
        signed = envelope.header.octets + sized(envelope.content)
        try:
            verify(self.client.suite, self.partner.signing, signed, envelope.signature)
        except BadKey as error:
            raise Rejected(TAG_ERROR) from error
        return envelope.content

    def _decipher(self, envelope: Envelope) -> bytes:
        control = envelope.control
        if control & SUITE_BITS != self.client.suite or control & COMPRESSED:
            raise Rejected(FORM_ERROR)
        if envelope.kind is Kind.GENERAL:
            self._check_header(envelope.header)
        elif envelope.title not in {b"", self.partner.title}:
            raise Rejected(TITLE_ERROR)
        if envelope.counter is None:
            return envelope.content
        key = self._receiving_key(envelope)
        if not key:
            raise Rejected(FORM_ERROR)
        last = self._last(key)
        if envelope.counter <= last:
            raise Rejected(COUNTER_ERROR, last + 1)
        material = Material(key=key, authentication_key=self.client.authentication_key, title=self.partner.title)
        try:
            plaintext = unseal(material, control, envelope.counter, envelope.content, self._covered(envelope))
        except BadTag as error:
            raise Rejected(TAG_ERROR) from error
        # Without a tag nothing is proven; such a counter counts only where the policy asks for no more.
        if control & AUTHENTICATED or self.client.required == ENCRYPTED:
            self._counters(key).accept(key, self.partner.title, envelope.counter)
        if envelope.inner_tag and plaintext[:1] != bytes([envelope.inner_tag]):
            raise Rejected(FORM_ERROR)
        return plaintext

    def _covered(self, envelope: Envelope) -> bytes:
        """The header fields under the tag of general-ciphering."""
        if envelope.kind is not Kind.GENERAL or not self.identity.settings.header_in_aad:
            return b""
        return envelope.header.octets

    def _receiving_key(self, envelope: Envelope) -> bytes:
        """Raises Rejected."""
        broadcast = bool(envelope.control & BROADCAST)
        if envelope.kind in {Kind.GLOBAL, Kind.GENERAL_GLOBAL}:
            return self.client.broadcast_key if broadcast else self.client.encryption_key
        if broadcast:
            return b""
        return self.dedicated_key if envelope.kind in _DEDICATED else self._named_key(envelope)

    def _named_key(self, envelope: Envelope) -> bytes:
        suite, header = self.client.suite, envelope.header
        match envelope.scheme:
            case KeyScheme.NONE | KeyScheme.UNICAST:
                return self.client.encryption_key
            case KeyScheme.BROADCAST:
                return self.client.broadcast_key
            case KeyScheme.WRAPPED:
                try:
                    return unwrap(self.client.master_key, envelope.key_data) if self.client.master_key else b""
                except BadKey as error:
                    raise Rejected(TAG_ERROR) from error
        if suite not in CURVES or self.partner.agreement is None or self.partner.signing is None:
            return b""
        static = self.identity.agreement[suite]
        if envelope.scheme is KeyScheme.STATIC:
            party_u = header.originator + sized(header.transaction_id)
            return derive(suite, shared_secret(static, self.partner.agreement), party_u, self.identity.title)
        size = 2 * CURVES[suite].size
        point, signature = envelope.key_data[:size], envelope.key_data[size:]
        try:
            verify(suite, self.partner.signing, point, signature)
            secret = shared_secret(static, public_key(suite, point))
        except BadKey as error:
            raise Rejected(TAG_ERROR) from error
        return derive(suite, secret, header.originator, self.identity.title)

    # -- sending

    def overhead(self, like: Opened) -> int:
        """Return how many octets the protection of an answer adds at most (with lengths of 3 octets)."""
        size = 2 * CURVES[self.client.suite].size if self.client.suite in CURVES else 0
        carried = {KeyScheme.WRAPPED: len(self.client.master_key) + 8, KeyScheme.ONE_PASS: 2 * size}
        total = 0
        for layer in self._layers(like):
            titles = len(sized(layer.header.transaction_id)) + 2 * 9 + 2
            if layer.kind is Kind.SIGNED:
                total += 1 + titles + 3 + 2 + size
            elif layer.kind is Kind.GENERAL:
                total += 1 + titles + 6 + carried.get(layer.scheme, 0) + _CONTENT
            elif layer.kind in {Kind.GENERAL_GLOBAL, Kind.GENERAL_DEDICATED}:
                total += 1 + 9 + _CONTENT
            else:
                total += 1 + _CONTENT
        return total

    def protect(self, plaintext: bytes, like: Opened, twist: Twist | None = None) -> bytes:
        """Return the answer in the envelopes of its request."""
        octets = plaintext
        for layer in reversed(self._layers(like)):
            header = Header(layer.header.transaction_id, self.identity.title, self.partner.title)
            if layer.kind is Kind.SIGNED:
                octets = self._sign(octets, header)
            else:
                octets = self._encipher(octets, replace(layer, header=header), twist)
        return octets

    def _layers(self, like: Opened) -> tuple[Envelope, ...]:
        """The layers of the request, and what the policy adds."""
        layers = like.layers
        if self.client.added and not any(layer.kind is not Kind.SIGNED for layer in layers):
            layers = (*layers, Envelope(kind=Kind.GLOBAL))
        if self.client.adds_signature and not like.signed:
            layers = (Envelope(kind=Kind.SIGNED), *layers)
        return layers

    def _sign(self, content: bytes, header: Header) -> bytes:
        signing = self.identity.signing[self.client.suite]
        signature = sign(self.client.suite, signing, header.octets + sized(content))
        return write(Envelope(kind=Kind.SIGNED, header=header, content=content, signature=signature))

    def _encipher(self, plaintext: bytes, layer: Envelope, twist: Twist | None) -> bytes:
        kind = layer.kind
        key, counter, key_data = self._sending_key(layer)
        if kind in {Kind.GLOBAL, Kind.DEDICATED} and (
            protected_tag(plaintext[0], dedicated=kind is Kind.DEDICATED) is None
        ):
            kind = Kind.GENERAL_GLOBAL if kind is Kind.GLOBAL else Kind.GENERAL_DEDICATED
        sealing = Sealing(
            kind=kind,
            control=self.client.suite | layer.control & (AUTHENTICATED | ENCRYPTED) | self.client.added,
            counter=counter,
            material=Material(key=key, authentication_key=self.client.authentication_key, title=self.identity.title),
            header=layer.header,
        )
        if twist is not None:
            sealing = twist(sealing)
        protects = bool(sealing.control & (AUTHENTICATED | ENCRYPTED))
        envelope = replace(
            layer,
            kind=sealing.kind,
            inner_tag=plaintext[0] if sealing.kind in {Kind.GLOBAL, Kind.DEDICATED} else 0,
            title=sealing.material.title,
            header=sealing.header,
            key_data=key_data,
            control=sealing.control,
            counter=sealing.counter if protects else None,
        )
        payload = seal(sealing.material, sealing.control, sealing.counter, plaintext, self._covered(envelope))
        return write(replace(envelope, content=payload))

    def _sending_key(self, layer: Envelope) -> tuple[bytes, int, bytes]:
        """Return key, counter and what general-ciphering carries for it."""
        suite, header = self.client.suite, layer.header
        if layer.kind in _DEDICATED:
            return self.dedicated_key, self._dedicated_counter(), b""
        if layer.kind is not Kind.GENERAL or layer.scheme in {KeyScheme.NONE, KeyScheme.UNICAST, KeyScheme.BROADCAST}:
            return self.client.encryption_key, self.next_counter(), b""
        if layer.scheme is KeyScheme.WRAPPED:
            key = self.identity.random(CURVES[suite].key_length if suite else 16)
            return key, 0, wrap(self.client.master_key, key)
        assert self.partner.agreement is not None  # the request was opened with it
        if layer.scheme is KeyScheme.STATIC:
            secret = shared_secret(self.identity.agreement[suite], self.partner.agreement)
            party_u = self.identity.title + sized(header.transaction_id)
            return derive(suite, secret, party_u, self.partner.title), 0, b""
        ephemeral = new_private_key(suite)
        point = public_octets(ephemeral)
        secret = shared_secret(ephemeral, self.partner.agreement)
        key = derive(suite, secret, self.identity.title, self.partner.title)
        return key, 0, point + sign(suite, self.identity.signing[suite], point)

    def next_counter(self) -> int:
        """Take a counter of the global unicast key."""
        return self.counters.take(self.client.encryption_key, self.client.sending_counter)

    def _dedicated_counter(self) -> int:
        if self.identity.settings.dedicated_counter is DedicatedCounter.GLOBAL:
            return self.next_counter()
        return self._dedicated.take(self.dedicated_key)
