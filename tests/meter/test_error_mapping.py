"""Every error of the stack means one thing to Home Assistant, and each has its sentence."""

import json
from pathlib import Path
from typing import Any

from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError, HomeAssistantError
from homeassistant.helpers.update_coordinator import UpdateFailed
import pytest

from custom_components.cosem.dlms import (
    ActionError,
    AssociationAborted,
    AssociationRejected,
    AuthenticationTagInvalid,
    ChallengeRefused,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DataAccessError,
    DecodeError,
    DeviceInUse,
    DlmsError,
    EchoReceived,
    ExceptionReceived,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    LimitExceeded,
    LocalProtocolError,
    NotWrapper,
    OutcomeUnknown,
    PeerNotAuthenticated,
    ResponseTimeout,
    SecurityDowngrade,
    SystemTitleMismatch,
    UnexpectedApdu,
    WrongAddress,
    typed_data,
)
from custom_components.cosem.meter import error_mapping
from custom_components.cosem.meter.error_mapping import (
    NOT_SENT,
    OUTCOME_UNKNOWN,
    SUCCESS,
    WrongMeter,
    answer_to_change,
    concerns_one_object,
    decode_or_none,
    failure_of,
    home_assistant_error,
    is_for_now,
    is_refused_or_senseless,
    map_error,
    may_be_of_another_client,
    may_have_been_done,
    none_if_refused,
    refused_as_a_whole,
    result_of_change,
)

TEXTS = json.loads((Path(error_mapping.__file__).parents[1] / "translations" / "en.json").read_text(encoding="utf-8"))[
    "exceptions"
]

ERRORS = [
    (ConnectFailed(ConnectFailure.UNREACHABLE), UpdateFailed, UpdateFailed, "cannot_connect", None),
    (ConnectTimeout(10), UpdateFailed, UpdateFailed, "cannot_connect", None),
    (DeviceInUse("the other associations", 120), UpdateFailed, UpdateFailed, "device_in_use", None),
    (ResponseTimeout("AARE", 10), UpdateFailed, UpdateFailed, "no_answer", None),
    (NotWrapper(b"SSH-2.0-"), UpdateFailed, UpdateFailed, "not_dlms", None),
    (EchoReceived(16, 1, (16, 1)), UpdateFailed, UpdateFailed, "not_dlms", None),
    (DecodeError("odd"), UpdateFailed, UpdateFailed, "protocol_error", None),
    (LimitExceeded("octets", 3), UpdateFailed, UpdateFailed, "protocol_error", None),
    (UnexpectedApdu(0xC4), UpdateFailed, UpdateFailed, "protocol_error", None),
    (WrongAddress(1, 16), UpdateFailed, UpdateFailed, "protocol_error", None),
    (AssociationAborted("gone"), UpdateFailed, UpdateFailed, "association_lost", None),
    (AssociationRejected(2, 1, 1), UpdateFailed, UpdateFailed, "association_refused_for_now", 60),
    (AssociationRejected(1, 1, 1), UpdateFailed, UpdateFailed, "association_refused", 300),
    (AssociationRejected(1, 1, 11), ConfigEntryAuthFailed, ConfigEntryAuthFailed, "authentication_refused", None),
    (AssociationRejected(1, 1, 12), ConfigEntryAuthFailed, ConfigEntryAuthFailed, "authentication_refused", None),
    (AssociationRejected(1, 1, 13), ConfigEntryAuthFailed, ConfigEntryAuthFailed, "authentication_refused", None),
    (PeerNotAuthenticated("pass 4"), ConfigEntryAuthFailed, ConfigEntryAuthFailed, "meter_not_proven", None),
    (ExceptionReceived(1, 1), UpdateFailed, UpdateFailed, "meter_busy", 30),
    (ExceptionReceived(1, 3), UpdateFailed, UpdateFailed, "meter_busy", 30),
    (ExceptionReceived(2, 2), UpdateFailed, UpdateFailed, "service_refused", None),
    (ConfirmedServiceErrorReceived(5, 1, 1), UpdateFailed, UpdateFailed, "service_refused", None),
    (DataAccessError(3), UpdateFailed, UpdateFailed, "service_refused", None),
    (ChallengeRefused("short"), UpdateFailed, UpdateFailed, "security_mismatch", None),
    (SecurityDowngrade("plain"), UpdateFailed, UpdateFailed, "security_mismatch", None),
    (SystemTitleMismatch("other"), UpdateFailed, UpdateFailed, "security_mismatch", None),
    (SystemTitleMismatch("other", found=bytes(8)), ConfigEntryError, UpdateFailed, "other_system_title", None),
    (AuthenticationTagInvalid("tag"), UpdateFailed, UpdateFailed, "verification_failed", None),
    (InvocationCounterReplayed("old"), UpdateFailed, UpdateFailed, "answer_replayed", None),
    (InvocationCounterExhausted("end"), ConfigEntryError, UpdateFailed, "counter_used_up", None),
    (InvocationCounterRefused(7), UpdateFailed, UpdateFailed, "counter_refused", None),
    (InvocationCounterNotStored("disk"), UpdateFailed, UpdateFailed, "counter_not_stored", None),
]


