"""What a person has to know of a meter: shown when it is sure, gone when it is over."""

from datetime import UTC, datetime
from decimal import Decimal
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN, ISSUES
from custom_components.cosem.dlms import (
    AssociationRejected,
    AttributeDescriptor,
    AuthenticationTagInvalid,
    ConnectionLost,
    DecodeError,
    DlmsError,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    LogicalName,
    PeerNotAuthenticated,
    ResponseTimeout,
    SecurityDowngrade,
    SystemTitleMismatch,
)
from custom_components.cosem.meter.counter_store import CounterLost
from custom_components.cosem.meter.error_mapping import WrongMeter
from custom_components.cosem.meter.issues import AcceptedReplacement, EntryIssues, issues_of
from custom_components.cosem.meter.plausibility import Withheld

REFUSED_FOR_NOW = AssociationRejected(2, 1, 1)
REFUSED_CREDENTIALS = AssociationRejected(1, 1, 13)
REFUSED_FOR_GOOD = AssociationRejected(1, 1, 1)
DOWNGRADE = SecurityDowngrade("plain")


@pytest.fixture
def entry(hass: HomeAssistant) -> MockConfigEntry:
    made = MockConfigEntry(domain=DOMAIN, unique_id="SIM1", title="Meter")
    made.add_to_hass(hass)
    return made


@pytest.fixture
def issues(hass: HomeAssistant, entry: MockConfigEntry) -> EntryIssues:
    return issues_of(hass, entry)


def shown(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, ir.IssueEntry]:
    """The issues of an entry by kind."""
    return {
        issue_id.removesuffix(f"_{entry.entry_id}"): issue
        for (_, issue_id), issue in ir.async_get(hass).issues.items()
        if issue_id.endswith(entry.entry_id)
    }


def test_names_for_refusals_are_what_they_say():
    assert not REFUSED_FOR_GOOD.transient
    assert REFUSED_FOR_NOW.transient
    assert REFUSED_CREDENTIALS.concerns_authentication


@pytest.mark.parametrize(
    ("error", "kind", "fixable", "data", "words"),
    [
        (PeerNotAuthenticated("no proof"), "meter_not_proven", False, {}, {}),
        (InvocationCounterRefused(7000), "counter_refused", True, {"expected_counter": 7000}, {}),
        (InvocationCounterReplayed(5, 9), "meter_counter_reset", True, {}, {}),
        (InvocationCounterNotStored(), "counter_not_stored", False, {}, {}),
        (CounterLost("gone"), "counter_lost", True, {}, {}),
        (InvocationCounterExhausted(), "counter_used_up", False, {}, {}),
        (
            SystemTitleMismatch("other", found=b"SIM\0\0\0\0\2"),
            "other_system_title",
            True,
            {"found": "53494D0000000002"},
            {"found": "53494D0000000002"},
        ),
        (DOWNGRADE, "security_mismatch", False, {}, {"detail": str(DOWNGRADE)}),
        (WrongMeter("SIM1", "SIM2"), "other_meter", True, {"found": "SIM2"}, {"expected": "SIM1", "found": "SIM2"}),
    ],
)
def test_what_needs_a_person_is_shown_at_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    issues: EntryIssues,
    error: Exception,
    kind: str,
    fixable: bool,
    data: dict[str, object],
    words: dict[str, str],
):
    issues.note_failure(error)
    ((found, issue),) = shown(hass, entry).items()
    assert found == issue.translation_key == kind
    assert issue.is_fixable is fixable
    assert issue.severity is ir.IssueSeverity.ERROR
    assert issue.data == {"entry_id": entry.entry_id, **data}
    assert issue.translation_placeholders == {"name": "Meter", **words}
    issues.note_success(counter_half_used=False)
    assert shown(hass, entry) == {}


@pytest.mark.parametrize(
    "error", [None, DecodeError("odd"), ResponseTimeout("GET", 10), WrongMeter("SIM1", None), REFUSED_CREDENTIALS]
)
def test_what_mends_itself_or_has_its_own_form_is_not_shown(
    hass: HomeAssistant, entry: MockConfigEntry, issues: EntryIssues, error: Exception | None
):
    for _ in range(5):
        issues.note_failure(error)
        if error is not REFUSED_CREDENTIALS:
            issues.note_failure(ConnectionLost())
    assert shown(hass, entry) == {}


@pytest.mark.parametrize(
    ("error", "kind"),
    [(AuthenticationTagInvalid(), "verification_failed"), (REFUSED_FOR_NOW, "meter_locked")],
)
def test_what_may_be_a_coincidence_is_shown_the_third_time_in_a_row(
    hass: HomeAssistant, entry: MockConfigEntry, issues: EntryIssues, error: DlmsError, kind: str
):
    for other in (DecodeError("odd"), REFUSED_FOR_GOOD, None):
        for _ in range(2):
            issues.note_failure(error)
        assert shown(hass, entry) == {}
        if other is not None:
            issues.note_failure(other)  # begins anew
    issues.note_failure(error)
    assert set(shown(hass, entry)) == {kind}
    issues.note_success(counter_half_used=False)
    for _ in range(2):
        issues.note_failure(error)
    assert shown(hass, entry) == {}


def test_refusals_for_good_are_no_lock(hass: HomeAssistant, entry: MockConfigEntry, issues: EntryIssues):
    for _ in range(5):
        issues.note_failure(REFUSED_FOR_GOOD)
    issues.note_failure(REFUSED_FOR_NOW)
    assert shown(hass, entry) == {}


