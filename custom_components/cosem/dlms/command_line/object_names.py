"""What usual objects are about, in a few words, for people who do not know codes by heart (IEC 62056-6-1).

Only what is the same at every meter; Home Assistant's own names are in the catalogue, which this program has not.
"""

from typing import Final

from ..encoding.logical_name import LogicalName, Medium

_USUAL: Final = {
    "0.0.1.0.0.255": "clock",
    "0.0.1.1.0.255": "clock, in Unix time",
    "0.0.40.0.0.255": "this association",
    "0.0.41.0.0.255": "list of logical devices",
    "0.0.42.0.0.255": "logical device name",
    "0.0.43.0.0.255": "security setup",
    "0.0.43.1.0.255": "invocation counter",
    "0.0.96.1.0.255": "serial number",
    "0.0.96.1.10.255": "metering point",
    "0.0.96.2.0.255": "number of set-up changes",
    "0.0.96.2.1.255": "time of the last set-up change",
    "0.0.96.3.10.255": "disconnect control",
    "0.0.96.5.0.255": "operating status",
    "0.0.96.6.3.255": "battery voltage",
    "0.0.96.6.6.255": "battery, time left",
    "0.0.96.7.0.255": "power failures in all phases",
    "0.0.96.7.21.255": "power failures in any phase",
    "0.0.96.8.0.255": "operating time",
    "0.0.96.9.0.255": "ambient temperature",
    "0.0.96.10.1.255": "profile status",
    "0.0.96.11.0.255": "event code",
    "0.0.96.13.0.255": "message to the consumer",
    "0.0.96.14.0.255": "active tariff",
    "0.0.97.97.0.255": "error register",
    "0.0.97.98.0.255": "alarm register",
    "0.0.98.1.0.255": "billing values",
    "1.0.0.0.0.255": "electricity meter's number",
    "1.0.98.1.0.255": "billing values",
    "1.0.99.97.0.255": "power failure log",
    "1.0.90.7.0.255": "current, sum of the phases",
    "1.0.91.7.0.255": "current, neutral",
    "1.0.0.2.0.255": "firmware version",
    "1.0.0.2.8.255": "firmware signature",
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
    15: "active {}, import and export together",
    16: "active {}, import less export",
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
