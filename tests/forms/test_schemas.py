"""The forms themselves: usable with ten objects and with hundreds."""

from homeassistant.helpers.selector import SelectOptionDict, SelectSelector
import pytest
import voluptuous as vol

from custom_components.cosem.const import AUTHENTICATION_INHERITED, AUTHENTICATIONS, CONF_AUTHENTICATION
from custom_components.cosem.dlms import TimePolicy
from custom_components.cosem.forms.option_schemas import options_schema
from custom_components.cosem.forms.schemas import SEARCHABLE_FROM, discovery_schema, objects_schema
from custom_components.cosem.meter.meter_time import TIME_POLICIES


@pytest.mark.parametrize(
    ("count", "mode"), [(0, "list"), (SEARCHABLE_FROM - 1, "list"), (SEARCHABLE_FROM, "dropdown"), (2000, "dropdown")]
)
def test_trial_29_from_25_objects_on_there_is_a_list_to_search(count: int, mode: str):
    assert SEARCHABLE_FROM == 25
    choices = [SelectOptionDict(value=f"3:{n}", label=f"Object {n}") for n in range(count)]
    for schema in (objects_schema(choices, [], with_further_objects=False), options_schema(choices, with_logs=False)):
        field = schema.schema["objects"]
        assert isinstance(field, SelectSelector)
        assert field.config["mode"] == mode
        assert field.config["multiple"]
        assert len(field.config["options"]) == count


def test_ticked_objects_are_what_an_untouched_form_gives():
    choices = [SelectOptionDict(value=key, label=key) for key in ("a", "b", "c")]
    schema = objects_schema(choices, ["a", "c"], with_further_objects=True)
    assert schema({})["objects"] == ["a", "c"]
    assert schema({"objects": []})["objects"] == []


@pytest.mark.parametrize("policy", TIME_POLICIES)
def test_trial_15_the_proposed_way_to_read_times_is_what_an_untouched_form_gives(policy: TimePolicy):
    schema = objects_schema([], [], with_further_objects=False, time_policy=policy)
    assert schema({})["time_policy"] == policy.value
    assert schema({"time_policy": "local_time"})["time_policy"] == "local_time"
    with pytest.raises(vol.Invalid):
        schema({"time_policy": "unspecified_local_time"})
    assert schema.schema["time_policy"].config["options"] == [each.value for each in TIME_POLICIES]


@pytest.mark.parametrize(
    ("with_parent", "offered"),
    [
        (True, [AUTHENTICATION_INHERITED, *AUTHENTICATIONS]),
        (False, [*AUTHENTICATIONS]),
    ],
)
def test_a_discovered_logical_device_takes_the_credentials_of_its_parent_only_where_there_is_one(
    with_parent: bool, offered: list[str]
):
    schema = discovery_schema(with_parent=with_parent)
    field = schema.schema[CONF_AUTHENTICATION]
    assert isinstance(field, SelectSelector)
    assert field.config["options"] == offered
    assert schema({}) == {CONF_AUTHENTICATION: offered[0]}
    if not with_parent:
        with pytest.raises(vol.Invalid):
            schema({CONF_AUTHENTICATION: AUTHENTICATION_INHERITED})
