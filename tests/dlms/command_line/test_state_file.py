"""The state file: private, whole, never lowered, never shared by two at once, never replaced when not understood."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
import json
import os
from pathlib import Path
import subprocess
import sys

import pytest

from custom_components.cosem.dlms.command_line import state_file
from custom_components.cosem.dlms.command_line.options import StateInUseError, UsageError
from custom_components.cosem.dlms.command_line.state_file import StateFile, default_path
from custom_components.cosem.dlms.protocol.proof_form import ProofForm
from custom_components.cosem.dlms.security.keys import Secret

ROOT = Path(__file__).parents[3]
KEY, OTHER_KEY = Secret(bytes(range(16))), Secret(bytes(range(16, 32)))
TITLE, OTHER_TITLE = b"HAS\0\0\0\0\1", b"HAS\0\0\0\0\2"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "state.json"


def save(path: Path, ceiling: int, key: Secret = KEY, title: bytes = TITLE) -> None:
    with StateFile(path) as file, file.counter(key, title, 0) as kept:
        asyncio.run(kept.save(ceiling))


def kept_ceiling(path: Path, key: Secret = KEY, title: bytes = TITLE) -> int:
    with StateFile(path) as file, file.counter(key, title, 0) as kept:
        return kept.ceiling


def test_a_new_key_begins_with_1_and_goes_on_at_the_ceiling_stored_last(path: Path):
    assert kept_ceiling(path) == 1
    save(path, 1_001)
    assert kept_ceiling(path) == 1_001


def test_a_counter_belongs_to_a_key_and_a_title(path: Path):
    save(path, 1_001)
    assert kept_ceiling(path, OTHER_KEY) == 1
    assert kept_ceiling(path, KEY, OTHER_TITLE) == 1


def test_s03_a_stored_ceiling_is_never_lowered(path: Path):
    save(path, 1_001)
    save(path, 7)
    assert kept_ceiling(path) == 1_001


def test_the_title_is_made_once(path: Path):
    with StateFile(path) as file:
        title = file.system_title()
    save(path, 1_001)
    with StateFile(path) as file:
        assert file.system_title() == title
    assert title[:3] == b"HAS"
    assert len(title) == 8


def test_file_and_folder_are_the_users_own(path: Path):
    save(path, 1_001)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert sorted(each.name for each in path.parent.iterdir()) == ["state.json", "state.json.lock"]
    assert (path.parent / "state.json.lock").stat().st_mode & 0o777 == 0o600


def test_s28_the_file_shows_neither_key_nor_its_bare_fingerprint(path: Path, tmp_path: Path):
    save(path, 1_001)
    save(tmp_path / "other.json", 1_001)
    text = path.read_text()
    assert KEY.reveal().hex() not in text.lower()
    # The same key looks different in every file.
    assert (
        not json.loads(text)["ceilings"].keys() & json.loads((tmp_path / "other.json").read_text())["ceilings"].keys()
    )


def test_an_empty_file_is_a_new_one(path: Path):
    path.parent.mkdir()
    path.touch()
    save(path, 5)
    assert kept_ceiling(path) == 5


def test_a_link_to_the_file_stays_a_link(path: Path, tmp_path: Path):
    link = tmp_path / "link.json"
    link.symlink_to(path)
    save(link, 5)
    assert link.is_symlink()
    assert kept_ceiling(path) == 5


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"salt": "00", "system_title": "4841530000000001", "ceilings": {}}',
        b'{"salt": "00112233445566778899AABBCCDDEEFF", "system_title": "00", "ceilings": {}}',
        b'{"salt": "00112233445566778899AABBCCDDEEFF", "system_title": "4841530000000001", "ceilings": {"a": -1}}',
        b'{"salt": "00112233445566778899AABBCCDDEEFF", "system_title": "4841530000000001", "ceilings": {"a": "1"}}',
        b'{"salt": "00112233445566778899AABBCCDDEEFF", "system_title": "4841530000000001", "ceilings": {"a": true}}',
        (
            b'{"salt": "00112233445566778899AABBCCDDEEFF", "system_title": "4841530000000001", '
            b'"ceilings": {"a": 4294967296}}'
        ),
        b'{"salt": "00112233445566778899AABBCCDDEEFF", "system_title": "4841530000000001", "ceilings": 5}',
        *(
            b'{"salt": "00112233445566778899AABBCCDDEEFF", "system_title": "4841530000000001", "ceilings": {}, '
            b'"received": ' + received + b"}"
            for received in (
                b"5",
                b'{"a": 5}',
                b'{"a": {"4D4D4D0000000001": "5"}}',
                b'{"a": {"4D4D4D0000000001": 4294967296}}',
                b'{"a": {"4D4D4D": 5}}',
                b'{"a": {"zz": 5}}',
            )
        ),
    ],
)
def test_s01_a_file_that_is_not_understood_is_not_replaced(path: Path, content: bytes):
    path.parent.mkdir()
    path.write_bytes(content)
    with StateFile(path) as file, pytest.raises(UsageError, match="does not hold what was written"):
        file.system_title()
    with pytest.raises(UsageError, match="--state-file"):
        kept_ceiling(path)
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written(tmp_path: Path):
    (tmp_path / "file").touch()
    with StateFile(tmp_path / "file" / "state.json") as file, pytest.raises(UsageError, match="File exists"):
        file.system_title()


@pytest.mark.parametrize("step", ["os.fsync", "pathlib.Path.replace", "os.fdopen"])
def test_s02_a_failing_step_leaves_the_old_file_and_is_told(path: Path, monkeypatch: pytest.MonkeyPatch, step: str):
    save(path, 1_001)
    before = path.read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(step, fail)
    with pytest.raises(OSError, match="No space left"):
        save(path, 2_001)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert kept_ceiling(path) == 1_001
    assert sorted(each.name for each in path.parent.iterdir()) == ["state.json", "state.json.lock"]


HOLDER = """
import sys
sys.path.append(sys.argv[1])
from pathlib import Path
from dlms.command_line.state_file import StateFile
from dlms.security.keys import Secret
with StateFile(Path(sys.argv[2])) as file, file.counter(Secret(bytes(range(16))), b"HAS\\0\\0\\0\\0\\1", 0):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold the counter of KEY and TITLE until the process is killed, or its standard input ends."""
    arguments = [sys.executable, "-P", "-c", HOLDER, str(ROOT / "custom_components" / "cosem"), str(path)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_with_the_same_key_and_title_has_to_wait(path: Path):
    with another_process(path) as process:
        with (
            StateFile(path) as file,
            pytest.raises(StateInUseError, match="another cosem"),
            file.counter(KEY, TITLE, 0.1),
        ):
            pass
        assert kept_ceiling(path, OTHER_KEY) == 1
        process.kill()
        process.wait()
        # The lock ends with the process, whatever it died of.
        assert kept_ceiling(path) == 1


def test_waiting_ends_with_the_other_process(path: Path):
    with another_process(path) as process, StateFile(path) as file:
        assert process.stdin is not None
        process.stdin.close()
        with file.counter(KEY, TITLE, 10) as kept:
            assert kept.ceiling == 1


def test_a_process_that_changes_the_file_for_ever_is_not_waited_for(path: Path, monkeypatch: pytest.MonkeyPatch):
    def busy(*_: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr(state_file, "_SHORT", 0.1)
    with StateFile(path) as file:
        with monkeypatch.context() as patches:
            patches.setattr("fcntl.lockf", lambda _fd, how, *_: busy() if how & 4 else None)
            with pytest.raises(StateInUseError):
                file.system_title()
        assert file.system_title()


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("/var/state", "/var/state/cosem/state.json"),
        ("", "/home/somebody/.local/state/cosem/state.json"),
        ("relative", "/home/somebody/.local/state/cosem/state.json"),
        (None, "/home/somebody/.local/state/cosem/state.json"),
    ],
)
def test_the_usual_place(monkeypatch: pytest.MonkeyPatch, variable: str | None, expected: str):
    monkeypatch.setenv("HOME", "/home/somebody")
    assert default_path({} if variable is None else {"XDG_STATE_HOME": variable}) == Path(expected)


def test_a_file_that_was_never_opened_has_nothing_to_close(path: Path):
    with StateFile(path):
        pass
    assert not os.path.lexists(path.parent)


METER = b"MMM\0\0\0\0\1"


def test_s36_what_was_received_is_kept_for_the_next_call(path: Path):
    save(path, 1_001)
    with StateFile(path) as file, file.counter(KEY, TITLE, 0) as kept:
        assert kept.received == {}
        asyncio.run(kept.save_received({METER: 4711}))
    for key, title, received in ((KEY, TITLE, {METER: 4711}), (OTHER_KEY, TITLE, {}), (KEY, OTHER_TITLE, {})):
        with StateFile(path) as file, file.counter(key, title, 0) as kept:
            assert kept.received == received
    assert kept_ceiling(path) == 1_001


def test_s36_a_file_of_an_earlier_release_has_received_nothing(path: Path):
    save(path, 1_001)
    content = json.loads(path.read_text())
    del content["received"]
    path.write_text(json.dumps(content))
    with StateFile(path) as file, file.counter(KEY, TITLE, 0) as kept:
        assert (kept.ceiling, kept.received) == (1_001, {})


# -- how meters take the proof


def test_trial_04_how_a_meter_takes_the_proof_is_kept_with_its_address(path: Path):
    form = ProofForm(under_global_key=True)
    with StateFile(path) as file:
        assert file.form("meter:4059 1 -> 1") is None
        assert not path.exists()
        file.store_form("meter:4059 1 -> 1", form)
        assert file.form("meter:4059 1 -> 1") == form
        assert file.form("other:4059 1 -> 1") is None
    save(path, 1_001)
    with StateFile(path) as file:
        assert file.form("meter:4059 1 -> 1") == form


def test_a_form_that_nobody_understands_is_found_out_again(path: Path):
    save(path, 1_001)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"forms": {"meter": {"under_global_key": "maybe"}}}))
    with StateFile(path) as file:
        assert file.form("meter") is None
    assert kept_ceiling(path) == 1_001


# --- what a listener received ---------------------------------------------------------------------------------------

METER, OTHER_METER = b"MMM\0\0\0\0\1", b"MMM\0\0\0\0\2"


def received(path: Path) -> dict[bytes, int]:
    with StateFile(path) as file, file.counter(KEY, TITLE, 0) as kept:
        return dict(kept.received)


def test_s24_a_listener_keeps_what_it_received_while_an_association_owns_the_counter(path: Path):
    with StateFile(path) as file:
        heard = file.listener_counters(KEY, TITLE)
        assert heard.loaded == {}
        heard.store({METER: 7})
        heard.store({METER: 9, OTHER_METER: 1})
    assert received(path) == {METER: 9, OTHER_METER: 1}
    with StateFile(path) as file:
        assert file.listener_counters(KEY, TITLE).loaded == {METER: 9, OTHER_METER: 1}
        assert file.listener_counters(OTHER_KEY, TITLE).loaded == {}


def test_what_an_association_received_meanwhile_stays(path: Path):
    with StateFile(path) as file:
        heard = file.listener_counters(KEY, TITLE)
        with file.counter(KEY, TITLE, 0) as kept:
            asyncio.run(kept.save_received({METER: 20, OTHER_METER: 3}))
        heard.store({METER: 9, OTHER_METER: 8})
    assert received(path) == {METER: 20, OTHER_METER: 8}


def test_s07_a_meter_that_counts_anew_since_its_association_is_left_alone(path: Path):
    with StateFile(path) as file:
        with file.counter(KEY, TITLE, 0) as kept:
            asyncio.run(kept.save_received({METER: 900}))
        heard = file.listener_counters(KEY, TITLE)
        with file.counter(KEY, TITLE, 0) as kept:
            asyncio.run(kept.save_received({METER: 5}))
        heard.store({METER: 905})
    assert received(path) == {METER: 5}


def test_where_nothing_was_received_nothing_is_written(path: Path):
    with StateFile(path) as file:
        heard = file.listener_counters(KEY, TITLE)
        before = path.read_text()
        heard.store({})
        assert path.read_text() == before
