"""The actions: what they answer, who may call them, and what they say when they fail."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

from homeassistant.auth.models import User
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
import voluptuous as vol
import yaml

from custom_components.cosem import services
from custom_components.cosem.actions import execute, push_setup, read, read_profile, rescan, write
from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import TYPE_NAMES

SCHEMAS: dict[str, Any] = {
    "read": read,
    "read_profile": read_profile,
    "rescan": rescan,
    "write": write,
    "execute": execute,
    "configure_push": push_setup,
}


@pytest.fixture(autouse=True)
def _own_configuration(hass: HomeAssistant, tmp_path: Path) -> Iterator[None]:
    before, hass.config.config_dir = hass.config.config_dir, str(tmp_path)
    yield
    hass.config.config_dir = before


@pytest.fixture(autouse=True)
async def _set_up(hass: HomeAssistant, _own_configuration: None) -> None:
    """There is no entry."""
    assert await async_setup_component(hass, DOMAIN, {})


def test_each_action_has_its_description_and_its_icon(hass: HomeAssistant):
    folder = Path(services.__file__).parent
    actions = set(hass.services.async_services_for_domain(DOMAIN))
    assert actions == set(yaml.safe_load((folder / "services.yaml").read_text("utf-8")))
    assert actions == set(json.loads((folder / "icons.json").read_text("utf-8"))["services"])
    texts = json.loads((folder / "translations" / "en.json").read_text("utf-8"))["services"]
    assert actions == set(texts)
    for action, described in yaml.safe_load((folder / "services.yaml").read_text("utf-8")).items():
        fields = (described or {}).get("fields", {})
        assert set(fields) == set(texts[action].get("fields", {})), action
        assert all(field["selector"] for field in fields.values())
        assert all(set(each) == {"name", "description"} for each in texts[action].get("fields", {}).values())


def test_each_action_takes_the_fields_that_are_described():
    described = yaml.safe_load((Path(services.__file__).parent / "services.yaml").read_text("utf-8"))
    for action, module in SCHEMAS.items():
        assert {str(field) for field in module.SCHEMA.schema} == set(described[action]["fields"]), action
        required = {field for field, each in described[action]["fields"].items() if each.get("required")}
        assert {str(field) for field in module.SCHEMA.schema if isinstance(field, vol.Required)} == required


def test_the_types_that_are_offered_are_those_that_can_be_typed():
    described = yaml.safe_load((Path(services.__file__).parent / "services.yaml").read_text("utf-8"))
    only_as_hex = {"array", "structure", "compact-array", "dont-care"}
    for action in ("write", "execute"):
        offered = described[action]["fields"]["data_type"]["selector"]["select"]["options"]
        assert offered == [name for name in TYPE_NAMES if name not in only_as_hex]


@pytest.mark.parametrize("action", ["write", "execute", "rescan", "configure_push"])
async def test_s33_who_is_no_administrator_changes_nothing(hass: HomeAssistant, hass_read_only_user: User, action: str):
    typed = {"write": {"attribute": "8:0.0.1.0.0.255:2", "data_type": "null-data"}, "execute": {"method": "70:1:1"}}
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            action,
            {"config_entry_id": "any", **typed.get(action, {})},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )


async def install(hass: HomeAssistant, context: Context | None = None) -> dict[str, list[str]]:
    answer = await hass.services.async_call(
        DOMAIN, services.INSTALL_BLUEPRINTS, blocking=True, return_response=True, context=context
    )
    assert isinstance(answer, dict)
    return answer


async def test_blueprints_are_installed_and_named(hass: HomeAssistant, tmp_path: Path):
    answer = await install(hass)
    folder = tmp_path / "blueprints" / "automation" / "cosem"
    assert answer["installed"] == sorted(path.name for path in folder.iterdir()) != []
    assert (await install(hass))["unchanged"] == answer["installed"]
    await hass.services.async_call(DOMAIN, services.INSTALL_BLUEPRINTS, blocking=True)


async def test_automations_are_reloaded_for_an_updated_file_only(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    reloads = async_mock_service(hass, "automation", "reload")
    await install(hass)
    assert reloads == []

    async def updated(_hass: HomeAssistant) -> services.Installed:
        return services.Installed(updated=["tamper.yaml"], kept=["power_limit.yaml"])

    monkeypatch.setattr(services, "async_install_blueprints", updated)
    with caplog.at_level("INFO"):
        await install(hass)
    assert len(reloads) == 1
    assert "power_limit.yaml" in caplog.text


async def test_an_updated_file_without_automations(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch):
    async def updated(_hass: HomeAssistant) -> services.Installed:
        return services.Installed(updated=["tamper.yaml"])

    monkeypatch.setattr(services, "async_install_blueprints", updated)
    assert (await install(hass))["updated"] == ["tamper.yaml"]


async def test_who_is_no_administrator_may_not(hass: HomeAssistant, hass_read_only_user: User):
    with pytest.raises(Unauthorized):
        await install(hass, Context(user_id=hass_read_only_user.id))


async def test_what_cannot_be_written_is_said(hass: HomeAssistant, tmp_path: Path):
    (tmp_path / "blueprints").write_text("a file where the folder should be")
    with pytest.raises(HomeAssistantError) as raised:
        await install(hass)
    assert raised.value.translation_key == "blueprints_not_installed"
    assert raised.value.translation_placeholders == {"detail": "Not a directory"}
