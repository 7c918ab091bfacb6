"""What the simulated home really had, computed from its model in Decimal: no octets, no scaler, no code of the stack.

In Wh, varh, VAh, W, var, VA, V, A, Hz, m³; power factors without a unit.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Final

from tests.simulated_meter.devices import gas_volume
from tests.simulated_meter.household import Energies, Household, Instant

TENTH, HUNDREDTH, THOUSANDTH = Decimal("0.1"), Decimal("0.01"), Decimal("0.001")

ENERGIES: Final[dict[str, Callable[[Energies], int]]] = {
    "1.0.1.8.0.255": lambda counted: counted.import_1 + counted.import_2,
    "1.0.1.8.1.255": lambda counted: counted.import_1,
    "1.0.1.8.2.255": lambda counted: counted.import_2,
    "1.0.2.8.0.255": lambda counted: counted.export_1 + counted.export_2,
    "1.0.2.8.1.255": lambda counted: counted.export_1,
    "1.0.2.8.2.255": lambda counted: counted.export_2,
    "1.0.3.8.0.255": lambda counted: counted.reactive_import,
    "1.0.4.8.0.255": lambda counted: counted.reactive_export,
    "1.0.9.8.0.255": lambda counted: counted.apparent_import,
}

POWERS: Final[dict[str, Callable[[Instant], int]]] = {
    "1.0.1.7.0.255": lambda now: max(sum(phase.power for phase in now.phases), 0),
    "1.0.2.7.0.255": lambda now: max(-sum(phase.power for phase in now.phases), 0),
    "1.0.16.7.0.255": lambda now: sum(phase.power for phase in now.phases),
    "1.0.3.7.0.255": lambda now: max(sum(phase.reactive for phase in now.phases), 0),
    "1.0.4.7.0.255": lambda now: max(-sum(phase.reactive for phase in now.phases), 0),
    "1.0.9.7.0.255": lambda now: now.apparent,
}


def _of_phases() -> dict[str, Callable[[Instant], Decimal]]:
    """Return what each phase shows: L1 has the codes 21 to 33, L2 those 20 higher, L3 40 higher."""
    found: dict[str, Callable[[Instant], Decimal]] = {}
    for index in range(3):
        code = 20 * (index + 1)
        found |= {
            f"1.0.{code + 1}.7.0.255": lambda now, at=index: Decimal(max(now.phases[at].power, 0)),
            f"1.0.{code + 2}.7.0.255": lambda now, at=index: Decimal(max(-now.phases[at].power, 0)),
            f"1.0.{code + 11}.7.0.255": lambda now, at=index: now.phases[at].current * HUNDREDTH,
            f"1.0.{code + 12}.7.0.255": lambda now, at=index: now.phases[at].voltage * TENTH,
            f"1.0.{code + 13}.7.0.255": lambda now, at=index: now.phases[at].power_factor * THOUSANDTH,
        }
    return found


SCALED: Final[dict[str, Callable[[Instant], Decimal]]] = {
    "1.0.13.7.0.255": lambda now: now.power_factor * THOUSANDTH,
    "1.0.14.7.0.255": lambda now: now.frequency * HUNDREDTH,
    "1.0.91.7.0.255": lambda now: now.neutral_current * HUNDREDTH,
    **_of_phases(),
}

GAS: Final = "7.0.3.0.0.255"


def value_of(household: Household, logical_name: str, at: datetime) -> Decimal:
    """Return what the register of this name had to show at this time; KeyError for one that is not told here."""
    if logical_name == GAS:
        return gas_volume(household.seed, int(at.timestamp())) * THOUSANDTH
    if logical_name in ENERGIES:
        return Decimal(ENERGIES[logical_name](household.energies(at)))
    now = household.instant(at)
    if logical_name in POWERS:
        return Decimal(POWERS[logical_name](now))
    return SCALED[logical_name](now)
