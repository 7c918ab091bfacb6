"""No test needs a fast machine: none compares the computer's clock, none needs a short real deadline to be kept.

On the loop of `tests/still_loop.py`, which every test has, deadlines cost nothing and are missed by what never comes:
there they may have any length. Elsewhere (sockets, processes, threads) they are so long that only a hang reaches them.
"""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SHORTEST = 5
CLOCKS = {
    "perf_counter",
    "perf_counter_ns",
    "monotonic",
    "monotonic_ns",
    "process_time",
    "process_time_ns",
    "thread_time",
    "time_ns",
}
BLOCKING = {"run", "communicate", "join", "result", "wait", "get", "check_output", "check_call"}
DEADLINES = {"timeout", "timeout_at", "wait_for", "open_tcp", "Timing"}
ALLOWED = {
    "costs.py": "compares the costs of two works in processor time",
    "still_loop.py": "is the loop itself",
    "test_still_loop.py": "is about the time of the loop itself",
    "dlms/fuzz/run.py": "a program that runs for as long as it is told",
    "dlms/fuzz/sockets.py": "a program that says how long it took",
    "faults/matrix/run.py": "a program that says how long it took",
    "dlms/forgery/run.py": "a program that says how long it took",
}
IN_MEMORY = {
    "dlms/client/test_client_faults.py": "one test has a socket, and its own deadline",
    "interop/test_own_client_general_blocks.py": "client and meter are joined in memory",
    "interop/test_own_client_secured_meter.py": "client and meter are joined in memory",
}
"""Files that look as if they waited for sockets."""
MISSED = {
    ("dlms/client/test_transport.py", "open_tcp('192.0.2.1', 4059, 0.01)"): "nothing ever comes",
    ("dlms/client/test_call_desk.py", "Timing(connect=0.2)"): "nobody ever calls",
    ("dlms/client/test_calls.py", "Timing(connect=0.1)"): "nobody ever calls",
    ("dlms/client/test_calls.py", "asyncio.sleep(0.5)"): "longer than a limit that must not count",
    (
        "dlms/client/test_call_desk.py",
        "Timing(response=0.2, release=0.1, reconnect_gap=0)",
    ): "the meter never answers that question",
}
"""Short deadlines beside sockets that are to be missed, by something that never comes."""


def waits_for_others(text: str, path: Path) -> bool:
    """Whether the tests of a file wait for sockets or processes, so that the computer's clock counts."""
    if path.as_posix() in IN_MEMORY:
        return False
    return "socket_enabled" in text or "subprocess" in text or "interop" in path.parts


def number_of(node: ast.expr) -> float | None:
    """Return a number that is written down."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return value
    return None


def name_of(function: ast.expr) -> str:
    """Return the last part of what is called."""
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def is_time_module(function: ast.expr) -> bool:
    """Whether a call is of the module time, or of a name taken from it."""
    match function:
        case ast.Attribute(value=ast.Name(id="time")) | ast.Name():
            return True
    return False


def complaint(call: ast.Call, *, real: bool) -> str | None:
    """Return what is wrong with a call; `real` where it waits for sockets or processes."""
    name, text = name_of(call.func), ast.unparse(call.func)
    keywords = {keyword.arg: number_of(keyword.value) for keyword in call.keywords}
    numbers = [*map(number_of, call.args), *keywords.values()]
    short = any(number is not None and 0 < number < SHORTEST for number in numbers)
    if name in CLOCKS and is_time_module(call.func):
        return "compares the computer's clock"
    if text == "time.sleep" or (real and name == "sleep" and short):
        return "waits for a time instead of for something to happen"
    if text == "pytest.mark.timeout":
        return "the limit for all tests is long enough for each"
    blocks = name in BLOCKING and (keywords.get("timeout") or SHORTEST) < SHORTEST
    if blocks or (real and name in DEADLINES and short):
        return "a busy machine needs longer"
    return None


def findings(text: str, path: Path) -> dict[str, str]:
    """Return the calls that depend on how fast the machine is, and why."""
    real = waits_for_others(text, path)
    calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
    return {ast.unparse(call): why for call in calls if (why := complaint(call, real=real)) is not None}


def python_files() -> list[str]:
    return sorted(path.relative_to(TESTS).as_posix() for path in TESTS.rglob("*.py"))


def test_no_test_depends_on_how_fast_the_machine_is():
    found = {}
    for name in python_files():
        calls = findings((TESTS / name).read_text("utf-8"), Path(name))
        if name in ALLOWED:
            assert calls, f"{name} needs no exception any more"
        else:
            found |= {(name, call): why for call, why in calls.items() if (name, call) not in MISSED}
    assert found == {}


def test_every_exception_is_needed():
    assert set(ALLOWED) | set(IN_MEMORY) <= set(python_files())
    for name, call in MISSED:
        assert call in findings((TESTS / name).read_text("utf-8"), Path(name))


@pytest.mark.parametrize(
    "line",
    [
        "start = time.perf_counter()",
        "assert monotonic() - start < 10",
        "time.process_time()",
        "time.sleep(0.01)",
        "@pytest.mark.timeout(60)\ndef test(): ...",
        "subprocess.run(['true'], timeout=3)",
        "thread.join(timeout=1)",
        "async def test(socket_enabled):\n async with asyncio.timeout(2): ...",
        "async def test(socket_enabled):\n async with timeout(0.5): ...",
        "async def test(socket_enabled):\n await asyncio.wait_for(work, 3)",
        "async def test(socket_enabled):\n await asyncio.wait_for(work, timeout=3)",
        "async def test(socket_enabled):\n await open_tcp('127.0.0.1', 1, 1)",
        "async def test(socket_enabled):\n await asyncio.sleep(0.05)",
        "async def test(socket_enabled):\n DlmsClient('127.0.0.1', timing=Timing(response=0.2))",
    ],
)
def test_what_depends_on_the_machine_is_found(line: str):
    assert findings(line, Path("test_example.py"))


@pytest.mark.parametrize(
    "line",
    [
        "async def test():\n await asyncio.sleep(0.05)",
        "async def test():\n async with asyncio.timeout(0.01): ...",
        "async def test():\n DlmsClient('meter', timing=Timing(response=0.2))",
        "async def test(socket_enabled):\n await asyncio.sleep(0)",
        "async def test(socket_enabled):\n async with timeout(DEADLINE): ...",
        "subprocess.run(['true'], timeout=300)",
        "meter.monotonic()",
    ],
)
def test_what_does_not_is_left_alone(line: str):
    assert findings(line, Path("test_example.py")) == {}
