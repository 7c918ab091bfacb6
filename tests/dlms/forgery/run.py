"""Offers forgeries to the client and counts what it believed: must be none.

    scripts/forge [--count N] [--seed S] [--processes N]

Every forgery meets a client in the middle of an honest association. Afterwards the honest message is delivered, where
the connection still lives, and must be believed: that shows that the forgery alone was what was refused. Prints the
seed and the counts by rule; exit 1 when anything was accepted, or when an honest message was not.
"""

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
import os
from random import Random, SystemRandom
import sys
import time

from custom_components.cosem.dlms.protocol.events import AnswerReceived, Associated, BlockReceived
from tests.dlms.forgery.conversation import SETTINGS, Conversation, wpdu
from tests.dlms.forgery.forgers import FORGERS, STAGE_AARE, STAGE_ANSWER, STAGE_PROOF, Forger, answer_of, protected


@dataclass
class Outcome:
    """Counts by rule."""

    offered: Counter[str] = field(default_factory=Counter)
    accepted: Counter[str] = field(default_factory=Counter)
    alive: Counter[str] = field(default_factory=Counter)
    """Forgeries after which the honest message was still delivered, and believed."""
    findings: list[str] = field(default_factory=list)

    def add(self, other: Outcome) -> None:
        self.offered += other.offered
        self.accepted += other.accepted
        self.alive += other.alive
        self.findings += other.findings


KINDS = tuple((forger, setting) for forger in FORGERS for setting in SETTINGS if forger.suits(setting))


def prepared(forger: Forger, conversation: Conversation) -> None:
    """Bring an association to the stage at which the forger steps in."""
    honest_proofs: list[bytes] = []

    def keep(proof: bytes) -> bytes:
        honest_proofs.append(proof)
        return proof

    conversation.meter.change_proof = keep
    if forger.stage == STAGE_PROOF:
        conversation.deliver_honest()
        conversation.meter.honest_proof = honest_proofs[0]
    elif forger.stage == STAGE_ANSWER:
        conversation.associate()
        conversation.ask()
        conversation.meter.repeated = conversation.replies[0]
        conversation.deliver_honest()
        conversation.ask()


def believed(events: list[object]) -> bool:
    """Whether the client took a value, or the association for opened."""
    return any(isinstance(event, Associated | AnswerReceived | BlockReceived) for event in events)


def attempt(seed: int, outcome: Outcome) -> None:
    """Offer one forgery."""
    chance = Random(seed)
    forger, setting = chance.choice(KINDS)
    conversation = Conversation.begin(setting, chance)
    prepared(forger, conversation)
    octets = forger.forge(conversation, chance)
    what = f"{forger.rule} {getattr(forger.forge, '__name__', forger.forge)} {setting}, seed {seed}: {octets.hex()}"
    outcome.offered[forger.rule] += 1
    events = conversation.deliver(octets)
    if believed(events) or (forger.stage == STAGE_AARE and conversation.sent_a_proof()):
        outcome.accepted[forger.rule] += 1
        outcome.findings.append(f"believed: {what}")
    elif forger.stage == STAGE_ANSWER and conversation.connection.is_waiting(conversation.pair):
        honest = protected(conversation, answer_of(conversation))
        if believed(conversation.deliver(wpdu(honest))):
            outcome.alive[forger.rule] += 1
        else:
            outcome.findings.append(f"the honest answer was not believed after: {what}")


def run(seed: int, count: int) -> Outcome:
    """Offer ``count`` forgeries; the same seed offers the same ones."""
    outcome = Outcome()
    for number in range(count):
        attempt(seed + number, outcome)
    return outcome


def main() -> int:
    """Run, print, and say by the exit code whether anything was believed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    seed = SystemRandom().randrange(1 << 32) if options.seed is None else options.seed
    started = time.monotonic()
    share, rest = divmod(options.count, options.processes)
    total = Outcome()
    with ProcessPoolExecutor(options.processes) as pool:
        first = seed
        running = []
        for number in range(options.processes):
            size = share + (number < rest)
            running.append(pool.submit(run, first, size))
            first += size
        for future in running:
            total.add(future.result())
    print(f"seed {seed}, {time.monotonic() - started:.0f} s")
    print("rule   offered  accepted  honest answer believed afterwards")
    for rule in sorted(total.offered):
        print(f"{rule}  {total.offered[rule]:8d}  {total.accepted[rule]:8d}  {total.alive[rule]:8d}")
    print(f"{sum(total.offered.values())} forgeries offered, {len(total.findings)} findings")
    for finding in total.findings[:20]:
        print(finding)
    return 1 if total.findings else 0


if __name__ == "__main__":
    sys.exit(main())
