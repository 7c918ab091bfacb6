"""An attribute or a method is named as one text, or as three fields."""

from typing import Any

import pytest
import voluptuous as vol

from custom_components.cosem.actions.named_parts import ATTRIBUTE, METHOD, attribute_text, method_text

FORM = {"class_id": "20", "logical_name": "0-0:13.0.0"}


def test_both_forms_are_the_same():
    assert attribute_text({"class_id": "3", "logical_name": "1.0.1.8.0.255", "attribute": 2}) == "3:1.0.1.8.0.255:2"
    assert method_text(FORM | {"method": 1}) == "20:0-0:13.0.0:1"
    assert ATTRIBUTE(FORM | {"attribute": "2"}) == ATTRIBUTE("20:0-0:13.0.0:2") == "20:0-0:13.0.0:2"
    assert METHOD(FORM | {"method": 1.0}) == METHOD("20:0-0:13.0.0:1") == "20:0-0:13.0.0:1"


@pytest.mark.parametrize("wrong", [3, FORM, FORM | {"attribute": 1, "method": 1}, FORM | {"class_id": 2.5}])
def test_what_names_nothing_is_refused(wrong: Any):
    for schema in (ATTRIBUTE, METHOD):
        with pytest.raises(vol.Invalid):
            vol.Schema(schema)(wrong)
