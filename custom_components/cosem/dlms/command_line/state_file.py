"""What the command line keeps between calls: invocation counters, sent and received, a system title, ways of meters.

One private JSON file; a salted fingerprint names each key and title. A file that cannot be understood is never
replaced: a counter used twice would reveal the key (rules S1, S2). A lock file has an octet per key and title in use,
and octet 0 for changes. Use one StateFile at a time in a process.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
import fcntl
import hmac
import json
import os
from pathlib import Path
import secrets
import tempfile
import time
from typing import Final, Self, override

from ..client.security_state import CounterStore
from ..protocol.proof_form import ProofForm
from ..security.counters import RECEIVED_NAME_LENGTHS
from ..security.keys import Secret
from ..security.suite import SYSTEM_TITLE_LENGTH
from .options import StateInUseError, UsageError

_OWN_LETTERS: Final = b"HAS"
_SALT_LENGTH: Final = 16
_MOST: Final = 2**32
_FIRST: Final = 1
"""For a new key: a meter that received nothing yet may report 0."""
_CHANGES: Final = 0
"""Locked during a change."""
_PAUSE: Final = 0.05
_SHORT: Final = 10.0
"""Seconds to wait for another's change."""


class _NotOurs(OSError):
    """The file was not written by us."""


@dataclass(slots=True)
class _Content:
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(_SALT_LENGTH))
    system_title: bytes = field(
        default_factory=lambda: _OWN_LETTERS + secrets.token_bytes(SYSTEM_TITLE_LENGTH - len(_OWN_LETTERS))
    )
    ceilings: dict[str, int] = field(default_factory=dict)
    received: dict[str, dict[str, int]] = field(default_factory=dict)
    """By key and title, then by the sender's system title."""
    forms: dict[str, object] = field(default_factory=dict)
    """How meters take our proof and a dedicated key, by address and wPorts."""

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Raise _NotOurs for anything that to_text() does not write."""
        try:
            entries = json.loads(text)
            content = cls(
                bytes.fromhex(entries["salt"]),
                bytes.fromhex(entries["system_title"]),
                dict(entries["ceilings"]),
                # Earlier releases wrote neither.
                {name: dict(last) for name, last in entries.get("received", {}).items()},
                dict(entries.get("forms", {})),
            )
            titles = [bytes.fromhex(title) for last in content.received.values() for title in last]
        except (AttributeError, ValueError, LookupError, TypeError, RecursionError) as error:
            raise _NotOurs("it does not hold what was written") from error
        sizes = (len(content.salt), len(content.system_title))
        has_odd_size = sizes != (_SALT_LENGTH, SYSTEM_TITLE_LENGTH) or not RECEIVED_NAME_LENGTHS.issuperset(
            map(len, titles)
        )
        if has_odd_size or not all(
            type(number) is int and 0 <= number < _MOST
            for numbers in (content.ceilings, *content.received.values())
            for number in numbers.values()
        ):
            raise _NotOurs("it does not hold what was written")
        return content

    def name_of(self, key: Secret, title: bytes) -> str:
        """Return the fingerprint of a key and a title."""
        return hmac.digest(self.salt, title + key.reveal(), "sha256").hex()

    def received_of(self, name: str) -> dict[bytes, int]:
        """Return what was received last, by sender."""
        return {bytes.fromhex(sender): last for sender, last in self.received.get(name, {}).items()}

    def to_text(self) -> str:
        entries = {
            "salt": self.salt.hex(),
            "system_title": self.system_title.hex().upper(),
            "ceilings": self.ceilings,
            "received": self.received,
            "forms": self.forms,
        }
        return json.dumps(entries, indent=2) + "\n"


def default_path(environment: Mapping[str, str]) -> Path:
    """Return the default path (XDG base directories)."""
    folder = Path(environment.get("XDG_STATE_HOME", ""))
    if not folder.is_absolute():
        folder = Path("~/.local/state").expanduser()
    return folder / "cosem" / "state.json"


class StateFile:
    """The file, made on first use. Raises UsageError."""

    def __init__(self, path: Path) -> None:
        self._path: Final = Path(os.path.realpath(path))  # a link to it stays a link
        self._locks: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._locks is not None:
            os.close(self._locks)
            self._locks = None

    def system_title(self) -> bytes:
        """Return our own system title, made once."""
        with self._complaints(), self._changing() as content:
            return content.system_title

    @contextmanager
    def counter(self, key: Secret, title: bytes, patience: float) -> Iterator[StateFileCounterStore]:
        """Own the counter of a key and a title. Raises StateInUseError after ``patience`` seconds."""
        with self._complaints():
            with self._changing() as content:
                name = content.name_of(key, title)
            octet = 1 + int(name[:12], 16)
            # A meter takes counters in ascending order only, so a second process with the same key and title waits.
            self._lock(octet, patience)
            with self._changing() as content:
                ceiling = content.ceilings.get(name, _FIRST)
                received = content.received_of(name)
        try:
            yield StateFileCounterStore(self, name, ceiling, received)
        finally:
            self._unlock(octet)

    def store(self, name: str, ceiling: int) -> None:
        """Store a ceiling on disk; never lowers one. Raises OSError."""
        with self._changing() as content:
            content.ceilings[name] = max(ceiling, content.ceilings.get(name, 0))

    def store_received(self, name: str, last: Mapping[bytes, int]) -> None:
        """Store what was received last, on disk. Raises OSError."""
        with self._changing() as content:
            content.received[name] = {title.hex().upper(): number for title, number in last.items()}

    def listener_counters(self, key: Secret, title: bytes) -> ListenerCounters:
        """Return what was received under a key, without owning our counter. Raises UsageError."""
        with self._complaints(), self._changing() as content:
            name = content.name_of(key, title)
            return ListenerCounters(self, name, content.received_of(name))

    def merge_received(self, name: str, loaded: Mapping[bytes, int], last: Mapping[bytes, int]) -> None:
        """Store what a listener received last. Raises UsageError.

        Where an association found that a meter counts anew meanwhile, its lower value stays.
        """
        with self._complaints(), self._changing() as content:
            stored = content.received_of(name)
            newer = {title: number for title, number in last.items() if number > loaded.get(title, -1)}
            for title, number in newer.items():
                before = stored.get(title, -1)
                if loaded.get(title, -1) <= before < number:
                    stored[title] = number
            if stored:
                content.received[name] = {title.hex().upper(): number for title, number in stored.items()}

    def form(self, meter: str) -> ProofForm | None:
        """Return how a meter takes our proof and a dedicated key, if that is known."""
        if not self._path.exists():
            return None  # nothing is written only to ask
        with self._complaints(), self._changing() as content:
            return ProofForm.from_record(content.forms.get(meter))

    def store_form(self, meter: str, form: ProofForm) -> None:
        """Keep it."""
        with self._complaints(), self._changing() as content:
            content.forms[meter] = form.to_record()

    @contextmanager
    def _changing(self) -> Iterator[_Content]:
        """Hold the content; changes go to disk. Raises OSError."""
        self._lock(_CHANGES, _SHORT)
        try:
            try:
                before = self._path.read_text(encoding="utf-8")
            except FileNotFoundError:
                before = ""
            except UnicodeDecodeError as error:
                raise _NotOurs("it does not hold what was written") from error
            content = _Content.from_text(before) if before else _Content()
            yield content
            after = content.to_text()
            if after != before:
                self._replace(after)
        finally:
            self._unlock(_CHANGES)

    def _replace(self, text: str) -> None:
        """Replace the file once the new one is on disk."""
        file, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")  # mode 0600
        try:
            with os.fdopen(file, "w", encoding="utf-8") as new:
                new.write(text)
                new.flush()
                os.fsync(new.fileno())
            Path(name).replace(self._path)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _lock(self, octet: int, patience: float) -> None:
        """Lock an octet. Raises TimeoutError, OSError."""
        if self._locks is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._locks = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.lockf(self._locks, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, octet)
            except BlockingIOError, PermissionError:  # systems differ
                if time.monotonic() >= deadline:
                    raise TimeoutError from None
                time.sleep(_PAUSE)
            else:
                return

    def _unlock(self, octet: int) -> None:
        assert self._locks is not None  # something was locked
        fcntl.lockf(self._locks, fcntl.LOCK_UN, 1, octet)

    @contextmanager
    def _complaints(self) -> Iterator[None]:
        """Turn errors of the file into advice."""
        try:
            yield
        except TimeoutError:
            raise StateInUseError("another cosem is using these keys; wait for its end") from None
        except _NotOurs as error:
            raise UsageError(
                f"the state file cannot be used: {error}. Restore it; or, for keys of which no counter must be kept, "
                "name another --state-file"
            ) from None
        except OSError as error:
            raise UsageError(f"the state file cannot be used: {error.strerror}; see --state-file") from None


class StateFileCounterStore(CounterStore):
    """Stores the counters of one key and title. ``ceiling``, ``received``: stored before."""

    def __init__(self, file: StateFile, name: str, ceiling: int, received: Mapping[bytes, int]) -> None:
        self.ceiling: Final = ceiling
        self.received: Final = received
        self._file = file
        self._name = name

    @override
    async def save(self, ceiling: int) -> None:
        """Return when ``ceiling`` is on disk. Raises OSError."""
        await asyncio.to_thread(self._file.store, self._name, ceiling)

    @override
    async def save_received(self, last: Mapping[bytes, int]) -> None:
        """Return when the last received values are on disk. Raises OSError."""
        await asyncio.to_thread(self._file.store_received, self._name, last)


class ListenerCounters:
    """What one key's senders used, for a listener. ``loaded``: stored before."""

    def __init__(self, file: StateFile, name: str, loaded: Mapping[bytes, int]) -> None:
        self.loaded: Final = loaded
        self._file = file
        self._name = name

    def store(self, last: Mapping[bytes, int]) -> None:
        """Return when it is on disk. Raises UsageError."""
        self._file.merge_received(self._name, self.loaded, last)
