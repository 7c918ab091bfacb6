"""Without any fault: our client polls the simulated meter with every mechanism, suite, envelope and protection."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from custom_components.cosem.dlms import (
    AssociationRejected,
    Data,
    Envelope,
    KeyInfoKind,
    LocalProtocolError,
    Protection,
)
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.security_profile import DedicatedCounter, PlainRelease

from .conftest import MeterClock
from .secured import SecurePoller, secure_poller, secured_profile, with_client

__all__ = ["secure_poller"]


def everything_read(reading: dict[Any, Any]) -> bool:
    return all(isinstance(value, Data) for value in reading.values())


@pytest.mark.parametrize("wport", [1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 19])
async def test_every_client_of_the_profile(secure_poller: Callable[..., SecurePoller], wport: int):
    poller = secure_poller(wport)
    for _ in range(2):
        assert everything_read(await poller.poll())


@pytest.mark.parametrize("wport", [1, 3, 4, 9, 15, 18])
@pytest.mark.parametrize("envelope", [Envelope.SERVICE_SPECIFIC, Envelope.GENERAL])
async def test_dedicated_keys(secure_poller: Callable[..., SecurePoller], wport: int, envelope: Envelope):
    poller = secure_poller(wport, use_dedicated_key=True, envelope=envelope)
    for _ in range(2):
        assert everything_read(await poller.poll())


@pytest.mark.parametrize("wport", [3, 4])
@pytest.mark.parametrize("key_info", list(KeyInfoKind))
@pytest.mark.parametrize("sign", [False, True])
@pytest.mark.parametrize("header", [True, False])
async def test_general_ciphering(
    clock: MeterClock,
    secure_poller: Callable[..., SecurePoller],
    wport: int,
    key_info: KeyInfoKind,
    sign: bool,
    header: bool,
):
    meter = SimulatedMeter(secured_profile(header_in_aad=header), clock)
    settings = {
        "server_system_title": meter.security.identity.title,
        "envelope": Envelope.GENERAL_CIPHERING,
        "key_info": key_info,
        "sign": sign,
        "authenticate_header": header,
    }
    if not (header or sign) and key_info in {KeyInfoKind.WRAPPED, KeyInfoKind.AGREED_ONE_PASS}:
        # Nothing would bind such an answer to its request: an old one could be repeated.
        with pytest.raises(LocalProtocolError, match="header"):
            secure_poller(wport, meter, **settings)
        return
    poller = secure_poller(wport, meter, **settings)
    assert everything_read(await poller.poll())


@pytest.mark.parametrize(
    "oddity",
    [
        {"hls_diagnostic": 0},
        {"plain_rlre": True},
        {"plain_rlrq": PlainRelease.IGNORE},
        {"plain_rlrq": PlainRelease.REFUSE},
        {"certificate_in_aare": True},
        {"hls_counter_may_repeat": True},
    ],
    ids=str,
)
async def test_odd_meters(clock: MeterClock, secure_poller: Callable[..., SecurePoller], oddity: dict[str, Any]):
    poller = secure_poller(9, SimulatedMeter(secured_profile(**oddity), clock))
    assert everything_read(await poller.poll())


@pytest.mark.parametrize("quirk", [{"mechanism_name_in_aare": False}, {"protocol_version_in_aare": True}], ids=str)
async def test_odd_aares(clock: MeterClock, secure_poller: Callable[..., SecurePoller], quirk: dict[str, Any]):
    poller = secure_poller(1, SimulatedMeter(secured_profile().with_quirks(**quirk), clock))
    assert everything_read(await poller.poll())


@pytest.mark.parametrize("counter", list(DedicatedCounter))
async def test_the_meters_counter_of_a_dedicated_key(
    clock: MeterClock, secure_poller: Callable[..., SecurePoller], counter: DedicatedCounter
):
    meter = SimulatedMeter(secured_profile(dedicated_counter=counter), clock)
    assert everything_read(await secure_poller(1, meter, use_dedicated_key=True).poll())


@pytest.mark.parametrize("pdu_size", [128, 256])
@pytest.mark.parametrize("envelope", list(Envelope))
async def test_small_pdus(
    clock: MeterClock, secure_poller: Callable[..., SecurePoller], pdu_size: int, envelope: Envelope
):
    meter = SimulatedMeter(replace(secured_profile(), max_pdu_size=pdu_size), clock)
    assert everything_read(await secure_poller(3, meter, envelope=envelope).poll())


async def test_answers_stronger_than_asked_for_are_no_use(
    clock: MeterClock, secure_poller: Callable[..., SecurePoller]
):
    """The expected security control is compared whole: settings and meter must agree (rule S11)."""
    meter = SimulatedMeter(with_client(secured_profile(), 12, policy=3), clock)
    poller = secure_poller(12, meter, protection=Protection.AUTHENTICATED)
    with pytest.raises(AssociationRejected):
        await poller.poll()
