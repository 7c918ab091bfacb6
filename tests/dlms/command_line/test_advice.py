"""Each way of being refused or deceived has its own advice."""

import argparse
from dataclasses import replace

import pytest

from custom_components.cosem.dlms.command_line.advice import NOTHING, Used, sentence, used_by
from custom_components.cosem.dlms.command_line.options import MOST_COUNTER
from custom_components.cosem.dlms.errors import (
    ActionError,
    AssociationAborted,
    AssociationRejected,
    AuthenticationTagInvalid,
    ConfirmedServiceErrorReceived,
    ConnectionLost,
    DataAccessError,
    DecodeError,
    DlmsError,
    EchoReceived,
    ExceptionReceived,
    InvocationCounterExhausted,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    NotWrapper,
    OtherTermAccepted,
    PeerNotAuthenticated,
    ProofRefused,
    ProposedTerm,
    ResponseTimeout,
    SecurityDowngrade,
    SecurityError,
    SystemTitleMismatch,
    UnexpectedApdu,
    WrongAddress,
)
from custom_components.cosem.dlms.protocol.wrapper import WrapperStream

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
    (AssociationRejected(1, 1, 1), "--conformance 001E1D"),
    (AssociationRejected(1, 1, 1, 1), "another version"),
    (AssociationRejected(1, 1, 1, 2), "propose fewer with --conformance"),
    (AssociationRejected(1, 1, 1, 3), "--transport tcp"),
    (AssociationRejected(1, 1, 1, 4), "--client"),
    (AssociationRejected(1, 1, 2), "ciphered messages"),
    (AssociationRejected(1, 1, 3), "--system-title"),
    (AssociationRejected(1, 1, 11), "--auth"),
    (AssociationRejected(1, 2, 3), "--client"),
    (AssociationRejected(2, 2, 1), "is busy"),
    (AssociationRejected(2, 1, 1, 2), "propose fewer with --conformance"),
    (AssociationRejected(2, 1, 13), "before trying again"),
    (DataAccessError(1), "faulty"),
    (DataAccessError(2), "again in a minute"),
    (DataAccessError(3), "another --client"),
    (DataAccessError(4), "the command objects lists"),
    (DataAccessError(9), "another class"),
    (DataAccessError(11), "the command objects lists"),
    (DataAccessError(12), "another type"),
    (DataAccessError(13), "another --client"),
    (DataAccessError(250), "another --client"),
    (ActionError(2), "again in a minute"),
    (ActionError(4), "the command objects lists"),
    (ExceptionReceived(1, 1), "again in a minute"),
    (ExceptionReceived(2, 2), "not know this service"),
    (ExceptionReceived(1, 3), "again in a minute"),
    (ExceptionReceived(1, 4), "shorter messages"),
    (ConfirmedServiceErrorReceived(1, 6, 2), "propose fewer with --conformance"),
    (ConfirmedServiceErrorReceived(1, 6, 4), "--client, --server and --auth"),
    (ConfirmedServiceErrorReceived(5, 0, 1), "try again"),
    (ConfirmedServiceErrorReceived(5, 1, 1), "again in a minute"),
    (ConfirmedServiceErrorReceived(5, 2, 1), "again in a minute"),
    (ConfirmedServiceErrorReceived(5, 3, 1), "not know this service"),
    (ConfirmedServiceErrorReceived(6, 4, 1), "the command objects lists"),
    (ConfirmedServiceErrorReceived(6, 5, 2), "another --client"),
]


@pytest.mark.parametrize(("error", "advice"), ERRORS)
def test_security_errors_come_with_advice(error: DlmsError, advice: str):
    assert sentence(error).startswith(f"{error}. ")
    assert advice in sentence(error)


