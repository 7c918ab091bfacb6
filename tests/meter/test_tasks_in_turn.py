"""One after the other, and an end that comes once, whoever ends it."""

import asyncio

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.meter.tasks_in_turn import TasksInTurn, is_cancelled


class Job:
    """Work that waits to be let go, and needs a moment to clean up."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_clean_up = asyncio.Event()
        self.cancellations = 0
        self.cleaned_up = False

    async def __call__(self) -> str:
        self.begun.set()
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.cancellations += 1
            await self.may_clean_up.wait()
            self.cleaned_up = True
            raise
        return "done"


async def turns(number: int = 20) -> None:
    """Let everything run that is ready."""
    for _ in range(number):
        await asyncio.sleep(0)


async def test_one_after_the_other_in_the_order_of_asking(hass: HomeAssistant):
    tasks = TasksInTurn(hass, "name")
    jobs = [Job() for _ in range(3)]
    running = [asyncio.create_task(tasks.async_run(job)) for job in jobs]
    for number, job in enumerate(jobs):
        await turns()
        assert [other.begun.is_set() for other in jobs] == [other <= number for other in range(3)]
        job.may_end.set()
    assert await asyncio.gather(*running) == ["done"] * 3
    await turns()
    assert tasks.under_way == set()


async def test_failure_reaches_the_caller_and_the_next_one_has_its_turn(hass: HomeAssistant):
    tasks = TasksInTurn(hass, "name")

    async def broken() -> None:
        raise ValueError("a bug")

    job = Job()
    job.may_end.set()
    results = await asyncio.gather(tasks.async_run(broken), tasks.async_run(job), return_exceptions=True)
    assert isinstance(results[0], ValueError)
    assert results[1] == "done"


async def test_work_whose_turn_it_is_begins_at_once(hass: HomeAssistant):
    tasks = TasksInTurn(hass, "name")
    job = Job()
    caller = asyncio.Task(tasks.async_run(job), loop=hass.loop, eager_start=True)
    assert job.begun.is_set()
    job.may_end.set()
    assert await caller == "done"


@pytest.mark.parametrize("later", [0, 20], ids=["together", "while it cleans up"])
async def test_caller_and_end_cancel_once_and_both_wait(hass: HomeAssistant, later: int):
    tasks = TasksInTurn(hass, "name")
    job = Job()
    caller = asyncio.create_task(tasks.async_run(job))
    await job.begun.wait()
    caller.cancel()
    await turns(later)
    end = asyncio.create_task(tasks.async_end_all())
    await turns()
    assert not caller.done()
    assert not end.done()
    job.may_clean_up.set()
    await end
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert job.cleaned_up
    assert job.cancellations == 1


async def test_end_ends_what_waits_too(hass: HomeAssistant):
    tasks = TasksInTurn(hass, "name")
    job, waiting = Job(), Job()
    job.may_clean_up.set()
    running = [asyncio.create_task(tasks.async_run(item)) for item in (job, waiting)]
    await job.begun.wait()
    await turns()
    await tasks.async_end_all()
    results = await asyncio.gather(*running, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    assert job.cleaned_up
    assert not waiting.begun.is_set()


async def test_end_without_work_is_harmless(hass: HomeAssistant):
    tasks = TasksInTurn(hass, "name")
    await tasks.async_end_all()
    assert not tasks.under_way


async def test_failure_on_the_way_out_is_nobodys_business(hass: HomeAssistant, caplog: pytest.LogCaptureFixture):
    tasks = TasksInTurn(hass, "name")
    begun = asyncio.Event()

    async def stubborn() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ValueError("on the way out") from None

    caller = asyncio.create_task(tasks.async_run(stubborn))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert "never retrieved" not in caplog.text


async def test_what_gives_way_is_ended_and_nothing_else(hass: HomeAssistant):
    tasks = TasksInTurn(hass, "name")
    stays, running, waiting = Job(), Job(), Job()
    yields = [asyncio.create_task(tasks.async_run(job, gives_way=True)) for job in (running, waiting)]
    other = asyncio.create_task(tasks.async_run(stays))
    await running.begun.wait()
    running.may_clean_up.set()
    await tasks.async_end_what_gives_way()
    assert running.cleaned_up
    results = await asyncio.gather(*yields, return_exceptions=True)
    assert [type(result) for result in results] == [asyncio.CancelledError] * 2
    stays.may_end.set()
    assert await other == "done"
    assert not waiting.begun.is_set()
    await tasks.async_end_what_gives_way()  # nothing is left of it


async def test_work_that_the_end_of_all_comes_before_is_left_out(hass: HomeAssistant):
    tasks = TasksInTurn(hass, "name")
    first, done = Job(), []

    async def work() -> None:
        done.append("work")

    running = asyncio.create_task(tasks.async_run(first))
    await first.begun.wait()
    last = asyncio.create_task(tasks.async_run_unless_ended(work))
    await turns()
    first.may_clean_up.set()
    await tasks.async_end_all()
    await last
    assert done == []
    await asyncio.gather(running, return_exceptions=True)
    await tasks.async_run_unless_ended(work)
    assert done == ["work"]


async def test_who_is_cancelled_itself_learns_it(hass: HomeAssistant):
    tasks = TasksInTurn(hass, "name")
    seen: list[bool] = []

    async def caller() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append(is_cancelled())
            raise

    assert not is_cancelled()
    job = Job()
    job.may_clean_up.set()
    for task in (
        asyncio.create_task(caller()),
        asyncio.create_task(tasks.async_run_unless_ended(job)),  # type: ignore[arg-type] # what it returns is dropped
    ):
        await turns()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert seen == [True]
