from itertools import product
from pathlib import Path

import pytest

from custom_components.cosem.dlms.errors import LocalProtocolError, UnexpectedApdu
from custom_components.cosem.dlms.protocol.states import (
    FAILURE_MEANS,
    LOCAL_INPUTS,
    OPEN_STATES,
    TRANSITIONS,
    WAITING_STATES,
    Input,
    State,
    advance,
)

EVERYTHING = list(product(State, Input))


@pytest.mark.parametrize(("state", "received"), EVERYTHING, ids=lambda value: value.name)
def test_every_pair_is_decided(state, received):
    """State x input: either the table has it, or it is an error of whoever caused the input."""
    if (state, received) in TRANSITIONS:
        assert advance(state, received) is TRANSITIONS[state, received]
    elif received in LOCAL_INPUTS:
        with pytest.raises(LocalProtocolError, match=f"{received.name} is not possible while {state.name}"):
            advance(state, received)
    else:
        with pytest.raises(UnexpectedApdu, match=f"tag C4 while {state.name}"):
            advance(state, received, 0xC4)


def test_nothing_leaves_closed():
    assert {after for (state, _), after in TRANSITIONS.items() if state is State.CLOSED} == {State.CLOSED}


def test_the_end_of_the_connection_closes_every_state():
    assert all(advance(state, Input.CONNECTION_END) is State.CLOSED for state in State)


def test_every_state_can_be_reached():
    reached = {State.IDLE}
    while new := {after for (state, _), after in TRANSITIONS.items() if state in reached} - reached:
        reached |= new
    assert reached == set(State)


def test_a_stray_answer_changes_nothing():
    for state in set(State) - {State.CLOSED}:
        assert advance(state, Input.RECV_STRAY) is state


def test_an_apdu_that_no_server_sends_is_possible_nowhere():
    assert not [state for state, received in TRANSITIONS if received is Input.RECV_FOREIGN]


def test_whatever_is_open_or_waits_can_be_released():
    for state in OPEN_STATES | WAITING_STATES - {State.RELEASING}:
        assert advance(state, Input.SEND_RLRQ) is State.RELEASING


def test_a_given_up_request_can_only_be_released():
    """A new request would meet the late answer to the old one."""
    for state in (State.AWAITING_ANSWER, State.AWAITING_BLOCK):
        assert {sent for sent in LOCAL_INPUTS if (state, sent) in TRANSITIONS} == {
            Input.SEND_RLRQ,
            Input.LEAVE_WITHOUT_ANSWER,
        }


def test_an_error_apdu_ends_what_is_outstanding():
    assert set(FAILURE_MEANS) == WAITING_STATES
    for state, means in FAILURE_MEANS.items():
        assert advance(state, means) not in WAITING_STATES


def test_an_error_that_no_apdu_is_named_with_names_tag_0():
    with pytest.raises(UnexpectedApdu, match="tag 00 while IDLE"):
        advance(State.IDLE, Input.RECV_ANSWER)


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        TRANSITIONS[State.IDLE, Input.RECV_ANSWER] = State.ASSOCIATED  # type: ignore[index]


def test_the_documented_table_is_the_one_in_force():
    text = (Path(__file__).parents[3] / "docs" / "architecture.md").read_text("utf-8")
    head, _ruler, *rows = [
        line
        for line in text.split("The states of an association on the wire\n")[1].split("\n## ")[0].splitlines()
        if line.startswith("|")
    ]
    states = [State[name] for name in _cells(head)[1:]]
    documented = {}
    for row in rows:
        name, *cells = _cells(row)
        for state, cell in zip(states, cells, strict=True):
            if cell:
                documented[state, Input[name]] = state if cell == "=" else State[cell]
    in_force = {key: after for key, after in TRANSITIONS.items() if key[1] is not Input.CONNECTION_END}
    assert documented == in_force


def _cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]
