"""Photograph the demo's user interface with a real browser: `python -m demo.pictures`, a job as JSON on standard input.

Runs in an environment of its own (.venv-browser) without Home Assistant. The flow is walked in the browser: pictures
show what a user sees.
"""

from collections.abc import Iterator
from contextlib import contextmanager
import json
from pathlib import Path
import sys
from typing import Any

from playwright.sync_api import Error, Locator, Page, sync_playwright

CHROMIUM_FLAGS = [
    "--no-sandbox",  # also as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE = {"width": 1280, "height": 900}
FORM_SIZE = {"width": 860, "height": 1300}  # without the side bar, and the first form fits without scrolling
TEXTS = Path(__file__).resolve().parent.parent / "custom_components" / "cosem" / "translations" / "en.json"
PATIENCE = 30_000  # milliseconds
DRAWING = 2_500  # milliseconds that charts and entrances of dialogs take


class Photographer:
    """A logged-in browser page, and the folder of its pictures."""

    def __init__(self, page: Page, address: str, folder: Path) -> None:
        self._page = page
        self._address = address
        self._folder = folder

    def visit(self, path: str) -> None:
        """Open a page of the user interface and let it draw."""
        self._page.goto(self._address + path)
        self._page.wait_for_selector("home-assistant-main", state="attached", timeout=PATIENCE)
        self._page.wait_for_timeout(DRAWING)

    def take(self, name: str, part: Locator | None = None) -> None:
        """Write a picture of the page or one part of it."""
        path = self._folder / f"{name}.png"
        (part or self._page).screenshot(path=path)
        print(f"[pictures] {path}", flush=True)

    def config_flow(self, domain: str, address: list[str], password: str) -> None:
        """Add the meter by hand, a picture of every step; `address` is host and port."""
        page = self._page
        page.set_viewport_size(FORM_SIZE)
        texts = json.loads(TEXTS.read_text(encoding="utf-8"))
        steps, kinds = texts["config"]["step"], texts["selector"]["authentication"]["options"]
        inputs = page.locator("step-flow-form ha-input input")
        self._up_to_found(domain, steps, address)
        self._choose(kinds["keys"])
        self._title(steps["keys"]["title"])
        self.take("config-flow-keys")  # looked at only: the meter of the demo takes a password
        self._up_to_found(domain, steps, address)
        self._choose(kinds["none"])
        self._title(steps["nothing_found"]["title"])
        self.take("config-flow-nothing-found")
        self._up_to_found(domain, steps, address)
        self.take("config-flow-found")
        self._choose(kinds["password"])
        self._title(steps["password"]["title"])
        inputs.first.fill(password)
        self.take("config-flow-2-password")
        self._submit()
        self._title(steps["objects"]["title"])
        self.take("config-flow-3-objects")
        self._submit()
        page.locator("step-flow-create-entry").wait_for(timeout=PATIENCE)
        page.wait_for_timeout(DRAWING)
        self.take("config-flow-4-done")

    def _up_to_found(self, domain: str, steps: dict[str, Any], address: list[str]) -> None:
        """Say where the meter is, and wait until it was asked who it is."""
        page = self._page
        host, port = address
        self.visit(f"/config/integrations/dashboard/add?domain={domain}")
        if (confirm := page.get_by_role("button", name="OK", exact=True)).count():
            confirm.first.click()
        self._title(steps["user"]["title"])
        inputs = page.locator("step-flow-form ha-input input")
        inputs.first.fill(host)
        page.wait_for_timeout(DRAWING)
        self.take("config-flow-1-address")
        page.get_by_text(steps["user"]["sections"]["advanced"]["name"], exact=True).first.click()
        page.wait_for_timeout(DRAWING)
        inputs.nth(1).fill(port)
        self._submit()
        self._title(steps["found"]["title"])

    def _choose(self, kind: str) -> None:
        """Choose how to log in, and submit."""
        self._page.get_by_text(kind, exact=True).first.click()
        self._page.wait_for_timeout(DRAWING)
        self._submit()

    def _title(self, title: str) -> None:
        self._page.get_by_text(title).first.wait_for(timeout=PATIENCE)
        self._page.wait_for_timeout(DRAWING)

    def _submit(self) -> None:
        self._page.get_by_role("button", name="Submit").last.click()
        self._page.wait_for_timeout(700)

    def automation(self, device_id: str, event_type: str, message: str) -> None:
        """Build an automation from the page of a device: a notification when the meter reports something."""
        page = self._page
        texts = json.loads(TEXTS.read_text(encoding="utf-8"))
        self.visit(f"/config/devices/device/{device_id}")
        self._click("Add to")
        self._click("Create as a new trigger")
        self._click(texts["triggers"]["notification_received"]["name"])
        field = texts["triggers"]["notification_received"]["fields"]["event_type"]["name"]
        page.get_by_text(field, exact=True).first.wait_for(timeout=PATIENCE)
        page.locator("ha-checkbox").first.click()
        sidebar = page.locator("ha-automation-sidebar")
        sidebar.get_by_text("Add", exact=True).first.click()
        page.get_by_text(texts["selector"]["event_type"]["options"][event_type], exact=True).last.click()
        self._click("Add action")
        page.get_by_placeholder("Search").last.fill("persistent notification")
        self._click("Create persistent notification")
        sidebar.locator("ha-service-control ha-input input").first.fill(message)
        self.take("automation")
        page.get_by_role("button", name="Save").last.click()
        page.get_by_text("Add category").wait_for(timeout=PATIENCE)
        page.get_by_role("button", name="Save").last.click()
        # The editor of a new automation gets its address once it is saved.
        page.wait_for_url(lambda address: not address.endswith("/new"), timeout=PATIENCE)

    def _click(self, text: str) -> None:
        target = self._page.get_by_text(text).first
        target.wait_for(timeout=PATIENCE)
        self._page.wait_for_timeout(DRAWING)
        target.click()

    def pages(self, device_id: str, domain: str) -> None:
        """What the user finds afterwards."""
        self.visit(f"/config/integrations/integration/{domain}")
        self.take("integration")
        self.visit(f"/config/devices/device/{device_id}")
        self.take("device")
        self.visit("/home")
        self.take("overview")
        self.visit("/energy/electricity")
        self._page.get_by_role("button", name="Previous").first.click()  # yesterday is a whole day
        self._page.wait_for_timeout(2 * DRAWING)
        self.take("energy")


@contextmanager
def browser(job: dict[str, Any]) -> Iterator[Photographer]:
    """Chromium, logged in."""
    folder = Path(job["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "failed.png").unlink(missing_ok=True)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=job["chromium"], args=CHROMIUM_FLAGS)
        context = chromium.new_context(viewport=SIZE, locale="en-GB", reduced_motion="reduce")
        tokens = json.dumps(json.dumps(job["tokens"]))
        context.add_init_script(f"localStorage.setItem('hassTokens', {tokens});")
        page = context.new_page()
        try:
            yield Photographer(page, job["address"], folder)
        except Error:
            page.screenshot(path=folder / "failed.png")
            print(f"[pictures] what the browser showed last: {folder / 'failed.png'}", file=sys.stderr)
            raise
        finally:
            chromium.close()


def main() -> int:
    """Do the job read from standard input."""
    job = json.load(sys.stdin)
    with browser(job) as photographer:
        if job["task"] == "config_flow":
            photographer.config_flow(job["domain"], job["address_fields"], job["password"])
        elif job["task"] == "automation":
            photographer.automation(job["device_id"], job["event_type"], job["message"])
        else:
            photographer.pages(job["device_id"], job["domain"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
