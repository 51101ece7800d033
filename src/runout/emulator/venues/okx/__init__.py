"""OKX V5: swaps."""

from runout.emulator.contracts import Contract, price_digits
from runout.emulator.forms import Pool, StreamForm, VenueForm
from runout.emulator.venues.okx import stream
from runout.emulator.venues.okx.rest import ROUTES, refuse

CONTRACT_COINS = {"BTC": 0.01, "ETH": 0.1, "SOL": 1.0, "XRP": 100.0, "BNB": 0.01, "DOGE": 1000.0, "ADA": 100.0}


def contracts(coins: tuple[str, ...]) -> tuple[Contract, ...]:
    """Return swaps in USDT and in the coin of each coin."""
    results: list[Contract] = []
    for coin in coins:
        digits = price_digits(coin)
        results += [
            Contract(
                venue="okx", symbol=f"{coin}-USDT-SWAP", coin=coin, share=0.9, digits=digits, step=0.01,
                unit_base=CONTRACT_COINS[coin],
            ),
            Contract(
                venue="okx", symbol=f"{coin}-USD-SWAP", coin=coin, kind="inverse", share=0.1, digits=digits, step=1.0,
                unit_base=0.0, unit_usd=100.0 if coin == "BTC" else 10.0,
            ),
        ]  # fmt: skip
    return tuple(results)


FORM = VenueForm(
    name="okx", contracts=contracts, routes=ROUTES, refuse=refuse,
    pools=(
        *(Pool(name, most, 2.0, by_path=True) for name, most in (("public", 20), ("candles", 20), ("funding", 10))),
        *(Pool(name, most, 2.0, by_path=True) for name, most in (("open-interest", 10), ("rubik", 5))),
    ),
    stream=StreamForm(
        hosts={"stream": "/ws/v5/public", "stream-business": "/ws/v5/business"}, heard=stream.heard, feed=stream.feed,
        idle_close=30.0, idle_code=4004, idle_unless_sent=True, connects=3, connects_seconds=1.0,
    ),
    capture=(("1970-01-01", "latest"),),
)  # fmt: skip
