"""Settings: flag, then ``RUNOUT_*``, then ``runout.toml``, then default. Secrets come from the environment only.

=========  ===================  ============  ==================================
flag       environment          runout.toml   default
=========  ===================  ============  ==================================
--lake     RUNOUT_LAKE          lake          ``lakes/real``
--out      RUNOUT_OUT           out           ``bulletins``
(none)     RUNOUT_COINGLASS_KEY (never)       none; a CoinGlass API key
=========  ===================  ============  ==================================
"""

import hashlib
import importlib.metadata
import os
from pathlib import Path

import msgspec

from runout.clock import parse_time
from runout.errors import ConfigurationError, UsageError


class Configuration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings that may stand in ``runout.toml``.

    Parameters
    ----------
    lake
        Folder or ``s3://`` address of the lake.
    out
        Folder for bulletins.
    """

    lake: str = "lakes/real"
    out: str = "bulletins"


def configuration(folder: Path | None = None) -> Configuration:
    """Return the settings in force, without flags.

    Raises
    ------
    ConfigurationError
        If ``runout.toml`` is not TOML, or names an unknown setting or a value of the wrong type.
    """
    file = (folder or Path.cwd()) / "runout.toml"
    settings = Configuration()
    if file.is_file():
        try:
            settings = msgspec.toml.decode(file.read_bytes(), type=Configuration)
        except msgspec.DecodeError as error:
            settings_known = ", ".join(Configuration.__struct_fields__)
            raise ConfigurationError(
                f"expected settings {settings_known} in {file}, found: {error}; mend the file"
            ) from error
    named = {
        field: value
        for field in Configuration.__struct_fields__
        if (value := os.environ.get(f"RUNOUT_{field.upper()}"))
    }
    return msgspec.structs.replace(settings, **named)


def time_option(text: str) -> int:
    """Return UTC nanoseconds of a time given on the command line.

    Raises
    ------
    UsageError
        If it is not an ISO 8601 date or time.
    """
    try:
        return parse_time(text)
    except ValueError as error:
        raise UsageError(str(error)) from error


def lock_version() -> str:
    """Return a short fingerprint of the library versions that run, for ``--version`` and every output's provenance."""
    names = ("numpy", "polars", "deltalake", "msgspec", "numba", "scipy", "scikit-learn")
    text = " ".join(f"{name}={importlib.metadata.version(name)}" for name in names)
    return hashlib.sha256(text.encode()).hexdigest()[:8]
