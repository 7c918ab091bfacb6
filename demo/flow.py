"""Walk a config flow over REST as a person would: known fields get the demo's answers, others stay as shown."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from .client import HomeAssistant
from .processes import DemoError

FLOWS = "/api/config/config_entries/flow"
OPTIONS = "/api/config/config_entries/options/flow"
MOST_STEPS = 20
PROGRESS_SECONDS = 60


def filled(fields: Sequence[Mapping[str, Any]], answers: Mapping[str, Any]) -> dict[str, Any]:
    """What goes into a form: an answer by the field's name, else its suggestion, else its default."""
    form: dict[str, Any] = {}
    for field in fields:
        name = field["name"]
        suggestion = (field.get("description") or {}).get("suggested_value")
        if field.get("type") == "expandable":  # a collapsed section is a form in the form
            form[name] = filled(field["schema"], answers)
        elif name in answers:
            form[name] = answers[name]
        elif suggestion is not None:
            form[name] = suggestion
        elif "default" in field:
            form[name] = field["default"]
    return form


def chosen(options: Sequence[str] | Mapping[str, str], wanted: Sequence[str]) -> str:
    """The first of the wanted menu entries that is offered."""
    for option in wanted:
        if option in options:
            return option
    raise DemoError(f"the config flow offers {', '.join(options)}; the demo wants one of {', '.join(wanted)}")


async def after_progress(hass: HomeAssistant, step: dict[str, Any]) -> dict[str, Any]:
    """Wait for the flow to go on by itself."""
    action = step.get("progress_action")
    try:
        async with asyncio.timeout(PROGRESS_SECONDS):
            while step["type"] == "progress":
                await asyncio.sleep(0.3)
                step = await hass.get(f"{FLOWS}/{step['flow_id']}")
    except TimeoutError:
        raise DemoError(f"the config flow is still busy ({action}) after {PROGRESS_SECONDS} s") from None
    return step


async def walk(hass: HomeAssistant, domain: str, answers: Mapping[str, Any], menu: Sequence[str]) -> dict[str, Any]:
    """Add an integration; return what its last step created."""
    step = await hass.post(FLOWS, {"handler": domain, "show_advanced_options": False})
    return await to_the_end(hass, step, answers, menu)


async def go_on(hass: HomeAssistant, flow_id: str, answers: Mapping[str, Any], menu: Sequence[str]) -> dict[str, Any]:
    """Finish a flow that something else began, such as a discovery."""
    return await to_the_end(hass, await hass.get(f"{FLOWS}/{flow_id}"), answers, menu)


async def set_options(hass: HomeAssistant, entry_id: str, answers: Mapping[str, Any]) -> None:
    """Change the options of an entry; those that have no answer stay as they are."""
    await to_the_end(hass, await hass.post(OPTIONS, {"handler": entry_id}), answers, (), OPTIONS)


async def to_the_end(
    hass: HomeAssistant, step: dict[str, Any], answers: Mapping[str, Any], menu: Sequence[str], flows: str = FLOWS
) -> dict[str, Any]:
    """Answer step after step until the entry is created, or its options are stored."""
    for _ in range(MOST_STEPS):
        if step["type"] == "create_entry":
            return dict(step["result"]) if flows == FLOWS else {}
        if step["type"] == "form":
            if step.get("errors"):
                raise DemoError(f"the config flow refuses step {step['step_id']}: {step['errors']}")
            answer = filled(step["data_schema"], answers)
        elif step["type"] == "menu":
            answer = {"next_step_id": chosen(step["menu_options"], menu)}
        elif step["type"] == "progress":
            step = await after_progress(hass, step)
            continue
        else:
            raise DemoError(f"the config flow ends with {step['type']}: {step.get('reason')}")
        step = await hass.post(f"{flows}/{step['flow_id']}", answer)
    raise DemoError(f"the config flow has no end: after {MOST_STEPS} steps it shows {step.get('step_id')}")
