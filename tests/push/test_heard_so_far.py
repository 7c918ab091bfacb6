"""What was heard of a meter is counted by kind, with how much of it was proven and when the last came."""

from homeassistant.util import dt as dt_util

from custom_components.cosem.push.heard_so_far import HeardSoFar
from custom_components.cosem.push.routing import ReadNotification
from tests.push.senders import data_notification, event_code
from tests.push.test_routing import heard


def test_it_counts_kinds_proofs_and_remembers_the_last_time():
    so_far, now = HeardSoFar(), dt_util.utcnow()
    assert (so_far.count, so_far.last) == (0, None)
    for notification in (
        heard(event_code(1), authenticated=True),
        heard(event_code(2)),
        heard(data_notification("00")),
    ):
        so_far.note(ReadNotification.of(notification), now)
    assert (so_far.count, so_far.authenticated, so_far.last) == (3, 1, now)
    assert so_far.kinds == {"event_notification": 2, "data_notification": 1}
