"""`scripts/demo`: a simulated meter and a real Home Assistant that reads it, both on this machine only."""

import argparse
import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
import shutil
import signal
import sys
import tempfile
import time
from typing import NoReturn

from tests.simulated_meter.control import EVENTS, NAMES, POWER_FAILURE, press
from tests.simulated_meter.household import Household
from tests.simulated_meter.profile import load_profile

from . import energy, flow, scenes, states
from .client import USER_NAME, USER_PASSWORD, HomeAssistant
from .processes import HOST, ROOT, Child, DemoError, claim_port, free_port
from .started import (
    DOMAIN,
    START_SECONDS,
    browse,
    chromium,
    complaints,
    home_assistant,
    is_unattended,
    job_for,
    say,
)

METER_PASSWORD = "demo1234"
METER_SEED = 1
NOTIFICATION_PORT = 4060
"""Where the meter tells events: its own port is taken on this machine."""
SECURED = next(
    client.security for client in load_profile("secured", {}).clients if client.wport == 1 and client.security
)
"""What the meter with keys knows of its client 1: keys for 127.0.0.1 only."""
STATE_SECONDS = 30
DISCOVERY_SECONDS = 5
RECORDER_SECONDS = 20
AUTOMATION_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Demo:
    """What runs."""

    hass: HomeAssistant
    home_assistant: Child
    meter: Child
    meter_port: int
    entry_ids: list[str]
    new: bool


def port(text: str) -> int:
    """A TCP port from the command line."""
    if not 1 <= (number := int(text)) <= 65_535:
        raise ValueError
    return number


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--port", type=port, help="port of Home Assistant (8123; with --check a free one)")
    parser.add_argument("--meter-port", type=port, help="port of the simulated meter (4059; with --check a free one)")
    parser.add_argument(
        "--check", action="store_true", help="check that every entity of the meter is plausible, and end"
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="go on with the Home Assistant of the last run, its history included (needs the same --meter-port)",
    )
    parser.add_argument(
        "--notification-port",
        type=port,
        default=NOTIFICATION_PORT,
        help="UDP port to which the simulated meter tells events (%(default)s)",
    )
    parser.add_argument(
        "--event", choices=NAMES, help="let this happen to the simulated meter of the demo that is running, and end"
    )
    parser.add_argument(
        "--pictures", type=Path, metavar="FOLDER", help="photograph the user interface into this folder, and end"
    )
    parser.add_argument(
        "--automation",
        type=Path,
        metavar="FOLDER",
        help="build an automation from the meter's page in a browser, let the power fail, and check that it runs;"
        " pictures go into this folder",
    )
    parser.add_argument(
        "--walk",
        type=Path,
        metavar="FOLDER",
        help="add, pause and ask simulated meters in a browser as a person would, check what a person would see,"
        " and end; pictures go into this folder",
    )
    parser.add_argument(
        "--scene", choices=list(scenes.METERS), help="with --walk: only this one; may be repeated", action="append"
    )
    return parser.parse_args()


async def add_meter(hass: HomeAssistant, port: int) -> list[str]:
    """Add the meter through the integration's config flow, then what that discovers behind the same address."""
    answers = {"host": HOST, "port": port, "authentication": "password", "password": METER_PASSWORD}
    entry = await flow.walk(hass, DOMAIN, answers, menu=["password"])
    entries = [entry]
    say(f"added {entry['title']} through the config flow")
    for _ in range(DISCOVERY_SECONDS):
        for discovered in await hass.command("config_entries/flow/progress"):
            if discovered["handler"] == DOMAIN:
                further = await flow.go_on(hass, discovered["flow_id"], answers, menu=["password"])
                entries.append(further)
                say(f"added {further['title']}, discovered behind the same address")
        if len(entries) > 1:
            break
        await asyncio.sleep(1)
    return [str(entry["entry_id"]) for entry in entries]


async def listen(hass: HomeAssistant, entry_id: str, port: int) -> None:
    """Let Home Assistant listen for what the meter tells."""
    listening = {"notifications": "udp", "listen_address": HOST, "listen_port": port, "notification_sources": [HOST]}
    await flow.set_options(hass, entry_id, listening)
    say(f"Home Assistant listens for events of the meter on UDP port {port}")


