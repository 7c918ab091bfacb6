"""Whether a device serves several associations on one connection, or one after the other. Learned, not configured."""

from typing import Final

from ..apdu.acse import Mechanism
from ..errors import AssociationRejected, ConnectionLost, DlmsError, ResponseTimeout, ServiceError, TransportError
from ..protocol.proposal import AssociationParameters, WportPair

_ENOUGH_SILENCES: Final = 2
"""A silence or a lost connection may be the network's once; a refusal is the meter's."""


class Coexistence:
    """What is known of one device."""

    def __init__(self) -> None:
        self.is_refused = False
        """Whether each association must be alone."""
        self._suspected: dict[WportPair, bool] = {}
        """What failed beside others and is tried alone next; whether the meter refused it."""
        self._silences = 0

    def wants_alone(self, pair: WportPair) -> bool:
        """Return whether this pair is to be associated while no other one is."""
        return self.is_refused or pair in self._suspected

    def failed(self, parameters: AssociationParameters, error: DlmsError, *, beside_others: bool) -> bool:
        """Take a failure of a proposal; return whether to try alone at once. A password waits for its next user."""
        was_alone = self._suspected.pop(parameters.pair, None) is not None
        if was_alone or not beside_others or not _may_be_about_others(error):
            return False
        self._suspected[parameters.pair] = not isinstance(error, TransportError)
        return parameters.mechanism is not Mechanism.LLS

    def worked(self, pair: WportPair, *, beside_others: bool) -> None:
        """Take a proposal that was accepted."""
        was_refused = self._suspected.pop(pair, None)
        if beside_others:
            self._silences = 0
        elif was_refused is not None:
            self._silences += 1
            self.is_refused = self.is_refused or was_refused or self._silences >= _ENOUGH_SILENCES


def _may_be_about_others(error: DlmsError) -> bool:
    if isinstance(error, AssociationRejected):
        return not error.concerns_authentication
    return isinstance(error, (ServiceError, ConnectionLost, ResponseTimeout))
