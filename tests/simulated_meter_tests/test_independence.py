"""The meter shares octet codecs with the stack and nothing else, so that both sides cannot share one mistake."""

import ast
from pathlib import Path

import pytest

METER = Path(__file__).parents[1] / "simulated_meter"
STACK = "custom_components.cosem.dlms."
SHARED = {
    "apdu.access",
    "apdu.action",
    "apdu.common",
    "apdu.get",
    "apdu.set",
    "encoding.data",
    "encoding.logical_name",
    "encoding.octets",
    "errors",
    "limits",
}


@pytest.mark.parametrize("file", sorted(METER.glob("*.py")), ids=lambda file: file.stem)
def test_imports_only_octet_codecs_of_the_stack(file: Path):
    assert _taken_from_the_integration(file) <= SHARED


def test_what_is_said_to_be_shared_is_imported():
    assert set[str]().union(*map(_taken_from_the_integration, METER.glob("*.py"))) == SHARED


def _taken_from_the_integration(file: Path) -> set[str]:
    """Modules by their names in the stack; others of the integration by their whole names."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    ours = {name.removeprefix(STACK) for name in names if name.startswith("custom_components")}
    return ours | {f"import {name}" for name in whole if name.startswith("custom_components")}


@pytest.mark.parametrize("file", sorted(METER.glob("*.py")), ids=lambda file: file.stem)
def test_files_stay_readable(file: Path):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 400
