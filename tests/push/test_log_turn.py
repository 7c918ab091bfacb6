"""One reading: what the meter refuses costs the others nothing, and what ends the association is known."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from custom_components.cosem.dlms import (
    AttributeDescriptor,
    ConnectionLost,
    Data,
    DataAccessError,
    DataType,
    DecodeError,
    DlmsError,
    LogicalName,
)
from custom_components.cosem.push.log_mark import LogMark
from custom_components.cosem.push.log_reading import LogCondition, LogNews
from custom_components.cosem.push.log_turn import Kept, LogTurn

REGISTER = Kept(1, LogicalName.parse("0.0.97.98.0.255"))
LOGS = [Kept(7, LogicalName.parse(f"0.0.99.98.{e}.255")) for e in range(3)]
OBJECTS = [REGISTER, *LOGS]
REFUSED = DataAccessError(3)
NEWS = LogNews(LogMark())


class Meter:
    """An association whose meter answers with 7, and a reader of its logs."""

    def __init__(self, *, refuses: dict[AttributeDescriptor, DataAccessError] | None = None) -> None:
        self.parameters = SimpleNamespace(security=None)
        self.is_open = True
        self.refuses = refuses or {}
        self.ends: DlmsError | None = None
        self.logs: dict[LogicalName, DlmsError | None] = {}
        self.read: list[LogicalName] = []

    async def get_many(self, attributes: Sequence[AttributeDescriptor]) -> list[Data | DataAccessError]:
        if self.ends is not None:
            raise self.ends
        return [self.refuses.get(each, Data(DataType.UNSIGNED, 7)) for each in attributes]

    async def async_read(self, condition: LogCondition, _mark: LogMark | None) -> LogNews | None:
        self.read.append(condition.logical_name)
        outcome = self.logs.get(condition.logical_name, NEWS)
        if isinstance(outcome, DlmsError):
            raise outcome
        return outcome


async def turn(meter: Meter, marks: dict[LogicalName, LogMark] | None = None) -> LogTurn:
    found = LogTurn(OBJECTS, marks or {})
    either: Any = meter
    await found.async_read(either, either)
    return found


async def test_everything_is_read():
    found = await turn(Meter())
    assert found.registers == {REGISTER.logical_name: Data(DataType.UNSIGNED, 7)}
    assert list(found.news) == [log.logical_name for log in LOGS]
    assert found.answered == OBJECTS
    assert found.failures == {}


@pytest.mark.parametrize("error", [REFUSED, DecodeError("odd")])
async def test_what_is_refused_costs_the_others_nothing(error: DlmsError):
    meter = Meter(refuses={REGISTER.attribute: REFUSED})
    meter.logs[LOGS[0].logical_name] = error
    found = await turn(meter)
    assert found.failures == {REGISTER: REFUSED, LOGS[0]: error}
    assert found.answered == LOGS[1:]
    assert list(found.news) == [log.logical_name for log in LOGS[1:]]


@pytest.mark.parametrize("error", [ConnectionLost(), REFUSED])
async def test_what_ends_the_association_ends_the_reading(error: DlmsError):
    meter = Meter()
    meter.is_open = False
    meter.logs[LOGS[1].logical_name] = error
    found = LogTurn(OBJECTS, {})
    either: Any = meter
    with pytest.raises(type(error)):
        await found.async_read(either, either)
    assert found.failures == {LOGS[1]: error}
    assert meter.read == [log.logical_name for log in LOGS[:2]]


async def test_a_meter_that_hangs_up_at_the_first_question_may_mean_any_of_them():
    meter = Meter()
    meter.ends = ConnectionLost()
    found = LogTurn(OBJECTS, {})
    either: Any = meter
    with pytest.raises(ConnectionLost):
        await found.async_read(either, either)
    assert list(found.failures) == OBJECTS


async def test_a_log_without_news_is_not_read():
    meter = Meter(refuses={AttributeDescriptor(7, LOGS[0].logical_name, 8): REFUSED})
    same = LogMark(in_use=7, counts=True)
    found = await turn(meter, {log.logical_name: same for log in LOGS})
    assert meter.read == [log.logical_name for log in LOGS]  # a ring of 7 entries may be full
    meter = Meter()
    meter.get_many = _roomy  # type: ignore[method-assign] # a ring with room
    found = await turn(meter, {log.logical_name: same for log in LOGS})
    assert meter.read == []
    assert found.answered == OBJECTS


async def _roomy(attributes: Sequence[AttributeDescriptor]) -> list[Data | DataAccessError]:
    return [Data(DataType.UNSIGNED, 99 if each.attribute_index == 8 else 7) for each in attributes]


async def test_what_cannot_be_known_now_is_no_failure():
    meter = Meter()
    meter.logs[LOGS[0].logical_name] = None
    found = await turn(meter)
    assert LOGS[0].logical_name not in found.news
    assert found.failures == {}
