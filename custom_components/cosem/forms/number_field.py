"""The fields of forms for whole numbers."""

from typing import Any, override

from homeassistant.helpers.selector import NumberSelector, NumberSelectorConfig, NumberSelectorMode

from ..meter.whole_number import whole_number


class WholeNumberSelector(NumberSelector):
    """Gives whole numbers, where the usual one gives a float. Raises vol.Invalid for what is none."""

    def __init__(self, config: NumberSelectorConfig) -> None:
        """Take the same configuration as the usual one."""
        super().__init__(config)
        self._usual = NumberSelector(config)

    @override
    def __call__(self, data: Any) -> int:
        return whole_number(self._usual(data))


def number_field(minimum: int, maximum: int, unit: str | None = None) -> WholeNumberSelector:
    """Return a field for whole numbers."""
    config = NumberSelectorConfig(min=minimum, max=maximum, step=1, mode=NumberSelectorMode.BOX)
    if unit is not None:
        config["unit_of_measurement"] = unit
    return WholeNumberSelector(config)
