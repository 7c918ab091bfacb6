from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.acse import AuthenticationForm, AuthenticationValue, Mechanism
from custom_components.cosem.dlms.apdu.initiate import DEFAULT_PROPOSED_CONFORMANCE, Conformance, InitiateResponse
from custom_components.cosem.dlms.errors import (
    AssociationRejected,
    ConfirmedServiceErrorReceived,
    DecodeError,
    ExceptionReceived,
    LocalProtocolError,
    OtherTermAccepted,
    ProposedTerm,
    RemoteProtocolError,
    SecurityDowngrade,
    UnexpectedApdu,
)
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.opening import Opening, OpeningMaterial
from custom_components.cosem.dlms.protocol.proposal import (
    AssociationParameters,
    Negotiated,
    NoProtection,
    WportPair,
    check_initiate,
    check_names,
    encode_proposal,
    encode_release,
    initiate_request,
    refusal_of,
    with_few_services,
)
from custom_components.cosem.dlms.protocol.referencing import Referencing
from custom_components.cosem.dlms.security.counters import SendingCounter
from custom_components.cosem.dlms.security.key_pairs import generate_key_pair
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import Envelope, KeyPairs, SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection, SecuritySuite
from tests.dlms.scripted import GRANTED, PARAMETERS, aare, initiate
from tests.vector_tools import vectors

TITLE = b"MMM\0\0\0\0\1"
TITLE_ONLY = SecuritySettings(client_system_title=TITLE, protection=Protection.NONE)
NO_AUTHENTICATION_KEY = SecuritySettings(client_system_title=TITLE, global_unicast_encryption_key=Secret(bytes(16)))
CIPHERED = NO_AUTHENTICATION_KEY
OWN_KEY = generate_key_pair(SecuritySuite.SUITE_1)
NO_METER_KEY = SecuritySettings(
    client_system_title=TITLE,
    suite=SecuritySuite.SUITE_1,
    protection=Protection.NONE,
    key_pairs=KeyPairs(signing_key=OWN_KEY),
)
PASSWORD = AssociationParameters(mechanism=Mechanism.LLS, password=Secret(b"12345678"))
LLS_NAME = bytes.fromhex("60857405080201")
GMAC_NAME = bytes.fromhex("60857405080205")
MD5_NAME = bytes.fromhex("60857405080203")
CONTEXT_3 = bytes.fromhex("60857405080103")
CIPHERED_WITH_KEY = SecuritySettings(
    client_system_title=TITLE,
    global_unicast_encryption_key=Secret(bytes(16)),
    authentication_key=Secret(bytes(range(16))),
)


def check(octets, parameters=PARAMETERS):
    return Opening(parameters).accept(octets)


def proposal(parameters):
    return encode_proposal(parameters, initiate_request(parameters))


# -- what we propose


def test_proposal_without_authentication_is_the_published_one():
    younger = Conformance.GENERAL_BLOCK_TRANSFER | Conformance.ACCESS
    conformance = DEFAULT_PROPOSED_CONFORMANCE & ~younger
    parameters = AssociationParameters(max_receive_pdu_size=1200, conformance=conformance)
    assert proposal(parameters).hex().upper() == ("601DA109060760857405080101BE10040E01000000065F1F0400007E1F04B0")


def test_proposal_with_password_names_mechanism_and_requirement():
    octets = proposal(PASSWORD)
    assert bytes.fromhex("8A0207808B0760857405080201AC0A80083132333435363738") in octets
    assert decode_apdu(octets).mechanism_name == LLS_NAME


def test_every_wport_can_be_proposed():
    for wport in (0, 65_535):
        assert AssociationParameters(client_wport=wport, server_wport=wport).pair == WportPair(wport, wport)


