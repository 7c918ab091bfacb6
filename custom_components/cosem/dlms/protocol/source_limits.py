"""How much a listener takes of one source, and of all strangers together (rule: everything a stranger can make grow).

Sources are host addresses: they limit, and identify nobody (rule S23). Sans-IO; times are those of a monotonic clock.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ..limits import DEFAULT_LIMITS, Limits

_MINUTE: Final = 60.0

_MOST_TITLES: Final = 16
"""Of meters behind one address."""

type ToldTitle = Callable[[], bytes | None]
"""Returns the system title that an APDU tells: None if it has none, b"" where that cannot be read."""


class _Bucket:
    """Tokens that come back with time."""

    __slots__ = ("_filled_at", "_level", "_most", "_per_second")

    def __init__(self, most: float, per_second: float, now: float) -> None:
        self._most = most
        self._per_second = per_second
        self._level = most
        self._filled_at = now

    def draws(self, now: float) -> bool:
        """Take a token; return whether there was one."""
        self._level = min(self._most, self._level + (now - self._filled_at) * self._per_second)
        self._filled_at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True

    def give_back(self) -> None:
        """Put a token back."""
        self._level = min(self._most, self._level + 1)


@dataclass(slots=True)
class _Source:
    bucket: _Bucket
    is_trusted: bool = False
    failed_tags: list[float] = field(default_factory=list)
    deaf_until: float = 0.0
    proven: dict[bytes | None, _Bucket] = field(default_factory=dict)
    """What is looked at even so of each title that was verified; of None, that of APDUs without a title."""


class SourceLimits:
    """Decides about each APDU before anything of it is decoded or verified."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, trusted: Iterable[str] = ()) -> None:
        """``trusted``: addresses that the user named."""
        self._limits = limits
        self._trusted = frozenset(trusted)
        self._expected: Mapping[str, Collection[bytes]] = {}
        self._sources: OrderedDict[str, _Source] = OrderedDict()
        self._strangers: _Bucket | None = None
        self.dropped = 0
        """APDUs that were not looked at."""

    def trust(self, addresses: Iterable[str], titles: Mapping[str, Collection[bytes]] | None = None) -> None:
        """Replace the addresses that the user named.

        ``titles``: of the meters there; wrong tags do not make them unheard before they have proved themselves again.
        """
        self._trusted, self._expected = frozenset(addresses), titles or {}
        self._sources.clear()

    def is_trusted(self, address: str) -> bool:
        """Whether a source proved itself, or was named by the user."""
        address = _without_adapter(address)
        source = self._sources.get(address)
        return address in self._trusted if source is None else source.is_trusted

    def allows(self, address: str, now: float, *, is_protected: bool, title: ToldTitle = lambda: b"") -> bool:
        """Count an APDU; return whether to look at it.

        ``title``: asked only where the address has no more: a forged address shuts out no title verified there.
        """
        source = self._source(address, now)
        allowed = not (is_protected and now < source.deaf_until) and source.bucket.draws(now)
        if allowed and not source.is_trusted:
            allowed = self._of_strangers(now).draws(now)
        if not allowed and is_protected and source.proven:
            known = source.proven.get(title())
            allowed = known is not None and known.draws(now)
        self.dropped += not allowed
        return allowed

    def proved(self, address: str, now: float, title: bytes | None = None) -> None:
        """Note that an APDU was verified: it does not count, and its source is trusted from then on."""
        source = self._source(address, now)
        if not source.is_trusted:
            self._of_strangers(now).give_back()
            source.is_trusted = True
            source.bucket = self._bucket(now, self._limits.listener_trusted_factor)
        source.bucket.give_back()
        for each in (None, title):
            known = source.proven.pop(each, None) or self._bucket(now, 1)
            source.proven[each] = known  # behind those that were verified longer ago
            known.give_back()
        if len(source.proven) > _MOST_TITLES:
            del source.proven[next(iter(source.proven))]

    def forged(self, address: str, now: float) -> None:
        """Note a tag that does not fit. Somebody guesses keys, or has none."""
        source = self._source(address, now)
        source.failed_tags = [at for at in source.failed_tags if now - at < _MINUTE]
        source.failed_tags.append(now)
        if len(source.failed_tags) >= self._limits.listener_failed_tags:
            source.failed_tags.clear()
            source.deaf_until = now + _MINUTE

    def _source(self, address: str, now: float) -> _Source:
        address = _without_adapter(address)
        source = self._sources.get(address)
        if source is not None:
            self._sources.move_to_end(address)
            return source
        if len(self._sources) >= self._limits.listener_sources:
            self._forget_one()
        is_trusted = address in self._trusted
        source = _Source(self._bucket(now, self._limits.listener_trusted_factor if is_trusted else 1), is_trusted)
        for title in list(self._expected.get(address, ()))[:_MOST_TITLES]:
            source.proven[None] = source.proven.get(None) or self._bucket(now, 1)
            source.proven[title] = self._bucket(now, 1)
        self._sources[address] = source
        return source

    def _forget_one(self) -> None:
        # Strangers can come under any number of addresses: they push each other out, not those who proved themselves.
        stranger = next((address for address, each in self._sources.items() if not each.is_trusted), None)
        if stranger is None:
            self._sources.popitem(last=False)
        else:
            del self._sources[stranger]

    def _of_strangers(self, now: float) -> _Bucket:
        if self._strangers is None:
            self._strangers = self._bucket(now, self._limits.listener_strangers_factor)
        return self._strangers

    def _bucket(self, now: float, factor: int) -> _Bucket:
        return _Bucket(self._limits.listener_burst * factor, self._limits.listener_per_second * factor, now)


def _without_adapter(address: str) -> str:
    """Return an IPv6 address of this network as users and resolvers write it."""
    return address.partition("%")[0]
