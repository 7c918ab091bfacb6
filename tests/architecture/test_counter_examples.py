"""Ways around the rules, each found; and code that only looks like one, let through."""

import pytest

from tests.architecture import layers, mirrored, sizes
from tests.architecture.checks import OF_MODULES
from tests.architecture.source import Finding
from tools.rooms import Module, modules_of

HOUSE = {
    "__init__": "async def async_setup_entry(): ...",
    "catalogue/model": "class Description: ...",
    "const": "DOMAIN = 'cosem'",
    "coordinator": "class CosemCoordinator: ...",
    "dlms/__init__": "__all__ = ['Association', 'DlmsClient', 'DlmsError', 'LocalProtocolError']",
    "dlms/apdu/common": "class Selection: ...",
    "dlms/client/__init__": "",
    "dlms/client/link": "import asyncio\nclass Link: ...",
    "dlms/command_line/run": "def run(): ...",
    "dlms/encoding/data": "class Data: ...",
    "dlms/encoding/octets": "class Reader: ...",
    "dlms/errors": "class DlmsError(Exception): ...\nclass LocalProtocolError(DlmsError): ...",
    "dlms/interface_classes/register": "class ScalerUnit: ...",
    "dlms/limits": "",
    "dlms/protocol/connection": "class Connection: ...",
    "dlms/security/keys": "class Secret: ...",
    "entity": "class CosemEntity: ...",
    "forms/__init__": "",
    "forms/texts": "",
    "meter/__init__": "",
    "meter/doctor": "",
    "meter/error_mapping": "from ..dlms import DlmsError",
    "meter/store": "class MeterStore: ...",
    "sensor": "class CosemSensor: ...",
}
MODULES = modules_of({f"cosem/{name}.py": source for name, source in HOUSE.items()})
"""A small house of the same shape, so that the examples need nothing of the real one."""

MANY = ", ".join(f"p{number}" for number in range(7))
LONG = "\n".join(f"    x = {number}" for number in range(41))


def _checked(check: str, name: str, source: str, **others: str) -> list[Finding]:
    """The findings of one check in a module of this name, which joins the small house."""
    module = Module(name, is_package=name == "cosem", source=source)
    more = {f"cosem.{other.replace('__', '.')}": text for other, text in others.items()}
    tree = (
        dict(MODULES) | {name: module} | {key: Module(key, is_package=False, source=text) for key, text in more.items()}
    )
    return list(OF_MODULES[check](module, tree))


LOW = "cosem.dlms.apdu.extra"
PROTOCOL = "cosem.dlms.protocol.extra"
CLIENT = "cosem.dlms.client.extra"
COMMAND_LINE = "cosem.dlms.command_line.extra"
METER = "cosem.meter.extra"
PLATFORM = "cosem.extra"