KEYS = Used(keys=True)
DEDICATED = Used(keys=True, dedicated_key=True)
DATAGRAMS = Used(datagrams=True)
SILENT = [
    (ResponseTimeout("AARE", 5), DATAGRAMS, "try --transport tcp"),
    (ProofRefused(4, by_short_name=True), KEYS, "in no way that is known here"),
    (ProofRefused(3, by_short_name=True), KEYS, "before trying again"),
    (ConnectionLost(), NOTHING, "one program at a time"),
    (ConnectionLost(), KEYS, "hang up on wrong keys"),
    (ConnectionLost(), DEDICATED, "without --dedicated-key"),
    (ResponseTimeout("AARE", 5), NOTHING, "no meter at all"),
    (ResponseTimeout("AARE", 5), NOTHING, "--referencing sn"),
    (AssociationRejected(1, 1, 1), NOTHING, "--referencing sn"),
    (ResponseTimeout("AARE", 5), KEYS, "silent to wrong keys or counters"),
    (ResponseTimeout("AARE", 5), DEDICATED, "without --dedicated-key"),
    (ResponseTimeout("get-response", 5), NOTHING, "longer --timeout"),
    (ResponseTimeout("get-response", 5), DEDICATED, "without --dedicated-key"),
    (ResponseTimeout("get-response", 5, got_others=True), NOTHING, "answer for another program"),
    (EchoReceived(16, 1, (16, 1)), NOTHING, "turn off the gateway's echo"),
    (AssociationRejected(1, 1, 12), Used(auth="none"), "must log in: say how with --auth"),
    (AssociationRejected(1, 1, 13), Used(auth="none"), "must log in: say how with --auth"),
    (AssociationRejected(1, 1, 12), Used(auth="lls"), "wants another login"),
    (AssociationRejected(1, 1, 13), Used(auth="lls"), "the password, before trying again"),
    (AssociationRejected(1, 1, 13), Used(auth="hls-md5"), "the secret, before trying again"),
    (AssociationRejected(1, 1, 13), Used(auth="hls-gmac"), "the keys, before trying again"),
    (AssociationRejected(0, 1, 14), Used(auth="lls"), "more than that"),
    (OtherTermAccepted(ProposedTerm.REFERENCING, "x"), NOTHING, "--referencing sn"),
    (OtherTermAccepted(ProposedTerm.REFERENCING, "x"), Used(referencing="sn"), "--referencing ln"),
    (AssociationRejected(1, 1, 2), Used(referencing="sn"), "--referencing ln"),
    (AssociationRejected(1, 1, 2), KEYS, "--protection none"),
    (AssociationRejected(1, 1, 1), Used(referencing="sn"), "--referencing ln"),
    (ResponseTimeout("AARE", 5), Used(referencing="sn"), "--referencing ln"),
    (OtherTermAccepted(ProposedTerm.CIPHERING, "x"), NOTHING, "--protection"),
    (OtherTermAccepted(ProposedTerm.MECHANISM, "x"), NOTHING, "--auth"),
    (OtherTermAccepted(ProposedTerm.DLMS_VERSION, "x"), NOTHING, "Only version 6"),
    (OtherTermAccepted(ProposedTerm.PDU_SIZE, "x"), NOTHING, "long enough"),
    (DecodeError("x"), NOTHING, "--trace FILE"),
    (UnexpectedApdu(0xC4), NOTHING, "--trace FILE"),
    (AssociationAborted("x"), NOTHING, "Try again"),
    (WrongAddress(16, 1, (16, 1)), NOTHING, "--client and --server"),
    (ProofRefused(4), KEYS, "--association"),
    (ProofRefused(3), KEYS, "before trying again"),
    (ExceptionReceived(2, 5), KEYS, "invocation counter"),
]


@pytest.mark.parametrize(("error", "used", "advice"), SILENT)
def test_trial_10_advice_names_what_was_used(error: DlmsError, used: Used, advice: str):
    assert advice in sentence(error, used)


def test_trial_10_who_uses_no_keys_is_not_told_of_them():
    assert "keys" not in sentence(ConnectionLost())
    assert "keys" not in sentence(ResponseTimeout("AARE", 5))
    assert "dedicated" not in sentence(ResponseTimeout("AARE", 5), KEYS)
    assert "--transport" not in sentence(ResponseTimeout("AARE", 5), KEYS)


def test_what_has_answered_is_a_meter_and_serves_udp():
    silence = ResponseTimeout("AARE", 5)
    assert "--transport" not in sentence(silence, replace(DATAGRAMS, is_heard=True))
    assert "no meter" not in sentence(silence, Used(is_heard=True))
    assert "--referencing sn" in sentence(silence, Used(is_heard=True))
    for error in (silence, AssociationRejected(1, 1, 1), AssociationRejected(1, 1, 2)):
        assert "--referencing" in sentence(error, Used(is_heard=True))
        assert "--referencing" not in sentence(error, Used(is_heard=True, other_names_help=False))


@pytest.mark.parametrize(
    ("options", "used"),
    [
        ({"auth": "none"}, NOTHING),
        ({"auth": "lls", "protection": "none"}, NOTHING),
        ({"auth": "hls-gmac"}, KEYS),
        ({"auth": "lls", "protection": "authenticated"}, KEYS),
        ({"auth": "hls-gmac", "dedicated_key": True}, DEDICATED),
        ({"auth": "none", "transport": "udp"}, DATAGRAMS),
    ],
)
def test_what_options_use(options: dict[str, object], used: Used):
    usual = {"protection": None, "dedicated_key": False, "transport": "tcp", "referencing": "auto"}
    assert used_by(argparse.Namespace(**(usual | options))) == replace(used, auth=options["auth"], referencing="auto")


def test_trial_26_advice_does_not_depend_on_segmentation():
    for sent in (
        b"HTTP/1.1 400 Bad Request",
        b"\x7e\xa0\x07\x03",
        b"SS\x00\x01\x02\x03\x04\x05",
        b"\x15\x03\x01\x00\x02\x02",
    ):
        advice = set()
        for size in range(1, len(sent) + 1):
            stream = WrapperStream()
            with pytest.raises(NotWrapper) as caught:
                for start in range(0, len(sent), size):
                    stream.receive_data(sent[start : start + size])
            error = caught.value
            advice.add((error.speaks, sentence(error).removeprefix(str(error))))
        assert len(advice) == 1


def test_each_has_its_own():
    advice = [sentence(error).removeprefix(str(error)) for error, _ in ERRORS[:11]]
    assert len(set(advice)) == len(advice)


@pytest.mark.parametrize(
    "error",
    [
        SecurityError("something"),
        DataAccessError(15),
        DataAccessError(77),
        ActionError(16),
        ExceptionReceived(1, 77),
        ConfirmedServiceErrorReceived(5, 7, 1),
    ],
)
def test_error_without_advice_is_its_own_sentence(error: DlmsError):
    assert sentence(error) == str(error)
