"""What a meter may change while it is read: its firmware, how willingly it tells of it, how fast it answers."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.meter.store import async_load_meter
from tests.conftest import OVER, poll, set_up, state_of
from tests.simulated_meter.meter import SimulatedMeter

type EntryMaker = Callable[..., MockConfigEntry]

ENERGY = "3_1.0.1.8.0.255_2"
DRIFT = "8_0.0.1.0.0.255_2_drift"
FIRMWARE = "SIM-FW 1.4.2"
OBJECT_LIST = {"object": "0.0.40.0.0.255", "attribute": 2}
FIRMWARE_OBJECT = {"object": "1.0.0.2.0.255", "attribute": 2}


def sensors(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    return {item.unique_id for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)}


async def with_older_firmware(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> dict[str, Any]:
    """Unload the entry; what is stored of its meter is older than the meter's firmware, and has another unit."""
    await hass.config_entries.async_unload(entry.entry_id)
    (key,) = (key for key in hass_storage if key.startswith(DOMAIN) and not key.endswith("counted"))
    record: dict[str, Any] = hass_storage[key]["data"]
    record["firmware"] = "SIM-FW 1.3.0"
    record["scaler_units"]["3:1.0.1.8.0.255:3"] = [3, 30]
    return record


@pytest.mark.parametrize("transport", OVER)
async def test_f49_a_new_firmware_keeps_an_unreadable_object_list_and_reads_units_anew(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    hass_storage: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
    transport: dict[str, str],
):
    entry = await set_up(hass, make_entry(**transport))
    known = sensors(hass, entry)
    record = await with_older_firmware(hass, entry, hass_storage)
    listed = len(record["objects"])
    fault = meter.faults.add("denied", **OBJECT_LIST)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert fault.fired
    assert "runs another firmware" in caplog.text
    assert sensors(hass, entry) == known
    true_value = meter.truth("1.0.1.8.0.255").value
    assert float(state_of(hass, entry, ENERGY)) == pytest.approx(true_value / 1000, abs=0.01)  # the unit is read anew
    stored = await async_load_meter(hass, str(entry.unique_id))
    assert (len(stored.objects), stored.firmware) == (listed, FIRMWARE)


async def test_one_poll_without_a_readable_firmware_forgets_nothing(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    caplog: pytest.LogCaptureFixture,
):
    entry = await set_up(hass, make_entry())
    before = await async_load_meter(hass, str(entry.unique_id))
    assert before.firmware == FIRMWARE
    fault = meter.faults.add("denied", **FIRMWARE_OBJECT)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert fault.fired
    assert float(state_of(hass, entry, ENERGY)) > 0
    assert await async_load_meter(hass, str(entry.unique_id)) == before
    meter.faults.clear()
    list_read = meter.faults.add("denied", **OBJECT_LIST)
    await hass.config_entries.async_reload(entry.entry_id)
    assert "runs another firmware" not in caplog.text
    assert not list_read.fired


# --- A meter that takes its time --------------------------------------------------------------------------------------


class SlowMeter:
    """The time of everybody goes on only while the meter answers: half of it before it reads its values, half after."""

    def __init__(self, meter: SimulatedMeter, freezer: FrozenDateTimeFactory) -> None:
        self.meter, self.freezer = meter, freezer
        self.seconds: list[float] = []
        self._requested, self._answered = meter.note_request, meter.note_answer
        self._half = 0.0

    def note_request(self, client_wport: int, server_wport: int, apdu: bytes) -> Any:
        request = self._requested(client_wport, server_wport, apdu)
        self._half = self.seconds.pop(0) / 2 if request.kind == "get" and self.seconds else 0.0
        self.freezer.tick(self._half)
        return request

    def note_answer(self, at: datetime) -> None:
        self._answered(at)
        self.freezer.tick(self._half)

    async def poll(self, hass: HomeAssistant, *seconds: float) -> list[str]:
        """Poll while the meter takes so long for each question; return the kinds of the requests."""
        self.seconds = list(seconds)
        before = self.meter.requests
        with (
            patch.object(self.meter, "note_request", self.note_request),
            patch.object(self.meter, "note_answer", self.note_answer),
        ):
            await poll(hass, self.freezer, 70)
        assert not self.seconds
        return [request.kind for request in self.meter.log if request.number > before]


@pytest.mark.parametrize(
    ("seconds", "kinds"),
    [
        ((2.0,), ["aarq", "get", "rlrq"]),
        ((2.5, 0.0), ["aarq", "get", "get", "rlrq"]),  # too long to know when the clock was read: asked again, alone
        ((6.0, 1.0), ["aarq", "get", "get", "rlrq"]),
    ],
)
async def test_the_drift_of_a_clock_is_right_however_slow_its_meter_is(
    hass: HomeAssistant,
    network: None,
    make_entry: EntryMaker,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    seconds: tuple[float, ...],
    kinds: list[str],
):
    freezer.move_to(datetime(2026, 11, 22, 9, 15, 30, tzinfo=UTC))
    entry = await set_up(hass, make_entry())
    slow = SlowMeter(meter, freezer)
    assert await slow.poll(hass, *seconds) == kinds
    assert state_of(hass, entry, DRIFT) == "0"
    assert float(state_of(hass, entry, ENERGY)) > 0
