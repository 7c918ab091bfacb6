"""Each attack of the plan does on the wire what its name says, and lets the honest answer follow when told so."""

from pathlib import Path

import pytest

from tests.simulated_meter.attacks import ABSURD, FORGED_TITLE, HELP
from tests.simulated_meter.ciphering import BadTag, Material, unseal
from tests.simulated_meter.envelopes import Kind, read
from tests.simulated_meter.steps import Send

from .secure_client import CTOS, ENERGY, TITLE, SecureClient, aare_fields, secured_meter


@pytest.fixture
def client() -> SecureClient:
    """A client that is associated and has read once."""
    client = SecureClient(secured_meter(), 1)
    client.enter()
    client.read()
    return client


def faulty(client: SecureClient, name: str, **parameters: object) -> list[bytes]:
    """Ask for the energy under an attack; return all APDUs that come."""
    plan = client.session._host.faults
    plan.clear()
    fault = plan.add(name, times=1, **parameters)
    steps = client.steps(client.protect(ENERGY))
    assert fault.fired == 1
    return [step.octets[8:] for step in steps if isinstance(step, Send)]


def unsealed(client: SecureClient, apdu: bytes, title: bytes) -> bytes:
    """Open an answer with the right key under any control, counter and title."""
    envelope = read(apdu)
    assert envelope.counter is not None
    security = client.security
    material = Material(key=security.encryption_key, authentication_key=security.authentication_key, title=title)
    return unseal(material, envelope.control, envelope.counter, envelope.content)


@pytest.mark.parametrize(
    ("name", "control"),
    [
        ("authenticated-only", 0x10),
        ("encrypted-only", 0x20),
        ("other-suite", 0x31),
        ("broadcast-key", 0x70),
        ("compressed", 0xB0),
    ],
)
def test_controls(client: SecureClient, name: str, control: int):
    (answer,) = faulty(client, name)
    assert read(answer).control == control
    assert unsealed(client, answer, client.channel.partner.title)[:4] == b"\xc4\x01\xc1\x00"


def test_wrong_title(client: SecureClient):
    (answer,) = faulty(client, "wrong-title")
    assert unsealed(client, answer, FORGED_TITLE)[0] == 0xC4


def test_wrong_key(client: SecureClient):
    (answer,) = faulty(client, "wrong-key")
    with pytest.raises(BadTag):
        unsealed(client, answer, client.channel.partner.title)


@pytest.mark.parametrize("octet", [0, -1, -12, -13])
def test_wrong_tag_and_then_the_answer(client: SecureClient, octet: int):
    forged, again, honest = faulty(client, "wrong-tag", octet=octet, count=2, then_answer=True, code=1)
    assert forged == again
    differing = [at for at in range(len(honest)) if honest[at] != forged[at]]
    assert differing == [len(honest) + (octet or -1)]
    assert client.channel.open(honest).plaintext[0] == 0xC4


def test_replay(client: SecureClient):
    before = client.session._host.security.history[1][-1]
    forged, honest = faulty(client, "replay", then_answer=True)
    assert forged == before
    assert client.channel.open(honest).plaintext[0] == 0xC4


def test_replay_of_nothing_is_silence():
    client = SecureClient(secured_meter(), 1)
    client.enter()
    client.session._host.security.history.clear()
    assert faulty(client, "replay") == []


def test_old_counters(client: SecureClient):
    last = read(client.session._host.security.history[1][-1]).counter
    assert read(faulty(client, "old-counter")[0]).counter == last
    assert read(faulty(client, "old-counter", code=2)[0]).counter == 2


def test_counter_reset(client: SecureClient):
    assert read(faulty(client, "counter-reset")[0]).counter == 0
    assert client.session._host.security.last_counter(client.security) == 0


def test_plaintext(client: SecureClient):
    assert faulty(client, "plaintext")[0][:4] == b"\xc4\x01\xc1\x00"


def test_nested(client: SecureClient):
    (answer,) = faulty(client, "nested")
    inner = unsealed(client, answer, client.channel.partner.title)
    assert inner[0] == 0xCC
    assert unsealed(client, inner, client.channel.partner.title)[0] == 0xC4


@pytest.mark.parametrize("kind", [Kind.GLOBAL, Kind.GENERAL_GLOBAL])
def test_other_service(kind: Kind):
    client = SecureClient(secured_meter(), 1, kind=kind)
    client.enter()
    (answer,) = faulty(client, "other-service")
    assert answer[0] == (0xCC if kind is Kind.GLOBAL else 0xDB)
    assert unsealed(client, answer, client.channel.partner.title)[0] == 0xC7


def test_counter_errors(client: SecureClient):
    true = client.channel.counters._sent[client.security.encryption_key]
    assert faulty(client, "counter-error") == [bytes.fromhex("D80106") + (true + 1).to_bytes(4)]
    assert faulty(client, "counter-error", code=1) == [bytes.fromhex("D8010600000001")]
    assert faulty(client, "counter-error", code=ABSURD) == [bytes.fromhex("D80106FFFF0000")]
    assert faulty(client, "deciphering-error") == [bytes.fromhex("D80105")]


