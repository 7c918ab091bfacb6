"""Ways to hide `Any`."""

from .house import LOW, METER

FOUND = [
    # Any in public signatures.
    ("no Any", LOW, "from typing import Any\ndef read(x: Any): ..."),
    ("no Any", LOW, "from typing import Any\ndef read() -> list[Any]: ..."),
    ("no Any", LOW, "from typing import Any\ndef read(**more: Any): ..."),
    ("no Any", LOW, "from typing import Any\ndef read(*more: Any): ..."),
    ("no Any", LOW, "from typing import Any as Data\ndef read(x: Data): ..."),
    ("no Any", LOW, "import typing\ndef read(x: typing.Any): ..."),
    ("no Any", LOW, "import typing as t\ndef read(x: t.Any): ..."),
    ("no Any", LOW, "from typing import Any\ndef read(x: 'dict[str, Any]'): ..."),
    ("no Any", LOW, "from typing import Any\nJson = dict[str, Any]\ndef read(x: Json): ..."),
    ("no Any", LOW, "from typing import Any\ntype _Json = dict[str, Any]\ndef read(x: _Json): ..."),
    ("no Any", LOW, "from typing import Any\nclass Row:\n    def read(self, x: Any): ..."),
    ("no Any", LOW, "from typing import Any\nclass Row:\n    value: Any"),
    ("no Any", LOW, "from typing import Any\nclass Row:\n    def __init__(self, value: Any): ..."),
    ("no Any", LOW, "from typing import Any\nclass Row(dict[str, Any]): ..."),
    ("no Any", LOW, "from typing import Any\nif True:\n    def read(x: Any): ..."),
    ("no Any", LOW, "from typing import Any\nasync def read(x: Any): ..."),
    *(
        ("no Any", LOW, f"from typing import Any, NamedTuple, NewType, TypedDict, TypeVar, cast\n{source}")
        for source in (
            "def f[T: Any](x: T): ...",
            "def f[T: (int, Any)](x: T): ...",
            "async def f[T = Any](x: T): ...",
            "def f[**P = [Any]](x: Callable[P, int]): ...",
            "class Box[T = Any]: ...",
            "class Box[T: dict[str, Any]]: ...",
            "class Box(Generic, extra=Any): ...",
            "class Box:\n    def read[T: Any](self, x: T): ...",
            "class Box:\n    def __init__(self) -> None:\n        self.value: Any = 1",
            "class Box:\n    VALUE = cast(Any, 1)",
            "REGISTRY: dict[str, Any] = {}",
            "VALUE = cast('Any', 1)",
            "Row = NamedTuple('Row', [('x', Any)])",
            "Row = TypedDict('Row', {'x': Any})",
            "type Json = dict[str, Any]",
            "type Json[T = Any] = dict[str, T]",
            "Number = NewType('Number', Any)\ndef f(x: Number): ...",
            "T = TypeVar('T', bound=Any)\ndef f(x: T): ...",
        )
    ),
    ("no Any", LOW, "def read(x):  # type: (Any) -> None\n    ..."),
    ("no Any", LOW, "x = {}  # type: dict[str, Any]"),
]

LET_THROUGH = [
    ("no Any", LOW, "from typing import Any\ndef _read(x: Any): ...\ndef read(x: 'int') -> None: ..."),
    (
        "no Any",
        LOW,
        "from typing import Any\n_ROWS: dict[str, Any] = {}\ntype _Json = Any\nx = 1  # type: ignore[x] - why",
    ),
    (
        "no Any",
        LOW,
        "from typing import Any\nclass Row:\n    def _f(self):\n        self.x: Any = 1\n        y: Any = 1",
    ),
    ("no Any", METER, "from typing import Any\ndef read(x: Any): ..."),
]
