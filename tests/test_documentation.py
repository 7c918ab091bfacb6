"""What ships beside the code: the quality scale, the manifest, and documents whose links lead somewhere."""

import json
from pathlib import Path
import re

import pytest
import yaml

from custom_components.cosem.dlms import Leniency

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components" / "cosem"

BRONZE = """
action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage dependency-transparency
docs-actions docs-conditions docs-high-level-description docs-installation-instructions docs-removal-instructions
docs-triggers entity-event-setup entity-unique-id has-entity-name runtime-data test-before-configure test-before-setup
unique-config-entry
"""
SILVER = """
action-exceptions config-entry-unloading docs-configuration-parameters docs-installation-parameters entity-unavailable
integration-owner log-when-unavailable parallel-updates reauthentication-flow test-coverage
"""
GOLD = """
devices diagnostics discovery discovery-update-info docs-data-update docs-examples docs-known-limitations
docs-supported-devices docs-supported-functions docs-troubleshooting docs-use-cases dynamic-devices entity-category
entity-device-class entity-disabled-by-default entity-translations exception-translations icon-translations
reconfiguration-flow repair-issues stale-devices
"""
PLATINUM = "async-dependency inject-websession strict-typing"

SECTIONS = {
    "docs-configuration-parameters": "### Options",
    "docs-data-update": "### How data is updated",
    "docs-examples": "### Examples",
    "docs-installation-instructions": "## Installation",
    "docs-installation-parameters": "## Setting up",
    "docs-known-limitations": "## Known limitations",
    "docs-removal-instructions": "## Removing it",
    "docs-supported-devices": "## Supported devices",
    "docs-supported-functions": "## What you get",
    "docs-troubleshooting": "## Troubleshooting",
    "docs-use-cases": "## What it is good for",
}


@pytest.fixture(scope="module")
def rules() -> dict[str, object]:
    """Return rule -> bare status, or a mapping with status and comment."""
    return yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text("utf-8"))["rules"]


def _status(rule: object) -> str:
    return rule["status"] if isinstance(rule, dict) else str(rule)


def test_every_rule_of_the_quality_scale_is_assessed_and_no_other(rules):
    expected = f"{BRONZE} {SILVER} {GOLD} {PLATINUM}".split()
    assert len(expected) == 54
    assert list(rules) == expected or sorted(rules) == sorted(expected)


def test_an_exemption_or_an_open_rule_has_its_reason(rules):
    for name, rule in rules.items():
        assert _status(rule) in {"done", "exempt", "todo"}, name
        if _status(rule) != "done":
            assert isinstance(rule, dict), name
            assert rule["comment"].strip(), name


def test_rules_about_files_agree_with_the_files(rules):
    for name, path in (
        ("brands", "brand/icon.png"),
        ("common-modules", "coordinator.py"),
        ("common-modules", "entity.py"),
        ("diagnostics", "diagnostics.py"),
        ("icon-translations", "icons.json"),
        ("entity-translations", "translations/en.json"),
    ):
        assert (_status(rules[name]) == "done") == (INTEGRATION / path).exists(), name


def test_the_readme_has_the_sections_that_the_rules_ask_for(rules):
    lines = (ROOT / "README.md").read_text("utf-8").splitlines()
    for name, heading in SECTIONS.items():
        assert _status(rules[name]) == "done"
        assert heading in lines, name


def test_the_manifest_is_one_that_hacs_and_hassfest_take():
    manifest = json.loads((INTEGRATION / "manifest.json").read_text("utf-8"))
    keys = list(manifest)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert manifest["domain"] == INTEGRATION.name == "cosem"
    assert manifest["requirements"] == []
    assert (manifest["integration_type"], manifest["iot_class"], manifest["config_flow"]) == (
        "device",
        "local_polling",
        True,
    )
    assert re.fullmatch(r"\d+\.\d+\.\d+", manifest["version"])
    assert "quality_scale" not in manifest, "self-assessed: no tier is claimed"
    assert manifest["issue_tracker"] == manifest["documentation"] + "/issues"


def test_the_address_of_the_repository_stands_in_the_manifest_only():
    address = json.loads((INTEGRATION / "manifest.json").read_text("utf-8"))["documentation"]
    for document in ("README.md", "info.md"):
        assert address not in (ROOT / document).read_text("utf-8")
    assert "OWNER" not in address or "`OWNER`" in (ROOT / "docs" / "releasing.md").read_text("utf-8")


@pytest.mark.parametrize(
    "document", sorted(path.relative_to(ROOT) for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))), ids=str
)
def test_links_lead_somewhere(document):
    path = ROOT / document
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    anchors = {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    }
    targets = [target for target in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in target]
    inside = {target[1:] for target in targets if target.startswith("#")}
    assert inside <= anchors
    assert not [name for target in targets if (name := target.partition("#")[0]) and not (path.parent / name).exists()]


def test_the_command_line_of_the_readme_is_the_real_one():
    from custom_components.cosem.dlms.apdu import decode_apdu
    from custom_components.cosem.dlms.protocol.wrapper import decode_wpdu

    (octets,) = re.findall(r"scripts/cosem decode ([0-9A-F]+)", (ROOT / "README.md").read_text("utf-8"))
    wpdu = decode_wpdu(bytes.fromhex(octets))
    assert (wpdu.source_wport, wpdu.destination_wport) == (16, 1)
    assert decode_apdu(wpdu.apdu) is not None


