"""Any CSV or Parquet table, described by a small mapping file; mappings of known providers come with the package."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from pathlib import Path

from runout.errors import ConfigurationError
from runout.sources.table.mapping import Cell, Mapping, Side, TableFile, Time, read_mapping
from runout.sources.table.reading import TableSource, table_source

__all__ = [
    "Cell",
    "Mapping",
    "Side",
    "TableFile",
    "TableSource",
    "Time",
    "from_file",
    "read_mapping",
    "shipped",
    "shipped_mappings",
    "table_source",
]

_MAPPINGS = files("runout.sources") / "mappings"


@cache
def shipped_mappings() -> tuple[str, ...]:
    """Return the names of the mappings that come with the package; each is a provider."""
    return tuple(sorted(file.name.removesuffix(".toml") for file in _MAPPINGS.iterdir() if file.name.endswith(".toml")))


def shipped(name: str) -> TableSource:
    """Return the source of a mapping that comes with the package."""
    data = (_MAPPINGS / f"{name}.toml").read_bytes()
    return table_source(name, read_mapping(data, f"the shipped mapping {name}"), data)


def from_file(path: Path, taken: Iterable[str]) -> TableSource:
    """Return the source described by a mapping file.

    Parameters
    ----------
    path
        The file.
    taken
        Names of the providers that there are without it; the series of those, and of shipped mappings, are theirs.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, is not a mapping, or names a provider that there is already.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"expected a mapping file at {path}, found {error.strerror or error}") from error
    mapping = read_mapping(data, str(path))
    shipped_names = {shipped(name).mapping.provider for name in shipped_mappings()}
    if mapping.provider in {*taken, *shipped_names}:
        raise ConfigurationError(
            f"expected a provider name of your own in {path}, found {mapping.provider!r}, which the package "
            f"has: its series would take these rows in; write another, such as provider = 'my-{mapping.provider}'"
        )
    return table_source(mapping.provider, mapping, data)
