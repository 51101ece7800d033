"""Risk of one's own positions as text, table and JSON."""

from collections.abc import Iterator
from typing import Final

import msgspec
import polars as pl

from runout.bulletin.liquidation_map import NO_GAIN
from runout.clock import format_date, format_duration, format_time
from runout.margin.cross_account import Account
from runout.pipeline.position_risk import PositionRisk, Risk, Way
from runout.records.series import venue_list
from runout.render.map.labels import cluster_line, total_text
from runout.render.sheet import Sheet
from runout.scores.intervals import FrequencyInterval
from runout.units import exact_dollars, percent, price
from runout.version import METHOD_VERSION, SCHEMA_VERSION

_COLUMNS: Final[dict[str, pl.DataType]] = {
    "coin": pl.String(), "side": pl.String(), "quantity": pl.Float64(), "entry": pl.Float64(),
    "leverage": pl.Float64(), "collateral_usd": pl.Float64(), "notional_usd": pl.Float64(),
    "liquidation_price": pl.Float64(), "bankruptcy_price": pl.Float64(), "loss_usd": pl.Float64(),
    "price": pl.Float64(), "price_time": pl.String(), "away": pl.Float64(), "unrealised_usd": pl.Float64(),
    "margin_ratio": pl.Float64(), "chance_24h": pl.Float64(), "chance_low": pl.Float64(),
    "chance_high": pl.Float64(), "between_usd": pl.Float64(), "between_low_usd": pl.Float64(),
    "between_high_usd": pl.Float64(), "smaller_clusters": pl.Int64(), "table_since": pl.String(),
    "table_holds": pl.Boolean(),
}  # fmt: skip
_HOUR: Final = 3_600_000_000_000
_DIGITS: Final = 12
_FULL: Final = 190


def table(of: Risk) -> pl.DataFrame:
    """Return positions as a table, a row each.

    Returns
    -------
    polars.DataFrame
        As asked: ``coin, side, quantity, entry, leverage``. Dollars: ``collateral_usd`` that answer for it,
        ``notional_usd`` at entry, ``loss_usd`` if all is closed at ``liquidation_price``. ``price`` and the
        ``price_time`` it is of (text, UTC), ``away`` from it to the liquidation as a fraction, ``unrealised_usd`` and
        ``margin_ratio`` at it. ``chance_24h`` to get there, with its 90% interval. ``between_usd``: what the map has
        on the way, with its 90% band, and how many ``smaller_clusters`` of it are smaller than the position.
        ``table_since``, ``table_holds``: of the maintenance table. Not known is null.
    """
    return pl.DataFrame([_row(one) for one in of.positions], schema=_COLUMNS, orient="row")


