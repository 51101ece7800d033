"""How much a liquidation map knew about *where* liquidations would happen.

A map is scored over the bins that the price swept in a window, with its masses frozen at the window's start. Leakage
bites three ways here. Bins that price never reached hold no liquidations whatever the map said: including them scores
the price path. Bins next to the starting price are swept by almost any path and hold positions opened a moment ago:
leave the first stretch out. And a map that is updated within the window has seen the liquidations it is asked for.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from runout.errors import NotEnoughDataError, UsageError
from runout.scores.arrays import FloatArray, finite, not_negative, require_between, require_equal_lengths
from runout.scores.bootstrap import IndexScheme, resampled_means, stationary_blocks

FLOOR_SHARE: Final = 1e-3
"""Share of a map's mass spread evenly over the swept bins, so that no bin is called impossible."""


class InformationGain(msgspec.Struct, frozen=True):
    """What one window's dollars say about a map against a baseline.

    Parameters
    ----------
    baseline
        Name of the baseline.
    gain_nats_per_usd
        Mean over the realised dollars of ``ln(map's share ÷ baseline's share)`` of the bin each fell in. Above 0 the
        map placed them better. None if no dollar was realised.
    realised_usd
        Dollars liquidated in the swept bins.
    bins
        Count of swept bins.
    """

    baseline: str
    gain_nats_per_usd: float | None
    realised_usd: float
    bins: int


class PooledInformationGain(msgspec.Struct, frozen=True):
    """Information gain over many windows, each dollar counting alike, with its block bootstrap interval.

    Parameters
    ----------
    baseline
        Name of the baseline.
    gain_nats_per_usd
        ``Σ gain · realised ÷ Σ realised``.
    low, high
        Two-sided percentile interval at ``level``.
    level, realised_usd
        Confidence, and the dollars behind it.
    windows, windows_without_realised
        Windows scored, and windows left out because nothing was liquidated in them.
    """

    baseline: str
    gain_nats_per_usd: float
    low: float
    high: float
    level: float
    realised_usd: float
    windows: int
    windows_without_realised: int


def information_gain(
    predicted_usd: npt.ArrayLike,
    baseline_usd: npt.ArrayLike,
    realised_usd: npt.ArrayLike,
    *,
    baseline: str,
    floor_share: float = FLOOR_SHARE,
) -> InformationGain:
    """Return the information gain per dollar of a map against a baseline over the swept bins of one window.

    ``IG = Σ y_j ln( (M_j/ΣM) ÷ (B_j/ΣB) ) / Σ y_j``, with both shares floored: ``(1 − ε) M_j/ΣM + ε/n``.

    Parameters
    ----------
    predicted_usd
        Mass M of the map in each swept bin at the window's start, shape (n,), at least 0. Only shares matter. A map
        without mass here is scored as an even one: leaving its windows out would let it choose them.
    baseline_usd
        Mass B of the baseline in the same bins, shape (n,), at least 0; likewise.
    realised_usd
        Liquidations y in the same bins during the window, shape (n,), at least 0, of the side the map is for.
    baseline
        Name of the baseline.
    floor_share
        ε in [0, 1). Bounds the loss from a bin where a map saw nothing. Bins should be equally wide in log price,
        for the floor is even over bins.

    Returns
    -------
    InformationGain
        In nats per dollar; None if nothing was realised.

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN or negative, or without a floor dollars fell where a map or baseline had
        none.
    NotEnoughDataError
        If there are no bins.

    References
    ----------
    Vere-Jones (1998), Probabilities and information gain for earthquake forecasting; Rhoades et al. (2011), Efficient
    testing of earthquake forecasting models, Acta Geophysica 59.

    Examples
    --------
    >>> gain = information_gain([3, 1], [1, 1], [4, 0], baseline="uniform", floor_share=0)
    >>> round(gain.gain_nats_per_usd, 6)  # ln(3/4 ÷ 1/2)
    0.405465
    """
    predicted, against = not_negative("predicted_usd", predicted_usd), not_negative("baseline_usd", baseline_usd)
    realised = not_negative("realised_usd", realised_usd)
    require_equal_lengths(predicted_usd=predicted, baseline_usd=against, realised_usd=realised)
    if not 0 <= floor_share < 1:
        raise UsageError(f"expected floor_share from 0 to below 1, found {floor_share!r}")
    total, hit = float(np.sum(realised)), realised > 0
    if total == 0:
        return InformationGain(baseline, None, 0.0, len(realised))
    shares = [_floored_shares(mass, floor_share)[hit] for mass in (predicted, against)]
    if any((share == 0).any() for share in shares):
        raise UsageError(
            "expected mass wherever dollars were realised, found a bin without: give a floor_share above 0"
        )
    gain = float(np.sum(realised[hit] / total * np.log(shares[0] / shares[1])))
    return InformationGain(baseline, gain, total, len(realised))


