"""Bybit V5: linear and inverse."""

from runout.emulator.contracts import Contract, price_digits, size_step
from runout.emulator.forms import Law, Pool, Refused, Reply, StreamForm, VenueForm, json_reply, milliseconds
from runout.emulator.venues.bybit import stream
from runout.emulator.venues.bybit.rest import ROUTES, body


def contracts(coins: tuple[str, ...]) -> tuple[Contract, ...]:
    """Return linear and inverse perpetuals of each coin."""
    results: list[Contract] = []
    for coin in coins:
        digits = price_digits(coin)
        results += [
            Contract(venue="bybit", symbol=f"{coin}USDT", coin=coin, share=0.93, digits=digits, step=size_step(coin)),
            Contract(
                venue="bybit", symbol=f"{coin}USD", coin=coin, kind="inverse", share=0.07, digits=digits, step=1.0,
                unit_base=0.0, unit_usd=1.0,
            ),
        ]  # fmt: skip
    return tuple(results)


def refuse(refused: Refused, now: int) -> Reply:
    """Return an error as Bybit words it: its own codes come with status 200."""
    match refused.kind:
        case "slow-down":
            reset = ("X-Bapi-Limit-Reset-Timestamp", str(milliseconds(now) + int(refused.seconds * 1000)))
            return json_reply(body(10006, "Too many visits. Exceeded the API Rate Limit.", {}, now), 200, reset)
        case "banned":
            return json_reply({"retCode": 10018, "retMsg": "access too frequent"}, 403)
        case "blocked":
            text = b"The Amazon CloudFront distribution is configured to block access from your country."
            return Reply(403, b"<html><body>" + text + b"</body></html>", (("Content-Type", "text/html"),))
        case "path":
            return Reply(404, b"", ())
        case "symbol":
            return json_reply(body(10001, "params error: Symbol Invalid", {}, now))
        case _:
            return json_reply(body(10001, f"Request parameter error. {refused.words}".strip(), {}, now))


FORM = VenueForm(
    name="bybit", contracts=contracts, refuse=refuse, routes=ROUTES, pools=(Pool("default", 600, 5.0),),
    law=Law(patience=0, ban_seconds=600.0),
    stream=StreamForm(
        hosts={"stream": "", "stream-linear": "/v5/public/linear", "stream-inverse": "/v5/public/inverse"},
        heard=stream.heard, feed=stream.feed, idle_close=600.0, connects=500, connects_seconds=300.0,
    ),
    capture=(("1970-01-01", "latest"), ("2025-02-20", "complete")),
)  # fmt: skip
