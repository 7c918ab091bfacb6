"""The command line: read and decode meters without Home Assistant. The commands are in command_line/commands.py.

Exit status: 0 done, 1 refused (one sentence on stderr), 2 wrong usage. Modules that talk to meters are imported late,
so that --help is quick.
"""

from collections.abc import Callable, Sequence
import os
import sys
from typing import TYPE_CHECKING, Final, override

from .command_line.advice import sentence, used_by
from .command_line.commands import COMMANDS
from .command_line.console import INTERRUPTED, Console
from .command_line.options import StateInUseError, UsageError, build_parser, with_defaults
from .errors import DlmsError

if TYPE_CHECKING:
    from .command_line.options import Run

REFUSED: Final = 1
USAGE: Final = 2

WITHOUT_TERMINAL: Final = 120
"""Characters of a line in a file, or for another program."""

_FRESH_LINE: Final = "\r\x1b[K"


class Terminal(Console):
    """The standard streams."""

    def __init__(self) -> None:
        self._has_progress = False

    @override
    def lines(self, lines: Sequence[str]) -> None:
        self._end_progress()
        print("\n".join(lines), flush=True)

    @override
    def note(self, text: str) -> None:
        self._end_progress()
        print(f"cosem: {text}", file=sys.stderr)

    @override
    def progress(self, text: str) -> None:
        if sys.stderr.isatty():
            print(f"{_FRESH_LINE}cosem: {text}", end="", file=sys.stderr, flush=True)
            self._has_progress = True

    def _end_progress(self) -> None:
        if self._has_progress:
            print(_FRESH_LINE, end="", file=sys.stderr, flush=True)
            self._has_progress = False

    @override
    def read_all(self) -> str:
        return sys.stdin.read()

    @override
    def ask(self, question: str) -> bool | None:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            return None
        print(f"cosem: {question} [y/N] ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip().lower() in {"y", "yes"}

    @property
    @override
    def width(self) -> int:
        try:
            return os.get_terminal_size(sys.stdout.fileno()).columns
        except OSError:
            return WITHOUT_TERMINAL


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    parser = build_parser(COMMANDS)
    options = with_defaults(parser.parse_args(arguments))
    # What a meter sends may not fit the terminal's encoding.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    console = Terminal()
    try:
        load: Callable[[], Run] = options.load
        return load()(options, console)
    except UsageError as error:
        parser.print_usage(sys.stderr)
        return _fail(console, str(error), USAGE)
    except StateInUseError as error:
        return _fail(console, str(error), REFUSED)
    except DlmsError as error:
        return _fail(console, sentence(error, used_by(options)), REFUSED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough (`| head`); nothing is left to be flushed at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _fail(console: Console, text: str, status: int) -> int:
    console.note(text)
    return status


if __name__ == "__main__":
    sys.exit(main())
