import asyncio
from itertools import combinations
import random

import pytest

from custom_components.cosem.dlms.client.association_queue import AssociationQueue
from custom_components.cosem.dlms.errors import AssociationAborted, DeviceInUse
from custom_components.cosem.dlms.protocol.proposal import WportPair

A, B, C = (WportPair(16, number) for number in (1, 2, 3))
LONG = 60


class Users:
    """Those who wait, and who is served in which order."""

    def __init__(self):
        self.queue = AssociationQueue()
        self.served = {}
        self.order = []

    async def asks(self, name, pair, *, exclusive=False):
        async def enter():
            self.served[name] = await self.queue.enter(pair, LONG, exclusive=exclusive)
            self.order.append(name)

        task = asyncio.create_task(enter())
        await settled()
        return task

    async def leaves(self, name):
        self.queue.leave(self.served.pop(name))
        await settled()


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


async def cancelled(task):
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await settled()


@pytest.fixture
def users():
    return Users()


async def test_same_wports_one_after_the_other_in_the_order_of_asking(users):
    for name in ("first", "second", "third"):
        await users.asks(name, A)
    assert users.served.keys() == {"first"}
    await users.leaves("first")
    assert users.served.keys() == {"second"}
    await users.leaves("second")
    assert users.order == ["first", "second", "third"]


async def test_other_wports_do_not_wait(users):
    await users.asks("a", A)
    await users.asks("b", B)
    assert users.served.keys() == {"a", "b"}


async def test_whoever_wants_the_device_for_itself_waits_for_all_before(users):
    await users.asks("a", A)
    await users.asks("b", B)
    await users.asks("all", C, exclusive=True)
    await users.leaves("a")
    assert users.served.keys() == {"b"}
    await users.leaves("b")
    assert users.served.keys() == {"all"}


async def test_nobody_who_asks_later_overtakes_whoever_wants_the_device_for_itself(users):
    await users.asks("a", A)
    await users.asks("all", C, exclusive=True)
    await users.asks("b", B)
    assert users.served.keys() == {"a"}
    await users.leaves("a")
    assert users.served.keys() == {"all"}
    await users.leaves("all")
    assert users.order == ["a", "all", "b"]


async def test_two_who_want_the_device_for_themselves_take_turns(users):
    await users.asks("first", A, exclusive=True)
    await users.asks("second", B, exclusive=True)
    assert users.served.keys() == {"first"}
    await users.leaves("first")
    assert users.order == ["first", "second"]


async def test_whoever_stops_waiting_is_in_nobodys_way(users):
    await users.asks("a", A)
    waiting = await users.asks("all", C, exclusive=True)
    await users.asks("b", B)
    await cancelled(waiting)
    assert users.served.keys() == {"a", "b"}


async def test_cancelled_in_the_moment_of_being_served(users):
    await users.asks("first", A)
    second = await users.asks("second", A)
    await users.asks("third", A)
    users.queue.leave(users.served.pop("first"))
    await cancelled(second)
    assert users.order == ["first", "third"]


async def test_waiting_has_an_end_and_frees_the_place(users):
    await users.asks("a", A)
    with pytest.raises(DeviceInUse, match="the other association 16 -> 1 of this device did not end") as caught:
        await users.queue.enter(A, 0.01)
    assert caught.value.seconds == 0.01
    await users.asks("a again", A)
    await users.leaves("a")
    assert users.order == ["a", "a again"]


async def test_refusing_ends_all_waiting_and_tells_who_was_served(users):
    await users.asks("a", A)
    waiting = [await users.asks("a again", A), await users.asks("all", B, exclusive=True)]
    error = AssociationAborted("closed")
    users.queue.refuse_all(error)
    assert await asyncio.gather(*waiting, return_exceptions=True) == [error, error]
    with pytest.raises(AssociationAborted):
        users.served["a"].raise_if_refused()
    users.queue.refuse_all(AssociationAborted("closed again"))
    assert users.served["a"].refusal is error
    await users.leaves("a")
    await users.asks("later", A)
    users.served["later"].raise_if_refused()


@pytest.mark.parametrize("seed", range(20))
async def test_whoever_asks_and_leaves_in_whatever_order(users, seed):
    """Never two at a time who are in each other's way, never one before somebody whom he waits for, and all get in."""
    chance = random.Random(seed)
    asked, tasks = [], []
    while len(asked) < 40 or users.served:
        if len(asked) < 40 and chance.random() < 0.6:
            claim = (len(asked), chance.choice([A, B, C]), chance.random() < 0.2)
            asked.append(claim)
            tasks.append(await users.asks(claim, claim[1], exclusive=claim[2]))
        elif users.served:
            await users.leaves(chance.choice(list(users.served)))
        for first, second in combinations(users.served.values(), 2):
            assert not first.exclusive
            assert not second.exclusive
            assert first.pair != second.pair
    assert all(task.done() for task in tasks)
    for first, second in combinations(asked, 2):
        if first[2] or second[2] or first[1] == second[1]:
            assert users.order.index(first) < users.order.index(second)
