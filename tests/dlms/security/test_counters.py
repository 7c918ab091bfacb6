"""Invocation counters: no value twice, upwards only, nothing before it is stored."""

import random

import pytest

from custom_components.cosem.dlms.errors import (
    InvocationCounterExhausted,
    InvocationCounterNotStored,
    InvocationCounterReplayed,
    LocalProtocolError,
)
from custom_components.cosem.dlms.security.counters import (
    MAX_SENDING_VALUE,
    MAX_UNATTENDED_RAISE,
    RESERVE,
    ReceivingCounter,
    ReceivingCounters,
    SendingCounter,
)


def test_s02_nothing_is_sent_above_the_stored_ceiling():
    counter = SendingCounter(7)
    with pytest.raises(InvocationCounterExhausted):
        counter.take()
    ceiling = counter.reservation()
    assert ceiling == 7 + RESERVE
    counter.confirm(ceiling)
    assert [counter.take() for _ in range(RESERVE)] == list(range(7, 7 + RESERVE))
    with pytest.raises(InvocationCounterExhausted):
        counter.take()


def test_a_reservation_is_asked_for_only_when_it_is_needed():
    counter = SendingCounter(0, ceiling=10)
    assert counter.reservation(10) is None
    assert counter.reservation(11) == RESERVE
    counter.take()
    assert counter.reservation(10) == 1 + RESERVE


def test_a_lower_ceiling_is_never_taken_over():
    counter = SendingCounter(0, ceiling=10)
    counter.confirm(3)
    assert counter.ceiling == 10


def test_s03_a_value_from_the_meter_only_raises():
    counter = SendingCounter(100, ceiling=200)
    assert not counter.follow(50, MAX_UNATTENDED_RAISE)
    assert counter.next_value == 100
    assert counter.follow(150, MAX_UNATTENDED_RAISE)
    assert counter.next_value == 150
    assert counter.follow(150, MAX_UNATTENDED_RAISE)
    assert counter.take() == 150


def test_s03_a_large_jump_needs_the_user():
    counter = SendingCounter(100)
    assert not counter.follow(101 + MAX_UNATTENDED_RAISE, MAX_UNATTENDED_RAISE)
    assert counter.next_value == 100
    assert counter.follow(100 + MAX_UNATTENDED_RAISE, MAX_UNATTENDED_RAISE)
    assert counter.next_value == 100 + MAX_UNATTENDED_RAISE
    assert counter.follow(2**31, 2**32)
    assert counter.next_value == 2**31


def test_s02_a_raised_counter_needs_a_new_reservation():
    counter = SendingCounter(0, ceiling=2)
    assert counter.follow(5_000, MAX_UNATTENDED_RAISE)
    assert counter.next_value == 5_000
    # Whoever is in the middle of a transfer goes on with the values that were reserved for it.
    assert [counter.take(), counter.take()] == [0, 1]
    with pytest.raises(InvocationCounterNotStored):
        counter.take()
    assert counter.reservation() == 5_000 + RESERVE
    counter.confirm(5_000 + RESERVE)
    assert counter.take() == 5_000


def test_a_value_that_is_reserved_already_counts_at_once():
    counter = SendingCounter(0, ceiling=RESERVE)
    assert counter.follow(RESERVE - 1, MAX_UNATTENDED_RAISE)
    assert counter.take() == RESERVE - 1
    assert not counter.follow(RESERVE - 1, MAX_UNATTENDED_RAISE)


def test_the_last_reserved_value_is_below_the_ceiling():
    counter = SendingCounter(0, ceiling=RESERVE)
    assert counter.follow(RESERVE, MAX_UNATTENDED_RAISE)
    assert counter.take() == 0
    counter.confirm(RESERVE + 1)
    assert counter.take() == RESERVE


def test_s05_sending_stops_before_the_end():
    counter = SendingCounter(MAX_SENDING_VALUE - 1)
    assert counter.reservation(5) == MAX_SENDING_VALUE
    counter.confirm(MAX_SENDING_VALUE)
    assert counter.take() == MAX_SENDING_VALUE - 1
    assert counter.reservation() is None
    with pytest.raises(InvocationCounterExhausted, match="new keys"):
        counter.take()


@pytest.mark.parametrize("start", [-1, 2**32])
def test_a_start_outside_32_bits_is_refused(start):
    with pytest.raises(LocalProtocolError):
        SendingCounter(start)


