"""What the commands of all studies share."""

from pathlib import Path
from typing import Final

from rich.console import Console

from runout.cli.configuration import configuration, time_option
from runout.clock import now_ns
from runout.lake import Lake

OUT: Final = Path("docs/scores")
"""Folder of the pages of this repository; name another for your own."""


def asked(lake: str | None, at: str | None) -> tuple[Lake, int]:
    """Return the lake and the moment (UTC ns) that a study is asked for."""
    return Lake.open(lake or configuration().lake), time_option(at) if at else now_ns()


def report_written(paths: list[Path]) -> None:
    """Print which files were written."""
    for path in paths:
        Console(highlight=False).print(f"wrote {path}", soft_wrap=True)
