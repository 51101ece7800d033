"""``runout positions``."""

import sys
from typing import Literal

from runout.bulletin.mapping import LiquidationMap
from runout.bulletin.sheet import Sheet
from runout.cascade.shock import ToPrice
from runout.cli import screen
from runout.cli.configuration import lake_address, open_lake, time_option
from runout.clock import format_date, format_time, now_ns
from runout.errors import NotEnoughDataError
from runout.jobs.cascading import setting_of, whatif
from runout.jobs.mapping import liquidation_map
from runout.lake import Lake
from runout.positions.risk import (
    OwnRisk,
    between,
    margin_ratio,
    margin_to_add,
    own_risk,
    refuse_impossible,
    requirement,
    unrealised_usd,
)
from runout.serve.shocks import amount
from runout.units import percent, price


def positions(
    what: Literal["risk"] = "risk",
    /,
    *,
    entry: str,
    leverage: str,
    side: Literal["long", "short"],
    margin_mode: Literal["isolated", "cross"] = "isolated",
    balance: str | None = None,
    quantity: str = "1",
    target: str | None = None,
    fee: float = 0.0005,
    venue: str = "binance",
    coin: str = "BTC",
    at: str | None = None,
    lake: str | None = None,
) -> None:
    """Say where a position of your own is liquidated, how far and how likely that is, and what it would cost.

    Parameters
    ----------
    what
        ``risk``.
    entry
        Price of entry, dollars, such as 116,200.
    leverage
        Set leverage, such as 20 or 20x.
    side
        long or short.
    margin_mode
        isolated: the margin of the position alone answers for it. cross: the whole --balance does.
    balance
        Wallet balance of the account in dollars, such as 3M, with nothing else open; for cross.
    quantity
        Coins; larger positions need a higher rate of maintenance.
    target
        A price: how much margin to add so that the position is liquidated only there.
    fee
        Closing fee as a fraction, counted in the loss at liquidation.
    venue
        Whose maintenance table.
    coin
        Base asset.
    at
        UTC time of table and map; now if absent.
    lake
        Folder of the lake: price, chance and the map's clusters are of it.
    """
    del what
    moment = time_option(at) if at else now_ns()
    mine = own_risk(
        side=side, entry=amount("--entry", entry), leverage=amount("--leverage", leverage, unit="x"),
        quantity=amount("--quantity", quantity), requirement=requirement(venue.lower(), coin, moment),
        margin_mode=margin_mode, balance=None if balance is None else amount("--balance", balance),
    )  # fmt: skip
    refuse_impossible(mine)
    sheet = screen.sheet()
    _print_own(sheet, mine, coin, fee)
    if target is not None:
        wanted = amount("--target", target)
        more = margin_to_add(mine, wanted)
        sheet.line(f"to be liquidated only at {price(wanted)}: add ${more:,.0f}")
    try:
        store = open_lake(lake)
        made = liquidation_map(store, coin.upper(), moment, venue=venue.lower())
    except NotEnoughDataError as error:
        if lake is not None:
            raise
        sheet.line(f"price, chance and clusters: not known in {lake_address(lake)}; {error}")
    else:
        _print_now(sheet, mine, made)
        _print_between(sheet, mine, made, store)
    sys.stdout.write(sheet.text())


def _print_own(sheet: Sheet, mine: OwnRisk, coin: str, fee: float) -> None:
    table, level = mine.requirement, mine.liquidation_price
    sheet.line(
        f"{mine.side} {mine.quantity:,g} {coin} at {price(mine.entry)}, {mine.leverage:g}x, {mine.margin_mode}",
        bold=True,
    )
    if level is None:
        sheet.line("liquidated: at no price, all else standing still")
    else:
        distance = percent(mine.distance, digits=2, signed=True)
        loss = fee * mine.quantity * level - unrealised_usd(mine, level)
        sheet.line(
            f"liquidated at a mark price of {price(level)}, {distance} from entry; "
            f"bankrupt at {price(mine.bankruptcy_price)}"
        )
        sheet.line(
            f"loss if closed there, with a fee of {percent(fee, digits=2)}: ${loss:,.0f}; venues charge more for a "
            f"liquidation, at most what answers for the position"
        )
    sheet.line(f"margin ${mine.collateral:,.0f}, notional ${mine.notional:,.0f}")
    dated = "" if table.holds else " (not known to hold then: the nearest)"
    seen = "" if table.last_seen is None else f", last seen {format_date(table.last_seen)}"
    sheet.line(
        f"maintenance table of {table.venue} {table.symbol} valid from {format_date(table.since)}{seen}{dated}; "
        f"{table.source}"
    )


def _print_now(sheet: Sheet, mine: OwnRisk, made: LiquidationMap) -> None:
    gain, ratio = unrealised_usd(mine, made.price), margin_ratio(mine, made.price)
    sign = "−" if gain < 0.0 else "+"
    sheet.line(
        f"at {price(made.price)} ({format_time(made.through)}): unrealised {sign}${abs(gain):,.0f}, "
        f"margin ratio {percent(ratio)} (liquidated at 100%)"
    )


def _print_between(sheet: Sheet, mine: OwnRisk, made: LiquidationMap, store: Lake) -> None:
    from runout.bulletin.mapping.content import NO_GAIN  # noqa: PLC0415
    from runout.bulletin.mapping.words import cluster_line, total_text  # noqa: PLC0415

    level = mine.liquidation_price
    if level is None:
        return
    sheet.line(f"price {price(made.price)}: {percent(level / made.price - 1.0, digits=2, signed=True)} away")
    if (made.price - level) * (1 if mine.side == "long" else -1) <= 0.0:
        sheet.line("the price is beyond it: such a position would be gone")
        return
    sheet.line(_chance(store, made, level))
    way = between(made.ladder, made.clusters, mine.side, level)
    end = "" if way.whole else f", up to {price(way.end)}, where the map ends"
    sheet.line(
        f"between: {mine.side}s of {total_text(way.total)} of other accounts expected to be reported liquidated before "
        f"yours{end} (inferred); your own notional is ${mine.notional:,.0f}"
    )
    for one in way.clusters:
        sheet.line(f"  {cluster_line(one)}, {one.state}")
    sheet.line(NO_GAIN)


def _chance(store: Lake, made: LiquidationMap, level: float) -> str:
    try:
        chance = whatif(setting_of(store, made.coin, made.at, venue=made.venue), ToPrice(level)).chance
    except NotEnoughDataError:
        chance = None
    if chance is None:
        return "chance to get there within 24 h: not known here (books or past days are missing)"
    return (
        f"chance to get there within 24 h, from {chance.cases} past days scaled to today's volatility: "
        f"{percent(chance.frequency)} (90% interval {percent(chance.low)} to {percent(chance.high)})"
    )
