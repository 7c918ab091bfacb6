"""ACCESS octet by octet; associations without an answer, and without an AARQ."""

import pytest

from custom_components.cosem.dlms.encoding.data import double_long_unsigned, encode_data_octets
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import ClientProfile, Level, MeterProfile
from tests.simulated_meter.steps import wpdu

from .test_writing import IN_PART
from .tools import FULL_CONFORMANCE, NOW, BareClient, get_request, make_aarq, make_meter, reference

WITH_ACCESS = FULL_CONFORMANCE | 0x40
THRESHOLD = b"\x02" + reference(71, "0.0.17.0.0.255", 4)
ENERGY = b"\x01" + reference(3, "1.0.1.8.0.255", 2)
UNKNOWN = b"\x01" + reference(3, "1.0.1.9.9.255", 2)
RELAY_OFF = b"\x03" + reference(70, "0.0.96.3.10.255", 1)
ECHO = b"\x03" + reference(20, "0.0.13.0.0.255", -1)
LAST_ROW = b"\x04" + reference(7, "1.0.99.2.0.255", 2) + bytes.fromhex("02020406000000010600000001120001120001")
SEVEN = encode_data_octets(double_long_unsigned(7))
NULL = b"\x00"


def manager(meter: SimulatedMeter) -> BareClient:
    client = BareClient(meter, 1)
    client.associate(conformance=WITH_ACCESS)
    return client


def access(*items: tuple[bytes, bytes], head: str = "40000001") -> bytes:
    count = bytes([len(items)])
    specifications = b"".join(specification for specification, _ in items)
    return b"\xd9" + bytes.fromhex(head) + b"\x00" + count + specifications + count + b"".join(d for _, d in items)


ITEMS = [(ENERGY, NULL), (THRESHOLD, SEVEN), (RELAY_OFF, b"\x0f\x00"), (ECHO, SEVEN), (UNKNOWN, NULL)]


def test_every_kind_of_item_has_data_and_a_result():
    meter = make_meter(access=True)
    energy = encode_data_octets(meter.truth("1.0.1.8.0"))
    answer = manager(meter).ask(access(*ITEMS))
    assert answer.hex() == "da40000001000005" + energy.hex() + "0000" + SEVEN.hex() + "00" + "0501000200030003000104"
    assert meter.truth("0.0.17.0.0", 4) == double_long_unsigned(7)
    assert meter.truth("0.0.96.3.10").value is False


def test_a_selection_counts():
    meter = make_meter(access=True)
    answer = manager(meter).ask(access((LAST_ROW, NULL)))
    assert answer[:8] == bytes.fromhex("DA40000001000001")
    assert answer[8:12] == bytes.fromhex("01010201")
    assert answer[-3:] == bytes.fromhex("010100")


@pytest.mark.parametrize(("target", "selection", "code"), IN_PART)
def test_no_part_can_be_written_by_access(target: bytes, selection: bytes, code: int):
    client = manager(make_meter(access=True))
    request = bytes.fromhex("D94000000100" + "0105") + target + selection[1:] + b"\1" + SEVEN
    assert client.ask(request) == bytes.fromhex("DA40000001" + "0000" + "0100" + "0102") + bytes([code])


def test_behind_an_error_nothing_is_done_where_that_was_asked_for():
    meter = make_meter(access=True)
    request = access((UNKNOWN, NULL), (THRESHOLD, SEVEN), (RELAY_OFF, b"\x0f\x00"), head="60000001")
    assert manager(meter).ask(request).hex() == "da6000000100000300000003010402" + "0b030b"
    assert meter.devices[1].done == []
    other = make_meter(access=True, access_skipped=250)
    assert manager(other).ask(request)[-6:] == bytes.fromhex("010402FA03FA")


def test_data_of_what_is_written_may_be_left_out():
    answer = manager(make_meter(access=True, access_leaves_data_out=True)).ask(
        access((THRESHOLD, SEVEN), (ECHO, SEVEN))
    )
    assert answer.hex() == "da40000001000001" + SEVEN.hex() + "0202000300"


