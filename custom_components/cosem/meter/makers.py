"""What is usual for the meters of a maker, by the FLAG id in front of the logical device name.

Makers' names by FLAG id are those of the stack (``LogicalDeviceName.manufacturer``), after the list that the DLMS User
Association keeps. Here is what their meters are likely to want of a client that reads values, after the companion
specifications that the makers name: proposals for a form, which a person may change. None was tried on a real meter.
"""

from dataclasses import dataclass
from typing import Final

from ..const import AUTHENTICATION_KEYS, AUTHENTICATION_PASSWORD, PRESET_GENERIC
from ..dlms import LogicalDeviceName
from .identity import NAME_ATTRIBUTE, MeterIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What to propose."""

    preset: str = PRESET_GENERIC
    authentication: str = AUTHENTICATION_PASSWORD


_IDIS: Final = Maker(preset="idis_dsmr", authentication=AUTHENTICATION_KEYS)
_KEYS: Final = Maker(authentication=AUTHENTICATION_KEYS)
_PASSWORD: Final = Maker()
_SPODES: Final = Maker(preset="spodes")

MAKERS: Final[dict[str, Maker]] = {
    "ACE": Maker(preset="itron_sl7000"),
    "ADD": _KEYS,
    "ADN": _KEYS,
    "EDM": _PASSWORD,
    "EGM": _PASSWORD,
    "ELE": _PASSWORD,
    "ELR": _PASSWORD,
    "ELS": _IDIS,
    "EMH": _PASSWORD,
    "EMR": _SPODES,
    "EMT": _IDIS,
    "HLY": _KEYS,
    "HON": _IDIS,
    "HXE": _KEYS,
    "INC": _SPODES,
    "ISK": _IDIS,
    "ITE": Maker(preset="itron_sl7000"),
    "KAM": _KEYS,
    "KFM": _IDIS,
    "LGB": _IDIS,
    "LGD": _IDIS,
    "LGZ": _IDIS,
    "LUG": _IDIS,
    "NIS": _KEYS,
    "NMS": _KEYS,
    "SAG": _IDIS,
    "SLB": Maker(preset="itron_sl7000"),
    "ZIV": _IDIS,
    "ZPA": _IDIS,
}
"""FLAG id -> what is usual; who is not in it gets no proposal."""


def maker_of(identity: MeterIdentity) -> Maker | None:
    """Return what is usual for the make of a meter; None where nobody knows, or it told no name."""
    if identity.pinned != NAME_ATTRIBUTE:
        return None
    flag_id = LogicalDeviceName(identity.unique_id.encode()).flag_id
    return None if flag_id is None else MAKERS.get(flag_id)
