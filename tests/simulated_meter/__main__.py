"""Starts the simulated meter: ``python -m tests.simulated_meter --help``."""

from pathlib import Path
import sys
from types import ModuleType

COMPONENTS = Path(__file__).resolve().parents[2] / "custom_components"


def use_stack_alone() -> None:
    """Make the stack importable without the integration: Home Assistant takes seconds to import."""
    for name in ("cosem", "cosem.dlms"):
        package = ModuleType(f"custom_components.{name}")
        package.__path__ = [str(COMPONENTS.joinpath(*name.split(".")))]
        sys.modules[package.__name__] = package


def main() -> int:
    """Run the program."""
    use_stack_alone()
    from .program import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
