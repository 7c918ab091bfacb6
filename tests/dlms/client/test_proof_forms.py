"""Meters that want the proof or the dedicated key in another form: found once, then known."""

import asyncio
from dataclasses import replace

import pytest

from custom_components.cosem.dlms.client.channel import with_datagrams
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.client.proof_forms import KnownForm
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import (
    AssociationAborted,
    AssociationRejected,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ExceptionReceived,
    InvocationCounterRefused,
    PeerNotAuthenticated,
    ProofRefused,
    ResponseTimeout,
)
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.proof_form import USUAL_FORM, ProofForm
from tests.dlms.client.test_security_association import House
from tests.dlms.lone_meter import AK, GMAC, LLS, MD5, NONE, unseal
from tests.dlms.scripted import (
    ENERGY,
    NO_ASSOCIATION,
    End,
    ScriptedMeter,
    ScriptedTransport,
    access_error,
    value,
    values,
)
from tests.timed_client import TimedClient

SHORT = Timing(response=0.2, release=0.03, reconnect_gap=0)
DECIPHERING = bytes.fromhex("D80205")
NO_COUNTER = bytes.fromhex("D80106")
REFUSALS = {
    "deciphering error": [DECIPHERING],
    "other state": [bytes.fromhex("D80105")],
    "counter": [NO_COUNTER],
    "operation not possible": [bytes.fromhex("D80101")],
    "service error": [bytes.fromhex("0E010600")],
    "silence": [],
    "close": [End()],
    "reset": [End(reset=True)],
}
refusals = pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS)


def instance(number):
    return LogicalName.parse(f"0.0.40.0.{number}.255")


class TwoClients(House):
    """A meter that also has a public client, scripted; ours has the wPort 1."""

    def __init__(self, *arguments, **named):
        super().__init__(*arguments, **named)
        self.parameters = replace(self.parameters, client_wport=1)
        self.public = ScriptedMeter()

    def replies(self, wpdu):
        return self.public.reply(wpdu) if wpdu.source_wport == 16 else self.meter.replies(wpdu.apdu)

    async def connect(self):
        self.links.append(ScriptedTransport(self.replies))
        return self.links[-1]

    @property
    def known(self):
        return self.client.known_forms[self.parameters.pair]


def partners_of(clients):
    """Answers GETs as a public client that sees association objects: instance -> client wPort, None where refused."""
    elements = b"".join(
        bytes.fromhex("0204 12000F 1101 0906 00002800") + bytes([number]) + bytes.fromhex("FF 0202 0100 0100")
        for number in [0, *clients]
    )
    others = bytes.fromhex("0204 120001 1100 0906 00002A0000FF 0202 0100 0100")

    def get(apdu):
        if apdu[1] == 1 and apdu[11] == 2:
            return [value(b"\x01" + bytes([2 + len(clients)]) + elements + others)]
        items = [apdu[4 + 10 * item :][:10] for item in range(apdu[3])] if apdu[1] == 3 else [apdu[3:13]]
        found = [clients[item[6]] for item in items]
        answers = [3 if client is None else bytes([2, 2, 15, client, 18, 0, 1]) for client in found]
        return [values(*answers)]

    return get


class Choosy:
    """What a meter does before it answers: it takes proof and dedicated key in one form only."""

    def __init__(self, house, refusal, *, under_global_key=False, one_counter=False):
        self.house, self.refusal = house, refusal
        self.under_global_key, self.one_counter = under_global_key, one_counter
        house.meter.before = self

    def __call__(self, apdu):
        wrong_key = apdu[0] == (0xD3 if self.under_global_key else 0xCB)
        used = self.house.meter.invocations
        if apdu[0] in {0xD0, 0xD3}:
            counter = int.from_bytes(apdu[3:7], "big")
            if self.one_counter and counter <= max(used, default=0):
                return self.refusal
        return self.refusal if wrong_key else None


