"""What may come of a transfer."""

import pytest

from custom_components.cosem.dlms.protocol.transfer import Complete, Continues

VALUE = b"0123456789"


@pytest.mark.parametrize("outcome", [Continues(3, 10, VALUE), Complete(VALUE)])
def test_s29_what_a_meter_says_and_is_asked_stays_out_of_what_is_written_about_it(outcome):
    assert VALUE.decode() not in repr(outcome)
