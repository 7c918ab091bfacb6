"""What people type for keys: symmetric keys, HLS secrets, system titles, and keys and certificates in PEM.

Keys arrive as they stand in letters and mails: with spaces, dashes, colons or 0x. What comes out is one form, fit for the data
of an entry. An error says what is wrong with an input, never what was typed. Knows nothing of forms.
"""

import base64
import binascii
from collections.abc import Callable
from itertools import pairwise
import re
from typing import Final

from ..dlms import (
    LocalProtocolError,
    PrivateKey,
    PublicKey,
    Secret,
    SecuritySuite,
    load_private_key_pem,
    load_public_key_pem,
)

MAX_SECRET: Final = 64
"""Octets of an HLS secret; meters have room for less."""
MAX_MANUFACTURER_SECRET: Final = 16
"""Octets of the secret of mechanism 2: it is an AES-128 key."""

_DECORATION: Final = re.compile(r"0[xX]|[\s:,;.\-–_]")  # word processors make a long dash of two hyphens
_HEX: Final = re.compile(r"[0-9A-Fa-f]*")
_SPELT_TITLE: Final = re.compile(r"([A-Za-z]{3})([0-9A-Fa-f]{10})")
_PEM: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
_LOCKED: Final = ("ENCRYPTED PRIVATE KEY", "Proc-Type:")
_TITLE_OCTETS: Final = 8
_EXAMPLE_STEPS: Final = {0x00, 0x01, 0x11}


class KeyInputError(ValueError):
    """An input that cannot be used; `reason` is the key of the sentence that says why."""

    def __init__(self, reason: str, *, octets: int = 0) -> None:
        """Keep the reason, and the number of octets that would be right where that is what is wrong."""
        super().__init__(reason)
        self.reason = reason
        self.octets = octets


def parse_key(typed: str, suite: int) -> str:
    """Return a symmetric key of a security suite as hexadecimal digits. KeyInputError: not_hex, key_length."""
    octets = SecuritySuite(suite).key_length
    digits = _DECORATION.sub("", typed)
    if _HEX.fullmatch(digits) is None:
        raise KeyInputError("not_hex")
    if len(digits) != 2 * octets:
        raise KeyInputError("key_length", octets=octets)
    return digits.upper()


def parse_system_title(typed: str) -> str:
    """Return a system title as 16 hexadecimal digits.

    Takes these, or the three letters of the maker and ten digits. KeyInputError: invalid_system_title.
    """
    digits = _DECORATION.sub("", typed)
    if (spelt := _SPELT_TITLE.fullmatch(digits)) is not None:
        digits = spelt[1].encode().hex() + spelt[2]
    if len(digits) != 2 * _TITLE_OCTETS or _HEX.fullmatch(digits) is None:
        raise KeyInputError("invalid_system_title")
    return digits.upper()


def parse_secret(typed: str, *, limit: int = MAX_SECRET) -> str:
    """Return an HLS secret as it is kept: text as it is, octets as 0x and digits. KeyInputError: secret_..."""
    text = typed.strip()
    if text[:2] in {"0x", "0X"}:
        digits = _DECORATION.sub("", text)
        if not digits or len(digits) % 2 or _HEX.fullmatch(digits) is None:
            raise KeyInputError("secret_not_hex")
        text = f"0x{digits.upper()}"
    else:
        text = typed  # spaces may belong to it
    if not 0 < len(secret_octets(text)) <= limit:
        raise KeyInputError("secret_length", octets=limit)
    return text


def secret_octets(kept: str) -> Secret:
    """Return the octets of an HLS secret in the form that :func:`parse_secret` gives it."""
    return Secret(bytes.fromhex(kept[2:])) if kept.startswith("0x") else Secret.from_text(kept)


def is_public_example(digits: str) -> bool:
    """Whether a key is one that is printed in the standard, or as well known: 0001..0F, D0D1..DF, 0011..FF, all zero.

    Their octets go up by 1, by 17 or not at all, and so do those of their forms for suite 2, where the second half may repeat the
    first.
    """
    octets = bytes.fromhex(digits)
    half = len(octets) // 2
    if len(octets) > 16 and octets[:half] == octets[half:]:
        octets = octets[:half]
    steps = {(after - before) % 256 for before, after in pairwise(octets)}
    return len(steps) == 1 and steps <= _EXAMPLE_STEPS


def parse_private_key(typed: str, suite: int) -> str:
    """Return a private key for ECDSA as PEM.

    KeyInputError: not_a_private_key, key_with_pass_phrase, key_of_other_suite.
    """
    if any(sign in typed for sign in _LOCKED):
        raise KeyInputError("key_with_pass_phrase")
    pem = _pem(typed, ("PRIVATE KEY", "EC PRIVATE KEY"), "not_a_private_key")
    _load(lambda of: load_private_key_pem(of, Secret.from_text(pem)), suite, "not_a_private_key")
    return pem


def parse_public_key(typed: str, suite: int) -> str:
    """Return a public key or a certificate as PEM. KeyInputError: not_a_public_key, key_of_other_suite."""
    pem = _pem(typed, ("PUBLIC KEY", "CERTIFICATE"), "not_a_public_key")
    _load(lambda of: load_public_key_pem(of, pem.encode())[0], suite, "not_a_public_key")
    return pem


def parse_certificate(typed: str, suite: int, private_key: str) -> str:
    """Return our own certificate as PEM.

    KeyInputError: not_a_certificate, key_of_other_suite, certificate_of_other_key.
    """
    pem = _pem(typed, ("CERTIFICATE",), "not_a_certificate")
    public = _load(lambda of: load_public_key_pem(of, pem.encode())[0], suite, "not_a_certificate")
    own = load_private_key_pem(SecuritySuite(suite), Secret.from_text(private_key)).public_key
    if public.octets != own.octets:
        raise KeyInputError("certificate_of_other_key")
    return pem


def title_in_certificate(pem: str, suite: int) -> str | None:
    """Return the system title that a certificate names as its subject, None when it names none, or is a bare key."""
    title = load_public_key_pem(SecuritySuite(suite), pem.encode())[1]
    return title.hex().upper() if len(title) == _TITLE_OCTETS else None


def _load[K: (PrivateKey, PublicKey)](load: Callable[[SecuritySuite], K], suite: int, reason: str) -> K:
    """Return a key, or say whether it is none at all or one of the other suite."""
    wanted = SecuritySuite(suite)
    other = SecuritySuite.SUITE_1 if wanted is SecuritySuite.SUITE_2 else SecuritySuite.SUITE_2
    try:
        return load(wanted)
    except LocalProtocolError:
        pass
    try:
        load(other)
    except LocalProtocolError:
        raise KeyInputError(reason) from None
    raise KeyInputError("key_of_other_suite")


def _pem(typed: str, labels: tuple[str, ...], reason: str) -> str:
    """Return the first block with one of these labels, in lines as PEM has them: fields of one line lose the line ends."""
    for label, body in _PEM.findall(typed):
        if label in labels:
            packed = "".join(body.split())
            try:
                base64.b64decode(packed, validate=True)
            except binascii.Error:
                break
            lines = [packed[start : start + 64] for start in range(0, len(packed), 64)]
            return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
    raise KeyInputError(reason)
