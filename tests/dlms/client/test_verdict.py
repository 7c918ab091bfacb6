"""One verdict for each error, and the layer it is about. What forms make of it: tests/meter/test_doctor.py."""

import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.client.verdict import (
    Diagnosis,
    Layer,
    Verdict,
    diagnostic_of,
    is_unverified,
    layer_of,
    while_associating,
    while_reading,
)
from custom_components.cosem.dlms.errors import (
    AssociationAborted,
    AssociationRejected,
    AuthenticationTagInvalid,
    ChallengeRefused,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DecodeError,
    DeviceInUse,
    DlmsError,
    EchoReceived,
    ExceptionReceived,
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    NotWrapper,
    ProofRefused,
    ResponseTimeout,
    SecurityDowngrade,
    SystemTitleMismatch,
    WrongAddress,
)
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import SecuritySettings
from custom_components.cosem.dlms.security.suite import Protection

KEY = Secret(bytes(range(16)))
PLAIN = AssociationParameters()
PASSWORD = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret(b"secret"))


def with_keys(mechanism: Mechanism = Mechanism.NONE, **changes: object) -> AssociationParameters:
    security = SecuritySettings(
        client_system_title=b"CLI\0\0\0\0\1",
        **({"global_unicast_encryption_key": KEY, "authentication_key": KEY} | changes),  # type: ignore[arg-type] - mixed
    )
    password = Secret(b"secret") if mechanism is Mechanism.LLS else None
    return AssociationParameters(client_wport=1, mechanism=mechanism, password=password, security=security)


KEYS = with_keys()
DEDICATED = with_keys(use_dedicated_key=True)
GMAC = with_keys(Mechanism.HLS_GMAC)
BOTH = with_keys(Mechanism.LLS)
ENCRYPTED = with_keys(protection=Protection.ENCRYPTED)


def refused(diagnostic: int, *, result: int = 1, source: int = 1) -> AssociationRejected:
    return AssociationRejected(result, source, diagnostic)


@pytest.mark.parametrize(
    ("error", "parameters", "verdict", "layer"),
    [
        (ConnectFailed(ConnectFailure.NAME_NOT_RESOLVED), PLAIN, Verdict.NAME_NOT_RESOLVED, Layer.NAME),
        (ConnectFailed(ConnectFailure.REFUSED), PLAIN, Verdict.CONNECTION_REFUSED, Layer.PORT),
        (ConnectFailed(ConnectFailure.UNREACHABLE), PLAIN, Verdict.HOST_UNREACHABLE, Layer.PORT),
        (ConnectFailed(ConnectFailure.OTHER), PLAIN, Verdict.CANNOT_CONNECT, Layer.PORT),
        (ConnectTimeout(3), PLAIN, Verdict.CONNECT_TIMEOUT, Layer.PORT),
        (DeviceInUse("the last user", 3), PLAIN, Verdict.DEVICE_IN_USE, Layer.PORT),
        (NotWrapper(b"\x7e\xa0"), PLAIN, Verdict.NOT_DLMS_HDLC, Layer.FRAMING),
        (NotWrapper(b"login"), PLAIN, Verdict.NOT_DLMS_TEXT, Layer.FRAMING),
        (NotWrapper(b"\x15\x03"), PLAIN, Verdict.NOT_DLMS, Layer.FRAMING),
        (ResponseTimeout("AARE", 3), PLAIN, Verdict.NO_DLMS_ANSWER, Layer.ASSOCIATION),
        (ResponseTimeout("AARE", 3), KEYS, Verdict.NO_SECURED_ANSWER, Layer.ASSOCIATION),
        (ResponseTimeout("AARE", 3), DEDICATED, Verdict.NO_ANSWER_UNDER_DEDICATED_KEY, Layer.ASSOCIATION),
        (ConnectionLost(), PLAIN, Verdict.CLOSED_BY_METER, Layer.ASSOCIATION),
        (ConnectionLost(), KEYS, Verdict.CLOSED_WITH_KEYS, Layer.ASSOCIATION),
        (AssociationAborted("closed"), PLAIN, Verdict.CLOSED_BY_METER, Layer.ASSOCIATION),
        (WrongAddress(1, 2, (16, 1)), PLAIN, Verdict.OTHER_WPORTS, Layer.ASSOCIATION),
        (EchoReceived(16, 1, (16, 1)), PLAIN, Verdict.NOT_DLMS, Layer.FRAMING),
        (EchoReceived(16, 1, (16, 1)), ENCRYPTED, Verdict.NOT_DLMS, Layer.FRAMING),
        (DecodeError("cut"), PLAIN, Verdict.BAD_ANSWER, Layer.ASSOCIATION),
        (DecodeError("cut"), ENCRYPTED, Verdict.DECRYPTED_NONSENSE, Layer.AUTHENTICATION),
        (SecurityDowngrade("plain"), ENCRYPTED, Verdict.DECRYPTED_NONSENSE, Layer.AUTHENTICATION),
        (SecurityDowngrade("plain"), KEYS, Verdict.SECURITY_DOWNGRADE, Layer.AUTHENTICATION),
        (AuthenticationTagInvalid(), KEYS, Verdict.VERIFICATION_FAILED, Layer.AUTHENTICATION),
        (ChallengeRefused(), GMAC, Verdict.METER_NOT_PROVEN, Layer.AUTHENTICATION),
        (InvocationCounterRefused(7), KEYS, Verdict.COUNTER_REFUSED, Layer.AUTHENTICATION),
        (InvocationCounterReplayed(), KEYS, Verdict.ANSWER_REPLAYED, Layer.AUTHENTICATION),
        (InvocationCounterNotStored(), KEYS, Verdict.COUNTER_NOT_STORED, Layer.AUTHENTICATION),
        (InvocationCounterExhausted(), KEYS, Verdict.COUNTER_EXHAUSTED, Layer.AUTHENTICATION),
        (SystemTitleMismatch("other"), KEYS, Verdict.UNEXPECTED_SYSTEM_TITLE, Layer.AUTHENTICATION),
        (ExceptionReceived(1, 5), KEYS, Verdict.WRONG_KEY, Layer.AUTHENTICATION),
        (ExceptionReceived(1, 5), PLAIN, Verdict.ASSOCIATION_REFUSED, Layer.ASSOCIATION),
        (ProofRefused(4), GMAC, Verdict.ASSOCIATION_OBJECT_UNKNOWN, Layer.AUTHENTICATION),
        (ProofRefused(3), GMAC, Verdict.KEYS_REFUSED, Layer.AUTHENTICATION),
        (refused(1), PLAIN, Verdict.ASSOCIATION_REFUSED, Layer.ASSOCIATION),
        (refused(1, result=2), PLAIN, Verdict.METER_BUSY, Layer.ASSOCIATION),
        (refused(2, source=2), PLAIN, Verdict.ASSOCIATION_REFUSED, Layer.ASSOCIATION),
        (refused(3), PLAIN, Verdict.ASSOCIATION_REFUSED, Layer.ASSOCIATION),
        (refused(3), KEYS, Verdict.SYSTEM_TITLE_REFUSED, Layer.AUTHENTICATION),
        (refused(11), PLAIN, Verdict.MECHANISM_REFUSED, Layer.AUTHENTICATION),
        (refused(12), PLAIN, Verdict.AUTHENTICATION_REQUIRED, Layer.AUTHENTICATION),
        (refused(12), PASSWORD, Verdict.MECHANISM_REFUSED, Layer.AUTHENTICATION),
        (refused(13), PLAIN, Verdict.AUTHENTICATION_REQUIRED, Layer.AUTHENTICATION),
        (ProofRefused(4, by_short_name=True), KEYS, Verdict.ASSOCIATION_REFUSED, Layer.ASSOCIATION),
        (refused(13), PASSWORD, Verdict.INVALID_AUTH, Layer.AUTHENTICATION),
        (refused(13), BOTH, Verdict.PASSWORD_OR_KEYS_REFUSED, Layer.AUTHENTICATION),
        (refused(14), PASSWORD, Verdict.STRONGER_AUTHENTICATION, Layer.AUTHENTICATION),
    ],
    ids=str,
)
def test_an_error_before_the_association_has_one_verdict_and_one_layer(
    error: DlmsError, parameters: AssociationParameters, verdict: Verdict, layer: Layer
):
    assert while_associating(error, parameters).verdict is verdict
    assert layer_of(verdict) is layer


