"""Which step comes next in all flows, by the draft alone.

The tables say which form asks for what; `next_step` says what is missing first.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from homeassistant.const import CONF_PASSWORD

from ..const import (
    AUTHENTICATION_CERTIFICATE,
    AUTHENTICATION_HLS_SECRET,
    AUTHENTICATION_KEYS,
    AUTHENTICATION_NONE,
    AUTHENTICATION_PASSWORD,
    CONF_MECHANISM,
    MECHANISM_LLS,
)
from .credential_input import DOUBT_EQUAL_KEYS, DOUBT_EXAMPLE_KEYS
from .draft import Draft, Purpose
from .remedies import REMEDIES, WhatToChange


class Step(StrEnum):
    """The steps by Home Assistant's names; the last three end a flow."""

    USER = "user"
    FOUND = "found"
    RECONFIGURE = "reconfigure"
    CALL = "call"
    DISCOVERY_CONFIRM = "discovery_confirm"
    PASSWORD = "password"  # noqa: S105 - the name of a form
    KNOWN_PASSWORD = "known_password"  # noqa: S105 - likewise
    HLS_SECRET = "hls_secret"  # noqa: S105 - likewise
    KEYS = "keys"
    CERTIFICATE = "certificate"
    REAUTH_CONFIRM = "reauth_confirm"
    REAUTH_HLS_SECRET = "reauth_hls_secret"  # noqa: S105 - likewise
    REAUTH_KEYS = "reauth_keys"
    REAUTH_CERTIFICATE = "reauth_certificate"
    EXAMPLE_KEYS = "example_keys"
    EQUAL_KEYS = "equal_keys"
    COUNTER_JUMP = "counter_jump"
    HELP_PLAN = "help_plan"
    HELP_SEARCH = "help_search"
    HELP = "help"
    HELP_DEVICE = "help_device"
    EXAMINE = "examine"
    NOTHING_FOUND = "nothing_found"
    OBJECTS = "objects"
    USUAL_CODES = "usual_codes"
    INIT = "init"

    CREATE_ENTRY = "create_entry"
    UPDATE_ENTRY = "update_entry"
    SAVE_OPTIONS = "save_options"


CONNECTION_FORMS: Final[Mapping[Purpose, Step]] = {
    Purpose.SET_UP: Step.USER,
    Purpose.RECONFIGURE: Step.RECONFIGURE,
    Purpose.ADD_LOGICAL_DEVICE: Step.DISCOVERY_CONFIRM,
}
"""The connection form by purpose; reauthentication has none."""

CREDENTIAL_FORMS: Final[Mapping[str, Step]] = {
    AUTHENTICATION_HLS_SECRET: Step.HLS_SECRET,
    AUTHENTICATION_KEYS: Step.KEYS,
    AUTHENTICATION_CERTIFICATE: Step.CERTIFICATE,
}
"""The form by kind of authentication, except a password."""

REAUTH_FORMS: Final[Mapping[str, Step]] = {
    AUTHENTICATION_HLS_SECRET: Step.REAUTH_HLS_SECRET,
    AUTHENTICATION_KEYS: Step.REAUTH_KEYS,
    AUTHENTICATION_CERTIFICATE: Step.REAUTH_CERTIFICATE,
}
"""The form for new secrets of these kinds."""

DOUBTS: Final[Mapping[str, Step]] = {
    DOUBT_EXAMPLE_KEYS: Step.EXAMPLE_KEYS,
    DOUBT_EQUAL_KEYS: Step.EQUAL_KEYS,
}
"""The question for each doubt about keys."""

QUESTIONS: Final[Mapping[Step, str]] = {
    Step.EXAMPLE_KEYS: "accept_example_keys",
    Step.EQUAL_KEYS: "accept_equal_keys",
    Step.COUNTER_JUMP: "follow_counter",
}
"""Menus: back to the credentials, or the step named here."""

_MENDED_WITH_CREDENTIALS: Final[Mapping[WhatToChange, tuple[str, ...]]] = {
    WhatToChange.CREDENTIALS: (AUTHENTICATION_PASSWORD, *CREDENTIAL_FORMS),
    WhatToChange.SETTINGS: tuple(CREDENTIAL_FORMS),
    WhatToChange.MECHANISM: (AUTHENTICATION_KEYS,),
}
"""The kinds of authentication whose form mends it."""

