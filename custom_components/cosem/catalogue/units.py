"""COSEM unit codes as Home Assistant units and device classes."""

from dataclasses import dataclass
from typing import Final

from homeassistant.components.sensor import SensorDeviceClass as Device, SensorStateClass
from homeassistant.components.sensor.const import DEVICE_CLASS_STATE_CLASSES, DEVICE_CLASS_UNITS
from homeassistant.const import (
    DEGREE,
    SIGNAL_STRENGTH_DECIBELS,
    SIGNAL_STRENGTH_DECIBELS_MILLIWATT,
    UnitOfApparentPower,
    UnitOfArea,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfEnergy,
    UnitOfFrequency,
    UnitOfLength,
    UnitOfMass,
    UnitOfPower,
    UnitOfPressure,
    UnitOfRatio,
    UnitOfReactiveEnergy,
    UnitOfReactivePower,
    UnitOfSpeed,
    UnitOfTemperature,
    UnitOfTime,
    UnitOfVolume,
    UnitOfVolumeFlowRate,
)

from ..dlms import Medium, unit_symbol

CURRENCY: Final = 10

_DEFAULT_DECIMALS: Final = 3


@dataclass(frozen=True, slots=True)
class HomeUnit:
    """A unit of Home Assistant and how to show it."""

    native: str
    device_class: Device | None = None
    shown_as: str | None = None
    """Suggested display unit."""
    shift: int = 0
    """Powers of ten from native to shown unit."""
    decimals: int = _DEFAULT_DECIMALS
    """Most decimals, in the shown unit."""
    exponent: int = 0
    """Powers of ten from the meter's unit to native."""


