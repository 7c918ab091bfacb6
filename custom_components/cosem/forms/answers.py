"""What a submitted form makes of a draft.

Whatever is submitted clears the last failure.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from homeassistant.const import CONF_HOST, CONF_PASSWORD

from ..const import (
    AUTHENTICATION_FIND_OUT,
    AUTHENTICATION_INHERITED,
    AUTHENTICATION_NONE,
    AUTHENTICATION_PASSWORD,
    CONF_AUTHENTICATION,
    CONF_CLIENT_WPORT,
    CONF_COUNTER_START,
    CONF_INTERVAL,
    CONF_OBJECTS,
    CONF_RESPONSE_TIMEOUT,
    CONF_SERVER_WPORT,
    CONF_STAY_CONNECTED,
    DEFAULT_INTERVAL,
    DEFAULT_RESPONSE_TIMEOUT,
)
from ..dlms import MANAGEMENT_WPORT, PUBLIC_CLIENT_WPORT
from ..meter.credentials import SECRET_FIELDS
from .call_fields import call_data, call_fault
from .connection import ConnectionFacts, as_typed, in_the_open, is_called, read_connection, read_host
from .credential_input import CredentialInput, read_credentials, without_sections
from .credential_schemas import SECTION_ADVANCED
from .draft import Draft, Purpose, with_credentials_of, with_found
from .found import Found
from .notification_options import without_usual
from .objects import NotAnObject, parse_objects
from .schemas import CONF_FURTHER_OBJECTS
from .writing_options import what_is_allowed

type FormInput = Mapping[str, Any]


def take_first(draft: Draft, typed: FormInput) -> Draft:
    """Take the form that a set-up begins with: how to log in was chosen, or is found out."""
    opened = in_the_open(typed)
    finds_out = opened[CONF_AUTHENTICATION] == AUTHENTICATION_FIND_OUT
    asked = {**opened, CONF_AUTHENTICATION: AUTHENTICATION_NONE} if finds_out else opened
    taken = replace(take_connection(draft, asked), typed=opened)
    if taken.facts is None:
        return replace(taken, goes_back=True)
    if not finds_out:
        return replace(taken, found=None, goes_back=False, finds_out=False)
    facts = replace(taken.facts, client_wport=PUBLIC_CLIENT_WPORT, server_wport=MANAGEMENT_WPORT)
    choice = {key: value for key, value in opened.items() if key in {CONF_CLIENT_WPORT, CONF_SERVER_WPORT}}
    if draft.found is not None and draft.found.facts.address == facts.address:
        choice = {**draft.choice, **choice}  # what was typed of this meter before
    taken = replace(taken, facts=facts, choice=choice, found=None, goes_back=False, finds_out=True)
    # A meter calls seldom: its call is not spent on this question.
    return with_found(taken, Found(facts=facts)) if facts.transport is None else taken


def as_first_typed(facts: ConnectionFacts) -> dict[str, Any]:
    """Return the first form as it was, where wPorts and how to log in are asked for in the second."""
    typed = {key: value for key, value in as_typed(facts).items() if key not in {CONF_CLIENT_WPORT, CONF_SERVER_WPORT}}
    typed[SECTION_ADVANCED] = typed.get(SECTION_ADVANCED, {}) | {CONF_RESPONSE_TIMEOUT: facts.response_timeout}
    return {**typed, CONF_AUTHENTICATION: AUTHENTICATION_FIND_OUT}


def take_connection(draft: Draft, typed: FormInput) -> Draft:
    """Take the form about the connection."""
    before = draft.facts or draft.facts_before
    if is_called(typed, before):
        known = before.host if before is not None and before.transport is None else ""
        return with_facts(draft, read_connection(typed, known, before), typed)
    if (host := read_host(typed.get(CONF_HOST, ""))) is None:
        errors = {CONF_HOST: "invalid_host"}
        return replace(draft, typed=typed, facts_before=before, facts=None, failure=None, errors=errors)
    return with_facts(draft, read_connection(typed, host, before), typed)


def take_call(draft: Draft, typed: FormInput) -> Draft:
    """Take the form about the meter's calls."""
    errors, words = call_fault(typed, needs_sources=draft.given_facts.authentication == AUTHENTICATION_PASSWORD)
    if errors:
        return replace(draft, call=dict(typed), errors=errors, error_words=words, failure=None)
    facts = replace(draft.given_facts, call=call_data(typed))
    return replace(draft, facts=facts, call=dict(typed), errors={}, error_words={}, failure=None)


