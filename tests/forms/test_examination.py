"""An examination in the background: what is asked of the doctor, how its stages are seen, how it ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.forms import examination as examination_module
from custom_components.cosem.forms.draft import Draft, Purpose
from custom_components.cosem.forms.examination import BackgroundExamination
from custom_components.cosem.meter.doctor import Examination, ExaminationFailed, ExaminationRequest, Stage, Verdict
from tests.forms.drafts import FLOWS, draft, examination, read

pytestmark = pytest.mark.usefixtures("network")

type Doctor = Callable[[ExaminationRequest], Awaitable[Examination]]
type Begun = Callable[..., BackgroundExamination]
type Requested = Callable[[Draft], Awaitable[ExaminationRequest]]


@pytest.fixture
def begun(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> Begun:
    """Begins an examination by this doctor."""

    def begin(
        doctor: Doctor, from_draft: Draft, on_progress: Callable[[float], None] = lambda share: None
    ) -> BackgroundExamination:
        async def examine(_hass: HomeAssistant, _client: object, request: ExaminationRequest) -> Examination:
            return await doctor(request)

        monkeypatch.setattr(examination_module, "examine", examine)
        return BackgroundExamination(hass, from_draft, on_progress, AsyncExitStack())

    return begin


async def finished(run: BackgroundExamination) -> Examination | ExaminationFailed:
    """Follow an examination to its end, as the flow does."""
    while (observer := run.observer()) is not None:
        await observer
    return run.outcome()


@pytest.fixture
def requested(begun: Begun) -> Requested:
    """Examines, and returns what the doctor was asked."""

    async def request_of(begin: Draft) -> ExaminationRequest:
        requests: list[ExaminationRequest] = []

        async def doctor(request: ExaminationRequest) -> Examination:
            requests.append(request)
            return examination()

        assert await finished(begun(doctor, begin)) == examination()
        return requests[0]

    return request_of


@pytest.mark.parametrize("purpose", FLOWS, ids=lambda purpose: purpose.name)
async def test_objects_are_read_for_a_new_entry_only(requested: Requested, purpose: Purpose):
    request = await requested(draft("none", purpose, expected="SIM1", listed_for="2 none"))
    assert request.with_objects == (purpose in {Purpose.SET_UP, Purpose.ADD_LOGICAL_DEVICE})
    assert request.expected == "SIM1"
    assert (request.parameters.client_wport, request.parameters.server_wport) == (2, 1)


@pytest.mark.parametrize(("listed_for", "with_objects"), [("2 none", False), ("3 none", True), ("2 password", True)])
async def test_trial_13_objects_are_read_again_for_another_client(
    requested: Requested, listed_for: str, with_objects: bool
):
    request = await requested(draft("none", Purpose.RECONFIGURE, listed_for=listed_for))
    assert request.with_objects is with_objects


async def test_counter_is_looked_for_where_the_form_says(requested: Requested):
    request = await requested(draft("none"))
    assert (str(request.counter_logical_name), request.counter_start) == ("0.0.43.1.0.255", None)
    held = read(
        credentials={
            "counter_logical_name": "0.0.43.1.7.255",
            "counter_start": 99,
            "mechanism": "hls-md5",
            "hls_secret": "x",
        }
    )
    request = await requested(draft("hls_secret", credential_input=held))
    assert (str(request.counter_logical_name), request.counter_start) == ("0.0.43.1.7.255", 99)


async def test_each_stage_wakes_the_observer_once(begun: Begun):
    go_on = asyncio.Event()

    async def doctor(request: ExaminationRequest) -> Examination:
        for stage in Stage:
            await go_on.wait()
            go_on.clear()
            request.on_stage(stage)
        return examination()

    shares: list[float] = []
    run = begun(doctor, draft("none"), shares.append)
    assert run.stage is Stage.CONNECTING
    for stage in Stage:
        observer = run.observer()
        assert observer is not None
        assert run.observer() is observer  # asking again changes nothing
        assert not observer.done()
        go_on.set()
        await observer
        assert run.stage is stage
    assert await finished(run) == examination()
    assert run.observer() is None
    assert shares == sorted(set(shares))
    assert len(shares) == len(Stage)


async def test_stages_that_follow_each_other_fast_wake_the_browser_once(begun: Begun):
    """What it asks for late finds no flow any more, and is shown as an error although all went well."""

    async def doctor(request: ExaminationRequest) -> Examination:
        for stage in Stage:
            request.on_stage(stage)
            await asyncio.sleep(0.05)
        return examination()

    run = begun(doctor, draft("none"), lambda share: None)
    woken = 0
    while (observer := run.observer()) is not None:
        await observer
        woken += 1
    assert woken == 1
    assert run.outcome() == examination()


async def test_trial_24_an_examination_ends_however_slow_the_answers_are(begun: Begun):
    loop = asyncio.get_running_loop()
    began, answers = loop.time(), 0

    async def doctor(_request: ExaminationRequest) -> Examination:
        nonlocal answers
        while answers < 200:
            await asyncio.sleep(9.5)
            answers += 1
        return examination()

    outcome = await finished(begun(doctor, draft("none")))
    assert isinstance(outcome, ExaminationFailed)
    assert (outcome.verdict, outcome.seconds) == (Verdict.TOOK_TOO_LONG, 120)
    assert round(loop.time() - began) == 120
    assert answers == 12


async def test_a_deadline_inside_of_an_examination_is_a_bug(begun: Begun, caplog: pytest.LogCaptureFixture):
    async def doctor(_request: ExaminationRequest) -> Examination:
        raise TimeoutError

    outcome = await finished(begun(doctor, draft("none")))
    assert isinstance(outcome, ExaminationFailed)
    assert outcome.verdict is Verdict.UNKNOWN
    assert "Unexpected exception" in caplog.text


async def test_verdict_is_the_outcome(begun: Begun):
    failure = ExaminationFailed(Verdict.METER_BUSY)

    async def doctor(_request: ExaminationRequest) -> Examination:
        raise failure

    assert await finished(begun(doctor, draft("none"))) is failure


@pytest.mark.no_fail_on_log_exception
async def test_bug_is_logged_once_and_said(begun: Begun, caplog: pytest.LogCaptureFixture):
    async def doctor(_request: ExaminationRequest) -> Examination:
        raise RuntimeError("a bug")

    run = begun(doctor, draft("none"))
    outcome = await finished(run)
    assert isinstance(outcome, ExaminationFailed)
    assert outcome.verdict is Verdict.UNKNOWN
    assert run.outcome() is outcome
    logged = [record for record in caplog.records if record.exc_info]
    assert [record.message for record in logged] == ["Unexpected exception while examining a meter"]
    assert "a bug" in caplog.text


async def test_cancelled_examination_gives_the_client_back(begun: Begun, monkeypatch: pytest.MonkeyPatch):
    steps: list[str] = []
    started = asyncio.Event()

    @asynccontextmanager
    async def lent(*_: object) -> AsyncIterator[None]:
        try:
            yield
        finally:
            steps.append("given back")

    async def doctor(_request: ExaminationRequest) -> Examination:
        started.set()
        try:
            return await asyncio.Future()
        finally:
            steps.append("cancelled")

    monkeypatch.setattr(examination_module, "async_open_client", lent)
    run = begun(doctor, draft("none"))
    observer = run.observer()
    assert observer is not None
    await started.wait()
    run.cancel()
    await observer
    assert run.observer() is None
    assert steps == ["cancelled", "given back"]
