"""The meter shares octet codecs with the stack and nothing else, so that both sides cannot share one mistake."""

import ast
from pathlib import Path

import pytest

METER = Path(__file__).parents[1] / "simulated_meter"
STACK = "custom_components.cosem.dlms."
SHARED = {"apdu.common", "apdu.get", "encoding.data", "encoding.logical_name", "encoding.octets", "errors", "limits"}


@pytest.mark.parametrize("file", sorted(METER.glob("*.py")), ids=lambda file: file.stem)
def test_imports_only_octet_codecs_of_the_stack(file: Path):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("custom_components"):
            assert (node.module or "").removeprefix(STACK) in SHARED
        elif isinstance(node, ast.Import):
            assert not any(alias.name.startswith("custom_components") for alias in node.names)


@pytest.mark.parametrize("file", sorted(METER.glob("*.py")), ids=lambda file: file.stem)
def test_files_stay_readable(file: Path):
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 400