@pytest.mark.parametrize(
    "page", [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))], ids=lambda page: page.name
)
def test_trial_30_no_line_of_prose_is_longer_than_140_characters(page: Path):
    lines = page.read_text(encoding="utf-8").splitlines()
    assert lines
    assert [line for line in lines if len(line) > 140 and not line.startswith("|")] == []


# --- Reports ----------------------------------------------------------------------------------------------------------


def test_trial_32_form_for_meter_reports_asks_for_what_helps():
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / "meter_report.yml").read_text("utf-8"))
    assert {"name", "description", "body"} <= form.keys()
    fields = {field["id"]: field for field in form["body"] if field["type"] != "markdown"}
    assert {"maker", "model", "client", "authentication", "diagnostics", "versions"} <= fields.keys()
    for name, field in fields.items():
        assert field["type"] in {"input", "textarea", "dropdown"}, name
        assert field["attributes"]["label"], name
        assert field["validations"] == {"required": True}, name
        assert bool(field["attributes"].get("options")) == (field["type"] == "dropdown"), name
        assert all(isinstance(option, str) for option in field["attributes"].get("options", [])), name
    (warning,) = (field["attributes"]["value"] for field in form["body"] if field["type"] == "markdown")
    assert "Never post passwords, keys or certificates" in warning
    assert form["name"] in (ROOT / "README.md").read_text("utf-8")


def test_trial_32_dependabot_looks_after_the_actions():
    config = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text("utf-8"))
    assert config["version"] == 2
    (update,) = config["updates"]
    assert (update["package-ecosystem"], update["directory"]) == ("github-actions", "/")
    assert update["schedule"]["interval"] == "weekly"


PROFILE = (ROOT / "docs" / "profile-9-7.md").read_text(encoding="utf-8")
CLAUSES = dict(part.split(" ", 1) for part in re.split(r"^## ", PROFILE, flags=re.MULTILINE)[1:])


def test_each_clause_of_the_profile_has_its_part():
    assert list(CLAUSES) == ["4", "5", "6", "7", "8", *(f"9.{number}" for number in range(1, 9))]


@pytest.mark.parametrize("clause", CLAUSES)
def test_the_tests_that_show_a_clause_exist(clause: str):
    named = re.findall(r"`([a-z0-9_/]+\.py)::(test_[a-z0-9_]+)`", CLAUSES[clause].split("Tests:")[1])
    assert named
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not re.search(rf"def {test}\(", (ROOT / "tests" / file).read_text(encoding="utf-8"))
    ]
    assert missing == []


def rows_of_disagreements() -> list[list[str]]:
    text = (ROOT / "docs" / "meters.md").read_text(encoding="utf-8")
    part = text.split("## Where independent implementations disagree")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in part.splitlines() if line[:1] == "|"]
    return rows[2:]


@pytest.mark.parametrize("row", rows_of_disagreements(), ids=lambda row: row[0])
def test_each_disagreement_is_a_named_leniency_a_way_or_a_refusal_with_a_test(row: list[str]):
    _point, _forms, here, test = row
    names = re.findall(r"`([a-z0-9_]+)`", here)
    assert set(names) <= {leniency.value for leniency in Leniency}
    assert names or here.startswith(("refused:", "we send", "taken", "a setting"))
    file, function = test.strip("`").split("::")
    assert f"def {function}(" in (ROOT / "tests" / file).read_text(encoding="utf-8")


NOTES = {
    "GBT, first acknowledgement after a plain request": ["general blocks, first acknowledgement after a plain request"],
    "GBT request in blocks": ["general blocks, a request in blocks"],
    "GBT, a long AARE": ["general blocks, a long AARE"],
    "GBT push on an open association in the form window 0, streaming 0": [
        "general blocks, a push on an open association"
    ],
    "GBT loss": ["general blocks, a missing block"],
    "ACTION response in blocks, joined raw data": ["ACTION, a response in blocks"],
    "SN read in blocks, joined raw data": ["Read, blocks"],
    "list in blocks": ["a list in blocks"],
    "SET blocks": ["SET in blocks, demand for the next", "SET, the result"],
    "ACTION refused": ["ACTION refused"],
    "ACCESS": ["ACCESS, the data of what writes", "ACCESS, what was skipped behind an error"],
    "reply_to_HLS over SN": ["reply_to_HLS with short names"],
    "GMAC in suites 1 and 2": ["GMAC in suites 1 and 2"],
    "reply_to_HLS with a dedicated key": ["reply_to_HLS with a dedicated key"],
    "general-ciphering AAD, signed octets": ["general-ciphering, what is authenticated"],
    "unconfirmed SET, ACTION": ["unconfirmed SET and ACTION"],
    "RLRE": ["RLRE"],
}
"""The points of the protocol notes about where implementations disagree, and the rows of the page about each."""
FOUND_LATER = {"general blocks and protection", "general-ciphering and signing, the AARE"}


def test_every_point_of_the_notes_has_its_row_and_every_row_its_point():
    rows = [row[0] for row in rows_of_disagreements()]
    assert len(rows) == len(set(rows))
    assert set(rows) == {row for of_point in NOTES.values() for row in of_point} | FOUND_LATER


def test_no_point_of_the_notes_is_forgotten():
    notes = ROOT.parent / "shared" / "spec" / "xdlms-services.md"
    if not notes.is_file():
        pytest.skip("the protocol notes are not beside this checkout")
    part = notes.read_text(encoding="utf-8").split("## Where independent implementations disagree")[1]
    points = [line.split("|")[1].strip() for line in part.splitlines() if line.startswith("|")][2:]
    assert points == list(NOTES)
