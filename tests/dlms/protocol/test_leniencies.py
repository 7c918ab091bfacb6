"""Each leniency has a name that stays, and a line in docs/meters.md."""

from pathlib import Path
import re

from custom_components.cosem.dlms.protocol.leniencies import Leniency

PAGE = Path(__file__).parents[3] / "docs" / "meters.md"


def test_every_leniency_is_a_line_of_the_page_about_meters():
    documented = re.findall(r"^\| `([a-z0-9_]+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(documented) == sorted(leniency.value for leniency in Leniency)


def test_names_are_those_of_the_members():
    assert {leniency.value for leniency in Leniency} == {leniency.name.lower() for leniency in Leniency}
