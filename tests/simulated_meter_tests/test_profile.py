"""Profile files: those delivered work, mistakes are told."""

from pathlib import Path

import pytest

from tests.simulated_meter.meter import SimulatedMeter
from tests.simulated_meter.profile import (
    DEFAULT_PASSWORD,
    PASSWORD_VARIABLE,
    PROFILES,
    Level,
    ListRefusal,
    MeterProfile,
    ProfileError,
    Referencing,
    Release,
    load_profile,
)

from .tools import NOW, BareClient, get_request

READ = 0x100000
NAMES = sorted(path.stem for path in PROFILES.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_delivered_profile_can_be_read(name: str):
    profile = load_profile(name, {})
    assert profile.name == name
    client = BareClient(SimulatedMeter(profile, lambda: NOW), client=16)
    if profile.quirks.referencing is Referencing.SHORT:
        client.associate(password=None, context=2, conformance=READ)
        assert client.ask(bytes.fromhex("050102FD08"))[:4] == bytes.fromhex("0C010009")
        return
    client.associate(password=None)
    assert client.blocks(get_request(1, "0.0.42.0.0.255", 2))[0][3] == 0


def test_there_are_the_profiles_that_tests_rely_on():
    assert {"household", "single-phase", "tiny-pdu", "no-list", "public-only", "open"} <= set(NAMES)


def test_quirks_become_members():
    quirks = load_profile("odd", {}).quirks
    assert quirks.release is Release.CLOSE
    assert quirks.with_list_refusal is ListRefusal.RESULTS
    assert load_profile("open", {}).clients[0].level is Level.READ


def test_the_password_comes_from_the_environment():
    usual, changed = load_profile("open", {}), load_profile("open", {PASSWORD_VARIABLE: "s3cret"})
    assert [client.password for client in usual.clients] == [None, DEFAULT_PASSWORD, DEFAULT_PASSWORD]
    assert [client.password for client in changed.clients] == [None, "s3cret", "s3cret"]


@pytest.mark.parametrize(
    "content",
    [
        "max_pdu_size = 63",
        "max_pdu_size = 65536",
        "phases = 2",
        "capture_period = 7",
        "colour = 'red'",
        "[quirks]\nrelease = 'never'",
        "[quirks]\ncolour = 1",
        "[[clients]]\nwport = 1",
        "[[clients]]\nwport = 1\nname = 'x'\nlevel = 'god'",
        "not toml at all",
    ],
)
def test_mistakes_are_told_with_the_file(tmp_path: Path, content: str):
    file = tmp_path / "wrong.toml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(ProfileError):
        load_profile(file)


def test_a_missing_file_is_told():
    with pytest.raises(ProfileError, match="nowhere"):
        load_profile("nowhere")


def test_changed_copies_leave_the_profile_alone():
    profile = MeterProfile()
    assert profile.with_quirks(delay=1.0).quirks.delay == 1.0
    assert profile.quirks.delay == 0
