"""The set-up by hand: every step, every failure followed by success in the same flow, every way to give up."""

import asyncio
from collections.abc import Awaitable, Callable
import logging
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE, FlowResultType, InvalidData
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import (
    AssociationParameters,
    ConnectFailed,
    ConnectFailure,
    ConnectTimeout,
    DlmsClient,
    LogicalName,
    ObjectListElement,
    Transport,
    TransportError,
)
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.meter.doctor import (
    Examination,
    ExaminationFailed,
    ExaminationRequest,
    Stage,
    Verdict,
    examine,
)
from custom_components.cosem.meter.store import async_load_objects
from tests.conftest import HOST, unique_id_of
from tests.flow_tools import aarqs, added_anyway, connection, shown_again, submit
from tests.simulated_meter.link import Direction
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile
from tests.simulated_meter.steps import Send
from tests.still_loop import until

CANARY = "cAnArY-5ecret"
EXAMINE = "custom_components.cosem.forms.examination.examine"


@pytest.fixture(autouse=True)
def _reachable(network: None) -> None:
    """Let the forms reach the simulated meters."""


@pytest.fixture
async def form(hass: HomeAssistant) -> ConfigFlowResult:
    """The first form of the set-up."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == {}
    return result


def offered(result: ConfigFlowResult) -> dict[str, str]:
    """The objects that a form offers, with their labels."""
    field = next(value for key, value in result["data_schema"].schema.items() if key == "objects")
    return {option["value"]: option["label"] for option in field.config["options"]}


def ticked(result: ConfigFlowResult) -> list[str]:
    """The objects that a form ticks."""
    return next(key for key in result["data_schema"].schema if key == "objects").default()


async def finished(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Accept the ticked objects, check that the entry is there and works, and unload it."""
    result = await added_anyway(hass, result)
    assert result["type"] is FlowResultType.FORM, result
    assert result["step_id"] == "objects"
    assert result["errors"] == {}
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(result["result"].entry_id)
    return result


async def test_set_up_with_a_password(hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter):
    result = await submit(hass, form, **connection(advanced={"response_timeout": 20}))
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "password"
    assert result["errors"] == {}
    assert meter.connections == 0  # nothing is asked of the meter before everything is known

    result = await submit(hass, result, password="simulated")
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "objects"
    assert result["description_placeholders"]["name"] == "SIM 49762188"
    assert int(result["description_placeholders"]["count"]) == len(offered(result)) > 40
    assert result["last_step"]
    assert {"3:1.0.1.8.0.255", "3:1.0.1.7.0.255", "3:1.0.32.7.0.255"} <= set(ticked(result)) < set(offered(result))
    assert aarqs(meter) == 1

    with patch("custom_components.cosem.async_setup_entry", return_value=True) as set_up:
        result = await submit(hass, result, objects=["3:1.0.1.8.0.255", "3:1.0.1.7.0.255"])
        await hass.async_block_till_done()
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "SIM 49762188"
    assert result["data"] == {
        "host": HOST,
        "port": 4059,
        "preset": "generic",
        "client_wport": 2,
        "server_wport": 1,
        "authentication": "password",
        "password": "simulated",
    }
    assert result["options"] == {
        "interval": 60,
        "objects": ["3:1.0.1.8.0.255", "3:1.0.1.7.0.255"],
        "stay_connected": False,
        "response_timeout": 20,
        "time_policy": "standard",
    }
    assert result["result"].unique_id == unique_id_of(meter) == "SIM1030049762188"
    assert len(set_up.mock_calls) == 1
    stored = await async_load_objects(hass, result["result"].unique_id)
    assert ObjectListElement in map(type, stored)
    assert LogicalName.parse("1.0.1.8.0.255") in {element.logical_name for element in stored}
    assert meter.open_links == 0


async def test_set_up_without_authentication(hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter):
    """The public client sees little more than who the meter is; that is a meter, too."""
    result = await submit(hass, form, host=f" {HOST} ", authentication="none")
    result = await finished(hass, result)
    assert result["data"] == {
        "host": HOST,
        "port": 4059,
        "preset": "generic",
        "client_wport": 16,
        "server_wport": 1,
        "authentication": "none",
    }
    assert result["options"]["response_timeout"] == 10
    assert meter.open_links == 0


