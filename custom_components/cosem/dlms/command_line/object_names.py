"""What usual objects are about, in a few words, for people who do not know codes by heart (IEC 62056-6-1).

Only what is the same at every meter; Home Assistant's own names are in the catalogue, which this program has not.
"""

from typing import Final

from ..encoding.logical_name import LogicalName, Medium

_USUAL: Final = {
    "0.0.1.0.0.255": "clock",
    "0.0.40.0.0.255": "this association",
    "0.0.41.0.0.255": "list of logical devices",
    "0.0.42.0.0.255": "logical device name",
    "0.0.43.0.0.255": "security setup",
    "0.0.96.1.0.255": "serial number",
    "0.0.96.3.10.255": "disconnect control",
    "1.0.0.2.0.255": "firmware version",
    "1.0.99.1.0.255": "load profile 1",
    "1.0.99.2.0.255": "load profile 2",
    "0.0.99.98.0.255": "event log",
}

_SUMS: Final = {
    1: "active {} import",
    2: "active {} export",
    3: "reactive {} import",
    4: "reactive {} export",
    9: "apparent {} import",
    10: "apparent {} export",
}
"""By value group C."""
_PHASES: Final = {20: 1, 40: 2, 60: 3}
"""Value group C from here on -> the phase."""
_OF_A_PHASE: Final = {11: "current", 12: "voltage", 13: "power factor"}
_OF_ALL: Final = {13: "power factor", 14: "frequency"}

_INSTANTANEOUS: Final = 7
_ENERGY: Final = 8
_ENERGY_OR_POWER: Final = {_INSTANTANEOUS: "power", _ENERGY: "energy", 6: "maximum power"}


def object_name(logical_name: LogicalName) -> str:
    """Return a few words, or ""."""
    if (name := _USUAL.get(str(logical_name))) is not None:
        return name
    if logical_name.a != Medium.ELECTRICITY or logical_name.f != 0xFF:
        return ""
    return _electricity(logical_name)


def _electricity(logical_name: LogicalName) -> str:
    quantity, kind, tariff = logical_name.c, logical_name.d, logical_name.e
    start = next((start for start in sorted(_PHASES, reverse=True) if quantity > start), 0)
    quantity -= start
    phase = f", L{_PHASES[start]}" if start else ""
    if kind in _ENERGY_OR_POWER and quantity in _SUMS:
        name = _SUMS[quantity].format(_ENERGY_OR_POWER[kind])
        return f"{name}{phase}{f', tariff {tariff}' if tariff else ''}"
    name = (_OF_A_PHASE if start else _OF_ALL).get(quantity, "") if kind == _INSTANTANEOUS and not tariff else ""
    return f"{name}{phase}" if name else ""
