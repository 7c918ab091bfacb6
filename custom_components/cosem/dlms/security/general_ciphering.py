"""general-ciphering (IEC 62056-5-3): the key is identified, wrapped, or agreed.

With a key for one message, answers must carry the request's transaction id, as no counter detects a repeat (rule S6).
"""

from collections.abc import Callable
from typing import Final

from ..apdu.ciphered import (
    AgreedKey,
    CipheredContent,
    GeneralCiphering,
    GeneralHeader,
    IdentifiedKey,
    KeyInfo,
    SecurityControl,
    WrappedKey,
)
from ..encoding.octets import Writer
from ..errors import InvocationCounterReplayed, SecurityDowngrade
from .cipher import SealingKey, open_sealed, open_unverified, seal
from .counters import ReceivingCounter, SendingCounter
from .key_pairs import derive_key, generate_key_pair, static_party_u, verified_ephemeral
from .key_wrap import unwrap_key, wrap_key
from .keys import Secret
from .settings import KeyInfoKind, SecuritySettings

_UNICAST: Final = 0
_MASTER: Final = 0
_ONE_PASS: Final = b"\x01"
_STATIC: Final = b"\x02"
_TRANSACTION_ID_OCTETS: Final = 8


def encode_header(header: GeneralHeader, *more: bytes) -> bytes:
    """Return the fields, each with its length, as tags and signatures cover them."""
    writer = Writer()
    for octets in (*header, *more):
        writer.octet_string(octets)
    return writer.getvalue()


