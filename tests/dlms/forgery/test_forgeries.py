"""The client believes no forgery; and the generator would notice if it did."""

import pytest

from custom_components.cosem.dlms.errors import DlmsError
from custom_components.cosem.dlms.protocol.transfer import hls_proof
from custom_components.cosem.dlms.security import receiving
from custom_components.cosem.dlms.security.counters import ReceivingCounter
from tests.dlms.forgery.forgers import FORGERS
from tests.dlms.forgery.run import run

PARTS, EACH = 10, 500
RULES = {"S03", "S06", "S07", "S08", "S09", "S11", "S12", "S13", "S14", "S15", "S16", "S18", "S19", "S22"}


@pytest.mark.parametrize("part", range(PARTS))
def test_no_forgery_is_believed(part):
    """5,000 in all, always the same ones."""
    outcome = run(seed=1_000_000 + part * EACH, count=EACH)
    assert not outcome.findings, outcome.findings[0]
    assert sum(outcome.offered.values()) == EACH
    assert sum(outcome.alive.values()) > EACH // 10


def test_every_rule_is_forged_against():
    assert {forger.rule for forger in FORGERS} == RULES
    assert set(run(seed=7, count=600).offered) == RULES


def unverified(sealing, counter, payload, header=b""):
    return receiving.open_unverified(sealing, counter, payload)


@pytest.mark.parametrize(
    ("rules", "target", "name", "hole"),
    [
        ({"S06", "S07"}, ReceivingCounter, "check", lambda self, value: None),
        ({"S08"}, receiving, "open_sealed", unverified),
        ({"S12"}, receiving.ReceivingContext, "unprotect", lambda self, apdu: receiving.Unprotected(apdu)),
        ({"S19"}, hls_proof, "verify_server_proof", lambda *arguments: None),
    ],
)
def test_a_hole_is_noticed(monkeypatch, rules, target, name, hole):
    monkeypatch.setattr(target, name, hole)
    assert any(rules & believed_of_one(seed) for seed in range(2_000))


def believed_of_one(seed):
    """The rules against which one forgery was believed; with a hole, the honest part may not come about either."""
    try:
        return set(run(seed=seed, count=1).accepted)
    except DlmsError, AssertionError, IndexError:
        return set()
