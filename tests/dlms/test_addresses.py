"""The numbers of IEC 62056-9-7, said a second time."""

from custom_components.cosem.dlms import addresses


def test_ports_and_wports_have_16_bits():
    assert (addresses.MAX_PORT, addresses.MAX_WPORT) == (65_535, 65_535)


def test_the_registered_port_and_the_reserved_wports():
    assert addresses.DEFAULT_PORT == 4059
    assert (addresses.PUBLIC_CLIENT_WPORT, addresses.MANAGEMENT_WPORT) == (16, 1)
