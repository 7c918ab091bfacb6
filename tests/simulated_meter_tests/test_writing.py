"""SET and ACTION in all forms, octet by octet; what was done is on record."""

from collections.abc import Callable

import pytest

from custom_components.cosem.dlms.encoding.data import (
    Data,
    double_long_unsigned,
    encode_data_octets,
    octet_string,
)
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import ResultForm, ReturnForm
from tests.simulated_meter.steps import Send

from .tools import BareClient, get_request, make_meter, reference

THRESHOLD = reference(71, "0.0.17.0.0.255", 4)
DURATION = reference(71, "0.0.17.0.0.255", 6)
STORE = reference(20, "0.0.13.0.0.255", 6)
ECHO = reference(20, "0.0.13.0.0.255", -1)
LONG = octet_string(bytes(range(200)))
NEW = double_long_unsigned(7_000)


def manager(meter: SimulatedMeter, client: int = 1, **aarq: int) -> BareClient:
    opened = BareClient(meter, client)
    opened.associate(**aarq)
    return opened


def written(*targets: bytes, values: tuple[Data, ...] = (NEW,), head: str = "C101C1") -> bytes:
    octets = b"".join(map(encode_data_octets, values))
    if len(targets) == 1:
        return bytes.fromhex(head) + targets[0] + b"\x00" + octets
    count = bytes([len(targets)])
    return bytes.fromhex("C104C1") + count + b"".join(t + b"\x00" for t in targets) + bytes([len(values)]) + octets


def block(last: int, number: int, raw: bytes) -> bytes:
    return bytes([last]) + number.to_bytes(4, "big") + bytes([len(raw)]) + raw


def in_blocks(first: str, further: str, target: bytes, raw: bytes, size: int = 90) -> list[bytes]:
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    blocks = [block(number == len(pieces), number, piece) for number, piece in enumerate(pieces, 1)]
    return [bytes.fromhex(first) + target + blocks[0], *(bytes.fromhex(further) + octets for octets in blocks[1:])]


def test_an_attribute_holds_what_is_written_and_it_is_on_record():
    meter = make_meter()
    assert manager(meter).ask(written(THRESHOLD)) == bytes.fromhex("C501C100")
    assert meter.truth("0.0.17.0.0", 4) == meter.truth("0.0.17.0.0", 3) == NEW
    (done,) = meter.devices[1].done
    assert (str(done.target), done.value) == ("71:0.0.17.0.0.255:4", NEW)


@pytest.mark.parametrize(
    ("target", "value", "code"),
    [
        (reference(71, "0.0.17.9.0.255", 4), NEW, 4),
        (reference(3, "0.0.17.0.0.255", 4), NEW, 9),
        (reference(71, "0.0.17.0.0.255", 12), NEW, 13),
        (reference(71, "0.0.17.0.0.255", 1), octet_string(bytes(6)), 3),
        (reference(71, "0.0.17.0.0.255", 2), NEW, 3),
        (reference(3, "1.0.1.8.0.255", 2), NEW, 3),
        (THRESHOLD, octet_string(b"7000"), 12),
        (reference(8, "0.0.1.0.0.255", 2), octet_string(b"noon"), 12),
    ],
)
def test_what_cannot_be_written_is_refused_with_its_result(target: bytes, value: Data, code: int):
    meter = make_meter()
    assert manager(meter).ask(written(target, values=(value,))) == bytes([0xC5, 1, 0xC1, code])
    assert meter.devices[1].done == []


def test_rights_of_other_clients_are_honoured():
    meter = make_meter()
    reader = manager(meter, 2)
    assert reader.ask(written(THRESHOLD)) == bytes.fromhex("C501C103")
    assert reader.ask(written(reference(8, "0.0.1.0.0.255", 2))) == bytes.fromhex("C501C103")
    assert reader.ask(bytes.fromhex("C301C1") + reference(70, "0.0.96.3.10.255", 1) + b"\x01\x0f\x00") == bytes.fromhex(
        "C701C10300"
    )


