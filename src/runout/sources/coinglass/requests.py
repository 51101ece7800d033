"""What to ask the API for: one entry an endpoint, under the name that its answers are kept by.

Scopes are those of the exports (Binance where the API wants a list of venues), so that fetched rows continue their
series.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from runout.clock import format_duration
from runout.sources.coinglass.names import fetched_text

LARGEST_ANSWER = 1000  # rows; the API's limit
_NANOSECONDS_PER_MILLISECOND = 1_000_000


class Question(msgspec.Struct, frozen=True):
    """One endpoint of the API.

    Parameters
    ----------
    endpoint
        Name in file names.
    path
        Path below ``/api``.
    parameters
        Query; ``{coin}`` and ``{step}`` are filled in.
    series
        True where rows have a step and can be asked for by time; False for lists as they stand.
    ranged
        Whether the API takes a period.
    coins
        Coins it knows; empty: any.
    """

    endpoint: str
    path: str
    parameters: dict[str, str]
    series: bool = True
    ranged: bool = True
    coins: tuple[str, ...] = ()


class Request(msgspec.Struct, frozen=True):
    """One request: where, with which query, and the start of the name its answer is kept by."""

    path: str
    query: dict[str, str]
    name: str
    part: int

    def file_name(self, answered: int) -> str:
        """Return the name of the file that keeps the answer given at ``answered`` (UTC ns)."""
        return f"{self.name}.{fetched_text(answered)}.{self.part}.json.gz"


_PAIR = {"exchange": "Binance", "symbol": "{coin}USDT", "interval": "{step}"}
_COIN = {"symbol": "{coin}", "interval": "{step}"}
_VENUES = {"exchange_list": "Binance", "symbol": "{coin}", "interval": "{step}"}
_BAND = {"range": "1"}

QUESTIONS: Final = (
    Question("price_ohlc_history", "futures/price/history", _PAIR),
    Question("spot_price_history", "spot/price/history", _PAIR),
    Question("futures_liquidation_aggregated_coin_history", "futures/liquidation/aggregated-history", _VENUES),
    Question(
        "futures_openInterest_ohlc_aggregated_history",
        "futures/open-interest/aggregated-history",
        _COIN | {"unit": "usd"},
    ),
    Question(
        "futures_openInterest_ohlc_aggregated_coin_margin_history",
        "futures/open-interest/aggregated-coin-margin-history",
        _VENUES,
    ),
    Question(
        "futures_openInterest_ohlc_aggregated_stablecoin",
        "futures/open-interest/aggregated-stablecoin-history",
        _VENUES,
    ),
    Question(
        "futures_openInterest_exchange_history_chart",
        "futures/open-interest/exchange-history-chart",
        {"symbol": "{coin}", "range": "{step}", "unit": "usd"},
        ranged=False,
    ),
    Question("futures_fundingRate_ohlc_history", "futures/funding-rate/history", _PAIR),
    Question("futures_fundingRate_oi_weight_ohlc_history", "futures/funding-rate/oi-weight-history", _COIN),
    Question("futures_fundingRate_vol_weight_ohlc_history", "futures/funding-rate/vol-weight-history", _COIN),
    Question(
        "futures_global_long_short_account_ratio_history", "futures/global-long-short-account-ratio/history", _PAIR
    ),
    Question("futures_top_long_short_account_ratio_history", "futures/top-long-short-account-ratio/history", _PAIR),
    Question("futures_top_long_short_position_ratio_history", "futures/top-long-short-position-ratio/history", _PAIR),
    Question(
        "futures_aggregated_taker_buy_sell_volume_history",
        "futures/aggregated-taker-buy-sell-volume/history",
        _VENUES | {"unit": "usd"},
    ),
    Question(
        "spot_aggregated_taker_buy_sell_volume_history",
        "spot/aggregated-taker-buy-sell-volume/history",
        _VENUES | {"unit": "usd"},
    ),
    Question("futures_orderbook_ask_bids_history", "futures/orderbook/ask-bids-history", _PAIR | _BAND),
    Question("spot_orderbook_ask_bids_history", "spot/orderbook/ask-bids-history", _PAIR | _BAND),
    Question("coinbase_premium_index", "coinbase-premium-index", {"interval": "{step}"}, coins=("BTC",)),
    Question("exchange_balance_list", "exchange/balance/list", {"symbol": "{coin}"}, series=False),
    Question(
        "futures_liquidation_exchange_list",
        "futures/liquidation/exchange-list",
        {"symbol": "{coin}", "range": "4h"},
        series=False,
    ),
    Question(
        "futures_openInterest_exchange_list", "futures/open-interest/exchange-list", {"symbol": "{coin}"}, series=False
    ),
    Question("futures_pairs_markets", "futures/pairs-markets", {"symbol": "{coin}"}, series=False),
)


def requests_for(coin: str, *, since: int, until: int, step: int) -> list[Request]:
    """Return the requests for everything about a coin.

    Parameters
    ----------
    coin
        Base asset.
    since, until
        UTC ns; the period of series. Lists are asked for as they stand.
    step
        Nanoseconds between rows.
    """
    asked = [question for question in QUESTIONS if not question.coins or coin in question.coins]
    return [request for question in asked for request in _requests(question, coin, since, until, step)]


def _requests(question: Question, coin: str, since: int, until: int, step: int) -> Iterator[Request]:
    step_text = format_duration(step)
    query = {name: text.format(coin=coin, step=step_text) for name, text in question.parameters.items()}
    path = f"/api/{question.path}"
    if not question.series:
        yield Request(path, query, f"snap_{question.endpoint}_{coin}", 0)
    elif not question.ranged:
        yield Request(path, query, f"{question.endpoint}_{coin}__{step_text}", 0)
    else:
        for part, start in enumerate(range(since - since % step, until, LARGEST_ANSWER * step)):
            end = min(start + LARGEST_ANSWER * step, until)
            period = {
                "limit": str(LARGEST_ANSWER),
                "start_time": str(start // _NANOSECONDS_PER_MILLISECOND),
                "end_time": str(end // _NANOSECONDS_PER_MILLISECOND - 1),
            }
            yield Request(path, query | period, f"{question.endpoint}_{coin}__{step_text}", part)
