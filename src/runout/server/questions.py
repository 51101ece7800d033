"""What a request asks, and the bytes that answer it: run in a thread or in a worker, never in the server's loop.

A question names its moment, so that the same question has the same answer however often it is asked.
"""

from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from typing import Final

import msgspec
import polars as pl

from runout.api import market, observed, screener, tables
from runout.api.answers import BulletinAnswer, WhatIfAnswer
from runout.api.session import Session
from runout.api.shock_inputs import named_shock
from runout.api.snapshot import SnapshotAnswer, snapshot
from runout.api.table_answer import TableAnswer, table_of
from runout.clock import format_time
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
    shock: tuple[str, str] | None = None


class Answer(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What was answered.

    Parameters
    ----------
    documents
        Ready to send, by the name of their form.
    tables
        Rows with what they are of, by name.
    """

    documents: dict[str, bytes] = {}
    tables: dict[str, TableAnswer] = {}

    def size(self) -> int:
        """Return about how many bytes it takes."""
        rows = sum(int(one.table.estimated_size()) for one in self.tables.values())
        return sum(map(len, self.documents.values())) + rows + 1_000


Read = Callable[[Lake, Question], TableAnswer]
Model = Callable[[str, Question], Answer]


def answer(root: str, question: Question) -> Answer:
    """Return the answer to a question of the lake at ``root``.

    Raises
    ------
    RunoutError
        As the question of :mod:`runout.api` does.
    """
    if question.resource == "status":
        return Answer(documents={"json": msgspec.json.encode(observed.status(Lake(root), question.at))})
    if read := READS.get(question.resource):
        return Answer(tables={question.resource: read(Lake.open(root), question)})
    return MODELS[question.resource](root, question)


# -- reads ------------------------------------------------------------------------------------------------------------


def _begin(question: Question) -> int:
    return question.at - market.WINDOW if question.since is None else question.since


def _series(lake: Lake, question: Question) -> TableAnswer:
    """Return the series known at the moment, with how many rows and the times they speak of."""
    known = lake.series(coin=question.coin or None, at=question.at)
    listed = tables.series_table(known)
    spans = tables.dated(lake.extent())
    joined = listed.join(spans, on="series", how="left", maintain_order="left")
    return TableAnswer(table=joined, scope="all series", synthetic=any(one.synthetic for one in known))


def _rows(lake: Lake, question: Question) -> TableAnswer:
    known = {one.series: one for one in lake.series(at=question.at)}
    asked = [known[name] for name in question.series if name in known]
    missing = sorted(set(question.series) - set(known))
    if missing or len({one.kind for one in asked}) != 1:
        found = missing or sorted({one.kind for one in asked})
        raise UsageError(f"series of one kind are needed that are known at that moment; found {found}; see /v1/series")
    rows = lake.as_of(asked[0].kind, at=question.at, series=question.series, since=question.since)
    return table_of(tables.dated(rows), tuple(asked))


# -- models -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _drawn(root: str, coin: str, venue: str | None, at: int, since: int | None, _known: str) -> SnapshotAnswer:
    return snapshot(Lake.open(root), coin, at, since=since, venue=venue)


def _snapshot_of(root: str, question: Question) -> SnapshotAnswer:
    """Return the map and what moves are asked of; the last two are kept, as a slider asks many times of the same."""
    known = str(sorted(Lake.open(root).known_rows(question.at).items()))
    return _drawn(root, question.coin, question.venue, question.at, question.since, known)


def _snapshot(root: str, question: Question) -> Answer:
    made = _snapshot_of(root, question)
    listed = {"levels": made.levels(), "clusters": made.clusters(), "sweeps": made.sweeps()}
    documents = {"json": made.map.to_json().encode(), "text": made.map.to_text().encode(), "heat": made.tile()}
    if made.setting is None:
        return Answer(documents=documents | {"ladder-missing": made.missing.encode()}, tables=listed)
    return Answer(documents=documents, tables=listed | {"ladder": made.ladder()})


def _whatif(root: str, question: Question) -> Answer:
    from runout.pipeline.whatif_answers import whatif  # noqa: PLC0415 - only in a worker

    made = _snapshot_of(root, question)
    shock = named_shock(**dict([question.shock or ("drop", "")]))
    if made.setting is None:
        made.ladder()  # raises, and says what is missing
        return Answer()
    said = WhatIfAnswer(made.setting, shock, whatif(made.setting, shock))
    about = msgspec.structs.replace(made.levels(), table=said.to_polars())
    return Answer(
        documents={"json": said.to_json().encode(), "text": said.to_text().encode()}, tables={"whatif": about}
    )


def _published(root: str, question: Question) -> BulletinAnswer:
    return Session(root).bulletin(question.coin, at=format_time(question.at))


def _bulletin(root: str, question: Question) -> Answer:
    from runout.render import markdown  # noqa: PLC0415 - only in a worker

    made = _published(root, question)
    findings = TableAnswer(table=made.to_polars(), scope=question.coin, synthetic=made.content.synthetic)
    documents = {
        "json": made.to_json().encode(),
        "brief": msgspec.json.encode(made.brief()),
        "text": made.to_text().encode(),
        "md": markdown.render(made.content).encode(),
    }
    return Answer(documents=documents, tables={"bulletin": findings})


def _bulletin_page(root: str, question: Question) -> Answer:
    return Answer(documents={"html": _published(root, question).to_html().encode()})


def _forecast(root: str, question: Question) -> Answer:
    made = Session(root).forecast(question.coin, at=format_time(question.at))
    about = TableAnswer(
        table=made.to_polars(), scope=made.content.scope, inferred=True, note=f"Model {made.content.model}."
    )
    return Answer(documents={"json": made.to_json().encode()}, tables={"forecast": about})


def arrow(rows: pl.DataFrame) -> bytes:
    """Return rows as an Arrow IPC stream."""
    buffer = BytesIO()
    rows.write_ipc_stream(buffer)
    return buffer.getvalue()


# -- the table of questions -------------------------------------------------------------------------------------------

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
    "unobserved": lambda lake, q: observed.unobserved(lake, q.coin, q.at, _begin(q)),
    "screener": lambda lake, q: screener.screener(lake, q.at),
    "series": _series,
    "rows": _rows,
}
"""Answered by reading tables, in a thread."""

MODELS: Final[dict[str, Model]] = {
    "snapshot": _snapshot,
    "bulletin": _bulletin,
    "bulletin-page": _bulletin_page,
    "forecast": _forecast,
    "whatif": _whatif,
}
"""Answered by a model, in a worker process."""
