"""Meters that refuse a proposal because of services that they do not know, however they say so."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms.apdu.acse import Mechanism
from custom_components.cosem.dlms.client.link import Timing
from custom_components.cosem.dlms.client.proof_forms import KnownForm
from custom_components.cosem.dlms.client.refused_services import RefusedServices, refused_services, shows_secrets
from custom_components.cosem.dlms.errors import (
    AssociationRejected,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    DlmsError,
    ExceptionReceived,
    InvocationCounterRefused,
    NotWrapper,
    ResponseTimeout,
    UserDiagnostic,
)
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.proof_form import USUAL_FORM, ProofForm
from custom_components.cosem.dlms.protocol.proposal import AssociationParameters
from custom_components.cosem.dlms.protocol.referencing import Referencing
from custom_components.cosem.dlms.security.keys import Secret
from tests.dlms.client.conftest import client_of
from tests.dlms.client.test_proof_forms import Choosy, TwoClients
from tests.dlms.client.test_security_association import House
from tests.dlms.lone_meter import GMAC, MD5
from tests.dlms.scripted import ENERGY, PARAMETERS, End, ScriptedMeter, aare

ALL, FEW, COMMON = 0x207E5F, 0x001E1D, 0x007E1F
ALL_SHORT, FEW_SHORT = 0x1C1B20, 0x181A20

NAMED = {
    "in an AARE": [aare(bytes.fromhex("0E010602"), result=1, diagnostic=1)],
    "alone": [bytes.fromhex("0E010602")],
}
UNEXPLAINED = {
    "by the user": [aare(None, result=1, diagnostic=1)],
    "by the provider": [aare(None, result=1, result_source=2, diagnostic=1)],
    "null": [aare(None, result=1, diagnostic=0)],
    "other initiate-error": [aare(bytes.fromhex("0E010600"), result=1, diagnostic=1)],
    "service not supported": [bytes.fromhex("D80102")],
    "operation not possible": [bytes.fromhex("D80101")],
    "other reason": [bytes.fromhex("D80203")],
}
UNANSWERED = {"close": [End()], "reset": [End(reset=True)], "silence": []}
REFUSALS = NAMED | UNEXPLAINED | UNANSWERED
NO_PASSWORD_WANTED = [aare(None, result=1, diagnostic=13)]

SHORT = Timing(response=0.2, release=0.03, reconnect_gap=0)
LOGIN = AssociationParameters(client_wport=2, mechanism=Mechanism.LLS, password=Secret(b"12345678"))
UNWATCHED = replace(PARAMETERS, searches_proof_form=False)


def each(refusals):
    return pytest.mark.parametrize("refusal", refusals.values(), ids=refusals)


class OldMeter(ScriptedMeter):
    """Answers proposals of services beyond ``known`` with ``refusal``; keeps client wPorts and what they proposed."""

    def __init__(self, refusal, known=COMMON, accepted=()):
        super().__init__()
        self.refusal, self.known = refusal, known
        self.accepted = accepted or [aare()]
        self.proposed = []
        self.passwords = 0

    def reply(self, wpdu):
        if wpdu.apdu[0] != 0x60:
            yield from super().reply(wpdu)
            return
        services = int.from_bytes(wpdu.apdu.partition(bytes.fromhex("5F1F0400"))[2][:3])
        self.passwords += b"12345678" in wpdu.apdu
        self.proposed.append((wpdu.source_wport, services))
        yield from self.refusal if services & ~self.known else self.accepted


async def associates(client, parameters=PARAMETERS):
    async with client.associate(parameters) as association:
        return Leniency.FEW_SERVICES in association.leniencies


async def is_refused(client, parameters=PARAMETERS):
    with pytest.raises(DlmsError) as caught:
        await associates(client, parameters)
    return caught.value


@pytest.mark.parametrize("known", [COMMON, FEW], ids=["common", "few"])
@each(REFUSALS)
async def test_few_services_are_proposed_once_and_remembered(refusal, known):
    meter = OldMeter(refusal, known)
    client = client_of(meter, SHORT)
    assert [await associates(client) for _ in range(2)] == [True, True]
    assert meter.proposed == [(16, ALL), (16, FEW)] * (1 + may_be_chance(refusal)) + [(16, FEW)]
    await client.close()


def may_be_chance(refusal):
    """Whether such an answer to a proposal, once, may have other reasons."""
    return refusal in UNANSWERED.values() or refusal[0][0] == 0xD8


@each({name: refusal for name, refusal in REFUSALS.items() if may_be_chance(refusal)})
async def test_what_happened_once_is_not_taken_for_a_matter_of_services(refusal):
    meter = OldMeter(refusal, known=ALL)
    honest, left = meter.accepted, [refusal]
    meter.accepted = Once(left, honest)
    client = client_of(meter, SHORT)
    assert [await associates(client) for _ in range(2)] == [False, False]
    assert meter.proposed == [(16, ALL), (16, FEW), (16, ALL), (16, ALL)]
    await client.close()


class Once:
    """What comes back: at first something else."""

    def __init__(self, first, then):
        self.first, self.then = first, then

    def __iter__(self):
        return iter(self.first.pop() if self.first else self.then)


@each(REFUSALS)
async def test_other_clients_of_a_meter_begin_with_few_services(refusal):
    meter = OldMeter(refusal)
    client = client_of(meter, SHORT)
    await associates(client)
    assert await associates(client, LOGIN)
    assert meter.proposed[-2:] == [(16, FEW), (2, FEW)]
    assert (2, ALL) not in meter.proposed
    await client.close()


@each(UNEXPLAINED | NAMED)
async def test_a_password_is_sent_again_only_where_the_public_client_has_shown_the_reason(refusal):
    meter = OldMeter(refusal)
    client = client_of(meter, SHORT)
    assert await associates(client, LOGIN)
    assert meter.proposed == [(2, ALL), *[(16, ALL), (16, FEW)] * (1 + may_be_chance(refusal)), (2, FEW)]
    assert meter.passwords == 2
    await client.close()


@each(UNANSWERED)
async def test_a_password_is_not_sent_again_into_silence(refusal):
    meter = OldMeter(refusal)
    await is_refused(client_of(meter, SHORT), LOGIN)
    assert meter.proposed == [(2, ALL)]


@pytest.mark.parametrize("public", [[aare()], NO_PASSWORD_WANTED], ids=["takes all", "is refused"])
@each(UNEXPLAINED)
async def test_a_password_is_not_sent_again_where_the_public_client_shows_nothing(refusal, public):
    meter = OldMeter(refusal)
    inner = meter.reply
    meter.reply = lambda wpdu: public if wpdu.source_wport == 16 and wpdu.apdu[0] == 0x60 else inner(wpdu)
    client = client_of(meter, SHORT)
    await is_refused(client, LOGIN)
    assert meter.proposed == [(2, ALL)]
    assert client.known_forms[LOGIN.pair].form == USUAL_FORM


async def test_a_password_for_the_public_clients_wports_waits_for_whoever_comes_next():
    meter = OldMeter(NAMED["alone"])
    login = replace(LOGIN, client_wport=16)
    client = client_of(meter)
    assert isinstance(await is_refused(client, login), AssociationRejected)
    assert await associates(client, login)
    assert meter.proposed == [(16, ALL), (16, FEW)]


async def test_with_a_password_few_services_that_are_refused_are_not_proposed_for_ever():
    meter = OldMeter(NAMED["alone"], known=0)
    login = replace(LOGIN, client_wport=16)
    client = client_of(meter)
    for _ in range(4):
        await is_refused(client, login)
    assert meter.proposed == [(16, ALL), (16, FEW)] * 2


@each(REFUSALS)
async def test_what_was_not_the_reason_is_not_remembered(refusal):
    meter = OldMeter(refusal, known=0)
    client = client_of(meter, SHORT)
    first = await is_refused(client)
    assert meter.proposed == [(16, ALL), (16, FEW)]
    assert client.known_forms[PARAMETERS.pair].form == USUAL_FORM
    await is_refused(client)
    # Only a meter that names the services is asked for less again.
    again = refused_services(first) is RefusedServices.NAMED
    assert meter.proposed[2:] == [(16, ALL), (16, FEW)][: 1 + again]


async def test_an_answer_that_tells_more_is_the_error():
    meter = OldMeter(UNEXPLAINED["by the user"], accepted=NO_PASSWORD_WANTED)
    client = client_of(meter)
    error = await is_refused(client)
    assert isinstance(error, AssociationRejected)
    assert error.diagnostic == UserDiagnostic.AUTHENTICATION_FAILURE
    assert client.known_forms[PARAMETERS.pair] == KnownForm()


async def test_a_network_that_fails_meanwhile_proves_nothing():
    meter = OldMeter(UNANSWERED["close"])
    client = client_of(meter)

    async def fails():
        if meter.links:
            raise ConnectFailed(ConnectFailure.REFUSED)

    meter.on_connect = fails
    assert isinstance(await is_refused(client), ConnectFailed)
    assert client.known_forms[PARAMETERS.pair] == KnownForm()
    meter.on_connect = None
    assert await associates(client)


@each(REFUSALS)
async def test_a_meter_that_has_worked_is_asked_for_less_only_if_it_names_the_services(refusal):
    meter = OldMeter(refusal, known=ALL)
    client = client_of(meter, SHORT)
    await associates(client)
    meter.known = FEW
    if refusal in NAMED.values():
        assert await associates(client)
    else:
        await is_refused(client)
        assert meter.proposed == [(16, ALL)] * 2
    await client.close()


@each(UNANSWERED)
async def test_nobody_waits_longer_for_silence_where_no_person_waits(refusal):
    meter = OldMeter(refusal)
    await is_refused(client_of(meter, SHORT), UNWATCHED)
    assert meter.proposed == [(16, ALL)]


@each(UNEXPLAINED)
async def test_a_refusal_is_answered_with_few_services_also_where_no_person_waits(refusal):
    assert await associates(client_of(OldMeter(refusal)), UNWATCHED)


async def test_who_tries_once_proposes_nothing_else():
    meter = OldMeter(NAMED["alone"])
    client = client_of(meter)
    client.known_forms[PARAMETERS.pair] = KnownForm(tries_once=True)
    await is_refused(client)
    assert meter.proposed == [(16, ALL)]


@each(NAMED)
async def test_with_short_names_few_are_proposed_too(refusal):
    accepted = [aare(bytes.fromhex("0800065F1F0400181A200400FA00"), application_context_name=SHORT_NAMES)]
    meter = OldMeter(refusal, known=FEW_SHORT, accepted=accepted)
    parameters = AssociationParameters(referencing=Referencing.SHORT_NAME)
    assert await associates(client_of(meter), parameters)
    assert meter.proposed == [(16, ALL_SHORT), (16, FEW_SHORT)]


SHORT_NAMES = bytes.fromhex("60857405080102")


async def test_with_challenges_nothing_secret_is_shown_twice():
    house = House(MD5, ciphered=False)
    seen = refusing_the_first(house, UNEXPLAINED["by the user"])
    await house.reads()
    assert len(seen) == 2


def refusing_the_first(house, refusal):
    """Let a lone meter refuse its first proposal; return the list of proposals."""
    inner, seen = house.meter.replies, []

    def replies(apdu):
        if apdu[0] == 0x60:
            seen.append(apdu)
        return refusal if apdu[0] == 0x60 and len(seen) == 1 else inner(apdu)

    house.meter.replies = replies
    return seen


@each(UNEXPLAINED)
async def test_what_a_key_protects_is_not_sent_again_on_a_suspicion(refusal):
    house = TwoClients(GMAC, timing=SHORT)
    seen = refusing_the_first(house, refusal)
    with pytest.raises(DlmsError):
        await house.reads()
    assert len(seen) == 1


async def test_what_a_key_protects_is_sent_again_where_the_public_client_has_shown_the_reason():
    house = TwoClients(GMAC, timing=SHORT)
    house.public = OldMeter(UNEXPLAINED["by the user"])
    seen = refusing_the_first(house, UNEXPLAINED["by the user"])
    await house.reads()
    assert len(seen) == 2
    assert house.public.proposed == [(16, ALL), (16, FEW)]
    await house.client.close()


async def test_a_meter_that_deciphered_the_services_is_proposed_few_at_once():
    house = TwoClients(GMAC, timing=SHORT)
    seen = refusing_the_first(house, NAMED["in an AARE"])
    await house.reads()
    assert (len(seen), house.public.links) == (2, [])
    await house.client.close()


async def test_other_forms_are_looked_for_with_few_services():
    house = House(GMAC, use_dedicated_key=True, timing=SHORT, start=500)
    house.meter.counter = 0x100
    Choosy(house, [bytes.fromhex("D80205")], under_global_key=True)
    refusing_the_first(house, NAMED["alone"])
    await house.reads()
    form = ProofForm(under_global_key=True, few_services=True)
    assert house.client.known_forms[house.parameters.pair] == KnownForm(form, is_proven=True)
    await house.client.close()


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (AssociationRejected(1, 1, 1, 2), RefusedServices.NAMED),
        (AssociationRejected(2, 1, 1, 2), RefusedServices.NAMED),
        (AssociationRejected(1, 2, 1), RefusedServices.UNEXPLAINED),
        (AssociationRejected(1, 1, 1, 4), RefusedServices.UNEXPLAINED),
        (AssociationRejected(1, 1, 1, 3), RefusedServices.NOT),
        (AssociationRejected(2, 1, 1), RefusedServices.NOT),
        (AssociationRejected(1, 1, 2), RefusedServices.NOT),
        (AssociationRejected(1, 1, 13), RefusedServices.NOT),
        (ExceptionReceived(1, 2), RefusedServices.UNEXPLAINED),
        (ExceptionReceived(1, 5), RefusedServices.NOT),
        (ExceptionReceived(1, 4), RefusedServices.NOT),
        (InvocationCounterRefused(7), RefusedServices.NOT),
        (ConnectionLost(), RefusedServices.UNANSWERED),
        (ConnectionLost(truncated=True), RefusedServices.NOT),
        (ResponseTimeout("AARE", 5), RefusedServices.UNANSWERED),
        (ConnectFailed(ConnectFailure.REFUSED), RefusedServices.NOT),
        (NotWrapper(b"\x7e"), RefusedServices.NOT),
    ],
)
def test_how_much_a_refusal_has_to_do_with_services(error, refused):
    assert refused_services(error) is refused


def test_what_shows_secrets():
    assert shows_secrets(LOGIN)
    assert not shows_secrets(PARAMETERS)
    assert shows_secrets(House(GMAC).parameters)
    assert not shows_secrets(House(MD5, ciphered=False).parameters)


async def test_values_come_with_few_services():
    client = client_of(OldMeter(UNEXPLAINED["by the user"]))
    async with client.associate(PARAMETERS) as association:
        assert (await association.get(ENERGY)).value == 7
    await client.close()
