"""The command line gets into a secured meter by every mechanism, suite and protection, or says why not."""

from dataclasses import replace
import fcntl
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
import pytest

from custom_components.cosem.dlms.__main__ import main
from custom_components.cosem.dlms.client.client import DlmsClient
from custom_components.cosem.dlms.client.proof_forms import KnownForm
from custom_components.cosem.dlms.client.transport import Transport
from custom_components.cosem.dlms.command_line import run
from custom_components.cosem.dlms.command_line.state_file import StateFile
from custom_components.cosem.dlms.protocol.proof_form import USUAL_FORM, ProofForm
from custom_components.cosem.dlms.protocol.proposal import WportPair
from tests.recorded import Recorder, Replay
from tests.simulated_meter.datagrams import DatagramLink
from tests.simulated_meter.key_pairs import certificate, pem
from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import MeterProfile, Referencing
from tests.simulated_meter.secured import client_key_pair
from tests.simulated_meter.security_profile import Answer, CounterObject

ENERGY = "3:1.0.1.8.0.255:2"
AUTHENTICATIONS = ("none", "lls", "hls-manufacturer", "hls-md5", "hls-sha1", "hls-gmac", "hls-sha256", "hls-ecdsa")
GMAC, GMAC_1, GMAC_2, SHA256, ECDSA_1, LLS, PLAIN_GMAC, AUTHENTICATED, ENCRYPTED, ECDSA_2 = (
    1,
    3,
    4,
    7,
    9,
    10,
    11,
    12,
    13,
    15,
)
LABORATORY, SIGNED, ADVANCED = 14, 17, 20
FULL = ("--protection", "authenticated-encryption")
PUBLIC = ("--host", "meter")


