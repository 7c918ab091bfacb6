"""An association with one profile, for the tests of reading it: every question is written down."""

from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from custom_components.cosem.dlms.encoding.cosem_time import (
    CosemDateTime,
    decode_date_time,
    encode_date_time,
    to_datetime,
)
from custom_components.cosem.dlms.encoding.data import (
    NULL,
    array,
    double_long_unsigned,
    encode_data_octets,
    enum,
    integer,
    octet_string,
    plain,
    structure,
    unsigned,
)
from custom_components.cosem.dlms.encoding.logical_name import LogicalName
from custom_components.cosem.dlms.errors import ConnectionLost, DataAccessError
from custom_components.cosem.dlms.interface_classes.profile_generic import (
    CaptureObject,
    encode_capture_object,
)

PROFILE = LogicalName.parse("1.0.99.1.0.255")
CLOCK = CaptureObject(8, LogicalName.parse("0.0.1.0.0.255"), 2, 0)
STATUS = CaptureObject(1, LogicalName.parse("0.0.96.10.1.255"), 2, 0)
IMPORT = CaptureObject(3, LogicalName.parse("1.0.1.8.0.255"), 2, 0)
EXPORT = CaptureObject(3, LogicalName.parse("1.0.2.8.0.255"), 2, 0)
COLUMNS = (CLOCK, STATUS, IMPORT, EXPORT)
START = datetime(2026, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def stamp(moment):
    return octet_string(encode_date_time(CosemDateTime.from_datetime(moment)))


def row(number, *, times=True):
    time = stamp(START + number * QUARTER) if times else NULL
    return [time, unsigned(number % 5), double_long_unsigned(1000 + number), double_long_unsigned(number)]


class Source:
    """What reading a profile needs of an association.

    ``can``: selectors that are understood. ``sends_all``: selections are taken and left out. ``drops_after``: pieces
    until the connection is lost, for each association; questions for a single entry are spared.
    """

    def __init__(self, rows=20, *, can=(1, 2), sends_all=False, columns=COLUMNS, sort=1, drops_after=(), piece=50):
        self.entries = [row(number) for number in range(rows)]
        self.columns = columns
        self.can = can
        self.sends_all = sends_all
        self.sort = sort
        self.drops_after = list(drops_after)
        self.piece = piece
        self.selects = True
        self.clock = stamp(START)
        self.asked = []
        self.units_asked = 0
        self.is_open = True
        self.asks_otherwise = False
        self.counts = False
        """The last entry is taken for a count."""
        self.lent = 0
        self.accepts_time = lambda octets: True
        self.accepts_columns = True
        self.odd = {}
        self.size = 1000
        """How many entries there may be."""
        self.between = lambda: None
        """What happens while no connection is there."""

    @property
    def negotiated(self):
        return SimpleNamespace(selects=self.selects)

    @asynccontextmanager
    async def lend(self):
        self.lent += 1
        if self.lent > 1:
            self.between()
        self.is_open = True
        yield self

    async def get(self, attribute):
        assert attribute.class_id == 8
        return self.clock

    async def get_many(self, attributes):
        results = []
        for attribute in attributes:
            if attribute.class_id != 7:
                self.units_asked += 1
                results.append(self.odd.get(attribute.logical_name, structure(integer(-1), enum(30))))
            else:
                values = {
                    3: array(*map(encode_capture_object, self.columns)),
                    4: double_long_unsigned(900),
                    5: enum(self.sort),
                    7: double_long_unsigned(len(self.entries)),
                    8: double_long_unsigned(self.size),
                }
                results.append(self.odd.get(attribute.attribute_index, values[attribute.attribute_index]))
        return results

    def chosen(self, selection):
        """The rows that a selection means, in octets."""
        rows = self.entries
        self.asked.append(None if selection is None else (selection.selector, plain(selection.parameters)))
        if selection is None or self.sends_all:
            return encode_data_octets(array(*[structure(*each) for each in rows]))
        if selection.selector not in self.can:
            raise DataAccessError(13)
        parameters = plain(selection.parameters)
        if selection.selector == 2:
            first, last, left, right = parameters
            if self.counts and last:
                last += first - 1
            rows = [each[left - 1 : right or None] for each in rows[first - 1 : last or None]]
        else:
            _restricting, since, until, columns = parameters
            if not self.accepts_time(since):
                return encode_data_octets(array())
            if columns and not self.accepts_columns:
                raise DataAccessError(250)
            since, until = (to_datetime(decode_date_time(each), zone=UTC) for each in (since, until))
            places = [[each.logical_name.octets for each in self.columns].index(name) for _, name, *_ in columns]
            rows = [
                [each[place] for place in places or range(len(each))]
                for each in rows
                if since <= to_datetime(decode_date_time(each[0].value), zone=UTC) <= until
            ]
        return encode_data_octets(array(*[structure(*each) for each in rows]))

    async def get_pieces(self, _attribute, selection=None):
        octets = self.chosen(selection)
        pieces = [octets[at : at + self.piece] for at in range(0, len(octets), self.piece)]
        is_single = self.asked[-1] is not None and self.asked[-1][0] == 2 and len(set(self.asked[-1][1][:2])) == 1
        left = self.drops_after.pop(0) if self.drops_after and not is_single else len(pieces)
        for piece in pieces[:left]:
            yield piece
        if left < len(pieces):
            self.is_open = False
            raise ConnectionLost
