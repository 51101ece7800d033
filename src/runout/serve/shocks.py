"""Shocks as a caller of the interface names them."""

from runout.cascade.shock import Move, Order, Shock, ToPrice
from runout.errors import UsageError


def named_shock(
    *,
    drop: float | None = None,
    rise: float | None = None,
    to: float | None = None,
    sell: float | None = None,
    buy: float | None = None,
) -> Shock:
    """Return the one shock that is named.

    Parameters
    ----------
    drop, rise
        Of the price, as a fraction: 0.05 is 5%.
    to
        The price that is reached, dollars.
    sell, buy
        An order at market, dollars.

    Raises
    ------
    UsageError
        If none or several are named, or a fraction is not between 0 and 1.

    Examples
    --------
    >>> named_shock(drop=0.05)
    Move(change=-0.05)
    """
    given = {"drop": drop, "rise": rise, "to": to, "sell": sell, "buy": buy}
    named = {name: value for name, value in given.items() if value is not None}
    if len(named) != 1:
        raise UsageError(f"expected one of drop, rise, to, sell and buy, found {', '.join(named) or 'none'}")
    ((name, value),) = named.items()
    if name in {"drop", "rise"}:
        if not 0.0 <= value < 1.0:
            raise UsageError(f"expected {name} as a fraction of the price, 0.05 for 5%, found {value!r}")
        return Move(-value if name == "drop" else value)
    return ToPrice(value) if name == "to" else Order("sell" if name == "sell" else "buy", value)
