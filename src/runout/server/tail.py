"""What is new: a tail is asked again and again, and says what has come since."""

from typing import Any, Final, Protocol

import polars as pl

from runout.clock import NANOSECONDS_PER_MINUTE, now_ns
from runout.lake.tailed import TailedLake
from runout.records import KINDS
from runout.server.replies import in_text

_MOST: Final = 200
_LATE: Final = 10 * NANOSECONDS_PER_MINUTE
_CANDLE: Final = ("open", "high", "low", "close", "volume_usd")
_SAME: Final = {
    "liquidations": tuple(KINDS["liquidations"].revision_key),
    "bars": (*KINDS["bars"].revision_key, *_CANDLE),
}
"""Columns by which a row was sent already: a bar whose figures have changed is sent again."""
_SKIPPED: Final = frozenset({"imports", "quarantine", "computations"})

News = tuple[str, dict[str, object]]
"""Channel and data of a message."""


class Tail(Protocol):
    """A source of news."""

    def poll(self) -> list[News]:
        """Return what has come since the last call; runs in a thread, and returns at once."""
        ...


class LakeTail:
    """News of a lake by the versions of its tables and what collectors have received since: bars, liquidations.

    Parameters
    ----------
    root
        The lake; it may be empty yet.
    """

    def __init__(self, root: str) -> None:
        self._lake = TailedLake(root)
        self._state = self._look()
        self._sent = {kind: self._recent(kind) for kind in _SAME}

    def poll(self) -> list[News]:
        """Return a message of channel ``lake`` where rows came, new liquidations, and new or changed bars."""
        before, self._state = self._state, self._look()
        changed = sorted(kind for kind, state in self._state.items() if state != before[kind])
        shown = [kind for kind in changed if kind not in _SKIPPED]
        if not shown:
            return []
        news: list[News] = [("lake", {"kinds": shown})]
        if "liquidations" in changed and (events := self._liquidations()):
            news.append(("liquidations", {"rows": events}))
        if "bars" in changed and (candles := self._candles()):
            news.append(("candles", {"rows": candles}))
        return news

    def _look(self) -> dict[str, tuple[int, int]]:
        """Return the version of each table, and how many rows wait to go to it."""
        waiting = self._lake.waiting()
        return {kind: (version, waiting.get(kind, 0)) for kind, version in self._lake.versions().items()}

    def _recent(self, kind: str) -> pl.DataFrame:
        """Return rows known within the last minutes; what was known late is history, and is not news."""
        known, now = pl.col("known_time"), now_ns()
        rows = self._lake.between(kind, now - 2 * _LATE).filter(
            (known > now - _LATE) & (known - pl.col("event_time") < _LATE)
        )
        if kind == "liquidations":  # single events; totals of intervals follow from them
            rows = rows.filter(pl.col("span") == 0)
        order = [name for name in ("event_time", "series", "known_time", "sequence") if name in KINDS[kind].names]
        return rows.sort(order).unique(_SAME[kind], keep="first", maintain_order=True).collect()

    def _fresh(self, kind: str) -> list[dict[str, Any]]:
        """Return recent rows that were not sent, with the name of their venue."""
        recent = self._recent(kind)
        fresh = recent.join(self._sent[kind], on=_SAME[kind], how="anti", maintain_order="left", nulls_equal=True)
        self._sent[kind] = recent
        venues = {item.series: item.venues[0] for item in self._lake.series(kind)} if fresh.height else {}
        readable = in_text(fresh.tail(_MOST).with_columns(pl.from_epoch("event_time", "ns")))
        return [{**row, "venue": venues.get(row["series"], "")} for row in readable.iter_rows(named=True)]

    def _liquidations(self) -> list[dict[str, Any]]:
        names = ("event_time", "coin", "venue", "liquidated_side", "value_usd", "quantity_base", "price", "series")
        return [{name: row[name] for name in names} for row in self._fresh("liquidations")]

    def _candles(self) -> list[dict[str, Any]]:
        """Return bars as they were recorded: ``event_time`` is their end, ``span`` their length (ns)."""
        names = ("event_time", "coin", "venue", "span", *_CANDLE, "series")
        return [{name: row[name] for name in names} for row in self._fresh("bars")]
