"""Names of mechanisms and protections stand at the place of their number."""

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.security.names import MECHANISM_NAMES, PROTECTION_NAMES


def test_names_of_mechanisms_are_those_of_their_numbers():
    spelt = [mechanism.name.lower().replace("_", "-") for mechanism in Mechanism]
    spelt[Mechanism.HLS] = "hls-manufacturer"
    assert list(MECHANISM_NAMES) == spelt


def test_protections_are_two_bits():
    assert PROTECTION_NAMES == ("none", "authenticated", "encrypted", "authenticated-encryption")