async def fill_dashboard(hass: HomeAssistant, entry_ids: list[str]) -> None:
    """Fill the Energy dashboard, with the days before as the simulated home would have had them."""
    used = await energy.fill_in(hass, entry_ids)
    home = Household(METER_SEED)
    now = datetime.now(UTC)
    for quantity, counter in (
        ("1.8.0", lambda at: home.energies(at).import_total),
        ("2.8.0", lambda at: home.energies(at).export_total),
    ):
        registry = await hass.command("config/entity_registry/list")
        entities = [entity for entity in registry if entity["config_entry_id"] in entry_ids]
        if entity_id := energy.entity_for(entities, quantity):
            await energy.write_history(hass, entity_id, counter, now)
    say(f"Energy dashboard uses {', '.join(used) if used else 'nothing: no energy entity was found'}")


def control_path(folder: Path) -> Path:
    """The socket of the meter's buttons; relative, because the name of a socket must be short."""
    return (folder / "meter-control").relative_to(ROOT)


@asynccontextmanager
async def running(options: argparse.Namespace, folder: Path) -> AsyncIterator[Demo]:
    """Start everything; leaving the context stops everything."""
    meter_port = options.meter_port or (free_port() if is_unattended(options) else 4059)
    claim_port(meter_port, "the simulated meter", "--meter-port")
    quiet = options.check or options.pictures
    told = [] if quiet else ["--events", "--notify", f"udp:{HOST}:{options.notification_port}"]
    control = [] if quiet else ["--control", str(control_path(folder))]
    meter = Child(
        "the simulated meter",
        [
            "-m",
            "tests.simulated_meter",
            "--host",
            HOST,
            "--port",
            str(meter_port),
            "--seed",
            str(METER_SEED),
            *told,
            *control,
        ],
        folder / "meter.log",
        {"SIMULATED_METER_PASSWORD": METER_PASSWORD},
    )
    async with meter, home_assistant(options, folder) as started:
        say(f"simulated meter on {HOST} port {meter_port}")
        await meter.listening(meter_port, START_SECONDS)
        entries = [] if started.new else await started.hass.command("config_entries/get", domain=DOMAIN)
        entry_ids = [str(entry["entry_id"]) for entry in entries]
        yield Demo(started.hass, started.child, meter, meter_port, entry_ids, started.new)


async def plausible(demo: Demo) -> bool:
    """Print the table of the meter's entities; return whether all are as they should be."""
    rows = [row for entry_id in demo.entry_ids for row in await states.settled(demo.hass, entry_id, STATE_SECONDS)]
    print(states.table(rows))
    wrong = [row for row in rows if row.problem]
    if not rows:
        print("no entity of the meter is enabled")
    for row in wrong:
        print(f"{row.entity_id} {row.problem}: {row.state!r} {row.unit}")
    return bool(rows) and not wrong


async def check(options: argparse.Namespace, folder: Path) -> int:
    """`--check`: everything once, headless."""
    started = time.monotonic()
    async with running(options, folder) as demo:
        entry_ids = await add_meter(demo.hass, demo.meter_port)
        demo.entry_ids.extend(entry_ids)
        fine = await plausible(demo)
        await fill_dashboard(demo.hass, demo.entry_ids)
        await demo.hass.command("get_services")  # the user interface does not open without them
        for issue in await energy.issues(demo.hass):
            fine = False
            print(f"Energy dashboard: {issue}")
        # Home Assistant itself warns that a custom integration was not tested by it; everything else is ours.
        for line in complaints(demo.home_assistant.log):
            if "has not been tested by Home Assistant" not in line:
                fine = False
                print(f"log: {line}")
    verdict = "every entity is plausible" if fine else "NOT as it should be, see above"
    say(f"{verdict} ({time.monotonic() - started:.0f} s)")
    return 0 if fine else 1


async def serve(options: argparse.Namespace, folder: Path) -> NoReturn:
    """Without an option: run until Ctrl-C."""
    secured_port = free_port()
    secured = Child(
        "the simulated meter with keys",
        ["-m", "tests.simulated_meter", "--host", HOST, "--port", str(secured_port), "--profile", "secured"],
        folder / "secured-meter.log",
    )
    async with secured, running(options, folder) as demo:
        if demo.new:
            demo.entry_ids.extend(await add_meter(demo.hass, demo.meter_port))
            await plausible(demo)
            await fill_dashboard(demo.hass, demo.entry_ids)
            await listen(demo.hass, demo.entry_ids[0], options.notification_port)
        print(
            f"\n  Home Assistant:  {demo.hass.address}\n"
            f"  login:           {USER_NAME}   password: {USER_PASSWORD}\n"
            f"  simulated meter: {HOST} port {demo.meter_port}, client wPort 1, password {METER_PASSWORD}\n"
            f"  with keys:       {HOST} port {secured_port} (TCP or UDP), client wPort 1, to try by hand:\n"
            f"                   encryption key     {SECURED.encryption_key.hex()}\n"
            f"                   authentication key {SECURED.authentication_key.hex()}\n"
            f"  events:          told by UDP to {HOST} port {options.notification_port}; to let one happen:\n"
            f"                   scripts/demo --event {POWER_FAILURE}\n"
            f"                   (or {', '.join(EVENTS)})\n"
            f"  logs:            {demo.home_assistant.log}\n"
            f"                   {demo.meter.log}\n\n"
            "  Ctrl-C stops all.\n",
            flush=True,
        )
        while True:
            for child in (demo.meter, secured, demo.home_assistant):
                child.check_alive()
            await asyncio.sleep(0.5)


