"""``runout score``: the issued forecast on a past period of a lake, beside climatology and a plain regression."""

import sys
from typing import Annotated, Literal

import msgspec
import polars as pl
from cyclopts import Parameter
from rich.table import Table

from runout.cli import screen
from runout.cli.configuration import open_lake, time_option
from runout.cli.progress import progress_bar
from runout.clock import start_of_day
from runout.forecast.targets import MEASURED_USD
from runout.pipeline.score import ForecastScore, Loss, Question, score_forecast
from runout.units import dollars, percent

_ASKED = {"day": "days", "next": "times 24 h, from every fourth hour", "newcomer": "days on which a newcomer asks"}
_MEASURES = {"brier": "Brier score", "log": "log loss", "crps": "CRPS of log"}


def score(
    *,
    first: Annotated[str, Parameter(name="--from")],
    last: Annotated[str, Parameter(name="--to")],
    question: Question = "day",
    threshold: float = MEASURED_USD,
    lake: str | None = None,
    format: Literal["text", "json", "csv"] = "text",  # noqa: A002 - the public name of the flag
) -> None:
    """Score the issued forecast on a past period: each day forecast from the days before it, beside two plain models.

    Parameters
    ----------
    first
        First UTC day.
    last
        Last UTC day.
    question
        ``day``: the UTC day. ``next``: the next 24 h from every fourth hour. ``newcomer``: the UTC day, from 0, 7 and
        30 days of own totals.
    threshold
        Liquidations in 24 h within the lake's scope, dollars: the event whose chance is scored.
    lake
        Folder of the lake.
    format
        ``text`` for a reader, ``json`` or ``csv`` for a program.
    """
    store = open_lake(lake)
    begin, end = start_of_day(time_option(first)), start_of_day(time_option(last))
    with progress_bar("score") as progress:
        result = score_forecast(store, begin, end, question=question, threshold_usd=threshold, progress=progress)
    if format == "json":
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(_rounded(result))) + b"\n")
    elif format == "csv":
        losses = [msgspec.structs.asdict(loss) for loss in _rounded(result).losses]
        sys.stdout.write(pl.DataFrame(losses, infer_schema_length=None).write_csv())
    else:
        _print(result)


def _rounded(result: ForecastScore) -> ForecastScore:
    def six(value: float | None) -> float | None:
        return None if value is None else round(value, 6)

    losses = [
        Loss(measure=loss.measure, model=loss.model, loss=round(loss.loss, 6), gain=six(loss.gain), low=six(loss.low),
             high=six(loss.high))
        for loss in result.losses
    ]  # fmt: skip
    return msgspec.structs.replace(result, losses=tuple(losses))


def _print(result: ForecastScore) -> None:
    console = screen.console(soft_wrap=True)
    share = percent(result.events / result.days)
    console.print(f"Issued forecast, {result.first} to {result.last}: {result.days} {_ASKED[result.question]}")
    console.print(
        f"{result.events} of them ({share}) reached {dollars(result.threshold_usd)} of liquidations ({result.scope})"
    )
    table = Table(box=None, pad_edge=False)
    for header in ("score", "model", "mean", "difference", "95% interval"):
        table.add_column(header, no_wrap=True, justify="left" if header in {"score", "model"} else "right")
    for loss in result.losses:
        gain = "" if loss.gain is None else f"{loss.gain:+.4f}"
        interval = "" if loss.low is None else f"{loss.low:+.4f} to {loss.high:+.4f}"
        name = f"{loss.model} (issued)" if loss.gain is None else loss.model
        table.add_row(_MEASURES[loss.measure], name, f"{loss.loss:.4f}", gain, interval)
    console.print(table)
    console.print(
        "Lower is better. Difference: the issued forecast less this model; below zero favours the issued one. Brier "
        "score and log loss (nats): chance of such a day. CRPS: logarithm of the day's total. Fitted anew each day."
    )
    for note in result.notes:
        console.print(note)
