"""Secrets that cannot leak by accident: no repr, no str, no equality short-cut, no pickle (rule S27)."""

from typing import NoReturn, final, override

from ..errors import LocalProtocolError


@final
class Secret:
    """A password, HLS secret or key. The octets come out only by :meth:`reveal`, at the place that needs them."""

    __slots__ = ("__octets",)

    def __init__(self, octets: bytes) -> None:
        """Hold ``octets``."""
        self.__octets = bytes(octets)

    @classmethod
    def from_text(cls, text: str) -> Secret:
        """Hold a password typed by a person, as UTF-8 (the same as ASCII for what meters accept)."""
        return cls(text.encode())

    def reveal(self) -> bytes:
        """Return the octets. Never log, format or store what this returns."""
        return self.__octets

    def __len__(self) -> int:
        """Return the number of octets, which may be shown."""
        return len(self.__octets)

    @override
    def __repr__(self) -> str:
        """Say that there is something, not what."""
        return "Secret(...)"

    @override
    def __str__(self) -> str:
        """Same as repr: formatting must not leak either."""
        return "Secret(...)"

    @override
    def __eq__(self, other: object) -> bool:
        """Refuse: secrets are compared in constant time, by the code that knows why."""
        raise LocalProtocolError("secrets are not compared with ==")

    __hash__ = None  # type: ignore[assignment]  # object declares a method; None is how a class is made unhashable

    @override
    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied into a file."""
        raise LocalProtocolError("secrets are not serialised")
