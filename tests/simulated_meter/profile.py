"""What kind of meter is simulated: addresses, clients and their rights, sizes, and the oddities of real meters.

A profile is a TOML file with the field names of these dataclasses; everything has a default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import IntEnum, StrEnum
import os
from pathlib import Path
import tomllib
from typing import Any, Final, Self

from custom_components.cosem.dlms.encoding.logical_name import LogicalName

from .notification_profile import NotificationProfile, notification_profile
from .security_profile import ClientSecurity, MeterSecurity, client_security, meter_security

PROFILES: Final = Path(__file__).parent / "profiles"
PASSWORD_VARIABLE: Final = "SIMULATED_METER_PASSWORD"
DEFAULT_PASSWORD: Final = "simulated"


class ProfileError(Exception):
    """A profile that cannot be used; the text says why."""


class Level(IntEnum):
    """How much a client may see; each includes those before."""

    IDENTITY = 0
    READ = 1
    MANAGE = 2


class Release(StrEnum):
    """What becomes of an RLRQ."""

    ANSWER = "answer"
    NOT_FINISHED = "not-finished"
    SILENT = "silent"
    CLOSE = "close"
    EXCEPTION = "exception"


class Refusal(StrEnum):
    """How an association is refused."""

    AARE = "aare"
    SHORT_AARE = "short-aare"
    EXCEPTION = "exception"
    SERVICE_ERROR = "service-error"
    CLOSE = "close"


class ListRefusal(StrEnum):
    """How a GET-with-list is refused."""

    EXCEPTION = "exception"
    RESULTS = "results"
    SILENT = "silent"


class Referencing(StrEnum):
    """How this meter names objects."""

    LOGICAL = "logical-names"
    SHORT = "short-names"
    BOTH = "both"


class Deviation(StrEnum):
    """How the clock writes its deviation from UTC."""

    STANDARD = "standard"
    INVERTED = "inverted"
    UNSPECIFIED = "unspecified"
    WITHOUT_DST = "without-dst"


class SelectiveAccess(StrEnum):
    """Which selections a profile's buffer takes."""

    FULL = "full"
    RANGE = "range"
    ENTRY = "entry"
    REFUSED = "refused"
    IGNORED = "ignored"


class RangeBounds(StrEnum):
    """How the ends of a range must be written."""

    ANY = "any"
    OWN = "own"
    """As this meter's clock writes deviation and status."""
    UNSPECIFIED = "unspecified"
    """A date-time without deviation and status."""
    SECONDS = "seconds"
    """UNIX seconds."""


class GeneralBlocks(StrEnum):
    """Where this meter uses general block transfer."""

    NEVER = "never"
    ACCEPTED = "accepted"
    """For long requests, and for answers that have no blocks of their own."""
    PREFERRED = "preferred"
    """For every long answer."""


class GeneralBlockFault(StrEnum):
    """What happens to one window of each answer, or to all that is said so of."""

    NONE = "none"
    LOSES = "loses"
    REPEATS = "repeats"
    REORDERS = "reorders"
    EMPTY_FIRST = "empty-first"
    """The request is acknowledged by an empty block before the answer."""
    ABORTS = "aborts"
    DOUBLES = "doubles"
    """Every block comes twice, empty ones too."""
    NEVER_STREAMS = "never-streams"
    """No block says that more follow, and more follow all the same."""
    UNCOUNTED = "uncounted"
    """No empty block takes a number."""


class BufferForm(StrEnum):
    """How the rows of a profile are written."""

    PLAIN = "plain"
    NULL_DATA = "null-data"
    """null-data where a cell is that of the row before, or the time is one period later."""
    DELTAS = "deltas"
    """Differences to the row before, in the shortest delta type."""
    COMPACT_ARRAY = "compact-array"


class ResultForm(StrEnum):
    """In which form of the response the result of a SET in blocks comes."""

    USUAL = "usual"
    LIST = "list"
    """C5 04 for one attribute."""
    WHOLE = "whole"
    """C5 01, C5 05: as if there had been no blocks."""