ENTRIES = bytes.fromhex("010202040600000001060000000112000112" + "0000")
RANGE = bytes.fromhex("01010204020412000809060000010000FF0F02120000066A500000066A5100000100")
BUFFER = reference(7, "1.0.99.1.0.255", 2)
IN_PART = [
    (BUFFER, ENTRIES, 3),
    (BUFFER, RANGE, 3),
    (reference(15, "0.0.40.0.0.255", 2), bytes.fromhex("010100"), 3),
    (THRESHOLD, bytes.fromhex("010100"), 13),
    (reference(71, "0.0.17.9.0.255", 4), ENTRIES, 4),
    (reference(8, "1.0.99.1.0.255", 2), ENTRIES, 9),
]
"""Target, selection, and the result of writing it: a buffer is only read, anything else has no selections."""


@pytest.mark.parametrize(("target", "selection", "code"), IN_PART)
def test_no_part_can_be_written_and_the_result_says_why(target: bytes, selection: bytes, code: int):
    value = encode_data_octets(NEW)
    meter = make_meter()
    client = manager(meter)
    assert client.ask(bytes.fromhex("C101C1") + target + selection + value) == bytes([0xC5, 1, 0xC1, code])
    listed = bytes.fromhex("C104C102") + THRESHOLD + b"\0" + target + selection + b"\2" + value + value
    assert client.ask(listed) == bytes.fromhex("C505C10200") + bytes([code])
    first, last = in_blocks("C102C1", "C103C1", target + selection, value, size=3)
    assert client.ask(first) == bytes.fromhex("C502C100000001")
    assert client.ask(last) == bytes([0xC5, 3, 0xC1, code]) + bytes.fromhex("00000002")
    assert [str(done.target) for done in meter.devices[1].done] == ["71:0.0.17.0.0.255:4"]


def test_a_list_has_a_result_for_each():
    meter = make_meter()
    client = manager(meter)
    request = written(THRESHOLD, reference(3, "1.0.1.8.0.255", 2), DURATION, values=(NEW, NEW, NEW))
    assert client.ask(request) == bytes.fromhex("C505C103000300")
    assert meter.truth("0.0.17.0.0", 6) == NEW
    assert client.ask(written(THRESHOLD, DURATION, values=(NEW,))) == bytes.fromhex("D80103")


def test_a_value_in_blocks():
    meter = make_meter()
    client = manager(meter)
    blocks = in_blocks("C102C1", "C103C1", STORE + b"\x00", encode_data_octets(LONG))
    answers = [client.ask(octets).hex().upper() for octets in blocks]
    assert answers == ["C502C100000001", "C502C100000002", "C503C10000000003"]
    assert meter.truth("0.0.13.0.0", 6) == LONG


def test_a_list_in_blocks():
    meter = make_meter()
    client = manager(meter)
    raw = b"\x02" + encode_data_octets(LONG) + encode_data_octets(LONG)
    blocks = in_blocks("C105C1", "C103C1", b"\x02" + STORE + b"\x00" + THRESHOLD + b"\x00", raw, 120)
    answers = [client.ask(octets).hex().upper() for octets in blocks]
    assert answers == [*(f"C502C10000000{number}" for number in range(1, 4)), "C504C102000C00000004"]
    assert meter.truth("0.0.13.0.0", 6) == LONG


@pytest.mark.parametrize(
    ("form", "last"), [(ResultForm.LIST, "C504C1010000000003"), (ResultForm.WHOLE, "C501C100")], ids=str
)
def test_quirks_of_results_behind_blocks(form: ResultForm, last: str):
    client = manager(make_meter(set_result=form, surplus_after_set_block=3))
    blocks = in_blocks("C102C1", "C103C1", STORE + b"\x00", encode_data_octets(LONG))
    answers = [client.ask(octets).hex().upper() for octets in blocks]
    assert answers == ["C502C100000001000000", "C502C100000002000000", last]


def test_blocks_out_of_order_write_nothing():
    meter = make_meter()
    client = manager(meter)
    first, _, third = in_blocks("C102C1", "C103C1", STORE + b"\x00", encode_data_octets(LONG))
    client.ask(first)
    assert client.ask(third) == bytes.fromhex("C503C11300000003")
    assert client.ask(third) == bytes.fromhex("C503C11200000003")
    assert meter.devices[1].done == []


