"""What a forger can do, by the rule that stands against it. Each returns octets that the client must not believe.

A forger sees everything on the wire, may change, repeat and reorder it, and may know nothing, or - where a rule speaks
of downgrades - even the keys: then the only thing wrong is what the rule forbids.
"""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from custom_components.cosem.dlms.apdu.acse import Mechanism
from tests.dlms.forgery.conversation import Conversation, Setting, other_title_of, wpdu
from tests.dlms.lone_meter import acse, fields_of, sized

VALUE = b"\x00\x06\xde\xad\xbe\xef"
BROADCAST, COMPRESSED = 0x40, 0x80
GENERAL_GLO, GENERAL_DED, SIGNED = 0xDB, 0xDC, 0xDF
STAGE_AARE, STAGE_PROOF, STAGE_ANSWER = "AARE", "proof", "answer"

type Forge = Callable[[Conversation, Random], bytes]


class Forger(NamedTuple):
    """One kind of forgery."""

    rule: str
    stage: str
    forge: Forge
    suits: Callable[[Setting], bool]


def ciphered(setting: Setting) -> bool:
    return setting.ciphered


_WITHOUT_KEYS = {Mechanism.HLS, Mechanism.HLS_MD5, Mechanism.HLS_SHA1}
_CIPHERED_CONTEXT = 3
"""Tolerated in place of the plain one where there is no key that it could weaken."""
_BOTH = 0x30
"""Authenticated and encrypted."""
_TOLERATED_DIAGNOSTICS = {0, 1, 14}
"""Of an acceptance: none, no reason given, authentication required. What has to be proved, has to with any of them."""


def everywhere(_setting: Setting) -> bool:
    return True


def high_level(setting: Setting) -> bool:
    return setting.mechanism >= Mechanism.HLS


def gmac(setting: Setting) -> bool:
    return setting.mechanism == Mechanism.HLS_GMAC


def block_by_block(setting: Setting) -> bool:
    return setting.mechanism == Mechanism.HLS


# -- anything protected, altered by somebody without the keys


def flipped(conversation: Conversation, chance: Random) -> bytes:
    octets = bytearray(conversation.replies[0])
    # Not the tag: another tag is another kind of APDU, and some of those (errors) may be plain.
    octets[chance.randrange(1, len(octets))] ^= 1 << chance.randrange(8)
    return wpdu(bytes(octets))


def cut_off(conversation: Conversation, chance: Random) -> bytes:
    octets = conversation.replies[0]
    return wpdu(octets[: chance.randrange(1, len(octets))])


def extended(conversation: Conversation, chance: Random) -> bytes:
    return wpdu(conversation.replies[0] + chance.randbytes(chance.randrange(1, 20)))


def made_up(conversation: Conversation, chance: Random) -> bytes:
    """The right form, a fresh counter, a guessed tag."""
    meter = conversation.meter
    control, counter = bytes([meter.control]), (meter.counter + chance.randrange(1000)).to_bytes(4, "big")
    content = control + counter + answer_of(conversation) + chance.randbytes(12)
    return wpdu(bytes([envelope_tag(conversation)]) + sized(content))


def later_counter(conversation: Conversation, chance: Random) -> bytes:
    """An honest answer, moved up so that it looks new."""
    octets = bytearray(conversation.replies[0])
    at = len(octets) - len(sealed_part(conversation, answer_of(conversation))) + 1
    counter = int.from_bytes(octets[at : at + 4], "big") + chance.randrange(1, 1 << 16)
    octets[at : at + 4] = counter.to_bytes(4, "big")
    return wpdu(bytes(octets))


# -- repeated and reordered


def repeated(conversation: Conversation, _chance: Random) -> bytes:
    """The answer to the last request, once more; its invocation counter was accepted already."""
    return wpdu(conversation.meter.repeated)


def overtaken(conversation: Conversation, _chance: Random) -> bytes:
    """An answer that was protected before one that has arrived: reordered."""
    meter = conversation.meter
    dedicated = conversation.setting.dedicated
    latest = meter.dedicated_counter if dedicated else meter.counter
    # ``latest`` is that of the waiting answer + 1; two below it was that of something already accepted.
    return wpdu(wrapped(conversation, meter.sealed(answer_of(conversation), dedicated=dedicated, counter=latest - 2)))


