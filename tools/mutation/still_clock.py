"""The event loop of the tests' conftest, for runs without it: a pytest plugin."""

from __future__ import annotations

from collections.abc import Callable
import importlib


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], object]]:
    """Let every test run on a loop whose time does not depend on the machine."""
    return {"still": importlib.import_module("tests.still_loop").StillLoop}
