"""A number that is not whole is refused in a form, and not cut off: 1.9 is not the client 1."""

import pytest
import voluptuous as vol

from custom_components.cosem.forms.call_fields import call_schema
from custom_components.cosem.forms.credential_schemas import TIMEOUT
from custom_components.cosem.forms.number_field import number_field
from custom_components.cosem.forms.option_schemas import OPTION_SECTIONS
from custom_components.cosem.forms.schemas import PORT_FIELD, WPORT_FIELD


@pytest.mark.parametrize("field", [PORT_FIELD, WPORT_FIELD, TIMEOUT, number_field(0, 9), number_field(0, 9, "s")])
def test_only_whole_numbers_are_taken(field: object):
    check = vol.Schema(field)
    assert [check(value) for value in (7, 7.0)] == [7, 7]
    assert type(check(7.0)) is int
    for wrong in (1.9, -1, 70_000, "x"):
        with pytest.raises(vol.Invalid):
            check(wrong)


def test_so_are_those_of_calls_and_options():
    with pytest.raises(vol.Invalid):
        call_schema()({"call_within": 3600.5})
    fields = {str(marker): field for part in OPTION_SECTIONS.values() for marker, field in part.items()}
    for name in ("pause", "listen_port", "notification_wport", "state_pause", "expected_interval", "log_interval"):
        with pytest.raises(vol.Invalid):
            vol.Schema(fields[name])(5.5)
