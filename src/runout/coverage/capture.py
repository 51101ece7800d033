r"""What a capped feed leaves out: totals of liquidations estimated from the one report a second that it shows.

In each second a Poisson number N of liquidations happens, at a rate λ that is constant within a minute; their sizes X
follow one law F, of which nothing is assumed. The feed shows the largest of a second, or any one of them.

*Largest.* Seen from the largest size downwards, the first size met in a second is the one reported: met at ``x`` at the
rate :math:`\lambda\,dF(x)`. So reports are lifetimes, seconds without one are censored at zero, and minutes differ by a
factor: a proportional hazards model, solved in turns,

.. math::
    d\hat F(m_i) = \Big/\!\!\sum_{s:\,\max_s \le m_i}\!\! \lambda_s, \qquad
    \hat\lambda_b = \frac{k_b}{(n_b - k_b) + \sum_{i \in b} (1 - \hat F(m_i^-))}

with k reports in the n seconds of minute b. Given its report m, a second holds in the mean
:math:`m + \lambda \int_0^{m} x\,dF(x)`: what lies above what was seen is never asked for.

*One.* Reports are a sample of F, and the rate follows from the seconds without any,
:math:`\hat\lambda = -\ln(1 - k/n)`. A minute in which every second reports says only that the rate was high: such
minutes are counted as *saturated*, and a total that hangs on them is a guess.

Assumptions: liquidations of a minute come independently; sizes do not change with the rate. Where large ones come
together the estimate is too low.

References
----------
Breslow (1974), Biometrics 30, 89 (the baseline of a proportional hazards model); Rubin (1981), Annals of Statistics 9,
130 (the weights of the draws).
"""

from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from runout.clock import NANOSECONDS_PER_DAY, NANOSECONDS_PER_MINUTE, NANOSECONDS_PER_SECOND
from runout.errors import UsageError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Rule = Literal["largest", "one"]
SECONDS: Final = NANOSECONDS_PER_MINUTE // NANOSECONDS_PER_SECOND
BURST_MINUTES: Final = 30
DRAWS: Final = 200
LEVEL: Final = 0.9
_TURNS: Final = 300
_SETTLED: Final = 1e-6


class _Reports(NamedTuple):
    """One report for each second that has any, largest first."""

    value_usd: FloatArray
    minute: IntArray
    """Place of its minute among those with reports."""
    period: IntArray
    seconds: FloatArray
    """Seconds of each minute that report."""
    burst: IntArray
    """Place of the half hour among those with reports: sizes of one burst are alike, so they are weighted together."""


def corrected_totals(
    event_time: IntArray,
    value_usd: FloatArray,
    *,
    since: int,
    until: int,
    rule: Rule,
    rng: np.random.Generator,
    period: int = NANOSECONDS_PER_DAY,
) -> pl.DataFrame:
    """Return the total of each period as reported, and as estimated with a central interval of 90%.

    Parameters
    ----------
    event_time
        Of each report of one venue and coin, UTC ns.
    value_usd
        Dollars; of several in one second the largest counts.
    since, until
        The time in which the feed was listened to, UTC ns; whole periods.
    rule
        Which of a second's liquidations the feed shows.
    rng
        For the interval: weights on reports, rates of minutes, and what was not seen are drawn.
    period
        Length of what is summed, ns.

    Returns
    -------
    polars.DataFrame
        ``event_time`` (end of the period), ``reported_usd``, ``total_usd``, ``low_usd``, ``high_usd``,
        ``saturated_share``: share of the reported dollars in minutes of which every second reports.

    Raises
    ------
    UsageError
        If the time is not whole periods, reports lie outside it, or are not above zero.
    """
    _require_sound(event_time, value_usd, since=since, until=until, period=period)
    periods = (until - since) // period
    ends = since + period * np.arange(1, periods + 1)
    empty = {name: np.zeros(periods) for name in ("reported_usd", "total_usd", "low_usd", "high_usd")}
    if not len(event_time):
        return pl.DataFrame({"event_time": ends, **empty, "saturated_share": np.zeros(periods)})
    reports = _reports(event_time, value_usd, since, period)
    reported = _by_period(reports, reports.value_usd, periods)
    excess = _largest if rule == "largest" else _one_report_a_second
    mean, drawn = excess(reports, periods, rng)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    full = np.where(reports.seconds[reports.minute] == SECONDS, reports.value_usd, 0.0)
    share = np.divide(_by_period(reports, full, periods), reported, out=np.zeros(periods), where=reported > 0.0)
    return pl.DataFrame({
        "event_time": ends, "reported_usd": reported, "total_usd": reported + mean, "low_usd": reported + low,
        "high_usd": reported + high, "saturated_share": share,
    })  # fmt: skip


def largest_of_each_second(event_time: IntArray, value_usd: FloatArray) -> IntArray:
    """Return the rows that a feed of the largest of each second would show, in time order.

    Examples
    --------
    >>> largest_of_each_second(np.array([1, 2, 1_000_000_001]), np.array([5.0, 7.0, 1.0])).tolist()
    [1, 2]
    """
    second = event_time // NANOSECONDS_PER_SECOND
    order = np.lexsort((-value_usd, second))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = np.diff(second[order]) > 0
    return order[first].astype(np.int64)


def _require_sound(event_time: IntArray, value_usd: FloatArray, *, since: int, until: int, period: int) -> None:
    if until <= since or (until - since) % period or period % NANOSECONDS_PER_MINUTE:
        raise UsageError(f"expected whole periods of whole minutes between {since} and {until}, found {period} ns")
    if len(event_time) and not (since <= event_time.min() and event_time.max() < until and value_usd.min() > 0.0):
        raise UsageError("expected reports inside the time listened to, each above zero dollars, found others")