@pytest.mark.parametrize(
    ("arguments", "ciphered", "titles", "counter"),
    [
        ({}, False, False, False),
        ({"mechanism": Mechanism.HLS_MD5, "hls_secret": Secret(b"x")}, False, False, False),
        ({"mechanism": Mechanism.HLS_MD5, "hls_secret": Secret(b"x"), "security": TITLE_ONLY}, False, False, False),
        ({"mechanism": Mechanism.HLS_SHA256, "hls_secret": Secret(b"x"), "security": TITLE_ONLY}, False, True, False),
        ({"security": CIPHERED}, True, True, True),
        ({"mechanism": Mechanism.LLS, "password": Secret(b"x"), "security": CIPHERED}, True, True, True),
    ],
)
def test_what_an_association_uses(arguments, ciphered, titles, counter):
    parameters = AssociationParameters(**arguments)
    assert (parameters.is_ciphered, parameters.uses_titles, parameters.uses_counter) == (ciphered, titles, counter)
    aarq = decode_apdu(proposal(parameters))
    assert aarq.application_context_name[-1] == (3 if ciphered else 1)
    assert aarq.calling_ap_title == (TITLE if titles else None)
    assert parameters.overhead == (21 if ciphered else 0)


@pytest.mark.parametrize(
    ("changes", "general"),
    [
        ({}, True),  # ACCESS has no envelope of its own
        ({"envelope": Envelope.GENERAL}, True),
        ({"envelope": Envelope.GENERAL_CIPHERING}, True),
        ({"envelope": Envelope.GENERAL, "protection": Protection.NONE}, False),
    ],
    ids=str,
)
def test_general_protection_is_proposed_where_it_is_used(changes, general):
    key = Secret(bytes(16))
    security = SecuritySettings(**({"client_system_title": TITLE, "global_unicast_encryption_key": key} | changes))
    parameters = AssociationParameters(security=security)
    assert (Conformance.GENERAL_PROTECTION in parameters.proposed_conformance) is general
    inner = decode_apdu(initiate_request(parameters))
    assert inner.conformance == parameters.proposed_conformance


def test_without_access_nothing_needs_general_protection():
    parameters = AssociationParameters(security=CIPHERED, conformance=Conformance(0x207E1F))
    assert parameters.proposed_conformance == Conformance(0x207E1F)
    assert with_few_services(AssociationParameters(security=CIPHERED)).proposed_conformance == Conformance(0x001E1D)


@pytest.mark.parametrize(
    ("granted", "used"),
    [(0x607E5F, 0x607E5F), (0x207E5F, 0x207E1F), (0x207E1F, 0x207E1F), (0x000040, 0x000040), (0x400040, 0x400040)],
    ids=hex,
)
def test_a_ciphered_access_without_general_protection_is_used_where_nothing_else_reads(granted, used):
    response = encode_apdu(InitiateResponse(conformance=Conformance(granted), server_max_receive_pdu_size=0))
    assert check_initiate(response, AssociationParameters(security=CIPHERED), 0).conformance == used
    assert check_initiate(response, AssociationParameters(), 0).conformance == granted & 0x207E5F


def test_the_certificate_travels_with_ecdsa_only():
    pairs = KeyPairs(signing_key=OWN_KEY, server_signing_key=OWN_KEY.public_key, certificate=b"certificate")
    security = SecuritySettings(
        client_system_title=TITLE, suite=SecuritySuite.SUITE_1, protection=Protection.NONE, key_pairs=pairs
    )
    ecdsa = AssociationParameters(mechanism=Mechanism.HLS_ECDSA, security=security)
    assert decode_apdu(encode_proposal(ecdsa, b"\x01", bytes(32))).calling_ae_qualifier == b"certificate"
    hashed = AssociationParameters(mechanism=Mechanism.HLS_SHA256, hls_secret=Secret(b"x"), security=security)
    assert decode_apdu(encode_proposal(hashed, b"\x01", bytes(16))).calling_ae_qualifier is None


def test_a_dedicated_key_is_in_the_request_and_not_in_its_repr():
    octets = initiate_request(AssociationParameters(), Secret(b"sixteen octets.."))
    assert octets[:19] == b"\x01\x01\x10sixteen octets.."
    assert "sixteen" not in repr(decode_apdu(octets))


def test_release_gives_the_reason_normal():
    assert encode_release().hex() == "6203800100"


