"""Which providers can be imported."""

from collections.abc import Callable
from pathlib import Path

from runout.errors import UsageError
from runout.sources.protocol import FileSource

TABLE = "table"


def providers() -> dict[str, Callable[[], FileSource]]:
    """Return what makes each provider's source, by the name typed on the command line."""
    return {}


def source_of(provider: str, mapping: Path | None = None) -> FileSource:
    """Return the source of ``provider``.

    Raises
    ------
    UsageError
        If no provider has that name, or a mapping is missing or superfluous.
    """
    known = providers()
    if provider not in known:
        raise UsageError(f"expected a provider, one of {', '.join([*known, TABLE])}; found {provider!r}")
    if mapping is not None:
        raise UsageError(f"expected --mapping with provider {TABLE!r} only, found it with {provider!r}")
    return known[provider]()
