"""Every wire sample of the APDUs: decoded as expected, encoded again, refused when cut off or extended."""

from contextlib import suppress
from typing import Any

import pytest

from custom_components.cosem.dlms.apdu import decode_apdu, encode_apdu
from custom_components.cosem.dlms.describe import describe
from custom_components.cosem.dlms.errors import DlmsError
from tests.dlms.apdu.samples import check_refusals
from tests.vector_tools import Vector, vectors

THEMES = (
    "access",
    "acse",
    "action",
    "ciphered",
    "exception",
    "gbt",
    "general-ciphering",
    "general-signing",
    "get",
    "notification",
    "push-capture",
    "selective-access",
    "set",
    "short-name",
)

# What an envelope cannot know without keys, and remarks.
NOT_ON_THE_WIRE = {"plaintext", "plain", "tag_checked", "unwrapped_key", "signed_data", "valid", "meaning", "quirk"}

# Octets that encode() does not repeat: a leniency on receipt.
NOT_REPEATED = {"Kaifa no_list_1", "Kaifa no_list_2", "Kaifa no_list_3"}

# Needs a leniency that comes with the listener for push messages.
NOT_YET = {"Sagemcom XT211: untagged attribute descriptors", "EG.D documented example: untagged attribute descriptors"}

SAMPLES = [
    pytest.param(vector, id=f"{theme}-{vector.name}")
    for theme in THEMES
    for vector in vectors(theme)
    if vector.octets and vector.name not in NOT_YET
]


def on_the_wire(expect: Any) -> Any:
    """The part of an expectation that the octets alone decide."""
    if isinstance(expect, dict):
        return {key: on_the_wire(value) for key, value in expect.items() if key not in NOT_ON_THE_WIRE}
    if isinstance(expect, list):
        return [on_the_wire(element) for element in expect]
    return expect


@pytest.mark.parametrize("vector", SAMPLES)
def test_sample_is_decoded_as_expected(vector: Vector):
    described = describe(decode_apdu(vector.octets), show_secrets=True)
    if vector.expect == {"error": "authentication-failed"}:  # refused by its tag, not by its form
        assert described["apdu"] == "glo-get-response"
    else:
        assert described == on_the_wire(vector.expect)


@pytest.mark.parametrize("vector", SAMPLES)
def test_sample_is_encoded_again(vector: Vector):
    again = encode_apdu(decode_apdu(vector.octets))
    if vector.name in NOT_REPEATED:
        assert len(again) == len(vector.octets) - 1
        assert decode_apdu(again) == decode_apdu(vector.octets)
    else:
        assert again == vector.octets


@pytest.mark.parametrize("vector", SAMPLES)
def test_sample_is_refused_when_cut_off_or_extended(vector: Vector):
    # An exception-response with a counter may come without it (leniency "exception without counter").
    check_refusals(vector.octets, complete_prefixes={3} if vector.octets[0] == 0xD8 else ())


@pytest.mark.parametrize("vector", SAMPLES)
def test_one_changed_octet_never_raises_anything_else(vector: Vector):
    for position in range(min(len(vector.octets), 64)):
        for change in (0x01, 0x80, 0xFF):
            octets = bytearray(vector.octets)
            octets[position] ^= change
            with suppress(DlmsError):
                describe(decode_apdu(bytes(octets)))


@pytest.mark.parametrize("vector", vectors("sequences"), ids=lambda vector: vector.name)
def test_every_step_of_a_sequence_is_encoded_again(vector: Vector):
    for step in vector.fields["steps"]:
        octets = bytes.fromhex(step["hex"])
        assert encode_apdu(decode_apdu(octets)) == octets


def test_untagged_descriptors_of_push_messages_are_refused_for_now():
    for vector in vectors("push-capture"):
        if vector.name in NOT_YET:
            with pytest.raises(DlmsError):
                decode_apdu(vector.octets)


def test_samples_that_ship_with_the_project_are_there():
    assert len(SAMPLES) >= 100
