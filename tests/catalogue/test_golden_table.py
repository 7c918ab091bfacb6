"""What the catalogue says about every code that it knows, compared with a table that people have read."""

from difflib import unified_diff

from tests.catalogue.golden_table import TABLE, lines


def test_every_code_keeps_its_name_its_state_class_and_its_default():
    known = TABLE.read_text(encoding="utf-8").splitlines()
    changed = list(unified_diff(known, lines(), "golden_table.txt", "the catalogue", n=0, lineterm=""))
    assert not changed, "\n".join(changed[:40])


def test_the_table_covers_every_medium_and_every_class_that_becomes_a_sensor():
    known = TABLE.read_text(encoding="utf-8").splitlines()
    media = {line.partition(" | ")[0] for line in known}
    assert media >= {"0", "1", "4", "5", "6", "7", "8", "9"}
    assert media >= {"1.2", "3.2", "4.2", "4.4", "4.5", "5.2", "5.3", "5.5", "5.6", "5.7", "8.2"}
