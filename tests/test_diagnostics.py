"""The diagnostics download holds what a report needs, and nothing that must not be published (rule S28)."""

from datetime import timedelta
import json
from typing import Any
from unittest.mock import PropertyMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.diagnostics import get_diagnostics_for_config_entry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.diagnostics import async_get_config_entry_diagnostics
from custom_components.cosem.dlms import Association, Leniency, Message
from custom_components.cosem.meter.clients import trace_of
from custom_components.cosem.meter.identity import MeterIdentity
from custom_components.cosem.meter.submeters import Submeter
from tests.conftest import HOST, poll, set_up
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile, Referencing


async def downloaded(hass: HomeAssistant, hass_client: ClientSessionGenerator, entry: Any) -> Any:
    """Download as a person does."""
    assert await async_setup_component(hass, "diagnostics", {})
    return await get_diagnostics_for_config_entry(hass, hass_client, entry)


async def test_trial_27_download_has_the_last_apdus_and_what_the_meter_has(
    hass: HomeAssistant, network: None, make_entry, hass_client: ClientSessionGenerator
):
    entry = await set_up(hass, make_entry())
    report = await downloaded(hass, hass_client, entry)
    assert report["entry"]["state"] == "loaded"
    assert report["entry"]["data"] == {
        "port": 4059,
        "preset": "generic",
        "client_wport": 2,
        "server_wport": 1,
        "authentication": "password",
    }
    assert report["entry"]["options"]["interval"] == 60
    assert "3:1.0.1.8.0.255 version 0" in report["meter"]["objects"]
    assert report["meter"]["values"]["3:1.0.1.8.0.255:2"] == {"type": "double-long-unsigned", "scaler_unit": [0, 30]}
    assert report["meter"]["last_update_success"] is True
    assert report["meter"]["leniencies"] == []
    assert report["meter"]["last_error"] is None
    assert report["meter"]["leniencies"] == []
    assert report["lists"].startswith("ListSizes(")
    apdus = [apdu["apdu"] for apdu in report["last_apdus"]]
    assert any(apdu.startswith("aarq: mechanism lls, ") for apdu in apdus)
    assert any(apdu.startswith("get-response-") for apdu in apdus)


@pytest.mark.parametrize(
    ("meters_names", "chosen", "used"),
    [
        (Referencing.LOGICAL, None, "ln"),
        (Referencing.SHORT, None, "sn"),
        (Referencing.SHORT, "sn", "sn"),
    ],
)
async def test_download_says_by_which_names_the_meter_is_read(
    hass: HomeAssistant, network: None, make_entry, meters, meters_names: Referencing, chosen: str | None, used: str
):
    meters[HOST] = SimulatedMeter(MeterProfile().with_quirks(referencing=meters_names))
    entry = make_entry()
    entry.add_to_hass(hass)
    if chosen:
        hass.config_entries.async_update_entry(entry, data={**entry.data, "referencing": chosen})
    await set_up(hass, entry)
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert report["meter"]["object_names"] == used
    assert report["entry"]["data"].get("referencing") == chosen


