"""Names of mechanisms and protections. No imports, for a quick --help."""

from typing import Final

MECHANISM_NAMES: Final = (
    "none",
    "lls",
    "hls-manufacturer",
    "hls-md5",
    "hls-sha1",
    "hls-gmac",
    "hls-sha256",
    "hls-ecdsa",
)
"""By mechanism number."""

PROTECTION_NAMES: Final = ("none", "authenticated", "encrypted", "authenticated-encryption")
"""By the two bits of the security control octet: 1 authenticated, 2 encrypted."""
