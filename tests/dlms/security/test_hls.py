"""Pass 3 and pass 4 of every mechanism."""

import hashlib

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
import pytest

from custom_components.cosem.dlms.apdu import decode_apdu
from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.errors import ChallengeRefused, LocalProtocolError, PeerNotAuthenticated
from custom_components.cosem.dlms.security import hls
from custom_components.cosem.dlms.security.hls import (
    Challenges,
    HlsCredentials,
    _is_request,
    challenge_length,
    check_challenges,
    client_proof,
    verify_server_proof,
)
from custom_components.cosem.dlms.security.key_pairs import PublicKey, generate_key_pair
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.suite import SecuritySuite
from tests.vector_tools import vectors

CLIENT, SERVER = bytes.fromhex("4D4D4D0000000001"), bytes.fromhex("4D4D4D0000BC614E")
CTOS, STOC = b"K56iVagY", b"P6wRJ21F"
BOTH = Challenges(client_to_server=CTOS, server_to_client=STOC, client_system_title=CLIENT, server_system_title=SERVER)
SECRET = Secret(b"ABCDEFGH12345678")
EK, AK = Secret(bytes(range(16))), Secret(bytes(range(0xD0, 0xE0)))
SYMMETRIC = (Mechanism.HLS, Mechanism.HLS_MD5, Mechanism.HLS_SHA1, Mechanism.HLS_SHA256, Mechanism.HLS_GMAC)


def credentials(mechanism, **changes):
    values = {
        "mechanism": mechanism,
        "secret": SECRET,
        "global_unicast_encryption_key": EK,
        "authentication_key": AK,
    }
    return HlsCredentials(**(values | changes))


def mirrored(challenges):
    """The same exchange as the meter sees it: its proof is what a client in its place would compute."""
    return Challenges(
        client_to_server=challenges.server_to_client,
        server_to_client=challenges.client_to_server,
        client_system_title=challenges.server_system_title,
        server_system_title=challenges.client_system_title,
    )


def sample_challenges(vector):
    challenge = bytes.fromhex(vector.expect["challenge"])
    if vector.expect.get("computed_by") == "server":
        return Challenges(
            client_to_server=challenge, server_to_client=STOC, client_system_title=CLIENT, server_system_title=SERVER
        )
    return Challenges(
        client_to_server=CTOS, server_to_client=challenge, client_system_title=CLIENT, server_system_title=SERVER
    )


@pytest.mark.parametrize(
    "vector",
    [
        vector
        for vector in vectors("hls")
        if vector.expect.get("mechanism") in (2, 3, 4, 5, 6) and "challenge" in vector.expect
    ],
    ids=lambda vector: vector.name,
)
def test_samples(vector):
    keys = {name: value for name, value in vector.keys.items() if name in ("ek", "ak", "secret")}
    own = HlsCredentials(
        mechanism=Mechanism(vector.expect["mechanism"]),
        secret=Secret(bytes.fromhex(keys["secret"])) if "secret" in keys else None,
        suite=SecuritySuite(vector.keys.get("suite", 0)),
        global_unicast_encryption_key=Secret(bytes.fromhex(keys["ek"])) if "ek" in keys else None,
        authentication_key=Secret(bytes.fromhex(keys["ak"])) if "ak" in keys else None,
    )
    challenges = sample_challenges(vector)
    counter = vector.expect.get("invocation_counter")
    if vector.expect.get("computed_by") == "server":
        assert verify_server_proof(own, challenges, vector.octets) == counter
    else:
        assert client_proof(own, challenges, counter) == vector.octets


def test_sample_ecdsa_signature():
    vector = next(vector for vector in vectors("hls") if vector.expect.get("mechanism") == 7)
    public = PublicKey.from_octets(SecuritySuite.SUITE_1, bytes.fromhex(vector.keys["signing_public"]))
    # The sample was computed by the client: seen from the other side it is the peer's proof.
    other = mirrored(BOTH)
    known = credentials(Mechanism.HLS_ECDSA, peer_public_key=public)
    assert verify_server_proof(known, other, vector.octets) is None
    with pytest.raises(PeerNotAuthenticated):
        verify_server_proof(known, BOTH, vector.octets)


