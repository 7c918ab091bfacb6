"""The electricity registers: logical names, types, scalers and units, and what they show.

Units: 5 h, 9 °C, 27 W, 28 VA, 29 var, 30 Wh, 31 VAh, 32 varh, 33 A, 35 V, 44 Hz, 255 none.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from custom_components.cosem.dlms.encoding.data import (
    Data,
    double_long,
    double_long_unsigned,
    long,
    long64,
    long_unsigned,
    octet_string,
    unsigned,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

from .household import EPOCH, PERIOD
from .objects import Attribute, CosemObject, View, constant, register, scaler_unit

type Reading = Callable[[View], Data]

_PHASE_CODES = (20, 40, 60)


def _counter(field: str) -> Reading:
    return lambda view: double_long_unsigned(getattr(view.energies, field))


def energy_registers() -> Iterator[CosemObject]:
    """Yield the energies since installation."""
    for code, field, unit in (
        ("1.0.1.8.0", "import_total", 30),
        ("1.0.1.8.1", "import_1", 30),
        ("1.0.1.8.2", "import_2", 30),
        ("1.0.2.8.0", "export_total", 30),
        ("1.0.2.8.1", "export_1", 30),
        ("1.0.2.8.2", "export_2", 30),
        ("1.0.3.8.0", "reactive_import", 32),
        ("1.0.4.8.0", "reactive_export", 32),
        ("1.0.9.8.0", "apparent_import", 31),
    ):
        yield register(code, _counter(field), 0, unit)
    yield register(
        "1.0.15.8.0",
        lambda view: double_long_unsigned(view.energies.import_total + view.energies.export_total),
        0,
        30,
    )
    yield register("1.0.16.8.0", lambda view: long64(view.energies.import_total - view.energies.export_total), 0, 30)


def power_registers() -> Iterator[CosemObject]:
    """Yield powers, power factor and frequency of the whole connection."""
    yield register("1.0.1.7.0", lambda view: double_long_unsigned(max(view.instant.power, 0)), 0, 27)
    yield register("1.0.2.7.0", lambda view: double_long_unsigned(max(-view.instant.power, 0)), 0, 27)
    yield register("1.0.16.7.0", lambda view: double_long(view.instant.power), 0, 27)
    yield register("1.0.3.7.0", lambda view: double_long_unsigned(max(view.instant.reactive, 0)), 0, 29)
    yield register("1.0.4.7.0", lambda view: double_long_unsigned(max(-view.instant.reactive, 0)), 0, 29)
    yield register("1.0.9.7.0", lambda view: double_long_unsigned(view.instant.apparent), 0, 28)
    yield register("1.0.13.7.0", lambda view: long_unsigned(view.instant.power_factor), -3, 255)
    yield register("1.0.14.7.0", lambda view: long_unsigned(view.instant.frequency), -2, 44)


def phase_registers(phases: int) -> Iterator[CosemObject]:
    """Yield power, current, voltage, power factor of each phase."""

    def yield_phase(index: int) -> Iterator[CosemObject]:
        base = _PHASE_CODES[index]
        yield register(
            f"1.0.{base + 1}.7.0", lambda view: double_long_unsigned(max(view.instant.phases[index].power, 0)), 0, 27
        )
        yield register(
            f"1.0.{base + 2}.7.0", lambda view: double_long_unsigned(max(-view.instant.phases[index].power, 0)), 0, 27
        )
        yield register(f"1.0.{base + 11}.7.0", lambda view: long_unsigned(view.instant.phases[index].current), -2, 33)
        yield register(f"1.0.{base + 12}.7.0", lambda view: long_unsigned(view.instant.phases[index].voltage), -1, 35)
        yield register(
            f"1.0.{base + 13}.7.0", lambda view: long_unsigned(view.instant.phases[index].power_factor), -3, 255
        )

    for phase in range(phases):
        yield from yield_phase(phase)
    if phases == 3:
        yield register("1.0.91.7.0", lambda view: long_unsigned(view.instant.neutral_current), -2, 33)


def demand_registers() -> Iterator[CosemObject]:
    """Yield the running demand, this month's maximum, and the import at the last billing."""
    yield _demand("1.0.1.4.0", lambda view, start, end: view.device.household.average_import(start, end))
    yield _demand("1.0.2.4.0", lambda view, start, end: view.device.household.average_export(start, end))
    yield _extended("1.0.1.6.0", lambda view: double_long_unsigned(_peak(view)[0]), 27, lambda view: _peak(view)[1])
    yield _extended(
        "1.0.1.8.0.101",
        lambda view: double_long_unsigned(
            view.device.household.energies(datetime.fromtimestamp(billing(view), UTC)).import_total
        ),
        30,
        billing,
    )


def service_registers() -> Iterator[CosemObject]:
    """Yield temperature and battery of the meter."""
    yield register("0.0.96.9.0", lambda view: long(view.instant.temperature), -1, 9)
    yield register("0.0.96.6.3", lambda view: long_unsigned(3610 - view.unix % 977 // 60), -3, 35)


def billing(view: View) -> int:
    """Return the begin of the running month by local time, in UNIX seconds."""
    local = view.device.time.local(view.at)
    first = datetime(local.year, local.month, 1, tzinfo=UTC)
    offset = timedelta(minutes=view.device.time.standard_offset_minutes)
    if view.device.time.saving(first - offset):
        offset += timedelta(hours=1)
    return max(int((first - offset).timestamp()), EPOCH)


def _peak(view: View) -> tuple[int, int]:
    """This month's largest demand in W, and the end of its period."""
    return view.device.household.peak_import(billing(view), view.unix)


def _demand(name: str, average: Callable[[View, int, int], int]) -> CosemObject:
    """Class 5, blocks of one period."""

    def start(view: View) -> int:
        return view.unix // PERIOD * PERIOD

    return CosemObject(
        class_id=5,
        logical_name=LogicalName.parse(name),
        attributes={
            2: Attribute(read=lambda view: double_long_unsigned(average(view, start(view), view.unix))),
            3: Attribute(read=lambda view: double_long_unsigned(average(view, start(view) - PERIOD, start(view)))),
            4: constant(scaler_unit(0, 27)),
            5: constant(unsigned(0)),
            6: Attribute(read=lambda view: view.date_time(start(view))),
            7: Attribute(read=lambda view: view.date_time(start(view))),
            8: constant(double_long_unsigned(PERIOD)),
            9: constant(long_unsigned(1)),
        },
        methods=2,
    )


def _extended(name: str, read: Reading, unit: int, captured: Callable[[View], int]) -> CosemObject:
    return CosemObject(
        class_id=4,
        logical_name=LogicalName.parse(name),
        attributes={
            2: Attribute(read=read),
            3: constant(scaler_unit(0, unit)),
            4: constant(octet_string(b"\x00")),
            5: Attribute(read=lambda view: view.date_time(captured(view))),
        },
        methods=1,
    )
