"""The table of commands. A new one is a module with its work, and here its options, its loader and its line.

What talks to a meter is imported by the loaders, so that --help is quick.
"""

import argparse
from typing import Final

from .local_time import moment, zone
from .options import (
    BOTH,
    Command,
    Run,
    attribute,
    data_type_name,
    entries,
    logical_name,
    logical_names,
    method,
    number,
    seconds,
)

_TYPE: Final = "double-long-unsigned, octet-string, visible-string, boolean, enum, date-time, ...; or hex: encoded Data"


def _load_objects() -> Run:
    from .objects import list_objects

    return list_objects


def _load_read() -> Run:
    from .read import read_attributes

    return read_attributes


def _load_profile() -> Run:
    from .profile import read_profile

    return read_profile


def _load_decode() -> Run:
    from .decode import show_octets

    return show_octets


def _load_doctor() -> Run:
    from .doctor import show_diagnosis

    return show_diagnosis


def _load_info() -> Run:
    from .info import show_info

    return show_info


def _load_write() -> Run:
    from .write import write_attribute

    return write_attribute


def _load_execute() -> Run:
    from .write import execute_method

    return execute_method


def _load_listen() -> Run:
    from .listen import listen

    return listen


def _add_attributes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "attributes",
        nargs="+",
        metavar="CLASS:LOGICAL_NAME:ATTRIBUTE",
        type=attribute,
        help="for example 3:1.0.1.8.0.255:2",
    )
    _add_kind(parser)


