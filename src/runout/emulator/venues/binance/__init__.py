"""Binance: USD-M, COIN-M and spot."""

from runout.emulator.contracts import Contract, price_digits, size_step
from runout.emulator.forms import Law, Pool, Refused, Reply, StreamForm, VenueForm, json_reply, milliseconds
from runout.emulator.venues.binance import stream
from runout.emulator.venues.binance.rest import ROUTES

COIN_DOLLARS = {"BTC": 100.0}
"""Dollars of a COIN-M contract; 10 of the others."""


def contracts(coins: tuple[str, ...]) -> tuple[Contract, ...]:
    """Return USD-M, COIN-M and spot pairs of each coin."""
    results: list[Contract] = []
    for coin in coins:
        digits, step = price_digits(coin), size_step(coin)
        results += [
            Contract(venue="binance", symbol=f"{coin}USDT", coin=coin, share=0.88, digits=digits, step=step),
            Contract(
                venue="binance", symbol=f"{coin}USD_PERP", coin=coin, kind="inverse", share=0.12, digits=digits,
                step=1.0, unit_base=0.0, unit_usd=COIN_DOLLARS.get(coin, 10.0),
            ),
            Contract(venue="binance", symbol=f"{coin}USDT", coin=coin, kind="spot", digits=digits + 1, step=step / 100),
        ]  # fmt: skip
    return tuple(results)


def refuse(refused: Refused, now: int) -> Reply:
    """Return an error as Binance words it."""
    wait = ("Retry-After", str(max(int(refused.seconds), 1)))
    match refused.kind:
        case "slow-down":
            return json_reply(
                {"code": -1003, "msg": "Too many requests; current limit is 2400 requests per minute."}, 429, wait
            )
        case "banned":
            until = milliseconds(now) + int(refused.seconds * 1000)
            text = f"Way too many requests; IP(127.0.0.1) banned until {until}. Please use the websocket to avoid bans."
            return json_reply({"code": -1003, "msg": text}, 418, wait)
        case "blocked":
            terms = "'b. Eligibility' in https://www.binance.com/en/terms"
            text = f"Service unavailable from a restricted location according to {terms}."
            return json_reply({"code": 0, "msg": text}, 451)
        case "symbol":
            return json_reply({"code": -1121, "msg": "Invalid symbol."}, 400)
        case "too-old":
            return json_reply({"code": -1130, "msg": "parameter 'startTime' is invalid."}, 400)
        case "path":
            return Reply(404, b"<html><body>404 Not found</body></html>", (("Content-Type", "text/html"),))
        case _:
            return json_reply(
                {"code": -1102, "msg": f"{refused.words or 'Illegal parameter'}, was empty/null, or malformed."}, 400
            )


FORM = VenueForm(
    name="binance", contracts=contracts, routes=ROUTES, refuse=refuse, hosts=("um", "cm", "spot"),
    pools=(
        Pool("weight", 2400, 60.0, "X-MBX-USED-WEIGHT-1M"), Pool("data", 1000, 300.0), Pool("funding", 500, 300.0),
        Pool("spot", 6000, 60.0, "X-MBX-USED-WEIGHT-1M"),
    ),
    law=Law(patience=5, ban_seconds=120.0),
    stream=StreamForm(
        hosts={"stream": "", "stream-coin": "", "stream-spot": ""},
        opened=stream.opened, heard=stream.heard, feed=stream.feed,
        server_ping_every=180.0, pong_within=600.0, cut_after=86_400.0, connects=300, connects_seconds=300.0,
        most_topics=1024, messages=10, messages_seconds=1.0, shutdown=stream.shutdown,
    ),
    capture=(("1970-01-01", "latest"), ("2026-04-10", "largest")),
)  # fmt: skip