def test_another_request_ends_a_long_one():
    client = manager(make_meter())
    first, second, _ = in_blocks("C102C1", "C103C1", STORE + b"\x00", encode_data_octets(LONG))
    client.ask(first)
    client.ask(get_request(3, "1.0.1.8.0.255", 2))
    assert client.ask(second) == bytes.fromhex("C503C11200000002")


def test_blocks_that_hold_no_value_are_refused():
    blocks = in_blocks("C102C1", "C103C1", STORE + b"\x00", encode_data_octets(LONG)[:-1] + b"\x00\x00", 300)
    assert manager(make_meter()).ask(blocks[0][:-1]) == bytes.fromhex("D80103")
    client = manager(make_meter())
    assert client.ask(bytes.fromhex("C102C1") + STORE + b"\x00" + block(1, 1, b"\x09\x05")) == bytes.fromhex(
        "C503C11100000001"
    )


def method(target: bytes, parameters: bytes = b"\x00", head: str = "C301C1") -> bytes:
    return bytes.fromhex(head) + target + parameters


RELAY_OFF = reference(70, "0.0.96.3.10.255", 1)
RELAY_ON = reference(70, "0.0.96.3.10.255", 2)


def test_a_method_is_executed_and_on_record():
    meter = make_meter()
    client = manager(meter)
    assert client.ask(method(RELAY_OFF, b"\x01\x0f\x00")) == bytes.fromhex("C701C10000")
    assert [meter.truth("0.0.96.3.10", index).value for index in (2, 3)] == [False, 0]
    assert client.ask(method(RELAY_ON, b"\x01\x0f\x00")) == bytes.fromhex("C701C10000")
    assert [meter.truth("0.0.96.3.10", index).value for index in (2, 3)] == [True, 1]
    assert [done.target[2] for done in meter.devices[1].done] == [1, 2]


@pytest.mark.parametrize(
    ("target", "parameters", "code"),
    [
        (RELAY_OFF, "010600000001", 12),
        (reference(9, "0.0.10.0.106.255", 1), "01120009", 4),
        (reference(9, "0.0.10.0.106.255", 1), "010F01", 12),
        (reference(9, "0.0.10.0.99.255", 1), "01120001", 4),
        (reference(9, "0.0.10.0.106.255", 2), "00", 13),
        (reference(3, "1.0.1.8.0.255", 1), "010F00", 3),
        (reference(8, "0.0.1.0.0.255", 6), "010F00", 12),
        (reference(40, "0.0.25.9.0.255", 1), "0100", 12),
        (reference(18, "0.0.44.0.0.255", 1), "010F00", 12),
        (reference(18, "0.0.44.0.0.255", 2), "010F00", 12),
        (reference(18, "0.0.44.0.0.255", 2), "010202060000000009020102", 2),
        (reference(18, "0.0.44.0.0.255", 3), "010F00", 3),
    ],
)
def test_what_cannot_be_executed_is_refused_with_its_result(target: bytes, parameters: str, code: int):
    meter = make_meter()
    client = manager(meter)
    if target == reference(18, "0.0.44.0.0.255", 3):  # an image that was never complete
        client.ask(method(reference(18, "0.0.44.0.0.255", 1), bytes.fromhex("010202090241420600000009")))
        code = 2
    assert client.ask(method(target, bytes.fromhex(parameters))) == bytes([0xC7, 1, 0xC1, code, 0])


