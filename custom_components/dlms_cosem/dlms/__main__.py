"""The command line: read and decode meters without Home Assistant, for technicians and support.

``objects``, ``read`` and ``decode``; options stand before or after the command. Exit status: 0 done, 1 the meter, the
network or the octets refused (one sentence on stderr), 2 wrong usage. A password never comes from an argument, where
every user of the machine could see it. What talks to meters is imported late, so that --help is quick.
"""

import argparse
from collections.abc import Awaitable, Callable, Sequence
import json
import os
from pathlib import Path
import sys
from typing import TYPE_CHECKING, Final

from .errors import (
    AssociationRejected,
    ConfirmedServiceErrorReceived,
    ConnectFailed,
    ConnectFailure,
    ConnectionLost,
    ConnectTimeout,
    DataAccessError,
    DlmsError,
    ExceptionReceived,
    LocalProtocolError,
    NotWrapper,
    PeerSpeaks,
    RemoteProtocolError,
    ResponseTimeout,
    TransportError,
)

if TYPE_CHECKING:
    from .apdu.common import AttributeDescriptor
    from .cosem.association_ln import ObjectListElement
    from .data_types import Data
    from .describe import Json, JsonObject
    from .open_association import Association
    from .security.keys import Secret

PASSWORD_VARIABLE: Final = "DLMS_PASSWORD"  # noqa: S105  # its name, not the password
DEFAULTS: Final = {
    "host": None,
    "port": 4059,
    "client": 16,
    "server": 1,
    "auth": "none",
    "password_file": None,
    "timeout": 10.0,
    "json": False,
}

REFUSED: Final = 1
USAGE: Final = 2
INTERRUPTED: Final = 130


class UsageError(Exception):
    """The command line asks for something that cannot be."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    # No abbreviations: "--password x" must not be taken for "--password-file x", it is refused.
    parser = _parser()
    options = argparse.Namespace(**(DEFAULTS | vars(parser.parse_args(arguments))))
    run: Callable[[argparse.Namespace], None] = options.run
    # What a meter sends may not fit the terminal's encoding.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        run(options)
        sys.stdout.flush()
    except UsageError as error:
        parser.print_usage(sys.stderr)
        return _fail(str(error), USAGE)
    except DlmsError as error:
        return _fail(sentence(error), REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`); nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _fail(text: str, status: int) -> int:
    print(f"cosem: {text}", file=sys.stderr)
    return status


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS, allow_abbrev=False)
    shared.add_argument("--host", help="name or address of the meter (needed by objects and read)")
    shared.add_argument("--port", type=_number(1, 65_535), help="TCP port (default 4059)")
    shared.add_argument("--client", type=_number(0, 65_535), metavar="N", help="client wPort (default 16, public)")
    shared.add_argument("--server", type=_number(0, 65_535), metavar="N", help="server wPort (default 1, management)")
    shared.add_argument(
        "--auth",
        choices=("none", "lls"),
        help=f"authentication (default none); lls needs a password in the environment variable {PASSWORD_VARIABLE} "
        "or in a file",
    )
    shared.add_argument("--password-file", metavar="FILE", help="file with the password, for --auth lls")
    shared.add_argument("--timeout", type=_seconds, metavar="S", help="seconds to wait for an answer (default 10)")
    shared.add_argument("--json", action="store_true", help="write JSON for programs")
    parser = argparse.ArgumentParser(
        prog="cosem", description="Read and decode DLMS/COSEM meters over TCP.", parents=[shared], allow_abbrev=False
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    objects = commands.add_parser(
        "objects", parents=[shared], allow_abbrev=False, help="list the objects that the client may see"
    )
    objects.set_defaults(run=_objects)
    read = commands.add_parser("read", parents=[shared], allow_abbrev=False, help="read attributes")
    read.add_argument(
        "attributes",
        nargs="+",
        metavar="CLASS:LOGICAL_NAME:ATTRIBUTE",
        type=_attribute,
        help="for example 3:1.0.1.8.0.255:2",
    )
    read.set_defaults(run=_read)
    decode = commands.add_parser("decode", parents=[shared], allow_abbrev=False, help="show any APDU or WPDU as a tree")
    decode.add_argument(
        "hex", nargs="+", metavar="HEX", help="octets in hex; spaces and colons may be between; - reads stdin"
    )
    decode.set_defaults(run=_decode)
    return parser


def _number(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 5 and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"a number from {least} to {most} is expected, not {text!r}")
        return int(text)

    return parse


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"a number of seconds above 0 is expected, not {text!r}")
    return seconds


def _attribute(text: str) -> AttributeDescriptor:
    """Read CLASS:LOGICAL_NAME:ATTRIBUTE; the logical name may have colons itself (1-0:1.8.0)."""
    from .apdu.common import AttributeDescriptor
    from .logical_name import LogicalName

    class_id, _, rest = text.partition(":")
    name, _, index = rest.rpartition(":")
    try:
        return AttributeDescriptor(_number(0, 65_535)(class_id), LogicalName.parse(name), _attribute_index(index))
    except (LocalProtocolError, argparse.ArgumentTypeError) as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not CLASS:LOGICAL_NAME:ATTRIBUTE: {error}") from error


def _attribute_index(text: str) -> int:
    """Read an attribute-id, a signed octet: negative ones are the manufacturer's own."""
    if text.startswith("-"):
        return -_number(1, 128)(text[1:])
    return _number(0, 127)(text)


