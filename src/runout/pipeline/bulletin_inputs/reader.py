"""Reading a lake as of one moment: every row that enters a bulletin passes here and is remembered."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import polars as pl

from runout.bulletin.readings import Reading
from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR, format_time, say_time
from runout.errors import NotEnoughDataError
from runout.forecast.ledger import without_chain
from runout.lake import Lake
from runout.lake.catalogue import ALL_COINS
from runout.lake.merging import latest_versions
from runout.quality.prints import OHLC, far_prints
from runout.quality.usable import usable, without_interval
from runout.records import KINDS, Series, combine, fingerprint
from runout.units import price
from runout.version import METHOD_VERSION

DAY = NANOSECONDS_PER_DAY
WINDOW = 45 * DAY
_SHOWN = 7 * DAY


class Value(NamedTuple):
    """A derived value and the moment it speaks of (UTC ns)."""

    time: int
    value: float


class _Loaded(NamedTuple):
    """Rows that were read, and what was asked for."""

    names: frozenset[str]
    start: int
    rows: pl.DataFrame


class Reader:
    """Reads a lake as of one moment, and remembers what it read.

    Parameters
    ----------
    lake
        The lake.
    coin
        Base asset of the bulletin.
    at
        UTC ns.
    computed
        Rows by record kind, read as if the lake held them.

    Notes
    -----
    Each table is opened once, so that everything comes from one version of it.
    """

    def __init__(self, lake: Lake, coin: str, at: int, *, computed: Mapping[str, pl.DataFrame] | None = None) -> None:
        self.lake, self.coin, self.at = lake.snapshot(), coin, at
        self._computed = computed or {}
        self.series = self.lake.series(at=at)
        self._tables: dict[str, pl.LazyFrame] = {}
        self._read: dict[str, list[pl.DataFrame]] = {}
        self._loaded: dict[str, list[_Loaded]] = {}
        self._indicators: pl.DataFrame | None = None
        self._through: dict[str, int] | None = None
        self._left_out: list[str] = []

    def rows(self, kind: str, series: Sequence[Series], *, since: int | None = None) -> pl.DataFrame:
        """Return rows of ``series`` in time order, of the past 45 days unless ``since`` says otherwise."""
        names = frozenset(item.series for item in series)
        start = self.at - WINDOW if since is None else since
        own = pl.col("series").is_in(sorted(names)) & (pl.col("event_time") >= start)
        stored = next((h for h in self._loaded.get(kind, []) if names <= h.names and start >= h.start), None)
        if stored is not None:
            return stored.rows.filter(own)
        known = self._table(kind).filter(own, pl.col("known_time") <= self.at)
        metrics = latest_versions(known, KINDS[kind]).collect()
        self._remember(kind, metrics)
        ordered = metrics.sort("event_time", "series")
        self._remark(kind, ordered)
        ordered = usable(kind, ordered)
        self._loaded.setdefault(kind, []).append(_Loaded(names, start, ordered))
        return ordered

    def reading(self, series: Series | None, *, since: int | None = None) -> Reading | None:
        """Return the recent rows of one series with its scope; None where there are none."""
        if series is None:
            return None
        results = self.rows(series.kind, [series], since=since)
        return None if results.is_empty() else Reading(series=(series,), rows=results, scope=series.scope())

    def derived(self, kind: str, scope_column: str, scopes: Sequence[str], *, since: int) -> pl.DataFrame:
        """Return derived rows of the present method version."""
        own = pl.col(scope_column).is_in(list(scopes)) & (pl.col("method_version") == METHOD_VERSION)
        known = (pl.col("known_time") <= self.at) & (pl.col("event_time") >= since)
        metrics = latest_versions(self._table(kind).filter(own, known), KINDS[kind]).collect()
        self._remember(kind, metrics)
        return metrics

    def history(self, scope: str, family: str) -> pl.DataFrame:
        """Return the rows of a family of indicators, of the past 45 days; of peaks all.

        Parameters
        ----------
        scope
            What they were derived from.
        family
            Start of their names.

        Returns
        -------
        polars.DataFrame
            Columns of ``indicators``, in time order; only of the bulletin's coin, of all coins, and liquidations.
        """
        if self._indicators is None:
            self._indicators = self._recent_indicators()
        own = (pl.col("scope") == scope) & pl.col("indicator").str.starts_with(family)
        results = self._indicators.filter(own).sort("event_time", "indicator", "coin")
        self._remember("indicators", results)
        return results

    def latest(self, scope: str, family: str) -> dict[str, Value]:
        """Return the last known value of each indicator of a family and scope, by its name without the family."""
        if self._indicators is None:
            self._indicators = self._recent_indicators()
        own = (pl.col("scope") == scope) & pl.col("indicator").str.starts_with(family)
        results = self._indicators.filter(own).sort("event_time").unique("indicator", keep="last", maintain_order=True)
        self._remember("indicators", results)
        named = results.select("indicator", "event_time", "value").iter_rows()
        return {name.removeprefix(family): Value(time, value) for name, time, value in named}

    def ledger(self) -> pl.DataFrame:
        """Return the forecast of the bulletin's day, and the earlier ones that were written on their day, in order.

        A replayed forecast is left out: it could not be read at the bulletin's moment.
        """
        own = (pl.col("coin") == self.coin) & (pl.col("method_version") == METHOD_VERSION)
        live = (pl.col("issued_time") <= self.at) & (pl.col("issued_time") - pl.col("event_time") < DAY)
        today = pl.col("event_time") >= self.at // DAY * DAY
        known = self._table("ledger").filter(own, pl.col("known_time") <= self.at, live | today)
        metrics = known.unique("event_time", keep="first", maintain_order=True).collect()
        self._remember("ledger", without_chain(metrics))
        return metrics.sort("event_time", "sequence")

    def is_current(self, subject: str, time: int, step: int) -> bool:
        """Return whether a figure may speak for now; one that may not is left out, and the bulletin says so.

        Parameters
        ----------
        subject
            Scope of the figure, for the reader.
        time
            UTC ns: the moment it speaks of.
        step
            Of its series, ns: the next figure may be an hour late; a daily one, two days.
        """
        if self.is_recent(time, step):
            return True
        self._left_out.append(f"{subject} (newest figure is of {say_time(time, self.at)})")
        return False

    def is_recent(self, time: int, step: int) -> bool:
        """Return whether a figure of a series with such a step (ns) may speak for now."""
        return time >= self.at - (3 * DAY if step >= DAY else step + NANOSECONDS_PER_HOUR)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What was too old to be shown as the present, or is no plausible price, in words, each once."""
        return tuple(dict.fromkeys(self._left_out))

    def _remark(self, kind: str, rows: pl.DataFrame) -> None:
        """Remark on what of the rows is not usable."""
        if kind == "bars":
            self._remark_on_prints(rows)
        if kind == "funding":
            names = without_interval(rows)["series"].unique().sort()
            self._left_out += [f"funding of {name} that is quoted for 0 hours" for name in names]

    def _remark_on_prints(self, bars: pl.DataFrame) -> None:
        """Remark on prints of the past week that are in no high or low."""
        recent = far_prints(bars).filter(pl.col("coin") == self.coin, pl.col("event_time") > self.at - _SHOWN)
        self._left_out += [
            f"prints from {price(low)} to {price(high)} in the bar of {say_time(time, self.at)}, far from its open "
            f"{price(first)} and close {price(last)} (in no high, low or map)"
            for time, first, high, low, last in recent.select("event_time", *OHLC).iter_rows()
        ]

    def require_computed(self, computation: str, newest: int) -> None:
        """Refuse to go on where derived state is behind the rows it is derived from.

        Raises
        ------
        NotEnoughDataError
            If the computation has not come as far as ``newest`` (UTC ns).
        """
        if self._through is None:
            states = self._table("computations").filter(pl.col("method_version") == METHOD_VERSION)
            last = states.group_by("computation").agg(pl.col("through").max()).collect()
            self._through = dict(last.iter_rows())
        through = self._through.get(computation)
        if through is None or through < newest:
            raise NotEnoughDataError(
                f"expected derived state of {computation} through the newest rows in {self.lake.root}, found it "
                f"{'absent' if through is None else f'only through {format_time(through)}'}; run `runout compute`"
            )

    def fingerprint(self) -> str:
        """Return the fingerprint of all rows read so far, each counted once."""
        return combine(
            {
                kind: fingerprint(pl.concat(parts).unique(KINDS[kind].key), KINDS[kind])
                for kind, parts in self._read.items()
            }
        )

    def _recent_indicators(self) -> pl.DataFrame:
        """Return all that a section may ask for, in one read: a scan a question would read the table thirty times."""
        name = pl.col("indicator")
        own = pl.col("coin").is_in([self.coin, ALL_COINS])
        recent = (pl.col("event_time") >= self.at - WINDOW) & (own | name.str.starts_with("liquidations."))
        older = own & (pl.col("event_time") < self.at - WINDOW)
        known = (pl.col("method_version") == METHOD_VERSION) & (pl.col("known_time") <= self.at)
        # Peaks are few and of all time; a track record has a row only where a case was added, and the last one counts.
        # Apart, since the first is pruned by time to a few row groups, which an "or" of all would not be.
        now, peaks, records = (
            self._table("indicators").filter(known, item)
            for item in (
                recent,
                older & name.str.starts_with("peak."),
                older & name.str.contains(".record.", literal=True),
            )
        )
        last = pl.col("event_time").max().over("indicator", "coin", "scope")
        rows = pl.concat([now, peaks, records.filter(pl.col("event_time") == last)])
        return latest_versions(rows, KINDS["indicators"]).collect()

    def _table(self, kind: str) -> pl.LazyFrame:
        if kind not in self._tables:
            table = self.lake.scan(kind)
            rows = self._computed.get(kind)
            self._tables[kind] = table if rows is None else pl.concat([table, rows.lazy()], how="diagonal_relaxed")
        return self._tables[kind]

    def _remember(self, kind: str, rows: pl.DataFrame) -> None:
        self._read.setdefault(kind, []).append(rows)


def numbers(values: Mapping[str, Value]) -> dict[str, float]:
    """Return the values without their times."""
    return {name: item.value for name, item in values.items()}


def fresh(values: Mapping[str, Value], name: str, at: int, within: int) -> bool:
    """Return whether a value is there and speaks of a moment at most ``within`` nanoseconds ago."""
    return name in values and values[name].time >= at - within
