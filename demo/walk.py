"""What a new user does, played in a browser: `python -m demo.walk`, a job as JSON on standard input.

Each scene checks what it claims: the texts on the screen are those of the translations, and what is said of entities
comes from Home Assistant's websocket.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import subprocess
import sys
import time
from typing import Final

from playwright.sync_api import Error

from .adding import Scene
from .person import DRAWING, PATIENCE, NotAsClaimedError, Person, browser

COMMAND_LINE: Final = Path(__file__).resolve().parent.parent / "scripts" / "cosem"
MINUTE: Final = 60.0
SWITCH_SECONDS: Final = 30.0
DAY: Final = timedelta(days=1)
MOMENT: Final = timedelta(minutes=2)
NARROW: Final = {"width": 860, "height": 1620}
TALL: Final = {"width": 1280, "height": 1950}
ATTRIBUTES: Final = ("3:1.0.1.8.0.255:2", "8:0.0.1.0.0.255:2")
"""The energy imported, and the clock."""


def one_field(scene: Scene) -> str:
    """The address, what was found there, a password: named entities with values in less than a minute."""
    began = scene.begins()
    scene.person.photographs_form("one-field-1-address")
    scene.goes_on("found")
    scene.person.photographs_form("one-field-2-found")
    scene.logs_in(scene.password)
    scene.person.photographs_form("one-field-3-password")
    scene.goes_on("objects")
    scene.person.photographs_form("one-field-4-objects")
    scene.is_done()
    told = scene.waits_for_values()
    seconds = time.monotonic() - began
    scene.person.photographs_form("one-field-5-done")
    if seconds >= MINUTE:
        raise NotAsClaimedError(f"from the first click to values it took {seconds:.0f} s")
    return f"{seconds:.1f} s from the first click: {told}"


def wrong_password(scene: Scene) -> str:
    """A wrong password is told at its field, and the right one mends it."""
    scene.begins()
    scene.goes_on("found")
    scene.logs_in(scene.password.upper())
    scene.person.presses("Submit")
    scene.person.sees(scene.person.texts["config"]["error"]["invalid_auth"])
    scene.person.photographs_form("wrong-password")
    if scene.person.typed(scene.steps["password"]["data"]["password"]):
        raise NotAsClaimedError("the form shows the password again")
    scene.enters_password(scene.password)
    scene.ends()
    return scene.waits_for_values()


def udp(scene: Scene) -> str:
    """A meter that answers over UDP only."""
    scene.begins()
    labels = scene.opens_section("user")
    scene.person.picks(labels["transport"], scene.words("transport", "udp"))
    scene.person.photographs_form("udp-1-address")
    scene.goes_on("found")
    scene.person.photographs_form("udp-2-found")
    scene.logs_in(scene.password)
    scene.ends()
    return scene.waits_for_values()


def short_names(scene: Scene) -> str:
    """A meter that knows short names only, which nobody has to say."""
    scene.one_field()
    told = scene.waits_for_values()
    scene.person.take("short-names")
    return told


def wrong_wport(scene: Scene) -> str:
    """A wrong server wPort: the help names the layer and the logical devices, and what is picked there is read."""
    person, steps = scene.person, scene.steps
    scene.begins()
    labels = scene.opens_section("user")
    person.enters(labels["server_wport"], "5")
    person.picks(labels["authentication"], scene.words("authentication", "password"))
    scene.goes_on("password")
    scene.enters_password(scene.password)
    person.presses("Submit")
    help_label = steps["user"]["data"]["help"]
    person.sees(help_label)
    person.photographs_form("wrong-wport-1-refused")
    person.ticks(help_label)
    scene.goes_on("help_plan")
    person.photographs_form("wrong-wport-2-plan")
    person.presses("Submit")
    person.sees(scene.words("help_finding", "server_is_not_listed").partition(" {")[0])
    person.photographs_form("wrong-wport-3-help")
    person.clicks(steps["help"]["menu_options"]["help_device"])
    person.sees(steps["help_device"]["title"])
    person.photographs_form("wrong-wport-4-device")
    scene.goes_on("known_password")  # what was entered is kept: the field may stay empty
    scene.ends()
    return scene.waits_for_values()


def pause(scene: Scene) -> str:
    """Another program gets in while polling is paused; afterwards there are values again."""
    person = scene.person
    scene.one_field()
    scene.waits_for_values()
    scene.stays_connected()
    if gets_in(scene.host):
        raise NotAsClaimedError("the meter is free although Home Assistant stays connected to it")
    person.page.set_viewport_size(TALL)
    person.visit(f"/config/devices/device/{scene.device_id}")
    switch = person.page.locator("hui-toggle-entity-row").filter(
        has_text=person.texts["entity"]["switch"]["pause_polling"]["name"]
    )
    switch.locator("ha-switch").click()
    person.waits("a pause", SWITCH_SECONDS, lambda: scene.pause_switch["state"] == "on")
    left = datetime.fromisoformat(scene.pause_switch["attributes"]["until"]) - datetime.now(UTC)
    if not DAY - MOMENT < left <= DAY:
        raise NotAsClaimedError(f"the pause ends in {left}")
    if not gets_in(scene.host):
        raise NotAsClaimedError("another program does not get in")
    person.page.wait_for_timeout(DRAWING)
    person.take("pause")
    resumed = datetime.now(UTC)
    switch.locator("ha-switch").click()
    person.waits("values after the pause", SWITCH_SECONDS, lambda: scene.has_values() and scene.last_read > resumed)
    person.page.wait_for_timeout(DRAWING)
    person.take("resumed")
    return f"another program read the meter meanwhile; afterwards {scene.waits_for_values()}"


def gets_in(host: str) -> bool:
    """Return whether another program reads the meter."""
    command = [str(COMMAND_LINE), "info", "--host", host, "--timeout", "5"]
    return subprocess.run(command, capture_output=True, check=False, timeout=MINUTE).returncode == 0


def action(scene: Scene) -> str:
    """An action from the tools, with its response."""
    person = scene.person
    texts = person.texts["services"]["read"]
    scene.one_field()
    scene.waits_for_values()
    person.page.set_viewport_size(NARROW)
    person.visit("/config/tools/action")
    person.looks_up("ha-service-picker", f"{scene.domain}.read", texts["name"])
    meter = person.page.locator("ha-settings-row").filter(has_text=texts["fields"]["device_id"]["description"])
    meter.locator("ha-checkbox").click()
    person.looks_up("ha-device-picker", scene.name, scene.name)
    attributes = person.page.locator("ha-settings-row").filter(has_text=texts["fields"]["attributes"]["description"])
    for number, attribute in enumerate(ATTRIBUTES):
        attributes.get_by_role("button", name="Add").click()
        attributes.locator("input").nth(number).fill(attribute)
    person.presses("Perform action")
    response = person.page.locator("ha-card").filter(has_text="Response").locator(".cm-content")
    response.wait_for(timeout=PATIENCE)
    person.page.wait_for_timeout(DRAWING)
    person.take("action")
    told = response.inner_text()
    for line in ("class_id: 3", "logical_name: 1.0.1.8.0.255", "unit: Wh", "type: double-long-unsigned", "error: null"):
        if line not in told:
            raise NotAsClaimedError(f"the response has no {line!r}:\n{told}")
    return " ".join(told.split())


SCENES: Final[Mapping[str, Callable[[Scene], str]]] = {
    "one-field": one_field,
    "wrong-password": wrong_password,
    "wrong-wport": wrong_wport,
    "udp": udp,
    "short-names": short_names,
    "pause": pause,
    "action": action,
}


def main() -> int:
    """Play the scenes read from standard input."""
    job = json.load(sys.stdin)
    for each in job["scenes"]:
        name = each["name"]
        try:
            with browser(job) as page:
                person = Person(page, job["address"], Path(job["folder"]))
                told = SCENES[name](Scene(person, job["domain"], each["host"], job["password"]))
        except (Error, NotAsClaimedError) as error:
            print(f"[walk] {name}: NOT as it should be: {error}", file=sys.stderr)
            return 1
        print(f"[walk] {name}: {told}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