FOUND = [
    # Layers, in every spelling and at every place.
    ("stack layers", LOW, "from ..client.link import Link"),
    ("stack layers", LOW, "from custom_components.cosem.dlms.client import link"),
    ("stack layers", LOW, "import custom_components.cosem.dlms.client.link as link"),
    ("stack layers", LOW, "from dlms.client.link import Link"),
    ("stack layers", LOW, "def later():\n    from ..client.link import Link"),
    ("stack layers", LOW, "if TYPE_CHECKING:\n    from ..client.link import Link"),
    ("stack layers", LOW, "if TYPE_CHECKING:\n    import re\nelse:\n    from ..client.link import Link"),
    ("stack layers", LOW, "if not TYPE_CHECKING:\n    from ..client.link import Link"),
    ("stack layers", LOW, "try:\n    from ..client.link import Link\nexcept ImportError:\n    Link = None"),
    ("stack layers", LOW, "match 1:\n    case 1:\n        from ..client.link import Link"),
    ("stack layers", LOW, "import re; from ..client.link import Link"),
    ("stack layers", LOW, "from .. import client"),
    ("stack layers", LOW, "from ..security.keys import Secret"),
    ("stack layers", "cosem.dlms.security.extra", "from ..interface_classes.register import ScalerUnit"),
    ("stack layers", CLIENT, "from ..command_line.run import run"),
    ("stack layers", CLIENT, "from ...const import DOMAIN"),
    ("stack layers", CLIENT, "import cosem.const"),
    ("stack layers", CLIENT, "from custom_components.cosem import const"),
    ("stack layers", "cosem.dlms.extra", "import re"),
    ("known imports", LOW, "from ..client.link import asyncio"),
    ("known imports", LOW, "from ..client.nowhere import Link"),
    ("known imports", LOW, "from ..errors import *"),
    ("known imports", LOW, "from .... import other_integration"),
    ("known imports", METER, "from ...other_integration import const"),
    # The front door.
    ("front door", METER, "from .. import dlms"),
    ("front door", METER, "from .. import dlms as stack"),
    ("front door", PLATFORM, "from . import dlms"),
    ("front door", PLATFORM, "import custom_components.cosem.dlms"),
    ("front door", PLATFORM, "import custom_components.cosem.dlms as stack"),
    ("front door", PLATFORM, "import dlms"),
    ("front door", METER, "from ..dlms.errors import DlmsError"),
    ("front door", METER, "from custom_components.cosem.dlms.errors import DlmsError"),
    ("front door", METER, "from dlms.errors import DlmsError"),
    ("front door", METER, "from ..dlms import errors"),
    ("front door", METER, "from ..dlms import *"),
    ("front door", METER, "def later():\n    from ..dlms import errors"),
    ("front door", CLIENT, "from .. import DlmsClient"),
    ("front door", CLIENT, "import custom_components.cosem.dlms"),
    # Arrows inside the integration.
    ("integration arrows", "cosem.catalogue.extra", "from ..const import DOMAIN"),
    ("integration arrows", "cosem.catalogue.extra", "from ..meter.store import MeterStore"),
    ("integration arrows", METER, "from ..coordinator import CosemCoordinator"),
    ("integration arrows", METER, "if TYPE_CHECKING:\n    from ..coordinator import CosemCoordinator"),
    ("integration arrows", METER, "from custom_components.cosem.forms import texts"),
    ("integration arrows", METER, "from .. import coordinator"),
    ("integration arrows", "cosem.coordinator", "from .entity import CosemEntity"),
    ("integration arrows", "cosem.forms.extra", "from ..coordinator import CosemCoordinator"),
    ("integration arrows", PLATFORM, "from .sensor import CosemSensor"),
    ("integration arrows", PLATFORM, "from . import sensor"),
    ("integration arrows", PLATFORM, "from . import async_setup_entry"),
    ("integration arrows", "cosem", "from .sensor import CosemSensor"),
    # A list of what may be imported.
    *(
        ("permitted imports", PROTOCOL, f"import {name}")
        for name in (
            *("asyncio", "builtins", "contextvars", "ctypes", "importlib", "inspect", "io", "multiprocessing", "os"),
            *("operator", "pathlib", "pickle", "queue", "random", "sched", "secrets", "select", "selectors", "signal"),
            *(
                "socket",
                "ssl",
                "subprocess",
                "sys",
                "tempfile",
                "threading",
                "time",
                "urllib.request",
                "uuid",
                "zoneinfo",
            ),
            *("_socket", "_thread", "homeassistant.core", "cryptography", "gurux_dlms", "typing", "types"),
        )
    ),
    ("permitted imports", PROTOCOL, "from uuid import uuid4"),
    ("permitted imports", PROTOCOL, "import os.path as re"),
    ("permitted imports", PROTOCOL, "def now():\n    import time"),
    ("permitted imports", PROTOCOL, "try:\n    import ssl\nexcept ImportError:\n    ssl = None"),
    ("permitted imports", PROTOCOL, "if TYPE_CHECKING:\n    import re\nelse:\n    import socket"),
    ("permitted imports", PROTOCOL, "from types import FunctionType"),
    ("permitted imports", PROTOCOL, "from typing import get_type_hints"),
    ("permitted imports", PROTOCOL, "from collections.abc import Callable; from os import system"),
    ("permitted imports", PROTOCOL, "from cryptography.hazmat.primitives.ciphers import Cipher"),
    ("permitted imports", "cosem.dlms.security.extra", "from cryptography.hazmat.backends import default_backend"),
    ("permitted imports", "cosem.dlms.security.extra", "from cryptography import utils"),
    ("permitted imports", "cosem.dlms.security.extra", "import asyncio"),
    ("permitted imports", CLIENT, "import subprocess"),
    ("permitted imports", CLIENT, "import pathlib"),
    ("permitted imports", COMMAND_LINE, "from pathlib import Path"),
    ("permitted imports", METER, "import importlib"),
    ("permitted imports", METER, "from pathlib import Path"),
    ("permitted imports", METER, "import os"),
    ("permitted imports", METER, "import requests"),
    ("permitted imports", METER, "from homeassistant.helpers.aiohttp_client import async_get_clientsession"),
    ("permitted imports", METER, "from homeassistant.helpers import template"),
    ("permitted imports", METER, "from homeassistant import loader"),
    # Evaluation and files, under any name.
    ("no evaluation", METER, "eval('1')"),
    ("no evaluation", METER, "calculate = eval\ncalculate('1')"),
    ("no evaluation", METER, "list(map(exec, texts))"),
    ("no evaluation", METER, "import builtins\nbuiltins.eval('1')"),
    ("no evaluation", METER, "import builtins as plain\nplain.exec('1')"),
    ("no evaluation", METER, "from builtins import eval as calculate\ncalculate('1')"),
    ("no evaluation", METER, "__builtins__['eval']('1')"),
    ("no evaluation", METER, "getattr(__builtins__, 'ev' + 'al')('1')"),
    ("no evaluation", METER, "__import__('os')"),
    ("no evaluation", METER, "load = __import__"),
    ("no evaluation", METER, "sensor.__loader__.load_module('os')"),
    ("no evaluation", METER, "read.__globals__['os']"),
    ("no evaluation", METER, "().__class__.__base__.__subclasses__()"),
    ("no evaluation", METER, "getattr(read, '__globals__')"),
    ("no evaluation", METER, "import homeassistant.helpers as helpers\nhelpers.importlib.import_module('os')"),
    ("no evaluation", METER, "globals()['name']"),
    ("no evaluation", METER, "open('file')"),
    ("no evaluation", METER, "with open('file') as file:\n    file.read()"),
    ("no evaluation", METER, "import io\nio.open('file')"),
    ("no evaluation", METER, "from io import open as look\nlook('file')"),
    ("no evaluation", METER, "import codecs\ncodecs.open('file')"),
    ("no evaluation", METER, "import asyncio\nasyncio.create_subprocess_exec('ls')"),
    ("no evaluation", METER, "import logging\nlogging.sys.modules['os']"),
    ("no evaluation", METER, "lambda: compile('1', '', 'eval')"),
    ("system calls", "cosem.dlms.__main__", "import os\nos.system('ls')"),
    ("system calls", "cosem.dlms.__main__", "import os as computer\ncomputer.remove('file')"),
    ("system calls", "cosem.dlms.__main__", "from os import remove"),
    ("system calls", "cosem.dlms.__main__", "import os\nremove = os.remove"),
    # The clock and chance.
    ("no clock and no chance", PROTOCOL, "from datetime import datetime\ndatetime.now()"),
    ("no clock and no chance", PROTOCOL, "import datetime as calendar\ncalendar.datetime.utcnow()"),
    ("no clock and no chance", PROTOCOL, "from datetime import date as day\nday.today()"),
    ("no clock and no chance", PROTOCOL, "from datetime import datetime\nclock = datetime.now"),
    ("no clock and no chance", PROTOCOL, "from datetime import datetime\ngetattr(datetime, 'now')()"),
    ("no clock and no chance", PROTOCOL, "from operator import methodcaller\nmethodcaller('now')(datetime)"),
    ("no clock and no chance", PROTOCOL, "from time import monotonic as place"),
    ("no clock and no chance", PROTOCOL, "@cached(clock=timer.monotonic)\ndef read(): ..."),
    ("no clock and no chance", "cosem.dlms.security.extra", "from os import urandom"),
    (
        "no clock and no chance",
        "cosem.dlms.security.extra",
        "from cryptography import x509\nx509.random_serial_number()",
    ),
    ("plain attributes", PROTOCOL, "getattr(datetime, 'n' + 'ow')"),
    ("plain attributes", PROTOCOL, "look = getattr\nlook(thing, name)"),
    ("plain attributes", PROTOCOL, "vars(thing)[name]"),
    ("plain attributes", METER, "import asyncio\ngetattr(asyncio, name)"),
    # Printing.
    ("no print", METER, "print('here')"),
    ("no print", METER, "say = print"),
    ("no print", METER, "list(map(print, rows))"),
    ("no print", "cosem.meter.__main__", "print('here')"),
    ("no print", CLIENT, "import sys\nsys.stdout.write('here')"),
    # Catching errors of the stack.
    ("errors decided in one place", METER, "from ..dlms import DlmsError\ntry: ...\nexcept DlmsError: ..."),
    ("errors decided in one place", METER, "from ..dlms import DlmsError as E\ntry: ...\nexcept E: ..."),
    ("errors decided in one place", METER, "from .. import dlms\ntry: ...\nexcept dlms.DlmsError: ..."),
    (
        "errors decided in one place",
        METER,
        "import custom_components.cosem.dlms\ntry: ...\nexcept custom_components.cosem.dlms.DlmsError: ...",
    ),
    ("errors decided in one place", METER, "from ..dlms import DlmsError\ntry: ...\nexcept (OSError, DlmsError): ..."),
    ("errors decided in one place", METER, "from ..dlms import DlmsError\ntry: ...\nexcept* DlmsError: ..."),
    (
        "errors decided in one place",
        METER,
        "from ..dlms import DlmsError\nE = (OSError, DlmsError)\ntry: ...\nexcept E: ...",
    ),
    (
        "errors decided in one place",
        METER,
        "from ..dlms import DlmsError\nE = (DlmsError,)\nF = (*E, OSError)\ntry: ...\nexcept F: ...",
    ),
    ("errors decided in one place", METER, "from .error_mapping import DlmsError\ntry: ...\nexcept DlmsError: ..."),
    (
        "errors decided in one place",
        METER,
        "from . import error_mapping\ntry: ...\nexcept error_mapping.DlmsError: ...",
    ),
    (
        "errors decided in one place",
        METER,
        "from ..dlms import DlmsError\nclass Own(DlmsError): ...\ntry: ...\nexcept Own: ...",
    ),
    (
        "errors decided in one place",
        METER,
        "from contextlib import suppress\nfrom ..dlms import DlmsError\nwith suppress(DlmsError): ...",
    ),
    (
        "errors decided in one place",
        METER,
        "import contextlib as c\nfrom ..dlms import DlmsError\nwith c.suppress(OSError, DlmsError): ...",
    ),
    (
        "errors decided in one place",
        METER,
        "from contextlib import suppress\nfrom ..dlms import DlmsError\nquiet = suppress\nwith quiet(DlmsError): ...",
    ),
    # Swallowing everything.
    ("nothing swallowed", LOW, "try: ...\nexcept Exception: ..."),
    ("nothing swallowed", LOW, "try: ...\nexcept: ..."),
    ("nothing swallowed", LOW, "try: ...\nexcept (ValueError, Exception): ..."),
    ("nothing swallowed", LOW, "import builtins\ntry: ...\nexcept builtins.Exception: ..."),
    ("nothing swallowed", LOW, "from builtins import Exception as E\ntry: ...\nexcept E: ..."),
    ("nothing swallowed", LOW, "E = Exception\ntry: ...\nexcept E: ..."),
    ("nothing swallowed", LOW, "try: ...\nexcept BaseException: ..."),
    ("nothing swallowed", LOW, "try: ...\nexcept BaseException:\n    if False:\n        raise"),
    (
        "nothing swallowed",
        LOW,
        "def f():\n    try: ...\n    except BaseException:\n        if x: return\n        raise",
    ),
    ("nothing swallowed", LOW, "try: ...\nexcept BaseException:\n    def later():\n        raise"),
    ("nothing swallowed", LOW, "from contextlib import suppress\nwith suppress(Exception): ..."),
    ("nothing swallowed", LOW, "import contextlib\nwith contextlib.suppress(BaseException): ..."),
    ("nothing swallowed", LOW, "from contextlib import suppress as quiet\nwith quiet(Exception): ..."),
    ("nothing swallowed", LOW, "from contextlib import suppress\nE = (Exception,)\nwith suppress(*E): ..."),
    (
        "nothing swallowed",
        LOW,
        "from contextlib import suppress\nfrom functools import partial\npartial(suppress, OSError)",
    ),
    ("nothing swallowed", LOW, "def f():\n    try: ...\n    finally:\n        return 1"),
    ("nothing swallowed", LOW, "while True:\n    try: ...\n    finally:\n        break"),
    ("nothing swallowed", LOW, "class Quiet:\n    def __exit__(self, *_):\n        return True"),
    ("nothing swallowed", LOW, "class Quiet:\n    async def __aexit__(self, *_):\n        return self.fine"),
    ("nothing swallowed", CLIENT, "import asyncio\nasyncio.gather(*tasks, return_exceptions=True)"),
    ("nothing swallowed", LOW, "def f(errors):\n    try: ...\n    except errors: ..."),
    ("nothing swallowed", LOW, "try: ...\nexcept tuple(kinds): ..."),
    ("nothing swallowed", LOW, "E = make()\ntry: ...\nexcept E: ..."),
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


@pytest.mark.parametrize(("check", "name", "source"), FOUND)
def test_a_way_around_a_rule_is_found(check: str, name: str, source: str) -> None:
    assert _checked(check, name, source)


LET_THROUGH = [
    (
        "stack layers",
        LOW,
        "from ..encoding.octets import Reader\nfrom .common import Selection\nfrom ..errors import DlmsError",
    ),
    ("stack layers", CLIENT, "from ..protocol.connection import Connection"),
    ("stack layers", METER, "from ..dlms import DlmsError"),
    ("known imports", METER, "from ..dlms import DlmsError\nfrom ..const import DOMAIN"),
    ("known imports", LOW, "from ..encoding.data import Data"),
    ("front door", METER, "from ..dlms import DlmsClient, DlmsError as E"),
    ("front door", PLATFORM, "from custom_components.cosem.dlms import DlmsClient"),
    ("integration arrows", METER, "from ..catalogue.model import Description\nfrom . import store"),
    ("integration arrows", PLATFORM, "from .coordinator import CosemCoordinator\nfrom .entity import CosemEntity"),
    ("integration arrows", CLIENT, "from .link import Link"),
    ("permitted imports", PROTOCOL, "from __future__ import annotations\nfrom collections import deque\nimport struct"),
    ("permitted imports", PROTOCOL, "from typing import TYPE_CHECKING, Final\nfrom ..errors import DlmsError"),
    ("permitted imports", METER, "from homeassistant.helpers.storage import Store\nimport voluptuous as vol"),
    ("permitted imports", CLIENT, "import asyncio\nimport socket"),
    ("permitted imports", "cosem.dlms.command_line.run", "from pathlib import Path"),
    ("no evaluation", METER, "import re\nre.compile('a')\nself.open()\nconnection.eval()"),
    ("no evaluation", "cosem.dlms.command_line.run", "open('file')"),
    ("system calls", "cosem.dlms.__main__", "import os\nos.open(os.devnull, os.O_WRONLY)"),
    ("system calls", "cosem.dlms.command_line.run", "import os\nos.remove('file')"),
    ("no clock and no chance", PROTOCOL, "def is_late(now, deadline):\n    return now > deadline"),
    ("no clock and no chance", CLIENT, "import time\ntime.monotonic()"),
    ("plain attributes", PROTOCOL, "getattr(response, 'invoke', None)"),
    ("plain attributes", METER, "getattr(self, f'async_step_{name}')"),
    ("no print", "cosem.dlms.__main__", "print('here')"),
    ("no print", METER, "self.print()"),
    (
        "errors decided in one place",
        METER,
        "from ..dlms import LocalProtocolError\ntry: ...\nexcept LocalProtocolError: ...",
    ),
    (
        "errors decided in one place",
        METER,
        "from ..dlms import DlmsError\ntry: ...\nexcept OSError:\n    raise DlmsError",
    ),
    (
        "errors decided in one place",
        "cosem.meter.doctor",
        "from ..dlms import DlmsError\ntry: ...\nexcept DlmsError: ...",
    ),
    ("errors decided in one place", CLIENT, "from ..errors import DlmsError\ntry: ...\nexcept DlmsError: ..."),
    ("nothing swallowed", LOW, "try: ...\nexcept BaseException:\n    close()\n    raise"),
    ("nothing swallowed", LOW, "class Own(Exception): ...\ntry: ...\nexcept Own: ..."),
    ("nothing swallowed", METER, "class Own(Exception): ...\ntry: ...\nexcept Own: ..."),
    ("nothing swallowed", LOW, "import struct\ntry: ...\nexcept (ValueError, struct.error): ..."),
    ("nothing swallowed", LOW, "E = (OSError, ValueError)\ntry: ...\nexcept E: ..."),
    ("nothing swallowed", LOW, "try: ...\nfinally:\n    for x in y:\n        break"),
    ("nothing swallowed", LOW, "class Loud:\n    def __exit__(self, *_):\n        return None"),
    ("nothing swallowed", LOW, "from contextlib import suppress\nwith suppress(OSError): ..."),
    ("no Any", LOW, "from typing import Any\ndef _read(x: Any): ...\ndef read(x: 'int') -> None: ..."),
    ("no Any", METER, "from typing import Any\ndef read(x: Any): ..."),
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
    ("module docstring", METER, '"""What it is for."""'),
    ("standard terms", METER, "def read(association, apdu): ..."),
    ("reasons for exemptions", METER, "x = 1  # noqa: S105 - the name of a field"),
    ("reasons for exemptions", METER, "# the name of a field\nx = 1  # noqa: S105"),
]


@pytest.mark.parametrize(("check", "name", "source"), LET_THROUGH)
def test_what_only_looks_like_a_way_around_is_let_through(check: str, name: str, source: str) -> None:
    assert [str(finding) for finding in _checked(check, name, source)] == []


def test_every_check_has_counter_examples_and_innocent_ones() -> None:
    assert {check for check, _name, _source in FOUND} == OF_MODULES.keys()
    assert {check for check, _name, _source in LET_THROUGH} == OF_MODULES.keys()


# -- names that travel through several modules


def test_a_tuple_of_errors_made_in_another_module_is_looked_into() -> None:
    source = "from ..const import FAILURES\ntry: ...\nexcept FAILURES: ..."
    const = "from .dlms import DlmsError\nFAILURES = (OSError, DlmsError)"
    assert _checked("errors decided in one place", METER, source, const=const)


def test_an_error_derived_in_another_module_is_still_one_of_the_stack() -> None:
    source = "from .error_mapping import Failed\ntry: ...\nexcept Failed: ..."
    mapping = "from ..dlms import DlmsError\nclass Failed(DlmsError): ..."
    assert _checked("errors decided in one place", METER, source, meter__error_mapping=mapping)


def test_every_exception_under_a_name_of_another_module_is_found() -> None:
    source = "from ..const import FAILURES\ntry: ...\nexcept FAILURES: ..."
    assert _checked("nothing swallowed", METER, source, const="FAILURES = (OSError, Exception)")


def test_any_behind_an_alias_of_another_module_is_found() -> None:
    source = "from ..limits import Json\ndef read(x: Json): ..."
    limits = "from typing import Any\ntype Json = dict[str, Any]"
    assert _checked("no Any", LOW, source, dlms__limits=limits)


# -- the tree as a whole


def _tree(**sources: str) -> dict[str, Module]:
    return modules_of({f"cosem/{name.replace('__', '/')}.py": source for name, source in sources.items()})


def test_a_cycle_is_found_also_of_types_and_through_functions() -> None:
    only_types = "if TYPE_CHECKING:\n    from .b import B"
    in_function = "def later():\n    from custom_components.cosem import a"
    [finding] = layers.no_cycles(_tree(a=only_types, b=in_function))
    assert finding.where == "cosem.a -> cosem.b -> cosem.a"
    assert list(layers.no_cycles(_tree(a=only_types, b=""))) == []


@pytest.mark.parametrize(
    "second",
    [
        "class Row: ...",
        "if x:\n    class Row: ...",
        "type Row = tuple[int, ...]",
        "Row = NamedTuple('Row', [('x', int)])",
        "Row = type('Row', (), {})",
        "Row: type = Enum('Row', ['A'])",
    ],
)
def test_two_public_classes_of_one_name_are_found_however_they_are_made(second: str) -> None:
    [finding] = sizes.public_classes_once(_tree(a="class Row: ...", dlms__b=second))
    assert str(finding) == "class Row: defined in cosem.a, cosem.dlms.b"


def test_private_classes_may_share_a_name() -> None:
    assert list(sizes.public_classes_once(_tree(a="class _Row: ...", b="class _Row: ..."))) == []


def test_most_functions_have_to_be_short() -> None:
    def functions(long: int) -> str:
        short = "def f():\n    x = 1\n" * (100 - long)
        return short + ("def f():\n" + "    x = 1\n" * 25) * long

    assert list(sizes.most_functions(_tree(a=functions(4)))) == []
    assert list(sizes.most_functions(_tree(a=functions(6))))


def test_an_exception_for_a_hot_loop_has_to_be_needed_measured_and_rare(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = _tree(a=f"def f():\n{LONG}\ndef g():\n    return 1")
    for loops, wrong in (
        ({"cosem.a.f": "1.5 times as long in two parts"}, []),
        ({"cosem.a.f": "it is hot"}, ["cosem.a.f"]),
        ({"cosem.a.g": "1.5 times as long"}, ["cosem.a.g"]),
        ({"cosem.a.gone": "1.5 times as long"}, ["cosem.a.gone"]),
        (dict.fromkeys([f"cosem.a.f{number}" for number in range(4)], "2"), ["HOT_LOOPS"]),
    ):
        monkeypatch.setattr(sizes, "HOT_LOOPS", loops)
        assert [finding.where for finding in sizes.hot_loops(tree)][-1:] == wrong


def test_a_module_without_its_test_file_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("__init__", "meter/__init__", "meter/reader", "meter/data", "dlms/__main__")
    tree = modules_of({f"cosem/{name}.py": "" for name in names})
    tests = {
        "meter/test_reader.py": "def test_it(): ...",
        "test_data.py": "def test_it(): ...",
        "test_init.py": "async def test_it(): ...",
        "dlms/test_main.py": "class TestIt:\n    def test_it(self): ...",
    }
    missing = [finding.where for finding in mirrored.mirrored(tree, tests)]
    assert missing == ["cosem.meter.data"]
    empty = tests | {"meter/test_data.py": "x = 1", "meter/test_reader.py": "def not_a_test(): ..."}
    assert len(list(mirrored.mirrored(tree, empty))) == 2
    monkeypatch.setattr(mirrored, "WITHOUT_A_TEST_FILE", {"cosem.meter.data": "names only", "cosem.gone": "gone"})
    assert [finding.where for finding in mirrored.mirrored(tree, tests)] == ["cosem.gone"]
