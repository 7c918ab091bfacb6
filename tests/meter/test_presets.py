"""What is usual: numbers that a person leaves empty, objects that are tried where no list can be read."""

import pytest

from custom_components.cosem.const import PRESET_GENERIC
from custom_components.cosem.dlms import MAX_WPORT
from custom_components.cosem.forms.objects import parse_objects
from custom_components.cosem.meter.presets import PRESETS, USUAL_OBJECTS, preset_of


def test_usual_objects_are_listed_once():
    assert len(set(USUAL_OBJECTS)) == len(USUAL_OBJECTS)


def test_usual_objects_could_be_typed_by_hand():
    """Each of them can become an entity."""
    typed = [f"{class_id}:{logical_name}" for class_id, logical_name in USUAL_OBJECTS]
    assert parse_objects(typed) == typed


@pytest.mark.parametrize("direction", [1, 2], ids=["import", "export"])
def test_usual_energies_are_the_total_and_four_rates(direction: int):
    names = {str(logical_name) for _, logical_name in USUAL_OBJECTS}
    energies = {name for name in names if name.startswith(f"1.0.{direction}.8.")}
    assert energies == {f"1.0.{direction}.8.{rate}.255" for rate in (0, 1, 2, 3, 4)}


def test_usual_objects_are_registers_but_for_demand_and_clock():
    others = {str(logical_name): class_id for class_id, logical_name in USUAL_OBJECTS if class_id != 3}
    assert others == {"1.0.1.6.0.255": 4, "0.0.1.0.0.255": 8}


@pytest.mark.parametrize("name", PRESETS)
def test_preset_gives_numbers_that_a_form_takes(name: str):
    preset = preset_of(name)
    assert preset is PRESETS[name]
    for wport in (preset.client(authenticated=False), preset.client(authenticated=True), preset.server):
        assert 0 <= wport <= MAX_WPORT


@pytest.mark.parametrize(
    ("name", "public", "authenticated"),
    [
        ("generic", 16, 1),
        ("idis_dsmr", 16, 1),
        ("spodes", 16, 32),
        ("itron_sl7000", 7, 7),
        ("mcs301", 16, 1),
        ("gateway_2n", 16, 1),
    ],
)
def test_wports_of_each_family(name: str, public: int, authenticated: int):
    preset = PRESETS[name]
    assert (preset.public_client, preset.authenticated_client, preset.server) == (public, authenticated, 1)


def test_client_depends_on_the_authentication():
    spodes = preset_of("spodes")
    assert (spodes.client(authenticated=False), spodes.client(authenticated=True)) == (16, 32)


def test_preset_of_another_version_is_the_generic_one():
    assert preset_of("gone with another version") is PRESETS[PRESET_GENERIC]
