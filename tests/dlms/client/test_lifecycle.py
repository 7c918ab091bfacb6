from itertools import product
from pathlib import Path

import pytest

from custom_components.cosem.dlms.client.lifecycle import LIFECYCLE, Lifecycle, LifecycleInput, next_lifecycle
from custom_components.cosem.dlms.errors import LocalProtocolError

EVERYTHING = list(product(Lifecycle, LifecycleInput))
OVER = {Lifecycle.RELEASING, Lifecycle.GIVING_UP, Lifecycle.RELEASED}
FROM_THE_METER = {LifecycleInput.CHALLENGE, LifecycleInput.ACCEPT, LifecycleInput.REFUSE, LifecycleInput.END}


@pytest.mark.parametrize(("state", "happened"), EVERYTHING, ids=lambda value: value.name)
def test_every_pair_is_decided(state, happened):
    """State x input: either the table has it, or it is a mistake of ours."""
    if (state, happened) in LIFECYCLE:
        assert next_lifecycle(state, happened) is LIFECYCLE[state, happened]
    else:
        with pytest.raises(LocalProtocolError, match=f"^{happened.name} is not possible while {state.name}$"):
            next_lifecycle(state, happened)


def test_every_state_can_be_reached():
    reached = {Lifecycle.IDLE}
    while new := {after for (state, _), after in LIFECYCLE.items() if state in reached} - reached:
        reached |= new
    assert reached == set(Lifecycle)


def test_everything_can_be_finished_once():
    ends = {state for (state, happened), after in LIFECYCLE.items() if happened is LifecycleInput.FINISH}
    assert ends == set(Lifecycle) - {Lifecycle.RELEASED}
    assert {after for (state, _), after in LIFECYCLE.items() if state is Lifecycle.RELEASED} == {Lifecycle.RELEASED}


def test_nothing_leads_back_from_a_release():
    """What the meter said before it heard of the release may still arrive; it opens nothing again."""
    for state, happened in product(OVER, LifecycleInput):
        after = LIFECYCLE.get((state, happened))
        assert after in (OVER if happened in FROM_THE_METER else {Lifecycle.RELEASED, None})
        assert happened not in FROM_THE_METER or after is state


def test_what_was_given_up_can_only_be_released():
    leading_on = {after for (state, _), after in LIFECYCLE.items() if state is Lifecycle.ENDED} - {Lifecycle.ENDED}
    assert leading_on == OVER


def test_only_a_refused_or_forgotten_proposal_is_made_again():
    again = {state for state, happened in LIFECYCLE if happened is LifecycleInput.PROPOSE}
    assert again == {Lifecycle.IDLE, Lifecycle.UNPROVEN, Lifecycle.OPEN}
    assert LIFECYCLE[Lifecycle.PROPOSING, LifecycleInput.REFUSE] is Lifecycle.IDLE
    assert LIFECYCLE[Lifecycle.PROVING, LifecycleInput.REFUSE] is Lifecycle.UNPROVEN


@pytest.mark.parametrize(
    ("question", "states"),
    [
        ("is_open", {Lifecycle.OPEN}),
        ("proof_was_refused", {Lifecycle.UNPROVEN}),
        ("waits_for_rlre", {Lifecycle.RELEASING, Lifecycle.GIVING_UP}),
        ("gives_up", {Lifecycle.GIVING_UP}),
        ("is_released", {Lifecycle.RELEASED}),
    ],
)
def test_what_a_state_means(question, states):
    assert {state for state in Lifecycle if getattr(state, question)} == states


def test_the_table_cannot_be_changed():
    with pytest.raises(TypeError):
        LIFECYCLE[Lifecycle.IDLE, LifecycleInput.ACCEPT] = Lifecycle.OPEN  # type: ignore[index]


def test_the_documented_table_is_the_one_in_force():
    text = (Path(__file__).parents[3] / "docs" / "architecture.md").read_text("utf-8")
    section = text.split("The life of an association for its user\n")[1]
    head, _ruler, *rows = [line for line in section.split("\n## ")[0].splitlines() if line.startswith("|")]
    states = [Lifecycle[name] for name in _cells(head)[1:]]
    assert states == list(Lifecycle)
    documented = {}
    for row in rows:
        name, *cells = _cells(row)
        for state, cell in zip(states, cells, strict=True):
            if cell:
                documented[state, LifecycleInput[name]] = state if cell == "=" else Lifecycle[cell]
    assert documented == LIFECYCLE


def _cells(row):
    return [cell.strip() for cell in row.strip("|").split("|")]