@pytest.mark.parametrize(
    ("error", "parameters", "verdict"),
    [
        (ResponseTimeout("get-response", 3), PLAIN, Verdict.ANSWER_TIMEOUT),
        (ResponseTimeout("get-response", 3), DEDICATED, Verdict.NO_ANSWER_UNDER_DEDICATED_KEY),
        (DecodeError("cut"), PLAIN, Verdict.BAD_ANSWER),
        (ConnectionLost(), KEYS, Verdict.CONNECTION_LOST),
        (refused(13), PASSWORD, Verdict.ASSOCIATION_REFUSED),
        (refused(13, result=2), PASSWORD, Verdict.METER_BUSY),
    ],
)
def test_an_error_behind_the_association_has_another(
    error: DlmsError, parameters: AssociationParameters, verdict: Verdict
):
    assert while_reading(error, parameters).verdict is verdict


def test_a_diagnosis_names_the_deadline_and_the_diagnostic():
    assert while_associating(ConnectTimeout(3), PLAIN) == Diagnosis(verdict=Verdict.CONNECT_TIMEOUT, seconds=3)
    busy = refused(1, result=2)
    told = Diagnosis(verdict=Verdict.METER_BUSY, diagnostic="user_1", detail=str(busy))
    assert while_associating(busy, PLAIN) == told


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (AssociationRejected(1, 1, 1, 2), "initiate_2"),
        (refused(2, source=2), "provider_2"),
        (ConfirmedServiceErrorReceived(1, 6, 1), "initiate_1"),
        (ExceptionReceived(1, 2), "exception_2"),
        (ConnectionLost(), "unknown"),
    ],
)
def test_a_refusal_has_the_key_of_its_text(error: DlmsError, key: str):
    assert diagnostic_of(error) == key


def test_only_what_has_no_tag_is_unverified():
    assert [is_unverified(each) for each in (PLAIN, KEYS, ENCRYPTED, with_keys(accept_unverified=True))] == [
        False,
        False,
        True,
        True,
    ]