def _reports(event_time: IntArray, value_usd: FloatArray, since: int, period: int) -> _Reports:
    shown = largest_of_each_second(event_time, value_usd)
    rows = shown[np.argsort(-value_usd[shown], kind="stable")]
    after = event_time[rows] - since
    _, minute, count = np.unique(after // NANOSECONDS_PER_MINUTE, return_inverse=True, return_counts=True)
    _, burst = np.unique(after // (BURST_MINUTES * NANOSECONDS_PER_MINUTE), return_inverse=True)
    return _Reports(value_usd[rows], minute, after // period, count.astype(np.float64), burst)


def _weights(reports: _Reports, rng: np.random.Generator) -> FloatArray:
    """Draw a weight for each report, alike within a burst."""
    return rng.exponential(size=int(reports.burst.max()) + 1)[reports.burst]


def _by_period(reports: _Reports, amount: FloatArray, periods: int) -> FloatArray:
    return np.bincount(reports.period, amount, minlength=periods).astype(np.float64)


# -- the largest of each second ---------------------------------------------------------------------------------------


def _largest(reports: _Reports, periods: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return what is not seen of each period, and draws of it, shape (draws, periods)."""
    rate, weight = -np.log1p(-reports.seconds / (SECONDS + 1)), np.ones(len(reports.value_usd))
    for _ in range(_TURNS):
        law = _law(reports, rate, weight)
        renewed = reports.seconds / _exposure(reports, law)
        scale = law.sum()
        settled = np.abs(renewed * scale / rate - 1.0).max() < _SETTLED
        rate = renewed * scale
        if settled:
            break
    law = _law(reports, rate, weight)
    mean, _ = _unseen(reports, _elsewhere(reports, reports.seconds - 1.0, law), law, periods)
    return mean, np.stack([_drawn(reports, rate, periods, rng) for _ in range(DRAWS)])


def _law(reports: _Reports, rate: FloatArray, weight: FloatArray) -> FloatArray:
    """Return dF at each report: its weight over the rates of the seconds whose largest is no larger."""
    whole = rate.sum() * SECONDS
    above = np.cumsum(rate[reports.minute])
    return weight / (whole - above + rate[reports.minute])


def _exposure(reports: _Reports, law: FloatArray) -> FloatArray:
    """Return for each minute the sum over its seconds of the law above what was reported, all of it where nothing."""
    above = np.cumsum(law)
    return (SECONDS - reports.seconds) * above[-1] + np.bincount(reports.minute, above)


def _elsewhere(reports: _Reports, count: FloatArray, law: FloatArray) -> FloatArray:
    """Return for each report the rate of its minute as the other seconds tell it.

    Were it told by its own second too, minutes that happen to have a report would seem busier than they are. Where
    most seconds report, the exposure is what is random, and the mean of its inverse is one report in as many too high.
    """
    exposure = _exposure(reports, law)[reports.minute] - np.cumsum(law)
    unbiased = (count * (1.0 - 1.0 / SECONDS))[reports.minute]
    return unbiased / np.maximum(exposure, law.sum() / SECONDS)


def _unseen(reports: _Reports, rate: FloatArray, law: FloatArray, periods: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of what each period's seconds hold beside their reports."""
    moments = (law * reports.value_usd, law * reports.value_usd**2)
    below = (moment.sum() - np.cumsum(moment) for moment in moments)
    mean, variance = (_by_period(reports, rate * np.maximum(item, 0.0), periods) for item in below)
    return mean, variance


def _drawn(reports: _Reports, rate: FloatArray, periods: int, rng: np.random.Generator) -> FloatArray:
    law = _law(reports, rate, _weights(reports, rng))
    others = np.where(reports.seconds > 1.0, rng.gamma(np.maximum(reports.seconds - 1.0, 1.0)), 0.0)
    mean, variance = _unseen(reports, _elsewhere(reports, others, law), law, periods)
    return _scattered(mean, variance, rng)


def _scattered(mean: FloatArray, variance: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw totals of this mean and variance: a gamma law, since they are sums of sizes above zero."""
    seen = (mean > 0.0) & (variance > 0.0)
    shape = np.where(seen, mean, 1.0) ** 2 / np.where(seen, variance, 1.0)
    return np.where(seen, rng.gamma(shape) * np.where(seen, mean, 1.0) / shape, mean)


# -- any one of each second -------------------------------------------------------------------------------------------


def _one_report_a_second(reports: _Reports, periods: int, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Return the median of what is not seen, and draws of it.

    The rate is that of the other seconds of a minute: its own would make every minute with a report seem busier than it
    is. Where none is silent its law has a median and hardly a mean.
    """
    drawn = np.empty((DRAWS, periods))
    for row in range(DRAWS):
        silent = rng.beta(SECONDS - reports.seconds + 0.5, np.maximum(reports.seconds - 1.0, 1e-3))
        drawn[row] = _scattered(*_others(reports, -np.log(silent), _weights(reports, rng), periods), rng)
    return np.median(drawn, axis=0).astype(np.float64), drawn


def _others(reports: _Reports, rate: FloatArray, weight: FloatArray, periods: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and variance of what each period's seconds with a report hold beside it."""
    first, second = (float((weight * reports.value_usd**power).sum() / weight.sum()) for power in (1, 2))
    # Of n given that there is one: mean λ/(1 − e^−λ), and the variance of a Poisson number bounds that of the others.
    safe = np.maximum(rate, 1e-9)
    others = safe / -np.expm1(-safe) - 1.0
    count = _by_period(reports, others[reports.minute], periods)
    return count * first, count * second