@pytest.mark.parametrize(
    ("typed", "client_wport", "server_wport"),
    [
        ({}, 16, 1),
        ({"authentication": "password"}, 1, 1),
        ({"preset": "spodes"}, 16, 1),
        ({"preset": "spodes", "authentication": "password"}, 32, 1),
        ({"preset": "itron_sl7000", "authentication": "password"}, 7, 1),
        ({"preset": "itron_sl7000", "client_wport": 3, "server_wport": 17}, 3, 17),
        ({"client_wport": 0, "server_wport": 0}, 0, 0),
        ({"client_wport": 65535, "server_wport": 65535}, 65535, 65535),
    ],
)
async def test_preset_gives_the_wports_that_are_left_empty(
    hass: HomeAssistant, form: ConfigFlowResult, typed: dict[str, Any], client_wport: int, server_wport: int
):
    with patch(EXAMINE, side_effect=ExaminationFailed(Verdict.NO_IDENTITY)) as examine:
        result = await submit(hass, form, host=HOST, **{"authentication": "none"} | typed)
        if "authentication" in typed:
            result = await submit(hass, result, password="x")
    order: ExaminationRequest = examine.mock_calls[0].args[2]
    assert (order.parameters.client_wport, order.parameters.server_wport) == (client_wport, server_wport)
    assert result["step_id"] == "user"
    assert result["description_placeholders"]["client_wport"] == str(client_wport)


@pytest.mark.parametrize("typed", [{"client_wport": 65536}, {"server_wport": -1}, {"port": 0}, {"preset": "other"}])
async def test_impossible_numbers_are_refused_at_once(
    hass: HomeAssistant, form: ConfigFlowResult, typed: dict[str, Any]
):
    with pytest.raises(InvalidData) as error:
        await submit(hass, form, host=HOST, **{"authentication": "none"} | typed)
    # Home Assistant says it at the section or at the form, by its version; the page itself refuses such numbers.
    assert str(error.value.path[-1]) in typed


@pytest.mark.parametrize("host", ["", "  ", "http://meter", "meter:4059", "192.0.2.7:4059", "me ter", "a@b"])
async def test_host_that_is_none(hass: HomeAssistant, form: ConfigFlowResult, host: str):
    result = await submit(hass, form, host=host, authentication="none")
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == {"host": "invalid_host"}
    await finished(hass, await submit(hass, result, host=HOST, authentication="none"))


@pytest.mark.parametrize("host", ["[2001:db8::7]", "2001:db8::7", "fe80::7%eth0", "meter-1.home.arpa"])
async def test_host_in_all_its_forms(
    hass: HomeAssistant, form: ConfigFlowResult, meters: dict[str, SimulatedMeter], meter: SimulatedMeter, host: str
):
    meters[host.strip("[]")] = meter
    result = await finished(hass, await submit(hass, form, host=host, authentication="none"))
    assert result["data"]["host"] == host.strip("[]")


# --- A client that may read nothing sensible --------------------------------------------------------------------------


