"""Names and default values of the integration."""

import logging
from typing import Final

from .dlms import INVOCATION_COUNTER

DOMAIN: Final = "cosem"
LOGGER: Final = logging.getLogger(__package__)

CONF_CLIENT_WPORT: Final = "client_wport"
CONF_SERVER_WPORT: Final = "server_wport"
CONF_PRESET: Final = "preset"
CONF_AUTHENTICATION: Final = "authentication"
CONF_RESPONSE_TIMEOUT: Final = "response_timeout"
CONF_TRANSPORT: Final = "transport"
"""Where it is missing: TCP."""
TRANSPORT_CALL: Final = "call"
"""In place of a transport: the meter calls. CONF_HOST is then what it is known by, CONF_PORT a port of ours."""
CONF_CALL_SOURCES: Final = "call_sources"
"""Addresses and networks that a calling meter calls from; empty: any."""
CONF_CALL_WITHIN: Final = "call_within"
"""Seconds after its last poll in which a calling meter has to call again, before it counts as unavailable."""
DEFAULT_CALL_WITHIN: Final = 5400
MAX_CALL_WITHIN: Final = 7 * 86_400
CALL_AWAITED: Final = 600.0
"""Seconds that the set-up waits for a call."""
CONF_INTERVAL: Final = "interval"
CONF_OBJECTS: Final = "objects"
CONF_STAY_CONNECTED: Final = "stay_connected"
CONF_PAUSE: Final = "pause"
"""Seconds between two connections."""
CONF_TIME_POLICY: Final = "time_policy"
CONF_NOTIFICATIONS: Final = "notifications"
"""How notifications are received; missing means not at all."""
CONF_LISTEN_ADDRESS: Final = "listen_address"
"""Missing: that of the network adapter that faces the meter."""
CONF_LISTEN_PORT: Final = "listen_port"
CONF_NOTIFICATION_SOURCES: Final = "notification_sources"
"""Addresses and networks that the meter sends from; missing: its host."""

CALL_DATA: Final = (CONF_CALL_SOURCES, CONF_CALL_WITHIN, CONF_LISTEN_ADDRESS)
"""In an entry's data, where its meter calls."""

CONF_STATE_PAUSE: Final = "state_pause"
"""Seconds between two states that notifications make of one value."""
DEFAULT_STATE_PAUSE: Final = 10
MAX_STATE_PAUSE: Final = 3600

CONF_EXPECTED_INTERVAL: Final = "expected_interval"
"""Minutes in which values that only come by push are expected; 0: they are never missed."""
MAX_EXPECTED_INTERVAL: Final = 44_640

CONF_NOTIFICATION_WPORT: Final = "notification_wport"
"""The client wPort to which the meter sends what it does not prove; missing: any."""

CONF_CODE_TABLE: Final = "code_table"
"""Whose meaning event codes have; missing: that of the meter's family or maker."""
CODE_TABLE_AUTOMATIC: Final = "automatic"
CODE_TABLE_NONE: Final = "none"

CONF_LOG_INTERVAL: Final = "log_interval"
"""Minutes between two readings of event logs and alarm registers; 0: never."""
DEFAULT_LOG_INTERVAL: Final = 5
MAX_LOG_INTERVAL: Final = 1440

CONF_ALLOW_WRITING: Final = "allow_writing"
"""Whether actions may change the meter; missing: no, as for all that follow."""
CONF_ALLOW_SWITCHING: Final = "allow_switching"
"""Whether they may switch the supply."""
CONF_SECURITY_CONFIRMATION: Final = "security_confirmation"
"""The sentence that somebody typed, so that they may change keys, passwords and policies."""

NOTIFICATIONS_OFF: Final = "off"
NOTIFICATIONS_BOTH: Final = "both"
NOTIFICATIONS: Final = (NOTIFICATIONS_OFF, "udp", "tcp", NOTIFICATIONS_BOTH)

EVENT_NOTIFICATION: Final = f"{DOMAIN}_event"
"""On the bus of Home Assistant, for each thing that a meter tells by itself."""

EVENT_CHANGE: Final = f"{DOMAIN}_write"
"""The same for each change that somebody asked a meter for, whatever became of it."""

CONF_LOGICAL_DEVICE_NAME: Final = "logical_device_name"
"""In discovery data: the name of the logical device."""

CONF_PARENT_ENTRY: Final = "parent_entry"
"""In discovery data: the id of the entry that found it."""

AUTHENTICATION_NONE: Final = "none"
AUTHENTICATION_PASSWORD: Final = "password"  # noqa: S105 - the name of a method, not a password
AUTHENTICATION_HLS_SECRET: Final = "hls_secret"  # noqa: S105 - likewise
AUTHENTICATION_KEYS: Final = "keys"
AUTHENTICATION_CERTIFICATE: Final = "certificate"
AUTHENTICATIONS: Final = (
    AUTHENTICATION_NONE,
    AUTHENTICATION_PASSWORD,
    AUTHENTICATION_HLS_SECRET,
    AUTHENTICATION_KEYS,
    AUTHENTICATION_CERTIFICATE,
)
AUTHENTICATION_FIND_OUT: Final = "find_out"
"""In the first form only: the public client is asked first, who needs no secret."""
AUTHENTICATION_INHERITED: Final = "inherited"
"""For a discovered logical device: as the meter's other entry."""

CONF_REFERENCING: Final = "referencing"
"""How the meter names objects; missing means automatic."""

CONF_MECHANISM: Final = "mechanism"
MECHANISM_NONE: Final = "none"
MECHANISM_LLS: Final = "lls"
MECHANISM_MANUFACTURER: Final = "hls-manufacturer"
MECHANISM_MD5: Final = "hls-md5"
MECHANISM_SHA1: Final = "hls-sha1"
MECHANISM_GMAC: Final = "hls-gmac"
MECHANISM_SHA256: Final = "hls-sha256"

