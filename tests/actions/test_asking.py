"""How actions ask: again where a new association may mend it, and in words where nothing is sent."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.update_coordinator import UpdateFailed
import pytest

from custom_components.cosem.actions.asking import MOST_REPEATS, async_read_by, naming_what_is_impossible
from custom_components.cosem.dlms import Association, AttributeDescriptor, LocalProtocolError, LogicalName
from tests.conftest import set_up
from tests.simulated_meter.meter import SimulatedMeter

from .calls import EntryMaker

pytestmark = pytest.mark.usefixtures("network", "freezer")
POWER = AttributeDescriptor(3, LogicalName.parse("1.0.1.7.0.255"), 2)


async def test_a_kept_association_that_is_gone_costs_no_reading(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry(stay_connected=True))
    times = 0

    async def work(association: Association) -> object:
        nonlocal times
        times += 1
        if times == 1:
            meter.faults.add("fin", times=2)  # the stack asks once more by itself
        return await association.get(POWER)

    assert await async_read_by(entry.runtime_data, work) == meter.truth("1.0.1.7.0.255")
    assert times == 2


async def test_what_no_new_association_mends_is_said_at_once(
    hass: HomeAssistant, make_entry: EntryMaker, meter: SimulatedMeter
):
    entry = await set_up(hass, make_entry())
    times = 0

    async def work(association: Association) -> object:
        nonlocal times
        times += 1
        return await association.get(POWER)

    meter.faults.add("denied", object="1.0.1.7.0.255")
    with pytest.raises(UpdateFailed) as failed:
        await async_read_by(entry.runtime_data, work)
    assert (failed.value.translation_key, times) == ("service_refused", 1)


async def test_the_last_attempt_is_the_last(hass: HomeAssistant, make_entry: EntryMaker):
    entry = await set_up(hass, make_entry(stay_connected=True))
    coordinator = entry.runtime_data
    times = 0

    async def work(_association: Association) -> object:
        nonlocal times
        times += 1
        raise UpdateFailed

    before = coordinator.async_run

    async def mendable(work: object) -> object:
        try:
            return await before(work)
        finally:
            coordinator.security.may_be_mended = True

    coordinator.async_run = mendable
    with pytest.raises(UpdateFailed):
        await async_read_by(coordinator, work)
    assert times == MOST_REPEATS + 1


def test_what_was_typed_wrongly_is_named():
    with pytest.raises(ServiceValidationError) as refused, naming_what_is_impossible():
        raise LocalProtocolError("there is no such thing")
    assert refused.value.translation_key == "not_possible"
    assert refused.value.translation_placeholders == {"detail": "there is no such thing"}