def test_sha256_hashes_secret_titles_and_both_challenges():
    expected = hashlib.sha256(SECRET.reveal() + CLIENT + SERVER + STOC + CTOS).digest()
    assert client_proof(credentials(Mechanism.HLS_SHA256), BOTH) == expected
    answer = hashlib.sha256(SECRET.reveal() + SERVER + CLIENT + CTOS + STOC).digest()
    assert verify_server_proof(credentials(Mechanism.HLS_SHA256), BOTH, answer) is None


@pytest.mark.parametrize("mechanism", SYMMETRIC)
def test_s19_only_the_right_answer_is_accepted(mechanism):
    own = credentials(mechanism)
    answer = client_proof(own, mirrored(BOTH), 0x01234567)
    assert verify_server_proof(own, BOTH, answer) in (None, 0x01234567)
    for position in range(len(answer)):
        altered = bytearray(answer)
        altered[position] ^= 0x80
        with pytest.raises(PeerNotAuthenticated):
            verify_server_proof(own, BOTH, bytes(altered))
    for wrong in (b"", answer[:-1], answer + b"\0", client_proof(own, BOTH, 1)):
        with pytest.raises(PeerNotAuthenticated):
            verify_server_proof(own, BOTH, wrong)


@pytest.mark.parametrize("mechanism", SYMMETRIC)
def test_s10_proofs_are_compared_in_constant_time_and_by_nothing_else(mechanism, monkeypatch):
    own, compared = credentials(mechanism), []
    answer = client_proof(own, mirrored(BOTH), 0x01234567)

    def never_equal(one, other):
        compared.append((one, other))
        return False

    monkeypatch.setattr(hls, "bytes_eq", never_equal)
    with pytest.raises(PeerNotAuthenticated):
        verify_server_proof(own, BOTH, answer)
    assert compared == [(answer, answer)]


def test_ecdsa_both_ways():
    suite = SecuritySuite.SUITE_2
    client, server = generate_key_pair(suite), generate_key_pair(suite)
    ours = credentials(Mechanism.HLS_ECDSA, suite=suite, signing_key=client, peer_public_key=server.public_key)
    theirs = credentials(Mechanism.HLS_ECDSA, suite=suite, signing_key=server, peer_public_key=client.public_key)
    verify_server_proof(theirs, mirrored(BOTH), client_proof(ours, BOTH))
    answer = client_proof(theirs, mirrored(BOTH))
    assert verify_server_proof(ours, BOTH, answer) is None
    with pytest.raises(PeerNotAuthenticated):
        verify_server_proof(ours, BOTH, client_proof(ours, BOTH))


def test_the_manufacturer_mechanism_pads_secret_and_challenge():
    short = credentials(Mechanism.HLS, secret=Secret(b"abc"))
    padded = credentials(Mechanism.HLS, secret=Secret(b"abc".ljust(16, b"\0")))
    assert client_proof(short, BOTH) == client_proof(padded, BOTH)
    long_challenge = Challenges(client_to_server=CTOS, server_to_client=bytes(range(33)))
    assert len(client_proof(short, long_challenge)) == 48
    with pytest.raises(LocalProtocolError):
        client_proof(credentials(Mechanism.HLS, secret=Secret(bytes(17))), BOTH)


@pytest.mark.parametrize("mechanism", [Mechanism.NONE, Mechanism.LLS])
def test_low_mechanisms_have_no_pass_3(mechanism):
    with pytest.raises(LocalProtocolError):
        client_proof(credentials(mechanism), BOTH)


@pytest.mark.parametrize(
    ("mechanism", "missing", "words"),
    [
        (Mechanism.HLS_MD5, "secret", "a secret$"),
        (Mechanism.HLS_GMAC, "global_unicast_encryption_key", "a global unicast encryption key$"),
        (Mechanism.HLS_GMAC, "authentication_key", "an authentication key$"),
        (Mechanism.HLS_ECDSA, "signing_key", "a signing key$"),
    ],
)
def test_missing_credentials_are_our_mistake_and_named(mechanism, missing, words):
    with pytest.raises(LocalProtocolError, match=words):
        client_proof(credentials(mechanism, **{missing: None}), BOTH, 1)


