"""gurux-dlms's client reads the simulated meter by short names: what the meter sends is DLMS for someone else too.

The library's client cannot join the blocks of a Read (it calls a method that does not exist), so the APDUs are long.
"""

from dataclasses import replace
from typing import Any

from gurux_dlms import GXDLMSClient
from gurux_dlms.objects import GXDLMSObjectCollection
import pytest

from tests.simulated_meter.profile import DEFAULT_PASSWORD, MeterProfile, Referencing, load_profile
from tests.simulated_meter.security_profile import ShortNameProof

from .conftest import InThread, Served
from .gurux_client import GuruxClient, GuruxSecurity
from .test_own_client_secured_meter import secured

pytestmark = pytest.mark.usefixtures("over_both")

LARGE = 8192


def short(profile: MeterProfile) -> MeterProfile:
    return profile.with_quirks(referencing=Referencing.SHORT)


def household() -> MeterProfile:
    clients = load_profile("open", {}).clients
    return short(MeterProfile(clients=clients, max_pdu_size=LARGE, history_days=3))


class ShortClient(GuruxClient):
    """Asks by short names; the object list comes first."""

    def __init__(self, port: int, **named: Any) -> None:
        super().__init__(port, **named)
        self.codec.useLogicalNameReferencing = False
        self.codec.proposedConformance = GXDLMSClient.getInitialConformance(False)

    def objects(self) -> GXDLMSObjectCollection:
        reply = self.exchange(self.codec.getObjectsRequest())
        return self.codec.parseObjects(reply.data, False)


@pytest.mark.parametrize("credentials", [{"client": 16}, {"client": 2, "password": DEFAULT_PASSWORD}])
async def test_reads_values_lists_and_rows(served: Served, in_thread: InThread, credentials: dict[str, Any]):
    async with served(household()) as server:

        def work() -> tuple[Any, ...]:
            with ShortClient(server.port, **credentials) as client:
                listed = client.objects()
                named = {str(item.logicalName): item for item in listed}
                energy, load_profile = named["1.0.1.8.0.255"], named["1.0.99.1.0.255"]
                alone = client.read(energy, 2)
                together = client.read_list([(energy, 2), (energy, 3)])
                client.read(load_profile, 3)
                reply = client.exchange(client.codec.readRowsByEntry(load_profile, 1, 3))
                client.codec.updateValue(load_profile, 2, reply.value)
                return len(listed), alone, together, load_profile.buffer

        count, alone, together, rows = await in_thread(work)

    truth = server.meter.truth("1.0.1.8.0").value
    assert count > 60
    assert alone == truth
    assert together == [truth, [0, 30]]
    assert len(rows) == 3


async def test_a_value_that_may_not_be_written_is_refused(served: Served, in_thread: InThread):
    async with served(household()) as server:

        def work() -> str:
            with ShortClient(server.port, client=2, password=DEFAULT_PASSWORD) as client:
                energy = next(item for item in client.objects() if str(item.logicalName) == "1.0.1.8.0.255")
                client.read(energy, 2)
                with pytest.raises(ValueError, match="error") as caught:
                    client.exchange(client.codec.write(energy, 2))
                return str(caught.value)

        assert await in_thread(work) == "the meter answered with error 3"


async def test_proof_is_written_and_answered_behind_the_success(served: Served, in_thread: InThread):
    profile = replace(short(secured(short_name_proof=ShortNameProof.WRITTEN)), max_pdu_size=LARGE)
    client_profile = next(
        each for each in profile.clients if each.security is not None and each.security.mechanism == 3
    )
    security = GuruxSecurity(mechanism=3, secret=client_profile.security.secret)
    async with served(profile) as server:

        def work() -> tuple[int, bytes]:
            with ShortClient(server.port, client=client_profile.wport, security=security) as client:
                return len(client.objects()), client.sent[1]

        count, pass_3 = await in_thread(work)

    assert count > 60
    assert pass_3[:6] == bytes.fromhex("060102FA5801")
