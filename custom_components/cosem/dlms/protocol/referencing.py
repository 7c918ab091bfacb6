"""How an association names objects: by logical names or by short names (IEC 62056-5-3, application contexts)."""

from enum import StrEnum

from ..apdu.acse import ApplicationContext
from ..apdu.initiate import SERVICES_OF_BOTH, SHORT_NAME_SERVICES, VAA_NAME_LN, VAA_NAME_SN, Conformance


class Referencing(StrEnum):
    """The values are those of the command line and of stored entries."""

    AUTOMATIC = "auto"
    """By logical names; by short names where the meter refuses that application context."""
    LOGICAL_NAME = "ln"
    SHORT_NAME = "sn"

    @property
    def vaa_name(self) -> int:
        """The vaa-name of the InitiateResponse."""
        return VAA_NAME_SN if self is Referencing.SHORT_NAME else VAA_NAME_LN

    def application_context(self, *, ciphered: bool) -> ApplicationContext:
        """Return the application context that is proposed."""
        if self is Referencing.SHORT_NAME:
            return ApplicationContext.SN_CIPHERED if ciphered else ApplicationContext.SN
        return ApplicationContext.LN_CIPHERED if ciphered else ApplicationContext.LN

    def conformance(self, conformance: Conformance) -> Conformance:
        """Return the services that are proposed: with short names, theirs instead of those for logical names."""
        if self is not Referencing.SHORT_NAME:
            return conformance
        chosen = conformance & SHORT_NAME_SERVICES
        return conformance & SERVICES_OF_BOTH | (chosen or SHORT_NAME_SERVICES)
