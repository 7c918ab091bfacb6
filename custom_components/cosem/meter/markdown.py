"""Text from outside as part of a form, a repair or a title, all of which may be shown as Markdown (rule S38)."""

from typing import Final

_ALWAYS: Final = frozenset("\\`*[]<>~&@")
_AT_THE_START: Final = frozenset("#-+=|")
"""Headings, lists, tables, lines."""
_LONGEST_NUMBER: Final = 9
"""Digits of a list's number."""
_PUNCTUATION: Final = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
"""What a backslash in front makes a plain character."""


def escaped(text: str) -> str:
    """Return Markdown of one line that shows the text: no link, no emphasis, no structure.

    Usual names stay as they are, as some places show them without Markdown; so does escaped text.
    """
    line = " ".join(text.split())
    parts: list[str] = []
    place = 0
    while place < len(line):
        size = 2 if line[place] == "\\" and line[place + 1 : place + 2] in _PUNCTUATION else 1
        part = line[place : place + size]
        parts.append(f"\\{part}" if size == 1 and _means_something(line, place) else part)
        place += size
    return "".join(parts)


def _means_something(line: str, place: int) -> bool:
    """Whether Markdown could take this character for more than itself."""
    before, character, behind = line[max(place - 1, 0) : place], line[place], line[place + 1 : place + 2]
    match character:
        case "_":  # inside of a word it is only a character
            return not (before.isalnum() and behind.isalnum())
        case "/":  # an address becomes a link by itself
            return before == ":" and behind == "/"
        case "." | ")":
            is_list = place <= _LONGEST_NUMBER and line[:place].isdigit() and behind in {"", " "}
            return is_list or (character == "." and line[max(place - 3, 0) : place].lower() == "www")
    return character in _ALWAYS or (not place and character in _AT_THE_START)
