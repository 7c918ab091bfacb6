"""AES key wrap and the payload of key transfer."""

import pytest

from custom_components.cosem.dlms.encoding.data import encode_data_octets
from custom_components.cosem.dlms.errors import AuthenticationTagInvalid, LocalProtocolError
from custom_components.cosem.dlms.security.key_wrap import KeyId, key_transfer_parameters, unwrap_key, wrap_key
from custom_components.cosem.dlms.security.keys import Secret
from tests.vector_tools import by_name, vectors

MASTER = Secret(bytes.fromhex("00112233445566778899aabbccddeeff"))


@pytest.mark.parametrize(
    "vector", [vector for vector in vectors("key-wrap") if "unwrapped" in vector.expect], ids=lambda vector: vector.name
)
def test_samples_wrap_and_unwrap(vector):
    master = Secret(bytes.fromhex(vector.keys["kek"]))
    key = Secret(bytes.fromhex(vector.expect["unwrapped"]))
    assert wrap_key(master, key) == vector.octets
    assert unwrap_key(master, vector.octets).reveal() == key.reveal()


def test_an_altered_wrapped_key_is_refused():
    vector = by_name("key-wrap", "altered wrapped key must fail integrity check")
    with pytest.raises(AuthenticationTagInvalid):
        unwrap_key(MASTER, vector.octets)


@pytest.mark.parametrize("length", [0, 8, 16, 25, 41])
def test_a_wrapped_key_of_a_wrong_length_is_refused(length):
    with pytest.raises(AuthenticationTagInvalid, match="24 or 40 octets"):
        unwrap_key(MASTER, bytes(length))


@pytest.mark.parametrize(("master", "key"), [(16, 15), (24, 16), (0, 16)])
def test_only_keys_of_the_suites_are_wrapped(master, key):
    with pytest.raises(LocalProtocolError):
        wrap_key(Secret(bytes(master)), Secret(bytes(key)))


def test_key_transfer_carries_the_keys_in_order_of_their_ids():
    vector = next(vector for vector in vectors("key-wrap") if "apdu" in vector.expect)
    new_key = Secret(bytes(range(16)))
    parameters = encode_data_octets(key_transfer_parameters(MASTER, {KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY: new_key}))
    assert vector.octets.endswith(parameters)
    both = key_transfer_parameters(
        MASTER, {KeyId.AUTHENTICATION_KEY: new_key, KeyId.GLOBAL_UNICAST_ENCRYPTION_KEY: new_key}
    )
    assert encode_data_octets(both).startswith(bytes.fromhex("0102 0202 1600 0918"))


def test_key_ids_are_those_of_key_transfer():
    assert [(key.value, key.name) for key in KeyId] == [
        (0, "GLOBAL_UNICAST_ENCRYPTION_KEY"),
        (1, "GLOBAL_BROADCAST_ENCRYPTION_KEY"),
        (2, "AUTHENTICATION_KEY"),
        (3, "MASTER_KEY"),
    ]
