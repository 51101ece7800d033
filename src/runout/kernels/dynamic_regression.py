"""One pass of a dynamic linear regression with an unknown, slowly changing noise variance."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LARGEST_SURPRISE = 16.0
"""Squared standardised error beyond which an error says no more of the variance: four deviations."""


def filter_rows(
    rows: Floats,
    target: Floats,
    loudness: Floats,
    mean: Floats,
    covariance: Floats,
    drift: Floats,
    persistence: float,
    innovation: float,
    memory: float,
    noise: float,
    counted: float,
) -> tuple[Floats, Floats, Floats, float]:
    """Predict each row from the targets before it, then learn from its own; a NaN target teaches nothing.

    The state is one coefficient a column and, last, a deviation that returns to zero; variances are in units of the
    noise variance.

    Parameters
    ----------
    rows
        Regressors, shape (n, p).
    target
        Shape (n,).
    loudness
        Variance of each row's noise in units of the noise variance, shape (n,).
    mean, covariance
        Of the state before the first row, shapes (p + 1,) and (p + 1, p + 1); changed in place to those after the last.
    drift
        Variance that each coefficient gains a row, shape (p,).
    persistence, innovation
        Of the deviation: share kept a row, variance gained a row.
    memory, noise, counted
        Share of the noise variance's evidence kept a row, the variance before the first row, and how many rows it is
        worth.

    Returns
    -------
    tuple
        Of each row the predicted mean, the variance of that mean, and the variance of the noise, shapes (n,); last how
        many rows the noise variance is worth at the end.
    """
    count, columns = rows.shape
    design = np.column_stack([rows, np.ones(count)])
    location, uncertainty, noises = np.empty(count), np.empty(count), np.empty(count)
    diagonal = covariance.reshape(-1)[:: columns + 2][:columns]  # a view: the covariance is contiguous
    for i in range(count):
        mean[columns] *= persistence
        covariance[columns] *= persistence
        covariance[:, columns] *= persistence
        covariance[columns, columns] += innovation
        diagonal += drift
        gain = covariance @ design[i]
        predicted, spread = float(design[i] @ mean), float(design[i] @ gain)
        location[i], uncertainty[i], noises[i] = predicted, spread * noise, loudness[i] * noise
        if np.isfinite(target[i]):
            error, width = target[i] - predicted, spread + loudness[i]
            surprise = error * error / (width * noise)
            mean += gain * (error / width)
            covariance -= np.outer(gain, gain) / width
            counted = memory * counted + 1.0
            noise += noise / counted * (min(surprise, LARGEST_SURPRISE) - 1.0)
    return location, uncertainty, noises, counted
