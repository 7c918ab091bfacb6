"""Options and commands, and how their values are read.

Imports nothing that talks to meters, so that --help is quick. No option takes a secret (users of the machine see
arguments), and errors do not repeat unknown values.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
import re
from typing import TYPE_CHECKING, Final, NoReturn, override

from ..addresses import (
    DEFAULT_PORT,
    MANAGEMENT_WPORT,
    MAX_PORT,
    MAX_WPORT,
    PUBLIC_CLIENT_WPORT,
    TransportProtocol,
)
from ..errors import LocalProtocolError
from ..security.names import MECHANISM_NAMES, PROTECTION_NAMES

if TYPE_CHECKING:
    from ..apdu.common import AttributeDescriptor, MethodDescriptor
    from ..apdu.initiate import Conformance
    from ..encoding.logical_name import LogicalName
    from .console import Console

type Run = Callable[[argparse.Namespace, Console], int]
"""The work of a command. Returns the exit status. Raises DlmsError, UsageError, StateInUseError."""


DEFAULTS: Final = {
    "host": None,
    "port": DEFAULT_PORT,
    "transport": TransportProtocol.TCP.value,
    "client": PUBLIC_CLIENT_WPORT,
    "server": MANAGEMENT_WPORT,
    "referencing": "auto",
    "conformance": None,
    "kind": "confirmed",
    "unconfirmed": False,
    "further": (),
    "auth": "none",
    "suite": None,
    "protection": None,
    "system_title": None,
    "dedicated_key": False,
    "envelope": None,
    "sign": False,
    "trace": None,
    "association": None,
    "password_file": None,
    "keys_file": None,
    "state_file": None,
    "counter_logical_name": None,
    "counter_start": None,
    "timeout": 10.0,
    "json": False,
    "full": False,
}
"""Apart, as options may stand before or after the command."""

BOTH: Final = "both"
"""Transports, to listen on."""

REFERENCINGS: Final = ("auto", "ln", "sn")
"""The values of protocol/referencing.py, which is not imported here."""

_ALL_STATIONS: Final = 127
"""The wPort of a broadcast: ALL_STATION_WPORT of protocol/association_kind.py, which is not imported here."""

_RESERVED: Final = 0x81_0000
"""Bits of the conformance block without a meaning."""

_MAX_ENTRY: Final = 0xFFFF_FFFF
MOST_COUNTER: Final = 2**32 - 2**16 - 1
NO_SYSTEM_TITLE: Final = "a system title is 8 octets, 16 hexadecimal digits"
_COMMAND: Final = "COMMAND"
NOT_ASKED: Final = "none"
"""Instead of a logical name: do not ask."""

_EPILOG: Final = """\
secrets come from the environment, or from the file --keys-file, which goes first:
  DLMS_PASSWORD            for lls (or --password-file)
  DLMS_HLS_SECRET          for hls-manufacturer, -md5, -sha1 and -sha256: text, or octets as 0x...
  DLMS_ENCRYPTION_KEY      global unicast encryption key in hex, for hls-gmac and --protection
  DLMS_AUTHENTICATION_KEY  authentication key in hex, for hls-gmac and --protection

the keys file is TOML; its entries are texts: password, hls_secret, encryption_key, authentication_key, system_title,
meter_system_title (another title is refused), master_key (hex); for hls-ecdsa and --sign client_private_key,
client_certificate, meter_public_key (key or certificate), for agreed keys client_agreement_key, meter_agreement_key
(key or certificate), each in PEM or the name of a file beside it.

exit status: 0 done; 1 the meter or the network refused (what was read before is shown); 2 wrong usage.
"""


class UsageError(Exception):
    """What was asked for is not possible."""


class StateInUseError(Exception):
    """Another process still uses these keys."""


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    """Most options are the same for all commands."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command. ``load`` returns its work, ``example`` is what is typed behind ``cosem``."""

    name: str
    load: Callable[[], Run]
    summary: str
    explanation: str
    example: str
    add_arguments: Callable[[argparse.ArgumentParser], None] = _no_arguments
    defaults: Mapping[str, object] = field(default_factory=dict)
    """Where they differ from DEFAULTS."""


class _Parser(argparse.ArgumentParser):
    """Does not repeat unknown arguments."""

    @override
    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments: "):
            names = [word.partition("=")[0] for word in message.split()[2:] if re.match(r"--?[a-z]", word)]
            message = f"unrecognized arguments {' '.join(names)}".rstrip()
        message = re.sub(r"invalid choice: .*? \(choose", "invalid choice (choose", message, flags=re.DOTALL)
        if message.startswith(f"argument {_COMMAND}: "):
            message += "; what only this command takes stands behind it"  # else its value was taken for the command
        super().error(message)