def test_scripts_push_reset_and_clock():
    meter = make_meter()
    client = manager(meter)
    assert client.ask(method(reference(9, "0.0.10.0.106.255", 1), bytes.fromhex("01120001")))[3:] == b"\0\0"
    assert meter.truth("0.0.96.3.10", 2).value is False
    assert client.ask(method(reference(9, "0.0.10.0.106.255", 1), bytes.fromhex("01120002")))[3:] == b"\0\0"
    assert meter.truth("0.0.96.3.10", 2).value is True
    pushed, answer = client.steps(method(reference(40, "0.0.25.9.0.255", 1), b"\x01\x0f\x00"))
    assert isinstance(pushed, Send)
    assert pushed.octets[8] == 0x0F
    assert isinstance(answer, Send)
    assert answer.octets[-2:] == b"\0\0"
    assert meter.truth("0.0.96.8.0").value
    assert client.ask(method(reference(3, "0.0.96.8.0.255", 1), b"\x01\x0f\x00"))[3:] == b"\0\0"
    assert meter.truth("0.0.96.8.0").value == 0
    assert client.ask(method(reference(8, "0.0.1.0.0.255", 6), b"\x01\x10\x00\x3c"))[3:] == b"\0\0"
    assert meter.truth("0.0.1.0.0") == octet_string(bytes.fromhex("07EA070F030D081700FF8880"))
    assert client.ask(method(reference(8, "0.0.1.0.0.255", 3), b"\x01\x0f\x00"))[3:] == b"\0\0"
    assert meter.truth("0.0.1.0.0") == octet_string(bytes.fromhex("07EA070F030D080000FF8880"))
    set_clock = written(
        reference(8, "0.0.1.0.0.255", 2), values=(octet_string(bytes.fromhex("07EA070F030A000000FF8880")),)
    )
    assert client.ask(set_clock) == bytes.fromhex("C501C100")
    assert meter.truth("0.0.1.0.0") == octet_string(bytes.fromhex("07EA070F030A000000FF8880"))


def test_the_passive_calendar_becomes_the_active_one():
    meter = make_meter()
    client = manager(meter)
    client.ask(written(STORE, values=(octet_string(b"winter"),)))
    assert meter.truth("0.0.13.0.0", 2) == octet_string(b"standard")
    assert client.ask(method(reference(20, "0.0.13.0.0.255", 1), b"\x01\x0f\x00"))[3:] == b"\0\0"
    assert meter.truth("0.0.13.0.0", 2) == octet_string(b"winter")


def test_an_image_is_taken_block_by_block():
    meter = make_meter()
    client = manager(meter)
    image = "0.0.44.0.0.255"
    assert client.ask(method(reference(18, image, 1), bytes.fromhex("010202090241420600000004")))[3:] == b"\0\0"
    for number in (1, 0):
        octets = bytes.fromhex(f"01020206{number:08X}09020102")
        assert client.ask(method(reference(18, image, 2), octets))[3:] == b"\0\0"
    assert meter.truth(image, 4).value == 2
    assert client.ask(method(reference(18, image, 3), b"\x01\x0f\x00"))[3:] == b"\0\0"
    assert meter.truth(image, 6).value == 3
    assert client.ask(method(reference(18, image, 4), b"\x01\x0f\x00"))[3:] == b"\0\0"


def test_a_list_of_methods_has_an_outcome_for_each():
    request = bytes.fromhex("C303C103") + ECHO + RELAY_OFF + reference(3, "1.0.9.9.0.255", 1)
    request += b"\x03" + encode_data_octets(NEW) + b"\x0f\x00" + b"\x00"
    answer = manager(make_meter()).ask(request)
    assert answer == bytes.fromhex("C703C103") + b"\0\1\0" + encode_data_octets(NEW) + bytes.fromhex("00000400")
    assert manager(make_meter()).ask(request[:-1].replace(b"\x03\x06", b"\x02\x06")) == bytes.fromhex("D80103")


def test_a_refusal_may_be_short():
    client = manager(make_meter(short_action_refusal=True))
    assert client.ask(method(reference(3, "1.0.1.8.0.255", 1))) == bytes.fromhex("C701C103")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (ReturnForm.OUTCOME, lambda octets: b"\0\1\0" + octets),
        (ReturnForm.GET_DATA_RESULT, lambda octets: b"\0" + octets),
        (ReturnForm.DATA, lambda octets: octets),
    ],
    ids=["outcome", "get-data-result", "data"],
)
def test_parameters_and_what_is_returned_in_blocks(form: ReturnForm, expected: Callable[[bytes], bytes]):
    client = manager(make_meter(max_pdu_size=100, returned_in_blocks=form))
    octets = encode_data_octets(LONG)
    blocks = in_blocks("C304C1", "C306C1", ECHO, octets, 70)
    answers = [client.ask(request) for request in blocks]
    assert [answer.hex().upper() for answer in answers[:2]] == ["C704C100000001", "C704C100000002"]
    answer, joined = answers[-1], b""
    while True:
        assert answer[:3] == bytes.fromhex("C702C1")
        assert len(answer) <= 100
        joined += answer[9:]
        if answer[3]:
            break
        answer = client.ask(bytes.fromhex("C302C1") + answer[4:8])
    assert joined == expected(octets)