async def test_trial_28_first_try_without_a_login_leads_on(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    result = await submit(hass, form, host=HOST, authentication="none", advanced={"response_timeout": 20})
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "nothing_found"
    assert result["menu_options"] == ["log_in", "other_client", "add_anyway", "help_plan"]
    assert result["description_placeholders"]["name"] == "SIM 49762188"
    assert result["description_placeholders"]["client_wport"] == "16"
    again = await hass.config_entries.flow.async_configure(result["flow_id"])
    assert again["step_id"] == "nothing_found"
    result = await submit(hass, result, next_step_id="log_in")
    assert (result["step_id"], result["errors"]) == ("user", {})
    shown = shown_again(result)
    assert (shown["host"], shown["authentication"]) == (HOST, "password")
    assert "client_wport" not in shown
    result = await submit(hass, result, **connection())
    result = await submit(hass, result, password="simulated")
    assert result["step_id"] == "objects"
    assert ticked(result)
    result = await finished(hass, result)
    assert result["data"]["authentication"] == "password"


async def test_trial_28_another_client_is_tried(hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter):
    result = await submit(hass, form, host=HOST, authentication="none", client_wport=16)
    assert result["step_id"] == "nothing_found"
    result = await submit(hass, result, next_step_id="other_client")
    assert (result["step_id"], result["errors"]) == ("user", {})
    assert shown_again(result)["authentication"] == "none"
    result = await submit(hass, result, host=HOST, authentication="none", client_wport=2)
    assert result["errors"] == {"base": "authentication_required"}
    result = await submit(hass, result, host=HOST, authentication="none", client_wport=16)
    assert result["step_id"] == "nothing_found"
    result = await submit(hass, result, next_step_id="add_anyway")
    assert result["step_id"] == "objects"
    assert ticked(result) == []


# --- Failures, each followed by success in the same flow --------------------------------------------------------------


def _line(error: TransportError) -> Callable[[SimulatedMeter], None]:
    """The network fails."""

    def fail(meter: SimulatedMeter) -> None:
        async def connect() -> Transport:
            del meter.connect
            raise error

        meter.connect = connect

    return fail


def _speaks(octets: bytes) -> Callable[[SimulatedMeter], None]:
    """Something else answers."""

    def speak(meter: SimulatedMeter) -> None:
        def manipulator() -> Callable[[Direction, bytes], list[Any]]:
            meter.manipulator = lambda: None
            return lambda way, honest: [Send(octets if way is Direction.TO_CLIENT else honest)]

        meter.manipulator = manipulator

    return speak


def _fault(name: str, **parameters: Any) -> Callable[[SimulatedMeter], None]:
    """The meter has a fault, once."""
    return lambda meter: meter.faults.add(name, **{"times": 1} | parameters) and None


FAILURES = {
    "name": (_line(ConnectFailed(ConnectFailure.NAME_NOT_RESOLVED)), "host", "name_not_resolved"),
    "unreachable": (_line(ConnectFailed(ConnectFailure.UNREACHABLE)), "base", "host_unreachable"),
    "refused": (_fault("refuse"), "base", "connection_refused"),
    "other": (_line(ConnectFailed(ConnectFailure.OTHER, "too many open files")), "base", "cannot_connect"),
    "nobody": (_line(ConnectTimeout(10)), "base", "connect_timeout"),
    "black hole": (_fault("black-hole"), "base", "connect_timeout"),
    "silence": (_fault("silent", on="aarq", times=None), "base", "no_dlms_answer"),
    "closed": (_fault("fin", on="aarq", times=None), "base", "closed_by_meter"),
    "reset": (_fault("reset", octet=9, on="aarq"), "base", "closed_by_meter"),
    "hdlc": (_speaks(bytes.fromhex("7EA00A0002002303937E")), "base", "not_dlms_hdlc"),
    "text": (_speaks(b"HTTP/1.1 400 Bad Request\r\n"), "base", "not_dlms_text"),
    "other service": (_speaks(bytes.fromhex("FFFD18FFFD20")), "base", "not_dlms"),
    "broken answer": (_fault("corrupt", octet=8, on="aarq"), "base", "bad_answer"),
    "not supported": (_fault("aare-authentication", code=2), "base", "association_refused"),
    "exception": (_fault("busy", on="aarq", code=2, times=None), "base", "association_refused"),
    "mechanism": (_fault("aare-authentication", code=11), "base", "mechanism_refused"),
    "mechanism wanted": (_fault("aare-authentication", code=12), "base", "authentication_required"),
    "stronger": (_fault("aare-authentication", code=14), "base", "stronger_authentication"),
    "authentication failure": (_fault("aare-authentication"), "base", "authentication_required"),
    "busy": (_fault("aare-transient"), "base", "meter_busy"),
    "lost while reading": (_fault("fin", on="get", times=None), "base", "connection_lost"),
    "silence while reading": (_fault("silent", on="get", times=None), "base", "answer_timeout"),
    "no APDU while reading": (_fault("corrupt", octet=8, on="get", times=None), "base", "bad_answer"),
}


@pytest.mark.parametrize(("spoil", "field", "error"), FAILURES.values(), ids=FAILURES)
async def test_failure_names_its_layer_and_the_flow_recovers(
    hass: HomeAssistant,
    form: ConfigFlowResult,
    meter: SimulatedMeter,
    spoil: Callable[[SimulatedMeter], None],
    field: str,
    error: str,
):
    typed = {"host": HOST, "client_wport": 16, "authentication": "none", "advanced": {"response_timeout": 30}}
    spoil(meter)
    result = await submit(hass, form, **typed)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == {field: error}
    assert {"host", "port", "client_wport", "server_wport"} <= result["description_placeholders"].keys()
    again = shown_again(result)
    assert again["host"] == HOST
    assert again["client_wport"] == 16
    assert "server_wport" not in again  # left empty, so that another preset can give another one

    meter.faults.clear()
    result = await finished(hass, await submit(hass, result, **typed))
    assert result["options"]["response_timeout"] == 30
    assert meter.open_links == 0


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "it does not accept the proposed services"),
        (2, "it does not accept this kind of messages"),
        (3, "it does not know the system title of this client"),
        (4, "it does not know the invocation number of this client's application process"),
        (5, "it does not know the qualifier or certificate"),
        (6, "it does not know this user of the client"),
        (7, "the system title is not that of this meter"),
        (8, "it does not know the invocation number of the application process that was called"),
        (9, "it does not know the qualifier of the application entity that was called"),
        (10, "it does not know the invocation number of the application entity that was called"),
        (99, "Association refused: result 1, acse-service-user diagnostic 99"),
    ],
)
async def test_diagnostic_of_a_refusal_is_said_in_words(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter, code: int, words: str
):
    meter.faults.add("aare-authentication", code=code)
    result = await submit(hass, form, host=HOST, authentication="none")
    assert result["errors"] == {"base": "association_refused"}
    if code == 1:  # the confirmed-service-error inside says more than "no reason given"
        words = "it does not know this client address, or does not allow it"
    said = result["description_placeholders"]["diagnostic"]
    assert said.removeprefix("The meter refused the connection: ").startswith(words)