def dedicated_house(mechanism=GMAC, **arguments):
    house = House(mechanism, use_dedicated_key=True, timing=SHORT, start=500, **arguments)
    house.meter.counter = 0x100
    return house


async def reads_for_one_association(house):
    """Read in one association, with nothing but what it takes."""
    before = len(house.meter.raw)
    async with house.associate() as association:
        assert (await association.get(ENERGY)).value == 7
        leniencies = association.leniencies
    return [apdu[0] for apdu in house.meter.raw[before:]], leniencies


@refusals
async def test_trial_04_a_meter_that_wants_the_proof_under_the_global_key(refusal):
    house = dedicated_house()
    Choosy(house, refusal, under_global_key=True)
    await house.reads()
    assert house.client.known_forms[house.parameters.pair] == KnownForm(
        ProofForm(under_global_key=True), is_proven=True
    )
    tags, leniencies = await reads_for_one_association(house)
    assert tags == [0x60, 0xCB, 0xD0, 0x62]  # a later poll pays nothing
    assert leniencies == {Leniency.PROOF_UNDER_GLOBAL_KEY}


@refusals
async def test_trial_04_one_that_continues_the_global_counter_besides(refusal):
    house = dedicated_house()
    Choosy(house, refusal, under_global_key=True, one_counter=True)
    await house.reads()
    tags, leniencies = await reads_for_one_association(house)
    assert tags == [0x60, 0xCB, 0xD0, 0x62]
    assert leniencies == {Leniency.PROOF_UNDER_GLOBAL_KEY, Leniency.ONE_COUNTER_FOR_BOTH_KEYS}


@refusals
async def test_trial_04_one_that_continues_the_global_counter_from_the_proof_on(refusal):
    house = dedicated_house()
    Choosy(house, refusal, one_counter=True)
    await house.reads()
    tags, leniencies = await reads_for_one_association(house)
    assert tags == [0x60, 0xD3, 0xD0, 0x62]
    assert leniencies == {Leniency.ONE_COUNTER_FOR_BOTH_KEYS}


@pytest.mark.parametrize("mechanism", [NONE, LLS])
@refusals
async def test_trial_04_one_that_continues_the_global_counter_without_any_proof(refusal, mechanism):
    house = dedicated_house(mechanism)
    Choosy(house, refusal, one_counter=True)
    await house.reads()
    tags, leniencies = await reads_for_one_association(house)
    assert tags == [0x60, 0xD0, 0x62]
    assert Leniency.ONE_COUNTER_FOR_BOTH_KEYS in leniencies


async def test_trial_04_a_counter_that_the_meter_names_under_the_dedicated_key_is_learned():
    house = dedicated_house(NONE)

    def before(apdu):
        wanted = max(house.meter.invocations, default=0) + 1
        house.meter.dedicated_lowest = wanted

    house.meter.before = before
    await house.reads()
    tags, leniencies = await reads_for_one_association(house)
    assert tags == [0x60, 0xD0, 0x62]
    assert Leniency.ONE_COUNTER_FOR_BOTH_KEYS in leniencies


@pytest.mark.parametrize("mechanism", [NONE, LLS])
async def test_f19_one_counter_for_both_keys_is_seen_where_a_later_counter_was_answered(mechanism):
    """Over datagrams the question is sent again, with counters that at last are above that of the AARQ."""
    house = House(mechanism, use_dedicated_key=True, start=1)
    timing = Timing(response=0.2, repeat=0.05, release=0.03, reconnect_gap=0)
    house.client = TimedClient("meter", timing=timing, connect=with_datagrams(house.connect))
    Choosy(house, [], one_counter=True)
    tags, _ = await reads_for_one_association(house)
    assert tags == [0x60, 0xD0, 0xD0, 0xD0, 0xD0, 0x62]
    tags, leniencies = await reads_for_one_association(house)
    assert tags == [0x60, 0xD0, 0x62]
    assert Leniency.ONE_COUNTER_FOR_BOTH_KEYS in leniencies


