"""Open interest: level, changes split into position and price, how usual they are, and which venues they hang on."""

from collections.abc import Mapping

import msgspec
import polars as pl

from runout.bulletin.findings import Chart, Finding, Line, Panel, Row, Section, Table
from runout.bulletin.readings import Reading, evidence, quantity
from runout.clock import NANOSECONDS_PER_DAY, say_date, say_time
from runout.indicators.open_interest import CHANGE_WINDOWS, decompose, sign_dependence
from runout.indicators.windows import times
from runout.records import ALL_VENUES, venue_list, venue_name
from runout.units import coins, dollars, percent

DAY = NANOSECONDS_PER_DAY
_CHART_DAYS = 30
_COUNTED = "all venues the provider counts"
_DERIVED = "coins are dollars over the Binance price of the same instant (inferred)"
_AS_SUMMED = "as the provider sums venues; some exchanges' figures are unreliable, see the table by venue"


class Venue(msgspec.Struct, frozen=True, kw_only=True):
    """Open interest of one venue at the moments compared; None where it was not reported."""

    venue: str
    now_usd: float | None
    changes_usd: Mapping[str, float | None]
    change_base: float | None


def section(
    interest: Reading,
    changes: Mapping[str, Mapping[str, float]],
    venues: Reading | None,
    *,
    doubtful: Mapping[str, str],
    anchor: int,
    at: int,
) -> Section:
    """Return the state of open interest.

    Parameters
    ----------
    interest
        All-venue open interest with ``price`` at the same instant (columns ``event_time, open_interest_usd, price``).
    changes
        Derived changes at the last time by window label (``24h``, ``48h``): columns of
        :func:`runout.indicators.open_interest.changes`.
    venues
        Open interest by venue (columns ``event_time, series, open_interest_usd, price``), or None.
    doubtful
        Venues whose figures have been doubted, with the reason.
    anchor
        UTC ns of the moment "since" which changes are shown: 00:00 of the worst day of the past week.
    at
        UTC ns.
    """
    findings = [_level(interest, at)]
    findings += [_change(label, changes[label], interest, at) for label in CHANGE_WINDOWS if label in changes]
    findings += _since_anchor(interest, anchor, at)
    tables: tuple[Table, ...] = ()
    if venues is not None and not venues.rows.is_empty():
        compared = compare_venues(venues, anchor)
        findings += _dependence(compared, venues, anchor, at)
        findings += _without_doubtful(compared, venues, doubtful, anchor, at)
        tables = (_table(compared, venues, anchor, at),)
    return Section(
        key="leverage",
        title="State of leverage: open interest",
        summary=_summary(interest, changes),
        findings=tuple(findings),
        tables=tables,
        charts=(_chart(interest),),
    )


def _summary(interest: Reading, changes: Mapping[str, Mapping[str, float]]) -> str:
    level = dollars(float(interest.rows["open_interest_usd"][-1]))
    moved = [
        f"{dollars(values['change_usd'], signed=True)} in {label.replace('h', ' h')}{_against_noise(values)}"
        for label, values in changes.items()
    ]
    return f"Open interest {level} on {_where(interest)}" + (f"; {', '.join(moved)}." if moved else ".")


def _where(interest: Reading) -> str:
    return venue_list(interest.series[0].venues)


def _counted(interest: Reading) -> str:
    venues = interest.series[0].venues
    return _COUNTED if venues == (ALL_VENUES,) else f"perpetual contracts of {venue_list(venues)}"


def _against_noise(change: Mapping[str, float]) -> str:
    noise = change.get("noise_usd")
    if not noise:
        return ""
    return " (within noise)" if abs(change["change_usd"]) < noise else " (beyond one deviation)"


def compare_venues(venues: Reading, anchor: int) -> list[Venue]:
    """Return each venue's open interest now and its changes; largest first."""
    last = venues.last_time
    windows = {label: last - window for label, window in CHANGE_WINDOWS.items()} | {"anchor": anchor}
    results: list[Venue] = []
    by_series = {member.series: member.venues[0] for member in venues.series}
    for (series,), rows in sorted(venues.rows.partition_by("series", as_dict=True).items()):
        values = dict(rows.select("event_time", "open_interest_usd").iter_rows())
        prices = dict(rows.select("event_time", "price").iter_rows())
        now = values.get(last)
        change_base = None
        if now is not None and anchor in values:
            change_base = decompose(values[anchor], prices[anchor], now, prices[last]).change_base
        moved = {label: now - values[t] if now is not None and t in values else None for label, t in windows.items()}
        results.append(Venue(venue=by_series[str(series)], now_usd=now, changes_usd=moved, change_base=change_base))
    return sorted(results, key=lambda v: (-(v.now_usd or 0.0), v.venue))


