"""Faults of the plan that change protected answers, as a forger or a broken meter would.

Each strikes the answer to one kind of request: aarq, action (pass 3 among them, as "hls"), get, rlrq. ``count`` repeats
what is forged, ``then_answer`` lets the honest answer follow.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Protocol

from .acse import AareFields
from .ciphering import BROADCAST, COMPRESSED, SUITE_BITS
from .hls import Exchange
from .protection import Channel, Opened, Sealing, Twist
from .security_profile import AUTHENTICATED, ENCRYPTED

ABSURD: Final = 0xFFFF0000
FORGED_TITLE: Final = b"EVL\x00\x00\x00\x00\x01"


class Strike(Protocol):
    """The parameters of a fault."""

    name: str
    octet: int
    count: int
    code: int
    then_answer: bool


HELP: Final[dict[str, tuple[str, str]]] = {
    "wrong-tag": ("get", "octet number 'octet' of the protected answer altered by 'code', default the last (F38)"),
    "wrong-key": ("get", "the answer sealed with another key (F38)"),
    "wrong-title": ("get", "the answer sealed under another system title"),
    "replay": ("get", "the protected answer sent 'code' before this one (default 1) once more (F39)"),
    "old-counter": ("get", "the answer sealed with the counter before, or 'code' (F39)"),
    "counter-reset": ("get", "all invocation counters lost before the answer, as at a reboot (F29)"),
    "plaintext": ("get", "the answer without protection (F40)"),
    "authenticated-only": ("get", "the answer authenticated, not encrypted (F40)"),
    "encrypted-only": ("get", "the answer encrypted, not authenticated (F40)"),
    "other-suite": ("get", "the answer with the number of another security suite (F40)"),
    "broadcast-key": ("get", "the answer with the bit of the broadcast key (F40)"),
    "compressed": ("get", "the answer with the compression bit (F40)"),
    "nested": ("get", "the answer protected twice (F40)"),
    "other-service": ("get", "a protected answer that holds another APDU than its tag says"),
    "counter-error": ("get", "exception-response: counter refused; expects 'code', default the true one (F30)"),
    "deciphering-error": ("get", "exception-response: deciphering error"),
    "reflected-challenge": ("aarq", "the AARE carries the client's own challenge"),
    "short-challenge": ("aarq", "the AARE carries a challenge of 'code' octets, default 4"),
    "no-challenge": ("aarq", "the AARE carries no challenge"),
    "no-title": ("aarq", "the AARE carries no system title"),
    "short-title": ("aarq", "the AARE carries a system title of 5 octets"),
    "reflected-title": ("aarq", "the AARE carries the client's own system title"),
    "other-title": ("aarq", "the AARE carries another system title than before (F45)"),
    "other-mechanism": ("aarq", "the AARE names mechanism 'code', default 1"),
    "other-context": ("aarq", "the AARE names application context 'code', default 1"),
    "no-pass-4": ("hls", "no answer to pass 3 (F37)"),
    "empty-pass-4": ("hls", "success without data in pass 4 (F37)"),
    "wrong-pass-4": ("hls", "pass 4 with octet number 'octet' altered, default the last (F37)"),
    "reflected-pass-4": ("hls", "pass 4 repeats what the client sent in pass 3 (F37)"),
    "refused-pass-4": ("hls", "pass 4 is action-result 'code', default 3 (F37)"),
}
"""Name -> the kind of request it strikes unless told otherwise, and what it does."""

ERRORS: Final = {"counter-error", "deciphering-error"}
"""Come instead of the answer, also of an AARE."""


def _flip(octets: bytes, at: int, mask: int) -> bytes:
    altered = bytearray(octets)
    altered[at % len(altered)] ^= mask or 0xFF
    return bytes(altered)


def _wrong_title(sealing: Sealing) -> Sealing:
    header = sealing.header._replace(originator=FORGED_TITLE)
    return replace(sealing, material=replace(sealing.material, title=FORGED_TITLE), header=header)


def _control(clear: int, add: int) -> Callable[[Strike], Twist]:
    return lambda _: lambda sealing: replace(sealing, control=sealing.control & ~clear | add)


def _old_counter(fault: Strike) -> Twist:
    return lambda sealing: replace(sealing, counter=fault.code or max(sealing.counter - 1, 0))


def _wrong_key(_: Strike) -> Twist:
    return lambda sealing: replace(sealing, material=replace(sealing.material, key=_flip(sealing.material.key, 0, 0)))


def _other_suite(_: Strike) -> Twist:
    return lambda sealing: replace(
        sealing, control=sealing.control & ~SUITE_BITS | ((sealing.control & SUITE_BITS) + 1) % 3
    )


_TWISTS: Final[dict[str, Callable[[Strike], Twist]]] = {
    "wrong-key": _wrong_key,
    "wrong-title": lambda _: _wrong_title,
    "old-counter": _old_counter,
    "authenticated-only": _control(ENCRYPTED, AUTHENTICATED),
    "encrypted-only": _control(AUTHENTICATED, ENCRYPTED),
    "other-suite": _other_suite,
    "broadcast-key": _control(0, BROADCAST),
    "compressed": _control(0, COMPRESSED),
}


ON_ANSWER: Final = {*_TWISTS, *ERRORS, "wrong-tag", "replay", "plaintext", "nested", "other-service", "counter-reset"}
"""Change how an answer is protected, whatever the request was."""


def exception(code: int, counter: int | None = None) -> bytes:
    """Return an exception-response: service not allowed, and why."""
    return bytes([0xD8, 0x01, code]) + (b"" if counter is None else (counter & 0xFFFFFFFF).to_bytes(4, "big"))


def forge(fault: Strike, plain: bytes, like: Opened, channel: Channel, history: Sequence[bytes]) -> list[bytes]:
    """Return the APDUs instead of the honest one. ``history``: protected answers sent before."""
    honest: bytes | None = None
    match fault.name:
        case "wrong-tag":
            honest = channel.protect(plain, like)
            forged = _flip(honest, fault.octet or -1, fault.code)
        case "replay":
            forged = history[-min(fault.code or 1, len(history))] if history else b""
        case "counter-reset":
            channel.counters.reset([channel.client.encryption_key])
            forged = channel.protect(plain, like)
        case "plaintext":
            forged = plain
        case "nested":
            forged = channel.protect(channel.protect(plain, like), like)
        case "other-service":
            forged = _other_service(plain, like, channel)
        case "counter-error":
            forged = exception(6, fault.code or channel.last + 1)
        case "deciphering-error":
            forged = exception(5)
        case _:
            forged = channel.protect(plain, like, _TWISTS[fault.name](fault))
    answers = [forged] * (fault.count or 1) if forged else []
    if fault.then_answer:
        answers.append(honest or channel.protect(plain, like))
    return answers


def _other_service(plain: bytes, like: Opened, channel: Channel) -> bytes:
    """Return a glo- or ded- APDU with another service than its tag says; general ones have no such tag."""
    other = (b"\xc7" if plain[:1] == b"\xc4" else b"\xc4") + plain[1:]
    protected = channel.protect(other, like)
    return bytes([protected[0] - other[0] + plain[0]]) + protected[1:] if protected[0] < 0xDB else protected


def spoil_aare(fault: Strike, fields: AareFields, exchange: Exchange) -> AareFields:
    """Return the fields of an attacked AARE."""
    match fault.name:
        case "reflected-challenge":
            return replace(fields, authentication_value=exchange.ctos)
        case "short-challenge":
            return replace(fields, authentication_value=exchange.stoc[: fault.code or 4])
        case "no-challenge":
            return replace(fields, authentication_value=b"")
        case "no-title":
            return replace(fields, system_title=b"")
        case "short-title":
            return replace(fields, system_title=exchange.server_title[:5])
        case "reflected-title":
            return replace(fields, system_title=exchange.client_title)
        case "other-mechanism":
            return replace(fields, mechanism=fault.code or 1)
        case "other-context":
            return replace(fields, context=fault.code or 1)
        case _:
            return fields


def spoil_pass_4(fault: Strike, invoke: int, proof: bytes, received: bytes) -> bytes | None:
    """Return the attacked ACTION response of pass 4; None is silence."""
    match fault.name:
        case "no-pass-4":
            return None
        case "empty-pass-4":
            return action_response(invoke, 0)
        case "wrong-pass-4":
            return action_response(invoke, 0, _flip(proof, fault.octet or -1, fault.code))
        case "reflected-pass-4":
            return action_response(invoke, 0, received)
        case "refused-pass-4":
            return action_response(invoke, fault.code or 3)
        case _:
            return action_response(invoke, 0, proof)


def action_response(invoke: int, result: int, data: bytes | None = None) -> bytes:
    """Return an Action-Response-Normal, with an octet-string or without data."""
    head = bytes([0xC7, 0x01, invoke, result])
    return head + (b"\x00" if data is None else b"\x01\x00\x09" + bytes([len(data)]) + data)
