"""How a profile file says what the meter sends on its own."""

from pathlib import Path

import pytest

from tests.simulated_meter.envelopes import KeyScheme, Kind
from tests.simulated_meter.notification_profile import (
    Carrier,
    Cut,
    Destination,
    NotificationProfile,
    Way,
    notification_profile,
)
from tests.simulated_meter.notifications import BodyForm, NotificationForm, TimeForm
from tests.simulated_meter.profile import MeterProfile, load_profile


def test_everything_can_be_said_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "speaking.toml"
    file.write_text(
        '[notifications]\nlogs = true\nform = "data-notification"\ntime = "tagged"\nbody = "pairs"\n'
        'kind = "general-glo"\nscheme = "wrapped"\ncontrol = 16\nis_signed = true\nclient_wport = 103\n'
        'cut = "deviating"\nblock_size = 64\nis_confirmed = true\nalarms_only = true\non_connections = false\n'
        'greeting = "SIM7"\ndestinations = ["udp:127.0.0.1:4060", "tcp:[::1]:4061"]\n',
        encoding="utf-8",
    )
    assert load_profile(file, {}).notifications == NotificationProfile(
        logs=True,
        form=NotificationForm.DATA,
        time=TimeForm.TAGGED,
        body=BodyForm.PAIRS,
        way=Way(
            client_wport=103,
            kind=Kind.GENERAL_GLOBAL,
            scheme=KeyScheme.WRAPPED,
            control=16,
            is_signed=True,
            cut=Cut.DEVIATING,
            block_size=64,
        ),
        alarms_only=True,
        is_confirmed=True,
        on_connections=False,
        destinations=(
            Destination(Carrier.UDP, "127.0.0.1", 4060, b"SIM7"),
            Destination(Carrier.TCP, "::1", 4061, b"SIM7"),
        ),
    )


def test_without_a_word_of_it_the_meter_tells_open_connections_only() -> None:
    assert MeterProfile().notifications == notification_profile({}) == NotificationProfile()


@pytest.mark.parametrize("text", ["", "udp", "udp:4060", "smoke:127.0.0.1:4060", "udp:127.0.0.1:0", "tcp:h:port"])
def test_what_is_no_destination_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not like|is not a valid|invalid literal"):
        Destination.parse(text)