def _level(interest: Reading, at: int) -> Finding:
    last = interest.rows.row(-1, named=True)
    level, price = last["open_interest_usd"], last["price"]
    coin = interest.series[0].coin
    statement = (
        f"Open interest of {coin} on {_where(interest)} was {dollars(level)} ({coins(level / price, coin)}) "
        f"at {say_time(interest.last_time, at)}."
    )
    numbers = (
        quantity("open_interest_usd", "open interest", level, "USD", _AS_SUMMED),
        quantity("open_interest_base", "open interest", level / price, "coins", _DERIVED),
    )
    return Finding(
        name="leverage.level",
        section="leverage",
        statement=statement,
        caveat="Every contract has a long and a short: open interest says how much is at stake, not on which side.",
        evidence=evidence(
            interest,
            numbers,
            at=at,
            start=interest.last_time,
            end=interest.last_time,
            coverage=_counted(interest),
        ),
    )


def _change(label: str, change: Mapping[str, float], interest: Reading, at: int) -> Finding:
    coin, end = interest.series[0].coin, interest.last_time
    noise = change.get("noise_usd")
    usual = f"; such changes have a standard deviation of {dollars(noise)}" if noise else ""
    verdict = ""
    if noise:
        verdict = " It is within noise." if abs(change["change_usd"]) < noise else " It is larger than one deviation."
    statement = (
        f"Over {label.replace('h', ' h')} it changed by {dollars(change['change_usd'], signed=True)}: "
        f"{dollars(change['position_usd'], signed=True)} from positions "
        f"({coins(change['change_base'], coin, signed=True)}) and "
        f"{dollars(change['price_usd'], signed=True)} from price{usual}.{verdict}"
    )
    noise_text = "one standard deviation of such changes over the 90 days before"
    value = change["change_usd"]
    interval = {"low": value - noise, "high": value + noise} if noise else {}
    numbers = (
        quantity("change_usd", f"change over {label}", value, "USD", f"± {noise_text}", signed=True, **interval),
        quantity("position_usd", "position effect", change["position_usd"], "USD", _DERIVED, signed=True),
        quantity("price_usd", "price effect", change["price_usd"], "USD", _DERIVED, signed=True),
        quantity("change_base", "change in coins", change["change_base"], "coins", _DERIVED, signed=True),
        quantity("noise_usd", "usual size of such a change", noise, "USD", noise_text),
    )
    return Finding(
        name=f"leverage.change.{label}",
        section="leverage",
        statement=statement,
        evidence=evidence(
            interest,
            numbers,
            at=at,
            start=end - CHANGE_WINDOWS[label],
            end=end,
            coverage=_counted(interest),
        ),
    )


def _since_anchor(interest: Reading, anchor: int, at: int) -> list[Finding]:
    start = interest.rows.filter(pl.col("event_time") == anchor)
    if start.is_empty() or anchor >= interest.last_time:
        return []
    first, last = start.row(0, named=True), interest.rows.row(-1, named=True)
    change = decompose(first["open_interest_usd"], first["price"], last["open_interest_usd"], last["price"])
    coin = interest.series[0].coin
    statement = (
        f"Since {say_time(anchor, at)}, before the week's worst day, it changed by "
        f"{dollars(change.change_usd, signed=True)} in dollars and by {percent(change.share, signed=True)} in coins "
        f"({coins(change.change_base, coin, signed=True)})."
    )
    numbers = (
        quantity("change_usd", "change", change.change_usd, "USD", _AS_SUMMED, signed=True),
        quantity("change_share", "change in coins", change.share, "fraction", _DERIVED, signed=True),
        quantity("change_base", "change in coins", change.change_base, "coins", _DERIVED, signed=True),
        quantity("position_usd", "position effect", change.position_usd, "USD", _DERIVED, signed=True),
        quantity("price_usd", "price effect", change.price_usd, "USD", _DERIVED, signed=True),
    )
    return [
        Finding(
            name="leverage.change.since",
            section="leverage",
            statement=statement,
            evidence=evidence(
                interest,
                numbers,
                at=at,
                start=anchor,
                end=interest.last_time,
                coverage=_counted(interest),
            ),
        )
    ]