def reset_by_notification(conversation: Conversation, _chance: Random) -> bytes:
    """A notification with an old counter, to make the client accept old ones, and then an old answer."""
    meter, dedicated = conversation.meter, conversation.setting.dedicated
    content = meter.sealed(bytes.fromhex("C20000010000616200FF020600000004"), dedicated=dedicated, counter=0)
    tag = bytes([0xD2 if dedicated else 0xCA])
    return wpdu(tag + sized(content)) + wpdu(meter.repeated)


def counter_of_our_own(conversation: Conversation, chance: Random) -> bytes:
    """An unprotected error that asks for another invocation counter, and then a value in plain."""
    counter = chance.choice([0, 1, 2**32 - 1, chance.randrange(2**32)])
    return wpdu(b"\xd8\x01\x06" + counter.to_bytes(4, "big")) + wpdu(answer_of(conversation))


def shorter_tag(conversation: Conversation, chance: Random) -> bytes:
    """Sealed with the right keys; of the tag only some octets are left."""
    meter, dedicated = conversation.meter, conversation.setting.dedicated
    content = meter.sealed(answer_of(conversation), dedicated=dedicated)
    return wpdu(wrapped(conversation, content[: -chance.randrange(1, 12)]))


# -- downgraded by somebody who has the keys: only the protection is wrong


def other_control(conversation: Conversation, chance: Random) -> bytes:
    meter = conversation.meter
    tolerated = {meter.control, meter.control | _BOTH}  # better protected than agreed is no forgery
    control = chance.choice([octet for octet in range(256) if octet & _BOTH and octet not in tolerated])
    dedicated = conversation.setting.dedicated
    return wpdu(wrapped(conversation, meter.sealed(answer_of(conversation), dedicated=dedicated, control=control)))


def weaker(conversation: Conversation, chance: Random) -> bytes:
    meter = conversation.meter
    levels = [level for level in (0x10, 0x20) if level != meter.control & 0x30]
    control = meter.control & 0x0F | chance.choice(levels)
    dedicated = conversation.setting.dedicated
    return wpdu(wrapped(conversation, meter.sealed(answer_of(conversation), dedicated=dedicated, control=control)))


def plain_answer(conversation: Conversation, _chance: Random) -> bytes:
    return wpdu(answer_of(conversation))


def plain_proof(conversation: Conversation, chance: Random) -> bytes:
    return wpdu(proof_apdu(conversation, chance.randbytes(17)))


def other_key_set(conversation: Conversation, chance: Random) -> bytes:
    return with_bit(conversation, chance.choice([BROADCAST, BROADCAST | COMPRESSED]))


def compressed(conversation: Conversation, _chance: Random) -> bytes:
    return with_bit(conversation, COMPRESSED)


def with_bit(conversation: Conversation, bit: int) -> bytes:
    meter, dedicated = conversation.meter, conversation.setting.dedicated
    content = meter.sealed(answer_of(conversation), dedicated=dedicated, control=meter.control | bit)
    return wpdu(wrapped(conversation, content))


def unagreed_dedicated(conversation: Conversation, chance: Random) -> bytes:
    """A dedicated key that nobody agreed on."""
    meter = conversation.meter
    meter.dedicated = chance.randbytes(len(meter.ek))
    content = meter.sealed(answer_of(conversation), dedicated=True)
    if chance.random() < 0.5:
        return wpdu(bytes([0xD4]) + sized(content))
    return wpdu(bytes([GENERAL_DED]) + sized(meter.title) + sized(content))


def unagreed_envelope(conversation: Conversation, chance: Random) -> bytes:
    """general-ciphering or a signature, where neither was agreed on."""
    meter = conversation.meter
    header = sized(chance.randbytes(8)) + sized(meter.title) + sized(meter.client_title) + b"\0\0"
    if chance.random() < 0.5:
        return wpdu(b"\xdd" + header + b"\x01\x00\x00" + sized(meter.sealed(answer_of(conversation))))
    return wpdu(bytes([SIGNED]) + header + sized(conversation.replies[0]) + sized(chance.randbytes(64)))