class GeneralCipherer:
    """Makes and opens general-ciphering for one association."""

    def __init__(self, settings: SecuritySettings, random: Callable[[int], bytes]) -> None:
        """``random(n)``: n octets from the operating system."""
        self._settings: Final = settings
        self._random: Final = random
        # The static scheme derives the key of a message from its transaction id, and counts from 0: none may come
        # again. Counting from a random start, a million associations of 100 messages collide with a probability of
        # 10**-5.
        self._next_transaction_id = int.from_bytes(random(_TRANSACTION_ID_OCTETS), "big")
        self._last_transaction_id: bytes | None = None
        """Of the waiting request, or None; not empty, because notifications have empty ids."""
        self.took_identified_key = False
        """Whether the meter answered under the global key where another kind was agreed (a leniency)."""

    def new_header(self, recipient: bytes) -> GeneralHeader:
        """Return a header with a new transaction id."""
        transaction_id = self._next_transaction_id.to_bytes(_TRANSACTION_ID_OCTETS, "big")
        self._next_transaction_id = (self._next_transaction_id + 1) % 2 ** (8 * _TRANSACTION_ID_OCTETS)
        return GeneralHeader(transaction_id, self._settings.client_system_title, recipient, b"", b"")

    # -- sending

    def protect(self, apdu: bytes, recipient: bytes, counter: SendingCounter) -> GeneralCiphering:
        """Return the envelope. ``counter``: the global key's; one-time keys start at 0."""
        header = self.new_header(recipient)
        # Not the one of a signature around it, which has a transaction id of its own.
        self._last_transaction_id = header.transaction_id
        key, key_info, invocation_counter = self._sending_key(header, counter)
        sealing = self._sealing(key, self._settings.client_system_title)
        payload = seal(sealing, invocation_counter, apdu, self._authenticated(header))
        return GeneralCiphering(header, key_info, CipheredContent(sealing.control, invocation_counter, payload))

    def _sending_key(self, header: GeneralHeader, counter: SendingCounter) -> tuple[Secret, KeyInfo, int]:
        settings, pairs = self._settings, self._settings.key_pairs
        titles = (settings.client_system_title, header.recipient_system_title)
        match settings.key_info:
            case KeyInfoKind.IDENTIFIED:
                key = settings.global_unicast_encryption_key
                assert key is not None  # checked by the settings
                return key, IdentifiedKey(_UNICAST), counter.take()
            case KeyInfoKind.WRAPPED:
                assert settings.master_key is not None  # checked by the settings
                key = Secret(self._random(settings.suite.key_length))
                return key, WrappedKey(_MASTER, wrap_key(settings.master_key, key)), 0
            case KeyInfoKind.AGREED_ONE_PASS:
                assert pairs.signing_key is not None  # checked by the settings
                assert pairs.server_agreement_key is not None
                ephemeral = generate_key_pair(settings.suite)
                point = ephemeral.public_key.octets
                shared = ephemeral.shared_secret(pairs.server_agreement_key)
                key_data = point + pairs.signing_key.sign(point)
                return derive_key(settings.suite, shared, *titles), AgreedKey(_ONE_PASS, key_data), 0
        party_u = static_party_u(titles[0], header.transaction_id)
        return self._static_key(party_u, titles[1]), AgreedKey(_STATIC, b""), 0

    def _static_key(self, party_u: bytes, party_v: bytes) -> Secret:
        pairs = self._settings.key_pairs
        assert pairs.agreement_key is not None  # checked by the settings
        assert pairs.server_agreement_key is not None
        shared = pairs.agreement_key.shared_secret(pairs.server_agreement_key)
        return derive_key(self._settings.suite, shared, party_u, party_v)

    # -- receiving

    def expect(self, transaction_id: bytes) -> None:
        """Take what comes unasked under a key for one message: nothing tells whether it is an old one again."""
        self._last_transaction_id = transaction_id

    def unprotect(self, apdu: GeneralCiphering, sender: bytes, received: ReceivingCounter) -> bytes:
        """Return the verified plain APDU; the titles and the security control were checked before."""
        control = apdu.content.security_control
        counter = apdu.content.invocation_counter
        assert counter is not None  # every control that we expect protects something
        key = self._receiving_key(apdu, sender)
        one_time = isinstance(apdu.key_info, WrappedKey | AgreedKey)
        if one_time:
            if apdu.header.transaction_id != self._last_transaction_id:
                raise InvocationCounterReplayed("the answer belongs to another transaction")
        else:
            received.check(counter)
        opening = self._opening(key, sender, control)
        header = self._authenticated(apdu.header)
        if self._settings.accept_unverified:
            return open_unverified(opening, counter, apdu.content.payload)
        plain = open_sealed(opening, counter, apdu.content.payload, header)
        if one_time:
            self._last_transaction_id = None  # one answer for one request
        elif control.authenticated:
            received.commit(counter)
            self.took_identified_key |= self._settings.key_info is not KeyInfoKind.IDENTIFIED
        return plain

    def _receiving_key(self, apdu: GeneralCiphering, sender: bytes) -> Secret:
        settings, pairs = self._settings, self._settings.key_pairs
        match settings.key_info, apdu.key_info:
            case KeyInfoKind.IDENTIFIED, IdentifiedKey(key_id=0) | None:
                assert settings.global_unicast_encryption_key is not None  # checked by the settings
                return settings.global_unicast_encryption_key
            case _, IdentifiedKey(key_id=0) if self._counts:
                assert settings.global_unicast_encryption_key is not None  # checked by the settings
                return settings.global_unicast_encryption_key
            case KeyInfoKind.WRAPPED, WrappedKey(kek_id=0, key_ciphered_data=wrapped):
                assert settings.master_key is not None  # checked by the settings
                return unwrap_key(settings.master_key, wrapped)
            case KeyInfoKind.AGREED_ONE_PASS, AgreedKey(key_parameters=b"\x01", key_ciphered_data=key_data):
                assert pairs.agreement_key is not None  # checked by the settings
                assert pairs.server_signing_key is not None
                ephemeral = verified_ephemeral(settings.suite, pairs.server_signing_key, key_data)
                shared = pairs.agreement_key.shared_secret(ephemeral)
                return derive_key(settings.suite, shared, sender, settings.client_system_title)
            case KeyInfoKind.AGREED_STATIC, AgreedKey(key_parameters=b"\x02", key_ciphered_data=b""):
                party_u = static_party_u(sender, apdu.header.transaction_id)
                return self._static_key(party_u, settings.client_system_title)
            case _:
                raise SecurityDowngrade("general-ciphering with another kind of key than was agreed on")

    @property
    def _counts(self) -> bool:
        """Whether counters that are verified tell an answer under the global key from an old one."""
        return self._settings.expected_control.authenticated and not self._settings.accept_unverified

    def _authenticated(self, header: GeneralHeader) -> bytes:
        return encode_header(header) if self._settings.authenticate_header else b""

    def _sealing(self, key: Secret, sender: bytes) -> SealingKey:
        return SealingKey(
            key=key,
            authentication_key=self._settings.authentication_key,
            control=self._settings.sent_control,
            system_title=sender,
        )

    def _opening(self, key: Secret, sender: bytes, control: SecurityControl) -> SealingKey:
        return SealingKey(
            key=key,
            authentication_key=self._settings.authentication_key,
            control=control,
            system_title=sender,
        )
