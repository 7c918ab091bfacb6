"""Ways around the caps, and words."""

from .house import METER

MANY = ", ".join(f"p{number}" for number in range(7))
LONG = "\n".join(f"    x = {number}" for number in range(41))

FOUND = [
    # Sizes.
    ("file size", METER, "x = 1\n" * 501),
    ("file size", "cosem.meter.catalogue.extra", "x = 1\n" * 501),
    ("file size", "cosem.dlms.catalogue.extra", "x = 1\n" * 501),
    ("file size", "cosem.catalogue_of_more.extra", "x = 1\n" * 501),
    ("class size", METER, "class Row:\n" + "    x = 1\n" * 250),
    ("class size", METER, "def made():\n    class Row:\n" + "        x = 1\n" * 250),
    ("function size", METER, "def read():\n" + LONG),
    ("function size", METER, "class Row:\n  @property\n  def read(self):\n" + LONG),
    ("function size", METER, "def outer():\n  def inner():\n" + LONG),
    (
        "function size",
        METER,
        "if x:\n  try:\n    async def read():\n" + LONG.replace("    x", "      x") + "\n  finally: ...",
    ),
    ("function size", METER, "read = lambda: (\n" + "    1 +\n" * 41 + "    1)"),
    ("parameters", METER, f"def read({MANY}): ..."),
    ("parameters", METER, f"@anything\ndef read({MANY}): ..."),
    ("parameters", METER, f"@overload\ndef read({MANY}): ..."),
    ("parameters", METER, f"async def read({MANY}): ..."),
    ("parameters", METER, f"def read(*, {MANY}): ..."),
    ("parameters", METER, f"def read({MANY[:-4]}, *more): ..."),
    ("parameters", METER, f"def read({MANY[:-4]}, **more): ..."),
    ("parameters", METER, f"class Row:\n    def read(self, {MANY}): ..."),
    ("parameters", METER, f"class Row:\n    @staticmethod\n    def read({MANY}): ..."),
    ("parameters", METER, f"def read(self, {MANY[:-4]}): ..."),
    ("parameters", METER, "from typing import Unpack\ndef read(**options: Unpack[Seven]): ..."),
    ("parameters", METER, "from typing import Unpack as U\ndef read(*numbers: U[Seven]): ..."),
    ("parameters", METER, "import typing as t\ndef read(**options: t.Unpack[Seven]): ..."),
    ("parameters", METER, "from typing import Unpack\nOptions = Unpack[Seven]\ndef read(**options: Options): ..."),
    ("parameters", METER, "def read(*numbers: *tuple[int, int, int, int, int, int, int]): ..."),
    ("parameters", METER, f"def read(*values):\n    {MANY} = values"),
    ("parameters", METER, f"def read({MANY[:-8]}, **options):\n    return options['a'], options.pop('b')"),
    ("parameters", METER, f"def read({MANY[:-8]}, *values):\n    return values[0] + values[1]"),
    ("parameters", METER, f"def outer():\n    def inner({MANY}): ..."),
    ("parameters", METER, f"read = lambda {MANY}: None"),
    # Words.
    ("module docstring", METER, "x = 1"),
    ("module docstring", METER, "''"),
    ("module docstring", METER, '"""   """'),
    ("module docstring", METER, "x = 1\n'''late'''"),
    ("standard terms", METER, "def read(session): ..."),
    ("standard terms", METER, "class Telegram: ..."),
    ("standard terms", METER, "self.mtu = 1"),
    ("standard terms", METER, "from ..dlms import Association as Session"),
    ("reasons for exemptions", METER, "x = 1  # noqa"),
    ("reasons for exemptions", METER, "x = 1  # noqa: S105"),
    ("reasons for exemptions", METER, "x = 1  # type: ignore[assignment]"),
    ("reasons for exemptions", METER, "x = 1  # pragma: no cover"),
]

LET_THROUGH = [
    ("file size", "cosem.catalogue.extra", "x = 1\n" * 900),
    ("file size", METER, "x = 1\n" * 500),
    ("class size", METER, "class Row:\n" + "    x = 1\n" * 249),
    ("function size", METER, "def read():\n" + "    x = 1\n" * 39),
    ("function size", "cosem.dlms.encoding.data", "def decode_data():\n" + LONG),
    (
        "parameters",
        METER,
        f"class Row:\n    def read(self, {MANY[:-4]}): ...\n    @classmethod\n    def make(cls, {MANY[:-4]}): ...",
    ),
    ("parameters", METER, f"def read({MANY[:-4]}): ..."),
    (
        "parameters",
        METER,
        f"def read({MANY[:-12]}, *values, **options):\n    return values[0], list(values), use(**options)",
    ),
    ("module docstring", METER, '"""What it is for."""'),
    ("standard terms", METER, "def read(association, apdu): ..."),
    ("reasons for exemptions", METER, "x = 1  # noqa: S105 - the name of a field"),
    ("reasons for exemptions", METER, "# the name of a field\nx = 1  # noqa: S105"),
]
