"""The simulated meter as a program: command line, signals, exit status."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
import os
from pathlib import Path
import signal
import sys

from .control import NAMES, Control
from .faults import catalogue_text, parse_fault
from .meter import SimulatedMeter
from .notification_profile import Destination, NotificationProfile
from .profile import PASSWORD_VARIABLE, PROFILES, MeterProfile, ProfileError, load_profile
from .server import MeterServer
from .show_keys import authentication, key_lines


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulated_meter",
        description="A simulated electricity meter: DLMS/COSEM with the wrapper over TCP and UDP (IEC 62056-9-7).",
        epilog="faults (parameters: on, request, times, probability, octet, seconds, count, code, object, attribute, "
        "then_answer):\n" + "\n".join(catalogue_text()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on, '' for all (default %(default)s)")
    parser.add_argument("--port", type=int, default=4059, help="TCP and UDP; 0: any free one (default %(default)s)")
    parser.add_argument(
        "--profile",
        default="household",
        help="a TOML file, or one of: " + ", ".join(sorted(path.stem for path in PROFILES.glob("*.toml"))),
    )
    parser.add_argument("--seed", type=int, help="which home is simulated (default: the profile's)")
    parser.add_argument("--max-pdu", type=int, metavar="OCTETS", help="largest APDU, 64 to 65535")
    parser.add_argument("--delay", type=float, metavar="SECONDS", help="wait before each answer")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[:KEY=VALUE,...]",
        help="a fault from the list below, for example 'reset:octet=11,times=1'; may be repeated",
    )
    parser.add_argument(
        "--show-keys", action="store_true", help="print what each client needs (keys, secrets, titles, PEM) and exit"
    )
    parser.add_argument("--events", action="store_true", help="have every event log, event code and alarm register")
    parser.add_argument(
        "--notify",
        action="append",
        default=[],
        metavar="udp:HOST:PORT",
        help="tell events there, or over a connection with tcp:HOST:PORT; may be repeated",
    )
    parser.add_argument(
        "--control", type=Path, metavar="PATH", help="make a Unix socket that takes events: " + ", ".join(NAMES)
    )
    parser.add_argument("--quiet", action="store_true", help="print only the ready line")
    return parser.parse_args()


def _profile(arguments: argparse.Namespace) -> MeterProfile:
    profile = load_profile(arguments.profile)
    if arguments.seed is not None:
        profile = replace(profile, seed=arguments.seed)
    if arguments.max_pdu is not None:
        profile = replace(profile, max_pdu_size=arguments.max_pdu)
    if arguments.delay is not None:
        profile = profile.with_quirks(delay=arguments.delay)
    return replace(profile, notifications=_notifications(profile.notifications, arguments))


def _notifications(profile: NotificationProfile, arguments: argparse.Namespace) -> NotificationProfile:
    destinations = (*profile.destinations, *map(Destination.parse, arguments.notify))
    told = profile.on_connections and not arguments.notify  # nothing is told twice to one client
    return replace(profile, logs=profile.logs or arguments.events, destinations=destinations, on_connections=told)


def _describe(profile: MeterProfile) -> None:
    for client in profile.clients:
        print(f"client {client.wport} ({client.name}): {client.level.name.lower()} rights, " + authentication(client))
    for device in profile.logical_devices:
        print(f"server {device.wport}: {device.kind}")
    print(f"the password comes from {PASSWORD_VARIABLE}" if PASSWORD_VARIABLE in os.environ else "default password")


async def _serve(meter: SimulatedMeter, host: str, port: int, control: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(MeterServer(meter, host, port))
        if control is not None:
            await stack.enter_async_context(Control(meter.speaker, control))
        print(f"listening on {f'[{host}]' if ':' in host else host or '*'}:{server.port}", flush=True)
        await stop.wait()


def main() -> int:
    """Run; return the exit status."""
    arguments = _arguments()
    try:
        profile = _profile(arguments)
        meter = SimulatedMeter(profile)
        for text in arguments.fault:
            meter.faults.add(**parse_fault(text))
    except (ProfileError, ValueError) as error:
        print(f"simulated meter: {error}", file=sys.stderr)
        return 2
    if arguments.show_keys:
        print("\n".join(key_lines(profile, meter.security)))
        return 0
    if not arguments.quiet:
        _describe(profile)
    try:
        asyncio.run(_serve(meter, arguments.host, arguments.port, arguments.control))
    except OSError as error:
        print(f"simulated meter: cannot listen on {arguments.host}:{arguments.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0
