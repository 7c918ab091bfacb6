"""reply_to_HLS_authentication of the Association SN, over TCP and UDP: a meter that shares no code with the stack."""

from dataclasses import replace

import pytest

from custom_components.cosem.dlms.client.channel import with_datagrams, with_wrapper
from custom_components.cosem.dlms.errors import (
    AssociationRejected,
    ExceptionReceived,
    PeerNotAuthenticated,
    ProofRefused,
    ResponseTimeout,
)
from custom_components.cosem.dlms.protocol.leniencies import Leniency
from custom_components.cosem.dlms.protocol.referencing import Referencing
from tests.dlms.client.test_security_association import SHORT, TIMING, House
from tests.dlms.lone_meter import (
    AK,
    AK_256,
    ECDSA,
    EK,
    EK_256,
    GMAC,
    HLS,
    LLS,
    MD5,
    NONE,
    SHA1,
    SHA256,
    UNDEFINED,
    LoneShortMeter,
)
from tests.dlms.scripted import ENERGY, POWER, End
from tests.timed_client import TimedClient

CONNECTORS = {"tcp": with_wrapper, "udp": with_datagrams}
over_both = pytest.mark.parametrize("transport", CONNECTORS)
READ, SELECTOR_0, WRITTEN = "050104FA580109", "050104FA580009", "060102FA580109"


class ShortHouse(House):
    """A meter with short names, and a client that is told so, or finds it out."""

    def __init__(
        self, mechanism, transport, *, referencing=Referencing.SHORT_NAME, head=READ, refusal=(UNDEFINED,), **options
    ):
        super().__init__(mechanism, **options)
        lone, self.meter = self.meter, LoneShortMeter(mechanism, head=head, refusal=refusal)
        for name in ("suite", "ciphered", "secret", "client_keys", "control", "ek", "ak", "signing", "agreement"):
            if hasattr(lone, name):
                setattr(self.meter, name, getattr(lone, name))
        self.parameters = replace(self.parameters, referencing=referencing)
        self.client = TimedClient(
            "meter", timing=options.get("timing", TIMING), connect=CONNECTORS[transport](self.connect)
        )

    async def reads(self):
        async with self.associate() as association:
            assert (await association.get(ENERGY)).value == 7
            energy, power = await association.get_many([ENERGY, POWER])
            assert (energy.value, power.result) == (7, 4)
            return association.leniencies

    @property
    def proofs(self):
        return self.meter.proofs


PLAIN = [(HLS, 0), (MD5, 0), (SHA1, 0), (GMAC, 0), (GMAC, 1), (GMAC, 2), (SHA256, 0), (ECDSA, 1), (ECDSA, 2)]


@over_both
@pytest.mark.parametrize(("mechanism", "suite"), PLAIN)
async def test_every_high_level_mechanism_without_ciphering(mechanism, suite, transport):
    house = ShortHouse(mechanism, transport, suite=suite, ciphered=False)
    assert await house.reads() == set()
    assert house.proofs == [READ]


@over_both
@pytest.mark.parametrize("level", [0x10, 0x20, 0x30])
@pytest.mark.parametrize(
    ("mechanism", "suite"), [(NONE, 0), (LLS, 1), (MD5, 2), (GMAC, 0), (GMAC, 1), (GMAC, 2), (ECDSA, 2)]
)
async def test_every_protection(mechanism, suite, level, transport):
    house = ShortHouse(mechanism, transport, suite=suite, level=level)
    await house.reads()
    assert {apdu[0] for apdu in house.meter.raw} == {0x60, 0x25, 0x62}
    assert len(house.proofs) == (mechanism >= HLS)
    assert (house.meter.ek, house.meter.ak) == ((EK_256, AK_256) if suite == 2 else (EK, AK))


@over_both
async def test_a_dedicated_key(transport):
    house = ShortHouse(GMAC, transport, use_dedicated_key=True)
    await house.reads()
    assert {apdu[0] for apdu in house.meter.raw} == {0x60, 0x45, 0x62}