def test_gmac_needs_a_counter():
    with pytest.raises(LocalProtocolError, match=r"an invocation counter$"):
        client_proof(credentials(Mechanism.HLS_GMAC), BOTH)


def test_ecdsa_needs_the_peers_key():
    with pytest.raises(LocalProtocolError, match=r"the meter's public key$"):
        verify_server_proof(credentials(Mechanism.HLS_ECDSA), BOTH, bytes(64))


@pytest.mark.parametrize("length", [0, 7, 65])
def test_s19_a_server_challenge_of_a_wrong_length_is_refused(length):
    with pytest.raises(ChallengeRefused):
        check_challenges(Mechanism.HLS_MD5, Challenges(client_to_server=CTOS, server_to_client=bytes(length)))


def test_s19_reflection_is_refused():
    with pytest.raises(ChallengeRefused):
        check_challenges(Mechanism.HLS_MD5, Challenges(client_to_server=CTOS, server_to_client=CTOS))
    with pytest.raises(ChallengeRefused):
        check_challenges(
            Mechanism.HLS_GMAC,
            Challenges(
                client_to_server=CTOS, server_to_client=STOC, client_system_title=CLIENT, server_system_title=CLIENT
            ),
        )
    check_challenges(Mechanism.HLS_GMAC, BOTH)
    check_challenges(Mechanism.HLS_MD5, Challenges(client_to_server=CTOS, server_to_client=STOC))


@pytest.mark.parametrize(
    "wrap", [b"%b" + bytes(16), b"another sixteen." + b"%b", b"%b%b", bytes(16) + b"%b" + bytes(7)]
)
def test_s19_reflection_within_a_longer_challenge_is_refused_where_blocks_stand_alone(wrap):
    """Mechanism 2 enciphers block by block: our answer would hold the meter's, which need not know the secret."""
    own = bytes(range(100, 116))
    reflecting = Challenges(client_to_server=own, server_to_client=wrap.replace(b"%b", own))
    answer = client_proof(credentials(Mechanism.HLS), reflecting)
    assert client_proof(credentials(Mechanism.HLS), mirrored(reflecting)) in answer
    with pytest.raises(ChallengeRefused, match="our own challenge"):
        check_challenges(Mechanism.HLS, reflecting)
    check_challenges(Mechanism.HLS_MD5, reflecting)


def test_s19_reflection_in_a_padded_challenge_is_refused_where_blocks_stand_alone():
    own = bytes(range(100, 115)) + b"\0"
    with pytest.raises(ChallengeRefused, match="our own challenge"):
        check_challenges(Mechanism.HLS, Challenges(client_to_server=own, server_to_client=own[:15]))


def test_s21_own_challenges_are_long_enough():
    assert {mechanism: challenge_length(mechanism) for mechanism in (*SYMMETRIC, Mechanism.HLS_ECDSA)} == dict.fromkeys(
        SYMMETRIC, 16
    ) | {Mechanism.HLS_ECDSA: 32}


def proof_under(control, counter=7, title=SERVER):
    """A proof that is right for this security control, made by cryptography alone."""
    head, octets = bytes([control]), counter.to_bytes(4, "big")
    tag = AESGCM(EK.reveal()).encrypt(title + octets, b"", head + AK.reveal() + CTOS)[:12]
    return head + octets + tag


@pytest.mark.parametrize(
    ("suite", "control"), [(SecuritySuite.SUITE_0, 0x10), (SecuritySuite.SUITE_1, 0x11)], ids=["suite 0", "suite 1"]
)
def test_s19_a_gmac_proof_under_authentication_and_our_suite_is_believed(suite, control):
    assert verify_server_proof(credentials(Mechanism.HLS_GMAC, suite=suite), BOTH, proof_under(control)) == 7


@pytest.mark.parametrize(
    ("suite", "control"),
    [
        *((SecuritySuite.SUITE_0, control) for control in (0x00, 0x20, 0x30, 0x11, 0x12, 0x50, 0x90)),
        (SecuritySuite.SUITE_1, 0x10),
        (SecuritySuite.SUITE_2, 0x10),
    ],
)
def test_s19_a_gmac_proof_under_another_security_control_is_refused(suite, control):
    """Only the control octet differs from what was agreed: no authentication, encryption, another suite or key.

    In suites 1 and 2 there is a server that writes that of suite 0.
    """
    with pytest.raises(PeerNotAuthenticated, match="wrong form"):
        verify_server_proof(credentials(Mechanism.HLS_GMAC, suite=suite), BOTH, proof_under(control))


