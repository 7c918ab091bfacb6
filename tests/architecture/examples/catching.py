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
]
