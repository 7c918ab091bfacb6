"""Units of the standard as Home Assistant knows them."""

from homeassistant.components.sensor import SensorDeviceClass

from custom_components.cosem.catalogue.units import home_unit

from .catalogue_tools import describe


def test_money_has_the_currency_of_the_installation_or_no_unit():
    unit = home_unit(10, 0, "EUR")
    assert unit is not None
    assert (unit.native, unit.device_class) == ("EUR", SensorDeviceClass.MONETARY)
    assert describe("0-0:19.50.1", 10).native_unit is None
