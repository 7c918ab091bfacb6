"""What the tests of the forms share: driving a flow through its progress step, typing into its forms."""

from typing import Any

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from tests.conftest import HOST
from tests.simulated_meter.meter import SimulatedMeter


async def submit(hass: HomeAssistant, result: ConfigFlowResult, **typed: Any) -> ConfigFlowResult:
    """Submit a form and follow the progress step to its end."""
    return await progressed(hass, await hass.config_entries.flow.async_configure(result["flow_id"], typed))


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
    """What a form suggests, section by section."""
    return {
        str(key): key.description["suggested_value"]
        for key in result["data_schema"].schema
        if key.description and "suggested_value" in key.description
    }


def aarqs(meter: SimulatedMeter) -> int:
    """How many associations were asked for."""
    return sum(request.kind == "aarq" for request in meter.log)
