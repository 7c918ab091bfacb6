"""Each meter has the same few entities, by unique ids that no object can have."""

from homeassistant.const import Platform

from custom_components.cosem.meter.own_entities import OwnEntity


def test_unique_ids_are_made_of_the_meters_identity_and_the_key():
    assert OwnEntity.PAUSE_POLLING.unique_id("SIM1") == "SIM1_pause_polling"
    assert OwnEntity.METER_EVENT.unique_id("SIM1") == "SIM1_meter_event"
    assert len({own.unique_id("SIM1") for own in OwnEntity}) == len(OwnEntity)


def test_each_belongs_to_its_platform():
    assert {own.platform for own in OwnEntity} == {Platform.EVENT, Platform.SENSOR, Platform.SWITCH}
    assert OwnEntity.LAST_READ.platform is OwnEntity.READING_PROBLEM.platform is Platform.SENSOR
