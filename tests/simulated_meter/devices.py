"""The logical devices of the simulated meter: electricity on the management one, and a gas meter."""

from datetime import UTC, datetime
from functools import lru_cache

from custom_components.cosem.dlms.encoding.data import (
    Data,
    double_long_unsigned,
    long_unsigned,
    octet_string,
    unsigned,
    visible_string,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

from .buffers import daily_profile, event_log, load_profile, logged_code, logged_times
from .controls import control_objects
from .happenings import ALARM_REGISTERS, LOGS, STANDARD
from .household import DAY, EPOCH, Household
from .management import association_object, clock_object, sap_assignment, setup_objects
from .meter_time import MeterTime
from .noise import scatter, smooth
from .objects import Attribute, CosemObject, LogicalDevice, View, constant, data_object, register, scaler_unit
from .profile import Level, MeterProfile
from .push_setup import push_object, push_setup
from .registers import demand_registers, energy_registers, phase_registers, power_registers, service_registers

FIRMWARE = "SIM-FW 1.4.2"
_KIND_DIGITS = {"electricity": "103", "gas": "703"}


def serial_number(profile: MeterProfile, wport: int) -> str:
    """Return the eight digits printed on a device's plate."""
    return f"{scatter(profile.seed, 10, wport) % 100_000_000:08d}"


def logical_device_name(profile: MeterProfile, wport: int, kind: str) -> bytes:
    """Return 16 octets: manufacturer SIM, type, serial number."""
    return f"SIM{_KIND_DIGITS[kind]}00{serial_number(profile, wport)}".encode("ascii")


@lru_cache(32)
def _household(seed: int, phases: int, standard_offset: int) -> Household:
    """All meters with the same seed share it: it keeps nothing but what it has computed."""
    return Household(seed, phases=phases, standard_offset=standard_offset)


def build_devices(profile: MeterProfile) -> dict[int, LogicalDevice]:
    """Return the logical devices by their server wPorts."""
    household = _household(profile.seed, profile.phases, profile.standard_offset_minutes * 60)
    time = MeterTime(profile.standard_offset_minutes, profile.daylight_saving, profile.quirks.deviation)
    names = [
        (device.wport, logical_device_name(profile, device.wport, device.kind)) for device in profile.logical_devices
    ]
    devices = {}
    for description, (wport, name) in zip(profile.logical_devices, names, strict=True):
        device = LogicalDevice(
            wport=wport, name=name, profile=profile, household=household, time=time, neighbours=names
        )
        _add_common(device)
        if description.kind == "electricity":
            _add_electricity(device)
        else:
            _add_gas(device)
        devices[wport] = device
    return devices


def _add_common(device: LogicalDevice) -> None:
    serial = serial_number(device.profile, device.wport).encode("ascii")
    device.add(
        association_object(device),
        data_object("0.0.42.0.0", lambda _: octet_string(device.name), level=Level.IDENTITY),
        data_object("0.0.96.1.0", lambda _: octet_string(serial), level=Level.IDENTITY),
        data_object("1.0.0.2.0", lambda _: visible_string(FIRMWARE), level=Level.IDENTITY),
        clock_object(device),
    )


def _add_electricity(device: LogicalDevice) -> None:
    if device.wport == 1:
        version = device.profile.notifications.push_setup_version
        controls = control_objects(complete=device.profile.controls, push_version=version)
        device.add(sap_assignment(device), *setup_objects(device), *controls)
    device.add(
        *energy_registers(),
        *power_registers(),
        *phase_registers(device.profile.phases),
        *demand_registers(),
        *service_registers(),
        load_profile(device, device.profile.capture_period, device.profile.history_days),
        daily_profile(device),
        event_log(device),
        *_electricity_data(device),
    )
    if device.profile.notifications.logs:
        device.add(*_notifying_objects(device))


def _electricity_data(device: LogicalDevice) -> list[CosemObject]:
    return [
        data_object("0.0.96.1.1", lambda _: octet_string(b"simulated meter")),
        data_object("1.0.0.0.0", lambda _: octet_string(device.name[8:])),
        data_object("1.0.0.2.8", lambda _: octet_string(scatter(1, 42).to_bytes(8, "big"))),
        data_object("0.0.1.1.0", lambda view: double_long_unsigned(view.unix)),
        data_object("0.0.97.97.0", lambda _: double_long_unsigned(0)),
        alarm_register(device, 0),
        data_object("0.0.96.10.1", lambda _: unsigned(0)),
        last_event(device, STANDARD),
        data_object("0.0.96.14.0", lambda view: unsigned(view.instant.tariff)),
        data_object("0.0.96.7.21", lambda view: long_unsigned(max(view.unix - EPOCH, 0) // (23 * DAY))),
        data_object("0.0.96.2.0", lambda _: long_unsigned(3)),
        _operating_hours(),
    ]


def _operating_hours() -> CosemObject:
    """Hours in operation; reset starts them anew."""
    since = EPOCH

    def reset(view: View, _: Data) -> None:
        nonlocal since
        since = view.unix

    return CosemObject(
        class_id=3,
        logical_name=LogicalName.parse("0.0.96.8.0"),
        attributes={
            2: Attribute(read=lambda view: double_long_unsigned(max(view.unix - since, 0) // 3600)),
            3: constant(scaler_unit(0, 5)),
        },
        methods=1,
        executable={1: reset},
    )


def alarms(device: LogicalDevice, unix: int, register: int = 0) -> int:
    """Return an alarm register. The first has everyday alarms, on one day of ten; all have what happened."""
    dice = scatter(device.household.seed, 11, unix // DAY)
    everyday = 1 << (dice >> 8) % 5 if dice % 10 == 0 and register == 0 else 0
    return everyday | device.happenings.alarms(register, unix)


def alarm_register(device: LogicalDevice, register: int) -> CosemObject:
    """Return an alarm register (class 1); the first is number 0."""
    return data_object(f"0.0.97.98.{register}", lambda view: double_long_unsigned(alarms(device, view.unix, register)))


def last_event(device: LogicalDevice, log: int) -> CosemObject:
    """Return the code of the last entry of an event log (class 1); 0 if there is none."""

    def read(view: View) -> Data:
        times = logged_times(device, log, view.unix)
        return unsigned(logged_code(device, times[-1]) if times else 0)

    return data_object(f"0.0.96.11.{log}", read)


def _notifying_objects(device: LogicalDevice) -> list[CosemObject]:
    """Return what a meter has that tells every kind of event."""
    version = device.profile.notifications.push_setup_version
    names = [(40, "0.1.25.9.0"), *((1, f"0.0.97.98.{each}") for each in ALARM_REGISTERS)]
    pushed = [push_object(class_id, name, version=version) for class_id, name in names]
    return [
        *(alarm_register(device, register) for register in ALARM_REGISTERS),
        *(last_event(device, log) for log in LOGS),
        *(event_log(device, log) for log in LOGS),
        push_setup("0.1.25.9.0", *pushed, version=version),
    ]


def gas_volume(seed: int, unix: int) -> int:
    """Return the gas counter in litres: grows more in winter and in the evening."""
    days = max(unix - EPOCH, 0) / DAY
    # Each slope stays below the steady part's 3,300 l a day, so the sum never falls.
    steady = 3300 * days
    winter = 2600 * 58 * smooth(90 * DAY, max(unix, EPOCH), seed, 40) / 2
    return 184_000 + int(max(steady + winter, 0))


def _add_gas(device: LogicalDevice) -> None:
    seed = device.household.seed
    device.add(
        register("7.0.3.0.0", lambda view: double_long_unsigned(gas_volume(seed, view.unix)), -3, 13),
        register(
            "7.0.41.0.0",
            lambda view: long_unsigned(round(112 + 40 * smooth(9 * DAY, view.unix, seed, 41))),
            -1,
            9,
        ),
        data_object("7.0.0.0.0", lambda _: octet_string(device.name[8:])),
    )


def now() -> datetime:
    """Return the time of the machine."""
    return datetime.now(UTC)
