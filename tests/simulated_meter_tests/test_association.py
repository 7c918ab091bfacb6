"""Server side of associations: who gets in with what rights, how refusals look, release in all its forms."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile, Refusal, Release
from tests.simulated_meter.steps import Finish, Send

from .tools import NOW, BareClient, get_request, make_aarq, make_meter

ENERGY = get_request(3, "1.0.1.8.0.255", 2)
NAME = get_request(1, "0.0.42.0.0.255", 2)
NO_ASSOCIATION = bytes.fromhex("D80101")
ACCEPTED = bytes.fromhex("A203020100A305A103020100")


def refusal(result: int, diagnostic: int) -> bytes:
    """Return the fields result and result-source-diagnostic of an AARE."""
    return bytes([0xA2, 3, 2, 1, result, 0xA3, 5, 0xA1, 3, 2, 1, diagnostic])


def test_the_aare_is_the_standards_own_example():
    client = BareClient(make_meter(max_pdu_size=500), client=16)
    assert client.ask(make_aarq(conformance=0x007214)).hex().upper() == (
        "6129A109060760857405080101A203020100A305A103020100BE10040E0800065F1F040000721401F40007"
    )


def test_the_aare_to_a_password_names_the_mechanism():
    aare = BareClient(make_meter()).associate()
    assert ACCEPTED in aare
    assert bytes.fromhex("88020780890760857405080201") in aare


def test_nothing_works_without_an_association():
    client = BareClient(make_meter())
    assert client.ask(ENERGY) == NO_ASSOCIATION
    assert client.ask(b"\x62\x00") == NO_ASSOCIATION


def test_public_client_reads_identity_only():
    client = BareClient(make_meter(), client=16)
    client.ask(make_aarq())
    assert client.ask(NAME)[:4] == bytes.fromhex("C401C100")
    assert client.ask(ENERGY) == bytes.fromhex("C401C10103")


def test_reader_reads_everything():
    client = BareClient(make_meter())
    client.associate()
    assert client.ask(ENERGY)[:5] == bytes.fromhex("C401C10006")


@pytest.mark.parametrize(
    ("client", "aarq", "expected"),
    [
        (2, {"password": "wrong"}, refusal(1, 13)),
        (2, {"password": ""}, refusal(1, 13)),
        (2, {"password": None}, refusal(1, 12)),
        (2, {"mechanism": 5}, refusal(1, 11)),
        (2, {"mechanism": 2}, refusal(1, 11)),
        (16, {"password": "simulated"}, refusal(1, 11)),
        (77, {"password": None}, refusal(1, 1)),
        (2, {"context": 2}, refusal(1, 2)),
        (2, {"context": 3}, refusal(1, 2)),
        (2, {"version": 5}, refusal(1, 1)),
        (2, {"pdu_size": 11}, refusal(1, 1)),
        (2, {"conformance": 0x1C0320}, refusal(1, 1)),
    ],
)
def test_refusals(client: int, aarq: dict, expected: bytes):
    bare = BareClient(make_meter(), client=client)
    assert expected in bare.associate(**aarq)
    assert bare.ask(NAME) == NO_ASSOCIATION


@pytest.mark.parametrize(("aarq", "error"), [({"version": 5}, 1), ({"pdu_size": 11}, 3), ({"conformance": 0}, 2)])
def test_a_refused_initiate_says_why(aarq: dict, error: int):
    assert BareClient(make_meter()).associate(**aarq).endswith(bytes([0xBE, 6, 4, 4, 0x0E, 1, 6, error]))


def test_a_size_of_zero_is_no_limit():
    client = BareClient(make_meter(max_pdu_size=65_535))
    client.associate(pdu_size=0)
    assert client.ask(get_request(15, "0.0.40.0.0.255", 2))[:4] == bytes.fromhex("C401C100")


@pytest.mark.parametrize("apdu", ["60", "6005A1", "6003A10906", "60FF", "600180"])
def test_octets_that_are_no_aarq_get_an_exception(apdu: str):
    assert BareClient(make_meter()).ask(bytes.fromhex(apdu))[:1] == b"\xd8"


@pytest.mark.parametrize(
    ("form", "check"),
    [
        (Refusal.AARE, lambda apdu: apdu[0] == 0x61 and b"\x0e\x01\x06\x04" in apdu),
        (Refusal.SHORT_AARE, lambda apdu: apdu[0] == 0x61 and b"\xbe" not in apdu),
        (Refusal.EXCEPTION, lambda apdu: apdu == NO_ASSOCIATION),
        (Refusal.SERVICE_ERROR, lambda apdu: apdu == bytes.fromhex("0E010604")),
    ],
)
def test_forms_of_refusal(form: Refusal, check: Callable[[bytes], bool]):
    assert check(BareClient(make_meter(refusal=form)).associate(password="wrong"))


def test_refusal_by_closing():
    assert BareClient(make_meter(refusal=Refusal.CLOSE)).steps(make_aarq(password="wrong")) == [Finish()]


def test_oddities_of_the_aare():
    aare = BareClient(
        make_meter(
            protocol_version_in_aare=True,
            mechanism_name_in_aare=False,
            short_conformance_tag=True,
            quality_of_service_in_aare=True,
        )
    ).associate()
    assert aare[2:6] == bytes.fromhex("80020780")
    assert bytes.fromhex("890760857405080201") not in aare
    assert bytes.fromhex("080100065F0400") in aare


def test_a_second_aarq_replaces_the_first_association():
    meter = make_meter()
    client = BareClient(meter)
    client.associate()
    assert ACCEPTED in client.associate()
    assert meter.state.associations == 1
    assert refusal(1, 13) in client.associate(password="wrong")
    assert client.ask(ENERGY) == NO_ASSOCIATION


def test_a_second_aarq_may_be_refused():
    client = BareClient(make_meter(refuse_second_aarq=True))
    client.associate()
    assert refusal(1, 1) in client.associate()
    assert client.ask(ENERGY)[:4] == bytes.fromhex("C401C100")


@pytest.mark.parametrize(
    ("release", "answer"),
    [
        (Release.ANSWER, [bytes.fromhex("6303800100")]),
        (Release.NOT_FINISHED, [bytes.fromhex("6303800101")]),
        (Release.EXCEPTION, [bytes.fromhex("D80202")]),
        (Release.SILENT, []),
    ],
)
def test_release(release: Release, answer: list[bytes]):
    meter = make_meter(release=release)
    client = BareClient(meter)
    client.associate()
    steps = client.steps(bytes.fromhex("6203800100"))
    assert [step.octets[8:] for step in steps if isinstance(step, Send)] == answer
    assert meter.state.associations == 0
    assert client.ask(ENERGY) == NO_ASSOCIATION


def test_release_by_closing():
    client = BareClient(make_meter(release=Release.CLOSE))
    client.associate()
    assert client.steps(b"\x62\x00") == [Finish()]
    assert client.session.over


def test_releasing_one_association_leaves_the_other():
    meter = make_meter()
    first = BareClient(meter)
    second = BareClient(meter, server=16, session=first.session)
    first.associate()
    second.associate()
    first.ask(b"\x62\x00")
    assert second.ask(NAME)[:4] == bytes.fromhex("C401C100")


def test_an_unconfirmed_association_is_not_answered():
    client = BareClient(make_meter(), client=16)
    assert (
        client.steps(
            make_aarq()
            .replace(b"\x01\x00\x00\x00\x06", b"\x01\x00\x01\x00\x00\x06")
            .replace(b"\xbe\x10\x04\x0e", b"\xbe\x11\x04\x0f")
            .replace(b"\x60\x1d", b"\x60\x1e")
        )
        == []
    )
    assert client.steps(NAME) == []


def test_one_association_at_a_time():
    meter = make_meter(one_association=True)
    first, second = BareClient(meter), BareClient(meter)
    first.associate()
    assert refusal(2, 1) in second.associate()
    first.ask(b"\x62\x00")
    assert ACCEPTED in second.associate()


@pytest.mark.parametrize("released", [False, True])
def test_a_pause_between_sessions_is_demanded(released: bool):
    seconds = 0.0
    profile = replace(MeterProfile(), history_days=1).with_quirks(pause_between_sessions=5.0)
    meter = SimulatedMeter(profile, lambda: NOW, monotonic=lambda: seconds)
    client = BareClient(meter)
    client.associate()
    if released:
        client.ask(bytes.fromhex("6203800100"))
    client.session.lost()
    assert refusal(2, 1) in BareClient(meter).associate()
    seconds = 5.5
    assert ACCEPTED in BareClient(meter).associate()


def test_a_lost_connection_ends_its_associations():
    meter = make_meter()
    client = BareClient(meter)
    client.associate()
    client.session.lost()
    assert meter.state.associations == 0
