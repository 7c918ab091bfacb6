"""F29, F30, F37 to F40, F45 over TCP at the stack: forged, replayed, downgraded octets never become a value.

Every poll that succeeds passes the truth check; counters never repeat (secured.py); after the fault the next poll is
fresh.
"""

from collections.abc import Callable

import pytest

from custom_components.cosem.dlms import (
    AssociationRejected,
    AuthenticationTagInvalid,
    DlmsError,
    InvocationCounterExhausted,
    InvocationCounterRefused,
    InvocationCounterReplayed,
    PeerNotAuthenticated,
    ResponseTimeout,
    SecurityDowngrade,
    SecurityError,
    SystemTitleMismatch,
    learn_invocation_counter,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from tests.simulated_meter.attacks import ABSURD
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.security_profile import Answer

from .conftest import FAST, MeterClock
from .secured import SecurePoller, secure_poller, secured_profile

__all__ = ["secure_poller"]

type Make = Callable[..., SecurePoller]

KINDS = pytest.mark.parametrize("wport", [1, 3, 4], ids=["suite-0", "suite-1", "suite-2"])
WHERE = pytest.mark.parametrize("kind", ["aarq", "get"])


async def refused(poller: SecurePoller, *errors: type[DlmsError]) -> DlmsError:
    """Poll; nothing may be read, and the connection is gone."""
    readings = len(poller.readings)
    with pytest.raises(errors) as caught:
        await poller.poll()
    assert len(poller.readings) == readings
    assert poller.meter.open_links == 0
    return caught.value


# -- F29


@KINDS
@pytest.mark.parametrize("reboots", [1, 3])
async def test_f29_a_reboot_that_loses_counters(secure_poller: Make, clock: MeterClock, wport: int, reboots: int):
    poller = secure_poller(wport)
    for _ in range(reboots):
        await poller.poll()
        poller.meter.restart(lose_counters=True)
        clock.advance(minutes=5)
    await poller.recovers()


async def test_f29_a_reset_without_a_new_association_is_a_replay(secure_poller: Make):
    poller = secure_poller()
    poller.meter.faults.add("counter-reset", times=1)
    error = await refused(poller, InvocationCounterReplayed, ResponseTimeout)
    assert isinstance(error, SecurityError)
    await poller.recovers()


async def test_f29_without_authentication_a_reset_needs_the_user(secure_poller: Make):
    """Client 19 proves nothing and asks for no proof: its receiving counter outlives associations (S7)."""
    poller = secure_poller(19)
    await poller.poll()
    poller.meter.restart(lose_counters=True)
    await refused(poller, InvocationCounterReplayed)


# -- F30


@KINDS
async def test_f30_our_counter_is_too_low_after_a_restored_backup(secure_poller: Make, wport: int):
    poller = secure_poller(wport, start=900)
    await poller.poll()
    again = secure_poller(wport, poller.meter, start=1)
    await again.poll()
    assert again.state.next_value > poller.state.next_value - 1
    await again.recovers()


async def test_f30_a_counter_far_ahead_within_the_limit(secure_poller: Make):
    poller = secure_poller(20)
    await poller.poll()
    assert poller.state.next_value > 250_000
    await poller.recovers()


async def test_f30_learned_from_the_public_client(secure_poller: Make):
    poller = secure_poller(20)
    name = LogicalName.parse("0.0.43.1.20.255")
    learned = await learn_invocation_counter(poller.client, server_wport=1, logical_name=name, timing=FAST)
    assert learned == 250_000
    assert poller.state.follow(learned)
    requests = poller.meter.requests
    await poller.poll()
    assert poller.meter.requests - requests == 4  # AARQ, pass 3, list, RLRQ: nothing was refused


@WHERE
async def test_f30_an_absurd_counter_is_not_followed(secure_poller: Make, kind: str):
    poller = secure_poller()
    await poller.poll()
    before = poller.state.next_value
    poller.meter.faults.add("counter-error", on=kind, code=ABSURD)
    await refused(poller, InvocationCounterRefused, InvocationCounterExhausted)
    assert before <= poller.state.next_value < before + 100
    await poller.recovers()


@WHERE
async def test_f30_a_lower_counter_is_not_followed(secure_poller: Make, kind: str):
    poller = secure_poller(start=5_000)
    poller.meter.faults.add("counter-error", on=kind, code=17)
    error = await refused(poller, InvocationCounterRefused)
    assert isinstance(error, InvocationCounterRefused)
    assert error.expected == 17
    assert poller.state.next_value >= 5_000
    await poller.recovers()


@WHERE
async def test_f30_who_keeps_raising_is_followed_once_per_request(secure_poller: Make, kind: str):
    poller = secure_poller()
    fault = poller.meter.faults.add("counter-error", on=kind)
    await refused(poller, InvocationCounterRefused)
    assert fault.fired <= 3
    await poller.recovers()


@WHERE
async def test_f30_refused_once_and_then_taken(secure_poller: Make, kind: str):
    poller = secure_poller()
    poller.meter.faults.add("counter-error", on=kind, times=1)
    await poller.poll()
    await poller.recovers()


async def test_f30_refused_in_silence(secure_poller: Make, clock: MeterClock):
    poller = secure_poller(20, SimulatedMeter(secured_profile(counter_refused=Answer.SILENCE), clock))
    await refused(poller, ResponseTimeout)
    assert poller.state.follow(250_000, confirmed_by_user=True)
    await poller.recovers()


# -- F37


@pytest.mark.parametrize("wport", [1, 4, 5, 6, 7, 8, 9, 11, 15])
@pytest.mark.parametrize(
    ("fault", "parameters"),
    [
        ("empty-pass-4", {}),
        ("wrong-pass-4", {"octet": 0}),
        ("wrong-pass-4", {"octet": 4}),
        ("wrong-pass-4", {"octet": -1}),
        ("reflected-pass-4", {}),
    ],
)
async def test_f37_pass_4_wrong_or_missing(secure_poller: Make, wport: int, fault: str, parameters: dict[str, int]):
    poller = secure_poller(wport)
    struck = poller.meter.faults.add(fault, **parameters)
    await refused(poller, PeerNotAuthenticated)
    assert struck.fired == 1
    assert not [request for request in poller.meter.log if request.kind == "get"]
    await poller.recovers()


@pytest.mark.parametrize("wport", [1, 5, 9])
async def test_f37_no_answer_to_pass_3(secure_poller: Make, wport: int):
    poller = secure_poller(wport)
    poller.meter.faults.add("no-pass-4")
    await refused(poller, ResponseTimeout)
    await poller.recovers()


@pytest.mark.parametrize("wport", [1, 5, 9])
async def test_f37_the_meter_refuses_our_proof(secure_poller: Make, wport: int):
    poller = secure_poller(wport)
    poller.meter.faults.add("refused-pass-4")
    error = await refused(poller, AssociationRejected)
    assert isinstance(error, AssociationRejected)
    assert error.concerns_authentication
    await poller.recovers()


@pytest.mark.parametrize("wport", [1, 5, 9])
@pytest.mark.parametrize(
    "fault", ["reflected-challenge", "short-challenge", "no-challenge", "other-mechanism", "reflected-title"]
)
async def test_f37_an_aare_that_cannot_be_believed(secure_poller: Make, wport: int, fault: str):
    poller = secure_poller(wport)
    struck = poller.meter.faults.add(fault)
    if fault == "reflected-title" and wport == 5:
        await poller.poll()  # MD5 without ciphering computes with no title
    else:
        await refused(poller, SecurityError, DlmsError)
        assert not [request for request in poller.meter.log if request.kind in {"get", "action"}]
    assert struck.fired == 1
    await poller.recovers()


async def test_f37_plaintext_in_pass_4(secure_poller: Make):
    poller = secure_poller()
    poller.meter.faults.add("plaintext", on="hls")
    await refused(poller, SecurityDowngrade)
    await poller.recovers()


# -- F38


@KINDS
@WHERE
@pytest.mark.parametrize("fault", ["wrong-tag", "wrong-key", "wrong-title"])
async def test_f38_a_tag_that_does_not_fit(secure_poller: Make, wport: int, kind: str, fault: str):
    poller = secure_poller(wport)
    poller.meter.faults.add(fault, on=kind)
    await refused(poller, AuthenticationTagInvalid)
    await poller.recovers()


async def test_f38_every_octet_flipped(secure_poller: Make):
    """What is altered is dropped, and the honest answer behind it is taken; or the connection ends."""
    poller = secure_poller()
    await poller.poll()
    length = len(poller.meter.security.history[1][-2])
    for octet in range(length):
        poller.meter.faults.clear()
        fault = poller.meter.faults.add("wrong-tag", octet=octet or -length, code=0x01, times=1, then_answer=True)
        try:
            await poller.poll()
        except DlmsError:
            assert poller.meter.open_links == 0
        assert fault.fired == 1
    await poller.recovers()


@pytest.mark.parametrize("count", [1, 2])
async def test_f38_forged_answers_before_the_honest_one_are_dropped(secure_poller: Make, count: int):
    poller = secure_poller()
    poller.meter.faults.add("wrong-tag", count=count, then_answer=True)
    await poller.poll()
    await poller.recovers()


async def test_f38_three_in_a_row_close(secure_poller: Make):
    poller = secure_poller()
    poller.meter.faults.add("wrong-tag", count=3, then_answer=True)
    await refused(poller, AuthenticationTagInvalid)
    await poller.recovers()


# -- F39


@pytest.mark.parametrize("fault", ["replay", "old-counter"])
@pytest.mark.parametrize("count", [1, 2])
async def test_f39_replayed_answers_are_dropped(secure_poller: Make, fault: str, count: int):
    poller = secure_poller()
    await poller.poll()
    struck = poller.meter.faults.add(fault, count=count, then_answer=True)
    await poller.poll()
    assert struck.fired
    await poller.recovers()


@pytest.mark.parametrize("back", [1, 2, 3, 4, 5])
async def test_f39_answers_of_this_association_and_the_one_before(secure_poller: Make, clock: MeterClock, back: int):
    poller = secure_poller()
    await poller.poll()
    clock.advance(hours=1)
    poller.meter.read_times.clear()  # only this poll's values are true
    poller.meter.faults.add("replay", code=back)
    await refused(poller, InvocationCounterReplayed, AuthenticationTagInvalid, SecurityDowngrade, ResponseTimeout)
    await poller.recovers()


async def test_f39_three_in_a_row_close(secure_poller: Make):
    poller = secure_poller()
    poller.meter.faults.add("old-counter", count=3, then_answer=True)
    await refused(poller, InvocationCounterReplayed)
    await poller.recovers()


# -- F40


DOWNGRADES = [
    "plaintext",
    "authenticated-only",
    "encrypted-only",
    "other-suite",
    "broadcast-key",
    "compressed",
    "nested",
    "other-service",
]


@KINDS
@pytest.mark.parametrize("kind", ["aarq", "hls", "get"])
@pytest.mark.parametrize("fault", DOWNGRADES)
async def test_f40_less_or_other_protection_than_agreed_upon(secure_poller: Make, wport: int, kind: str, fault: str):
    poller = secure_poller(wport)
    struck = poller.meter.faults.add(fault, on=kind)
    await refused(poller, SecurityDowngrade)
    assert struck.fired == 1
    await poller.recovers()


@pytest.mark.parametrize("fault", DOWNGRADES)
async def test_f40_the_honest_answer_behind_it_comes_too_late(secure_poller: Make, fault: str):
    poller = secure_poller()
    poller.meter.faults.add(fault, then_answer=True)
    await refused(poller, SecurityDowngrade)
    await poller.recovers()


async def test_f40_another_application_context(secure_poller: Make):
    poller = secure_poller()
    poller.meter.faults.add("other-context")
    await refused(poller, DlmsError)
    await poller.recovers()


# -- F45


@KINDS
async def test_f45_another_meter_at_the_same_address(secure_poller: Make, clock: MeterClock, wport: int):
    meter = SimulatedMeter(secured_profile(), clock)
    poller = secure_poller(wport, meter, server_system_title=meter.security.identity.title)
    await poller.poll()
    poller.meter.faults.add("other-title")
    await refused(poller, SystemTitleMismatch)
    assert not [request for request in list(poller.meter.log)[-2:] if request.kind in {"get", "action"}]
    await poller.recovers()


@pytest.mark.parametrize("fault", ["no-title", "short-title", "reflected-title"])
async def test_f45_a_title_that_is_none(secure_poller: Make, fault: str):
    poller = secure_poller()
    poller.meter.faults.add(fault)
    await refused(poller, DlmsError)
    await poller.recovers()
