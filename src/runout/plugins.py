"""What installed packages add: sources, indicators and forecast models, by entry points.

A package declares them in its ``pyproject.toml``::

    [project.entry-points."runout.sources"]
    kaiko = "my_package:source"

========================  ===============================================================================
group                     the object named
========================  ===============================================================================
``runout.sources``        callable without arguments that returns a :class:`runout.sources.protocol.FileSource`
``runout.indicators``     callable from the series of a lake to a list of computations
                          (:class:`runout.pipeline.derivations.Computation`)
``runout.forecast``       callable without arguments that returns a :class:`runout.forecast.protocol.Model`
========================  ===============================================================================
"""

from collections.abc import Callable, Iterable
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal

from runout.errors import UsageError

Group = Literal["sources", "indicators", "forecast"]


def plugged(group: Group, own: Iterable[str] = ()) -> dict[str, Callable[..., Any]]:
    """Return what installed packages add, by name, in the order of names.

    Parameters
    ----------
    group
        What is asked for.
    own
        Names the product uses itself: no package may take one.

    Raises
    ------
    UsageError
        If a package takes a name that is in use, or its object cannot be imported.
    """
    taken: dict[str, str] = dict.fromkeys(own, "runout")
    loaded: dict[str, Callable[..., Any]] = {}
    for point in sorted(entry_points(group=f"runout.{group}"), key=lambda point: point.name):
        package = point.dist.name if point.dist else "an unnamed package"
        if point.name in taken:
            raise UsageError(
                f"{group} named {point.name!r} twice, by {taken[point.name]} and by {package}: uninstall or rename one"
            )
        taken[point.name] = package
        loaded[point.name] = _imported(point, package)
    return loaded


def _imported(point: EntryPoint, package: str) -> Callable[..., Any]:
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise UsageError(
            f"{point.group} {point.name!r} of {package} cannot be imported ({error}): mend or uninstall {package}"
        ) from error
