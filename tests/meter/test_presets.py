"""What is usual: numbers that a person leaves empty, objects that are tried where no list can be read."""

import pytest

from custom_components.cosem.const import MAX_WPORT, MIN_WPORT, PRESET_GENERIC
from custom_components.cosem.forms.objects import parse_objects
from custom_components.cosem.meter.presets import PRESETS, USUAL_OBJECTS, preset_of


def test_usual_objects_are_listed_once():
    assert len(set(USUAL_OBJECTS)) == len(USUAL_OBJECTS)


def test_usual_objects_could_be_typed_by_hand():
    """Each of them can become an entity."""
    typed = [f"{class_id}:{logical_name}" for class_id, logical_name in USUAL_OBJECTS]
    assert parse_objects(typed) == typed


@pytest.mark.parametrize("name", PRESETS)
def test_preset_gives_numbers_that_a_form_takes(name: str):
    preset = preset_of(name)
    assert preset is PRESETS[name]
    for wport in (preset.client(authenticated=False), preset.client(authenticated=True), preset.server):
        assert MIN_WPORT <= wport <= MAX_WPORT


def test_client_depends_on_the_authentication():
    spodes = preset_of("spodes")
    assert (spodes.client(authenticated=False), spodes.client(authenticated=True)) == (16, 32)


def test_preset_of_another_version_is_the_generic_one():
    assert preset_of("gone with another version") is PRESETS[PRESET_GENERIC]
