"""What to read of a profile, and what was learned about how a meter lets it be read."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import Enum, auto
from typing import Final

from ..apdu.common import AttributeDescriptor
from ..encoding.cosem_time import TimePolicy, in_utc
from ..encoding.logical_name import LogicalName
from ..errors import LocalProtocolError
from ..interface_classes.interface_class import InterfaceClass
from ..interface_classes.profile_generic import ProfileGenericAttribute

_LASTING: Final = 2
"""So many failures without a success in between, and a way is tried last."""

_LAST_ENTRY: Final = 0xFFFF_FFFF


class ProfileWay(Enum):
    """How rows are asked for."""

    RANGE = auto()
    ENTRY = auto()
    WHOLE = auto()


@dataclass(slots=True)
class ProfileWays:
    """What was learned about a profile of a meter. Outlives associations."""

    failures: Counter[ProfileWay] = field(default_factory=Counter)
    proven: ProfileWay | None = None

    def for_later(self) -> ProfileWays:
        """Return what is worth remembering: failures as far as they count, and so in which order to try.

        Not what is proven: of another meter at the same address, or another firmware, an empty range is not the truth.
        """
        return ProfileWays(Counter({way: min(count, _LASTING) for way, count in self.failures.items() if count}))

    def in_order(self, ways: Sequence[ProfileWay]) -> list[ProfileWay]:
        """Return the ways, those that failed again and again last."""
        return sorted(ways, key=self.fails)

    def fails(self, way: ProfileWay) -> bool:
        """Return whether it failed again and again."""
        return way is not self.proven and self.failures[way] >= _LASTING

    def worked(self, way: ProfileWay) -> None:
        """Note rows."""
        self.proven = way
        self.failures[way] = 0

    def failed(self, way: ProfileWay) -> None:
        """Note a refusal; one proves nothing."""
        self.failures[way] += 1
        if self.proven is way and self.failures[way] >= _LASTING:
            self.proven = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileRequest:
    """What to read of the profile ``logical_name``.

    ``since``, ``until``: aware, inclusive, kept in UTC; None is open. ``entries``: first and last, from 1 on, a last of
    0 is the last; not with times. ``columns``: of these logical names, with the timestamp; all if empty. ``policy``,
    ``zone``: what the meter's times mean.
    """

    logical_name: LogicalName
    since: datetime | None = None
    until: datetime | None = None
    entries: tuple[int, int] | None = None
    columns: tuple[LogicalName, ...] = ()
    policy: TimePolicy = TimePolicy.STANDARD
    zone: tzinfo | None = None

    def __post_init__(self) -> None:
        if self.entries is not None and (self.since is not None or self.until is not None):
            raise LocalProtocolError("a profile is read by entries or by times, not by both")
        if self.entries is not None and not (
            1 <= self.entries[0] <= _LAST_ENTRY and (not self.entries[1] or self.entries[1] >= self.entries[0])
        ):
            raise LocalProtocolError("entries count from 1, and the last is not before the first")
        for end in ("since", "until"):
            moment = getattr(self, end)
            if moment is None:
                continue
            if moment.utcoffset() is None:
                raise LocalProtocolError("a time without its zone is no point in time")
            object.__setattr__(self, end, in_utc(moment))
        if self.since is not None and self.until is not None and self.since > self.until:
            raise LocalProtocolError("the first time that is asked for is after the last")

    def attribute(self, index: ProfileGenericAttribute) -> AttributeDescriptor:
        """Return an attribute of the profile."""
        return AttributeDescriptor(InterfaceClass.PROFILE_GENERIC, self.logical_name, index)

    @property
    def has_times(self) -> bool:
        """Whether times restrict it."""
        return self.since is not None or self.until is not None

    def entries_left(self, rows: int) -> int | None:
        """Return how many entries are missing behind so many rows; None for all that there are."""
        if self.entries is None or not self.entries[1]:
            return None
        first, last = self.entries
        return last - first + 1 - rows

    def entries_until(self, used: int) -> int:
        """Return how many entries are asked for, where a meter has so many; 0 where times choose them."""
        first, last = self.entries or (1, 0)
        return 0 if self.has_times else min(last or used, used) - first + 1
