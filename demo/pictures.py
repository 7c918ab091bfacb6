"""Photograph the demo's user interface with a real browser: `python -m demo.pictures`, a job as JSON on standard input.

Runs in an environment of its own (.venv-browser) without Home Assistant. The forms are filled in the browser: pictures
show what a user sees.
"""

import json
from pathlib import Path
import sys
from typing import Any

from .adding import Scene
from .person import DRAWING, PATIENCE, SIZE, Person, browser


def config_flow(person: Person, job: dict[str, Any]) -> None:
    """Add the meter by hand, a picture of the forms that `--walk` does not show."""
    scene = Scene(person, job["domain"], job["host"], job["password"], job["port"])
    for kind, step in (("keys", "keys"), ("none", "nothing_found")):
        scene.begins()
        scene.goes_on("found")
        person.picks(scene.steps["found"]["data"]["authentication"], scene.words("authentication", kind))
        scene.goes_on(step)
        person.photographs_form(f"config-flow-{step.replace('_', '-')}")
    scene.one_field()


def automation(person: Person, job: dict[str, Any]) -> None:
    """Build an automation from the page of a device: a notification when the meter reports something."""
    page, texts = person.page, person.texts
    trigger = texts["triggers"]["notification_received"]
    person.visit(f"/config/devices/device/{job['device_id']}")
    person.clicks("Add to", exact=False)
    person.clicks("Create as a new trigger", exact=False)
    person.clicks(trigger["name"], exact=False)
    person.sees(trigger["fields"]["event_type"]["name"])
    page.locator("ha-checkbox").first.click()
    sidebar = page.locator("ha-automation-sidebar")
    sidebar.get_by_text("Add", exact=True).first.click()
    page.get_by_text(texts["selector"]["event_type"]["options"][job["event_type"]], exact=True).last.click()
    person.clicks("Add action", exact=False)
    page.get_by_placeholder("Search").last.fill("persistent notification")
    person.clicks("Create persistent notification", exact=False)
    sidebar.locator("ha-service-control ha-input input").first.fill(job["message"])
    person.take("automation")
    page.get_by_role("button", name="Save").last.click()
    page.get_by_text("Add category").wait_for(timeout=PATIENCE)
    page.get_by_role("button", name="Save").last.click()
    # The editor of a new automation gets its address once it is saved.
    page.wait_for_url(lambda address: not address.endswith("/new"), timeout=PATIENCE)


def pages(person: Person, job: dict[str, Any]) -> None:
    """What the user finds afterwards."""
    for name, path in (
        ("integration", f"/config/integrations/integration/{job['domain']}"),
        ("device", f"/config/devices/device/{job['device_id']}"),
        ("overview", "/home"),
    ):
        person.visit(path)
        person.take(name)
    person.visit("/energy/electricity")
    person.page.get_by_role("button", name="Previous").first.click()  # yesterday is a whole day
    person.page.wait_for_timeout(2 * DRAWING)
    person.take("energy")


TASKS = {"config_flow": config_flow, "automation": automation, "pages": pages}


def main() -> int:
    """Do the job read from standard input."""
    job = json.load(sys.stdin)
    with browser(job) as page:
        page.set_viewport_size(SIZE)
        TASKS[job["task"]](Person(page, job["address"], Path(job["folder"])), job)
    return 0


if __name__ == "__main__":
    sys.exit(main())