@pytest.mark.parametrize(
    "arguments",
    [
        {"client_wport": 65_536},
        {"server_wport": -1},
        {"client_wport": -1},
        {"max_receive_pdu_size": 11},
        {"max_receive_pdu_size": 65_536},
        {"mechanism": Mechanism.HLS_GMAC},
        {"mechanism": Mechanism.LLS},
        {"password": Secret(b"x")},
        {"hls_secret": Secret(b"x")},
        {"mechanism": Mechanism.HLS},
        {"mechanism": Mechanism.HLS_SHA256},
        {"mechanism": Mechanism.HLS, "hls_secret": Secret(bytes(17))},
        {"mechanism": Mechanism.HLS_SHA256, "hls_secret": Secret(b"x")},
        {"mechanism": Mechanism.HLS_ECDSA},
        {"mechanism": Mechanism.HLS_GMAC, "security": TITLE_ONLY},
        {"mechanism": Mechanism.HLS_GMAC, "security": NO_AUTHENTICATION_KEY},
        {"mechanism": Mechanism.HLS_ECDSA, "security": TITLE_ONLY},
        {"mechanism": Mechanism.HLS_ECDSA, "security": NO_METER_KEY},
    ],
    ids="-".join,
)
def test_what_can_not_be_proposed_is_refused_at_once(arguments):
    with pytest.raises(LocalProtocolError):
        AssociationParameters(**arguments)


def test_parameters_show_no_password_and_compare_without_looking_at_it():
    assert "1234" not in repr(PASSWORD)
    found = {PASSWORD: 7}
    assert found[PASSWORD] == 7  # by identity: nothing in it is compared
    assert AssociationParameters(mechanism=Mechanism.LLS, password=Secret(b"12345678")) != PASSWORD


def test_the_pair_is_what_tells_associations_apart():
    assert AssociationParameters(client_wport=2, server_wport=17).pair == WportPair(2, 17)
    assert str(WportPair(2, 17)) == "2 -> 17"


def test_no_protection_changes_nothing():
    assert NoProtection().protect(b"\xc0\x01") == b"\xc0\x01"
    assert NoProtection().unprotect(b"\xc0\x01") == (b"\xc0\x01", False, None, False, False)


# -- S18: which AARE is accepted


def test_s18_what_was_proposed_is_accepted():
    negotiated = check(aare())
    assert negotiated == Negotiated(
        conformance=GRANTED, server_max_receive_pdu_size=1024, dlms_version=6, vaa_name=7, diagnostic=0
    )


def test_s18_mechanism_name_may_be_repeated():
    assert isinstance(check(aare(mechanism_name=LLS_NAME), PASSWORD), Negotiated)


def test_s18_leniency_missing_mechanism_name():
    assert check(aare(), PASSWORD).leniencies == {Leniency.MISSING_MECHANISM_NAME}
    assert not check(aare(mechanism_name=LLS_NAME), PASSWORD).leniencies


def test_s18_leniency_protocol_version_present():
    assert check(aare(protocol_version=b"\x07\x80")).leniencies == {Leniency.PROTOCOL_VERSION_PRESENT}


def test_s18_leniency_diagnostic_0_from_the_provider():
    assert isinstance(check(aare(result_source=2)), Negotiated)


def test_s18_leniency_reserved_conformance_bits():
    negotiated = check(aare(initiate(conformance=GRANTED | Conformance(0x81_0000))))
    assert (negotiated.conformance, negotiated.leniencies) == (GRANTED, {Leniency.RESERVED_SERVICES})


def test_trial_03_the_ciphered_context_is_tolerated_for_a_plain_association_without_keys():
    for mechanism in (PARAMETERS, PASSWORD):
        negotiated = check(aare(application_context_name=CONTEXT_3), mechanism)
        assert Leniency.CIPHERED_CONTEXT_NAMED in negotiated.leniencies
    assert Leniency.CIPHERED_CONTEXT_NAMED not in check(aare(), PASSWORD).leniencies