async def happen(options: argparse.Namespace, folder: Path) -> int:
    """`--event NAME`: press a button of the meter of another demo."""
    try:
        say(await press(control_path(folder), options.event))
    except OSError:
        raise DemoError("no demo is running: start scripts/demo first, in another terminal") from None
    return 0


async def photograph(options: argparse.Namespace, folder: Path) -> int:
    """`--pictures FOLDER`: the flow is walked in a browser, so that every step can be seen."""
    browser = chromium()
    async with running(options, folder) as demo:
        job = job_for(demo.hass, browser, options.pictures)
        meter = {"host": HOST, "port": demo.meter_port, "password": METER_PASSWORD}
        await browse(job | {"task": "config_flow"} | meter)
        entry_ids = [str(entry["entry_id"]) for entry in await demo.hass.command("config_entries/get", domain=DOMAIN)]
        demo.entry_ids.extend(entry_ids)
        await plausible(demo)
        await fill_dashboard(demo.hass, demo.entry_ids)
        say(f"waiting {RECORDER_SECONDS} s for the recorder's first statistics")
        await asyncio.sleep(RECORDER_SECONDS)
        await browse(job | {"task": "pages", "device_id": await device_of(demo.hass, entry_ids[0])})
    return 0


async def automate(options: argparse.Namespace, folder: Path) -> int:
    """`--automation FOLDER`: what a person builds on the meter's page starts when the meter reports it."""
    browser = chromium()
    async with running(options, folder) as demo:
        demo.entry_ids.extend(await add_meter(demo.hass, demo.meter_port))
        await listen(demo.hass, demo.entry_ids[0], options.notification_port)
        task = {
            "task": "automation",
            "device_id": await device_of(demo.hass, demo.entry_ids[0]),
            "event_type": "power_down",
            "message": "{{ trigger.description }}",
        }
        await browse(job_for(demo.hass, browser, options.automation) | task)
        if before := await notified(demo.hass):
            raise DemoError(f"the automation ran before anything happened: {before}")
        say(await press(control_path(folder), POWER_FAILURE))
        for _ in range(AUTOMATION_SECONDS):
            if words := await notified(demo.hass):
                say(f"the automation ran: {', '.join(words)}")
                return 0
            await asyncio.sleep(1)
    raise DemoError(f"the automation did not run within {AUTOMATION_SECONDS} s")


async def device_of(hass: HomeAssistant, entry_id: str) -> str:
    """Return the id of the meter's device."""
    devices = await hass.command("config/device_registry/list")
    return str(next(device["id"] for device in devices if entry_id in device["config_entries"]))


async def notified(hass: HomeAssistant) -> list[str]:
    """Return what stands in Home Assistant's notifications about the meter."""
    notifications = await hass.command("persistent_notification/get")
    return [str(each["message"]) for each in notifications if "(code" in each["message"]]


async def interruptible(options: argparse.Namespace, folder: Path) -> int:
    """Run what was asked for; SIGINT and SIGTERM end it in order."""
    chosen = (
        happen
        if options.event
        else check
        if options.check
        else photograph
        if options.pictures
        else automate
        if options.automation
        else scenes.walk
        if options.walk
        else serve
    )
    task = asyncio.ensure_future(chosen(options, folder))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        say("stopped")
        return 0 if chosen is serve else 1


def main() -> int:
    """Make the folder, run, clean up."""
    options = arguments()
    temporary = Path(tempfile.mkdtemp(prefix="dlms-demo-")) if options.check else None
    code = 1
    try:
        code = asyncio.run(interruptible(options, temporary or ROOT / ".demo"))
    except DemoError as error:
        print(f"[demo] stopped: {error}", file=sys.stderr)
    if temporary and (code == 0 or not any(temporary.iterdir())):
        shutil.rmtree(temporary, ignore_errors=True)
    elif temporary:
        say(f"logs and configuration are kept in {temporary}")
    return code


if __name__ == "__main__":
    sys.exit(main())
