"""What a meter refuses, and for how long that counts. Pure: the caller says what time it is.

One refusal is never for good: a meter may be busy, starting, or half configured. Until there were three, each in an
association of its own, there is just no value; afterwards the attribute is asked for once a day.
"""

from dataclasses import dataclass
from typing import Final

from ..dlms import AttributeDescriptor

LASTING_AFTER: Final = 3
ASKED_AGAIN_AFTER: Final = 86_400.0
"""Seconds."""


@dataclass(slots=True)
class _Refusal:
    reason: str
    times: int
    association: object
    asked: float


class Refusals:
    """The attributes that a meter refuses."""

    def __init__(self) -> None:
        """Begin without any: after a start everything is asked for again."""
        self._refusals: dict[AttributeDescriptor, _Refusal] = {}

    def note(self, attribute: AttributeDescriptor, reason: str, association: object, now: float) -> bool:
        """Note a refusal; return whether it became a lasting one just now."""
        known = self._refusals.get(attribute)
        if known is None:
            self._refusals[attribute] = _Refusal(reason, 1, association, now)
            return False
        known.reason, known.asked = reason, now
        if known.association is association:
            return False
        known.association = association
        known.times += 1
        return known.times == LASTING_AFTER

    def forget(self, attribute: AttributeDescriptor) -> None:
        """Note that the meter gave an answer."""
        self._refusals.pop(attribute, None)

    def is_suspect(self, attribute: AttributeDescriptor) -> bool:
        """Whether an attribute was refused the last time."""
        return attribute in self._refusals

    def is_lasting(self, attribute: AttributeDescriptor | None) -> bool:
        """Whether the meter seems to refuse an attribute for good."""
        return attribute is not None and (known := self._refusals.get(attribute)) is not None and _lasts(known)

    def is_resting(self, attribute: AttributeDescriptor | None, now: float) -> bool:
        """Whether an attribute is not to be asked for now."""
        known = None if attribute is None else self._refusals.get(attribute)
        return known is not None and _lasts(known) and now - known.asked < ASKED_AGAIN_AFTER

    def lasting(self) -> dict[AttributeDescriptor, str]:
        """Return what seems to be refused for good, and the reasons."""
        return {attribute: known.reason for attribute, known in self._refusals.items() if _lasts(known)}


def _lasts(refusal: _Refusal) -> bool:
    return refusal.times >= LASTING_AFTER
