"""Long answers show how far they are; several observers are told the same."""

from custom_components.cosem.dlms.command_line.progress import OctetCount, Several
from custom_components.cosem.dlms.protocol.framing import Message


def test_what_takes_long_is_counted_twice_a_second():
    now = [100.0]
    shown: list[str] = []
    progress = OctetCount(shown.append, lambda: now[0])
    for _ in range(10):
        now[0] += 0.2
        progress.received(Message(16, 1, bytes(100)))
        progress.sent(Message(16, 1, bytes(7)))
        progress.note("a stage")
    assert shown == [f"{count} octets received" for count in (300, 600, 900)]


class Told:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.all: list[object] = []

    def note(self, text: str, *details: object) -> None:
        self.all.append(text % details)

    def sent(self, message: Message) -> None:
        self.all.append(("sent", message))

    def received(self, message: Message) -> None:
        self.all.append(("received", message))


def test_several_are_told_the_same():
    one, other = Told(), Told()
    message = Message(16, 1, b"\x62\x00")
    several = Several([one, other])
    several.note("%s", 1)
    several.sent(message)
    several.received(message)
    assert one.all == other.all == ["1", ("sent", message), ("received", message)]
