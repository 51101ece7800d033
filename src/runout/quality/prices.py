"""The price that other figures are held against, taken from whichever bars of the lake cover the moment."""

import msgspec
import numpy as np

from runout.quality.audit_findings import Times, Values
from runout.quality.quantity_series import Observed, Track, at, column

_MARKETS = ("perpetual", "all-derivatives", "futures", "spot")


class Prices(msgspec.Struct, frozen=True):
    """Closing prices by coin, the finest perpetual bars first."""

    by_coin: dict[str, tuple[tuple[str, Track], ...]]

    def close(self, coin: str, times: Times, *, besides: str = "") -> Values:
        """Return the close of ``coin`` at these moments, NaN where no bar ends; the series ``besides`` is not asked."""
        results = np.full(len(times), np.nan)
        for name, track in self.by_coin.get(coin, ()):
            if name != besides:
                results = np.where(np.isnan(results), at(track, times), results)
        return results


def prices(observed: list[Observed]) -> Prices:
    """Collect the bars of a lake as prices."""
    by_coin: dict[str, list[Observed]] = {}
    for item in observed:
        if item.series.kind == "bars":
            by_coin.setdefault(item.series.coin, []).append(item)
    return Prices(
        {
            coin: tuple((entry.series.series, column(entry, "close")) for entry in sorted(group, key=_preference))
            for coin, group in by_coin.items()
        }
    )


def _preference(observed: Observed) -> tuple[int, int, str]:
    series = observed.series
    market = _MARKETS.index(series.market) if series.market in _MARKETS else len(_MARKETS)
    return market, series.step, series.series
