"""The set-up of a meter whose clock writes its deviation in another way than the standard says."""

from datetime import UTC, datetime

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.cosem.const import DOMAIN
from custom_components.cosem.dlms import CLOCK_TIME
from custom_components.cosem.dlms.encoding.data import octet_string
from tests.conftest import state_of
from tests.flow_tools import connection, submit
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.objects import CosemObject, constant


async def test_trial_15_the_set_up_proposes_how_the_times_of_the_meter_are_read(
    hass: HomeAssistant, network: None, meter: SimulatedMeter, freezer: FrozenDateTimeFactory
):
    freezer.move_to(datetime(2025, 7, 23, 1, 45, 24, tzinfo=UTC))
    await hass.config.async_set_time_zone("Asia/Kolkata")
    time = octet_string(bytes.fromhex("07e9071703070f18ff014a01"))
    clock = CosemObject(class_id=8, logical_name=CLOCK_TIME.logical_name, attributes={2: constant(time)})
    meter.devices[1].add(clock)
    form = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await submit(hass, form, **connection())
    result = await submit(hass, result, password="simulated")
    assert result["step_id"] == "objects"
    proposed = next(key for key in result["data_schema"].schema if key == "time_policy").default()
    assert proposed == "inverted"
    said = result["description_placeholders"]["clock"]
    assert "2025-07-23 07:15:24 in Home Assistant" in said
    assert said.endswith("The meter says that its clock is not valid.")
    result = await submit(hass, result, objects=["8:0.0.1.0.0.255"])
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert result["options"]["time_policy"] == "inverted"
    assert state_of(hass, result["result"], "8_0.0.1.0.0.255_2_drift") in {"0", "-1"}, "it stands still"
