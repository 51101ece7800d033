"""Providers that are no venue: CoinGecko, CoinPaprika, DefiLlama and Coinalyze, over REST alone."""

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
from runout.emulator.columns import Floats, Integers, tuples
from runout.emulator.contracts import Contract
from runout.emulator.desk import Desk
from runout.emulator.forms import (
    FOREVER,
    Pool,
    Query,
    Refused,
    Reply,
    Route,
    VenueForm,
    json_reply,
    milliseconds,
    seconds,
)  # fmt: skip
from runout.emulator.shapes import MINUTE, iso, step_of
from runout.emulator.venues import binance, bybit, okx

if TYPE_CHECKING:
    from runout.emulator.clock import Clock

SECOND, DAY, HOUR = 1_000_000_000, NANOSECONDS_PER_DAY, NANOSECONDS_PER_HOUR
OTHERS = 1.35
"""Capitalisation of all coins but Bitcoin, over that of those simulated."""
RESERVES = 2.4e6
"""Bitcoin in labelled wallets of exchanges at the history's beginning."""
IDENTITIES = {
    "BTC": "bitcoin", "ETH": "ethereum", "SOL": "solana", "XRP": "ripple", "BNB": "binancecoin", "DOGE": "dogecoin",
    "ADA": "cardano",
}  # fmt: skip


def _nothing_listed(coins: tuple[str, ...]) -> tuple[Contract, ...]:  # noqa: ARG001 - of the form of all venues
    return ()


def _price(desk: Desk, coin: str, times: Integers) -> Floats:
    return desk.index_at(Contract(venue=desk.form.name, symbol=coin, coin=coin), times)


def _caps(desk: Desk, times: Integers) -> dict[str, Floats]:
    """Return capitalisations by coin, and of the whole market as ``total``."""
    caps = {coin.name: coin.supply * _price(desk, coin.name, times) for coin in desk.market.world.coins}
    bitcoin = caps.get("BTC", np.zeros(len(times)))
    rest = sum((cap for name, cap in caps.items() if name != "BTC"), np.zeros(len(times)))
    return caps | {"total": bitcoin + OTHERS * np.maximum(rest, 0.4 * bitcoin)}


# -- CoinGecko --------------------------------------------------------------------------------------------------------


def _refuse_coingecko(refused: Refused, now: int) -> Reply:
    if refused.kind in {"slow-down", "banned"}:
        words = "You've exceeded the Rate Limit. Please visit https://www.coingecko.com/en/api/pricing"
        return json_reply({"status": {"error_code": 429, "error_message": words}}, 429, ("Retry-After", "60"))
    if refused.kind == "too-old":
        words = "Your request exceeds the allowed time range. Public API users are limited to the past 365 days."
        status = {"timestamp": iso(now), "error_code": 10012, "error_message": words}
        return json_reply({"error": {"status": status}}, 401)
    return json_reply({"error": "coin not found"}, 403 if refused.kind == "blocked" else 404)


def gecko_global(desk: Desk, query: Query) -> Any:  # noqa: ARG001 - of the form of all answers
    """``/api/v3/global``: dominance and the whole capitalisation now."""
    caps = {name: float(cap[0]) for name, cap in _caps(desk, np.array([desk.now()])).items()}
    total = caps.pop("total")
    return {"data": {
        "active_cryptocurrencies": 17_000, "upcoming_icos": 0, "ongoing_icos": 49, "ended_icos": 3376, "markets": 1_400,
        "total_market_cap": {"usd": total}, "total_volume": {"usd": 0.05 * total},
        "market_cap_percentage": {name.lower(): 100 * cap / total for name, cap in caps.items()},
        "market_cap_change_percentage_24h_usd": 0.0, "updated_at": seconds(desk.now()),
    }}  # fmt: skip


def gecko_chart(desk: Desk, query: Query) -> Any:
    """``/api/v3/coins/{id}/market_chart``: hourly to 90 days, daily beyond, 365 at most; the last point is now."""
    names = {identity: coin for coin, identity in IDENTITIES.items()}
    coin, days = names.get(query.text("id"), ""), query.whole("days")
    if coin not in {item.name for item in desk.market.world.coins}:
        raise Refused("symbol")
    if days > 365:
        raise Refused("too-old")
    now, step = desk.now(), HOUR if days <= 90 else DAY
    times = desk.grid(step, (now - days * DAY, now), 10_000, query, oldest=True)
    times = np.append(times, now)
    prices = _price(desk, coin, times)
    supply = next(item.supply for item in desk.market.world.coins if item.name == coin)
    stamps = [milliseconds(time) for time in times.tolist()]
    columns = {"prices": prices, "market_caps": prices * supply, "total_volumes": prices * supply * 0.02}
    return {
        name: [list(pair) for pair in zip(stamps, values.tolist(), strict=True)] for name, values in columns.items()
    }


