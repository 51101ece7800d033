"""Answers as a notebook shows them: small pieces of HTML on white, styled in place, that fetch nothing."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from runout.bulletin import brief_words, quantities, wording
from runout.bulletin.brief import brief
from runout.bulletin.findings import Bulletin
from runout.clock import format_date, format_time
from runout.forecast.record import Conditional, Forecast, Window
from runout.forecast.targets import Probability
from runout.render import figures, palette
from runout.units import dollars, percent

_SHEET: Final = (
    f"background: {palette.GROUND.light}; color: {palette.INK.light}; font: 14px/1.45 system-ui, sans-serif; "
    "padding: 12px 16px; max-width: 860px"
)
_QUIET: Final = f"color: {palette.MUTED.light}; font-size: 12px; margin: 4px 0"
_CELL: Final = (
    "text-align: left; vertical-align: top; padding: 2px 14px 2px 0; border: 0; font: inherit; "
    "font-variant-numeric: tabular-nums"
)
_BAR: Final = 160


def bulletin(subject: Bulletin) -> str:
    """Return a bulletin's one screen and its first figure."""
    short = brief(subject)
    parts = [_title(brief_words.head(short))]
    parts += [_loud(text) for text in (wording.SYNTHETIC * subject.synthetic, brief_words.warning(short)) if text]
    lines = (line for line in brief_words.lines(short) if line.label != brief_words.MORE)
    parts.append(_table((), ([escape(cell) for cell in line] for line in lines)))
    chart = next((chart for section in subject.sections for chart in section.charts), None)
    if chart is not None:
        parts.append(f"<p style='margin: 10px 0 0; font-weight: 600'>{escape(wording.clean(chart.title))}</p>")
        parts.append(figures.svg(chart, coin=subject.coin, synthetic=subject.synthetic))
        parts.append(f"<p style='{_QUIET}'>{escape(wording.clean(chart.caption))}</p>")
    parts.append(_quiet(f"{wording.versions(subject)}. Whole: .to_html(), .to_text(); figures: .to_polars()."))
    return _sheet(parts)


def forecast(item: Forecast) -> str:
    """Return a forecast's chances with their 90% intervals, by day, and what they become if the price falls."""
    parts = [_title(f"Liquidation waves, as of {format_time(item.at)}")]
    for window in item.windows:
        parts.append(_heading(_window_text(window)))
        rows = [("headline", entry) for entry in window.headline] + [("measured", entry) for entry in window.measured]
        parts.append(_table(("total of the day", "", "chance", "", "90% interval"), (_chance(*row) for row in rows)))
    parts.append(_heading(f"If {escape(item.coin)} falls within the first of these days"))
    parts.append(_table(("fall", "headline", "measured", "days"), (_condition(entry) for entry in item.conditions)))
    parts.append(_quiet(f"Measured: {item.scope}; data through {format_time(item.data_through)}; model {item.model}."))
    return _sheet(parts)


def _window_text(item: Window) -> str:
    level = "no danger level" if item.level is None else f"danger level {quantities.value_text(item.level, 'level')}"
    base = "" if item.base_rate is None else f"; $1B on {percent(item.base_rate)} of the days of the past year"
    return escape(f"{format_date(item.start)} (UTC day): {level}{base}")


def _chance(total: str, probability: Probability) -> Sequence[str]:
    left, width = _BAR * probability.low, max(_BAR * (probability.high - probability.low), 1.0)
    bar = (
        f"<div style='position: relative; width: {_BAR}px; height: 10px; background: {palette.GRID.light}'>"
        f"<div style='position: absolute; width: {_BAR * probability.probability:.1f}px; height: 10px; "
        f"background: {palette.LONG.light}'></div><div style='position: absolute; left: {left:.1f}px; top: 4px; "
        f"width: {width:.1f}px; height: 2px; background: {palette.INK.light}'></div></div>"
    )
    interval = f"{percent(probability.low)} to {percent(probability.high)}"
    return (total, f"≥ {dollars(probability.theta_usd)}", percent(probability.probability), bar, interval)


def _condition(conditional: Conditional) -> Sequence[str]:
    move = percent(-conditional.move if conditional.direction == "fall" else conditional.move, digits=0, signed=True)
    if conditional.refused:
        return (move, escape(conditional.refused), "", "")
    return (move, _chances(conditional.headline), _chances(conditional.measured), str(conditional.days))


def _chances(probabilities: Iterable[Probability]) -> str:
    return ", ".join(f"≥ {dollars(item.theta_usd)}: {percent(item.probability, digits=0)}" for item in probabilities)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are HTML already, and what is a reader's is escaped."""
    top = "".join(f"<th style='{_CELL}; color: {palette.MUTED.light}'>{item}</th>" for item in head)
    body = "".join(
        "<tr style='background: none'>" + "".join(f"<td style='{_CELL}'>{cell}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    above = f"<thead><tr>{top}</tr></thead>" if head else ""
    style = "border-collapse: collapse; margin: 6px 0; border: 0; font: inherit"
    return f"<table style='{style}'>{above}<tbody>{body}</tbody></table>"


def _title(text: str) -> str:
    return f"<p style='font-size: 17px; font-weight: 600; margin: 0 0 4px'>{escape(text)}</p>"


def _heading(html: str) -> str:
    return f"<p style='font-weight: 600; margin: 10px 0 0'>{html}</p>"


def _loud(text: str) -> str:
    return f"<p style='margin: 4px 0; font-weight: 600; color: {palette.SHORT.light}'>{escape(text)}</p>"


def _quiet(text: str) -> str:
    return f"<p style='{_QUIET}'>{escape(text)}</p>"


def _sheet(parts: Iterable[str]) -> str:
    return f"<div style='{_SHEET}'>{''.join(parts)}</div>"
