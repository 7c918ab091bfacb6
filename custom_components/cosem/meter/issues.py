"""The repair issues of one entry, and when they come and go (repairs.py repairs them).

Kept outside of the coordinator, because a set-up that is tried again has a new one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util.hass_dict import HassKey

from ..const import (
    DOMAIN,
    ISSUE_COUNTER_HALF_USED,
    ISSUE_COUNTER_LOST,
    ISSUE_COUNTER_NOT_STORED,
    ISSUE_COUNTER_REFUSED,
    ISSUE_COUNTER_USED_UP,
    ISSUE_COUNTERS_WITHHELD,
    ISSUE_LISTENER_UNAVAILABLE,
    ISSUE_METER_COUNTER_RESET,
    ISSUE_METER_LOCKED,
    ISSUE_METER_NOT_PROVEN,
    ISSUE_OTHER_METER,
    ISSUE_OTHER_SYSTEM_TITLE,
    ISSUE_SECURITY_MISMATCH,
    ISSUE_VERIFICATION_FAILED,
    ISSUES,
)
from ..dlms import (
    AssociationRejected,
    AttributeDescriptor,
    AuthenticationTagInvalid,
    ConnectionLost,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    ListenerUnavailable,
    PeerNotAuthenticated,
    ResponseTimeout,
    SecurityError,
    SystemTitleMismatch,
    decimal_text,
    unit_symbol,
)
from .counter_store import CounterLost
from .entity_plan import name_of
from .error_mapping import WrongMeter
from .markdown import escaped
from .plausibility import Withheld

ENTRY_ID: Final = "entry_id"
FOUND: Final = "found"
EXPECTED_COUNTER: Final = "expected_counter"

_FIXABLE: Final = frozenset(
    {
        ISSUE_COUNTER_REFUSED,
        ISSUE_COUNTER_LOST,
        ISSUE_METER_COUNTER_RESET,
        ISSUE_OTHER_METER,
        ISSUE_OTHER_SYSTEM_TITLE,
    }
)
_WARNINGS: Final = frozenset(
    {ISSUE_COUNTERS_WITHHELD, ISSUE_COUNTER_HALF_USED, ISSUE_LISTENER_UNAVAILABLE, ISSUE_METER_LOCKED}
)
_NOT_OF_POLLS: Final = frozenset({ISSUE_COUNTER_HALF_USED, ISSUE_COUNTERS_WITHHELD, ISSUE_LISTENER_UNAVAILABLE})
"""A good poll does not end these by itself."""
_IN_A_ROW: Final = 3
"""Fewer failures may be a coincidence."""


@dataclass(frozen=True, slots=True)
class AcceptedReplacement:
    """A person's word that another meter takes the place of the entry's."""

    unique_id: str | None
    """That meter's; None: whichever has the pinned system title."""


