"""AES key wrap (RFC 3394) for Security setup key_transfer (IEC 62056-5-3; class 64 method 2)."""

from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from ..encoding.data import Data, array, enum, octet_string, structure
from ..errors import AuthenticationTagInvalid, LocalProtocolError
from .keys import Secret

_KEY_LENGTHS: Final = (16, 32)


class KeyId(IntEnum):
    """Key ids of key_transfer."""

    GLOBAL_UNICAST_ENCRYPTION_KEY = 0
    GLOBAL_BROADCAST_ENCRYPTION_KEY = 1
    AUTHENTICATION_KEY = 2
    MASTER_KEY = 3


def wrap_key(master_key: Secret, key: Secret) -> bytes:
    """Return the wrapped key, 8 octets longer. LocalProtocolError unless 16 or 32 octets."""
    if len(master_key) not in _KEY_LENGTHS or len(key) not in _KEY_LENGTHS:
        raise LocalProtocolError("keys have 16 or 32 octets")
    return aes_key_wrap(master_key.reveal(), key.reveal())


def unwrap_key(master_key: Secret, wrapped: bytes) -> Secret:
    """Return the key. Raises AuthenticationTagInvalid."""
    if len(wrapped) - 8 not in _KEY_LENGTHS:
        raise AuthenticationTagInvalid("a wrapped key has 24 or 40 octets")
    try:
        return Secret(aes_key_unwrap(master_key.reveal(), wrapped))
    except InvalidUnwrap:
        raise AuthenticationTagInvalid("the wrapped key fails its integrity check") from None


def key_transfer_parameters(master_key: Secret, keys: dict[KeyId, Secret]) -> Data:
    """Return the array of structure {enum key_id, octet-string key_wrapped}."""
    return array(
        *(structure(enum(key_id), octet_string(wrap_key(master_key, key))) for key_id, key in sorted(keys.items()))
    )