def test_trial_03_with_keys_the_context_must_be_the_proposed_one():
    gmac = AssociationParameters(mechanism=Mechanism.HLS_SHA256, hls_secret=Secret(bytes(8)), security=TITLE_ONLY)
    opening = Opening(gmac, OpeningMaterial(challenge=bytes(16)))
    with pytest.raises(RemoteProtocolError, match="another application context"):
        opening.accept(aare(application_context_name=CONTEXT_3, responding_ap_title=b"OTHERONE"))


def test_trial_03_the_plain_context_is_never_taken_for_the_ciphered_one():
    material = OpeningMaterial(sending=SendingCounter(0, ceiling=10))
    opening = Opening(AssociationParameters(security=CIPHERED_WITH_KEY), material)
    with pytest.raises(RemoteProtocolError, match="another application context"):
        opening.accept(aare(responding_ap_title=b"OTHERONE"))


def test_s18_other_context_is_refused():
    for context, term in (
        ("60857405080102", ProposedTerm.REFERENCING),
        ("60857405080104", ProposedTerm.REFERENCING),
        ("2B0601", ProposedTerm.CIPHERING),
    ):
        with pytest.raises(OtherTermAccepted, match="another application context") as raised:
            check(aare(application_context_name=bytes.fromhex(context)))
        assert raised.value.term is term


def test_s18_other_mechanism_is_refused():
    with pytest.raises(OtherTermAccepted, match="another authentication mechanism") as raised:
        check(aare(mechanism_name=GMAC_NAME), PASSWORD)
    assert raised.value.term is ProposedTerm.MECHANISM
    with pytest.raises(OtherTermAccepted, match="another authentication mechanism") as raised:
        check(aare(mechanism_name=LLS_NAME))
    assert raised.value.term is ProposedTerm.MECHANISM


def test_s18_inconsistent_diagnostic_is_refused():
    with pytest.raises(RemoteProtocolError, match="with the diagnostic 2"):
        check(aare(diagnostic=2))


@pytest.mark.parametrize("source", [1, 2])
def test_s18_an_acceptance_without_a_reason_is_one(source):
    negotiated = check(aare(diagnostic=1, result_source=source))
    assert negotiated.leniencies == {Leniency.DIAGNOSTIC_1_WITH_ACCEPTANCE}
    assert Leniency.DIAGNOSTIC_1_WITH_ACCEPTANCE not in check(aare()).leniencies


def test_s18_a_mechanism_name_may_have_a_tag_of_its_own():
    tagged = b"\x06\x07" + LLS_NAME
    assert check(aare(mechanism_name=tagged), PASSWORD).leniencies == {Leniency.TAGGED_MECHANISM_NAME}
    assert check(aare(mechanism_name=LLS_NAME), PASSWORD).leniencies == set()
    for other in (b"\x06\x07" + GMAC_NAME, b"\x06\x06" + LLS_NAME, b"\x06\x07", b"\x06\x07" + tagged):
        with pytest.raises(OtherTermAccepted):
            check(aare(mechanism_name=other), PASSWORD)


@pytest.mark.parametrize("referencing", [Referencing.LOGICAL_NAME, Referencing.SHORT_NAME])
def test_s18_a_vaa_name_of_0_is_that_of_the_context(referencing):
    response = encode_apdu(InitiateResponse(conformance=GRANTED, server_max_receive_pdu_size=0, vaa_name=0))
    negotiated = check_initiate(response, AssociationParameters(referencing=referencing), 0)
    assert negotiated.uses_short_names is (referencing is Referencing.SHORT_NAME)
    assert negotiated.leniencies >= {Leniency.VAA_NAME_0}


@pytest.mark.parametrize(
    "parameters",
    [PASSWORD, AssociationParameters(mechanism=Mechanism.HLS, hls_secret=Secret(b"x"))],
    ids=["password", "high-level"],
)
def test_s18_only_the_service_user_asks_for_a_proof(parameters):
    response = aare(diagnostic=14, result_source=2, mechanism_name=None)
    with pytest.raises(RemoteProtocolError, match="with the diagnostic 14"):
        check_names(response, parameters)


