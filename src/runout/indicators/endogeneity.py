r"""How much of a run of liquidations is set off by liquidations: two estimates of the branching ratio n.

n is the mean number of events that one event sets off directly; of all events the share n is endogenous, and at n = 1
nothing would ever end. It is a check on the liquidation-to-depth ratio of the cascade, from another side.

Both estimates are inflated by anything else that makes events come in groups: hours of the day, trends, news. Hence
every estimate carries the names of the checks that it fails (``problems``): an estimate with problems is an upper bound
at best.
"""

from enum import StrEnum

import msgspec
import numpy as np

from runout.errors import NotEnoughDataError, UsageError
from runout.indicators.windows import Floats, Times

SECOND = 1_000_000_000
LEAST_EVENTS = 200
LEAST_WINDOWS = 100
JACKKNIFE_BLOCKS = 20
TIE_SHARE = 0.02
LEVEL = 0.01
LIKELIHOOD_RATIO = 9.21  # 1% of a chi-square of two degrees of freedom: n and β


class Problem(StrEnum):
    """A check that an estimate of the branching ratio fails."""

    TIES = "events share their time stamps: spread them over the resolution of the feed first"
    RESIDUALS = "an exponential kernel does not fit: the compensated gaps are not exponential"
    CRITICAL = "at the edge of what can be estimated: the process is hardly stationary"
    MEMORY = "the window is not much longer than the memory: longer windows give another value"
    DRIFT = "both halves give different values: a trend, or two regimes"
    CONSTANT = "no better than a constant rate: the ratio may as well be zero"
    FEW = "few windows or few events in each"


class HawkesFit(msgspec.Struct, frozen=True, kw_only=True):
    """A self-exciting process fitted to events.

    Parameters
    ----------
    branching_ratio
        n.
    baseline_per_second
        μ: events that come from outside.
    half_life_seconds
        Of the excitement that one event leaves, ln 2 / β.
    log_likelihood
        In nats, at the optimum.
    gain
        Nats per event over a constant rate.
    events
        How many events the fit has seen.
    residual_distance, residual_p
        Kolmogorov distance of the compensated gaps from the unit exponential, and how often it would be as large if the
        process were such a one (generous, since the parameters were fitted to the same events).
    problems
        Checks that fail.
    """

    branching_ratio: float
    baseline_per_second: float
    half_life_seconds: float
    log_likelihood: float
    gain: float
    events: int
    residual_distance: float
    residual_p: float
    problems: tuple[Problem, ...]


class CountRatio(msgspec.Struct, frozen=True, kw_only=True):
    """The branching ratio from counts alone.

    Parameters
    ----------
    branching_ratio
        n; 0 where counts vary no more than those of a constant rate.
    standard_error
        Jackknife over twenty stretches.
    longer_window_ratio
        The same with windows three times as long.
    windows, mean_count
        How many windows, and events in one.
    problems
        Checks that fail.
    """

    branching_ratio: float
    standard_error: float
    longer_window_ratio: float
    windows: int
    mean_count: float
    problems: tuple[Problem, ...]


def hawkes(times: Times, start: int, end: int) -> HawkesFit:
    r"""Return the maximum-likelihood fit of a Hawkes process with an exponential kernel.

    .. math:: \lambda(t) = \mu + \sum_{t_i < t} n \beta e^{-\beta (t - t_i)}

    .. math:: \ln L = -\mu T + \sum_i \left[\ln(\mu + n\beta A_i) - n (1 - e^{-\beta(T - t_i)})\right],\qquad
              A_i = e^{-\beta (t_i - t_{i-1})} (1 + A_{i-1})

    Parameters
    ----------
    times
        Shape (events,): UTC ns, increasing, each event of a feed that reports all of them. A capped feed hides the very
        events that come close together, and the ratio with them.
    start, end
        Of the time observed, UTC ns.

    Raises
    ------
    NotEnoughDataError
        Below 200 events.
    UsageError
        If times decrease or lie outside.

    References
    ----------
    Hawkes (1971); Ozaki (1979) for the recursion; Filimonov and Sornette (2012), with the critique of 2015.
    """
    seconds = _seconds(times, start, end)
    span = (end - start) / SECOND
    value, mu, n, beta = _best(seconds, span)
    distance, chance = _residuals(seconds, mu, n, beta)
    rate = len(seconds) / span
    gain = value / len(seconds) - float(np.log(rate)) + 1
    ties = float((np.diff(seconds) == 0).mean())
    results = (
        (Problem.TIES, ties > TIE_SHARE),
        (Problem.RESIDUALS, chance < LEVEL),
        (Problem.CRITICAL, n > 0.98),
        (Problem.CONSTANT, 2 * gain * len(seconds) < LIKELIHOOD_RATIO),
    )
    return HawkesFit(
        branching_ratio=n,
        baseline_per_second=mu,
        half_life_seconds=float(np.log(2) / beta),
        log_likelihood=value,
        gain=gain,
        events=len(seconds),
        residual_distance=distance,
        residual_p=chance,
        problems=tuple(problem for problem, fails in results if fails),
    )


