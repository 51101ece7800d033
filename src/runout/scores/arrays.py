"""Arrays as the scores accept them: finite, of equal length, not empty.

NaN is refused and never skipped: a case dropped in silence is a case that the forecast is not answerable for.
"""

import numpy as np
import numpy.typing as npt

from runout.errors import NotEnoughDataError, UsageError

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


def finite(name: str, values: npt.ArrayLike, *, dimensions: tuple[int, ...] = (1,)) -> FloatArray:
    """Return ``values`` as a float array that is not empty and holds no NaN or infinity.

    Raises
    ------
    UsageError
        If the values are no numbers, not finite or of another dimension.
    NotEnoughDataError
        If there are none.
    """
    array = _numbers(name, values)
    if array.ndim not in dimensions:
        raise UsageError(f"expected {name} of {_either(dimensions)} dimension(s), found shape {array.shape}")
    if array.size == 0:
        raise NotEnoughDataError(f"expected at least one value in {name}, found none: score a period that has cases")
    wrong = np.flatnonzero(~np.isfinite(array))
    if wrong.size:
        raise UsageError(
            f"expected finite values in {name}, found {wrong.size} that are not, the first at position {wrong[0]}:"
            " leave such cases out before scoring, and count them"
        )
    return array


def probabilities(name: str, values: npt.ArrayLike) -> FloatArray:
    """Return ``values`` as probabilities, shape (n,).

    Raises
    ------
    UsageError
        If a value is NaN or outside [0, 1].
    NotEnoughDataError
        If there are none.
    """
    array = finite(name, values)
    wrong = np.flatnonzero((array < 0) | (array > 1))
    if wrong.size:
        raise UsageError(
            f"expected {name} in [0, 1], found {array[wrong[0]]:g} at position {wrong[0]} ({wrong.size} in all):"
            " give probabilities, not percent or log odds"
        )
    return array


def outcomes(name: str, values: npt.ArrayLike) -> BoolArray:
    """Return ``values`` as events that happened or not, shape (n,); 0 and 1 are taken for false and true.

    Raises
    ------
    UsageError
        If a value is neither 0 nor 1.
    NotEnoughDataError
        If there are none.
    """
    array = finite(name, values)
    wrong = np.flatnonzero((array != 0) & (array != 1))
    if wrong.size:
        raise UsageError(
            f"expected 0 or 1 in {name}, found {array[wrong[0]]:g} at position {wrong[0]} ({wrong.size} in all):"
            " compare the quantity with its threshold first"
        )
    return array == 1


def times(name: str, values: npt.ArrayLike) -> IntArray:
    """Return ``values`` as UTC nanoseconds, int64, shape (n,).

    Raises
    ------
    UsageError
        If the values are not integers (floats lose nanoseconds) or not of one dimension.
    NotEnoughDataError
        If there are none.
    """
    array = np.asarray(values)
    if array.size == 0:
        raise NotEnoughDataError(f"expected at least one time in {name}, found none")
    if not np.issubdtype(array.dtype, np.integer) or array.ndim != 1:
        raise UsageError(
            f"expected {name} as int64 UTC nanoseconds of shape (n,), found {array.dtype} of shape {array.shape}"
        )
    return array.astype(np.int64)


def require_equal_lengths(**arrays: npt.NDArray[np.generic]) -> None:
    """Raise unless all arrays have as many cases.

    Raises
    ------
    UsageError
        If they do not.
    """
    lengths = {name: len(array) for name, array in arrays.items()}
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise UsageError(f"expected arrays of equal length, found {each}: join them on their key before scoring")


def require_between(name: str, value: float, low: float, high: float) -> None:
    """Raise unless ``low < value < high``.

    Raises
    ------
    UsageError
        If it is not.
    """
    if not low < value < high:
        raise UsageError(f"expected {name} between {low:g} and {high:g} (both excluded), found {value!r}")


def _numbers(name: str, values: npt.ArrayLike) -> FloatArray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise UsageError(f"expected numbers in {name}, found {type(values).__name__}: {error}") from error


def _either(dimensions: tuple[int, ...]) -> str:
    return " or ".join(str(dimension) for dimension in dimensions)