class ReturnForm(StrEnum):
    """What the blocks of an action-response hold."""

    OUTCOME = "outcome"
    GET_DATA_RESULT = "get-data-result"
    DATA = "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientProfile:
    """A client that may associate; without a password there is no authentication."""

    wport: int
    name: str
    level: Level
    password: str | None = None
    security: ClientSecurity | None = None
    """Authentication beyond a password, or ciphering; a password is then for mechanism 1."""
    pre_established: bool = False
    """Its associations are there without an AARQ, protected by the keys of ``security``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogicalDeviceProfile:
    """A logical device: its server wPort, and "electricity" or "gas"."""

    wport: int
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quirks:
    """Where this meter is odd; the defaults follow the standard."""

    referencing: Referencing = Referencing.LOGICAL
    with_list: bool = True
    with_list_claimed: bool | None = None
    """Announce multiple-references although it is (not) honoured; None: the truth."""
    with_list_limit: int = 0
    """Most attributes in one GET-with-list; 0: no limit."""
    silent_to_lists: bool = False
    """Grant lists, and never answer one."""
    longest_request: int = 0
    """Never answer a longer APDU, in octets; 0: no limit."""
    with_list_refusal: ListRefusal = ListRefusal.EXCEPTION
    undefined_in_list: int = 4
    """The data-access-result of an unknown object inside a list."""
    get_blocks: bool = True
    general_blocks: GeneralBlocks = GeneralBlocks.NEVER
    general_block_window: int = 1
    """Blocks that the meter takes unacknowledged; 0 as 1."""
    general_block_fault: GeneralBlockFault = GeneralBlockFault.NONE
    general_block_fault_at: int = 2
    """The number of the block to which it happens."""
    general_block_answer_plain: bool = False
    """A request in blocks is answered without, where it fits."""
    general_blocks_protected_each: bool = False
    """Cut first, then protect each block."""
    aare_in_general_blocks: int = 0
    """The AARE comes in blocks of so many octets; 0: whole."""
    writing_blocks: bool = True
    """Take SET and ACTION in blocks."""
    set_result: ResultForm = ResultForm.USUAL
    surplus_after_set_block: int = 0
    """Octets too many behind the demand for the next block of a SET."""
    returned_in_blocks: ReturnForm = ReturnForm.OUTCOME
    short_action_refusal: bool = False
    """Leave out the optional octet behind the result of a refused ACTION."""
    access: bool = False
    """Offer ACCESS."""
    access_leaves_data_out: bool = False
    """Leave the null-data of a SET out of an ACCESS response."""
    access_skipped: int = 11
    """The result of what ACCESS did not do after an error."""
    answers_unconfirmed: bool = False
    """Answer unconfirmed services all the same."""
    selective_access: SelectiveAccess = SelectiveAccess.FULL
    selection_refusal: int = 13
    """The data-access-result of a selection that this meter cannot do."""
    range_bounds: RangeBounds = RangeBounds.ANY
    odd_range_is_empty: bool = False
    """Answer bounds in another form by no rows instead of an error."""
    buffer_form: BufferForm = BufferForm.PLAIN
    newest_first: bool = False
    """Profiles are LIFO: the newest row is entry 1."""
    release: Release = Release.ANSWER
    refusal: Refusal = Refusal.AARE
    refuse_second_aarq: bool = False
    """Refuse an AARQ on associated wPorts instead of replacing the association."""
    wrong_password_diagnostic: int = 13
    protocol_version_in_aare: bool = False
    mechanism_name_in_aare: bool = True
    short_conformance_tag: bool = False
    quality_of_service_in_aare: bool = False
    last_block_octet: int = 1
    one_connection: bool = False
    """Close every TCP connection but the first."""
    one_association: bool = False
    """Refuse (for now) a second association anywhere on the meter."""
    pause_between_sessions: float = 0.0
    """Refuse (for now) associations so many seconds after the last connection ended."""
    object_list_readable: bool = True
    association_version: int = 1
    deviation: Deviation = Deviation.STANDARD
    clock_offset: float = 0.0
    """Seconds that the meter's clock is ahead."""
    delay: float = 0.0
    """Seconds until each answer."""
    jitter: float = 0.0
    """At most so much longer, by chance."""
    inactivity_timeout: float = 180.0
    """Seconds without a request until the connection is closed; 0: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterProfile:
    """All settings of a simulated meter. Sizes in octets, times in seconds unless said otherwise."""

    name: str = "household"
    seed: int = 1
    phases: int = 3
    max_pdu_size: int = 1024
    history_days: int = 42
    capture_period: int = 900
    standard_offset_minutes: int = 60
    """Local standard time, minutes east of UTC."""
    daylight_saving: bool = True
    """Whether the clock follows the European rule."""
    controls: bool = True
    """Whether there are a limiter, scripts, a calendar and the like, for the management client."""
    clients: tuple[ClientProfile, ...] = field(default_factory=lambda: default_clients(DEFAULT_PASSWORD))
    logical_devices: tuple[LogicalDeviceProfile, ...] = (
        LogicalDeviceProfile(wport=1, kind="electricity"),
        LogicalDeviceProfile(wport=16, kind="gas"),
    )
    quirks: Quirks = field(default_factory=Quirks)
    security: MeterSecurity = field(default_factory=MeterSecurity)
    notifications: NotificationProfile = field(default_factory=NotificationProfile)

    def __post_init__(self) -> None:
        if not 64 <= self.max_pdu_size <= 65_535:
            raise ProfileError(f"max_pdu_size is 64 to 65535, not {self.max_pdu_size}")
        if self.phases not in {1, 3}:
            raise ProfileError(f"phases is 1 or 3, not {self.phases}")
        if self.capture_period not in {300, 900, 1800, 3600, 86_400}:
            raise ProfileError(f"capture_period is 300, 900, 1800, 3600 or 86400, not {self.capture_period}")

    def client(self, wport: int) -> ClientProfile | None:
        """Return the client with this wPort."""
        return next((client for client in self.clients if client.wport == wport), None)

    def with_quirks(self, **changes: Any) -> Self:
        """Return the meter with some quirks changed."""
        return replace(self, quirks=replace(self.quirks, **changes))

    def with_security(self, **changes: Any) -> Self:
        """Return the meter with some security settings changed."""
        return replace(self, security=replace(self.security, **changes))

    def with_password(self, password: str) -> Self:
        """Return the meter with this password for every client that has one."""
        return replace(
            self,
            clients=tuple(
                client if client.password is None else replace(client, password=password) for client in self.clients
            ),
        )


def default_clients(password: str) -> tuple[ClientProfile, ...]:
    """Return the usual clients: 16 public without authentication, 1 management and 2 reader by password."""
    return (
        ClientProfile(wport=16, name="public", level=Level.IDENTITY),
        ClientProfile(wport=1, name="management", level=Level.MANAGE, password=password),
        ClientProfile(wport=2, name="reader", level=Level.READ, password=password),
    )


def load_profile(name: str | Path, environment: Mapping[str, str] = os.environ) -> MeterProfile:
    """Read a profile: a file, or a name of those delivered. The environment may set the password."""
    path = Path(name)
    if not path.suffix:
        path = PROFILES / f"{name}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise ProfileError(f"profile {path}: {error}") from error
    try:
        profile = _meter(content)
    except (TypeError, ValueError, KeyError) as error:
        raise ProfileError(f"profile {path}: {error}") from error
    password = environment.get(PASSWORD_VARIABLE)
    return profile.with_password(password) if password else profile


def _meter(content: dict[str, Any]) -> MeterProfile:
    if "clients" in content:
        content["clients"] = tuple(_client(entry) for entry in content["clients"])
    if "logical_devices" in content:
        content["logical_devices"] = tuple(LogicalDeviceProfile(**entry) for entry in content["logical_devices"])
    if "quirks" in content:
        content["quirks"] = _quirks(content["quirks"])
    if "security" in content:
        content["security"] = meter_security(content["security"])
    if "notifications" in content:
        content["notifications"] = notification_profile(content["notifications"])
    return MeterProfile(**content)


def _client(entry: dict[str, Any]) -> ClientProfile:
    """``password = true`` stands for the usual password."""
    password = entry.get("password")
    return ClientProfile(
        wport=entry["wport"],
        name=entry["name"],
        level=Level[entry["level"].upper()],
        password=DEFAULT_PASSWORD if password is True else password,
        pre_established=entry.get("pre_established", False),
        security=client_security(entry["security"], entry["wport"]) if "security" in entry else None,
    )


def _quirks(entry: dict[str, Any]) -> Quirks:
    kinds = {f.name: f.type for f in fields(Quirks)}
    values: dict[str, Any] = {}
    for key, value in entry.items():
        kind = kinds.get(key)
        values[key] = kind(value) if isinstance(kind, type) and issubclass(kind, StrEnum) else value
    return Quirks(**values)


def security_setup_name(profile: MeterProfile, client_wport: int) -> LogicalName:
    """Return the name of the security setup that a client's association refers to."""
    client = profile.client(client_wport)
    instance = client.security.setup_instance if client is not None and client.security is not None else 0
    return LogicalName.parse(f"0.0.43.0.{instance}")
