"""Secrets that do not leak by accident: no repr, str, == or pickle (rule S27)."""

from typing import NoReturn, final, override

from ..errors import LocalProtocolError


@final
class Secret:
    """A password, HLS secret or key; only :meth:`reveal` shows the octets."""

    __slots__ = ("__octets",)

    def __init__(self, octets: bytes) -> None:
        self.__octets = bytes(octets)

    @classmethod
    def from_text(cls, text: str) -> Secret:
        """Hold typed text as UTF-8."""
        return cls(text.encode())

    def reveal(self) -> bytes:
        """Return the octets. Never log, format or store them."""
        return self.__octets

    def __len__(self) -> int:
        return len(self.__octets)

    @override
    def __repr__(self) -> str:
        return "Secret(...)"

    @override
    def __str__(self) -> str:
        return "Secret(...)"

    @override
    def __eq__(self, other: object) -> bool:
        # Secrets are compared in constant time, where that is needed.
        raise LocalProtocolError("secrets are not compared with ==")

    __hash__ = None  # type: ignore[assignment]  # object declares a method; None is how a class is made unhashable

    @override
    def __reduce__(self) -> NoReturn:
        raise LocalProtocolError("secrets are not serialised")
