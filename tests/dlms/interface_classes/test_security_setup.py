"""Security setup: what the standard numbers (Blue Book, class 64)."""

from custom_components.cosem.dlms.interface_classes.security_setup import SecuritySetupAttribute, SecuritySetupMethod


def test_methods_that_carry_keys():
    assert (SecuritySetupMethod.KEY_TRANSFER, SecuritySetupMethod.KEY_AGREEMENT) == (2, 3)
    assert [method.value for method in SecuritySetupMethod] == list(range(1, 9))


def test_system_titles_are_attributes_4_and_5():
    assert [attribute.value for attribute in SecuritySetupAttribute] == [2, 3, 4, 5, 6]
    assert (SecuritySetupAttribute.CLIENT_SYSTEM_TITLE, SecuritySetupAttribute.SERVER_SYSTEM_TITLE) == (4, 5)
