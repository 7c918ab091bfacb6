"""What is tried: a fault with its parameters, a service, a security. A case is a line of text; all come from a seed."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any, Final, Self

from tests.simulated_meter.attacks import HELP as ATTACKS

from .general import KINDS as OF_GENERAL_BLOCKS


class Service(StrEnum):
    """What a poll asks for."""

    GET = "GET"
    LIST = "list"
    BLOCKS = "blocks"
    GENERAL = "general-blocks"
    SET = "SET"
    ACTION = "ACTION"
    LONG_SET = "long-SET"
    LONG_ACTION = "long-ACTION"
    GENERAL_SET = "general-SET"
    """A long SET whose request goes in general blocks."""


READING = (Service.GET, Service.LIST, Service.BLOCKS, Service.GENERAL)
WRITING = (Service.SET, Service.ACTION, Service.LONG_SET, Service.LONG_ACTION, Service.GENERAL_SET)


class Protected(StrEnum):
    """How the client authenticates; the last one protects everything."""

    NONE = "none"
    LLS = "LLS"
    HLS_GMAC = "HLS-GMAC"


class Channel(StrEnum):
    """What carries the WPDUs."""

    TCP = "TCP"
    UDP = "UDP"


class Stage(StrEnum):
    """Which request of an association the fault strikes."""

    CONNECT = "connect"
    AARQ = "aarq"
    PROOF = "proof"
    SERVICE = "service"
    LATER = "later"
    """The request after the first one of the service: a block, or the release."""
    ATTRIBUTE = "attribute"


@dataclass(frozen=True, slots=True)
class Case:
    """One fault in one surrounding. ``parameters``: of the meter's fault, or of what the runner does itself."""

    row: str
    fault: str
    stage: Stage
    parameters: tuple[tuple[str, Any], ...]
    service: Service
    protected: Protected
    channel: Channel = Channel.TCP

    def __str__(self) -> str:
        """One line, from which parse() makes the case again."""
        parameters = ",".join(f"{name}={value}" for name, value in self.parameters)
        return f"{self.row} {self.fault}:{self.stage}:{parameters} {self.service} {self.protected} {self.channel}"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Return the case of a line."""
        row, fault, service, protected, channel = line.split()
        name, stage, text = fault.split(":", 2)
        parameters = tuple(
            (key, _value(value)) for key, _, value in (pair.partition("=") for pair in text.split(",") if pair)
        )
        return cls(row, name, Stage(stage), parameters, Service(service), Protected(protected), Channel(channel))


def _value(text: str) -> int | float | bool | str:
    if text in {"True", "False"}:
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


type Draw = Callable[[Random], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """A fault of the list as the simulated meter makes it. ``draw``: its parameters by chance."""

    row: str
    fault: str
    stages: tuple[Stage, ...]
    draw: Draw = lambda _: {}
    only: tuple[Protected, ...] = tuple(Protected)
    services: tuple[Service, ...] = tuple(Service)
    over: tuple[Channel, ...] = tuple(Channel)


_STREAM: Final = (Channel.TCP,)
_DATAGRAMS: Final = (Channel.UDP,)
_OPENING: Final = (Stage.AARQ, Stage.PROOF)
_ANY: Final = (*_OPENING, Stage.SERVICE, Stage.LATER)
_ANSWER: Final = (Stage.SERVICE, Stage.LATER)
_HLS: Final = (Protected.HLS_GMAC,)
_PLAIN: Final = (Protected.NONE, Protected.LLS)


def _octet(random: Random) -> dict[str, Any]:
    return {"octet": random.randrange(60)}


def _in_the_header(random: Random) -> dict[str, Any]:
    return {"octet": random.randrange(8), "code": random.randrange(1, 256)}


def _expected_counter(random: Random) -> dict[str, Any]:
    return {"code": random.choice((0, 50, 5000))}


def _strays(random: Random) -> dict[str, Any]:
    return {"count": random.randint(1, 4), "then_answer": random.random() < 0.5}


def _late(random: Random) -> dict[str, Any]:
    return {"seconds": random.choice((0.05, 0.19, 0.25, 5.0))}


def _block(random: Random) -> dict[str, Any]:
    return {"block": random.randint(1, 6), "by": random.choice((1, 1, 2, 5, 40))}


def _attack(random: Random) -> dict[str, Any]:
    return {"octet": random.randrange(-20, 20), "count": random.randint(1, 3), "then_answer": random.random() < 0.5}


ROWS: Final[tuple[Row, ...]] = (
    Row("F01", "refuse", (Stage.CONNECT,), over=_STREAM),
    Row("F02", "black-hole", (Stage.CONNECT,)),
    Row("F03", "silent", _ANY),
    Row("F08", "reset", _ANY, _octet, over=_STREAM),
    Row("F09", "fin", _ANY, _octet, over=_STREAM),
    Row("F10", "half-open", _ANY, over=_STREAM),
    Row("F11", "octet-by-octet", _ANY, over=_STREAM),
    Row("F12", "merge", _ANY, lambda random: {"count": random.choice((2, 3, 10, 1000))}, over=_STREAM),
    Row("F13", "wrong-version", _ANY, lambda random: {"code": random.choice((2, 3, 256, 65535))}),
    Row("F14", "wrong-wport", _ANY, lambda random: {"code": random.randrange(1, 65536)} | _strays(random)),
    Row("F15", "length-long", _ANY),
    Row("F15", "length-short", _ANY),
    Row("F15", "length-zero", _ANY),
    Row("F16", "wrong-invoke-id", (Stage.PROOF, *_ANSWER), _strays),
    Row("F17", "late", _ANY, _late, over=_STREAM),
    Row("F18", "late", _ANY, _late, over=_DATAGRAMS),
    Row("F19", "lose-answer", _ANY, over=_DATAGRAMS),
    Row("F20", "double", _ANY, lambda random: {"count": random.randint(2, 4)}, over=_DATAGRAMS),
    Row("F22", "reorder", (Stage.SERVICE,), lambda random: {"seed": random.randrange(10_000)}, over=_DATAGRAMS),
    Row("F23", "cut-datagram", _ANY, _octet, over=_DATAGRAMS),
    Row("F24", "refuse", (Stage.CONNECT,), over=_DATAGRAMS),
    Row("F26", "notification", _ANY, lambda random: {"count": random.randint(1, 12)}),
    Row(
        "F27",
        "restart",
        (Stage.SERVICE,),
        lambda random: {"lose_counters": random.random() < 0.3, "steps": random.randrange(60)},
    ),
    Row("F29", "counter-reset", (Stage.SERVICE,), only=_HLS),
    # The simulated meter says so of what it has carried out, which a meter that refuses a counter never has.
    Row("F30", "counter-error", (Stage.SERVICE,), _expected_counter, _HLS, READING),
    Row("F31", "busy", _ANY, lambda random: {"code": random.choice((1, 3, 4))}),
    Row("F32", "temporary-failure", (Stage.ATTRIBUTE,), services=READING),
    Row("F33", "object-undefined", (Stage.ATTRIBUTE,), services=READING),
    Row("F33", "denied", (Stage.ATTRIBUTE,), services=READING),
    Row("F34", "aare-transient", (Stage.AARQ,)),
    Row("F35", "aare-authentication", (Stage.AARQ,)),
    Row("F36", "aare-short", (Stage.AARQ,)),
    *(Row("F37", name, (Stage.PROOF,), _attack, _HLS) for name, (on, _) in ATTACKS.items() if on == "hls"),
    Row("F38", "corrupt", (Stage.SERVICE, Stage.LATER), lambda random: {"octet": random.randrange(8, 60)}, _HLS),
    # Without protection nothing tells an altered value from another one: only what frames it is altered.
    Row(
        "F38", "corrupt", _ANY, lambda random: {"octet": random.randrange(8), "code": random.randrange(1, 256)}, _PLAIN
    ),
    Row("F38", "wrong-tag", _ANSWER, _attack, _HLS),
    Row("F38", "wrong-key", _ANSWER, _attack, _HLS),
    Row("F39", "replay", _ANSWER, lambda random: {"code": random.randint(1, 3)} | _strays(random), _HLS),
    Row("F39", "old-counter", _ANSWER, _strays, _HLS),
    *(
        Row("F40", name, _ANSWER, _strays, _HLS)
        for name in ("plaintext", "authenticated-only", "encrypted-only", "other-suite", "broadcast-key", "compressed")
    ),
    Row("F40", "nested", _ANSWER, _strays, _HLS),
    Row("F41", "endless-blocks", _ANSWER, lambda random: {"count": random.choice((1, 100, 900))}),
    *(Row("F42", name, (Stage.SERVICE,), _block, services=(Service.GENERAL,)) for name in OF_GENERAL_BLOCKS),
    Row("F43", "oversized", _ANY, lambda random: {"count": random.choice((4000, 30_000, 65_535))}),
    Row("F43", "deep", (Stage.ATTRIBUTE,), services=READING),
    Row("F43", "count-bomb", (Stage.ATTRIBUTE,), services=READING),
    Row("F43", "empty-rows", (Stage.ATTRIBUTE,), services=READING),
    Row("F44", "drip", _ANY, lambda random: {"seconds": random.choice((0.01, 0.05, 5.0))}, over=_STREAM),
    Row("F45", "other-title", (Stage.AARQ,), only=_HLS),
    Row("F50", "kill", (Stage.SERVICE,), lambda random: {"steps": random.randrange(60)}),
    Row("F51", "cancel", (Stage.SERVICE,), lambda random: {"steps": random.randrange(60)}),
    Row("F56", "rival", (Stage.CONNECT,)),
    Row("F57", "two-devices", (Stage.SERVICE,)),
    Row("F60", "disk", (Stage.CONNECT,), only=_HLS),
    # Executed, and the answer is lost: at once, in the middle, by silence.
    Row("F62", "reset", _ANSWER, _octet, services=WRITING, over=_STREAM),
    Row("F62", "fin", _ANSWER, _octet, services=WRITING, over=_STREAM),
    Row("F62", "late", _ANSWER, lambda random: {"seconds": random.choice((0.25, 60.0))}, services=WRITING),
    Row("F62", "half-open", _ANSWER, services=WRITING, over=_STREAM),
    Row("F26", "notification", _ANY, lambda random: {"count": random.choice((17, 100, 1000))}),
)


def draw(random: Random) -> Case:
    """Return a case by chance: rows, services and securities alike often."""
    row = random.choice(ROWS)
    protected = random.choice(row.only)
    stages = [stage for stage in row.stages if stage is not Stage.PROOF or protected is Protected.HLS_GMAC]
    parameters = row.draw(random) | {"times": random.choice((1, 1, 2, 3))}
    return Case(
        row.row,
        row.fault,
        random.choice(stages) if stages else Stage.AARQ,
        tuple(parameters.items()),
        random.choice(row.services),
        protected,
        random.choice(row.over),
    )


def distinct(seed: int, count: int) -> Iterator[Case]:
    """Yield so many different cases: the same for the same seed."""
    random = Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        case = draw(random)
        if str(case) not in seen:
            seen.add(str(case))
            yield case
