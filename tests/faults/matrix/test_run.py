"""Faults of the matrix in every run of the tests, and what the runner itself promises."""

from random import Random

import pytest

from .bench import Violation
from .cases import ROWS, WRITING, Case, Channel, Protected, Service, Stage, distinct, draw
from .run import MOST_RECOVERY, corpus, survive
from .writable import WritableDispatcher

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


@pytest.mark.parametrize("service", WRITING)
@pytest.mark.parametrize("times", [0, 2])
async def test_a_success_that_was_not_executed_once_is_found(service: Service, times: int, monkeypatch):
    do = WritableDispatcher._do

    def otherwise(self, target, value):
        return max((do(self, target, value) for _ in range(times)), default=0)

    monkeypatch.setattr(WritableDispatcher, "_do", otherwise)
    with pytest.raises(Violation, match=f"executed {times} times"):
        await survive(Case("F11", "octet-by-octet", Stage.SERVICE, (("times", 1),), service, Protected.NONE))


async def test_a_lost_answer_that_is_no_unknown_outcome_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.faults.matrix.bench.OutcomeUnknown", ArithmeticError)
    case = Case("F62", "reset", Stage.SERVICE, (("octet", 0), ("times", 1)), Service.SET, Protected.NONE)
    with pytest.raises(Violation, match="executed 1 times"):
        await survive(case)


async def test_a_value_that_the_meter_never_had_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.simulated_meter.meter.SimulatedMeter.was_true", lambda *_, **__: False)
    with pytest.raises(Violation, match="was never"):
        await survive(Case("F11", "octet-by-octet", Stage.SERVICE, (("times", 1),), Service.GET, Protected.NONE))