def nested(conversation: Conversation, chance: Random) -> bytes:
    meter, dedicated = conversation.meter, conversation.setting.dedicated
    inner = wrapped(conversation, meter.sealed(answer_of(conversation), dedicated=dedicated))
    if chance.random() < 0.5:
        return wpdu(wrapped(conversation, meter.sealed(inner, dedicated=dedicated)))
    tag = GENERAL_DED if dedicated else GENERAL_GLO
    return wpdu(bytes([tag]) + sized(meter.title) + sized(meter.sealed(inner, dedicated=dedicated)))


def other_service(conversation: Conversation, chance: Random) -> bytes:
    """A protected answer in the envelope of another service."""
    meter, dedicated = conversation.meter, conversation.setting.dedicated
    tags = [0xD5, 0xD7] if dedicated else [0xCD, 0xCF, 0x2C]
    content = meter.sealed(answer_of(conversation), dedicated=dedicated)
    return wpdu(bytes([chance.choice(tags)]) + sized(content))


def other_title(conversation: Conversation, chance: Random) -> bytes:
    """Another meter with the same keys."""
    meter = conversation.meter
    stranger = other_title_of(meter)
    honest, meter.title = meter.title, stranger
    content = meter.sealed(answer_of(conversation), dedicated=conversation.setting.dedicated)
    meter.title = honest
    if chance.random() < 0.5:
        return wpdu(wrapped(conversation, content))
    tag = GENERAL_DED if conversation.setting.dedicated else GENERAL_GLO
    return wpdu(bytes([tag]) + sized(stranger) + sized(content))


def other_address(conversation: Conversation, chance: Random) -> bytes:
    wrong = chance.randrange(0x10000)
    ports = (1, wrong) if chance.random() < 0.5 else (wrong, 0x10)
    if ports == (1, 0x10):
        ports = (2, 0x10)
    return wpdu(conversation.replies[0], b"\0\1" + b"".join(port.to_bytes(2, "big") for port in ports))


def other_invoke_id(conversation: Conversation, chance: Random) -> bytes:
    answer = bytearray(answer_of(conversation))
    answer[2] ^= chance.randrange(1, 16)
    return wpdu(protected(conversation, bytes(answer)))


# -- the AARE


def changed_aare(change: Callable[[dict[int, bytes], Conversation, Random], None]) -> Forge:
    def forge(conversation: Conversation, chance: Random) -> bytes:
        fields = fields_of(conversation.replies[0])
        change(fields, conversation, chance)
        return wpdu(acse(0x61, fields))

    return forge


def other_context(fields: dict[int, bytes], conversation: Conversation, chance: Random) -> None:
    name = bytearray(fields[0xA1])
    without_keys = not conversation.setting.ciphered and conversation.setting.mechanism in _WITHOUT_KEYS
    tolerated = {name[-1]} | ({_CIPHERED_CONTEXT} if without_keys else set())
    name[-1] = chance.choice([number for number in range(256) if number not in tolerated])
    fields[0xA1] = bytes(name)


def other_mechanism(fields: dict[int, bytes], conversation: Conversation, chance: Random) -> None:
    numbers = [number for number in range(256) if number != conversation.setting.mechanism]
    fields[0x89] = bytes.fromhex("608574050802") + bytes([chance.choice(numbers)])


def other_diagnostic(fields: dict[int, bytes], _conversation: Conversation, chance: Random) -> None:
    numbers = [number for number in range(256) if number not in _TOLERATED_DIAGNOSTICS]
    fields[0xA3] = bytes.fromhex("A1030201") + bytes([chance.choice(numbers)])


def reflected(fields: dict[int, bytes], conversation: Conversation, _chance: Random) -> None:
    fields[0xAA] = b"\x80" + sized(conversation.meter.ctos)


def reflected_in_blocks(fields: dict[int, bytes], conversation: Conversation, chance: Random) -> None:
    """Our challenge among other blocks: the answer to it, enciphered block by block, would hold the proof."""
    before = chance.randrange(4)
    blocks = (
        chance.randbytes(16 * before)
        + conversation.meter.ctos
        + chance.randbytes(chance.randrange(16 * (3 - before) + 1))
    )
    fields[0xAA] = b"\x80" + sized(blocks)


def short_challenge(fields: dict[int, bytes], _conversation: Conversation, chance: Random) -> None:
    length = chance.choice([0, 1, 7, 65, 100])
    if length:
        fields[0xAA] = b"\x80" + sized(chance.randbytes(length))
    else:
        del fields[0xAA]


