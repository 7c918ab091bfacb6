"""Named faults and when they strike. Each replaces or spoils the honest answer to a request.

``FaultPlan.add("reset", octet=11, times=1)``; on the command line ``--fault reset:octet=11,times=1``. Chance is seeded.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
import random
from typing import Any, Final

from custom_components.cosem.dlms.apdu.common import AttributeDescriptor, DataAccessResult
from custom_components.cosem.dlms.encoding.logical_name import LogicalName

from .acse import AARQ, RLRQ, AareFields, initiate_error, write_aare
from .association import REJECTED_PERMANENT, REJECTED_TRANSIENT
from .attacks import HELP as ATTACKS
from .steps import Finish, Pause, Reset, Send, Step, wpdu

_HEADER: Final = 8
_KINDS: Final = {AARQ: "aarq", RLRQ: "rlrq"} | {
    tag: kind
    for kind, tags in {
        "get": b"\xc0\xc8\xd0",
        "set": b"\xc1\xc9\xd1",
        "action": b"\xc3\xcb\xd3",
        "access": b"\xd9",
    }.items()
    for tag in tags
}
"""Kind of a request by its tag, also under glo- and ded- protection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request: its number since the meter started, its wPorts and its APDU."""

    number: int
    client_wport: int
    server_wport: int
    apdu: bytes

    def answer(self, apdu: bytes) -> bytes:
        """Return the WPDU that carries an answer to it."""
        return wpdu(self.server_wport, self.client_wport, apdu)

    @property
    def kind(self) -> str:
        """ "aarq", "rlrq", "get", "set", "action", "access" or "other" (also for general protection)."""
        return _KINDS.get(self.apdu[0] if self.apdu else 0, "other")


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault with its trigger and parameters.

    Trigger: kind of request (``on``: aarq, rlrq, get, set, action, access, any), from the ``request``-th of them (1 is
    the next), ``times`` times (None: for ever), with ``probability``. The others are parameters of the action.
    """

    name: str
    on: str = ""
    request: int = 1
    times: int | None = None
    probability: float = 1.0
    octet: int = 0
    seconds: float = 0.0
    count: int = 0
    apdu: str = ""
    """Hexadecimal digits."""
    code: int = 0
    object: str = ""
    attribute: int = 2
    then_answer: bool = False
    matched: int = field(default=0, init=False)
    fired: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.name not in CATALOGUE:
            raise ValueError(f"no fault is called {self.name!r}; there are: {', '.join(sorted(CATALOGUE))}")
        self.on = self.on or CATALOGUE[self.name].on

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it should."""
        return self.times is not None and self.fired >= self.times

    def strikes(self, kind: str, chance: random.Random) -> bool:
        """Count this event; return whether the fault strikes now."""
        if self.on not in {"any", kind} or self.spent:
            return False
        self.matched += 1
        if self.matched < self.request or (self.probability < 1 and chance.random() >= self.probability):
            return False
        self.fired += 1
        return True


type Action = Callable[[Fault, Request, bytes], list[Step]]


@dataclass(frozen=True, slots=True)
class Kind:
    """An entry of the catalogue. ``honest``: the request is handled as usual, only the answer is spoilt."""

    help: str
    action: Action | None = None
    on: str = "get"
    honest: bool = True
    secured: bool = False
    """Strikes only where answers are protected."""


def _cut(fault: Fault, request: Request, answer: bytes, end: Step) -> list[Step]:
    """A cut behind the end of the WPDU cuts nothing."""
    whole = request.answer(answer)
    if fault.octet > len(whole):
        return [Send(whole)]
    return [Send(whole[: fault.octet]), end] if fault.octet else [end]


def _octet_by_octet(_: Fault, request: Request, answer: bytes) -> list[Step]:
    return [Send(bytes([octet])) for octet in request.answer(answer)]


def _drip(fault: Fault, request: Request, answer: bytes) -> list[Step]:
    return [step for octet in request.answer(answer) for step in (Pause(fault.seconds or 5.0), Send(bytes([octet])))]


def _merge(fault: Fault, request: Request, answer: bytes) -> list[Step]:
    """One segment: WPDUs without an APDU (seen as keep-alive), then the answer."""
    return [Send(request.answer(b"") * ((fault.count or 2) - 1) + request.answer(answer))]


def _wrong_version(fault: Fault, request: Request, answer: bytes) -> list[Step]:
    return [Send((fault.code or 2).to_bytes(2, "big") + request.answer(answer)[2:])]


def _wrong_wport(fault: Fault, request: Request, answer: bytes) -> list[Step]:
    stray = wpdu(request.server_wport, fault.code or request.client_wport ^ 0x55, answer)
    honest = [Send(request.answer(answer))] if fault.then_answer else []
    return [*[Send(stray)] * (fault.count or 1), *honest]


def _length(change: Callable[[int], int]) -> Action:
    def action(_: Fault, request: Request, answer: bytes) -> list[Step]:
        octets = request.answer(answer)
        return [Send(octets[:6] + change(len(answer)).to_bytes(2, "big") + octets[_HEADER:])]

    return action


def _wrong_invoke_id(fault: Fault, request: Request, answer: bytes) -> list[Step]:
    stray = request.answer(answer[:2] + bytes([answer[2] ^ 0x05]) + answer[3:])
    honest = [Send(request.answer(answer))] if fault.then_answer else []
    return [*[Send(stray)] * (fault.count or 1), *honest]


def _corrupt(fault: Fault, request: Request, answer: bytes) -> list[Step]:
    octets = bytearray(request.answer(answer))
    octets[fault.octet % len(octets)] ^= fault.code or 0xFF
    return [Send(bytes(octets))]


def _notification(fault: Fault, request: Request, answer: bytes) -> list[Step]:
    """DataNotifications (long-invoke-id, no time, an unsigned) from wPort 1 to wPort 1, then the answer."""
    push = wpdu(1, 1, bytes.fromhex("0F00000001001107"))
    return [*[Send(push)] * (fault.count or 1), Send(request.answer(answer))]


def _doubled(fault: Fault, request: Request, answer: bytes) -> list[Step]:
    return [Send(request.answer(answer))] * (fault.count or 2)


def _cut_datagram(fault: Fault, request: Request, answer: bytes) -> list[Step]:
    return [Send(request.answer(answer)[: fault.octet])]


def _aare(result: int, diagnostic: int, inner: bytes | None) -> Action:
    def action(fault: Fault, request: Request, _: bytes) -> list[Step]:
        fields = AareFields(context=1, result=result, diagnostic=fault.code or diagnostic, initiate=inner)
        return [Send(request.answer(write_aare(fields)))]

    return action


def _oversized(fault: Fault, request: Request, _: bytes) -> list[Step]:
    """One APDU of ``count`` octets (default 65,535), whatever was agreed upon."""
    size = (fault.count or 65_535) - 8
    return [
        Send(request.answer(b"\xc4\x01" + request.apdu[2:3] + b"\x00\x09\x82" + size.to_bytes(2, "big") + bytes(size)))
    ]


def _endless_blocks(fault: Fault, request: Request, _: bytes) -> list[Step]:
    """Blocks without a last one; the numbers go up properly."""
    number = int.from_bytes(request.apdu[3:7], "big") + 1 if request.apdu[1] == 2 else 1
    size = fault.count or 100
    head = b"\xc4\x02" + request.apdu[2:3] + b"\x00" + number.to_bytes(4, "big") + b"\x00\x82" + size.to_bytes(2, "big")
    return [Send(request.answer(head + bytes(size)))]


CATALOGUE: Final[dict[str, Kind]] = {
    "refuse": Kind("refuse the connection (F01, F56)", on="connect"),
    "black-hole": Kind("never complete the connection (F02)", on="connect"),
    "silent": Kind("never answer (F03)", lambda *_: [], on="any", honest=False),
    "answer-lost": Kind("do what was asked, and never answer (F62)", lambda *_: [], on="any"),
    "half-open": Kind("from now on neither answer nor close, on this connection (F10)", on="any", honest=False),
    "reset": Kind("send 'octet' octets, then reset (F08)", lambda f, r, a: _cut(f, r, a, Reset()), on="any"),
    "fin": Kind("send 'octet' octets, then close (F09)", lambda f, r, a: _cut(f, r, a, Finish()), on="any"),
    "octet-by-octet": Kind("one octet per segment (F11)", _octet_by_octet, on="any"),
    "apdu": Kind(
        "answer with the octets of 'apdu'",
        lambda f, r, _: [Send(r.answer(bytes.fromhex(f.apdu)))],
        on="any",
        honest=False,
    ),
    "merge": Kind("'count' WPDUs in one segment, all but the last empty (F12)", _merge, on="any"),
    "wrong-version": Kind("wrapper version 'code' (F13)", _wrong_version, on="any"),
    "wrong-wport": Kind(
        "'count' times to wPort 'code', then the answer if 'then_answer' (F14)", _wrong_wport, on="any"
    ),
    "length-long": Kind(
        "declare more octets than follow (F15)", _length(lambda size: min(size + 40, 0xFFFF)), on="any"
    ),
    "length-short": Kind("declare fewer octets than follow (F15)", _length(lambda size: max(size - 3, 1)), on="any"),
    "length-zero": Kind("a WPDU without an APDU (F15)", lambda _, r, __: [Send(r.answer(b""))], on="any"),
    "wrong-invoke-id": Kind(
        "'count' times another invoke-id, then the answer if 'then_answer' (F16)", _wrong_invoke_id
    ),
    "late": Kind(
        "answer after 'seconds' (F17)", lambda f, r, a: [Pause(f.seconds or 60.0), Send(r.answer(a))], on="any"
    ),
    "lose-answer": Kind("do what is asked, and lose the answer (F19, F62)", lambda *_: [], on="any"),
    "double": Kind("send the answer 'count' times, in a segment or datagram each (F20)", _doubled, on="any"),
    "cut-datagram": Kind("send 'octet' octets of the answer in one datagram (F23)", _cut_datagram, on="any"),
    "notification": Kind("'count' DataNotifications before the answer (F26)", _notification),
    "busy": Kind(
        "exception-response: other-reason, or service-error 'code' (F31)",
        lambda f, r, _: [Send(r.answer(bytes([0xD8, 0x01, f.code or 3])))],
        honest=False,
    ),
    "temporary-failure": Kind("data-access-result 2 for 'object' (F32)", on="attribute"),
    "object-undefined": Kind("data-access-result 4 for 'object' (F33)", on="attribute"),
    "denied": Kind("data-access-result 3 for 'object' (F33)", on="attribute"),
    "aare-transient": Kind(
        "AARE rejected-transient (F34)", _aare(REJECTED_TRANSIENT, 1, initiate_error(4)), "aarq", False
    ),
    "aare-authentication": Kind(
        "AARE rejected-permanent, authentication failure (F35)",
        _aare(REJECTED_PERMANENT, 13, initiate_error(4)),
        "aarq",
        honest=False,
    ),
    "aare-short": Kind(
        "AARE rejected without user-information (F36)", _aare(REJECTED_PERMANENT, 13, None), "aarq", honest=False
    ),
    "endless-blocks": Kind("blocks that never end (F41)", _endless_blocks, honest=False),
    "oversized": Kind("an APDU of 'count' octets whatever was agreed (F43)", _oversized, honest=False),
    "deep": Kind("a value nested 200 levels deep (F43)", on="attribute"),
    "count-bomb": Kind("an array that declares 4 thousand million elements (F43)", on="attribute"),
    "empty-rows": Kind("a compact array whose rows have no octets (F43)", on="attribute"),
    "drip": Kind("one octet every 'seconds' (F44)", _drip),
    "corrupt": Kind("octet number 'octet' of the WPDU altered by 'code'", _corrupt, on="any"),
    **{name: Kind(text, on=on, secured=True) for name, (on, text) in ATTACKS.items()},
}

_VALUES: Final[dict[str, DataAccessResult | bytes]] = {
    "temporary-failure": DataAccessResult(2),
    "object-undefined": DataAccessResult(4),
    "denied": DataAccessResult(3),
    "deep": b"\x02\x01" * 200 + b"\x00",
    "count-bomb": b"\x01\x84\xff\xff\xff\xff",
    "empty-rows": b"\x13\x02\x02\x00\x00\x04\x00\x00\x00\x00",
}


class FaultPlan:
    """The faults of a meter."""

    def __init__(self, seed: int = 0) -> None:
        self.faults: list[Fault] = []
        self._chance = random.Random(f"faults/{seed}")

    def add(self, name: str, **parameters: Any) -> Fault:
        """Add a fault and return it (``fired`` counts)."""
        fault = Fault(name=name, **parameters)
        self.faults.append(fault)
        return fault

    def clear(self) -> None:
        """End all faults."""
        self.faults.clear()

    def on_connect(self) -> str | None:
        """Return "refuse" or "black-hole" if this connection is struck."""
        waiting = (fault for fault in self.faults if fault.on == "connect")  # "any" means any request
        return next((fault.name for fault in waiting if fault.strikes("connect", self._chance)), None)

    def on_request(self, request: Request) -> Fault | None:
        """Return the fault that strikes this request."""
        plain = (fault for fault in self.faults if not CATALOGUE[fault.name].secured)
        return next((fault for fault in plain if fault.strikes(request.kind, self._chance)), None)

    def on_answer(self, kind: str) -> Fault | None:
        """Return the attack on an answer about to be protected: to "aarq", "hls", "action", "get", "rlrq"."""
        secured = (fault for fault in self.faults if CATALOGUE[fault.name].secured)
        return next((fault for fault in secured if fault.strikes(kind, self._chance)), None)

    def on_attribute(self, attribute: AttributeDescriptor) -> DataAccessResult | bytes | None:
        """Return what is said instead of an attribute's value."""
        for fault in self.faults:
            if (
                fault.name in _VALUES
                and attribute.attribute_index == fault.attribute
                and (not fault.object or LogicalName.parse(fault.object) == attribute.logical_name)
                and fault.strikes("attribute", self._chance)
            ):
                return _VALUES[fault.name]
        return None


def parse_fault(text: str) -> dict[str, Any]:
    """Read ``NAME`` or ``NAME:key=value,...`` into arguments of Fault. Raises ValueError."""
    name, _, rest = text.partition(":")
    kinds = {entry.name: entry.type for entry in fields(Fault) if entry.init}
    arguments: dict[str, Any] = {"name": name}
    for pair in filter(None, rest.split(",")):
        key, _, value = pair.partition("=")
        if key not in kinds or key == "name":
            raise ValueError(f"a fault has no parameter {key!r}")
        kind = kinds[key]
        if kind is bool:
            arguments[key] = value.lower() not in {"0", "no", "false"}
        else:
            arguments[key] = value if kind is str else float(value) if kind is float else int(value)
    Fault(**arguments)
    return arguments


def catalogue_text() -> Iterable[str]:
    """Yield a line of help for each fault."""
    return (f"  {name:20}{kind.help}" for name, kind in sorted(CATALOGUE.items()))
