"""What the catalogue says about every code that it knows, compared with a table that people have read."""

from difflib import unified_diff

import pytest

from tests.catalogue.golden_table import PARTS, read_table


@pytest.mark.parametrize("name", PARTS)
def test_every_code_keeps_its_name_its_state_class_and_its_default(name):
    changed = list(
        unified_diff(read_table()[name], list(PARTS[name]()), "the table", "the catalogue", n=0, lineterm="")
    )
    assert not changed, "\n".join(changed[:40])


def test_the_table_covers_every_medium_and_every_attribute_that_becomes_a_sensor():
    table = read_table()
    assert set(table) == set(PARTS)
    assert all(len(part) > 10 for part in table.values())
    attributes = {line.partition(" | ")[0] for line in table["classes"] if not line.startswith("#")}
    assert attributes == {"1.2", "3.2", "4.2", "4.4", "4.5", "5.2", "5.3", "5.5", "5.6", "5.7", "8.2"}
