"""Invocation counters that outlive everything: stored ahead, never twice, raised but not burnt."""

import asyncio
import random

import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.client.security_state import SecurityState, opening_material
from custom_components.cosem.dlms.errors import (
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterReplayed,
    LocalProtocolError,
)
from custom_components.cosem.dlms.protocol.proof_form import USUAL_FORM, ProofForm
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.security.counters import MAX_SENDING_VALUE, MAX_UNATTENDED_RAISE, RESERVE
from custom_components.cosem.dlms.security.keys import Secret
from custom_components.cosem.dlms.security.settings import SecuritySettings
from custom_components.cosem.dlms.security.suite import SecuritySuite

TITLE = b"MMM\0\0\0\0\1"


class Store:
    """A ceiling in memory; ``gate`` holds saves back, ``fails`` is a full disk."""

    def __init__(self, ceiling=0):
        self.ceiling = ceiling
        self.saved = []
        self.received = []
        self.fails = False
        self.gate = None

    async def save(self, ceiling):
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise OSError("no space left on device")
        self.ceiling = ceiling
        self.saved.append(ceiling)

    async def save_received(self, last):
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise OSError("no space left on device")
        self.received.append(last)


async def test_s02_nothing_can_be_taken_before_the_first_reservation():
    state = SecurityState(5, Store(5))
    with pytest.raises(InvocationCounterExhausted):
        state.sending.take()
    await state.reserve()
    assert state.sending.take() == 5
    assert state.next_value == 6


async def test_s02_a_life_costs_at_most_the_reserve():
    store = Store()
    for life in range(5):
        state = SecurityState(store.ceiling, store)
        await state.reserve()
        assert state.sending.take() == life * RESERVE
    assert store.saved == [RESERVE * life for life in range(1, 6)]


async def test_values_are_stored_ahead_in_steps_not_one_by_one():
    store = Store()
    state = SecurityState(0, store)
    for expected in range(3_000):
        await state.reserve()
        assert state.sending.take() == expected < store.ceiling
    assert len(store.saved) <= 7


async def test_a_failing_store_stops_sending_only_when_little_is_left():
    store = Store()
    state = SecurityState(0, store)
    await state.reserve()
    store.fails = True
    taken = 0
    with pytest.raises(InvocationCounterExhausted, match="cannot be written"):
        while True:
            await state.reserve()
            state.sending.take()
            taken += 1
    assert taken == RESERVE - 16 + 1
    store.fails = False
    await state.reserve()


async def test_s05_the_counter_ends_before_it_overflows():
    store = Store(MAX_SENDING_VALUE - 100)
    state = SecurityState(MAX_SENDING_VALUE - 100, store)
    await state.reserve()
    await state.reserve()
    assert store.saved == [MAX_SENDING_VALUE]
    for _ in range(100 - 15):
        state.sending.take()
    with pytest.raises(InvocationCounterExhausted):
        await state.reserve()
    used_up = SecurityState(MAX_SENDING_VALUE, store)
    with pytest.raises(InvocationCounterExhausted):
        await used_up.reserve()
    assert store.saved == [MAX_SENDING_VALUE]


async def test_a_stored_ceiling_that_is_no_counter_is_refused():
    with pytest.raises(LocalProtocolError):
        SecurityState(2**32, Store())


async def test_reservations_at_the_same_time_save_once():
    store = Store()
    store.gate = asyncio.Event()
    state = SecurityState(0, store)
    waiting = [asyncio.create_task(state.reserve()) for _ in range(5)]
    await asyncio.sleep(0)
    store.gate.set()
    await asyncio.gather(*waiting)
    assert store.saved == [RESERVE]


