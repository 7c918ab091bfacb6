"""The options form: closed sections, stored without them."""

from homeassistant.data_entry_flow import section
import voluptuous as vol

from custom_components.cosem.forms.option_schemas import OPTION_SECTIONS, as_stored, options_schema

TYPED = {"interval": 60, "objects": []}


def form(*, with_logs: bool = True, wrong: tuple[str, ...] = ()) -> dict[str, section]:
    """The sections of the form."""
    schema = options_schema([], with_logs=with_logs, wrong=wrong)
    return {str(name): field for name, field in schema.schema.items() if isinstance(field, section)}


def inside(part: section) -> set[str]:
    """The fields of a section."""
    return {str(marker) for marker in part.schema.schema}


def test_sections_are_closed_unless_something_in_them_is_wrong():
    assert form().keys() == OPTION_SECTIONS.keys()
    assert all(part.options["collapsed"] for part in form().values())
    for name, part in form().items():
        for field in inside(part):
            opened = {each for each, shown in form(wrong=(field,)).items() if not shown.options["collapsed"]}
            assert opened == {name}


def test_each_option_is_asked_once():
    fields = [field for part in form().values() for field in inside(part)]
    fields += [
        str(name) for name, field in options_schema([], with_logs=True).schema.items() if not isinstance(field, section)
    ]
    assert len(fields) == len(set(fields))
    assert {"interval", "objects", "stay_connected", "notifications"} <= set(fields)


def test_event_logs_are_asked_for_only_where_there_are_any():
    assert "log_interval" in inside(form()["notifications_and_events"])
    assert "log_interval" not in inside(form(with_logs=False)["notifications_and_events"])


def test_an_untouched_section_gives_the_defaults():
    schema = vol.Schema(form()["connection"].schema)
    assert schema({}) == {"stay_connected": False, "pause": 1, "response_timeout": 10}


def test_options_are_stored_as_stored():
    typed = {**TYPED, "connection": {"pause": 5}, "notifications_and_events": {"notifications": "udp"}}
    assert as_stored(typed, {}) == {**TYPED, "pause": 5, "notifications": "udp"}


def test_a_section_that_is_not_sent_stays_as_it_was():
    stored = {"interval": 300, "objects": ["3:1.0.1.8.0.255"], "pause": 7, "notifications": "tcp", "other": 1}
    assert as_stored(TYPED, stored) == {**TYPED, "pause": 7, "notifications": "tcp"}
    emptied = as_stored({**TYPED, "notifications_and_events": {}}, stored)
    assert emptied == {**TYPED, "pause": 7}
