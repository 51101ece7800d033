"""Arrays as the cascade accepts them: finite, not negative, and never changed afterwards."""

import numpy as np
import numpy.typing as npt

from runout.errors import UsageError

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def amounts(name: str, values: npt.ArrayLike) -> Floats:
    """Return ``values`` as a read-only array of finite amounts of at least zero.

    Raises
    ------
    UsageError
        If a value is no number, NaN, infinite or negative.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"expected numbers in {name}, found {type(values).__name__}: {error}") from error
    wrong = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))
    if wrong.size:
        raise UsageError(
            f"expected finite amounts of at least 0 in {name}, found {array.reshape(-1)[wrong[0]]:g} at position"
            f" {wrong[0]} ({wrong.size} of {array.size} in all): give sides as separate ladders, not as signs"
        )
    return frozen(array)


def frozen(array: Floats) -> Floats:
    """Return the array, closed to writing: structs that hold it are shared."""
    array.setflags(write=False)
    return array


def number(name: str, value: float, *, least: float = -np.inf, most: float = np.inf) -> float:
    """Return ``value`` if it is a number within bounds, ``inf`` where the bounds allow it.

    Raises
    ------
    UsageError
        If it is NaN or out of bounds.
    """
    if not least <= value <= most:
        raise UsageError(f"expected {name} between {least:g} and {most:g}, found {value!r}")
    return float(value)


def positive(name: str, value: float) -> float:
    """Return ``value`` if it is finite and above zero.

    Raises
    ------
    UsageError
        If it is not.
    """
    if not 0 < value < np.inf:
        raise UsageError(f"expected {name} finite and above 0, found {value!r}")
    return float(value)