def test_s18_pending_authentication_is_a_refusal_of_what_was_proposed():
    """Accepted, but only after HLS: nothing we could do with a password."""
    error = check(aare(diagnostic=14, mechanism_name=GMAC_NAME), PASSWORD)
    assert isinstance(error, AssociationRejected)
    assert (error.result, error.diagnostic) == (0, 14)


@pytest.mark.parametrize(
    "surplus",
    [
        Conformance.GENERAL_PROTECTION,
        Conformance.READ | Conformance.WRITE | Conformance.PARAMETERIZED_ACCESS,
        Conformance.DATA_NOTIFICATION,
    ],
)
def test_trial_02_s18_services_that_were_not_proposed_are_not_used(surplus):
    negotiated = check(aare(initiate(conformance=GRANTED | surplus)))
    assert (negotiated.conformance, negotiated.leniencies) == (GRANTED, {Leniency.SURPLUS_SERVICES})


@pytest.mark.parametrize(
    ("vaa_name", "part"), [(7, Conformance.SELECTIVE_ACCESS), (0xFA00, Conformance.PARAMETERIZED_ACCESS)]
)
def test_parts_of_attributes_are_another_service_with_short_names(vaa_name, part):
    both = Conformance.SELECTIVE_ACCESS | Conformance.PARAMETERIZED_ACCESS
    for granted, selects in ((part, True), (both & ~part, False)):
        assert replace(check(aare()), conformance=granted, vaa_name=vaa_name).selects is selects


def test_trial_02_an_aare_that_grants_more_than_proposed():
    negotiated = check(aare(bytes.fromhex("0800065F1F040018123DFFFF0007")))
    assert negotiated.conformance == Conformance(0x18123D) & DEFAULT_PROPOSED_CONFORMANCE
    assert negotiated.conformance == Conformance(0x00121D)
    assert negotiated.request_limit == 0xFFFF
    assert negotiated.leniencies == {Leniency.SURPLUS_SERVICES}


@pytest.mark.parametrize(
    "response",
    [
        "080006 5F0400 001A1C FFFF 0007",
        "080006 5F1F810400 001A1C FFFF 0007",
        "080006 5F1F82000400 001A1C FFFF 0007",
    ],
    ids=["short tag", "long length", "longer length"],
)
def test_trial_02_the_conformance_block_may_have_another_form(response):
    assert check(aare(bytes.fromhex(response))).leniencies == {Leniency.UNUSUAL_INITIATE_RESPONSE}


@pytest.mark.parametrize("response", ["080100065F1F0400001A1CFFFF0007", "08017F065F1F0400001A1CFFFF0007"])
def test_trial_02_any_quality_of_service_is_taken(response):
    assert not check(aare(bytes.fromhex(response))).leniencies


def test_s18_diagnostic_0_with_a_proof_to_come_has_a_name():
    for diagnostic, tolerated in ((0, {Leniency.DIAGNOSTIC_0_WITH_PROOF}), (14, set())):
        opening = Opening(
            AssociationParameters(mechanism=Mechanism.HLS_MD5, hls_secret=Secret(b"12345678")),
            OpeningMaterial(challenge=bytes(16)),
        )
        answer = aare(
            diagnostic=diagnostic,
            mechanism_name=MD5_NAME,
            responding_authentication_value=AuthenticationValue(AuthenticationForm.CHARSTRING, b"P6wRJ21F"),
        )
        assert opening.accept(answer).leniencies == tolerated


@pytest.mark.parametrize("version", [5, 7])
def test_s18_dlms_version_must_be_6(version: int):
    with pytest.raises(OtherTermAccepted, match=f"DLMS version {version}") as raised:
        check(aare(initiate(dlms_version=version)))
    assert raised.value.term is ProposedTerm.DLMS_VERSION


def test_s18_vaa_name_must_be_that_of_logical_names():
    with pytest.raises(OtherTermAccepted, match="vaa-name FA00") as raised:
        check(aare(initiate(vaa_name=0xFA00)))
    assert raised.value.term is ProposedTerm.REFERENCING


