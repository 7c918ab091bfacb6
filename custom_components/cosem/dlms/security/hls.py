"""Passes 3 and 4 of authentication mechanisms 2 to 7 (IEC 62056-5-3). Pure functions.

Values are compared in constant time (rule S10); failures are PeerNotAuthenticated, without details.
"""

from dataclasses import dataclass
import hashlib
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.constant_time import bytes_eq

from ..apdu import decode_apdu
from ..apdu.access import ACCESS_REQUEST
from ..apdu.acse import Mechanism
from ..apdu.action import ACTION_REQUEST
from ..apdu.get import GET_REQUEST
from ..apdu.initiate import INITIATE_REQUEST
from ..apdu.set import SET_REQUEST
from ..apdu.short_name import READ_REQUEST, UNCONFIRMED_WRITE_REQUEST, WRITE_REQUEST
from ..errors import ChallengeRefused, LocalProtocolError, PeerNotAuthenticated, ProtocolError
from .cipher import gmac
from .key_pairs import PrivateKey, PublicKey
from .keys import Secret
from .suite import TAG_LENGTH, Protection, SecuritySuite, check_system_title, security_control

MIN_CHALLENGE: Final = 8
MAX_CHALLENGE: Final = 64
MIN_ECDSA_CHALLENGE: Final = 32
OWN_CHALLENGE_LENGTH: Final = 16
"""Octets (rule S21: at least 16)."""

_REQUESTS: Final = frozenset(
    {
        INITIATE_REQUEST,
        READ_REQUEST,
        WRITE_REQUEST,
        UNCONFIRMED_WRITE_REQUEST,
        GET_REQUEST,
        SET_REQUEST,
        ACTION_REQUEST,
        ACCESS_REQUEST,
    }
)

_AES_BLOCK: Final = 16
_GMAC_ANSWER: Final = 1 + 4 + TAG_LENGTH


def challenge_length(mechanism: Mechanism) -> int:
    """Return our challenge's length in octets."""
    return MIN_ECDSA_CHALLENGE if mechanism is Mechanism.HLS_ECDSA else OWN_CHALLENGE_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HlsCredentials:
    """Secrets and keys; the mechanism decides which are needed."""

    mechanism: Mechanism
    secret: Secret | None = None
    suite: SecuritySuite = SecuritySuite.SUITE_0
    global_unicast_encryption_key: Secret | None = None
    authentication_key: Secret | None = None
    signing_key: PrivateKey | None = None
    peer_public_key: PublicKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenges:
    """Public inputs of both proofs; unused titles are empty."""

    client_to_server: bytes
    server_to_client: bytes
    client_system_title: bytes = b""
    server_system_title: bytes = b""


def check_challenges(mechanism: Mechanism, challenges: Challenges) -> None:
    """Refuse what must not be answered (rules S19, S34). ChallengeRefused."""
    length = len(challenges.server_to_client)
    # Mechanism 7 asks for 32 octets; shorter server challenges are tolerated down to the general minimum, because their
    # length protects the server, not us.
    if not MIN_CHALLENGE <= length <= MAX_CHALLENGE:
        raise ChallengeRefused(f"the meter's challenge has {length} octets, not {MIN_CHALLENGE} to {MAX_CHALLENGE}")
    if _reflects(mechanism, challenges):
        raise ChallengeRefused("the meter sent our own challenge back")
    if challenges.client_system_title and challenges.client_system_title == challenges.server_system_title:
        raise ChallengeRefused(f"the meter uses our own system title ({mechanism.name})")
    if mechanism is Mechanism.HLS_GMAC and _is_request(challenges.server_to_client):
        raise ChallengeRefused("the meter's challenge is a request: the proof would be its tag")


def _is_request(challenge: bytes) -> bool:
    """Return whether the challenge decodes whole as a request (rule S34)."""
    if challenge[0] not in _REQUESTS:
        return False
    try:
        decode_apdu(challenge)
    except ProtocolError:
        return False
    return True


def _reflects(mechanism: Mechanism, challenges: Challenges) -> bool:
    """Return whether our answer would reveal the one to our challenge."""
    ours, theirs = challenges.client_to_server, challenges.server_to_client
    if mechanism is Mechanism.HLS:
        # Each block is enciphered by itself: one block of ours among the meter's, whatever is around it, is enough.
        return not _blocks(ours).isdisjoint(_blocks(theirs))
    return bytes_eq(ours, theirs)


def _blocks(challenge: bytes) -> set[bytes]:
    padded = _padded(challenge)
    return {padded[start : start + _AES_BLOCK] for start in range(0, len(padded), _AES_BLOCK)}


def _padded(challenge: bytes) -> bytes:
    return challenge + bytes(-len(challenge) % _AES_BLOCK)


def _need[T](value: T | None, what: str) -> T:
    if value is None:
        raise LocalProtocolError(f"the mechanism needs {what}")
    return value


