"""Security settings of a meter and its clients, as in a profile file: keys, titles, mechanisms, policies, oddities."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
import hashlib
from typing import Any, Final

AUTHENTICATED: Final = 0x10
ENCRYPTED: Final = 0x20

_REQUEST_AUTHENTICATED, _REQUEST_ENCRYPTED, _REQUEST_SIGNED = 0x04, 0x08, 0x10
_RESPONSE_AUTHENTICATED, _RESPONSE_ENCRYPTED, _RESPONSE_SIGNED = 0x20, 0x40, 0x80
_POLICY_OF_VERSION_0: Final = (0x00, 0x24, 0x48, 0x6C)
"""security_policy of version 0 (none, authenticated, encrypted, both) in the bits of version 1."""

CURVE_ORDERS: Final = {
    1: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    2: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}
"""Of P-256 (suite 1) and P-384 (suite 2)."""


class Context(StrEnum):
    """Which application contexts a client may propose."""

    PLAIN = "plain"
    CIPHERED = "ciphered"
    ANY = "any"


class DedicatedKey(StrEnum):
    """What becomes of an AARQ with or without a dedicated key."""

    ACCEPTED = "accepted"
    REQUIRED = "required"
    REFUSED = "refused"


class Answer(StrEnum):
    """How a protected request is refused."""

    EXCEPTION = "exception"
    SILENCE = "silence"
    DENIED = "denied"
    """The service's own result: read-write-denied."""


class PlainRelease(StrEnum):
    """What becomes of a plain RLRQ in a protected association."""

    ANSWER = "answer"
    IGNORE = "ignore"
    REFUSE = "refuse"


class CounterObject(StrEnum):
    """What the invocation counter object 0.0.43.1.e.255 holds."""

    LAST = "last"
    NEXT = "next"
    HIDDEN = "hidden"


class ShortNameProof(StrEnum):
    """How pass 3 comes with short names."""

    READ = "read"
    READ_SELECTOR_0 = "read-selector-0"
    WRITTEN = "written"


class DedicatedCounter(StrEnum):
    """Whether a dedicated key has its own counter, or goes on with the global key's."""

    OWN = "own"
    GLOBAL = "global"


def fixed_scalar(name: str, suite: int) -> int:
    """Return the private key of a name: fixed and public, for tests only."""
    digest = hashlib.sha512(f"simulated {name}".encode()).digest()
    return int.from_bytes(digest, "big") % (CURVE_ORDERS[suite] - 1) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecurity:
    """How one client authenticates and protects. Key lengths are the suite's; empty keys are not used."""

    mechanism: int = 0
    suite: int = 0
    context: Context = Context.CIPHERED
    encryption_key: bytes = b""
    authentication_key: bytes = b""
    broadcast_key: bytes = b""
    master_key: bytes = b""
    secret: bytes = b""
    """Mechanisms 2, 3, 4 and 6."""
    client_title: bytes = b""
    """The only system title accepted; empty: any."""
    policy: int = 0
    """security_policy as ``setup_version`` writes it."""
    setup_version: int = 0
    setup_instance: int = 0
    """The e of security setup 0.0.43.0.e.255 and invocation counter 0.0.43.1.e.255."""
    dedicated_key: DedicatedKey = DedicatedKey.ACCEPTED
    first_counter: int = 0
    """Lowest invocation counter that a factory-fresh meter accepts."""
    sending_counter: int = 1
    """First invocation counter that a factory-fresh meter uses."""
    challenge_length: int = 16
    lock_after: int = 0
    """Wrong attempts until the client is locked; 0: never."""
    lock_seconds: float = 60.0
    signing_scalar: int = 0
    """The client's private signing key, for the meter to show to whoever tries it; 0: a fixed one."""
    agreement_scalar: int = 0

    def __post_init__(self) -> None:
        if self.suite not in {0, 1, 2} or self.mechanism not in range(8):
            raise ValueError(f"security suite {self.suite} or mechanism {self.mechanism} does not exist")
        length = 32 if self.suite == 2 else 16
        for key in (self.encryption_key, self.authentication_key, self.broadcast_key, self.master_key):
            if len(key) not in {0, length}:
                raise ValueError(f"a key of security suite {self.suite} has {length} octets, not {len(key)}")
        if (self.mechanism == 5 or self.context is not Context.PLAIN) and not self.encryption_key:
            raise ValueError("this client needs an encryption key")
        if self.mechanism == 7 and not self.suite:
            raise ValueError("mechanism 7 needs security suite 1 or 2")

    @property
    def policy_bits(self) -> int:
        """The security policy in the bits of version 1."""
        return _POLICY_OF_VERSION_0[self.policy & 3] if self.setup_version == 0 else self.policy & 0xFC

    @property
    def required(self) -> int:
        """Security control bits A and E that every request must have."""
        return _control(self.policy_bits, _REQUEST_AUTHENTICATED, _REQUEST_ENCRYPTED)

    @property
    def added(self) -> int:
        """Security control bits A and E of every response, whatever the request had."""
        return _control(self.policy_bits, _RESPONSE_AUTHENTICATED, _RESPONSE_ENCRYPTED)

    @property
    def requires_signature(self) -> bool:
        """Whether requests must be signed."""
        return bool(self.policy_bits & _REQUEST_SIGNED)

    @property
    def adds_signature(self) -> bool:
        """Whether all responses are signed."""
        return bool(self.policy_bits & _RESPONSE_SIGNED)

    @property
    def needs_title(self) -> bool:
        """Whether the mechanism computes with system titles."""
        return self.mechanism in {5, 6, 7}