class Technician:
    """Has what a client of the meter needs in the environment, and types commands."""

    def __init__(
        self, meter: SimulatedMeter, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.meter = meter
        self.home = home
        self.monkeypatch = monkeypatch
        self.capsys = capsys
        self.secrets: list[str] = []

    def becomes(self, wport: int) -> tuple[str, ...]:
        """Set the secrets of a client; return the options that say who one is."""
        client = self.meter.profile.client(wport)
        assert client is not None
        security = client.security
        assert security is not None
        self.set("DLMS_PASSWORD", client.password or "")
        self.set("DLMS_HLS_SECRET", security.secret.decode())
        self.set("DLMS_ENCRYPTION_KEY", security.encryption_key.hex())
        self.set("DLMS_AUTHENTICATION_KEY", security.authentication_key.hex())
        options = ["--host", "meter", "--client", str(wport), "--auth", AUTHENTICATIONS[security.mechanism]]
        if security.suite:
            options += ["--suite", str(security.suite)]
        if security.mechanism == 7:
            options += ["--keys-file", str(self.key_pairs(wport))]
        return tuple(options)

    def set(self, variable: str, value: str) -> None:
        if value:
            self.secrets.append(value)
            self.monkeypatch.setenv(variable, value)

    def key_pairs(self, wport: int, **more: str) -> Path:
        """Write the key pairs of a client into a keys file; the meter's key is a file beside it."""
        client = self.meter.profile.client(wport)
        assert client is not None
        assert client.security is not None
        meter_key = self.meter.security.identity.signing[client.security.suite].public_key()
        (self.home / "meter.pem").write_text(pem(meter_key))
        private = pem(client_key_pair(client.security, wport, "signing"))
        self.secrets += private.splitlines()[1:-1]
        entries = {"client_private_key": private, "meter_public_key": "meter.pem", **more}
        file = self.home / "keys.toml"
        file.write_text("\n".join(f'{name} = """{value}"""' for name, value in entries.items()))
        return file

    def reads(self, *options: str) -> None:
        """Read one value, which must be the true one."""
        (row,) = self.json(*options, "read", ENERGY)
        assert row["raw"] == self.meter.truth("1.0.1.8.0.255").value
        assert row["error"] is None

    def json(self, *arguments: str) -> Any:
        status, output, error = self.types(*arguments, "--json")
        assert (status, error) == (0, "")
        return json.loads(output)

    def fails(self, *options: str) -> str:
        """Be refused by the meter; return the one sentence."""
        status, output, error = self.types("--timeout", "0.2", *options, "read", ENERGY)
        assert (status, output) == (1, "")
        assert error.count("\n") == 1
        return error

    def types(self, *arguments: str) -> tuple[int, str, str]:
        status = main(arguments)
        written = self.capsys.readouterr()
        for secret in self.secrets:
            assert secret not in written.out + written.err
        return status, written.out, written.err

    @property
    def state(self) -> dict[str, Any]:
        """What is kept."""
        return json.loads((self.home / "state" / "cosem" / "state.json").read_text())

    @property
    def ceiling(self) -> int:
        """The ceiling of the only counter."""
        (ceiling,) = self.state["ceilings"].values()
        return ceiling


@pytest.fixture
def technician(
    meter: SimulatedMeter, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Technician:
    return Technician(meter, home, monkeypatch, capsys)


def with_quirks(profile: MeterProfile, **quirks: object) -> MeterProfile:
    return replace(profile, security=replace(profile.security, **quirks))


def advanced(profile: MeterProfile, counter: int) -> MeterProfile:
    """Client 1 has used its keys elsewhere up to a counter."""
    clients = tuple(
        replace(client, security=replace(client.security, first_counter=counter)) if client.wport == GMAC else client
        for client in profile.clients
        if client.security is not None or client.wport == 16
    )
    return replace(profile, clients=clients)


def test_trial_04_what_was_learned_of_the_proof_is_used_by_the_next_call(technician: Technician):
    options = (*technician.becomes(GMAC), "--dedicated-key")
    clients = []

    class Noted(DlmsClient):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            clients.append(self)

    with patch.object(run, "DlmsClient", Noted):
        technician.reads(*options)
        (meter,) = technician.state["forms"]
        assert technician.state["forms"][meter] == USUAL_FORM.to_record()
        wanted = ProofForm(under_global_key=True)
        with StateFile(technician.home / "state" / "cosem" / "state.json") as file:
            file.store_form(meter, wanted)
        status, output, error = technician.types(*options, "read", ENERGY)
    assert (status, error) == (0, "cosem: tolerated of this meter: proof_under_global_key (docs/meters.md)\n")
    assert output
    assert clients[-1].known_forms[WportPair(GMAC, 1)] == KnownForm(wanted, is_proven=True)


def test_what_is_usual_without_a_dedicated_key_is_not_kept(technician: Technician):
    technician.reads(*technician.becomes(GMAC))
    assert technician.state["forms"] == {}


# --- by short names ------------------------------------------------------------------------------------------------


def contexts(technician: Technician) -> list[int]:
    names = bytes.fromhex("608574050801")
    aarqs = [request.apdu for request in technician.meter.log if request.apdu[0] == 0x60]
    return [apdu[apdu.index(names) + len(names)] for apdu in aarqs]


@pytest.mark.parametrize("wport", [16, GMAC])
def test_the_way_of_referencing_is_found_out_and_kept(technician: Technician, wport: int):
    options = technician.becomes(wport) if wport == GMAC else PUBLIC
    technician.meter.profile = technician.meter.profile.with_quirks(referencing=Referencing.SHORT)
    for _ in range(2):
        assert technician.types(*options, "objects")[0] == 0
    assert [context in {2, 4} for context in contexts(technician)].count(False) <= 2  # ours, and the public client's
    asked = len(contexts(technician))
    technician.types(*options, "objects")
    assert contexts(technician)[-1] in {2, 4}
    assert len(contexts(technician)) - asked <= 3
    assert all(form["short_names"] for form in technician.state["forms"].values())


def test_what_is_chosen_is_not_changed(technician: Technician):
    options = PUBLIC
    technician.meter.profile = technician.meter.profile.with_quirks(referencing=Referencing.SHORT)
    assert technician.types(*options, "--referencing", "ln", "objects")[0] == 1
    assert technician.types(*options, "--referencing", "sn", "objects")[0] == 0
    assert contexts(technician) == [1, 2]


def test_a_state_file_that_cannot_be_used_costs_only_what_it_would_have_told(technician: Technician):
    options = PUBLIC
    state = technician.home / "broken.json"
    state.write_text("not ours")
    technician.meter.profile = technician.meter.profile.with_quirks(referencing=Referencing.SHORT)
    for _ in range(2):
        assert technician.types(*options, "--state-file", str(state), "objects")[0] == 0
    assert contexts(technician) == [1, 2, 1, 2]
    assert state.read_text() == "not ours"
    status, _, error = technician.types(
        *technician.becomes(GMAC), "--state-file", str(state), "--system-title", "4841530000000001", "objects"
    )
    assert status == 2
    assert "state file" in error


# --- getting in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wport", "options"),
    [
        (GMAC, ()),
        (GMAC, ("--dedicated-key",)),
        (GMAC, ("--suite", "0", *FULL)),
        (GMAC_1, ()),
        (GMAC_1, ("--dedicated-key",)),
        (GMAC_2, ()),
        (GMAC_2, ("--dedicated-key",)),
        (PLAIN_GMAC, ("--protection", "none")),
        (AUTHENTICATED, ("--protection", "authenticated")),
        (ENCRYPTED, ("--protection", "encrypted")),
        (LABORATORY, ("--protection", "none")),
        (LABORATORY, ("--protection", "authenticated")),
        (LABORATORY, ("--protection", "encrypted")),
        (LABORATORY, FULL),
        (18, ("--dedicated-key",)),
        (5, ()),
        (6, ()),
        (8, ()),
        (SHA256, FULL),
        (ECDSA_1, FULL),
        (ECDSA_2, FULL),
        (LLS, FULL),
        (19, FULL),
    ],
)
def test_every_mechanism_suite_and_protection(technician: Technician, wport: int, options: tuple[str, ...]):
    technician.reads(*technician.becomes(wport), *options)


@pytest.mark.parametrize("envelope", ["service-specific", "general", "general-ciphering"])
@pytest.mark.parametrize("wport", [GMAC, GMAC_1])
def test_every_envelope(technician: Technician, envelope: str, wport: int):
    technician.reads(*technician.becomes(wport), "--envelope", envelope)


def test_every_message_signed(technician: Technician):
    technician.reads(*technician.becomes(SIGNED), "--sign", "--keys-file", str(technician.key_pairs(SIGNED)))


@pytest.mark.parametrize("signs", [False, True])
def test_keys_that_are_agreed_on(technician: Technician, meter: SimulatedMeter, signs: bool):
    options = technician.becomes(GMAC_1)
    file = technician.key_pairs(GMAC_1)
    client, identity = meter.profile.client(GMAC_1), meter.security.identity
    own = pem(client_key_pair(client.security, GMAC_1, "agreement"))
    theirs = pem(identity.agreement[1].public_key())
    signing = file.read_text() if signs else ""
    title = f'meter_system_title = "{identity.title.hex()}"'
    agreement = f'client_agreement_key = """{own}"""\nmeter_agreement_key = """{theirs}"""\n{title}\n'
    file.write_text(agreement + signing)
    technician.reads(*options, "--envelope", "general-ciphering", "--keys-file", str(file))


def test_plain_clients_leave_no_state(technician: Technician, home: Path):
    technician.reads(*technician.becomes(5))
    assert not (home / "state").exists()


def test_the_object_list_through_a_protected_association(technician: Technician):
    objects = technician.json(*technician.becomes(GMAC), "objects")
    assert any(each["logical_name"] == "1.0.1.8.0.255" for each in objects)


def test_keys_as_letters_print_them(technician: Technician, meter: SimulatedMeter):
    options = technician.becomes(GMAC)
    key = meter.profile.client(GMAC).security.encryption_key.hex(":").upper()
    technician.set("DLMS_ENCRYPTION_KEY", f"0x{key} ")
    technician.reads(*options)


def test_an_hls_secret_in_hex(technician: Technician, meter: SimulatedMeter):
    options = technician.becomes(5)
    technician.set("DLMS_HLS_SECRET", f"0x{meter.profile.client(5).security.secret.hex()}")
    technician.reads(*options)


def test_all_secrets_from_a_keys_file(
    technician: Technician, meter: SimulatedMeter, home: Path, monkeypatch: pytest.MonkeyPatch
):
    options = technician.becomes(GMAC)
    security = meter.profile.client(GMAC).security
    title = meter.security.identity.title.hex()
    (home / "keys.toml").write_text(
        f'encryption_key = "{security.encryption_key.hex()}"\n'
        f'authentication_key = "{security.authentication_key.hex()}"\n'
        f'system_title = "4D4D4D0000000001"\nmeter_system_title = "{title}"\n'
    )
    # The file goes before the environment.
    monkeypatch.setenv("DLMS_ENCRYPTION_KEY", "00" * 16)
    monkeypatch.delenv("DLMS_AUTHENTICATION_KEY")
    technician.reads(*options, "--keys-file", str(home / "keys.toml"))


def test_a_certificate_names_our_title_and_the_meters(technician: Technician, meter: SimulatedMeter, home: Path):
    options = technician.becomes(ECDSA_1)
    signing = client_key_pair(meter.profile.client(ECDSA_1).security, ECDSA_1, "signing")
    own_title, meter_key = b"CLI\0\0\0\0\1", meter.security.identity.signing[1]
    technician.key_pairs(ECDSA_1, client_certificate=pem_certificate(signing, own_title))
    (home / "meter.pem").write_text(pem_certificate(meter_key, meter.security.identity.title))
    technician.reads(*options, *FULL)
    assert meter.security.history[ECDSA_1]
    assert meter.security.counters.highest(meter.profile.client(ECDSA_1).security.encryption_key)
    (home / "meter.pem").write_text(pem_certificate(meter_key, b"MMM\0\0\0\0\1"))
    assert "Another meter answers" in technician.fails(*options, *FULL)


def pem_certificate(key: ec.EllipticCurvePrivateKey, title: bytes) -> str:
    der = certificate(1, key, title)
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM).decode()


