"""``runout map`` and ``runout positions``."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from rich.console import Console

from runout.bulletin.mapping import LiquidationMap
from runout.cli import screen
from runout.cli.configuration import open_lake, time_option
from runout.cli.writing import chosen_form
from runout.clock import format_date, now_ns
from runout.errors import UsageError
from runout.jobs.mapping import liquidation_map
from runout.lake import Lake
from runout.positions.risk import OwnRisk, between, own_risk, requirement
from runout.units import dollars, percent, price

Format = Literal["text", "png", "html", "csv", "parquet", "json"]


def map_(
    coin: str = "BTC",
    /,
    *,
    at: str | None = None,
    since: Annotated[str | None, Parameter(name="--from")] = None,
    venue: str = "binance",
    lake: str | None = None,
    format: Format | None = None,  # noqa: A002 - the public name of the flag
    out: Path | None = None,
) -> None:
    """Draw the inferred liquidation map of a coin: where positions would be liquidated, and how much, as of a moment.

    Parameters
    ----------
    coin
        Base asset.
    at
        UTC time, such as 2025-08-18T12:00Z: as it would have been drawn then; now if absent.
    since
        UTC time at which the heatmap and the history of sweeps begin; a week before if absent.
    venue
        Whose perpetual market.
    lake
        Folder of the lake.
    format
        text: tables of clusters. png: both pictures. html: a page with both. csv, parquet: a row a level. json: all.
        If absent, by the end of --out, else text.
    out
        File to write to; stdout if absent (not for png and parquet).
    """
    form: Format = chosen_form(Format, format, out)
    store = open_lake(lake)
    made = liquidation_map(
        store, coin.upper(), time_option(at) if at else now_ns(), since=time_option(since) if since else None,
        venue=venue.lower(),
    )  # fmt: skip
    if out is None:
        sys.stdout.write(_text(made, form, colour=screen.in_colour(), width=screen.screen_width()))
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    _write(made, form, out)
    screen.console().print(f"wrote {out}", soft_wrap=True, markup=False)


def _text(made: LiquidationMap, form: Format, *, colour: bool = False, width: int | None = None) -> str:
    from runout.bulletin.mapping import forms  # noqa: PLC0415 - forms and pictures only when asked for

    if form == "html":
        return forms.html(made)
    if form == "csv":
        return forms.comma_separated(made)
    if form == "json":
        return forms.json(made)
    return forms.text(made, colour=colour, width=width)


def _write(made: LiquidationMap, form: Format, out: Path) -> None:
    if form == "png":
        from runout.bulletin.mapping import pictures  # noqa: PLC0415 - matplotlib takes half a second

        out.write_bytes(pictures.png(made))
    elif form == "parquet":
        from runout.bulletin.mapping import forms  # noqa: PLC0415

        forms.table(made).write_parquet(out)
    else:
        out.write_text(_text(made, form), encoding="utf-8")


def positions(
    what: Literal["risk"],
    /,
    *,
    entry: float,
    leverage: float,
    side: Literal["long", "short"],
    margin_mode: Literal["isolated", "cross"] = "isolated",
    balance: float | None = None,
    quantity: float = 1.0,
    venue: str = "binance",
    coin: str = "BTC",
    at: str | None = None,
    lake: str | None = None,
) -> None:
    """Say where a position of your own is liquidated, how far that is, and what stands between.

    Parameters
    ----------
    what
        ``risk``.
    entry
        Price of entry, dollars.
    leverage
        Set leverage.
    side
        long or short.
    margin_mode
        isolated: the margin of the position alone answers for it. cross: the whole --balance does.
    balance
        Wallet balance of the account in dollars, with nothing else open; for cross.
    quantity
        Coins; larger positions need a higher rate of maintenance.
    venue
        Whose maintenance table.
    coin
        Base asset.
    at
        UTC time of table and map; now if absent.
    lake
        Folder of a lake: then the map's clusters between the price and the liquidation are listed.
    """
    if what != "risk":  # pragma: no cover - the parser lets nothing else through
        raise UsageError(f"expected risk, found {what!r}")
    moment, asset = time_option(at) if at else now_ns(), coin.upper()
    found = requirement(venue.lower(), asset, moment)
    mine = own_risk(
        side=side, entry=entry, leverage=leverage, quantity=quantity, requirement=found, margin_mode=margin_mode,
        balance=balance,
    )  # fmt: skip
    console = screen.console(soft_wrap=True)
    _print_own(console, mine, asset)
    if lake is not None:
        made = liquidation_map(Lake.open(lake), asset, moment, venue=venue.lower())
        _print_between(console, mine, made)


def _print_own(console: Console, mine: OwnRisk, coin: str) -> None:
    table = mine.requirement
    console.print(
        f"[bold]{mine.side} {mine.quantity:g} {coin} at {price(mine.entry)}, {mine.leverage:g}x, {mine.margin_mode}[/]"
    )
    if mine.liquidation_price is None:
        console.print("liquidated: at no price, all else standing still")
    else:
        distance = percent(mine.distance, digits=2, signed=True)
        console.print(
            f"liquidated at a mark price of [bold]{price(mine.liquidation_price)}[/], {distance} from entry; "
            f"bankrupt at {price(mine.bankruptcy_price)}"
        )
    if mine.below_maintenance:
        console.print("its margin is below the maintenance margin from the start", style="bold")
    console.print(f"margin {dollars(mine.collateral)}, notional {dollars(mine.notional)}")
    if mine.too_high:
        console.print(f"the venue allows at most {mine.highest_leverage:g}x for this notional", style="bold")
    dated = "" if table.holds else f" (not known to hold then: the nearest one, of {format_date(table.since)})"
    console.print(
        f"maintenance table of {table.venue} {table.symbol} since {format_date(table.since)}{dated}; {table.source}"
    )


def _print_between(console: Console, mine: OwnRisk, made: LiquidationMap) -> None:
    from runout.bulletin.mapping.content import NO_GAIN  # noqa: PLC0415
    from runout.bulletin.mapping.words import cluster_line, total_text  # noqa: PLC0415

    if mine.liquidation_price is None:
        return
    gone = (made.price - mine.liquidation_price) * (1 if mine.side == "long" else -1)
    console.print(
        f"price {price(made.price)}: {percent(mine.liquidation_price / made.price - 1.0, digits=2, signed=True)} away"
    )
    if gone <= 0.0:
        console.print("the price is beyond it: such a position would be gone")
        return
    way = between(made.ladder, made.clusters, mine.side, mine.liquidation_price)
    end = "" if way.whole else f", up to {price(way.end)}, where the map ends"
    console.print(
        f"between: {mine.side}s of {total_text(way.total)} expected to be reported liquidated{end} (inferred)"
    )
    for one in way.clusters:
        console.print(f"  {cluster_line(one)}, {one.state}")
    console.print(NO_GAIN)
