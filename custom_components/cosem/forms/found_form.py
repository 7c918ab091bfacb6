"""The form after the public client was asked: which logical device, how to log in, and as which client."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from ..const import (
    AUTHENTICATION_PASSWORD,
    AUTHENTICATIONS,
    CONF_AUTHENTICATION,
    CONF_CALL_SOURCES,
    CONF_CLIENT_WPORT,
    CONF_REFERENCING,
    CONF_RESPONSE_TIMEOUT,
    CONF_SERVER_WPORT,
)
from ..dlms import MAX_WPORT, Referencing
from .answers import FormInput, with_facts
from .connection import ConnectionFacts
from .credential_input import without_sections
from .credential_schemas import SECTION_ADVANCED, suggested_values
from .draft import Draft
from .found import Found
from .schemas import REFERENCING_FIELD, WPORT_FIELD, advanced, authentication_field

CONF_CHANGE_ADDRESS: Final = "change_address"


def found_of(draft: Draft) -> Found:
    """Return what was found; this form is shown for nothing else."""
    assert draft.found is not None
    return draft.found


def found_schema(found: Found) -> vol.Schema:
    """Return the form; nothing is chosen where nothing is proposed."""
    proposed, devices = found.authentication, found.logical_devices
    # A frontend fills in the first choice where a required field has no default.
    chosen: vol.Marker = vol.Optional(CONF_AUTHENTICATION)
    if proposed is not None:
        chosen = vol.Required(CONF_AUTHENTICATION, default=proposed)
    ways: dict[vol.Marker, object] = {
        vol.Required(CONF_REFERENCING, default=Referencing.AUTOMATIC.value): REFERENCING_FIELD
    }
    return vol.Schema(
        {
            vol.Required(CONF_SERVER_WPORT, default=_shown_wport(devices, found.server_wport)): _server_field(devices),
            chosen: authentication_field(*AUTHENTICATIONS),
            vol.Optional(CONF_CLIENT_WPORT): WPORT_FIELD,
            vol.Optional(CONF_CHANGE_ADDRESS, default=False): BooleanSelector(),
            vol.Optional(SECTION_ADVANCED): advanced(ways),
        }
    )


def _shown_wport(devices: Mapping[int, str], wport: int | str) -> int | str:
    """Return what the field shows: the name and number of a logical device, or what was typed."""
    if not devices:
        return wport
    # A field that takes other texts too shows its value, and not the label.
    name = devices.get(wport) if isinstance(wport, int) else None
    return f"{name} ({wport})" if name else str(wport)


def _server_field(devices: Mapping[int, str]) -> object:
    """Return the choice of a logical device by its name, or a number where none is known; any may be typed."""
    if not devices:
        return WPORT_FIELD
    names = [str(_shown_wport(devices, wport)) for wport in devices]
    options = [SelectOptionDict(value=name, label=name) for name in names]
    return SelectSelector(SelectSelectorConfig(options=options, custom_value=True, mode=SelectSelectorMode.DROPDOWN))


def found_shown(draft: Draft, schema: vol.Schema) -> Mapping[str, Any]:
    """Return what the form is filled with: what was typed, else the proposals."""
    found = found_of(draft)
    proposed = {
        CONF_CLIENT_WPORT: _proposed_client(draft, found),
        CONF_RESPONSE_TIMEOUT: found.facts.response_timeout,
        CONF_REFERENCING: found.facts.referencing,
    }
    shown = {**proposed, **draft.choice}
    if CONF_SERVER_WPORT in shown:
        shown[CONF_SERVER_WPORT] = _shown_wport(found.logical_devices, shown[CONF_SERVER_WPORT])
    return suggested_values(schema, shown)


def _proposed_client(draft: Draft, found: Found) -> int | None:
    return found.client_wport(draft.choice.get(CONF_AUTHENTICATION, found.authentication))


def take_found(draft: Draft, typed: FormInput) -> Draft:
    """Take the form; or go back to the first one, with everything that was typed."""
    found, choice = found_of(draft), without_sections(typed)
    goes_back = choice.pop(CONF_CHANGE_ADDRESS, False)
    # Whoever leaves the proposed client, and chooses another way to log in, means the client that goes with that.
    if CONF_CLIENT_WPORT not in draft.choice and choice.get(CONF_CLIENT_WPORT) == _proposed_client(draft, found):
        choice.pop(CONF_CLIENT_WPORT, None)
    server_wport = _read_wport(found, choice[CONF_SERVER_WPORT])
    if goes_back:
        kept = {name: value for name, value in choice.items() if name != CONF_SERVER_WPORT}
        if server_wport is not None:
            kept[CONF_SERVER_WPORT] = server_wport
        return replace(draft, choice=kept, goes_back=True, facts=None, failure=None, errors={})
    errors = {} if server_wport is not None else {CONF_SERVER_WPORT: "invalid_wport"}
    if CONF_AUTHENTICATION not in choice:
        errors[CONF_AUTHENTICATION] = "authentication_missing"
    if errors:
        return replace(draft, choice=choice, facts=None, failure=None, errors=errors)
    choice[CONF_SERVER_WPORT] = server_wport
    return replace(with_facts(draft, _facts(draft, found, choice), draft.typed), choice=choice)


def _read_wport(found: Found, typed: str | int) -> int | None:
    """Return a wPort; None for what is none."""
    devices = found.logical_devices
    by_name = {_shown_wport(devices, wport): wport for wport in devices}
    if typed in by_name:
        return by_name[typed]
    digits = str(typed).strip()
    return int(digits) if digits.isascii() and digits.isdigit() and int(digits) <= MAX_WPORT else None


def _facts(draft: Draft, found: Found, choice: Mapping[str, Any]) -> ConnectionFacts:
    authentication = choice[CONF_AUTHENTICATION]
    usual_client = found.client_wport(authentication)
    call = (draft.facts or found.facts).call
    # A password is sent to callers from named addresses only: who named none is asked for them again.
    if authentication == AUTHENTICATION_PASSWORD and call is not None and not call.get(CONF_CALL_SOURCES):
        call = None
    return replace(
        found.facts,
        authentication=authentication,
        client_wport=choice.get(CONF_CLIENT_WPORT, usual_client),
        server_wport=choice[CONF_SERVER_WPORT],
        response_timeout=choice.get(CONF_RESPONSE_TIMEOUT, found.facts.response_timeout),
        referencing=choice.get(CONF_REFERENCING, found.facts.referencing),
        call=call,
    )
