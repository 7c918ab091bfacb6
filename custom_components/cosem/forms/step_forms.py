"""For each form step: its fields, what it shows, and who takes its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import voluptuous as vol

from ..const import AUTHENTICATION_FIND_OUT, CONF_AUTHENTICATION, CONF_CLIENT_WPORT, CONF_RESPONSE_TIMEOUT
from .answers import (
    take_call,
    take_connection,
    take_credentials,
    take_first,
    take_known_password,
    take_logical_device,
    take_objects,
    take_password,
)
from .call_fields import call_schema
from .credential_input import without_sections
from .credential_schemas import credential_schema, password_schema, reauth_schema, suggested_values
from .draft import Draft
from .found_form import found_of, found_schema, found_shown, take_found
from .next_step import Step
from .schemas import connection_schema, discovery_schema, first_schema, objects_schema


@dataclass(frozen=True, slots=True, kw_only=True)
class StepForm:
    """A form."""

    schema: Callable[[Draft], vol.Schema]
    shown: Callable[[Draft, vol.Schema], Mapping[str, Any]]
    """Values filled in. Never a secret."""
    take: Callable[[Draft, Mapping[str, Any]], Draft]
    is_last: bool | None = None
    """None where not known."""


def _typed(draft: Draft, schema: vol.Schema) -> Mapping[str, Any]:
    return draft.typed


def _first_schema(draft: Draft) -> vol.Schema:
    # Who has typed into the section, or may have to, sees it.
    knows = draft.typed.get(CONF_AUTHENTICATION, AUTHENTICATION_FIND_OUT) != AUTHENTICATION_FIND_OUT
    return first_schema(is_open=knows or draft.goes_back or draft.failure is not None)


def _typed_in_sections(draft: Draft, schema: vol.Schema) -> Mapping[str, Any]:
    return suggested_values(schema, without_sections(draft.typed))


def _settings(draft: Draft, schema: vol.Schema) -> Mapping[str, Any]:
    facts = draft.given_facts
    shown = {CONF_CLIENT_WPORT: facts.client_wport, CONF_RESPONSE_TIMEOUT: facts.response_timeout}
    return suggested_values(schema, {**draft.settings, **shown})


def _nothing(draft: Draft, schema: vol.Schema) -> Mapping[str, Any]:
    return {}


def _credential_schema(draft: Draft) -> vol.Schema:
    return credential_schema(draft.given_facts.authentication, known=draft.has_main_secret)


def _objects_form(*, with_further_objects: bool) -> StepForm:
    return StepForm(
        schema=lambda draft: objects_schema(
            draft.choices,
            draft.ticked,
            with_further_objects=with_further_objects,
            time_policy=draft.proposed_time_policy,
        ),
        shown=_typed,
        take=take_objects,
        is_last=True,
    )


def _reauth_schema(draft: Draft) -> vol.Schema:
    return reauth_schema(draft.given_facts.authentication)


_PASSWORD: Final = StepForm(schema=lambda _: password_schema(), shown=_nothing, take=take_password)
_CREDENTIALS: Final = StepForm(schema=_credential_schema, shown=_settings, take=take_credentials)
_REAUTH: Final = StepForm(schema=_reauth_schema, shown=_nothing, take=take_credentials)

STEP_FORMS: Final[Mapping[Step, StepForm]] = {
    Step.USER: StepForm(schema=_first_schema, shown=_typed_in_sections, take=take_first),
    Step.FOUND: StepForm(schema=lambda draft: found_schema(found_of(draft)), shown=found_shown, take=take_found),
    Step.RECONFIGURE: StepForm(schema=lambda _: connection_schema(), shown=_typed, take=take_connection),
    Step.CALL: StepForm(schema=lambda _: call_schema(), shown=lambda draft, _: draft.call, take=take_call),
    Step.DISCOVERY_CONFIRM: StepForm(
        schema=lambda draft: discovery_schema(with_parent=draft.parent is not None),
        shown=_typed,
        take=take_logical_device,
    ),
    Step.PASSWORD: _PASSWORD,
    Step.KNOWN_PASSWORD: StepForm(
        schema=lambda _: password_schema(required=False), shown=_nothing, take=take_known_password
    ),
    Step.HLS_SECRET: _CREDENTIALS,
    Step.KEYS: _CREDENTIALS,
    Step.CERTIFICATE: _CREDENTIALS,
    Step.REAUTH_CONFIRM: _PASSWORD,
    Step.REAUTH_HLS_SECRET: _REAUTH,
    Step.REAUTH_KEYS: _REAUTH,
    Step.REAUTH_CERTIFICATE: _REAUTH,
    Step.OBJECTS: _objects_form(with_further_objects=False),
    Step.USUAL_CODES: _objects_form(with_further_objects=True),
}
