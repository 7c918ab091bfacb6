"""The fields of the help: offered after a failure, and nobody has to know a secret to ask for it."""

from dataclasses import replace
from typing import Any

from homeassistant.data_entry_flow import section
import pytest
import voluptuous as vol

from custom_components.cosem.dlms import SapAssignment
from custom_components.cosem.forms.help_fields import (
    device_label,
    device_schema,
    plan_schema,
    with_help,
    without_help,
)
from custom_components.cosem.forms.next_step import Step
from custom_components.cosem.forms.step_forms import STEP_FORMS
from custom_components.cosem.meter.doctor import ExaminationFailed, Verdict
from tests.forms.drafts import draft, facts

KINDS = {Step.PASSWORD: "password", Step.HLS_SECRET: "hls_secret", Step.CERTIFICATE: "certificate", Step.USER: "none"}


@pytest.mark.parametrize("step", KINDS)
def test_a_form_that_failed_offers_help_instead_of_what_it_asks_for(step: Step):
    begun = draft(KINDS[step])
    schema = STEP_FORMS[step].schema(begun)
    assert with_help(begun, schema) is schema
    offered = with_help(replace(begun, failure=ExaminationFailed(Verdict.METER_BUSY)), schema)
    own = [key for key, field in schema.schema.items() if not isinstance(field, section)]
    sections = [key for key in schema.schema if key not in own]
    assert list(offered.schema) == [*own, "help", *sections], "nobody scrolls past an open section to look for help"
    assert offered({"help": True})["help"] is True
    assert offered({})["help"] is False
    filled = {str(key) for key in schema.schema if callable(key.default)}
    assert offered({}).keys() == filled | {"help"}, "what has a default keeps it"


def test_what_is_shown_stays():
    failed = draft("none", failure=ExaminationFailed(Verdict.METER_BUSY))
    schema = vol.Schema({vol.Required("host", description={"suggested_value": "192.0.2.9"}): str})
    (host, _help) = with_help(failed, schema).schema
    assert host.description == {"suggested_value": "192.0.2.9"}
    assert isinstance(host, vol.Optional)


def test_no_help_for_a_meter_that_calls():
    failed = draft("none", facts=facts("none", transport=None), failure=ExaminationFailed(Verdict.CONNECT_TIMEOUT))
    schema = vol.Schema({})
    assert with_help(failed, schema) is schema


@pytest.mark.parametrize("asked", [{"help": True}, {"help": False}, {}])
def test_what_is_asked_is_no_field_of_the_form(asked: dict[str, Any]):
    assert without_help(asked | {"password": "p"}) == {"password": "p"}


def test_a_login_is_tried_only_if_that_is_ticked():
    assert plan_schema(with_login=True)({}) == {"try_login": False}
    assert plan_schema(with_login=False)({}) == {}


def test_a_logical_device_that_is_listed_twice_can_be_picked_once():
    devices = [SapAssignment(1, b"SIM1"), SapAssignment(17, b"SIM17"), SapAssignment(1, b"")]
    (field,) = device_schema(devices).schema.values()
    assert [option["value"] for option in field.config["options"]] == ["1", "17"]


@pytest.mark.parametrize(("count", "mode"), [(24, "list"), (25, "dropdown"), (500, "dropdown")])
def test_many_logical_devices_can_be_searched(count: int, mode: str):
    (field,) = device_schema([SapAssignment(1 + each, b"") for each in range(count)]).schema.values()
    assert field.config["mode"] == mode


def test_a_logical_device_has_its_name_and_number():
    devices = [SapAssignment(1, b"SIM1030049762188"), SapAssignment(17, b"")]
    assert [device_label(device) for device in devices] == ["1: SIM1030049762188", "17"]
    schema = device_schema(devices)
    assert schema({}) == {"logical_device": "1"}
    with pytest.raises(vol.Invalid):
        schema({"logical_device": "2"})
