"""Risk of one's own positions: the venue's arithmetic, and what a lake knows of price, chance and map."""

from collections.abc import Sequence

import msgspec

from runout.bulletin.liquidation_map import LiquidationMap
from runout.cascade.shock import ToPrice
from runout.errors import NotEnoughDataError, UsageError
from runout.lake import Lake
from runout.liquidation_map.clusters import Between, Cluster, between
from runout.margin.arrays import Side
from runout.margin.cross_account import Account, Holding, Leg, account_risk
from runout.margin.fees import TakerFee, taker_fee
from runout.margin.own_position import (
    MarginMode,
    OwnRisk,
    Requirement,
    loss_at_liquidation,
    margin_ratio,
    margin_to_add,
    own_risk,
    refuse_impossible,
    requirement,
    unrealised_usd,
)
from runout.pipeline.build_map import liquidation_map
from runout.pipeline.prices import price_now
from runout.pipeline.published_tiers import published_tiers
from runout.pipeline.whatif_answers import setting_of, whatif
from runout.scores.intervals import FrequencyInterval


class Market(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What is known of a coin at the moment asked for.

    Parameters
    ----------
    coin
        Base asset.
    price, time
        Its price, dollars, and the moment it is of (UTC ns); None: not known.
    map
        Its inferred map on the venue; None: it cannot be made.
    missing
        What is not known, and why, a sentence each.
    """

    coin: str
    price: float | None = None
    time: int | None = None
    map: LiquidationMap | None = None
    missing: tuple[str, ...] = ()


class Way(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What lies between the price and a liquidation price.

    Parameters
    ----------
    away
        From the price, as a fraction of it.
    passed
        Whether the price is beyond it: such a position would be gone.
    chance
        That the price gets there within 24 h; None: not known.
    between
        What the map has on the way; None: no map, or passed.
    smaller
        Clusters of it that are smaller than the position's own notional.
    """

    away: float
    passed: bool
    chance: FrequencyInterval | None = None
    between: Between | None = None
    smaller: tuple[Cluster, ...] = ()


class PositionRisk(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """A position and where it ends.

    Parameters
    ----------
    coin, side, quantity, entry, leverage
        As asked; several of one coin and side are one, at their mean entry.
    collateral_usd
        Dollars that answer for it: its own margin, or the whole balance.
    notional_usd
        At entry.
    liquidation_price, bankruptcy_price
        Mark prices; None: there is none. Bankruptcy is not said of an account of several.
    loss_usd
        If all is closed at the liquidation price, with the fee: at most ``collateral_usd``.
    requirement
        The maintenance table.
    market
        What is known of the coin.
    unrealised_usd, margin_ratio
        At the price; the ratio is of all that shares the collateral. None: no price is known.
    way
        None: there is no liquidation price, or no price now.
    """

    coin: str
    side: Side
    quantity: float
    entry: float
    leverage: float | None
    collateral_usd: float
    notional_usd: float
    liquidation_price: float | None
    bankruptcy_price: float | None
    loss_usd: float | None
    requirement: Requirement
    market: Market
    unrealised_usd: float | None
    margin_ratio: float | None
    way: Way | None


class Risk(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """What ``runout positions risk`` answers.

    Parameters
    ----------
    at
        Moment asked for, UTC ns.
    venue, margin_mode, fee
        As asked.
    positions
        One each.
    account
        Of several under one balance: its sums, and the move of all coins together that ends it; None: a single one.
    target, to_add_usd
        A price, and dollars to add so that a single position is liquidated only there; None: not asked.
    """

    at: int
    venue: str
    margin_mode: MarginMode
    fee: TakerFee
    positions: tuple[PositionRisk, ...]
    account: Account | None = None
    target: float | None = None
    to_add_usd: float | None = None


class RiskSetting(msgspec.Struct, frozen=True, kw_only=True):
    """Where and when positions are held.

    Parameters
    ----------
    venue
        Lower case.
    at
        UTC ns.
    fee_rate
        Of closing; None: the venue's.
    lake
        Of prices and maps; None: none is there.
    no_lake
        Why there is none.
    """

    venue: str
    at: int
    fee_rate: float | None = None
    lake: Lake | None = None
    no_lake: str = "no lake was named"


def risk_of_one(
    setting: RiskSetting,
    holding: Holding,
    *,
    margin_mode: MarginMode = "isolated",
    balance: float | None = None,
    target: float | None = None,
) -> Risk:
    """Return the risk of a single position, with nothing else open.

    Parameters
    ----------
    setting
        Where and when.
    holding
        The position; its leverage is needed.
    margin_mode, balance
        Whether its own margin answers for it, or a whole balance in dollars.
    target
        A price at which it should be liquidated instead.

    Raises
    ------
    UsageError
        If a figure is out of range, or no such position can be open.
    NotEnoughDataError
        If no maintenance table is known.
    """
    if holding.leverage is None:
        raise UsageError("expected a leverage, such as 20 or 20x, found none")
    own = own_risk(
        side=holding.side, entry=holding.entry, leverage=holding.leverage, quantity=holding.quantity,
        requirement=_requirement(setting, holding.coin), margin_mode=margin_mode, balance=balance,
    )  # fmt: skip
    refuse_impossible(own)
    fee = taker_fee(setting.venue, setting.fee_rate)
    market = _market(setting, holding.coin)
    return Risk(
        at=setting.at, venue=setting.venue, margin_mode=margin_mode, fee=fee,
        positions=(_position_risk(setting, own, market, fee),), target=target,
        to_add_usd=None if target is None else margin_to_add(own, target),
    )  # fmt: skip


def risk_of_account(setting: RiskSetting, holdings: Sequence[Holding], balance: float) -> Risk:
    """Return the risk of several positions under cross margin: one balance answers for all.

    A coin whose price is not known counts at the mark given with it, else at its entry, which is said.

    Parameters
    ----------
    setting
        Where and when.
    holdings
        The positions.
    balance
        Wallet balance, dollars.

    Raises
    ------
    UsageError
        If a figure is out of range, or a leverage is not allowed.
    NotEnoughDataError
        If no maintenance table of a coin is known.
    """
    coins = tuple(dict.fromkeys(holding.coin for holding in holdings))
    tables = {coin: _requirement(setting, coin) for coin in coins}
    fee = taker_fee(setting.venue, setting.fee_rate)
    markets = {coin: _market(setting, coin) for coin in coins}
    marks = {coin: _mark(coin, holdings, market) for coin, market in markets.items()}
    account = account_risk(holdings, balance, marks, tables)
    return Risk(
        at=setting.at, venue=setting.venue, margin_mode="cross", fee=fee, account=account,
        positions=tuple(_of_account(setting, account, leg, markets[leg.holding.coin], fee) for leg in account.legs),
    )  # fmt: skip


def _requirement(setting: RiskSetting, coin: str) -> Requirement:
    lake = setting.lake
    published = None if lake is None else published_tiers(lake, setting.venue, coin, setting.at)
    return requirement(setting.venue, coin, setting.at, published)


def _position_risk(setting: RiskSetting, own: OwnRisk, market: Market, fee: TakerFee) -> PositionRisk:
    return PositionRisk(
        coin=market.coin, side=own.side, quantity=own.quantity, entry=own.entry, leverage=own.leverage,
        collateral_usd=own.collateral, notional_usd=own.notional, liquidation_price=own.liquidation_price,
        bankruptcy_price=own.bankruptcy_price, loss_usd=loss_at_liquidation(own, fee.rate),
        requirement=own.requirement, market=market,
        unrealised_usd=None if market.price is None else unrealised_usd(own, market.price),
        margin_ratio=None if market.price is None else margin_ratio(own, market.price),
        way=_way(
            setting, market, market.price, side=own.side, level=own.liquidation_price, notional=own.notional
        ),
    )  # fmt: skip


def _of_account(setting: RiskSetting, account: Account, leg: Leg, market: Market, fee: TakerFee) -> PositionRisk:
    item, loss = leg.holding, None
    if leg.required_usd is not None and leg.exposed_usd is not None:
        # At the level, equity equals maintenance: what was there less what is left, and the fee of closing all.
        loss = min(account.balance - leg.required_usd + fee.rate * leg.exposed_usd, account.balance)
    return PositionRisk(
        coin=item.coin, side=item.side, quantity=item.quantity, entry=item.entry, leverage=item.leverage,
        collateral_usd=account.balance, notional_usd=item.quantity * item.entry,
        liquidation_price=leg.liquidation_price,
        bankruptcy_price=None, loss_usd=loss, requirement=leg.requirement, market=market,
        unrealised_usd=leg.unrealised_usd, margin_ratio=account.margin_ratio,
        way=_way(
            setting, market, leg.mark, side=item.side, level=leg.liquidation_price, notional=item.quantity * item.entry
        ),
    )  # fmt: skip


def _mark(coin: str, holdings: Sequence[Holding], market: Market) -> float:
    provided = [holding.mark for holding in holdings if holding.coin == coin and holding.mark is not None]
    own = [holding for holding in holdings if holding.coin == coin]
    if provided:
        return provided[0]
    if market.price is not None:
        return market.price
    return sum(holding.quantity * holding.entry for holding in own) / sum(holding.quantity for holding in own)


def _market(setting: RiskSetting, coin: str) -> Market:
    if setting.lake is None:
        return Market(coin=coin, missing=(f"price, chance and clusters of {coin}: not known; {setting.no_lake}",))
    upper = coin.upper()
    try:
        built = liquidation_map(setting.lake, upper, setting.at, venue=setting.venue)
    except NotEnoughDataError as error:
        missing = f"chance and clusters of {coin} on {setting.venue}: not known; {error}"
    else:
        return Market(coin=coin, price=built.price, time=built.through, map=built)
    try:
        price, time = price_now(setting.lake, setting.lake.series(coin=upper, at=setting.at), upper, setting.at)
    except NotEnoughDataError as error:
        return Market(coin=coin, missing=(f"price of {coin}: not known; {error}", missing))
    return Market(coin=coin, price=price, time=time, missing=(missing,))


def _way(
    setting: RiskSetting, market: Market, price: float | None, *, side: Side, level: float | None, notional: float
) -> Way | None:
    if price is None or level is None:
        return None
    away = level / price - 1.0
    if (price - level) * (1 if side == "long" else -1) <= 0.0:
        return Way(away=away, passed=True)
    drawn = market.map
    if drawn is None or setting.lake is None or (drawn.price - level) * (1 if side == "long" else -1) <= 0.0:
        return Way(away=away, passed=False)
    stretch = between(drawn.ladder, drawn.clusters, side, level)
    return Way(
        away=away, passed=False, between=stretch, chance=_chance(setting.lake, drawn, level),
        smaller=tuple(cluster for cluster in stretch.clusters if cluster.total.usd < notional),
    )  # fmt: skip


def _chance(lake: Lake, drawn: LiquidationMap, level: float) -> FrequencyInterval | None:
    try:
        return whatif(setting_of(lake, drawn.coin, drawn.at, venue=drawn.venue, drawn=drawn), ToPrice(level)).chance
    except NotEnoughDataError:  # no books, or too few past days
        return None