def build_parser(commands: Sequence[Command]) -> argparse.ArgumentParser:
    """Return the parser, without DEFAULTS; ``load`` returns the work."""
    shared = _shared_options()
    parser = _Parser(
        prog="cosem",
        description="Read and write DLMS/COSEM meters, and find out why one does not answer.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared],
        allow_abbrev=False,
    )
    subparsers = parser.add_subparsers(title="commands", required=True, metavar=_COMMAND)
    for command in commands:
        # No abbreviations: "--password x" must not be taken for "--password-file x", it is refused.
        added = subparsers.add_parser(
            command.name,
            parents=[shared],
            allow_abbrev=False,
            help=command.summary,
            description=command.explanation,
            epilog=f"example: cosem {command.example}",
        )
        command.add_arguments(added)
        added.set_defaults(load=command.load, own_defaults=command.defaults)
    return parser


def _shared_options() -> _Parser:
    shared = _Parser(add_help=False, argument_default=argparse.SUPPRESS, allow_abbrev=False)
    shared.add_argument("--host", help="name or address of the meter (needed by all commands but decode)")
    shared.add_argument("--port", type=number(1, MAX_PORT), help=f"TCP or UDP port (default {DEFAULT_PORT})")
    shared.add_argument(
        "--transport",
        choices=[*(transport.value for transport in TransportProtocol), BOTH],
        help="tcp (default) or udp; listen takes both, too (its default)",
    )
    shared.add_argument(
        "--client", type=number(0, MAX_WPORT), metavar="N", help=f"client wPort (default {PUBLIC_CLIENT_WPORT}, public)"
    )
    shared.add_argument(
        "--server",
        type=number(0, MAX_WPORT),
        metavar="N",
        help=f"server wPort (default {MANAGEMENT_WPORT}, management)",
    )
    _add_proposal(shared)
    shared.add_argument("--auth", choices=MECHANISM_NAMES, help="authentication (default none)")
    shared.add_argument("--password-file", metavar="FILE", help="file with the password, for --auth lls")
    shared.add_argument("--timeout", type=seconds, metavar="S", help="seconds to wait for an answer (default 10)")
    shared.add_argument("--json", action="store_true", help="write JSON for programs")
    shared.add_argument(
        "--trace", metavar="FILE", help="write what goes over the line to FILE: octets and what they mean, no secrets"
    )
    shared.add_argument("--full", action="store_true", help="do not cut long values to the width of the terminal")
    security = shared.add_argument_group("security")
    _add_security(security)
    security.add_argument(
        "--association",
        type=logical_name,
        metavar="CODE",
        help="the association object that takes our login with hls-... (default: found out)",
    )
    return shared


def _add_proposal(shared: _Parser) -> None:
    shared.add_argument(
        "--referencing",
        choices=REFERENCINGS,
        help="logical names (ln) or short names (sn); auto takes ln, and sn where that is refused (default auto)",
    )
    shared.add_argument(
        "--conformance",
        type=_conformance,
        metavar="SERVICES",
        help="services to propose: six hexadecimal digits such as 001E1D, or names as info shows them, with commas "
        "between (default 207E5F, or what short names need; few where the meter refuses those)",
    )


def _add_security(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--suite",
        type=number(0, 2),
        metavar="{0,1,2}",
        help="security suite (default 0; 1 for hls-ecdsa, which suite 0 does not have)",
    )
    group.add_argument(
        "--protection",
        choices=PROTECTION_NAMES,
        help="of every message (default: authenticated-encryption with hls-gmac, otherwise none)",
    )
    group.add_argument(
        "--system-title",
        type=_system_title,
        metavar="HEX",
        help="our own, 8 octets (default: a random one, made once and kept in the state file)",
    )
    group.add_argument(
        "--envelope",
        choices=("service-specific", "general", "general-ciphering"),
        help="how protected messages are sent (default service-specific); general-ciphering takes agreed keys, or one "
        "wrapped under the master key, if the keys file has what they need",
    )
    group.add_argument("--sign", action="store_true", help="sign every message, too (suites 1 and 2)")
    group.add_argument("--dedicated-key", action="store_true", help="use a new key for each association")
    group.add_argument("--keys-file", metavar="FILE", help="file with secrets and keys, see below")
    _add_counter(group)


def _add_counter(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--state-file",
        metavar="FILE",
        help="where invocation counters and system title are kept "
        "(default $XDG_STATE_HOME/cosem/state.json; ~/.local/state without that variable)",
    )
    group.add_argument(
        "--counter-logical-name",
        type=_logical_name_or_none,
        metavar="CODE",
        help="where the meter tells our invocation counter to the public client (default 0.0.43.1.0.255); "
        "'none' does not ask",
    )
    group.add_argument(
        "--counter-start",
        type=number(0, MOST_COUNTER),
        metavar="N",
        help="raise our invocation counter to N, if the meter's is far ahead; it is never lowered",
    )