def our_own_title(fields: dict[int, bytes], conversation: Conversation, _chance: Random) -> None:
    fields[0xA4] = b"\x04\x08" + conversation.meter.client_title


def plain_initiate(fields: dict[int, bytes], _conversation: Conversation, _chance: Random) -> None:
    fields[0xBE] = b"\x04" + sized(bytes.fromhex("0800065F1F0400001A1404000007"))


def flipped_initiate(fields: dict[int, bytes], _conversation: Conversation, chance: Random) -> None:
    """The protected InitiateResponse, altered: in its control octet, its counter, its content or its tag."""
    octets = bytearray(fields[0xBE])
    octets[-chance.randrange(1, 31)] ^= 1 << chance.randrange(8)
    fields[0xBE] = bytes(octets)


def initiate_of(conversation: Conversation, initiate: bytes) -> bytes:
    meter = conversation.meter
    if not conversation.setting.ciphered:
        return b"\x04" + sized(initiate)
    content = meter.sealed(initiate)
    if conversation.setting.general:
        return b"\x04" + sized(bytes([GENERAL_GLO]) + sized(meter.title) + sized(content))
    return b"\x04" + sized(b"\x28" + sized(content))


def other_terms(fields: dict[int, bytes], conversation: Conversation, chance: Random) -> None:
    """Terms that were not proposed: another version, another name, a size that is not allowed."""
    version, granted, size, name = 6, bytes.fromhex("001A14"), 1024, 7
    match chance.randrange(3):
        case 0:
            version = chance.choice([number for number in range(256) if number != 6])
        case 1:
            size = chance.randrange(1, 12)
        case _:
            name = chance.choice([number for number in range(0x10000) if number != 7])
    initiate = b"\x08\x00" + bytes([version]) + bytes.fromhex("5F1F0400") + granted
    fields[0xBE] = initiate_of(conversation, initiate + size.to_bytes(2, "big") + name.to_bytes(2, "big"))


def without_proof(fields: dict[int, bytes], _conversation: Conversation, chance: Random) -> None:
    """An AARE that says that nothing is left to prove: the mechanism decides, not the diagnostic."""
    fields[0xA3] = bytes.fromhex("A1030201") + bytes([chance.choice([0, 1])])
    for name in (0x88, 0x89, 0xAA):
        fields.pop(name, None)


# -- the proof


def proof_apdu(conversation: Conversation, proof: bytes) -> bytes:
    return b"\xc7\x01" + conversation.meter.plain[-1][2:3] + b"\x00\x01\x00\x09" + sized(proof)


def wrong_proof(conversation: Conversation, chance: Random) -> bytes:
    """Protected as it should be, where the association is: only what it proves is wrong."""
    honest = conversation.meter.honest_proof
    match chance.randrange(4):
        case 0:
            altered = bytearray(honest)
            altered[chance.randrange(len(altered))] ^= 1 << chance.randrange(8)
            proof = bytes(altered)
        case 1:
            proof = honest[: chance.randrange(len(honest))]
        case 2:
            proof = chance.randbytes(len(honest))
        case _:
            # The client's own proof of this association, sent back.
            request = conversation.meter.plain[-1]
            proof = request[15 : 15 + request[14]]
    return wpdu(protected(conversation, proof_apdu(conversation, proof)))


def missing_proof(conversation: Conversation, chance: Random) -> bytes:
    invoke = conversation.meter.plain[-1][2:3]
    ends = [b"\x00\x00", b"\x00\x01\x01\x00", b"\x00\x01\x00\x00", b"\x00\x01\x00\x11\x01", b"\x00\x01\x00\x09\x00"]
    return wpdu(protected(conversation, b"\xc7\x01" + invoke + chance.choice(ends)))


def value_before_proof(conversation: Conversation, _chance: Random) -> bytes:
    """A value, before the meter has proved itself."""
    return wpdu(protected(conversation, answer_of(conversation)))


# -- helpers


def answer_of(conversation: Conversation) -> bytes:
    """A plain GET response to whatever was asked last."""
    return b"\xc4\x01" + conversation.meter.plain[-1][2:3] + VALUE


