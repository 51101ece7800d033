"""What a venue does with positions it takes over: market orders, backstop, insurance, auto-deleveraging.

Arrays are of shape (venues,). A batch of positions is ``(usd, coins, owed)``: notional at their levels, coins, and the
cash at their bankruptcy prices, which is what the other side of the contract is owed. Every dollar that is triggered
ends in exactly one stage, and cash balances: what closing brings, less what is owed, goes to (or comes from) insurance.
"""

import msgspec
import numpy as np

from runout.cascade.arrays import Floats

USD, COINS, OWED = 0, 1, 2
HALVINGS = 25
HIGHEST_USD = 1e200


class Closing(msgspec.Struct, frozen=True, eq=False):
    """One step's closing of positions.

    Parameters
    ----------
    market, backstop, adl
        Shape (3, venues): the parts of the batch that went there.
    cash_usd
        Shape (venues,): what the market part was worth at its fills.
    insurance_change_usd
        Shape (venues,).
    """

    market: Floats
    backstop: Floats
    adl: Floats
    cash_usd: Floats
    insurance_change_usd: Floats


class Books(msgspec.Struct, frozen=True, eq=False):
    """The books of one coin at one moment. Used under ``numpy.errstate`` that lets an empty book divide by zero.

    Parameters
    ----------
    price_usd
        At distance 0.
    sign
        −1 down, +1 up.
    base
        Log-distance the price has moved without the books' own displacement.
    taken_usd, depth_usd
        Shape (venues,): dollars taken and not come back; dollars within one percent now.
    distance, exponent
        Of the impact law.
    """

    price_usd: float
    sign: float
    base: float
    taken_usd: Floats
    depth_usd: Floats
    distance: float
    exponent: float

    def displacement(self, more_usd: Floats | float = 0.0) -> Floats:
        """Return the log-distance of each book's price from the base, after ``more_usd`` are traded."""
        taken = self.taken_usd + more_usd
        return np.where(taken > 0, self.distance * (taken / self.depth_usd) ** self.exponent, 0.0)

    def fill_price(self, usd: Floats) -> Floats:
        """Return the mean price of a walk through ``usd``; the present price where there is nothing to trade."""
        before, after = self.taken_usd, self.taken_usd + usd
        now = self.displacement()
        mean = (after * self.displacement(usd) - before * now) / (usd * (1 + self.exponent))
        return self.price_usd * np.exp(self.sign * (self.base + np.where(usd > 0, mean, now)))

    def price(self) -> Floats:
        """Return each venue's price now."""
        return self.price_usd * np.exp(self.sign * (self.base + self.displacement()))


def close(
    batch: Floats, books: Books, *, insurance_usd: Floats, backstop_share: Floats, backstop_room_usd: Floats,
    margin_rate: Floats,
) -> Closing:  # fmt: skip
    """Return where a batch of positions goes.

    A backstop takes what has too little equity left, at the bankruptcy price, with the margin that remains. The rest
    goes to market. Where insurance cannot pay for the fills, only as much goes there as it can pay for, and the rest
    is closed against winners at the bankruptcy price: no trade in the book, which is what ends a slide. A venue
    without any orders in its book closes that way too.

    Parameters
    ----------
    batch
        Shape (3, venues).
    books
        As they stand.
    insurance_usd, backstop_room_usd
        Shape (venues,): what is left.
    backstop_share, margin_rate
        Shape (venues,): share of the maintenance margin below which the backstop steps in (0: never), and that margin.
    """
    equity = books.sign * (batch[OWED] - batch[COINS] * books.price())
    weak = (equity < backstop_share * margin_rate * batch[USD]) & (backstop_share > 0)
    usd = batch[USD]
    taken_over = np.divide(np.minimum(usd, backstop_room_usd), usd, out=np.zeros_like(usd), where=weak & (usd > 0))
    rest = batch * (1 - taken_over)
    payable = np.where(books.depth_usd > 0, _payable(rest, books, insurance_usd), 0.0)
    market = rest * payable
    cash = np.where(payable > 0, market[COINS] * np.fmin(books.fill_price(market[USD]), HIGHEST_USD), 0.0)
    gain = books.sign * (market[OWED] - cash)
    return Closing(market, batch * taken_over, rest * (1 - payable), cash, gain)


def _payable(rest: Floats, books: Books, insurance_usd: Floats) -> Floats:
    """Return the largest share whose deficit insurance can pay for, halving the range in which it lies."""
    low, high = np.zeros(rest.shape[1]), np.ones(rest.shape[1])
    if (_deficit(rest, books) <= insurance_usd).all():
        return high
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        stored = _deficit(rest * middle, books) <= insurance_usd
        low, high = np.where(stored, middle, low), np.where(stored, high, middle)
    return np.where(_deficit(rest, books) <= insurance_usd, 1.0, low)


def _deficit(batch: Floats, books: Books) -> Floats:
    return books.sign * (batch[COINS] * np.fmin(books.fill_price(batch[USD]), HIGHEST_USD) - batch[OWED])
