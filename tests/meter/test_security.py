"""On what an entry's associations are opened, and what their failures lead to."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from unittest.mock import AsyncMock, Mock, patch

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.dlms import (
    AssociationAborted,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DeviceInUse,
    ExceptionReceived,
    InvocationCounterRefused,
    KnownForm,
    ListWays,
    LogicalName,
    Mechanism,
    ProfileWay,
    ProfileWays,
    ProofForm,
    ResponseTimeout,
    Secret,
    SecurityState,
    SystemTitleMismatch,
    WportPair,
)
from custom_components.cosem.meter.clients import get_client, timing
from custom_components.cosem.meter.security import MeterSecurity
from custom_components.cosem.meter.store import MeterWays
from tests.conftest import HOST
from tests.secured_entries import secured_entry, secured_profile
from tests.simulated_meter.meter import SimulatedMeter

type EntryMaker = Callable[..., MockConfigEntry]
LOST = [ConnectionLost(), AssociationAborted("released"), ExceptionReceived(1, 1)]


async def test_each_entry_of_a_device_has_its_own_patience(hass: HomeAssistant, network: None, make_entry: EntryMaker):
    """Neither the most patient nor the last one speaks for the others; a changed option counts after a reload."""
    client = get_client(hass, HOST, 4059)
    for seconds in (10, 121, 5):
        security = MeterSecurity(hass, make_entry(response_timeout=seconds), client)
        async with security.async_associate() as association:
            assert association._timing == timing(seconds)


async def test_association_is_kept_where_that_is_asked_for(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, meter: SimulatedMeter
):
    client = get_client(hass, HOST, 4059)
    for keep in (False, True):
        security = MeterSecurity(hass, make_entry(), client, keep=keep)
        async with security.async_associate() as first:
            pass
        assert first.is_open is keep
        async with security.async_associate() as second:
            assert (second is first) is second.was_kept is keep
        await security.async_release()
        assert meter.open_links == 0


async def fail(security: MeterSecurity, error: BaseException) -> None:
    with pytest.raises(type(error)):
        async with security.async_associate():
            raise error


@pytest.mark.parametrize("error", LOST, ids=repr)
async def test_another_association_may_mend_a_kept_one_that_is_gone(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, error: BaseException
):
    security = MeterSecurity(hass, make_entry(), get_client(hass, HOST, 4059), keep=True)
    async with security.async_associate():
        assert not security.may_be_mended
    await fail(security, error)
    assert security.may_be_mended
    await fail(security, error)  # that one was new
    assert not security.may_be_mended


@pytest.mark.parametrize("error", [ResponseTimeout("GET", 1), ExceptionReceived(1, 2), ZeroDivisionError()], ids=repr)
async def test_another_association_mends_nothing_else(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, error: BaseException
):
    security = MeterSecurity(hass, make_entry(), get_client(hass, HOST, 4059), keep=True)
    async with security.async_associate():
        pass
    await fail(security, error)
    assert not security.may_be_mended


@pytest.fixture
def asked() -> Iterator[list[bool]]:
    """Whether the meter was asked for its counter, for each association."""
    asked = []

    async def settle(*_arguments: Any, ask: LogicalName | None, **_named: Any) -> None:
        asked.append(ask is not None)

    with patch("custom_components.cosem.meter.security.settle", settle):
        yield asked


@pytest.fixture
def secured(hass: HomeAssistant, network: None, meters: dict[str, SimulatedMeter], asked: list[bool]) -> MeterSecurity:
    """The associations of an entry with keys."""
    meters[HOST] = SimulatedMeter(secured_profile())
    return MeterSecurity(hass, secured_entry(meters[HOST]), get_client(hass, HOST, 4059), keep=True)


async def test_meter_is_asked_for_its_counter_at_first_and_after_a_refusal(secured: MeterSecurity, asked: list[bool]):
    for _ in range(2):
        async with secured.async_associate():
            pass
    assert asked == [True, False]
    await fail(secured, InvocationCounterRefused(7))
    assert secured.may_be_mended  # by asking
    await fail(secured, InvocationCounterRefused(7))
    assert asked == [True, False, False, True]
    assert not secured.may_be_mended
    async with secured.async_associate():
        pass
    async with secured.async_associate():
        pass
    assert asked[-2:] == [True, False]
    await secured.async_release()


async def test_s20_a_password_is_not_sent_again_in_the_same_poll_because_the_counter_was_refused(
    secured: MeterSecurity, asked: list[bool]
):
    secured._parameters = replace(secured._parameters, mechanism=Mechanism.LLS, password=Secret(b"12345678"))
    refusal = InvocationCounterRefused(7)
    secured._asks_first = False
    with patch.object(secured._client, "associate", side_effect=refusal), pytest.raises(InvocationCounterRefused):
        async with secured.async_associate():
            pytest.fail("there is no association")
    assert not secured.may_be_mended
    assert secured._asks_first, "with the next poll"
    assert asked == [False]


async def test_a_refused_counter_may_be_mended_where_no_password_was_sent_for_it(
    secured: MeterSecurity, asked: list[bool]
):
    refusal = InvocationCounterRefused(7)
    secured._asks_first = False
    with patch.object(secured._client, "associate", side_effect=refusal), pytest.raises(InvocationCounterRefused):
        async with secured.async_associate():
            pytest.fail("there is no association")
    assert secured.may_be_mended


async def test_a_refused_counter_in_an_open_association_may_be_mended_in_spite_of_a_password(
    secured: MeterSecurity, asked: list[bool]
):
    """The password was accepted before, so another attempt with it costs nothing."""
    secured._asks_first = False
    secured._parameters = replace(secured._parameters, mechanism=Mechanism.LLS, password=Secret(b"12345678"))
    with patch.object(secured._client, "associate", return_value=nullcontext(Mock(was_kept=False))):
        await fail(secured, InvocationCounterRefused(7))
    assert secured.may_be_mended


@pytest.mark.parametrize(
    ("error", "suspicious"),
    [
        (ResponseTimeout("AARE", 1), True),
        (ConnectionLost(), True),
        (ExceptionReceived(1, 2), True),
        (ConnectFailed(ConnectFailure.REFUSED), False),
        (ConnectTimeout(1), False),
        (DeviceInUse("the other associations", 120), False),
        (asyncio.CancelledError(), False),
    ],
    ids=repr,
)
async def test_whatever_a_meter_does_instead_of_associating_may_mean_our_counter(
    secured: MeterSecurity, asked: list[bool], error: BaseException, suspicious: bool
):
    """Where nobody was reached nobody refused."""
    async with secured.async_associate():
        pass
    await secured.async_release()
    with patch.object(secured._client, "associate", side_effect=error), pytest.raises(type(error)):
        async with secured.async_associate():
            pytest.fail("there is no association")
    async with secured.async_associate():
        pass
    assert asked == [True, False, suspicious]
    await secured.async_release()


async def test_failure_in_an_open_association_is_not_about_the_counter(secured: MeterSecurity, asked: list[bool]):
    for error in (ResponseTimeout("GET", 1), ConnectionLost(), ZeroDivisionError()):
        await fail(secured, error)
    assert asked == [True, False, False]


async def test_entry_without_counter_asks_nobody(
    hass: HomeAssistant, network: None, make_entry: EntryMaker, asked: list[bool]
):
    security = MeterSecurity(hass, make_entry(), get_client(hass, HOST, 4059))
    await fail(security, InvocationCounterRefused(7))
    async with security.async_associate():
        pass
    assert asked == []
    assert security.counter == 0


# -- the middle of the counter (rule S5)


@pytest.mark.parametrize(("counter", "half_used"), [(1, False), (2_147_483_647, False), (2_147_483_648, True)])
def test_s05_a_counter_is_half_used_from_its_middle_on(secured: MeterSecurity, counter: int, half_used: bool):
    assert secured.counter == 0  # nobody knows it yet
    secured._state = SecurityState(counter, AsyncMock())
    assert secured.counter == counter
    assert secured.is_half_used is half_used


# -- the meter's system title (rule S13)


async def test_s13_the_title_of_a_meter_is_pinned_and_no_other_one_is_accepted(secured: MeterSecurity):
    assert secured.pinned_title is None
    async with secured.async_associate() as association:
        secured.learn_title(association)
    title = association.negotiated.server_system_title
    assert title is not None
    assert secured.pinned_title == title
    secured.pin(bytes(8))
    assert secured.pinned_title == bytes(8)
    with pytest.raises(SystemTitleMismatch):
        async with secured.async_associate():
            pytest.fail("this is another meter")
    secured.pin(None)  # nothing is known: that is no reason to forget
    assert secured.pinned_title == bytes(8)
    await secured.async_release()


async def test_a_title_that_is_pinned_already_ends_no_association(secured: MeterSecurity):
    async with secured.async_associate() as first:
        secured.learn_title(first)
    async with secured.async_associate() as second:
        secured.learn_title(second)
    async with secured.async_associate() as third:
        pass
    assert third is second
    await secured.async_release()


# -- how the meter takes the proof


def test_trial_04_what_is_remembered_of_a_meter_is_used_unless_something_newer_is_known(
    hass: HomeAssistant, secured: MeterSecurity
):
    client = get_client(hass, HOST, 4059)
    secured.expect(MeterWays())
    assert not client.known_forms
    secured.expect(MeterWays(proof_form=ProofForm(under_global_key=True)))
    secured.expect(MeterWays(proof_form=ProofForm(one_counter=True)))
    assert [*client.known_forms.values()] == [KnownForm(ProofForm(under_global_key=True), is_proven=True)]


# -- how the meter takes lists


def test_trial_06_what_is_remembered_of_lists_is_used_unless_something_newer_is_known(
    hass: HomeAssistant, secured: MeterSecurity
):
    client = get_client(hass, HOST, 4059)
    secured.expect(MeterWays(lists=ListWays(1, 4, 2)))
    secured.expect(MeterWays(lists=ListWays()))
    assert [sizes.ways for sizes in client.list_sizes.values()] == [ListWays(1, 4, 2)]


# -- how profiles are read


def test_what_is_remembered_of_profiles_alone_counts_at_the_start(hass: HomeAssistant, secured: MeterSecurity):
    client = get_client(hass, HOST, 4059)
    load_profile, log = LogicalName.parse("1.0.99.1.0.255"), LogicalName.parse("0.0.99.98.0.255")
    stored = {load_profile: ProfileWays(Counter({ProfileWay.RANGE: 2}))}
    secured.expect(MeterWays(profiles=stored))
    ((pair, _),) = client.profile_ways
    client.profile_ways[pair, load_profile].worked(ProfileWay.ENTRY)
    client.profile_ways[pair, log] = ProfileWays(proven=ProfileWay.RANGE)
    client.profile_ways[WportPair(77, 1), load_profile] = ProfileWays(Counter({ProfileWay.ENTRY: 2}))
    assert secured.profile_ways == stored, "of these wPorts alone, and only what is worth it"
    secured.expect(MeterWays(profiles=stored))
    assert client.profile_ways[pair, load_profile].proven is None, "another meter may be there since"
    assert set(client.profile_ways) == {(pair, load_profile), (WportPair(77, 1), load_profile)}
    client.profile_ways[pair, load_profile].failed(ProfileWay.WHOLE)
    assert stored == {load_profile: ProfileWays(Counter({ProfileWay.RANGE: 2}))}, "a copy"


# -- answers that nobody vouches for (rule S17)


@pytest.mark.parametrize(
    ("changes", "unverified"),
    [
        ({"protection": "authenticated_encryption"}, False),
        ({"protection": "authenticated"}, False),
        ({"protection": "encrypted"}, True),
        ({"protection": "authenticated_encryption", "accept_unverified": True}, True),
        ({"protection": "none"}, False),
    ],
    ids=str,
)
def test_s17_answers_without_a_tag_that_is_verified_are_unverified(
    hass: HomeAssistant, changes: dict[str, Any], unverified: bool
):
    entry = secured_entry(SimulatedMeter(secured_profile()), **changes)
    assert MeterSecurity(hass, entry, get_client(hass, HOST, 4059)).is_unverified is unverified


def test_s17_what_is_not_decrypted_is_not_called_unverified(hass: HomeAssistant, make_entry: EntryMaker):
    assert not MeterSecurity(hass, make_entry(), get_client(hass, HOST, 4059)).is_unverified


async def test_keys_open_notifications_once_the_meters_title_is_known(
    hass: HomeAssistant, network: None, make_entry: EntryMaker
):
    meter = SimulatedMeter(secured_profile())
    client = get_client(hass, HOST, 4059)
    title = meter.security.identity.title
    for protection in ("authenticated_encryption", "none"):
        security = MeterSecurity(hass, secured_entry(meter, 1, protection=protection), client)
        assert security.has_keys
        assert await security.async_notification_keys() is None
        security.pin(title)
        keys = await security.async_notification_keys()
        assert keys is not None
        assert keys.system_title == title
    plain = MeterSecurity(hass, make_entry(), client)
    assert not plain.has_keys
    assert await plain.async_notification_keys() is None