def test_unconfirmed_access_is_done_without_an_answer():
    meter = make_meter(access=True)
    assert manager(meter).steps(access((THRESHOLD, SEVEN), head="00000001")) == []
    assert meter.truth("0.0.17.0.0", 4) == double_long_unsigned(7)


def test_access_has_to_be_offered_and_to_make_sense_and_to_fit():
    assert manager(make_meter()).ask(access(*ITEMS)) == bytes.fromhex("D80202")
    client = manager(make_meter(access=True, max_pdu_size=64))
    assert client.ask(b"\xd9") == bytes.fromhex("D80103")
    assert client.ask(access(*ITEMS)[:-1]) == bytes.fromhex("D80103")
    assert client.ask(b"\xd9\x40\x00\x00\x01\x00\x01" + ENERGY + b"\x00") == bytes.fromhex("D80103")
    assert client.ask(access((b"\x01" + reference(15, "0.0.40.0.0.255", 2), NULL))) == bytes.fromhex("D80104")


# -- associations without an answer


def unconfirmed_aarq(**arguments: object) -> bytes:
    """The InitiateRequest's response-allowed is FALSE: absent means TRUE."""
    aarq = make_aarq(**{"password": "simulated", **arguments})  # type: ignore[arg-type]  # passed on as they are
    at = aarq.index(bytes.fromhex("0100000006"))
    longer = aarq[:at] + bytes.fromhex("010001000006") + aarq[at + 5 :]
    inner = at - 1
    grown = bytearray(longer)
    for place in (1, inner, inner - 2):
        grown[place] += 1
    return bytes(grown)


def set_request(invoke: int = 0x81) -> bytes:
    return bytes([0xC1, 1, invoke]) + THRESHOLD[1:] + NULL + SEVEN


def test_an_unconfirmed_association_does_what_needs_no_answer_and_is_silent():
    meter = make_meter()
    client = BareClient(meter, 1)
    assert client.steps(unconfirmed_aarq()) == []
    assert client.steps(set_request()) == []
    assert meter.truth("0.0.17.0.0", 4) == double_long_unsigned(7)
    assert client.steps(set_request(0xC1)) == []
    assert client.steps(get_request(3, "1.0.1.8.0.255", 2)) == []
    assert len(meter.devices[1].done) == 1
    assert client.steps(b"\x62\x00") == []
    assert client.ask(get_request(3, "1.0.1.8.0.255", 2)) == bytes.fromhex("D80101")


def test_a_refused_unconfirmed_association_is_silent_too():
    meter = make_meter()
    client = BareClient(meter, 1)
    assert client.steps(unconfirmed_aarq(password="wrong-one")) == []
    assert client.ask(set_request(0xC1)) == bytes.fromhex("D80101")


def test_a_broadcast_reaches_every_logical_device_and_none_answers():
    meter = make_meter()
    session = meter.open_session()
    assert session is not None
    clock = reference(8, "0.0.1.0.0.255", 2)
    for apdu in (unconfirmed_aarq(), bytes([0xC1, 1, 0x81]) + clock + NULL + b"\x09\x0c" + NOON):
        assert session.receive(wpdu(1, 0x7F, apdu)) == []
    assert [len(device.done) for device in meter.devices.values()] == [1, 1]


NOON = bytes.fromhex("07EA070F030C000000FF8880")


# -- associations without an AARQ


def pre_established() -> SimulatedMeter:
    client = ClientProfile(wport=102, name="pre-established", level=Level.MANAGE, pre_established=True)
    return SimulatedMeter(MeterProfile(clients=(client,)), lambda: NOW)


def test_a_pre_established_association_is_there_and_cannot_be_released():
    meter = pre_established()
    client = BareClient(meter, 102)
    energy = encode_data_octets(meter.truth("1.0.1.8.0"))
    for _ in range(2):
        assert client.ask(get_request(3, "1.0.1.8.0.255", 2)) == bytes.fromhex("C401C100") + energy
        assert client.steps(b"\x62\x00") == []
    assert client.ask(set_request(0xC1)) == bytes.fromhex("C501C100")


def test_others_need_an_association_all_the_same():
    assert BareClient(pre_established(), 1).ask(set_request(0xC1)) == bytes.fromhex("D80101")