# --- talking to a meter -------------------------------------------------------------------------------------------


def _with_association[T](options: argparse.Namespace, work: Callable[[Association], Awaitable[T]]) -> T:
    """Associate as the options say, do the work, release; once more where lists were the reason for no answer."""
    if options.host is None:
        raise UsageError("--host is needed to read from a meter")
    password = _password(options)

    import asyncio

    from .apdu.acse import Mechanism
    from .association import AssociationParameters
    from .client import DlmsClient
    from .link import Timing

    async def run() -> T:
        timing = Timing(connect=options.timeout, response=options.timeout, block=options.timeout)
        client = DlmsClient(options.host, options.port, timing=timing)
        parameters = AssociationParameters(
            client_wport=options.client,
            server_wport=options.server,
            mechanism=Mechanism.NONE if password is None else Mechanism.LLS,
            password=password,
        )
        lists_unanswered = 0
        try:
            while True:
                try:
                    async with client.associate(parameters) as association:
                        return await work(association)
                except TransportError, RemoteProtocolError:
                    # A list without a proper answer costs the connection; the client asks for less on the next one.
                    memory = client.reading_memory.get(parameters.pair)
                    if memory is None or memory.unanswered == lists_unanswered:
                        raise
                    lists_unanswered = memory.unanswered
        finally:
            await client.close()

    return asyncio.run(run())


def _password(options: argparse.Namespace) -> Secret | None:
    """Return the password for LLS, None for no authentication. The file comes before the environment."""
    from .security.keys import Secret

    if options.auth == "none":
        return None
    if options.password_file is not None:
        try:
            octets = Path(options.password_file).read_bytes().removesuffix(b"\n").removesuffix(b"\r")
        except OSError as error:
            raise UsageError(f"the password file cannot be read: {error.strerror}") from error
    else:
        octets = os.environ.get(PASSWORD_VARIABLE, "").encode(errors="surrogateescape")
    if not octets:
        raise UsageError(f"--auth lls needs a password: set {PASSWORD_VARIABLE} or use --password-file")
    return Secret(octets)


def _objects(options: argparse.Namespace) -> None:
    from .apdu.common import AttributeDescriptor
    from .cosem.association_ln import CLASS_ID, CURRENT_ASSOCIATION, OBJECT_LIST, decode_object_list

    attribute = AttributeDescriptor(CLASS_ID, CURRENT_ASSOCIATION, OBJECT_LIST)
    elements = decode_object_list(_with_association(options, lambda association: association.get(attribute)))
    if options.json:
        _print_json(
            [
                {
                    "class_id": element.class_id,
                    "version": element.version,
                    "logical_name": str(element.logical_name),
                    "attributes": {
                        str(index): rights.name for index, rights in sorted(element.attribute_access.items())
                    },
                }
                for element in elements
            ]
        )
        return
    _print_table(
        ("class", "", "version", "logical name", "attributes"),
        [_object_row(element) for element in elements],
    )


def _object_row(element: ObjectListElement) -> tuple[str, ...]:
    """Return the cells of one object; attributes with the same access are put together."""
    from .cosem.class_names import class_name

    by_access: dict[str, list[int]] = {}
    for index, rights in sorted(element.attribute_access.items()):
        by_access.setdefault(rights.name, []).append(index)
    access = "; ".join(f"{name} {' '.join(map(str, indexes))}" for name, indexes in by_access.items())
    name = class_name(element.class_id)
    return str(element.class_id), name, str(element.version), str(element.logical_name), access


