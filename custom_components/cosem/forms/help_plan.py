"""What "Help me find the settings" tries: named beforehand, and no secret unless that is wanted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from homeassistant.const import CONF_PASSWORD
from homeassistant.core import HomeAssistant

from ..const import (
    AUTHENTICATION_NONE,
    AUTHENTICATION_PASSWORD,
    CONF_COUNTER_LOGICAL_NAME,
    CONF_COUNTER_START,
    DEFAULT_COUNTER_LOGICAL_NAME,
)
from ..dlms import (
    MANAGEMENT_WPORT,
    PUBLIC_CLIENT_WPORT,
    AssociationParameters,
    LogicalName,
    Referencing,
    TransportProtocol,
    WportPair,
)
from ..meter.clients import client_in_use, timing
from ..meter.credentials import association_parameters
from ..meter.layer_search import SearchRequest, without_login
from .connection import ConnectionFacts
from .credential_input import read_credentials
from .draft import Draft

_PUBLIC: Final = WportPair(PUBLIC_CLIENT_WPORT, MANAGEMENT_WPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is tried. ``credentials``: what logs in, where that is wanted; None: nobody logs in."""

    facts: ConnectionFacts
    credentials: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def chosen(self) -> WportPair:
        """Who reads the meter."""
        return WportPair(self.facts.client_wport, self.facts.server_wport)

    @property
    def leaves_login_out(self) -> bool:
        """Whether the meter is to be read with a login that is not tried."""
        return self.credentials is None and self.facts.authentication != AUTHENTICATION_NONE

    @property
    def leaves_keys_out(self) -> bool:
        """The same for one that may protect messages: many meters say nothing without."""
        return self.leaves_login_out and self.facts.authentication != AUTHENTICATION_PASSWORD

    @property
    def parameters(self) -> AssociationParameters:
        """The chosen association, without a login where that is left out."""
        if self.credentials is not None:
            return association_parameters(replace(self.facts, credentials=self.credentials).entry_data())
        return without_login(self.chosen, Referencing(self.facts.referencing))

    @property
    def pairs_without_login(self) -> tuple[WportPair, ...]:
        """Who asks whom without any secret."""
        chosen, asked = self.chosen, [_PUBLIC]
        if self.parameters.uses_counter:
            asked.append(WportPair(_PUBLIC.client_wport, chosen.server_wport))
        pairs = dict.fromkeys(asked if self.credentials is not None else [*asked, chosen])
        return tuple(pair for pair in pairs if self.credentials is None or pair != chosen)


def known_login(draft: Draft) -> Mapping[str, Any] | None:
    """Return a login that is complete and was not refused; None where there is none to try."""
    kind = draft.given_facts.authentication
    password = draft.secrets.get(CONF_PASSWORD)
    if kind == AUTHENTICATION_NONE:
        return None
    if kind == AUTHENTICATION_PASSWORD:
        return None if password is None else {CONF_PASSWORD: password}
    if not draft.has_main_secret or not draft.settings:
        return None
    read = draft.credential_input or read_credentials(kind, draft.settings, {**draft.settings, **draft.secrets})
    if read.errors or not draft.accepted_doubts.issuperset(read.doubts):
        return None
    if not read.needs_password:
        return read.credentials
    return None if password is None else {**read.credentials, CONF_PASSWORD: password}


def asking_help(before: Draft, taken: Draft) -> Draft:
    """Return the draft whose settings are looked for; its failure stays as long as it is about what is typed by now.

    ``taken``: the draft with the answer to a form.
    """
    is_same = (taken.facts, taken.settings, taken.secrets) == (before.facts, before.settings, before.secrets)
    return replace(before, typed=taken.typed) if is_same else replace(taken, errors={}, error_words={})


def failed_facts(draft: Draft) -> ConnectionFacts | None:
    """Return the connection that failed: the chosen one, or the public client's before that; else None."""
    if draft.failure is not None:
        return draft.given_facts
    asked = draft.found if draft.facts is None else None
    return None if asked is None or asked.failure is None else asked.facts


def offers_help(draft: Draft) -> bool:
    """Whether a form offers help: after a failure, unless the meter calls us."""
    facts = failed_facts(draft)
    return facts is not None and facts.transport is not None


def search_request(hass: HomeAssistant, draft: Draft, plan: Plan, on_layer: Callable[[float], None]) -> SearchRequest:
    """Return what to look at."""
    facts, known = plan.facts, draft.facts_before
    assert isinstance(facts.transport, TransportProtocol)  # else it calls us
    own = client_in_use(hass, facts.host, facts.port, facts.transport)
    before = client_in_use(hass, known.host, known.port, known.transport) if known is not None else None
    given = plan.credentials or {}
    return SearchRequest(
        host=facts.host,
        port=facts.port,
        transport=facts.transport,
        parameters=plan.parameters,
        timing=timing(facts.response_timeout),
        read_by=None if before is own else before,
        counter_logical_name=LogicalName.parse(given.get(CONF_COUNTER_LOGICAL_NAME, DEFAULT_COUNTER_LOGICAL_NAME)),
        counter_start=given.get(CONF_COUNTER_START),
        on_layer=on_layer,
    )
