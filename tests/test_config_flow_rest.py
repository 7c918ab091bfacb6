"""The set-up as the frontend and scripts do it: over REST, with every form as JSON."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.cosem.const import DOMAIN
from tests.conftest import HOST, unique_id_of
from tests.simulated_meter.meter import SimulatedMeter

FLOWS = "/api/config/config_entries/flow"


async def test_set_up_over_rest(
    hass: HomeAssistant, socket_enabled: None, hass_client: ClientSessionGenerator, network: None, meter: SimulatedMeter
):
    assert await async_setup_component(hass, "config", {})
    client = await hass_client()

    async def post(path: str, **body: Any) -> dict[str, Any]:
        response = await client.post(path, json=body)
        assert response.status == 200, await response.text()
        return await response.json()

    async def form_after(result: dict[str, Any]) -> dict[str, Any]:
        while result["type"] == "progress":
            await hass.async_block_till_done()
            result = await (await client.get(f"{FLOWS}/{result['flow_id']}")).json()
        return result

    result = await post(FLOWS, handler=DOMAIN)
    fields = {field["name"]: field for field in result["data_schema"]}
    assert list(fields) == ["host", "advanced"]
    assert fields["advanced"]["type"] == "expandable"
    assert not fields["advanced"]["expanded"]
    inner = {field["name"]: field for field in fields["advanced"]["schema"]}
    assert list(inner) == [
        *("port", "preset", "client_wport", "server_wport", "authentication"),
        *("transport", "referencing", "response_timeout"),
    ]
    assert inner["port"]["default"] == 4059
    assert inner["authentication"]["default"] == "find_out"
    assert inner["preset"]["selector"]["select"]["translation_key"] == "preset"

    flow = f"{FLOWS}/{result['flow_id']}"
    result = await post(flow, host=HOST, advanced={"client_wport": 2, "authentication": "password"})
    assert result["step_id"] == "password"
    assert result["data_schema"][0]["selector"]["text"]["type"] == "password"
    assert "default" not in result["data_schema"][0]

    result = await post(flow, password="wrong")
    assert result["type"] in {"progress", "form"}
    result = await form_after(result)
    assert result["errors"] == {"password": "invalid_auth"}

    result = await form_after(await post(flow, password="simulated"))
    assert result["step_id"] == "objects"
    choices = result["data_schema"][0]["selector"]["select"]["options"]
    assert {"value", "label"} == choices[0].keys()

    result = await post(flow, objects=[choices[0]["value"]])
    assert result["type"] == "create_entry"
    assert "simulated" not in str(result)
    await hass.async_block_till_done()
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    assert entry.unique_id == unique_id_of(meter)
    assert entry.options["objects"] == [choices[0]["value"]]


async def test_keys_over_rest(
    hass: HomeAssistant, socket_enabled: None, hass_client: ClientSessionGenerator, network: None
):
    """Sections, choices and the question about public keys as the frontend sees them."""
    assert await async_setup_component(hass, "config", {})
    client = await hass_client()

    async def post(path: str, **body: Any) -> dict[str, Any]:
        response = await client.post(path, json=body)
        assert response.status == 200, await response.text()
        return await response.json()

    result = await post(FLOWS, handler=DOMAIN)
    flow = f"{FLOWS}/{result['flow_id']}"
    result = await post(flow, host=HOST, advanced={"authentication": "keys"})
    fields = {field["name"]: field for field in result["data_schema"]}
    assert list(fields) == [
        *("encryption_key", "authentication_key", "security_suite", "protection"),
        *("advanced", "signing"),
    ]
    assert fields["encryption_key"]["selector"]["text"]["type"] == "password"
    assert fields["security_suite"]["selector"]["select"]["options"] == ["0", "1", "2"]
    assert fields["security_suite"]["default"] == "0"
    assert not fields["advanced"]["expanded"]
    inner = {field["name"]: field for field in fields["advanced"]["schema"]}
    assert inner["accept_unverified"]["default"] is False
    assert "number" in inner["counter_start"]["selector"]

    result = await post(flow, encryption_key="00" * 16, authentication_key="11 " * 16, advanced={"dedicated_key": True})
    assert result["type"] == "menu"
    assert result["menu_options"] == ["keys", "accept_example_keys"]
    result = await post(flow, next_step_id="keys")
    assert result["step_id"] == "keys"
    fields = {field["name"]: field for field in result["data_schema"]}
    assert fields["security_suite"]["description"] == {"suggested_value": "0"}
    assert "description" not in fields["encryption_key"]
    assert fields["encryption_key"]["optional"]
    hass.config_entries.flow.async_abort(result["flow_id"])
