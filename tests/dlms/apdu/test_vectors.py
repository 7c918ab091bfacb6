"""Every wire sample of the APDUs: decoded as expected, encoded again, refused when cut off or extended."""

import json
from typing import Any

import pytest

from custom_components.cosem.dlms.apdu import Apdu, decode_apdu, encode_apdu
from custom_components.cosem.dlms.apdu.ciphered import GeneralGloCiphering
from custom_components.cosem.dlms.describe import describe
from custom_components.cosem.dlms.errors import DlmsError
from custom_components.cosem.dlms.security.cipher import SealingKey, open_sealed
from custom_components.cosem.dlms.security.keys import Secret
from tests.dlms.apdu.samples import check_refusals
from tests.vector_tools import FOREIGN, OWN, Vector, vectors

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
    "more-services",
    "notification",
    "push",
    "push-capture",
    "selective-access",
    "set",
    "short-name",
)

# What an envelope cannot know without keys, and remarks.
NOT_ON_THE_WIRE = {"plaintext", "plain", "tag_checked", "unwrapped_key", "signed_data", "valid", "meaning", "quirk"}


def has_tagged_time(vector: Vector) -> bool:
    """Octets that encode() does not repeat: a leniency on receipt."""
    return "octet-string tag" in vector.expect.get("quirk", "")


def says_only_what_is_inside(vector: Vector) -> bool:
    """A protected APDU without a word on its envelope: deciphered in tests/dlms/conversations."""
    return "plaintext" in vector.expect and "apdu" not in vector.expect


def has_untagged_descriptors(vector: Vector) -> bool:
    """Octets that encode() does not repeat; tried in test_untagged_descriptors.py."""
    return "items" in vector.expect


SAMPLES = [
    pytest.param(vector, id=f"{theme}-{vector.name}")
    for theme in THEMES
    for vector in vectors(theme)
    if vector.octets and not has_untagged_descriptors(vector)
]


def on_the_wire(expect: Any) -> Any:
    """The part of an expectation that the octets alone decide."""
    if isinstance(expect, dict):
        return {key: on_the_wire(value) for key, value in expect.items() if key not in NOT_ON_THE_WIRE}
    if isinstance(expect, list):
        return [on_the_wire(element) for element in expect]
    return expect


@pytest.mark.parametrize("vector", [each for each in SAMPLES if not says_only_what_is_inside(each.values[0])])
def test_sample_is_decoded_as_expected(vector: Vector):
    described = describe(decode_apdu(vector.octets), show_secrets=True)
    if vector.expect == {"error": "authentication-failed"}:  # refused by its tag, not by its form
        assert described["apdu"] == "glo-get-response"
    else:
        assert described == on_the_wire(vector.expect)


@pytest.mark.parametrize("vector", SAMPLES)
def test_sample_is_encoded_again(vector: Vector):
    again = encode_apdu(decode_apdu(vector.octets))
    if has_tagged_time(vector):
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
            apdu = decoded_or_none(bytes(octets))
            assert apdu is None or describe(decode_apdu(encode_apdu(apdu))) == describe(apdu)


def decoded_or_none(octets: bytes) -> Apdu | None:
    """Nothing but a DlmsError is swallowed."""
    try:
        return decode_apdu(octets)
    except DlmsError:
        return None


@pytest.mark.parametrize("vector", vectors("sequences"), ids=lambda vector: vector.name)
def test_every_step_of_a_sequence_is_encoded_again(vector: Vector):
    for step in vector.fields["steps"]:
        octets = bytes.fromhex(step["hex"])
        assert encode_apdu(decode_apdu(octets)) == octets


PUSHES = [*vectors("push"), *vectors("push-capture")]
CIPHERED_PUSHES = [vector for vector in PUSHES if "plaintext" in vector.expect]


def of(samples: list[Vector]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", samples, ids=lambda vector: vector.name)


@of(CIPHERED_PUSHES)
def test_ciphered_pushes_have_the_plaintext_that_they_say(vector: Vector):
    apdu = decode_apdu(vector.octets)
    assert isinstance(apdu, GeneralGloCiphering)
    key = SealingKey(
        key=Secret(bytes.fromhex(vector.keys["ek"])),
        authentication_key=Secret(bytes.fromhex(vector.keys.get("ak", ""))),
        control=apdu.content.security_control,
        system_title=apdu.system_title,
    )
    plaintext = open_sealed(key, apdu.content.invocation_counter, apdu.content.payload)
    assert plaintext.hex() == vector.expect["plaintext"]
    assert describe(decode_apdu(plaintext), show_secrets=True) == vector.expect["plain"]


@of([vector for vector in PUSHES if "gbt_blocks" in vector.fields])
def test_blocks_of_a_push_join_to_its_octets(vector: Vector):
    blocks = [decode_apdu(bytes.fromhex(block)) for block in vector.fields["gbt_blocks"]]
    assert b"".join(block.block_data for block in blocks) == vector.octets
    assert [block.last_block for block in blocks] == [False] * (len(blocks) - 1) + [True]
    assert [block.block_number for block in blocks] == list(range(1, len(blocks) + 1))


def test_our_own_pushes_stand_for_each_kind_that_was_captured():
    own = vectors("push")
    assert len(own) >= 14
    assert all(vector.fields["source"] == "constructed" for vector in own)
    kinds = (has_tagged_time, has_untagged_descriptors, lambda vector: "gbt_blocks" in vector.fields)
    assert all(any(map(kind, own)) for kind in kinds)


@pytest.mark.parametrize("theme", [theme for theme in THEMES if theme != "push"])
def test_samples_of_others_are_tried_where_they_are(theme: str):
    if not FOREIGN.is_dir():
        pytest.skip(f"no samples of others beside this checkout: {theme} was tried with our own only")
    there = {entry["name"] for entry in json.loads((FOREIGN / f"{theme}.json").read_text())}
    assert there <= {vector.name for vector in vectors(theme)}


def test_captured_pushes_are_tried_where_they_are():
    captured = vectors("push-capture")
    if not captured:
        pytest.skip("no captured pushes beside this checkout: only their constructed equivalents were tried")
    assert {vector.fields["source"] for vector in captured} != {"constructed"}
    assert len(captured) >= 15


def test_samples_that_ship_with_the_project_are_there():
    own = [path for path in (OWN / f"{theme}.json" for theme in THEMES) if path.exists()]
    assert len(own) == len(THEMES) - 1
    assert sum(len(json.loads(path.read_text())) for path in own) >= 100
