"""What a command may assume of the screen it writes to: width and colour."""

import os
import shutil
import sys
from typing import TYPE_CHECKING, Final

from rich.console import Console

if TYPE_CHECKING:
    from runout.render.sheet import Sheet

READABLE: Final = 100
"""Columns of what is read in paragraphs: longer lines are not read well, however wide the terminal is."""

_WIDEST_TABLE: Final = 400


def in_colour() -> bool:
    """Return whether results are styled: on a terminal, unless ``NO_COLOR`` says otherwise."""
    return sys.stdout.isatty() and _styles_allowed()


def screen_width() -> int | None:
    """Return the columns of the terminal, or of ``COLUMNS``; None where the reader is no screen."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def readable_width(widest: int = READABLE) -> int:
    """Return the columns of the screen, at most ``widest``, which is also what a file or a pipe gets."""
    return min(screen_width() or widest, widest)


def sheet() -> "Sheet":
    """Return a sheet of the width of the screen; where there is none, lines are as long as they are."""
    from runout.render.sheet import Sheet  # noqa: PLC0415 - `runout --help` writes no tables

    return Sheet(screen_width(), wide=_WIDEST_TABLE, colour=in_colour())


def console(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """Return a console; without any escape sequence under ``NO_COLOR``, bold type included."""
    colours = "auto" if _styles_allowed() else None
    width = None if stderr else screen_width() or READABLE
    return Console(stderr=stderr, highlight=False, soft_wrap=soft_wrap, color_system=colours, width=width)


def _styles_allowed() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
