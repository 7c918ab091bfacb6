"""Samples of notifications, as a listener hears them: opened, verified, and never taken twice."""

from collections.abc import Iterator

import pytest

from custom_components.cosem.dlms.addresses import TransportProtocol
from custom_components.cosem.dlms.apdu.ciphered import GENERAL_SIGNING
from custom_components.cosem.dlms.client.hearing import Heard, Hearing, Source
from custom_components.cosem.dlms.errors import SecurityDowngrade
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from custom_components.cosem.dlms.protocol.proposal import WportPair
from custom_components.cosem.dlms.protocol.wrapper import decode_wpdu
from custom_components.cosem.dlms.security.counters import ReceivingCounters
from custom_components.cosem.dlms.security.key_pairs import PrivateKey, PublicKey
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.notification_keys import NotificationKeys
from custom_components.cosem.dlms.security.settings import KeyPairs, SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection, SecuritySuite
from tests.vector_tools import Vector, vectors

SOURCE = Source(TransportProtocol.UDP, "192.0.2.7", 4059)
PAIR = WportPair(1, 1)
OWN_TITLE = bytes.fromhex("4D4D4D0000000001")
NOTIFICATIONS = {"data-notification", "event-notification-request", "information-report-request"}


def key(vector: Vector, name: str) -> bytes:
    return bytes.fromhex(vector.keys.get(name) or "")


def settings_of(vector: Vector, *, sign: bool = False) -> SecuritySettings | None:
    """What an entry for this sender has; None for plain ones."""
    if not (encryption := key(vector, "ek")):
        return None
    suite = SecuritySuite(vector.keys.get("suite", 0))
    pairs = KeyPairs()
    if private := key(vector, "client_private"):
        own = PrivateKey.from_octets(suite, Secret(private))
        peer = PublicKey.from_octets(suite, key(vector, "server_public"))
        pairs = KeyPairs(signing_key=own, server_signing_key=peer, agreement_key=own, server_agreement_key=peer)
    authentication = key(vector, "ak")
    return SecuritySettings(
        client_system_title=key(vector, "client_system_title") or OWN_TITLE,
        server_system_title=key(vector, "server_system_title") or key(vector, "originator_system_title") or None,
        suite=suite,
        protection=Protection.AUTHENTICATED_ENCRYPTED if authentication else Protection.ENCRYPTED,
        global_unicast_encryption_key=Secret(encryption),
        authentication_key=Secret(authentication),
        master_key=Secret(key(vector, "kek")) if key(vector, "kek") else None,
        key_pairs=pairs,
        sign=sign,
    )


class House:
    """A listener without sockets, with the keys of a sample."""

    def __init__(self, vector: Vector, *, sign: bool = False) -> None:
        self.heard: list[Heard] = []
        settings = settings_of(vector, sign=sign)
        known = [] if settings is None else [NotificationKeys(settings, ReceivingCounters())]
        self.hearing = Hearing(self.heard.append, NotificationSenders(known), DEFAULT_LIMITS, lambda: 0.0)

    def take(self, *apdus: bytes) -> list[Heard]:
        before = len(self.heard)
        for apdu in apdus:
            self.hearing.take_message(SOURCE, PAIR, apdu)
        return self.heard[before:]


def samples() -> Iterator[Vector]:
    for theme in ("notification", "more-services", "ciphered", "push", "push-capture"):
        for vector in vectors(theme):
            plain = vector.expect.get("plain") or vector.expect.get("content") or vector.expect
            if isinstance(plain, dict) and plain.get("apdu") in NOTIFICATIONS:
                yield vector


SAMPLES = list(samples())
PROTECTED = [vector for vector in SAMPLES if vector.keys.get("ek") and "ded" not in vector.keys]
WITH_PAIRS = [vector for vector in PROTECTED if "client_private" in vector.keys]


@pytest.mark.parametrize("vector", [each for each in SAMPLES if not each.keys], ids=lambda each: each.name)
def test_s23_plain_samples_are_handed_over_as_they_are(vector: Vector):
    house = House(vector)
    (heard,) = house.take(vector.octets)
    assert (heard.apdu, heard.authenticated, heard.encrypted) == (vector.octets, False, False)
    assert not house.take(vector.octets)


@pytest.mark.parametrize("vector", PROTECTED, ids=lambda each: each.name)
def test_s24_protected_samples_are_opened_once(vector: Vector):
    house = House(vector)
    (heard,) = house.take(*blocks_of(vector))
    verified = bool(key(vector, "ak"))
    assert heard.error is None
    assert heard.apdu == bytes.fromhex(vector.expect["plaintext"])
    assert (heard.authenticated, heard.encrypted) == (verified, True)
    assert (heard.system_title is not None) == verified
    assert not house.take(*blocks_of(vector))


@pytest.mark.parametrize("vector", WITH_PAIRS, ids=lambda each: each.name)
def test_where_every_message_is_signed_a_notification_without_a_signature_is_refused(vector: Vector):
    (heard,) = House(vector, sign=True).take(vector.octets)
    assert (heard.error is None) == (vector.octets[0] == GENERAL_SIGNING)


def blocks_of(vector: Vector) -> list[bytes]:
    return [bytes.fromhex(block) for block in vector.fields.get("gbt_blocks") or [vector.octets.hex()]]


@pytest.mark.parametrize("vector", [each for each in PROTECTED if key(each, "ak")], ids=lambda each: each.name)
def test_f18_a_protected_sample_with_one_bit_changed_is_refused(vector: Vector):
    for place in (-1, -13):
        broken = bytearray(vector.octets)
        broken[place] ^= 0x01
        (heard,) = House(vector).take(bytes(broken))
        assert heard.error is not None
        assert not heard.authenticated
        assert heard.apdu == bytes(broken)


@pytest.mark.parametrize("vector", [each for each in SAMPLES if "ded" in each.keys], ids=lambda each: each.name)
def test_a_dedicated_key_opens_nothing_outside_of_its_association(vector: Vector):
    (heard,) = House(vector).take(vector.octets)
    assert isinstance(heard.error, SecurityDowngrade)


PUSHES = [vector for vector in vectors("conversations") if vector.fields["association"] is None]


@pytest.mark.parametrize("vector", PUSHES, ids=lambda each: each.name)
def test_pushes_in_blocks_of_both_spellings_are_joined_and_verified(vector: Vector):
    house = House(vector)
    apdus = [decode_wpdu(bytes.fromhex(each["hex"])).apdu for each in vector.fields["wpdus"]]
    (heard,) = house.take(*apdus[:2], *apdus)  # a new block 1 always starts anew
    assert heard.apdu.hex() == vector.fields["wpdus"][-1]["apdu_plain"]
    assert heard.authenticated == bool(vector.keys)
    assert not house.take(*apdus)


def test_there_are_samples_of_everything():
    assert len(PUSHES) == 5
    assert len(PROTECTED) >= 13
