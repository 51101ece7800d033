"""What a request asks, and the bytes that answer it: run in a thread or in a worker, never in the server's loop.

A question names its moment, so that the same question has the same answer however often it is asked.
"""

import ctypes
import gc
from collections.abc import Callable
from functools import lru_cache
from io import BytesIO
from typing import Final

import msgspec
import polars as pl

from runout.api import observed
from runout.api.answers import BulletinAnswer, WhatIfAnswer
from runout.api.questions import Question, ask
from runout.api.session import Session
from runout.api.shock_inputs import named_shock, refuse_no_move
from runout.api.snapshot import SnapshotAnswer, snapshot
from runout.api.table_answer import TableAnswer
from runout.clock import NANOSECONDS_PER_DAY, format_time, parse_time
from runout.errors import NotEnoughDataError
from runout.lake import Lake
from runout.lake.catalogue import newest_of
from runout.pipeline.forecast_scope import MOST_STALE_DAYS


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
        rows = sum(int(table.table.estimated_size()) for table in self.tables.values())
        return sum(map(len, self.documents.values())) + rows + 1_000


Model = Callable[[str, Question], Answer]


def read(lake: Lake, question: Question) -> Answer:
    """Return the answer to a question of :data:`READS`, or to ``status``, of a lake that is kept open.

    Raises
    ------
    RunoutError
        As the question of :mod:`runout.api` does.
    """
    still = lake.snapshot()
    if question.resource == "status":
        return Answer(documents={"json": msgspec.json.encode(observed.status(still, question.at))})
    still.require()
    return Answer(tables={question.resource: ask(still, question)})


def refuse_stale(lake: Lake, question: Question) -> None:
    """Refuse at once what no model can answer, as the data end long before: a worker takes seconds to say so.

    Raises
    ------
    NotEnoughDataError
        If bars of the coin, or for a forecast bars and liquidations of every coin, are older than a model takes.
    """
    bars, days = lake.series("bars", question.coin), 1
    if question.resource == "forecast":  # of all coins, and from totals a while after they end
        bars, days = [*lake.series("bars"), *lake.series("liquidations")], MOST_STALE_DAYS + 2
    newest = newest_of(lake, bars)
    if newest and question.at - parse_time(newest) > days * NANOSECONDS_PER_DAY:
        span = "24 hours" if days == 1 else f"{days} days"
        text = f"expected data of {question.coin} in the {span} before {format_time(question.at)}, found none"
        raise NotEnoughDataError(text, newest=newest_of(lake, lake.series("bars", question.coin)) or newest)


def answer(root: str, question: Question) -> Answer:
    """Return the answer of a model to a question of the lake at ``root``.

    Raises
    ------
    RunoutError
        As the question of :mod:`runout.api` does.
    """
    try:
        return MODELS[question.resource](root, question)
    finally:
        _give_back()


def _give_back() -> None:
    """Give memory that is free back to the system, where it takes it (glibc): a worker lives for weeks."""
    gc.collect()
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


# -- models -----------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)
def _drawn(root: str, question: Question, _known: str) -> SnapshotAnswer:
    file, changed = question.positions or (None, 0)
    if question.model == "measured" and question.at < changed:
        raise NotEnoughDataError(
            f"published positions begin {format_time(changed)}, after {format_time(question.at)}: a file has no past"
        )
    return snapshot(
        Lake.open(root), question.coin, question.at, since=question.since, venue=question.venue, model=question.model,
        positions=file,
    )  # fmt: skip


def _snapshot_of(root: str, question: Question) -> SnapshotAnswer:
    """Return the map and what moves are asked of; the last two are kept, as a slider asks many times of the same."""
    known = str(sorted(Lake.open(root).known_rows(question.at).items()))
    return _drawn(root, msgspec.structs.replace(question, resource="snapshot", shock=None), known)


def _snapshot(root: str, question: Question) -> Answer:
    built = _snapshot_of(root, question)
    listed = {"levels": built.levels(), "clusters": built.clusters(), "sweeps": built.sweeps()}
    documents = {"json": built.map.to_json().encode(), "text": built.map.to_text().encode(), "heat": built.tile()}
    if built.setting is None:
        return Answer(documents=documents | {"ladder-missing": built.missing.encode()}, tables=listed)
    return Answer(documents=documents, tables=listed | {"ladder": built.ladder()})


def _whatif(root: str, question: Question) -> Answer:
    from runout.pipeline.whatif_answers import whatif  # noqa: PLC0415 - only in a worker

    snapshot_answer = _snapshot_of(root, question)
    shock = named_shock(**dict([question.shock or ("drop", "")]))
    if snapshot_answer.setting is None:
        raise NotEnoughDataError(snapshot_answer.missing)
    refuse_no_move(shock, snapshot_answer.setting.price)
    text = WhatIfAnswer(snapshot_answer.setting, shock, whatif(snapshot_answer.setting, shock))
    about = msgspec.structs.replace(snapshot_answer.levels(), table=text.to_polars())
    return Answer(
        documents={"json": text.to_json().encode(), "text": text.to_text().encode()}, tables={"whatif": about}
    )


def _published(root: str, question: Question) -> BulletinAnswer:
    return Session(root).bulletin(question.coin, at=format_time(question.at))


def _bulletin(root: str, question: Question) -> Answer:
    from runout.render import markdown  # noqa: PLC0415 - only in a worker

    bulletin_answer = _published(root, question)
    findings = TableAnswer(
        table=bulletin_answer.to_polars(), scope=question.coin, synthetic=bulletin_answer.content.synthetic
    )
    documents = {
        "json": bulletin_answer.to_json().encode(),
        "brief": msgspec.json.encode(bulletin_answer.brief()),
        "text": bulletin_answer.to_text().encode(),
        "md": markdown.render(bulletin_answer.content).encode(),
    }
    return Answer(documents=documents, tables={"bulletin": findings})


def _bulletin_page(root: str, question: Question) -> Answer:
    published = _published(root, question)
    _give_back()  # what reading took, before pictures take their part
    return Answer(documents={"html": published.to_html().encode()})


def _forecast(root: str, question: Question) -> Answer:
    built = Session(root).forecast(question.coin, at=format_time(question.at))
    about = TableAnswer(
        table=built.to_polars(), scope=built.content.scope, inferred=True, synthetic=built.content.synthetic,
        note=f"Model {built.content.model}.",
    )  # fmt: skip
    return Answer(documents={"json": built.to_json().encode()}, tables={"forecast": about})


def arrow(rows: pl.DataFrame) -> bytes:
    """Return rows as an Arrow IPC stream."""
    buffer = BytesIO()
    rows.write_ipc_stream(buffer)
    return buffer.getvalue()


MODELS: Final[dict[str, Model]] = {
    "snapshot": _snapshot,
    "bulletin": _bulletin,
    "bulletin-page": _bulletin_page,
    "forecast": _forecast,
    "whatif": _whatif,
}
"""Answered by a model, in a worker process."""
