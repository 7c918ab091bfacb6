"""The debug log and the last APDUs of a meter: enough for a report, and no secrets."""

import logging

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.cosem.const import DOMAIN, LOGGER
from custom_components.cosem.dlms import Message
from custom_components.cosem.meter.clients import trace_of
from custom_components.cosem.meter.trace import KEPT_APDUS, KEPT_OCTETS, WIRE_LOGGER, Trace
from tests.conftest import HOST, set_up
from tests.simulated_meter.profile import DEFAULT_PASSWORD


@pytest.fixture(autouse=True)
def _levels_as_before():
    levels = [(logger, logger.level) for logger in (LOGGER, WIRE_LOGGER)]
    yield
    for logger, level in levels:
        logger.setLevel(level)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log of the integration shows."""
    return [record.getMessage() for record in caplog.records if record.name.startswith(LOGGER.name)]


async def test_trial_27_debug_logging_shows_stages_names_sizes_and_octets(
    hass: HomeAssistant, network: None, make_entry, caplog: pytest.LogCaptureFixture, hass_ws_client: WebSocketGenerator
):
    """As README says it: enable debug logging on the page of the integration, repeat what failed."""
    assert await async_setup_component(hass, "logger", {})
    entry = await set_up(hass, make_entry())
    caplog.clear()
    websocket = await hass_ws_client(hass)
    await websocket.send_json(
        {
            "id": 1,
            "type": "logger/integration_log_level",
            "integration": DOMAIN,
            "level": "DEBUG",
            "persistence": "none",
        }
    )
    assert (await websocket.receive_json())["success"]
    await entry.runtime_data.async_refresh()
    shown = [line for line in lines(caplog) if line.startswith("meter 1: ")]
    for part in (
        "meter 1: connecting",
        "meter 1: connected",
        "2>1 sent aarq: mechanism lls, ",
        " aare: accepted, acse-service-user 0 (null), ",
        "2>1: associated, <Conformance.",
        "asking: get 1:0.0.42.0.0.255:2",
        "2>1 sent get-request-",
        " s get-response-",
        "2>1: answered with ",
        "2>1 sent rlrq, 5 octets: 6203800100",
        "2>1: released",
        "meter 1: disconnected: the last association was released",
    ):
        assert any(part in line for line in shown), part
    assert any("received after 0." in line for line in shown)
    assert all("\n" not in line for line in shown)
    text = "\n".join(lines(caplog))
    assert DEFAULT_PASSWORD.encode().hex().upper() not in text.upper()
    assert HOST not in text


async def test_trial_27_refusals_and_their_diagnostic_are_shown_by_name(
    hass: HomeAssistant, network: None, make_entry, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG, LOGGER.name)
    await set_up(hass, make_entry(password="wrong"))
    text = "\n".join(lines(caplog))
    assert "aare: rejected-permanent, acse-service-user 13 (authentication failure), " in text
    assert "2>1: not associated: association refused: result 1, acse-service-user diagnostic 13" in text


async def test_trial_27_without_debug_logging_nothing_is_written(
    hass: HomeAssistant, network: None, make_entry, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    LOGGER.setLevel(logging.INFO)
    await set_up(hass, make_entry())
    assert lines(caplog) == []
    trace = trace_of(hass, {"host": HOST, "port": 4059})
    assert trace is not None
    assert trace.last_apdus([])


async def test_s29_octets_have_a_logger_of_their_own(
    hass: HomeAssistant, network: None, make_entry, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG, LOGGER.name)
    WIRE_LOGGER.setLevel(logging.INFO)
    await set_up(hass, make_entry())
    assert any("asking: get" in line for line in lines(caplog))
    assert not any("octets: " in line for line in lines(caplog))


async def test_trial_27_the_last_apdus_are_kept_and_no_more():
    trace = Trace(3)
    for number in range(KEPT_APDUS + 10):
        trace.received(Message(16, 1, bytes.fromhex("C401C10006") + number.to_bytes(4)))
    kept = trace.last_apdus([])
    assert len(kept) == KEPT_APDUS
    assert kept[0]["apdu"] == "get-response-normal, 9 octets: C401C100060000000A"
    assert kept[0].keys() == {"seconds_ago", "direction", "client", "server", "apdu"}
    assert (kept[0]["client"], kept[0]["server"], kept[0]["direction"]) == (16, 1, "received")


async def test_trial_27_of_a_long_apdu_the_beginning_is_kept():
    trace = Trace(3)
    trace.sent(Message(16, 1, b"\xc0\x03\xc1" + bytes(KEPT_OCTETS)))
    (kept,) = trace.last_apdus([])
    assert kept["direction"] == "sent"
    assert kept["apdu"].startswith(f"get-request-with-list, {KEPT_OCTETS + 3} octets: C003C100")
    assert kept["apdu"].endswith("00...")
    assert len(kept["apdu"]) < 2 * KEPT_OCTETS + 60


async def test_s28_private_octets_are_not_in_what_is_kept():
    trace = Trace(3)
    trace.received(Message(16, 1, bytes.fromhex("C401C1000600BC614E")))
    (kept,) = trace.last_apdus([bytes.fromhex("00BC614E")])
    assert kept["apdu"].endswith("C401C10006<4>")


def test_s28_nothing_kept_shows_its_octets():
    trace = Trace(3)
    assert "Trace" in repr(trace)