class EntryIssues:
    """One entry's issues; lives until the entry is removed."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry) -> None:
        self._hass = hass
        self._entry = entry
        self._failed_tags = 0
        self._refused_for_now = 0
        self._credentials_refused = False
        self.accepted_replacement: AcceptedReplacement | None = None
        """Counts until the next good poll."""

    @callback
    def note_success(
        self, *, counter_half_used: bool, withheld: Mapping[AttributeDescriptor, Withheld] = MappingProxyType({})
    ) -> None:
        """Note a good poll: only a half-used counter stays an issue. `withheld`: numbers that are not believed yet."""
        self._failed_tags = self._refused_for_now = 0
        self._credentials_refused = False
        self.accepted_replacement = None
        for kind in ISSUES:
            if kind not in _NOT_OF_POLLS:
                self._clear(kind)
        if withheld:
            self._raise(ISSUE_COUNTERS_WITHHELD, {"counters": self._lines(withheld)})
        else:
            self._clear(ISSUE_COUNTERS_WITHHELD)
        if counter_half_used:
            self._raise(ISSUE_COUNTER_HALF_USED)
        else:
            self._clear(ISSUE_COUNTER_HALF_USED)

    def _lines(self, withheld: Mapping[AttributeDescriptor, Withheld]) -> str:
        """Return a line for each number that waits, with the one before."""
        return "\n".join(
            f"- {escaped(name_of(self._hass, self._entry, attribute))}: "
            f"{decimal_text(number.before)} → {decimal_text(number.found)} {unit_symbol(number.unit) or ''}".rstrip()
            for attribute, number in sorted(withheld.items())
        )

    @callback
    def note_failure(self, error: BaseException | None) -> None:
        """Note why a poll failed: the stack's error, or WrongMeter."""
        self._count(error)
        match error:
            case WrongMeter(expected=expected, found=str(found)):
                words = {"expected": escaped(expected), FOUND: escaped(found)}
                self._raise(ISSUE_OTHER_METER, words, {FOUND: found})
            case AssociationRejected(concerns_authentication=True):
                self._credentials_refused = True
            case PeerNotAuthenticated():
                self._credentials_refused = True
                self._raise(ISSUE_METER_NOT_PROVEN)
            case AssociationRejected(transient=True) | ResponseTimeout() | ConnectionLost():
                # Meters that count wrong attempts keep silent, or refuse everything for now.
                if self._credentials_refused or self._refused_for_now >= _IN_A_ROW:
                    self._raise(ISSUE_METER_LOCKED)
            case AuthenticationTagInvalid():
                if self._failed_tags >= _IN_A_ROW:
                    self._raise(ISSUE_VERIFICATION_FAILED)
            case SecurityError():
                self._note_security(error)

    def _count(self, error: BaseException | None) -> None:
        self._failed_tags = self._failed_tags + 1 if isinstance(error, AuthenticationTagInvalid) else 0
        refused_for_now = isinstance(error, AssociationRejected) and error.transient
        self._refused_for_now = self._refused_for_now + 1 if refused_for_now else 0

    def _note_security(self, error: SecurityError) -> None:
        match error:
            case InvocationCounterRefused(expected=expected):
                self._raise(ISSUE_COUNTER_REFUSED, data={EXPECTED_COUNTER: expected})
            case InvocationCounterReplayed():
                self._raise(ISSUE_METER_COUNTER_RESET)
            case CounterLost():
                self._raise(ISSUE_COUNTER_LOST)
            case InvocationCounterNotStored():
                self._raise(ISSUE_COUNTER_NOT_STORED)
            case InvocationCounterExhausted():
                self._raise(ISSUE_COUNTER_USED_UP)
            case SystemTitleMismatch(found=bytes(found)):
                title = found.hex().upper()
                self._raise(ISSUE_OTHER_SYSTEM_TITLE, {FOUND: title}, {FOUND: title})
            case _:
                self._raise(ISSUE_SECURITY_MISMATCH, {"detail": escaped(str(error))})

    @callback
    def note_listener(self, error: ListenerUnavailable | None) -> None:
        """Note whether notifications can be received; None: they can, or nobody wants them any more."""
        if error is None:
            self._clear(ISSUE_LISTENER_UNAVAILABLE)
        else:
            self._raise(ISSUE_LISTENER_UNAVAILABLE, {"detail": escaped(str(error))})

    def is_accepted_replacement(self, unique_id: str) -> bool:
        """Whether a person said that this meter takes the place of the entry's."""
        accepted = self.accepted_replacement
        return accepted is not None and accepted.unique_id in {None, unique_id} and unique_id != self._entry.unique_id

    def _raise(self, kind: str, words: dict[str, str] | None = None, data: dict[str, Any] | None = None) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            f"{kind}_{self._entry.entry_id}",
            data={ENTRY_ID: self._entry.entry_id, **(data or {})},
            is_fixable=kind in _FIXABLE,
            severity=ir.IssueSeverity.WARNING if kind in _WARNINGS else ir.IssueSeverity.ERROR,
            translation_key=kind,
            translation_placeholders={"name": escaped(self._entry.title), **(words or {})},
        )

    def _clear(self, kind: str) -> None:
        ir.async_delete_issue(self._hass, DOMAIN, f"{kind}_{self._entry.entry_id}")

    @callback
    def forget(self) -> None:
        """Clear the issues of a removed entry."""
        for kind in ISSUES:
            self._clear(kind)
        self._hass.data[_ISSUES].pop(self._entry.entry_id, None)


@callback
def issues_of(hass: HomeAssistant, entry: ConfigEntry) -> EntryIssues:
    """Return an entry's issues, always the same object."""
    known = hass.data.setdefault(_ISSUES, {})
    if (issues := known.get(entry.entry_id)) is None:
        issues = known[entry.entry_id] = EntryIssues(hass, entry)
    return issues


_ISSUES: Final[HassKey[dict[str, EntryIssues]]] = HassKey(f"{DOMAIN}_issues")