async def test_hint_of_the_preset_helps_where_wports_may_be_wrong(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    assert form["description_placeholders"]["hint"] == ""
    result = await submit(hass, form, host=HOST, authentication="none", preset="spodes", client_wport=99)
    assert result["errors"] == {"base": "association_refused"}
    assert "48 (configurator)" in result["description_placeholders"]["hint"]
    meter.faults.add("aare-transient")
    result = await submit(hass, result, host=HOST, authentication="none", preset="spodes")
    assert result["errors"] == {"base": "meter_busy"}
    assert result["description_placeholders"]["hint"] == ""


async def test_wrong_password_is_sent_once_for_each_time_it_is_submitted(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    result = await submit(hass, form, **connection())
    for attempt in (1, 2):
        result = await submit(hass, result, password="wrong")
        assert result["type"] is FlowResultType.FORM
        assert result["step_id"] == "password"
        assert result["errors"] == {"password": "invalid_auth"}
        assert shown_again(result) == {}
        assert aarqs(meter) == attempt
        await hass.async_block_till_done()
        assert aarqs(meter) == attempt
    result = await submit(hass, result, password="simulated")
    assert aarqs(meter) == 3
    await finished(hass, result)


async def test_password_that_was_not_refused_need_not_be_typed_again(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    meter.faults.add("refuse", times=1)
    result = await submit(hass, form, **connection())
    result = await submit(hass, result, password="simulated")
    assert result["step_id"] == "user"
    assert result["errors"] == {"base": "connection_refused"}
    result = await submit(hass, result, **connection())
    assert result["step_id"] == "known_password"
    assert shown_again(result) == {}
    result = await finished(hass, await submit(hass, result))
    assert result["data"]["password"] == "simulated"


async def test_known_password_can_be_replaced_and_is_forgotten_when_refused(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    meter.faults.add("refuse", times=1)
    result = await submit(hass, form, **connection())
    result = await submit(hass, result, password="first")
    result = await submit(hass, result, **connection())
    result = await submit(hass, result, password="second")
    assert result["step_id"] == "password"
    assert result["errors"] == {"password": "invalid_auth"}
    await finished(hass, await submit(hass, result, password="simulated"))


async def test_client_that_needs_a_password_says_so(hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter):
    result = await submit(hass, form, **connection(authentication="none"))
    assert result["step_id"] == "user"
    assert result["errors"] == {"base": "authentication_required"}
    result = await submit(hass, result, **connection())
    assert result["step_id"] == "password"
    assert result["errors"] == {}
    await finished(hass, await submit(hass, result, password="simulated"))


async def test_meter_without_any_identity(hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter):
    meter.faults.add("denied")
    result = await submit(hass, form, host=HOST, authentication="none")
    assert result["step_id"] == "user"
    assert result["errors"] == {"base": "no_identity"}
    meter.faults.clear()
    await finished(hass, await submit(hass, result, host=HOST, authentication="none"))


async def test_serial_number_identifies_a_meter_without_a_name(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    meter.faults.add("denied", object="0.0.42.0.0.255")
    result = await finished(hass, await submit(hass, form, host=HOST, authentication="none"))
    assert result["result"].unique_id == "49762188_1"
    assert result["title"] == "49762188"


@pytest.mark.no_fail_on_log_exception
async def test_unexpected_exception_surfaces_with_its_traceback(
    hass: HomeAssistant, form: ConfigFlowResult, caplog: pytest.LogCaptureFixture
):
    with patch(EXAMINE, side_effect=ZeroDivisionError("a bug")):
        result = await submit(hass, form, host=HOST, authentication="none")
    assert result["step_id"] == "user"
    assert result["errors"] == {"base": "unknown"}
    assert "Traceback" in caplog.text
    assert caplog.text.count("ZeroDivisionError: a bug") == 1
    await finished(hass, await submit(hass, result, host=HOST, authentication="none"))


# --- The object list is not for this client ---------------------------------------------------------------------------


@pytest.fixture
def closed_meter(meters: dict[str, SimulatedMeter], meter: SimulatedMeter) -> SimulatedMeter:
    """A meter that keeps its object list to itself."""
    meters[HOST] = SimulatedMeter(MeterProfile().with_quirks(object_list_readable=False), meter.clock)
    return meters[HOST]


async def test_usual_codes_where_the_object_list_is_refused(
    hass: HomeAssistant, form: ConfigFlowResult, closed_meter: SimulatedMeter
):
    result = await submit(hass, form, **connection())
    result = await submit(hass, result, password="simulated")
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "usual_codes"
    assert {"3:1.0.1.8.0.255", "3:1.0.32.7.0.255", "8:0.0.1.0.0.255"} <= set(offered(result))
    assert "3:7.0.3.0.0.255" not in offered(result)  # gas: this one did not answer
    assert result["description_placeholders"]["count"] == str(len(offered(result)))
    assert aarqs(closed_meter) == 1

    further = ["3:nonsense"]
    result = await submit(hass, result, objects=["3:1.0.1.8.0.255"], further_objects=further)
    assert result["step_id"] == "usual_codes"
    assert result["errors"] == {"further_objects": "invalid_objects"}
    assert result["description_placeholders"]["code"] == "3:nonsense"
    assert shown_again(result) == {
        "objects": ["3:1.0.1.8.0.255"],
        "further_objects": further,
        "time_policy": "standard",
    }

    further = ["1-0:2.8.0", "3:1.0.77.77.0.255"]
    result = await submit(hass, result, objects=["3:1.0.1.8.0.255"], further_objects=further)
    assert result["step_id"] == "usual_codes"
    assert result["errors"] == {"further_objects": "objects_refused"}
    assert result["description_placeholders"]["code"] == "3:1.0.77.77.0.255 (object-undefined)"
    assert shown_again(result) == {
        "objects": ["3:1.0.1.8.0.255"],
        "further_objects": further,
        "time_policy": "standard",
    }

    closed_meter.faults.add("fin", on="get", times=1)
    result = await submit(hass, result, objects=["3:1.0.1.8.0.255"], further_objects=further)
    assert result["errors"] == {"further_objects": "objects_not_tried"}

    further = ["1-0:2.8.0, 3:1.0.1.8.0.255", "4:1.0.1.6.0.255"]
    result = await submit(hass, result, objects=["3:1.0.1.8.0.255"], further_objects=further)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["options"]["objects"] == ["3:1.0.1.8.0.255", "3:1.0.2.8.0.255", "4:1.0.1.6.0.255"]
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED
    await hass.config_entries.async_unload(result["result"].entry_id)


# --- Progress ---------------------------------------------------------------------------------------------------------


async def _examined(hass: HomeAssistant, meter: SimulatedMeter) -> Examination:
    """What the doctor finds at the simulated meter."""
    client = DlmsClient(HOST, connect=with_wrapper(meter.connect))
    return await examine(hass, client, ExaminationRequest(parameters=AssociationParameters()))


async def test_progress_says_what_it_is_doing(hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter):
    examination = await _examined(hass, meter)
    go_on = asyncio.Event()

    async def slow(_hass: HomeAssistant, _client: object, order: ExaminationRequest) -> Examination:
        for stage in Stage:
            order.on_stage(stage)
            await go_on.wait()
            go_on.clear()
        return examination

    updates = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESS_UPDATE)
    configure = hass.config_entries.flow.async_configure
    with patch(EXAMINE, slow):
        result = await configure(form["flow_id"], {"host": HOST, "advanced": {"authentication": "none"}})
        for stage in Stage:
            assert result["type"] is FlowResultType.SHOW_PROGRESS
            assert result["step_id"] == "examine"
            assert result["progress_action"] == stage.value
            assert result["description_placeholders"]["host"] == HOST
            assert (await configure(form["flow_id"]))["progress_action"] == stage.value  # asking again changes nothing
            go_on.set()
            await asyncio.sleep(1)  # each stage is shown for a while
            result = await configure(form["flow_id"])
    assert result["step_id"] == "nothing_found"
    shares = [event.data["progress"] for event in updates]
    assert len(shares) == len(Stage)
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] < 1


async def test_real_examination_passes_through_the_stages(
    hass: HomeAssistant, form: ConfigFlowResult, closed_meter: SimulatedMeter
):
    seen = []
    with patch(
        "custom_components.cosem.forms.examination.BackgroundExamination._on_stage", lambda _, stage: seen.append(stage)
    ):
        await submit(hass, form, host=HOST, authentication="none")
    assert seen == [stage for stage in Stage if stage not in {Stage.LEARNING_COUNTER, Stage.WAITING_FOR_CALL}]


async def test_closing_the_dialog_ends_the_examination(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter
):
    meter.faults.add("silent", on="get")
    result = await hass.config_entries.flow.async_configure(
        form["flow_id"], {"host": HOST, "advanced": {"authentication": "none"}}
    )
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    hass.config_entries.flow.async_abort(form["flow_id"])
    await hass.async_block_till_done()
    await until(lambda: meter.open_links == 0)  # the release still runs, for a moment
    assert hass.config_entries.flow.async_progress() == []


async def test_closing_the_dialog_before_anything_happened(hass: HomeAssistant, form: ConfigFlowResult):
    hass.config_entries.flow.async_abort(form["flow_id"])
    assert hass.config_entries.flow.async_progress() == []


# --- The same meter twice ---------------------------------------------------------------------------------------------


async def test_same_meter_at_another_address_is_not_added_twice(
    hass: HomeAssistant,
    form: ConfigFlowResult,
    meter: SimulatedMeter,
    meters: dict[str, SimulatedMeter],
    make_entry: Callable[..., Any],
):
    entry = make_entry(host="192.0.2.99")
    entry.add_to_hass(hass)
    result = await submit(hass, form, host=HOST, authentication="none")
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert result["description_placeholders"] == {"name": entry.title}
    assert entry.data["host"] == "192.0.2.99"  # moving it is what "reconfigure" is for


async def test_association_that_an_entry_uses_is_not_asked_for_again(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter, make_entry: Callable[..., Any]
):
    entry = make_entry(stay_connected=True)
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    before = aarqs(meter)
    result = await submit(hass, form, **connection())
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert result["description_placeholders"] == {"name": entry.title}
    assert aarqs(meter) == before
    await hass.config_entries.async_unload(entry.entry_id)


async def test_ignored_meter_can_be_added_by_hand(hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter):
    await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": "ignore"}, data={"unique_id": unique_id_of(meter), "title": "Ignored"}
    )
    await finished(hass, await submit(hass, form, host=HOST, authentication="none"))


# --- Secrets ----------------------------------------------------------------------------------------------------------


@pytest.mark.no_fail_on_log_exception
async def test_password_appears_nowhere_but_in_the_entry(
    hass: HomeAssistant, form: ConfigFlowResult, meter: SimulatedMeter, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    seen: list[Any] = []

    async def record(step: Awaitable[ConfigFlowResult]) -> ConfigFlowResult:
        seen.append(result := await step)
        return result

    result = await record(submit(hass, form, **connection()))
    with pytest.raises(InvalidData) as refused:
        await submit(hass, result, password=[CANARY])
    seen += [refused.value, refused.value.schema_errors, *refused.value.args]
    result = await record(submit(hass, result, password=CANARY))
    assert result["errors"] == {"password": "invalid_auth"}
    meter.faults.add("refuse", times=1)
    result = await record(submit(hass, result, password=CANARY))
    assert result["step_id"] == "user"
    result = await record(submit(hass, result, **connection()))
    with patch(EXAMINE, side_effect=RuntimeError("a bug")):
        result = await record(submit(hass, result))
    assert result["errors"] == {"base": "unknown"}
    seen += hass.config_entries.flow.async_progress()
    flow = hass.config_entries.flow._progress[form["flow_id"]]
    assert flow._run.outcome() is flow._draft.failure  # asking again neither examines nor logs again
    seen += [flow._draft, flow._draft.failure, flow._run, flow.cur_step]
    for thing in seen:
        assert CANARY not in repr(thing)
        assert CANARY not in str(thing)
    assert CANARY not in caplog.text
