"""Each way of being refused or deceived has its own advice."""

import pytest

from custom_components.cosem.dlms.command_line.advice import sentence
from custom_components.cosem.dlms.command_line.options import MOST_COUNTER
from custom_components.cosem.dlms.errors import (
    AssociationRejected,
    AuthenticationTagInvalid,
    DlmsError,
    ExceptionReceived,
    InvocationCounterExhausted,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    PeerNotAuthenticated,
    SecurityDowngrade,
    SecurityError,
    SystemTitleMismatch,
)

ERRORS = [
    (AuthenticationTagInvalid("x"), "Check the authentication key"),
    (PeerNotAuthenticated("x"), "something else answers in its place"),
    (InvocationCounterRefused(None), "another program"),
    (InvocationCounterRefused(7), "--counter-start 7"),
    (InvocationCounterRefused(MOST_COUNTER), f"--counter-start {MOST_COUNTER}"),
    (InvocationCounterRefused(MOST_COUNTER + 1), "none would be left"),
    (InvocationCounterReplayed("x"), "Old messages"),
    (InvocationCounterExhausted("x"), "state file"),
    (SecurityDowngrade("x"), "--protection and --suite"),
    (SystemTitleMismatch("x"), "Another meter"),
    (ExceptionReceived(1, 5), "cannot decipher"),
    (AssociationRejected(1, 1, 1), "--suite"),
    (AssociationRejected(1, 1, 2), "ciphering"),
    (AssociationRejected(1, 1, 3), "--system-title"),
    (AssociationRejected(1, 1, 11), "--auth"),
    (AssociationRejected(1, 2, 3), "--client"),
]


@pytest.mark.parametrize(("error", "advice"), ERRORS)
def test_security_errors_come_with_advice(error: DlmsError, advice: str):
    assert sentence(error).startswith(f"{error}. ")
    assert advice in sentence(error)


def test_each_has_its_own():
    advice = [sentence(error).removeprefix(str(error)) for error, _ in ERRORS[:11]]
    assert len(set(advice)) == len(advice)


def test_error_without_advice_is_its_own_sentence():
    assert sentence(SecurityError("something")) == "something"
