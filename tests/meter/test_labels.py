"""The log is posted in reports: it names entries so that their owner knows which, and nobody else."""

import logging

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.meter.labels import label_of
from tests.conftest import HOST, poll, set_up
from tests.simulated_meter.meter import SimulatedMeter


@pytest.mark.parametrize(
    ("title", "label"),
    [
        ("Iskraemeco 12345678", "Iskraemeco (1>16)"),
        ("SIM1030014339444", "Meter (1>16)"),
        ("Meter in the cellar 2", "Meter in the cellar 2 (1>16)"),
        ("Roof 192.0.2.10", "Roof (1>16)"),
        ("Gas meter 00000022 channel 3", "Gas meter channel 3 (1>16)"),
        ("", "Meter (1>16)"),
        ("A 1 2 3 4 5", "A 1 2 3 4 5 (1>16)"),
    ],
)
def test_trial_27_a_label_has_the_words_of_the_title_but_no_number_of_a_meter(title: str, label: str):
    assert label_of(MockConfigEntry(title=title, data={"client_wport": 1, "server_wport": 16})) == label


async def test_trial_27_the_log_of_an_entry_has_no_serial_number(
    hass: HomeAssistant,
    network: None,
    make_entry,
    meter: SimulatedMeter,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
):
    """Not when it is set up, not when it is read, not when the meter goes and comes back."""
    caplog.set_level(logging.DEBUG)
    entry = await set_up(hass, make_entry(title="SIM 49762188"))
    await poll(hass, freezer)
    meter.faults.add("refuse")
    await poll(hass, freezer)
    meter.faults.clear()
    await poll(hass, freezer, 400)
    await hass.config_entries.async_unload(entry.entry_id)
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("custom_components.cosem")]
    assert not [line for line in ours if "49762188" in line or HOST in line]
    (tie,) = [line for line in ours if entry.entry_id in line]
    assert tie == f"meter 1: read for SIM (2>1), the entry {entry.entry_id}"
    assert sum("Error fetching SIM (2>1) data" in line for line in ours) == 1
    assert any(line.startswith("meter 1: 2>1 sent") for line in ours)
