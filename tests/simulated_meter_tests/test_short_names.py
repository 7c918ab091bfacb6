"""The simulated meter by short names, octet by octet."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from custom_components.cosem.dlms.encoding.data import encode_data_octets
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile, Referencing
from tests.simulated_meter.short_names import JoinedForm
from tests.simulated_meter_tests.tools import BareClient, get_request

NOW = datetime(2026, 7, 15, 11, 7, 23, tzinfo=UTC)
FULL = 0x1C1B20
BLOCKS, LISTS, PARAMETERS = 0x001000, 0x000200, 0x000020


def client_of(size: int = 1024, referencing: Referencing = Referencing.SHORT, **aarq: int) -> BareClient:
    profile = replace(MeterProfile(), max_pdu_size=size, history_days=2).with_quirks(referencing=referencing)
    client = BareClient(SimulatedMeter(profile, lambda: NOW))
    client.meter = client.session._host
    client.aare = client.associate(**{"context": 2, "conformance": FULL, **aarq})
    return client


def name_of(client: BareClient, logical_name: str, attribute: int = 2) -> bytes:
    names = client.meter.dispatchers[1].short_names.base_names()
    base = next(base for base, item in names.items() if str(item.logical_name) == logical_name)
    return (base + 8 * (attribute - 1)).to_bytes(2)


def truth(client: BareClient, logical_name: str, attribute: int = 2) -> bytes:
    return encode_data_octets(client.meter.truth(logical_name, attribute))


def test_aare_names_context_and_vaa_name():
    client = client_of()
    assert bytes.fromhex("60857405080102") in client.aare
    assert client.aare[-9:] == bytes.fromhex("1F04001C1B200400FA00")[1:]


@pytest.mark.parametrize(
    ("referencing", "context", "accepted"),
    [
        (Referencing.SHORT, 1, False),
        (Referencing.SHORT, 2, True),
        (Referencing.LOGICAL, 2, False),
        (Referencing.BOTH, 1, True),
        (Referencing.BOTH, 2, True),
    ],
)
def test_other_contexts_are_refused_for_their_name(referencing: Referencing, context: int, accepted: bool):
    conformance = FULL if context == 2 else 0x007E1F
    client = client_of(referencing=referencing, context=context, conformance=conformance)
    assert (bytes.fromhex("A203020100") in client.aare) == accepted
    assert (bytes.fromhex("A203020101A305A103020102") in client.aare) != accepted


def test_reads_one_many_and_what_is_not_there():
    client = client_of()
    energy, unit = (name_of(client, "1.0.1.8.0.255", index) for index in (2, 3))
    value = truth(client, "1.0.1.8.0.255")
    assert client.ask(b"\x05\x01\x02" + energy) == b"\x0c\x01\x00" + value
    assert client.ask(b"\x05\x03\x02" + energy + b"\x02\x99\x99\x02" + unit) == (
        b"\x0c\x03\x00" + value + b"\x01\x04\x00" + truth(client, "1.0.1.8.0.255", 3)
    )
    assert client.ask(bytes.fromhex("050102FD08"))[:5] == bytes.fromhex("0C01000910")
    assert client.ask(bytes.fromhex("050102FA00")) == bytes.fromhex("0C010009060000280000FF")
    assert client.ask(bytes.fromhex("050102FA10")) == bytes.fromhex("0C010104")


def test_method_is_not_read():
    client = client_of()
    reset = (int.from_bytes(name_of(client, "1.0.1.8.0.255")) - 8 + 0x28).to_bytes(2)
    assert client.ask(b"\x05\x01\x02" + reset) in {bytes.fromhex("0C010103"), bytes.fromhex("0C010104")}


@pytest.mark.parametrize(("form", "skipped"), [(JoinedForm.RESULTS, 0), (JoinedForm.CHOICE, 1), (JoinedForm.DATA, 2)])
def test_long_answer_comes_in_blocks(form: JoinedForm, skipped: int):
    client = client_of(64)
    client.meter.dispatchers[1].short_names.joined = form
    answers = [client.ask(bytes.fromhex("050102FA08"))]
    while not answers[-1][3]:
        answers.append(client.ask(b"\x05\x01\x05" + answers[-1][4:6]))
    assert [int.from_bytes(answer[4:6]) for answer in answers] == list(range(1, len(answers) + 1))
    assert all(answer[:3] == bytes.fromhex("0C0102") and len(answer) <= 64 for answer in answers)
    whole = client_of(8192).ask(bytes.fromhex("050102FA08"))
    assert b"".join(answer[7:] for answer in answers) == whole[1 + skipped :]


def test_blocks_out_of_order_and_without_a_beginning():
    client = client_of(64)
    assert client.ask(bytes.fromhex("0501050001")) == bytes.fromhex("0C01010E")
    client.ask(bytes.fromhex("050102FA08"))
    assert client.ask(bytes.fromhex("0501050007")) == bytes.fromhex("0C010113")


@pytest.mark.parametrize(
    ("missing", "request_octets", "answer"),
    [
        (LISTS, "050202FD0802FA00", "0C010103"),
        (PARAMETERS, "050104FD080100", "0C01010D"),
        (BLOCKS, "050102FA08", "0C0101FA"),
        (BLOCKS, "0501060000010102", "0C010113"),
    ],
)
def test_what_was_not_negotiated_is_refused(missing: int, request_octets: str, answer: str):
    client = client_of(64, conformance=FULL & ~missing)
    assert client.ask(bytes.fromhex(request_octets)) == bytes.fromhex(answer)


def test_long_question_comes_in_blocks():
    client = client_of()
    energy = name_of(client, "1.0.1.8.0.255")
    assert client.ask(b"\x05\x01\x06\x00\x00\x01\x02\x01\x02") == bytes.fromhex("0C01030001")
    assert client.ask(b"\x05\x01\x06\x01\x00\x02\x02" + energy) == b"\x0c\x01\x00" + truth(client, "1.0.1.8.0.255")


@pytest.mark.parametrize("request_octets", ["05", "0501", "050107", "050102", "0601", "C001C10001", "060102FA08"])
def test_what_makes_no_sense_is_an_exception(request_octets: str):
    client = client_of()
    assert client.ask(bytes.fromhex(request_octets))[0] == 0xD8


def test_get_is_not_known_here():
    client = client_of()
    assert client.ask(get_request(3, "1.0.1.8.0.255", 2)) == bytes.fromhex("D80202")
