"""The rules of the house (docs/architecture.md), applied to every module of the integration.

The rules themselves are functions in tests/architecture/, where counter-examples show what they find.
"""

from collections.abc import Mapping
import tomllib

import pytest

from tests.architecture.checks import OF_MODULES, OF_TREES
from tests.architecture.known_today import KNOWN_TODAY
from tests.architecture.source import INTEGRATION, ROOT, Finding
from tools.rooms import read_folder

MODULES = read_folder(INTEGRATION)


def _findings(check: str) -> list[Finding]:
    if check in OF_TREES:
        return list(OF_TREES[check](MODULES))
    return [finding for module in MODULES.values() for finding in OF_MODULES[check](module, MODULES)]


@pytest.mark.parametrize("check", [*OF_MODULES, *OF_TREES])
def test_the_tree_keeps_the_rule(check: str) -> None:
    known = KNOWN_TODAY.get(check, {})
    assert [str(finding) for finding in _findings(check) if finding.where not in known] == []


def _not_found_any_more(known_today: Mapping[str, Mapping[str, str]]) -> list[str]:
    return [
        f"{check}: {where}"
        for check, known in known_today.items()
        for where in known.keys() - {finding.where for finding in _findings(check)}
    ]


def test_what_is_known_today_is_still_there() -> None:
    """An entry that is not needed any more goes, so that nothing new hides behind it."""
    assert _not_found_any_more(KNOWN_TODAY) == []
    assert _not_found_any_more({"file size": {"cosem.gone": "mended"}}) == ["file size: cosem.gone"]


def test_files_with_long_lines_are_excused_only_while_they_have_some() -> None:
    ruff = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["ruff"]
    excused = [ROOT / name for name, rules in ruff["lint"]["per-file-ignores"].items() if "E501" in rules]
    without = [
        path.name
        for path in excused
        if not path.exists() or max(map(len, path.read_text(encoding="utf-8").splitlines())) <= ruff["line-length"]
    ]
    assert without == []
    assert "E501" not in ruff["lint"]["ignore"]


def test_the_whole_integration_is_read() -> None:
    assert len(MODULES) > 100
    assert {"cosem", "cosem.dlms", "cosem.config_flow", "cosem.dlms.apdu.get"} <= MODULES.keys()


def test_s31_nothing_is_downloaded_and_nothing_received_is_run() -> None:
    assert [*map(str, [*_findings("permitted imports"), *_findings("no evaluation")])] == []


def test_s31_no_path_is_built_from_what_a_network_sent() -> None:
    """Only the command line opens files, under names that its user gave; the rest has Home Assistant's store."""
    assert [*map(str, [*_findings("permitted imports"), *_findings("system calls")])] == []
