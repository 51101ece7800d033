"""Parameters that come with the package: what the forecast believes before a lake has totals of its own.

The figures are in ``shipped.toml`` beside this module, with where they come from. All are free of scale: logarithms of
liquidations over open interest, returns, shares.
"""

import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np

from runout.coverage.market_wide_ratio import Coverage, StudentT
from runout.scores.arrays import FloatArray

_LEAST_SHARE = 0.005
"""Share of a coin or venue that the file does not name."""


class Level(msgspec.Struct, frozen=True):
    """What ln(liquidations of 24 h over open interest) is expected to be, and its standard error."""

    mean: float
    error: float


REFERENCE_LEVEL = Level(-6.75, 2.0)
"""Of a scope that nothing is known of."""


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the dynamic regression.

    Parameters
    ----------
    features, features_centre, features_scale
        Names in the design, and what they are standardised by.
    features_mean, features_variance
        Coefficients before any row; variances, here and below, in units of the noise variance.
    weekday_mean, weekday_variance
        Monday to Saturday against Sunday.
    level_drift, weekday_drift, features_drift
        Variance gained in a row.
    persistence, innovation
        Of the deviation: share kept, standard deviation gained.
    saturday_noise
        Variance of a Saturday's noise over that of another day.
    noise, noise_rows, memory
        Standard deviation of the noise before any row, the rows it is worth, share of its evidence kept in a row.
    freedom, skew
        Degrees of freedom of the law; how much wider it is above its mode, and narrower below, as a share.
    """

    features: tuple[str, ...]
    features_centre: tuple[float, ...]
    features_scale: tuple[float, ...]
    features_mean: tuple[float, ...]
    features_variance: tuple[float, ...]
    weekday_mean: tuple[float, ...]
    weekday_variance: float
    level_drift: float
    weekday_drift: float
    features_drift: float
    persistence: float
    innovation: float
    saturday_noise: float
    noise: float
    noise_rows: float
    memory: float
    freedom: float
    skew: float

    def state(self, level: Level) -> tuple[FloatArray, FloatArray]:
        """Return mean and covariance of the state before the first row, fresh arrays; the deviation is last."""
        mean = np.array([level.mean, *self.weekday_mean, *self.features_mean, 0.0])
        resting = self.innovation**2 / (1.0 - self.persistence**2)
        spread = [(level.error / self.noise) ** 2, *[self.weekday_variance] * len(self.weekday_mean)]
        return mean, np.diag([*spread, *self.features_variance, resting])

    def loudness(self, saturday: FloatArray) -> FloatArray:
        """Return the variance of each row's noise in units of the noise variance, by its share of a Saturday."""
        return 1.0 + (self.saturday_noise - 1.0) * saturday

    def drift(self) -> FloatArray:
        """Return the variance that each coefficient gains in a row."""
        parts = [self.level_drift], [self.weekday_drift] * len(self.weekday_mean)
        return np.array([*parts[0], *parts[1], *[self.features_drift] * len(self.features)])


class Shares(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shares of what aggregators report for the whole market, by venue and by coin, of liquidations and open interest.

    ``reference_level`` is ln(liquidations over open interest) of the seven coins, liquidations on Binance, OKX and
    Bybit, open interest everywhere; ``reference_error`` its standard error, ``level_error`` that of another scope.
    ``typical_usd`` is the median day of the whole market, ``alone_error`` the standard error of its logarithm where no
    open interest tells how large the market is.
    """

    venues: dict[str, float]
    coins: dict[str, float]
    interest_venues: dict[str, float]
    interest_coins: dict[str, float]
    reference_level: float
    level_error: float
    reference_error: float
    typical_usd: float
    alone_error: float

    def of_liquidations(self, venues: Iterable[str], coins: Iterable[str]) -> float:
        """Return the share of the whole market's liquidations that a scope is expected to report."""
        return _sum(self.venues, venues) * _sum(self.coins, coins)

    def of_interest(self, venues: Iterable[str], coins: Iterable[str]) -> float:
        """Return the share of the open interest of the seven coins on all venues."""
        return _sum(self.interest_venues, venues) * _sum(self.interest_coins, coins)

    def level(
        self, venues: Iterable[str], coins: Iterable[str], interest_venues: Iterable[str], interest_coins: Iterable[str]
    ) -> Level:
        """Return the expected level of liquidations of a scope over the open interest of another."""
        reference = self.of_liquidations(("binance", "okx", "bybit"), self.coins)
        of_totals = self.of_liquidations(venues, coins) / reference
        of_interest = self.of_interest(interest_venues, interest_coins)
        return Level(self.reference_level + float(np.log(of_totals / of_interest)), self.level_error)

    def level_alone(self, venues: Iterable[str], coins: Iterable[str]) -> Level:
        """Return the expected ln(liquidations, dollars) of a scope where no open interest is known."""
        share = self.of_liquidations(venues, coins)
        return Level(float(np.log(self.typical_usd * share)), self.alone_error)


def _sum(shares: dict[str, float], names: Iterable[str]) -> float:
    return min(sum(1.0 if name == "all" else shares.get(name, _LEAST_SHARE) for name in names), 1.0)


@cache
def shipped_parameters() -> Parameters:
    """Return the parameters of the dynamic regression."""
    return msgspec.convert(_file()["regression"], Parameters)


@cache
def shipped_shares() -> Shares:
    """Return the shares of venues and coins."""
    return msgspec.convert(_file()["shares"], Shares)


@cache
def shipped_ratio() -> Coverage:
    """Return the market-wide total over that of the seven coins on three venues, for who has no totals at all."""
    return Coverage(terms=(msgspec.convert(_file()["ratio"], StudentT),))


@cache
def _file() -> dict[str, dict[str, object]]:
    return tomllib.loads(files("runout.forecast").joinpath("shipped.toml").read_text(encoding="utf-8"))