REFUSALS = {
    "undefined": [UNDEFINED],
    "not possible": [bytes.fromhex("D80101")],
    "not supported": [bytes.fromhex("D80202")],
    "service error": [bytes.fromhex("0E050201")],
    "silence": [],
    "close": [End()],
}
OTHERS = [(SELECTOR_0, Leniency.PROOF_READ_WITH_SELECTOR_0), (WRITTEN, Leniency.PROOF_WRITTEN)]


@pytest.mark.parametrize(("head", "leniency"), OTHERS)
@pytest.mark.parametrize(
    ("transport", "refusal"),
    [(transport, each) for transport in CONNECTORS for each in REFUSALS if (transport, each) != ("udp", "close")],
)
@pytest.mark.parametrize("ciphered", [False, True])
async def test_another_way_to_call_the_method_is_found_once_and_then_known(
    head, leniency, refusal, transport, ciphered
):
    refusals = REFUSALS[refusal]
    house = ShortHouse(GMAC, transport, head=head, refusal=refusals, ciphered=ciphered, timing=SHORT)
    assert leniency in await house.reads()
    ways = [READ, SELECTOR_0, WRITTEN]
    assert house.proofs == ways[: ways.index(head) + 1]
    assert await house.reads() == {leniency}
    assert house.proofs[-1] == head
    assert len(house.proofs) == ways.index(head) + 2


@over_both
@pytest.mark.parametrize("mechanism", [MD5, GMAC])
async def test_a_refused_proof_is_sent_once(mechanism, transport):
    house = ShortHouse(mechanism, transport, head=WRITTEN, refusal=[b"\x0c\x01\x01\x03"], ciphered=False)
    with pytest.raises(ProofRefused) as caught:
        await house.reads()
    assert caught.value.concerns_authentication
    assert house.proofs == [READ]


CHANGED = {
    "wrong": lambda proof: proof[:-1] + bytes([proof[-1] ^ 1]),
    "short": lambda proof: proof[:-1],
    "none": lambda proof: b"",
    "missing": lambda proof: None,
}


@over_both
@pytest.mark.parametrize("head", [READ, WRITTEN])
@pytest.mark.parametrize("change", CHANGED)
@pytest.mark.parametrize("mechanism", [MD5, GMAC])
async def test_s19_nothing_is_read_from_a_meter_that_does_not_prove_itself(mechanism, change, head, transport):
    house = ShortHouse(mechanism, transport, head=head, ciphered=False, timing=SHORT)
    house.meter.change_proof = CHANGED[change]
    with pytest.raises(PeerNotAuthenticated):
        await house.reads()
    assert house.proofs[-1] == head
    assert not any(plain[3:5] in {b"\xfa\x08", b"\x10\x08"} for plain in house.meter.plain)


@over_both
@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([], ResponseTimeout),
        ([bytes.fromhex("D80101")], ExceptionReceived),
        ([b"\x0c\x01\x01\x03"], ProofRefused),
    ],
)
async def test_what_a_meter_says_to_every_way_is_the_error(answers, error, transport):
    house = ShortHouse(MD5, transport, refusal=answers, ciphered=False, timing=SHORT)
    house.meter.head = b"another"
    with pytest.raises(error):
        await house.reads()
    assert len(house.proofs) == (1 if error is ProofRefused else 3)
    assert len(set(house.proofs)) == len(house.proofs)
    assert not house.client.known_forms[house.parameters.pair].is_proven


@over_both
async def test_short_names_are_found_and_then_known(transport):
    house = ShortHouse(GMAC, transport, referencing=Referencing.AUTOMATIC)
    contexts = []
    refused = bytes.fromhex("6117A109060760857405080103A203020101A305A103020102")

    def before(apdu):
        if apdu[0] != 0x60:
            return None
        contexts.append(apdu[apdu.index(bytes.fromhex("608574050801")) + 6])
        return None if contexts[-1] == 4 else [refused]

    house.meter.before = before
    await house.reads()
    await house.reads()
    assert contexts == [3, 4, 4]


@over_both
async def test_an_association_that_is_refused_says_why(transport):
    house = ShortHouse(GMAC, transport, timing=SHORT)
    house.meter.before = lambda apdu: [bytes.fromhex("6117A109060760857405080104A203020101A305A10302010D")]
    with pytest.raises(AssociationRejected) as caught:
        await house.reads()
    assert caught.value.concerns_authentication
    assert house.proofs == []
