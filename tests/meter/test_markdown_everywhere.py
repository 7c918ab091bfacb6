"""S38: what a meter calls itself is text wherever a form, a repair or a title shows it."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, SOURCE_USER, ConfigFlowContext
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.meter.markdown import escaped
from tests.conftest import set_up
from tests.flow_tools import connection, progressed, submit
from tests.push.senders import with_options
from tests.secured_entries import issue_id
from tests.simulated_meter import devices
from tests.simulated_meter.meter import SimulatedMeter

NAMES = {1: "EVL[pay](http://a.example)", 16: "EVL*gas* www.b.example", 17: "EVL_c_ <b>"}
PLATE = "[number](http://c.example)"
OTHER_NAME = "![](http://d.example/x.png)"

pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> SimulatedMeter:
    """A meter that calls itself and its logical devices something else than a name."""
    monkeypatch.setattr(devices, "logical_device_name", lambda _profile, wport, _kind: NAMES[wport].encode())
    monkeypatch.setattr(devices, "serial_number", lambda _profile, _wport: PLATE)
    return SimulatedMeter(clock=dt_util.utcnow)


def words_of(shown: Any) -> Iterator[str]:
    """What of a flow's result, a flow in progress or an issue comes from somewhere else."""
    for name in ("description_placeholders", "translation_placeholders", "title_placeholders"):
        yield from (shown.get(name) or {}).values()
    if "title" in shown:
        yield shown["title"]


def is_plain(shown: Any, *names: str) -> bool:
    """Whether these names are in it, and everything in it is text."""
    words = [word for word in words_of(shown) if isinstance(word, str)]
    assert all(any(escaped(name) in word for word in words) for name in names)
    return all(escaped(word) == word for word in words)


async def test_trial_25_s38_names_in_the_set_up_are_text(hass: HomeAssistant, meter: SimulatedMeter):
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await submit(hass, flow, **connection())
    result = await submit(hass, result, password="simulated")
    assert result["step_id"] == "objects"
    assert is_plain(result, PLATE)
    result = await submit(hass, result, objects=["3:1.0.1.8.0.255"])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert is_plain(result, PLATE)
    assert result["result"].unique_id == NAMES[1]  # it identifies the meter: untouched

    await hass.async_block_till_done(wait_background_tasks=True)
    discovered = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
    assert [is_plain(flow["context"], NAMES[16][3:]) for flow in discovered] == [True]
    form = await hass.config_entries.flow.async_configure(discovered[0]["flow_id"])
    assert is_plain(form, NAMES[16][3:])

    for source in (SOURCE_RECONFIGURE, SOURCE_REAUTH):
        context = ConfigFlowContext(source=source, entry_id=result["result"].entry_id)
        form = await hass.config_entries.flow.async_init(DOMAIN, context=context, data=result["result"].data)
        assert is_plain(form, PLATE)


async def test_trial_25_s38_names_in_repairs_and_reasons_are_text(
    hass: HomeAssistant, meter: SimulatedMeter, make_entry: Any
):
    assert await async_setup_component(hass, "repairs", {})
    entry: MockConfigEntry = make_entry(unique_id=OTHER_NAME, title="*my* meter")
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    (issue,) = [issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN]
    shown = {"translation_placeholders": issue.translation_placeholders}
    assert is_plain(shown, NAMES[1], OTHER_NAME, "*my* meter")
    assert is_plain({"translation_placeholders": entry.error_reason_translation_placeholders}, NAMES[1], OTHER_NAME)
    manager = hass.data["repairs"]["flow_manager"]
    result = await manager.async_init(DOMAIN, context={"issue_id": issue_id(entry, "other_meter")})
    assert is_plain(result, NAMES[1], OTHER_NAME, "*my* meter")


async def test_trial_25_s38_the_name_of_another_meter_is_text(
    hass: HomeAssistant, meter: SimulatedMeter, make_entry: Any
):
    entry = make_entry(unique_id=OTHER_NAME, title="Meter")
    entry.add_to_hass(hass)
    result = await submit(hass, await entry.start_reauth_flow(hass), password="simulated")
    result = await progressed(hass, result)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "wrong_device")
    assert is_plain(result, PLATE)


async def test_trial_25_s38_a_destination_in_an_error_is_text(
    hass: HomeAssistant, meter: SimulatedMeter, make_entry: Any
):
    entry = await set_up(hass, with_options(make_entry(client_wport=1), {"allow_writing": True}))
    meter.devices[1].on_push = None
    place = "[x](http://192.0.2.9):1"
    written = {"attribute": "40:0.0.25.9.0.255:3", "data_type": "hex"}
    written["value"] = f"0203 1600 09{len(place):02X} {place.encode().hex()} 1600"
    target = {"config_entry_id": entry.entry_id}
    await hass.services.async_call(DOMAIN, "write", {**target, **written}, blocking=True)
    hass.config_entries.async_update_entry(entry, options={**entry.options, "notifications": "udp"})
    with pytest.raises(HomeAssistantError) as failed:
        await hass.services.async_call(DOMAIN, "configure_push", {**target, "test": True}, blocking=True)
    assert is_plain({"translation_placeholders": failed.value.translation_placeholders}, place)


SHOWN_BY = {"translation_placeholders", "description_placeholders", "title_placeholders", "error_words"}
PLACES = {
    *("actions/push_setup", "config_flow", "repairs"),
    *("forms/help_steps", "forms/texts", "meter/error_mapping", "meter/issues"),
}
"""Files that hand out words for texts. Each escapes what may come from a meter, and is walked over above.

The list of help_steps is Markdown of its own: tests/forms/test_help_texts.py looks at what is inside.
"""
TYPED = {
    *("actions/asking", "actions/changing", "actions/permission", "actions/read_profile", "actions/target"),
    *("forms/answers", "forms/further_objects", "forms/help_plan", "forms/options", "services"),
}
"""Words that a person typed, or that are ours; names of the standard; titles, which are text since the set-up."""


def test_trial_25_no_place_with_words_is_forgotten():
    package = Path(__file__).parents[2] / "custom_components" / DOMAIN
    found = set()
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = {
                getattr(node, "arg", None),
                getattr(node, "attr", None),
                node.value if isinstance(node, ast.Constant) else None,
            }
            if names & SHOWN_BY:
                found.add(path.relative_to(package).with_suffix("").as_posix())
    assert found == PLACES | TYPED
