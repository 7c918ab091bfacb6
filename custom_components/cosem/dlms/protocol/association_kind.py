"""How an association comes about, and what may be asked in it (IEC 62056-9-7:2013, 9.1, table 1)."""

from enum import Enum, auto
from typing import Final

ALL_STATION_WPORT: Final = 0x7F
"""Every logical device: the destination of a broadcast."""


class AssociationKind(Enum):
    """What is agreed, and how it ends."""

    CONFIRMED = auto()
    """AARQ and AARE; confirmed and unconfirmed services; RLRQ and RLRE."""
    UNCONFIRMED = auto()
    """AARQ without an answer; unconfirmed services only; RLRQ without an answer."""
    PRE_ESTABLISHED = auto()
    """Nothing is sent for it, and it cannot be released; protection by keys only."""

    @property
    def has_aarq(self) -> bool:
        """Whether it is proposed to the server."""
        return self is not AssociationKind.PRE_ESTABLISHED

    @property
    def has_answers(self) -> bool:
        """Whether the server answers services."""
        return self is not AssociationKind.UNCONFIRMED
