"""Compiled recursions of a self-exciting process with an exponential kernel, O(events). Plain twins: its test."""

import numpy as np
import numpy.typing as npt
from numba import njit  # pyright: ignore[reportUnknownVariableType] - numba has no types

Floats = npt.NDArray[np.float64]


@njit(cache=True, error_model="numpy", nogil=True)
def likelihood(times: Floats, end: float, mu: float, n: float, beta: float) -> tuple[float, float, float, float]:
    """Return the log-likelihood on [0, end] and its derivatives in mu, n and beta.

    Parameters
    ----------
    times
        Shape (events,): increasing, within [0, end].
    end
        Where observation stops.
    mu, n, beta
        Baseline, branching ratio, decay.
    """
    value, by_mu, by_n, by_beta = -mu * end, -end, 0.0, 0.0
    memory, slope, before = 0.0, 0.0, 0.0
    for i in range(len(times)):
        if i > 0:
            gap = times[i] - before
            fade = np.exp(-beta * gap)
            slope = fade * (slope + gap * (1.0 + memory))
            memory = fade * (1.0 + memory)
        before = times[i]
        rate = mu + n * beta * memory
        value += np.log(rate)
        by_mu += 1.0 / rate
        by_n += beta * memory / rate
        by_beta += n * (memory - beta * slope) / rate
        left = end - times[i]
        if beta * left < 40.0:
            fade = np.exp(-beta * left)
            value -= n * (1.0 - fade)
            by_n -= 1.0 - fade
            by_beta -= n * left * fade
        else:
            value -= n
            by_n -= 1.0
    return value, by_mu, by_n, by_beta


@njit(cache=True, error_model="numpy", nogil=True)
def compensator(times: Floats, mu: float, n: float, beta: float) -> Floats:
    """Return the expected number of events between each event and the one before it, the first from 0."""
    expected = np.empty(len(times))
    memory, before = 0.0, 0.0
    for i in range(len(times)):
        gap = times[i] - before
        fade = np.exp(-beta * gap)
        excited = memory + 1.0 if i > 0 else 0.0
        expected[i] = mu * gap + n * excited * (1.0 - fade)
        memory = fade * excited
        before = times[i]
    return expected