async def test_trial_04_the_usual_form_costs_nothing_and_another_is_known_from_the_start():
    house = dedicated_house()
    tags, leniencies = await reads_for_one_association(house)
    assert (tags, leniencies) == ([0x60, 0xD3, 0xD0, 0x62], set())
    again = dedicated_house()
    Choosy(again, [], under_global_key=True, one_counter=True)
    form = ProofForm(under_global_key=True, one_counter=True)
    again.client.known_forms[again.parameters.pair] = KnownForm(form, is_proven=True)
    tags, _ = await reads_for_one_association(again)
    assert tags == [0x60, 0xCB, 0xD0, 0x62]


@refusals
async def test_trial_04_a_meter_that_refuses_every_form_is_told_by_its_first_refusal(refusal):
    house = dedicated_house()
    house.meter.before = lambda apdu: refusal if apdu[0] in {0xCB, 0xD3} else None
    with pytest.raises(
        (ExceptionReceived, AssociationRejected, InvocationCounterRefused, ResponseTimeout, ConnectionLost)
    ) as caught:
        await house.reads()
    assert not getattr(caught.value, "concerns_authentication", False)
    proofs = [tag for tag in house.tags if tag in {0xCB, 0xD3}]
    assert sorted(proofs) == [0xCB, 0xCB, 0xD3, 0xD3]
    assert house.client.known_forms[house.parameters.pair] == KnownForm()


async def test_trial_04_s03_a_counter_refused_in_a_proof_under_the_global_key_is_the_global_one():
    house = dedicated_house()
    form = ProofForm(under_global_key=True)
    house.client.known_forms[house.parameters.pair] = KnownForm(form, is_proven=True)
    house.meter.change_aare = lambda fields: setattr(house.meter, "lowest", 900) or fields
    await house.reads()
    assert house.tags[:4] == [0x60, 0xCB, 0x60, 0xCB]
    assert house.state.next_value > 900
    assert house.client.known_forms[house.parameters.pair].form == form


@pytest.mark.parametrize("code", [1, 3, 12, 250])
async def test_trial_04_s20_a_proof_that_the_meter_read_and_refused_is_not_sent_again(code):
    house = dedicated_house()
    house.meter.association, house.meter.unknown_object = 9, code
    with pytest.raises(ProofRefused) as caught:
        await house.reads()
    assert caught.value.concerns_authentication
    assert house.tags.count(0xD3) == 1
    assert house.tags.count(0xCB) == 0


async def test_trial_04_s19_a_wrong_proof_of_the_meter_is_no_question_of_form():
    house = dedicated_house()
    house.meter.change_proof = lambda proof: proof[:-1] + bytes([proof[-1] ^ 1])
    with pytest.raises(PeerNotAuthenticated):
        await house.reads()
    assert house.tags.count(0x60) == 1


async def test_trial_04_a_form_that_worked_is_doubted_after_three_failures_only():
    house = dedicated_house()
    await house.reads()
    Choosy(house, [DECIPHERING], under_global_key=True)
    for _ in range(2):
        with pytest.raises(ExceptionReceived):
            await house.reads()
    assert house.client.known_forms[house.parameters.pair] == KnownForm(USUAL_FORM, is_proven=True, failures=2)
    await house.reads()
    assert house.client.known_forms[house.parameters.pair].form == ProofForm(under_global_key=True)


async def test_trial_04_a_meter_that_cannot_be_reached_again_at_once_is_met_in_the_next_form_later():
    house = dedicated_house()
    Choosy(house, [End()], under_global_key=True)
    honest, connections = house.client._connect, []

    async def connect():
        connections.append(1)
        if len(connections) == 2:
            raise ConnectFailed(ConnectFailure.REFUSED)
        return await honest()

    house.client = TimedClient("meter", timing=SHORT, connect=connect)
    with pytest.raises(ConnectionLost):
        await house.reads()
    await house.reads()
    assert [tag for tag in house.tags if tag in {0xCB, 0xD3}][:2] == [0xD3, 0xCB]