@pytest.mark.parametrize("size", [1, 11])
def test_s18_pdu_sizes_1_to_11_are_refused(size):
    with pytest.raises(OtherTermAccepted, match=f"max-receive-pdu-size of {size}") as raised:
        check(aare(initiate(server_max_receive_pdu_size=size)))
    assert raised.value.term is ProposedTerm.PDU_SIZE


def test_s18_pdu_size_0_means_no_limit():
    negotiated = check(aare(initiate(server_max_receive_pdu_size=0)))
    assert negotiated.request_limit == 65_535
    assert check(aare()).request_limit == 1024


@pytest.mark.parametrize(
    ("size", "overhead", "limit"), [(12, 0, 13), (13, 0, 13), (14, 0, 14), (20, 19, 32), (33, 19, 33), (0, 19, 65_535)]
)
def test_the_shortest_request_is_sent_whatever_limit_was_granted(size, overhead, limit):
    """A public client's AARE is not authenticated: whoever sends 12 in it would stop all reading."""
    negotiated = replace(check(aare(initiate(server_max_receive_pdu_size=size))), overhead=overhead)
    assert negotiated.request_limit == limit


@pytest.mark.parametrize("inner", [None, b""], ids=["absent", "empty"])
def test_s18_acceptance_without_user_information_grants_what_every_meter_knows(inner):
    negotiated = check(aare(inner), AssociationParameters(server_max_receive_pdu_size=300))
    assert negotiated.conformance == Conformance(0x001E1D)
    assert (negotiated.server_max_receive_pdu_size, negotiated.vaa_name, negotiated.dlms_version) == (300, 7, 6)
    assert negotiated.leniencies == {Leniency.MISSING_INITIATE_RESPONSE}
    with pytest.raises(SecurityDowngrade, match="no protected InitiateResponse"):
        ciphered = Opening(
            AssociationParameters(security=CIPHERED), OpeningMaterial(sending=SendingCounter(0, ceiling=9))
        )
        ciphered.accept(aare(inner, application_context_name=CONTEXT_3, responding_ap_title=b"XYZ\0\0\0\0\1"))


def test_s18_acceptance_with_something_else_inside_is_refused():
    with pytest.raises(RemoteProtocolError, match="without an InitiateResponse"):
        check(aare(bytes.fromhex("D80101")))
    with pytest.raises(UnexpectedApdu):
        check(aare(b"\x99"))


@pytest.mark.parametrize("surplus", [b"\x00", b"\x07"])
def test_trial_08_one_octet_too_many_behind_the_initiate_response_is_left_out(surplus):
    whole = check(aare(initiate()))
    negotiated = check(aare(encode_apdu(initiate()) + surplus))
    assert negotiated == replace(whole, leniencies={Leniency.SURPLUS_OCTET})
    with pytest.raises(DecodeError, match="2 octets too many"):
        check(aare(encode_apdu(initiate()) + 2 * surplus))
    with pytest.raises(DecodeError):
        check(aare(encode_apdu(initiate())[:-1]))


def test_octets_that_are_no_aare_are_refused():
    with pytest.raises(DecodeError):
        check(aare() + b"\x00")


# -- refusals


def test_rejection_keeps_result_source_and_diagnostic():
    error = check(aare(bytes.fromhex("0E010604"), result=1, diagnostic=13))
    assert (error.result, error.source, error.diagnostic, error.initiate_error) == (1, 1, 13, 4)
    assert error.concerns_authentication


def test_rejection_is_recognised_without_user_information():
    error = check(aare(None, result=2, result_source=2, diagnostic=1))
    assert (error.result, error.source, error.initiate_error) == (2, 2, None)
    assert error.transient


@pytest.mark.parametrize("inner", [b"", b"\x99\x99", b"\x0e", b"\x0e\x01\x06\x01\x00"], ids=lambda octets: octets.hex())
def test_rejection_with_odd_user_information_is_still_a_rejection(inner):
    assert check(aare(inner, result=1)).initiate_error is None