def test_md5_and_sha1_hash_challenge_and_secret():
    for mechanism, name in ((Mechanism.HLS_MD5, "md5"), (Mechanism.HLS_SHA1, "sha1")):
        assert client_proof(credentials(mechanism), BOTH) == hashlib.new(name, STOC + SECRET.reveal()).digest()
        answer = hashlib.new(name, CTOS + SECRET.reveal()).digest()
        assert verify_server_proof(credentials(mechanism), BOTH, answer) is None


def test_without_titles_and_suite_there_are_none_and_suite_0():
    bare = Challenges(client_to_server=CTOS, server_to_client=STOC)
    expected = hashlib.sha256(SECRET.reveal() + STOC + CTOS).digest()
    assert client_proof(credentials(Mechanism.HLS_SHA256), bare) == expected
    assert client_proof(credentials(Mechanism.HLS_GMAC), BOTH, 1)[0] == 0x10


@pytest.mark.parametrize("length", [8, 64])
@pytest.mark.parametrize("mechanism", [Mechanism.HLS, Mechanism.HLS_MD5])
def test_server_challenges_of_8_to_64_octets_that_reflect_nothing_are_accepted(mechanism, length):
    own = bytes(range(100, 132))
    theirs = bytes(range(1, length + 1))
    assert check_challenges(mechanism, Challenges(client_to_server=own, server_to_client=theirs)) is None


@pytest.mark.parametrize(("one", "other"), [(CLIENT, SERVER), (SERVER, CLIENT), (b"", b""), (b"", SERVER)])
def test_two_titles_are_only_refused_when_they_are_the_same(one, other):
    challenges = Challenges(
        client_to_server=CTOS, server_to_client=STOC, client_system_title=one, server_system_title=other
    )
    assert check_challenges(Mechanism.HLS_GMAC, challenges) is None


REQUESTS = [
    "01 00 00 00 06 5F1F0400 7C1BA0 FFFF",  # initiate
    "05 02 02 FA00 02 FA08",  # read
    "06 01 02 FA00 01 11 05",  # write
    "16 01 02 FA00 01 11 05",  # unconfirmed write
    "C0 01 C1 0003 0100010800FF 02 00",  # get
    "C1 01 C1 0008 0000010000FF 02 00 11 05",  # set
    "C3 01 C1 0046 0000600300FF 01 01 0F 00",  # action: the switch
    "D9 40000001 00 01 01 0003 0100010800FF 02 01 00",  # access
]


@pytest.mark.parametrize("octets", REQUESTS)
def test_trial_20_a_challenge_that_is_a_request_is_not_answered(octets):
    """Its GMAC proof would be the tag with which the meter takes that request for ours."""
    request = bytes.fromhex(octets)
    disguised = Challenges(client_to_server=CTOS, server_to_client=request)
    with pytest.raises(ChallengeRefused, match="is a request"):
        check_challenges(Mechanism.HLS_GMAC, disguised)
    check_challenges(Mechanism.HLS_SHA256, disguised)


@pytest.mark.parametrize("octets", REQUESTS)
@pytest.mark.parametrize(
    "change", [lambda octets: octets + b"\0", lambda octets: octets[:-1] + b"", lambda octets: b"\xc4" + octets]
)
def test_s34_other_challenges_that_begin_like_one_are_answered(octets, change):
    challenge = change(bytes.fromhex(octets))
    if len(challenge) < 8:
        challenge += bytes(8)
    challenges = Challenges(client_to_server=CTOS, server_to_client=challenge)
    check_challenges(Mechanism.HLS_GMAC, challenges)
    assert not _is_request(challenge)


def test_s34_a_challenge_that_is_a_response_asks_for_nothing_and_is_answered():
    response = bytes.fromhex("C4 01 C1 00 06 00000001")
    decode_apdu(response)
    assert not _is_request(response)
    check_challenges(Mechanism.HLS_GMAC, Challenges(client_to_server=CTOS, server_to_client=response))
