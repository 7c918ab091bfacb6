"""What is seen of a layer that fails."""

import pytest

from custom_components.cosem.dlms.client.symptom import Symptom, symptom_of
from custom_components.cosem.dlms.errors import (
    AssociationRejected,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DecodeError,
    DlmsError,
    EchoReceived,
    ExceptionReceived,
    ProofRefused,
    ResponseTimeout,
)


@pytest.mark.parametrize(
    ("error", "symptom"),
    [
        (ConnectFailed(ConnectFailure.REFUSED), Symptom.NO_CONNECTION),
        (ConnectTimeout(10), Symptom.NO_CONNECTION),
        (ResponseTimeout("AARE", 10), Symptom.SILENCE),
        (ConnectionLost(), Symptom.CLOSED),
        (ConnectionLost(reset=True), Symptom.RESET),
        (EchoReceived(16, 1, (16, 1)), Symptom.ECHO),
        (AssociationRejected(2, 1, 1), Symptom.BUSY),
        (AssociationRejected(2, 1, 13), Symptom.LOCKED),
        (AssociationRejected(1, 1, 13), Symptom.REFUSED),
        (ProofRefused(1), Symptom.REFUSED),
        (ExceptionReceived(1, 1), Symptom.REFUSED),
        (DecodeError("cut"), Symptom.OTHER),
    ],
)
def test_what_an_error_shows(error: DlmsError, symptom: Symptom):
    assert symptom_of(error) is symptom


def test_what_is_silence():
    assert {symptom for symptom in Symptom if symptom.is_silent} == {Symptom.SILENCE, Symptom.CLOSED, Symptom.RESET}
