"""Arrays as the margin arithmetic accepts them: finite, of the sign their meaning demands, broadcast together."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from runout.errors import UsageError

FloatArray = npt.NDArray[np.float64]
Side = Literal["long", "short"]

LONG = 1
SHORT = -1


def positive(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return ``values`` as finite floats above zero.

    Raises
    ------
    UsageError
        If a value is no number, NaN, infinite, zero or negative.
    """
    array = finite(name, values)
    _require(name, array > 0, array, "values above 0")
    return array


def not_negative(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return ``values`` as finite floats of at least zero.

    Raises
    ------
    UsageError
        If a value is no number, NaN, infinite or negative.
    """
    array = finite(name, values)
    _require(name, array >= 0, array, "values of at least 0")
    return array


def at_least_one(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return ``values`` as finite floats of at least one: leverage.

    Raises
    ------
    UsageError
        If a value is no number, NaN, infinite or below 1.
    """
    array = finite(name, values)
    _require(name, array >= 1, array, "values of at least 1")
    return array


def rates(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return ``values`` as rates in [0, 1).

    Raises
    ------
    UsageError
        If a value is no number, NaN or outside [0, 1).
    """
    array = finite(name, values)
    _require(name, (array >= 0) & (array < 1), array, "fractions in [0, 1): 0.004 is 0.4%")
    return array


def sides(values: npt.ArrayLike) -> FloatArray:
    """Return sides as floats: +1 for a long, −1 for a short.

    Raises
    ------
    UsageError
        If a value is neither.
    """
    array = finite("side", values)
    _require("side", np.abs(array) == 1, array, "+1 (long) or -1 (short)")
    return array


def finite(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return ``values`` as finite floats.

    Raises
    ------
    UsageError
        If a value is no number, NaN or infinite.
    """
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"expected numbers in {name}, found {type(values).__name__}: {error}") from error
    _require(name, np.isfinite(array), array, "finite values")
    return array


def together(**arrays: FloatArray) -> tuple[FloatArray, ...]:
    """Return the arrays broadcast to one shape.

    Raises
    ------
    UsageError
        If their shapes do not fit.
    """
    try:
        return tuple(np.broadcast_arrays(*arrays.values()))
    except ValueError as error:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise UsageError(f"expected arrays of one shape (or scalars), found {shapes}") from error


def _require(name: str, fits: npt.NDArray[np.bool_], array: FloatArray, expected: str) -> None:
    if fits.all():
        return
    wrong = np.flatnonzero(~fits)
    first = array.reshape(-1)[wrong[0]]
    raise UsageError(
        f"expected {expected} in {name}, found {first:g} at position {wrong[0]} ({wrong.size} of {array.size} in all)"
    )
