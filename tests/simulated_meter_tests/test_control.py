"""Buttons of a running meter."""

import asyncio
from pathlib import Path

import pytest
import pytest_socket

from tests.simulated_meter.control import NAMES, Control, press
from tests.simulated_meter.meter import SimulatedMeter

from .test_speaker import TCP, UDP, Post, speaking


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """A Unix socket is used here."""
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


@pytest.fixture
def meter() -> SimulatedMeter:
    return speaking(logs=True, destinations=(UDP, TCP))


async def test_a_power_failure_is_logged_told_and_over_after_a_while(meter: SimulatedMeter, tmp_path: Path) -> None:
    post = Post(meter)
    async with Control(meter.speaker, tmp_path / "control") as _:
        assert await press(tmp_path / "control", "power-failure") == "the power is gone, and returns in 5 s"
        assert meter.truth("0.0.97.98.1").value == 1
        assert [destination for destination, _ in post.sent] == [UDP]
        assert "already" in await press(tmp_path / "control", "power-failure")
        await asyncio.sleep(6)
        assert meter.truth("0.0.97.98.1").value == 2
        assert [destination for destination, _ in post.sent] == [UDP, UDP, TCP]


async def test_every_event_is_in_a_log(meter: SimulatedMeter, tmp_path: Path) -> None:
    Post(meter)
    path = tmp_path / "control"
    path.touch()  # left by a meter that was killed
    async with Control(meter.speaker, path):
        for name in NAMES:
            assert "no event" not in await press(path, name)
        codes = [happening.code for happening in meter.devices[1].happenings.until(2**32)]
    assert codes == [1, 40, 42, 76, 47]
    assert not path.exists()


async def test_an_unknown_name_is_answered_by_those_that_there_are(meter: SimulatedMeter, tmp_path: Path) -> None:
    async with Control(meter.speaker, tmp_path / "control"):
        answer = await press(tmp_path / "control", "earthquake")
    assert answer.startswith("no event is called 'earthquake'; there are power-failure, ")
    assert meter.devices[1].happenings.until(2**32) == []