@pytest.mark.parametrize(
    ("error", "at_first", "later", "key", "retry_after"), ERRORS, ids=[repr(row[0])[:60] for row in ERRORS]
)
def test_every_error_has_its_meaning(
    error: DlmsError,
    at_first: type[HomeAssistantError],
    later: type[HomeAssistantError],
    key: str,
    retry_after: float | None,
):
    for first, kind in ((True, at_first), (False, later)):
        mapped = home_assistant_error(error, first=first)
        assert type(mapped) is kind
        assert mapped.translation_domain == "cosem"
        assert mapped.translation_key == key
        assert getattr(mapped, "retry_after", None) == retry_after
        TEXTS[key]["message"].format_map(mapped.translation_placeholders or {})
        with pytest.raises(kind) as caught, map_error(first=first):
            raise error
        assert caught.value.__cause__ is error


@pytest.mark.parametrize(
    ("error", "later"),
    [(ConnectFailed(ConnectFailure.REFUSED), "cannot_connect"), (ConnectionLost(reset=True), "connection_lost")],
)
def test_f56_while_no_entity_tells_of_another_program_the_reason_of_the_entry_does(error: DlmsError, later: str):
    assert may_be_of_another_client(error)
    for first, key in ((True, "association_refused_for_now"), (False, later)):
        mapped = home_assistant_error(error, first=first)
        assert (type(mapped), mapped.translation_key) == (UpdateFailed, key)
        assert ("Another program" in TEXTS[key]["message"].format_map(mapped.translation_placeholders)) is first


def test_transient_refusal_is_never_a_matter_of_credentials_alone():
    """Diagnostic 13 with result 2: the meter says later, and yet it is the password that it does not like."""
    mapped = home_assistant_error(AssociationRejected(2, 1, 13), first=False)
    assert isinstance(mapped, ConfigEntryAuthFailed)


def test_f40_only_a_refusing_aare_or_a_meter_without_proof_makes_us_ask_for_credentials():
    asking = {
        type(error)
        for error, *_ in ERRORS
        for first in (True, False)
        if isinstance(home_assistant_error(error, first=first), ConfigEntryAuthFailed)
    }
    assert asking == {AssociationRejected, PeerNotAuthenticated}


@pytest.mark.parametrize("bug", [LocalProtocolError("misuse"), ValueError("bug"), TimeoutError()])
def test_bugs_surface(bug: Exception):
    with pytest.raises(type(bug)), map_error(first=False):
        raise bug


@pytest.mark.parametrize("first", [True, False])
def test_good_block_passes(first: bool):
    answers = []
    with map_error(first=first):
        answers.append(7)
    assert answers == [7]


def test_what_makes_no_sense_is_none():
    def odd(value: int) -> int:
        raise DecodeError("odd", value)

    assert decode_or_none(odd, 3) is None
    assert decode_or_none(int, "3") == 3


async def test_refusal_of_a_whole_question_is_no_answer():
    async def refused() -> int:
        raise ExceptionReceived(1, 3)

    async def answered() -> int:
        return 3

    async def lost() -> int:
        raise ConnectionLost

    assert await none_if_refused(refused()) is None
    assert await none_if_refused(answered()) == 3
    with pytest.raises(ConnectionLost):
        await none_if_refused(lost())


@pytest.mark.parametrize(("first", "kind"), [(True, ConfigEntryError), (False, UpdateFailed)])
def test_other_meter_stops_the_first_set_up_and_fails_a_poll(first: bool, kind: type[HomeAssistantError]):
    wrong = WrongMeter("SIM1", "SIM2")
    with pytest.raises(kind) as raised, map_error(first=first):
        raise wrong
    assert raised.value.__cause__ is wrong
    assert raised.value.translation_key == "other_meter"
    assert raised.value.translation_placeholders == {"expected": "SIM1", "found": "SIM2"}


@pytest.mark.parametrize("first", [True, False])
def test_meter_that_does_not_say_which_one_it_is_may_say_so_the_next_time(first: bool):
    with pytest.raises(UpdateFailed) as raised, map_error(first=first):
        raise WrongMeter("SIM1", None)
    assert raised.value.translation_key == "identity_unreadable"


async def failing(error: BaseException | None) -> None:
    if error is not None:
        raise error


async def test_the_reason_of_a_failure_is_returned():
    error = ConnectionLost()
    assert await failure_of(failing(error)) is error
    assert await failure_of(failing(None)) is None
    with pytest.raises(LocalProtocolError):
        await failure_of(failing(LocalProtocolError("a bug")))


