"""Run a module with the protocol stack importable as top-level package `dlms`: `with_stack.py MODULE [arguments]`.

The integration's folder goes to the end of `sys.path`: in front, a module of ours could shadow the standard library's.
Start it with `python -P`, so that this file's own folder is not in front either.
"""

from pathlib import Path
import runpy
import sys
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent

sys.path.append(str(ROOT / "custom_components" / "cosem"))
del sys.argv[0]
if sys.argv[0] == "dlms":
    # The package's own names need all of the stack, a quarter of a second; a command needs only a part of it.
    package = ModuleType("dlms")
    package.__path__ = [str(ROOT / "custom_components" / "cosem" / "dlms")]
    sys.modules["dlms"] = package
    sys.argv[0] = "dlms.__main__"
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
