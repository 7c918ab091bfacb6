"""What a log and a report show of an APDU, and what they never show (rule S29)."""

import random

import pytest

from custom_components.cosem.dlms.apdu import encode_apdu
from custom_components.cosem.dlms.apdu.acse import (
    AUTHENTICATION_REQUIREMENT,
    Aare,
    Aarq,
    ApplicationContext,
    AuthenticationForm,
    AuthenticationValue,
    Mechanism,
    application_context_name,
    mechanism_name,
)
from custom_components.cosem.dlms.describe.redacted import apdu_in_words, redacted, redacted_but_head

PASSWORD = b"Pa55word-of-a-meter"
INITIATE = bytes.fromhex("01000000065F1F0400007E1FFFFF")
TITLE = bytes.fromhex("4D4D4D0000BC614E")


def aarq(**fields: object) -> bytes:
    known = {
        "application_context_name": application_context_name(ApplicationContext.LN),
        "sender_acse_requirements": AUTHENTICATION_REQUIREMENT,
        "mechanism_name": mechanism_name(Mechanism.LLS),
        "calling_authentication_value": AuthenticationValue(AuthenticationForm.CHARSTRING, PASSWORD),
        "user_information": INITIATE,
    }
    return encode_apdu(Aarq(**known | fields))


def aare(**fields: object) -> bytes:
    known = {
        "application_context_name": application_context_name(ApplicationContext.LN),
        "result": 0,
        "result_source": 1,
        "diagnostic": 14,
        "user_information": bytes.fromhex("0800065F1F040000181DFFFF0007"),
    }
    return encode_apdu(Aare(**known | fields))


@pytest.mark.parametrize(
    ("apdu", "words"),
    [
        (b"", "empty APDU"),
        (b"\xff\xff", "unknown APDU FF"),
        (b"\xc0", "get-request"),
        (bytes.fromhex("C001C1"), "get-request-normal"),
        (bytes.fromhex("C003C1"), "get-request-with-list"),
        (bytes.fromhex("C402C1"), "get-response-with-datablock"),
        (bytes.fromhex("D0"), "ded-get-request"),
        (aarq(), "aarq: mechanism lls"),
        (aarq(mechanism_name=None, calling_authentication_value=None), "aarq: no authentication"),
        (aarq(mechanism_name=b"\x60\x01"), "aarq: unknown mechanism"),
        (aare(), "aare: accepted, acse-service-user 14 (authentication required)"),
        (aare(result=7, diagnostic=99), "aare: result 7, acse-service-user 99 (unknown)"),
        (b"\x61\x05", "aare, not decodable"),
        (bytes.fromhex("D80101"), "exception-response: service-not-allowed, operation-not-possible"),
        (bytes.fromhex("0E010600"), "confirmed-service-error: service 1, class 6, error 0"),
    ],
)
def test_apdu_in_words(apdu, words):
    assert apdu_in_words(apdu) == words


def test_s29_password_of_an_aarq_is_hidden_and_what_was_proposed_is_shown():
    text = redacted(aarq())
    assert PASSWORD.hex().upper() not in text
    assert f"AC{len(PASSWORD) + 2:02X}<{len(PASSWORD) + 2}>" in text
    assert "A109060760857405080101" in text
    assert text.endswith(f"BE10040E{INITIATE.hex().upper()}")


def test_s29_dedicated_key_is_hidden_even_in_plain():
    key = bytes(range(0xA0, 0xB0))
    assert key.hex().upper() not in redacted(aarq(user_information=b"\x01\x01\x10" + key + INITIATE[2:]))


def test_s29_challenges_and_most_of_a_title_are_hidden():
    challenge = bytes(range(0xE0, 0xF0))
    value = AuthenticationValue(AuthenticationForm.CHARSTRING, challenge)
    for text in (
        redacted(aarq(calling_ap_title=TITLE, calling_authentication_value=value)),
        redacted(aare(responding_ap_title=TITLE, responding_authentication_value=value)),
    ):
        assert challenge.hex().upper() not in text
        assert "04084D4D4D<5>" in text


def test_s29_unknown_and_too_long_fields_are_hidden():
    assert redacted(bytes.fromhex("6106BD04AABBCCDD")) == "6106BD04<4>"
    assert redacted(b"\x61\x81\x22\x89\x20" + bytes(32)) == "6181228920" + "00" * 24 + "<8>"


def test_field_that_ends_early_shows_nothing_of_the_next():
    # The user-information has no room for what is shown of it otherwise.
    assert redacted(bytes.fromhex("610ABE03040108AA0411223344")) == "610ABE03040108AA04<4>"
    assert redacted(bytes.fromhex("6104BE020421")) == "6104BE020421"
    assert redacted(bytes.fromhex("6102BE00")) == "6102BE00"
    assert redacted(bytes.fromhex("6106BE040402AABB")) == "6106BE040402<2>"


