"""The set-up as a frozen value."""

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
from ..dlms import Referencing, TimePolicy
from ..meter.credentials import SECRET_FIELDS, list_owner
from ..meter.doctor import Examination, ExaminationFailed
from ..meter.identity import logical_device_title
from ..push.unknown_senders import UnknownSender
from .connection import ConnectionFacts, as_typed
from .credential_input import CredentialInput
from .found import Found
from .remedies import REFUSED_LOGINS, REMEDIES

_MAIN_SECRET: Final = {
    AUTHENTICATION_HLS_SECRET: CONF_HLS_SECRET,
    AUTHENTICATION_KEYS: CONF_ENCRYPTION_KEY,
}


CONTEXT_REFUSED: Final = "user_2"
"""The diagnostic of a meter that knows no such application context: by these names, with this encryption."""


class Purpose(Enum):
    """What a flow is for."""

    SET_UP = auto()
    ADD_LOGICAL_DEVICE = auto()
    REAUTHENTICATE = auto()
    RECONFIGURE = auto()
    CHANGE_OPTIONS = auto()

    @property
    def mends(self) -> bool:
        """Whether an existing entry is changed."""
        return self in {Purpose.REAUTHENTICATE, Purpose.RECONFIGURE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything that a flow knows. Its repr shows no secret."""

    purpose: Purpose = Purpose.SET_UP
    name: str = ""
    """Title of the entry or logical device."""
    expected: str | None = None
    """Unique id that the meter must have."""
    facts_before: ConnectionFacts | None = None
    """The connection as known before a form."""
    parent: ConnectionFacts | None = None
    """Facts of the entry that a discovered logical device may share."""

    sender: UnknownSender | None = None
    """Whose notifications were heard, where the set-up began with them."""

    listed_for: str | None = None
    """For whom the object list of an existing entry was read (credentials.list_owner)."""

    facts: ConnectionFacts | None = None
    typed: Mapping[str, Any] = field(default_factory=dict)
    """What the connection or objects form shows again. No secrets."""

    call: Mapping[str, Any] = field(default_factory=dict)
    """What the form about the meter's calls shows again."""

    finds_out: bool = False
    """Whether the public client is asked now, before it is known how to log in."""
    found: Found | None = None
    """What the public client was told."""
    choice: Mapping[str, Any] = field(default_factory=dict)
    """What the form that follows shows again."""
    goes_back: bool = False
    """Whether the first form comes again although something was found."""

    settings_authentication: str = ""
    """The authentication that the settings belong to."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What credential forms show again. No secrets."""
    secrets: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Typed or stored secrets that were not refused."""
    credential_input: CredentialInput | None = None
    password_given: bool = False
    """Whether a password was submitted for the next attempt."""
    accepted_doubts: frozenset[str] = frozenset()
    """Doubts that the user has confirmed."""

    errors: Mapping[str, str] = field(default_factory=dict)
    """Errors of the last form: field to reason."""
    error_words: Mapping[str, str] = field(default_factory=dict)
    """Placeholders of these errors."""
    failure: ExaminationFailed | None = None
    """The last examination's failure, until a form is submitted."""
    refusals: int = 0
    """How often a login was refused in this flow: meters lock clients out."""
    examination: Examination | None = None
    """The last examination's result."""
    choices: tuple[SelectOptionDict, ...] = ()
    """The objects to offer."""
    ticked: tuple[str, ...] = ()
    """The objects proposed."""
    little_accepted: bool = False
    """Whether the meter is added although no sensible object was found."""
    options: Mapping[str, Any] | None = None

    @property
    def given_facts(self) -> ConnectionFacts:
        """The facts; they must be known by now."""
        assert self.facts is not None
        return self.facts

    @property
    def complete_facts(self) -> ConnectionFacts:
        """The facts with the given credentials."""
        credentials = dict(self.credential_input.credentials) if self.credential_input is not None else {}
        if self.password_given:
            credentials[CONF_PASSWORD] = self.secrets[CONF_PASSWORD]
        return replace(self.given_facts, credentials=credentials)

    @property
    def lists_objects(self) -> bool:
        """Whether the objects are read and chosen: for a new entry, and where another client may see other ones."""
        return not self.purpose.mends or self.listed_for != list_owner(self.complete_facts.entry_data())

    @property
    def known_examination(self) -> Examination | None:
        """What the public client was told, where it is the very client to read with: no meter is asked that twice."""
        return self.found.examination if self.found is not None and self.found.facts == self.facts else None

    @property
    def title(self) -> str:
        """The name of a new entry and its device: that of the discovery card, if this is the meter it is about."""
        assert self.examination is not None
        identity = self.examination.identity
        return self.name if self.name == logical_device_title(identity.unique_id) else identity.title

    @property
    def options_of_sender(self) -> Mapping[str, Any]:
        """Options with which a new entry takes what was heard of its meter before; none for a meter elsewhere."""
        here = self.sender is not None and self.given_facts.host == self.sender.host
        return self.sender.options() if self.sender is not None and here else {}

    @property
    def proposed_time_policy(self) -> TimePolicy:
        """How the meter's times are to be read, by its clock."""
        clock = self.examination.clock if self.examination is not None else None
        return TimePolicy.STANDARD if clock is None else clock.proposed_policy

    @property
    def names_refused(self) -> bool:
        """Whether the meter may have refused the chosen object names; it says the same where encryption is missing."""
        chosen = self.facts is not None and self.facts.referencing != Referencing.AUTOMATIC
        offered = self.purpose in {Purpose.SET_UP, Purpose.RECONFIGURE}
        return chosen and offered and self.failure is not None and self.failure.diagnostic == CONTEXT_REFUSED

    @property
    def has_main_secret(self) -> bool:
        """Whether the main secret is known."""
        return _MAIN_SECRET.get(self.given_facts.authentication, CONF_CLIENT_PRIVATE_KEY) in self.secrets


# --- How a draft begins -----------------------------------------------------------------------------------------------


def with_credentials_of(draft: Draft, facts: ConnectionFacts) -> Draft:
    """Take over an entry's credentials."""
    known = facts.credentials
    return replace(
        draft,
        settings_authentication=facts.authentication,
        secrets={name: value for name, value in known.items() if name in SECRET_FIELDS},
        settings={name: value for name, value in known.items() if name not in SECRET_FIELDS},
    )


def _mending(purpose: Purpose, entry: ConfigEntry) -> Draft:
    known = ConnectionFacts.of_entry(entry)
    draft = Draft(
        purpose=purpose,
        name=entry.title,
        expected=entry.unique_id,
        facts_before=known,
        listed_for=list_owner(entry.data),
        call=known.call or {},
    )
    return with_credentials_of(draft, known)


def reconfiguring(entry: ConfigEntry) -> Draft:
    """Begin to change an entry's connection."""
    draft = _mending(Purpose.RECONFIGURE, entry)
    return replace(draft, typed=as_typed(ConnectionFacts.of_entry(entry)))


def reauthenticating(entry: ConfigEntry) -> Draft:
    """Begin to ask for new secrets of the same kind."""
    facts = ConnectionFacts.of_entry(entry)
    if facts.authentication == AUTHENTICATION_NONE:
        facts = replace(facts, authentication=AUTHENTICATION_PASSWORD)
    return replace(_mending(Purpose.REAUTHENTICATE, entry), facts=facts)


def adding_logical_device(name: str, known: ConnectionFacts, parent: ConnectionFacts | None) -> Draft:
    """Begin with a discovered logical device."""
    return Draft(purpose=Purpose.ADD_LOGICAL_DEVICE, name=name, facts_before=known, parent=parent)


# --- What the meter says ----------------------------------------------------------------------------------------------


def with_failure(draft: Draft, failure: ExaminationFailed) -> Draft:
    """Note a failure, and forget the secret that the meter refused."""
    if draft.finds_out and REMEDIES[failure.verdict].may_be_meter:
        return with_found(draft, Found(facts=draft.given_facts, failure=failure))
    refused = REMEDIES[failure.verdict].refused_secret
    kept = {name: value for name, value in draft.secrets.items() if name != refused}
    refusals = draft.refusals + (failure.verdict in REFUSED_LOGINS)
    return replace(draft, failure=failure, secrets=kept, refusals=refusals)


def with_found(draft: Draft, found: Found) -> Draft:
    """Note what the public client was told; how to log in is chosen next."""
    facts = replace(found.facts, preset=found.preset)
    return replace(draft, found=replace(found, facts=facts), facts=None, finds_out=False)


def with_answer_to_all(
    draft: Draft, examination: Examination, choices: Sequence[SelectOptionDict], ticked: Sequence[str]
) -> Draft:
    """Note what the meter tells everybody."""
    facts = draft.given_facts
    found = Found(facts=facts, examination=examination, choices=tuple(choices), ticked=tuple(ticked))
    return with_found(draft, found)


def with_examination(
    draft: Draft, examination: Examination, choices: Sequence[SelectOptionDict], ticked: Sequence[str]
) -> Draft:
    """Note an examination's result and the objects to offer."""
    return replace(draft, examination=examination, typed={}, choices=tuple(choices), ticked=tuple(ticked))
