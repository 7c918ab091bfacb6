"""Repeatable pseudo-random numbers as a pure function of (seed, keys): no state, any point in time is cheap."""

from typing import Final

_MASK: Final = (1 << 64) - 1


def _mix(number: int) -> int:
    """The finaliser of SplitMix64."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


def scatter(*keys: int) -> int:
    """Return 64 bits that depend on all keys."""
    number = 0
    for key in keys:
        number = _mix(number ^ (key & _MASK))
    return number


def unit(*keys: int) -> float:
    """Return a number in [-1, 1) that depends on all keys."""
    return scatter(*keys) / (1 << 63) - 1.0


def smooth(period: float, at: float, *keys: int) -> float:
    """Return a slowly moving number in [-1, 1): random every ``period`` seconds, eased in between."""
    knot, part = divmod(at / period, 1.0)
    before, after = unit(*keys, int(knot)), unit(*keys, int(knot) + 1)
    eased = part * part * (3 - 2 * part)
    return before + (after - before) * eased