def pool_information_gain(
    windows: Sequence[InformationGain],
    *,
    block_length: float,
    rng: np.random.Generator,
    resamples: int = 2000,
    level: float = 0.9,
    scheme: IndexScheme = stationary_blocks,
) -> PooledInformationGain:
    """Return the information gain over many windows, with a block bootstrap interval.

    Parameters
    ----------
    windows
        In time order, against one baseline. Windows without realised dollars carry no weight and are left out, and
        counted. Dollars are concentrated: a handful of windows may decide, which the interval shows.
    block_length, rng, resamples, scheme
        As in :func:`runout.scores.resampled_means`, in windows that have dollars.
    level
        In (0, 1).

    Returns
    -------
    PooledInformationGain
        In nats per dollar.

    Raises
    ------
    UsageError
        If the windows are against several baselines or a setting is out of range.
    NotEnoughDataError
        With fewer than two windows that have realised dollars.
    """
    require_between("level", level, 0, 1)
    scored = [(w.gain_nats_per_usd, w.realised_usd) for w in windows if w.gain_nats_per_usd is not None]
    if len(scored) < 2:
        raise NotEnoughDataError(f"expected at least 2 windows with realised dollars, found {len(scored)}")
    names = sorted({window.baseline for window in windows})
    if len(names) > 1:
        raise UsageError(f"expected gains against one baseline, found {', '.join(names)}: pool them apart")
    gain, dollars = np.array(scored, dtype=np.float64).T
    sums = np.column_stack([gain * dollars, dollars])
    means = resampled_means(sums, block_length=block_length, rng=rng, resamples=resamples, scheme=scheme)
    low, high = np.quantile(means[:, 0] / means[:, 1], [(1 - level) / 2, (1 + level) / 2]).tolist()
    total = float(np.sum(dollars))
    pooled = float(np.sum(gain * dollars)) / total
    return PooledInformationGain(names[0], pooled, low, high, level, total, len(scored), len(windows) - len(scored))


def lift_at(predicted: npt.ArrayLike, realised: npt.ArrayLike, *, share: float) -> float | None:
    """Return lift@k: the share of what was realised in the top ``share`` of predicted bins, over that share.

    Parameters
    ----------
    predicted
        Mass or any ranking of the swept bins, shape (n,). Bins tied at the edge share the remaining places.
    realised
        What happened in the same bins, shape (n,), at least 0.
    share
        k in (0, 1]; rounded up to whole bins, and the share of whole bins is what is divided by.

    Returns
    -------
    float or None
        1 for a map without information, at most 1/k; None if nothing was realised.

    Raises
    ------
    UsageError
        If lengths differ, a value is NaN, an amount negative or the share out of range.
    NotEnoughDataError
        If there are no bins.

    Examples
    --------
    >>> lift_at([9, 5, 2, 1], [6, 2, 1, 1], share=0.25)
    2.4
    """
    ranking, amount = finite("predicted", predicted), not_negative("realised", realised)
    require_equal_lengths(predicted=ranking, realised=amount)
    if not 0 < share <= 1:
        raise UsageError(f"expected share above 0 and up to 1, found {share!r}")
    total = float(np.sum(amount))
    if total == 0:
        return None
    places = int(np.ceil(share * len(ranking)))
    edge = np.sort(ranking)[len(ranking) - places]
    above, tied = ranking > edge, ranking == edge
    tied_places = (places - int(np.count_nonzero(above))) / int(np.count_nonzero(tied))
    captured = float(np.sum(amount[above])) + float(np.sum(amount[tied])) * tied_places
    return captured / total / (places / len(ranking))


def _floored_shares(mass: FloatArray, floor_share: float) -> FloatArray:
    total, even = float(np.sum(mass)), 1 / len(mass)
    share = mass / total if total > 0 else np.full(len(mass), even)
    return (1 - floor_share) * share + floor_share * even