async def test_a_cancelled_reservation_does_not_overtake_a_later_one():
    """The write goes on behind the cancelled caller; the next one waits, so the higher ceiling is stored last."""
    store = Store()
    store.gate = asyncio.Event()
    state = SecurityState(0, store)
    cancelled = asyncio.create_task(state.reserve())
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.sleep(0)
    assert state.follow(50_000)
    later = asyncio.create_task(state.reserve())
    await asyncio.sleep(0)
    assert store.saved == []
    store.gate.set()
    await later
    assert store.saved == [RESERVE, 50_000 + RESERVE]


# -- S3: raised by the meter's word


async def test_s03_following_raises_and_never_lowers():
    store = Store()
    state = SecurityState(100, store)
    assert not state.follow(99)
    assert state.follow(100)  # a meter that refuses a value asks for the one behind it
    assert state.next_value == 100
    assert state.follow(4_000)
    with pytest.raises(InvocationCounterExhausted):
        state.sending.take()
    await state.reserve()
    assert state.sending.take() == 4_000
    assert store.ceiling == 5_000


async def test_s03_unattended_raises_add_up_to_a_bound():
    """Somebody between us and the meter who repeats the trick gets no further than the bound."""
    state = SecurityState(0, Store())
    step = MAX_UNATTENDED_RAISE // 4
    assert [state.follow(step * n) for n in range(1, 7)] == [True, True, True, True, False, False]
    assert state.next_value == MAX_UNATTENDED_RAISE
    assert not state.follow(MAX_UNATTENDED_RAISE + 1)
    assert state.follow(MAX_UNATTENDED_RAISE * 9, confirmed_by_user=True)
    assert state.next_value == MAX_UNATTENDED_RAISE * 9


@pytest.mark.parametrize("confirmed", [False, True])
def test_no_value_is_followed_that_leaves_none(confirmed):
    state = SecurityState(MAX_SENDING_VALUE - 1_000, Store())
    assert not state.follow(MAX_SENDING_VALUE - 15, confirmed_by_user=confirmed)
    assert state.follow(MAX_SENDING_VALUE - 16, confirmed_by_user=confirmed)


async def test_s02_whoever_reads_goes_on_while_somebody_raises_the_counter():
    state = SecurityState(0, store := Store())
    await state.reserve()
    assert state.follow(1_000_000, confirmed_by_user=True)
    assert [state.sending.take() for _ in range(3)] == [0, 1, 2]
    await state.reserve()
    assert state.sending.take() == 1_000_000
    assert store.ceiling == 1_001_000


# -- A store that hangs


async def test_a_store_that_never_returns_is_waited_for_once_and_not_for_long():
    store = Store()
    store.gate = asyncio.Event()
    state = SecurityState(0, store)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(3):
        with pytest.raises(InvocationCounterNotStored, match="does not answer"):
            await state.reserve()
        assert round(loop.time() - began) == 10
    store.gate.set()
    await state.reserve()
    assert store.saved == [RESERVE]
    assert state.sending.take() == 0


# -- S36: what was received


def received(state, last, title=TITLE):
    counter = state.receiving.of(title)
    counter.commit(last)


async def test_s36_what_was_received_is_stored_when_it_changed():
    store = Store()
    state = SecurityState(0, store, {TITLE: 7})
    assert await state.store_received()
    assert store.received == []
    received(state, 9)
    assert await state.store_received()
    assert await state.store_received()
    assert store.received == [{TITLE: 9}]
    assert state.receiving.last() == {TITLE: 9}
    with pytest.raises(InvocationCounterReplayed):
        SecurityState(0, store, store.received[0]).receiving.of(TITLE).check(9)


async def test_s36_what_cannot_be_stored_is_told_and_tried_again():
    store = Store()
    state = SecurityState(0, store)
    received(state, 9)
    store.fails = True
    assert not await state.store_received()
    store.fails = False
    store.gate = asyncio.Event()
    assert not await state.store_received()
    store.gate.set()
    assert await state.store_received()
    assert {TITLE: 9} in store.received


# -- S1: crashes


class Killed(Exception):
    """The process is gone."""


class Disk:
    """What survives. A save has three steps, and the process can end before each, and behind the last."""

    def __init__(self):
        self.ceiling = 0


