"""What an entry is called in the log: its title without numbers that tell which meter it is, and its wPorts."""

import re
from typing import Final

from homeassistant.config_entries import ConfigEntry

from ..const import CONF_CLIENT_WPORT, CONF_SERVER_WPORT

_ANY_METER: Final = "Meter"

_MAX_DIGITS: Final = 3
"""Of a word; with more it may be a serial number, a unique id or an address."""


def label_of(entry: ConfigEntry) -> str:
    """Return it: "Iskraemeco (1>16)" for the entry "Iskraemeco 12345678"."""
    words = [word for word in entry.title.split() if len(re.findall(r"\d", word)) <= _MAX_DIGITS]
    client, server = (entry.data.get(wport, "?") for wport in (CONF_CLIENT_WPORT, CONF_SERVER_WPORT))
    return f"{' '.join(words) or _ANY_METER} ({client}>{server})"
