"""Faults of the matrix in every run of the tests, and what the runner itself promises."""

from random import Random

import pytest

from .bench import Violation
from .cases import ROWS, Case, Protected, Service, Stage, distinct, draw
from .run import MOST_RECOVERY, corpus, survive

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
    struck, _ = await survive(Case(row.row, row.fault, stage, tuple(parameters.items()), Service.GET, protected))
    assert struck


async def test_a_value_that_the_meter_never_had_is_found(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tests.simulated_meter.meter.SimulatedMeter.was_true", lambda *_, **__: False)
    with pytest.raises(Violation, match="was never"):
        await survive(CASES[0])
