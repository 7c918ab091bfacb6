"""Secrets do not leak (rule S27)."""

import copy
import pickle

import pytest

from custom_components.cosem.dlms.errors import LocalProtocolError
from custom_components.cosem.dlms.security.keys import Secret

CANARY = b"canary-7F3A"


@pytest.mark.parametrize("shown", [repr, str, "{}".format, "{!r:>40}".format, lambda secret: f"{secret}", ascii])
def test_s27_no_text_form_shows_the_octets(shown):
    text = shown(Secret(CANARY))
    assert "Secret(...)" in text
    assert not any(form in text for form in (CANARY.decode(), CANARY.hex(), CANARY.hex().upper(), str(list(CANARY))))


def test_s27_secrets_are_not_compared_by_equality():
    one, other = Secret(CANARY), Secret(CANARY)
    with pytest.raises(LocalProtocolError):
        _ = one == other
    with pytest.raises(LocalProtocolError):
        _ = Secret(CANARY) != CANARY
    with pytest.raises(TypeError):
        hash(Secret(CANARY))


@pytest.mark.parametrize("save", [pickle.dumps, copy.copy, copy.deepcopy])
def test_s27_secrets_are_not_serialised(save):
    with pytest.raises(LocalProtocolError):
        save(Secret(CANARY))


def test_s27_a_secret_has_no_attribute_that_shows_it():
    secret = Secret(CANARY)
    assert not hasattr(secret, "__dict__")
    assert all(CANARY not in repr(getattr(secret, name)).encode() for name in dir(secret) if not name.startswith("_"))


def test_the_octets_come_out_where_they_are_asked_for():
    assert Secret(CANARY).reveal() == CANARY
    assert Secret.from_text("pässword").reveal() == "pässword".encode()
    assert len(Secret(CANARY)) == len(CANARY)


def test_a_secret_keeps_its_own_copy():
    octets = bytearray(CANARY)
    secret = Secret(octets)
    octets[:] = bytes(len(octets))
    assert secret.reveal() == CANARY
