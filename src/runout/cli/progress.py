"""Progress on stderr; silent where stderr is not a terminal."""

from collections.abc import Generator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from runout.cli import screen
from runout.pipeline.progress import Progress as ProgressCall


@contextmanager
def progress_bar(title: str) -> Generator[ProgressCall]:
    """Show a bar while a job runs, and hand the job the function that moves it."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = screen.console(stderr=True)
    # Without a terminal the bar would still leave an empty line.
    with Progress(*columns, console=console, transient=True, disable=not console.is_interactive) as bar:
        task = bar.add_task(title, total=None)

        def move(step: str, number: int, total: int, /) -> None:
            bar.update(task, completed=number, total=total, description=f"{title}: {step}")

        yield move