def test_a_list_in_blocks_returns_a_list():
    client = manager(make_meter())
    raw = b"\x02" + encode_data_octets(NEW) * 2
    blocks = in_blocks("C305C1", "C306C1", b"\x02" + ECHO + ECHO, raw, 6)
    answers = [client.ask(request) for request in blocks]
    assert answers[-1] == bytes.fromhex("C703C102") + (b"\0\1\0" + encode_data_octets(NEW)) * 2


def test_long_actions_out_of_order_are_refused():
    client = manager(make_meter(max_pdu_size=100))
    blocks = in_blocks("C304C1", "C306C1", ECHO, encode_data_octets(LONG), 70)
    assert client.ask(blocks[1]) == bytes.fromhex("C701C11000")
    client.ask(blocks[0])
    assert client.ask(blocks[2]) == bytes.fromhex("C701C10F00")
    assert client.ask(bytes.fromhex("C302C100000001")) == bytes.fromhex("C701C11000")
    for request in blocks:
        client.ask(request)
    assert client.ask(bytes.fromhex("C002C100000001")) == bytes.fromhex("C402C101000000010110")
    assert client.ask(bytes.fromhex("C302C100000009")) == bytes.fromhex("C701C10F00")
    garbage = bytes.fromhex("C304C1") + ECHO + block(1, 1, b"\x09\x05")
    assert client.ask(garbage) == bytes.fromhex("C701C10F00")


def test_without_blocks_a_long_return_is_an_error():
    client = manager(make_meter(max_pdu_size=100, writing_blocks=False))
    assert client.ask(method(ECHO, b"\x01" + encode_data_octets(LONG))) == bytes.fromhex("C701C1FA00")


def test_services_have_to_be_negotiated():
    client = manager(make_meter(), conformance=0x007214)
    assert client.ask(written(THRESHOLD)) == bytes.fromhex("D80202")
    assert client.ask(method(RELAY_OFF)) == bytes.fromhex("D80202")


def test_what_makes_no_sense_gets_an_exception():
    client = manager(make_meter())
    assert client.ask(bytes.fromhex("C101C1")) == bytes.fromhex("D80103")
    assert client.ask(bytes.fromhex("C301C1")) == bytes.fromhex("D80103")


def test_unconfirmed_services_are_done_without_an_answer():
    meter = make_meter()
    client = manager(meter)
    assert client.steps(written(THRESHOLD, head="C10181")) == []
    assert client.steps(method(RELAY_OFF, b"\x01\x0f\x00", head="C30181")) == []
    assert meter.truth("0.0.17.0.0", 4) == NEW
    assert len(meter.devices[1].done) == 2
    talkative = manager(make_meter(answers_unconfirmed=True))
    assert talkative.ask(written(THRESHOLD, head="C10181")) == bytes.fromhex("C5018100")


@pytest.mark.parametrize(("fault", "code"), [("temporary-failure", 2), ("denied", 3)])
def test_faults_of_attributes_strike_what_is_written(fault: str, code: int):
    meter = make_meter()
    meter.faults.add(fault, object="0.0.17.0.0", attribute=4, times=1)
    client = manager(meter)
    assert client.ask(written(THRESHOLD)) == bytes([0xC5, 1, 0xC1, code])
    assert client.ask(written(THRESHOLD)) == bytes([0xC5, 1, 0xC1, 0])


def test_f62_an_answer_is_lost_and_the_request_was_done():
    meter = make_meter()
    client = manager(meter)
    meter.faults.add("answer-lost", on="set", times=1)
    assert client.steps(written(THRESHOLD)) == []
    assert meter.truth("0.0.17.0.0", 4) == NEW
