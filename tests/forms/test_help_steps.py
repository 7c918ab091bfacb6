"""Help me find the settings: the shown words alone tell what is wrong, and the way back leads to an entry."""

import asyncio
from collections.abc import Callable, Iterator
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigFlowContext, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

import custom_components.cosem
from custom_components.cosem.const import DOMAIN
from custom_components.cosem.forms.help_steps import HelpSteps
from custom_components.cosem.forms.next_step import Step
from tests.conftest import HOST
from tests.flow_tools import aarqs, added_anyway, connection, progressed, shown_again, submit
from tests.forms.help_devices import DEVICES, Device, away, closed
from tests.simulated_meter.meter import SimulatedMeter

TEXTS = json.loads((Path(custom_components.cosem.__file__).parent / "translations" / "en.json").read_text("utf-8"))
FINDINGS: dict[str, str] = TEXTS["selector"]["help_finding"]["options"]
ERRORS: dict[str, str] = TEXTS["config"]["error"]
PROTOCOL, WPORTS, LOGIN = "Protocol", "Client and server address", "Login"
WRONG = "wr0ng-secret"


@pytest.fixture(autouse=True)
def _entries_are_made_not_run(network: None) -> Iterator[None]:
    """Let the forms reach the simulated meters."""
    with patch("custom_components.cosem.async_setup_entry", return_value=True):
        yield


@pytest.fixture
async def form(hass: HomeAssistant) -> ConfigFlowResult:
    """The first form of the set-up."""
    return await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})


def offers_help(result: ConfigFlowResult) -> bool:
    """Whether a form offers help."""
    assert result["type"] is FlowResultType.FORM
    return "help" in result["data_schema"].schema


async def helped(hass: HomeAssistant, result: ConfigFlowResult, typed: Any = None, **plan: Any) -> ConfigFlowResult:
    """Ask the form that failed for help, and see the list."""
    assert offers_help(result)
    result = await submit(hass, result, **typed or {}, help=True)
    assert result["step_id"] == "help_plan"
    result = await submit(hass, result, **plan)
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "help")
    return result


def lines(result: ConfigFlowResult) -> dict[str, tuple[str, str]]:
    """The mark and the words of each line, by the name of its layer."""
    found = {}
    for line in result["description_placeholders"]["lines"].split("\n"):
        mark, _, rest = line.removeprefix("- ").partition(" **")
        name, _, words = rest.partition("**: ")
        found[name] = (mark, words)
    assert list(found) == list(TEXTS["selector"]["help_layer"]["options"].values())
    assert all(words and "{" not in words for _, words in found.values())
    return found


def fails(result: ConfigFlowResult, layer: str, text: str) -> bool:
    """Whether the first line that fails is this one, with this text, whatever its placeholders say."""
    failing = {name: words for name, (mark, words) in lines(result).items() if mark == "✗"}
    assert result["description_placeholders"]["summary"] == f"It fails here first: **{layer}**."
    assert next(iter(failing)) == layer
    fixed = [part.partition("}")[2] if number else part for number, part in enumerate(text.split("{"))]
    return all(part.strip() in failing[layer] for part in fixed)


async def finished(hass: HomeAssistant, result: ConfigFlowResult) -> None:
    """Go on to the entry."""
    if result["step_id"] in {"password", "known_password"}:
        result = await submit(hass, result, password="simulated")
    result = await added_anyway(hass, result)
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY, result


async def test_help_is_offered_where_a_client_may_read_little_and_leads_back_there(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    result = await submit(hass, form, host=HOST, authentication="none", client_wport=16)
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "nothing_found")
    assert "help_plan" in result["menu_options"]
    result = await submit(hass, result, next_step_id="help_plan")
    assert result["step_id"] == "help_plan"
    result = await submit(hass, result)
    assert (result["type"], result["step_id"]) == (FlowResultType.MENU, "help")
    assert {mark for mark, _ in lines(result).values()} == {"✓"}
    assert result["menu_options"] == ["user", "nothing_found", "help_plan"]
    result = await submit(hass, result, next_step_id="nothing_found")
    result = await submit(hass, result, next_step_id="add_anyway")
    assert (result["type"], result["step_id"]) == (FlowResultType.FORM, "objects")


