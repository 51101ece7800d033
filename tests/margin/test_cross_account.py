"""Several positions under one balance: agreement with one alone, by hand, and where all coins move together."""

from itertools import pairwise

import numpy as np
import pytest

from runout.clock import parse_time
from runout.errors import UsageError
from runout.margin import maintenance_margin
from runout.margin.cross_account import Account, Holding, account_risk, merged
from runout.margin.fees import TAKER_FEES, taker_fee
from runout.margin.own_position import Requirement, loss_at_liquidation, own_risk, requirement

AT = parse_time("2025-08-18T12:00Z")
TABLES = {coin: requirement("binance", coin, AT) for coin in ("BTC", "ETH", "SOL")}
MARKS = {"BTC": 114_900.0, "ETH": 4_273.0, "SOL": 180.0}


def held(coin: str, side: str, quantity: float, entry: float, **more: float) -> Holding:
    return Holding(coin=coin, side=side, quantity=quantity, entry=entry, **more)  # pyright: ignore[reportArgumentType]


def left(of: Account, marks: dict[str, float]) -> float:
    """Return equity less maintenance at other marks, said anew."""
    rest = of.balance
    for leg in of.legs:
        one, mark = leg.holding, marks[leg.holding.coin]
        rest += (1 if one.side == "long" else -1) * one.quantity * (mark - one.entry)
        rest -= float(maintenance_margin(one.quantity * mark, leg.requirement.brackets))
    return rest


@pytest.mark.parametrize("side", ["long", "short"])
def test_an_account_of_one_position_is_that_position_under_cross_margin(side: str) -> None:
    alone = own_risk(
        side=side, entry=116_200.0, leverage=20, quantity=250.0, requirement=TABLES["BTC"], margin_mode="cross",
        balance=3e6,
    )  # fmt: skip
    found = account_risk([held("BTC", side, 250.0, 116_200.0)], 3e6, MARKS, TABLES)
    assert found.legs[0].liquidation_price == pytest.approx(alone.liquidation_price)
    move = found.fall if side == "long" else found.rise
    assert move is not None
    assert MARKS["BTC"] * (1 + move) == pytest.approx(alone.liquidation_price)


def test_two_coins_worked_by_hand() -> None:
    # 10 BTC bought at 116,200 and 100 ETH at 4,400 with a balance of 150,000. In the first brackets of both:
    # BTC: W = 150,000 + 100 * (4,273 - 4,400) - MM(427,300); P = (10 * 116,200 - W - c) / (10 * (1 - m)).
    found = account_risk([held("BTC", "long", 10, 116_200), held("ETH", "long", 100, 4_400)], 150_000, MARKS, TABLES)
    required = float(maintenance_margin(427_300.0, TABLES["ETH"].brackets))
    rest = 150_000 - 12_700 - required
    rate, amount = 0.005, 1_500.0  # Binance, bracket of $300k to $800k
    assert TABLES["BTC"].brackets.rates[1] == rate
    level = found.legs[0].liquidation_price
    assert level is not None
    of = TABLES["BTC"].brackets
    line = next(i for i, (a, b) in enumerate(pairwise([*of.floors, np.inf])) if a <= 10 * level < b)
    rate, amount = of.rates[line], of.amounts[line]
    assert level == pytest.approx((10 * 116_200 - rest - amount) / (10 * (1 - rate)))
    assert found.unrealised_usd == pytest.approx(-13_000 - 12_700)
    assert found.margin_ratio == pytest.approx(found.maintenance_usd / (150_000 - 25_700))