def test_rejection_may_name_another_context():
    error = check(aare(None, result=1, diagnostic=2, application_context_name=bytes.fromhex("60857405080103")))
    assert error.diagnostic == 2


def test_acceptance_around_a_service_error_is_a_rejection():
    assert check(aare(bytes.fromhex("0E010602"))).initiate_error == 2


def test_bare_service_error_is_a_rejection():
    error = refusal_of(ConfirmedServiceErrorReceived(1, 6, 3))
    assert isinstance(error, AssociationRejected)
    assert error.initiate_error == 3


def test_bare_exception_response_stays_one():
    error = ExceptionReceived(1, 3)
    assert refusal_of(error) is error


AARES = [vector for vector in vectors("acse") if vector.octets[:1] == b"\x61"]
SOURCES = {"acse-service-user": 1, "acse-service-provider": 2}


def verdict_of(vector):
    """What a client that proposed logical names without authentication has to make of a sample, by what it says."""
    said, diagnostic = vector.expect, vector.expect["diagnostic"]
    if said["result"] == 0 and diagnostic["value"] == 0:
        return "accepted" if said["application_context"] == "LN" else "not what was proposed"
    return "refused"


def in_short_names(vector):
    """The same AARE with the application context of short names, written by hand: no published sample accepts that."""
    octets = vector.octets.replace(bytes.fromhex("60857405080101"), bytes.fromhex("60857405080102"))
    assert octets != vector.octets
    return vector._replace(
        name=f"{vector.name}, but short names", octets=octets, expect=vector.expect | {"application_context": "SN"}
    )


AARES.append(in_short_names(next(vector for vector in AARES if verdict_of(vector) == "accepted")))


def aares(verdict):
    chosen = [vector for vector in AARES if verdict_of(vector) == verdict]
    return pytest.mark.parametrize("vector", chosen, ids=lambda vector: vector.name)


@aares("accepted")
def test_published_aares_are_accepted_with_what_they_grant(vector):
    negotiated, said = check(vector.octets), vector.expect["user_information"]
    assert negotiated == Negotiated(
        conformance=Conformance(int(said["conformance"]["raw"], 16)),
        server_max_receive_pdu_size=said["server_max_receive_pdu_size"],
        dlms_version=said["dlms_version"],
        vaa_name=said["vaa_name"],
        diagnostic=0,
        leniencies=negotiated.leniencies,
    )


@aares("refused")
def test_published_aares_that_refuse_are_rejections_for_their_reason(vector):
    error, reason = check(vector.octets), vector.expect["diagnostic"]
    assert isinstance(error, AssociationRejected)
    assert (error.result, error.source, error.diagnostic) == (
        vector.expect["result"],
        SOURCES[reason["source"]],
        reason["value"],
    )


@aares("not what was proposed")
def test_published_aares_that_accept_something_else_are_an_error(vector):
    with pytest.raises(RemoteProtocolError, match="another application context"):
        check(vector.octets)


def test_published_aares_of_each_verdict_are_there():
    assert {verdict_of(vector) for vector in AARES} == {"accepted", "refused", "not what was proposed"}


# -- limits, from both sides


@pytest.mark.parametrize("size", [0, 12, 65535])
def test_pdu_sizes_of_0_and_of_12_to_65535_are_proposed_and_granted(size):
    assert AssociationParameters(max_receive_pdu_size=size).max_receive_pdu_size == size
    assert check(aare(initiate(server_max_receive_pdu_size=size))).server_max_receive_pdu_size == size


@pytest.mark.parametrize("size", [1, 11, 65536])
def test_other_pdu_sizes_are_not_proposed(size):
    with pytest.raises(LocalProtocolError, match="a PDU size is 0 or 12 to 65535"):
        AssociationParameters(max_receive_pdu_size=size)


def test_only_the_manufacturers_mechanism_has_short_secrets_only():
    assert AssociationParameters(mechanism=Mechanism.HLS, hls_secret=Secret(bytes(16))).is_high_level
    assert AssociationParameters(mechanism=Mechanism.HLS_MD5, hls_secret=Secret(bytes(17))).is_high_level
    with pytest.raises(LocalProtocolError, match="at most 16 octets"):
        AssociationParameters(mechanism=Mechanism.HLS, hls_secret=Secret(bytes(17)))


