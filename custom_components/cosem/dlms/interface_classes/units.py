"""Units by their code (unit of scaler_unit, IEC 62056-6-2, class Register)."""

from dataclasses import dataclass
from typing import Final

NO_UNIT: Final = 255
"""No unit: counts, ratios, power factors."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Code on the wire, printed symbol, quantity measured."""

    code: int
    symbol: str
    quantity: str


_TABLE: Final[tuple[tuple[int, str, str], ...]] = (
    (1, "a", "time"),
    (2, "mo", "time"),
    (3, "wk", "time"),
    (4, "d", "time"),
    (5, "h", "time"),
    (6, "min", "time"),
    (7, "s", "time"),
    (8, "°", "phase angle"),
    (9, "°C", "temperature"),
    (10, "currency", "local currency"),
    (11, "m", "length"),
    (12, "m/s", "speed"),
    (13, "m³", "volume"),
    (14, "m³", "corrected volume"),
    (15, "m³/h", "volume flux"),
    (16, "m³/h", "corrected volume flux"),
    (17, "m³/d", "volume flux"),
    (18, "m³/d", "corrected volume flux"),
    (19, "l", "volume"),
    (20, "kg", "mass"),
    (21, "N", "force"),
    (22, "Nm", "energy"),
    (23, "Pa", "pressure"),
    (24, "bar", "pressure"),
    (25, "J", "energy"),
    (26, "J/h", "thermal power"),
    (27, "W", "active power"),
    (28, "VA", "apparent power"),
    (29, "var", "reactive power"),
    (30, "Wh", "active energy"),
    (31, "VAh", "apparent energy"),
    (32, "varh", "reactive energy"),
    (33, "A", "current"),
    (34, "C", "electrical charge"),
    (35, "V", "voltage"),
    (36, "V/m", "electric field strength"),
    (37, "F", "capacitance"),
    (38, "Ω", "resistance"),
    (39, "Ωm²/m", "resistivity"),
    (40, "Wb", "magnetic flux"),
    (41, "T", "magnetic flux density"),
    (42, "A/m", "magnetic field strength"),
    (43, "H", "inductance"),
    (44, "Hz", "frequency"),
    (45, "1/Wh", "active energy meter constant"),
    (46, "1/varh", "reactive energy meter constant"),
    (47, "1/VAh", "apparent energy meter constant"),
    (48, "V²h", "volt-squared hours"),
    (49, "A²h", "ampere-squared hours"),
    (50, "kg/s", "mass flux"),
    (51, "S", "conductance"),
    (52, "K", "temperature"),
    (53, "1/V²h", "volt-squared hour meter constant"),
    (54, "1/A²h", "ampere-squared hour meter constant"),
    (55, "1/m³", "volume meter constant"),
    (56, "%", "percentage"),
    (57, "Ah", "ampere-hours"),
    (60, "Wh/m³", "energy per volume"),
    (61, "J/m³", "calorific value"),
    (62, "mol %", "molar fraction"),
    (63, "g/m³", "density"),
    (64, "Pa s", "dynamic viscosity"),
    (65, "J/kg", "specific energy"),
    (66, "g/cm²", "pressure"),
    (67, "atm", "pressure"),
    (70, "dBm", "signal strength"),
    (71, "dBµV", "signal strength"),
    (72, "dB", "logarithmic ratio"),
    (128, "in", "length"),
    (129, "ft", "length"),
    (130, "lb", "mass"),
    (131, "°F", "temperature"),
    (132, "°R", "temperature"),
    (133, "sq in", "area"),
    (134, "sq ft", "area"),
    (135, "acre", "area"),
    (136, "cu in", "volume"),
    (137, "cu ft", "volume"),
    (138, "ac ft", "volume"),
    (139, "gal (imp)", "volume"),
    (140, "gal (US)", "volume"),
    (141, "lbf", "force"),
    (142, "psi", "pressure"),
    (143, "lb/cu ft", "density"),
    (144, "lb/(ft s)", "dynamic viscosity"),
    (145, "sq ft/s", "kinematic viscosity"),
    (146, "Btu", "energy"),
    (147, "thm (EC)", "energy"),
    (148, "thm (US)", "energy"),
    (149, "Btu/lb", "calorific value of mass"),
    (150, "Btu/cu ft", "calorific value of volume"),
    (151, "cu ft", "volume"),
    (152, "ft/s", "speed"),
    (153, "cu ft/s", "volume flux"),
    (154, "cu ft/min", "volume flux"),
    (155, "cu ft/h", "volume flux"),
    (156, "cu ft/d", "volume flux"),
    (157, "ac ft/s", "volume flux"),
    (158, "ac ft/min", "volume flux"),
    (159, "ac ft/h", "volume flux"),
    (160, "ac ft/d", "volume flux"),
    (161, "gal (imp)", "volume"),
    (162, "gal (imp)/s", "volume flux"),
    (163, "gal (imp)/min", "volume flux"),
    (164, "gal (imp)/h", "volume flux"),
    (165, "gal (imp)/d", "volume flux"),
    (166, "gal (US)", "volume"),
    (167, "gal (US)/s", "volume flux"),
    (168, "gal (US)/min", "volume flux"),
    (169, "gal (US)/h", "volume flux"),
    (170, "gal (US)/d", "volume flux"),
    (171, "Btu/s", "power"),
    (172, "Btu/min", "power"),
    (173, "Btu/h", "power"),
    (174, "Btu/d", "power"),
)

UNITS: Final[dict[int, Unit]] = {row[0]: Unit(*row) for row in _TABLE}
"""Units with a symbol: not 253 (extended table), 254 (other), 255 (none)."""


def unit_symbol(code: int) -> str | None:
    """Printed symbol of a unit code, None without one."""
    unit = UNITS.get(code)
    return unit.symbol if unit else None