def _control(policy: int, authenticated: int, encrypted: int) -> int:
    return (AUTHENTICATED if policy & authenticated else 0) | (ENCRYPTED if policy & encrypted else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSecurity:
    """What belongs to the meter as a whole; the defaults follow the standard."""

    system_title: bytes = b""
    """Empty: SIM and the serial number."""
    signing_scalar: int = 0
    """The meter's private signing key; 0: a fixed one for each curve."""
    agreement_scalar: int = 0
    certificate_in_aare: bool = False
    """Send the meter's certificate in an AARE for mechanism 7."""
    counter_refused: Answer = Answer.EXCEPTION
    """An invocation counter that is too low; the exception carries the lowest one accepted."""
    tag_refused: Answer = Answer.EXCEPTION
    weak_refused: Answer = Answer.EXCEPTION
    """Less protection than the policy asks for."""
    locked: Answer = Answer.SILENCE
    """A locked client: silence, or "exception" for a transient rejection."""
    counter_object: CounterObject = CounterObject.LAST
    shortest_ecdsa_challenge: int = 32
    """Mechanism 7: octets that a client's challenge has at least (one client sends 16)."""
    hls_diagnostic: int = 14
    """Of an AARE that waits for pass 3; some meters say 0."""
    system_title_in_aare: bool = True
    plain_rlre: bool = False
    plain_rlrq: PlainRelease = PlainRelease.ANSWER
    header_in_aad: bool = True
    """general-ciphering: whether header fields are authenticated."""
    dedicated_counter: DedicatedCounter = DedicatedCounter.OWN
    short_name_proof: ShortNameProof = ShortNameProof.READ
    hls_counter_may_repeat: bool = False
    """Mechanism 5: take a pass 3 whose inner counter is the one of the APDU around it (one client repeats it)."""


def client_security(entry: Mapping[str, Any], wport: int) -> ClientSecurity:
    """Read a client's table ``security``. Keys are hex; the secret is text, or hex behind 0x."""
    return ClientSecurity(**{"setup_instance": wport, **_values(ClientSecurity, entry)})


def meter_security(entry: Mapping[str, Any]) -> MeterSecurity:
    """Read a meter's table ``security``."""
    return MeterSecurity(**_values(MeterSecurity, entry))


def _values(kind: type[ClientSecurity | MeterSecurity], entry: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {item.name: item.type for item in fields(kind)}
    return {name: _value(name, kinds.get(name), value) for name, value in entry.items()}


def _value(name: str, kind: Any, value: Any) -> Any:
    if kind is bytes:
        return _secret(value) if name == "secret" else bytes.fromhex(value)
    if name.endswith("_scalar"):
        return int(value, 16)
    convert: Callable[[Any], Any] | None = kind if isinstance(kind, type) and issubclass(kind, StrEnum) else None
    return value if convert is None else convert(value)


def _secret(text: str) -> bytes:
    return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()