class TestAare:
    """Attacks on the AARE."""

    @staticmethod
    def aare(name: str, wport: int = 1, **parameters: object) -> tuple[SecureClient, dict[int, bytes]]:
        client = SecureClient(secured_meter(), wport)
        client.session._host.faults.add(name, **{"on": "aarq", **parameters})
        return client, aare_fields(client.ask(client.aarq()))

    def test_challenges(self):
        assert self.aare("reflected-challenge")[1][0xAA] == CTOS
        assert len(self.aare("short-challenge")[1][0xAA]) == 4
        assert len(self.aare("short-challenge", code=7)[1][0xAA]) == 7
        assert 0xAA not in self.aare("no-challenge")[1]

    def test_titles(self):
        assert 0xA4 not in self.aare("no-title")[1]
        assert len(self.aare("short-title")[1][0xA4]) == 5
        assert self.aare("reflected-title")[1][0xA4] == TITLE
        client, fields = self.aare("other-title")
        assert fields[0xA4] == FORGED_TITLE
        assert unsealed(client, fields[0xBE], FORGED_TITLE)[0] == 0x08

    def test_names(self):
        assert self.aare("other-mechanism")[1][0x89][-1] == 1
        assert self.aare("other-context")[1][0xA1][-1] == 1

    @pytest.mark.parametrize("wport", [10, 19])
    def test_without_challenges(self, wport: int):
        assert self.aare("other-context", wport)[1][0xA1][-1] == 1
        assert self.aare("reflected-title", wport)[1][0xA4] == TITLE

    def test_protection(self):
        assert self.aare("plaintext")[1][0xBE][0] == 0x08
        assert read(self.aare("authenticated-only")[1][0xBE]).control == 0x10
        client, fields = self.aare("wrong-tag")
        with pytest.raises(BadTag):
            unsealed(client, fields[0xBE], client.channel.partner.title)

    def test_errors_come_instead(self):
        client = SecureClient(secured_meter(), 1)
        client.session._host.faults.add("counter-error", on="aarq", code=77)
        assert client.ask(client.aarq()) == bytes.fromhex("D801060000004D")
        client.session._host.faults.clear()
        client.session._host.faults.add("deciphering-error", on="aarq")
        assert client.ask(client.aarq()) == bytes.fromhex("D80105")


class TestPass4:
    """Attacks on pass 4, protected or not."""

    @staticmethod
    def answers(name: str, wport: int, **parameters: object) -> tuple[bytes, list[bytes]]:
        client = SecureClient(secured_meter(), wport)
        client.session._host.faults.add(name, **parameters)
        client.begin()
        proof = client.proof()
        action = bytes.fromhex("C301C1000F0000280000FF010109") + bytes([len(proof)]) + proof
        steps = client.steps(client.protect(action) if client.ciphered else action)
        sent = [step.octets[8:] for step in steps if isinstance(step, Send)]
        return proof, [client.channel.open(apdu).plaintext if client.ciphered else apdu for apdu in sent]

    @pytest.mark.parametrize("wport", [1, 5])
    def test_all(self, wport: int):
        assert self.answers("no-pass-4", wport)[1] == []
        assert self.answers("empty-pass-4", wport)[1] == [bytes.fromhex("C701C10000")]
        assert self.answers("refused-pass-4", wport)[1] == [bytes.fromhex("C701C10300")]
        assert self.answers("refused-pass-4", wport, code=250)[1] == [bytes.fromhex("C701C1FA00")]
        proof, (reflected,) = self.answers("reflected-pass-4", wport)
        assert reflected.endswith(proof)
        _, (wrong,) = self.answers("wrong-pass-4", wport)
        assert wrong[:4] == bytes.fromhex("C701C100")

    def test_protection(self):
        assert self.answers("plaintext", 11, on="hls")[1][0][:4] == bytes.fromhex("C701C100")
        client = SecureClient(secured_meter(), 1)
        client.session._host.faults.add("plaintext", on="hls")
        client.begin()
        assert client.pass_3()[:4] == bytes.fromhex("C701C100")


def test_attacks_do_nothing_to_what_is_not_protected():
    client = SecureClient(secured_meter(), 5)
    fault = client.session._host.faults.add("wrong-tag", on="any")
    client.enter()
    fired = fault.fired
    assert client.read()[0] == 0xC4
    assert fault.fired == fired


def test_requests_under_protection_have_a_kind():
    client = SecureClient(secured_meter(), 1)
    client.enter()
    client.session._host.faults.add("busy", times=1)
    assert client.ask(client.protect(ENERGY)) == bytes.fromhex("D80103")
    client.session._host.faults.add("busy", times=1, on="action")
    assert client.read()[0] == 0xC4
    assert client.pass_3(bytes(17)) == bytes.fromhex("D80103")


def test_every_attack_is_tested_here():
    text = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in HELP if f'"{name}"' not in text] == []
