"""Lets somebody press a button at a running meter: a Unix socket that takes the name of an event a line."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from .speaker import Speaker

POWER_FAILURE: Final = "power-failure"
EVENTS: Final = {
    "cover-opened": 40,
    "magnetic-field": 42,
    "voltage-sag": 76,
    "parameters-changed": 47,
}
"""Names and their codes. A power failure is more than that."""
NAMES: Final = (POWER_FAILURE, *EVENTS)
_DARK: Final = 5.0
"""Seconds without power."""


class Control:
    """Serves the socket: ``async with Control(meter.speaker, path)``. One line is answered by one."""

    def __init__(self, speaker: Speaker, path: Path, dark: float = _DARK) -> None:
        self._speaker = speaker
        self._path = path
        self._dark = dark
        self._server: asyncio.Server | None = None
        self._returning: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._path.unlink(missing_ok=True)  # of a meter that was killed
        self._server = await asyncio.start_unix_server(self._serve, self._path)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None  # it was entered
        self._server.close()
        if self._returning is not None:
            self._returning.cancel()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        name = (await reader.readline()).decode("utf-8", "replace").strip()
        writer.write(f"{self._press(name)}\n".encode())
        writer.close()

    def _press(self, name: str) -> str:
        if name in EVENTS:
            self._speaker.happen(EVENTS[name])
            return f"event {EVENTS[name]} is logged and told"
        if name != POWER_FAILURE:
            return f"no event is called {name!r}; there are {', '.join(NAMES)}"
        if self._returning is not None:
            return "there is no power already"
        self._speaker.power_failure()
        self._returning = asyncio.get_running_loop().call_later(self._dark, self._return)
        return f"the power is gone, and returns in {self._dark:g} s"

    def _return(self) -> None:
        self._returning = None
        self._speaker.power_return()


async def press(path: Path, name: str) -> str:
    """Press a button of a running meter; return what it answers. Raises OSError."""
    reader, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(f"{name}\n".encode())
        return (await reader.readline()).decode().strip()
    finally:
        writer.close()
