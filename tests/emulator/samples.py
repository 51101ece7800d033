"""Calls and subscriptions that every emulated venue must answer; ``{now}`` is the market's time in ms, ``{s}`` in s."""

CALLS: dict[str, tuple[str, ...]] = {
    "binance": (
        "um/fapi/v1/time",
        "um/fapi/v1/exchangeInfo",
        "cm/dapi/v1/exchangeInfo",
        "spot/api/v3/exchangeInfo",
        "um/fapi/v1/klines?symbol=BTCUSDT&interval=5m&limit=3",
        "cm/dapi/v1/klines?symbol=BTCUSD_PERP&interval=1h&limit=3",
        "spot/api/v3/klines?symbol=BTCUSDT&interval=1d&limit=3",
        "um/fapi/v1/aggTrades?symbol=BTCUSDT&limit=3",
        "um/futures/data/openInterestHist?symbol=BTCUSDT&period=5m&limit=3",
        "cm/futures/data/openInterestHist?pair=BTCUSD&contractType=PERPETUAL&period=5m&limit=3",
        "um/futures/data/globalLongShortAccountRatio?symbol=BTCUSDT&period=5m&limit=3",
        "um/futures/data/topLongShortPositionRatio?symbol=BTCUSDT&period=5m&limit=3",
        "um/futures/data/takerlongshortRatio?symbol=BTCUSDT&period=5m&limit=3",
        "um/fapi/v1/openInterest?symbol=BTCUSDT",
        "cm/dapi/v1/openInterest?symbol=BTCUSD_PERP",
        "um/fapi/v1/premiumIndex",
        "cm/dapi/v1/premiumIndex",
        "um/fapi/v1/fundingRate?symbol=BTCUSDT&limit=3",
        "um/fapi/v1/fundingInfo",
        "um/fapi/v1/depth?symbol=BTCUSDT&limit=5",
    ),
    "binance-vision": (
        "um/fapi/v1/exchangeInfo",
        "rest/data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2026-10-28.zip",
        "rest/data/futures/um/daily/metrics/BTCUSDT/BTCUSDT-metrics-2026-10-28.zip.CHECKSUM",
        "rest/data/futures/um/daily/klines/BTCUSDT/5m/BTCUSDT-5m-2026-10-28.zip",
        "rest/data/futures/um/daily/aggTrades/BTCUSDT/BTCUSDT-aggTrades-2026-10-28.zip",
    ),
    "bybit": (
        "rest/v5/market/time",
        "rest/v5/market/instruments-info?category=linear",
        "rest/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min&limit=3",
        "rest/v5/market/account-ratio?category=linear&symbol=BTCUSDT&period=5min&limit=3",
        "rest/v5/market/funding/history?category=linear&symbol=BTCUSDT&limit=3",
        "rest/v5/market/kline?category=inverse&symbol=BTCUSD&interval=5&limit=3",
        "rest/v5/market/mark-price-kline?category=linear&symbol=BTCUSDT&interval=5&limit=3",
        "rest/v5/market/tickers?category=linear",
    ),
    "okx": (
        "rest/api/v5/public/time",
        "rest/api/v5/public/instruments?instType=SWAP",
        "rest/api/v5/market/history-candles?instId=BTC-USDT-SWAP&bar=5m&limit=3",
        "rest/api/v5/rubik/stat/contracts/open-interest-history?instId=BTC-USDT-SWAP&period=5m&limit=3",
        "rest/api/v5/rubik/stat/contracts/long-short-account-ratio-contract?instId=BTC-USDT-SWAP&period=5m&limit=3",
        "rest/api/v5/rubik/stat/taker-volume-contract?instId=BTC-USDT-SWAP&period=5m&limit=3",
        "rest/api/v5/public/open-interest?instType=SWAP",
        "rest/api/v5/public/funding-rate?instId=ANY",
        "rest/api/v5/public/funding-rate-history?instId=BTC-USDT-SWAP&limit=3",
        "rest/api/v5/market/tickers?instType=SWAP",
        "rest/api/v5/public/mark-price?instType=SWAP&instId=BTC-USDT-SWAP",
        "rest/api/v5/public/liquidation-orders?instType=SWAP&state=filled&uly=BTC-USDT",
    ),
    "gate": (
        "rest/api/v4/futures/usdt/contracts",
        "rest/api/v4/futures/usdt/contract_stats?contract=BTC_USDT&interval=5m&limit=3",
        "rest/api/v4/futures/usdt/liq_orders?contract=BTC_USDT",
        "rest/api/v4/futures/usdt/funding_rate?contract=BTC_USDT&limit=3",
        "rest/api/v4/futures/usdt/candlesticks?contract=BTC_USDT&interval=5m&limit=3",
        "rest/api/v4/futures/usdt/tickers",
    ),
    "bitget": (
        "rest/api/v2/mix/market/contracts?productType=USDT-FUTURES",
        "rest/api/v2/mix/market/open-interest?symbol=BTCUSDT&productType=USDT-FUTURES",
        "rest/api/v2/mix/market/tickers?productType=USDT-FUTURES",
        "rest/api/v2/mix/market/candles?symbol=BTCUSDT&granularity=5m&limit=3",
        "rest/api/v2/mix/market/history-fund-rate?symbol=BTCUSDT&pageSize=3&pageNo=2",
        "rest/api/v2/mix/market/account-long-short?symbol=BTCUSDT&period=1h",
        "rest/api/v3/market/liquidations?category=USDT-FUTURES&limit=3",
        "rest/api/v3/market/tickers?category=USDT-FUTURES",
    ),
    "kraken": (
        "rest/derivatives/api/v3/instruments",
        "rest/derivatives/api/v3/tickers",
        "rest/derivatives/api/v4/historicalfundingrates?symbol=PF_XBTUSD",
        "rest/api/charts/v1/trade/PF_XBTUSD/5m?from={s-900}",
        "rest/api/charts/v1/analytics/PF_XBTUSD/open-interest?since={s-14400}&interval=3600",
        "rest/api/charts/v1/analytics/PF_XBTUSD/liquidation-volume?since={s-14400}&interval=3600",
        "rest/api/history/v3/market/PF_XBTUSD/executions?count=3",
    ),
    "deribit": (
        "rest/api/v2/public/get_time",
        "rest/api/v2/public/get_instruments?currency=BTC&kind=future",
        "rest/api/v2/public/get_book_summary_by_currency?currency=BTC&kind=future",
        "rest/api/v2/public/get_funding_rate_history?instrument_name=BTC-PERPETUAL&start_timestamp={now-86400000}&end_timestamp={now}",
        "rest/api/v2/public/get_tradingview_chart_data?instrument_name=BTC-PERPETUAL&resolution=5&start_timestamp={now-900000}&end_timestamp={now}",
        "rest/api/v2/public/get_last_trades_by_instrument_and_time?instrument_name=BTC-PERPETUAL&start_timestamp={now-900000}&end_timestamp={now}&count=3",
    ),
    "htx": (
        "rest/linear-swap-api/v1/swap_contract_info",
        "rest/linear-swap-api/v1/swap_open_interest",
        "rest/linear-swap-api/v1/swap_his_open_interest?contract_code=BTC-USDT&period=60min&size=3&amount_type=2",
        "rest/linear-swap-api/v1/swap_elite_account_ratio?contract_code=BTC-USDT&period=60min",
        "rest/linear-swap-api/v1/swap_historical_funding_rate?contract_code=BTC-USDT&page_size=3&page_index=1",
        "rest/linear-swap-ex/market/history/kline?contract_code=BTC-USDT&period=5min&size=3",
        "rest/v5/market/liquidation_orders?contract_code=BTC-USDT&start_time={now-3600000}&end_time={now}",
    ),
    "bitfinex": (
        "rest/v2/liquidations/hist?start={now-86400000}&end={now}&limit=3",
        "rest/v2/status/deriv?keys=ALL",
        "rest/v2/status/deriv/tBTCF0:USTF0/hist?limit=3",
        "rest/v2/candles/trade:5m:tBTCF0:USTF0/hist?limit=3",
        "rest/v2/conf/pub:list:pair:futures",
    ),
    "dydx": (
        "rest/v4/time",
        "rest/v4/perpetualMarkets",
        "rest/v4/candles/perpetualMarkets/BTC-USD?resolution=5MINS&limit=3",
        "rest/v4/trades/perpetualMarket/BTC-USD?limit=3",
        "rest/v4/historicalFunding/BTC-USD?limit=3",
    ),
    "lighter": (
        "rest/api/v1/orderBookDetails",
        "rest/api/v1/exchangeStats",
        "rest/api/v1/candles?market_id=1&resolution=5m&start_timestamp={now-900000}&end_timestamp={now}&count_back=3",
        "rest/api/v1/fundings?market_id=1&resolution=1h&start_timestamp={now-86400000}&end_timestamp={now}&count_back=3",
    ),
    "aster": (
        "rest/fapi/v1/exchangeInfo",
        "rest/fapi/v3/openInterest?symbol=BTCUSDT",
        "rest/fapi/v1/klines?symbol=BTCUSDT&interval=5m&limit=3",
        "rest/fapi/v1/fundingRate?symbol=BTCUSDT&limit=3",
    ),
    "mexc": (
        "rest/api/v1/contract/detail",
        "rest/api/v1/contract/ticker",
        "rest/api/v1/contract/funding_rate/history?symbol=BTC_USDT&page_size=3",
        "rest/api/v1/contract/kline/BTC_USDT?interval=Min5&start={s-900}&end={s}",
    ),
    "bingx": (
        "rest/openApi/swap/v2/quote/contracts",
        "rest/openApi/swap/v2/quote/openInterest?symbol=BTC-USDT",
        "rest/openApi/swap/v2/quote/premiumIndex?symbol=BTC-USDT",
        "rest/openApi/swap/v2/quote/fundingRate?symbol=BTC-USDT&limit=3",
        "rest/openApi/swap/v3/quote/klines?symbol=BTC-USDT&interval=5m&limit=3",
    ),
    "coingecko": (
        "rest/api/v3/global",
        "rest/api/v3/coins/bitcoin/market_chart?vs_currency=usd&days=5",
        "rest/api/v3/coins/markets?vs_currency=usd",
    ),
    "coinpaprika": ("rest/v1/global",),
    "defillama": ("stablecoins/stablecoincharts/all", "rest/protocol/binance-cex"),
    "coinalyze": (
        "rest/v1/exchanges",
        "rest/v1/future-markets?api_key=k",
        *(
            f"rest/v1/{name}-history?api_key=k&symbols=BTCUSDT_PERP.A,BTCUSD_PERP.6&interval=1hour&from={{s-14400}}&to={{s}}"
            for name in ("liquidation", "open-interest", "funding-rate", "long-short-ratio", "ohlcv")
        ),
    ),
}
POSTS: dict[str, tuple[tuple[str, str], ...]] = {
    "hyperliquid": tuple(
        ("rest/info", body)
        for body in (
            '{"type":"meta"}', '{"type":"metaAndAssetCtxs"}', '{"type":"metaAndAssetCtxs","dex":"xyz"}',
            '{"type":"perpDexs"}', '{"type":"allMids"}', '{"type":"l2Book","coin":"BTC"}',
            '{"type":"recentTrades","coin":"BTC"}', '{"type":"fundingHistory","coin":"BTC","startTime":{now-86400000}}',
            '{"type":"candleSnapshot","req":{"coin":"BTC","interval":"5m","startTime":{now-900000},"endTime":{now}}}',
            '{"type":"clearinghouseState","user":"0x0"}', '{"type":"userFillsByTime","user":"0x0","startTime":0}',
        )
    ),
}  # fmt: skip
STREAMS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "binance": (
        ("stream/market/stream", ('{"method":"SUBSCRIBE","params":["!forceOrder@arr","!markPrice@arr@1s","btcusdt@aggTrade"],"id":1}',)),
        ("stream-spot/ws", ('{"method":"SUBSCRIBE","params":["btcusdt@aggTrade","btcusdt@kline_1m","btcusdt@depth"],"id":1}',)),
    ),
    "bybit": (
        ("stream-linear", ('{"op":"subscribe","args":["allLiquidation.BTCUSDT","publicTrade.BTCUSDT","tickers.BTCUSDT","orderbook.1000.BTCUSDT"]}',)),
    ),
    "okx": (
        ("stream", (
            '{"op":"subscribe","args":[{"channel":"liquidation-orders","instType":"SWAP"},{"channel":"trades","instId":"BTC-USDT-SWAP"},'
            '{"channel":"open-interest","instId":"BTC-USDT-SWAP"},{"channel":"mark-price","instId":"BTC-USDT-SWAP"},'
            '{"channel":"funding-rate","instId":"BTC-USDT-SWAP"},{"channel":"books","instId":"BTC-USDT-SWAP"}]}',
        )),
    ),
    "hyperliquid": (
        ("stream", tuple(
            f'{{"method":"subscribe","subscription":{one}}}'
            for one in ('{"type":"trades","coin":"BTC"}', '{"type":"activeAssetCtx","coin":"BTC"}', '{"type":"allDexsAssetCtxs"}', '{"type":"l2Book","coin":"BTC"}')
        )),
    ),
    "gate": (
        ("stream", (
            '{"time":1,"channel":"futures.public_liquidates","event":"subscribe","payload":["!all"]}',
            '{"time":1,"channel":"futures.trades","event":"subscribe","payload":["BTC_USDT"]}',
            '{"time":1,"channel":"futures.tickers","event":"subscribe","payload":["BTC_USDT"]}',
        )),
    ),
    "bitget": (
        ("stream", (
            '{"op":"subscribe","args":[{"instType":"usdt-futures","topic":"liquidation"},{"instType":"usdt-futures","topic":"publicTrade","symbol":"BTCUSDT"},'
            '{"instType":"usdt-futures","topic":"ticker","symbol":"BTCUSDT"}]}',
        )),
    ),
    "kraken": (
        ("stream", (
            '{"event":"subscribe","feed":"trade","product_ids":["PF_XBTUSD","PI_XBTUSD"]}',
            '{"event":"subscribe","feed":"ticker","product_ids":["PF_XBTUSD"]}', '{"event":"subscribe","feed":"heartbeat"}',
        )),
    ),
    "deribit": (
        ("stream", (
            '{"jsonrpc":"2.0","id":1,"method":"public/subscribe","params":{"channels":["trades.BTC-PERPETUAL.100ms","ticker.BTC-PERPETUAL.100ms"]}}',
        )),
    ),
    "htx": (
        ("stream", ('{"op":"sub","cid":"1","topic":"public.*.liquidation_orders"}', '{"op":"sub","cid":"2","topic":"public.BTC-USDT.funding_rate"}')),
        ("stream-market", ('{"sub":"market.BTC-USDT.trade.detail","id":"1"}',)),
    ),
    "bitfinex": (
        ("stream", (
            '{"event":"conf","flags":98304}', '{"event":"subscribe","channel":"status","key":"liq:global"}',
            '{"event":"subscribe","channel":"status","key":"deriv:tBTCF0:USTF0"}', '{"event":"subscribe","channel":"trades","symbol":"tBTCF0:USTF0"}',
        )),
    ),
    "dydx": (("stream", ('{"type":"subscribe","channel":"v4_trades","id":"BTC-USD"}', '{"type":"subscribe","channel":"v4_markets"}')),),
    "lighter": (("stream", ('{"type":"subscribe","channel":"trade/1"}', '{"type":"subscribe","channel":"market_stats/all"}')),),
    "aster": (("stream/stream", ('{"method":"SUBSCRIBE","params":["!forceOrder@arr","!markPrice@arr@1s","btcusdt@aggTrade"],"id":1}',)),),
    "mexc": (("stream", ('{"method":"sub.ticker","param":{"symbol":"BTC_USDT"},"gzip":false}',)),),
}  # fmt: skip
