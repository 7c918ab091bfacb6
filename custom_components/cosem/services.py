"""The actions of the integration."""

from typing import Final

from homeassistant.components.automation.const import DOMAIN as AUTOMATION
from homeassistant.const import SERVICE_RELOAD
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.service import async_register_admin_service

from .actions import execute, push_setup, read, read_profile, rescan, write
from .blueprints.installation import Installed, async_install_blueprints
from .const import DOMAIN, LOGGER

__all__ = ["INSTALL_BLUEPRINTS", "Installed", "async_install_blueprints", "async_set_up_services"]

INSTALL_BLUEPRINTS: Final = "install_blueprints"
READ: Final = "read"
READ_PROFILE: Final = "read_profile"
RESCAN: Final = "rescan"
WRITE: Final = "write"
EXECUTE: Final = "execute"
CONFIGURE_PUSH: Final = "configure_push"


@callback
def async_set_up_services(hass: HomeAssistant) -> None:
    """Register them."""
    async_register_admin_service(
        hass,
        DOMAIN,
        INSTALL_BLUEPRINTS,
        _async_install_blueprints,
        supports_response=SupportsResponse.OPTIONAL,
    )
    hass.services.async_register(DOMAIN, READ, read.async_read, read.SCHEMA, SupportsResponse.ONLY)
    hass.services.async_register(
        DOMAIN, READ_PROFILE, read_profile.async_read_profile, read_profile.SCHEMA, SupportsResponse.ONLY
    )
    # It may load the entry again, which is for administrators.
    async_register_admin_service(hass, DOMAIN, RESCAN, rescan.async_rescan, rescan.SCHEMA, SupportsResponse.OPTIONAL)
    async_register_admin_service(hass, DOMAIN, WRITE, write.async_write, write.SCHEMA, SupportsResponse.OPTIONAL)
    async_register_admin_service(
        hass, DOMAIN, EXECUTE, execute.async_execute, execute.SCHEMA, SupportsResponse.OPTIONAL
    )
    async_register_admin_service(
        hass,
        DOMAIN,
        CONFIGURE_PUSH,
        push_setup.async_configure_push,
        push_setup.SCHEMA,
        SupportsResponse.OPTIONAL,
    )


async def _async_install_blueprints(call: ServiceCall) -> ServiceResponse:
    hass = call.hass
    try:
        done = await async_install_blueprints(hass)
    except OSError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="blueprints_not_installed",
            translation_placeholders={"detail": error.strerror or str(error)},
        ) from error
    if done.kept:
        LOGGER.info("Blueprints that were changed are kept: %s", ", ".join(done.kept))
    # Home Assistant keeps blueprints that it has read once.
    if done.updated and hass.services.has_service(AUTOMATION, SERVICE_RELOAD):
        await hass.services.async_call(AUTOMATION, SERVICE_RELOAD, blocking=True)
    return done.record() if call.return_response else None
