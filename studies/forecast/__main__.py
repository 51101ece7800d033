"""``python -m studies.forecast score|matrix|shipped``: scores, levels by what is held, parameters that come with it."""

from pathlib import Path

import msgspec
from cyclopts import App
from rich.console import Console

from runout.clock import now_ns, parse_time
from runout.pipeline.forecast_history import read_past
from studies.command import OUT, asked, report_written
from studies.forecast.matrix import matrix as levels_of
from studies.forecast.pages import write_matrix, write_report
from studies.forecast.shipping import fit, scopes
from studies.forecast.study import score as scores_of
from studies.provenance import commit

app = App(name="python -m studies.forecast")


@app.command
def score(*, lake: str | None = None, out: Path = OUT) -> None:
    """Score the three questions on a lake with all of 2020 to November 2025, and write the page and the log."""
    store, _ = asked(lake, None)
    report_written(write_report(scores_of(store), out, run_time=now_ns(), commit=commit()))


@app.command
def matrix(*, lake: str | None = None, out: Path = OUT) -> None:
    """Write which level whoever asks gets, by what is held and by date; `winter.toml` here imports the hourly data."""
    store, _ = asked(lake, None)
    report_written(write_matrix(levels_of(store), out, commit=commit()))


@app.command
def shipped(*, lake: str | None = None, first: str = "2022-03-01", last: str = "2024-12-31") -> None:
    """Print the parameters of `src/runout/forecast/shipped.toml`, fitted on daily totals up to a day."""
    store, _ = asked(lake, None)
    past = read_past(store, parse_time("2025-09-01"))
    found = fit(list(scopes(past.history).values()), parse_time(first), parse_time(last))
    Console(highlight=False).print(msgspec.toml.encode({"regression": msgspec.structs.asdict(found)}).decode())


if __name__ == "__main__":
    app()