async def test_trial_04_nobody_looks_for_forms_without_a_dedicated_key():
    house = TwoClients(timing=SHORT)
    house.meter.before = lambda apdu: [DECIPHERING] if apdu[0] == 0xCB else None
    with pytest.raises(ExceptionReceived):
        await house.reads()
    assert house.tags.count(0x60) == 1
    assert not house.public.requests


@pytest.mark.parametrize("answer", [bytes.fromhex("D80101"), bytes.fromhex("D80202"), bytes.fromhex("0E050401")])
@pytest.mark.parametrize("mechanism", [NONE, LLS])
async def test_trial_04_a_meter_that_only_dislikes_our_question_is_read_in_the_usual_form(answer, mechanism):
    house = dedicated_house(mechanism)
    disliked = []

    def before(apdu):
        if apdu[0] != 0xD0:
            return None
        counter, meter = int.from_bytes(apdu[3:7], "big"), house.meter
        plain = unseal(meter.dedicated, AK, apdu[2], meter.client_title, counter, apdu[7:])
        if plain[3:5] != b"\x00\x0f":
            return None
        disliked.append(plain)
        return [answer]

    house.meter.before = before
    await house.reads()
    asked = len(disliked)
    assert house.client.known_forms[house.parameters.pair] == KnownForm(USUAL_FORM, is_proven=True)
    await house.reads()
    assert len(disliked) == asked


@pytest.mark.parametrize("mechanism", [NONE, LLS])
async def test_trial_04_a_meter_that_refuses_the_object_under_the_dedicated_key_has_read_the_question(mechanism):
    house = dedicated_house(mechanism)
    house.meter.answer_get = lambda request: [b"\xc4\x01" + request[2:3] + b"\x01\x03"]
    async with house.associate():
        assert house.tags == [0x60, 0xD0]
    assert house.client.known_forms[house.parameters.pair].is_proven


# -- the object that takes the proof


@pytest.mark.parametrize("code", [4, 9, 11, 13])
@pytest.mark.parametrize("arguments", [{"mechanism": MD5, "ciphered": False}, {}, {"use_dedicated_key": True}])
async def test_trial_07_the_proof_goes_to_the_object_that_the_meter_knows(arguments, code):
    house = TwoClients(timing=SHORT, **arguments)
    house.public.aarq = lambda apdu: [NO_ASSOCIATION]  # there is no public client
    house.meter.association, house.meter.unknown_object = 2, code
    await house.reads()
    assert house.known == KnownForm(ProofForm(association=instance(2)), is_proven=True)
    before = house.tags.count(0x60)
    await house.reads()
    assert house.tags.count(0x60) == before + 1
    async with house.associate() as association:
        assert association.leniencies == {Leniency.OTHER_ASSOCIATION_OBJECT}


@pytest.mark.parametrize("refusal", [None, bytes.fromhex("D80101"), bytes.fromhex("D80202"), bytes.fromhex("D80203")])
async def test_trial_07_the_public_client_tells_which_object_is_ours(refusal):
    house = TwoClients(MD5, ciphered=False, timing=SHORT)
    house.public.get = partners_of({1: 16, 3: 2, 27: 1, 28: 4})
    house.meter.association = 27
    if refusal is not None:
        house.meter.before = lambda apdu: [refusal] if apdu[0] == 0xC3 and apdu[9] != 27 else None
    await house.reads()
    assert house.known.form == ProofForm(association=instance(27))
    assert [request[9] for request in house.meter.raw if request[0] == 0xC3] == [0, 27]


