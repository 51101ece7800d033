"""Is one forecast better than another, given that its errors come in runs? Block bootstrap of paired losses.

Losses of neighbouring origins are dependent: windows overlap and regimes last. Resampling single cases would treat
them as independent and make almost any difference look certain; blocks keep the runs whole.
"""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from runout.errors import NotEnoughDataError, UsageError
from runout.scores.arrays import FloatArray, IntArray, finite, require_between, require_equal_lengths

_CELLS_AT_ONCE: Final = 1_000_000


class PairedDifference(msgspec.Struct, frozen=True):
    """Mean difference of two forecasts' losses over the same cases; below 0 the first is better.

    Parameters
    ----------
    mean
        Mean of ``loss − reference loss``.
    low, high
        Two-sided percentile interval of it at ``level``.
    upper_bound
        One-sided: at confidence ``level`` the mean difference lies below this. Below 0, the first is better.
    standard_error
        Standard deviation of the resampled means.
    level, block_length, resamples, cases
        How it was computed. ``cases / block_length`` is about the number of independent pieces of evidence.
    """

    mean: float
    low: float
    high: float
    upper_bound: float
    standard_error: float
    level: float
    block_length: float
    resamples: int
    cases: int


def stationary_blocks(cases: int, resamples: int, block_length: float, rng: np.random.Generator) -> IntArray:
    """Return resampled positions in blocks of geometric length with mean ``block_length``, wrapping at the end.

    Parameters
    ----------
    cases, resamples
        Shape of the result is (resamples, cases).
    block_length
        Mean length of a block, in cases, at least 1.
    rng
        Source of randomness.

    References
    ----------
    Politis and Romano (1994), The stationary bootstrap, JASA 89.
    """
    start = rng.integers(0, cases, size=(resamples, cases))
    begins = rng.random((resamples, cases)) < 1 / block_length
    position = np.arange(cases)
    begun_at = np.maximum.accumulate(np.where(begins, position, 0), axis=1)
    return (np.take_along_axis(start, begun_at, axis=1) + position - begun_at) % cases


def resampled_means(
    values: npt.ArrayLike,
    *,
    block_length: float,
    rng: np.random.Generator,
    resamples: int = 2000,
) -> FloatArray:
    """Return the means of block-resampled cases.

    Parameters
    ----------
    values
        In time order, shape (n,), or (n, k) for k quantities that are resampled together (numerator and denominator
        of a ratio).
    block_length
        In cases, at least 1 and at most n; no shorter than the overlap of the targets (72 for three days of hourly
        origins). Blocks are those of :func:`stationary_blocks`.
    rng
        Source of randomness; the same seed gives the same means.
    resamples
        Count of resamples.

    Returns
    -------
    numpy.ndarray
        Shape (resamples,) or (resamples, k).

    Raises
    ------
    UsageError
        If a value is NaN, or the block length or count of resamples is out of range.
    NotEnoughDataError
        With fewer than two cases.
    """
    array = finite("values", values, dimensions=(1, 2))
    cases = len(array)
    _require_blocks(cases, block_length, resamples)
    at_once = max(1, _CELLS_AT_ONCE // array.size)
    pieces = [
        np.mean(array[stationary_blocks(cases, min(at_once, resamples - done), block_length, rng)], axis=1)
        for done in range(0, resamples, at_once)
    ]
    return np.concatenate(pieces)


def paired_difference(
    losses: npt.ArrayLike,
    reference_losses: npt.ArrayLike,
    *,
    block_length: float,
    rng: np.random.Generator,
    resamples: int = 2000,
    level: float = 0.9,
) -> PairedDifference:
    """Return the mean difference of two forecasts' losses with its block bootstrap interval.

    Parameters
    ----------
    losses, reference_losses
        Losses of both forecasts for the same cases in time order, shape (n,), lower is better. Leakage: of several
        candidates, the best on these cases is chosen by these cases, and its interval is too good; choose on earlier
        ones.
    block_length, rng, resamples
        As in :func:`resampled_means`.
    level
        In (0, 1).

    Returns
    -------
    PairedDifference
        With interval, one-sided bound and standard error. Somewhat short with dependent losses: simulated
        autoregressions gave, for a nominal 90%, 88% (250 independent cases, blocks of 5), 86% (1000 cases with
        autocorrelation 0.6, blocks of 30), 84% (300 of those, blocks of 20) and 81% (2400 with 0.95, blocks of 72).

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN, or a setting is out of range.
    NotEnoughDataError
        With fewer than two cases.

    References
    ----------
    Politis and Romano (1994), The stationary bootstrap, JASA 89.
    """
    ours, others = finite("losses", losses), finite("reference_losses", reference_losses)
    require_equal_lengths(losses=ours, reference_losses=others)
    require_between("level", level, 0, 1)
    difference = ours - others
    means = resampled_means(difference, block_length=block_length, rng=rng, resamples=resamples)
    low, high, upper_bound = np.quantile(means, [(1 - level) / 2, (1 + level) / 2, level]).tolist()
    return PairedDifference(
        mean=float(np.mean(difference)),
        low=low,
        high=high,
        upper_bound=upper_bound,
        standard_error=float(np.std(means)),
        level=level,
        block_length=block_length,
        resamples=resamples,
        cases=len(difference),
    )


def _require_blocks(cases: int, block_length: float, resamples: int) -> None:
    if cases < 2:
        raise NotEnoughDataError(f"expected at least 2 cases to resample, found {cases}")
    if not 1 <= block_length <= cases:
        raise UsageError(f"expected a block length from 1 to the {cases} cases, found {block_length!r}")
    if resamples < 1:
        raise UsageError(f"expected at least 1 resample, found {resamples}")
