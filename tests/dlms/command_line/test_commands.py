"""The table of commands."""

import shlex

import pytest

from custom_components.cosem.dlms.__main__ import main
from custom_components.cosem.dlms.command_line.commands import COMMANDS
from custom_components.cosem.dlms.command_line.options import Command, build_parser

NAMES = [command.name for command in COMMANDS]


def test_no_name_stands_for_two_commands():
    assert len(set(NAMES)) == len(NAMES) >= 3


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_the_example_of_a_command_is_a_call_of_it(command: Command):
    parsed = build_parser(COMMANDS).parse_args(shlex.split(command.example))
    assert parsed.load is command.load
    assert command.load().__module__.startswith(main.__module__.rpartition(".")[0])


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_the_help_of_a_command_explains_it_and_shows_an_example(command: Command, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as left:
        main([command.name, "--help"])
    assert left.value.code == 0
    text = " ".join(capsys.readouterr().out.split())
    assert command.explanation in text
    assert " ".join(f"example: cosem {command.example}".split()) in text


@pytest.mark.parametrize("command", COMMANDS, ids=NAMES)
def test_the_list_of_commands_says_what_each_is_for(command: Command, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert command.summary in " ".join(capsys.readouterr().out.split())
