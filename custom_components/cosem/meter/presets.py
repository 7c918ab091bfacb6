"""What is usual: wPorts of meter families, and objects of home meters.

Their texts: selectors ``preset`` and ``preset_hint``.
"""

from dataclasses import dataclass
from typing import Final

from ..const import PRESET_GENERIC
from ..dlms import CLOCK, MANAGEMENT_WPORT, PUBLIC_CLIENT_WPORT, InterfaceClass, LogicalName


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One family's usual wPorts, for what a person leaves empty."""

    public_client: int = PUBLIC_CLIENT_WPORT
    """For everybody; often sees little more than the identity."""

    authenticated_client: int = 1
    """For a password or keys: the least privileged that sees the registers."""

    server: int = MANAGEMENT_WPORT
    """The management logical device."""

    def client(self, *, authenticated: bool) -> int:
        """Return the client wPort."""
        return self.authenticated_client if authenticated else self.public_client


PRESETS: Final[dict[str, Preset]] = {
    PRESET_GENERIC: Preset(),
    "idis_dsmr": Preset(),
    "spodes": Preset(authenticated_client=32),
    "itron_sl7000": Preset(public_client=7, authenticated_client=7),
    "mcs301": Preset(),
    "gateway_2n": Preset(),
}


def preset_of(name: str) -> Preset:
    """Return a preset, the generic one for an unknown name."""
    # Another version may have made the entry.
    return PRESETS.get(name, PRESETS[PRESET_GENERIC])


def _registers(*logical_names: str) -> tuple[tuple[int, LogicalName], ...]:
    return tuple((InterfaceClass.REGISTER, LogicalName.parse(name)) for name in logical_names)


USUAL_OBJECTS: Final[tuple[tuple[int, LogicalName], ...]] = (
    *_registers("1.0.1.8.0.255", *(f"1.0.1.8.{rate}.255" for rate in range(1, 5))),  # energy import, rates 1 to 4
    *_registers("1.0.2.8.0.255", *(f"1.0.2.8.{rate}.255" for rate in range(1, 5))),  # energy export
    *_registers("1.0.15.8.0.255", "1.0.16.8.0.255"),  # energy, absolute sum and net
    *_registers("1.0.3.8.0.255", "1.0.4.8.0.255"),  # reactive energy
    *_registers("1.0.1.7.0.255", "1.0.2.7.0.255", "1.0.15.7.0.255", "1.0.16.7.0.255"),  # power
    *_registers("1.0.21.7.0.255", "1.0.41.7.0.255", "1.0.61.7.0.255"),  # power import by phase
    *_registers("1.0.22.7.0.255", "1.0.42.7.0.255", "1.0.62.7.0.255"),  # power export by phase
    *_registers("1.0.12.7.0.255", "1.0.32.7.0.255", "1.0.52.7.0.255", "1.0.72.7.0.255"),  # voltage
    *_registers("1.0.11.7.0.255", "1.0.31.7.0.255", "1.0.51.7.0.255", "1.0.71.7.0.255"),  # current
    *_registers("1.0.14.7.0.255", "1.0.13.7.0.255"),  # frequency, power factor
    (InterfaceClass.EXTENDED_REGISTER, LogicalName.parse("1.0.1.6.0.255")),  # maximum demand
    *_registers("7.0.3.0.0.255", "7.0.3.1.0.255", "7.0.13.2.0.255"),  # gas
    *_registers("8.0.1.0.0.255", "9.0.1.0.0.255"),  # cold and hot water
    *_registers("6.0.1.0.0.255", "6.0.2.0.0.255", "6.0.8.0.0.255"),  # heat
    (InterfaceClass.CLOCK, CLOCK),
)
"""Class and logical name; each is tried once without an object list."""