@pytest.mark.parametrize("after", [REFUSED_FOR_NOW, ResponseTimeout("AARE", 10), ConnectionLost()])
@pytest.mark.parametrize("before", [REFUSED_CREDENTIALS, PeerNotAuthenticated("no proof")])
def test_silence_after_refused_credentials_is_a_lock(
    hass: HomeAssistant, entry: MockConfigEntry, issues: EntryIssues, before: DlmsError, after: DlmsError
):
    issues.note_failure(before)
    assert "meter_locked" not in shown(hass, entry)
    issues.note_failure(after)
    assert shown(hass, entry)["meter_locked"].severity is ir.IssueSeverity.WARNING


@pytest.mark.parametrize("before", [REFUSED_CREDENTIALS, PeerNotAuthenticated("no proof")])
def test_silence_after_a_good_poll_is_no_lock(
    hass: HomeAssistant, entry: MockConfigEntry, issues: EntryIssues, before: DlmsError
):
    issues.note_failure(before)
    issues.note_success(counter_half_used=False)
    issues.note_failure(ConnectionLost())
    assert shown(hass, entry) == {}


def test_a_warning_that_a_person_ignores_stays_ignored(
    hass: HomeAssistant, entry: MockConfigEntry, issues: EntryIssues
):
    issues.note_success(counter_half_used=True)
    ir.async_ignore_issue(hass, DOMAIN, f"counter_half_used_{entry.entry_id}", True)
    issues.note_success(counter_half_used=True)
    assert shown(hass, entry)["counter_half_used"].dismissed_version is not None


def test_numbers_that_are_not_believed_yet_are_named_with_those_before(
    hass: HomeAssistant, entry: MockConfigEntry, issues: EntryIssues
):
    noon = datetime(2026, 7, 1, 12, tzinfo=UTC)
    energy, other = (AttributeDescriptor(3, LogicalName.parse(name), 2) for name in ("1.0.1.8.0.255", "1.0.2.8.0.255"))
    withheld = {
        other: Withheld(Decimal(5), Decimal("0.5"), 200, noon),  # a unit that nobody knows
        energy: Withheld(Decimal(397110), Decimal(0), 30, noon),
    }
    issues.note_success(counter_half_used=False, withheld=withheld)
    with patch("custom_components.cosem.meter.issues.name_of", return_value="*Energy* (1-0:1.8.0)"):
        issues.note_success(counter_half_used=False, withheld={energy: withheld[energy]})
    words = shown(hass, entry)["counters_withheld"].translation_placeholders
    assert words == {"name": "Meter", "counters": r"- \*Energy\* (1-0:1.8.0): 397110 → 0 Wh"}
    issues.note_success(counter_half_used=False, withheld=withheld)
    issue = shown(hass, entry)["counters_withheld"]
    assert issue.severity is ir.IssueSeverity.WARNING
    assert issue.translation_placeholders == {
        "name": "Meter",
        "counters": "- 1-0:1.8.0: 397110 → 0 Wh\n- 1-0:2.8.0: 5 → 0.5",
    }
    ir.async_ignore_issue(hass, DOMAIN, f"counters_withheld_{entry.entry_id}", True)
    issues.note_success(counter_half_used=False, withheld=withheld)
    assert shown(hass, entry)["counters_withheld"].dismissed_version is not None
    issues.note_success(counter_half_used=False)
    assert shown(hass, entry) == {}


def test_s5_warning_of_a_half_used_counter_stays_while_it_is_true(
    hass: HomeAssistant, entry: MockConfigEntry, issues: EntryIssues
):
    issues.note_success(counter_half_used=True)
    assert shown(hass, entry)["counter_half_used"].severity is ir.IssueSeverity.WARNING
    issues.note_failure(DecodeError("odd"))
    issues.note_success(counter_half_used=True)
    assert set(shown(hass, entry)) == {"counter_half_used"}
    issues.note_success(counter_half_used=False)
    assert shown(hass, entry) == {}


@pytest.mark.parametrize(
    ("word", "unique_id", "adopted"),
    [
        (None, "SIM2", False),
        (AcceptedReplacement("SIM2"), "SIM2", True),
        (AcceptedReplacement("SIM3"), "SIM2", False),
        (AcceptedReplacement(None), "SIM2", True),
        (AcceptedReplacement(None), "SIM1", False),  # the meter that it was made for needs nobody's word
    ],
)
def test_another_meter_is_taken_by_a_persons_word_only(
    issues: EntryIssues, word: AcceptedReplacement | None, unique_id: str, adopted: bool
):
    assert issues.accepted_replacement is None
    issues.accepted_replacement = word
    assert issues.is_accepted_replacement(unique_id) is adopted
    issues.note_success(counter_half_used=False)
    assert not issues.is_accepted_replacement(unique_id)


def test_issues_outlive_a_set_up_that_is_tried_again_and_end_with_the_entry(
    hass: HomeAssistant, entry: MockConfigEntry, issues: EntryIssues
):
    assert issues_of(hass, entry) is issues
    for kind in ISSUES:
        issues._raise(kind)
    assert set(shown(hass, entry)) == set(ISSUES)
    issues.forget()
    assert shown(hass, entry) == {}
    assert issues_of(hass, entry) is not issues
