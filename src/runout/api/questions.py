"""Questions that a read of tables answers, by the name they have in every interface."""

from collections.abc import Callable
from typing import Final

import msgspec

from runout.api import market, observed, screener, tables
from runout.api.table_answer import TableAnswer, table_of
from runout.bulletin.liquidation_map import Model
from runout.errors import UsageError
from runout.lake import Lake


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked.

    Parameters
    ----------
    resource
        Name of the answer.
    at
        UTC ns of the moment.
    coin, venue, since
        Where the resource takes them.
    series
        Of rows.
    columns, limit, least_usd
        Columns of a chart; most rows of a tape, and its smallest dollars.
    model, positions
        Of a map: what its levels are of; file of published positions, and when it was last changed (UTC ns).
    shock
        Name and amount of a what-if.
    """

    resource: str
    at: int
    coin: str = "BTC"
    venue: str | None = None
    since: int | None = None
    series: tuple[str, ...] = ()
    columns: int = market.COLUMNS
    limit: int = 100
    least_usd: float = 0.0
    model: Model = "inferred"
    positions: tuple[str, int] | None = None
    shock: tuple[str, str] | None = None


Read = Callable[[Lake, Question], TableAnswer]


def ask(lake: Lake, question: Question) -> TableAnswer:
    """Return the answer to a question of :data:`READS`.

    Raises
    ------
    UsageError
        If there is no such question.
    RunoutError
        As the question does.
    """
    if question.resource not in READS:
        raise UsageError(f"there is no table {question.resource!r}; there are {', '.join(READS)}")
    return READS[question.resource](lake, question)


def _begin(question: Question) -> int:
    return question.at - market.WINDOW if question.since is None else question.since


def _series(lake: Lake, question: Question) -> TableAnswer:
    """Return the series known at the moment, with how many rows and the times they speak of."""
    known = lake.series(coin=question.coin or None, at=question.at)
    listed = tables.series_table(known)
    spans = tables.dated(lake.extent())
    joined = listed.join(spans, on="series", how="left", maintain_order="left")
    return TableAnswer(table=joined, scope="all series", synthetic=any(item.synthetic for item in known))


def _rows(lake: Lake, question: Question) -> TableAnswer:
    known = {series.series: series for series in lake.series(at=question.at)}
    asked = [known[name] for name in question.series if name in known]
    missing = sorted(set(question.series) - set(known))
    if missing or len({item.kind for item in asked}) != 1:
        result = missing or sorted({item.kind for item in asked})
        raise UsageError(f"series of one kind are needed that are known at that moment; found {result}; see /v1/series")
    rows = lake.as_of(asked[0].kind, at=question.at, series=question.series, since=question.since)
    return table_of(tables.dated(rows), tuple(asked))


READS: Final[dict[str, Read]] = {
    "candles": lambda lake, q: market.candles(lake, q.coin, q.at, since=q.since, columns=q.columns, venue=q.venue),
    "liquidations": lambda lake, q: market.liquidations(lake, q.coin, q.at, since=q.since, columns=q.columns),
    "tape": lambda lake, q: market.tape(lake, q.coin, q.at, since=q.since, limit=q.limit, least_usd=q.least_usd),
    "open-interest": lambda lake, q: market.open_interest(
        lake, q.coin, q.at, since=q.since, columns=q.columns, venue=q.venue
    ),
    "funding": lambda lake, q: market.funding(lake, q.coin, q.at, since=q.since),
    "depth": lambda lake, q: market.depth(lake, q.coin, q.at, since=q.since),
    "flushes": lambda lake, q: market.flushes(lake, q.coin, q.at),
    "feeds": lambda lake, q: observed.feeds(lake, q.coin, q.at),
    "unobserved": lambda lake, q: observed.unobserved(lake, q.coin, q.at, _begin(q), venue=q.venue),
    "screener": lambda lake, q: screener.screener(lake, q.at),
    "series": _series,
    "rows": _rows,
}
"""Answered by reading tables, in a thread."""
