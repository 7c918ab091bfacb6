"""general-ciphering: transaction ids, the counter of keys for one message, and what the tag covers."""

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
import pytest

from custom_components.cosem.dlms.apdu.ciphered import GeneralHeader
from custom_components.cosem.dlms.security.counters import SendingCounter
from custom_components.cosem.dlms.security.general_ciphering import GeneralCipherer, encode_header
from custom_components.cosem.dlms.security.key_pairs import generate_key_pair
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import Envelope, KeyInfoKind, KeyPairs, SecuritySettings
from custom_components.cosem.dlms.security.suite import SecuritySuite

CLIENT, SERVER = bytes.fromhex("4D4D4D0000000001"), bytes.fromhex("4D4D4D0000BC614E")
EK, AK = Secret(bytes(range(16))), Secret(bytes(range(0xD0, 0xE0)))
GET = bytes.fromhex("C001C100080000010000FF0200")


def cipherer(start="00000000000000FF", **changes):
    values = {
        "client_system_title": CLIENT,
        "server_system_title": SERVER,
        "global_unicast_encryption_key": EK,
        "authentication_key": AK,
        "envelope": Envelope.GENERAL_CIPHERING,
    }

    def random(count):
        return bytes.fromhex(start) if count == 8 else bytes(count)

    return GeneralCipherer(SecuritySettings(**(values | changes)), random)


def agreed(key_info):
    pairs = [generate_key_pair(SecuritySuite.SUITE_1) for _ in range(4)]
    return {
        "suite": SecuritySuite.SUITE_1,
        "key_info": key_info,
        "key_pairs": KeyPairs(
            signing_key=pairs[0],
            agreement_key=pairs[1],
            server_signing_key=pairs[2].public_key,
            server_agreement_key=pairs[3].public_key,
        ),
    }


@pytest.mark.parametrize(
    ("start", "ids"),
    [
        ("00000000000000FF", ["00000000000000FF", "0000000000000100", "0000000000000101"]),
        ("0123456789ABCDEF", ["0123456789ABCDEF", "0123456789ABCDF0", "0123456789ABCDF1"]),
        ("FFFFFFFFFFFFFFFE", ["FFFFFFFFFFFFFFFE", "FFFFFFFFFFFFFFFF", "0000000000000000"]),
    ],
)
def test_transaction_ids_count_in_eight_octets_from_a_random_start(start, ids):
    general = cipherer(start)
    assert [general.new_header(SERVER).transaction_id.hex().upper() for _ in ids] == ids


def test_the_header_names_both_titles_and_nothing_else():
    assert cipherer().new_header(SERVER) == GeneralHeader(bytes.fromhex("00000000000000FF"), CLIENT, SERVER, b"", b"")


@pytest.mark.parametrize(
    "changes",
    [
        {"key_info": KeyInfoKind.WRAPPED, "master_key": Secret(bytes(16))},
        agreed(KeyInfoKind.AGREED_ONE_PASS),
        agreed(KeyInfoKind.AGREED_STATIC),
    ],
    ids=["wrapped", "one pass", "static"],
)
def test_a_key_for_one_message_counts_from_zero_and_leaves_the_global_counter_alone(changes):
    counter = SendingCounter(7, ceiling=10)
    assert cipherer(**changes).protect(GET, SERVER, counter).content.invocation_counter == 0
    assert counter.next_value == 7


def test_the_identified_key_counts_with_the_global_counter():
    counter = SendingCounter(7, ceiling=10)
    assert cipherer().protect(GET, SERVER, counter).content.invocation_counter == 7
    assert counter.next_value == 8


@pytest.mark.parametrize("with_header", [True, False])
def test_the_tag_covers_the_header_only_where_that_is_agreed_on(with_header):
    sent = cipherer(authenticate_header=with_header).protect(GET, SERVER, SendingCounter(7, ceiling=10))
    additional = b"\x30" + AK.reveal() + (encode_header(sent.header) if with_header else b"")
    whole = AESGCM(EK.reveal()).encrypt(CLIENT + (7).to_bytes(4, "big"), GET, additional)
    assert sent.content.payload == whole[:-4]


def test_the_header_is_covered_with_the_length_of_every_field():
    assert encode_header(GeneralHeader(b"\x01\x02", b"AB", b"", b"", b""), b"X").hex() == "020102024142000000" + "0158"
