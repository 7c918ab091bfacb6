"""The command ``decode``: any octets as a tree, without a meter."""

import argparse
from typing import Final

from ..describe.tree import tree
from ..encoding.octets import parse_hex
from ..errors import DlmsError
from .console import Console
from .wire import describe_octets

_REFUSED: Final = 1


def show_octets(options: argparse.Namespace, console: Console) -> int:
    """Show an APDU, or WPDUs. What is wrong is told without the advice that is about meters."""
    text = " ".join(options.hex)
    try:
        described = describe_octets(parse_hex(console.read_all() if text == "-" else text))
    except DlmsError as error:
        console.note(str(error))
        return _REFUSED
    if options.json:
        console.json(described[0] if len(described) == 1 else [*described])
    else:
        for each in described:
            console.lines(tree(each))
    return 0