AT_THE_ADDRESS: dict[str, tuple[Callable[[], Any], str, str]] = {
    "port closed": (closed, "Port", ERRORS["connection_refused"]),
    "nobody there": (away, "Port", ERRORS["connect_timeout"]),
    **{name: (device, PROTOCOL, FINDINGS[f"framing_{name}"]) for name, device in DEVICES.items()},
}


@pytest.mark.parametrize("name", AT_THE_ADDRESS)
async def test_what_else_is_at_an_address_is_told_apart(
    hass: HomeAssistant, form: ConfigFlowResult, meters: Any, meter: SimulatedMeter, name: str
):
    make, layer, text = AT_THE_ADDRESS[name]
    meters[HOST] = device = make()
    result = await submit(hass, form, **connection())
    result = await submit(hass, result, password=WRONG)
    errors = result["errors"]
    assert errors
    result = await helped(hass, result, connection(), try_login=False)
    assert fails(result, layer, text), lines(result)
    sent = [octets for octets in getattr(device, "got", []) if octets]
    assert all(octets[:2] == b"\0\1" for octets in sent), "nothing in another protocol"
    assert sum(WRONG.encode() in octets for octets in sent) <= 1, "only the examination before it had a password"

    meters[HOST] = meter
    assert result["menu_options"][0] == "user"
    result = await submit(hass, result, next_step_id="user")
    assert (result["step_id"], result["errors"]) == ("user", errors)
    assert shown_again(result).items() >= connection().items()
    await finished(hass, await submit(hass, result, **connection()))


async def test_a_wrong_client_wport(hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter):
    result = await submit(hass, form, **connection(client_wport=77))
    result = await submit(hass, result, password="simulated")
    before = aarqs(meter)
    result = await helped(hass, result, connection(client_wport=77), try_login=True)
    assert aarqs(meter) == before + 2
    words = lines(result)[WPORTS][1]
    assert fails(result, WPORTS, ERRORS["association_refused"])
    assert "it does not know this client address" in words
    assert "client address 77" in words
    assert result["menu_options"] == ["user", "known_password", "help_plan"]
    result = await submit(hass, result, next_step_id="user")
    await finished(hass, await submit(hass, result, **connection()))


