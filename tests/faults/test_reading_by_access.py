"""A meter that has ACCESS instead of lists, and accepts short requests only, is read like any other."""

from collections.abc import Callable
from dataclasses import replace

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.conftest import poll, set_up, state_of
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile

ENERGY = "3_1.0.1.8.0.255_2"

pytestmark = pytest.mark.usefixtures("network")


@pytest.fixture(params=[64, 75])
def meter(request: pytest.FixtureRequest) -> SimulatedMeter:
    """Without multiple references and general blocks; of this PDU size."""
    profile = MeterProfile().with_quirks(with_list=False, access=True)
    return SimulatedMeter(replace(profile, max_pdu_size=request.param), dt_util.utcnow)


async def test_polls_keep_to_the_meters_pdu_size(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    meter: SimulatedMeter,
    make_entry: Callable[..., MockConfigEntry],
    caplog: pytest.LogCaptureFixture,
):
    entry = await set_up(hass, make_entry())
    for _ in range(3):
        await poll(hass, freezer)
        assert entry.runtime_data.last_update_success
        assert round(float(state_of(hass, entry, ENERGY)) * 1000) == meter.truth("1.0.1.8.0.255").value
    assert entry.state is ConfigEntryState.LOADED
    requests = [request.apdu for request in meter.log if request.apdu[0] == 0xD9]
    size = meter.profile.max_pdu_size
    assert size - 11 < max(map(len, requests)) <= size, "as many as fit, and not one more"
    assert not [record.getMessage() for record in caplog.records if record.exc_info]
    await hass.config_entries.async_unload(entry.entry_id)
