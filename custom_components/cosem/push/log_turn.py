"""One reading of event logs and alarm registers, in an association that the polls lend."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from ..dlms import (
    Association,
    AttributeDescriptor,
    Data,
    DlmsError,
    InterfaceClass,
    LogicalName,
)
from ..meter.error_mapping import concerns_one_object, failure_of
from ..meter.objects import AttributeResult, async_ask
from .log_events import Trust
from .log_mark import LogMark
from .log_reading import LogCondition, LogNews, LogReader, condition_attributes

_VALUE: Final = 2


class Kept(NamedTuple):
    """An object that keeps what happened: an event log (class 7) or an alarm register (class 1)."""

    class_id: int
    logical_name: LogicalName

    @property
    def is_log(self) -> bool:
        """Whether it is an event log."""
        return self.class_id == InterfaceClass.PROFILE_GENERIC

    @property
    def attribute(self) -> AttributeDescriptor:
        """Its buffer or value."""
        return AttributeDescriptor(self.class_id, self.logical_name, _VALUE)

    @property
    def asked(self) -> list[AttributeDescriptor]:
        """What is asked first, together with that of the others."""
        return condition_attributes(self.logical_name) if self.is_log else [self.attribute]


class LogTurn:
    """What one reading brought. ``failures``: of objects that could not be read; ``answered``: those that could."""

    def __init__(self, objects: Sequence[Kept], marks: Mapping[LogicalName, LogMark]) -> None:
        self._objects = objects
        self._marks = marks
        self.registers: dict[LogicalName, Data] = {}
        self.news: dict[LogicalName, LogNews] = {}
        self.failures: dict[Kept, DlmsError] = {}
        self.answered: list[Kept] = []
        self._answers: dict[AttributeDescriptor, AttributeResult] = {}
        self.trust = Trust(authenticated=False, encrypted=False)

    async def async_read(self, association: Association, reader: LogReader) -> None:
        """Read them. Raises what ends the association."""
        self.trust = Trust.of(association)
        if (failure := await failure_of(self._async_ask(association))) is not None:
            self.failures = dict.fromkeys(self._objects, failure)
            raise failure
        for kept in self._objects:
            if kept.is_log:
                failure = await failure_of(self._async_log(reader, kept))
                if failure is not None:
                    self.failures[kept] = failure
                    if not concerns_one_object(failure) or not association.is_open:
                        raise failure
            elif isinstance(answer := self._answers[kept.attribute], Data):
                self.registers[kept.logical_name] = answer
                self.answered.append(kept)
            else:
                self.failures[kept] = answer

    async def _async_ask(self, association: Association) -> None:
        self._answers = await async_ask(association, [asked for kept in self._objects for asked in kept.asked])

    async def _async_log(self, reader: LogReader, kept: Kept) -> None:
        log = kept.logical_name
        condition, mark = LogCondition.of(log, self._answers), self._marks.get(log)
        news = None if condition.is_as_before(mark) else await reader.async_read(condition, mark)
        self.answered.append(kept)
        if news is not None:
            self.news[log] = news
