"""How people write authentication mechanisms and protections: on the command line, in forms, in stored settings.

Names only and no imports, so that the command line's --help is quick. typed.py turns them into what they mean.
"""

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
"""By the number of the mechanism (last arc of the authentication mechanism name)."""

PROTECTION_NAMES: Final = ("none", "authenticated", "encrypted", "authenticated-encryption")
"""By the two bits of the security control octet: 1 authenticated, 2 encrypted."""