async def test_download_says_how_the_polls_go(
    hass: HomeAssistant, network: None, make_entry, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    entry = await set_up(hass, make_entry())
    read_at = dt_util.utcnow().isoformat()
    report = await async_get_config_entry_diagnostics(hass, entry)
    well = {"read_at": read_at, "problem": "ok", "paused_until": None, "shared": False}
    assert report["meter"]["polls"] == well
    meter.faults.add("refuse")
    for _ in range(2):
        await poll(hass, freezer, 340)
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert report["meter"]["polls"] == {**well, "problem": "other_client", "shared": True}
    await entry.runtime_data.pause.async_begin()
    report = await async_get_config_entry_diagnostics(hass, entry)
    tomorrow = (dt_util.utcnow() + timedelta(days=1)).isoformat()
    paused = {"problem": "polling_paused", "paused_until": tomorrow, "shared": True}
    assert report["meter"]["polls"] == {**well, **paused}
    entry.runtime_data.pause.end()


async def test_s28_download_names_neither_meter_nor_address_nor_secret(
    hass: HomeAssistant, network: None, make_entry, hass_client: ClientSessionGenerator
):
    entry = await set_up(hass, make_entry())
    report = json.dumps(await downloaded(hass, hass_client, entry))
    serial = entry.runtime_data.reader.identity.serial_number
    for private in (HOST, DEFAULT_PASSWORD, serial, entry.unique_id, entry.title):
        assert private not in report
        assert private.encode().hex().upper() not in report


async def test_trial_27_entry_that_could_not_be_set_up_has_a_download_too(
    hass: HomeAssistant, network: None, meter, make_entry
):
    meter.faults.add(name="aare-transient")
    entry = await set_up(hass, make_entry())
    assert entry.state is ConfigEntryState.SETUP_RETRY
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert report["meter"] is None
    assert report["entry"]["reason"] == "association_refused_for_now"
    assert any("aare: rejected-transient" in apdu["apdu"] for apdu in report["last_apdus"])
    assert report["lists"] is None


async def test_s28_serial_numbers_of_other_entries_on_the_same_address_are_hidden(
    hass: HomeAssistant, network: None, meter, make_entry
):
    """They share the messages; one of them was never set up."""
    number = 49762188
    entry = await set_up(hass, make_entry())
    trace = trace_of(hass, entry.data)
    assert trace is not None
    trace.received(Message(2, 1, b"\xc4\x01\xc1\x00\x06" + number.to_bytes(4)))
    other = MockConfigEntry(domain=DOMAIN, unique_id="SIM1030004711471", data=dict(entry.data))
    other.add_to_hass(hass)
    trace.received(Message(2, 1, b"\xc4\x01\xc1\x00\x09\x10SIM1030004711471"))
    for asked in (entry, other):
        report = json.dumps(await async_get_config_entry_diagnostics(hass, asked))
        assert "4711471" not in report
        assert b"4711471".hex() not in report.lower()
        assert number.to_bytes(4).hex() not in report.lower()
        assert str(number) not in report


async def test_entry_that_never_asked_has_an_empty_download(hass: HomeAssistant, make_entry):
    entry = make_entry()
    entry.add_to_hass(hass)
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert (report["last_apdus"], report["lists"], report["meter"]) == ([], None, None)


async def test_trial_08_what_was_tolerated_is_told(hass: HomeAssistant, network: None, make_entry):
    entry = await set_up(hass, make_entry())
    tolerated = frozenset({Leniency.CIPHERED_CONTEXT_NAMED})
    with patch.object(Association, "leniencies", new_callable=PropertyMock, return_value=tolerated):
        await entry.runtime_data.async_refresh()
    await entry.runtime_data.async_refresh()
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert report["meter"]["leniencies"] == [Leniency.CIPHERED_CONTEXT_NAMED.value]


async def test_failed_poll_is_named_by_its_kind(hass: HomeAssistant, network: None, meter, make_entry):
    entry = await set_up(hass, make_entry())
    meter.faults.add(name="refuse")
    await entry.runtime_data.async_refresh()
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert report["meter"]["last_error"] == "ConnectFailed"
    assert report["meter"]["last_error_key"] == "cannot_connect"
    assert report["meter"]["last_update_success"] is False


@pytest.mark.parametrize(
    ("serial", "octets"),
    [
        ("12345678", ("3132333435363738", "00BC614E", "0000000000BC614E", "12345678")),
        ("1234567", ("0012D687", "01234567")),
    ],
)
async def test_s28_serial_number_is_hidden_in_every_form(
    hass: HomeAssistant, network: None, make_entry, serial: str, octets: tuple[str, ...]
):
    entry = await set_up(hass, make_entry())
    reader = entry.runtime_data.reader
    reader.identity = identity(reader.identity, serial)
    trace = entry.runtime_data._client.observer
    for form in octets:
        trace.received(Message(2, 1, bytes.fromhex(f"C401C1001199{form}")))
    report = await async_get_config_entry_diagnostics(hass, entry)
    for apdu in report["last_apdus"][-len(octets) :]:
        assert apdu["apdu"].split(": ")[1].startswith("C401C1001199<")
    reader.identity = identity(reader.identity, None)
    assert "1199" in (await async_get_config_entry_diagnostics(hass, entry))["last_apdus"][-1]["apdu"]
    reader.identity = identity(reader.identity, "AB-1")
    assert (await async_get_config_entry_diagnostics(hass, entry))["meter"]["manufacturer"] == "Test"
    reader.identity = None
    assert (await async_get_config_entry_diagnostics(hass, entry))["meter"]["manufacturer"] is None


def identity(before: MeterIdentity, serial: str | None) -> MeterIdentity:
    """The same meter with another serial number."""
    return MeterIdentity(
        unique_id="x", pinned=before.pinned, manufacturer="Test", serial_number=serial, firmware=None, model=None
    )


async def test_s28_serial_numbers_of_sub_meters_are_hidden_too(hass: HomeAssistant, network: None, make_entry):
    entry = await set_up(hass, make_entry())
    reader = entry.runtime_data.reader
    reader.submeters = {1: Submeter(serial_number="12345678"), 2: Submeter(manufacturer="Kamstrup")}
    hass.config_entries.async_update_entry(entry, options={**entry.options, "time_policy": "inverted"})
    trace = entry.runtime_data._client.observer
    trace.received(Message(2, 1, bytes.fromhex("C401C1000612345678")))
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert report["entry"]["options"]["time_policy"] == "inverted"
    assert report["meter"]["mbus_device_types"] == {}
    assert report["last_apdus"][-1]["apdu"].split(": ")[1].startswith("C401C10006<")
    assert "12345678" not in json.dumps(report)
