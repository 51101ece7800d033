"""What a command may assume of the screen it writes to: width and colour."""

import os
import shutil
import sys

from rich.console import Console


def in_colour() -> bool:
    """Return whether results are styled: on a terminal, unless ``NO_COLOR`` says otherwise."""
    return sys.stdout.isatty() and _styles_allowed()


def screen_width() -> int | None:
    """Return the columns of the terminal, or of ``COLUMNS``; None where the reader is no screen."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def console(*, stderr: bool = False, soft_wrap: bool = False) -> Console:
    """Return a console; without any escape sequence under ``NO_COLOR``, bold type included."""
    colours = "auto" if _styles_allowed() else None
    return Console(stderr=stderr, highlight=False, soft_wrap=soft_wrap, color_system=colours)


def _styles_allowed() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
