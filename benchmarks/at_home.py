"""Home Assistant beside a meter that speaks: from a datagram to the event on the bus, and polls while strangers flood.

    scripts/bench home [--seconds N] [--check]

A real Home Assistant with two entries: one with keys, which listens on UDP, and a neighbour that is polled. The meters,
who sends for the first one, and who floods have processes of their own. Waiting is part of it, so it is the wall clock
that counts, and nothing else should run on the machine. --check: exit 1 when a target is missed.
"""

import argparse
import asyncio
from asyncio import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle, islice
import os
from pathlib import Path
import socket
from statistics import median, quantiles
import sys
import time
from typing import Any, Final
from unittest.mock import patch

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.loader import DATA_CUSTOM_COMPONENTS
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

# Before the test plug-in's own package of that name is found.
from benchmarks.sessions import meter_process
from custom_components.cosem.const import (
    AUTHENTICATION_PASSWORD,
    CONF_AUTHENTICATION,
    CONF_CLIENT_WPORT,
    CONF_INTERVAL,
    CONF_STAY_CONNECTED,
    EVENT_NOTIFICATION,
)
from tests.conftest import unique_id_of
from tests.push.senders import LOOPBACK, event_code, event_notification, free_port, listening, protected, wpdu
from tests.secured_entries import secured_entry
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import DEFAULT_PASSWORD, load_profile

PER_SECOND: Final = 100
MOST_MS: Final = 50.0
"""99 of 100 events are on the bus by then."""
FLOOD_PER_SECOND: Final = 10_000
MOST_TIMES_SLOWER: Final = 2.0

_ROOT: Final = Path(__file__).parents[1]
_WPORT: Final = 1
_POLLS: Final = 200
_COUNTERS_PER_SECOND: Final = 1000
"""More than are sent, so that each run begins above the one before."""
_STRANGERS: Final = 200
_TURN: Final = 0.01
_CODE: Final = "0.0.96.11.0.255"


def _secured_meter() -> SimulatedMeter:
    """Return a meter like the one that runs in a process, for its keys and its name."""
    return SimulatedMeter(load_profile("secured", {}), clock=lambda: datetime.now(UTC))


# -- what runs in processes of its own


def send(port: int, seconds: int) -> None:
    """Send a protected EventNotification every 10 ms; then say when each left."""
    meter, count = _secured_meter(), seconds * PER_SECOND
    first = int(time.time() * _COUNTERS_PER_SECOND) % 2**31
    datagrams = [
        wpdu(protected(meter, _WPORT, first + number, event_notification(f"06{number:08X}", _CODE)))
        for number in range(count)
    ]
    left: list[int] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        start = time.monotonic()
        for number, datagram in enumerate(datagrams):
            time.sleep(max(0.0, start + number / PER_SECOND - time.monotonic()))
            left.append(time.monotonic_ns())
            sender.sendto(datagram, (LOOPBACK, port))
    sys.stdout.write("\n".join(map(str, left)))


def flood(port: int, seconds: int) -> None:
    """Send what strangers send, from many addresses; then say how many datagrams it was."""
    forged = b"\xdb\x08" + bytes(range(8)) + b"\x1c\x30\x00\x00\x00\x07" + bytes(23)
    kinds = cycle([wpdu(event_code(1)), wpdu(forged), os.urandom(60), wpdu(b"\x0f" + os.urandom(40))])
    senders = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(_STRANGERS)]
    for number, sender in enumerate(senders):
        sender.bind((f"127.0.1.{number + 1}", 0))
    turns, sent, start = cycle(senders), 0, time.monotonic()
    while (now := time.monotonic()) < start + seconds:
        for sender, octets in zip(turns, islice(kinds, int((now - start) * FLOOD_PER_SECOND) - sent), strict=False):
            sender.sendto(octets, (LOOPBACK, port))
            sent += 1
        time.sleep(_TURN)
    sys.stdout.write(str(sent))


_PROGRAMS: Final[dict[str, Callable[[int, int], None]]] = {"send": send, "flood": flood}


async def _run(program: str, port: int, seconds: int) -> str:
    process = await subprocess.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.at_home", "--run", program, "--port", str(port), "--seconds", str(seconds)),
        cwd=_ROOT,
        stdout=subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return output.decode()


# -- Home Assistant


