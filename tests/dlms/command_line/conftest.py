"""A secured meter behind every address, and a user with a home of their own and no secrets yet."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import pytest

from custom_components.cosem.dlms.client.transport import Transport
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile, load_profile

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


@pytest.fixture
def profile() -> MeterProfile:
    return replace(load_profile("secured", {}), history_days=1)


@pytest.fixture
def meter(profile: MeterProfile) -> SimulatedMeter:
    return SimulatedMeter(profile, clock=lambda: NOW)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test touches the state and the secrets of whoever runs it."""
    for name in ("PASSWORD", "HLS_SECRET", "ENCRYPTION_KEY", "AUTHENTICATION_KEY"):
        monkeypatch.delenv(f"DLMS_{name}", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


@pytest.fixture(autouse=True)
def reachable(meter: SimulatedMeter) -> Iterator[None]:
    """The meter answers at every address, and nobody waits between two connections."""

    async def open_tcp(_host: str, _port: int, _timeout: float) -> Transport:
        return await meter.connect()

    async def open_udp(_host: str, _port: int, _timeout: float, _silent: object = None) -> Transport:
        return await meter.connect_datagrams()

    async def sleep(_clock: object, _seconds: float) -> None:
        pass

    dlms = "custom_components.cosem.dlms"
    with (
        patch(f"{dlms}.client.client.open_tcp", open_tcp),
        patch(f"{dlms}.client.client.open_udp", open_udp),
        patch(f"{dlms}.command_line.run.open_tcp", open_tcp),
        patch(f"{dlms}.command_line.run.open_udp", open_udp),
        patch(f"{dlms}.client.link.SystemClock.sleep", sleep),
    ):
        yield