@pytest.mark.parametrize(
    ("error", "concerns"), [(DataAccessError(3), True), (DecodeError("odd"), True), (ConnectionLost(), False)]
)
def test_a_refusal_or_a_value_without_sense_concerns_one_object(error: DlmsError, concerns: bool):
    assert concerns_one_object(error) is concerns


@pytest.mark.parametrize(
    ("error", "for_now"), [(DataAccessError(2), True), (DataAccessError(3), False), (ConnectionLost(), False)]
)
def test_a_temporary_failure_is_for_now(error: DlmsError, for_now: bool):
    assert is_for_now(error) is for_now


@pytest.mark.parametrize(
    ("error", "may_be"),
    [
        (AssociationRejected(2, 1, 1), True),
        (AssociationRejected(1, 1, 1), False),
        (AssociationRejected(1, 1, 13), False),
        (ExceptionReceived(1, 1), True),
        (ExceptionReceived(1, 3), True),
        (ExceptionReceived(2, 2), False),
        (ConnectFailed(ConnectFailure.REFUSED), True),
        (ConnectFailed(ConnectFailure.UNREACHABLE), False),
        (ConnectionLost(), True),
        (ResponseTimeout("AARE", 10), False),
        (DeviceInUse("the other associations", 120), False),
        (ValueError("a bug"), False),
    ],
    ids=repr,
)
def test_what_a_meter_that_serves_another_client_says(error: Exception, may_be: bool):
    assert may_be_of_another_client(error) is may_be


# --- Changes: what was written or executed --------------------------------------------------------------------------

FIVE = typed_data("unsigned", "5")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (None, (SUCCESS, None)),
        (FIVE, (SUCCESS, FIVE)),
        (DataAccessError(250), (SUCCESS, None)),  # carried out; what it returned cannot be had
    ],
)
async def test_a_change_that_was_carried_out(answer: Any, expected: tuple[str, Any]):
    async def change() -> Any:
        return answer

    assert await answer_to_change(change()) == expected


@pytest.mark.parametrize(
    ("refusal", "name"),
    [
        (DataAccessError(3), "read-write-denied"),
        (ActionError(3), "read-write-denied"),
        (ActionError(15), "long-action-aborted"),
        (DataAccessError(15), "long-get-aborted"),
        (DataAccessError(99), "data-access-result 99 (unknown)"),
        (ActionError(99), "action-result 99 (unknown)"),
    ],
    ids=str,
)
async def test_a_change_that_was_refused(refusal: DlmsError, name: str):
    async def change() -> None:
        raise refusal

    assert await answer_to_change(change()) == (name, None)


async def test_what_leaves_a_change_open_is_raised():
    async def change() -> None:
        raise OutcomeUnknown("no answer")

    with pytest.raises(OutcomeUnknown):
        await answer_to_change(change())


@pytest.mark.parametrize(
    ("cause", "may_be_done", "refused"),
    [
        (OutcomeUnknown("no answer"), True, None),
        (None, True, None),  # the entry ended
        (ConnectionLost(), False, None),
        (LocalProtocolError("not offered"), False, None),
        (ExceptionReceived(1, 3), False, "exception-response: service-not-allowed, other-reason"),
        (ConfirmedServiceErrorReceived(1, 2, 3), False, "confirmed-service-error: service 1, class 2, error 3"),
    ],
    ids=str,
)
def test_what_a_failure_says_about_a_change(cause: DlmsError | None, may_be_done: bool, refused: str | None):
    failure = UpdateFailed()
    failure.__cause__ = cause
    assert (may_have_been_done(failure), refused_as_a_whole(failure)) == (may_be_done, refused)


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (None, "success"),
        (DataAccessError(3), "read-write-denied"),
        (DataAccessError(77), str(DataAccessError(77))),
        (ActionError(2), "temporary-failure"),
        (ExceptionReceived(1, 2), str(ExceptionReceived(1, 2))),
        (OutcomeUnknown("lost"), OUTCOME_UNKNOWN),
        (ConnectionLost(), OUTCOME_UNKNOWN),
        (InvocationCounterNotStored("no"), NOT_SENT),
        (InvocationCounterExhausted("no"), NOT_SENT),
    ],
)
async def test_f62_one_of_several_changes_has_its_own_result(error: DlmsError | None, result: str):
    async def change() -> None:
        if error is not None:
            raise error

    assert await result_of_change(change()) == result


async def test_what_was_not_possible_is_no_result_of_a_change():
    async def change() -> None:
        raise LocalProtocolError("it does not fit")

    with pytest.raises(LocalProtocolError):
        await result_of_change(change())


def test_one_answer_that_is_missing_is_told_from_a_meter_that_answers_no_more():
    for error in (DataAccessError(3), ExceptionReceived(1, 1), DecodeError("cut")):
        assert is_refused_or_senseless(error)
    for lost in (ConnectionLost(), ResponseTimeout("GET.response", 10), NotWrapper(b"SSH-")):
        assert not is_refused_or_senseless(lost)
