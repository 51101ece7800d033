"""What is new: a tail is asked again and again, and says what has come since."""

from typing import Final, Protocol

import polars as pl

from runout.clock import NANOSECONDS_PER_MINUTE, format_time
from runout.lake import Lake

_MOST: Final = 200
_LATE: Final = 10 * NANOSECONDS_PER_MINUTE
_SKIPPED: Final = frozenset({"imports", "quarantine", "computations"})

News = tuple[str, dict[str, object]]
"""Channel and data of a message."""


class Tail(Protocol):
    """A source of news."""

    def poll(self) -> list[News]:
        """Return what has come since the last call; runs in a thread, and returns at once."""
        ...


class LakeTail:
    """News of a lake by the versions of its tables: which have changed, and new single liquidations.

    Parameters
    ----------
    root
        The lake; it may be empty yet.
    """

    def __init__(self, root: str) -> None:
        self._lake = Lake(root)
        self._versions = self._lake.versions()
        self._known = self._newest()

    def poll(self) -> list[News]:
        """Return a message of channel ``lake`` where tables changed, and new liquidations."""
        versions = self._lake.versions()
        changed = sorted(kind for kind, version in versions.items() if version != self._versions[kind])
        self._versions = versions
        shown = [kind for kind in changed if kind not in _SKIPPED]
        if not shown:
            return []
        news: list[News] = [("lake", {"kinds": shown, "version": sum(versions.values())})]
        if "liquidations" in changed and (rows := self._liquidations()):
            news.append(("liquidations", {"rows": rows}))
        return news

    def _newest(self) -> int:
        newest = self._lake.scan("liquidations").select(pl.col("known_time").max()).collect().item()
        return int(newest or 0)

    def _liquidations(self) -> list[dict[str, object]]:
        """Return single liquidations known since the last look; what is known late is history, and is not sent."""
        before, self._known = self._known, self._newest()
        fresh = self._lake.scan("liquidations").filter(
            (pl.col("known_time") > before)
            & (pl.col("span") == 0)
            & (pl.col("known_time") - pl.col("event_time") < _LATE)
        )
        rows = fresh.sort("event_time", "series", "sequence").tail(_MOST).collect()
        venues = {one.series: one.venues[0] for one in self._lake.series("liquidations")} if rows.height else {}
        return [
            {
                "event_time": format_time(row["event_time"]), "coin": row["coin"],
                "venue": venues.get(row["series"], ""),
                "liquidated_side": row["liquidated_side"], "value_usd": row["value_usd"],
                "quantity_base": row["quantity_base"], "price": row["price"], "series": row["series"],
            }
            for row in rows.iter_rows(named=True)
        ]  # fmt: skip
