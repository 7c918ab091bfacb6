"""A person at the user interface, in headless Chromium: reads what stands there, fills fields by their labels, clicks.

Runs in an environment of its own (.venv-browser) without Home Assistant.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
import json
from pathlib import Path
import re
import sys
import time
from typing import Any, Final

from playwright.sync_api import Error, Locator, Page, sync_playwright

CHROMIUM_FLAGS: Final = [
    "--no-sandbox",  # also as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE: Final = {"width": 1280, "height": 900}
FORM_SIZE: Final = {"width": 860, "height": 1300}  # without the side bar, and most forms fit without scrolling
TEXTS: Final = Path(__file__).resolve().parent.parent / "custom_components" / "cosem" / "translations" / "en.json"
PATIENCE: Final = 60_000  # milliseconds
DRAWING: Final = 2_500  # milliseconds that charts and entrances of dialogs take
MOVING: Final = 600  # milliseconds that a part of a page takes to open
LOOKING: Final = 250  # milliseconds between two looks at what changes by itself


class NotAsClaimedError(Exception):
    """Something is not as it should be; the text says what."""


class Person:
    """A logged-in browser page, and the folder of its pictures."""

    def __init__(self, page: Page, address: str, folder: Path) -> None:
        self.page = page
        self.texts: Mapping[str, Any] = json.loads(TEXTS.read_text(encoding="utf-8"))
        self._address = address
        self._folder = folder

    def visit(self, path: str) -> None:
        """Open a page of the user interface and let it draw."""
        self.page.goto(self._address + path)
        self.page.wait_for_selector("home-assistant-main", state="attached", timeout=PATIENCE)
        self.page.wait_for_timeout(DRAWING)

    def take(self, name: str, part: Locator | None = None) -> None:
        """Write a picture of the page or one part of it."""
        path = self._folder / f"{name}.png"
        self.page.mouse.move(0, 0)  # nothing is lit up because it is pointed at
        (part or self.page).screenshot(path=path)
        print(f"[pictures] {path}", flush=True)

    def photographs_form(self, name: str) -> None:
        """Write a picture of the form that is open."""
        self.page.wait_for_timeout(MOVING)
        self.take(name, self.page.locator("dialog-data-entry-flow dialog"))

    def sees(self, text: str) -> Locator:
        """Wait until a text stands there; line breaks and emphasis do not count."""
        found = self.page.get_by_text(text).locator("visible=true").first
        found.wait_for(timeout=PATIENCE)
        return found

    def clicks(self, text: str, *, exact: bool = True) -> None:
        """Click a text."""
        target = self.page.get_by_text(text, exact=exact).locator("visible=true").first
        target.wait_for(timeout=PATIENCE)
        target.click()
        self.page.wait_for_timeout(MOVING)

    def presses(self, button: str) -> None:
        """Press a button by its name."""
        self.page.get_by_role("button", name=button, exact=True).last.click()
        self.page.wait_for_timeout(MOVING)

    def field(self, label: str) -> Locator:
        """Return the field of a form with this label."""
        shown = re.compile(rf"^\s*{re.escape(label)}\s*\*?\s*$")  # a star stands behind what must be filled
        return self.page.locator("ha-selector").filter(has=self.page.get_by_text(shown)).first

    def enters(self, label: str, value: str) -> None:
        """Fill a field for text or a number."""
        self.field(label).locator("input").fill(value)

    def typed(self, label: str) -> str:
        """Return what stands in a field for text or a number."""
        return str(self.field(label).locator("input").input_value())

    def ticks(self, label: str) -> None:
        """Turn a field for yes and no."""
        self.field(label).locator("ha-switch").click()

    def picks(self, label: str, option: str) -> None:
        """Select one of the options of a field, be they buttons or a list that opens."""
        field = self.field(label)
        buttons = field.locator("ha-radio-option")
        if not buttons.count():
            field.locator("ha-picker-field").click()
            self.page.wait_for_timeout(MOVING)
        field.get_by_text(option, exact=True).last.click()
        self.page.wait_for_timeout(MOVING)

    def looks_up(self, picker: str, words: str, name: str) -> None:
        """Search in a list that opens, and take what has this name."""
        self.page.locator(f"{picker} ha-picker-field").first.click()
        self.page.wait_for_timeout(MOVING)
        self.page.keyboard.type(words)
        found = self.page.locator("ha-picker-combo-box").get_by_text(name, exact=True).first
        found.wait_for(timeout=PATIENCE)
        found.click()
        self.page.wait_for_timeout(MOVING)

    def asks(self, kind: str, **fields: object) -> Any:
        """Ask Home Assistant over the websocket of the page."""
        command = "command => document.querySelector('home-assistant').hass.callWS(command)"
        return self.page.evaluate(command, {"type": kind} | fields)

    def waits(self, what: str, seconds: float, found: Callable[[], bool]) -> None:
        """Wait until something is as it should be."""
        deadline = time.monotonic() + seconds
        while not found():
            if time.monotonic() > deadline:
                raise NotAsClaimedError(f"{what}: not within {seconds:g} s")
            self.page.wait_for_timeout(LOOKING)


@contextmanager
def browser(job: Mapping[str, Any]) -> Iterator[Page]:
    """Chromium, logged in; shows what it saw last when something fails."""
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
            yield page
        except Error, NotAsClaimedError:
            page.screenshot(path=folder / "failed.png")
            print(f"[pictures] what the browser showed last: {folder / 'failed.png'}", file=sys.stderr)
            raise
        finally:
            chromium.close()