class Life:
    """One life of the process: it ends at a random step, for good."""

    def __init__(self, disk, steps):
        self.disk = disk
        self.steps = steps

    def step(self):
        self.steps -= 1
        if self.steps <= 0:
            raise Killed

    async def save(self, ceiling):
        self.step()  # opening a temporary file
        await asyncio.sleep(0)
        self.step()  # writing it
        await asyncio.sleep(0)
        self.disk.ceiling = ceiling  # renaming it: atomic
        self.step()
        await asyncio.sleep(0)
        self.step()


async def live(disk, chance, sent):
    """Send until killed: alone, in bursts, by two tasks; follow what a meter asks for, now and then."""
    life = Life(disk, chance.randint(1, 60))
    state = SecurityState(disk.ceiling, life)

    async def send():
        while True:
            life.step()
            await state.reserve()
            for _ in range(chance.choice((1, 1, 5, 16))):
                life.step()
                sent.append(state.sending.take())  # taken is as good as sent: the octets may be on their way
            if chance.random() < 0.2:
                state.follow(state.next_value + chance.randint(-5, 3_000))
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(send()) for _ in range(2)]
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    life.steps = 0  # nothing of this life does another step
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert any(isinstance(result, Killed) for result in results)
    assert all(isinstance(result, Killed | asyncio.CancelledError) for result in results)
    assert done


@pytest.mark.parametrize("block", range(10))
async def test_s01_no_counter_is_used_twice_however_often_the_process_is_killed(block):
    """1,000 seeds of five lives each, killed between any two steps of sending and storing."""
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # saves that were killed with nobody waiting
    for seed in range(block * 100, block * 100 + 100):
        chance = random.Random(seed)
        disk, sent = Disk(), []
        for _ in range(5):
            await live(disk, chance, sent)
        assert len(set(sent)) == len(sent), f"seed {seed}"
        assert sent == sorted(sent)


async def test_the_crash_test_would_notice_a_ceiling_stored_too_late():
    """The same lives with a store that promises before it has written."""

    class Hasty(Life):
        async def save(self, ceiling):
            asyncio.get_running_loop().call_soon(lambda: None)

    chance, repeated = random.Random(1), 0
    for _ in range(20):
        disk, sent = Disk(), []
        for _ in range(3):
            state = SecurityState(disk.ceiling, Hasty(disk, 0))
            await state.reserve()
            sent += [state.sending.take() for _ in range(chance.randint(1, 9))]
        repeated += len(sent) - len(set(sent))
    assert repeated


# -- S21: material of an attempt


def test_s21_material_is_drawn_for_each_attempt():
    calls = []

    def source(count):
        calls.append(count)
        return bytes([len(calls)]) * count

    key = Secret(bytes(32))
    security = SecuritySettings(
        client_system_title=TITLE,
        suite=SecuritySuite.SUITE_2,
        global_unicast_encryption_key=key,
        authentication_key=key,
        use_dedicated_key=True,
    )
    state = SecurityState(0, Store())
    parameters = AssociationParameters(mechanism=Mechanism.HLS_GMAC, security=security)
    first, second = (opening_material(parameters, state, source) for _ in range(2))
    assert calls == [16, 32, 16, 32]
    assert first.challenge != second.challenge
    assert first.dedicated_key.reveal() != second.dedicated_key.reveal()
    assert first.sending is second.sending is state.sending
    assert first.receiving is state.receiving
    assert first.form == USUAL_FORM
    assert opening_material(parameters, state, form=ProofForm(one_counter=True)).form.one_counter


def test_without_security_nothing_is_drawn():
    material = opening_material(AssociationParameters(), None)
    assert material.challenge == b""
    assert material.dedicated_key is material.sending is material.receiving is None
    hashed = AssociationParameters(mechanism=Mechanism.HLS_MD5, hls_secret=Secret(b"x"))
    assert len(opening_material(hashed, None).challenge) == 16
