"""Meters that take proof and dedicated key in a form of their own: set up by a person, polled, started again."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.cosem.const import CONF_LOG_INTERVAL, DOMAIN
from custom_components.cosem.meter.clients import get_client
from custom_components.cosem.meter.store import async_load_meter
from tests.conftest import HOST, poll, state_of
from tests.flow_tools import submit
from tests.secured_entries import secured_entry, secured_profile, security_of
from tests.simulated_meter.link import MemoryTransport
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.steps import Finish, Send, Step, wpdu

ENERGY = "3_1.0.1.8.0.255_2"
HEADER = 8
"""Octets of a wrapper header."""

PROOF_UNDER_GLOBAL_KEY, PROOF_UNDER_DEDICATED_KEY, GET_UNDER_DEDICATED_KEY = 0xCB, 0xD3, 0xD0
PLAIN_PROOF = 0xC3
DECIPHERING_ERROR = bytes.fromhex("D80205")


class Choosy:
    """Stands before the meter: it takes proof and dedicated key in one form only, and refuses the others."""

    def __init__(self, meter: SimulatedMeter) -> None:
        self.under_global_key = False
        self.one_counter = False
        self.refusal: list[bytes] = []
        self.logins = 0
        self.proofs = 0
        self.knows_no_object = False
        self._highest = 0
        self._connect = meter.connect

    async def connect(self) -> MemoryTransport:
        link = await self._connect()
        send = link.send

        async def send_through(octets: bytes) -> None:
            apdu = octets[HEADER:]
            answers = self._answers(apdu)
            if answers is None:
                await send(octets)
                return
            client, server = (int.from_bytes(octets[start : start + 2]) for start in (2, 4))
            steps: list[Step] = [Send(wpdu(server, client, answer)) for answer in answers]
            link.push(*(steps or [Finish()]))

        link.send = send_through
        return link

    def _answers(self, apdu: bytes) -> list[bytes] | None:
        """Return what is said instead of the meter; None to leave it to that."""
        proofs = {PROOF_UNDER_GLOBAL_KEY, PROOF_UNDER_DEDICATED_KEY}
        self.logins += apdu[:1] == b"\x60"
        self.proofs += apdu[0] in {*proofs, PLAIN_PROOF}
        if self.knows_no_object and apdu[0] == PLAIN_PROOF:
            return [b"\xc7\x01" + apdu[2:3] + b"\x04\x00"]  # object-undefined
        wrong = PROOF_UNDER_DEDICATED_KEY if self.under_global_key else PROOF_UNDER_GLOBAL_KEY
        if apdu[0] in {*proofs, GET_UNDER_DEDICATED_KEY}:
            counter = int.from_bytes(apdu[3:7])
            if apdu[0] == PROOF_UNDER_GLOBAL_KEY:
                self._highest = max(self._highest, counter)
            elif self.one_counter and counter <= self._highest:
                return self.refusal
        return self.refusal if apdu[0] == wrong else None


@pytest.fixture
def meter() -> SimulatedMeter:
    """A meter with keys, where a dedicated key is allowed."""
    return SimulatedMeter(secured_profile(), dt_util.utcnow)


@pytest.fixture
def choosy(meter: SimulatedMeter, monkeypatch: pytest.MonkeyPatch, network: None) -> Choosy:
    choosy = Choosy(meter)
    monkeypatch.setattr(meter, "connect", choosy.connect)
    return choosy


async def added(hass: HomeAssistant, meter: SimulatedMeter) -> MockConfigEntry:
    """Add the meter through the forms, with a dedicated key."""
    security = security_of(meter, 1)
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await submit(hass, result, host=HOST, client_wport=1, authentication="keys")
    result = await submit(
        hass,
        result,
        encryption_key=security.encryption_key.hex(),
        authentication_key=security.authentication_key.hex(),
        security_suite=str(security.suite),
        protection="authenticated_encryption",
        advanced={"mechanism": "hls-gmac", "dedicated_key": True},
    )
    assert result.get("step_id") == "objects", (result.get("step_id"), result.get("errors"))
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done(wait_background_tasks=True)
    return result["result"]


@pytest.mark.parametrize("refusal", [[DECIPHERING_ERROR], []], ids=["refused", "closed"])
@pytest.mark.parametrize(
    ("under_global_key", "one_counter"),
    [(False, False), (True, False), (True, True)],
    ids=["usual", "proof under the global key", "one counter, too"],
)
async def test_trial_04_a_meter_with_a_form_of_its_own_lives_in_home_assistant(
    hass: HomeAssistant,
    meter: SimulatedMeter,
    choosy: Choosy,
    freezer: FrozenDateTimeFactory,
    under_global_key: bool,
    one_counter: bool,
    refusal: list[bytes],
):
    """The form finds it; a poll pays one association, also the first one after a restart."""
    choosy.under_global_key, choosy.one_counter, choosy.refusal = under_global_key, one_counter, refusal
    entry = await added(hass, meter)
    assert entry.state is ConfigEntryState.LOADED
    assert choosy.proofs <= 4 + 2, "as many as the form says, the first poll, and the first look into event logs"
    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_LOG_INTERVAL: 0})
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert float(state_of(hass, entry, ENERGY)) > 0
    stored = (await async_load_meter(hass, str(entry.unique_id))).ways.proof_form
    assert stored is not None
    assert (stored.under_global_key, stored.one_counter) == (under_global_key, one_counter)
    for restarts in (False, True):
        if restarts:
            await hass.config_entries.async_unload(entry.entry_id)
            client = get_client(hass, HOST, 4059)
            client.known_forms.clear()
            client.list_sizes.clear()
            choosy.proofs = 0
            await hass.config_entries.async_setup(entry.entry_id)
            await hass.async_block_till_done(wait_background_tasks=True)
            assert choosy.proofs == 1
        for _ in range(2):
            choosy.proofs = 0
            await poll(hass, freezer)
            assert choosy.proofs == 1
            assert float(state_of(hass, entry, ENERGY)) > 0
    assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN, match_context={"source": SOURCE_REAUTH})


async def test_trial_07_s20_a_poll_never_searches_for_the_object_that_takes_the_proof(
    hass: HomeAssistant, meter: SimulatedMeter, choosy: Choosy, freezer: FrozenDateTimeFactory
):
    """With a wrong secret each object that exists would count a wrong login."""
    entry = secured_entry(meter, 5)
    entry.add_to_hass(hass)
    choosy.knows_no_object = True
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert choosy.proofs == 1