def test_our_system_title_is_made_once_and_kept(technician: Technician):
    options = technician.becomes(GMAC)
    technician.reads(*options)
    title = technician.state["system_title"]
    technician.reads(*options)
    assert technician.state["system_title"] == title
    assert len(bytes.fromhex(title)) == 8


# --- the counter ---------------------------------------------------------------------------------------------------


def test_s02_every_call_starts_above_all_counters_used_before(technician: Technician):
    options = (*technician.becomes(GMAC), "--counter-logical-name", "none")
    technician.reads(*options)
    first = technician.ceiling
    technician.reads(*options)
    assert technician.ceiling > first


def test_each_key_and_title_has_its_own_counter(technician: Technician):
    technician.reads(*technician.becomes(GMAC), "--system-title", "4D4D4D0000000001")
    technician.reads(*technician.becomes(GMAC), "--system-title", "4D4D4D0000000002")
    technician.reads(*technician.becomes(GMAC_1))
    assert len(technician.state["ceilings"]) == 3


@pytest.mark.parametrize("state_file", ["own.json", "sub/folder/own.json"])
def test_another_state_file(technician: Technician, home: Path, state_file: str):
    technician.reads(*technician.becomes(GMAC), "--state-file", str(home / state_file))
    assert not (home / "state").exists()
    assert (home / state_file).stat().st_mode & 0o777 == 0o600


