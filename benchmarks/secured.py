"""The table's part about security: ratios to gurux-dlms, measured in one run."""

import asyncio
from contextlib import redirect_stdout
import io

from benchmarks import ciphered
from benchmarks.sessions import Measured, Sessions, measure_polls, measure_sessions, meter_process

_LEAST_OPENING = 100
_LEAST_SESSION = 8
_MOST_ROUND_TRIPS = 8
_MOST_AT_FIRST = 10
"""Of a client that knows neither the counter nor how long a list the meter takes: 10 values, then twice as many each
time, so that a meter which loses long requests is not met with one."""
_POLL_ROUND_TRIPS = 1


def table(rounds: int) -> bool:
    """Measure and print; return whether all targets are met."""
    print("\n| secured | ours | gurux-dlms | times gurux-dlms | target |")
    print("|---|---|---|---|---|")
    good = [_opened(answer, rounds) for answer in ciphered.answers()]
    print("\n| session with a meter on 127.0.0.1 | ours | gurux-dlms | times gurux-dlms | target |")
    print("|---|---|---|---|---|")
    return all([*good, *asyncio.run(_sessions(max(rounds // 3, 5)))])


def _opened(answer: ciphered.Answer, rounds: int) -> bool:
    with _quiet():
        wpdu = ciphered.messages(answer, 1)[0]
        assert ciphered.same(ciphered.our_reader(answer)(wpdu), ciphered.gurux_reader(answer)(wpdu))
        ours, gurux = ciphered.measure(answer, rounds)
    good = not answer.counts or gurux >= _LEAST_OPENING * ours
    name = f"{answer.name}: {len(wpdu) - 8} octets, suite {answer.suite}"
    _print(
        name, f"{ours:.3f} ms", f"{gurux:.2f} ms", gurux / ours, f">= {_LEAST_OPENING}" if answer.counts else "", good
    )
    return good


async def _sessions(rounds: int) -> list[bool]:
    async with meter_process() as port:
        sessions = Sessions(port)
        await sessions.find_registers()
        with _quiet():
            connects = await measure_sessions(sessions.our_session, sessions.gurux_session, rounds)
            polls = await measure_polls(sessions, rounds, lists=False)
            lists = await measure_polls(sessions, rounds, lists=True)
            client = sessions.our_client()
            learning = [(await sessions.our_session_after_learning(client))[1] for _ in range(2)]
    good = connects.our_round_trips <= _MOST_ROUND_TRIPS and connects.gurux_ms >= _LEAST_SESSION * connects.ours_ms
    target = f">= {_LEAST_SESSION}, <= {_MOST_ROUND_TRIPS} round trips"
    _print_session("HLS-GMAC connect, 40 registers with scaler_unit, release", connects, target, good)
    first = _print_learning("the very first: the counter is learned before it", learning[0], _MOST_AT_FIRST)
    later = _print_learning("the counter is learned again, by the same client", learning[1], _MOST_ROUND_TRIPS)
    polled = polls.our_round_trips == _POLL_ROUND_TRIPS
    _print_session("poll of the 40 values, one by one in gurux-dlms", polls, f"{_POLL_ROUND_TRIPS} round trip", polled)
    _print_session("poll of the 40 values, by list in both", lists, "", good=True)
    return [good, first, later, polled]


def _print_learning(name: str, round_trips: int, most: int) -> bool:
    print(f"| {name} | round trips: {round_trips} | | | <= {most}: {'met' if round_trips <= most else 'MISSED'} |")
    return round_trips <= most


def _print_session(name: str, measured: Measured, target: str, good: bool) -> None:
    ours = f"{measured.ours_ms:.1f} ms, round trips: {measured.our_round_trips}"
    gurux = f"{measured.gurux_ms:.1f} ms, round trips: {measured.gurux_round_trips}"
    _print(name, ours, gurux, measured.gurux_ms / measured.ours_ms, target, good)


def _print(name: str, ours: str, gurux: str, ratio: float, target: str, good: bool) -> None:
    verdict = f"{target}: {'met' if good else 'MISSED'}" if target else ""
    print(f"| {name} | {ours} | {gurux} | {ratio:.1f} | {verdict} |")


def _quiet() -> redirect_stdout[io.StringIO]:
    """gurux-dlms prints about every message: a terminal would cost it time."""
    return redirect_stdout(io.StringIO())
