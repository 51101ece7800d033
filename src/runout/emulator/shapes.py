"""Small forms that several venues share: time as text, named steps, contracts of each coin."""

from collections.abc import Callable, Mapping
from typing import Any

from runout.clock import NANOSECONDS_PER_MINUTE, to_datetime
from runout.emulator.contracts import Contract, Kind, price_digits, size_step
from runout.emulator.desk import Desk
from runout.emulator.forms import Query, Refused

MINUTE = NANOSECONDS_PER_MINUTE


def iso(time: int) -> str:
    """Return UTC ISO 8601 with milliseconds and Z."""
    return to_datetime(time).strftime("%Y-%m-%dT%H:%M:%S.") + f"{time // 1_000_000 % 1000:03d}Z"


def step_of(query: Query, name: str, minutes: Mapping[str, int], default: str | None = None) -> int:
    """Return the nanoseconds of a step that a parameter names."""
    answer = minutes.get(query.text(name, default))
    if answer is None:
        raise Refused("parameter", f"Invalid {name}")
    return answer * MINUTE


def perpetuals(
    venue: str, name: Callable[[str], str], *, unit: Callable[[str], float] = lambda _: 1.0, hours: float = 8.0,
    share: float = 1.0, kind: Kind = "linear", dollars: Callable[[str], float] | None = None, coarse: float = 1.0,
) -> Callable[[tuple[str, ...]], tuple[Contract, ...]]:  # fmt: skip
    """Return what lists one perpetual a coin.

    Parameters
    ----------
    venue, name
        The venue, and its name of a coin's perpetual.
    unit, dollars
        Coins, or dollars, in one unit of size.
    hours
        Hours between settlements.
    share
        Of the venue's coins.
    kind
        Of contract.
    coarse
        Smallest size over the usual one.
    """

    def listed(coins: tuple[str, ...]) -> tuple[Contract, ...]:
        return tuple(
            Contract(
                venue=venue, symbol=name(coin), coin=coin, kind=kind, share=share, digits=price_digits(coin),
                step=1.0 if dollars or unit(coin) != 1.0 else size_step(coin) * coarse,
                unit_base=0.0 if dollars else unit(coin), unit_usd=dollars(coin) if dollars else 0.0,
                funding_hours=hours,
            )
            for coin in coins
        )  # fmt: skip

    return listed


def bar_rows(contract: Contract, bars: Any) -> list[tuple[str, str, str, str]]:
    """Return open, high, low and close of bars as text."""
    return [
        (contract.price_text(o), contract.price_text(h), contract.price_text(low), contract.price_text(c))
        for o, h, low, c in zip(*(column.tolist() for column in bars[:4]), strict=True)
    ]


def listed(desk: Desk, symbol: str, *kinds: str) -> Contract | None:
    """Return a contract that trades, or one that traded until it was delisted; else none."""
    try:
        return desk.contract(symbol, *kinds)
    except Refused:
        if symbol not in desk.delisted:
            return None
        return next((item for item in desk.contracts.values() if item.symbol == symbol and item.kind != "spot"), None)
