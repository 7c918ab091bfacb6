"""Ways to catch what is not one's own, or everything."""

from .house import CLIENT, LOW, METER

FOUND = [
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
    # Asking for them.
    *(
        ("errors decided in one place", METER, f"from ..dlms import DlmsError\n{source}")
        for source in (
            "try: ...\nexcept BaseException as error:\n    if isinstance(error, DlmsError): ...\n    raise",
            "isinstance(error.__cause__, DlmsError)",
            "isinstance(error, (OSError, DlmsError))",
            "issubclass(type(error), DlmsError)",
            "match error.__cause__:\n    case DlmsError(): ...",
            "match error:\n    case OSError() | DlmsError() as known: ...",
            "type(error) is DlmsError",
            "{DlmsError: 'failed'}[type(error)]",
            "KINDS = (DlmsError,)\nisinstance(error, KINDS)",
            "def fits(error, kind=DlmsError): ...",
            "raise OSError if isinstance(error, DlmsError) else ValueError",
            "class Own(DlmsError): ...\nisinstance(error, Own)",
        )
    ),
    ("errors decided in one place", METER, "type(error).__name__ == 'DlmsError'"),
    ("errors decided in one place", METER, "from .. import dlms\nisinstance(error, dlms.DlmsError)"),
    (
        "errors decided in one place",
        "cosem.meter.issues",
        "from ..dlms import DlmsError\ntry: ...\nexcept DlmsError: ...",
    ),
    ("errors decided in one place", "cosem.meter.issues", "x = 1"),
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
    ("nothing swallowed", LOW, "from ..errors import DlmsError\ntry: ...\nexcept DlmsError.__base__: ..."),
    ("nothing swallowed", LOW, "class Own(OSError):\n    kind = Exception\ntry: ...\nexcept Own.kind: ..."),
    ("nothing swallowed", LOW, "try: ...\nexcept (E := Exception): ..."),
    ("nothing swallowed", LOW, "import enum\ntry: ...\nexcept enum.bltns.Exception: ..."),
    ("nothing swallowed", LOW, "from enum import bltns\ntry: ...\nexcept bltns.Exception: ..."),
    *(
        ("nothing swallowed", LOW, f"try: ...\nexcept BaseException as error:\n{body}\n    raise")
        for body in (
            "    if late:\n        raise KeyError",
            "    if isinstance(error, Exception):\n        raise KeyError",
            "    if isinstance(other, OSError):\n        raise KeyError",
            "    if isinstance(error, OSError):\n        raise KeyError\n    else:\n        raise ValueError",
            "    try:\n        close()\n    finally:\n        raise KeyError",
        )
    ),
    ("nothing swallowed", LOW, "def f():\n    try: ...\n    finally:\n        raise KeyError"),
    *(
        ("nothing swallowed", CLIENT, source)
        for source in (
            "class Quiet:\n    __exit__ = lambda self, *_: True",
            "class Quiet:\n    __aexit__ = _always",
            "Quiet.__exit__ = _always",
            "setattr(Quiet, '__exit__', _always)",
            "Quiet = type('Quiet', (), {'__exit__': _always})",
            "from contextlib import ExitStack\nExitStack().push(lambda *_: True)",
            "import contextlib\nwith contextlib.ExitStack() as stack:\n    stack.push(_always)",
            "from contextlib import AsyncExitStack as Stack\nStack().push_async_exit(_always)",
            "from asyncio import gather\ngather(read(), **{'return_exceptions': True})",
            "import asyncio\nasyncio.gather(read(), **options)",
            "import asyncio\nasyncio.gather(read(), return_exceptions=wanted)",
            "OPTIONS = dict.fromkeys(['return_exceptions'], True)",
            "import asyncio\nawait asyncio.wait([task])\ntask.exception()",
            "loop.set_exception_handler(handle)",
            "import sys\nsys.excepthook = handle",
        )
    ),
]

LET_THROUGH = [
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
    (
        "nothing swallowed",
        LOW,
        "try: ...\nexcept BaseException as e:\n    if isinstance(e, TimeoutError):\n        raise KeyError\n    raise",
    ),
    ("nothing swallowed", LOW, "import asyncio\ntry: ...\nexcept asyncio.CancelledError: ..."),
    ("nothing swallowed", LOW, "from .. import errors\ntry: ...\nexcept errors.DlmsError: ..."),
    ("nothing swallowed", CLIENT, "import asyncio\nasyncio.gather(*tasks, return_exceptions=False)\nstack.push(1)"),
    ("nothing swallowed", CLIENT, "error = task.exception()"),
    ("nothing swallowed", "cosem.meter.tasks_in_turn", "task.exception()"),
    ("errors decided in one place", "cosem.meter.issues", "from ..dlms import DlmsError\nisinstance(error, DlmsError)"),
    ("errors decided in one place", CLIENT, "from ..errors import DlmsError\nisinstance(error, DlmsError)"),
    (
        "errors decided in one place",
        METER,
        "from ..dlms import DlmsError\ntype Answer = int | DlmsError\ndef read(error: DlmsError) -> DlmsError: ...",
    ),
    ("errors decided in one place", METER, "from ..dlms import LocalProtocolError as E\nisinstance(error, E)"),
]
