import pytest

from custom_components.cosem.dlms.apdu import encode_apdu
from custom_components.cosem.dlms.apdu.common import AttributeDescriptor
from custom_components.cosem.dlms.client.channel import with_wrapper
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.invocation_counter import INVOCATION_COUNTER, learn_invocation_counter
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import ConnectionLost, LocalProtocolError
from tests.dlms.scripted import BUSY, REJECTED, End, ScriptedMeter, access_error, unsigned, value

QUICK = Timing(response=0.5, release=0.1, reconnect_gap=0)


async def learn(meter, **arguments):
    client = DlmsClient("meter", connect=with_wrapper(meter.connect))
    counter = await learn_invocation_counter(client, **({"server_wport": 17, "timing": QUICK} | arguments))
    assert not meter.open_links
    return counter


async def test_the_next_counter_is_one_above_the_last_received():
    meter = ScriptedMeter(lambda apdu: [value(unsigned(4_660))])
    assert await learn(meter) == 4_661
    assert meter.requests == [bytes.fromhex("C001C1000100002B0100FF0200")]
    assert {(wpdu.source_wport, wpdu.destination_wport) for wpdu in meter.link.sent} == {(16, 17)}


async def test_channel_instance_and_wports_can_be_others():
    meter = ScriptedMeter(lambda apdu: [value(unsigned(1))])
    name = LogicalName.parse("0.1.43.1.7.255")
    assert await learn(meter, server_wport=1, logical_name=name, public_client_wport=20) == 2
    assert meter.requests[0][5:11] == bytes((0, 1, 43, 1, 7, 255))
    assert meter.link.sent[0].source_wport == 20


@pytest.mark.parametrize(
    "answer",
    [
        access_error(3),
        BUSY,
        value(b"\x09\x04\0\0\x12\x34"),
        value(b"\x0f\xff"),
        value(b"\x03\x01"),
        value(unsigned(0xFFFFFFFF)),
        value(b"\x15\0\0\0\1\0\0\0\0"),
        b"\xc4\x01\xc1\x00\x77",
    ],
    ids=["denied", "exception", "octets", "negative", "boolean", "last", "too large", "no data"],
)
async def test_what_is_no_counter_is_not_learned(answer):
    assert await learn(ScriptedMeter(lambda apdu: [answer])) is None


async def test_a_refused_public_client_learns_nothing():
    assert await learn(ScriptedMeter(aarq=lambda apdu: [encode_apdu(REJECTED)])) is None


async def test_a_network_that_fails_is_told():
    with pytest.raises(ConnectionLost):
        await learn(ScriptedMeter(aarq=lambda apdu: [End()]))


async def test_misuse_is_told():
    with pytest.raises(LocalProtocolError):
        await learn(ScriptedMeter(), public_client_wport=70_000)


def test_the_usual_object():
    assert str(AttributeDescriptor(1, INVOCATION_COUNTER, 2)) == "1:0.0.43.1.0.255:2"
