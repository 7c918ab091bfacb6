"""What is usual for a make: proposals that the forms can make, for makers whose names are known."""

from dataclasses import replace

import pytest

from custom_components.cosem.const import AUTHENTICATIONS
from custom_components.cosem.dlms import LogicalDeviceName
from custom_components.cosem.dlms.interface_classes.logical_device_name import MANUFACTURERS
from custom_components.cosem.meter.identity import NAME_ATTRIBUTE, SERIAL_ATTRIBUTES
from custom_components.cosem.meter.makers import MAKERS, maker_of
from custom_components.cosem.meter.presets import PRESETS
from tests.forms.drafts import examination

IDENTITY = examination().identity


@pytest.mark.parametrize("flag_id", MAKERS)
def test_every_make_has_a_name_and_a_proposal_that_the_forms_can_make(flag_id: str):
    assert LogicalDeviceName(f"{flag_id}1234".encode()).flag_id == flag_id
    assert flag_id in MANUFACTURERS, "who is proposed something is called by name"
    assert MAKERS[flag_id].preset in PRESETS
    assert MAKERS[flag_id].authentication in set(AUTHENTICATIONS) - {"none"}


def test_the_make_is_that_of_the_logical_device_name():
    known = replace(IDENTITY, unique_id="isk1234567", pinned=NAME_ATTRIBUTE)
    assert maker_of(known) == MAKERS["ISK"]
    assert maker_of(replace(known, unique_id="SIM1234567")) is None
    assert maker_of(replace(known, unique_id="1234567")) is None
    assert maker_of(replace(known, pinned=SERIAL_ATTRIBUTES[0])) is None, "letters in a number are no FLAG id"


def test_what_companion_specifications_say_of_their_meters():
    assert (MAKERS["LGZ"].preset, MAKERS["LGZ"].authentication) == ("idis_dsmr", "keys")
    assert (MAKERS["INC"].preset, MAKERS["INC"].authentication) == ("spodes", "password")
    assert (MAKERS["ACE"].preset, MAKERS["ACE"].authentication) == ("itron_sl7000", "password")