def _aes_ecb(secret: Secret, challenge: bytes) -> bytes:
    # The vendor convention pads both the secret and the challenge with zero octets to whole blocks.
    key = secret.reveal()
    if len(key) > _AES_BLOCK:
        raise LocalProtocolError(f"the secret of mechanism 2 has at most {_AES_BLOCK} octets")
    # ECB is what the meters' mechanism 2 prescribes; a block proves knowledge of the secret, it hides nothing. That
    # blocks are enciphered one by one makes reflection easier: see _reflects.
    encryptor = Cipher(algorithms.AES(key.ljust(_AES_BLOCK, b"\0")), modes.ECB()).encryptor()  # noqa: S305
    return encryptor.update(_padded(challenge)) + encryptor.finalize()


def _hashed(credentials: HlsCredentials, challenges: Challenges, *, by_client: bool) -> bytes:
    secret = _need(credentials.secret, "a secret")
    own, other = challenges.client_to_server, challenges.server_to_client
    challenge = other if by_client else own
    match credentials.mechanism:
        case Mechanism.HLS:
            return _aes_ecb(secret, challenge)
        case Mechanism.HLS_MD5:
            return hashlib.md5(challenge + secret.reveal(), usedforsecurity=False).digest()
        case Mechanism.HLS_SHA1:
            return hashlib.sha1(challenge + secret.reveal(), usedforsecurity=False).digest()
        case _:
            client, server = challenges.client_system_title, challenges.server_system_title
            titles = client + server if by_client else server + client
            both = other + own if by_client else own + other
            return hashlib.sha256(secret.reveal() + titles + both).digest()


def _gmac_answer(
    credentials: HlsCredentials, system_title: bytes, challenge: bytes, control: int, counter: int
) -> bytes:
    authentication_key = _need(credentials.authentication_key, "an authentication key")
    key = _need(credentials.global_unicast_encryption_key, "a global unicast encryption key")
    head = bytes((control,))
    octets = counter.to_bytes(4, "big")
    tag = gmac(key, check_system_title(system_title) + octets, head + authentication_key.reveal() + challenge)
    return head + octets + tag


def _signed_by_client(challenges: Challenges) -> bytes:
    return (
        challenges.client_system_title
        + challenges.server_system_title
        + challenges.server_to_client
        + challenges.client_to_server
    )


def _signed_by_server(challenges: Challenges) -> bytes:
    return (
        challenges.server_system_title
        + challenges.client_system_title
        + challenges.client_to_server
        + challenges.server_to_client
    )


def _control(suite: SecuritySuite) -> int:
    return security_control(suite, Protection.AUTHENTICATED).raw


def client_proof(credentials: HlsCredentials, challenges: Challenges, counter: int | None = None) -> bytes:
    """Return f(StoC), the parameter of pass 3.

    ``counter``: from SendingCounter.take, for mechanism 5 only (rule S1).
    """
    match credentials.mechanism:
        case Mechanism.HLS_GMAC:
            return _gmac_answer(
                credentials,
                challenges.client_system_title,
                challenges.server_to_client,
                _control(credentials.suite),
                _need(counter, "an invocation counter"),
            )
        case Mechanism.HLS_ECDSA:
            return _need(credentials.signing_key, "a signing key").sign(_signed_by_client(challenges))
        case Mechanism.HLS | Mechanism.HLS_MD5 | Mechanism.HLS_SHA1 | Mechanism.HLS_SHA256:
            return _hashed(credentials, challenges, by_client=True)
        case _:
            raise LocalProtocolError("this mechanism has no pass 3")


def verify_server_proof(credentials: HlsCredentials, challenges: Challenges, answer: bytes) -> int | None:
    """Check f(CtoS) of pass 4; return mechanism 5's counter, or None. PeerNotAuthenticated.

    The counter is not compared: our fresh challenge proves that the answer is new.
    """
    if credentials.mechanism is Mechanism.HLS_ECDSA:
        _need(credentials.peer_public_key, "the meter's public key").verify(answer, _signed_by_server(challenges))
        return None
    counter: int | None = None
    if credentials.mechanism is Mechanism.HLS_GMAC:
        if len(answer) != _GMAC_ANSWER or answer[0] != _control(credentials.suite):
            raise PeerNotAuthenticated("the meter's answer to our challenge has a wrong form")
        # Meters count it before or after the counter of the APDU around it.
        counter = int.from_bytes(answer[1:5], "big")
        expected = _gmac_answer(
            credentials, challenges.server_system_title, challenges.client_to_server, answer[0], counter
        )
    else:
        expected = _hashed(credentials, challenges, by_client=False)
    if not bytes_eq(expected, answer):
        raise PeerNotAuthenticated("the meter's answer to our challenge is wrong")
    return counter
