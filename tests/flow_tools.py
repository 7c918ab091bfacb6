"""What the tests of the forms share: driving a flow through its progress step, typing into its forms."""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, section

from custom_components.cosem.forms.option_schemas import OPTION_SECTIONS
from tests.conftest import HOST
from tests.simulated_meter.meter import SimulatedMeter


async def submit(hass: HomeAssistant, result: ConfigFlowResult, **typed: Any) -> ConfigFlowResult:
    """Submit a form and follow the progress step to its end."""
    told = in_sections(result, typed)
    return await progressed(hass, await hass.config_entries.flow.async_configure(result["flow_id"], told))


def in_sections(result: ConfigFlowResult, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Put what is typed where the form has its field: in the first form nearly everything is in a section."""
    if result.get("step_id") != "user":
        return dict(typed)
    fields = section_fields(result, "advanced")
    inside = {name: value for name, value in typed.items() if name in fields}
    outside = {name: value for name, value in typed.items() if name not in {*inside, "advanced"}}
    return outside | {"advanced": inside | typed.get("advanced", {})}


def section_fields(result: ConfigFlowResult, name: str) -> set[str]:
    """The fields in a section of a form."""
    (inner,) = [field for marker, field in result["data_schema"].schema.items() if marker == name]
    return {str(marker) for marker in inner.schema.schema}


async def progressed(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Wait as the frontend does: until the progress step has ended."""
    while result["type"] is FlowResultType.SHOW_PROGRESS:
        await hass.async_block_till_done()
        result = await hass.config_entries.flow.async_configure(result["flow_id"])
    return result


async def added_anyway(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Go on where this client may read nothing sensible, as the public client of the simulated meter."""
    if result.get("step_id") == "nothing_found":
        assert result["type"] is FlowResultType.MENU
        result = await submit(hass, result, next_step_id="add_anyway")
    return result


def connection(**changes: Any) -> dict[str, Any]:
    """What a person types into the form with the connection to reach the simulated meter as its reader."""
    return {
        "host": HOST,
        "port": 4059,
        "preset": "generic",
        "client_wport": 2,
        "server_wport": 1,
        "authentication": "password",
    } | changes


def shown_again(result: ConfigFlowResult) -> dict[str, Any]:
    """What a form suggests; of the first form also in its section."""
    fields = dict(result["data_schema"].schema)
    if result.get("step_id") == "user":
        fields |= fields["advanced"].schema.schema
    return {
        str(key): key.description["suggested_value"]
        for key in fields
        if key.description and "suggested_value" in key.description
    }


async def submit_options(hass: HomeAssistant, result: ConfigFlowResult, options: Mapping[str, Any]) -> ConfigFlowResult:
    """Submit the options form as a frontend does: with all sections, open or closed."""
    inside = {name: {str(marker) for marker in fields} for name, fields in OPTION_SECTIONS.items()}
    of_sections = set[str]().union(*inside.values())
    typed: dict[str, Any] = {name: value for name, value in options.items() if name not in of_sections}
    for name, fields in inside.items():
        typed[name] = {field: value for field, value in options.items() if field in fields}
    return await hass.config_entries.options.async_configure(result["flow_id"], typed)


def options_shown(result: ConfigFlowResult) -> dict[str, Any]:
    """What the options form suggests, without its sections."""
    found = shown_again(result)
    for field in result["data_schema"].schema.values():
        if isinstance(field, section):
            found |= shown_again({**result, "data_schema": field.schema})
    return found


def aarqs(meter: SimulatedMeter) -> int:
    """How many associations were asked for."""
    return sum(request.kind == "aarq" for request in meter.log)
