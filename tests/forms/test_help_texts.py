"""The texts of the help: each key has one, nothing is left over, every placeholder is filled."""

import ast
import json
from pathlib import Path
from string import Formatter
from typing import Any

from homeassistant.core import HomeAssistant
import pytest

import custom_components.cosem
from custom_components.cosem.dlms import (
    Layer,
    LayerFinding,
    LayerVerdict,
    SapAssignment,
    TransportProtocol,
    Verdict,
)
from custom_components.cosem.dlms.client.foreign_protocol import ForeignProtocol
from custom_components.cosem.forms import help_lines
from custom_components.cosem.forms.help_lines import Line, Mark
from custom_components.cosem.forms.help_plan import Plan
from custom_components.cosem.forms.help_search import SearchOutcome
from custom_components.cosem.forms.help_texts import async_plan_words, async_result_words
from custom_components.cosem.meter.doctor import ExaminationFailed
from custom_components.cosem.meter.layer_search import SearchResult, nothing_known
from tests.forms.drafts import draft, facts

FOLDER = Path(custom_components.cosem.__file__).parent
TEXTS: dict[str, Any] = json.loads((FOLDER / "translations" / "en.json").read_text(encoding="utf-8"))
OPTIONS = {name: TEXTS["selector"][f"help_{name}"]["options"] for name in ("finding", "summary", "layer", "attempt")}
BLANK = facts("none", port=4060, transport=TransportProtocol.UDP, preset="spodes")


def found(*findings: LayerFinding, seconds: float = 0) -> SearchOutcome:
    """What was found; nothing is known of the other layers."""
    known = {finding.layer: finding for finding in (*nothing_known().findings, *findings)}
    return SearchOutcome(plan=Plan(facts=BLANK), result=SearchResult(findings=tuple(known.values()), seconds=seconds))


def test_each_key_has_a_text_and_each_text_is_used():
    words = {
        node.value
        for node in ast.walk(ast.parse(Path(help_lines.__file__).read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    keys = words | {f"framing_{protocol.name.lower()}" for protocol in ForeignProtocol}
    assert set(OPTIONS["finding"]) <= keys
    assert set(OPTIONS["summary"]) <= words
    assert {f"framing_{protocol.name.lower()}" for protocol in ForeignProtocol} <= set(OPTIONS["finding"])
    assert set(OPTIONS["layer"]) == {layer.value.replace("-", "_") for layer in Layer}
    assert set(OPTIONS["attempt"]) == {"pair"}
    prefixes = ("name_", "port_", "framing_", "public_", "wports_", "login_", "objects_")
    assert {word for word in words if word.startswith(prefixes)} <= {
        *OPTIONS["finding"],
        *OPTIONS["summary"],
        "framing_",
    }


@pytest.mark.parametrize("key", OPTIONS["finding"])
async def test_each_placeholder_is_filled(hass: HomeAssistant, key: str):
    told = Line(layer=Layer.FRAMING, mark=Mark.FAILS, key=key, failure=ExaminationFailed(Verdict.ASSOCIATION_REFUSED))
    words = await async_result_words(hass, draft("none", facts=BLANK), found(), [told])
    assert words["lines"].startswith("- ✗ **Protocol**: ")
    assert "{" not in words["lines"]
    assert "  " not in words["lines"]
    assert all(name for _, name, _, _ in Formatter().parse(OPTIONS["finding"][key]) if name is not None)


@pytest.mark.parametrize("verdict", Verdict)
async def test_each_verdict_says_what_a_form_says(hass: HomeAssistant, verdict: Verdict):
    failure = ExaminationFailed(verdict, detail="*bold*", seconds=7, counter=8)
    told = Line(layer=Layer.ASSOCIATION, mark=Mark.FAILS, failure=failure)
    words = await async_result_words(hass, draft("none", facts=BLANK), found(), [told])
    begin = TEXTS["config"]["error"][verdict.value].partition("{")[0].strip()
    assert f"- ✗ **Client and server address**: {begin}" in words["lines"]
    assert "{" not in words["lines"]
    assert "*bold*" not in words["lines"].replace("\\*bold\\*", "")


async def test_what_is_not_ours_is_text(hass: HomeAssistant):
    devices = (SapAssignment(1, b"EVL[pay](http://a.example)"), SapAssignment(2, b"\x01\x02"))
    result = found(
        LayerFinding(Layer.NAME, LayerVerdict.OK, "192.0.2.7, fe80::1"),
        LayerFinding(Layer.PUBLIC_ASSOCIATION, LayerVerdict.OK, devices=devices),
        LayerFinding(Layer.OBJECT_LIST, LayerVerdict.OK, objects=77),
    )
    told = [
        Line(layer=Layer.NAME, mark=Mark.FINE, key="name_has_address"),
        Line(layer=Layer.PUBLIC_ASSOCIATION, mark=Mark.FINE, key="public_tells_devices"),
        Line(layer=Layer.OBJECT_LIST, mark=Mark.FINE, key="objects_are_listed"),
    ]
    words = await async_result_words(hass, draft("none", facts=BLANK), result, told)
    name, public, objects = words["lines"].split("\n")
    assert name.endswith("leads to 192.0.2.7, fe80::1.")
    assert "1: EVL\\[pay\\](http:\\//a.example), 2: 0102" in public
    assert "77 objects" in objects
    assert words["summary"] == OPTIONS["summary"]["fine"]


async def test_hints_of_address_and_meter_type(hass: HomeAssistant):
    told = [Line(layer=Layer.FRAMING, mark=Mark.FAILS, key="framing_silent")]
    words = await async_result_words(hass, draft("none", facts=BLANK), found(), told)
    assert "Most meters use port 4059." in words["lines"]
    assert "SPODES meters" in words["lines"]
    assert words["summary"] == "It fails here first: **Protocol**."


async def test_what_ended_too_early_says_after_which_time(hass: HomeAssistant):
    told = [Line(layer=Layer.NAME, mark=Mark.OPEN, key="not_tried")]
    words = await async_result_words(hass, draft("none", facts=BLANK), found(seconds=120), told)
    assert words["summary"].startswith("Looking was ended after 120 seconds.")


async def test_attempts_are_named_once(hass: HomeAssistant):
    given = facts("password", server_wport=7)
    plans = [Plan(facts=given), Plan(facts=given, credentials={"password": "p4ssw0rd"})]
    words = await async_plan_words(hass, draft("password", facts=given), plans)
    assert words["attempts"] == "- client address 16, server address 1\n- client address 2, server address 7"
    assert "p4ssw0rd" not in str(words)


@pytest.mark.parametrize(("count", "named"), [(20, 20), (21, 20), (500, 20)])
async def test_a_line_names_as_many_logical_devices_as_a_person_reads(hass: HomeAssistant, count: int, named: int):
    devices = tuple(SapAssignment(number, f"EVL{number}".encode()) for number in range(1, count + 1))
    outcome = found(LayerFinding(Layer.PUBLIC_ASSOCIATION, LayerVerdict.OK, devices=devices))
    line = Line(layer=Layer.PUBLIC_ASSOCIATION, mark=Mark.FINE, key="public_tells_devices")
    told = (await async_result_words(hass, draft("none"), outcome, (line,)))["lines"]
    assert told.count("EVL") == named
    assert ("…" in told) is (count > named)