def test_the_counter_is_learned_through_the_public_client(technician: Technician):
    technician.reads(*technician.becomes(ADVANCED), "--counter-logical-name", "0.0.43.1.20.255")
    assert 250_000 < technician.ceiling < 252_000


@pytest.mark.parametrize(("wport", "options"), [(19, FULL), (LLS, FULL)])
def test_trial_21_a_recorded_session_is_a_replay_in_the_next_call(
    technician: Technician, meter: SimulatedMeter, wport: int, options: tuple[str, ...]
):
    options = (*technician.becomes(wport), *options)
    technician.reads(*options)
    tapes: list[Recorder] = []

    async def record(*_: object) -> Transport:
        tapes.append(Recorder(await meter.connect()))
        return tapes[-1]

    with patch("custom_components.cosem.dlms.client.client.open_tcp", record):
        technician.reads(*options)
    recorded = iter(tapes)

    async def replay(*_: object) -> Transport:
        return Replay(next(recorded).heard)

    with patch("custom_components.cosem.dlms.client.client.open_tcp", replay):
        assert "is not above the last accepted" in technician.fails(*options)
    technician.reads(*options)


def test_keys_in_use_by_another_process_exit_1(technician: Technician, monkeypatch: pytest.MonkeyPatch):
    def lockf(_file: int, how: int, _length: int, octet: int) -> None:
        if octet and how & fcntl.LOCK_NB:
            raise BlockingIOError

    monkeypatch.setattr("fcntl.lockf", lockf)
    monkeypatch.setattr(run, "_PATIENCE", 0.1)
    assert "another cosem is using these keys" in technician.fails(*technician.becomes(GMAC))


class TestCounterFarAhead:
    """The meter has counted further than anybody may raise our counter unasked."""

    @pytest.fixture
    def profile(self, profile: MeterProfile) -> MeterProfile:
        return advanced(profile, 5_000_000)

    def test_s03_a_counter_far_ahead_is_followed_on_the_users_word_only(self, technician: Technician):
        options = technician.becomes(GMAC)
        assert "--counter-start 5000000" in technician.fails(*options)
        assert "--counter-start 5000000" in technician.fails(*options, "--counter-logical-name", "none")
        technician.reads(*options, "--counter-start", "5000000")
        technician.reads(*options)
        assert technician.ceiling > 5_000_000

    def test_s03_a_start_below_ours_lowers_nothing(self, technician: Technician):
        options = technician.becomes(GMAC)
        technician.reads(*options, "--counter-start", "6000000")
        technician.reads(*options, "--counter-start", "7")
        assert technician.ceiling > 6_000_000


