"""Wire samples: those that ship with the project, and those of a ``shared`` folder beside the checkout if there.

Samples captured by other projects are not ours to ship; a test uses them only where that folder exists.
"""

from functools import cache
import json
from pathlib import Path
from typing import Any, NamedTuple

OWN = Path(__file__).parent / "vectors"
FOREIGN = Path(__file__).parents[2] / "shared" / "vectors"


class Vector(NamedTuple):
    """One sample; see tests/vectors/README.md for the fields."""

    name: str
    octets: bytes
    expect: dict[str, Any]
    keys: dict[str, Any]
    fields: dict[str, Any]


CAPTURED = frozenset({"push-capture"})
"""Themes of which nothing is ours to ship."""


@cache
def vectors(theme: str) -> tuple[Vector, ...]:
    """Return all samples of one file, each name once, our own first. FileNotFoundError for a theme without any."""
    found: dict[str, Vector] = {}
    if theme not in CAPTURED and not (OWN / f"{theme}.json").exists():
        raise FileNotFoundError(theme)
    for folder in (OWN, FOREIGN):
        file = folder / f"{theme}.json"
        if not file.exists():
            continue
        for entry in json.loads(file.read_text()):
            octets = bytes.fromhex(entry.get("hex", ""))
            found.setdefault(
                entry["name"], Vector(entry["name"], octets, entry["expect"], entry.get("keys", {}), entry)
            )
    return tuple(found.values())


def by_name(theme: str, name: str) -> Vector:
    """Return one sample."""
    return next(vector for vector in vectors(theme) if vector.name == name)