def take_logical_device(draft: Draft, typed: FormInput) -> Draft:
    """Take the form for a discovered logical device."""
    assert draft.facts_before is not None
    parent = draft.parent if typed[CONF_AUTHENTICATION] == AUTHENTICATION_INHERITED else None
    advanced = typed.get(SECTION_ADVANCED, {})
    facts = replace(
        draft.facts_before,
        authentication=parent.authentication if parent is not None else typed[CONF_AUTHENTICATION],
        client_wport=advanced.get(CONF_CLIENT_WPORT, draft.facts_before.client_wport),
        response_timeout=advanced.get(CONF_RESPONSE_TIMEOUT, DEFAULT_RESPONSE_TIMEOUT),
        referencing=(draft.parent or draft.facts_before).referencing,
    )
    given = with_facts(draft, facts, typed)
    if parent is None:
        return given
    read = CredentialInput(credentials=dict(parent.credentials))
    return replace(
        with_credentials_of(given, parent), credential_input=read, password_given=CONF_PASSWORD in read.credentials
    )


def with_facts(draft: Draft, facts: ConnectionFacts, typed: FormInput) -> Draft:
    """Note the facts; settings of another authentication go, secrets stay."""
    keeps_settings = facts.authentication in {AUTHENTICATION_NONE, draft.settings_authentication}
    return replace(
        draft,
        facts=facts,
        typed=typed,
        settings_authentication=draft.settings_authentication if keeps_settings else facts.authentication,
        settings=draft.settings if keeps_settings else {},
        credential_input=None,
        password_given=False,
        errors={},
        failure=None,
    )


def take_password(draft: Draft, typed: FormInput) -> Draft:
    """Take the password form; it may be empty where help can be asked for instead."""
    if not (password := typed.get(CONF_PASSWORD)):
        return replace(draft, errors={CONF_PASSWORD: "password_missing"}, password_given=False, failure=None)
    return _with_password(draft, password)


def take_known_password(draft: Draft, typed: FormInput) -> Draft:
    """Take the form where an empty password keeps the known one."""
    return _with_password(draft, typed.get(CONF_PASSWORD) or draft.secrets[CONF_PASSWORD])


def _with_password(draft: Draft, password: str) -> Draft:
    return replace(
        draft,
        secrets={**draft.secrets, CONF_PASSWORD: password},
        # The password may belong to keys that were asked for before, or are stored.
        credential_input=draft.credential_input or CredentialInput(credentials=dict(draft.given_facts.credentials)),
        password_given=True,
        failure=None,
    )


def take_credentials(draft: Draft, typed: FormInput) -> Draft:
    """Take a form with credentials; the valid ones are kept, errors or not."""
    fields = without_sections(typed)
    facts = replace(
        draft.given_facts,
        client_wport=fields.pop(CONF_CLIENT_WPORT, draft.given_facts.client_wport),
        response_timeout=fields.pop(CONF_RESPONSE_TIMEOUT, draft.given_facts.response_timeout),
    )
    given: dict[str, Any] = fields
    if draft.purpose is Purpose.REAUTHENTICATE:  # that form has secrets only
        given = {**draft.settings, **without_empty(fields)}
    read = read_credentials(draft.given_facts.authentication, given, {**draft.settings, **draft.secrets})
    shown = {name: value for name, value in {**fields, **read.credentials}.items() if name not in SECRET_FIELDS}
    secrets = {name: value for name, value in read.credentials.items() if name in SECRET_FIELDS}
    return replace(
        draft,
        facts=facts,
        settings={**draft.settings, **shown},
        secrets={**draft.secrets, **secrets},
        credential_input=read,
        password_given=False,
        errors=read.errors,
        failure=None,
    )


