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


def table(risk: Risk) -> pl.DataFrame:
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
    return pl.DataFrame([_row(position_risk) for position_risk in risk.positions], schema=_COLUMNS, orient="row")


def as_json(risk: Risk) -> str:
    """Return an answer as JSON: times ISO 8601 UTC, fractions are fractions, not known is null."""
    account = risk.account
    document = {
        "schema_version": SCHEMA_VERSION,
        "method_version": METHOD_VERSION,
        "at": format_time(risk.at),
        "venue": risk.venue,
        "margin_mode": risk.margin_mode,
        "fee": risk.fee.rate,
        "fee_source": risk.fee.source,
        "target": risk.target,
        "to_add_usd": _rounded(risk.to_add_usd),
        "account": None
        if account is None
        else {
            "balance_usd": account.balance, "unrealised_usd": _rounded(account.unrealised_usd),
            "maintenance_usd": _rounded(account.maintenance_usd), "margin_ratio": _rounded(account.margin_ratio),
            "fall": _rounded(account.fall), "rise": _rounded(account.rise),
        },
        "missing": list(_missing(risk)),
        "positions": [
            {name: _rounded(value) for name, value in row.items()} for row in table(risk).iter_rows(named=True)
        ],
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"


def text(risk: Risk, *, colour: bool = False, width: int | None = None) -> str:
    """Return an answer as text."""
    sheet = Sheet(width, wide=_FULL, colour=colour)
    for position_risk in risk.positions:
        _say_position(sheet, risk, position_risk)
    if risk.account is not None:
        _say_account(sheet, risk, risk.account)
    for line in _missing(risk):
        sheet.line(line)
    if any(item.way is not None and item.way.between is not None for item in risk.positions):
        sheet.line(NO_GAIN)
    return sheet.text()


def _say_position(sheet: Sheet, risk: Risk, item: PositionRisk) -> None:
    leverage = "" if item.leverage is None else f", {item.leverage:g}x"
    sheet.line(
        f"{item.side} {item.quantity:,g} {item.coin} at {price(item.entry)}{leverage}, {risk.margin_mode}, on "
        f"{venue_list((risk.venue,))}", bold=True,
    )  # fmt: skip
    if item.liquidation_price is None:
        sheet.line("liquidated: at no price, all else standing still")
    else:
        distance = percent(item.liquidation_price / item.entry - 1.0, digits=2, signed=True)
        bankrupt = "" if item.bankruptcy_price is None else f"; bankrupt at {price(item.bankruptcy_price)}"
        others = ", the prices of other coins standing still" if _coins(risk) > 1 else ""
        sheet.line(
            f"liquidated at a mark price of {price(item.liquidation_price)}, {distance} from entry{others}{bankrupt}"
        )
        sheet.line(_loss(risk, item))
    margin = "" if risk.account is not None else f"margin {exact_dollars(item.collateral_usd)}, "
    sheet.line(f"{margin}notional {exact_dollars(item.notional_usd)}")
    if risk.target is not None:
        sheet.line(f"to be liquidated only at {price(risk.target)}: add {exact_dollars(risk.to_add_usd)}")
    sheet.line(_table_of(item))
    _say_now(sheet, risk, item)


def _loss(risk: Risk, position_risk: PositionRisk) -> str:
    answers = "margin" if risk.margin_mode == "isolated" else "balance"
    closed = "closed there" if risk.account is None else "all positions are closed then"
    return (
        f"loss if {closed}: {exact_dollars(position_risk.loss_usd)}, with a fee of {percent(risk.fee.rate, digits=3)} "
        f"({risk.fee.source}); what the venue's engine can take is the whole {answers}, "
        f"{exact_dollars(position_risk.collateral_usd)}, and no more"
    )


def _table_of(position_risk: PositionRisk) -> str:
    subject = position_risk.requirement
    holds = "" if subject.holds else " (not known to hold then: the nearest)"
    seen = "" if subject.last_seen is None else f", last seen {format_date(subject.last_seen)}"
    return (
        f"maintenance table of {subject.venue} {subject.symbol} valid from "
        f"{format_date(subject.since)}{seen}{holds}; {subject.source}"
    )


def _say_now(sheet: Sheet, risk: Risk, item: PositionRisk) -> None:
    way, market = item.way, item.market
    if item.unrealised_usd is None or (market.price is None and risk.account is None):
        return
    away = "" if way is None else f"; {percent(way.away, digits=2, signed=True)} away"
    ratio = "" if risk.account is not None else f", margin ratio {percent(item.margin_ratio)} (liquidated at 100%)"
    sheet.line(f"{_price_of(risk, item)}: unrealised {exact_dollars(item.unrealised_usd, signed=True)}{ratio}{away}")
    if way is None:
        return
    if way.passed:
        sheet.line("the price is beyond it: such a position would be gone")
    elif way.between is not None:
        _say_way(sheet, item, way)


def _price_of(risk: Risk, position_risk: PositionRisk) -> str:
    market = position_risk.market
    mark = _marked(risk, position_risk)
    if mark is not None and mark != market.price:
        source = "its entry, for want of a price" if mark == position_risk.entry else "as given"
        return f"at {price(mark)} ({source})"
    old = risk.at - (market.time or risk.at)
    age = f", {format_duration(old)} before the moment asked for" if old > _HOUR else ""
    return f"at {price(market.price)} ({format_time(market.time or risk.at)}{age})"


def _marked(risk: Risk, position_risk: PositionRisk) -> float | None:
    legs = () if risk.account is None else risk.account.legs
    return next(
        (leg.mark for leg in legs if (leg.holding.coin, leg.holding.side) == (position_risk.coin, position_risk.side)),
        None,
    )


def _say_way(sheet: Sheet, item: PositionRisk, way: Way) -> None:
    chance, results = way.chance, way.between
    if results is None:
        return
    sheet.line(f"chance to get there within 24 h{_chance(chance)}")
    end = "" if results.whole else f", up to {price(results.end)}, where the map ends"
    sheet.line(
        f"between: {item.side}s of {total_text(results.total)} of other accounts expected to be reported liquidated "
        f"before yours{end} (inferred); your own notional is {exact_dollars(item.notional_usd)}"
    )
    for cluster in results.clusters:
        larger = "; your position is larger than the whole cluster" if cluster in way.smaller else ""
        sheet.line(f"  {cluster_line(cluster)}, {cluster.state}{larger}")


def _chance(subject: FrequencyInterval | None) -> str:
    if subject is None:
        return ": not known here (books or past days are missing)"
    days = f", from {subject.cases} past days scaled to today's volatility"
    if subject.events == 0:
        return f"{days}: none went so far (90%: below {percent(subject.high)})"
    return f"{days}: {percent(subject.frequency)} (90% interval {percent(subject.low)} to {percent(subject.high)})"


def _say_account(sheet: Sheet, risk: Risk, account: Account) -> None:
    sheet.line(f"account of {len(risk.positions)} positions under cross margin", bold=True)
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


def _missing(risk: Risk) -> Iterator[str]:
    yield from dict.fromkeys(line for position_risk in risk.positions for line in position_risk.market.missing)


def _coins(risk: Risk) -> int:
    return len({position_risk.coin for position_risk in risk.positions})


def _row(position_risk: PositionRisk) -> tuple[object, ...]:
    way, market = position_risk.way, position_risk.market
    chance, results = (None, None) if way is None else (way.chance, way.between)
    return (
        position_risk.coin, position_risk.side, position_risk.quantity, position_risk.entry, position_risk.leverage,
        position_risk.collateral_usd, position_risk.notional_usd,
        position_risk.liquidation_price, position_risk.bankruptcy_price, position_risk.loss_usd, market.price,
        None if market.time is None else format_time(market.time), None if way is None else way.away,
        position_risk.unrealised_usd, position_risk.margin_ratio,
        *((None,) * 3 if chance is None else (chance.frequency, chance.low, chance.high)),
        *((None,) * 3 if results is None else (results.total.usd, results.total.low_usd, results.total.high_usd)),
        None if way is None or results is None else len(way.smaller), format_date(position_risk.requirement.since),
        position_risk.requirement.holds,
    )  # fmt: skip


def _rounded(value: object) -> object:
    if not isinstance(value, float):
        return value
    return None if value in {float("inf"), float("-inf")} else float(f"{value:.{_DIGITS}g}")
