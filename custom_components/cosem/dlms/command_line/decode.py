"""The command ``decode``: any octets as a tree, without a meter."""

import argparse

from ..describe.tree import tree
from ..encoding.octets import parse_hex
from .console import Console
from .wire import describe_octets


def show_octets(options: argparse.Namespace, console: Console) -> int:
    """Show an APDU, or WPDUs."""
    text = " ".join(options.hex)
    described = describe_octets(parse_hex(console.read_all() if text == "-" else text))
    if options.json:
        console.json(described[0] if len(described) == 1 else [*described])
    else:
        for each in described:
            console.lines(tree(each))
    return 0
