"""Beside what is inferred of a synthetic market, what is true of it: the same ranges, the same hours, the same classes.

The truth lies in a folder of its own beside the lake, and nothing that infers reads it.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal

import msgspec
import numpy as np
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, format_date
from runout.coverage.capture import Rule, corrected_totals
from runout.indicators.endogeneity import SECOND, hawkes
from runout.lake import Lake
from runout.liquidation_map import shipped
from runout.liquidation_map.clusters import Cluster
from runout.liquidation_map.dollars import SIDES
from runout.pipeline.build_map import liquidation_map
from runout.pipeline.hidden_truth import read_truth
from runout.synthetic.feeds import EVENT_DAYS
from runout.synthetic.true_levels import DIRECTION, by_class, true_levels, would_be_reported
from runout.synthetic.world import VENUES
from runout.units import dollars

DAY = NANOSECONDS_PER_DAY
CLUSTERS: Final = 4
_GROUPS: Final = (
    ("within 1.5% of entry", 0.0, 0.015), ("1.5 to 6%", 0.015, 0.06), ("6 to 19%", 0.06, 0.2), ("19 to 42%", 0.2, 0.5),
)  # fmt: skip
_TABLES: Final = ("positions", "changes", "liquidations")
_LEAD: Final = VENUES[0]
_COMPLETE: Final = next(venue for venue in VENUES if venue.feed == "complete")

_INTRODUCTION: Final = (
    "This market was made up, so that what is inferred can be held against what is true. Nothing here was observed "
    "anywhere. Brackets are bands of 90%. *As venues show it*: what their feeds showed of the truth, or would show if "
    "it were closed at once. Dollars of the map are expected reports, so they answer to that column."
)

Unit = Literal["usd", "share"]


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One figure inferred, and the true one.

    Parameters
    ----------
    section, figure
        What it is of.
    unit
        Dollars, or a share of one.
    inferred, low, high
        By the product, with its band of 90%; None: it gives none.
    shown
        What of the truth the venues show, or would: the figure that the inferred one has to be held against where it
        claims no more. None where that says nothing.
    true
        The truth.
    """

    section: str
    figure: str
    unit: Unit
    inferred: float
    low: float | None = None
    high: float | None = None
    shown: float | None = None
    true: float

    def cells(self) -> tuple[str, str, str, str]:
        """Return what it is of, the inferred, the shown and the true figure as text."""
        band = "" if self.low is None or self.high is None else f" [{self._text(self.low)}, {self._text(self.high)}]"
        shown = "·" if self.shown is None else self._text(self.shown)
        return self.figure, f"{self._text(self.inferred)}{band}", shown, self._text(self.true)

    def _text(self, value: float) -> str:
        return dollars(value) if self.unit == "usd" else f"{value:.0%}"


def compare(lake: Lake, coin: str, at: int) -> tuple[Compared, ...]:
    """Return inferred figures of a synthetic lake beside true ones, as of a day's end.

    Parameters
    ----------
    lake
        A lake that ``runout synthesize`` wrote.
    coin
        Its first coin.
    at
        End of one of its last days, UTC ns.

    Raises
    ------
    NotEnoughDataError
        If there is no truth beside the lake.
    """
    truth = read_truth(lake, coin, _TABLES)
    drawn = liquidation_map(lake, coin, at, venue=_LEAD.name)
    positions = truth["positions"].filter((pl.col("day") == pl.col("day").max()) & (pl.col("venue") == _LEAD.name))
    return (
        *(_cluster(cluster, positions) for cluster in drawn.clusters[:CLUSTERS]),
        *_totals(lake, coin, at, truth["liquidations"]),
        *_leverage(truth),
        _endogenous(lake, coin, at, truth["liquidations"]),
    )


def page(compareds: Sequence[Compared], title: str) -> str:
    """Return the comparison as Markdown."""
    parts = [
        f"# SYNTHETIC: inferred beside true ({title})",
        _INTRODUCTION,
    ]
    for section in dict.fromkeys(compared.section for compared in compareds):
        rows = ["| " + " | ".join(compared.cells()) + " |" for compared in compareds if compared.section == section]
        head = "|  | inferred | as venues show it | true |\n|---|---|---|---|"
        parts += [f"## {section}", "\n".join([head, *rows])]
    return "\n\n".join(parts) + "\n"


# -- the map ----------------------------------------------------------------------------------------------------------


def _cluster(cluster: Cluster, positions: pl.DataFrame) -> Compared:
    side = SIDES.index(cluster.side)
    distance, usd = true_levels(positions, side, 1.0)
    price = np.exp(-DIRECTION[side] * distance)
    resting = float(usd[(price >= cluster.low) & (price < cluster.high)].sum())
    return Compared(
        section=f"Largest clusters of the map ({_LEAD.name})",
        figure=f"{cluster.side}s {cluster.low:,.0f} to {cluster.high:,.0f}", unit="usd", inferred=cluster.total.usd,
        low=cluster.total.low_usd,
        high=cluster.total.high_usd, shown=float(would_be_reported(np.array([resting]))[0]), true=resting,
    )  # fmt: skip


