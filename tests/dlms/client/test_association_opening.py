"""How an association is opened, in what its user sees of it. More is in test_association.py and test_client.py."""

import pytest

from custom_components.cosem.dlms.client.association_opening import AssociationOpening
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.link import Link, Timing
from custom_components.cosem.dlms.client.list_sizes import ListSizes
from custom_components.cosem.dlms.client.proof_forms import KnownForm, Progress
from custom_components.cosem.dlms.errors import AssociationRejected, LocalProtocolError
from custom_components.cosem.dlms.limits import DEFAULT_LIMITS
from tests.dlms.scripted import PARAMETERS, ScriptedMeter, aare


class Opened(AssociationOpening):
    """Asks for nothing."""

    _request = _tell = _only_by_access = decode = decode_exactly = get_pieces = run = None


async def opened_with(meter):
    link = Link(await with_wrapper(meter.connect)(), DEFAULT_LIMITS, lambda: 0.0)
    await link.open()
    return link, Opened(link, PARAMETERS, Timing(), DEFAULT_LIMITS)


async def test_what_was_agreed_on_is_known_once_it_is_open():
    link, opening = await opened_with(ScriptedMeter())
    with pytest.raises(LocalProtocolError, match="not associated yet"):
        _ = opening.negotiated
    await opening.propose(ListSizes(), KnownForm())
    assert opening.negotiated.server_max_receive_pdu_size == 1024
    assert (opening.progress, opening.proposals) == (Progress.OPEN, 1)
    await link.close()


async def test_a_refusal_is_raised_and_leaves_nothing_agreed():
    link, opening = await opened_with(ScriptedMeter(aarq=lambda _apdu: [aare(None, result=1, diagnostic=13)]))
    with pytest.raises(AssociationRejected):
        await opening.propose(ListSizes(), KnownForm())
    with pytest.raises(LocalProtocolError):
        _ = opening.negotiated
    assert (opening.progress, opening.proposals) == (Progress.PROPOSED, 1)
    await link.close()
