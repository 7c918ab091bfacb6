"""Whether a meter refuses an association because it has never heard of a service in it (conformance, IEC 62056-5-3).

Few meters say so. Most of those that refuse give no reason, and some say nothing at all.
"""

from enum import IntEnum
from typing import Final

from ..apdu.acse import Mechanism
from ..errors import (
    AssociationRejected,
    ConnectionLost,
    DlmsError,
    ExceptionReceived,
    InitiateErrorCode,
    ResponseTimeout,
    ServiceErrorCode,
    UserDiagnostic,
)
from ..protocol.proposal import AssociationParameters

_NO_REASON: Final = frozenset({UserDiagnostic.NULL, UserDiagnostic.NO_REASON_GIVEN})
_NO_INITIATE_REASON: Final = frozenset({None, InitiateErrorCode.OTHER, InitiateErrorCode.REFUSED_BY_THE_VDE_HANDLER})
_NO_SERVICE_REASON: Final = frozenset(
    {ServiceErrorCode.OPERATION_NOT_POSSIBLE, ServiceErrorCode.SERVICE_NOT_SUPPORTED, ServiceErrorCode.OTHER_REASON}
)


class RefusedServices(IntEnum):
    """How much a refusal of a proposal has to do with its services, the least first."""

    NOT = 0
    UNANSWERED = 1
    """Nothing came, or the end of the connection."""
    UNEXPLAINED = 2
    """The meter said no, without a reason."""
    NAMED = 3
    """initiate-error: incompatible conformance."""


def refused_services(error: DlmsError) -> RefusedServices:
    """Return what a refusal says of the services."""
    match error:
        case AssociationRejected(initiate_error=InitiateErrorCode.INCOMPATIBLE_CONFORMANCE):
            return RefusedServices.NAMED
        case AssociationRejected(transient=False, diagnostic=diagnostic, initiate_error=code) if (
            diagnostic in _NO_REASON and code in _NO_INITIATE_REASON
        ):
            return RefusedServices.UNEXPLAINED
        case ExceptionReceived(service_error=code) if code in _NO_SERVICE_REASON:
            return RefusedServices.UNEXPLAINED
        case ResponseTimeout() | ConnectionLost(truncated=False):
            return RefusedServices.UNANSWERED
    return RefusedServices.NOT


def shows_secrets(parameters: AssociationParameters) -> bool:
    """Return whether a proposal holds a password, or what a key protects: a meter may count those that are wrong."""
    return parameters.mechanism is Mechanism.LLS or parameters.is_ciphered
