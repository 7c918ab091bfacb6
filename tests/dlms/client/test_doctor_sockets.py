"""What the doctor says of real sockets on this computer."""

import socket

import pytest

from custom_components.cosem.dlms.client.channel import with_datagrams
from custom_components.cosem.dlms.client.udp_transport import open_udp
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from tests.dlms.client.test_doctor import FAILED, NOT_TRIED, OK, READER, found, verdicts
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("parameters", [READER, AssociationParameters()])
async def test_a_closed_port_over_udp_took_no_connection_before(parameters: AssociationParameters):
    """The network says so only behind the first datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    findings = await found(
        SimulatedMeter(MeterProfile()), parameters, connect=with_datagrams(lambda: open_udp("127.0.0.1", port, 60))
    )
    assert verdicts(findings) == [OK, FAILED] + [NOT_TRIED] * 5
    assert "refused" in findings[1].detail
