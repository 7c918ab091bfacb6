"""A person adds a meter with the integration's forms, and looks whether it is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
import re
import time
from typing import Any, Final

from .person import FORM_SIZE, PATIENCE, Person

STANDARD_PORT: Final = 4059
FIRST_POLL_SECONDS: Final = 30.0
ANOTHER: Final = "Set up another instance"
FEWEST_ENTITIES: Final = 15
MISSING: Final = {"unknown", "unavailable", ""}
CODE_AS_NAME: Final = re.compile(r"\d+-\d+:\d+\.\d+\.\d+$")


@dataclass(frozen=True, slots=True)
class Scene:
    """The person, the integration, and the meter of the scene."""

    person: Person
    domain: str
    host: str
    password: str
    port: int = STANDARD_PORT

    @property
    def steps(self) -> Mapping[str, Any]:
        """The texts of the forms."""
        return dict(self.person.texts["config"]["step"])

    def words(self, kind: str, key: str) -> str:
        """Return the words of an option of a field."""
        return str(self.person.texts["selector"][kind]["options"][key])

    def begins(self) -> float:
        """Open the first form from the page of integrations; return when the first click was."""
        person = self.person
        person.page.set_viewport_size(FORM_SIZE)
        person.visit("/config/integrations/dashboard")
        began = time.monotonic()
        person.clicks("Add integration")
        person.page.locator("dialog-add-integration input").first.fill(self.domain)
        person.page.locator("dialog-add-integration ha-integration-list-item").first.click()
        title, another = person.page.get_by_text(self.steps["user"]["title"]), person.page.get_by_text(ANOTHER)
        title.or_(another).first.wait_for(timeout=PATIENCE)
        if another.count():  # other meters were discovered
            another.first.click()
        person.sees(self.steps["user"]["title"])
        person.enters(self.steps["user"]["data"]["host"], self.host)
        if self.port != STANDARD_PORT:
            person.enters(self.opens_section("user")["port"], str(self.port))
        return began

    def opens_section(self, step: str, name: str = "advanced") -> Mapping[str, str]:
        """Open a closed section of a form; return its labels."""
        section = self.steps[step]["sections"][name]
        self.person.clicks(section["name"])
        return dict(section["data"])

    def goes_on(self, step: str) -> None:
        """Submit a form, and wait for the next one."""
        self.person.presses("Submit")
        self.person.sees(self.steps[step]["title"])

    def logs_in(self, password: str) -> None:
        """Choose a password where the meter was found, and enter it."""
        labels = self.steps["found"]["data"]
        self.person.picks(labels["authentication"], self.words("authentication", "password"))
        self.goes_on("password")
        self.enters_password(password)

    def enters_password(self, password: str) -> None:
        """Enter a password."""
        self.person.enters(self.steps["password"]["data"]["password"], password)

    def ends(self) -> None:
        """Take the objects as they are proposed, and let the entry be made."""
        self.goes_on("objects")
        self.is_done()

    def is_done(self) -> None:
        """Submit the last form."""
        self.person.presses("Submit")
        self.person.page.locator("step-flow-create-entry").wait_for(timeout=PATIENCE)

    def one_field(self) -> None:
        """Add the meter with its address and its password."""
        self.begins()
        self.goes_on("found")
        self.logs_in(self.password)
        self.ends()

    @property
    def entry_id(self) -> str:
        """The entry that was made last."""
        entries = self.person.asks("config_entries/get", domain=self.domain)
        return str(max(entries, key=lambda entry: entry["created_at"])["entry_id"])

    @property
    def device_id(self) -> str:
        """The meter of the entry that was made last."""
        entry_id = self.entry_id
        devices = self.person.asks("config/device_registry/list")
        return str(next(device["id"] for device in devices if entry_id in device["config_entries"]))

    def entities(self, platform: str = "sensor") -> dict[str, dict[str, Any]]:
        """Return the states of the enabled entities of the entry that was made last."""
        entry_id = self.entry_id
        ids = {
            entity["entity_id"]
            for entity in self.person.asks("config/entity_registry/list")
            if entity["config_entry_id"] == entry_id and not entity["disabled_by"]
        }
        states = {state["entity_id"]: state for state in self.person.asks("get_states")}
        return {each: states[each] for each in sorted(ids & states.keys()) if each.startswith(f"{platform}.")}

    def has_values(self) -> bool:
        """Return whether the sensors are there, named and with values."""
        entities = self.entities()
        return len(entities) >= FEWEST_ENTITIES and all(
            state["state"] not in MISSING and not CODE_AS_NAME.search(state["attributes"]["friendly_name"])
            for state in entities.values()
        )

    def waits_for_values(self, seconds: float = FIRST_POLL_SECONDS) -> str:
        """Wait for named entities with values; say how many there are, and the energy imported."""
        self.person.waits("named entities with values", seconds, self.has_values)
        entities = self.entities()
        energy = next(state for each, state in entities.items() if each.endswith("_energy_import"))
        unit = energy["attributes"]["unit_of_measurement"]
        return f"{len(entities)} entities, {energy['attributes']['friendly_name']} {energy['state']} {unit}"

    @property
    def name(self) -> str:
        """The name of the meter that was added last."""
        device_id = self.device_id
        devices = self.person.asks("config/device_registry/list")
        return str(next(device["name"] for device in devices if device["id"] == device_id))

    @property
    def pause_switch(self) -> dict[str, Any]:
        """The state of the switch that pauses polling."""
        return next(iter(self.entities("switch").values()))

    @property
    def last_read(self) -> datetime:
        """When the energy imported was reported last."""
        energy = next(state for each, state in self.entities().items() if each.endswith("_energy_import"))
        return datetime.fromisoformat(energy["last_reported"])

    def stays_connected(self) -> None:
        """Choose in the options that the connection is kept, and wait for the next values."""
        person, options = self.person, self.person.texts["options"]["step"]["init"]
        section = options["sections"]["connection"]
        person.visit(f"/config/integrations/integration/{self.domain}")
        row = person.page.locator("ha-config-entry-row").filter(has_text=self.name)
        row.get_by_role("button", name="Configure").click()
        person.sees(options["title"])
        person.clicks(section["name"])
        person.ticks(section["data"]["stay_connected"])
        chosen = datetime.now(UTC)
        person.presses("Submit")
        person.waits("values after a change of options", FIRST_POLL_SECONDS, lambda: self.last_read > chosen)
