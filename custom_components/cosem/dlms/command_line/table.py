"""Tables for people: columns side by side, and one of them cut where it is too long for the terminal."""

from collections.abc import Sequence
from typing import Final

_ELLIPSIS: Final = "…"
_GAP: Final = "  "

_LEAST: Final = 20
"""Characters that are left of the column that is cut, also in a narrow terminal."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, cut: int, width: int | None) -> list[str]:
    """Return the lines. ``cut``: the column shortened where a line is longer than ``width`` characters (None: never).

    A row with fewer cells than ``head`` says something else in its last one, which is neither cut nor aligned.
    """
    lines = [head, *rows]
    widths = [max(_width(row, column, len(head)) for row in lines) for column in range(len(head))]
    if width is not None:
        others = sum(widths) - widths[cut] + len(_GAP) * (len(head) - 1)
        widths[cut] = min(widths[cut], max(width - others, _LEAST))
    return [_line(row, widths) for row in lines]


def _width(row: Sequence[str], column: int, columns: int) -> int:
    aligned = len(row) if len(row) == columns else len(row) - 1
    return len(row[column]) if column < aligned else 0


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    aligned = row if len(row) == len(widths) else row[:-1]
    cells = [_fitted(cell, width).ljust(width) for cell, width in zip(aligned, widths, strict=False)]
    return _GAP.join([*cells, *row[len(aligned) :]]).rstrip()


def _fitted(cell: str, width: int) -> str:
    return cell if len(cell) <= width else cell[: width - len(_ELLIPSIS)] + _ELLIPSIS