async def test_trial_07_an_object_of_somebody_else_refuses_every_proof():
    house = TwoClients(MD5, ciphered=False, timing=SHORT)
    house.public.get = partners_of({1: None, 2: None, 3: None})
    house.meter.association = 3
    house.meter.before = lambda apdu: (
        [b"\xc7\x01" + apdu[2:3] + b"\x03\x00"] if apdu[0] == 0xC3 and apdu[9] in {1, 2} else None
    )
    await house.reads()
    assert house.known.form == ProofForm(association=instance(3))


def refusing(house, code=3):
    """Let every object but the first refuse the proof, as for a wrong secret."""
    house.public.get = partners_of(dict.fromkeys(range(1, 9)))
    house.meter.association = 77
    house.meter.before = lambda apdu: (
        [b"\xc7\x01" + apdu[2:3] + bytes([code, 0])] if apdu[0] == 0xC3 and apdu[9] else None
    )


async def test_trial_07_s20_a_search_ends_with_the_third_proof_that_is_refused():
    house = TwoClients(MD5, ciphered=False, timing=SHORT)
    refusing(house)
    with pytest.raises(ProofRefused):
        await house.reads()
    assert [request[9] for request in house.meter.raw if request[0] == 0xC3] == [0, 1, 2, 3]
    assert house.known == KnownForm()


async def test_trial_07_s20_who_may_not_search_uses_the_known_form_only():
    house = TwoClients(MD5, ciphered=False, timing=SHORT)
    house.parameters = replace(house.parameters, searches_proof_form=False)
    house.meter.association = 2
    for _ in range(5):
        with pytest.raises(ProofRefused):
            await house.reads()
    assert [request[9] for request in house.meter.raw if request[0] == 0xC3] == [0] * 5
    assert not house.public.requests
    house.client.known_forms[house.parameters.pair] = KnownForm(ProofForm(association=instance(2)), is_proven=True)
    await house.reads()


async def test_trial_07_where_no_object_takes_the_proof_the_meter_is_asked_so_many_times_only():
    house = TwoClients(MD5, ciphered=False, timing=SHORT)
    house.public.get = lambda apdu: [access_error(3)]
    house.meter.association = 77
    with pytest.raises(ProofRefused) as caught:
        await house.reads()
    assert caught.value.concerns_object
    assert not caught.value.concerns_authentication
    assert "object-undefined" in str(caught.value)
    assert house.tags.count(0xC3) == 9
    assert house.known == KnownForm()


async def test_trial_07_an_object_that_was_chosen_is_the_only_one():
    house = TwoClients(MD5, ciphered=False, timing=SHORT)
    house.meter.association = 5
    house.parameters = replace(house.parameters, association=instance(5))
    await house.reads()
    house.parameters = replace(house.parameters, association=instance(6))
    with pytest.raises(ProofRefused):
        await house.reads()
    assert [request[9] for request in house.meter.raw if request[0] == 0xC3] == [5, 6]
    assert not house.public.requests


async def test_trial_07_the_public_client_itself_asks_nobody():
    house = House(MD5, ciphered=False, timing=SHORT)
    house.meter.association = 1
    await house.reads()
    assert house.tags.count(0x60) == 2


async def test_trial_07_a_refused_request_in_blocks_of_data_is_a_refused_proof():
    house = House(MD5, ciphered=False)
    house.meter.before = lambda apdu: [b"\xc7\x01" + apdu[2:3] + b"\x00\x01\x01\x03"] if apdu[0] == 0xC3 else None
    with pytest.raises(ProofRefused) as caught:
        await house.reads()
    assert caught.value.action_result == 3


async def test_a_closed_client_is_told_while_it_looks_for_objects():
    house = TwoClients(MD5, ciphered=False, timing=SHORT)
    house.meter.association = 77
    ends = [asyncio.Event()]

    def aarq(_apdu):
        ends[0].set()
        return []

    house.public.aarq = aarq
    reading = asyncio.create_task(house.reads())
    await ends[0].wait()
    await house.client.close()
    with pytest.raises(AssociationAborted):
        await reading
