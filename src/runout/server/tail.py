"""What is new: a tail is asked again and again, and says what has come since."""

from typing import Final, Protocol

import polars as pl

from runout.clock import NANOSECONDS_PER_MINUTE, format_time, now_ns
from runout.lake.tailed import TailedLake
from runout.records import KINDS

_MOST: Final = 200
_LATE: Final = 10 * NANOSECONDS_PER_MINUTE
_KEY: Final = KINDS["liquidations"].revision_key
_SKIPPED: Final = frozenset({"imports", "quarantine", "computations"})

News = tuple[str, dict[str, object]]
"""Channel and data of a message."""


class Tail(Protocol):
    """A source of news."""

    def poll(self) -> list[News]:
        """Return what has come since the last call; runs in a thread, and returns at once."""
        ...


class LakeTail:
    """News of a lake by the versions of its tables and by what collectors have received since: new liquidations.

    Parameters
    ----------
    root
        The lake; it may be empty yet.
    """

    def __init__(self, root: str) -> None:
        self._lake = TailedLake(root)
        self._state = self._look()
        self._sent = self._recent()

    def poll(self) -> list[News]:
        """Return a message of channel ``lake`` where rows came, and new liquidations."""
        before, self._state = self._state, self._look()
        changed = sorted(kind for kind, state in self._state.items() if state != before[kind])
        shown = [kind for kind in changed if kind not in _SKIPPED]
        if not shown:
            return []
        news: list[News] = [("lake", {"kinds": shown})]
        if "liquidations" in changed and (rows := self._liquidations()):
            news.append(("liquidations", {"rows": rows}))
        return news

    def _look(self) -> dict[str, tuple[int, int]]:
        """Return the version of each table, and how many rows wait to go to it."""
        waiting = self._lake.waiting()
        return {kind: (version, waiting.get(kind, 0)) for kind, version in self._lake.versions().items()}

    def _recent(self) -> pl.DataFrame:
        """Return single liquidations known within the last minutes; what was known late is history, and is not news."""
        known = pl.col("known_time")
        rows = self._lake.scan("liquidations").filter(
            (known > now_ns() - _LATE) & (pl.col("span") == 0) & (known - pl.col("event_time") < _LATE)
        )
        return rows.sort("event_time", "series", "sequence").unique(_KEY, keep="first", maintain_order=True).collect()

    def _liquidations(self) -> list[dict[str, object]]:
        """Return recent liquidations that were not sent."""
        recent = self._recent()
        fresh, self._sent = recent.join(self._sent, on=_KEY, how="anti", maintain_order="left"), recent
        rows = fresh.tail(_MOST)
        venues = {item.series: item.venues[0] for item in self._lake.series("liquidations")} if rows.height else {}
        return [
            {
                "event_time": format_time(row["event_time"]), "coin": row["coin"],
                "venue": venues.get(row["series"], ""),
                "liquidated_side": row["liquidated_side"], "value_usd": row["value_usd"],
                "quantity_base": row["quantity_base"], "price": row["price"], "series": row["series"],
            }
            for row in rows.iter_rows(named=True)
        ]  # fmt: skip
