"""A meter with general block transfer around LoneMeter: octets by hand from the specification, as that is.

``each``: it protects each block by itself, and understands no others. Blocks that come early are not kept. What it has
done is in ``done``; it answers what it was told with the last octets first.
"""

from tests.dlms.lone_meter import LoneMeter, sized

GENERAL_BLOCKS_GET_SET_ACTION = bytes.fromhex("200019")
LAST, STREAMING = 0x80, 0x40


class GeneralBlockMeter(LoneMeter):
    """Takes any GET, SET and ACTION of one octet-string. ``size``: octets of data in a block. ``window``: its own."""

    def __init__(self, *arguments, size=40, window=3, each=False, **changes):
        super().__init__(*arguments, granted=GENERAL_BLOCKS_GET_SET_ACTION, max_pdu=64, **changes)
        self.size, self.window, self.each = size, window, each
        self.done = []
        self.seen = set()
        self.answer_get = self._serve
        self._begin()

    def _begin(self):
        self.taken, self.in_order, self.by_blocks = b"", 0, False
        self.queue, self.number, self.last_number = {}, 0, 0

    def _serve(self, request):
        head = request[2:3]
        if request[0] == 0xC0:
            return [b"\xc4\x01" + head + b"\x00\x09" + sized(self.done[-1][::-1] if self.done else b"nothing")]
        octets = request[request.index(b"\x01\x09" if request[0] == 0xC3 else b"\x00\x09", 9) + 2 :]
        octets = octets[2:] if octets[0] == 0x81 else octets[3:] if octets[0] == 0x82 else octets[1:]
        self.done.append(octets)
        if request[0] == 0xC1:
            return [b"\xc5\x01" + head + b"\x00"]
        return [b"\xc7\x01" + head + b"\x00\x01\x00\x09" + sized(octets[::-1])]

    def _prove(self, request):
        return self._serve(request)[0]  # nobody proves anything here: it is a method of any object

    # -- blocks

    def exchange(self, apdu):
        """Return what it says to an APDU."""
        if apdu[0] < 0xC0:
            is_copy = apdu in self.seen
            self.seen.add(apdu)
            return [] if is_copy else self.replies(apdu)
        if apdu[0] == 0xE0:
            return self._block(apdu, lambda whole: super(GeneralBlockMeter, self).replies(whole))
        if self.ciphered and apdu in self.seen:
            return []  # its counter was used
        self.seen.add(apdu)
        if not self.each or apdu[0] not in {0xDB, 0xDC}:
            self._begin()
            if self.each and apdu[0] >= 0xC8:
                plain, envelope = self.open(apdu)
                return self._protected(self._cut(self._serve(plain)[0]), envelope)
            return self._cut(self.replies(apdu)[0])
        plain, envelope = self.open(apdu)
        if plain[0] == 0xE0:
            return self._protected(self._block(plain, self._serve), envelope)
        self._begin()
        return self._protected(self._cut(self._serve(plain)[0]), envelope)

    def _protected(self, apdus, envelope):
        tag = {0xC8: 0xDB, 0xCB: 0xDB, 0xD0: 0xDC, 0xD3: 0xDC}.get(envelope[0], envelope[0])
        return [self.protect(apdu, (tag, *envelope[1:])) for apdu in apdus]

    def _block(self, apdu, serve):
        control, number, acknowledged = apdu[1], int.from_bytes(apdu[2:4]), int.from_bytes(apdu[4:6])
        data = apdu[7:] if apdu[6] < 0x80 else apdu[8:]
        if number == 0:
            self._begin()
            return []
        if self.queue:
            self.queue = {each: piece for each, piece in self.queue.items() if each > acknowledged}
            if number == self.in_order + 1:
                self.in_order = number
            return self._next(control & 0x3F)
        if number == 1 and data and self.in_order != 1:
            self._begin()
        self.by_blocks = True
        if number == self.in_order + 1 and data:
            self.in_order, self.taken = number, self.taken + data
            if control & LAST:
                whole, self.taken = self.taken, b""
                return self._cut(serve(whole)[0], control & 0x3F)
        return [] if control & STREAMING else [self._written(LAST, b"")]

    def _written(self, control, data, number=None):
        if number is None:
            self.number = number = self.number + 1
        head = bytes([0xE0, control | self.window]) + number.to_bytes(2) + self.in_order.to_bytes(2)
        return head + sized(data)

    def _cut(self, answer, window=1):
        if len(answer) <= self.size and not self.by_blocks:
            return [answer]
        for start in range(0, len(answer), self.size):
            self.number += 1
            self.queue[self.number] = answer[start : start + self.size]
        self.last_number = self.number
        return self._next(window)

    def _next(self, window):
        numbers = [*self.queue][: max(window, 1)]
        return [
            self._written(
                (LAST if number == self.last_number else 0) | (STREAMING if number != numbers[-1] else 0),
                self.queue[number],
                number,
            )
            for number in numbers
        ]