def envelope_tag(conversation: Conversation) -> int:
    return 0xD4 if conversation.setting.dedicated else 0xCC


def sealed_part(conversation: Conversation, plain: bytes) -> bytes:
    size = 5 + len(plain) + (12 if conversation.setting.level & 0x10 else 0)
    return bytes(size)


def wrapped(conversation: Conversation, content: bytes) -> bytes:
    if conversation.setting.general:
        tag = GENERAL_DED if conversation.setting.dedicated else GENERAL_GLO
        return bytes([tag]) + sized(conversation.meter.title) + sized(content)
    return bytes([envelope_tag(conversation)]) + sized(content)


def protected(conversation: Conversation, plain: bytes) -> bytes:
    """Protect as the meter does, so that the protection is right."""
    setting, meter = conversation.setting, conversation.meter
    if not setting.ciphered:
        return plain
    content = meter.sealed(plain, dedicated=setting.dedicated)
    if setting.general:
        return wrapped(conversation, content)
    return bytes([plain[0] + (0x10 if setting.dedicated else 0x08)]) + sized(content)


FORGERS = (
    Forger("S03", STAGE_ANSWER, counter_of_our_own, ciphered),
    Forger("S06", STAGE_ANSWER, repeated, ciphered),
    Forger("S06", STAGE_ANSWER, overtaken, ciphered),
    Forger("S06", STAGE_ANSWER, later_counter, ciphered),
    Forger("S07", STAGE_ANSWER, reset_by_notification, ciphered),
    Forger("S08", STAGE_ANSWER, flipped, ciphered),
    Forger("S08", STAGE_ANSWER, cut_off, ciphered),
    Forger("S08", STAGE_ANSWER, extended, ciphered),
    Forger("S08", STAGE_ANSWER, made_up, ciphered),
    Forger("S08", STAGE_AARE, changed_aare(flipped_initiate), ciphered),
    Forger("S08", STAGE_PROOF, flipped, lambda setting: ciphered(setting) and high_level(setting)),
    Forger("S09", STAGE_ANSWER, shorter_tag, ciphered),
    Forger("S11", STAGE_ANSWER, other_control, ciphered),
    Forger("S11", STAGE_ANSWER, weaker, ciphered),
    Forger("S12", STAGE_ANSWER, plain_answer, ciphered),
    Forger("S12", STAGE_PROOF, plain_proof, lambda setting: ciphered(setting) and high_level(setting)),
    Forger("S12", STAGE_AARE, changed_aare(plain_initiate), ciphered),
    Forger("S13", STAGE_ANSWER, other_title, ciphered),
    Forger("S13", STAGE_AARE, changed_aare(our_own_title), lambda setting: ciphered(setting) or gmac(setting)),
    Forger("S14", STAGE_ANSWER, other_key_set, ciphered),
    Forger("S14", STAGE_ANSWER, unagreed_dedicated, lambda setting: setting.ciphered and not setting.dedicated),
    Forger("S14", STAGE_ANSWER, unagreed_envelope, ciphered),
    Forger("S15", STAGE_ANSWER, compressed, ciphered),
    Forger("S16", STAGE_ANSWER, nested, ciphered),
    Forger("S16", STAGE_ANSWER, other_service, ciphered),
    Forger("S18", STAGE_AARE, changed_aare(other_context), everywhere),
    Forger("S18", STAGE_AARE, changed_aare(other_mechanism), everywhere),
    Forger("S18", STAGE_AARE, changed_aare(other_diagnostic), everywhere),
    Forger("S18", STAGE_AARE, changed_aare(other_terms), everywhere),
    Forger("S19", STAGE_AARE, changed_aare(reflected), high_level),
    Forger("S19", STAGE_AARE, changed_aare(reflected_in_blocks), block_by_block),
    Forger("S19", STAGE_AARE, changed_aare(short_challenge), high_level),
    Forger("S19", STAGE_AARE, changed_aare(without_proof), high_level),
    Forger("S19", STAGE_PROOF, wrong_proof, high_level),
    Forger("S19", STAGE_PROOF, missing_proof, high_level),
    Forger("S19", STAGE_PROOF, value_before_proof, high_level),
    Forger("S22", STAGE_ANSWER, other_address, everywhere),
    Forger("S22", STAGE_ANSWER, other_invoke_id, everywhere),
)