def sent_with_crashes(seed):
    """Kill between any two steps: compute, store, confirm, take, send. Restart from what was stored."""
    chance = random.Random(seed)
    stored, sent = chance.randrange(0, 50), []
    for _ in range(20):
        counter = SendingCounter(stored)
        for _ in range(chance.randrange(1, 8)):
            step = chance.randrange(5)
            ceiling = counter.reservation(chance.randrange(1, 4))
            if step == 0:
                break  # dies before storing
            if ceiling is not None:
                stored = ceiling
                if step == 1:
                    break  # dies after storing, before confirming
                counter.confirm(ceiling)
            if chance.random() < 0.2:
                counter.follow(counter.next_value + chance.randrange(-10, 2_000), MAX_UNATTENDED_RAISE)
                continue
            if step == 2:
                break  # dies before taking
            sent.append(counter.take())
            if step == 3:
                break  # dies after sending
    return sent


def test_s02_a_crash_costs_a_thousand_values_at_most():
    assert RESERVE == 1_000
    assert SendingCounter(5).reservation() == 1_005


def test_s03_the_meter_raises_our_counter_by_2_to_the_20_at_most():
    assert MAX_UNATTENDED_RAISE == 1_048_576


def test_s06_every_higher_value_is_noted_and_a_lower_one_is_not():
    counter = ReceivingCounter()
    for value, last in ((5, 5), (7, 7), (6, 7)):
        counter.commit(value)
        assert counter.last == last


def test_s01_no_value_is_used_twice_whenever_the_process_dies():
    total = 0
    for seed in range(1_000):
        sent = sent_with_crashes(seed)
        assert len(sent) == len(set(sent)), f"seed {seed}"
        assert sent == sorted(sent), f"seed {seed}"
        total += len(sent)
    assert total > 9_000  # the crashes come between the steps, not before the first


def test_s06_a_receiving_counter_moves_by_commit_only():
    counter = ReceivingCounter()
    counter.check(5)
    counter.check(5)
    assert counter.last is None
    counter.commit(5)
    with pytest.raises(InvocationCounterReplayed):
        counter.check(5)
    with pytest.raises(InvocationCounterReplayed):
        counter.check(4)
    counter.check(6)
    counter.commit(3)
    assert counter.last == 5


def test_each_sender_has_a_receiving_counter_of_its_own():
    counters = ReceivingCounters()
    counters.of(b"one").commit(7)
    assert counters.of(b"one").last == 7
    assert counters.of(b"two").last is None
    proved = ReceivingCounter(3)
    assert counters.proved(b"one", proved) is proved
    assert counters.of(b"one") is proved
    counters.forget()
    assert counters.known(b"one") is None
    assert counters.of(b"one").last is None


@pytest.mark.parametrize("other", [7, 9])
def test_s06_associations_of_one_sender_share_its_counter(other: int):
    counters, first, second = ReceivingCounters(), ReceivingCounter(7), ReceivingCounter(other)
    assert counters.proved(b"one", first) is first
    assert counters.proved(b"one", second) is first, "what one association accepted is a replay in the other"
    assert counters.proved(b"one", ReceivingCounter(9)) is first
    assert first.last == 9
    with pytest.raises(InvocationCounterReplayed):
        first.check(8)


@pytest.mark.parametrize(("before", "after"), [(9, 3), (9, None), (None, 3)])
def test_s07_a_sender_that_lost_its_counter_begins_anew_and_older_associations_keep_theirs(before, after):
    counters, first, second = ReceivingCounters(), ReceivingCounter(before), ReceivingCounter(after)
    counters.proved(b"one", first)
    assert counters.proved(b"one", second) is second
    assert first.last == before


def test_s05_the_last_65536_values_are_left_for_the_exchange_of_keys():
    assert MAX_SENDING_VALUE == 0xFFFF_0000
    assert SendingCounter(0xFFFF_FFFF).reservation() is None


def test_without_a_number_one_value_is_reserved():
    assert SendingCounter(0, ceiling=1).reservation() is None
    assert SendingCounter(0, ceiling=1).reservation(2) == RESERVE


def test_s36_what_was_accepted_before_a_restart_is_a_replay_behind_it():
    title = b"MMM\0\0\0\0\1"
    before = ReceivingCounters()
    before.of(title).commit(41)
    before.of(b"MMM\0\0\0\0\2")  # nothing of it was accepted
    assert before.last() == {title: 41}
    after = ReceivingCounters(before.last())
    counter = after.known(title)
    assert counter is not None
    with pytest.raises(InvocationCounterReplayed):
        counter.check(41)
    counter.check(42)
    assert after.last() == {title: 41}