def without_empty(typed: FormInput) -> dict[str, Any]:
    """Return the fields that hold something."""
    return {name: value for name, value in typed.items() if value not in (None, "")}


def accept_doubt(draft: Draft, doubt: str) -> Draft:
    """Use doubtful keys: the user confirmed them."""
    return replace(draft, accepted_doubts=draft.accepted_doubts | {doubt})


def follow_counter(draft: Draft) -> Draft:
    """Go on from the meter's invocation counter: the user confirmed it (rule S3)."""
    assert draft.failure is not None
    assert draft.credential_input is not None
    start = {CONF_COUNTER_START: draft.failure.counter}
    read = replace(draft.credential_input, credentials={**draft.credential_input.credentials, **start})
    # No form shows it as its own proposal: nobody has proved it (rule S35).
    return replace(draft, credential_input=read, failure=None)


def take_server(draft: Draft, server_wport: int) -> Draft:
    """Take over another logical device; how to log in there is asked again."""
    facts = replace(draft.given_facts, server_wport=server_wport)
    taken = with_facts(draft, facts, ask_for_client(replace(draft, facts=facts)).typed)
    return replace(taken, choice={**draft.choice, CONF_SERVER_WPORT: server_wport})


def ask_for_client(draft: Draft) -> Draft:
    """Ask again for the connection: this client may read nothing sensible."""
    facts = draft.given_facts
    if draft.found is not None:
        return replace(draft, facts=None, examination=None, choices=(), typed=as_first_typed(draft.found.facts))
    typed = as_typed(facts)
    wport_and_timeout = {CONF_CLIENT_WPORT: facts.client_wport, CONF_RESPONSE_TIMEOUT: facts.response_timeout}
    typed[SECTION_ADVANCED] = typed.get(SECTION_ADVANCED, {}) | wport_and_timeout
    return replace(draft, facts=None, examination=None, choices=(), typed=typed)


def ask_for_credentials(draft: Draft) -> Draft:
    """Ask again how to log in; the client address becomes the usual one for that."""
    asked = ask_for_client(draft)
    if draft.found is not None:
        usual = draft.found.maker.authentication if draft.found.maker is not None else AUTHENTICATION_PASSWORD
        kept = {name: value for name, value in draft.choice.items() if name != CONF_CLIENT_WPORT}
        return replace(asked, choice={**kept, CONF_AUTHENTICATION: usual})
    typed = {name: value for name, value in asked.typed.items() if name != CONF_CLIENT_WPORT}
    advanced = {key: value for key, value in typed[SECTION_ADVANCED].items() if key != CONF_CLIENT_WPORT}
    return replace(asked, typed={**typed, CONF_AUTHENTICATION: AUTHENTICATION_PASSWORD, SECTION_ADVANCED: advanced})


def add_anyway(draft: Draft) -> Draft:
    """Go on without a sensible object: the user said so."""
    return replace(draft, little_accepted=True)


def take_objects(draft: Draft, typed: FormInput) -> Draft:
    """Take the form that chooses objects."""
    usual = {
        CONF_INTERVAL: DEFAULT_INTERVAL,
        CONF_STAY_CONNECTED: False,
        CONF_RESPONSE_TIMEOUT: draft.given_facts.response_timeout,
    }
    return _with_options(draft, typed, usual)


def take_options(draft: Draft, typed: FormInput) -> Draft:
    """Take the options form."""
    return _with_options(draft, what_is_allowed(without_usual(typed)), {})


def _with_options(draft: Draft, typed: FormInput, usual: FormInput) -> Draft:
    """Note the options; codes that were typed become objects."""
    try:
        further = parse_objects(typed.get(CONF_FURTHER_OBJECTS, []))
    except NotAnObject as error:
        errors = {CONF_FURTHER_OBJECTS: "invalid_objects"}
        return replace(draft, typed=typed, errors=errors, error_words={"code": error.code})
    chosen = {name: value for name, value in typed.items() if name != CONF_FURTHER_OBJECTS}
    objects = list(dict.fromkeys([*typed[CONF_OBJECTS], *further]))
    return replace(draft, options={**usual, **chosen, CONF_OBJECTS: objects}, errors={}, error_words={})
