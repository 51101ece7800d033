"""The accounts of one coin: cohorts of positions with entry, size, leverage and liquidation price."""

import numpy as np
import numpy.typing as npt

from runout.synthetic.world import HEDGED_SHARE, LEVERAGE_SHARES, LEVERAGES, MAINTENANCE_MARGIN

Floats = npt.NDArray[np.float64]

_CLASSES = len(LEVERAGES) + 1  # the last cannot be liquidated
_SHARES = np.array([*(share * (1 - HEDGED_SHARE) for share in LEVERAGE_SHARES), HEDGED_SHARE])
_LEVERAGE = np.array([*LEVERAGES, 1.0])
_ROWS = 4096  # positions that fit before the store grows


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
    """Positions of one side: size (coins), entry, leverage and liquidation price; a live resource.

    The four arrays are views of one store with room to spare, so that opening and closing copies no history; a view is
    good until the next position is opened or removed.

    Parameters
    ----------
    side
        +1 for longs, −1 for shorts.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self._store = np.empty((5, _ROWS))
        self._count = 0
        never = -np.inf if side > 0 else np.inf
        self._level = np.append(liquidation_price(np.ones(_CLASSES - 1), _LEVERAGE[:-1], side), never)
        self._kept = 1 - np.minimum(HOURLY_CLOSE_SHARE * _LEVERAGE, 0.6)

    @property
    def size(self) -> Floats:
        """Coins of each position."""
        return self._store[0, : self._count]

    @property
    def entry(self) -> Floats:
        """Price each position was opened at."""
        return self._store[1, : self._count]

    @property
    def leverage(self) -> Floats:
        """Leverage each position was opened with; 1 stands for one that cannot be liquidated."""
        return self._store[2, : self._count]

    @property
    def level(self) -> Floats:
        """Liquidation price of each position; infinite on the far side where it has none."""
        return self._store[3, : self._count]

    @property
    def total(self) -> float:
        """Coins open on this side."""
        return float(self.size.sum())

    def open(self, amount: float, price: float) -> None:
        """Add ``amount`` coins at ``price``, spread over the leverage classes."""
        self._add(amount * _SHARES, price, slice(None))

    def open_unlevered(self, amount: float, price: float) -> None:
        """Add ``amount`` coins that cannot be liquidated: who takes the other side of a forced close."""
        self._add(np.array([amount]), price, slice(-1, None))

    def close(self, share: float) -> None:
        """Close a share of every position."""
        self._store[0, : self._count] *= 1 - share

    def close_ordinarily(self) -> None:
        """Close what ordinary accounts close in an hour: the higher the leverage, the shorter a position is held."""
        self._store[0, : self._count] *= self._store[4, : self._count]

    def crossed(self, worst: float) -> npt.NDArray[np.bool_]:
        """Return which positions a price as bad as ``worst`` liquidates."""
        return (self.level >= worst) if self.side > 0 else (self.level <= worst)

    def remove(self, gone: npt.NDArray[np.bool_]) -> None:
        """Take positions away."""
        first = int(np.argmax(gone)) if gone.any() else len(gone)  # what stands before it need not move
        kept = self._store[:, first : self._count][:, ~gone[first:]]
        self._count = first + kept.shape[1]
        self._store[:, first : self._count] = kept

    def fold(self, gone: npt.NDArray[np.bool_]) -> None:
        """Fold positions into one that cannot be liquidated, keeping their sum and mean entry."""
        amount = float(self.size[gone].sum())
        if amount:
            price = float((self.size * self.entry)[gone].sum() / amount)
            self.remove(gone)
            self.open_unlevered(amount, price)

    def tidy(self, least: float) -> None:
        """Fold positions smaller than ``least`` coins into one that cannot be liquidated."""
        self.fold(self.size < least)

    def _add(self, size: Floats, price: float, classes: slice) -> None:
        end = self._count + len(size)
        if end > self._store.shape[1]:
            self._store = np.concatenate([self._store, np.empty_like(self._store)], axis=1)
        place = slice(self._count, end)
        self._store[0, place], self._store[1, place], self._store[2, place] = size, price, _LEVERAGE[classes]
        self._store[3, place], self._store[4, place] = self._level[classes] * price, self._kept[classes]
        self._count = end
