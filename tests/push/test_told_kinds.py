"""What notifications are called."""

import pytest

from custom_components.cosem.push.told_kinds import UNDECODABLE, told_kind
from tests.push.senders import data_notification, event_code
from tests.push.test_routing import heard


@pytest.mark.parametrize(
    ("apdu", "kind"),
    [
        (event_code(1), "event_notification"),
        (data_notification("1101"), "data_notification"),
        (bytes.fromhex("18 00 01 02 FA00 01 1107"), "information_report"),
        (b"\xc2\x00", UNDECODABLE),
    ],
)
def test_each_kind_has_its_name(apdu: bytes, kind: str):
    assert told_kind(heard(apdu).notification()) == kind
