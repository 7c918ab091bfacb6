"""GET in all forms, blocks at every size, refusals."""

import pytest

from custom_components.cosem.dlms.encoding.data import encode_data_octets
from tests.simulated_meter.profile import ListRefusal

from .tools import BareClient, get_request, make_meter, raw_data, reference

OBJECT_LIST = get_request(15, "0.0.40.0.0.255", 2)
REGISTERS = ["1.0.1.8.0.255", "1.0.2.8.0.255", "1.0.14.7.0.255", "1.0.32.7.0.255"]


def associated(**options: int | bool | str) -> BareClient:
    client = BareClient(make_meter(**options))
    client.associate()
    return client


def with_list(*names: str) -> bytes:
    return b"\xc0\x03\xc1" + bytes([len(names)]) + b"".join(reference(3, name, 2) + b"\x00" for name in names)


@pytest.mark.parametrize("size", [64, 65, 127, 128, 137, 138, 139, 140, 255, 256, 265, 270, 300, 1024, 3000])
def test_blocks_never_exceed_the_smaller_size_and_add_up(size: int):
    meter = make_meter(max_pdu_size=size)
    client = BareClient(meter)
    client.associate(pdu_size=4000)
    blocks = client.blocks(OBJECT_LIST)
    assert size - 1 <= max(map(len, blocks)) <= size  # a longer length field may cost the last octet
    assert [int.from_bytes(block[4:8]) for block in blocks] == list(range(1, len(blocks) + 1))
    assert [block[3] for block in blocks] == [0] * (len(blocks) - 1) + [1]
    assert b"".join(map(raw_data, blocks)) == encode_data_octets(meter.truth("0.0.40.0.0", client_wport=2))


def test_the_clients_size_counts_too():
    client = BareClient(make_meter(max_pdu_size=65_535))
    client.associate(pdu_size=100)
    assert max(map(len, client.blocks(OBJECT_LIST))) == 100


def test_a_list_in_blocks_has_its_count_first():
    meter = make_meter(max_pdu_size=64)
    client = BareClient(meter)
    client.associate()
    blocks = client.blocks(with_list(*REGISTERS * 6))
    values = b"".join(b"\x00" + encode_data_octets(meter.truth(name[:-4])) for name in REGISTERS * 6)
    assert b"".join(map(raw_data, blocks)) == b"\x18" + values


def test_a_list_with_errors_keeps_the_order():
    client = associated(undefined_in_list=11)
    answer = client.ask(with_list("1.0.99.8.0.255", *REGISTERS[:1], "0.0.42.0.0.255"))
    assert answer[:6] == bytes.fromhex("C403C103010B")
    assert answer[-2:] == bytes.fromhex("0109")


@pytest.mark.parametrize(
    ("refusal", "answer"),
    [(ListRefusal.EXCEPTION, "D80202"), (ListRefusal.RESULTS, "C403C10401FA01FA01FA01FA")],
)
def test_a_list_that_is_too_long(refusal: ListRefusal, answer: str):
    client = associated(with_list_limit=3, with_list_refusal=refusal)
    assert client.ask(with_list(*REGISTERS)).hex().upper() == answer
    assert client.ask(with_list(*REGISTERS[:3]))[:4] == bytes.fromhex("C403C103")


def test_a_meter_without_lists_may_be_silent_and_announce_them_anyway():
    client = BareClient(make_meter(with_list=False, with_list_claimed=True, with_list_refusal=ListRefusal.SILENT))
    assert bytes.fromhex("5F1F0400007E1D") in client.associate()
    assert client.steps(with_list(*REGISTERS)) == []


def test_a_meter_without_lists_says_so():
    assert bytes.fromhex("5F1F0400007C1D") in BareClient(make_meter(with_list=False)).associate()


@pytest.mark.parametrize(
    ("request_apdu", "code"),
    [
        (get_request(3, "1.0.99.8.0.255", 2), 4),
        (get_request(1, "1.0.1.8.0.255", 2), 9),
        (get_request(3, "1.0.1.8.0.255", 4), 13),
        (get_request(3, "1.0.1.8.0.255", -1), 13),
        (get_request(15, "0.0.40.0.0.255", 7), 3),
        (get_request(3, "1.0.1.8.0.255", 2, b"\x01\x01\x00"), 13),
    ],
)
def test_data_access_results(request_apdu: bytes, code: int):
    assert associated().ask(request_apdu) == bytes([0xC4, 1, 0xC1, 1, code])


def test_attribute_zero_is_all_attributes():
    meter = make_meter()
    client = BareClient(meter)
    client.associate()
    answer = client.ask(get_request(3, "1.0.1.8.0.255", 0))
    assert answer == bytes.fromhex("C401C100020309060100010800FF") + encode_data_octets(
        meter.truth("1.0.1.8.0")
    ) + bytes.fromhex("02020F00161E")


def test_attribute_zero_has_to_be_negotiated():
    client = BareClient(make_meter())
    client.associate(conformance=0x00501C)
    assert client.ask(get_request(3, "1.0.1.8.0.255", 0)) == bytes.fromhex("C401C1010D")


def test_invoke_id_and_priority_are_mirrored():
    client = associated()
    for invoke in (0x40, 0x4F, 0xC7):
        assert client.ask(get_request(3, "1.0.1.8.0.255", 3, invoke=invoke))[2] == invoke


def test_next_without_a_transfer():
    assert associated().ask(bytes.fromhex("C002C100000001")) == bytes.fromhex("C402C101000000010110")


def test_a_wrong_block_number_ends_the_transfer():
    client = associated(max_pdu_size=64)
    client.ask(OBJECT_LIST)
    assert client.ask(bytes.fromhex("C002C100000002")) == bytes.fromhex("C402C101000000020113")
    assert client.ask(bytes.fromhex("C002C100000001")) == bytes.fromhex("C402C101000000010110")


def test_a_new_request_aborts_the_transfer():
    client = associated(max_pdu_size=64)
    client.ask(OBJECT_LIST)
    client.ask(get_request(3, "1.0.1.8.0.255", 2))
    assert client.ask(bytes.fromhex("C002C100000001")) == bytes.fromhex("C402C101000000010110")


def test_without_blocks_a_long_answer_is_an_error():
    client = associated(max_pdu_size=64, get_blocks=False)
    assert client.ask(OBJECT_LIST) == bytes.fromhex("C401C101FA")
    assert client.ask(with_list(*REGISTERS * 5)) == bytes.fromhex("D80103")


@pytest.mark.parametrize("apdu", ["D9", "05"])
def test_other_services_are_not_supported(apdu: str):
    assert associated().ask(bytes.fromhex(apdu)) == bytes.fromhex("D80202")


@pytest.mark.parametrize("apdu", ["C0", "C001", "C001C1", "C009C1", "C001C1000301", "C001C100030100010800FF020000"])
def test_broken_requests_get_an_exception(apdu: str):
    assert associated().ask(bytes.fromhex(apdu)) == bytes.fromhex("D80103")
