"""Typed keys, HLS secrets, system titles, PEM, and names.

Spaces, dashes, colons and 0x are accepted; one form comes out, fit to be stored. A function raises
TypedInputError with one of the InputFaults that its docstring names, and never repeats what was typed (rule S27).
"""

from collections.abc import Callable
from enum import StrEnum
from itertools import pairwise
import re
from typing import Final

from ..apdu.acse import Mechanism
from ..errors import LocalProtocolError
from .key_pairs import PrivateKey, PublicKey, load_private_key_pem, load_public_key_pem
from .keys import Secret
from .names import MECHANISM_NAMES, PROTECTION_NAMES
from .suite import SYSTEM_TITLE_LENGTH, Protection, SecuritySuite

MAX_SECRET: Final = 64
"""Octets of an HLS secret."""
MAX_MANUFACTURER_SECRET: Final = 16
"""Octets for mechanism 2, an AES-128 key."""

_DECORATION: Final = re.compile(r"0[xX]|[\s:,;.\-–_]")  # word processors make a long dash of two hyphens
_HEX: Final = re.compile(r"[0-9A-Fa-f]*")
_SPELT_TITLE: Final = re.compile(r"([A-Za-z]{3})([0-9A-Fa-f]{10})")
_PEM_LINE: Final = 64
_PRIVATE: Final = ("PRIVATE KEY", "EC PRIVATE KEY")
_CERTIFICATE: Final = ("CERTIFICATE",)
_PUBLIC: Final = ("PUBLIC KEY", *_CERTIFICATE)
_SHORTEST_KEY: Final = 32
"""Characters of a symmetric key in hex."""
_LOCKED: Final = ("ENCRYPTED PRIVATE KEY", "Proc-Type:")
_EXAMPLE_STEPS: Final = {0x00, 0x01, 0x11}
_NO_PRIVATE_KEY: Final = "not a PEM private key without pass phrase"


class InputFault(StrEnum):
    """Why an input cannot be used."""

    NOT_HEX = "not_hex"
    KEY_LENGTH = "key_length"
    INVALID_SYSTEM_TITLE = "invalid_system_title"
    SECRET_NOT_HEX = "secret_not_hex"  # noqa: S105 - the name of a fault
    SECRET_LENGTH = "secret_length"  # noqa: S105 - likewise
    NOT_A_PRIVATE_KEY = "not_a_private_key"
    KEY_WITH_PASS_PHRASE = "key_with_pass_phrase"  # noqa: S105 - likewise
    NOT_A_PUBLIC_KEY = "not_a_public_key"
    NOT_A_CERTIFICATE = "not_a_certificate"
    KEY_OF_OTHER_SUITE = "key_of_other_suite"
    CERTIFICATE_OF_OTHER_KEY = "certificate_of_other_key"
    UNKNOWN_NAME = "unknown_name"


class TypedInputError(LocalProtocolError):
    """An unusable input. ``octets``: how many would be right; ``digits``: how many there are."""

    def __init__(self, reason: InputFault, text: str = "", *, octets: int = 0, digits: int = 0) -> None:
        super().__init__(text or reason.value.replace("_", " "))
        self.reason = reason
        self.octets = octets
        self.digits = digits


def parse_mechanism(name: str) -> Mechanism:
    """Return the mechanism of a name. UNKNOWN_NAME."""
    if name not in MECHANISM_NAMES:
        raise TypedInputError(InputFault.UNKNOWN_NAME)
    return Mechanism(MECHANISM_NAMES.index(name))


def parse_protection(name: str) -> Protection:
    """Return the protection of a name, also with underscores. UNKNOWN_NAME."""
    spelt = name.replace("_", "-")
    if spelt not in PROTECTION_NAMES:
        raise TypedInputError(InputFault.UNKNOWN_NAME)
    return Protection(PROTECTION_NAMES.index(spelt) * Protection.AUTHENTICATED)


def hex_digits(typed: str) -> str:
    """Return upper case hex digits without separators. NOT_HEX."""
    digits = _DECORATION.sub("", typed)
    if _HEX.fullmatch(digits) is None:
        raise TypedInputError(InputFault.NOT_HEX)
    return digits.upper()


def parse_key(typed: str, suite: int) -> str:
    """Return a symmetric key as hex digits. NOT_HEX, KEY_LENGTH."""
    octets = SecuritySuite(suite).key_length
    digits = hex_digits(typed)
    if len(digits) != 2 * octets:
        raise TypedInputError(InputFault.KEY_LENGTH, octets=octets, digits=len(digits))
    return digits


def parse_system_title(typed: str) -> str:
    """Return 16 digits, from these or three letters and ten digits. INVALID_SYSTEM_TITLE."""
    digits = _DECORATION.sub("", typed)
    if (spelt := _SPELT_TITLE.fullmatch(digits)) is not None:
        digits = spelt[1].encode().hex() + spelt[2]
    if len(digits) != 2 * SYSTEM_TITLE_LENGTH or _HEX.fullmatch(digits) is None:
        raise TypedInputError(InputFault.INVALID_SYSTEM_TITLE)
    return digits.upper()