def _add_profile(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("logical_name", metavar="LOGICAL_NAME", type=logical_name, help="for example 1.0.99.1.0.255")
    parser.add_argument(
        "--since", metavar="ISO", type=moment, help="rows from this time on; a date alone is its midnight"
    )
    parser.add_argument("--until", metavar="ISO", type=moment, help="rows up to this time, which is included")
    parser.add_argument(
        "--entries", metavar="A:B", type=entries, help="rows by their number, 1 is the first; without B up to the last"
    )
    parser.add_argument(
        "--columns",
        metavar="LOGICAL_NAME,...",
        type=logical_names,
        default=(),
        help="only these, and the time (default: all)",
    )
    parser.add_argument("--csv", action="store_true", help="write comma-separated values")
    parser.add_argument(
        "--time-zone",
        metavar="NAME",
        type=zone,
        help="of times without an offset, typed or sent: Europe/Berlin (default: that of this computer)",
    )
    _add_kind(parser)


def _add_hex(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "hex", nargs="+", metavar="HEX", help="octets in hex; spaces and colons may be between; - reads stdin"
    )


def _add_write(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("attribute", metavar="CLASS:LOGICAL_NAME:ATTRIBUTE", type=attribute)
    parser.add_argument("type", metavar="TYPE", type=data_type_name, help=_TYPE)
    _add_value(parser)
    _add_change(parser, "another attribute in the same request, with TYPE and VALUE")


def _add_execute(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", metavar="CLASS:LOGICAL_NAME:METHOD", type=method)
    parser.add_argument("type", metavar="TYPE", type=data_type_name, nargs="?", help=f"of the parameter: {_TYPE}")
    _add_value(parser)
    _add_change(parser, "another method in the same request, with TYPE and VALUE if it takes a parameter")


def _add_value(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("value", metavar="VALUE", nargs="?", help="- reads stdin, for what is secret")


def _add_change(parser: argparse.ArgumentParser, further: str) -> None:
    parser.add_argument("--yes", action="store_true", help="do not ask before it is sent")
    parser.add_argument(
        "--and",
        dest="further",
        action="append",
        nargs="+",
        metavar=("CLASS:LOGICAL_NAME:NUMBER", "TYPE"),
        default=argparse.SUPPRESS,
        help=f"{further}; may be repeated",
    )
    parser.add_argument(
        "--unconfirmed",
        action="store_true",
        default=argparse.SUPPRESS,
        help='ask for no answer: the result is "outcome unknown"',
    )
    _add_kind(parser, unconfirmed=True)


def _add_kind(parser: argparse.ArgumentParser, *, unconfirmed: bool = False) -> None:
    kinds = ["confirmed", *["unconfirmed"] * unconfirmed, "pre-established"]
    nobody_answers = "unconfirmed, for --unconfirmed: nobody answers the opening either; " if unconfirmed else ""
    parser.add_argument(
        "--kind",
        choices=kinds,
        default=argparse.SUPPRESS,
        help=f"of the association: confirmed (default); {nobody_answers}pre-established: the meter has it already",
    )


def _add_listen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--address", metavar="A", default="", help="of this computer, to listen on (default: all)")
    parser.add_argument("--count", metavar="N", type=number(1, 1_000_000), help="end after so many")
    parser.add_argument("--seconds", metavar="S", type=seconds, help="end after this time")


COMMANDS: Final = (
    Command(
        "objects",
        _load_objects,
        "list the objects that the client may see",
        "Every value of a meter is an attribute of an object. This lists the objects with their class, logical name "
        "(OBIS code), and what this client may do with each attribute.",
        "--host 192.0.2.7 --client 1 --auth lls objects",
        _add_kind,
    ),
    Command(
        "read",
        _load_read,
        "read attributes",
        "Reads attributes and shows them with their units. Attribute 2 is the value of most objects; the command "
        "objects lists what there is.",
        "--host 192.0.2.7 --client 1 --auth lls read 3:1.0.1.8.0.255:2 8:0.0.1.0.0.255:2",
        _add_attributes,
    ),
    Command(
        "profile",
        _load_profile,
        "read the rows of a profile: load profiles, daily values, event logs",
        "Reads what a meter has captured over time (class 7), by times where the meter can. Rows are shown as they "
        "come; a year of them takes minutes. After a lost connection it goes on behind the last row.",
        "--host 192.0.2.7 --client 1 --auth lls profile 1.0.99.1.0.255 --since 2026-03-01 --until 2026-03-02 --csv",
        _add_profile,
    ),
    Command(
        "doctor",
        _load_doctor,
        "find out why a meter does not answer",
        "Tries one layer after the other (name, port, framing, public client, the chosen association, its "
        "authentication, the object list) and says what to try next. It associates once as client 16 with server 1, "
        "and once with what --client, --server and --auth name; a password is sent only if --auth asks for it.",
        "--host 192.0.2.7 --client 1 --auth lls doctor",
    ),
    Command(
        "info",
        _load_info,
        "show what a meter says of itself",
        "Shows names and numbers of the meter, its logical devices, what was agreed on (services, sizes, security), "
        "and what is tolerated of this meter.",
        "--host 192.0.2.7 --client 1 --auth lls info",
        _add_kind,
    ),
    Command(
        "write",
        _load_write,
        "write an attribute",
        "Sends one SET, after asking on the terminal. It is never sent twice: if the answer gets lost, the result is "
        '"outcome unknown". Only 0 is success. Times are written in ISO 8601, octet-strings in hex; an octet-string '
        "takes a date and time, too.",
        "--host 192.0.2.7 --client 1 --auth lls write 8:0.0.1.0.0.255:2 octet-string 2026-11-28T14:03:00+01:00",
        _add_write,
    ),
    Command(
        "execute",
        _load_execute,
        "execute a method",
        "Sends one ACTION, after asking on the terminal. It is never sent twice: if the answer gets lost, the result "
        'is "outcome unknown". Only 0 is success.',
        "--host 192.0.2.7 --client 1 --auth lls execute 70:0.0.96.3.10.255:2 integer 0",
        _add_execute,
    ),
    Command(
        "listen",
        _load_listen,
        "show what meters send unasked: events, and values that they push",
        "Waits for notifications of meters that send to this computer, over TCP and UDP, and shows what they say. "
        "With keys, protected ones are opened and verified; the others show what anybody could have sent. "
        "Nothing is ever answered. 0 if something came, otherwise 1.",
        "--port 4059 listen --seconds 60",
        _add_listen,
        {"transport": BOTH},
    ),
    Command(
        "decode",
        _load_decode,
        "show any APDU or WPDU as a tree",
        "Takes octets from a log or a capture, and shows what they mean. No meter is needed, and passwords are hidden.",
        "decode 000100100001000DC001C100030100010800FF0200",
        _add_hex,
    ),
)
