"""``runout positions``."""

import sys
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from runout.api.portfolios import read_portfolio
from runout.api.risks import asked_risk
from runout.cli import screen
from runout.cli.configuration import open_lake, time_option
from runout.clock import now_ns
from runout.errors import NotEnoughDataError
from runout.pipeline import position_tables
from runout.pipeline.position_risk import RiskSetting


def positions(
    subject: Literal["risk"] = "risk",
    /,
    *,
    entry: str | None = None,
    leverage: str | None = None,
    side: Literal["long", "short"] | None = None,
    margin_mode: Literal["isolated", "cross"] | None = None,
    balance: str | None = None,
    quantity: str | None = None,
    target: str | None = None,
    several: Annotated[list[Path] | None, Parameter(name="--positions", negative="")] = None,
    fee: float | None = None,
    venue: str = "binance",
    coin: str = "BTC",
    at: str | None = None,
    lake: str | None = None,
    format: Literal["text", "json"] = "text",  # noqa: A002 - the public name of the flag
) -> None:
    """Say where positions of your own are liquidated, how far and how likely that is, and what it would cost.

    Name one with --entry, --leverage and --side, or several under cross margin with --positions.

    Parameters
    ----------
    subject
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
        Wallet balance of the account in dollars, such as 3M; for cross, with nothing else open than is named.
    quantity
        Coins, 1 if absent; larger positions need a higher rate of maintenance.
    target
        A price: how much margin to add so that the position is liquidated only there.
    several
        File of positions of one account under cross margin, CSV with the columns coin, side, quantity, entry and, as
        wished, leverage and mark; or TOML. May be given again.
    fee
        Closing fee as a fraction, counted in the loss; a regular account's of the venue if absent (binance 0.0005,
        bybit 0.00055, hyperliquid 0.00045; sources are printed).
    venue
        Whose maintenance table.
    coin
        Base asset.
    at
        UTC time of table, price and map; now if absent.
    lake
        Folder of the lake: price, chance and the map's clusters are of it. Without one, the arithmetic alone.
    format
        text or json.
    """
    del subject
    store, no_lake = None, ""
    try:
        store = open_lake(lake)
    except NotEnoughDataError as error:
        if lake is not None:
            raise
        no_lake = str(error)
    asked = RiskSetting(
        venue=venue.lower(), at=time_option(at) if at else now_ns(), fee_rate=fee, lake=store, no_lake=no_lake
    )
    risk = asked_risk(
        asked, coin=coin, positions=read_portfolio(several) if several else None, entry=entry, leverage=leverage,
        side=side, quantity=quantity, margin_mode=margin_mode, balance=balance, target=target, mark="--",
    )  # fmt: skip
    if format == "json":
        sys.stdout.write(position_tables.as_json(risk))
    else:
        sys.stdout.write(position_tables.text(risk, colour=screen.in_colour(), width=screen.screen_width()))
