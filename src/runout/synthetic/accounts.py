"""The accounts of one coin: cohorts of positions with entry, size, leverage and liquidation price."""

import numpy as np
import numpy.typing as npt

from runout.synthetic.world import HEDGED_SHARE, LEVERAGE_SHARES, LEVERAGES, MAINTENANCE_MARGIN

Floats = npt.NDArray[np.float64]

_CLASSES = len(LEVERAGES) + 1  # the last cannot be liquidated
_SHARES = np.array([*(share * (1 - HEDGED_SHARE) for share in LEVERAGE_SHARES), HEDGED_SHARE])
_LEVERAGE = np.array([*LEVERAGES, 1.0])


def liquidation_price(entry: Floats, leverage: Floats, side: int) -> Floats:
    r"""Return the price at which isolated positions meet their maintenance margin.

    .. math:: \text{long: } e\,\frac{1 - 1/L}{1 - m},\qquad \text{short: } e\,\frac{1 + 1/L}{1 + m}

    Linear contracts, one tier (`side` +1 long, −1 short).

    Examples
    --------
    >>> liquidation_price(np.array([60_000.0]), np.array([20.0]), 1).round(4)
    array([57286.4322])
    """
    return entry * (1 - side / leverage) / (1 - side * MAINTENANCE_MARGIN)


HOURLY_CLOSE_SHARE = 0.003
"""Share of a position closed in an hour, for each unit of leverage: at 3x half is held for three days."""


class Side:
    """Positions of one side: arrays of size (coins), entry, leverage and liquidation price; a live resource.

    Parameters
    ----------
    side
        +1 for longs, −1 for shorts.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self.size = self.entry = self.leverage = self.level = np.empty(0)

    @property
    def total(self) -> float:
        """Coins open on this side."""
        return float(self.size.sum())

    def open(self, amount: float, price: float) -> None:
        """Add ``amount`` coins at ``price``, spread over the leverage classes."""
        self._add(amount * _SHARES, np.full(_CLASSES, price), _LEVERAGE)

    def open_unlevered(self, amount: float, price: float) -> None:
        """Add ``amount`` coins that cannot be liquidated: who takes the other side of a forced close."""
        self._add(np.array([amount]), np.array([price]), np.array([1.0]))

    def close(self, share: float) -> None:
        """Close a share of every position."""
        self.size = self.size * (1 - share)

    def close_ordinarily(self) -> None:
        """Close what ordinary accounts close in an hour: the higher the leverage, the shorter a position is held."""
        self.size = self.size * (1 - np.minimum(HOURLY_CLOSE_SHARE * self.leverage, 0.6))

    def crossed(self, worst: float) -> npt.NDArray[np.bool_]:
        """Return which positions a price as bad as ``worst`` liquidates."""
        return (self.level >= worst) if self.side > 0 else (self.level <= worst)

    def remove(self, gone: npt.NDArray[np.bool_]) -> None:
        """Take positions away."""
        kept = ~gone
        self.size, self.entry = self.size[kept], self.entry[kept]
        self.leverage, self.level = self.leverage[kept], self.level[kept]

    def tidy(self, least: float) -> None:
        """Fold positions smaller than ``least`` coins into one that cannot be liquidated, keeping their sum."""
        small = self.size < least
        amount = float(self.size[small].sum())
        if amount:
            price = float((self.size * self.entry)[small].sum() / amount)
            self.remove(small)
            self.open_unlevered(amount, price)

    def _add(self, size: Floats, entry: Floats, leverage: Floats) -> None:
        never = np.where(self.side > 0, -np.inf, np.inf)
        level = np.where(leverage > 1.0, liquidation_price(entry, leverage, self.side), never)
        self.size, self.entry = np.concatenate([self.size, size]), np.concatenate([self.entry, entry])
        self.leverage, self.level = np.concatenate([self.leverage, leverage]), np.concatenate([self.level, level])
