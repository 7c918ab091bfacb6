"""The set-up that begins with an address alone: the public client is asked, and the next form proposes the rest."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.meter.doctor import ExaminationFailed, Verdict
from tests.conftest import HOST, unique_id_of
from tests.flow_tools import aarqs, added_anyway, shown_again, submit
from tests.simulated_meter import devices
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile
from tests.test_config_flow import _fault, _speaks

EXAMINE = "custom_components.cosem.forms.examination.examine"
NAMES = {1: "ISK1030049762188", 16: "ISK7030045342455", 17: "ISK0000000000017"}

pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture
async def form(hass: HomeAssistant) -> ConfigFlowResult:
    """The first form of the set-up."""
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


@pytest.fixture
def known_make(
    monkeypatch: pytest.MonkeyPatch, meters: dict[str, SimulatedMeter], meter: SimulatedMeter
) -> SimulatedMeter:
    """A meter of a make that is in the table."""
    monkeypatch.setattr(devices, "logical_device_name", lambda _profile, wport, _kind: NAMES[wport].encode())
    meters[HOST] = SimulatedMeter(clock=dt_util.utcnow)
    return meters[HOST]


def proposals(result: ConfigFlowResult) -> dict[str, Any]:
    """What the second form is filled with, without its section."""
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "found"), result
    return dict(result["data_schema"](shown_again(result)))


async def begun(hass: HomeAssistant, form: ConfigFlowResult, **typed: Any) -> ConfigFlowResult:
    """Enter the address."""
    return await submit(hass, form, host=HOST, **typed)


async def test_the_first_form_shows_one_field_and_a_closed_section(form: ConfigFlowResult):
    fields = {str(marker): field for marker, field in form["data_schema"].schema.items()}
    assert list(fields) == ["host", "advanced"]
    assert fields["advanced"].options["collapsed"]
    assert shown_again(form) == {}


async def test_an_address_is_enough_to_learn_who_is_there(
    hass: HomeAssistant, form: ConfigFlowResult, known_make: SimulatedMeter
):
    result = await begun(hass, form)
    assert result["errors"] == {}
    assert aarqs(known_make) == 1
    assert {request.kind for request in known_make.log} <= {"aarq", "get", "get-list", "rlrq"}, "nothing is written"
    sentence = result["description_placeholders"]["found"]
    assert sentence.startswith(
        f"A DLMS meter answered at {HOST}, port 4059, over the IP wrapper: {NAMES[1]}, made by Iskraemeco, with "
    )
    assert f"2 logical devices ({NAMES[1]}, {NAMES[16]}); without a login it shows " in sentence
    shown = proposals(result)
    assert (shown["server_wport"], shown["authentication"], shown["client_wport"]) == (*(f"{NAMES[1]} (1)", "keys", 1),)

    result = await submit(hass, result, server_wport="1", authentication="password", client_wport=2)
    assert result["step_id"] == "password"
    result = await submit(hass, result, password="simulated")
    assert result["step_id"] == "objects"
    assert aarqs(known_make) == 2
    result = await submit(hass, result, objects=["3:1.0.1.8.0.255"])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {
        "host": HOST,
        "port": 4059,
        "preset": "idis_dsmr",
        "client_wport": 2,
        "server_wport": 1,
        "authentication": "password",
        "password": "simulated",
    }
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_what_the_public_client_was_told_is_not_asked_again(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    result = await begun(hass, form)
    assert "client_wport" not in shown_again(result), "of this make nobody knows what is usual"
    result = await submit(hass, result, server_wport="1", authentication="none")
    assert result["step_id"] == "nothing_found"
    assert aarqs(meter) == 1
    result = await submit(hass, result, next_step_id="log_in")
    assert proposals(result)["authentication"] == "password"
    assert shown_again(result)["client_wport"] == 1
    result = await submit(hass, result, server_wport="1", authentication="none")
    result = await submit(hass, result, next_step_id="other_client")
    assert (proposals(result)["authentication"], shown_again(result)["client_wport"]) == ("none", 16)
    result = await submit(hass, result, server_wport="1", authentication="none", client_wport=16)
    result = await added_anyway(hass, result)
    assert result["step_id"] == "objects"
    assert aarqs(meter) == 1
    result = await submit(hass, result)
    assert result["result"].unique_id == unique_id_of(meter)
    assert (result["data"]["authentication"], result["data"]["client_wport"]) == ("none", 16)
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(result["result"].entry_id)


async def test_logical_devices_without_a_name_are_named_by_their_number(
    hass: HomeAssistant,
    form: ConfigFlowResult,
    monkeypatch: pytest.MonkeyPatch,
    meters: dict[str, SimulatedMeter],
    meter: SimulatedMeter,
):
    monkeypatch.setattr(devices, "logical_device_name", lambda _profile, wport, _kind: b"" if wport > 1 else b"EVL1")
    meters[HOST] = SimulatedMeter(clock=dt_util.utcnow)
    result = await begun(hass, form)
    assert "2 logical devices (EVL1, 16)" in result["description_placeholders"]["found"]
    (field,) = [field for marker, field in result["data_schema"].schema.items() if marker == "server_wport"]
    assert [option["label"] for option in field.config["options"]] == ["EVL1 (1)", "16"]
    result = await submit(hass, result, server_wport="16", authentication="password", client_wport=2)
    assert result["step_id"] == "password"


async def test_another_logical_device_is_picked_by_its_name(
    hass: HomeAssistant, form: ConfigFlowResult, known_make: SimulatedMeter
):
    result = await begun(hass, form)
    field = next(field for key, field in result["data_schema"].schema.items() if key == "server_wport")
    assert field.config["options"] == [
        {"value": f"{NAMES[wport]} ({wport})", "label": f"{NAMES[wport]} ({wport})"} for wport in (1, 16)
    ]
    result = await submit(hass, result, server_wport="meter", authentication="none")
    assert result["errors"] == {"server_wport": "invalid_wport"}
    result = await submit(hass, result, server_wport=f"{NAMES[16]} (16)", authentication="none", client_wport=16)
    result = await added_anyway(hass, result)
    assert result["step_id"] == "objects"
    result = await submit(hass, result)
    assert (result["result"].unique_id, result["data"]["server_wport"]) == (NAMES[16], 16)
    await hass.async_block_till_done()
    await hass.config_entries.async_unload(result["result"].entry_id)


# --- Who does not speak with the public client ------------------------------------------------------------------------

REFUSALS = {
    "unknown client": (_fault("aare-authentication", code=1, times=None), "it does not know this client address"),
    "mechanism": (_fault("aare-authentication", code=11), "tells nothing without a login"),
    "wants a login": (_fault("aare-authentication", code=12), "tells nothing without a login"),
    "silence": (_fault("silent", on="aarq", times=None), "did not answer the public client within 10 seconds"),
    "closed": (_fault("fin", on="aarq", times=None), "closed the connection without an answer"),
    "no identity": (_fault("denied", times=None), "could not find out which meter it is"),
    "nonsense": (_fault("corrupt", octet=8, on="aarq"), "could not find out which meter it is"),
}


@pytest.mark.parametrize(("spoil", "words"), REFUSALS.values(), ids=REFUSALS)
async def test_who_refuses_the_public_client_gets_the_same_form_without_proposals(
    hass: HomeAssistant,
    form: ConfigFlowResult,
    meter: SimulatedMeter,
    spoil: Callable[[SimulatedMeter], None],
    words: str,
):
    spoil(meter)
    result = await begun(hass, form)
    assert (result["step_id"], result["errors"]) == ("found", {})
    assert words in result["description_placeholders"]["found"]
    assert shown_again(result) == {}
    fields = {str(key): key for key in result["data_schema"].schema}
    assert fields["server_wport"].default() == 1
    assert isinstance(fields["authentication"], vol.Optional), "nothing is chosen beforehand"
    meter.faults.clear()
    result = await submit(hass, result, server_wport=1, authentication="password", client_wport=2)
    result = await submit(hass, result, password="simulated")
    assert result["step_id"] == "objects"


ELSEWHERE = {
    "refused": (_fault("refuse"), "connection_refused"),
    "black hole": (_fault("black-hole"), "connect_timeout"),
    "hdlc": (_speaks(bytes.fromhex("7EA00A0002002303937E")), "not_dlms_hdlc"),
    "text": (_speaks(b"HTTP/1.1 400 Bad Request\r\n"), "not_dlms_text"),
    "other service": (_speaks(bytes.fromhex("FFFD18FFFD20")), "not_dlms"),
    "busy": (_fault("aare-transient"), "meter_busy"),
}


@pytest.mark.parametrize(("spoil", "error"), ELSEWHERE.values(), ids=ELSEWHERE)
async def test_where_no_meter_is_the_first_form_says_so_and_keeps_everything(
    hass: HomeAssistant,
    form: ConfigFlowResult,
    meter: SimulatedMeter,
    spoil: Callable[[SimulatedMeter], None],
    error: str,
):
    spoil(meter)
    result = await begun(hass, form, port=4060, client_wport=2, preset="spodes", response_timeout=20)
    assert (result["step_id"], result["errors"]) == ("user", {"base": error})
    assert shown_again(result) == {
        "host": HOST,
        "port": 4060,
        "preset": "spodes",
        "client_wport": 2,
        "authentication": "find_out",
        "transport": "tcp",
        "referencing": "auto",
        "response_timeout": 20,
    }
    meter.faults.clear()
    result = await begun(hass, result, **{key: value for key, value in shown_again(result).items() if key != "host"})
    assert result["step_id"] == "found"
    assert shown_again(result)["client_wport"] == 2


async def test_a_name_that_nobody_knows_stands_at_its_field(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    with patch(EXAMINE, side_effect=ExaminationFailed(Verdict.NAME_NOT_RESOLVED)):
        result = await begun(hass, form)
    assert (result["step_id"], result["errors"]) == ("user", {"host": "name_not_resolved"})


# --- Mistakes and ways back -------------------------------------------------------------------------------------------


async def test_a_wrong_client_is_mended_where_it_was_chosen(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    result = await begun(hass, form)
    result = await submit(hass, result, server_wport="1", authentication="password", client_wport=99)
    result = await submit(hass, result, password="simulated")
    assert (result["step_id"], result["errors"]) == ("found", {"base": "association_refused"})
    assert proposals(result)["authentication"] == "password"
    assert shown_again(result)["client_wport"] == 99
    result = await submit(hass, result, server_wport="1", authentication="password", client_wport=2)
    assert result["step_id"] == "known_password"
    assert (await submit(hass, result))["step_id"] == "objects"


async def test_an_authentication_that_is_too_weak_stands_at_its_field(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    result = await begun(hass, form)
    result = await submit(hass, result, server_wport="1", authentication="none", client_wport=2)
    assert (result["step_id"], result["errors"]) == ("found", {"authentication": "authentication_required"})


async def test_a_meter_that_is_gone_leads_back_to_its_address_and_then_nothing_is_lost(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    result = await begun(hass, form)
    meter.faults.add("refuse", times=1)
    result = await submit(hass, result, server_wport="16", authentication="password", client_wport=2)
    result = await submit(hass, result, password="simulated")
    assert (result["step_id"], result["errors"]) == ("user", {"base": "connection_refused"})
    result = await begun(hass, result)
    shown = proposals(result)
    assert shown["server_wport"].endswith(" (16)")
    assert (shown["authentication"], shown["client_wport"]) == ("password", 2)


async def test_the_address_can_be_changed_from_the_second_form(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter, meters: dict[str, SimulatedMeter]
):
    meters["192.0.2.8"] = SimulatedMeter(MeterProfile(seed=2), meter.clock)
    result = await begun(hass, form, response_timeout=20)
    result = await submit(
        hass, result, server_wport="16", authentication="password", client_wport=2, change_address=True
    )
    assert (result["step_id"], result["errors"]) == ("user", {})
    assert (shown_again(result)["host"], shown_again(result)["response_timeout"]) == (HOST, 20)
    result = await submit(hass, result, host="me ter")
    assert (result["step_id"], result["errors"]) == ("user", {"host": "invalid_host"})
    again = await begun(hass, result)
    assert proposals(again)["server_wport"].endswith(" (16)")
    result = await submit(hass, again, server_wport="16", authentication="none", change_address=True)
    result = await submit(hass, result, host="192.0.2.8")
    assert proposals(result)["server_wport"].endswith(" (1)"), "what was typed was about another meter"


async def test_who_knows_everything_is_asked_nothing_more(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    result = await begun(hass, form)
    result = await submit(hass, result, server_wport="1", authentication="none", change_address=True)
    result = await begun(hass, result, client_wport=2, authentication="password")
    assert result["step_id"] == "password"
    assert aarqs(meter) == 1
    result = await submit(hass, result, password="wrong")
    assert (result["step_id"], result["errors"]) == ("password", {"password": "invalid_auth"})
    meter.faults.add("aare-transient", times=1)
    result = await submit(hass, result, password="simulated")
    assert (result["step_id"], result["errors"]) == ("user", {"base": "meter_busy"})


# --- Beside entries that are there ------------------------------------------------------------------------------------


async def test_a_meter_that_has_an_entry_is_told_once_the_logical_device_is_chosen(
    hass: HomeAssistant,
    form: ConfigFlowResult,
    meter: SimulatedMeter,
    make_entry: Callable[..., MockConfigEntry],
):
    entry = make_entry(client_wport=16, authentication="none", objects=[])
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    result = await begun(hass, form)
    assert result["step_id"] == "found", "there may be another logical device to add"
    result = await submit(hass, result, server_wport="1", authentication="none", client_wport=16)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    await hass.config_entries.async_unload(entry.entry_id)


async def test_the_very_meter_by_another_name_is_told_too(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter, make_entry: Callable[..., MockConfigEntry]
):
    make_entry(host="192.0.2.99").add_to_hass(hass)
    result = await begun(hass, form)
    result = await submit(hass, result, server_wport="1", authentication="none", client_wport=16)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert aarqs(meter) == 1


async def test_a_meter_that_calls_is_not_asked_before(hass: HomeAssistant, form: ConfigFlowResult):
    result = await submit(hass, form, transport="call", port=4444)
    assert result["step_id"] == "found"
    assert result["description_placeholders"]["found"].startswith("The meter calls Home Assistant")
    with patch("custom_components.cosem.push.calls.own_address_towards", return_value="192.0.2.1"):
        result = await submit(hass, result, server_wport=1, authentication="password", client_wport=2)
    assert result["step_id"] == "call"
    result = await submit(hass, result, call_sources=["192.0.2.0/24"], call_within=600)
    assert result["step_id"] == "password"
    hass.config_entries.flow.async_abort(result["flow_id"])
