"""An entry with keys polls through Home Assistant: its counter is stored before it is used, its meter is pinned."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from tests.conftest import HOST, poll, set_up, state_of
from tests.secured_entries import counters_sent, issues, secured_entry, secured_profile, with_client
from tests.simulated_meter.meter import SimulatedMeter

ENERGY = "3_1.0.1.8.0.255_2"
FILE = "cosem.invocation_counters"

pytestmark = pytest.mark.usefixtures("network", "freezer")


@pytest.fixture
def meter() -> SimulatedMeter:
    """A meter with every authentication and protection."""
    return SimulatedMeter(secured_profile(), dt_util.utcnow)


def is_fresh(hass: HomeAssistant, meter: SimulatedMeter, entry: Any) -> bool:
    return round(float(state_of(hass, entry, ENERGY)) * 1000) == meter.truth("1.0.1.8.0.255").value


@pytest.mark.parametrize("wport", [1, 3, 4, 5, 6, 7, 8, 9, 10, 15, 19])
@pytest.mark.parametrize("stay_connected", [False, True])
async def test_entry_with_keys_polls(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    meter: SimulatedMeter,
    wport: int,
    stay_connected: bool,
):
    entry = await set_up(hass, secured_entry(meter, wport, options={"stay_connected": stay_connected}))
    assert entry.state is ConfigEntryState.LOADED
    for _ in range(2):
        await poll(hass, freezer)
        assert is_fresh(hass, meter, entry)
    sent = counters_sent(meter, wport)
    assert len(sent) == len(set(sent))
    if sent:
        assert all(max(sent) < ceiling for ceiling in hass_storage[FILE]["data"]["ceilings"].values())
    assert issues(hass) == set()
    await hass.config_entries.async_unload(entry.entry_id)
    assert meter.open_links == 0


async def test_s17_data_that_nobody_authenticated_say_so(hass: HomeAssistant, meters: dict[str, SimulatedMeter]):
    """Decrypted without verifying: every entity has the mark, and the device a sensor that says so."""
    profile = with_client(secured_profile(), 19, policy=0x68, setup_version=1)  # asks for encryption, answers with both
    meter = meters[HOST] = SimulatedMeter(profile, dt_util.utcnow)
    entry = await set_up(hass, secured_entry(meter, 19, authentication_key=None, accept_unverified=True))
    assert entry.state is ConfigEntryState.LOADED
    assert is_fresh(hass, meter, entry)
    sensor = hass.states.get("sensor.meter_authenticity_of_the_data")
    assert sensor is not None
    assert sensor.state == "not_authenticated"
    others = [state for state in hass.states.async_all("sensor") if state is not sensor]
    assert others
    assert all(state.attributes["authenticated"] is False for state in others)


async def test_s17_data_that_are_encrypted_only_say_so(hass: HomeAssistant, meters: dict[str, SimulatedMeter]):
    """Without a tag whoever is in between can change single bits of a value, knowing no key."""
    profile = with_client(secured_profile(), 19, policy=0x48, setup_version=1)
    meter = meters[HOST] = SimulatedMeter(profile, dt_util.utcnow)
    entry = await set_up(hass, secured_entry(meter, 19, authentication_key=None, protection="encrypted"))
    assert entry.state is ConfigEntryState.LOADED
    assert is_fresh(hass, meter, entry)
    sensor = hass.states.get("sensor.meter_authenticity_of_the_data")
    assert sensor is not None
    assert sensor.state == "not_authenticated"


async def test_s17_verified_data_have_no_mark(hass: HomeAssistant, meter: SimulatedMeter):
    await set_up(hass, secured_entry(meter))
    assert hass.states.get("sensor.meter_authenticity_of_the_data") is None
    assert all("authenticated" not in state.attributes for state in hass.states.async_all("sensor"))
