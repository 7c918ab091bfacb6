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
]

LET_THROUGH = [
    ("no Any", LOW, "from typing import Any\ndef _read(x: Any): ...\ndef read(x: 'int') -> None: ..."),
    ("no Any", METER, "from typing import Any\ndef read(x: Any): ..."),
]
