"""Whole numbers in forms and in the data of actions."""

from typing import Any

import voluptuous as vol


def whole_number(value: Any) -> int:
    """Return a number in any form that means a whole one. Raises vol.Invalid: nothing is cut off to find a target."""
    try:
        number = int(value)
    except TypeError, ValueError, OverflowError:
        raise vol.Invalid("expected a whole number") from None
    if isinstance(value, bool) or (isinstance(value, float) and value != number):
        raise vol.Invalid("expected a whole number")
    return number
