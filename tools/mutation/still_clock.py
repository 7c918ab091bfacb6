"""The event loop of the tests' conftest, for runs without it: a pytest plugin."""

import asyncio
from collections.abc import Callable

from tests.still_loop import StillLoop


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Let every test run on a loop whose time does not depend on the machine."""
    return {"still": StillLoop}
