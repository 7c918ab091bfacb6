"""F31 to F36: the meter answers, and the answer is no."""

import pytest

from custom_components.cosem.dlms import AssociationRejected, Data, DataAccessError, ExceptionReceived
from custom_components.cosem.dlms.client.channel import with_wrapper
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile, Refusal
from tests.timed_client import TimedClient

from .conftest import FAST, MeterClock, Poller, attribute

VOLTAGE = attribute(3, "1.0.32.7.0.255")


@pytest.mark.parametrize("service_error", [1, 3])
async def test_f31_busy(poller: Poller, clock: MeterClock, service_error: int):
    poller.meter.faults.add("busy", code=service_error)
    with pytest.raises(ExceptionReceived) as caught:
        await poller.poll()
    assert caught.value.service_error == service_error
    clock.advance(seconds=30)
    await poller.recovers()


async def test_f31_busy_does_not_shrink_the_lists_for_good(poller: Poller):
    poller.meter.faults.add("busy")
    for _ in range(3):
        with pytest.raises(ExceptionReceived):
            await poller.poll()
    await poller.recovers()
    requests = poller.meter.requests
    await poller.poll()
    assert poller.meter.requests - requests == 3  # AARQ, one list, RLRQ


@pytest.mark.parametrize(
    ("fault", "result"),
    [("temporary-failure", 2), ("object-undefined", 4), ("denied", 3)],
    ids=["f32_temporary_failure", "f33_object_undefined", "f33_denied"],
)
async def test_one_attribute_fails_and_the_others_are_fine(poller: Poller, fault: str, result: int):
    poller.meter.faults.add(fault, object="1.0.32.7.0.255")
    reading = await poller.poll()
    errors = {name: error for name, error in reading.items() if isinstance(error, DataAccessError)}
    assert set(errors) == {VOLTAGE}
    assert errors[VOLTAGE].result == result
    await poller.recovers()


async def test_f34_rejected_for_now(poller: Poller):
    poller.meter.faults.add("aare-transient")
    with pytest.raises(AssociationRejected) as caught:
        await poller.poll()
    assert caught.value.transient
    assert not caught.value.concerns_authentication
    assert [request.kind for request in poller.meter.log] == ["aarq"]
    await poller.recovers()


async def test_f35_rejected_for_authentication_is_never_repeated(poller: Poller):
    poller.meter.faults.add("aare-authentication")
    with pytest.raises(AssociationRejected) as caught:
        await poller.poll()
    assert not caught.value.transient
    assert caught.value.concerns_authentication
    assert [request.kind for request in poller.meter.log] == ["aarq"]
    await poller.recovers()


async def test_f36_rejected_without_user_information(poller: Poller):
    poller.meter.faults.add("aare-short")
    with pytest.raises(AssociationRejected) as caught:
        await poller.poll()
    assert caught.value.concerns_authentication
    assert caught.value.initiate_error is None
    await poller.recovers()


@pytest.mark.parametrize("form", [Refusal.AARE, Refusal.SHORT_AARE])
async def test_f35_f36_a_wrong_password_by_the_meters_own_judgement(clock: MeterClock, form: Refusal):
    profile = MeterProfile(history_days=1).with_quirks(refusal=form)
    meter = SimulatedMeter(profile.with_password("another"), clock)
    poller = Poller(meter, TimedClient("meter", connect=with_wrapper(meter.connect), timing=FAST))
    with pytest.raises(AssociationRejected) as caught:
        await poller.poll()
    assert caught.value.concerns_authentication
    assert meter.requests == 1
    assert meter.open_links == 0


async def test_f32_values_are_fresh_after_the_fault(poller: Poller, clock: MeterClock):
    poller.meter.faults.add("temporary-failure", object="1.0.1.8.0.255", times=1)
    assert isinstance((await poller.poll())[poller.polled[0]], DataAccessError)
    clock.advance(hours=1)
    poller.meter.read_times.clear()
    assert isinstance((await poller.poll())[poller.polled[0]], Data)
