"""A search in the background: its result, a bug, its end."""

import asyncio

from homeassistant.core import HomeAssistant
import pytest

from custom_components.cosem.dlms import Layer, LayerVerdict
from custom_components.cosem.forms import help_search
from custom_components.cosem.forms.help_plan import Plan
from custom_components.cosem.forms.help_search import BackgroundSearch
from custom_components.cosem.meter.layer_search import SearchRequest, SearchResult, nothing_known
from tests.forms.drafts import draft

pytestmark = pytest.mark.usefixtures("network")


def begun(hass: HomeAssistant) -> BackgroundSearch:
    """A search for the settings of a draft."""
    without = draft("none")
    return BackgroundSearch(hass, without, Plan(facts=without.given_facts), lambda share: None)


async def test_what_was_found_is_kept_with_the_plan(hass: HomeAssistant):
    search = begun(hass)
    await search.task
    found = search.found()
    assert found is search.found()
    assert found.plan.chosen == (2, 1)
    assert found.result[Layer.FRAMING].verdict is LayerVerdict.OK
    assert not found.is_bug


@pytest.mark.no_fail_on_log_exception
async def test_a_bug_is_logged_once_and_nothing_is_known(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async def search(_hass: HomeAssistant, _request: SearchRequest) -> SearchResult:
        raise RuntimeError("a bug")

    monkeypatch.setattr(help_search, "async_search", search)
    run = begun(hass)
    with pytest.raises(RuntimeError):
        await run.task
    assert (run.found().is_bug, run.found().result) == (True, nothing_known())
    logged = [record.message for record in caplog.records if record.exc_info]
    assert logged == ["Unexpected exception while looking for settings"]


async def test_it_can_be_stopped(hass: HomeAssistant):
    search = begun(hass)
    search.cancel()
    with pytest.raises(asyncio.CancelledError):
        await search.task
