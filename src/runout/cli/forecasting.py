"""``runout forecast``."""

import sys
from typing import Literal

import msgspec

from runout.bulletin.outlook import as_json
from runout.cli import screen
from runout.cli.configuration import open_lake, time_option
from runout.clock import format_date, format_time, now_ns, start_of_day
from runout.forecast.record import Conditional, Forecast, LevelAnswer, Window
from runout.pipeline import ledger
from runout.pipeline.forecasts import answer_level
from runout.render.sheet import Sheet
from runout.units import dollars, percent, price


def forecast(
    coin: str = "BTC",
    /,
    *,
    at: str | None = None,
    to: float | None = None,
    issue: bool = False,
    lake: str | None = None,
    format: Literal["text", "json"] = "text",  # noqa: A002 - the public name of the flag
) -> None:
    """Say how likely a wave of liquidations is: in the next 24 h, in the present UTC day and in the one after it.

    Parameters
    ----------
    coin
        Base asset of the conditions ("if BTC falls 3%"); thresholds are of all coins.
    at
        UTC time, such as 2025-08-18T12:00Z: as it would have been said then; now if absent.
    to
        A price: the chances of the day if the coin gets there within it, by the structural model, instead.
    issue
        Write the forecast of the UTC day into the ledger, if it is not held; without it nothing is written.
    lake
        Folder of the lake.
    format
        ``text`` for a reader, ``json`` for a program.
    """
    store, moment = open_lake(lake), time_option(at) if at else now_ns()
    if to is not None:
        _say_level(answer_level(store, coin.upper(), moment, to), as_text=format == "text")
        return
    if issue:
        ledger.issue_daily(store, coin.upper(), [start_of_day(moment)])
    built = ledger.forecast_at(store, coin.upper(), moment)
    if format == "json":
        sys.stdout.write(as_json(built) + "\n")
    else:
        _print(built)


# -- text -------------------------------------------------------------------------------------------------------------


def _print(built: Forecast) -> None:
    sheet = screen.sheet()
    first = built.windows[0]
    following = () if built.next_24h is None or built.next_24h.start == first.start else (built.next_24h,)
    for window in (*following, *built.windows):
        sheet.line(_headline_of(window), bold=True)
        _chances(sheet, window)
        if window.scope:
            sheet.line(f"  reported here: {window.scope}")
        if window.missing:
            sheet.line(f"  not observed, so wider: {', '.join(window.missing)}")
    if built.problem is not None:
        sheet.line(f"problem: {built.problem.problem} ({built.problem.rule}; a rule, not scored)")
    for conditional in built.conditions:
        sheet.line(_condition_of(conditional))
    for note in built.notes:
        sheet.line(note)
    sheet.line(
        f"reported: {built.scope}; data through {format_time(built.data_through)}. "
        + (
            "No market-wide total is published for these data."
            if built.ratio_median is None
            else f"Market-wide over reported: {built.ratio_median:.2f} (median), {built.ratio_events} waves published."
        )
    )
    sys.stdout.write(sheet.text())


def _say_level(answer: LevelAnswer, *, as_text: bool) -> None:
    if not as_text:
        sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
        return
    sheet = screen.sheet()
    sheet.line(
        f"{format_date(answer.start)} (UTC day), if {answer.coin} gets to {answer.price_usd:,.6g} within it "
        f"(last close {answer.last_usd:,.6g}):", bold=True,
    )  # fmt: skip
    _chances(sheet, answer)
    sheet.line(f"{answer.basis}; a condition is not a cause.")
    sys.stdout.write(sheet.text())


def _headline_of(window: Window) -> str:
    level = "no danger level" if window.level is None else f"danger level {window.level} {window.level.word}"
    base = "" if window.base_rate is None else f", base rate of $1B {percent(window.base_rate)}"
    ahead = "" if window.lead == 1 else f", {window.lead} days after the last data"
    whole = window.start == start_of_day(window.start)
    span = f"{format_date(window.start)} (UTC day{ahead})" if whole else f"24 h from {format_time(window.start)}"
    return f"{span}: {level}{base}"


def _chances(sheet: Sheet, window: Window | LevelAnswer) -> None:
    rows = [
        (
            f"  {name}",
            f"≥ {dollars(chance.theta_usd)}",
            percent(chance.probability),
            f"{percent(chance.low)} to {percent(chance.high)}",
        )
        for name, chances in (("market-wide", window.headline), ("reported", window.measured))
        for chance in chances
    ]
    sheet.table(("total", "", "chance", "90% interval"), rows)


def _condition_of(item: Conditional) -> str:
    counted = (
        f"if {item.coin} trades at {price(item.price_usd)} within the day "
        f"({percent(-item.move, digits=0, signed=True)} from {price(item.from_usd)} at {format_time(item.from_time)})"
    )
    if item.refused:
        return f"{counted}: refused, {item.refused}"
    chances = [("market-wide", chance) for chance in item.headline] + [("reported", chance) for chance in item.measured]
    text = ", ".join(f"{name} ≥ {dollars(p.theta_usd)}: {percent(p.probability)}" for name, p in chances)
    return f"{counted}: {text}; {item.days} past days went as far from their opening"
