"""Logical device name (0.0.42.0.0.255, IEC 62056-6-2), FLAG manufacturer id, and text fit for display.

The name has up to 16 octets; the first three are the manufacturer's FLAG id.
"""

from typing import Final, NamedTuple
import unicodedata

from ..encoding.data import Data, DataType
from ..encoding.logical_name import LogicalName

LOGICAL_DEVICE_NAME: Final = LogicalName.parse("0.0.42.0.0.255")

MAX_NAME: Final = 64
MAX_STATE: Final = 255
_LONGEST: Final = 4_096
"""Characters or octets that are looked at, whatever a meter sends."""
_LONGEST_CHARACTER: Final = 4

_MARKUP: Final = frozenset("<>&")
_FLAG_LETTERS: Final = 3
_PADDING: Final = b"\x00 "

MANUFACTURERS: Final[dict[str, str]] = {
    "ABB": "ABB",
    "ACE": "Itron (Actaris)",
    "ACG": "Itron (Actaris)",
    "ACW": "Itron (Actaris)",
    "ADD": "ADD Grup",
    "ADN": "Aidon",
    "AEG": "AEG",
    "AMT": "Aquametro",
    "APA": "Apator",
    "BEC": "Berg",
    "DFS": "Danfoss",
    "DME": "Diehl Metering",
    "DZG": "DZG Metering",
    "EDM": "EDMI",
    "EFE": "Engelmann Sensor",
    "EGM": "Elgama-Elektronika",
    "ELE": "Elster",
    "ELR": "Elster",
    "ELS": "Elster",
    "EMH": "EMH metering",
    "EMR": "Energomera",
    "EMT": "Elster",
    "EMU": "EMU Electronic",
    "ENT": "ENTES",
    "ESY": "EasyMeter",
    "GEC": "GEC Meters",
    "GRX": "Gurux",
    "GWF": "GWF",
    "HLY": "Holley",
    "HON": "Honeywell",
    "HXE": "Hexing",
    "HYD": "Diehl Metering (Hydrometer)",
    "INC": "Incotex",
    "ISK": "Iskraemeco",
    "IST": "ista",
    "ITE": "Itron",
    "ITR": "Itron",
    "KAM": "Kamstrup",
    "KFM": "Kaifa",
    "KRO": "Elster (Kromschröder)",
    "LGB": "Landis+Gyr",
    "LGD": "Landis+Gyr",
    "LGZ": "Landis+Gyr",
    "LUG": "Landis+Gyr",
    "LML": "Lumel",
    "MAD": "Maddalena",
    "NIS": "Nisko",
    "NMS": "Nisko",
    "QDS": "Qundis",
    "REL": "Relay",
    "SAG": "Sagemcom",
    "SEN": "Sensus",
    "SIE": "Siemens",
    "SLB": "Schlumberger",
    "SON": "Sontex",
    "SPX": "Sensus",
    "TCH": "Techem",
    "ZIV": "ZIV",
    "ZPA": "ZPA Smart Energy",
}
"""FLAG manufacturer id -> name of the maker; only those that are certain."""


def clean_text(text: str, limit: int = MAX_STATE) -> str:
    """Text safe to show: no control, format or unassigned characters, no ``<>&``, cut to ``limit`` (rule M10)."""
    kept = (
        character
        for character in text[:_LONGEST]
        if character not in _MARKUP and unicodedata.category(character)[0] != "C" and character not in "\u2028\u2029"
    )
    return "".join(kept).strip()[:limit].rstrip()


def text_of_octets(octets: bytes, encoding: str | None = None) -> str | None:
    """The text in an octet-string without its padding, or its beginning; None for other octets, or control characters.

    ``encoding`` is UTF-8 unless given.
    """
    trimmed = octets.rstrip(_PADDING)
    looked_at = trimmed[:_LONGEST]
    try:
        text = looked_at.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        if looked_at == trimmed or error.start <= _LONGEST - _LONGEST_CHARACTER:
            return None
        text = looked_at[: error.start].decode(encoding or "utf-8")  # the last character is cut off
    except LookupError:
        return None
    if not text or any(unicodedata.category(character)[0] == "C" for character in text):
        return None
    return text


def display_text(data: Data, limit: int = MAX_STATE, encoding: str | None = None) -> str | None:
    """A value as a line of text: strings, octets as text or upper case hex; None for other types."""
    value = data.value
    if isinstance(value, str):
        if encoding and data.type is DataType.VISIBLE_STRING:
            value = text_of_octets(value[:_LONGEST].encode("latin-1", "replace"), encoding) or value
        return clean_text(value, limit)
    if isinstance(value, bytes):
        text = text_of_octets(value, encoding)
        return clean_text(text if text is not None else value[:_LONGEST].hex().upper(), limit)
    return None


class LogicalDeviceName(NamedTuple):
    """A logical device name as sent."""

    octets: bytes

    @property
    def text(self) -> str:
        """The cleaned name: FLAG id, then text or hex; stable enough to identify the meter."""
        flag_id = self.flag_id
        if flag_id is None:
            return clean_text(text_of_octets(self.octets) or self.octets[:MAX_NAME].hex().upper(), MAX_NAME)
        return flag_id + self.serial

    @property
    def flag_id(self) -> str | None:
        """Three letters in upper case, None if the name has none."""
        head = self.octets[:_FLAG_LETTERS]
        return head.decode("ascii").upper() if len(head) == _FLAG_LETTERS and head.isalpha() else None

    @property
    def manufacturer(self) -> str | None:
        """The maker's name, else the FLAG id, else None."""
        flag_id = self.flag_id
        return None if flag_id is None else MANUFACTURERS.get(flag_id, flag_id)

    @property
    def serial(self) -> str:
        """What follows the id, as text or hex; may be empty."""
        rest = self.octets[_FLAG_LETTERS:] if self.flag_id else self.octets
        if not rest.strip(_PADDING):
            return ""
        return clean_text(text_of_octets(rest) or rest[:MAX_NAME].hex().upper(), MAX_NAME)


def string_octets(data: Data) -> bytes | None:
    """The octets of a string type as sent, None for other types."""
    value = data.value
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return (
            value.encode("utf-8", "surrogateescape")
            if data.type is DataType.UTF8_STRING
            else value.encode("latin-1", "replace")
        )
    return None


def logical_device_name_of(data: Data) -> LogicalDeviceName | None:
    """Decode attribute 2: a string of any type; None for others or an empty one."""
    octets = string_octets(data)
    return LogicalDeviceName(octets) if octets and octets.strip(_PADDING) else None
