"""Child processes and ports of the demo."""

import asyncio
from collections import deque
import contextlib
import os
from pathlib import Path
import signal
import socket
import sys
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 25


class DemoError(Exception):
    """The demo cannot go on; the text tells the user why and what to do."""


def free_port() -> int:
    """A port nobody uses at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def claim_port(port: int, purpose: str, option: str) -> None:
    """Refuse a port somebody else listens on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            message = f"port {port} for {purpose} is not free ({error.strerror}); choose another one with {option}"
            raise DemoError(message) from None


class Child:
    """A child process whose output goes to a log file; leaving the context stops it in order."""

    def __init__(self, name: str, arguments: list[str], log: Path, environment: dict[str, str] | None = None) -> None:
        """Runs `python ARGUMENTS` with this interpreter, in the checkout's top folder."""
        self.name = name
        self.log = log
        self._arguments = arguments
        self._environment = os.environ | {"PYTHONUNBUFFERED": "1"} | (environment or {})
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._arguments,
                cwd=ROOT,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,  # Ctrl-C reaches the demo only, which then stops its children in order
            )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()

    def check_alive(self) -> None:
        """Raise with the end of the log if the process has ended."""
        if self._process is not None and self._process.returncode is not None:
            raise DemoError(f"{self.name} ended with code {self._process.returncode}:\n{self.tail()}")

    def tail(self, lines: int = 25) -> str:
        """The end of its log."""
        with self.log.open(encoding="utf-8", errors="replace") as log:
            return "".join(f"    {line}" for line in deque(log, lines)).rstrip()

    async def listening(self, port: int, seconds: float, host: str = HOST) -> None:
        """Wait until something answers on the port."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    self.check_alive()
                    with contextlib.suppress(OSError):
                        _, writer = await asyncio.open_connection(host, port)
                        writer.close()
                        await writer.wait_closed()
                        return
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise DemoError(
                f"{self.name} does not listen on port {port} after {seconds:.0f} s:\n{self.tail()}"
            ) from None
