"""What is seen of a layer that fails: silence, a closed connection, a refusal for now or for good."""

from enum import StrEnum

from ..errors import (
    AssociationRejected,
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    DlmsError,
    EchoReceived,
    ResponseTimeout,
    ServiceError,
)


class Symptom(StrEnum):
    """What is seen."""

    NO_CONNECTION = "no connection"
    SILENCE = "silence"
    CLOSED = "closed"
    RESET = "reset"
    ECHO = "echo"
    BUSY = "busy"
    """The association is refused for now."""
    LOCKED = "locked"
    """What proves who we are is refused for now, whatever it is."""
    REFUSED = "refused"
    OTHER = "other"

    @property
    def is_silent(self) -> bool:
        """Whether nothing came back on a connection that was there."""
        return self in {Symptom.SILENCE, Symptom.CLOSED, Symptom.RESET}


def symptom_of(error: DlmsError) -> Symptom:
    """Return what an error shows."""
    match error:
        case ConnectFailed() | ConnectTimeout():
            return Symptom.NO_CONNECTION
        case ResponseTimeout():
            return Symptom.SILENCE
        case ConnectionLost(reset=True):
            return Symptom.RESET
        case ConnectionLost():
            return Symptom.CLOSED
        case EchoReceived():
            return Symptom.ECHO
        case AssociationRejected(transient=True, concerns_authentication=True):
            return Symptom.LOCKED
        case AssociationRejected(transient=True):
            return Symptom.BUSY
        case AssociationRejected() | ServiceError():
            return Symptom.REFUSED
        case _:
            return Symptom.OTHER
