"""The entities that each meter has whatever its objects are."""

from enum import Enum

from homeassistant.const import Platform


class OwnEntity(Enum):
    """By platform and key, which is also that of its name."""

    METER_EVENT = (Platform.EVENT, "meter_event")
    LAST_READ = (Platform.SENSOR, "last_read")
    READING_PROBLEM = (Platform.SENSOR, "reading_problem")
    PAUSE_POLLING = (Platform.SWITCH, "pause_polling")

    @property
    def platform(self) -> Platform:
        """Of which it is one."""
        return self.value[0]

    @property
    def key(self) -> str:
        """Its key."""
        return self.value[1]

    def unique_id(self, entry_unique_id: str) -> str:
        """Return its unique id in an entry's meter."""
        return f"{entry_unique_id}_{self.key}"