def _read(options: argparse.Namespace) -> None:
    from .describe.values import scaler_unit_attribute

    asked: list[AttributeDescriptor] = options.attributes
    scalers = (scaler_unit_attribute(attribute) for attribute in asked)
    wanted = list(dict.fromkeys([*asked, *(scaler for scaler in scalers if scaler is not None)]))
    answers = _with_association(options, lambda association: association.get_many(wanted))
    found = dict(zip(wanted, answers, strict=True))
    rows = [_reading(attribute, found) for attribute in asked]
    if options.json:
        _print_json([*rows])
    else:
        _print_table(("attribute", "", "value", "unit"), [_reading_row(row) for row in rows])


def _reading(attribute: AttributeDescriptor, found: dict[AttributeDescriptor, Data | DataAccessError]) -> JsonObject:
    """Return what is known of one attribute. A number whose scaling is unknown is an error, its raw form is there."""
    from .cosem.register import decode_scaler_unit
    from .describe import describe_data
    from .describe.values import attribute_value, is_number, scaler_unit_attribute

    row: JsonObject = {
        "class_id": attribute.class_id,
        "logical_name": str(attribute.logical_name),
        "attribute": attribute.attribute_index,
        "raw": None,
        "value": None,
        "unit": None,
        "error": None,
    }
    data = found[attribute]
    if isinstance(data, DataAccessError):
        return row | {"error": str(data)}
    row["raw"] = describe_data(data)
    scaler_attribute = scaler_unit_attribute(attribute)
    if scaler_attribute is None:
        return row | {"value": attribute_value(attribute, data, None)}
    scaling = found[scaler_attribute]
    try:
        if isinstance(scaling, DataAccessError):
            raise scaling
        scaler_unit = decode_scaler_unit(scaling)
    except DlmsError as error:
        if not is_number(data):
            return row | {"value": attribute_value(attribute, data, None)}
        return row | {"error": f"scaler_unit: {error}"}
    return row | {"value": attribute_value(attribute, data, scaler_unit), "unit": scaler_unit.symbol}


def _reading_row(row: JsonObject) -> tuple[str, ...]:
    from .cosem.class_names import attribute_name, class_name

    class_id, index = row["class_id"], row["attribute"]
    assert isinstance(class_id, int)
    assert isinstance(index, int)
    name = f"{class_name(class_id)}, {attribute_name(class_id, index) or f'attribute {index}'}"
    value = row["value"]
    text = value if isinstance(value, str) and value.isprintable() else json.dumps(value)
    if row["error"] is not None:
        text = f"error: {row['error']}"
    return f"{class_id}:{row['logical_name']}:{index}", name, text, str(row["unit"] or "")


# --- showing octets -----------------------------------------------------------------------------------------------


def _decode(options: argparse.Namespace) -> None:
    from .describe.tree import tree
    from .describe.wire import describe_octets, parse_hex

    text = " ".join(options.hex)
    described = describe_octets(parse_hex(sys.stdin.read() if text == "-" else text))
    if options.json:
        _print_json(described[0] if len(described) == 1 else [*described])
        return
    for each in described:
        print("\n".join(tree(each)))


# --- writing ------------------------------------------------------------------------------------------------------


def _print_json(value: Json) -> None:
    print(json.dumps(value, indent=2))


def _print_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print aligned columns; the last is not padded."""
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def sentence(error: DlmsError) -> str:
    """Return an error with advice for whoever stands in front of the meter."""
    text = str(error)
    advice = _advice(error)
    return f"{text}. {advice}" if advice else text


def _advice(error: DlmsError) -> str:
    match error:
        case ConnectFailed(reason=ConnectFailure.NAME_NOT_RESOLVED):
            return "Check the spelling of the host name"
        case ConnectFailed(reason=ConnectFailure.REFUSED):
            return "Nothing listens there: check host and port, and close other programs that read this meter"
        case ConnectFailed() | ConnectTimeout():
            return "Check host, port, cable and firewall"
        case NotWrapper(speaks=PeerSpeaks.HDLC):
            return "Behind this port is a serial line in HDLC; the wrapper is needed"
        case NotWrapper():
            return "Check the port: this is another service"
        case ResponseTimeout(waiting_for="AARE"):
            return "The meter may not know these wPorts: check --client and --server"
        case ResponseTimeout():
            return "Try a longer --timeout"
        case ConnectionLost():
            return "Many meters serve one program at a time; check --client and --server, too"
        case AssociationRejected() if error.concerns_authentication:
            return "Check --auth, --client and the password"
        case AssociationRejected() | ConfirmedServiceErrorReceived():
            return "Check --client, --server and --auth"
        case DataAccessError() | ExceptionReceived():
            return "This client may not be allowed to: try another --client, or --auth lls"
        case _:
            return ""


if __name__ == "__main__":
    sys.exit(main())
