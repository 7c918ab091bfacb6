"""Octets that a person typed."""

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.command_line.wire import describe_octets, describe_wpdu
from custom_components.cosem.dlms.encoding.octets import parse_hex
from custom_components.cosem.dlms.errors import DecodeError, DlmsError, LimitExceeded, UnexpectedApdu
from custom_components.cosem.dlms.protocol.wrapper import Wpdu, decode_wpdu
from tests.vector_tools import vectors

RLRQ_WPDU = "0001 0010 0001 0002 6200"


def test_apdu_alone():
    assert describe_octets(parse_hex("6200")) == [{"apdu": "rlrq"}]


def test_wpdu():
    (described,) = describe_octets(parse_hex(RLRQ_WPDU))
    assert described["apdu"] == {"apdu": "rlrq"}
    assert described["source_wport"] == 16


def test_several_wpdus_in_a_row_one_of_them_empty():
    described = describe_octets(parse_hex(RLRQ_WPDU + "0001001000010000" + RLRQ_WPDU))
    assert [each["apdu"] for each in described] == [{"apdu": "rlrq"}, None, {"apdu": "rlrq"}]


@pytest.mark.parametrize(
    ("text", "error", "offset"),
    [
        ("0002", DecodeError, 0),
        (RLRQ_WPDU + "0002 0010 0001 0002 6200", DecodeError, 10),
        (RLRQ_WPDU + "0001", DecodeError, 12),
        (RLRQ_WPDU + "0001 0010 0001 0003 6200", DecodeError, 20),
        (RLRQ_WPDU + "0001 0010 0001 0002 FF00", UnexpectedApdu, 18),
        (RLRQ_WPDU + "0001 0010 0001 0003 620000", DecodeError, 20),
        ("0001 0010 0001 0001 6200", DecodeError, 9),
        ("7EA0", DecodeError, 0),
        ("FF", UnexpectedApdu, 0),
        ("C0", DecodeError, 1),
        ("C401C100" + 20 * "0201" + "00", LimitExceeded, None),
    ],
)
def test_offset_counts_from_the_first_octet_of_the_input(text: str, error: type[DlmsError], offset: int | None):
    with pytest.raises(error) as caught:
        describe_octets(parse_hex(text))
    if offset is not None:
        assert getattr(caught.value, "offset", None) == offset


def test_trial_26_nothing_at_all_is_a_decode_error():
    with pytest.raises(DecodeError, match="there are no octets"):
        describe_octets(b"")


INNER_APDUS = {
    "60": "aarq",
    "62": "rlrq",
    "c001": "get-request-normal",
    "c101": "set-request-normal",
    "c401": "get-response-normal",
    "c402": "get-response-with-datablock",
    "c2": "event-notification-request",
    "0f": "data-notification",
    "db": "general-glo-ciphering",
}


@pytest.mark.parametrize(
    "vector", [vector for vector in vectors("wpdu") if "error" not in vector.expect], ids=lambda vector: vector.name
)
def test_wpdu_is_shown_with_its_header_and_its_apdu(vector):
    described = describe_wpdu(decode_wpdu(vector.octets))
    inner = described.pop("apdu")
    octets = vector.expect["apdu"]
    assert described == {key: value for key, value in vector.expect.items() if key != "apdu"}
    if octets:
        assert inner["apdu"] == next(name for tag, name in INNER_APDUS.items() if octets.startswith(tag))
        assert encode_apdu(decode_apdu(bytes.fromhex(octets))).hex() == octets
    else:
        assert inner is None


@pytest.mark.parametrize(
    "vector", [vector for vector in vectors("wpdu") if "error" in vector.expect], ids=lambda vector: vector.name
)
def test_wpdu_that_is_none_is_not_shown(vector):
    with pytest.raises(DlmsError):
        describe_wpdu(decode_wpdu(vector.octets))


def test_wpdu_with_octets_that_are_no_apdu_is_refused():
    with pytest.raises(DlmsError):
        describe_wpdu(Wpdu(1, 16, b"\xff"))
