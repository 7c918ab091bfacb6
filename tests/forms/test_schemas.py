"""The forms themselves: usable with ten objects and with hundreds."""

from homeassistant.helpers.selector import SelectOptionDict, SelectSelector
import pytest

from custom_components.cosem.forms.schemas import MOST_CHECKBOXES, objects_schema, options_schema


@pytest.mark.parametrize(
    ("count", "mode"), [(0, "list"), (MOST_CHECKBOXES, "list"), (MOST_CHECKBOXES + 1, "dropdown"), (2000, "dropdown")]
)
def test_hundreds_of_objects_become_a_list_to_search(count: int, mode: str):
    choices = [SelectOptionDict(value=f"3:{n}", label=f"Object {n}") for n in range(count)]
    for schema in (objects_schema(choices, [], with_further_objects=False), options_schema(choices)):
        field = schema.schema["objects"]
        assert isinstance(field, SelectSelector)
        assert field.config["mode"] == mode
        assert field.config["multiple"]
        assert len(field.config["options"]) == count


def test_ticked_objects_are_what_an_untouched_form_gives():
    choices = [SelectOptionDict(value=key, label=key) for key in ("a", "b", "c")]
    schema = objects_schema(choices, ["a", "c"], with_further_objects=True)
    assert schema({}) == {"objects": ["a", "c"]}
    assert schema({"objects": []}) == {"objects": []}
