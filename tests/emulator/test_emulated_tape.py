"""The tape of a contract: coarse bars are the sum of finer ones, and those of trades."""

from typing import TYPE_CHECKING

import numpy as np
import pytest

from runout.clock import NANOSECONDS_PER_HOUR, NANOSECONDS_PER_MINUTE
from runout.emulator import Market
from runout.emulator.closes import largest_of_each_second, latest_of_each_second
from runout.emulator.tape import Tape
from runout.emulator.venues import FORMS

if TYPE_CHECKING:
    from runout.emulator.contracts import Contract

MINUTE, HOUR = NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_HOUR
DAY = 3


@pytest.fixture(params=["linear:BTCUSDT", "inverse:BTCUSD_PERP", "spot:ETHUSDT"])
def tape(market: Market, request: pytest.FixtureRequest) -> Tape:
    listed: tuple[Contract, ...] = FORMS["binance"].contracts(("BTC", "ETH"))
    return Tape(market, next(one for one in listed if one.key == request.param))


def test_bars_of_five_minutes_are_their_minutes_to_the_last_digit(tape: Tape) -> None:
    for coarse, fine in zip(tape.fives(DAY, 1), tape.minutes(DAY).grouped(5), strict=True):
        assert (coarse == fine).all()


def test_minutes_are_their_trades_to_the_last_digit(tape: Tape) -> None:
    begin = tape.market.first + DAY * 24 * HOUR
    times, bars = tape.bars(MINUTE, begin, begin + 40 * MINUTE)
    for place, time in enumerate(times.tolist()):
        trades = tape.trades(time, time + MINUTE)
        o, h, low, c, volume, bought, count = (int(column[place]) for column in bars)
        assert (trades.price[0], trades.price.max(), trades.price.min(), trades.price[-1]) == (o, h, low, c)
        assert (trades.size.sum(), trades.size[trades.bought].sum(), len(trades.time)) == (volume, bought, count)
        assert (trades.size > 0).all()


def test_trades_are_numbered_without_a_hole_across_midnight(tape: Tape) -> None:
    midnight = tape.market.first + DAY * 24 * HOUR
    numbers = tape.trades(midnight - 5 * MINUTE, midnight + 5 * MINUTE).number
    assert (np.diff(numbers) == 1).all()


def test_the_running_bar_is_what_has_traded_so_far(tape: Tape) -> None:
    begin = tape.market.first + DAY * 24 * HOUR
    now = begin + 7 * MINUTE + 31_000_000_000
    running = tape.running(5 * MINUTE, now)
    assert running is not None
    time, bar = running
    trades = tape.trades(begin + 5 * MINUTE, now)
    assert time == begin + 5 * MINUTE
    assert int(bar.volume[0]) == int(trades.size.sum())
    assert int(bar.high[0]) == int(trades.price.max())
    assert int(bar.close[0]) == int(trades.price[-1])


def test_forced_closes_are_the_coins_that_the_simulation_closed(market: Market) -> None:
    forced = market.tracks["BTC"].forced
    rows = forced[(forced.venue == 0) & (forced.stage != 3)]
    rows = rows[rows.minute < market.world.days * 1440 - 30]
    shown = market.closes("BTC", 0, market.first, market.end)
    assert len(shown.time) > 1000
    assert shown.coins.sum() == pytest.approx(rows.quantity.sum(), rel=1e-6)
    assert (np.diff(shown.time) >= 0).all()


def test_a_capped_feed_keeps_the_largest_or_the_latest_of_each_second() -> None:
    time = np.array([0, 100, 900, 1_000, 1_001, 5_000]) * 1_000_000
    size = np.array([1.0, 3.0, 2.0, 5.0, 4.0, 1.0])
    assert largest_of_each_second(time, size).tolist() == [1, 3, 5]
    assert latest_of_each_second(time).tolist() == [2, 4, 5]