CONF_HLS_SECRET: Final = "hls_secret"  # noqa: S105 - the name of a field
CONF_AUTHENTICATION_KEY: Final = "authentication_key"
CONF_ENCRYPTION_KEY: Final = "encryption_key"
CONF_SECURITY_SUITE: Final = "security_suite"
CONF_PROTECTION: Final = "protection"
CONF_SYSTEM_TITLE: Final = "system_title"
CONF_METER_SYSTEM_TITLE: Final = "meter_system_title"
CONF_DEDICATED_KEY: Final = "dedicated_key"
CONF_ENVELOPE: Final = "envelope"
"""How protected messages are sent; missing means each service's own way."""
CONF_SIGN: Final = "sign"
"""Whether every message is signed as well; missing means not."""
CONF_CLIENT_PRIVATE_KEY: Final = "client_private_key"
CONF_CLIENT_CERTIFICATE: Final = "client_certificate"
CONF_METER_PUBLIC_KEY: Final = "meter_public_key"
CONF_COUNTER_LOGICAL_NAME: Final = "counter_logical_name"
CONF_ASSOCIATION_OBJECT: Final = "association_object"
CONF_COUNTER_START: Final = "counter_start"
CONF_ACCEPT_UNVERIFIED: Final = "accept_unverified"

PROTECTION_NONE: Final = "none"
PROTECTION_AUTHENTICATED: Final = "authenticated"
PROTECTION_ENCRYPTED: Final = "encrypted"
PROTECTION_AUTHENTICATED_ENCRYPTION: Final = "authenticated_encryption"

MAX_COUNTER_START: Final = 0xFFEF_FFFF
"""A higher start would leave too few counters: a million last for years of polls."""
MAX_CONFIRMED_RAISE: Final = 2**28
"""How far a counter that nobody proved is followed by one click; a higher one has to be typed (rule S35)."""
DEFAULT_COUNTER_LOGICAL_NAME: Final = str(INVOCATION_COUNTER)
"""The counter that a meter accepted last, readable for all."""

PRESET_GENERIC: Final = "generic"

DEFAULT_INTERVAL: Final = 60  # seconds between the starts of two polls
MIN_INTERVAL: Final = 10
MAX_INTERVAL: Final = 86_400
STAY_CONNECTED_BELOW: Final = 60
"""Seconds; below, associating for each poll costs more than reading."""

DEFAULT_RESPONSE_TIMEOUT: Final = 10  # seconds
MIN_RESPONSE_TIMEOUT: Final = 1
MAX_RESPONSE_TIMEOUT: Final = 120  # slow gateways were seen to need two minutes

DEFAULT_PAUSE: Final = 1  # seconds; small devices free a connection late
MAX_PAUSE: Final = 60

TOTAL_TIME: Final = 120.0
"""Seconds for a poll or an examination, unless the interval is longer: answers that come just in time add up."""
SLOW_ANSWERS: Final = 5
"""So many answers of a meter that uses up its response timeout fit into a poll at least."""

BACKOFF_FACTOR: Final = 1.8
BACKOFF_MAXIMUM: Final = 300.0  # seconds
BACKOFF_JITTER: Final = 0.1
"""Share by which pauses vary, so that competing clients take turns."""

RETRY_BUSY: Final = 30.0  # seconds; the meter says that it cannot answer just now
RETRY_TRANSIENT: Final = 60.0  # seconds; the meter says that it may accept an association later
RETRY_REFUSED: Final = BACKOFF_MAXIMUM
"""Seconds after a permanent refusal; some meters count refusals."""

SCALER_BUDGET: Final = 20.0
"""Seconds at set-up to read disabled objects' units; the rest comes next time."""

ISSUE_OTHER_METER: Final = "other_meter"
ISSUE_OTHER_SYSTEM_TITLE: Final = "other_system_title"
ISSUE_COUNTER_REFUSED: Final = "counter_refused"
ISSUE_METER_COUNTER_RESET: Final = "meter_counter_reset"
ISSUE_COUNTER_HALF_USED: Final = "counter_half_used"
ISSUE_COUNTER_USED_UP: Final = "counter_used_up"
ISSUE_COUNTER_NOT_STORED: Final = "counter_not_stored"
ISSUE_COUNTER_LOST: Final = "counter_lost"
ISSUE_METER_LOCKED: Final = "meter_locked"
ISSUE_METER_NOT_PROVEN: Final = "meter_not_proven"
ISSUE_VERIFICATION_FAILED: Final = "verification_failed"
ISSUE_SECURITY_MISMATCH: Final = "security_mismatch"
ISSUE_COUNTERS_WITHHELD: Final = "counters_withheld"
ISSUE_LISTENER_UNAVAILABLE: Final = "listener_unavailable"
ISSUES: Final = (
    ISSUE_OTHER_METER,
    ISSUE_OTHER_SYSTEM_TITLE,
    ISSUE_COUNTER_REFUSED,
    ISSUE_METER_COUNTER_RESET,
    ISSUE_COUNTER_HALF_USED,
    ISSUE_COUNTER_USED_UP,
    ISSUE_COUNTER_NOT_STORED,
    ISSUE_COUNTER_LOST,
    ISSUE_METER_LOCKED,
    ISSUE_METER_NOT_PROVEN,
    ISSUE_VERIFICATION_FAILED,
    ISSUE_SECURITY_MISMATCH,
    ISSUE_COUNTERS_WITHHELD,
    ISSUE_LISTENER_UNAVAILABLE,
)
"""The kinds of repair issue."""

MAX_STATE_LENGTH: Final = 255