def gecko_markets(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/api/v3/coins/markets``."""
    at = np.array([desk.now()])
    rows: list[dict[str, Any]] = []
    for coin in desk.market.world.coins:
        price = float(_price(desk, coin.name, at)[0])
        rows.append({
            "id": IDENTITIES[coin.name], "symbol": coin.name.lower(), "name": coin.name, "image": "",
            "current_price": price, "market_cap": price * coin.supply, "market_cap_rank": len(rows) + 1,
            "fully_diluted_valuation": price * coin.supply, "total_volume": 0.02 * price * coin.supply,
            "high_24h": price, "low_24h": price, "price_change_24h": 0.0, "price_change_percentage_24h": 0.0,
            "circulating_supply": coin.supply, "total_supply": coin.supply, "max_supply": None,
            "last_updated": iso(desk.now()),
        })  # fmt: skip
    return rows


# -- CoinPaprika ------------------------------------------------------------------------------------------------------


def _refuse_plainly(refused: Refused, now: int) -> Reply:  # noqa: ARG001 - of the form of all errors
    status = {"slow-down": 429, "banned": 429, "blocked": 403, "path": 404, "symbol": 404}.get(refused.kind, 400)
    return json_reply({"error": refused.words or refused.kind}, status)


def paprika_global(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/v1/global``."""
    caps = {name: float(cap[0]) for name, cap in _caps(desk, np.array([desk.now()])).items()}
    return {
        "market_cap_usd": round(caps["total"]), "volume_24h_usd": round(0.05 * caps["total"]),
        "bitcoin_dominance_percentage": round(100 * caps.get("BTC", 0.0) / caps["total"], 2),
        "cryptocurrencies_number": 2_500, "market_cap_ath_value": 4_300_000_000_000,
        "market_cap_ath_date": "2025-10-06T00:00:00Z", "volume_24h_ath_value": 0, "volume_24h_ath_date": "",
        "market_cap_change_24h": 0.0, "volume_24h_change_24h": 0.0, "last_updated": seconds(desk.now()),
    }  # fmt: skip


# -- DefiLlama --------------------------------------------------------------------------------------------------------


def stablecoins(desk: Desk, query: Query) -> Any:
    """``/stablecoincharts/all``: a row a day, dates as text in seconds."""
    times = desk.grid(DAY, (0, FOREVER), 100_000, query, oldest=True)
    supply = 2.4e11 * np.exp(0.0006 * np.arange(len(times)))
    return [
        {
            "date": str(seconds(time)), "totalCirculating": {"peggedUSD": value}, "totalUnreleased": {"peggedUSD": 0},
            "totalCirculatingUSD": {"peggedUSD": value}, "totalMintedUSD": {"peggedUSD": value},
            "totalBridgedToUSD": {"peggedUSD": 0},
        }
        for time, value in tuples((times, supply))
    ]  # fmt: skip


SHARES = {
    "binance-cex": 0.4, "okx": 0.2, "bybit": 0.1, "bitfinex": 0.1, "deribit": 0.05, "htx": 0.04, "gate": 0.04,
    "bitget": 0.03, "kucoin": 0.02, "mexc": 0.01, "bingx": 0.01,
}  # fmt: skip


def protocol(desk: Desk, query: Query) -> Any:
    """``/protocol/{name}``: holdings of an exchange's labelled wallets by day, in coins and dollars."""
    share = SHARES.get(query.text("name"))
    if share is None:
        raise Refused("symbol", "Protocol not found")
    times = desk.grid(DAY, (0, FOREVER), 100_000, query, oldest=True)
    rng = np.random.default_rng([desk.market.plan.seed, 76])
    coins = share * RESERVES * np.exp(np.cumsum(rng.normal(-0.0002, 0.001, len(times))))
    lead = desk.market.world.coins[0].name
    usd = coins * _price(desk, lead, times)
    rows = list(tuples((times, coins, usd)))
    chain = {
        "tvl": [{"date": seconds(time), "totalLiquidityUSD": value} for time, _, value in rows],
        "tokens": [{"date": seconds(time), "tokens": {lead: stored}} for time, stored, _ in rows],
        "tokensInUsd": [{"date": seconds(time), "tokens": {lead: value}} for time, _, value in rows],
    }
    whole = {"id": "2272", "name": query.text("name"), "category": "CEX", "chains": ["Bitcoin"], "symbol": "-"}
    return (
        whole | {"chainTvls": {"Bitcoin": chain}, "currentChainTvls": {"Bitcoin": rows[-1][2] if rows else 0}} | chain
    )


# -- Coinalyze --------------------------------------------------------------------------------------------------------

EXCHANGES = {"A": binance.FORM, "6": bybit.FORM, "3": okx.FORM}
INTERVALS = {
    "1min": 1, "5min": 5, "15min": 15, "30min": 30, "1hour": 60, "2hour": 120, "4hour": 240, "6hour": 360,
    "12hour": 720, "daily": 1440,
}  # fmt: skip
KEPT_POINTS = 2000
"""Of intervals within the day; days are kept for ever."""


def _refuse_coinalyze(refused: Refused, now: int) -> Reply:  # noqa: ARG001 - of the form of all errors
    if refused.kind in {"slow-down", "banned"}:
        return json_reply({"message": "Too Many Requests"}, 429, ("Retry-After", str(max(int(refused.seconds), 1))))
    status = {"key": 401, "blocked": 403, "path": 404}.get(refused.kind, 400)
    return json_reply({"message": "Invalid/Missing API key" if refused.kind == "key" else refused.words}, status)


@lru_cache(maxsize=8)
def _desk_of(code: str, desk: Desk) -> Desk:
    clock: Clock = desk.clock
    return Desk(EXCHANGES[code], desk.market, clock)


def _weight(query: Query) -> int:
    return len(str(query.parameters.get("symbols", "")).split(","))


def exchanges(desk: Desk, query: Query) -> Any:  # noqa: ARG001
    """``/v1/exchanges``."""
    return [
        {"name": form.name.capitalize() if form.name != "okx" else "OKX", "code": code}
        for code, form in EXCHANGES.items()
    ]


def future_markets(desk: Desk, query: Query) -> Any:
    """``/v1/future-markets``."""
    _require_key(query)
    return [
        {
            "symbol": _name(item, code), "exchange": code, "symbol_on_exchange": item.symbol, "base_asset": item.coin,
            "quote_asset": "USDT" if item.kind == "linear" else "USD", "expire_at": None, "is_perpetual": True,
            "margined": "STABLE" if item.kind == "linear" else "COIN", "oi_lq_vol_denominated_in": "BASE_ASSET",
            "has_long_short_ratio_data": True, "has_ohlcv_data": True, "has_buy_sell_data": True,
        }
        for code in EXCHANGES for item in _desk_of(code, desk).kind("linear", "inverse")
    ]  # fmt: skip


def _name(contract: Contract, code: str) -> str:
    return f"{contract.coin}{'USDT' if contract.kind == 'linear' else 'USD'}_PERP.{code}"


def _require_key(query: Query) -> None:
    if not query.parameters.get("api_key") and not query.parameters.get("header api_key"):
        raise Refused("key")


def _history(row: Any) -> Any:
    def answer(desk: Desk, query: Query) -> Any:
        _require_key(query)
        step = step_of(query, "interval", INTERVALS)
        span = (query.whole("from") * SECOND, query.whole("to") * SECOND)
        keeps = 0 if step == DAY else KEPT_POINTS * step
        usd = query.text("convert_to_usd", "false") == "true"
        results: list[dict[str, Any]] = []
        for symbol in query.text("symbols").split(","):
            name, _, code = symbol.rpartition(".")
            venue = _desk_of(code, desk) if code in EXCHANGES else None
            item = (
                next((c for c in venue.kind("linear", "inverse") if _name(c, code) == symbol), None) if venue else None
            )
            if venue is None or item is None:
                raise Refused("symbol", f"unknown symbol {name}")
            times = desk.grid(step, span, 100_000, query, oldest=True, keeps=keeps)
            results.append({"symbol": symbol, "history": row(venue, item, times, step, usd)})
        return results

    return answer


def _liquidations(desk: Desk, contract: Contract, times: Integers, step: int, usd: bool) -> list[dict[str, Any]]:
    tape, rows = desk.tape(contract), list[dict[str, Any]]()
    for time in times.tolist():
        shown = desk.shown_closes(contract, time, min(time + step, desk.now()))
        amount = (tape.quote if usd else tape.coins)(shown.steps, shown.price)
        rows.append(
            {"t": seconds(time), "l": float(amount[shown.side > 0].sum()), "s": float(amount[shown.side < 0].sum())}
        )
    return rows


def _interest(desk: Desk, contract: Contract, times: Integers, step: int, usd: bool) -> list[dict[str, Any]]:
    inside = np.minimum((times[:, None] + np.linspace(0, step, 5).astype(np.int64)).ravel(), desk.now())
    tape, steps = desk.tape(contract), desk.open_steps(contract, inside)
    values = (tape.quote if usd else tape.coins)(steps, tape.ticks_at(inside)).reshape(-1, 5)
    return _candles(times, values)


def _candles(times: Integers, values: Floats) -> list[dict[str, Any]]:
    return [
        {"t": seconds(time), "o": row[0], "h": max(row), "l": min(row), "c": row[-1]}
        for time, row in zip(times.tolist(), values.tolist(), strict=True)
    ]


def _funding(desk: Desk, item: Contract, times: Integers, step: int, usd: bool) -> list[dict[str, Any]]:  # noqa: ARG001
    inside = (times[:, None] + np.linspace(0, step - 1, 3).astype(np.int64)).ravel()
    return _candles(times, 100 * desk.funding_at(item, inside).reshape(-1, 3))


def _ratios(desk: Desk, item: Contract, times: Integers, step: int, usd: bool) -> list[dict[str, Any]]:  # noqa: ARG001
    share = desk.market.long_accounts(item.coin, item.place, times)
    return [
        {"t": seconds(time), "r": long / (1 - long), "l": 100 * long, "s": 100 * (1 - long)}
        for time, long in tuples((times, share))
    ]


def _bars(desk: Desk, item: Contract, times: Integers, step: int, usd: bool) -> list[dict[str, Any]]:  # noqa: ARG001
    if not len(times):
        return []
    last = desk.now() - step + 1
    opened, bars = desk.tape(item).bars(max(step, MINUTE), int(times[0]), min(int(times[-1]) + 1, last))
    tape, scale = desk.tape(item), 10.0**item.digits
    columns = (opened, *bars[:4], tape.coins(bars.volume, bars.close), tape.coins(bars.bought, bars.close), bars.trades)
    return [
        {
            "t": seconds(time), "o": o / scale, "h": h / scale, "l": low / scale, "c": c / scale, "v": volume,
            "bv": bought, "tx": count, "btx": count // 2,
        }
        for time, o, h, low, c, volume, bought, count in tuples(columns)
    ]  # fmt: skip


_HISTORIES = {
    "liquidation": _liquidations, "open-interest": _interest, "funding-rate": _funding, "long-short-ratio": _ratios,
    "ohlcv": _bars,
}  # fmt: skip
PROVIDERS = (
    VenueForm(
        name="coingecko", contracts=_nothing_listed, refuse=_refuse_coingecko, pools=(Pool("default", 30, 60.0),),
        routes=(
            Route(path="/api/v3/ping", answer=lambda desk, query: {"gecko_says": "(V3) To the Moon!"}),  # noqa: ARG005
            Route(path="/api/v3/global", answer=gecko_global), Route(path="/api/v3/coins/markets",
            answer=gecko_markets),
            Route(path="/api/v3/coins/{id}/market_chart", answer=gecko_chart),
        ),
    ),
    VenueForm(
        name="coinpaprika", contracts=_nothing_listed, refuse=_refuse_plainly, pools=(Pool("default", 1000, 60.0),),
        routes=(Route(path="/v1/global", answer=paprika_global),),
    ),
    VenueForm(
        name="defillama", contracts=_nothing_listed, refuse=_refuse_plainly, pools=(Pool("default", 300, 300.0),),
        hosts=("rest", "stablecoins"),
        routes=(
            Route(path="/stablecoincharts/all", answer=stablecoins), Route(path="/protocol/{name}", answer=protocol),
        ),
    ),
    VenueForm(
        name="coinalyze", contracts=_nothing_listed, refuse=_refuse_coinalyze, pools=(Pool("default", 40, 60.0),),
        routes=(
            Route(path="/v1/exchanges", answer=exchanges), Route(path="/v1/future-markets", answer=future_markets),
            *(
                Route(path=f"/v1/{name}-history", answer=_history(row), weight=_weight)
                for name, row in _HISTORIES.items()
            ),
        ),
    ),
)  # fmt: skip
