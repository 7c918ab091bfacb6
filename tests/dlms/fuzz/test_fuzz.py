"""A small fuzzing run with a fixed seed, and the fuzzer itself: does it find what is there?"""

from collections import Counter
import importlib
import logging
import pkgutil
from random import Random

import pytest
import pytest_socket

from custom_components.cosem.dlms.encoding.data import CompactArray, decode_data_octets
from custom_components.cosem.dlms.errors import DecodeError, DlmsError
from custom_components.cosem.dlms.protocol import transfer
from custom_components.cosem.dlms.protocol.notification_senders import NotificationSenders
from custom_components.cosem.dlms.protocol.source_limits import SourceLimits
from custom_components.cosem.dlms.protocol.states import State
from custom_components.cosem.dlms.protocol.transfer.sent_blocks import WritingTransfer
from custom_components.cosem.dlms.security.receiving import Unprotected
from tests.dlms.fuzz import run
from tests.dlms.fuzz.conversations import PROOF, STARTS, outcome
from tests.dlms.fuzz.corpus import compact_arrays, samples
from tests.dlms.fuzz.exchanges import altered, outcome as outcome_of_exchange, playable
from tests.dlms.fuzz.listener import HONEST_HOST, strangers_over_tcp, strangers_over_udp
from tests.dlms.fuzz.sockets import HOST, over_tcp, over_udp
from tests.dlms.scripted import PAIR, answer
from tests.dlms.security.test_notification_keys import EVENT


@pytest.mark.parametrize("name", run.ALL)
def test_only_dlms_errors_come_out(name):
    report = run.fuzz(seed=20_251_122, most=400, seconds=60, names=[name])
    assert report.findings == []
    assert report.inputs.total() == 400


def test_there_is_something_to_start_from():
    assert len(samples()) > 100


def test_trial_18_descriptions_that_promise_much_are_among_the_inputs():
    random = Random(1)
    seen = Counter()
    for _ in range(6_000):
        try:
            value = decode_data_octets(compact_arrays(random)).value
        except DlmsError as error:
            seen[type(error).__name__] += 1
        else:
            first = value if isinstance(value, CompactArray) else value[0].value
            seen["rows" if first.elements else "no rows"] += 1
    assert min(seen[kind] for kind in ("DecodeError", "LimitExceeded", "no rows", "rows")) > 15


@pytest.mark.parametrize("start", STARTS)
def test_each_start_is_the_state_it_says(start):
    make, state = STARTS[start]
    assert make().state(PAIR) is state
    assert outcome(make, [b""]) == outcome(make, [])


def transfers() -> set[type]:
    """Return the classes of all transfers that a user can ask for."""
    found: set[type] = set()
    for module in pkgutil.iter_modules(transfer.__path__, f"{transfer.__name__}."):
        members = vars(importlib.import_module(module.name)).values()
        found |= {each for each in members if isinstance(each, type) and each.__module__ == module.name}
    return {each for each in found if hasattr(each, "receive") and not each.__name__.startswith("_")}


def test_every_service_is_among_the_starts():
    starts = [make()._associations for make, _ in STARTS.values()]
    waiting = {type(each[PAIR]._outstanding._transfer) for each in starts if PAIR in each}
    assert transfers() - {WritingTransfer} == waiting - {type(None)}


def test_every_recorded_conversation_that_can_be_played_is_altered():
    assert len(playable()) >= 79
    changed = 0
    for number, conversation in enumerate(playable()):
        wpdus = altered(conversation, Random(number))
        assert outcome_of_exchange(conversation, wpdus, whole=True)
        changed += [octets for _, octets in wpdus] != [sent.wpdu for sent in conversation.wpdus]
    assert changed > 0.9 * len(playable())


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("play", [over_tcp, over_udp])
async def test_malformed_answers_over_sockets_are_survived(play):
    report = await play(1128, 40)
    assert report.findings == []
    assert report.malformed >= 40
    assert report.honest > 0


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(("play", "count"), [(strangers_over_tcp, 80), (strangers_over_udp, 200)])
async def test_s23_s25_strangers_at_a_listener_are_survived_and_the_meter_is_heard(play, count):
    pytest_socket.socket_allow_hosts([HOST, HONEST_HOST], allow_unix_socket=True)
    report = await play(1128, count)
    assert report.findings == []
    assert report.malformed == count
    assert report.honest == 1 + count // 40
    assert report.refused > count // 4


@pytest.mark.usefixtures("socket_enabled")
async def test_a_listener_that_believes_forgeries_or_forgets_the_meter_is_found(monkeypatch):
    pytest_socket.socket_allow_hosts([HOST, HONEST_HOST], allow_unix_socket=True)
    monkeypatch.setattr("tests.dlms.fuzz.listener._PATIENCE", 5)
    monkeypatch.setattr(SourceLimits, "allows", lambda *_, **__: False)
    report = await strangers_over_udp(1, 40)
    assert report.findings[0] == "the meter was not heard"
    monkeypatch.undo()
    pytest_socket.socket_allow_hosts([HOST, HONEST_HOST], allow_unix_socket=True)
    believed = Unprotected(EVENT, authenticated=True, system_title=bytes(8))
    monkeypatch.setattr(NotificationSenders, "unprotect", lambda *_: believed)
    report = await strangers_over_udp(1, 40)
    assert report.findings[0].startswith("heard as authenticated")


@pytest.mark.usefixtures("socket_enabled")
async def test_what_is_logged_is_found(monkeypatch):
    async def shout(*_):
        logging.getLogger("custom_components.cosem").warning("a traceback")

    monkeypatch.setattr("tests.dlms.fuzz.sockets._exchanges", shout)
    assert (await over_tcp(1, 1)).findings == ["a traceback"]


def test_the_honest_proof_is_among_what_a_meter_sends():
    make, _ = STARTS["proving"]
    connection = make()
    connection.receive_data(answer(PROOF))
    assert connection.state(PAIR) is State.ASSOCIATED


def test_a_seed_repeats_a_run():
    first, second = (run.fuzz(seed=7, most=100, seconds=60, names=["data", "apdu"]) for _ in range(2))
    assert (first.inputs, first.accepted) == (second.inputs, second.accepted)


def _never(octets, random):
    raise DecodeError("no")


def _crash(octets, random):
    raise IndexError


def _slow(octets, random):
    sum(range(1_000_000))


@pytest.mark.parametrize(("target", "code"), [(_never, 0), (_crash, 1), (_slow, 1)])
def test_what_is_found_is_told_by_the_exit_code(target, code, monkeypatch, capsys):
    monkeypatch.setitem(run.ALL, "ber", (target, ""))
    if target is _slow:
        monkeypatch.setattr(run, "LONGEST", 0.0001)
    arguments = ["--inputs", "1", "--seed", "5", "--target", "ber", "--processes", "1"]
    assert run.main(arguments) == code
    shown = capsys.readouterr().out
    assert "seed 5" in shown
    assert f"{code} findings" in shown
