"""The set-up as a value: what is known, what was typed, what the meter said. Frozen: each answer makes a new draft.

The answers of forms are in answers.py; what comes next is in next_step.py.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_PASSWORD
from homeassistant.helpers.selector import SelectOptionDict

from ..const import (
    AUTHENTICATION_HLS_SECRET,
    AUTHENTICATION_KEYS,
    AUTHENTICATION_NONE,
    AUTHENTICATION_PASSWORD,
    CONF_CLIENT_PRIVATE_KEY,
    CONF_ENCRYPTION_KEY,
    CONF_HLS_SECRET,
)
from ..meter.credentials import SECRET_FIELDS
from ..meter.doctor import Examination, ExaminationFailed
from .connection import ConnectionFacts, as_typed
from .credential_input import CredentialInput
from .remedies import REMEDIES

_MAIN_SECRET: Final = {
    AUTHENTICATION_HLS_SECRET: CONF_HLS_SECRET,
    AUTHENTICATION_KEYS: CONF_ENCRYPTION_KEY,
}


class Purpose(Enum):
    """What a flow is for."""

    SET_UP = auto()
    ADD_LOGICAL_DEVICE = auto()
    REAUTHENTICATE = auto()
    RECONFIGURE = auto()
    CHANGE_OPTIONS = auto()

    @property
    def mends(self) -> bool:
        """Whether an entry is mended instead of made."""
        return self in {Purpose.REAUTHENTICATE, Purpose.RECONFIGURE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything that a flow knows. Its text shows no secret."""

    purpose: Purpose = Purpose.SET_UP
    name: str = ""
    """What the flow is about, for its texts: the title of an entry, or the logical device that was discovered."""
    expected: str | None = None
    """The unique id of the entry that is mended: the meter has to be the same."""
    known: ConnectionFacts | None = None
    """What was known of the connection before a form gave the facts."""
    parent: ConnectionFacts | None = None
    """The facts of the entry whose meter contains the logical device that was discovered, where they may be shared."""

    facts: ConnectionFacts | None = None
    """Where the meter is, once a form has said it or needs not to."""
    typed: Mapping[str, Any] = field(default_factory=dict)
    """What a form about the connection or the objects shows again. No secrets."""

    kind: str = ""
    """The kind of authentication that the settings belong to."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the forms with credentials show again. No secrets."""
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Secrets that were typed or stored and not refused, so that they need not be typed again."""
    read: CredentialInput | None = None
    """What the last form with credentials held; None before it was submitted."""
    password_given: bool = False
    """Whether the password of the next attempt has been typed, or said to be the known one."""
    accepted_doubts: frozenset[str] = frozenset()
    """Doubts that the user has answered."""

    errors: Mapping[str, str] = field(default_factory=dict)
    """What is wrong with the form that was submitted last: field and reason."""
    error_words: Mapping[str, str] = field(default_factory=dict)
    """What the sentences about these errors need."""
    failure: ExaminationFailed | None = None
    """How the last examination failed, until a form has been submitted again."""
    examination: Examination | None = None
    """How it succeeded."""
    choices: tuple[SelectOptionDict, ...] = ()
    """The objects of the meter that can become entities, as a form offers them."""
    ticked: tuple[str, ...] = ()
    """Those that are proposed."""
    options: Mapping[str, Any] | None = None
    """The options of the entry, once chosen."""

    @property
    def given_facts(self) -> ConnectionFacts:
        """The facts, once there are some."""
        assert self.facts is not None
        return self.facts

    @property
    def complete_facts(self) -> ConnectionFacts:
        """The facts with the credentials that were given: what is examined, and what becomes the data of an entry."""
        credentials = dict(self.read.credentials) if self.read is not None else {}
        if self.password_given:
            credentials[CONF_PASSWORD] = self.secrets[CONF_PASSWORD]
        return replace(self.given_facts, credentials=credentials)

    @property
    def has_main_secret(self) -> bool:
        """Whether the secret that a form with credentials asks for is known already."""
        return _MAIN_SECRET.get(self.given_facts.authentication, CONF_CLIENT_PRIVATE_KEY) in self.secrets


# --- How a draft begins ------------------------------------------------------------------------------------------------


def with_credentials_of(draft: Draft, facts: ConnectionFacts) -> Draft:
    """Take over the credentials of an entry."""
    known = facts.credentials
    return replace(
        draft,
        kind=facts.authentication,
        secrets={name: value for name, value in known.items() if name in SECRET_FIELDS},
        settings={name: value for name, value in known.items() if name not in SECRET_FIELDS},
    )


def _mending(purpose: Purpose, entry: ConfigEntry) -> Draft:
    """Begin with what an entry holds."""
    known = ConnectionFacts.of_entry(entry)
    draft = Draft(purpose=purpose, name=entry.title, expected=entry.unique_id, known=known)
    return with_credentials_of(draft, known)


def reconfiguring(entry: ConfigEntry) -> Draft:
    """Begin to change the connection of an entry."""
    draft = _mending(Purpose.RECONFIGURE, entry)
    return replace(draft, typed=as_typed(ConnectionFacts.of_entry(entry)))


def reauthenticating(entry: ConfigEntry) -> Draft:
    """Begin to ask for new secrets, because the meter refused the stored ones: of the same kind, and nothing else."""
    facts = ConnectionFacts.of_entry(entry)
    if facts.authentication == AUTHENTICATION_NONE:
        facts = replace(facts, authentication=AUTHENTICATION_PASSWORD)
    return replace(_mending(Purpose.REAUTHENTICATE, entry), facts=facts)


def adding_logical_device(name: str, known: ConnectionFacts, parent: ConnectionFacts | None) -> Draft:
    """Begin with a further logical device that was discovered."""
    return Draft(purpose=Purpose.ADD_LOGICAL_DEVICE, name=name, known=known, parent=parent)


# --- What the meter says -----------------------------------------------------------------------------------------------


def failed(draft: Draft, failure: ExaminationFailed) -> Draft:
    """Note why an examination failed; a secret that the meter refused is known no more."""
    refused = REMEDIES[failure.verdict].refused_secret
    kept = {name: value for name, value in draft.secrets.items() if name != refused}
    return replace(draft, failure=failure, secrets=kept)


def examined(
    draft: Draft, examination: Examination, choices: Sequence[SelectOptionDict], ticked: Sequence[str]
) -> Draft:
    """Note what the meter told, and what a form offers of it."""
    return replace(draft, examination=examination, typed={}, choices=tuple(choices), ticked=tuple(ticked))
