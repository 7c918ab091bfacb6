"""What was heard of one meter since its entry was loaded, for a person who sets it up."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from .routing import ReadNotification
from .told_kinds import told_kind


@dataclass(slots=True)
class HeardSoFar:
    """``authenticated``: how many of them were proven. ``kinds``: how many of each, by the names of told_kinds."""

    count: int = 0
    authenticated: int = 0
    last: datetime | None = None
    kinds: Counter[str] = field(default_factory=Counter)

    def note(self, read: ReadNotification, now: datetime) -> None:
        """Count one."""
        self.count += 1
        self.authenticated += read.heard.authenticated
        self.last = now
        self.kinds[told_kind(read.notification)] += 1
