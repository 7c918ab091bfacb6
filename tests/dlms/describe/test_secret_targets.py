"""Which attributes and methods take or give secrets."""

import pytest

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, MethodDescriptor
from custom_components.cosem.dlms.describe.secret_targets import is_secret, is_secret_or_proof
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

NAME = LogicalName.parse("0.0.96.1.0.255")
ASSOCIATION = LogicalName.parse("0.0.40.0.0.255")


@pytest.mark.parametrize(
    ("class_id", "secret", "public"),
    [
        (12, [], [0, 2, 3, 4, 7]),
        (15, [0, 5, 7, -1], [1, 2, 3, 4, 6, 8, 9, 10, 11]),  # cyphering_info and secret
        (19, [0, 7, 8, 9, -1], [1, 2, 6]),  # passwords of the optical port
        (30, [0, 2, 4, 5, -1], [1, 3, 6]),
        (40, [0, 10, -1], [2, 3, 9, 11]),
        (44, [0, 5, -1], [2, 3, 4]),  # PPP_authentication
        (45, [0, 3, -1], [2, 4]),  # PIN_code
        (46, [0, 4, -1], [2, 3]),  # login_password
        (64, [-1], [0, 2, 3, 4, 5, 6]),
        (72, [-1], [0, 2, 14]),
        (100, [0, 6, 7, -1], [2, 3, 4, 5]),  # keys of NTP
        (115, [0, 2, -1], [3, 4, 5, 6]),  # a token
        (1, [], [0, 1, 2, -1]),
        (8192, [], [0, 2, -1]),
    ],
)
def test_attributes_that_hold_a_secret(class_id: int, secret: list[int], public: list[int]):
    assert [index for index in [*secret, *public] if is_secret(AttributeDescriptor(class_id, NAME, index))] == secret


@pytest.mark.parametrize(
    ("class_id", "secret", "public"),
    [
        (12, [5, 6, -1], [1, 3, 9, 10]),
        (15, [2, -1], [3, 4, 5, 6]),  # change_HLS_secret
        (30, [1, 2, 3, -1], []),
        (44, [-1], [1]),
        (64, [2, 3, -1], [1, 4, 5, 6, 7, 8]),  # key_transfer, key_agreement
        (72, [7, 8, -1], [1, 2, 3, 4, 5, 6]),  # set_encryption_key, transfer_key
        (100, [2, -1], [1, 3]),
        (115, [1, -1], []),
        (70, [], [1, 2, -1]),
    ],
)
def test_methods_that_take_or_return_a_secret(class_id: int, secret: list[int], public: list[int]):
    assert [index for index in [*secret, *public] if is_secret(MethodDescriptor(class_id, NAME, index))] == secret


@pytest.mark.parametrize(
    ("class_id", "secret", "public"),
    [
        (1, [0, 5, 7, -1], [1, 2, 3, 4, 6]),  # called another class: many meters go by the name
        (15, [0, 5, 7, -1], [1, 2, 3, 4, 6]),
        (12, [], [0, 2, 3, 4, 7]),
    ],
)
def test_the_name_of_an_association_tells_what_it_is(class_id: int, secret: list[int], public: list[int]):
    attributes = [AttributeDescriptor(class_id, ASSOCIATION, index) for index in [*secret, *public]]
    assert [each.attribute_index for each in attributes if is_secret(each)] == secret
    of_electricity = LogicalName.parse("1.0.40.0.0.255")
    assert is_secret(AttributeDescriptor(class_id, of_electricity, 7)) is (class_id == 15)


def test_so_it_does_for_methods():
    assert [index for index in (1, 2, 3, 4) if is_secret(MethodDescriptor(1, ASSOCIATION, index))] == [2]
    assert [index for index in (1, 2, 3, 4) if is_secret_or_proof(MethodDescriptor(1, ASSOCIATION, index))] == [1, 2]


@pytest.mark.parametrize(("class_id", "method"), [(15, 1), (12, 8)])
def test_a_proof_is_no_secret_but_not_for_everybody(class_id: int, method: int):
    assert not is_secret(MethodDescriptor(class_id, NAME, method))
    assert is_secret_or_proof(MethodDescriptor(class_id, NAME, method))


def test_what_is_no_proof_is_judged_as_before():
    assert is_secret_or_proof(MethodDescriptor(64, NAME, 2))
    assert not is_secret_or_proof(MethodDescriptor(15, NAME, 3))
    assert not is_secret_or_proof(AttributeDescriptor(12, NAME, 8))