def _dependence(compared: list[Venue], venues: Reading, anchor: int, at: int) -> list[Finding]:
    """Say on which venues the sign of the coin change hangs, if on any."""
    moved = {v.venue: v.change_base for v in compared if v.change_base is not None}
    total = sum(moved[name] for name in sorted(moved))
    deciding = sign_dependence(moved)
    if not moved or not deciding:
        return []
    coin = venues.series[0].coin
    without = total - sum(moved[name] for name in sorted(deciding))
    start_base = _base_at(venues, anchor, set(moved))
    rest_base = _base_at(venues, anchor, set(moved) - set(deciding))
    names = _enumerate([venue_name(venue) for venue in deciding])
    statement = (
        f"The sign of the coin change since {say_date(anchor, at)} depends on {names}: "
        f"{percent(total / start_base, signed=True)} with them, {percent(without / rest_base, signed=True)} without."
    )
    numbers = (
        quantity("change_base", "all venues", total, "coins", _DERIVED, signed=True),
        quantity("change_base_without", f"without {names}", without, "coins", _DERIVED, signed=True),
        quantity("share", "all venues", total / start_base, "fraction", _DERIVED, signed=True),
        quantity("share_without", f"without {names}", without / rest_base, "fraction", _DERIVED, signed=True),
    )
    return [
        Finding(
            name="leverage.sign-dependence",
            section="leverage",
            statement=statement,
            caveat=f"Whether leverage in {coin} grew or shrank cannot be said without trusting these venues' figures.",
            evidence=evidence(
                venues,
                numbers,
                at=at,
                start=anchor,
                end=venues.last_time,
                coverage=f"{len(moved)} venues that reported at both times",
            ),
        )
    ]


def _without_doubtful(
    compared: list[Venue], venues: Reading, doubtful: Mapping[str, str], anchor: int, at: int
) -> list[Finding]:
    """Say what the change is without the doubted venues."""
    moved = {v.venue: v for v in compared if v.change_base is not None}
    out = [venue for venue in moved if venue in doubtful]
    kept = [moved[name] for name in sorted(moved) if name not in doubtful]
    if not out or not kept:
        return []
    change_usd = sum(v.changes_usd["anchor"] or 0.0 for v in kept)
    change_base = sum(v.change_base or 0.0 for v in kept)
    share = change_base / _base_at(venues, anchor, {v.venue for v in kept})
    names, coin = _enumerate([venue_name(venue) for venue in out]), venues.series[0].coin
    statement = (
        f"Without {names}, whose figures have been doubted, open interest changed since {say_date(anchor, at)} by "
        f"{dollars(change_usd, signed=True)} and by {percent(share, signed=True)} in coins "
        f"({coins(change_base, coin, signed=True)})."
    )
    numbers = (
        quantity("change_usd", f"without {names}", change_usd, "USD", _AS_SUMMED, signed=True),
        quantity("change_share", f"without {names}, in coins", share, "fraction", _DERIVED, signed=True),
        quantity("change_base", f"without {names}, in coins", change_base, "coins", _DERIVED, signed=True),
    )
    return [
        Finding(
            name="leverage.without-doubtful",
            section="leverage",
            statement=statement,
            caveat=" ".join(f"{venue_name(venue)}: {doubtful[venue]}." for venue in out),
            evidence=evidence(
                venues, numbers, at=at, start=anchor, end=venues.last_time, coverage=f"{len(kept)} venues"
            ),
        )
    ]


def _enumerate(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _base_at(venues: Reading, time: int, names: set[str]) -> float:
    by_series = {member.series: member.venues[0] for member in venues.series}
    rows = venues.rows.filter(pl.col("event_time") == time).sort("series")
    pairs = zip(rows["series"], rows["open_interest_usd"] / rows["price"], strict=True)
    return sum(base for series, base in pairs if by_series[series] in names)


def _table(compared: list[Venue], venues: Reading, anchor: int, at: int) -> Table:
    coin = venues.series[0].coin
    rows = tuple(
        Row(
            label=venue_name(v.venue),
            values=(v.now_usd, v.changes_usd["24h"], v.changes_usd["48h"], v.changes_usd["anchor"], v.change_base),
        )
        for v in compared
    )
    since = say_date(anchor, at)
    return Table(
        name="leverage.by-venue",
        section="leverage",
        title=f"Open interest by venue at {say_time(venues.last_time, at)}",
        columns=("now", "24 h", "48 h", f"since {since}", f"since {since}, {coin}"),
        units=("USD", "USD", "USD", "USD", "coins"),
        signed=(False, True, True, True, True),
        rows=rows,
        source=venues.provider,
        note="as each venue reports it, at the instant named; coins are inferred from the provider's price then",
    )


def _chart(interest: Reading) -> Chart:
    rows = interest.since(interest.last_time - _CHART_DAYS * DAY).rows
    t = tuple(times(rows).tolist())
    base = rows["open_interest_usd"] / rows["price"]
    coin = interest.series[0].coin
    usd = Line(name="dollars", role="primary", times=t, values=tuple(rows["open_interest_usd"].to_list()))
    in_coins = Line(name=f"{coin}", role="secondary", times=t, values=tuple(base.to_list()))
    return Chart(
        name="open-interest",
        section="leverage",
        title=f"{coin} open interest on {_where(interest)}, in dollars and in coins",
        caption=f"{interest.scope}; {_DERIVED}.",
        panels=(
            Panel(title="open interest, dollars", unit="USD", form="lines", lines=(usd,)),
            Panel(title=f"open interest, {coin} (inferred)", unit="coins", form="lines", lines=(in_coins,)),
        ),
    )
