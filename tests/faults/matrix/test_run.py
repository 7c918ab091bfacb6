"""Faults of the matrix in every run of the tests, and what the runner itself promises."""

from random import Random

import pytest

from custom_components.cosem.dlms.encoding.data import integer, octet_string
from custom_components.cosem.dlms.protocol.datagram_framing import DATAGRAM_APDU_LIMIT
from tests.simulated_meter.general_blocks import GENERAL_BLOCK
from tests.simulated_meter.link import Direction
from tests.simulated_meter.objects import SUCCESS, Done, LogicalDevice
from tests.simulated_meter.steps import Send, Step

from .bench import Bench
from .cases import ROWS, WRITING, Case, Channel, Protected, Service, Stage, distinct, draw
from .run import MOST_RECOVERY, corpus, survive
from .told import IMAGE_INITIATE, NAME, Violation

SEED = 1128
IN_EVERY_RUN = 150
CASES = list(distinct(SEED, IN_EVERY_RUN))


@pytest.mark.parametrize("case", [*CASES, *corpus()], ids=str)
async def test_fault_is_survived(case: Case):
    _, recovery = await survive(case)
    assert recovery <= MOST_RECOVERY


def test_every_service_and_every_security_is_among_them():
    assert {case.service for case in CASES} == set(Service)
    assert {case.protected for case in CASES} == set(Protected)
    assert {case.channel for case in CASES} == set(Channel)
    assert len({case.row for case in CASES}) >= 25


def test_a_case_is_a_line_of_text():
    random = Random(1)
    for _ in range(500):
        case = draw(random)
        assert Case.parse(str(case)) == case


def test_the_same_seed_gives_the_same_cases():
    first, again, other = ([str(case) for case in distinct(seed, 50)] for seed in (3, 3, 4))
    assert first == again
    assert first != other
    assert len({str(case) for case in distinct(3, 500)}) == 500


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.row}-{row.fault}-{'-'.join(row.only)}")
async def test_every_row_strikes(row):
    protected = row.only[-1]
    stage = next(stage for stage in row.stages if stage is not Stage.PROOF or protected is Protected.HLS_GMAC)
    parameters = row.draw(Random(1)) | {"times": 1}
    case = Case(row.row, row.fault, stage, tuple(parameters.items()), row.services[0], protected, row.over[-1])
    struck, _ = await survive(case)
    assert struck


@pytest.mark.parametrize("protected", Protected)
@pytest.mark.parametrize("service", Service)
async def test_apdus_of_both_sides_fit_into_datagrams_that_are_not_fragmented(service: Service, protected: Protected):
    sizes = {Direction.TO_METER: [0], Direction.TO_CLIENT: [0]}

    def measure(way: Direction, octets: bytes) -> list[Step]:
        sizes[way].append(len(octets))
        return [Send(octets)]

    async with Bench(protected, Channel.UDP) as bench:
        bench.meter.manipulator = lambda: measure
        assert await bench.poll(service)
    longest = {way: max(found) for way, found in sizes.items()}
    assert max(longest.values()) <= DATAGRAM_APDU_LIMIT + 8
    if service in {Service.LONG_SET, Service.LONG_ACTION}:
        assert longest[Direction.TO_METER] > 500  # blocks as long as they may be


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("protected", Protected)
@pytest.mark.parametrize(
    ("service", "way"), [(Service.GENERAL, Direction.TO_CLIENT), (Service.GENERAL_SET, Direction.TO_METER)]
)
async def test_general_blocks_carry_what_they_should(
    service: Service, way: Direction, protected: Protected, channel: Channel
):
    blocks = []

    def note(direction: Direction, octets: bytes) -> list[Step]:
        if direction is way and octets[8] == GENERAL_BLOCK and len(octets) > 60:
            blocks.append(octets)
        return [Send(octets)]

    async with Bench(protected, channel) as bench:
        bench.meter.manipulator = lambda: note
        assert await bench.poll(service)
    assert len(blocks) >= 2  # what is sent at once counts once


HONEST = {"write": LogicalDevice.write, "execute": LogicalDevice.execute}
UNDISTURBED = "F11", "octet-by-octet", Stage.SERVICE, (("times", 1),)


@pytest.mark.parametrize("service", WRITING)
@pytest.mark.parametrize("times", [0, 2])
async def test_a_success_that_was_not_executed_once_is_found(
    service: Service, times: int, monkeypatch: pytest.MonkeyPatch
):
    kind = "write" if "SET" in service else "execute"

    def otherwise(device, target, view, value, selection=None):
        if target == IMAGE_INITIATE:
            return HONEST[kind](device, target, view, value)
        outcomes = [HONEST[kind](device, target, view, value) for _ in range(times)]
        return outcomes[-1] if outcomes else {"write": SUCCESS, "execute": value}[kind]

    monkeypatch.setattr(LogicalDevice, kind, otherwise)
    with pytest.raises(Violation, match=f"executed {times} times"):
        await survive(Case(*UNDISTURBED, service, Protected.NONE))


@pytest.mark.parametrize(("service", "found"), [(Service.SET, "the meter holds"), (Service.ACTION, "says otherwise")])
async def test_a_success_after_which_the_meter_holds_something_else_is_found(
    service: Service, found: str, monkeypatch: pytest.MonkeyPatch
):
    kind = "write" if service is Service.SET else "execute"

    def noted_only(device, target, view, value, selection=None):
        if target == IMAGE_INITIATE:
            return HONEST[kind](device, target, view, value)
        device.done.append(Done(target, value, view.at))
        return {"write": SUCCESS, "execute": None}[kind]

    monkeypatch.setattr(LogicalDevice, kind, noted_only)
    with pytest.raises(Violation, match=found):
        await survive(Case(*UNDISTURBED, service, Protected.NONE))


@pytest.mark.parametrize(("value", "found"), [(b"other", "after its outcome"), (b"\0\0\0\1", "executed twice")])
async def test_what_is_written_behind_our_back_or_again_is_found(value: bytes, found: str):
    bench = Bench(Protected.NONE)
    with pytest.raises(Violation, match=found):
        async with bench:
            assert await bench.poll(Service.SET)
            async with bench.client.associate(bench.parameters(Service.SET)) as association:
                await association.set(NAME, octet_string(value))


async def test_another_value_returned_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(LogicalDevice, "execute", lambda *arguments: HONEST["execute"](*arguments) and integer(1))
    with pytest.raises(Violation, match="another value"):
        await survive(Case(*UNDISTURBED, Service.LONG_ACTION, Protected.NONE))


async def test_a_lost_answer_that_is_no_unknown_outcome_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.faults.matrix.bench.OutcomeUnknown", ArithmeticError)
    case = Case("F62", "reset", Stage.SERVICE, (("octet", 0), ("times", 1)), Service.SET, Protected.NONE)
    with pytest.raises(Violation, match="executed 1 times"):
        await survive(case)


async def test_a_value_that_the_meter_never_had_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.simulated_meter.meter.SimulatedMeter.was_true", lambda *_, **__: False)
    with pytest.raises(Violation, match="was never"):
        await survive(Case("F11", "octet-by-octet", Stage.SERVICE, (("times", 1),), Service.GET, Protected.NONE))
