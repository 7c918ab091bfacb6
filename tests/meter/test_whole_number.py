"""A whole number is taken in each form in which scripts have it; what is none becomes no other one."""

from typing import Any

import pytest
import voluptuous as vol

from custom_components.cosem.actions import execute, push_setup, read, read_profile, write
from custom_components.cosem.meter.whole_number import whole_number

NONE = (2.9, -0.5, True, False, float("nan"), float("inf"), "2.9", "two", "", None, [2], {"a": 2}, b"\xff")
THRESHOLD = {"class_id": 71, "logical_name": "0-0:17.0.0", "attribute": 4}
RELAY = {"class_id": 70, "logical_name": "0-0:96.3.10", "method": 1}
WRITE = {"data_type": "unsigned", "value": "1"}


@pytest.mark.parametrize("value", [2, 2.0, "2", " 2 "])
def test_what_means_a_whole_number_is_one(value: Any):
    assert whole_number(value) == 2
    assert type(whole_number(value)) is int


@pytest.mark.parametrize("value", NONE)
def test_what_is_none_is_refused(value: Any):
    with pytest.raises(vol.Invalid):
        whole_number(value)


@pytest.mark.parametrize("value", [2.9, True])
@pytest.mark.parametrize(
    ("schema", "data"),
    [
        *[(write.SCHEMA, {"attribute": THRESHOLD | {key: ...}, **WRITE}) for key in ("class_id", "attribute")],
        *[(execute.SCHEMA, {"method": RELAY | {key: ...}}) for key in ("class_id", "method")],
        *[(read.SCHEMA, {"attributes": [THRESHOLD | {key: ...}]}) for key in ("class_id", "attribute")],
        *[(read_profile.SCHEMA, {"logical_name": "a", key: ...}) for key in ("first_entry", "last_entry")],
        *[(push_setup.SCHEMA, {key: ...}) for key in ("port", "client_wport")],
        *[
            (push_setup.SCHEMA, {"objects": [THRESHOLD | {key: ...}]})
            for key in ("class_id", "attribute", "data_index")
        ],
    ],
)
def test_no_action_asks_or_changes_something_near_what_was_named(schema: vol.Schema, data: dict[str, Any], value: Any):
    def filled(part: Any, number: Any) -> Any:
        if isinstance(part, dict):
            return {key: filled(each, number) for key, each in part.items()}
        if isinstance(part, list):
            return [filled(each, number) for each in part]
        return number if part is ... else part

    schema(filled(data, 2))
    with pytest.raises(vol.Invalid):
        schema(filled(data, value))
