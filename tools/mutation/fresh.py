"""The thorough way: a child imports everything of the project anew, with one file changed, and runs the tests.

The parent has imported what is not the project's own, and nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import importlib
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import TYPE_CHECKING
import warnings

from .forks import KILLED_CODE, SURVIVED_CODE

if TYPE_CHECKING:
    from .source import Source

OPTIONS = (
    "-q",
    "--tb=no",
    "-x",
    "--timeout=20",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:xdist",
    "-p",
    "no:cov",
    "-p",
    "no:sugar",
    "-W",
    "ignore",
    "--strict-markers",
)


# The stack's own tests need neither Home Assistant nor its plug-in's fixtures, which would take most of the time.
WITHOUT_HOME_ASSISTANT = ("--confcutdir=tests/dlms", "-p", "no:homeassistant", "-p", "tools.mutation.still_clock")


def options_for(tests: Sequence[str]) -> tuple[str, ...]:
    """Return pytest's options for these test files."""
    alone = all(name.startswith(("tests/dlms/", "--")) for name in tests)
    return OPTIONS + (WITHOUT_HOME_ASSISTANT if alone else ())


def import_foreign(names: Sequence[str]) -> None:
    """Import what the tests need and is not ours, so that children find it there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in names:
            try:
                importlib.import_module(name)
            except Exception:  # noqa: BLE001 - a child that needs it will import it, or say why not
                continue


def steady_hypothesis() -> None:
    """The same examples in every run, no verdict by the clock, no time for making a counter-example short."""
    from hypothesis import HealthCheck, Phase, settings

    settings.register_profile(
        "mutation",
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("mutation")


def run_fresh(source: Source, number: int | None, filename: str, tests: Sequence[str]) -> Callable[[], int]:
    """Return what a child does: put the mutant (None: no change) behind the import, run the tests."""

    def run() -> int:
        import pytest

        fine = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
        if number is not None:
            _put_behind_import(filename, source.compiled(number, filename))
        return SURVIVED_CODE if pytest.main([*options_for(tests), *tests]) in fine else KILLED_CODE

    return run


def _put_behind_import(filename: str, code: CodeType) -> None:
    usual = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        return code if self.path == filename else usual(self, fullname)

    setattr(SourceFileLoader, "get_code", get_code)  # noqa: B010 - only in this child, and mypy would forbid it
