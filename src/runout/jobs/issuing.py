"""Issue a bulletin: read what was known, hand it to the sections, assemble."""

from collections.abc import Sequence
from importlib.resources import files

import msgspec
import polars as pl

from runout.bulletin.assemble import assemble
from runout.bulletin.findings import Bulletin, Section
from runout.bulletin.readings import Reading
from runout.bulletin.sections import claims, leverage, liquidations, positioning, price
from runout.clock import NANOSECONDS_PER_DAY, format_time, start_of_day
from runout.errors import NotEnoughDataError
from runout.indicators.open_interest import CHANGE_WINDOWS
from runout.jobs import selection
from runout.jobs.pricing import with_price
from runout.jobs.selection import ALL_COINS, LiquidationGroup
from runout.lake import Lake
from runout.records import KINDS, Series, combine, fingerprint
from runout.version import METHOD_VERSION

DAY = NANOSECONDS_PER_DAY
_WINDOW = 45 * DAY
DOUBTFUL_VENUES = {
    "gate": "grew by two fifths within days while every large venue stood still",
    "mexc": "moves in steps without relation to the price",
    "bingx": "swings by half its size within a day and back",
}


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
    """

    def __init__(self, lake: Lake, coin: str, at: int) -> None:
        self.lake, self.coin, self.at = lake, coin, at
        self.series = lake.series(at=at)
        self._read: dict[str, str] = {}

    def rows(self, kind: str, series: Sequence[Series], *, since: int | None = None) -> pl.DataFrame:
        """Return rows of ``series`` in time order."""
        names = sorted(one.series for one in series)
        found = self.lake.as_of(kind, at=self.at, series=names, since=self.at - _WINDOW if since is None else since)
        self._remember(f"{kind} {names}", found, kind)
        return found.sort("event_time", "series")

    def reading(self, one: Series | None) -> Reading | None:
        """Return the recent rows of one series with its scope; None where there are none."""
        if one is None:
            return None
        found = self.rows(one.kind, [one])
        return None if found.is_empty() else Reading(series=(one,), rows=found, scope=one.scope())

    def derived(self, kind: str, scope_column: str, scopes: Sequence[str], *, since: int) -> pl.DataFrame:
        """Return derived rows of the present method version."""
        mine = pl.col(scope_column).is_in(list(scopes)) & (pl.col("method_version") == METHOD_VERSION)
        rows = self.lake.scan(kind).filter(mine, pl.col("known_time") <= self.at, pl.col("event_time") >= since)
        schema = KINDS[kind]
        found = rows.sort(schema.key).unique(schema.revision_key, keep="last", maintain_order=True).collect()
        self._remember(f"{kind} {sorted(scopes)}", found, kind)
        return found

    def fingerprint(self) -> str:
        """Return the fingerprint of all rows read so far."""
        return combine(self._read)

    def _remember(self, name: str, rows: pl.DataFrame, kind: str) -> None:
        self._read[name] = fingerprint(rows, KINDS[kind])


def issue(lake: Lake, coin: str, at: int) -> Bulletin:
    """Return the bulletin of ``coin`` as of ``at`` (UTC ns): the same whatever the lake holds of later times.

    Raises
    ------
    NotEnoughDataError
        If the coin's price is not known at ``at``, or derived state is behind the data.
    """
    reader = Reader(lake, coin, at)
    bars = reader.reading(selection.bars(reader.series, coin))
    if bars is None or bars.last_time < at - DAY:
        raise NotEnoughDataError(
            f"expected bars of {coin} within the day before {format_time(at)} in {lake.root}, found "
            f"{'none' if bars is None else f'the last at {format_time(bars.last_time)}'}; "
            "import some (`runout import`), or ask for another time or coin"
        )
    worst = price.worst_day(bars, at)
    anchor = worst[0] if worst else start_of_day(at) - 7 * DAY
    sections = [price.section(bars, at=at)]
    sections += _liquidations(reader, anchor if worst else None)
    sections += _leverage(reader, anchor)
    sections += _positioning(reader)
    found = tuple(finding for section in sections for finding in section.findings)
    checked = claims.section(published_claims(), found, coin=coin, at=at)
    if checked is not None and not _is_synthetic(bars.series):
        sections.append(checked)
    return assemble(sections, coin=coin, at=at, synthetic=_is_synthetic(bars.series), fingerprint=reader.fingerprint())


def published_claims() -> tuple[claims.Claim, ...]:
    """Return the table of published statements."""

    class _File(msgspec.Struct):
        claims: tuple[claims.Claim, ...]

    return msgspec.toml.decode(files("runout.bulletin").joinpath("claims.toml").read_bytes(), type=_File).claims


def _is_synthetic(series: Sequence[Series]) -> bool:
    return any(one.synthetic for one in series)


# -- liquidations -----------------------------------------------------------------------------------------------------


def _liquidations(reader: Reader, worst_day: int | None) -> list[Section]:
    groups = selection.liquidation_groups(reader.series)
    coin_or_all = [g for g in groups if g.coin == ALL_COINS] or [g for g in groups if g.coin == reader.coin]
    if not coin_or_all:
        return []
    key = coin_or_all[0].coin
    finest, widest = selection.finest_liquidations(groups, key), selection.widest_liquidations(groups, key)
    recent = _totals(reader, finest) if finest else None
    day = _totals(reader, widest) if widest else None
    on_worst = _totals(reader, widest, time=worst_day + DAY) if widest and worst_day is not None else None
    if on_worst and day and on_worst.time == day.time:
        on_worst = None
    same_scope = [
        g for g in groups if finest and g.coin != ALL_COINS and (g.venues, g.step) == (finest.venues, finest.step)
    ]
    by_coin = {g.coin: totals for g in same_scope if (totals := _totals(reader, g)) is not None}
    scopes = [g.name for g in groups if g.coin == ALL_COINS]
    flushes = reader.derived("flushes", "series", scopes, since=reader.at - 400 * DAY)
    latest = flushes.sort("event_time").unique(["series", "direction", "start_time"], keep="last", maintain_order=True)
    bars = reader.reading(selection.bars(reader.series, reader.coin, step=finest.step)) if finest else None
    return [
        liquidations.section(
            recent=recent, widest=day, day=on_worst, by_coin=by_coin, flushes=latest, bars=bars, at=reader.at
        )
    ]


def _totals(reader: Reader, group: LiquidationGroup, time: int | None = None) -> liquidations.Totals | None:
    rows = reader.rows("liquidations", group.series)
    if rows.is_empty():
        return None
    since = reader.at - _WINDOW
    derived = reader.derived("indicators", "scope", [group.name], since=since).filter(pl.col("coin") == group.coin)
    newest = rows["event_time"].max()
    if derived.is_empty():
        _require_computed(reader.lake, f"liquidations.24h/{group.name}", newest)
        return None
    at = derived["event_time"].max() if time is None else time
    here = derived.filter(pl.col("event_time") == at)
    if here.is_empty():
        return None
    values = {name.rsplit(".", 1)[-1]: value for name, value in here.select("indicator", "value").iter_rows()}
    reading = Reading(series=group.series, rows=rows, scope=group.scope())
    return liquidations.Totals(reading=reading, time=msgspec.convert(at, int), values=values, coins=group.coins)


def _computed_through(lake: Lake) -> dict[str, int]:
    rows = lake.scan("computations").filter(pl.col("method_version") == METHOD_VERSION).collect()
    return dict(rows.group_by("computation").agg(pl.col("through").max()).iter_rows())


def _require_computed(lake: Lake, computation: str, newest: object) -> None:
    through = _computed_through(lake).get(computation)
    if through is None or (isinstance(newest, int) and through < newest):
        raise NotEnoughDataError(
            f"expected derived state of {computation} through the newest rows in {lake.root}, found it "
            f"{'absent' if through is None else f'only through {format_time(through)}'}; run `runout compute`"
        )


# -- open interest and positioning ------------------------------------------------------------------------------------


def _leverage(reader: Reader, anchor: int) -> list[Section]:
    series = selection.all_venue_open_interest(reader.series, reader.coin)
    bars = selection.bars(reader.series, reader.coin, step=series.step) if series else None
    if series is None or bars is None:
        return []
    rows = with_price(reader.rows("open_interest", [series]), reader.rows("bars", [bars]))
    if rows.is_empty():
        return []
    interest = Reading(series=(series,), rows=rows, scope=series.scope())
    derived = reader.derived("indicators", "scope", [series.series], since=interest.last_time)
    _require_computed(reader.lake, f"open_interest/{series.series}", interest.last_time)
    changes = {label: _values(derived, f"open_interest.{label}.") for label in CHANGE_WINDOWS}
    changes = {label: values for label, values in changes.items() if "change_usd" in values}
    members = selection.venue_open_interest(reader.series, reader.coin)
    venues = None
    if members:
        found = reader.rows("open_interest", members).drop_nulls(["open_interest_usd", "price"])
        newest = found.filter(pl.col("event_time") == found["event_time"].max())["series"].to_list()
        present = tuple(one for one in members if one.series in set(newest))
        rows = found.filter(pl.col("series").is_in(newest))
        venues = Reading(series=present, rows=rows, scope=f"{reader.coin}, {len(present)} venues, one by one")
    return [leverage.section(interest, changes, venues, doubtful=DOUBTFUL_VENUES, anchor=anchor, at=reader.at)]


def _values(derived: pl.DataFrame, prefix: str) -> dict[str, float]:
    mine = derived.filter(pl.col("indicator").str.starts_with(prefix))
    return {name.removeprefix(prefix): value for name, value in mine.select("indicator", "value").iter_rows()}


def _positioning(reader: Reader) -> list[Section]:
    measures = ("global-accounts", "top-accounts", "top-positions")
    found = {m: reader.reading(selection.positioning(reader.series, reader.coin, m)) for m in measures}
    present = {measure: reading for measure, reading in found.items() if reading is not None}
    return [positioning.section(present, at=reader.at)] if present else []
