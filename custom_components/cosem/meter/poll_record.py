"""How the polls of one entry went, for its owner: when the meter was read last, and why it is not read now."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..const import LOGGER

NO_PROBLEM: Final = "ok"
PAUSED: Final = "polling_paused"
NOT_CALLED: Final = "not_called"
OTHER_CLIENT: Final = "other_client"
OTHER_PROBLEM: Final = "other"

PROBLEMS: Final = (
    NO_PROBLEM,
    PAUSED,
    OTHER_CLIENT,
    NOT_CALLED,
    "cannot_connect",
    "connection_lost",
    "no_answer",
    "not_dlms",
    "protocol_error",
    "association_lost",
    "association_refused",
    "association_refused_for_now",
    "authentication_refused",
    "authentication_stopped",
    "device_in_use",
    "meter_busy",
    "service_refused",
    "security_mismatch",
    "identity_unreadable",
    "other_meter",
    "meter_not_proven",
    "verification_failed",
    "counter_not_stored",
    "counter_refused",
    "counter_used_up",
    "other_system_title",
    "answer_replayed",
    OTHER_PROBLEM,
)
"""Those of error_mapping.py by the keys of their texts, and what it cannot know."""


class PollRecord:
    """Of one entry; ``name``: what the log calls it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._told: set[str | None] = set()
        """Why it cannot be read, as told in the log, by the keys of the texts."""
        self._followers: list[Callable[[], None]] = []
        self.read_at: datetime | None = None
        """When a poll succeeded last."""
        self.problem: str | None = None
        """One of PROBLEMS; None before there was a poll."""

    @callback
    def follow(self, follower: Callable[[], None]) -> CALLBACK_TYPE:
        """Tell somebody of each poll that ended; return what ends that."""
        self._followers.append(follower)
        return lambda: self._followers.remove(follower)

    @callback
    def note_success(self) -> None:
        """Note a good poll."""
        self._told.clear()
        self.read_at = dt_util.utcnow()
        self.note_problem(NO_PROBLEM)

    @callback
    def note_failure(self, failure: HomeAssistantError, *, is_other_client: bool = False) -> None:
        """Note why there are no values. A further reason is logged once; Home Assistant logs the first one only."""
        key = failure.translation_key
        if self._told and key not in self._told:
            LOGGER.warning("%s: still no values, now for another reason: %s", self._name, failure)
        self._told.add(key)
        self.note_problem(OTHER_CLIENT if is_other_client else key if key in PROBLEMS else OTHER_PROBLEM)

    @callback
    def note_problem(self, problem: str) -> None:
        """Note why there was no poll at all."""
        self.problem = problem
        for follower in tuple(self._followers):
            follower()