def _leverage(truth: dict[str, pl.DataFrame]) -> Iterator[Compared]:
    accounts = truth["positions"].filter(pl.col("venue") == _LEAD.name).select("account").unique()
    opened = truth["changes"].filter(
        (pl.col("change") == "opened") & pl.col("liquidation_price").is_not_null()
    ).join(accounts, on="account", how="semi")  # fmt: skip
    classes, share = shipped().distances, shipped().share()
    for side, name in enumerate(SIDES):
        own = opened.filter(pl.col("side") == DIRECTION[side])
        distance = np.abs(np.log(own["liquidation_price"].to_numpy() / own["entry"].to_numpy()))
        true = by_class(distance, own["size"].to_numpy(), tuple(classes.tolist()))[:-1]
        for label, low, high in _GROUPS:
            inside = (classes >= low) & (classes < high)
            yield Compared(
                section=f"Leverage: how far from entry {_LEAD.name}'s positions are liquidated (assumed, not inferred)",
                figure=f"{name}s, {label}", unit="share", inferred=float(share[inside].sum()),
                true=float(true[inside].sum() / max(true.sum(), 1e-9)),
            )  # fmt: skip


# -- liquidations -----------------------------------------------------------------------------------------------------


def _totals(lake: Lake, coin: str, at: int, closed: pl.DataFrame) -> Iterator[Compared]:
    """Yield the last day's, and the busiest day's, liquidations of all venues."""
    since = at - EVENT_DAYS * DAY
    days = pl.DataFrame({"event_time": since + DAY * np.arange(1, EVENT_DAYS + 1)})
    days_usd = np.sum([_venue_days(lake, coin, at, place) for place in range(len(VENUES))], axis=0)
    day = ((pl.col("event_time") - 1) // DAY + 1) * DAY
    usd = closed.group_by(day.alias("event_time")).agg((pl.col("quantity_base") * pl.col("price")).sum().alias("usd"))
    true = days.join(usd, on="event_time", how="left", maintain_order="left")["usd"].fill_null(0.0).to_numpy()
    for row in dict.fromkeys((EVENT_DAYS - 1, int(true.argmax()))):
        reported, total, low, high = days_usd[row].tolist()
        begins = format_date(int(days["event_time"][row]) - DAY)
        yield Compared(
            section=f"{coin} liquidations of a day, {len(VENUES)} venues, two of them capped",
            figure=begins + (" (the busiest)" if row == true.argmax() else ""), unit="usd", inferred=total, low=low,
            high=high, shown=reported, true=float(true[row]),
        )  # fmt: skip


def _venue_days(lake: Lake, coin: str, at: int, place: int) -> np.ndarray:
    """Return reported and estimated dollars of each day with the estimate's ends; complete feeds are what they say."""
    venue, since = VENUES[place], at - EVENT_DAYS * DAY
    rows = _events(lake, coin, at, venue.name)
    time, usd = rows["event_time"].to_numpy(), rows["value_usd"].to_numpy()
    if not venue.capped:
        shown = np.bincount((time - since) // DAY, usd, minlength=EVENT_DAYS).astype(np.float64)
        return np.repeat(shown[:, np.newaxis], 4, axis=1)
    rule: Rule = "largest" if venue.feed == "largest" else "one"
    table = corrected_totals(time, usd, since=since, until=at, rule=rule, rng=np.random.default_rng(place))
    return table.select("reported_usd", "total_usd", "low_usd", "high_usd").to_numpy()


def _events(lake: Lake, coin: str, at: int, venue: str) -> pl.DataFrame:
    names = [item.series for item in lake.series("liquidations", coin) if not item.step and item.venues == (venue,)]
    rows = lake.as_of("liquidations", at=at, series=names, since=at - EVENT_DAYS * DAY).sort("event_time", "sequence")
    return rows.filter(pl.col("event_time") < at)


def _endogenous(lake: Lake, coin: str, at: int, closed: pl.DataFrame) -> Compared:
    """Compare the branching ratio of a complete feed with the share that others' forced orders truly set off."""
    rows = _events(lake, coin, at, _COMPLETE.name)
    sums = rows.group_by(pl.col("event_time") // DAY * DAY).agg(pl.col("value_usd").sum()).sort("value_usd")
    day = int(sums["event_time"][-1])
    own = rows.filter(pl.col("event_time").is_between(day, day + DAY, closed="left"))["event_time"].to_numpy()
    rng = np.random.default_rng(0)
    times = np.sort(own + rng.integers(0, SECOND, len(own)))
    fitted = hawkes(times, day, day + DAY)
    true = closed.filter(pl.col("event_time").is_between(day, day + DAY, closed="right"))
    weight = (true["quantity_base"] * true["price"]).to_numpy()
    share = float(weight[(true["cause"] == "endogenous").to_numpy()].sum() / max(weight.sum(), 1.0))
    checks = f", fails {len(fitted.problems)} of its checks" if fitted.problems else ""
    return Compared(
        section="Set off by other liquidations",
        figure=f"share on {format_date(day)} (inferred: branching ratio of {_COMPLETE.name}, an upper bound{checks})",
        unit="share", inferred=fitted.branching_ratio, true=share,
    )  # fmt: skip
