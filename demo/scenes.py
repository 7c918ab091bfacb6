"""`scripts/demo --walk FOLDER`: what a new user does, done in a browser, with a simulated meter for each scene."""

import argparse
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, closing
from pathlib import Path
import socket
from typing import Final

from .processes import Child, DemoError
from .started import START_SECONDS, browse, chromium, complaints, home_assistant, job_for, say

STANDARD_PORT: Final = 4059
"""Every meter listens there, at an address of its own: whoever enters one field enters the address."""
PASSWORD: Final = "demo1234"
LOOPBACK: Final = range(2, 255)
"""Last octets of the addresses of this machine that are tried; 127.0.0.1 is left to the demo itself."""

METERS: Final[Mapping[str, list[str]]] = {
    "one-field": ["--seed", "11"],
    "wrong-password": ["--seed", "12"],
    "wrong-wport": ["--seed", "13"],
    "udp": ["--seed", "14", "--fault", "refuse"],
    "short-names": ["--profile", "short-names"],
    "pause": ["--profile", "demo/one-connection.toml"],
    "action": ["--seed", "17"],
}
"""Scenes, in their order, and the meter of each. The one for UDP refuses every connection over TCP."""
# Home Assistant itself warns that a custom integration was not tested by it.
OF_HOME_ASSISTANT: Final = "has not been tested by Home Assistant"


def is_free(address: str) -> bool:
    """Return whether nobody listens at the standard port of an address, over TCP and over UDP."""
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with closing(socket.socket(socket.AF_INET, kind)) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, STANDARD_PORT))
            except OSError:
                return False
    return True


def free_addresses(names: Iterable[str]) -> dict[str, str]:
    """Return an address of this machine for each meter. Raises DemoError."""
    free = (address for octet in LOOPBACK if is_free(address := f"127.0.0.{octet}"))
    found = dict(zip(names, free, strict=False))
    if len(found) < len(list(names)):
        raise DemoError(f"port {STANDARD_PORT} is not free at enough addresses of 127.0.0.0/8 of this machine")
    return found


def meter(name: str, address: str, folder: Path) -> Child:
    """Return the meter of a scene."""
    place = ["--host", address, "--port", str(STANDARD_PORT)]
    return Child(
        f"the simulated meter of scene {name}",
        ["-m", "tests.simulated_meter", *place, *METERS[name]],
        folder / f"meter-{name}.log",
        {"SIMULATED_METER_PASSWORD": PASSWORD},
    )


async def walk(options: argparse.Namespace, folder: Path) -> int:
    """Start everything and let the browser play the scenes. Raises DemoError."""
    browser = chromium()
    names = [name for name in METERS if not options.scene or name in options.scene]
    addresses = free_addresses(names)
    async with AsyncExitStack() as stack:
        for name, address in addresses.items():
            child = await stack.enter_async_context(meter(name, address, folder))
            await child.listening(STANDARD_PORT, START_SECONDS, address)
        started = await stack.enter_async_context(home_assistant(options, folder))
        job = job_for(started.hass, browser, options.walk) | {"task": "walk", "password": PASSWORD}
        await browse(job | {"scenes": [{"name": name, "host": host} for name, host in addresses.items()]}, "demo.walk")
        wrong = [line for line in complaints(started.child.log) if OF_HOME_ASSISTANT not in line]
    for line in wrong:
        say(f"log: {line}")
    say("NOT as it should be, see above" if wrong else f"as it should be: {', '.join(names)}")
    return 1 if wrong else 0
