"""Text of a given width: prose is wrapped to it, and a table that would not fit is said a row at a time."""

import io
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

_GAP = 2


class Sheet:
    """Lines under way.

    Parameters
    ----------
    width
        Columns of the screen; None: lines are as long as they are.
    wide
        Width of tables where there is no screen.
    colour
        Whether it has ANSI styles.
    """

    def __init__(self, width: int | None, *, wide: int, colour: bool) -> None:
        self._lines = io.StringIO()
        self._width = width
        self._console = Console(
            file=self._lines, width=width or wide, highlight=False, no_color=not colour, force_terminal=colour,
            soft_wrap=width is None,
        )  # fmt: skip

    def line(self, text: str = "", *, bold: bool = False) -> None:
        """Write a paragraph."""
        self._console.print(text, markup=False, style="bold" if bold else None)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: bool = False) -> None:
        """Write a table; figures to the right, but for the first column, if so asked."""
        if not self.fits(columns, rows):
            for row in rows:
                text = [f"{name} {cell}".strip() for name, cell in zip(columns[1:], row[1:], strict=True) if cell]
                self.line(f"{columns[0]} {row[0]}: ".lstrip() + ", ".join(text))
            return
        table = Table(box=None, pad_edge=False, header_style="dim")
        for place, column in enumerate(columns):
            table.add_column(column, no_wrap=True, justify="right" if right and place else "left")
        for row in rows:
            table.add_row(*row)
        self._console.print(table)

    def fits(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
        """Return whether a table is no wider than the screen."""
        spans = [max(cell_len(text) for text in cells) for cells in zip(columns, *rows, strict=True)]
        return self._width is None or sum(spans) + _GAP * (len(spans) - 1) <= self._width

    def text(self) -> str:
        """Return what was written, without spaces at the ends of lines."""
        return "\n".join(line.rstrip() for line in self._lines.getvalue().splitlines()) + "\n"