async def test_a_client_that_the_meter_does_not_answer(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    """Many meters are silent to whom they do not know."""
    result = await submit(hass, form, **connection(authentication="none", client_wport=78))
    meter.faults.add("silent", on="aarq", request=2, times=1)
    result = await helped(hass, result, connection(authentication="none", client_wport=78))
    assert fails(result, WPORTS, FINDINGS["wports_are_not_known"])
    result = await submit(hass, result, next_step_id="user")
    await finished(hass, await submit(hass, result, **connection()))


async def test_a_wrong_server_wport_is_mended_by_picking_a_listed_one(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    result = await submit(hass, form, **connection(server_wport=9))
    result = await submit(hass, result, password="simulated")
    before = [bytes(request.apdu) for request in meter.log]
    result = await helped(hass, result, connection(server_wport=9), try_login=False)
    assert not any(b"simulated" in request.apdu for request in [*meter.log][len(before) :])
    assert fails(result, WPORTS, FINDINGS["server_is_not_listed"])
    assert "1: SIM1030049762188, 16: SIM7030045342455" in lines(result)[WPORTS][1]
    assert result["menu_options"] == ["help_device", "user", "known_password", "help_plan"]
    result = await submit(hass, result, next_step_id="help_device")
    options = result["data_schema"].schema["logical_device"].config["options"]
    assert options == [
        {"value": "1", "label": "1: SIM1030049762188"},
        {"value": "16", "label": "16: SIM7030045342455"},
    ]
    result = await submit(hass, result, logical_device="1")
    assert result["step_id"] == "known_password"  # nothing is sent to another place unasked
    result = await submit(hass, result)
    assert result["step_id"] == "objects"
    await finished(hass, result)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    assert entry.data["server_wport"] == 1


async def test_a_wrong_password_is_told_without_sending_it_again(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    result = await submit(hass, form, **connection())
    result = await submit(hass, result, password=WRONG)
    assert result["errors"] == {"password": "invalid_auth"}
    result = await helped(hass, result)  # nobody has to type a password for that
    assert fails(result, LOGIN, ERRORS["invalid_auth"])
    assert lines(result)[WPORTS] == ("✓", "The meter knows client address 2 at server address 1.")
    assert sum(WRONG.encode() in request.apdu for request in meter.log) == 1
    assert result["menu_options"] == ["password", "user", "help_plan"]
    result = await submit(hass, result, next_step_id="password")
    assert result["errors"] == {"password": "invalid_auth"}
    result = await submit(hass, result)
    assert result["errors"] == {"password": "password_missing"}
    await finished(hass, result)


async def test_s20_a_password_that_is_tried_and_refused_is_not_kept(
    hass: HomeAssistant, form: ConfigFlowResult, meters: Any, meter: SimulatedMeter
):
    """Whoever goes on without looking would send it again, and meters lock whoever does."""
    meters[HOST] = closed()
    result = await submit(hass, form, **connection())
    result = await submit(hass, result, password=WRONG)
    meters[HOST] = meter
    result = await helped(hass, result, connection(), try_login=True)
    assert fails(result, LOGIN, ERRORS["invalid_auth"])
    assert sum(WRONG.encode() in request.apdu for request in meter.log) == 1
    assert result["menu_options"] == ["password", "user", "help_plan"]
    again = await submit(hass, result, next_step_id="help_plan")
    assert not again["data_schema"].schema  # there is no login to try
    result = await submit(hass, again)
    assert fails(result, LOGIN, ERRORS["invalid_auth"])
    result = await submit(hass, result, next_step_id="user")
    result = await submit(hass, result, **connection())
    assert result["step_id"] == "password"
    assert sum(WRONG.encode() in request.apdu for request in meter.log) == 1
    await finished(hass, result)


async def test_a_meter_that_locks_after_wrong_passwords(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    result = await submit(hass, form, **connection())
    result = await submit(hass, result, password=WRONG)
    result = await submit(hass, result, password=f"{WRONG}2")
    result = await helped(hass, result)
    assert fails(result, LOGIN, FINDINGS["login_is_locked"])

    meter.faults.add("aare-transient", on="aarq", times=1)
    result = await submit(hass, result, next_step_id="password")
    result = await submit(hass, result, password="simulated")
    assert result["errors"] == {"base": "meter_busy"}
    meter.faults.add("aare-transient", on="aarq", request=2, times=1)
    result = await helped(hass, result, connection(), try_login=True)
    assert fails(result, WPORTS, FINDINGS["client_is_locked"])
    result = await submit(hass, result, next_step_id="known_password")
    await finished(hass, result)


async def test_missing_keys(hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter):
    """A client that must log in is asked without: the form that has the authentication mends it."""
    result = await submit(hass, form, **connection(authentication="none"))
    result = await helped(hass, result, connection(authentication="none"))
    assert fails(result, LOGIN, ERRORS["authentication_required"]), lines(result)
    assert result["menu_options"] == ["user", "help_plan"]
    result = await submit(hass, result, next_step_id="user")
    await finished(hass, await submit(hass, result, **connection()))


async def test_a_meter_that_another_program_holds(hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter):
    meter.faults.add("aare-transient", on="aarq")
    result = await submit(hass, form, **connection(authentication="none"))
    result = await helped(hass, result, connection(authentication="none"))
    assert fails(result, "Public client", ERRORS["meter_busy"])
    assert lines(result)[WPORTS] == ("✗", ERRORS["meter_busy"])
    meter.faults.faults.clear()
    result = await submit(hass, result, next_step_id="user")
    await finished(hass, await submit(hass, result, **connection()))


async def test_what_works_by_now_is_said_and_looked_at_again(
    hass: HomeAssistant, form: ConfigFlowResult, meters: Any, meter: SimulatedMeter
):
    meters[HOST] = closed()
    result = await submit(hass, form, **connection())
    result = await submit(hass, result, password="simulated")
    meters[HOST] = meter
    result = await helped(hass, result, connection(), try_login=False)
    assert lines(result)[LOGIN] == ("–", FINDINGS["login_left_out"])
    assert "login itself was not tried" in result["description_placeholders"]["summary"]
    assert not any(b"simulated" in request.apdu for request in meter.log)
    result = await submit(hass, result, next_step_id="help_plan")
    result = await submit(hass, result, try_login=True)
    assert {mark for mark, _ in lines(result).values()} == {"✓"}
    assert "Nothing wrong was found" in result["description_placeholders"]["summary"]
    assert sum(b"simulated" in request.apdu for request in meter.log) == 1
    result = await submit(hass, result, next_step_id="known_password")
    await finished(hass, result)


async def test_what_will_be_tried_is_named_before(hass: HomeAssistant, form: ConfigFlowResult, meters: Any):
    meters[HOST] = device = Device()
    result = await submit(hass, form, **connection(client_wport=3, server_wport=5))
    result = await submit(hass, result, password="simulated")
    tried = device.connections
    result = await submit(hass, result, **connection(client_wport=3, server_wport=5), help=True)
    assert result["step_id"] == "help_plan"
    assert list(result["data_schema"].schema) == ["try_login"]
    assert result["description_placeholders"]["attempts"] == (
        "- client address 16, server address 1\n- client address 3, server address 5"
    )
    assert device.connections == tried


async def test_what_is_typed_with_the_question_counts(hass: HomeAssistant, form: ConfigFlowResult, meters: Any):
    meters[HOST] = closed()
    result = await submit(hass, form, **connection())
    result = await submit(hass, result, password="simulated")
    wrong = await submit(hass, result, **connection(host="http://meter"), help=True)
    assert (wrong["step_id"], wrong["errors"]) == ("user", {"host": "invalid_host"})
    assert shown_again(wrong)["host"] == "http://meter"


async def test_help_is_offered_after_a_failure_only(hass: HomeAssistant, form: ConfigFlowResult):
    assert not offers_help(form)
    result = await submit(hass, form, **connection())
    assert result["step_id"] == "password"
    assert not offers_help(result)


async def test_who_leaves_stops_the_search(hass: HomeAssistant, form: ConfigFlowResult, meters: Any):
    meters[HOST] = Device()
    result = await submit(hass, form, **connection(authentication="none"))
    result = await submit(hass, result, **connection(authentication="none"), help=True)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert (result["type"], result["progress_action"]) == (FlowResultType.SHOW_PROGRESS, "finding_settings")
    (search,) = [task for task in asyncio.all_tasks() if task.get_name().startswith("search for settings")]
    hass.config_entries.flow.async_abort(result["flow_id"])
    with pytest.raises(asyncio.CancelledError):
        await search


async def test_an_entry_whose_settings_are_changed_has_the_same_help(
    hass: HomeAssistant, make_entry: Any, meter: SimulatedMeter
):
    entry = make_entry()
    entry.add_to_hass(hass)
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=entry.entry_id)
    form = await hass.config_entries.flow.async_init(DOMAIN, context=context)
    result = await submit(hass, form, **connection(server_wport=9))
    result = await submit(hass, result)
    result = await helped(hass, result, connection(server_wport=9), try_login=False)
    assert result["menu_options"] == ["help_device", "reconfigure", "known_password", "help_plan"]
    result = await submit(hass, result, next_step_id="reconfigure")
    assert shown_again(result)["server_wport"] == 9
    result = await submit(hass, result, **connection())
    result = await submit(hass, result)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")


async def test_who_is_asked_for_a_new_password_has_the_same_help(
    hass: HomeAssistant, make_entry: Any, meter: SimulatedMeter
):
    """The stored password was refused: neither that nor the new one is tried again."""
    entry = make_entry(password="stored-secret")
    entry.add_to_hass(hass)
    form = await entry.start_reauth_flow(hass)
    result = await submit(hass, form, password=WRONG)
    assert result["errors"] == {"password": "invalid_auth"}
    result = await submit(hass, result, help=True)
    assert (result["step_id"], result["data_schema"].schema) == ("help_plan", {})
    result = await submit(hass, result)
    assert fails(result, LOGIN, ERRORS["invalid_auth"])
    assert result["menu_options"] == ["reauth_confirm", "help_plan"]
    sent = [secret for secret in (b"stored-secret", WRONG.encode()) for each in meter.log if secret in each.apdu]
    assert sent == [WRONG.encode()]
    result = await submit(hass, result, next_step_id="reauth_confirm")
    result = await submit(hass, result, password="simulated")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")


async def test_one_field_and_something_else_there(
    hass: HomeAssistant, form: ConfigFlowResult, meters: Any, meter: SimulatedMeter
):
    meters[HOST] = DEVICES["mbus"]()
    result = await submit(hass, form, host=HOST)
    assert (result["step_id"], result["errors"]) == ("user", {"base": "not_dlms"})
    result = await submit(hass, result, host=HOST, help=True)
    assert result["description_placeholders"]["attempts"] == "- client address 16, server address 1"
    assert not result["data_schema"].schema
    result = await submit(hass, result)
    assert fails(result, PROTOCOL, FINDINGS["framing_mbus"])
    assert result["menu_options"] == ["user", "help_plan"]
    meters[HOST] = meter
    result = await submit(hass, result, next_step_id="user")
    assert result["errors"] == {"base": "not_dlms"}
    result = await submit(hass, result, host=HOST)
    assert result["step_id"] == "found"
    await finished(hass, await submit(hass, result, server_wport="1", authentication="password", client_wport=2))


async def test_the_second_form_offers_help_where_the_public_client_was_not_answered(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    """Who does not know how to log in asks without saying so."""
    meter.faults.add("silent", on="aarq")
    result = await submit(hass, form, host=HOST)
    assert result["step_id"] == "found"
    meter.faults.faults.clear()
    result = await submit(hass, result, server_wport=1)
    assert (result["step_id"], result["errors"]) == ("found", {"authentication": "authentication_missing"})
    result = await helped(hass, result, {"server_wport": 1})
    assert {mark for mark, _ in lines(result).values()} == {"✓"}
    assert result["menu_options"] == ["found", "user", "help_plan"]
    result = await submit(hass, result, next_step_id="found")
    result = await submit(hass, result, server_wport=9, authentication="password", client_wport=2)
    assert not offers_help(result)
    result = await submit(hass, result, password="simulated")
    assert (result["step_id"], result["errors"]) == ("found", {"base": "no_dlms_answer"})
    typed = {"server_wport": 9, "authentication": "password", "client_wport": 2}
    result = await helped(hass, result, typed, try_login=False)
    assert fails(result, WPORTS, FINDINGS["server_is_not_listed"])
    assert result["menu_options"] == ["help_device", "found", "known_password", "user", "help_plan"]
    result = await submit(hass, result, next_step_id="help_device")
    result = await submit(hass, result, logical_device="1")
    assert result["step_id"] == "known_password"
    await finished(hass, result)


async def test_whoever_does_not_know_how_to_log_in_loses_nothing_and_can_go_back(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    meter.faults.add("silent", on="aarq")
    result = await submit(hass, form, host=HOST)
    result = await submit(hass, result, server_wport=9, client_wport=77)
    assert (result["step_id"], result["errors"]) == ("found", {"authentication": "authentication_missing"})
    assert (shown_again(result)["server_wport"], shown_again(result)["client_wport"]) == (9, 77)
    meter.faults.faults.clear()
    result = await helped(hass, result, {"server_wport": 17, "client_wport": 78})
    result = await submit(hass, result, next_step_id="found")
    assert (shown_again(result)["server_wport"], shown_again(result)["client_wport"]) == (17, 78)
    result = await submit(hass, result, server_wport=17, change_address=True)
    assert (result["step_id"], result["errors"]) == ("user", {})


async def test_a_meter_that_would_call_is_asked_about_first(hass: HomeAssistant, form: ConfigFlowResult, meters: Any):
    meters[HOST] = closed()
    result = await submit(hass, form, host=HOST)
    result = await submit(hass, result, host="", transport="call", help=True)
    assert result["step_id"] == "found"
    assert not offers_help(result)


async def test_names_from_the_meter_are_text(
    hass: HomeAssistant, form: ConfigFlowResult, meters: Any, monkeypatch: pytest.MonkeyPatch
):
    from tests.simulated_meter import devices

    monkeypatch.setattr(devices, "logical_device_name", lambda _profile, wport, _kind: b"EVL[pay](http://a.example)")
    meters[HOST] = meter = SimulatedMeter()
    meter.faults.add("silent", on="aarq", times=1)
    result = await submit(hass, form, **connection(authentication="none"))
    result = await helped(hass, result, connection(authentication="none"))
    assert "EVL\\[pay\\](http:\\//a.example)" in lines(result)["Public client"][1]


def test_every_way_back_has_its_words():
    texts = TEXTS["config"]["step"]["help"]["menu_options"]
    own = {"help_plan", "help_device"}
    assert set(texts) - own <= set(Step)
    assert own <= set(texts)
    assert all(hasattr(HelpSteps, f"async_step_{step}") for step in own)


async def test_progress_is_followed(hass: HomeAssistant, form: ConfigFlowResult, meters: Any):
    meters[HOST] = Device()
    result = await submit(hass, form, **connection(authentication="none"))
    result = await submit(hass, result, **connection(authentication="none"), help=True)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["description_placeholders"]["host"] == HOST
    assert (await progressed(hass, result))["step_id"] == "help"