def test_a_mechanism_says_which_keys_it_needs():
    keys = {"authentication_key": Secret(bytes(16)), "protection": Protection.NONE, "client_system_title": TITLE}
    with pytest.raises(LocalProtocolError, match="GMAC needs"):
        AssociationParameters(mechanism=Mechanism.HLS_GMAC, security=SecuritySettings(**keys))
    own = SecuritySettings(
        client_system_title=TITLE,
        suite=SecuritySuite.SUITE_1,
        protection=Protection.NONE,
        key_pairs=KeyPairs(server_signing_key=OWN_KEY.public_key),
    )
    with pytest.raises(LocalProtocolError, match="ECDSA needs"):
        AssociationParameters(mechanism=Mechanism.HLS_ECDSA, security=own)


def test_without_a_challenge_none_is_sent():
    parameters = AssociationParameters(mechanism=Mechanism.HLS_MD5, hls_secret=Secret(bytes(16)))
    assert decode_apdu(proposal(parameters)).calling_authentication_value.octets == b""


def test_s18_a_rejection_around_an_initiate_response_has_no_initiate_error():
    refusal = check(aare(result=1, diagnostic=13))
    assert isinstance(refusal, AssociationRejected)
    assert (refusal.result, refusal.diagnostic, refusal.initiate_error) == (1, 13, None)


@pytest.mark.parametrize(
    ("size", "words"),
    [(512, "DLMS version 6, PDU size 512, get"), (0, "DLMS version 6, PDU size without limit, get")],
)
def test_a_refusal_tells_what_the_meter_would_agree_to(size, words):
    inner = initiate(conformance=Conformance.GET, server_max_receive_pdu_size=size)
    refused = check_names(aare(inner, result=1, diagnostic=2), PARAMETERS)
    assert isinstance(refused, AssociationRejected)
    assert refused.offered == words


def test_a_refusal_that_grants_no_services_says_so():
    refused = check_names(aare(initiate(conformance=Conformance(0)), result=1, diagnostic=2), PARAMETERS)
    assert isinstance(refused, AssociationRejected)
    assert refused.offered.endswith(", no services")


@pytest.mark.parametrize("inner", [None, b"", b"\x08\x00", b"\x0e\x01\x06\x01", b"\x28\x10"])
def test_s18_a_refusal_needs_no_sense_inside(inner):
    refused = check_names(aare(inner, result=1, diagnostic=2), PARAMETERS)
    assert isinstance(refused, AssociationRejected)
    assert refused.offered == ""


GMAC = AssociationParameters(mechanism=Mechanism.HLS_GMAC, security=CIPHERED_WITH_KEY)


@pytest.mark.parametrize("result", [3, 127, 255])
@pytest.mark.parametrize(
    ("diagnostic", "parameters"), [(0, PARAMETERS), (1, PARAMETERS), (0, PASSWORD), (14, GMAC), (0, GMAC)]
)
def test_f38_a_result_that_is_neither_yes_nor_no_is_no_refusal_where_nothing_else_says_no(
    result, diagnostic, parameters
):
    """Nobody looks for another password because an octet was altered."""
    with pytest.raises(RemoteProtocolError, match=f"the AARE has the unknown result {result}"):
        check_names(aare(result=result, diagnostic=diagnostic), parameters)


@pytest.mark.parametrize("result", [1, 2, 3, 127, 255])
@pytest.mark.parametrize(
    ("diagnostic", "parameters"), [(13, PASSWORD), (13, GMAC), (11, GMAC), (14, PASSWORD), (2, PARAMETERS)]
)
def test_f35_what_complains_is_a_refusal_whatever_its_result(result, diagnostic, parameters):
    """A password that was rejected is not sent again."""
    refused = check_names(aare(result=result, diagnostic=diagnostic), parameters)
    assert isinstance(refused, AssociationRejected)
    assert (refused.result, refused.diagnostic) == (result, diagnostic)