def with_defaults(parsed: argparse.Namespace) -> argparse.Namespace:
    """Return all options."""
    values: Mapping[str, object] = {**DEFAULTS, **parsed.own_defaults, **vars(parsed)}
    return argparse.Namespace(**values)


def require_possible(options: argparse.Namespace) -> None:
    """Raise UsageError for options that no meter can be asked with."""
    if options.host is None:
        raise UsageError("--host is needed to read from a meter")
    if options.transport == BOTH:
        raise UsageError("--transport both is for listen; a meter is asked over tcp or udp")
    nobody_answers = options.kind == "unconfirmed"
    if nobody_answers and not options.unconfirmed:
        raise UsageError("--kind unconfirmed needs --unconfirmed: nothing is answered there")
    if options.server == _ALL_STATIONS and not (nobody_answers and options.transport == TransportProtocol.UDP):
        raise UsageError(
            f"--server {_ALL_STATIONS} is all logical devices at once: it needs --transport udp, --kind unconfirmed "
            "and --unconfirmed"
        )
    if options.unconfirmed and options.further and options.referencing == "sn":
        raise UsageError("--unconfirmed with --and goes by ACCESS, which --referencing sn does not have")


def number(least: int, most: int) -> Callable[[str], int]:
    """Return a reader of decimal numbers in a range."""

    def parse(text: str) -> int:
        digits = text.isascii() and text.isdigit() and len(text) <= len(str(most))
        if not (digits and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"a number from {least} to {most} is expected")
        return int(text)

    return parse


def seconds(text: str) -> float:
    """Read a time of at most a day."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found <= 86_400:
        raise argparse.ArgumentTypeError("a number of seconds above 0 is expected")
    return found


def _conformance(text: str) -> Conformance:
    from ..apdu.initiate import Conformance

    if re.fullmatch(r"[0-9A-Fa-f]{6}", text, re.ASCII):
        found = Conformance(int(text, 16))
    else:
        named = {each.name: each for each in Conformance}
        found = Conformance(0)
        for name in text.split(","):
            found |= named.get(name.strip().upper().replace("-", "_"), Conformance(0)) or Conformance(_RESERVED)
    if not found or found & _RESERVED:
        raise argparse.ArgumentTypeError(
            "services are six hexadecimal digits, for example 001E1D, or names with commas between, for example get,set"
        )
    return found


def _system_title(text: str) -> bytes:
    from ..security.typed import TypedInputError, parse_system_title

    try:
        return bytes.fromhex(parse_system_title(text))
    except TypedInputError:
        raise argparse.ArgumentTypeError(NO_SYSTEM_TITLE) from None


def logical_name(text: str) -> LogicalName:
    """Read a logical name (OBIS code)."""
    from ..encoding.logical_name import LogicalName

    return _as_argument(LogicalName.parse, text)


def _logical_name_or_none(text: str) -> LogicalName | str:
    if text == NOT_ASKED:
        return text
    try:
        return logical_name(text)
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}; '{NOT_ASKED}' does not ask") from error


def logical_names(text: str) -> tuple[LogicalName, ...]:
    """Read logical names with commas between."""
    return tuple([_name_of_column(each.strip()) for each in text.split(",")])


def _name_of_column(text: str) -> LogicalName:
    """Read a logical name, also as the heading of a column: CLASS:LOGICAL_NAME:ATTRIBUTE."""
    parts = text.split(":")
    is_heading = len(parts) > 2 and parts[0].isdigit() and "-" not in parts[0]
    return logical_name(":".join(parts[1:-1]) if is_heading else text)


def entries(text: str) -> tuple[int, int]:
    """Read A:B, counted from 1; a B of 0, or none, is the last one."""
    first, colon, last = text.partition(":")
    try:
        found = number(1, _MAX_ENTRY)(first), number(0, _MAX_ENTRY)(last or "0")
    except argparse.ArgumentTypeError:
        found = 0, 0
    if 0 < found[1] < found[0]:
        raise argparse.ArgumentTypeError("the last entry is before the first")
    if not colon or not found[0]:
        raise argparse.ArgumentTypeError("entries are written 1:96, or 97: for those from 97 on")
    return found


def attribute(text: str) -> AttributeDescriptor:
    """Read CLASS:LOGICAL_NAME:ATTRIBUTE, also 3:1-0:1.8.0:2."""
    from ..describe.typed_target import typed_attribute

    return _as_argument(typed_attribute, text)


def method(text: str) -> MethodDescriptor:
    """Read CLASS:LOGICAL_NAME:METHOD."""
    from ..describe.typed_target import typed_method

    return _as_argument(typed_method, text)


def data_type_name(text: str) -> str:
    """Read the standard's name of a type, or ``hex``."""
    from ..describe.typed_value import checked_type_name

    return _as_argument(checked_type_name, text)


def _as_argument[T](read: Callable[[str], T], text: str) -> T:
    try:
        return read(text)
    except LocalProtocolError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
