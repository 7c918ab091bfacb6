"""Who the meter is: logical device name, FLAG manufacturer id, and text fit for display.

Logical device name: IEC 62056-6-2, COSEM logical device name (0.0.42.0.0.255), up to 16 octets of which the first three
are the manufacturer's id given by the FLAG association. What a meter sends as text may hold anything: it is cleaned
here, once (reliability rule M10). Pure functions; knows nothing of how the octets were read.
"""

from typing import Final, NamedTuple
import unicodedata

from ..encoding.data import Data, DataType
from ..encoding.logical_name import LogicalName

LOGICAL_DEVICE_NAME: Final = LogicalName.parse("0.0.42.0.0.255")

MAX_NAME: Final = 64
MAX_STATE: Final = 255

_MARKUP: Final = frozenset("<>&")
_FLAG_LETTERS: Final = 3
_PADDING: Final = b"\x00 "

MANUFACTURERS: Final[dict[str, str]] = {
    "ABB": "ABB",
    "ACE": "Itron (Actaris)",
    "ACG": "Itron (Actaris)",
    "ACW": "Itron (Actaris)",
    "AEG": "AEG",
    "AMT": "Aquametro",
    "APA": "Apator",
    "BEC": "Berg",
    "DFS": "Danfoss",
    "DME": "Diehl Metering",
    "DZG": "DZG Metering",
    "EDM": "EDMI",
    "EFE": "Engelmann Sensor",
    "ELS": "Elster",
    "EMH": "EMH metering",
    "EMU": "EMU Electronic",
    "ENT": "ENTES",
    "ESY": "EasyMeter",
    "GEC": "GEC Meters",
    "GRX": "Gurux",
    "GWF": "GWF",
    "HYD": "Diehl Metering (Hydrometer)",
    "ISK": "Iskraemeco",
    "IST": "ista",
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
"""FLAG manufacturer id -> name as people know it; only makers that are certain. Others are shown by their id."""


def clean_text(text: str, limit: int = MAX_STATE) -> str:
    """Return text safe to show: no control, format or unassigned characters, no ``<>&``, cut to ``limit``."""
    kept = (
        character
        for character in text
        if character not in _MARKUP and unicodedata.category(character)[0] != "C" and character not in "\u2028\u2029"
    )
    return "".join(kept).strip()[:limit].rstrip()


def text_of_octets(octets: bytes, encoding: str | None = None) -> str | None:
    """Return the text that an octet-string holds, None when it holds something else.

    Padding (00 or blanks at the end) is dropped. Without ``encoding`` only ASCII and UTF-8 without control characters
    count as text; with one, whatever it decodes.
    """
    trimmed = octets.rstrip(_PADDING)
    try:
        text = trimmed.decode(encoding or "utf-8")
    except UnicodeDecodeError, LookupError:
        return None
    if not text or any(unicodedata.category(character)[0] == "C" for character in text):
        return None
    return text


def display_text(data: Data, limit: int = MAX_STATE, encoding: str | None = None) -> str | None:
    """Return any value that can be shown as a line of text: strings as they are, octets as text or upper case hex.

    None for containers, null-data and numbers.
    """
    value = data.value
    if isinstance(value, str):
        if encoding and data.type is DataType.VISIBLE_STRING:
            value = text_of_octets(value.encode("latin-1", "replace"), encoding) or value
        return clean_text(value, limit)
    if isinstance(value, bytes):
        text = text_of_octets(value, encoding)
        return clean_text(text if text is not None else value.hex().upper(), limit)
    return None


class LogicalDeviceName(NamedTuple):
    """The name of a logical device as sent."""

    octets: bytes

    @property
    def text(self) -> str:
        """The whole name, cleaned: the three letters, then text or hex. Stable, so it can identify the meter."""
        flag_id = self.flag_id
        if flag_id is None:
            return clean_text(text_of_octets(self.octets) or self.octets.hex().upper(), MAX_NAME)
        return flag_id + self.serial

    @property
    def flag_id(self) -> str | None:
        """The manufacturer's three letters in upper case; None when the name does not start with three letters."""
        head = self.octets[:_FLAG_LETTERS]
        return head.decode("ascii").upper() if len(head) == _FLAG_LETTERS and head.isalpha() else None

    @property
    def manufacturer(self) -> str | None:
        """The maker's name, or the FLAG id where the name is not known here, or None without an id."""
        flag_id = self.flag_id
        return None if flag_id is None else MANUFACTURERS.get(flag_id, flag_id)

    @property
    def serial(self) -> str:
        """What follows the manufacturer's id: text, or hex where the octets are no text; empty when nothing follows."""
        rest = self.octets[_FLAG_LETTERS:] if self.flag_id else self.octets
        if not rest.strip(_PADDING):
            return ""
        return clean_text(text_of_octets(rest) or rest.hex().upper(), MAX_NAME)


def string_octets(data: Data) -> bytes | None:
    """Return the octets of a string type as they were sent; None for every other type."""
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
    """Read attribute 2 of the object 0.0.42.0.0.255: a string of any type; None for anything else, or empty."""
    octets = string_octets(data)
    return LogicalDeviceName(octets) if octets and octets.strip(_PADDING) else None
