"""What a person may type about a meter that calls."""

from typing import Any

import pytest
import voluptuous as vol

from custom_components.cosem.forms.call_fields import call_data, call_fault, call_schema

USUAL = {"call_within": 5400}


def test_blanks_and_empty_fields_do_not_count():
    typed = {"call_sources": [" 192.0.2.7 ", " "], "listen_address": " ", **USUAL}
    assert call_data(typed) == {"call_sources": ["192.0.2.7"], **USUAL}
    assert call_data({**USUAL, "listen_address": " ::1 "}) == {"call_sources": [], "listen_address": "::1", **USUAL}


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({}, {}),
        ({"call_sources": ["192.0.2.7", "2001:db8::/32"], "listen_address": "0.0.0.0"}, {}),
        ({"call_sources": ["meter"]}, {"call_sources": "invalid_notification_sources"}),
        ({"call_sources": ["0.0.0.0/0"]}, {"call_sources": "call_sources_needed"}),
        ({"call_sources": ["192.0.2.7", "::/0"]}, {"call_sources": "call_sources_needed"}),
        ({"listen_address": "eth0"}, {"listen_address": "invalid_listen_address"}),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_at_its_field(typed: dict[str, Any], errors: dict[str, str]):
    assert call_fault({**USUAL, **typed}, needs_sources=False)[0] == errors


def test_s20_a_password_needs_named_sources():
    assert call_fault(USUAL, needs_sources=True)[0] == {"call_sources": "call_sources_needed"}
    assert call_fault({**USUAL, "call_sources": ["192.0.2.7"]}, needs_sources=True) == ({}, {})


def test_the_time_without_a_call_is_a_whole_number_within_limits():
    assert call_schema()({"call_within": 60.0}) == USUAL | {"call_within": 60}
    with pytest.raises(vol.Invalid):
        call_schema()({"call_within": 1})
