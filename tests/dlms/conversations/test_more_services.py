"""Single APDUs in every envelope: deciphered with the keys of both sides, decoded as expected."""

from typing import Any

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.ciphered import (
    DEDICATED_TAGS,
    AgreedKey,
    CipheredContent,
    GeneralCiphering,
    GeneralDedCiphering,
    GeneralGloCiphering,
    GeneralSigning,
    IdentifiedKey,
    ServiceCiphered,
    WrappedKey,
)
from custom_components.cosem.dlms.describe import describe
from custom_components.cosem.dlms.security.cipher import SealingKey, open_sealed
from custom_components.cosem.dlms.security.general_ciphering import encode_header
from custom_components.cosem.dlms.security.key_pairs import (
    PrivateKey,
    PublicKey,
    derive_key,
    static_party_u,
    verified_ephemeral,
)
from custom_components.cosem.dlms.security.key_wrap import unwrap_key
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.receiving import signed_part
from custom_components.cosem.dlms.security.suite import SecuritySuite
from tests.vector_tools import Vector, vectors

PROTECTED = [vector for vector in vectors("more-services") if "plaintext" in vector.expect]


class Keys:
    """The keys of one sample."""

    def __init__(self, vector: Vector) -> None:
        self._keys = vector.keys
        self.suite = SecuritySuite(vector.keys["suite"])
        by_client = "unconfirmed" in vector.name
        self.sender = self._octets("client_system_title" if by_client else "server_system_title")
        self.receiver = self._octets("server_system_title" if by_client else "client_system_title")

    def _octets(self, name: str) -> bytes:
        return bytes.fromhex(self._keys.get(name, ""))

    def named(self, name: str) -> Secret:
        """Return a key."""
        return Secret(self._octets(name))

    def open(self, key: Secret, content: CipheredContent, header: bytes = b"") -> bytes:
        """Return what an envelope holds, verified."""
        assert content.invocation_counter is not None
        sealing = SealingKey(
            key=key,
            authentication_key=self.named("ak"),
            control=content.security_control,
            system_title=self.sender,
        )
        return open_sealed(sealing, content.invocation_counter, content.payload, header)

    def verify(self, signed: GeneralSigning) -> bytes:
        """Return what a signature covers."""
        PublicKey.from_octets(self.suite, self._octets("server_public")).verify(signed.signature, signed_part(signed))
        return signed.content

    def key_for(self, apdu: GeneralCiphering) -> Secret:
        """Return the key that general-ciphering names."""
        match apdu.key_info:
            case IdentifiedKey(key_id=0):
                return self.named("ek")
            case WrappedKey(key_ciphered_data=wrapped):
                return unwrap_key(self.named("kek"), wrapped)
            case AgreedKey(key_parameters=b"\x01", key_ciphered_data=data):
                public = PublicKey.from_octets(self.suite, self._octets("server_public"))
                shared = self._private.shared_secret(verified_ephemeral(self.suite, public, data))
                return derive_key(self.suite, shared, self.sender, self.receiver)
        shared = self._private.shared_secret(PublicKey.from_octets(self.suite, self._octets("server_public")))
        party_u = static_party_u(self.sender, apdu.header.transaction_id)
        return derive_key(self.suite, shared, party_u, self.receiver)

    @property
    def _private(self) -> PrivateKey:
        return PrivateKey.from_octets(self.suite, self.named("client_private"))


def opened(vector: Vector) -> bytes:
    """Return the plain APDU of a sample."""
    keys = Keys(vector)
    envelope: Any = decode_apdu(vector.octets)
    if isinstance(envelope, GeneralSigning):
        content = keys.verify(envelope)
        if content.hex() == vector.expect["plaintext"]:
            return content
        envelope = decode_apdu(content)
    match envelope:
        case GeneralCiphering():
            return keys.open(keys.key_for(envelope), envelope.content, encode_header(envelope.header))
        case GeneralDedCiphering():
            return keys.open(keys.named("ded"), envelope.content)
        case ServiceCiphered() | GeneralGloCiphering():
            dedicated = isinstance(envelope, ServiceCiphered) and envelope.tag in DEDICATED_TAGS
            broadcast = envelope.content.security_control.broadcast
            return keys.open(keys.named("gbek" if broadcast else "ded" if dedicated else "ek"), envelope.content)
    raise AssertionError(envelope)


@pytest.mark.parametrize("vector", PROTECTED, ids=lambda vector: vector.name)
def test_protected_apdu_holds_what_it_says(vector: Vector):
    plain = opened(vector)
    assert plain.hex() == vector.expect["plaintext"]
    assert describe(decode_apdu(plain), show_secrets=True) == vector.expect["plain"]


def test_there_are_samples_of_every_envelope():
    kinds = {type(decode_apdu(vector.octets)) for vector in PROTECTED}
    assert kinds == {ServiceCiphered, GeneralGloCiphering, GeneralDedCiphering, GeneralCiphering, GeneralSigning}
