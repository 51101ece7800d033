"""How good predicted log dollars are, and whether one prediction is better than another."""

import msgspec
import numpy as np

from runout.scores import PairedDifference, paired_difference
from runout.scores.arrays import FloatArray

BLOCK_BUCKETS = 18
"""Three days of 4 h."""
RESAMPLES = 2000
LEVEL = 0.95


class Gain(msgspec.Struct, frozen=True):
    """R² of one prediction less that of another over the same buckets, with its paired interval.

    Parameters
    ----------
    mean, low, high
        Differences of R²; above 0 the first is better.
    """

    mean: float
    low: float
    high: float


def r_squared(predicted: FloatArray, realised: FloatArray) -> float:
    """Return ``1 − MSE / variance`` of log dollars; a constant that knew the mean would have 0."""
    return float(1 - ((predicted - realised) ** 2).mean() / realised.var())


def rank_correlation(predicted: FloatArray, realised: FloatArray) -> float:
    """Return Spearman's correlation."""
    from scipy.stats import rankdata  # noqa: PLC0415

    return float(np.corrcoef(rankdata(predicted), rankdata(realised))[0, 1])


def top_decile_ratio(predicted: FloatArray, realised: FloatArray, dollars_each: float) -> float:
    """Return realised over predicted dollars in the tenth of buckets for which most was predicted.

    Parameters
    ----------
    predicted, realised
        Log dollars.
    dollars_each
        Dollars a predicted ``exp(log)`` stands for: the mean of a skewed quantity lies above the exponent of its mean
        logarithm. Fitted out of fold on the training half.
    """
    top = predicted >= np.quantile(predicted, 0.9)
    return float(np.exp(realised[top]).sum() / (dollars_each * np.exp(predicted[top]).sum()))


def allotment_gain(ours: FloatArray, theirs: FloatArray, dollars: FloatArray, *, each: int, seed: int = 0) -> Gain:
    """Return how many nats a dollar more is expected of the bucket it falls into, days drawn anew.

    Parameters
    ----------
    ours, theirs
        What each map crosses by bucket, any unit, shape (buckets,).
    dollars
        Reported, likewise.
    each
        Buckets of a day; what is left over at the end is left out.
    """
    days = len(dollars) // each
    paid = dollars[: days * each].reshape(days, each)
    logs = [np.log(_shares(one[: days * each].reshape(days, each))) for one in (ours, theirs)]
    better, whole = (paid * (logs[0] - logs[1])).sum(axis=1), paid.sum(axis=1)
    drawn = np.random.default_rng(seed).integers(0, days, (RESAMPLES, days))
    low, high = np.quantile(better[drawn].sum(axis=1) / whole[drawn].sum(axis=1), [0.025, 0.975]).tolist()
    return Gain(mean=float(better.sum() / whole.sum()), low=low, high=high)


def _shares(crossed: FloatArray) -> FloatArray:
    floor = 0.05 * crossed.mean() + 1e-12
    return (crossed + floor) / (crossed + floor).sum(axis=1, keepdims=True)


def gain(ours: FloatArray, theirs: FloatArray, realised: FloatArray, *, seed: int = 0) -> Gain:
    """Return how much R² ``ours`` has above ``theirs``, by stationary bootstrap of paired squared errors.

    Blocks are of three days on average. The variance of the realised is held at its value: what is resampled is the
    difference of squared errors over it.
    """
    found: PairedDifference = paired_difference(
        (ours - realised) ** 2 / realised.var(),
        (theirs - realised) ** 2 / realised.var(),
        block_length=BLOCK_BUCKETS,
        rng=np.random.default_rng(seed),
        resamples=RESAMPLES,
        level=LEVEL,
    )
    return Gain(mean=-found.mean, low=-found.high, high=-found.low)