@pytest.mark.parametrize("seed", range(30))
def test_at_each_level_equity_equals_maintenance_and_inside_it_does_not_fall_below(seed: int) -> None:
    draw = np.random.default_rng(seed)
    holdings = [
        held(coin, side, float(draw.uniform(0.1, 50.0)), MARKS[coin] * float(draw.uniform(0.9, 1.1)))
        for coin, side in [("BTC", "long"), ("ETH", "short"), ("SOL", "long"), ("BTC", "short")][: 1 + seed % 4]
    ]
    notional = sum(one.quantity * one.entry for one in holdings)
    found = account_risk(holdings, notional * float(draw.uniform(0.2, 0.9)), MARKS, TABLES)
    assert left(found, MARKS) > 0.0
    for leg in found.legs:
        if leg.liquidation_price is not None:
            there = MARKS | {leg.holding.coin: leg.liquidation_price}
            assert left(found, there) == pytest.approx(0.0, abs=1e-6 * notional)
            half = MARKS | {leg.holding.coin: (leg.liquidation_price + leg.mark) / 2}
            assert left(found, half) > 0.0
            assert leg.required_usd == pytest.approx(
                sum(float(maintenance_margin(one.holding.quantity * there[one.holding.coin], one.requirement.brackets))
                    for one in found.legs)
            )  # fmt: skip
    for move in (found.fall, found.rise):
        if move is not None:
            assert left(found, {c: m * (1 + move) for c, m in MARKS.items()}) == pytest.approx(0.0, abs=1e-6 * notional)


def test_a_hedge_ends_far_from_where_each_leg_would() -> None:
    both = account_risk([held("BTC", "long", 10, 115_000), held("BTC", "short", 9, 115_000)], 60_000, MARKS, TABLES)
    alone = account_risk([held("BTC", "long", 10, 115_000)], 60_000, MARKS, TABLES)
    low, single = both.legs[0].liquidation_price, alone.legs[0].liquidation_price
    assert single is not None
    assert low is None or low < single - 10_000


def test_positions_of_one_coin_and_side_are_one_at_their_mean_entry() -> None:
    parts = [held("BTC", "long", 1, 100_000, leverage=5), held("BTC", "long", 3, 120_000, mark=110_000)]
    (one,) = merged(parts)
    assert (one.quantity, one.entry, one.leverage, one.mark) == (4, 115_000, 5, 110_000)
    with pytest.raises(UsageError, match="one mark"):
        merged([held("BTC", "long", 1, 1, mark=1), held("BTC", "short", 1, 1, mark=2)])


def test_an_account_that_is_gone_has_no_further_moves_and_a_leverage_not_allowed_is_refused() -> None:
    gone = account_risk([held("BTC", "long", 10, 130_000)], 100_000, MARKS, TABLES)
    assert gone.margin_ratio == float("inf")
    assert (gone.fall, gone.rise) == (None, None)
    with pytest.raises(UsageError, match="at most"):
        account_risk([held("BTC", "long", 250, 116_200, leverage=100)], 1e7, MARKS, TABLES)
    with pytest.raises(UsageError, match="positions and a balance"):
        account_risk([], 1.0, MARKS, TABLES)


@pytest.mark.parametrize("fee", [0.0005, 0.05])
def test_the_loss_of_an_isolated_position_is_at_most_its_margin(fee: float) -> None:
    table: Requirement = TABLES["BTC"]
    mine = own_risk(side="long", entry=116_200.0, leverage=20, quantity=250.0, requirement=table)
    loss, level = loss_at_liquidation(mine, fee), mine.liquidation_price
    assert loss is not None
    assert level is not None
    closed = 250 * (116_200 - level) + fee * 250 * level
    assert loss == pytest.approx(min(closed, mine.collateral))
    assert loss <= mine.collateral
    rich = own_risk(
        side="long", entry=100.0, leverage=5, quantity=1.0, requirement=table, margin_mode="cross", balance=200.0
    )
    assert loss_at_liquidation(rich, fee) is None


def test_fees_are_the_venues_with_a_source_or_as_asked() -> None:
    assert [taker_fee(venue).rate for venue in TAKER_FEES] == [0.0005, 0.00055, 0.00045]
    assert all("20" in one.source for one in TAKER_FEES.values())
    assert taker_fee("kraken", 0.0002).source == "as asked"
    with pytest.raises(UsageError, match="--fee"):
        taker_fee("kraken")
    with pytest.raises(UsageError, match="fraction"):
        taker_fee("binance", 5.0)