class TestNoCounterObject:
    """The meter does not tell its counter."""

    @pytest.fixture
    def profile(self, profile: MeterProfile) -> MeterProfile:
        return with_quirks(profile, counter_object=CounterObject.HIDDEN)

    def test_a_meter_that_does_not_tell_the_counter_is_read_from_1_on(self, technician: Technician):
        technician.reads(*technician.becomes(GMAC))
        assert technician.ceiling == 1_001

    def test_a_refusal_tells_the_counter_too(self, technician: Technician):
        technician.reads(*technician.becomes(ADVANCED))
        assert technician.ceiling > 250_000


class TestSilentMeter:
    """The meter is silent to everything it does not like."""

    @pytest.fixture
    def profile(self, profile: MeterProfile) -> MeterProfile:
        clients = tuple(client for client in profile.clients if client.wport != 16)
        return replace(with_quirks(profile, tag_refused=Answer.SILENCE), clients=clients)

    def test_a_meter_without_public_client_is_read_all_the_same(self, technician: Technician, meter: SimulatedMeter):
        meter.faults.add("silent", on="aarq", times=1)
        technician.reads("--timeout", "0.5", *technician.becomes(GMAC))

    def test_wrong_keys_may_be_answered_by_silence(self, technician: Technician):
        options = technician.becomes(GMAC)
        technician.set("DLMS_AUTHENTICATION_KEY", "42" * 16)
        assert "silent to wrong keys" in technician.fails(*options)


# --- being refused, or lied to -------------------------------------------------------------------------------------


def test_wrong_key_is_refused_in_words(technician: Technician):
    options = technician.becomes(GMAC)
    technician.set("DLMS_ENCRYPTION_KEY", "42" * 16)
    text = technician.fails(*options)
    assert "authentication failure" in text
    assert "keys" in text


@pytest.mark.parametrize(
    ("wport", "options", "words"),
    [
        (GMAC, ("--protection", "none"), ("application context name not supported", "--protection")),
        (GMAC, ("--protection", "authenticated"), ("no reason given", "--protection")),
        (PLAIN_GMAC, (), ("application context name not supported",)),
        (GMAC, ("--auth", "hls-sha1", *FULL), ("mechanism name not recognised", "--auth")),
    ],
)
def test_refusals_with_the_diagnostic_in_words(
    technician: Technician, wport: int, options: tuple[str, ...], words: tuple[str, ...]
):
    own = technician.becomes(wport)
    technician.set("DLMS_HLS_SECRET", "whatever")
    text = technician.fails(*own, *options)
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("wrong-key", "the authentication tag does not fit"),
        ("plaintext", "--protection and --suite"),
        ("encrypted-only", "--protection and --suite"),
        ("other-suite", "--protection and --suite"),
        ("deciphering-error", "check keys, invocation counter, --suite and --protection"),
        ("wrong-pass-4", "the secret or keys differ"),
        ("no-pass-4", "--timeout"),
        ("refused-pass-4", "authentication failure"),
        ("reflected-challenge", "own challenge"),
        ("counter-error", "the meter refuses our invocation counter"),
        ("replay", "invocation counter"),
    ],
)
def test_what_cannot_be_believed_is_told_apart(technician: Technician, meter: SimulatedMeter, fault: str, words: str):
    options = (*technician.becomes(GMAC), "--counter-logical-name", "none")
    parameters: dict[str, object] = {"code": 1} if fault in {"counter-error", "replay"} else {}
    meter.faults.add(fault, **parameters)
    assert words in technician.fails(*options)


def test_s13_another_title_than_the_pinned_one_is_refused(technician: Technician, home: Path):
    options = technician.becomes(GMAC)
    (home / "keys.toml").write_text('meter_system_title = "4D4D4D0000000009"')
    assert "Another meter answers" in technician.fails(*options, "--keys-file", str(home / "keys.toml"))


def test_s36_what_was_read_and_cannot_be_stored_as_received_is_told(
    technician: Technician, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StateFile, "store_received", full)
    assert "received invocation counters cannot be stored" in technician.fails(*technician.becomes(19), *FULL)


@pytest.mark.parametrize("wport", [GMAC, LLS])
def test_over_udp_the_same_is_read(technician: Technician, wport: int):
    options = technician.becomes(wport)
    technician.reads(*options, *FULL, "--transport", "udp")
    assert isinstance(technician.meter.links[-1], DatagramLink)
    technician.reads(*options, *FULL, "--transport", "tcp")
    assert not isinstance(technician.meter.links[-1], DatagramLink)