def test_s29_protected_contents_are_hidden_but_for_control_and_counter():
    contents = bytes(range(0xC0, 0xD0))
    assert redacted(bytes.fromhex("C81530000000AB") + contents) == "C81530000000AB<16>"
    assert redacted(b"\xdb\x08" + TITLE + bytes.fromhex("1530000000AB") + contents) == "DB084D4D4D<5>1530000000AB<16>"
    assert redacted(b"\xcc\x82\x00\x15\x30\x00\x00\x00\xab" + contents) == "CC82001530000000AB<16>"
    inner = redacted(aarq(user_information=b"\x21\x15\x30\x00\x00\x00\xab" + contents))
    assert inner.endswith("BE190417211530000000AB<16>")


def test_s29_proofs_are_hidden():
    request = bytes.fromhex("C301C1000F0000280000FF010109") + b"\x10" + bytes(range(16))
    assert redacted(request) == "C301C1000F0000280000FF0101<18>"
    assert redacted(bytes.fromhex("C701C100") + bytes(20)) == "C701C100<20>"
    assert redacted(bytes.fromhex("C101C1000F0000280000FF0700") + PASSWORD) == "C101C100<28>"


def test_requests_and_errors_are_shown_whole():
    for octets in ("C001C1000300010800FF0200FF0200", "D80206FFFF0000", "0E010600", "6203800100", "63038001000000"):
        assert redacted(bytes.fromhex(octets)) == octets


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        ("C401C10006000186A0", "C401C10006000186A0"),
        ("C401C100 0908 3132333435363738", "C401C1000908<8>"),
        ("C401C100 0904 00BC614E", "C401C1000904<4>"),
        ("C401C100 0906 0100010800FF", "C401C10009060100010800FF"),
        ("C401C100 0906 313233343536", "C401C1000906<6>"),
        ("C401C100 090C 07E90717030700000000 4A00", "C401C100090C07E907170307000000004A00"),
        ("C401C100 090C 4D4D4D000000000000000001", "C401C100090C<12>"),
        ("C401C100 190C", "C401C100190C"),
        # A text where no string is expected, as in a later block.
        ("C402C1010000000200053132333435", "C402C10100000002000" + "5<5>"),
        ("C402C10100000002000431323334", "C402C10100000002000431323334"),
        # One result for two, and an element without its choice octet: what is wrong stays visible.
        ("C403C10103", "C403C10103"),
        (
            "C403C10200000205 1202D0 120CA8 1118 111F 0F01 0A0341424300",
            "C403C102000002051202D0120CA81118111F0F010A03<3>00",
        ),
        ("C401C100 09820004 AABBCCDD 1107", "C401C10009820004<4>1107"),
    ],
)
def test_s29_texts_in_values_are_hidden_and_numbers_are_shown(octets, shown):
    assert redacted(bytes.fromhex(octets)) == shown


def test_s29_private_octets_are_hidden_wherever_they_stand():
    serial = (12345678).to_bytes(4)
    apdu = bytes.fromhex("C403C1020006") + serial + b"\x00\x06" + serial
    assert redacted(apdu, [serial, b""]) == "C403C1020006<4>0006<4>"


def test_any_octets_will_do():
    numbers = random.Random(29)
    tags = [*range(256)]
    for _ in range(4000):
        apdu = bytes([numbers.choice(tags)]) + numbers.randbytes(numbers.randrange(40))
        for cut in (apdu, apdu[: numbers.randrange(len(apdu) + 1)]):
            text = redacted(cut)
            hidden = sum(int(part.split(">")[0]) for part in text.split("<")[1:])
            left = "".join(part.split(">")[-1] for part in text.split("<"))
            assert len(left) // 2 + hidden == len(cut)
            assert apdu_in_words(cut)
    assert redacted(b"") == ""


def test_s29_further_blocks_of_a_method_are_hidden_from_the_first_octet_on():
    assert redacted(bytes.fromhex("C306C1010000000204AABBCCDD")) == "C306C101<9>"
    assert redacted(bytes.fromhex("C304C1000F0000280000FF02010000000104AABBCCDD")).startswith(
        "C304C1000F0000280000FF0201<"
    )


@pytest.mark.parametrize(("octets", "shown"), [("", ""), ("C401", "C401"), ("C401C10009", "C401C100<1>")])
def test_s29_of_what_may_be_a_secret_only_the_head_is_shown(octets: str, shown: str):
    assert redacted_but_head(bytes.fromhex(octets)) == shown