def parse_secret(typed: str, *, limit: int | None = MAX_SECRET) -> str:
    """Return an HLS secret to store: text, or octets as 0x and digits.

    SECRET_NOT_HEX, SECRET_LENGTH (none, or more than ``limit`` octets).
    """
    text = typed.strip()
    if text[:2] in {"0x", "0X"}:
        digits = _DECORATION.sub("", text)
        if not digits or len(digits) % 2 or _HEX.fullmatch(digits) is None:
            raise TypedInputError(InputFault.SECRET_NOT_HEX, digits=len(digits))
        text = f"0x{digits.upper()}"
    else:
        text = typed  # spaces may belong to it
    size = len(secret_octets(text))
    if not size or (limit is not None and size > limit):
        raise TypedInputError(InputFault.SECRET_LENGTH, octets=limit or 0)
    return text


def secret_octets(kept: str) -> Secret:
    """Return the octets of what :func:`parse_secret` returned."""
    if kept.startswith("0x"):
        return Secret(bytes.fromhex(kept[2:]))
    return Secret(kept.encode(errors="surrogateescape"))  # an environment need not be UTF-8


def is_public_example(digits: str) -> bool:
    """Whether a key is a well-known example: 0001..0F, D0D1..DF, 0011..FF, all zero (rule S32)."""
    # Octets of examples go up by 1, by 17 or not at all; in suite 2 the second half may repeat the first.
    octets = bytes.fromhex(digits)
    half = len(octets) // 2
    if len(octets) > 16 and octets[:half] == octets[half:]:
        octets = octets[:half]
    steps = {(after - before) % 256 for before, after in pairwise(octets)}
    return len(steps) == 1 and steps <= _EXAMPLE_STEPS


def parse_private_key(typed: str, suite: int) -> str:
    """Return PEM. NOT_A_PRIVATE_KEY, KEY_WITH_PASS_PHRASE, KEY_OF_OTHER_SUITE."""
    if any(sign in typed for sign in _LOCKED):
        raise TypedInputError(InputFault.KEY_WITH_PASS_PHRASE, _NO_PRIVATE_KEY)
    pem = _pem(typed, _PRIVATE)
    if pem is None:
        raise TypedInputError(InputFault.NOT_A_PRIVATE_KEY, _NO_PRIVATE_KEY)
    _load(lambda of: load_private_key_pem(of, Secret.from_text(pem)), suite, InputFault.NOT_A_PRIVATE_KEY)
    return pem


def parse_public_key(typed: str, suite: int) -> str:
    """Return PEM of a key or certificate. NOT_A_PUBLIC_KEY, KEY_OF_OTHER_SUITE."""
    return _parse_public(typed, suite, InputFault.NOT_A_PUBLIC_KEY)[0]


def parse_certificate(typed: str, suite: int, private_key: str, *, bare_key: bool = False) -> str:
    """Return our certificate as PEM; with ``bare_key`` also a key. ``private_key``: parsed before.

    NOT_A_CERTIFICATE, KEY_OF_OTHER_SUITE, CERTIFICATE_OF_OTHER_KEY.
    """
    pem, public = _parse_public(typed, suite, InputFault.NOT_A_CERTIFICATE, bare_key=bare_key)
    own = load_private_key_pem(SecuritySuite(suite), Secret.from_text(private_key)).public_key
    if public.octets != own.octets:
        raise TypedInputError(InputFault.CERTIFICATE_OF_OTHER_KEY)
    return pem


def _parse_public(typed: str, suite: int, reason: InputFault, *, bare_key: bool = True) -> tuple[str, PublicKey]:
    pem = _pem(typed, _PUBLIC if bare_key else _CERTIFICATE)
    if pem is None:
        is_certificate = "-----BEGIN CERTIFICATE-----" in typed
        raise TypedInputError(reason, f"not a PEM {'certificate' if is_certificate else 'public key or certificate'}")
    return pem, _load(lambda of: load_public_key_pem(of, pem.encode())[0], suite, reason)


def title_in_certificate(pem: str, suite: int) -> str | None:
    """Return the system title of a certificate, or None."""
    title = load_public_key_pem(SecuritySuite(suite), pem.encode())[1]
    return title.hex().upper() if len(title) == SYSTEM_TITLE_LENGTH else None


def _load[K: (PrivateKey, PublicKey)](load: Callable[[SecuritySuite], K], suite: int, reason: InputFault) -> K:
    """Load a key; report one of the other suite."""
    wanted = SecuritySuite(suite)
    other = SecuritySuite.SUITE_1 if wanted is SecuritySuite.SUITE_2 else SecuritySuite.SUITE_2
    try:
        return load(wanted)
    except LocalProtocolError as error:
        text = str(error)
    try:
        load(other)
    except LocalProtocolError:
        raise TypedInputError(reason, text) from None
    raise TypedInputError(InputFault.KEY_OF_OTHER_SUITE, text)


def public_part(typed: str) -> str | None:
    """Return what may be shown again of a text in a public field: no key or private PEM that was pasted there."""
    return typed if len(typed) < _SHORTEST_KEY else _pem(typed, _PUBLIC)


def _pem(typed: str, labels: tuple[str, ...]) -> str | None:
    """Return the first block with such a label, in a time that only grows with the length."""
    found = []
    for label in labels:
        before, begins, rest = typed.partition(f"-----BEGIN {label}-----")
        body, ends, _ = rest.partition(f"-----END {label}-----")
        if begins and ends:
            found.append((len(before), label, body))
    if not found:
        return None
    _, label, body = min(found)
    packed = "".join(body.split())
    if not packed.isascii():  # what an environment holds may not even be text
        return None
    # A field of one line loses the line ends.
    lines = [packed[start : start + _PEM_LINE] for start in range(0, len(packed), _PEM_LINE)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