async def _add(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


def _speaking(port: int, listener_port: int) -> MockConfigEntry:
    options: dict[str, Any] = {CONF_INTERVAL: 86400, **listening(listener_port)}
    return secured_entry(_secured_meter(), _WPORT, options=options, **{CONF_HOST: LOOPBACK, CONF_PORT: port})


def _neighbour(entry: MockConfigEntry, port: int) -> MockConfigEntry:
    """Return an entry without keys for another meter, which is polled by hand."""
    data = {
        CONF_HOST: LOOPBACK,
        CONF_PORT: port,
        CONF_CLIENT_WPORT: 2,
        CONF_AUTHENTICATION: AUTHENTICATION_PASSWORD,
        CONF_PASSWORD: DEFAULT_PASSWORD,
    }
    kept = {key: entry.data[key] for key in ("preset", "server_wport")}
    options = {**entry.options, CONF_INTERVAL: 86400, CONF_STAY_CONNECTED: True, "notifications": "off"}
    name = unique_id_of(SimulatedMeter(load_profile("household", {}), clock=lambda: datetime.now(UTC)))
    return MockConfigEntry(
        domain=entry.domain, title="Neighbour", unique_id=name, data={**kept, **data}, options=options
    )


@contextmanager
def _bus_times(hass: HomeAssistant) -> Iterator[dict[int, int]]:
    """Collect when each numbered event was on the bus, in nanoseconds."""
    times: dict[int, int] = {}

    @callback
    def take(event: Event[dict[str, Any]]) -> None:
        if event.data["authenticated"]:
            times[event.data["value"]] = time.monotonic_ns()

    stop = hass.bus.async_listen(EVENT_NOTIFICATION, take)
    yield times
    stop()


async def _latencies(hass: HomeAssistant, port: int, seconds: int) -> tuple[list[float], int]:
    """Return the milliseconds of each event, and how many were sent."""
    with _bus_times(hass) as times:
        left = [int(each) for each in (await _run("send", port, seconds)).split()]
        await asyncio.sleep(1)
    return [(at - left[number]) / 1e6 for number, at in times.items()], len(left)


async def _poll_times(entry: MockConfigEntry, most: int) -> list[float]:
    """Return the milliseconds of polls, one after the other."""
    taken: list[float] = []
    for _ in range(most):
        start = time.perf_counter()
        await entry.runtime_data.async_refresh()
        taken.append(1000 * (time.perf_counter() - start))
        assert entry.runtime_data.last_update_success
    return taken


async def _polls_in_a_flood(entry: MockConfigEntry, port: int, seconds: int) -> tuple[list[float], int]:
    """Return the milliseconds of polls while strangers send, and how many datagrams they sent."""
    task = asyncio.create_task(_run("flood", port, seconds))
    await asyncio.sleep(seconds / 5)  # it has to start, and to spend what strangers may send at once
    taken: list[float] = []
    while not task.done() and len(taken) < _POLLS:
        taken += await _poll_times(entry, 1)
    assert not task.done(), "the flood ended before the polls did"
    return taken, int(await task)


def _say(name: str, figure: str, target: str, *, good: bool) -> bool:
    sys.stdout.write(f"| {name} | {figure} | {target}: {'met' if good else 'MISSED'} |\n")
    return good


async def measure(seconds: int) -> bool:
    """Measure and print; return whether all targets are met."""
    port = free_port()
    async with (
        meter_process("secured") as speaking_port,
        meter_process("household") as neighbour_port,
        async_test_home_assistant() as hass,
    ):
        hass.data.pop(DATA_CUSTOM_COMPONENTS)
        speaking = _speaking(speaking_port, port)
        neighbour = _neighbour(speaking, neighbour_port)
        with patch("homeassistant.helpers.storage.Store.async_delay_save"):
            await _add(hass, speaking)
            await _add(hass, neighbour)
            await _latencies(hass, port, 1)
            taken, sent = await _latencies(hass, port, seconds)
            quiet = await _poll_times(neighbour, _POLLS)
            flooded, datagrams = await _polls_in_a_flood(neighbour, port, seconds)
            after = await _poll_times(neighbour, _POLLS)
            not_taken = speaking.runtime_data.notifications.diagnostics()["not_taken"]
            assert isinstance(not_taken, dict)
            assert not_taken["nobody's"] > seconds, "the flood went elsewhere"
        await hass.async_stop(force=True)
    p50, p99 = median(taken), quantiles(taken, n=100)[98]
    normal = min(median(quiet), median(after))
    sys.stdout.write("| in Home Assistant | figure | target |\n|---|---|---|\n")
    good = _say(
        f"{PER_SECOND} authenticated EventNotifications a second for {seconds} s, from the socket to the bus",
        f"median {p50:.1f} ms, 99 of 100 within {p99:.1f} ms, the longest {max(taken):.1f} ms",
        f"<= {MOST_MS:.0f} ms",
        good=p99 <= MOST_MS,
    )
    good &= _say("events lost", f"{sent - len(taken)} of {sent}", "none", good=sent == len(taken))
    times = median(flooded) / normal
    good &= _say(
        f"a neighbour's poll while strangers send {datagrams / seconds:,.0f} datagrams a second",
        f"{median(flooded):.1f} ms, without them {normal:.1f} ms: {times:.2f} times",
        f"<= {MOST_TIMES_SLOWER:.0f} times",
        good=times <= MOST_TIMES_SLOWER,
    )
    return good


def main() -> int:
    """Measure, or be one of the processes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--run", choices=_PROGRAMS, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        _PROGRAMS[arguments.run](arguments.port, arguments.seconds)
        return 0
    return 1 if not asyncio.run(measure(arguments.seconds)) and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