LITTLE_FOUND: Final = ("log_in", "other_client", "add_anyway")
"""The menu where no sensible object was found."""


def next_step(draft: Draft) -> Step:
    """Return what comes next."""
    if draft.purpose is Purpose.CHANGE_OPTIONS:
        return Step.INIT if draft.options is None else Step.SAVE_OPTIONS
    if draft.failure is not None:
        return _step_after(REMEDIES[draft.failure.verdict].what_to_change, draft)
    if draft.facts is None:
        return first_form(draft)
    if draft.examination is None:
        return _step_before_examination(draft)
    if draft.lists_objects and not draft.ticked and not draft.little_accepted:
        return Step.NOTHING_FOUND
    if draft.options is None and draft.lists_objects:
        return Step.USUAL_CODES if draft.examination.list_refused else Step.OBJECTS
    return Step.UPDATE_ENTRY if draft.purpose.mends else Step.CREATE_ENTRY


def first_form(draft: Draft) -> Step:
    """Return the form to begin with, and to correct the connection."""
    if draft.purpose is Purpose.SET_UP and draft.found is not None and not _looks_elsewhere(draft):
        return Step.FOUND
    if draft.purpose is not Purpose.REAUTHENTICATE:
        return CONNECTION_FORMS[draft.purpose]
    return Step.REAUTH_CONFIRM if draft.settings.get(CONF_MECHANISM) == MECHANISM_LLS else credential_form(draft)


def _looks_elsewhere(draft: Draft) -> bool:
    return draft.goes_back or (draft.failure is not None and REMEDIES[draft.failure.verdict].is_elsewhere)


def credential_form(draft: Draft) -> Step:
    """Return the form for the chosen kind's credentials."""
    kind = draft.given_facts.authentication
    if draft.purpose is Purpose.REAUTHENTICATE:
        return Step.REAUTH_CONFIRM if kind == AUTHENTICATION_PASSWORD else REAUTH_FORMS[kind]
    return _password_form(draft) if kind == AUTHENTICATION_PASSWORD else CREDENTIAL_FORMS[kind]


def _password_form(draft: Draft) -> Step:
    return Step.KNOWN_PASSWORD if CONF_PASSWORD in draft.secrets else Step.PASSWORD


def _step_before_examination(draft: Draft) -> Step:
    """Return the form for what is still missing."""
    if draft.given_facts.transport is None and draft.given_facts.call is None:
        return Step.CALL
    kind = draft.given_facts.authentication
    if kind == AUTHENTICATION_NONE:
        return Step.EXAMINE
    if draft.credential_input is None:
        return first_form(draft) if draft.purpose is Purpose.REAUTHENTICATE else credential_form(draft)
    if draft.credential_input.errors:
        return credential_form(draft)
    for doubt in draft.credential_input.doubts:
        if doubt not in draft.accepted_doubts:
            return DOUBTS[doubt]
    if (kind == AUTHENTICATION_PASSWORD or draft.credential_input.needs_password) and not draft.password_given:
        return _password_form(draft)
    return Step.EXAMINE


def _step_after(what_to_change: WhatToChange, draft: Draft) -> Step:
    """Return the form that can correct a failure."""
    kind = draft.given_facts.authentication
    if what_to_change is WhatToChange.COUNTER and kind in CREDENTIAL_FORMS:
        return Step.COUNTER_JUMP
    # Without credentials there are none to mend; and whoever was asked for new ones is asked for them again.
    if kind == AUTHENTICATION_NONE or draft.purpose is Purpose.REAUTHENTICATE or draft.names_refused:
        return first_form(draft)
    if what_to_change is WhatToChange.PASSWORD:
        return Step.PASSWORD
    return credential_form(draft) if kind in _MENDED_WITH_CREDENTIALS.get(what_to_change, ()) else first_form(draft)


def menu_of(draft: Draft, step: Step) -> list[str]:
    """Return the steps that a menu offers; none for a form."""
    if step is Step.NOTHING_FOUND:
        # Whoever is called by the meter has nowhere to look.
        return [*LITTLE_FOUND, *([] if draft.given_facts.transport is None else [Step.HELP_PLAN.value])]
    return [credential_form(draft).value, QUESTIONS[step]] if step in QUESTIONS else []
