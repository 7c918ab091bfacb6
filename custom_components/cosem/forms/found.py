"""What the public client was told at an address: nothing secret is needed to ask, and nothing is written."""

from dataclasses import dataclass

from homeassistant.helpers.selector import SelectOptionDict

from ..const import AUTHENTICATION_NONE, PRESET_GENERIC
from ..dlms import LogicalDeviceName
from ..meter.doctor import Examination, ExaminationFailed
from ..meter.makers import Maker, maker_of
from ..meter.presets import preset_of
from .connection import ConnectionFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Who answered, or how the public client was refused."""

    facts: ConnectionFacts
    """The public client at the management logical device."""
    examination: Examination | None = None
    choices: tuple[SelectOptionDict, ...] = ()
    """What the public client may see."""
    ticked: tuple[str, ...] = ()
    failure: ExaminationFailed | None = None
    """Why there is no examination; None as well where the meter was not asked, because it calls."""

    @property
    def maker(self) -> Maker | None:
        """What is usual for meters of this make, where it is known."""
        return None if self.examination is None else maker_of(self.examination.identity)

    @property
    def preset(self) -> str:
        """The kind of meter: as chosen, else as usual for the make."""
        if self.facts.preset != PRESET_GENERIC or self.maker is None:
            return self.facts.preset
        return self.maker.preset

    @property
    def authentication(self) -> str | None:
        """How to log in, as a proposal: not at all where the public client sees values; None where nothing is known."""
        if self.ticked:
            return AUTHENTICATION_NONE
        return None if self.maker is None else self.maker.authentication

    @property
    def logical_devices(self) -> dict[int, str]:
        """The names of the logical devices by wPort, as the meter lists them; made anew at each call."""
        if self.examination is None:
            return {}
        return {sap: LogicalDeviceName(name).text for sap, name in self.examination.logical_devices}

    @property
    def server_wport(self) -> int:
        """The logical device to read, as a proposal: the one of the kind of meter, else the first of the list."""
        usual, listed = preset_of(self.preset).server, self.logical_devices
        return usual if usual in listed or not listed else next(iter(listed))

    def client_wport(self, authentication: str | None) -> int | None:
        """Return the client that goes with a way to log in; None where that is not known."""
        if authentication is None:
            return None
        return preset_of(self.preset).client(authenticated=authentication != AUTHENTICATION_NONE)