HOME_UNITS: Final[dict[int, HomeUnit]] = {
    1: HomeUnit(UnitOfTime.YEARS),
    2: HomeUnit(UnitOfTime.MONTHS),
    3: HomeUnit(UnitOfTime.WEEKS),
    4: HomeUnit(UnitOfTime.DAYS, Device.DURATION),
    5: HomeUnit(UnitOfTime.HOURS, Device.DURATION),
    6: HomeUnit(UnitOfTime.MINUTES, Device.DURATION),
    7: HomeUnit(UnitOfTime.SECONDS, Device.DURATION),
    8: HomeUnit(DEGREE, decimals=1),
    9: HomeUnit(UnitOfTemperature.CELSIUS, Device.TEMPERATURE, decimals=1),
    11: HomeUnit(UnitOfLength.METERS, Device.DISTANCE),
    12: HomeUnit(UnitOfSpeed.METERS_PER_SECOND, Device.SPEED),
    13: HomeUnit(UnitOfVolume.CUBIC_METERS, Device.VOLUME),
    14: HomeUnit(UnitOfVolume.CUBIC_METERS, Device.VOLUME),
    15: HomeUnit(UnitOfVolumeFlowRate.CUBIC_METERS_PER_HOUR, Device.VOLUME_FLOW_RATE),
    16: HomeUnit(UnitOfVolumeFlowRate.CUBIC_METERS_PER_HOUR, Device.VOLUME_FLOW_RATE),
    17: HomeUnit("m³/d"),
    18: HomeUnit("m³/d"),
    19: HomeUnit(UnitOfVolume.LITERS, Device.VOLUME),
    20: HomeUnit(UnitOfMass.KILOGRAMS, Device.WEIGHT),
    21: HomeUnit("N"),
    22: HomeUnit("Nm"),
    23: HomeUnit(UnitOfPressure.PA, Device.PRESSURE),
    24: HomeUnit(UnitOfPressure.BAR, Device.PRESSURE),
    25: HomeUnit(UnitOfEnergy.JOULE, Device.ENERGY, UnitOfEnergy.GIGA_JOULE, 9, 2),
    26: HomeUnit("J/h"),
    27: HomeUnit(UnitOfPower.WATT, Device.POWER, decimals=0),
    28: HomeUnit(UnitOfApparentPower.VOLT_AMPERE, Device.APPARENT_POWER, decimals=0),
    29: HomeUnit(UnitOfReactivePower.VOLT_AMPERE_REACTIVE, Device.REACTIVE_POWER, decimals=0),
    30: HomeUnit(UnitOfEnergy.WATT_HOUR, Device.ENERGY, UnitOfEnergy.KILO_WATT_HOUR, 3, 2),
    31: HomeUnit("kVAh", exponent=-3, decimals=2),  # no device class that could convert it
    32: HomeUnit(
        UnitOfReactiveEnergy.VOLT_AMPERE_REACTIVE_HOUR,
        Device.REACTIVE_ENERGY,
        UnitOfReactiveEnergy.KILO_VOLT_AMPERE_REACTIVE_HOUR,
        3,
        2,
    ),
    33: HomeUnit(UnitOfElectricCurrent.AMPERE, Device.CURRENT, decimals=2),
    34: HomeUnit("C"),
    35: HomeUnit(UnitOfElectricPotential.VOLT, Device.VOLTAGE, decimals=1),
    36: HomeUnit("V/m"),
    37: HomeUnit("F"),
    38: HomeUnit("Ω"),
    39: HomeUnit("Ωm"),
    40: HomeUnit("Wb"),
    41: HomeUnit("T"),
    42: HomeUnit("A/m"),
    43: HomeUnit("H"),
    44: HomeUnit(UnitOfFrequency.HERTZ, Device.FREQUENCY, decimals=2),
    45: HomeUnit("1/Wh"),
    46: HomeUnit("1/varh"),
    47: HomeUnit("1/VAh"),
    48: HomeUnit("V²h"),
    49: HomeUnit("A²h"),
    50: HomeUnit("kg/s"),
    51: HomeUnit("S"),
    52: HomeUnit(UnitOfTemperature.KELVIN, Device.TEMPERATURE, decimals=1),
    53: HomeUnit("1/V²h"),
    54: HomeUnit("1/A²h"),
    55: HomeUnit("1/m³"),
    56: HomeUnit(UnitOfRatio.PERCENTAGE, decimals=1),
    57: HomeUnit("Ah"),
    60: HomeUnit("Wh/m³"),
    61: HomeUnit("J/m³"),
    62: HomeUnit("mol %"),
    63: HomeUnit("g/m³"),
    64: HomeUnit("Pa·s"),
    65: HomeUnit("J/kg"),
    66: HomeUnit("g/cm²"),
    67: HomeUnit("atm"),
    70: HomeUnit(SIGNAL_STRENGTH_DECIBELS_MILLIWATT, Device.SIGNAL_STRENGTH, decimals=0),
    71: HomeUnit("dBµV", decimals=0),
    72: HomeUnit(SIGNAL_STRENGTH_DECIBELS, decimals=1),
    128: HomeUnit(UnitOfLength.INCHES, Device.DISTANCE),
    129: HomeUnit(UnitOfLength.FEET, Device.DISTANCE),
    130: HomeUnit(UnitOfMass.POUNDS, Device.WEIGHT),
    131: HomeUnit(UnitOfTemperature.FAHRENHEIT, Device.TEMPERATURE, decimals=1),
    132: HomeUnit("°R"),
    133: HomeUnit(UnitOfArea.SQUARE_INCHES, Device.AREA),
    134: HomeUnit(UnitOfArea.SQUARE_FEET, Device.AREA),
    135: HomeUnit(UnitOfArea.ACRES, Device.AREA),
    136: HomeUnit("in³"),
    137: HomeUnit(UnitOfVolume.CUBIC_FEET, Device.VOLUME),
    138: HomeUnit("ac ft"),
    139: HomeUnit("gal (imp)"),
    140: HomeUnit(UnitOfVolume.GALLONS, Device.VOLUME),
    142: HomeUnit(UnitOfPressure.PSI, Device.PRESSURE),
    151: HomeUnit(UnitOfVolume.CUBIC_FEET, Device.VOLUME),
    152: HomeUnit(UnitOfSpeed.FEET_PER_SECOND, Device.SPEED),
    154: HomeUnit(UnitOfVolumeFlowRate.CUBIC_FEET_PER_MINUTE, Device.VOLUME_FLOW_RATE),
    166: HomeUnit(UnitOfVolume.GALLONS, Device.VOLUME),
    168: HomeUnit(UnitOfVolumeFlowRate.GALLONS_PER_MINUTE, Device.VOLUME_FLOW_RATE),
    169: HomeUnit(UnitOfVolumeFlowRate.GALLONS_PER_HOUR, Device.VOLUME_FLOW_RATE),
    170: HomeUnit(UnitOfVolumeFlowRate.GALLONS_PER_DAY, Device.VOLUME_FLOW_RATE),
    173: HomeUnit(UnitOfPower.BTU_PER_HOUR),
}
"""Units that Home Assistant names, or writes otherwise; all others show the standard's symbol."""

_VOLUMES: Final[dict[int, Device]] = {
    Medium.GAS: Device.GAS,
    Medium.COLD_WATER: Device.WATER,
    Medium.HOT_WATER: Device.WATER,
}


def home_unit(code: int, medium: int, currency: str | None = None) -> HomeUnit | None:
    """Return a unit in a medium (value group A); None for codes without one."""
    if code == CURRENCY:
        return HomeUnit(currency, Device.MONETARY, decimals=2) if currency else None
    unit = HOME_UNITS.get(code)
    if unit is None:
        symbol = unit_symbol(code)
        return HomeUnit(symbol) if symbol else None
    if unit.device_class is Device.VOLUME and medium in _VOLUMES:
        special = _VOLUMES[medium]
        if unit.native in DEVICE_CLASS_UNITS[special]:
            return HomeUnit(unit.native, special)
    return unit


def accepts(device_class: Device, unit: str | None, state_class: SensorStateClass | None) -> bool:
    """Whether Home Assistant accepts the combination."""
    if device_class is not Device.MONETARY and unit not in DEVICE_CLASS_UNITS.get(device_class, {None}):
        return False
    return state_class is None or state_class in DEVICE_CLASS_STATE_CLASSES.get(device_class, set())
