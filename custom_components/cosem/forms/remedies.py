"""What each verdict about a meter means for the forms."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from homeassistant.const import CONF_HOST, CONF_PASSWORD

from ..const import CONF_AUTHENTICATION, CONF_ENCRYPTION_KEY, CONF_HLS_SECRET
from ..dlms import Verdict

BASE: Final = "base"
"""Home Assistant's name for errors of no field."""


class WhatToChange(Enum):
    """What a person has to change."""

    CONNECTION = auto()
    PASSWORD = auto()
    CREDENTIALS = auto()
    SETTINGS = auto()
    """How to log in: with a secret, keys or certificates their settings, otherwise the connection."""
    MECHANISM = auto()
    """With keys another login method, otherwise the connection: another authentication."""
    COUNTER = auto()
    """A high invocation counter, to be confirmed first (rule S3)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What follows a verdict."""

    what_to_change: WhatToChange = WhatToChange.CONNECTION
    field: str = BASE
    """The field to show the error at."""
    # Meters count wrong secrets: none may be sent again by mistake.
    refused_secret: str | None = None
    """The secret to type again."""
    has_hint: bool = False
    """Whether the preset's hint is shown."""
    is_elsewhere: bool = False
    """Whether no meter is there, or none that speaks DLMS over the wrapper: only another address, port or way helps."""
    may_be_meter: bool = False
    """Whether it may be a meter that only does not speak with the public client."""


_CONNECTION: Final = Remedy()
_ELSEWHERE: Final = Remedy(is_elsewhere=True)
_HINTED: Final = Remedy(has_hint=True, may_be_meter=True)
_SETTINGS: Final = Remedy(what_to_change=WhatToChange.SETTINGS, has_hint=True, may_be_meter=True)
_SETTINGS_OR_TIME: Final = Remedy(what_to_change=WhatToChange.SETTINGS, may_be_meter=True)
_MECHANISM: Final = replace(_SETTINGS, what_to_change=WhatToChange.MECHANISM, field=CONF_AUTHENTICATION)
_CREDENTIALS: Final = Remedy(what_to_change=WhatToChange.CREDENTIALS)

REMEDIES: Final[Mapping[Verdict, Remedy]] = {
    Verdict.NAME_NOT_RESOLVED: Remedy(field=CONF_HOST, is_elsewhere=True),
    Verdict.HOST_UNREACHABLE: _ELSEWHERE,
    Verdict.CONNECTION_REFUSED: Remedy(has_hint=True, is_elsewhere=True),
    Verdict.CANNOT_CONNECT: _ELSEWHERE,
    Verdict.CONNECT_TIMEOUT: _ELSEWHERE,
    Verdict.NO_DLMS_ANSWER: _HINTED,
    Verdict.CLOSED_BY_METER: _SETTINGS,
    Verdict.CLOSED_WITH_KEYS: _CREDENTIALS,
    Verdict.OTHER_WPORTS: Remedy(may_be_meter=True),
    Verdict.NOT_DLMS_HDLC: _ELSEWHERE,
    Verdict.NOT_DLMS_TEXT: _ELSEWHERE,
    Verdict.NOT_DLMS: _ELSEWHERE,
    Verdict.BAD_ANSWER: _SETTINGS_OR_TIME,
    Verdict.ASSOCIATION_REFUSED: _SETTINGS,
    Verdict.MECHANISM_REFUSED: replace(_SETTINGS, field=CONF_AUTHENTICATION),
    Verdict.AUTHENTICATION_REQUIRED: _MECHANISM,
    Verdict.STRONGER_AUTHENTICATION: _MECHANISM,
    Verdict.INVALID_AUTH: Remedy(
        what_to_change=WhatToChange.PASSWORD, field=CONF_PASSWORD, refused_secret=CONF_PASSWORD
    ),
    Verdict.PASSWORD_OR_KEYS_REFUSED: Remedy(what_to_change=WhatToChange.CREDENTIALS, refused_secret=CONF_PASSWORD),
    Verdict.SECRET_REFUSED: Remedy(
        what_to_change=WhatToChange.CREDENTIALS, field=CONF_HLS_SECRET, refused_secret=CONF_HLS_SECRET
    ),
    Verdict.KEYS_REFUSED: _CREDENTIALS,
    Verdict.CERTIFICATE_REFUSED: _CREDENTIALS,
    Verdict.SYSTEM_TITLE_REFUSED: _CREDENTIALS,
    Verdict.WRONG_KEY: Remedy(what_to_change=WhatToChange.CREDENTIALS, field=CONF_ENCRYPTION_KEY),
    Verdict.NO_SECURED_ANSWER: _CREDENTIALS,
    Verdict.NO_ANSWER_UNDER_DEDICATED_KEY: _CREDENTIALS,
    Verdict.ASSOCIATION_OBJECT_UNKNOWN: _CREDENTIALS,
    Verdict.VERIFICATION_FAILED: _CREDENTIALS,
    Verdict.DECRYPTED_NONSENSE: _CREDENTIALS,
    Verdict.METER_NOT_PROVEN: _CREDENTIALS,
    Verdict.COUNTER_REFUSED: _CREDENTIALS,
    Verdict.COUNTER_JUMP: Remedy(what_to_change=WhatToChange.COUNTER),
    Verdict.COUNTER_TOO_FAR: _CREDENTIALS,
    Verdict.COUNTER_NOT_STORED: _CREDENTIALS,
    Verdict.COUNTER_EXHAUSTED: _CREDENTIALS,
    Verdict.ANSWER_REPLAYED: _CREDENTIALS,
    Verdict.SECURITY_DOWNGRADE: _CREDENTIALS,
    Verdict.UNEXPECTED_SYSTEM_TITLE: _CREDENTIALS,
    Verdict.METER_BUSY: _CONNECTION,
    Verdict.DEVICE_IN_USE: _CONNECTION,
    Verdict.CONNECTION_LOST: _SETTINGS_OR_TIME,
    Verdict.ANSWER_TIMEOUT: _SETTINGS_OR_TIME,
    Verdict.TOOK_TOO_LONG: Remedy(may_be_meter=True),
    Verdict.NO_IDENTITY: _HINTED,
    Verdict.UNKNOWN: _CONNECTION,
}

REFUSED_LOGINS: Final = frozenset(
    {
        Verdict.INVALID_AUTH,
        Verdict.PASSWORD_OR_KEYS_REFUSED,
        Verdict.SECRET_REFUSED,
        Verdict.KEYS_REFUSED,
    }
)
"""What meters count, and lock a client after some of."""