def count_ratio(times: Times, start: int, end: int, *, window: int) -> CountRatio:
    r"""Return the branching ratio from the spread of counts in windows much longer than the memory.

    .. math:: n \approx 1 - \sqrt{\operatorname{mean} / \operatorname{variance}}

    Parameters
    ----------
    times
        Shape (events,): UTC ns, increasing, of a feed that reports all of them.
    start, end
        Of the time observed, UTC ns.
    window
        Nanoseconds. The estimate is of order ``1 / (β (1 − n) window)`` too low.

    Raises
    ------
    NotEnoughDataError
        Below 200 events or 60 windows.
    UsageError
        If times decrease or lie outside, or the window is not positive.

    References
    ----------
    Hardiman and Bouchaud (2014), Branching-ratio approximation for the self-exciting Hawkes process, arXiv 1403.5227.
    """
    if window <= 0:
        raise UsageError(f"expected a window above 0 ns, found {window}")
    _seconds(times, start, end)
    count = (end - start) // window
    if count < 3 * JACKKNIFE_BLOCKS:
        raise NotEnoughDataError(f"expected at least {3 * JACKKNIFE_BLOCKS} windows, found {count}: shorten the window")
    counts = np.bincount((times[times < start + count * window] - start) // window, minlength=count).astype(np.float64)
    ratio, error = _ratio(counts), _jackknife(counts)
    longer = _ratio(counts[: count // 3 * 3].reshape(-1, 3).sum(axis=1))
    halves = [_ratio(half) for half in np.array_split(counts, 2)]
    # A window too short shows as a ratio that still grows; the noise of a third of the windows does not.
    results = (
        (Problem.MEMORY, longer - ratio > 0.05 + 2 * error),
        (Problem.DRIFT, abs(halves[0] - halves[1]) > 0.1 + 2 * np.sqrt(2) * error),
        (Problem.FEW, count < LEAST_WINDOWS or counts.mean() < 5),
        (Problem.CRITICAL, ratio > 0.98),
    )
    return CountRatio(
        branching_ratio=ratio,
        standard_error=error,
        longer_window_ratio=longer,
        windows=int(count),
        mean_count=float(counts.mean()),
        problems=tuple(problem for problem, fails in results if fails),
    )


def _seconds(times: Times, start: int, end: int) -> Floats:
    if len(times) < LEAST_EVENTS:
        raise NotEnoughDataError(f"expected at least {LEAST_EVENTS} events, found {len(times)}: take a longer span")
    if (np.diff(times) < 0).any() or times[0] < start or times[-1] > end:
        raise UsageError("expected events in order and between start and end")
    return (times - start) / SECOND


def _best(seconds: Floats, span: float) -> tuple[float, float, float, float]:
    """Return (log-likelihood, μ, n, β) of the best of three starts: the surface may have a ridge."""
    from scipy.optimize import minimize  # noqa: PLC0415 - slow to load

    from runout.kernels.hawkes import likelihood  # noqa: PLC0415 - numba takes over a second to load

    def loss(logarithms: Floats) -> tuple[float, Floats]:
        parameters = np.exp(logarithms)
        value, *slopes = likelihood(seconds, span, *parameters)
        return -value / len(seconds), -np.array(slopes) * parameters / len(seconds)

    rate = len(seconds) / span
    bounds = [
        (np.log(rate * 1e-6), np.log(rate * 2)),
        (np.log(1e-6), np.log(1.5)),
        (np.log(1 / span), np.log(rate * 1e6)),
    ]
    starts = [np.log([rate / 2, 0.5, rate * times]) for times in (0.1, 1.0, 10.0)]
    fits = [minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds) for start in starts]
    best = fits[int(np.argmin([float(fit.fun) for fit in fits]))]
    mu, n, beta = (float(item) for item in np.exp(best.x))
    return -float(best.fun) * len(seconds), mu, n, beta


def _residuals(seconds: Floats, mu: float, n: float, beta: float) -> tuple[float, float]:
    from scipy.special import kolmogorov  # noqa: PLC0415 - slow to load

    from runout.kernels.hawkes import compensator  # noqa: PLC0415 - numba takes over a second to load

    uniform = np.sort(1 - np.exp(-compensator(seconds, mu, n, beta)))
    place = np.arange(len(uniform) + 1) / len(uniform)
    distance = float(max((place[1:] - uniform).max(), (uniform - place[:-1]).max()))
    return distance, float(kolmogorov(np.sqrt(len(uniform)) * distance))


def _ratio(counts: Floats) -> float:
    variance = float(counts.var(ddof=1))
    return max(0.0, 1 - float(np.sqrt(counts.mean() / variance))) if variance > 0 else 0.0


def _jackknife(counts: Floats) -> float:
    blocks = np.array_split(np.arange(len(counts)), JACKKNIFE_BLOCKS)
    left = np.array([_ratio(np.delete(counts, block)) for block in blocks])
    return float(np.sqrt((len(left) - 1) * left.var()))