def as_json(of: Risk) -> str:
    """Return an answer as JSON: times ISO 8601 UTC, fractions are fractions, not known is null."""
    account = of.account
    document = {
        "schema_version": SCHEMA_VERSION,
        "method_version": METHOD_VERSION,
        "at": format_time(of.at),
        "venue": of.venue,
        "margin_mode": of.margin_mode,
        "fee": of.fee.rate,
        "fee_source": of.fee.source,
        "target": of.target,
        "to_add_usd": _rounded(of.to_add_usd),
        "account": None
        if account is None
        else {
            "balance_usd": account.balance, "unrealised_usd": _rounded(account.unrealised_usd),
            "maintenance_usd": _rounded(account.maintenance_usd), "margin_ratio": _rounded(account.margin_ratio),
            "fall": _rounded(account.fall), "rise": _rounded(account.rise),
        },
        "missing": list(_missing(of)),
        "positions": [
            {name: _rounded(value) for name, value in row.items()} for row in table(of).iter_rows(named=True)
        ],
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def text(of: Risk, *, colour: bool = False, width: int | None = None) -> str:
    """Return an answer as text."""
    sheet = Sheet(width, wide=_FULL, colour=colour)
    for one in of.positions:
        _say_position(sheet, of, one)
    if of.account is not None:
        _say_account(sheet, of, of.account)
    for line in _missing(of):
        sheet.line(line)
    if any(one.way is not None and one.way.between is not None for one in of.positions):
        sheet.line(NO_GAIN)
    return sheet.text()


def _say_position(sheet: Sheet, of: Risk, one: PositionRisk) -> None:
    leverage = "" if one.leverage is None else f", {one.leverage:g}x"
    sheet.line(
        f"{one.side} {one.quantity:,g} {one.coin} at {price(one.entry)}{leverage}, {of.margin_mode}, on "
        f"{venue_list((of.venue,))}", bold=True,
    )  # fmt: skip
    if one.liquidation_price is None:
        sheet.line("liquidated: at no price, all else standing still")
    else:
        distance = percent(one.liquidation_price / one.entry - 1.0, digits=2, signed=True)
        bankrupt = "" if one.bankruptcy_price is None else f"; bankrupt at {price(one.bankruptcy_price)}"
        others = ", the prices of other coins standing still" if _coins(of) > 1 else ""
        sheet.line(
            f"liquidated at a mark price of {price(one.liquidation_price)}, {distance} from entry{others}{bankrupt}"
        )
        sheet.line(_loss(of, one))
    margin = "" if of.account is not None else f"margin {exact_dollars(one.collateral_usd)}, "
    sheet.line(f"{margin}notional {exact_dollars(one.notional_usd)}")
    if of.target is not None:
        sheet.line(f"to be liquidated only at {price(of.target)}: add {exact_dollars(of.to_add_usd)}")
    sheet.line(_table_of(one))
    _say_now(sheet, of, one)


def _loss(of: Risk, one: PositionRisk) -> str:
    answers = "margin" if of.margin_mode == "isolated" else "balance"
    closed = "closed there" if of.account is None else "all positions are closed then"
    return (
        f"loss if {closed}: {exact_dollars(one.loss_usd)}, with a fee of {percent(of.fee.rate, digits=3)} "
        f"({of.fee.source}); what the venue's engine can take is the whole {answers}, "
        f"{exact_dollars(one.collateral_usd)}, and no more"
    )


def _table_of(one: PositionRisk) -> str:
    of = one.requirement
    holds = "" if of.holds else " (not known to hold then: the nearest)"
    seen = "" if of.last_seen is None else f", last seen {format_date(of.last_seen)}"
    return f"maintenance table of {of.venue} {of.symbol} valid from {format_date(of.since)}{seen}{holds}; {of.source}"


def _say_now(sheet: Sheet, of: Risk, one: PositionRisk) -> None:
    way, market = one.way, one.market
    if one.unrealised_usd is None or (market.price is None and of.account is None):
        return
    away = "" if way is None else f"; {percent(way.away, digits=2, signed=True)} away"
    ratio = "" if of.account is not None else f", margin ratio {percent(one.margin_ratio)} (liquidated at 100%)"
    sheet.line(f"{_price_of(of, one)}: unrealised {exact_dollars(one.unrealised_usd, signed=True)}{ratio}{away}")
    if way is None:
        return
    if way.passed:
        sheet.line("the price is beyond it: such a position would be gone")
    elif way.between is not None:
        _say_way(sheet, one, way)


def _price_of(of: Risk, one: PositionRisk) -> str:
    market = one.market
    mark = _marked(of, one)
    if mark is not None and mark != market.price:
        source = "its entry, for want of a price" if mark == one.entry else "as given"
        return f"at {price(mark)} ({source})"
    old = of.at - (market.time or of.at)
    age = f", {format_duration(old)} before the moment asked for" if old > _HOUR else ""
    return f"at {price(market.price)} ({format_time(market.time or of.at)}{age})"


def _marked(of: Risk, one: PositionRisk) -> float | None:
    legs = () if of.account is None else of.account.legs
    return next((leg.mark for leg in legs if (leg.holding.coin, leg.holding.side) == (one.coin, one.side)), None)


def _say_way(sheet: Sheet, one: PositionRisk, way: Way) -> None:
    chance, found = way.chance, way.between
    if found is None:
        return
    sheet.line(f"chance to get there within 24 h{_chance(chance)}")
    end = "" if found.whole else f", up to {price(found.end)}, where the map ends"
    sheet.line(
        f"between: {one.side}s of {total_text(found.total)} of other accounts expected to be reported liquidated "
        f"before yours{end} (inferred); your own notional is {exact_dollars(one.notional_usd)}"
    )
    for cluster in found.clusters:
        larger = "; your position is larger than the whole cluster" if cluster in way.smaller else ""
        sheet.line(f"  {cluster_line(cluster)}, {cluster.state}{larger}")


def _chance(of: FrequencyInterval | None) -> str:
    if of is None:
        return ": not known here (books or past days are missing)"
    days = f", from {of.cases} past days scaled to today's volatility"
    if of.events == 0:
        return f"{days}: none went so far (90%: below {percent(of.high)})"
    return f"{days}: {percent(of.frequency)} (90% interval {percent(of.low)} to {percent(of.high)})"


def _say_account(sheet: Sheet, of: Risk, account: Account) -> None:
    sheet.line(f"account of {len(of.positions)} positions under cross margin", bold=True)
    sheet.line(
        f"balance {exact_dollars(account.balance)}, unrealised {exact_dollars(account.unrealised_usd, signed=True)}, "
        f"maintenance margin {exact_dollars(account.maintenance_usd)}, margin ratio {percent(account.margin_ratio)} "
        "(liquidated at 100%)"
    )
    if account.margin_ratio >= 1.0:
        sheet.line("at these prices such an account would be gone")
        return
    moves = [percent(move, digits=2, signed=True) for move in (account.fall, account.rise) if move is not None]
    sheet.line(
        f"if all its coins move together: liquidated at {' or '.join(moves)}"
        if moves
        else "if all its coins move together: at no fall, and at no rise to 20 times, liquidated"
    )


def _missing(of: Risk) -> Iterator[str]:
    yield from dict.fromkeys(line for one in of.positions for line in one.market.missing)


def _coins(of: Risk) -> int:
    return len({one.coin for one in of.positions})


def _row(one: PositionRisk) -> tuple[object, ...]:
    way, market = one.way, one.market
    chance, found = (None, None) if way is None else (way.chance, way.between)
    return (
        one.coin, one.side, one.quantity, one.entry, one.leverage, one.collateral_usd, one.notional_usd,
        one.liquidation_price, one.bankruptcy_price, one.loss_usd, market.price,
        None if market.time is None else format_time(market.time), None if way is None else way.away,
        one.unrealised_usd, one.margin_ratio,
        *((None,) * 3 if chance is None else (chance.frequency, chance.low, chance.high)),
        *((None,) * 3 if found is None else (found.total.usd, found.total.low_usd, found.total.high_usd)),
        None if way is None or found is None else len(way.smaller), format_date(one.requirement.since),
        one.requirement.holds,
    )  # fmt: skip


def _rounded(value: object) -> object:
    if not isinstance(value, float):
        return value
    return None if value in {float("inf"), float("-inf")} else float(f"{value:.{_DIGITS}g}")
